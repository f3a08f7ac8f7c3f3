package pool

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

// stopped is a pool of 9 wanted whose origin was stopped at 6; a fallback has the other 3.
func stopped() *Pool {
	p := New(emr.Group{ID: "ig-A", Name: "task", Role: emr.Task, Requested: 6})
	p.Add(Member{Group: "ig-B", Rung: 1, Made: noon, Expected: []int{3}})
	p.Wanted, p.Members[0].Moved = 9, 3
	p.Members[0].Ban = &Ban{From: noon, Until: noon.Add(2 * time.Hour)}
	return &p
}

// overtaken makes the stop at 6 one that was sent twice, the first time without an answer, and then undone by a launch.
func overtaken(until time.Time) func(*Pool) {
	return func(p *Pool) {
		m := &p.Members[0]
		m.Unanswered(6, until)
		m.MayLand(6, until)
		p.Observe(m.Group, 6, noon, Outside{})
		m.MayLand(9, until)
		m.Accept(9)
		m.Moved = 0
	}
}

// unanswered makes the stop at 6 one without an answer.
func unanswered(until time.Time) func(*Pool) {
	return func(p *Pool) { p.Members[0].Unanswered(6, until) }
}

func TestR10_OutsideChanges(t *testing.T) {
	later := noon.Add(time.Minute)
	for name, c := range map[string]struct {
		change         func(*Pool)
		reads          []int // of ig-A, a minute apart
		o              Outside
		want           string // the last change: kind, added, taken, back
		wanted, moved  int
		grown          bool
		growths        int
		expectedLength int
	}{
		"a count of ours":            {nil, []int{6}, Outside{Enforce: true}, " +0 -0 0", 9, 3, false, 0, 1},
		"repeats its number, banned": {nil, []int{9}, Outside{Enforce: true}, "outside_ban +0 -0 0", 9, 3, true, 1, 1},
		"asks for 12, banned":        {nil, []int{12}, Outside{Enforce: true}, "outside_ban +3 -0 0", 12, 3, true, 1, 1},
		"three times":                {nil, []int{7, 8, 9}, Outside{Enforce: true}, "outside_ban +0 -0 0", 9, 3, true, 3, 1},
		"bans are not enforced":      {nil, []int{9}, Outside{}, "outside_grow +0 -0 3", 9, 0, false, 0, 1},
		"asks for 8 of its 9":        {nil, []int{8}, Outside{}, "outside_grow +0 -0 2", 9, 1, false, 0, 1},
		"the ban has lapsed":         {func(p *Pool) { p.Members[0].Ban.Until = later }, []int{9}, Outside{Enforce: true}, "outside_grow +0 -0 3", 9, 0, false, 0, 1},
		"it adds":                    {nil, []int{9}, Outside{Enforce: true, Adds: true, Max: 20}, "outside_ban +3 -0 0", 12, 3, true, 1, 1},
		"it adds beyond max":         {nil, []int{9}, Outside{Adds: true, Max: 10}, "outside_grow +1 -0 3", 10, 0, false, 0, 1},
		"max was lowered since":      {nil, []int{12}, Outside{Max: 5}, "outside_grow +0 -0 3", 9, 0, false, 0, 1},
		"a fall seen once":           {nil, []int{4}, Outside{}, "outside_fall? +0 -0 0", 9, 3, false, 0, 1},
		"a fall seen twice":          {nil, []int{4, 4}, Outside{}, "outside_fall +0 -2 0", 7, 3, false, 0, 1},
		"a fall that goes on":        {nil, []int{4, 3}, Outside{}, "outside_fall? +0 -0 0", 9, 3, false, 0, 1},
		"a fall that was none":       {nil, []int{4, 6, 4}, Outside{}, "outside_fall? +0 -0 0", 9, 3, false, 0, 1},
		"a fall below what we want":  {func(p *Pool) { p.Wanted = 1 }, []int{0, 0}, Outside{}, "outside_fall +0 -1 0", 0, 3, false, 0, 1},
		"a rise that one read shows": {nil, []int{9, 6, 6}, Outside{}, "outside_undone +0 -0 0", 9, 3, false, 0, 1},
		"and a part of it adds":      {nil, []int{11, 6, 6}, Outside{}, "outside_undone +0 -2 0", 9, 3, false, 0, 1},
		"of a banned member":         {nil, []int{11, 6, 6}, Outside{Enforce: true}, "outside_undone +0 -2 0", 9, 3, false, 0, 1},
		"a rise that two reads show": {nil, []int{9, 9, 6, 6}, Outside{Pace: time.Minute}, "outside_fall +0 -3 0", 6, 0, false, 0, 1},
		"and two within a pace":      {nil, []int{9, 9, 6, 6}, Outside{Pace: 2 * time.Minute}, "outside_undone +0 -0 0", 9, 3, false, 0, 1},
		"a fall below it":            {nil, []int{9, 5, 5}, Outside{}, "outside_fall +0 -4 0", 5, 0, false, 0, 1},
		"our stop is on its way":     {func(p *Pool) { p.Members[0].Expected = []int{9, 6} }, []int{9, 6, 9}, Outside{Enforce: true}, " +0 -0 0", 9, 3, false, 0, 2},
		"our late stop undid a rise": {func(p *Pool) { p.Members[0].Expected = []int{9, 6}; p.Members[0].MayLand(6, later.Add(time.Hour)) }, []int{12, 6}, Outside{Enforce: true},
			"late_call +0 -0 0", 12, 9, true, 1, 1},
		"our late stop undid a fall": {func(p *Pool) { p.Members[0].MayLand(6, later.Add(time.Hour)) }, []int{3, 3, 6}, Outside{Enforce: true}, "late_call +0 -0 0", 6, 0, false, 0, 1},
		"our stop showed before":     {func(p *Pool) { p.Members[0].MayLand(6, later.Add(time.Hour)) }, []int{6, 12, 6}, Outside{}, "outside_fall? +0 -0 0", 12, 0, false, 0, 1},
		"too late for our stop":      {func(p *Pool) { p.Members[0].MayLand(6, later) }, []int{12, 6}, Outside{}, "outside_fall? +0 -0 0", 12, 0, false, 0, 1},
		"an earlier stop lands":      {overtaken(later.Add(time.Hour)), []int{9, 6}, Outside{}, "late_call +0 -0 0", 9, 3, false, 0, 1},
		"one read showed it":         {unanswered(later.Add(time.Hour)), []int{6, 12, 6}, Outside{}, "late_call +0 -0 0", 12, 6, false, 0, 1},
		"it lands too late":          {overtaken(later), []int{9, 6}, Outside{}, "outside_fall? +0 -0 0", 9, 0, false, 0, 1},
		"something else meanwhile":   {func(p *Pool) { p.Members[0].Expected = []int{9, 6} }, []int{11}, Outside{Enforce: true}, "outside_ban +2 -0 0", 11, 3, true, 1, 1},
	} {
		p := stopped()
		if c.change != nil {
			c.change(p)
		}
		var got Change
		for i, n := range c.reads {
			got = p.Observe("ig-A", n, noon.Add(time.Duration(i+1)*time.Minute), c.o)
		}
		if text := fmt.Sprintf("%s +%d -%d %d", got.Kind, got.Added, got.Taken, got.Back); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
		m := p.Member("ig-A")
		if p.Wanted != c.wanted || m.Moved != c.moved || m.Ban.Grown != c.grown || m.Ban.Growths != c.growths || len(m.Expected) != c.expectedLength {
			t.Errorf("%s: wanted %d, %+v, ban %+v", name, p.Wanted, m, m.Ban)
		}
		if (got.Kind == None) != (got.Reason == "") {
			t.Errorf("%s: kind %q with reason %q", name, got.Kind, got.Reason)
		}
	}
	if c := stopped().Observe("ig-Z", 5, noon, Outside{}); c.Kind != None {
		t.Errorf("a group of no pool: %+v", c)
	}
}

