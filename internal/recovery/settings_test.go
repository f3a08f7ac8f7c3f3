package recovery

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsValidate(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*Settings)
		want   string // "" for none
	}{
		"after at its least":     {func(s *Settings) { s.After = time.Minute }, ""},
		"after too short":        {func(s *Settings) { s.After = time.Minute - 1 }, "after: "},
		"after too long":         {func(s *Settings) { s.After = 24*time.Hour + 1 }, "after: "},
		"settle of one pace":     {func(s *Settings) { s.Settle = s.Pace }, ""},
		"settle below a pace":    {func(s *Settings) { s.Settle = s.Pace - 1 }, "settle: "},
		"rest_max of one ban":    {func(s *Settings) { s.RestMax = s.Ban }, ""},
		"rest_max below a ban":   {func(s *Settings) { s.RestMax = s.Ban - 1 }, "rest_max: "},
		"no fallback groups":     {func(s *Settings) { s.MaxGroups = 0 }, ""},
		"more groups than slots": {func(s *Settings) { s.MaxGroups = 48 }, "max_groups: "},
		"every slot reserved":    {func(s *Settings) { s.ReserveSlots = 48 }, ""},
		"no chain":               {func(s *Settings) { s.Chain = 0 }, "chain: "},
		"capacity error":         {func(s *Settings) { s.AfterCapacity = 10 * time.Minute }, ""},
		"capacity error early":   {func(s *Settings) { s.AfterCapacity = time.Minute - 1 }, "after_capacity_error: 59.9"},
		"capacity error late":    {func(s *Settings) { s.AfterCapacity = s.After }, "after_capacity_error: 30m0s is no shorter than after"},
		"add without max":        {func(s *Settings) { s.OutsideGrowth = Add }, "outside_growth: "},
		"add with max":           {func(s *Settings) { s.OutsideGrowth, s.Max = Add, 10 }, ""},
		"an unknown growth":      {func(s *Settings) { s.OutsideGrowth = "grow" }, "outside_growth: "},
		"no rung":                {func(s *Settings) { s.Fallback = nil }, "fallback: "},
		"too many rungs":         {func(s *Settings) { s.Fallback = make([]Rung, maxRungs+1) }, "fallback: 11 rungs"},
	} {
		s := Defaults()
		c.change(&s)
		err := s.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
