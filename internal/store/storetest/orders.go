package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

func order(id string) store.Order {
	return store.Order{ID: id, Scope: scope, Cluster: "j-1", At: t0, Author: "ann", Body: json.RawMessage(`{"ban": "ig-1"}`)}
}

func orders(b *bench) {
	want := []store.Order{order("o-2"), order("o-1"), order("o-3")}
	want[1].Cluster, want[1].At = "", t0.Add(-time.Hour)
	for _, o := range want {
		b.want(b.s.Submit(b.ctx, o), nil)
	}
	b.want(b.s.Submit(b.ctx, order("o-1")), store.ErrExists)
	other := order("o-4")
	other.Scope = "other"
	b.want(b.s.Submit(b.ctx, other), nil)
	got, err := b.s.Orders(b.ctx, scope)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		b.Fatalf("orders: %v\n%s", err, diff)
	}
	for _, o := range append(want, other) {
		got, err := b.s.Submitted(b.ctx, o.ID)
		if diff := cmp.Diff(o, got); err != nil || diff != "" {
			b.Fatalf("order: %v\n%s", err, diff)
		}
	}
	_, err = b.s.Submitted(b.ctx, "o-9")
	b.want(err, store.ErrNotFound)
	for name, change := range map[string]func(*store.Order){
		"no id":    func(o *store.Order) { o.ID = "" },
		"no scope": func(o *store.Order) { o.Scope = "" },
		"not JSON": func(o *store.Order) { o.Body = nil },
		"too long": func(o *store.Order) { o.Body = json.RawMessage(`"` + strings.Repeat("x", store.MaxRecord) + `"`) },
		"too late": func(o *store.Order) { o.At = t0.AddDate(9000, 0, 0) },
	} {
		o := order("o-9")
		change(&o)
		if err := b.s.Submit(b.ctx, o); err == nil {
			b.Errorf("%s was submitted", name)
		}
	}
}

func answers(b *bench) {
	l := b.acquire(scope, "a", t0)
	for i := range 3 {
		b.want(b.s.Submit(b.ctx, order(fmt.Sprintf("o-%d", i))), nil)
	}
	_, err := b.s.Answered(b.ctx, "o-1")
	b.want(err, store.ErrNotFound)
	_, err = b.s.Answered(b.ctx, "unknown")
	b.want(err, store.ErrNotFound)
	no := store.Answer{ID: "o-1", At: t0.Add(time.Second), Refused: true, Text: "no such group"}
	yes := store.Answer{ID: "o-0", At: t0, Text: "banned until noon"}
	b.save(store.Save{Lease: l, Docs: []store.Document{document("j-1", 0)}, Orders: []store.Answer{no, yes}})
	for _, want := range []store.Answer{no, yes} {
		got, err := b.s.Answered(b.ctx, want.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			b.Fatalf("answer: %v\n%s", err, diff)
		}
	}
	if got, err := b.s.Submitted(b.ctx, "o-1"); err != nil || got.ID != "o-1" {
		b.Fatalf("an order that was answered: %+v, %v", got, err)
	}
	left, err := b.s.Orders(b.ctx, scope)
	if err != nil || len(left) != 1 || left[0].ID != "o-2" {
		b.Fatalf("left: %+v, %v", left, err)
	}
	b.want(b.s.Submit(b.ctx, order("o-1")), store.ErrExists)
}

func scopes(b *bench) {
	check := func(want ...string) {
		b.Helper()
		got, err := b.s.Scopes(b.ctx)
		if err != nil {
			b.Fatal(err)
		}
		b.ids(got, want...)
	}
	check()
	o := order("o-1")
	o.Scope = "c"
	b.want(b.s.Submit(b.ctx, o), nil)
	l := b.acquire("b", "a", t0)
	check("b", "c")
	d := document("j-1", 0)
	d.Scope, d.Ended = "b", true
	b.save(store.Save{Lease: l, Docs: []store.Document{d}})
	b.acquire("a", "a", t0)
	check("a", "b", "c")
}

func prune(b *bench) {
	l := b.acquire(scope, "a", t0)
	at := func(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }
	s := store.Save{Lease: l}
	for i, name := range []string{"old", "edge", "new"} {
		for _, ended := range []bool{true, false} {
			d := document(fmt.Sprintf("j-%s-%v", name, ended), 0)
			d.Ended, d.Saved = ended, at(i)
			s.Docs = append(s.Docs, d)
		}
		r := aRecord("r-"+name, "k")
		r.At = at(i)
		s.Records = append(s.Records, r)
		for _, answer := range []bool{true, false} {
			o := order(fmt.Sprintf("o-%s-%v", name, answer))
			o.At = at(-10)
			b.want(b.s.Submit(b.ctx, o), nil)
			if answer {
				s.Orders = append(s.Orders, store.Answer{ID: o.ID, At: at(i)})
			}
		}
	}
	b.save(s)
	for _, limit := range []int{0, -1} {
		if n, err := b.s.Prune(b.ctx, at(1), limit); err != nil || n != 0 {
			b.Fatalf("limit %d: pruned %d, %v", limit, n, err)
		}
	}
	if n, err := b.s.Prune(b.ctx, at(1), 100); err != nil || n != 3 {
		b.Fatalf("pruned %d, %v; want a record, a document and an order", n, err)
	}
	b.ids(b.history(store.Query{}), "r-new", "r-edge")
	_, err := b.s.Load(b.ctx, key("j-old-true"))
	b.want(err, store.ErrNotFound)
	for _, kept := range []string{"j-old-false", "j-edge-true", "j-edge-false", "j-new-true", "j-new-false"} {
		if _, err := b.s.Load(b.ctx, key(kept)); err != nil {
			b.Fatal(err)
		}
	}
	_, err = b.s.Answered(b.ctx, "o-old-true")
	b.want(err, store.ErrNotFound)
	if _, err := b.s.Answered(b.ctx, "o-edge-true"); err != nil {
		b.Fatal(err)
	}
	if open, err := b.s.Orders(b.ctx, scope); err != nil || len(open) != 3 {
		b.Fatalf("open orders: %+v, %v", open, err)
	}
	if n, err := b.s.Prune(b.ctx, at(1), 100); err != nil || n != 0 {
		b.Fatalf("pruned %d again, %v", n, err)
	}
}

func pruneLimit(b *bench) {
	b.past(10, func(i int, r *store.Record) { r.At = t0.Add(-time.Duration(i) * time.Minute) })
	if n, err := b.s.Prune(b.ctx, t0.Add(time.Hour), 7); err != nil || n != 7 {
		b.Fatalf("pruned %d, %v", n, err)
	}
	b.ids(b.history(store.Query{}), "r-2", "r-1", "r-0") // the oldest went first
	_, err := b.s.Record(b.ctx, "r-9")
	b.want(err, store.ErrNotFound)
	if n, err := b.s.Prune(b.ctx, t0.Add(time.Hour), 7); err != nil || n != 3 {
		b.Fatalf("pruned %d, %v", n, err)
	}
}

func pruneFollow(b *bench) {
	l := b.acquire(scope, "a", t0)
	b.save(store.Save{Lease: l, Records: []store.Record{aRecord("r-1", "k"), aRecord("r-2", "k")}})
	page, err := b.s.History(b.ctx, store.Query{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.s.Prune(b.ctx, t0.Add(time.Hour), 10); err != nil {
		b.Fatal(err)
	}
	b.save(store.Save{Lease: l, Records: []store.Record{aRecord("r-1", "k")}}) // the id is free again, the number is not
	b.ids(b.history(store.Query{After: page[0].Seq, Oldest: true}), "r-1")
}
