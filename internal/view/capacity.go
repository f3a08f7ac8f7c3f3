package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Capacity is how many instances were asked for and ran over a time, MASTER groups left out.
type Capacity struct {
	Now    time.Time       `json:"now" doc:"the present time"`
	From   time.Time       `json:"from" doc:"beginning of the time; later than asked for if nothing is known from before"`
	To     time.Time       `json:"to" doc:"its end"`
	Points []CapacityPoint `json:"points" doc:"the counts from a moment on, until the next point; the first is that of the beginning. Each one was so; where there were more changes than points, some changes are left out, never the worst of their time nor the last"`
	Worst  CapacityPoint   `json:"worst" doc:"when most was missing for the first time"`
	Hours  float64         `json:"missing_hours" doc:"instance-hours that were missing, every change counted"`
}

// CapacityPoint is what holds from a moment on.
type CapacityPoint struct {
	At        time.Time `json:"at" doc:"from when"`
	Requested int       `json:"requested" doc:"instances asked of EMR; what a return to the origin asks for counts once it runs, for until then it runs on the fallbacks"`
	Running   int       `json:"running" doc:"instances running"`
	Missing   int       `json:"missing" doc:"instances asked for and not running, group by group"`
}

// Levels follows the counts of groups through the records of their reads. It keeps one entry for each change of a count. It is not safe for
// concurrent use.
type Levels struct {
	groups map[groupKey]*level
	order  []groupKey
}

type groupKey struct {
	store.Key
	group string
}

// level is one group's counts.
type level struct {
	first   counts // before the first change
	changes []change
	before  *int // while it is asked again for what others run in its place: what it was asked for before
	apart   bool // a MASTER group
	pool    string
	shape   shape // as far as records told it
}

// shape is what instances a group has.
type shape struct {
	instanceType string
	market       emr.Market
}

type counts struct{ requested, running int }

type change struct {
	at time.Time
	counts
}

// LevelKinds are the kinds of records that Levels reads.
func LevelKinds() []string {
	return append(Outcomes(), "group.seen", "group.made", "group.ours", "group.foreign", "group.read", "cluster.ended", "recovery.open")
}

// NewLevels starts with the counts of the present state; they hold for groups of which no record comes.
func NewLevels() *Levels { return &Levels{groups: map[groupKey]*level{}} }

// Add takes one record in. Records come in the order of their writing; others than those of LevelKinds, and damaged ones, change nothing.
func (l *Levels) Add(r store.Record) {
	switch r.Kind {
	case "group.seen", "group.made", "group.ours", "group.foreign", "group.read":
	case "cluster.ended":
		for _, key := range l.order {
			if key.Key == r.Key {
				l.groups[key].changes = append(l.groups[key].changes, change{at: r.At})
			}
		}
		return
	case "recovery.open":
		l.begins(r)
		return
	default:
		if g := l.groups[groupKey{r.Key, r.Group}]; g != nil && slices.Contains(Outcomes(), r.Kind) && r.Kind != "recovery."+string(recovery.Chained) {
			g.before = nil // a return that got stuck goes on until it is stopped
		}
		return
	}
	var data struct {
		Role      emr.Role     `json:"role"`
		Type      string       `json:"type"`
		Market    emr.Market   `json:"market"`
		Requested *int         `json:"requested"`
		Running   *int         `json:"running"`
		Delta     ledger.Delta `json:"delta"`
	}
	if json.Unmarshal(r.Data, &data) != nil || data.Requested == nil || data.Running == nil {
		return
	}
	now := counts{*data.Requested, *data.Running}
	key := groupKey{r.Key, r.Group}
	g := l.groups[key]
	if g == nil {
		g = &level{apart: data.Role == emr.Master}
		if r.Kind == "group.read" {
			g.first = counts{now.requested - data.Delta.RequestedBy, now.running - data.Delta.RunningBy}
			g.apart = r.Pool == ""
		}
		l.groups[key] = g
		l.order = append(l.order, key)
	}
	g.pool = cmp.Or(r.Pool, g.pool)
	if data.Type != "" {
		g.shape = shape{data.Type, data.Market}
	}
	g.changes = append(g.changes, change{r.At, g.once(now)})
}

// begins notes that a return begins: from now on both its group and the fallbacks are asked for the same instances. Other recoveries change nothing.
func (l *Levels) begins(r store.Record) {
	if began, ok := BeganOf(r); ok && began.Kind == recovery.Return {
		key := groupKey{r.Key, r.Group}
		g := l.groups[key]
		if g == nil {
			g = &level{first: counts{began.Requested, began.Running}, pool: r.Pool}
			l.groups[key], l.order = g, append(l.order, key)
		}
		g.before = &began.Requested
	}
}

// once are counts without what is asked for a second time: what a return asks for and has not got yet runs on the fallbacks.
func (g *level) once(now counts) counts {
	if g.before == nil {
		return now
	}
	if now.requested <= max(*g.before, now.running) { // it has come, or is given up
		g.before = nil
		return now
	}
	now.requested = max(*g.before, now.running)
	return now
}

