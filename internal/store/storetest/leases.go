package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

func lease(b *bench) {
	first := b.acquire(scope, "a", t0)
	want := store.Lease{Scope: scope, Owner: "a", Generation: 1, Expires: t0.Add(ttl), Note: "host"}
	if diff := cmp.Diff(want, first); diff != "" {
		b.Fatal(diff)
	}
	renewed := b.acquire(scope, "a", t0.Add(ttl/2))
	if renewed.Generation != 1 || !renewed.Expires.Equal(t0.Add(ttl/2+ttl)) {
		b.Fatalf("renewed: %+v", renewed)
	}
	held, err := b.s.Acquire(b.ctx, scope, "b", "elsewhere", t0.Add(ttl), ttl)
	b.want(err, store.ErrFenced)
	if diff := cmp.Diff(renewed, held); diff != "" {
		b.Fatalf("the standing lease is not what was returned: %s", diff)
	}
	b.save(store.Save{Lease: renewed, Docs: []store.Document{document("j-1", 0)}})

	again := b.acquire(scope, "a", t0.Add(time.Hour)) // lapsed, but nobody took it
	if again.Generation != 1 {
		b.Fatalf("same owner after a lapse: %+v", again)
	}
	taken := b.acquire(scope, "b", again.Expires)
	if taken.Generation != 2 || taken.Owner != "b" {
		b.Fatalf("taken: %+v", taken)
	}
	other := b.acquire("other", "a", t0)
	leases, err := b.s.Leases(b.ctx)
	if diff := cmp.Diff([]store.Lease{other, taken}, leases); err != nil || diff != "" {
		b.Fatalf("leases: %v\n%s", err, diff)
	}
}

func release(b *bench) {
	first := b.acquire(scope, "a", t0)
	for _, not := range []store.Lease{
		{Scope: scope, Owner: "b", Generation: 1}, {Scope: scope, Owner: "a", Generation: 2}, {Scope: "other", Owner: "a", Generation: 1}, {},
	} {
		b.want(b.s.Release(b.ctx, not), nil)
	}
	b.save(store.Save{Lease: first, Docs: []store.Document{document("j-1", 0)}})
	b.want(b.s.Release(b.ctx, first), nil)
	b.want(b.s.Release(b.ctx, first), nil)
	b.want(b.s.Save(b.ctx, store.Save{Lease: first}), store.ErrFenced)
	leases, err := b.s.Leases(b.ctx)
	if err != nil || len(leases) != 1 || leases[0].Held(t0) || leases[0].Generation != 1 {
		b.Fatalf("released: %+v, %v", leases, err)
	}
	b.want(b.s.Save(b.ctx, store.Save{Lease: leases[0]}), store.ErrFenced)
	if next := b.acquire(scope, "b", t0); next.Generation != 2 {
		b.Fatalf("after a release: %+v", next)
	}
	b.want(b.s.Release(b.ctx, first), nil)
	if _, err := b.s.Acquire(b.ctx, scope, "a", "", t0, ttl); err == nil {
		b.Fatal("an old lease released a new one")
	}
}

