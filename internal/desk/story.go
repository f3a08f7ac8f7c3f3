package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Part is a part of a story: its newest records, or the newest before one.
type Part struct {
	Before int64 // only what was written before this record's number; 0: all
	Limit  int   // 1 to store.MaxPage; a few more may be told that led to the story
}

// Explain finds out what a reference names and tells its story: a record or a recovery by its id; a cluster, group or pool by its id or, while
// it has not ended, by its name. Of a long story it tells a part; a record is told with what was around it, whatever the part. A reference to nothing
// is a RequestError.
func (d Desk) Explain(ctx context.Context, w view.World, scope, ref string, part Part) (view.Explanation, error) {
	rec, err := d.Store.Record(ctx, ref)
	if err == nil {
		return d.explainRecord(ctx, w, rec)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return view.Explanation{}, err
	}
	key, err := d.FindRecovery(ctx, scope, ref)
	if unknown := (*view.UnknownError)(nil); errors.As(err, &unknown) {
		return d.explainThing(ctx, w, scope, ref, part)
	}
	if err != nil {
		return view.Explanation{}, err
	}
	return d.explainRecovery(ctx, w, key, part)
}

// FindRecovery finds a recovery by scope/cluster/recovery or by its id, if only one cluster has a recovery of that id. One that there is not, and
// an id that names several, is a RequestError.
func (d Desk) FindRecovery(ctx context.Context, scope, ref string) (store.RecoveryKey, error) {
	if key, ok := store.ParseRecoveryKey(ref); ok {
		known, err := d.recorded(ctx, key.Query())
		if err == nil && (!known || scope != "" && scope != key.Scope) {
			err = &RequestError{&view.UnknownError{What: "recovery", Ref: ref}}
		}
		return key, err
	}
	begun, err := d.History(ctx, store.Query{Scope: scope, Recovery: ref, Kinds: []string{"recovery.open"}, Limit: store.MaxPage})
	if err == nil && len(begun) == 0 { // its beginning is not kept any more
		begun, err = d.History(ctx, store.Query{Scope: scope, Recovery: ref, Limit: 1})
	}
	switch {
	case err != nil:
		return store.RecoveryKey{}, err
	case len(begun) == 0:
		return store.RecoveryKey{}, &RequestError{&view.UnknownError{What: "recovery", Ref: ref}}
	case len(begun) > 1:
		return store.RecoveryKey{}, &RequestError{view.AmbiguousRecovery(ref, begun)}
	}
	return store.RecoveryKey{Key: begun[0].Key, Recovery: ref}, nil
}

// explainThing tells a cluster, pool or group; one that has ended by its id.
func (d Desk) explainThing(ctx context.Context, w view.World, scope, ref string, part Part) (view.Explanation, error) {
	unknown := (*view.UnknownError)(nil)
	found, err := w.FindCluster(ref)
	if err != nil && !errors.As(err, &unknown) {
		return view.Explanation{}, &RequestError{err}
	}
	if err == nil {
		story, older, err := d.newest(ctx, store.Query{Scope: found.Scope, Cluster: string(found.Cluster)}, part)
		return longer(w.ExplainCluster(found, story), older), err
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
		story, older, err := d.newest(ctx, q, part)
		return longer(w.ExplainGroup(found, story), older), err
	}
	for _, q := range []store.Query{{Scope: scope, Cluster: ref}, {Scope: scope, Group: ref}} {
		q.Limit = 1
		one, err := d.History(ctx, q)
		if err != nil {
			return view.Explanation{}, err
		}
		if len(one) == 0 {
			continue
		}
		story, older, err := d.newest(ctx, q, part)
		found := view.Found{Scope: one[0].Scope, Cluster: emr.ClusterID(one[0].Cluster)}
		if q.Cluster != "" {
			return longer(w.ExplainCluster(found, story), older), err
		}
		found.Group = emr.GroupID(ref)
		return longer(w.ExplainGroup(found, story), older), err
	}
	return view.Explanation{}, &RequestError{&view.UnknownError{What: "thing", Ref: ref}}
}

// longer notes that a story goes on before what is told.
func longer(e view.Explanation, older int64) view.Explanation {
	e.Older = older
	return e
}

// newest reads a part of what a query finds, oldest first, and says what to give as Before for the part before it, 0 at the beginning.
func (d Desk) newest(ctx context.Context, q store.Query, part Part) (records []store.Record, older int64, err error) {
	q.Before, q.Limit = part.Before, part.Limit
	records, err = d.Latest(ctx, q)
	if len(records) == q.Limit {
		older = records[0].Seq
	}
	return records, older, err
}

