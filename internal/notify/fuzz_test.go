package notify

import (
	"context"
	"errors"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// FuzzDocument: whatever stands in a sink's document, it is refused or worked with, and the result can be saved and read again.
func FuzzDocument(f *testing.F) {
	now := time.Unix(1_700_000_000, 0).UTC()
	s := to("ops")
	b := &box{Schema: schema, Sink: "ops"}
	k, _ := classify(store.Record{Kind: "pool.rest"})
	b.collect(Event{ID: "2-1", Kind: k.name, Severity: k.severity, Scope: "prod", Cluster: "j-1", At: now, topic: k.topic}, now, &s)
	f.Add(encode(b))
	b.put(b.Groups[0].message("n-1", now, 2))
	b.begin(0, now)
	b.failed("n-1", errors.New("down"), now, 0.5)
	f.Add(encode(b))
	f.Add([]byte(`{"schema":1,"sink":"ops","groups":[{"total":-3}],"entries":[{"tries":-1,"next":"9999-12-31T23:59:59Z"}],"failures":-9}`))
	f.Add([]byte(`{"schema":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ctx, mem := context.Background(), memory.New("abcdefgh")
		lease, err := mem.Acquire(ctx, store.NotifyScope, "me", "", now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		doc := store.Document{Key: store.Key{Scope: store.NotifyScope, Cluster: boxDocuments + "ops"}, Body: store.Text(string(text)), Saved: now}
		if mem.Save(ctx, store.Save{Lease: lease, Docs: []store.Document{doc}}) != nil {
			return // no JSON
		}
		kept, _, err := load(ctx, mem, time.Time{})
		if err != nil {
			return
		}
		b := kept.box("ops")
		for _, at := range []time.Time{now, now.Add(time.Hour), now.Add(-time.Hour)} {
			b.close(at, &s, func() string { return "n-2" })
			if i := b.due(at); i >= 0 {
				m := b.begin(i, at)
				b.failed(m.ID, errDown, at, 1)
			}
			b.nextTry()
			b.expire(at, s.GiveUp)
		}
		b.dirty = true
		docs, saved := kept.changed(now)
		if err := mem.Save(ctx, store.Save{Lease: lease, Docs: docs}); err != nil {
			t.Fatalf("the document cannot be saved any more: %v", err)
		}
		saved()
		if _, _, err := load(ctx, mem, time.Time{}); err != nil {
			t.Fatalf("the document cannot be read any more: %v", err)
		}
	})
}