// TestR10_RepeaterAddsNothing: a controller that states the same number again and again, between our stops and launches and at any
// read, never changes wanted; and the books stay in bounds.
func TestR10_RepeaterAddsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const number = 9
		p := New(emr.Group{ID: "ig-A", Name: "task", Role: emr.Task, Requested: number})
		p.Add(Member{Group: "ig-B", Rung: 1, Made: noon, Expected: []int{0}})
		requested := map[emr.GroupID]int{"ig-A": number}
		view := func(id emr.GroupID) (Seen, bool) { return Seen{Requested: p.Member(id).Believed(requested[id])}, true }
		o := Outside{Enforce: rapid.Bool().Draw(t, "enforce")}
		now := noon
		a, b := p.Member("ig-A"), p.Member("ig-B")
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Minute)
			switch rapid.SampledFrom([]string{"stop", "place", "repeat", "read", "lapse"}).Draw(t, "step") {
			case "stop": // the origin is stopped; what it loses is to be placed elsewhere
				if to := rapid.IntRange(0, number).Draw(t, "to"); to < requested["ig-A"] {
					a.Moved += requested["ig-A"] - to
					a.Expect(to)
					requested["ig-A"] = to
					a.Ban = &Ban{From: now, Until: now.Add(time.Hour)}
				}
			case "place":
				if missing := p.Wanted - p.Requested(view); missing > 0 {
					requested["ig-B"] += missing
					b.Expect(requested["ig-B"])
				}
			case "repeat":
				requested["ig-A"] = number
			case "lapse":
				a.Ban = nil
			}
			for _, id := range []emr.GroupID{"ig-A", "ig-B"} {
				m := p.Member(id)
				if requested[id] == m.Last() {
					m.Shown = true
				}
				m.Settled(requested[id])
				p.Observe(id, requested[id], now, o)
			}
			p.ClampMoved(view, 0)
			if p.Wanted != number {
				t.Fatalf("wanted is %d after a repeat of %d", p.Wanted, number)
			}
			for _, m := range p.Members {
				if s, _ := view(m.Group); m.Moved < 0 || m.Moved > max(0, p.Wanted-s.Requested) {
					t.Fatalf("moved %d of %s, wanted %d, requested %d", m.Moved, m.Group, p.Wanted, s.Requested)
				}
			}
		}
	})
}