// Forget drops what was before a moment; the counts at that moment stay.
func (l *Levels) Forget(before time.Time) {
	l.order = slices.DeleteFunc(l.order, func(key groupKey) bool {
		g := l.groups[key]
		n, _ := slices.BinarySearchFunc(g.changes, before, func(c change, t time.Time) int { return c.at.Compare(t) })
		if n > 0 {
			g.first, g.changes = g.changes[n-1].counts, slices.Clone(g.changes[n:])
		}
		gone := len(g.changes) == 0 && g.first == counts{}
		if gone {
			delete(l.groups, key)
		}
		return gone
	})
}

// Capacity adds up the groups of world that which wants, from <= t <= to, in at most points points, 2 or more; the sums are those of every change.
// Groups of which there is no record count as they are now.
func (l *Levels) Capacity(w World, from, to time.Time, points int, which func(store.Key) bool) Capacity {
	var groups []*level
	for _, key := range l.order {
		if g := l.groups[key]; !g.apart && which(key.Key) {
			groups = append(groups, g)
		}
	}
	w.clusters(func(s Scope, c Cluster) {
		key := store.Key{Scope: s.Name, Cluster: string(c.Cluster.ID)}
		if !which(key) {
			return
		}
		for _, g := range c.Groups {
			if l.groups[groupKey{key, string(g.ID)}] == nil && g.Role != emr.Master {
				now := counts{g.Requested, g.Running}
				if g.Seen.After(from) {
					groups = append(groups, &level{changes: []change{{g.Seen, now}}})
				} else {
					groups = append(groups, &level{first: now})
				}
			}
		}
	})
	out := Capacity{Now: w.Now, From: from, To: to, Points: added(groups, from, to)}
	if first := out.Points[0]; len(out.Points) > 1 && first.Requested == 0 && first.Running == 0 {
		out.Points = out.Points[1:] // nothing was known before
		out.From = out.Points[0].At
	}
	out.Worst, out.Hours = summed(out.Points, to)
	out.Points = thinned(out.Points, out.From, to, points)
	return out
}

// added is the sum of groups at every moment at which one changes.
func added(groups []*level, from, to time.Time) []CapacityPoint {
	type event struct {
		at    time.Time
		group int
		counts
	}
	var events []event
	present := make([]counts, len(groups))
	sum := CapacityPoint{At: from}
	put := func(i int, c counts, sign int) {
		sum.Requested += sign * c.requested
		sum.Running += sign * c.running
		sum.Missing += sign * max(0, c.requested-c.running)
		present[i] = c
	}
	for i, g := range groups {
		now := g.first
		for _, c := range g.changes {
			switch {
			case !c.at.After(from):
				now = c.counts
			case !c.at.After(to):
				events = append(events, event{c.at, i, c.counts})
			}
		}
		put(i, now, 1)
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	out := []CapacityPoint{sum}
	for _, e := range events {
		put(e.group, present[e.group], -1)
		put(e.group, e.counts, 1)
		sum.At = e.at
		if last := &out[len(out)-1]; last.At.Equal(e.at) {
			*last = sum
			continue
		}
		out = append(out, sum)
	}
	return out
}

// thinned leaves at most n points, 2 or more, each as it is: the first, and of every part of the time the one at which most is missing and the last. So what
// holds at the end of a part goes on until something changes, and no shortfall lasts longer than it did by more than a part.
func thinned(points []CapacityPoint, from, to time.Time, n int) []CapacityPoint {
	if len(points) <= n {
		return points
	}
	last := len(points) - 1
	parts := (n - 1) / 2
	if parts == 0 {
		return []CapacityPoint{points[0], points[last]}
	}
	part := func(p CapacityPoint) int64 {
		return min(int64(parts)-1, int64(float64(parts)*p.At.Sub(from).Seconds()/max(1, to.Sub(from).Seconds())))
	}
	out := points[:1:1]
	for i := 1; i <= last; {
		worst, end := i, i
		for ; end <= last && part(points[end]) == part(points[i]); end++ {
			if points[end].Missing > points[worst].Missing {
				worst = end
			}
		}
		if worst < end-1 {
			out = append(out, points[worst])
		}
		out = append(out, points[end-1])
		i = end
	}
	return out
}

// summed is when most was missing for the first time, and how many instance-hours were missing in all.
func summed(points []CapacityPoint, to time.Time) (worst CapacityPoint, hours float64) {
	worst = points[0]
	for i, p := range points {
		end := to
		if i+1 < len(points) {
			end = points[i+1].At
		}
		hours += float64(p.Missing) * max(0, end.Sub(p.At).Hours())
		if p.Missing > worst.Missing {
			worst = p
		}
	}
	return worst, hours
}

// Sentence says in words what a chart shows.
func (c Capacity) Sentence() string {
	if len(c.Points) == 0 {
		return "Nothing is known of this time."
	}
	last := c.Points[len(c.Points)-1]
	if c.Worst.Missing == 0 {
		return fmt.Sprintf("%d of %d run; nothing was missing since %s.", last.Running, last.Requested, Since(c.From, c.Now))
	}
	return fmt.Sprintf("%d of %d run; at most %d were missing, at %s; %.1f instance-hours were missing since %s.",
		last.Running, last.Requested, c.Worst.Missing, Clock(c.Worst.At, c.Now), c.Hours, Since(c.From, c.Now))
}
