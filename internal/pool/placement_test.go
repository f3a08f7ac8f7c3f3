package pool

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// viewOf looks groups up in a map.
func viewOf(m map[emr.GroupID]Seen) View {
	return func(id emr.GroupID) (Seen, bool) {
		s, ok := m[id]
		return s, ok
	}
}

// three is a TASK pool of an origin and two fallbacks, all healthy: 6, 3 and 2 instances.
func three() (Pool, map[emr.GroupID]Seen) {
	p := New(emr.Group{ID: "ig-A", Name: "task", Role: emr.Task, Requested: 6})
	p.Add(Member{Group: "ig-C", Rung: 1, Made: noon.Add(-time.Hour), Expected: []int{2}})
	p.Add(Member{Group: "ig-B", Rung: 1, Made: noon.Add(-2 * time.Hour), Expected: []int{3}})
	p.Wanted = 11
	return p, map[emr.GroupID]Seen{
		"ig-A": {Requested: 6, Running: 6, State: emr.GroupRunning},
		"ig-B": {Requested: 3, Running: 3, State: emr.GroupRunning},
		"ig-C": {Requested: 2, Running: 2, State: emr.GroupRunning},
	}
}

// same is the ladder of one rung, groups like the origin.
var same = []Rung{{After: 30 * time.Minute, Origin: true, Offers: []Offer{{Shape: "a", What: "the same configuration"}}}}

var roomy = Limits{After: 30 * time.Minute, Rungs: same, MaxGroups: 4, FreeSlots: 10}

// ladder is one of three rungs: groups like the origin, of the types b and c, and of shape d; the last may have 5 instances.
func ladder() []Rung {
	return []Rung{
		{After: 30 * time.Minute, Origin: true, Offers: []Offer{{Shape: "a", What: "the same configuration"}}},
		{After: 10 * time.Minute, Offers: []Offer{{Shape: "b", What: "b, rung 2"}, {Shape: "c", What: "c, rung 2"}}},
		{After: 30 * time.Minute, Max: 5, Offers: []Offer{{Shape: "d", What: "d, rung 3"}}},
	}
}

func places(list []Candidate) string {
	names := make([]string, 0, len(list))
	for _, c := range list {
		name := string(c.Group)
		if name == "" {
			name = "new"
			if c.Rung > 1 || c.Offer > 0 {
				name = fmt.Sprintf("new%d.%d", c.Rung, c.Offer)
			}
		}
		if c.Room > 0 {
			name += fmt.Sprintf("(%d)", c.Room)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestR6_OrderOfCandidates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Pool, map[emr.GroupID]Seen, *Limits)
		want   string
	}{
		"the origin, the oldest, a new group": {func(*Pool, map[emr.GroupID]Seen, *Limits) {}, "ig-A ig-B ig-C new"},
		"a completed launch comes first":      {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) { p.Member("ig-C").Filled = true }, "ig-C ig-A ig-B new"},
		"a ban that lasts": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) {
			p.Member("ig-A").Ban = &Ban{Until: noon.Add(time.Nanosecond)}
		}, "ig-B ig-C new"},
		"a ban that ends now":  {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) { p.Member("ig-A").Ban = &Ban{Until: noon} }, "ig-A ig-B ig-C new"},
		"growing is no hinder": {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { s["ig-B"] = Seen{3, 1, emr.GroupResizing, noon} }, "ig-A ig-B ig-C new"},
		"starting neither":     {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { s["ig-B"] = Seen{3, 0, emr.GroupBootstrapping, noon} }, "ig-A ig-B ig-C new"},
		"shrinking is":         {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { s["ig-B"] = Seen{3, 4, emr.GroupResizing, noon} }, "ig-A ig-C new"},
		"suspended is":         {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { s["ig-B"] = Seen{3, 3, emr.GroupArrested, noon} }, "ig-A ig-C new"},
		"reconfiguring is":     {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { s["ig-B"] = Seen{3, 3, emr.GroupReconfiguring, noon} }, "ig-A ig-C new"},
		"not read":             {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) { delete(s, "ig-B") }, "ig-A ig-C new"},
		"just not stuck": {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) {
			s["ig-B"] = Seen{3, 1, emr.GroupResizing, noon.Add(1 - roomy.After)}
		}, "ig-A ig-B ig-C new"},
		"stuck itself": {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) {
			s["ig-B"] = Seen{3, 1, emr.GroupResizing, noon.Add(-roomy.After)}
		}, "ig-A ig-C new"},
		"refused there": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.Except = []emr.GroupID{"ig-A", "ig-B"} }, "ig-C new"},
		"a new one refused": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) {
			l.Rungs = ladder()[:1]
			l.Rungs[0].Offers[0].Refuse = "EMR refused it"
		}, "ig-A ig-B ig-C"},
		"as many as max_groups": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.MaxGroups = 2 }, "ig-A ig-B ig-C"},
		"one slot":              {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.FreeSlots = 1 }, "ig-A ig-B ig-C new"},
		"no slot":               {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.FreeSlots = 0 }, "ig-A ig-B ig-C"},
		"a core group":          {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) { p.Role = emr.Core }, "ig-B ig-C new"},
	} {
		p, seen := three()
		l := roomy
		c.change(&p, seen, &l)
		good, bad := p.Candidates(noon, viewOf(seen), l)
		if got := places(good); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if len(good)+len(bad) != len(p.Members)+1 {
			t.Errorf("%s: %d candidates and %d rejections of %d places", name, len(good), len(bad), len(p.Members)+1)
		}
		for _, r := range bad {
			if r.Reason == "" {
				t.Errorf("%s: %q is rejected without a reason", name, r.Group)
			}
		}
	}
}

