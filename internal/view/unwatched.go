package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// Unwatched is a time in which nobody watched a scope: no emrguard ran for it, or it could not read EMR.
type Unwatched struct {
	Scope string    `json:"scope" doc:"name of the scope"`
	From  time.Time `json:"from" doc:"its beginning"`
	To    time.Time `json:"to" doc:"its end"`
}

// lookout follows when nobody watched the scopes. Records come in the order of their writing. The zero value knows of no such time.
type lookout struct {
	scopes map[string]*watched
}

// watched is how one scope was watched.
type watched struct {
	open  []string  // what keeps it from being watched, by the kinds of the records of its end
	since time.Time // of the first of them
	gaps  []Unwatched
}

// watchEnds are the kinds of records at which a time without a watch begins, and those at which it ends.
var watchEnds = map[string]string{"scope.unwatched": "scope.watched", "scope.unread": "scope.read"}

// WatchKinds are the kinds of records that tell when a scope was not watched. They are of the scope, and name no cluster.
func WatchKinds() []string {
	return []string{"scope.read", "scope.unread", "scope.unwatched", "scope.watched"}
}

// add takes a record in and says whether it is one of WatchKinds. An end without a beginning ends what began before the records.
func (l *lookout) add(r store.Record) bool {
	if !slices.Contains(WatchKinds(), r.Kind) {
		return false
	}
	if l.scopes == nil {
		l.scopes = map[string]*watched{}
	}
	w := l.scopes[r.Scope]
	if w == nil {
		w = &watched{}
		l.scopes[r.Scope] = w
	}
	if end, begins := watchEnds[r.Kind]; begins {
		if len(w.open) == 0 {
			w.since = r.At
		}
		if !slices.Contains(w.open, end) {
			w.open = append(w.open, end)
		}
		return true
	}
	was := len(w.open)
	w.open = slices.DeleteFunc(w.open, func(end string) bool { return end == r.Kind })
	switch {
	case was > 0 && len(w.open) == 0:
		w.gaps = append(w.gaps, Unwatched{r.Scope, w.since, r.At})
	case was == 0 && len(w.gaps) == 0:
		w.gaps = append(w.gaps, Unwatched{Scope: r.Scope, To: r.At})
	}
	return true
}

// forget drops what ended before a moment.
func (l *lookout) forget(before time.Time) {
	for _, w := range l.scopes {
		w.gaps = slices.DeleteFunc(w.gaps, func(u Unwatched) bool { return u.To.Before(before) })
	}
}

// of are the times within from <= t < to in which nobody watched a scope, in order. The present state tells what lasts and of which there is no record.
func (l *lookout) of(s Scope, now, from, to time.Time) []Unwatched {
	var gaps []Unwatched
	var lasts time.Time // since when nobody watches it
	if w := l.scopes[s.Name]; w != nil {
		gaps = slices.Clone(w.gaps)
		if len(w.open) > 0 {
			lasts = w.since
		}
	}
	for _, t := range s.Troubles {
		if t.Kind == "scope.unread" {
			lasts = earlier(lasts, t.Since)
		}
	}
	if s.Lease.Generation > 0 && !s.Lease.Expires.After(now) {
		lasts = earlier(lasts, s.Lease.Expires)
	}
	if !lasts.IsZero() {
		gaps = append(gaps, Unwatched{s.Name, lasts, now})
	}
	out := gaps[:0]
	for _, u := range gaps {
		if u.From.Before(from) {
			u.From = from
		}
		if u.To.After(to) {
			u.To = to
		}
		if u.From.Before(u.To) {
			out = append(out, u)
		}
	}
	return out
}

// unwatched says for how long scopes were not watched, where that is worth a word: "1h20m", or by their names where they are several; empty else.
func unwatched(all []Unwatched) string {
	lengths, names := map[string]time.Duration{}, []string(nil)
	for _, u := range all {
		if !slices.Contains(names, u.Scope) {
			names = append(names, u.Scope)
		}
		lengths[u.Scope] += u.To.Sub(u.From)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return lengths[name] < notable })
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(lengths[b], lengths[a]), cmp.Compare(a, b)) })
	if len(names) == 1 {
		return Span(lengths[names[0]])
	}
	const most = 3
	var parts []string
	for _, name := range names[:min(most, len(names))] {
		parts = append(parts, fmt.Sprintf("%s (%s)", Span(lengths[name]), name))
	}
	if more := len(names) - most; more > 0 {
		parts = append(parts, "and "+phrase.Count(more, "more scope"))
	}
	return strings.Join(parts, ", ")
}
