package engine

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// Snapshot is what an engine holds at one moment, in numbers for gauges and readiness. It shares nothing with the engine.
type Snapshot struct {
	At     Now
	Scopes []ScopeSnapshot // by name
}

// ScopeSnapshot is one scope of a Snapshot. Of a scope whose lease is not held, only Name, Unleased and Skew are set.
type ScopeSnapshot struct {
	Name       string
	Held       bool          // this engine holds the lease
	Unleased   bool          // the last attempt to take or renew it, or to load what goes with it, failed in the store
	Listed     bool          // the clusters were listed once since the lease was taken
	Generation int64         // of the lease
	Paused     bool          // the whole scope is paused by hand
	Skew       time.Duration // by how much AWS's time is ahead of the local one; 0 while they agree to a minute
	Unread     bool          // EMR could not be read for five minutes: it was told that nothing is guarded
	Deaf       bool          // it was told that the queue of events cannot be read

	Clusters  int // watched
	Broken    int // left alone because their stored state cannot be read
	Withheld  int // watched, but only observed although a rule says enforce
	Suspended int // where no scaling operation runs
	Unusable  int // whose last reads cannot be decided on
	Blind     int // whose metrics could not be read last
	Deferred  int // schedules that are due and wait
	Noticed   int // clusters about to be terminated because nothing needs them
	InFlight  int // calls under way

	Recoveries int // open
	Shortfall  int // instances requested and not running, over all groups but MASTER
	Banned     int // members of pools under a ban
	Resting    int // pools
	Blocked    int // pools
	Contested  int // pools

	OldestRead time.Duration // age of the oldest last usable read of a cluster that is read as a routine; 0 without one
	Late       int           // such clusters whose last usable read is older than half of their recovery.after

	Tokens map[emr.Op]float64 // API tokens that may be taken now, promised ones included
}

// Snapshot counts what the engine holds at now. It costs one look at each group of each cluster; like Step it belongs to the
// run loop.
func (e *Engine) Snapshot(now Now) Snapshot {
	out := Snapshot{At: now, Scopes: make([]ScopeSnapshot, 0, len(e.scopes))}
	for _, s := range e.scopes {
		out.Scopes = append(out.Scopes, s.snapshot(now))
	}
	return out
}

func (s *scope) snapshot(now Now) ScopeSnapshot {
	out := ScopeSnapshot{Name: s.id, Unleased: s.unleased, Skew: s.clock.skewed}
	if !s.held {
		return out
	}
	at := s.now(now)
	out.Held, out.Listed, out.Generation = true, s.listed, s.lease.Generation
	out.Paused = s.whole.Paused != nil
	for _, t := range s.whole.Troubles {
		out.Unread, out.Deaf = out.Unread || t.Kind == "scope.unread", out.Deaf || t.Kind == "events.unread"
	}
	out.Clusters, out.Broken, out.InFlight = len(s.clusters), len(s.broken), len(s.flights)
	out.Tokens = make(map[emr.Op]float64, len(emr.Ops))
	for _, op := range emr.Ops {
		out.Tokens[op] = s.budget.State(op, at).Tokens
	}
	for _, c := range s.clusters { //archtest:sorted only sums and maxima are taken
		out.add(c, at)
	}
	return out
}

// add counts one cluster in.
func (o *ScopeSnapshot) add(c *cluster, at time.Time) {
	state := &c.state
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	count(&o.Withheld, state.Withheld != "")
	count(&o.Suspended, state.Suspended != nil)
	count(&o.Unusable, state.Unusable != nil)
	count(&o.Blind, state.Blind != nil)
	count(&o.Noticed, state.Terminating != nil && state.Terminating.Notice != nil)
	for i := range state.Scaling {
		count(&o.Deferred, state.Scaling[i].Deferred != nil)
	}
	o.Recoveries += len(state.Recoveries)
	for i := range state.Groups {
		if g := &state.Groups[i]; g.Role != emr.Master {
			o.Shortfall += g.Missing()
		}
	}
	for i := range state.Pools {
		p := &state.Pools[i]
		count(&o.Resting, p.Rest != nil && at.Before(p.Rest.Until))
		count(&o.Blocked, p.Blocked != nil)
		count(&o.Contested, p.Contested)
		for _, m := range p.Members {
			count(&o.Banned, m.Banned(at))
		}
	}
	if state.Read.IsZero() || state.Cluster.Collection == emr.Fleets {
		return
	}
	eff := c.effective()
	if eff.Mode == guard.Off {
		return
	}
	age := at.Sub(state.Read)
	o.OldestRead = max(o.OldestRead, age)
	count(&o.Late, age > eff.Settings.After/2)
}