func TestR6_OrderOfRungs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Pool, map[emr.GroupID]Seen, *Limits)
		want   string
	}{
		"a rung's members and new groups before the next rung": {func(*Pool, map[emr.GroupID]Seen, *Limits) {}, "ig-A ig-B new ig-C new2.0 new2.1 new3.0(5)"},
		"a completed launch comes first in its rung only": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) {
			p.Member("ig-B").Filled, p.Member("ig-C").Filled = true, true
		}, "ig-B ig-A new ig-C new2.0 new2.1 new3.0(5)"},
		"the origin before all rungs where the first is another": {func(p *Pool, _ map[emr.GroupID]Seen, l *Limits) {
			l.Rungs = []Rung{l.Rungs[1], l.Rungs[0], l.Rungs[2]}
			p.Member("ig-B").Rung, p.Member("ig-C").Rung = 2, 1
			p.Member("ig-B").Filled, p.Member("ig-C").Filled = true, true
		}, "ig-A ig-C new new1.1 ig-B new2.0 new3.0(5)"},
		"a member of no rung is the last": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) { p.Member("ig-B").Rung = 4 }, "ig-A new ig-C new2.0 new2.1 new3.0(5) ig-B"},
		"barred shapes": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) {
			l.Barred = map[string]string{"a": "no quota", "b": "no quota"}
		}, "new2.1 new3.0(5)"},
		"a type that cannot be": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.Rungs[1].Offers[0].Refuse = "another processor" }, "ig-A ig-B new ig-C new2.1 new3.0(5)"},
		"what got stuck in this chain comes last": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) {
			p.Tried = []string{"a", "c"}
			p.Member("ig-B").Filled = true
		}, "ig-C new2.0 new3.0(5) ig-B ig-A new new2.1"},
		"a new group like a banned fallback comes last": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) {
			p.Member("ig-A").Ban, p.Member("ig-B").Ban = &Ban{Until: noon.Add(time.Hour)}, &Ban{Until: noon.Add(time.Hour)}
			p.Member("ig-C").Filled = true
		}, "ig-C new2.0 new2.1 new3.0(5) new"},
		"but not one like the banned origin": {func(p *Pool, _ map[emr.GroupID]Seen, _ *Limits) {
			p.Member("ig-A").Ban = &Ban{Until: noon.Add(time.Hour)}
		}, "ig-B new ig-C new2.0 new2.1 new3.0(5)"},
		"as many groups as may be":      {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.MaxGroups = 2 }, "ig-A ig-B ig-C"},
		"a rung that is full":           {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.Rungs[1].Max = 2 }, "ig-A ig-B new new3.0(5)"},
		"a rung with more than its max": {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.Rungs[1].Max = 1 }, "ig-A ig-B new new3.0(5)"},
		"room beside a member":          {func(_ *Pool, _ map[emr.GroupID]Seen, l *Limits) { l.Rungs[1].Max = 3 }, "ig-A ig-B new ig-C(1) new2.0(1) new2.1(1) new3.0(5)"},
		"the rung's own after": {func(_ *Pool, s map[emr.GroupID]Seen, _ *Limits) {
			s["ig-B"] = Seen{3, 1, emr.GroupResizing, noon.Add(-10 * time.Minute)}
			s["ig-C"] = Seen{3, 1, emr.GroupResizing, noon.Add(-10 * time.Minute)}
		}, "ig-A ig-B new new2.0 new2.1 new3.0(5)"},
	} {
		p, seen := three()
		p.Members[0].Shape, p.Member("ig-B").Shape = "a", "a"
		p.Member("ig-C").Rung, p.Member("ig-C").Shape = 2, "b"
		l := roomy
		l.Rungs = ladder()
		c.change(&p, seen, &l)
		good, bad := p.Candidates(noon, viewOf(seen), l)
		if got := places(good); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for _, r := range bad {
			if r.Reason == "" || !strings.HasSuffix(r.String(), ": "+r.Reason) {
				t.Errorf("%s: %q is rejected as %q", name, r.Group, r)
			}
		}
	}
}

