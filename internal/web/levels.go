package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// The chart of capacity: how far back it goes, and how many points it has at most.
const (
	chartFor    = 24 * time.Hour
	chartPoints = 240
)

// levels follows the counts of all groups over the last day, so that a page does not read the day anew. The first page after a start reads it once.
type levels struct {
	mu    sync.Mutex // held while records are read
	store store.Store
	seq   int64 // of the newest record taken in
	known *view.Levels
}

// capacity is the last day of a scope, a cluster or, with both empty, of all.
func (l *levels) capacity(ctx context.Context, now *snapshot, scope, cluster string) (view.Capacity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || l.store != now.desk.Store {
		l.known, l.store, l.seq = view.NewLevels(), now.desk.Store, 0
	}
	from := now.Now.Add(-chartFor)
	q := store.Query{Kinds: view.LevelKinds()}
	if l.seq == 0 {
		q.From = from
		if err := l.read(ctx, store.Query{Kinds: view.LevelLeadKinds(), From: from.Add(-view.Lead), To: from}); err != nil {
			return view.Capacity{}, err
		}
	}
	if err := l.read(ctx, q); err != nil {
		return view.Capacity{}, err
	}
	l.known.Forget(from)
	return l.known.Capacity(now.World, from, now.Now, chartPoints, func(k store.Key) bool {
		return (scope == "" || k.Scope == scope) && (cluster == "" || k.Cluster == cluster)
	}), nil
}

// read takes in what was written since the last time, but for what cannot be read.
func (l *levels) read(ctx context.Context, q store.Query) error {
	q.Oldest, q.Limit = true, 2000
	for {
		q.After = l.seq
		records, err := l.store.History(ctx, q)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		for _, r := range records {
			l.known.Add(r)
			l.seq = r.Seq
		}
		if len(records) == 0 || err == nil && len(records) < q.Limit {
			return nil
		}
	}
}
