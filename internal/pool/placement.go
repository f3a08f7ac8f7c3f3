package pool

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
)

// Limits are what rule R6 lets a pool use.
type Limits struct {
	After     time.Duration // a member whose oldest missing instance is this old takes no launch
	MaxGroups int           // fallback groups a pool may have
	FreeSlots int           // task groups that may still be added to the cluster, after the reserve
	Except    []emr.GroupID // members that refused this launch already
	NoNew     bool          // a new group was refused already
	Core      bool          // a scaling operation asks: a CORE origin may take the launch
}

// Candidate is a place for a launch: a member, or a new group when Group is empty.
type Candidate struct {
	Group  emr.GroupID `json:"group,omitempty"`
	Reason string      `json:"reason"`
}

// Rejection says why a place is no candidate.
type Rejection struct {
	Group  emr.GroupID `json:"group,omitempty"` // empty for a new group
	Reason string      `json:"reason"`
}

// Candidates orders the places for a launch by rule R6: a member whose last launch completed, the origin, the oldest, a new
// group. What is no candidate is returned with its reason. A CORE origin is a candidate for scaling operations only: what a core group
// misses goes to TASK groups, and a return by hand asks the core group again.
func (p Pool) Candidates(now time.Time, view View, l Limits) ([]Candidate, []Rejection) {
	type ranked struct {
		Candidate
		rank int
	}
	var good []ranked
	var bad []Rejection
	for i, m := range p.Members {
		if reason := p.reject(m, now, view, l); reason != "" {
			bad = append(bad, Rejection{m.Group, reason})
			continue
		}
		switch {
		case m.Filled:
			good = append(good, ranked{Candidate{m.Group, "its last launch completed"}, 0})
		case i == 0:
			good = append(good, ranked{Candidate{m.Group, "the origin"}, 1})
		default:
			good = append(good, ranked{Candidate{m.Group, "the oldest fallback that may launch"}, 2})
		}
	}
	slices.SortStableFunc(good, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]Candidate, 0, len(good)+1)
	for _, g := range good {
		out = append(out, g.Candidate)
	}
	switch {
	case l.NoNew:
		bad = append(bad, Rejection{"", "EMR refused a new group for this launch"})
	case p.Fallbacks() >= l.MaxGroups:
		bad = append(bad, Rejection{"", fmt.Sprintf("the pool has %d fallback groups, max_groups is %d", p.Fallbacks(), l.MaxGroups)})
	case l.FreeSlots <= 0:
		bad = append(bad, Rejection{"", "no task group slot of the cluster is free beyond reserve_slots"})
	default:
		out = append(out, Candidate{"", "a new group of the same configuration"})
	}
	return out, bad
}

func (p Pool) reject(m Member, now time.Time, view View, l Limits) string {
	s, ok := view(m.Group)
	switch {
	case m.Group == p.Origin && p.Role == emr.Core && !l.Core:
		return "the core group is asked again by scaling and by hand only"
	case !ok:
		return "not in the last read"
	case m.Banned(now):
		return "banned until " + m.Ban.Until.UTC().Format(time.RFC3339)
	case slices.Contains(l.Except, m.Group):
		return "EMR refused this launch on it"
	case s.State != emr.GroupRunning && s.State != emr.GroupResizing && !s.State.Starting():
		return "in state " + string(s.State)
	case s.Running > s.Requested:
		return "shrinking"
	case !s.Oldest.IsZero() && now.Sub(s.Oldest) >= l.After:
		return "instances are missing there for " + now.Sub(s.Oldest).Round(time.Second).String()
	}
	return ""
}

// Release lowers one member's requested count.
type Release struct {
	Group  emr.GroupID `json:"group"`
	From   int         `json:"from"`
	To     int         `json:"to"`
	Reason string      `json:"reason"`
}

// Releases spreads n instances to give up over the members: the last rung first, the newest member first, the origin last
// (rule R9; a ban never forbids a release). A CORE origin keeps at least one instance: EMR allows 0 on TASK groups only.
func (p Pool) Releases(n int, view View) []Release {
	order := slices.Clone(p.Members[1:])
	slices.SortStableFunc(order, func(a, b Member) int {
		return cmp.Or(cmp.Compare(b.Rung, a.Rung), b.Made.Compare(a.Made))
	})
	order = append(order, p.Members[0])
	var out []Release
	for _, m := range order {
		s, ok := view(m.Group)
		if !ok || n <= 0 {
			continue
		}
		low := 0
		if m.Group == p.Origin && p.Role == emr.Core {
			low = 1
		}
		take := min(n, s.Requested-low)
		if take <= 0 {
			continue
		}
		n -= take
		why := "the newest fallback first"
		if m.Group == p.Origin {
			why = "the origin last"
		}
		out = append(out, Release{m.Group, s.Requested, s.Requested - take, why})
	}
	return out
}

// Surplus returns what can be released now because the members ask for more than the pool wants: only on fallbacks, and only as
// much as what came back elsewhere already runs (rule R10). Instances that other members still miss have not come back, so they
// hold as many releases up, but for those of a twin, which is given up at once (R7). Never fewer run afterwards than the pool
// wants, or than run now if those are fewer.
func (p Pool) Surplus(view View) []Release {
	surplus := p.Requested(view) - p.Wanted
	if surplus <= 0 {
		return nil
	}
	running := p.Running(view)
	floor := min(p.Wanted, running)
	var out []Release
	for _, r := range p.Releases(surplus, view) {
		if r.Group == p.Origin {
			continue
		}
		s, _ := view(r.Group)
		to := max(r.To, r.From-max(0, surplus-p.missingBeside(*p.Member(r.Group), view, out)))
		for to < r.From && running-(min(s.Running, r.From)-min(s.Running, to)) < floor {
			to++
		}
		if to == r.From {
			continue
		}
		surplus -= r.From - to
		running -= min(s.Running, r.From) - min(s.Running, to)
		out = append(out, Release{r.Group, r.From, to, "enough runs without them"})
	}
	return out
}

// missingBeside is how many instances the other members miss, after the releases so far; a twin's are none of them.
func (p Pool) missingBeside(m Member, view View, released []Release) int {
	missing := 0
	for _, o := range p.Members {
		s, ok := view(o.Group)
		if !ok || o.Group == m.Group || m.Recovery != "" && o.Recovery == m.Recovery {
			continue
		}
		for _, r := range released {
			if r.Group == o.Group {
				s.Requested = r.To
			}
		}
		missing += max(0, s.Requested-s.Running)
	}
	return missing
}
