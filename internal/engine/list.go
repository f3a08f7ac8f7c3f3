package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// listing is a ListClusters under way, page by page.
type listing struct {
	clusters []emr.ClusterSummary
}

const listKey = "list"

// ignoreFor is how long a cluster that no rule matches is left alone before its tags are read again; they may change.
const ignoreFor = 6 * time.Hour

// listEvery is how often the clusters of a scope are listed: new clusters are to be met soon, and one call serves 50 of them.
func (s *scope) listEvery() time.Duration { return min(s.Sweep, time.Minute) }

// relist asks for the list of clusters at once.
func (s *scope) relist() {
	s.ignored = map[emr.ClusterID]time.Time{}
	if s.queue != nil && s.listing == nil {
		s.queue.Set(budget.Want{Key: listKey, Call: emr.Call{Op: emr.ListClusters}, Class: budget.Hint})
	}
}

func (s *scope) completeList(ctx context.Context, now Now, done Completion) {
	at := s.now(now)
	if err := done.Result.Err; err != nil {
		s.listing = nil
		s.e.fault(s, "", fmt.Errorf("ListClusters: %w", err))
		s.queue.Set(budget.Want{Key: listKey, Call: emr.Call{Op: emr.ListClusters}, Class: budget.Hint, Due: at.Add(s.listEvery() / 4)})
		return
	}
	s.listing.clusters = append(s.listing.clusters, done.Result.Clusters...)
	if m := done.Result.Marker; m != "" {
		s.queue.Set(budget.Want{Key: listKey, Call: emr.Call{Op: emr.ListClusters, Marker: m}, Class: budget.Hint, Due: at})
		return
	}
	clusters := s.listing.clusters
	s.listing = nil
	s.listed = true
	s.queue.Set(budget.Want{Key: listKey, Call: emr.Call{Op: emr.ListClusters}, Class: budget.Hint, Due: at.Add(s.listEvery())})
	s.meetAll(ctx, now, clusters)
	if s.held {
		s.receive(at) // not before: the events of a cluster that is not known yet are deleted
	}
}

// meetAll compares the list with what is known.
func (s *scope) meetAll(ctx context.Context, now Now, list []emr.ClusterSummary) {
	seen := make(map[emr.ClusterID]bool, len(list))
	for _, summary := range list {
		if !s.held {
			return
		}
		if seen[summary.ID] {
			continue // two pages may overlap when clusters start or end between them
		}
		seen[summary.ID] = true
		c := s.clusters[summary.ID]
		switch {
		case c == nil && (summary.State.Ended() || s.now(now).Before(s.ignored[summary.ID])):
		case c == nil:
			s.meet(ctx, now, summary)
		case summary.State != c.state.Cluster.State:
			c.decide(ctx, now, guard.Input{Gone: &guard.Gone{State: summary.State}}, nil)
		}
	}
	if !s.held {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if c := s.clusters[id]; !seen[id] {
			// Absence alone proves nothing; a description says whether it ended.
			s.queue.Set(c.want(guard.Need{Op: emr.DescribeCluster, Due: s.now(now), Class: guard.ClassHint}))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.ignored)) {
		if !seen[id] {
			delete(s.ignored, id)
		}
	}
}

// meet begins to watch a cluster that a rule may match.
func (s *scope) meet(ctx context.Context, now Now, summary emr.ClusterSummary) {
	if s.broken[string(summary.ID)] != nil {
		return
	}
	if !s.e.o.Policy.Candidate(s.id, summary) {
		s.ignored[summary.ID] = s.now(now).Add(ignoreFor)
		return
	}
	delete(s.ignored, summary.ID)
	doc, err := s.e.o.Store.Load(ctx, store.Key{Scope: s.id, Cluster: string(summary.ID)})
	switch {
	case err == nil: // it was watched before: under other rules, or it was not found for a while
		s.loadDoc(ctx, now, doc)
		if c := s.clusters[summary.ID]; c != nil {
			c.decide(ctx, now, guard.Input{Gone: &guard.Gone{State: summary.State}}, nil)
		}
		return
	case !errors.Is(err, store.ErrNotFound): // nothing is known of the document, so the next list tries again
		s.e.fault(s, string(summary.ID), fmt.Errorf("the stored state of %s could not be loaded, and the cluster is left alone until the next list: %w", summary.ID, err))
		return
	}
	c := &cluster{s: s, id: summary.ID, state: guard.New(s.id, summary), heapAt: -1}
	s.clusters[c.id] = c
	c.decide(ctx, now, guard.Input{}, nil)
}
