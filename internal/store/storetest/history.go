package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

// past saves records r-0 to r-(n-1), a minute apart, made different by change.
func (b *bench) past(n int, change func(i int, r *store.Record)) {
	b.Helper()
	l := b.acquire(scope, "a", t0)
	s := store.Save{Lease: l}
	for i := range n {
		r := aRecord(fmt.Sprintf("r-%d", i), "k")
		r.At = t0.Add(time.Duration(i) * time.Minute)
		change(i, &r)
		s.Records = append(s.Records, r)
	}
	b.save(s)
}

func historyFields(b *bench) {
	b.past(8, func(i int, r *store.Record) {
		half := func(bit int, is string) string {
			if i&bit != 0 {
				return is
			}
			return ""
		}
		r.Cluster, r.Group, r.Pool, r.Recovery = half(1, "j-1"), half(2, "g"), half(4, "p"), half(3, "x")
		if i >= 6 {
			r.Scope = "other"
		}
	})
	b.ids(b.history(store.Query{}), "r-7", "r-6", "r-5", "r-4", "r-3", "r-2", "r-1", "r-0")
	b.ids(b.history(store.Query{Oldest: true, Limit: 2}), "r-0", "r-1")
	b.ids(b.history(store.Query{Scope: "other"}), "r-7", "r-6")
	b.ids(b.history(store.Query{Scope: "nobody"}))
	b.ids(b.history(store.Query{Cluster: "j-1"}), "r-7", "r-5", "r-3", "r-1")
	b.ids(b.history(store.Query{Scope: scope, Cluster: "j-1"}), "r-5", "r-3", "r-1")
	b.ids(b.history(store.Query{Group: "g"}), "r-7", "r-6", "r-3", "r-2")
	b.ids(b.history(store.Query{Group: "g", Oldest: true}), "r-2", "r-3", "r-6", "r-7")
	b.ids(b.history(store.Query{Pool: "p"}), "r-7", "r-6", "r-5", "r-4")
	b.ids(b.history(store.Query{Pool: "p", Group: "g", Scope: "other"}), "r-7", "r-6")
	b.ids(b.history(store.Query{Recovery: "x"}), "r-7", "r-6", "r-5", "r-3", "r-2", "r-1")
	b.ids(b.history(store.Query{Recovery: "x", Kinds: []string{"no."}}))
}

func historyKinds(b *bench) {
	kinds := []string{"recovery", "recovery.stop", "recovery.start", "recoveryx", "recover", "scale.a", "scale.b.c", "recovery/", "recovery.stop"}
	b.past(len(kinds), func(i int, r *store.Record) { r.Kind = kinds[i] })
	b.ids(b.history(store.Query{Kinds: []string{"recovery."}}), "r-8", "r-2", "r-1")
	b.ids(b.history(store.Query{Kinds: []string{"recovery"}}), "r-0")
	b.ids(b.history(store.Query{Kinds: []string{"recovery.stop", "scale."}}), "r-8", "r-6", "r-5", "r-1")
	b.ids(b.history(store.Query{Kinds: []string{"recovery.stop", "recovery."}, Limit: 2, Oldest: true}), "r-1", "r-2")
	b.ids(b.history(store.Query{Kinds: []string{"scale.b."}, Cluster: "j-1"}), "r-6")
	b.ids(b.history(store.Query{Kinds: []string{"recovery.", "recover"}, From: t0.Add(2 * time.Minute)}), "r-8", "r-4", "r-2")
	b.ids(b.history(store.Query{Kinds: []string{"none", "none."}}))
	b.ids(b.history(store.Query{Kinds: []string{"recovery.stop"}, Before: 9}), "r-1")
}

func historyTimes(b *bench) {
	b.past(6, func(i int, r *store.Record) {
		r.At = t0.Add(time.Duration([]int{0, 5, 1, 4, 2, 3}[i]) * time.Minute) // times do not follow the numbers
	})
	minute := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	b.ids(b.history(store.Query{From: minute(2)}), "r-5", "r-4", "r-3", "r-1")
	b.ids(b.history(store.Query{To: minute(2)}), "r-2", "r-0")
	b.ids(b.history(store.Query{From: minute(1), To: minute(4), Oldest: true}), "r-2", "r-4", "r-5")
	b.ids(b.history(store.Query{From: minute(1), To: minute(4), Scope: scope, Cluster: "j-1", Limit: 1}), "r-5")
	b.ids(b.history(store.Query{From: minute(2).In(time.FixedZone("X", -7200)), To: minute(2).Add(time.Microsecond)}), "r-4")
	b.ids(b.history(store.Query{From: minute(3), To: minute(3)}))
}