// TestR10_WantedIsNeverNegative under any outsider.
func TestR10_WantedIsNeverNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := stopped()
		o := Outside{Adds: rapid.Bool().Draw(t, "adds"), Enforce: rapid.Bool().Draw(t, "enforce"), Max: rapid.IntRange(0, 15).Draw(t, "max")}
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 20), 1, 40).Draw(t, "reads") {
			was := p.Wanted
			c := p.Observe("ig-A", n, noon.Add(time.Duration(i)*time.Minute), o)
			if p.Wanted < 0 || p.Wanted != was+c.Added-c.Taken || c.Added < 0 || c.Taken < 0 {
				t.Fatalf("wanted %d then %d: %+v", was, p.Wanted, c)
			}
			if o.Max > 0 && c.Added > 0 && p.Wanted > o.Max {
				t.Fatalf("wanted %d above max %d", p.Wanted, o.Max)
			}
			if m := p.Member("ig-A"); m.Moved < 0 {
				t.Fatalf("moved %d", m.Moved)
			}
		}
	})
}

// TestR10_ALostLaunchMovesAgain: what a launch asks its member for again is moved once more if no read shows the launch, and only then.
func TestR10_ALostLaunchMovesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*Pool, *Member)
		want int
	}{
		"it showed":       {func(_ *Pool, m *Member) { m.Shown, m.Back = true, 0; m.Settled(9) }, 0},
		"it never showed": {func(_ *Pool, m *Member) { m.Settled(6) }, 3},
		"and lands late": {func(p *Pool, m *Member) {
			m.Settled(6)
			m.Unanswered(9, noon.Add(time.Hour))
			p.Observe("ig-A", 9, noon, Outside{})
		}, 0},
		"somebody was faster": {func(p *Pool, _ *Member) { p.Observe("ig-A", 12, noon, Outside{}) }, 0},
		"it was refused":      {func(_ *Pool, m *Member) { m.Unexpect(9); m.NotAsked() }, 3},
		"and then a stop":     {func(_ *Pool, m *Member) { m.Expect(5); m.Settled(6) }, 0},
	} {
		p := stopped()
		m := p.Member("ig-A")
		m.Ban = nil
		m.Expect(9)
		m.AskAgain(4)
		if c.then(p, m); m.Moved != c.want || m.Back != 0 {
			t.Errorf("%s: %d moved and %d asked for again, want %d", name, m.Moved, m.Back, c.want)
		}
	}
}
