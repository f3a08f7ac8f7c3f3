package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// keepLease takes, renews or loses the scope's lease and says whether it is held and trusted.
func (s *scope) keepLease(ctx context.Context, now Now) bool {
	if s.held && (now.Mono >= s.trust.Mono || !now.Wall.Before(s.trust.Wall)) {
		s.e.fault(s, "", errors.New("the lease could not be renewed in time; nothing is sent until it is held again"))
		s.drop()
	}
	if now.Mono < s.renew {
		s.e.next(Now{Mono: s.renew})
		return s.held
	}
	ttl := s.e.o.LeaseTTL
	var lapsed time.Time
	if !s.held {
		lapsed = s.lapsed(ctx, now)
	}
	lease, err := s.e.o.Store.Acquire(ctx, s.id, s.e.o.Owner, s.e.o.Note, now.Wall, ttl)
	s.renew = now.Mono + ttl/3
	s.e.next(Now{Mono: s.renew})
	switch {
	case errors.Is(err, store.ErrFenced):
		s.unleased = false // another has it: the store answers
		s.drop()
		return false
	case err != nil:
		s.unleased = true
		s.e.fault(s, "", fmt.Errorf("take the lease of scope %s: %w", s.id, err))
		return s.held
	}
	// The trust ends a sixth of the term early, so that clocks may differ a little and a call still leave.
	s.trust = now.Add(ttl - ttl/6)
	if s.held && lease.Generation == s.lease.Generation {
		s.lease, s.unleased = lease, false
		return true
	}
	s.drop()
	if lease.Generation != s.lease.Generation {
		s.budget = nil // who had the scope meanwhile took tokens, nobody knows how many: it begins anew, as in a process that starts
	}
	s.lease = lease
	if !lapsed.IsZero() && now.Wall.Sub(lapsed) > s.missed() {
		s.unwatched = lapsed
	}
	s.unleased = !s.load(ctx, now)
	return s.held
}

// drop forgets everything of a scope that is not owned any more. What was on its way is in the store; what this step was about to hand out
// stays here: it counts as lost with the next load, and must not leave after that.
func (s *scope) drop() {
	s.receiving, s.heard = false, false
	s.e.out.Calls = slices.DeleteFunc(s.e.out.Calls, func(c Call) bool { return c.Scope == s.id })
	s.held, s.clusters, s.flights, s.reads, s.wakes, s.listing, s.listed, s.queue, s.broken, s.ignored = false, nil, nil, nil, nil, nil, false, nil, nil, nil
	s.whole, s.wholeBroken, s.signs = wholeScope{}, false, signs{}
}

// load takes the scope's state out of the store: at a start and after a change of owner.
func (s *scope) load(ctx context.Context, now Now) bool {
	docs, err := s.e.o.Store.LoadScope(ctx, s.id)
	if err != nil {
		s.e.fault(s, "", fmt.Errorf("load scope %s: %w", s.id, err))
		if !errors.Is(err, store.ErrCorrupt) {
			return false
		}
	}
	at := s.now(now)
	if s.budget == nil {
		s.budget = budget.New(budget.Options{Share: s.Share, Rates: s.Rates}, at)
	}
	s.held = true
	s.queue = budget.NewQueue(s.budget)
	s.clusters, s.flights, s.reads = map[emr.ClusterID]*cluster{}, map[uint64]flight{}, map[*emr.MetricsWant]*metricsRead{}
	s.broken, s.ignored = map[string]error{}, map[emr.ClusterID]time.Time{}
	s.whole, s.wholeV, s.wholeBroken = wholeScope{}, 0, false
	s.signs = signs{stirred: true, lateAt: now.Mono, lookAt: now.Mono + lookEvery, readable: at, denials: map[denial]claim{}}
	s.orderAt = now.Mono
	s.relist()
	for _, doc := range docs {
		if s.held {
			s.loadDoc(ctx, now, doc)
		}
	}
	return s.held
}

func (s *scope) loadDoc(ctx context.Context, now Now, doc store.Document) {
	if doc.Cluster == scopeDoc {
		var p wholeScope
		if err := doc.Body.Decode(&p); err != nil {
			s.e.fault(s, doc.Cluster, fmt.Errorf("read the state of scope %s: %w; the scope counts as paused", s.id, err))
			s.wholeBroken, p = true, wholeScope{}
			p.Paused = &guard.Pause{Since: s.now(now), Author: "emrguard", Reason: "the stored state of the scope cannot be read"}
		}
		s.whole, s.wholeV = p, doc.Version
		return
	}
	state, err := decode(doc)
	if err != nil {
		s.broken[doc.Cluster] = err
		s.e.fault(s, doc.Cluster, fmt.Errorf("the stored state of %s is left as it is and the cluster alone: %w", doc.Key, err))
		return
	}
	c := &cluster{s: s, id: state.Cluster.ID, state: state, version: doc.Version, heapAt: -1}
	s.clusters[c.id] = c
	if state.Ended.IsZero() {
		c.decide(ctx, now, guard.Input{Lost: state.Pending != nil}, nil)
	}
}

// decode reads a stored document; one of a newer schema is an error.
func decode(doc store.Document) (guard.State, error) {
	var state guard.State
	if err := doc.Body.Decode(&state); err != nil {
		return state, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	if state.Schema > guard.Schema {
		return state, fmt.Errorf("%w: schema %d, this emrguard reads up to %d", store.ErrNewer, state.Schema, guard.Schema)
	}
	if string(state.Cluster.ID) != doc.Cluster {
		return state, fmt.Errorf("%w: it is the state of cluster %q", store.ErrCorrupt, state.Cluster.ID)
	}
	return state, state.Validate()
}
