package recovery

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

func TestR6_LadderValidate(t *testing.T) {
	same := Rung{Same: true}
	for name, c := range map[string]struct {
		ladder []Rung
		want   []string // prefixes of the problems
	}{
		"same alone":                  {[]Rung{same}, nil},
		"without same":                {[]Rung{{Market: emr.OnDemand}}, nil},
		"same is not first":           {[]Rung{{Types: []string{"m5a.2xlarge"}}, same}, nil},
		"one type, two markets":       {[]Rung{{Types: []string{"m5a.2xlarge"}}, {Types: []string{"m5a.2xlarge"}, Market: emr.OnDemand}}, nil},
		"two bids":                    {[]Rung{{Market: emr.Spot, BidPrice: "0.1"}, {Market: emr.Spot, BidPrice: "0.20"}}, nil},
		"the ends of the ranges":      {[]Rung{{Same: true, After: time.Minute, Max: 2000}, {Market: emr.OnDemand, After: 24 * time.Hour}}, nil},
		"none":                        {nil, []string{"fallback: "}},
		"same twice":                  {[]Rung{same, {Same: true, Max: 3}}, []string{"fallback[1]: the same as fallback[0]"}},
		"a type twice in a rung":      {[]Rung{{Types: []string{"m5.large", "m5.large"}}}, []string{"fallback[0].types[1]: the same as fallback[0].types[0]"}},
		"a type of an earlier rung":   {[]Rung{{Types: []string{"m5.large"}}, {Types: []string{"r5.large", "m5.large"}, After: time.Hour}}, []string{"fallback[1].types[1]: the same as fallback[0].types[0]"}},
		"nothing differs":             {[]Rung{{After: time.Hour}}, []string{"fallback[0]: nothing differs"}},
		"same and others":             {[]Rung{{Same: true, Market: emr.Spot}}, []string{"fallback[0].same: "}},
		"eleven types":                {[]Rung{{Types: strings.Fields("a1.a a1.b a1.c a1.d a1.e a1.f a1.g a1.h a1.i a1.j a1.k")}}, []string{"fallback[0].types: 11 types"}},
		"no type":                     {[]Rung{{Types: []string{"m5", "M5.large", ""}}}, []string{"fallback[0].types[0]: ", "fallback[0].types[1]: ", "fallback[0].types[2]: "}},
		"no market":                   {[]Rung{{Market: "ON-DEMAND"}}, []string{"fallback[0].market: "}},
		"a bid without spot":          {[]Rung{{Types: []string{"m5.large"}, BidPrice: "0.1"}}, []string{"fallback[0].bid_price: "}},
		"a bid for On-Demand":         {[]Rung{{Market: emr.OnDemand, BidPrice: "0.1"}}, []string{"fallback[0].bid_price: "}},
		"a bid of words":              {[]Rung{{Market: emr.Spot, BidPrice: "$1"}}, []string{"fallback[0].bid_price: "}},
		"after too short":             {[]Rung{{Same: true, After: time.Second}}, []string{"fallback[0].after: "}},
		"after too long":              {[]Rung{{Same: true, After: 25 * time.Hour}}, []string{"fallback[0].after: "}},
		"max below 0":                 {[]Rung{{Same: true, Max: -1}}, []string{"fallback[0].max: "}},
		"max too large":               {[]Rung{{Same: true, Max: 2001}}, []string{"fallback[0].max: "}},
		"every problem of every rung": {[]Rung{{Max: -1}, {Same: true, After: 1, Market: "x"}}, []string{"fallback[0]: ", "fallback[0].max: ", "fallback[1].same: ", "fallback[1].market: ", "fallback[1].after: "}},
	} {
		var got []string
		err := errors.Join(validateLadder(c.ladder)...)
		if err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		ok := len(got) == len(c.want)
		for i := range got {
			ok = ok && strings.HasPrefix(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestR6_Shapes(t *testing.T) {
	spot := Shape{"m5.xlarge", emr.Spot, "0.10"}
	demand := Shape{"m5.xlarge", emr.OnDemand, ""}
	for name, c := range map[string]struct {
		rung   Rung
		origin Shape
		want   []Shape
	}{
		"same":                               {Rung{Same: true}, spot, []Shape{spot}},
		"other types keep market and bid":    {Rung{Types: []string{"m5a.xlarge", "r5.xlarge"}}, spot, []Shape{{"m5a.xlarge", emr.Spot, "0.10"}, {"r5.xlarge", emr.Spot, "0.10"}}},
		"On-Demand drops the bid":            {Rung{Market: emr.OnDemand}, spot, []Shape{demand}},
		"Spot for an On-Demand origin":       {Rung{Market: emr.Spot}, demand, []Shape{{"m5.xlarge", emr.Spot, ""}}},
		"Spot keeps the bid of the origin":   {Rung{Market: emr.Spot}, spot, []Shape{spot}},
		"another bid":                        {Rung{Market: emr.Spot, BidPrice: "0.20"}, spot, []Shape{{"m5.xlarge", emr.Spot, "0.20"}}},
		"a type and a market of its own":     {Rung{Types: []string{"c5.xlarge"}, Market: emr.OnDemand}, spot, []Shape{{"c5.xlarge", emr.OnDemand, ""}}},
		"the origin's own type is a shape":   {Rung{Types: []string{"m5.xlarge"}}, demand, []Shape{demand}},
		"a bid with a type for an On-Demand": {Rung{Types: []string{"c5.xlarge"}, Market: emr.Spot, BidPrice: "1"}, demand, []Shape{{"c5.xlarge", emr.Spot, "1"}}},
	} {
		if got := c.rung.Shapes(c.origin); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := ShapeOf(emr.Group{InstanceType: "m5.xlarge", BidPrice: "0.1"}); got != demand {
		t.Errorf("a group without a market is %v", got)
	}
}

func TestR9_RungOf(t *testing.T) {
	ladder := []Rung{{Types: []string{"m5a.xlarge", "r5.xlarge"}}, {Same: true}, {Market: emr.OnDemand}}
	origin := Shape{"m5.xlarge", emr.Spot, "0.10"}
	for member, want := range map[Shape]int{
		{"m5a.xlarge", emr.Spot, "0.10"}:  1,
		{"r5.xlarge", emr.Spot, "0.10"}:   1,
		{"r5.xlarge", emr.Spot, "0.20"}:   4,
		origin:                            2,
		{"m5.xlarge", emr.OnDemand, ""}:   3,
		{"m5a.xlarge", emr.OnDemand, ""}:  4,
		{"x9.unheard", emr.Spot, "0.10"}:  4,
		{"m5.xlarge", emr.Spot, "0.1000"}: 4,
	} {
		if got := RungOf(ladder, origin, member); got != want {
			t.Errorf("%s is of rung %d, want %d", member, got, want)
		}
	}
}

func TestR3_AfterOfARung(t *testing.T) {
	s := Defaults()
	s.Fallback = []Rung{{Same: true}, {Market: emr.OnDemand, After: 7 * time.Minute}}
	for rung, want := range map[int]time.Duration{-1: s.After, 0: s.After, 1: s.After, 2: 7 * time.Minute, 3: s.After, 99: s.After} {
		if got := s.On(rung).After; got != want {
			t.Errorf("rung %d: %s, want %s", rung, got, want)
		}
	}
	if got := s.LongestAfter(); got != s.After {
		t.Errorf("the longest is %s", got)
	}
	s.Fallback[0].After = 2 * time.Hour
	if got := s.LongestAfter(); got != 2*time.Hour {
		t.Errorf("the longest is %s", got)
	}
	s.Fallback[0].After = 0
	g, l := read(seen{-2, 6, 6, running}, seen{0, 6, 9, resizing})
	if v := Judge(g, l, s.On(2), at(6)); !v.Stuck || v.Kind != Stuck {
		t.Errorf("after seven minutes: %+v", v)
	}
	if v := Judge(g, l, s.On(1), at(6)); v.Stuck {
		t.Errorf("another rung has its own time: %+v", v)
	}
}

func TestR7_Shaped(t *testing.T) {
	origin := emr.Group{Name: "task", Role: emr.Core, Market: emr.Spot, BidPrice: "0.10", InstanceType: "m5.xlarge", EbsOptimized: true, CustomAMI: "ami-1",
		Volumes: []emr.Volume{{Type: "gp3", Size: 64}, {Type: "gp3", Size: 64}}, Configurations: []emr.Configuration{{Classification: "yarn-site"}}}
	want := emr.Copy(origin, "n", 3)
	want.InstanceType, want.Market, want.BidPrice = "m5a.2xlarge", emr.OnDemand, ""
	if got := Shaped(origin, Shape{"m5a.2xlarge", emr.OnDemand, ""}, "n", 3); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := Shaped(origin, ShapeOf(origin), "n", 3); !reflect.DeepEqual(got, emr.Copy(origin, "n", 3)) {
		t.Errorf("the same shape is another configuration: %+v", got)
	}
	for _, c := range []struct {
		ami, origin, other string
		fits               bool
	}{
		{"ami-1", "m5.xlarge", "m5a.xlarge", true},
		{"ami-1", "m5.xlarge", "m6g.xlarge", false},
		{"ami-1", "r6gd.xlarge", "m6g.xlarge", true},
		{"ami-1", "r6gd.xlarge", "m5.xlarge", false},
		{"", "m5.xlarge", "m6g.xlarge", true}, // EMR has AMIs of its own for both
	} {
		err := Fits(emr.Group{InstanceType: c.origin, CustomAMI: c.ami}, Shape{c.other, emr.Spot, ""})
		if (err == nil) != c.fits || err != nil && !strings.Contains(err.Error(), c.ami) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestInstanceTypes(t *testing.T) {
	for name, c := range map[string]struct {
		arm   bool
		class string
	}{
		"m5.xlarge": {false, "Standard"}, "m6g.xlarge": {true, "Standard"}, "m6gd.large": {true, "Standard"}, "c7gn.4xlarge": {true, "Standard"},
		"a1.large": {true, "Standard"}, "t4g.nano": {true, "Standard"}, "im4gn.large": {true, "Standard"}, "is4gen.large": {true, "Standard"},
		"i3en.large": {false, "Standard"}, "d3.xlarge": {false, "Standard"}, "h1.2xlarge": {false, "Standard"}, "z1d.large": {false, "Standard"},
		"c7i-flex.large": {false, "Standard"}, "m5zn.metal": {false, "Standard"}, "g4dn.xlarge": {false, "G and VT"}, "g5g.xlarge": {true, "G and VT"},
		"g6.xlarge": {false, "G and VT"}, "gr6.4xlarge": {false, "G and VT"}, "vt1.3xlarge": {false, "G and VT"}, "x1e.xlarge": {false, "X"},
		"x2gd.large": {true, "X"}, "p4d.24xlarge": {false, "P"}, "inf2.xlarge": {false, "INF"}, "trn1.2xlarge": {false, "TRN"}, "hpc7g.4xlarge": {true, "HPC"},
		"u-6tb1.metal": {false, "U"}, "u7i-12tb.224xlarge": {false, "U"}, "nonsense": {false, "NONSENSE"},
	} {
		if got := arm(name); got != c.arm {
			t.Errorf("%s: Arm %t", name, got)
		}
		if got := quotaClass(name); got != c.class {
			t.Errorf("%s: class %s, want %s", name, got, c.class)
		}
	}
}

// A ladder is stored as documents have always had it; what an older emrguard wrote is read.
func TestRungJSON(t *testing.T) {
	for text, want := range map[string]Rung{
		`"same"`: {Same: true},
		`{"same":true,"after":1200000000000,"max":5}`:                       {Same: true, After: 20 * time.Minute, Max: 5},
		`{"types":["m5a.2xlarge"],"market":"SPOT","bid_price":"0.25"}`:      {Types: []string{"m5a.2xlarge"}, Market: emr.Spot, BidPrice: "0.25"},
		`{"types":["m5a.2xlarge","r5.xlarge"],"after":60000000000,"max":1}`: {Types: []string{"m5a.2xlarge", "r5.xlarge"}, After: time.Minute, Max: 1},
	} {
		var got Rung
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads as %+v: %v", text, got, err)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("%+v is written as %s: %v", want, back, err)
		}
	}
	for _, text := range []string{`"other"`, `"`, `5`, `{"max":"x"}`} {
		if err := json.Unmarshal([]byte(text), &Rung{}); err == nil {
			t.Errorf("%s is read", text)
		}
	}
	old := `{"after":1800000000000,"ban":7200000000000,"pace":60000000000,"settle":300000000000,"starting_grace":1200000000000,"progress_grace":0,
		"after_capacity_error":0,"shrink_after":5400000000000,"chain":3,"rest_max":28800000000000,"max_groups":4,"reserve_slots":8,"enforce_bans":true,
		"outside_growth":"repeat","fallback":["same"]}`
	var s Settings
	want := Defaults()
	want.Return = "" // counts as by_hand
	if err := json.Unmarshal([]byte(old), &s); err != nil || s.Validate() != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("the settings of an older document: %+v, %v, %v", s, err, s.Validate())
	}
}

func TestRungInWords(t *testing.T) {
	for want, r := range map[string]Rung{
		"same":                 {Same: true},
		"{same: true, max: 5}": {Same: true, Max: 5},
		"{market: on_demand}":  {Market: emr.OnDemand},
		"{types: [a.b, c.d]}":  {Types: []string{"a.b", "c.d"}},
		"{types: [a.b], market: spot, bid_price: 0.25, after: 15m0s, max: 2}": {Types: []string{"a.b"}, Market: emr.Spot, BidPrice: "0.25", After: 15 * time.Minute, Max: 2},
	} {
		if got := r.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for want, s := range map[string]Shape{"m5.xlarge Spot at 0.10": {"m5.xlarge", emr.Spot, "0.10"}, "m5.xlarge Spot": {"m5.xlarge", emr.Spot, ""}, "r5.large On-Demand": {"r5.large", emr.OnDemand, ""}} {
		if got := s.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
