package scaling

import (
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

func n(i int) *int { return &i }

// held is a judgement that holds.
var held = Judgement{Holds: true, Reason: "it holds"}

func TestPolicyAsk(t *testing.T) {
	for _, c := range []struct {
		name   string
		action Action
		up     bool
		step   MaxStep
		wanted int
		bounds Bounds
		target int // -1: nothing is asked
		after  Bounds
		reason string
	}{
		{"adjustment up", Action{Type: Adjustment, Count: 3}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 9, Bounds{Min: 2, Max: 20}, "it holds; 6 + 3 = 9"},
		{"adjustment down", Action{Type: Adjustment, Count: 3}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 3, Bounds{Min: 2, Max: 20}, "it holds; 6 - 3 = 3"},
		{"adjustment to max", Action{Type: Adjustment, Count: 3}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 8}, 8, Bounds{Min: 2, Max: 8}, "it holds; 6 + 3 = 9; max: 8"},
		{"adjustment to min", Action{Type: Adjustment, Count: 3}, false, MaxStep{}, 3, Bounds{Min: 2, Max: 8}, 2, Bounds{Min: 2, Max: 8}, "it holds; 3 - 3 = 0; min: 2"},
		{"adjustment at max", Action{Type: Adjustment, Count: 3}, true, MaxStep{}, 8, Bounds{Min: 2, Max: 8}, -1, Bounds{}, "it holds; 8 + 3 = 11; max: 8, so nothing changes"},
		{"adjustment at min", Action{Type: Adjustment, Count: 3}, false, MaxStep{}, 2, Bounds{Min: 2, Max: 8}, -1, Bounds{}, "it holds; 2 - 3 = -1; min: 2, so nothing changes"},
		{"max_step up", Action{Type: Adjustment, Count: 9}, true, MaxStep{Up: 4, Down: 1}, 6, Bounds{Min: 2, Max: 20}, 10, Bounds{Min: 2, Max: 20}, "it holds; 6 + 9 = 15; max_step: 10"},
		{"max_step down", Action{Type: Adjustment, Count: 5}, false, MaxStep{Up: 4, Down: 1}, 6, Bounds{Min: 2, Max: 20}, 5, Bounds{Min: 2, Max: 20}, "it holds; 6 - 5 = 1; max_step: 5"},
		{"min forces more than max_step", Action{Type: Adjustment, Count: 1}, true, MaxStep{Up: 2}, 0, Bounds{Min: 5, Max: 20}, 5, Bounds{Min: 5, Max: 20}, "it holds; 0 + 1 = 1; min: 5"},
		{"max forces more than max_step", Action{Type: Adjustment, Count: 1}, false, MaxStep{Down: 2}, 30, Bounds{Min: 5, Max: 20}, 20, Bounds{Min: 5, Max: 20}, "it holds; 30 - 1 = 29; max: 20"},

		{"percentage up", Action{Type: PercentageAdjustment, Percent: 50}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 9, Bounds{Min: 2, Max: 20}, "it holds; 6 + 3 (50%) = 9"},
		{"percentage down", Action{Type: PercentageAdjustment, Percent: 50}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 3, Bounds{Min: 2, Max: 20}, "it holds; 6 - 3 (50%) = 3"},
		{"percentage rounds toward zero", Action{Type: PercentageAdjustment, Percent: 25}, true, MaxStep{}, 7, Bounds{Min: 2, Max: 20}, 8, Bounds{Min: 2, Max: 20}, "it holds; 7 + 1 (25%) = 8"},
		{"percentage is at least one", Action{Type: PercentageAdjustment, Percent: 0.5}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 5, Bounds{Min: 2, Max: 20}, "it holds; 6 - 1 (0.5%) = 5"},
		{"percentage of nothing is one", Action{Type: PercentageAdjustment, Percent: 50}, true, MaxStep{}, 0, Bounds{Min: 0, Max: 20}, 1, Bounds{Min: 0, Max: 20}, "it holds; 0 + 1 (50%) = 1"},
		{"percentage above all", Action{Type: PercentageAdjustment, Percent: 1000}, false, MaxStep{}, 6, Bounds{Min: 0, Max: 20}, 0, Bounds{Min: 0, Max: 20}, "it holds; 6 - 60 (1000%) = -54; min: 0"},
		{"percentage and max_step", Action{Type: PercentageAdjustment, Percent: 100}, true, MaxStep{Up: 5}, 10, Bounds{Min: 0, Max: 20}, 15, Bounds{Min: 0, Max: 20}, "it holds; 10 + 10 (100%) = 20; max_step: 15"},

		{"set_min_target raises", Action{Type: SetMinTarget, Target: n(8)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 8, Bounds{Min: 2, Max: 20}, "it holds; 6, at least 8: 8"},
		{"set_min_target has enough", Action{Type: SetMinTarget, Target: n(8)}, true, MaxStep{}, 9, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; 9, at least 8: 9, so nothing changes"},
		{"set_min_target above max", Action{Type: SetMinTarget, Target: n(30)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 20, Bounds{Min: 2, Max: 20}, "it holds; 6, at least 30: 30; max: 20"},
		{"set_max_target lowers", Action{Type: SetMaxTarget, Target: n(4)}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 4, Bounds{Min: 2, Max: 20}, "it holds; 6, at most 4: 4"},
		{"set_max_target of 0", Action{Type: SetMaxTarget, Target: n(0)}, false, MaxStep{}, 6, Bounds{Min: 0, Max: 20}, 0, Bounds{Min: 0, Max: 20}, "it holds; 6, at most 0: 0"},
		{"set_max_target has few", Action{Type: SetMaxTarget, Target: n(4)}, false, MaxStep{}, 3, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; 3, at most 4: 3, so nothing changes"},
		{"set_max_target and max_step", Action{Type: SetMaxTarget, Target: n(4)}, false, MaxStep{Down: 1}, 6, Bounds{Min: 2, Max: 20}, 5, Bounds{Min: 2, Max: 20}, "it holds; 6, at most 4: 4; max_step: 5"},

		{"update_capacity target", Action{Type: UpdateCapacity, Target: n(9)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 9, Bounds{Min: 2, Max: 20}, "it holds; target 9"},
		{"update_capacity all three", Action{Type: UpdateCapacity, Target: n(9), Min: n(8), Max: n(30)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 9, Bounds{Min: 8, Max: 30}, "it holds; target 9, min 8, max 30"},
		{"update_capacity raises by min alone", Action{Type: UpdateCapacity, Min: n(8)}, true, MaxStep{Up: 1}, 6, Bounds{Min: 2, Max: 20}, 8, Bounds{Min: 8, Max: 20}, "it holds; min 8; min: 8"},
		{"update_capacity lowers by max alone", Action{Type: UpdateCapacity, Max: n(4)}, false, MaxStep{Down: 1}, 6, Bounds{Min: 2, Max: 20}, 4, Bounds{Min: 2, Max: 4}, "it holds; max 4; max: 4"},
		{"update_capacity of bounds that change nothing now", Action{Type: UpdateCapacity, Max: n(30)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 6, Bounds{Min: 2, Max: 30}, "it holds; max 30"},
		{"update_capacity of the bounds in force", Action{Type: UpdateCapacity, Max: n(20)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; max 20, so nothing changes"},
		{"update_capacity: min takes max along", Action{Type: UpdateCapacity, Min: n(25)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 25, Bounds{Min: 25, Max: 25}, "it holds; min 25; max follows to 25; min: 25"},
		{"update_capacity: max takes min along", Action{Type: UpdateCapacity, Max: n(1)}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, 1, Bounds{Min: 1, Max: 1}, "it holds; max 1; min follows to 1; max: 1"},
		{"update_capacity with max_step", Action{Type: UpdateCapacity, Target: n(19)}, true, MaxStep{Up: 3}, 6, Bounds{Min: 2, Max: 20}, 9, Bounds{Min: 2, Max: 20}, "it holds; target 19; max_step: 9"},
		{"update_capacity in scale_up takes none", Action{Type: UpdateCapacity, Target: n(3)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; target 3; a policy of scale_up takes none: 6, so nothing changes"},
		{"update_capacity in scale_down adds none", Action{Type: UpdateCapacity, Target: n(9)}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; target 9; a policy of scale_down adds none: 6, so nothing changes"},
		{"update_capacity in scale_up whose max would take some", Action{Type: UpdateCapacity, Max: n(4)}, true, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; max 4; max: 4, which is the wrong way from 6, so nothing is done"},
		{"update_capacity in scale_down whose min would add some", Action{Type: UpdateCapacity, Min: n(8)}, false, MaxStep{}, 6, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; min 8; min: 8, which is the wrong way from 6, so nothing is done"},

		{"scale_up of a pool above max", Action{Type: Adjustment, Count: 3}, true, MaxStep{}, 30, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; 30 + 3 = 33; max: 20, which is the wrong way from 30, so nothing is done"},
		{"scale_down of a pool below min", Action{Type: Adjustment, Count: 3}, false, MaxStep{}, 1, Bounds{Min: 2, Max: 20}, -1, Bounds{}, "it holds; 1 - 3 = -2; min: 2, which is the wrong way from 1, so nothing is done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pol := Policy{Name: "p", Condition: memory(), Action: c.action}
			a, ok := (&Pool{MaxStep: c.step}).PolicyAsk(&pol, c.up, c.wanted, c.bounds, held)
			if ok != (c.target >= 0) || a.Reason != c.reason {
				t.Fatalf("%t %q, want %q", ok, a.Reason, c.reason)
			}
			if ok && (a.Target != c.target || a.Bounds != c.after) {
				t.Errorf("%+v, want %d in %+v", a, c.target, c.after)
			}
			if !ok && (a.Target != c.wanted || a.Bounds != c.bounds) {
				t.Errorf("asks for nothing, and has %d in %+v", a.Target, a.Bounds)
			}
			kind := AskDown
			if c.up {
				kind = AskUp
			}
			if a.Kind != kind || a.By != "policy p" || len(a.Evidence) != 1 || a.Evidence[0].Condition != "Average YARNMemoryAvailablePercentage over 5m < 15 for 2 periods" || !same(a.Evidence[0].Judgement, held) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestPolicyAskWhenItDoesNotHold(t *testing.T) {
	pol := Policy{Name: "p", Condition: memory(), Action: Action{Type: Adjustment, Count: 3}}
	a, ok := (&Pool{}).PolicyAsk(&pol, true, 6, Bounds{Min: 2, Max: 20}, Judgement{Reason: "it does not"})
	if ok || a.Reason != "it does not" {
		t.Errorf("%+v", a)
	}
}

func TestBoundsAsk(t *testing.T) {
	for _, c := range []struct {
		wanted int
		by     string
		target int
		reason string
	}{
		{1, "min", 2, "the pool wants 1, less than min 2"},
		{2, "", 0, ""}, {8, "", 0, ""},
		{9, "max", 8, "the pool wants 9, more than max 8"},
	} {
		a, ok := BoundsAsk(c.wanted, Bounds{Min: 2, Max: 8})
		if ok != (c.by != "") || a.By != c.by || a.Target != c.target || a.Reason != c.reason || ok && (a.Bounds != Bounds{Min: 2, Max: 8} || a.Kind != AskBounds) {
			t.Errorf("%d: %+v", c.wanted, a)
		}
	}
}

func TestScheduleAsk(t *testing.T) {
	for _, c := range []struct {
		name   string
		s      Schedule
		wanted int
		target int
		after  Bounds
		reason string
	}{
		{"target", Schedule{Target: n(9)}, 6, 9, Bounds{Min: 2, Max: 20}, "target 9"},
		{"target that is wanted", Schedule{Target: n(6)}, 6, 6, Bounds{Min: 2, Max: 20}, "target 6"},
		{"target above max", Schedule{Target: n(30)}, 6, 20, Bounds{Min: 2, Max: 20}, "target 30; max: 20"},
		{"target of 0", Schedule{Target: n(0), Min: n(0)}, 6, 0, Bounds{Min: 0, Max: 20}, "target 0, min 0"},
		{"min alone", Schedule{Min: n(8)}, 6, 8, Bounds{Min: 8, Max: 20}, "min 8; min: 8"},
		{"max alone, and it is enough", Schedule{Max: n(8)}, 6, 6, Bounds{Min: 2, Max: 8}, "max 8"},
		{"min above max", Schedule{Min: n(25)}, 6, 25, Bounds{Min: 25, Max: 25}, "min 25; max follows to 25; min: 25"},
		{"max below min", Schedule{Max: n(0)}, 6, 0, Bounds{Min: 0, Max: 0}, "max 0; min follows to 0; max: 0"},
		{"all", Schedule{Target: n(9), Min: n(8), Max: n(10)}, 6, 9, Bounds{Min: 8, Max: 10}, "target 9, min 8, max 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.s.Name, c.s.Cron = "night", "0 20 * * *"
			p := Pool{MaxStep: MaxStep{1, 1}, Schedules: []Schedule{{Name: "day"}, c.s}}
			a := p.ScheduleAsk(&p.Schedules[1], after(480), c.wanted, Bounds{Min: 2, Max: 20})
			if a.Kind != AskSchedule || a.By != "schedule night" || a.Target != c.target || a.Bounds != c.after || !a.At.Equal(after(480)) || a.Place != 1 {
				t.Errorf("%+v", a)
			}
			if want := "0 20 * * * of 2026-03-01 20:00:00: " + c.reason; a.Reason != want {
				t.Errorf("%q, want %q", a.Reason, want)
			}
		})
	}
}

func TestWait(t *testing.T) {
	p := DefaultPool()
	own := 3 * time.Minute
	for _, c := range []struct {
		pol  Policy
		up   bool
		want time.Duration
	}{{Policy{}, true, 5 * time.Minute}, {Policy{}, false, 10 * time.Minute}, {Policy{Cooldown: &own}, true, own}, {Policy{Cooldown: &own}, false, own}} {
		if got := p.Wait(&c.pol, c.up); got != c.want {
			t.Errorf("%+v: %s, want %s", c, got, c.want)
		}
	}
}

// TestChoose has the documented order, one step at a time: the first ask of each list is the one that is followed, when the pool wants 6.
func TestChoose(t *testing.T) {
	policy := func(kind AskKind, name string, target int) Ask {
		return Ask{Kind: kind, By: "policy " + name, Target: target}
	}
	schedule := func(name string, at float64, place, target int) Ask {
		return Ask{Kind: AskSchedule, By: "schedule " + name, At: after(at), Place: place, Target: target}
	}
	bound := Ask{Kind: AskBounds, By: "min", Target: 8}
	for _, c := range []struct {
		name string
		asks []Ask
		why  []string // of all but the first
	}{
		{"bounds before all", []Ask{bound, schedule("s", 0, 0, 0), policy(AskUp, "u", 20), policy(AskDown, "d", 0)},
			[]string{"min asks first: min and max come before schedules and policies", "min asks first: min and max", "min asks first: min and max"}},
		{"schedules before policies", []Ask{schedule("s", 0, 0, 0), policy(AskUp, "u", 20), policy(AskDown, "d", 0)},
			[]string{"schedule s asks first: schedules come before policies", "schedule s asks first: schedules come before policies"}},
		{"the newest schedule", []Ask{schedule("new", 10, 0, 0), schedule("old", 5, 1, 20)}, []string{"schedule new was due later"}},
		{"of schedules at one time the one configured later", []Ask{schedule("a", 5, 1, 0), schedule("b", 5, 0, 20)}, []string{"schedule a was due at the same time and is configured later"}},
		{"adding before taking", []Ask{policy(AskUp, "z", 7), policy(AskDown, "a", 0)}, []string{"policy z asks first: adding comes before taking"}},
		{"of those that add the most", []Ask{policy(AskUp, "z", 9), policy(AskUp, "a", 8), policy(AskUp, "b", 7)}, []string{"policy z adds more: 3", "policy z adds more: 3"}},
		{"of those that take the least", []Ask{policy(AskDown, "z", 5), policy(AskDown, "a", 4), policy(AskDown, "b", 3)}, []string{"policy z takes fewer: 1", "policy z takes fewer: 1"}},
		{"by name", []Ask{policy(AskUp, "a", 9), policy(AskUp, "b", 9)}, []string{"policy a asks for the same and comes first by name"}},
		{"by name, down", []Ask{policy(AskDown, "a", 3), policy(AskDown, "b", 3)}, []string{"policy a asks for the same and comes first by name"}},
		{"alone", []Ask{policy(AskDown, "a", 3)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			chosen, why := Choose(c.asks, 6)
			if chosen != 0 || len(why) != len(c.asks) || why[0] != "" {
				t.Fatalf("%d %q", chosen, why)
			}
			for i, w := range c.why {
				if !strings.HasPrefix(why[i+1], w) {
					t.Errorf("%s: %q, want %q", c.asks[i+1].By, why[i+1], w)
				}
			}
		})
	}
	if chosen, why := Choose(nil, 6); chosen != -1 || len(why) != 0 {
		t.Errorf("of nothing: %d %q", chosen, why)
	}
}

func TestFind(t *testing.T) {
	s := Settings{Pools: []Pool{{Name: "a", Min: 1, Max: 2}, {Name: "b", ScaleUp: []Policy{{Name: "u"}, {Name: "v"}}, ScaleDown: []Policy{{Name: "d"}}}}}
	if s.Pool("b") != &s.Pools[1] || s.Pool("c") != nil || s.Pool("a").Bounds() != (Bounds{Min: 1, Max: 2}) {
		t.Error("Pool")
	}
	b := s.Pool("b")
	if b.Policy("v") != &b.ScaleUp[1] || b.Policy("d") != &b.ScaleDown[0] || b.Policy("x") != nil {
		t.Error("Policy")
	}
	all := b.Policies()
	if len(all) != 3 || all[0].Policy != &b.ScaleUp[0] || !all[1].Up || all[2].Policy != &b.ScaleDown[0] || all[2].Up {
		t.Errorf("%+v", all)
	}
}

func TestSeriesAndWindow(t *testing.T) {
	c := memory()
	c.Dimensions = []emr.Dimension{{Name: "Queue", Value: "a"}}
	want := emr.Metric{Namespace: emr.MetricsNamespace, Name: c.Metric, Dimensions: c.Dimensions, Statistic: emr.Average, Period: 5 * time.Minute}
	if got := c.Series(); got.Key() != want.Key() {
		t.Errorf("%+v", got)
	}
	from, to := c.Window(after(11))
	if !from.Equal(after(-10)) || !to.Equal(after(10)) {
		t.Errorf("%s to %s", from, to)
	}
}

func TestDue(t *testing.T) {
	for _, c := range []struct{ after, want float64 }{{0, 1}, {0.99, 1}, {1, 6}, {5, 6}, {5.99, 6}, {6, 11}} {
		if got := memory().Due(after(c.after)); !got.Equal(after(c.want)) {
			t.Errorf("after 12:%05.2f: %s", c.after, got)
		}
	}
	for _, c := range []struct{ since, want float64 }{{0, 11}, {0.01, 16}, {5, 16}} {
		if got := memory().Enough(after(c.since)); !got.Equal(after(c.want)) {
			t.Errorf("since 12:%05.2f: %s", c.since, got)
		}
	}
}

func TestPeriods(t *testing.T) {
	day := func(year, minute int) time.Time { return time.Date(year, 1, 1, 0, minute, 0, 0, time.UTC) }
	for _, c := range []struct{ at, floor, ceil time.Time }{
		{day(1970, 0), day(1970, 0), day(1970, 0)},
		{day(1970, 6), day(1970, 0), day(1970, 7)},
		{day(1970, -1), day(1970, -7), day(1970, 0)}, // before the count begins
		{day(1970, 7).Add(1), day(1970, 7), day(1970, 14)},
	} {
		if f, l := floor(c.at, 7*time.Minute), ceil(c.at, 7*time.Minute); !f.Equal(c.floor) || !l.Equal(c.ceil) {
			t.Errorf("%s: %s and %s", c.at, f, l)
		}
	}
}