// TestR6_MaxOfARung: no candidate's room takes the members of its rung over their max together, and one without room is none.
func TestR6_MaxOfARung(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seen := drawPool(t)
		l := roomy
		l.Rungs = ladder()
		for i := range l.Rungs {
			l.Rungs[i].Max = rapid.IntRange(0, 12).Draw(t, "max")
		}
		for i := range p.Members[1:] {
			p.Members[i+1].Rung = rapid.IntRange(1, 4).Draw(t, "rung")
		}
		good, _ := p.Candidates(noon, viewOf(seen), l)
		for _, c := range good {
			if c.Rung < 1 || c.Rung > 3 || l.Rungs[c.Rung-1].Max == 0 {
				if c.Room != 0 {
					t.Fatalf("a bound out of nowhere: %+v", c)
				}
				continue
			}
			asked := 0
			for _, m := range p.Members {
				if m.Rung == c.Rung {
					asked += seen[m.Group].Requested
				}
			}
			if c.Room < 1 || asked+c.Room != l.Rungs[c.Rung-1].Max {
				t.Fatalf("%+v where %d are asked for and %d is the max", c, asked, l.Rungs[c.Rung-1].Max)
			}
		}
	})
}

func TestR9_OrderOfReleases(t *testing.T) {
	p, seen := three()
	p.Member("ig-A").Ban = &Ban{Until: noon.Add(time.Hour)} // a ban never forbids a release
	for n, want := range map[int][]Release{
		0:  nil,
		1:  {{Group: "ig-C", From: 2, To: 1}},
		4:  {{Group: "ig-C", From: 2, To: 0}, {Group: "ig-B", From: 3, To: 1}},
		7:  {{Group: "ig-C", From: 2, To: 0}, {Group: "ig-B", From: 3, To: 0}, {Group: "ig-A", From: 6, To: 4}},
		99: {{Group: "ig-C", From: 2, To: 0}, {Group: "ig-B", From: 3, To: 0}, {Group: "ig-A", From: 6, To: 0}},
	} {
		got := p.Releases(n, viewOf(seen))
		for i := range got {
			if got[i].Reason == "" {
				t.Errorf("release %d of %d has no reason", i, n)
			}
			got[i].Reason = ""
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
	p.Role = emr.Core
	if got := p.Releases(99, viewOf(seen)); got[2].To != 1 {
		t.Errorf("a CORE origin goes down to %d; EMR allows 0 on TASK groups only", got[2].To)
	}
	p.Members[1].Rung = 2 // ig-B is of a later rung than ig-C
	if got := p.Releases(1, viewOf(seen)); got[0].Group != "ig-B" {
		t.Errorf("the last rung goes first, not %s", got[0].Group)
	}
}

// drawPool draws a pool and what is seen of its members.
func drawPool(t *rapid.T) (Pool, map[emr.GroupID]Seen) {
	p := New(emr.Group{ID: "ig-0", Name: "task", Role: rapid.SampledFrom([]emr.Role{emr.Task, emr.Core}).Draw(t, "role")})
	states := []emr.GroupState{emr.GroupRunning, emr.GroupResizing, emr.GroupSuspended, emr.GroupProvisioning, emr.GroupReconfiguring}
	seen := map[emr.GroupID]Seen{}
	for i := range rapid.IntRange(1, 5).Draw(t, "members") {
		id := emr.GroupID("ig-" + string(rune('0'+i)))
		if i > 0 {
			p.Add(Member{Group: id, Rung: 1, Made: noon.Add(-time.Duration(rapid.IntRange(1, 300).Draw(t, "age")) * time.Minute)})
		}
		m := p.Member(id)
		m.Filled = rapid.Bool().Draw(t, "filled")
		if rapid.Bool().Draw(t, "banned") {
			m.Ban = &Ban{Until: noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "until")) * time.Minute)}
		}
		if rapid.IntRange(0, 9).Draw(t, "read") == 0 {
			continue
		}
		s := Seen{Requested: rapid.IntRange(0, 9).Draw(t, "requested"), Running: rapid.IntRange(0, 9).Draw(t, "running"), State: rapid.SampledFrom(states).Draw(t, "state")}
		if s.Running < s.Requested {
			s.Oldest = noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "short")) * time.Minute)
		}
		seen[id] = s
	}
	p.Wanted = rapid.IntRange(0, 30).Draw(t, "wanted")
	return p, seen
}

