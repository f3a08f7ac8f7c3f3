package view

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Tally adds up records of the history for a report. It keeps figures for each cluster and what is under way, and no record: its
// size does not grow with the history. A Tally is not safe for concurrent use.
type Tally struct {
	from, to time.Time
	clusters map[store.Key]*tallied
	lookout  lookout
}

// tallied is what is known of one cluster, or of a scope if the key names no cluster.
type tallied struct {
	Figures
	open  map[stretch]running
	asked map[string]*secondAsk // by group
}

// stretch names something that lasts: of a pool or group, or of the whole cluster.
type stretch struct{ what, of string }

// running is how a stretch stands, as far as the records tell.
type running struct {
	since  time.Time
	weight int  // instances; 1 for what has no number, 0 for what has ended
	seed   bool // told by the stored state, not by a record
}

// What lasts.
const (
	suspended = "suspended"
	resting   = "resting"
	blocked   = "blocked"
	blind     = "blind"
	unusable  = "unusable"
	missing   = "missing"
)

// Lead is how long before a report's period records are read for what was under way when it began. What began earlier still and ended
// within the period counts from the beginning of the period; what lasts today is known from the stored state.
const Lead = 7 * 24 * time.Hour

// NewTally returns the tally of from <= t < to, but nothing after now. World is the present state, for what has been under way since
// before the records; the zero World tells nothing.
func NewTally(from, to, now time.Time, w World) *Tally {
	if to.After(now) {
		to = now
	}
	t := &Tally{from: from, to: to, clusters: map[store.Key]*tallied{}}
	w.clusters(func(s Scope, c Cluster) {
		of := t.of(store.Key{Scope: s.Name, Cluster: string(c.Cluster.ID)})
		seed := func(what, id string, since time.Time, weight int) {
			of.open[stretch{what, id}] = running{since: since, weight: weight, seed: true}
		}
		if c.Suspended != nil {
			seed(suspended, "", c.Suspended.Since, 1)
		}
		if c.Blind != nil {
			seed(blind, "", c.Blind.Since, 1)
		}
		if c.Unusable != nil {
			seed(unusable, "", c.Unusable.Since, 1)
		}
		for _, p := range c.Pools {
			if p.Rest != nil {
				seed(resting, string(p.Origin), p.Rest.From, 1)
			}
			if p.Blocked != nil {
				seed(blocked, string(p.Origin), p.Blocked.Since, 1)
			}
			for _, m := range p.Members {
				if n := c.lacks(m.Group); n > 0 && to.Equal(now) {
					if oldest, ok := c.Group(m.Group).Ledger.Oldest(); ok {
						seed(missing, string(m.Group), oldest.Since, n)
					}
				}
			}
		}
	})
	return t
}

// Queries are the history a tally needs, in this order, oldest first: what was under way before the period, the period itself, and when
// the scope was not watched.
func (t *Tally) Queries(q store.Query) []store.Query {
	lead := q
	lead.Kinds, lead.From, lead.To = slices.Sorted(maps.Keys(stretches)), t.from.Add(-Lead), t.from
	q.Kinds, q.From, q.To = slices.Sorted(maps.Keys(kindsTold)), t.from, t.to
	watch := q // of the scope, also when the others are of one cluster
	watch.Cluster, watch.Kinds, watch.From = "", WatchKinds(), lead.From
	return []store.Query{lead, q, watch}
}

// of returns what is known of a cluster.
func (t *Tally) of(key store.Key) *tallied {
	c := t.clusters[key]
	if c == nil {
		c = &tallied{open: map[stretch]running{}, asked: map[string]*secondAsk{}}
		t.clusters[key] = c
	}
	return c
}

// ask returns what a return asks of a group.
func (c *tallied) ask(group string) *secondAsk {
	a := c.asked[group]
	if a == nil {
		a = &secondAsk{}
		c.asked[group] = a
	}
	return a
}

