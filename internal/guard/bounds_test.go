package guard

import (
	"math"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// TestBoundsByHand: an order to scale is refused for its number exactly where the bounds say so.
func TestBoundsByHand(t *testing.T) {
	pools := func(b scaling.Bounds, by string) func(*model) {
		return func(m *model) {
			m.state.Scaling = []Scaled{{Name: "main", Origin: "ig-A", Bounds: b, Config: b, BoundsBy: by}}
		}
	}
	for name, c := range map[string]struct {
		change func(*model)
		origin emr.GroupID
		want   Bounds
	}{
		"no rule":              {func(*model) {}, "ig-A", Bounds{0, 2000, "", ""}},
		"core":                 {func(*model) {}, "ig-C", Bounds{1, 2000, "EMR's rule for CORE groups", ""}},
		"recovery.max":         {func(m *model) { m.env.Settings.Max = 9 }, "ig-A", Bounds{0, 9, "", "the configuration: recovery.max"}},
		"a configured pool":    {pools(scaling.Bounds{Min: 2, Max: 20}, ""), "ig-A", Bounds{2, 20, "the configuration", "the configuration"}},
		"bounds of a schedule": {pools(scaling.Bounds{Min: 4, Max: 8}, "schedule night"), "ig-A", Bounds{4, 8, "schedule night", "schedule night"}},
		"of another pool":      {pools(scaling.Bounds{Min: 2, Max: 20}, ""), "ig-C", Bounds{1, 2000, "EMR's rule for CORE groups", ""}},
		"max_instances":        {func(m *model) { m.env.Scaling = &scaling.Settings{MaxInstances: 10} }, "ig-A", Bounds{0, 7, "", "max_instances of the cluster"}},
		"beyond max_instances": {func(m *model) { m.env.Scaling = &scaling.Settings{MaxInstances: 5} }, "ig-A", Bounds{0, 6, "", "max_instances of the cluster"}},
		"the lower of two": {func(m *model) { m.env.Settings.Max = 9; pools(scaling.Bounds{Min: 2, Max: 7}, "")(m) }, "ig-A",
			Bounds{2, 7, "the configuration", "the configuration"}},
	} {
		m := newModel(t, recovery.Defaults())
		m.pass(time.Minute)
		c.change(m)
		m.env.Now = m.now
		b, ok := ByHand(m.state, m.env, c.origin)
		if !ok || b != c.want {
			t.Errorf("%s: %+v, %t", name, b, ok)
		}
		for _, to := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 19, 20, 21, 1999, 2000, 2001, math.MaxInt32} {
			if to == m.state.Pool(c.origin).Wanted {
				continue
			}
			reply := Decide(m.state, m.env, Input{Order: &Order{Kind: OrderScale, Group: c.origin, To: to, Author: "ann"}}).Reply
			if out := to < b.Least || to > b.Most; reply.Refused != out {
				t.Errorf("%s: to %d: %+v, by the bounds refused: %t", name, to, reply, out)
			}
		}
	}
	if _, ok := ByHand(newModel(t, recovery.Defaults()).state, Env{}, "ig-Z"); ok {
		t.Error("a pool that there is not has bounds")
	}
}