// explainRecord tells a record within its recovery, or within what happened to its group or cluster around it.
func (d Desk) explainRecord(ctx context.Context, w view.World, rec store.Record) (view.Explanation, error) {
	near := store.Query{Scope: rec.Scope, Cluster: rec.Cluster, Recovery: rec.Recovery, Limit: view.Around}
	if rec.Recovery == "" {
		near.Group = rec.Group
	}
	before, after := near, near
	before.Before, after.After, after.Oldest = rec.Seq, rec.Seq, true
	story, err := d.Latest(ctx, before)
	if err == nil && rec.Recovery != "" && rec.Kind == "scaling.decided" {
		story, err = d.withDeferrals(ctx, rec, story)
	}
	if err != nil {
		return view.Explanation{}, err
	}
	rest, err := d.History(ctx, after)
	return w.ExplainRecord(rec, append(story, rest...)), err
}

// withDeferrals puts what held back the pool's scaling before a decision in front of its story.
func (d Desk) withDeferrals(ctx context.Context, rec store.Record, story []store.Record) ([]store.Record, error) {
	led, err := d.Latest(ctx, store.Query{Scope: rec.Scope, Cluster: rec.Cluster, Pool: rec.Pool, Kinds: []string{"scaling."}, Before: rec.Seq, Limit: 5})
	last := 0
	for i, before := range led {
		if before.Kind == "scaling.decided" {
			last = i + 1 // what came before that belongs to it
		}
	}
	return append(led[last:], story...), err
}

// explainRecovery tells a part of a recovery's story.
func (d Desk) explainRecovery(ctx context.Context, w view.World, key store.RecoveryKey, part Part) (view.Explanation, error) {
	closed, err := d.closing(ctx, key)
	if err != nil {
		return view.Explanation{}, err
	}
	chain, err := d.chain(ctx, key, closed)
	if err != nil {
		return view.Explanation{}, err
	}
	story, older, err := d.recovery(ctx, w, key, part)
	return longer(w.ExplainRecovery(key, closed, story, chain), older), err
}

// closing is the record that closed a recovery; none while it is open.
func (d Desk) closing(ctx context.Context, key store.RecoveryKey) ([]store.Record, error) {
	q := key.Query()
	q.Kinds, q.Limit = view.Outcomes(), 1
	return d.History(ctx, q)
}

// recovery reads a part of a recovery's story, oldest first: its records and what was seen of its pool meanwhile; at its beginning also what was seen since
// instances were missing. Kinds, if there are any, restrict it. Without a record there is no story.
func (d Desk) recovery(ctx context.Context, w view.World, key store.RecoveryKey, part Part, kinds ...string) (story []store.Record, older int64, err error) {
	own := key.Query()
	first := own
	first.Oldest, first.Limit = true, 1
	begin, err := d.History(ctx, first)
	if err != nil || len(begin) == 0 {
		return nil, 0, err
	}
	closed, err := d.closing(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	own.Kinds = kinds
	story, older, err = d.newest(ctx, own, part)
	if err != nil || begin[0].Pool == "" {
		return story, older, err
	}
	q := store.Query{Scope: key.Scope, Cluster: key.Cluster, Pool: begin[0].Pool, Kinds: []string{"group.", "pool."}, After: begin[0].Seq}
	if len(kinds) > 0 {
		q.Kinds = slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !strings.HasPrefix(k, "group.") && !strings.HasPrefix(k, "pool.") })
	}
	isOpen := slices.ContainsFunc(w.Recoveries(nil).Recoveries, func(r view.RecoveryStatus) bool { return r.Key() == key })
	switch {
	case len(closed) > 0:
		q.To = closed[0].At.Add(time.Millisecond) // with what follows from its end, such as a rest
	case !isOpen: // nobody knows how it ended: until the last that is of it
		latest := key.Query()
		latest.Limit = 1
		last, err := d.History(ctx, latest)
		if err != nil || len(last) == 0 {
			return nil, 0, err
		}
		q.To = last[0].At.Add(time.Millisecond)
	}
	meanwhile, more, err := d.newest(ctx, q, part)
	if err != nil {
		return nil, 0, err
	}
	older = max(older, more) // before it one of the two is not read
	story = slices.DeleteFunc(seen(story, meanwhile), func(r store.Record) bool { return r.Seq < older })
	if len(story) > part.Limit {
		story = story[len(story)-part.Limit:]
		older = story[0].Seq
	}
	if older > 0 {
		return story, older, nil
	}
	q.After, q.Before, q.To, q.Limit = 0, least(part.Before, begin[0].Seq), time.Time{}, ledUndated
	if since, _ := view.SinceOf(begin[0]); !since.IsZero() {
		q.From, q.Limit = since, ledMost // no read that shows the change is older than its date
	}
	led, err := d.Latest(ctx, q)
	return seen(story, led), 0, err
}

// How many records are told of the time before a recovery: since instances were missing, and where nobody knows since when.
const (
	ledMost    = 30
	ledUndated = 5
)

// seen adds to a recovery's records what was seen and belongs to no recovery, in the order of writing.
func seen(story, more []store.Record) []store.Record {
	for _, rec := range more {
		if rec.Recovery == "" {
			story = append(story, rec)
		}
	}
	slices.SortFunc(story, func(a, b store.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return story
}

// least is the lesser of two numbers of records, of which 0 stands for none.
func least(a, b int64) int64 {
	if a == 0 {
		return b
	}
	return min(a, b)
}