// told is the part of a record's data that is added up. What the guard adds later is passed over.
type told struct {
	Kind      string          `json:"kind"`
	Placed    int             `json:"placed"`
	Requested int             `json:"requested"`
	Running   int             `json:"running"`
	StopCount int             `json:"stop_count"`
	Wanted    int             `json:"wanted"`
	Due       time.Time       `json:"due"`
	Error     json.RawMessage `json:"error"`
	Cause     recovery.Why    `json:"cause"`
	Ask       *struct {
		By     string `json:"by"`
		Kind   string `json:"kind"`
		Target int    `json:"target"`
	} `json:"ask"`
	Inputs struct {
		Wanted    int `json:"wanted"`
		Requested int `json:"requested"`
	} `json:"inputs"`
}

// failed says whether an answer was an error.
func (t told) failed() bool { return len(t.Error) > 0 && string(t.Error) != "null" }

// Add takes one record in. Records of each query come in the order of their writing; those from before the period tell only what was under
// way when it began. A record that tells nothing here changes nothing.
func (t *Tally) Add(r store.Record) {
	if !r.At.Before(t.to) || t.lookout.add(r) {
		return
	}
	lasts, counts := stretches[r.Kind], kindsTold[r.Kind]
	if lasts == nil && counts == nil {
		return
	}
	var data told
	if json.Unmarshal(r.Data, &data) != nil {
		data = told{} // that it happened still counts
	}
	c := t.of(r.Key)
	if lasts != nil {
		lasts(t, c, r, data)
	}
	if counts != nil && !r.At.Before(t.from) {
		counts(c, r, data)
	}
}

// begin notes that something began, in the place of what was under way of it.
func (t *Tally) begin(c *tallied, what, of string, at time.Time, weight int) {
	t.end(c, what, of, at, false)
	c.open[stretch{what, of}] = running{since: at, weight: weight}
}

// end notes that something ended. If it is known to have been under way and nothing was said of it, it was since before the period.
func (t *Tally) end(c *tallied, what, of string, at time.Time, known bool) {
	s := stretch{what, of}
	o, ok := c.open[s]
	c.open[s] = running{since: at}
	switch {
	case ok && !o.seed:
		c.last(what, t.length(o.since, at)*float64(o.weight))
	case known:
		c.last(what, t.length(t.from, at))
	}
}

// length is how many seconds of the period lie between two times.
func (t *Tally) length(since, until time.Time) float64 {
	if since.Before(t.from) {
		since = t.from
	}
	if until.After(t.to) {
		until = t.to
	}
	return max(0, until.Sub(since).Seconds())
}

// last adds a length to what it is a length of.
func (f *Figures) last(what string, seconds float64) {
	switch what {
	case suspended:
		f.Suspended += seconds
	case resting:
		f.Resting += seconds
	case blocked:
		f.Blocked += seconds
	case blind:
		f.Blind += seconds
	case unusable:
		f.UnusableFor += seconds
	case missing:
		f.Missing += seconds
	}
}

// total are the figures of a cluster with what is still under way, up to the end of the period.
func (t *Tally) total(c *tallied) Figures {
	f := Figures{Recoveries: []RecoveryFigures{}, Causes: []CauseFigures{}, Scaling: []ScalingFigures{}}
	f.add(&c.Figures)
	for _, s := range c.inOrder() {
		o := c.open[s]
		f.last(s.what, t.length(o.since, t.to)*float64(o.weight))
	}
	return f
}

// inOrder lists what is under way, in order: a sum of fractions depends on it.
func (c *tallied) inOrder() []stretch {
	return slices.SortedFunc(maps.Keys(c.open), func(a, b stretch) int { return cmp.Or(cmp.Compare(a.what, b.what), cmp.Compare(a.of, b.of)) })
}

// Unnamed are the clusters with figures that the present state does not hold, in order: those that have ended since.
func (t *Tally) Unnamed(w World) []store.Key {
	var keys []store.Key
	for key := range t.clusters {
		if key.Cluster != "" && w.cluster(key.Scope, key.Cluster) == nil {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b store.Key) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Cluster, b.Cluster))
	})
	return keys
}
