package desk

import (
	"context"
	"errors"
	"slices"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Explain finds out what a reference names and tells its story: a record or a recovery by its id; a cluster, group or pool by its id or, while
// it has not ended, by its name. A reference to nothing is a RequestError.
func (d Desk) Explain(ctx context.Context, w view.World, scope, ref string) (view.Explanation, error) {
	rec, err := d.Store.Record(ctx, ref)
	if err == nil {
		return d.explainRecord(ctx, w, scope, rec)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return view.Explanation{}, err
	}
	story, err := d.whole(ctx, store.Query{Scope: scope, Recovery: ref})
	if err != nil {
		return view.Explanation{}, err
	}
	if len(story) > 0 {
		story, err = d.withReads(ctx, scope, story)
		return w.ExplainRecovery(ref, story), err
	}
	return d.explainThing(ctx, w, scope, ref)
}

// explainThing tells a cluster, pool or group; one that has ended by its id.
func (d Desk) explainThing(ctx context.Context, w view.World, scope, ref string) (view.Explanation, error) {
	unknown := (*view.UnknownError)(nil)
	found, err := w.FindCluster(ref)
	if err != nil && !errors.As(err, &unknown) {
		return view.Explanation{}, &RequestError{err}
	}
	if err == nil {
		story, err := d.whole(ctx, store.Query{Scope: found.Scope, Cluster: string(found.Cluster)})
		return w.ExplainCluster(found, story), err
	}
	found, err = w.FindGroup(ref)
	if err != nil && !errors.As(err, &unknown) {
		return view.Explanation{}, &RequestError{err}
	}
	if err == nil {
		q := store.Query{Scope: found.Scope, Group: string(found.Group)}
		if _, notPool := w.FindPool(string(found.Group)); notPool == nil {
			q = store.Query{Scope: found.Scope, Pool: string(found.Group)}
		}
		story, err := d.whole(ctx, q)
		return w.ExplainGroup(found, story), err
	}
	for _, q := range []store.Query{{Scope: scope, Cluster: ref}, {Scope: scope, Group: ref}} {
		story, err := d.whole(ctx, q)
		if err != nil {
			return view.Explanation{}, err
		}
		if len(story) == 0 {
			continue
		}
		found := view.Found{Scope: story[0].Scope, Cluster: emr.ClusterID(story[0].Cluster)}
		if q.Cluster != "" {
			return w.ExplainCluster(found, story), nil
		}
		found.Group = emr.GroupID(ref)
		return w.ExplainGroup(found, story), nil
	}
	return view.Explanation{}, &RequestError{&view.UnknownError{What: "thing", Ref: ref}}
}

// explainRecord tells a record within its recovery, or within what happened to its group or cluster around it.
func (d Desk) explainRecord(ctx context.Context, w view.World, scope string, rec store.Record) (view.Explanation, error) {
	if rec.Recovery != "" {
		story, err := d.whole(ctx, store.Query{Scope: scope, Recovery: rec.Recovery})
		if err == nil && rec.Kind == "scaling.decided" {
			story, err = d.withDeferrals(ctx, scope, rec, story)
		}
		return w.ExplainRecord(rec, story), err
	}
	near := store.Query{Scope: rec.Scope, Cluster: rec.Cluster, Group: rec.Group, Limit: 20}
	before, after := near, near
	before.Before, after.After, after.Oldest = rec.Seq, rec.Seq, true
	story, err := d.Latest(ctx, before)
	if err != nil {
		return view.Explanation{}, err
	}
	rest, err := d.whole(ctx, after)
	return w.ExplainRecord(rec, append(story, rest...)), err
}

// withDeferrals puts what held back the pool's scaling before a decision in front of its story.
func (d Desk) withDeferrals(ctx context.Context, scope string, rec store.Record, story []store.Record) ([]store.Record, error) {
	led, err := d.Latest(ctx, store.Query{Scope: scope, Pool: rec.Pool, Kinds: []string{"scaling."}, Before: rec.Seq, Limit: 5})
	last := 0
	for i, before := range led {
		if before.Kind == "scaling.decided" {
			last = i + 1 // what came before that belongs to it
		}
	}
	return append(led[last:], story...), err
}

// withReads adds to a recovery's records what was seen of its pool meanwhile, and the read that showed the shortfall first.
func (d Desk) withReads(ctx context.Context, scope string, story []store.Record) ([]store.Record, error) {
	first, last := story[0], story[len(story)-1]
	if first.Pool == "" {
		return story, nil
	}
	q := store.Query{Scope: scope, Pool: first.Pool, Kinds: []string{"group.", "pool."}, Before: first.Seq, Limit: 5}
	led, err := d.Latest(ctx, q)
	if err != nil {
		return story, err
	}
	q.Before, q.After, q.Limit = last.Seq, first.Seq, 0
	meanwhile, err := d.whole(ctx, q)
	if err != nil {
		return story, err
	}
	for _, rec := range append(led, meanwhile...) {
		if rec.Recovery == "" {
			story = append(story, rec)
		}
	}
	slices.SortFunc(story, func(a, b store.Record) int { return int(a.Seq - b.Seq) })
	return story, nil
}

// whole reads a story from its beginning, as far as one page holds.
func (d Desk) whole(ctx context.Context, q store.Query) ([]store.Record, error) {
	q.Oldest = true
	if q.Limit == 0 {
		q.Limit = store.MaxPage
	}
	return d.History(ctx, q)
}