func leaseArguments(b *bench) {
	for name, try := range map[string]func() (store.Lease, error){
		"no scope": func() (store.Lease, error) { return b.s.Acquire(b.ctx, "", "a", "", t0, ttl) },
		"no owner": func() (store.Lease, error) { return b.s.Acquire(b.ctx, scope, "", "", t0, ttl) },
		"no time":  func() (store.Lease, error) { return b.s.Acquire(b.ctx, scope, "a", "", t0, 0) },
		"the end of time": func() (store.Lease, error) {
			return b.s.Acquire(b.ctx, scope, "a", "", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), ttl)
		},
	} {
		if l, err := try(); err == nil || l != (store.Lease{}) {
			b.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	if leases, err := b.s.Leases(b.ctx); err != nil || len(leases) != 0 {
		b.Fatalf("leases: %v, %v", leases, err)
	}
}

func fencing(b *bench) {
	b.want(b.s.Save(b.ctx, store.Save{Lease: store.Lease{Scope: scope}, Docs: []store.Document{document("j-1", 0)}}), store.ErrFenced)
	old := b.acquire(scope, "a", t0)
	late := t0.Add(time.Hour)
	b.save(store.Save{Lease: old, Docs: []store.Document{document("j-1", 0)}})
	now := b.acquire(scope, "b", late)
	for name, l := range map[string]store.Lease{
		"the owner before":      old,
		"a wrong generation":    {Scope: scope, Owner: "b", Generation: now.Generation - 1},
		"a later generation":    {Scope: scope, Owner: "b", Generation: now.Generation + 1},
		"no owner":              {Scope: scope, Generation: now.Generation},
		"another owner's":       {Scope: scope, Owner: "c", Generation: now.Generation},
		"a scope without lease": {Scope: "other", Owner: "b", Generation: now.Generation},
	} {
		s := store.Save{Lease: l, Records: []store.Record{aRecord("r-"+name, "k")}}
		if l.Scope == scope {
			s.Docs = []store.Document{document("j-1", 1)}
		}
		if err := b.s.Save(b.ctx, s); err == nil {
			b.Errorf("saved with %s", name)
		} else {
			b.want(err, store.ErrFenced)
		}
	}
	b.ids(b.history(store.Query{}))
	if d, err := b.s.Load(b.ctx, key("j-1")); err != nil || d.Version != 1 {
		b.Fatalf("%+v, %v", d, err)
	}
	b.save(store.Save{Lease: now, Docs: []store.Document{document("j-1", 1)}})
}

// nothingWritten fails a save by each of its parts, with all the other parts right.
func nothingWritten(b *bench) {
	l := b.acquire(scope, "a", t0)
	order := func(id, scope string) {
		b.want(b.s.Submit(b.ctx, store.Order{ID: id, Scope: scope, At: t0, Body: json.RawMessage(`1`)}), nil)
	}
	order("o-1", scope)
	order("o-2", scope)
	order("o-3", "other")
	b.save(store.Save{Lease: l, Docs: []store.Document{document("j-1", 0)}, Records: []store.Record{aRecord("r-1", "k")},
		Orders: []store.Answer{{ID: "o-1", At: t0}}})
	good := func() store.Save {
		return store.Save{Lease: l, Docs: []store.Document{document("j-1", 1), document("j-2", 0)},
			Records: []store.Record{aRecord("r-2", "k"), aRecord("r-3", "k")}, Orders: []store.Answer{{ID: "o-2", At: t0}}}
	}
	for name, c := range map[string]struct {
		change func(*store.Save)
		want   error
	}{
		"lease":                  {func(s *store.Save) { s.Lease.Generation++ }, store.ErrFenced},
		"version":                {func(s *store.Save) { s.Docs[1].Version = 1 }, store.ErrConflict},
		"record there already":   {func(s *store.Save) { s.Records[1].ID = "r-1" }, store.ErrExists},
		"record twice":           {func(s *store.Save) { s.Records[1].ID = "r-2" }, store.ErrExists},
		"unknown order":          {func(s *store.Save) { s.Orders[0].ID = "o-9" }, store.ErrNotFound},
		"order of another scope": {func(s *store.Save) { s.Orders[0].ID = "o-3" }, store.ErrNotFound},
		"order answered":         {func(s *store.Save) { s.Orders[0].ID = "o-1" }, store.ErrConflict},
		"order twice":            {func(s *store.Save) { s.Orders = append(s.Orders, s.Orders[0]) }, store.ErrConflict},
	} {
		s := good()
		c.change(&s)
		err := b.s.Save(b.ctx, s)
		if err == nil {
			b.Fatalf("%s: saved", name)
		}
		b.want(err, c.want)
		b.ids(b.history(store.Query{}), "r-1")
		if d, err := b.s.Load(b.ctx, key("j-1")); err != nil || d.Version != 1 {
			b.Fatalf("%s: %+v, %v", name, d, err)
		}
		if open, err := b.s.Orders(b.ctx, scope); err != nil || len(open) != 1 || open[0].ID != "o-2" {
			b.Fatalf("%s: %+v, %v", name, open, err)
		}
	}
	b.save(good())
}

func concurrentOwners(b *bench) {
	const owners, rounds = 4, 20
	var all sync.WaitGroup
	var mu sync.Mutex
	winners := map[int64]string{}
	for i := range owners {
		all.Go(func() {
			owner := fmt.Sprintf("owner-%d", i)
			for round := range rounds {
				now := t0.Add(time.Duration(round) * time.Hour)
				l, err := b.s.Acquire(b.ctx, scope, owner, "", now, ttl)
				if err != nil {
					continue
				}
				mu.Lock()
				if was := winners[l.Generation]; was != "" && was != owner {
					b.Errorf("generation %d belongs to %s and %s", l.Generation, was, owner)
				}
				winners[l.Generation] = owner
				mu.Unlock()
				r := aRecord(fmt.Sprintf("r-%d-%d", i, round), "k")
				r.Group = fmt.Sprint(l.Generation)
				r.Author = owner
				_ = b.s.Save(b.ctx, store.Save{Lease: l, Records: []store.Record{r}}) // fenced if another was faster
			}
		})
	}
	all.Wait()
	records, err := b.s.History(b.ctx, store.Query{Limit: 1000, Oldest: true})
	if err != nil || len(records) == 0 {
		b.Fatalf("%d records, %v", len(records), err)
	}
	last := 0
	for _, r := range records {
		var generation int
		if _, err := fmt.Sscan(r.Group, &generation); err != nil || generation < last {
			b.Fatalf("generation %d saved after %d", generation, last)
		}
		if winners[int64(generation)] != r.Author {
			b.Fatalf("%s saved in the generation of %s", r.Author, winners[int64(generation)])
		}
		last = generation
	}
}

func cancelled(b *bench) {
	l := b.acquire(scope, "a", t0)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, err := b.s.Load(ctx, key("j-1"))
	b.want(err, context.Canceled)
	b.want(b.s.Save(ctx, store.Save{Lease: l, Docs: []store.Document{document("j-1", 0)}}), context.Canceled)
	_, err = b.s.History(ctx, store.Query{})
	b.want(err, context.Canceled)
	b.want(b.s.Check(ctx), context.Canceled)
	_, err = b.s.Load(b.ctx, key("j-1"))
	b.want(err, store.ErrNotFound)
	b.save(store.Save{Lease: l, Docs: []store.Document{document("j-1", 0)}})
}

func closed(b *bench) {
	l := b.acquire(scope, "a", t0)
	id := b.s.ID()
	b.want(b.s.Close(), nil)
	b.want(b.s.Close(), nil)
	if b.s.ID() != id {
		b.Fatal("the identity changed")
	}
	if err := b.s.Save(b.ctx, store.Save{Lease: l}); err == nil {
		b.Fatal("saved after close")
	}
	if _, err := b.s.LoadScope(b.ctx, scope); err == nil {
		b.Fatal("read after close")
	}
}
