package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/store"
)

// CapacityGap is a time of which the counts are not known.
type CapacityGap struct {
	From   time.Time `json:"from" doc:"its beginning"`
	To     time.Time `json:"to" doc:"its end"`
	Reason string    `json:"reason" doc:"why: not watched, or clusters read for the first time"`
}

// Why counts are not known.
const (
	gapUnwatched = "not watched"
	gapFirstRead = "clusters read for the first time"
)

// Text says when it was, and why.
func (g CapacityGap) Text(now time.Time) string {
	return fmt.Sprintf("From %s to %s (%s): %s", Clock(g.From, now), Clock(g.To, now), Span(g.To.Sub(g.From)), g.Reason)
}

// settled is how old a group is that was there before emrguard could have seen it begin, and apart how far such first sights lie from one another at most to be
// of one round: when emrguard starts to watch many clusters, it takes a while to read each once.
const (
	settled = 10 * time.Minute
	apart   = 5 * time.Minute
)

// gaps are the times of which the sum of what which wants is not known: nobody watched one of the scopes, or a part of the clusters that were there had not been read
// yet, whose counts are unknown until then, not 0.
func (l *Levels) gaps(w World, from, to time.Time, which func(store.Key) bool) []CapacityGap {
	out := []CapacityGap{}
	var met []time.Time
	for _, key := range l.order {
		if t := l.groups[key].met; which(key.Key) && t.After(from) && !t.After(to) {
			met = append(met, t)
		}
	}
	slices.SortFunc(met, time.Time.Compare)
	for i, t := range met {
		if i == 0 || t.Sub(met[i-1]) > apart {
			out = append(out, CapacityGap{From: t, Reason: gapFirstRead})
		}
		out[len(out)-1].To = t
	}
	out = slices.DeleteFunc(out, func(g CapacityGap) bool { return g.From.Equal(g.To) })
	for _, u := range l.unwatched(w, from, to, which) {
		out = append(out, CapacityGap{u.From, u.To, gapUnwatched})
	}
	slices.SortStableFunc(out, func(a, b CapacityGap) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return out
}

// unwatched are the times in which nobody watched the scopes of what which wants, by scope.
func (l *Levels) unwatched(w World, from, to time.Time, which func(store.Key) bool) []Unwatched {
	scopes := map[string]bool{}
	for _, key := range l.order {
		if which(key.Key) {
			scopes[key.Scope] = true
		}
	}
	w.clusters(func(s Scope, c Cluster) {
		if which(store.Key{Scope: s.Name, Cluster: string(c.Cluster.ID)}) {
			scopes[s.Name] = true
		}
	})
	out := []Unwatched{}
	for _, s := range w.Scopes {
		if scopes[s.Name] {
			out = append(out, l.lookout.of(s, w.Now, from, to)...)
		}
	}
	return out
}
