package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

func newExplainCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Tell the whole story of a decision, recovery, group, pool or cluster",
		Long: `explain tells one thing in order: what was seen, what was decided and why, what it was made on, and what came of it. ID is that of a
record of the history, a recovery, a group, a pool or a cluster; groups, pools and clusters may be named, too.

` + jsonHelp(view.Explanation{}),
		Example: `  emrguard explain etl/task
  emrguard explain rt8xk2a-1f
  emrguard explain 2ETL000000002-14 --output json`,
		Args: cobra.ExactArgs(1),
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.store.Close() //nolint:errcheck // only read
		e, err := explain(cmd.Context(), r, o, args[0])
		if err != nil {
			return err
		}
		if out.JSON() {
			return writeJSON(d.Stdout, e)
		}
		return e.Write(d.Stdout)
	}
	return cmd
}

// explain finds out what the reference names and tells its story.
func explain(ctx context.Context, r *reader, o *opened, ref string) (view.Explanation, error) {
	rec, err := o.store.Record(ctx, ref)
	if err == nil {
		return explainRecord(ctx, r, o, rec)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return view.Explanation{}, err
	}
	story, err := whole(ctx, o.store, r.query(store.Query{Recovery: ref}))
	if err != nil {
		return view.Explanation{}, err
	}
	if len(story) > 0 {
		story, err = withReads(ctx, r, o, story)
		return o.world.ExplainRecovery(ref, story), err
	}
	return explainThing(ctx, r, o, ref)
}

// explainThing tells a cluster, pool or group; one that has ended by its id.
func explainThing(ctx context.Context, r *reader, o *opened, ref string) (view.Explanation, error) {
	unknown := (*view.UnknownError)(nil)
	found, err := o.world.FindCluster(ref)
	if err != nil && !errors.As(err, &unknown) {
		return view.Explanation{}, usageError("%w", err)
	}
	if err == nil {
		story, err := whole(ctx, o.store, store.Query{Scope: found.Scope, Cluster: string(found.Cluster)})
		return o.world.ExplainCluster(found, story), err
	}
	found, err = o.world.FindGroup(ref)
	if err != nil && !errors.As(err, &unknown) {
		return view.Explanation{}, usageError("%w", err)
	}
	if err == nil {
		q := store.Query{Scope: found.Scope, Group: string(found.Group)}
		if _, notPool := o.world.FindPool(string(found.Group)); notPool == nil {
			q = store.Query{Scope: found.Scope, Pool: string(found.Group)}
		}
		story, err := whole(ctx, o.store, q)
		return o.world.ExplainGroup(found, story), err
	}
	for _, q := range []store.Query{{Cluster: ref}, {Group: ref}} {
		story, err := whole(ctx, o.store, r.query(q))
		if err != nil {
			return view.Explanation{}, err
		}
		if len(story) == 0 {
			continue
		}
		found := view.Found{Scope: story[0].Scope, Cluster: emr.ClusterID(story[0].Cluster)}
		if q.Cluster != "" {
			return o.world.ExplainCluster(found, story), nil
		}
		found.Group = emr.GroupID(ref)
		return o.world.ExplainGroup(found, story), nil
	}
	return view.Explanation{}, usageError("nothing is called %q: no record, recovery, cluster, pool or group; `emrguard status` and `emrguard history` list what there is", ref)
}

// explainRecord tells a record within its recovery, or within what happened to its group or cluster around it.
func explainRecord(ctx context.Context, r *reader, o *opened, rec store.Record) (view.Explanation, error) {
	if rec.Recovery != "" {
		story, err := whole(ctx, o.store, r.query(store.Query{Recovery: rec.Recovery}))
		if err == nil && rec.Kind == "scaling.decided" {
			story, err = withDeferrals(ctx, r, o, rec, story)
		}
		return o.world.ExplainRecord(rec, story), err
	}
	near := store.Query{Scope: rec.Scope, Cluster: rec.Cluster, Group: rec.Group, Limit: 20}
	before, after := near, near
	before.Before, after.After, after.Oldest = rec.Seq, rec.Seq, true
	story, err := latest(ctx, o.store, before)
	if err != nil {
		return view.Explanation{}, err
	}
	rest, err := whole(ctx, o.store, after)
	return o.world.ExplainRecord(rec, append(story, rest...)), err
}

// withDeferrals puts what held back the pool's scaling before a decision in front of its story.
func withDeferrals(ctx context.Context, r *reader, o *opened, rec store.Record, story []store.Record) ([]store.Record, error) {
	led, err := latest(ctx, o.store, r.query(store.Query{Pool: rec.Pool, Kinds: []string{"scaling."}, Before: rec.Seq, Limit: 5}))
	last := 0
	for i, before := range led {
		if before.Kind == "scaling.decided" {
			last = i + 1 // what came before that belongs to it
		}
	}
	return append(led[last:], story...), err
}

// whole reads a story from its beginning, as far as one page holds.
func whole(ctx context.Context, s store.Store, q store.Query) ([]store.Record, error) {
	q.Oldest = true
	if q.Limit == 0 {
		q.Limit = store.MaxPage
	}
	records, err := s.History(ctx, q)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, err
	}
	return records, nil
}

// withReads adds to a recovery's records what was seen of its pool meanwhile, and the read that showed the shortfall first.
func withReads(ctx context.Context, r *reader, o *opened, story []store.Record) ([]store.Record, error) {
	first, last := story[0], story[len(story)-1]
	if first.Pool == "" {
		return story, nil
	}
	q := r.query(store.Query{Pool: first.Pool, Kinds: []string{"group.", "pool."}, Before: first.Seq, Limit: 5})
	led, err := latest(ctx, o.store, q)
	if err != nil {
		return story, err
	}
	q.Before, q.After, q.Limit = last.Seq, first.Seq, 0
	meanwhile, err := whole(ctx, o.store, q)
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