// TestI3_CandidatesAreNeverBanned: no launch goes to a banned member, to a core group, or to one that is not growing or RUNNING.
func TestI3_CandidatesAreNeverBanned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seen := drawPool(t)
		l := Limits{After: 30 * time.Minute, Rungs: same, MaxGroups: rapid.IntRange(0, 4).Draw(t, "max"), FreeSlots: rapid.IntRange(-1, 3).Draw(t, "slots")}
		good, bad := p.Candidates(noon, viewOf(seen), l)
		if len(good)+len(bad) != len(p.Members)+1 {
			t.Fatalf("%d candidates and %d rejections for %d places", len(good), len(bad), len(p.Members)+1)
		}
		for i, c := range good {
			if c.Group == "" {
				if i != len(good)-1 || p.Fallbacks() >= l.MaxGroups || l.FreeSlots <= 0 {
					t.Fatalf("a new group at %d of %s with %+v", i, places(good), l)
				}
				continue
			}
			m, s := p.Member(c.Group), seen[c.Group]
			if m.Banned(noon) || m.Group == p.Origin && p.Role == emr.Core || s.State.Suspended() || s.Running > s.Requested || !s.Oldest.IsZero() && noon.Sub(s.Oldest) >= l.After {
				t.Fatalf("%s is a candidate: %+v, %+v", c.Group, m, s)
			}
		}
	})
}

// TestI2_ReleasesSum: releases give up what was asked for, as far as there is anything, and never more.
func TestI2_ReleasesSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seen := drawPool(t)
		n := rapid.IntRange(0, 60).Draw(t, "n")
		sum, have := 0, 0
		for _, r := range p.Releases(n, viewOf(seen)) {
			if r.To >= r.From || r.From != seen[r.Group].Requested || r.To < 0 {
				t.Fatalf("%+v of %+v", r, seen[r.Group])
			}
			sum += r.From - r.To
		}
		for id, s := range seen {
			have += s.Requested
			if id == p.Origin && p.Role == emr.Core && s.Requested > 0 {
				have--
			}
		}
		if sum != min(n, have) {
			t.Fatalf("released %d of %d with %d to give", sum, n, have)
		}
	})
}

// TestR10_SurplusKeepsWhatRuns: what came back is matched by releases of fallbacks, never below min(wanted, running).
func TestR10_SurplusKeepsWhatRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, seen := drawPool(t)
		view := viewOf(seen)
		before, surplus := p.Running(view), p.Requested(view)-p.Wanted
		sum := 0
		for _, r := range p.Surplus(noon, view, false) {
			if r.Group == p.Origin || r.To >= r.From {
				t.Fatalf("%+v", r)
			}
			s := seen[r.Group]
			sum += r.From - r.To
			s.Requested = r.To
			seen[r.Group] = s
		}
		if sum > max(0, surplus) {
			t.Fatalf("released %d of a surplus of %d", sum, surplus)
		}
		if after := p.Running(view); after < min(p.Wanted, before) {
			t.Fatalf("%d ran, %d are wanted, %d are left", before, p.Wanted, after)
		}
	})
}
