package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
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
	Gaps   []CapacityGap   `json:"gaps" doc:"times of which the counts are not known, in order; the points in them are of what was read last, or of a part of the clusters"`
}

// CapacityPoint is what holds from a moment on.
type CapacityPoint struct {
	At        time.Time `json:"at" doc:"from when"`
	Requested int       `json:"requested" doc:"instances asked of EMR; what a return to the origin asks for counts once it runs, for until then it runs on the fallbacks"`
	Running   int       `json:"running" doc:"instances running"`
	Missing   int       `json:"missing" doc:"instances asked for and not running, group by group"`
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
				groups = append(groups, c.level(g, from))
			}
		}
	})
	out := Capacity{Now: w.Now, From: from, To: to, Points: added(groups, from, to), Gaps: l.gaps(w, from, to, which)}
	if first := out.Points[0]; len(out.Points) > 1 && first.Requested == 0 && first.Running == 0 { // nothing was known before
		out.Points = out.Points[1:]
		if g := out.Gaps; len(g) > 0 && !g[0].From.After(out.Points[0].At) {
			from, out.Gaps = g[0].To, g[1:]
			for len(out.Points) > 1 && !out.Points[1].At.After(from) {
				out.Points = out.Points[1:]
			}
		}
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
		return fmt.Sprintf("%d of %d run; nothing was missing since %s.", last.Running, last.Requested, Since(c.From, c.Now)) + c.gapped()
	}
	return fmt.Sprintf("%d of %d run; at most %d %s missing, at %s; %.1f instance-hours were missing since %s.",
		last.Running, last.Requested, c.Worst.Missing, phrase.Was(c.Worst.Missing), Clock(c.Worst.At, c.Now), c.Hours, Since(c.From, c.Now)) + c.gapped()
}

// gapped says of which times the counts are not known.
func (c Capacity) gapped() string {
	var text strings.Builder
	for _, g := range c.Gaps {
		if g.To.Sub(g.From) >= notable {
			text.WriteString(" " + g.Text(c.Now) + ".")
		}
	}
	return text.String()
}
