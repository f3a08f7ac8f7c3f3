package pool

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
)

// Limits are what rule R6 lets a pool use.
type Limits struct {
	After     time.Duration     // the origin, or a member of no rung, whose oldest missing instance is this old takes no launch
	Rungs     []Rung            // of the ladder, in order
	MaxGroups int               // fallback groups a pool may have
	FreeSlots int               // task groups that may still be added to the cluster, after the reserve
	Barred    map[string]string // why a launch would fail again, by the shape of the member or new group
	Except    []emr.GroupID     // members that refused this launch already
	Core      bool              // a scaling operation asks: a CORE origin may take the launch
}

// Rung is one rung of the ladder as placement sees it.
type Rung struct {
	After  time.Duration // a member of it whose oldest missing instance is this old takes no launch
	Max    int           // most instances its members may be asked for together; 0: no bound
	Origin bool          // its groups are like the origin
	Offers []Offer       // the new groups it may make, in order
}

// Offer is a new group that a rung may make.
type Offer struct {
	Shape  string // its type, market and bid as a text
	What   string // what is new or not about it, for a sentence: "the same configuration"
	Refuse string // why it cannot be made; empty: it can
}

// Candidate is a place for a launch: a member, or a new group when Group is empty.
type Candidate struct {
	Group  emr.GroupID `json:"group,omitempty"`
	Rung   int         `json:"rung,omitempty"`  // as Member.Rung
	Offer  int         `json:"offer,omitempty"` // a new group: which of the rung's
	Room   int         `json:"room,omitempty"`  // most instances it may take; 0: no bound
	Tried  bool        `json:"tried,omitempty"` // it or a fallback of its shape got stuck in this chain or is banned, or EMR refused it
	Reason string      `json:"reason"`
}

// Rejection says why a place is no candidate.
type Rejection struct {
	Group  emr.GroupID `json:"group,omitempty"` // empty for a new group
	What   string      `json:"what,omitempty"`  // of which new group; empty: of every one
	Reason string      `json:"reason"`
}

// String is the rejection for a sentence.
func (r Rejection) String() string {
	switch {
	case r.Group != "":
		return string(r.Group) + ": " + r.Reason
	case r.What != "":
		return "a new group of " + r.What + ": " + r.Reason
	}
	return "a new group: " + r.Reason
}

// Candidates orders the places for a launch by rule R6: what did not get stuck in this chain, and no fallback of its shape, before the rest; then by rung,
// and within a rung a member whose last launch completed, the origin, the oldest, a new group. The origin counts to the first rung if
// that is like it, else it comes before all rungs. What is no candidate is returned with its reason. A CORE origin is a candidate for
// scaling operations only: what a core group misses goes to TASK groups, and a return by hand asks the core group again.
func (p Pool) Candidates(now time.Time, view View, l Limits) ([]Candidate, []Rejection) {
	type ranked struct {
		Candidate
		tier, rank int
	}
	var good []ranked
	var bad []Rejection
	for i, m := range p.Members {
		if reason := p.reject(m, now, view, l); reason != "" {
			bad = append(bad, Rejection{Group: m.Group, Reason: reason})
			continue
		}
		c := Candidate{Group: m.Group, Rung: m.Rung, Room: p.room(m.Rung, view, l), Tried: i == 0 && p.Failed || slices.Contains(p.Tried, m.Shape)}
		switch {
		case m.Filled:
			c.Reason = "its last launch completed"
			good = append(good, ranked{c, l.tier(m.Rung), 0})
		case i == 0:
			c.Reason = "the origin"
			good = append(good, ranked{c, l.tier(m.Rung), 1})
		default:
			c.Reason = "the oldest fallback that may launch"
			good = append(good, ranked{c, l.tier(m.Rung), 2})
		}
	}
	offers, rejected := p.offers(now, view, l)
	for _, c := range offers {
		good = append(good, ranked{c, l.tier(c.Rung), 3})
	}
	slices.SortStableFunc(good, func(a, b ranked) int {
		return cmp.Or(compareBools(a.Tried, b.Tried), cmp.Compare(a.tier, b.tier), cmp.Compare(a.rank, b.rank))
	})
	out := make([]Candidate, 0, len(good))
	for _, g := range good {
		out = append(out, g.Candidate)
	}
	return out, append(bad, rejected...)
}

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// offers lists the new groups that may be made, in the order of the rungs, and why the others may not.
func (p Pool) offers(now time.Time, view View, l Limits) (out []Candidate, bad []Rejection) {
	switch {
	case p.Fallbacks() >= l.MaxGroups:
		return nil, []Rejection{{Reason: fmt.Sprintf("the pool has %d fallback groups, max_groups is %d", p.Fallbacks(), l.MaxGroups)}}
	case l.FreeSlots <= 0:
		return nil, []Rejection{{Reason: "no task group slot of the cluster is free beyond reserve_slots"}}
	}
	for i, r := range l.Rungs {
		for j, o := range r.Offers {
			reason := cmp.Or(o.Refuse, l.Barred[o.Shape])
			if reason == "" && p.full(i+1, view, l) {
				reason = fmt.Sprintf("its rung has its max of %d", r.Max)
			}
			if reason != "" {
				bad = append(bad, Rejection{What: o.What, Reason: reason})
				continue
			}
			out = append(out, Candidate{Rung: i + 1, Offer: j, Room: p.room(i+1, view, l), Tried: slices.Contains(p.Tried, o.Shape) || p.bans(o.Shape, now), Reason: "a new group of " + o.What})
		}
	}
	return out, bad
}

