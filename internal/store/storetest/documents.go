package storetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

func identity(b *bench) {
	if id := b.s.ID(); !regexp.MustCompile(`^[a-z2-7]{8}$`).MatchString(id) {
		b.Fatalf("identity %q is not 8 characters of a-z2-7", id)
	}
}

func roundTrip(b *bench) {
	_, err := b.s.Load(b.ctx, key("j-1"))
	b.want(err, store.ErrNotFound)
	l := b.acquire(scope, "a", t0)
	d := document("j-1", 0)
	d.Saved = t0.In(time.FixedZone("X", 3600)).Add(789 * time.Nanosecond)
	d.Body = store.Text(`{"text": "ü ` + strings.Repeat("x", 50000) + `"}`)
	b.save(store.Save{Lease: l, Docs: []store.Document{d}})
	got, err := b.s.Load(b.ctx, d.Key)
	want := d
	want.Version, want.Saved = 1, t0
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		b.Fatalf("load: %v\n%s", err, diff)
	}
	for _, saved := range []time.Time{{}, time.UnixMicro(-1).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)} {
		got.Saved = saved
		b.save(store.Save{Lease: l, Docs: []store.Document{got}})
		if got, err = b.s.Load(b.ctx, d.Key); err != nil || !got.Saved.Equal(saved) || got.Saved.Location() != time.UTC {
			b.Fatalf("saved at %v came back as %v, %v", saved, got.Saved, err)
		}
	}
	_, err = b.s.Load(b.ctx, store.Key{Scope: "other", Cluster: "j-1"})
	b.want(err, store.ErrNotFound)
}

func loadScope(b *bench) {
	l, other := b.acquire(scope, "a", t0), b.acquire("other", "a", t0)
	for _, c := range []string{"j-3", "j-1", "j-2", "J-1"} {
		b.save(store.Save{Lease: l, Docs: []store.Document{document(c, 0)}})
	}
	stray := document("j-0", 0)
	stray.Scope = "other"
	b.save(store.Save{Lease: other, Docs: []store.Document{stray}})
	gone := document("j-2", 1)
	gone.Ended = true
	b.save(store.Save{Lease: l, Docs: []store.Document{gone}})

	names := func() (names []string) {
		docs, err := b.s.LoadScope(b.ctx, scope)
		if err != nil {
			b.Fatal(err)
		}
		for _, d := range docs {
			names = append(names, d.Cluster)
		}
		return names
	}
	b.ids(names(), "J-1", "j-1", "j-3")
	got, err := b.s.Load(b.ctx, gone.Key)
	if err != nil || !got.Ended || got.Version != 2 {
		b.Fatalf("ended document: %+v, %v", got, err)
	}
	got.Ended = false
	b.save(store.Save{Lease: l, Docs: []store.Document{got}})
	b.ids(names(), "J-1", "j-1", "j-2", "j-3")
	if docs, err := b.s.LoadScope(b.ctx, "nobody"); err != nil || len(docs) != 0 {
		b.Fatalf("unknown scope: %v, %v", docs, err)
	}
}

func conflict(b *bench) {
	l := b.acquire(scope, "a", t0)
	try := func(version int64) error {
		d := document("j-1", version)
		d.Body = store.Text(fmt.Sprint(version))
		return b.s.Save(b.ctx, store.Save{Lease: l, Docs: []store.Document{d}})
	}
	b.want(try(1), store.ErrConflict)
	for v := range int64(5) {
		b.want(try(v), nil)
		for _, wrong := range []int64{0, v, v + 2} {
			b.want(try(wrong), store.ErrConflict)
		}
		if d, err := b.s.Load(b.ctx, key("j-1")); err != nil || d.Version != v+1 || d.Body.String() != fmt.Sprint(v) {
			b.Fatalf("after save %d: %+v, %v", v, d, err)
		}
	}
}

func severalDocuments(b *bench) {
	l := b.acquire(scope, "a", t0)
	b.save(store.Save{Lease: l, Docs: []store.Document{document("j-1", 0), document("j-2", 0)}})
	b.want(b.s.Save(b.ctx, store.Save{Lease: l, Docs: []store.Document{document("j-1", 1), document("j-2", 0)}}), store.ErrConflict)
	b.want(b.s.Save(b.ctx, store.Save{Lease: l, Docs: []store.Document{document("j-3", 0), document("j-3", 0)}}), store.ErrConflict)
	if d, err := b.s.Load(b.ctx, key("j-1")); err != nil || d.Version != 1 {
		b.Fatalf("half a save was written: %+v, %v", d, err)
	}
	_, err := b.s.Load(b.ctx, key("j-3"))
	b.want(err, store.ErrNotFound)
}

