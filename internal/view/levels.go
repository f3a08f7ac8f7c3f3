package view

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/store"
)

// Levels follows the counts of groups through the records of their reads. It keeps one entry for each change of a count. It is not safe for
// concurrent use.
type Levels struct {
	groups  map[groupKey]*level
	order   []groupKey
	lookout lookout
}

type groupKey struct {
	store.Key
	group string
}

// level is one group's counts.
type level struct {
	first   counts // before the first change
	changes []change
	asked   secondAsk
	guessed bool      // first is from the begin of a return, and may have changed since
	met     time.Time // the first sight of a group that had been there for a while; zero for others
	apart   bool      // a MASTER group
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
	return append(LevelLeadKinds(), "group.seen", "group.made", "group.ours", "group.foreign", "group.read", "cluster.ended")
}

// LevelLeadKinds are those it reads of the Lead before a period: what was under way when it began.
func LevelLeadKinds() []string {
	return slices.Concat(Outcomes(), WatchKinds(), []string{"recovery.open"})
}

// NewLevels starts with the counts of the present state; they hold for groups of which no record comes.
func NewLevels() *Levels { return &Levels{groups: map[groupKey]*level{}} }

// Add takes one record in. Records come in the order of their writing; others than those of LevelKinds, and damaged ones, change nothing.
func (l *Levels) Add(r store.Record) {
	if l.lookout.add(r) {
		return
	}
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
		if g := l.groups[groupKey{r.Key, r.Group}]; g != nil {
			g.asked.ends(r.Kind)
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
		Created   time.Time    `json:"created"`
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
			g.guessed, g.apart = true, r.Pool == ""
		} else if !data.Created.IsZero() && r.At.Sub(data.Created) > settled {
			g.met = r.At
		}
		l.groups[key] = g
		l.order = append(l.order, key)
	}
	if r.Kind == "group.read" && g.guessed {
		g.first = g.asked.once(counts{now.requested - data.Delta.RequestedBy, now.running - data.Delta.RunningBy})
	}
	g.guessed = false
	g.pool = cmp.Or(r.Pool, g.pool)
	if data.Type != "" {
		g.shape = shape{data.Type, data.Market}
	}
	g.changes = append(g.changes, change{r.At, g.asked.once(now)})
}

// begins notes that a return begins: from now on both its group and the fallbacks are asked for the same instances. Other recoveries change nothing.
func (l *Levels) begins(r store.Record) {
	if began, ok := returnBegins(r); ok {
		key := groupKey{r.Key, r.Group}
		g := l.groups[key]
		if g == nil {
			g = &level{first: counts{began.Requested, began.Running}, pool: r.Pool, guessed: true}
			l.groups[key], l.order = g, append(l.order, key)
		}
		g.asked.begins(began)
	}
}

// Forget drops what was before a moment; the counts at that moment stay.
func (l *Levels) Forget(before time.Time) {
	l.lookout.forget(before)
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

// level is a group of which there is no record: it counts as it is now, from its first sight on.
func (c Cluster) level(g guard.Group, from time.Time) *level {
	now := counts{g.Requested, g.Running}
	if c.PoolOf(g.ID) != nil {
		now.requested -= g.Missing() - c.lacks(g.ID)
	}
	out := &level{first: now, apart: g.Role == emr.Master}
	if g.Seen.After(from) {
		out.first, out.changes = counts{}, []change{{g.Seen, now}}
	}
	return out
}
