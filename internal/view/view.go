// Package view turns what the store holds into what people and programs read: rows for tables and structs for JSON.
//
// It is the one read model: the commands print it and nothing else interprets stored documents for people. Its functions
// read no clock and no store. The JSON names of its structs are stable: fields may be added, none is renamed or removed;
// the doc tags say what each means, and Fields lists them.
package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// World is what the store holds at one moment.
type World struct {
	Now    time.Time
	Scopes []Scope       // by name
	Term   time.Duration // of the leases; 0: nobody is said to be overdue
}

// Scope is one account and region.
type Scope struct {
	Name     string
	Lease    store.Lease  // zero if nobody ever held it
	Paused   *guard.Pause // all clusters of the scope, those to come included
	Troubles []Trouble    // what is wrong with the scope as a whole, in the order it began
	Clusters []Cluster    // by name, then id
	Problems []string     // what could not be read
}

// Cluster is the stored state of one cluster and what the configuration says of it.
type Cluster struct {
	guard.State
	Rule
	Saved time.Time
}

// Rule is what the configuration holds for a cluster; the zero Rule when no configuration was at hand.
type Rule struct {
	Mode string            // enforce, observe or off
	Why  string            // which rule gave the mode
	How  *scaling.Settings // how its pools are scaled and when it is terminated, compiled; nil when neither

	Settings recovery.Settings // the figures of the recovery rules
	Wrapped  bool              // only its TASK groups are managed
}

// Rules says what the configuration holds for a cluster.
type Rules func(scope string, c emr.Cluster) Rule

// scopeDocument is the name of the document that the engine keeps for a whole scope.
const scopeDocument = "*"

// NewScope decodes the documents of one scope. A document that cannot be read, or that a newer emrguard wrote, becomes an
// entry of Problems; the others are shown. Rules may be nil.
func NewScope(name string, docs []store.Document, lease store.Lease, rules Rules) Scope {
	s := Scope{Name: name, Lease: lease}
	for _, doc := range docs {
		if doc.Cluster == scopeDocument {
			var all struct {
				Paused   *guard.Pause `json:"paused"`
				Troubles []Trouble    `json:"troubles"`
			}
			if err := doc.Body.Decode(&all); err != nil {
				s.Problems = append(s.Problems, fmt.Sprintf("the state of scope %s cannot be read: %v", name, err))
				all.Paused = &guard.Pause{Since: doc.Saved, Author: "emrguard", Reason: "the stored state of the scope cannot be read"} // as the guard takes it
			}
			s.Paused, s.Troubles = all.Paused, all.Troubles
			continue
		}
		c, err := NewCluster(doc, rules)
		if err != nil {
			s.Problems = append(s.Problems, err.Error())
			continue
		}
		s.Clusters = append(s.Clusters, c)
	}
	slices.SortFunc(s.Clusters, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(a.Cluster.Name, b.Cluster.Name), cmp.Compare(a.Cluster.ID, b.Cluster.ID))
	})
	return s
}

// NewCluster decodes one document. Rules may be nil.
func NewCluster(doc store.Document, rules Rules) (Cluster, error) {
	c := Cluster{Saved: doc.Saved}
	if err := doc.Body.Decode(&c.State); err != nil {
		return c, fmt.Errorf("the state of %s cannot be read: %w", doc.Key, err)
	}
	if c.Schema > guard.Schema {
		return c, fmt.Errorf("the state of %s has schema %d, this emrguard reads up to %d; use the newer one", doc.Key, c.Schema, guard.Schema)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("the state of %s is inconsistent: %w", doc.Key, err)
	}
	if rules != nil {
		c.Rule = rules(doc.Scope, c.Cluster)
	}
	return c, nil
}

// New puts scopes together. Now is wall, or the newest time in the documents if that is later: a guard that runs with
// --speed may be ahead of the wall clock, and ages are told by its time.
func New(wall time.Time, scopes []Scope) World {
	w := World{Now: wall, Scopes: slices.Clone(scopes)}
	slices.SortFunc(w.Scopes, func(a, b Scope) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range w.Scopes {
		for _, c := range s.Clusters {
			if c.Saved.After(w.Now) {
				w.Now = c.Saved
			}
		}
	}
	return w
}

// Only is the world with one cluster alone.
func (w World) Only(f Found) World {
	scopes := w.Scopes
	w.Scopes = nil
	for _, s := range scopes {
		if s.Name != f.Scope {
			continue
		}
		s.Clusters = slices.DeleteFunc(slices.Clone(s.Clusters), func(c Cluster) bool { return c.Cluster.ID != f.Cluster })
		w.Scopes = append(w.Scopes, s)
	}
	return w
}

// scope is the scope of a name, empty if there is none.
func (w World) scope(name string) Scope {
	for _, s := range w.Scopes {
		if s.Name == name {
			return s
		}
	}
	return Scope{Name: name}
}

// clusters calls f for every cluster, in order.
func (w World) clusters(f func(s Scope, c Cluster)) {
	for _, s := range w.Scopes {
		for _, c := range s.Clusters {
			f(s, c)
		}
	}
}

// name is the cluster's name, or its id if it has none.
func (c Cluster) name() string { return cmp.Or(c.Cluster.Name, string(c.Cluster.ID)) }

// label is what a group is called in tables: its name; for a fallback the origin's name, a plus and the recovery that made
// it; without a name the id.
func (c Cluster) label(id emr.GroupID) string {
	if g := c.Group(id); g != nil {
		return Label(g.Group.Name, id)
	}
	if p := c.PoolOf(id); p != nil {
		if m := p.Member(id); m.Recovery != "" {
			return cmp.Or(p.Name, string(p.Origin)) + "+" + m.Recovery
		}
		return cmp.Or(p.Name, string(id))
	}
	return string(id)
}

// Label is what a group of this name in EMR is called: see GroupStatus.Label.
func Label(name string, id emr.GroupID) string {
	if origin, token, ok := emr.ParseGroupName(name); ok {
		return cmp.Or(origin, string(token.Origin)) + "+" + token.Recovery
	}
	return cmp.Or(name, string(id))
}

// running is what runs of a pool, and missing what it wants beyond that.
func (c Cluster) running(p pool.Pool) (running, missing int) {
	running = p.Running(c.View())
	return running, max(0, p.Wanted-running)
}

// missingSince is since when a pool has been short without interruption, over all attempts, and attempt since when the oldest instance is missing that the present
// attempt asked for: the clock of a group begins anew with a launch on another (rule R8). Both are zero when it is not short or nobody knows; attempt also
// when it is less than a minute younger.
func (c Cluster) missingSince(p pool.Pool) (short, attempt time.Time) {
	if _, missing := c.running(p); missing == 0 {
		return short, attempt
	}
	for _, m := range p.Members {
		if g := c.Group(m.Group); g != nil {
			if e, ok := g.Ledger.Oldest(); ok {
				attempt = earlier(attempt, e.Since)
			}
		}
	}
	short = earlier(attempt, p.Short.Since)
	for _, r := range c.Recoveries {
		if r.Pool == p.Origin {
			short = earlier(short, r.Since)
		}
	}
	if p.Rest != nil {
		short = earlier(short, p.Rest.From)
	}
	if p.Blocked != nil {
		short = earlier(short, p.Blocked.Since)
	}
	if attempt.Sub(short) < time.Minute {
		attempt = time.Time{}
	}
	return short, attempt
}

// earlier is the earlier of two times, of which zero stands for none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// attempted says since when an attempt has lasted, for the end of a sentence; empty for the zero time.
func attempted(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return ", the present attempt since " + Since(since, now)
}