func limits(b *bench) {
	l := b.acquire(scope, "a", t0)
	text := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	with := func(change func(*store.Document, *store.Record)) store.Save {
		d, r := document("j-1", 0), aRecord("r-1", "k")
		change(&d, &r)
		return store.Save{Lease: l, Docs: []store.Document{d}, Records: []store.Record{r}}
	}
	for name, s := range map[string]store.Save{
		"body too long":      with(func(d *store.Document, _ *store.Record) { d.Body = store.Text(text(store.MaxBody + 1)) }),
		"body not JSON":      with(func(d *store.Document, _ *store.Record) { d.Body = store.Text("{") }),
		"no body":            with(func(d *store.Document, _ *store.Record) { d.Body = store.Body{} }),
		"no cluster":         with(func(d *store.Document, _ *store.Record) { d.Cluster = "" }),
		"another scope":      with(func(d *store.Document, _ *store.Record) { d.Scope = "other" }),
		"negative version":   with(func(d *store.Document, _ *store.Record) { d.Version = -1 }),
		"year 10000":         with(func(d *store.Document, _ *store.Record) { d.Saved = t0.AddDate(8000, 0, 0) }),
		"record too long":    with(func(_ *store.Document, r *store.Record) { r.Data = json.RawMessage(text(store.MaxRecord + 1)) }),
		"record not JSON":    with(func(_ *store.Document, r *store.Record) { r.Data = json.RawMessage("{") }),
		"record without id":  with(func(_ *store.Document, r *store.Record) { r.ID = "" }),
		"record of no kind":  with(func(_ *store.Document, r *store.Record) { r.Kind = "" }),
		"record of year -10": with(func(_ *store.Document, r *store.Record) { r.At = t0.AddDate(-2036, 0, 0) }),
	} {
		if err := b.s.Save(b.ctx, s); err == nil {
			b.Errorf("%s was saved", name)
		}
	}
	_, err := b.s.Load(b.ctx, key("j-1"))
	b.want(err, store.ErrNotFound)
	b.save(with(func(d *store.Document, r *store.Record) {
		d.Body, r.Data = store.Text(text(store.MaxBody)), json.RawMessage(text(store.MaxRecord))
	}))
	if d, err := b.s.Load(b.ctx, key("j-1")); err != nil || len(d.Body.String()) != store.MaxBody {
		b.Fatalf("longest body: %d bytes, %v", len(d.Body.String()), err)
	}
}

func copied(b *bench) {
	l := b.acquire(scope, "a", t0)
	r, o := aRecord("r-1", "k"), order("o-1")
	r.Data, o.Body = json.RawMessage(`[1]`), json.RawMessage(`[2]`)
	b.save(store.Save{Lease: l, Records: []store.Record{r}})
	b.want(b.s.Submit(b.ctx, o), nil)
	r.Data[0], o.Body[0] = 'X', 'X'
	for range 2 {
		rec, err := b.s.Record(b.ctx, "r-1")
		page, err2 := b.s.History(b.ctx, store.Query{})
		orders, err3 := b.s.Orders(b.ctx, scope)
		if err != nil || err2 != nil || err3 != nil || rec.Data[0] != '[' || page[0].Data[0] != '[' || orders[0].Body[0] != '[' {
			b.Fatalf("the store shares memory with its caller: %s", rec.Data)
		}
		rec.Data[0], page[0].Data[0], orders[0].Body[0] = 'X', 'X', 'X'
	}
}

func oddTexts(b *bench) {
	l := b.acquire("sc\x00ope\xff'\"%", "a", t0)
	r := aRecord("r \x00\xfe'", "k.\u2028")
	r.Scope, r.Reason, r.Author, r.Cluster = l.Scope, "\x00", "\xff\xff", "j-%_"
	d := store.Document{Key: r.Key, Body: store.Text("\"\xff\"")}
	b.save(store.Save{Lease: l, Docs: []store.Document{d}, Records: []store.Record{r}})
	got, err := b.s.Record(b.ctx, r.ID)
	r.Seq = got.Seq
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		b.Fatalf("record: %v\n%s", err, diff)
	}
	if docs, err := b.s.LoadScope(b.ctx, l.Scope); err != nil || len(docs) != 1 || docs[0].Key != d.Key {
		b.Fatalf("documents: %v, %v", docs, err)
	}
	b.ids(b.history(store.Query{Scope: l.Scope, Cluster: "j-%_", Kinds: []string{"k."}}), r.ID)
}

func concurrentSavers(b *bench) {
	const savers, saves = 4, 25
	l := b.acquire(scope, "a", t0)
	var all sync.WaitGroup
	for i := range savers {
		all.Go(func() {
			own, lost := fmt.Sprintf("j-own%d", i), 0
			for n := range int64(saves) {
				r := aRecord(fmt.Sprintf("r-%d-%d", i, n), "k")
				if err := b.s.Save(b.ctx, store.Save{Lease: l, Docs: []store.Document{document(own, n)}, Records: []store.Record{r}}); err != nil {
					b.Errorf("save %d of %s: %v", n, own, err)
				}
				for { // all of them count in one document
					d, err := b.s.Load(b.ctx, key("j-shared"))
					if err != nil {
						d = document("j-shared", 0)
					}
					if b.s.Save(b.ctx, store.Save{Lease: l, Docs: []store.Document{d}}) == nil {
						break
					}
					lost++
				}
				if _, err := b.s.LoadScope(b.ctx, scope); err != nil {
					b.Errorf("load: %v", err)
				}
				if _, err := b.s.History(b.ctx, store.Query{Scope: scope}); err != nil {
					b.Errorf("history: %v", err)
				}
			}
			b.Logf("saver %d lost %d races", i, lost)
		})
	}
	all.Wait()
	if d, err := b.s.Load(b.ctx, key("j-shared")); err != nil || d.Version != savers*saves {
		b.Fatalf("shared document: version %d, %v; want %d", d.Version, err, savers*saves)
	}
	if got := b.history(store.Query{Limit: 1000}); len(got) != savers*saves {
		b.Fatalf("%d records, want %d", len(got), savers*saves)
	}
}
