// Package storetest is the suite that every adapter of the store passes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"emrguard/internal/store"
)

// t0 is when every test begins; time passes only where a test says so.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

const (
	scope = "prod"
	ttl   = 30 * time.Second
)

// Run runs the suite. Each call of open returns a new, empty store that the adapter closes when its test ends.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, test := range []struct {
		name string
		run  func(*bench)
	}{
		{"identity", identity},
		{"documents round trip", roundTrip},
		{"documents of a scope", loadScope},
		{"version conflict", conflict},
		{"several documents in one save", severalDocuments},
		{"limits", limits},
		{"what goes in is copied", copied},
		{"lease", lease},
		{"lease release", release},
		{"lease arguments", leaseArguments},
		{"fencing", fencing},
		{"a failed save writes nothing", nothingWritten},
		{"history by every field", historyFields},
		{"history by kind", historyKinds},
		{"history by time", historyTimes},
		{"history pages", historyPages},
		{"history follows", historyFollows},
		{"history queries that are refused", historyRefused},
		{"record", record},
		{"orders", orders},
		{"answers", answers},
		{"scopes", scopes},
		{"prune", prune},
		{"prune order and limit", pruneLimit},
		{"numbers are not given twice", pruneFollow},
		{"odd texts", oddTexts},
		{"cancelled context", cancelled},
		{"concurrent savers", concurrentSavers},
		{"concurrent owners", concurrentOwners},
		{"closed", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			test.run(&bench{T: t, ctx: t.Context(), s: s})
			if t.Failed() || test.name == "closed" {
				return
			}
			if err := s.Check(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("check after the test: %v", err)
			}
		})
	}
}

// bench is a test with its store.
type bench struct {
	*testing.T
	ctx context.Context
	s   store.Store
}

// acquire takes the lease of the scope.
func (b *bench) acquire(scope, owner string, now time.Time) store.Lease {
	b.Helper()
	l, err := b.s.Acquire(b.ctx, scope, owner, "host", now, ttl)
	if err != nil {
		b.Fatalf("acquire %s for %s: %v", scope, owner, err)
	}
	return l
}

// save fails the test if the save fails.
func (b *bench) save(s store.Save) {
	b.Helper()
	if err := b.s.Save(b.ctx, s); err != nil {
		b.Fatalf("save: %v", err)
	}
}

// want fails the test unless err wraps the wanted one.
func (b *bench) want(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got error %v, want %v", err, want)
	}
}

// history returns the ids of a page.
func (b *bench) history(q store.Query) []string {
	b.Helper()
	records, err := b.s.History(b.ctx, q)
	if err != nil {
		b.Fatalf("history %+v: %v", q, err)
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	return ids
}

// ids compares a page.
func (b *bench) ids(got []string, want ...string) {
	b.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Fatalf("got %v, want %v", got, want)
	}
}

func key(cluster string) store.Key { return store.Key{Scope: scope, Cluster: cluster} }

func document(cluster string, version int64) store.Document {
	return store.Document{Key: key(cluster), Version: version, Body: store.Text(`{"v":1}`), Saved: t0}
}

func aRecord(id, kind string) store.Record {
	return store.Record{Key: key("j-1"), ID: id, At: t0, Kind: kind, Reason: "because"}
}