// bans says whether a fallback of the shape is banned: another group like it would cost a slot for ever, and may be no luckier.
func (p Pool) bans(shape string, now time.Time) bool {
	return slices.ContainsFunc(p.Members[1:], func(m Member) bool { return m.Shape == shape && m.Banned(now) })
}

// tier is the place of a rung in the order of candidates.
func (l Limits) tier(rung int) int {
	if rung == 0 && len(l.Rungs) > 0 && l.Rungs[0].Origin {
		return 1
	}
	return rung
}

// after is the limit for a member of the rung.
func (l Limits) after(rung int) time.Duration {
	if rung < 1 || rung > len(l.Rungs) {
		return l.After
	}
	return l.Rungs[rung-1].After
}

// Room is how many instances more the members of a rung may be asked for, by its max; bounded is false where there is none.
func (p Pool) Room(rung int, view View, l Limits) (n int, bounded bool) {
	if rung < 1 || rung > len(l.Rungs) || l.Rungs[rung-1].Max == 0 {
		return 0, false
	}
	n = l.Rungs[rung-1].Max
	for _, m := range p.Members {
		if s, ok := view(m.Group); ok && m.Rung == rung {
			n -= s.Requested
		}
	}
	return max(0, n), true
}

// room is the Room of a candidate, which is never full.
func (p Pool) room(rung int, view View, l Limits) int {
	n, _ := p.Room(rung, view, l)
	return n
}

func (p Pool) full(rung int, view View, l Limits) bool {
	n, bounded := p.Room(rung, view, l)
	return bounded && n == 0
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
	case !s.Oldest.IsZero() && now.Sub(s.Oldest) >= l.after(m.Rung):
		return "instances are missing there for " + phrase.Duration(now.Sub(s.Oldest).Round(time.Second))
	case l.Barred[m.Shape] != "":
		return l.Barred[m.Shape]
	case p.full(m.Rung, view, l):
		return fmt.Sprintf("its rung has its max of %d", l.Rungs[m.Rung-1].Max)
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

// Releases spreads n instances to give up over the members: a second group of one recovery before all others (rule R7), then the last rung first, the
// newest member first, the origin last (rule R9; a ban never forbids a release). A CORE origin keeps at least one instance: EMR allows 0 on TASK groups only.
func (p Pool) Releases(n int, view View) []Release {
	order := slices.Clone(p.Members[1:])
	slices.SortStableFunc(order, func(a, b Member) int {
		return cmp.Or(compareBools(!p.twin(a), !p.twin(b)), cmp.Compare(b.Rung, a.Rung), b.Made.Compare(a.Made))
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
		switch {
		case m.Group == p.Origin:
			why = "the origin last"
		case p.twin(m):
			why = "the second group of its recovery first"
		case m.Rung > 1:
			why = "the last rung first"
		}
		out = append(out, Release{m.Group, s.Requested, s.Requested - take, why})
	}
	return out
}

// twin says whether a recovery made another group before this one: it keeps one (rule R7).
func (p Pool) twin(m Member) bool {
	first := slices.IndexFunc(p.Members, func(o Member) bool { return o.Recovery == m.Recovery })
	return m.Recovery != "" && p.Members[first].Group != m.Group
}

// Surplus returns what can be released now because the members ask for more than the pool wants: only on fallbacks, and only as
// much as what came back elsewhere already runs (rule R10). Instances that other members still miss have not come back, so they
// hold as many releases up, but for those of a twin, which is given up at once (R7). Never fewer run afterwards than the pool
// wants, or than run now if those are fewer. The origin gives back only if origin is set: what it is asked for beyond
// wanted was asked by us. A member on which EMR does not carry releases out waits (R3).
func (p Pool) Surplus(now time.Time, view View, origin bool) []Release {
	surplus := p.Requested(view) - p.Wanted
	if surplus <= 0 {
		return nil
	}
	running := p.Running(view)
	floor := min(p.Wanted, running)
	var out []Release
	for _, r := range p.Releases(surplus, view) {
		if r.Group == p.Origin && !origin || !p.Member(r.Group).Releasable(now) {
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