// historyPages walks through everything, page by page, and compares with the same filter applied to one large page.
func historyPages(b *bench) {
	const n = 500
	b.past(n, func(i int, r *store.Record) {
		r.Kind = fmt.Sprintf("k%d.x", i%7)
		r.Cluster = fmt.Sprintf("j-%d", i%3)
		r.Pool = fmt.Sprintf("p-%d", i%5)
	})
	for _, q := range []store.Query{
		{}, {Oldest: true}, {Scope: scope}, {Cluster: "j-1"}, {Pool: "p-3", Oldest: true}, {Kinds: []string{"k2.", "k3.x"}},
		{Kinds: []string{"k2."}, Cluster: "j-0"}, {From: t0.Add(time.Hour), To: t0.Add(6 * time.Hour)}, {From: t0.Add(time.Hour), Oldest: true},
		{From: t0.Add(time.Hour), Kinds: []string{"k2."}},
	} {
		q.Limit = n
		whole := b.history(q)
		var pages []string
		q.Limit = 17
		for {
			page, err := b.s.History(b.ctx, q)
			if err != nil {
				b.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				pages = append(pages, r.ID)
			}
			if last := page[len(page)-1].Seq; q.Oldest {
				q.After = last
			} else {
				q.Before = last
			}
		}
		if len(whole) == 0 || !slices.Equal(whole, pages) {
			b.Fatalf("%+v: %d records at once, %d in pages", q, len(whole), len(pages))
		}
	}
	if got := b.history(store.Query{}); len(got) != store.Page {
		b.Fatalf("a page without a limit has %d records", len(got))
	}
}

func historyFollows(b *bench) {
	l := b.acquire(scope, "a", t0)
	var last int64
	for i := range 5 {
		b.save(store.Save{Lease: l, Records: []store.Record{aRecord(fmt.Sprintf("r-%d", i), "k")}})
		for _, q := range []store.Query{{}, {Scope: scope}, {Cluster: "j-1"}, {Kinds: []string{"k"}}, {From: t0}} {
			q.After, q.Oldest = last, true
			b.ids(b.history(q), fmt.Sprintf("r-%d", i))
		}
		news, err := b.s.History(b.ctx, store.Query{After: last})
		if err != nil || len(news) != 1 || news[0].Seq <= last {
			b.Fatalf("%+v, %v", news, err)
		}
		last = news[0].Seq
	}
	b.ids(b.history(store.Query{After: last}))
}

func historyRefused(b *bench) {
	for _, q := range []store.Query{{Limit: -1}, {Limit: store.MaxPage + 1}, {Kinds: []string{""}}} {
		if _, err := b.s.History(b.ctx, q); err == nil {
			b.Errorf("%+v was answered", q)
		}
	}
}

func record(b *bench) {
	_, err := b.s.Record(b.ctx, "r-1")
	b.want(err, store.ErrNotFound)
	l := b.acquire(scope, "a", t0)
	full := store.Record{
		Key: key("j-1"), ID: "r-1", At: t0.Add(5 * time.Nanosecond), Kind: "recovery.stop", Group: "g", Pool: "p", Recovery: "x",
		Reason: "29 m without progress", Author: "ann", Data: json.RawMessage(`{"a": [1, 2]}`),
	}
	bare := store.Record{Key: store.Key{Scope: scope}, ID: "r-2", Kind: "started"}
	b.save(store.Save{Lease: l, Records: []store.Record{full, bare}})
	full.At = t0
	for i, want := range []store.Record{full, bare} {
		want.Seq = int64(i + 1)
		got, err := b.s.Record(b.ctx, want.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			b.Fatalf("record: %v\n%s", err, diff)
		}
		page, err := b.s.History(b.ctx, store.Query{Oldest: true})
		if diff := cmp.Diff(want, page[i]); err != nil || diff != "" {
			b.Fatalf("history: %v\n%s", err, diff)
		}
	}
}
