package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
	"emrguard/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "store.db"), sqlite.Options{})
	})
}

// openAt opens a store and closes it with the test.
func openAt(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func document(cluster string, version int64) store.Document {
	return store.Document{
		Key: store.Key{Scope: "prod", Cluster: cluster}, Version: version, Saved: t0,
		Body: store.Text(fmt.Sprintf(`{"cluster": %q, "version": %d}`, cluster, version)),
	}
}

func record(id string) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: id, At: t0, Kind: "test", Reason: "because"}
}

// fill takes the lease of prod and saves new documents, each with a record d-CLUSTER.
func fill(t testing.TB, s *sqlite.Store, clusters ...string) store.Lease {
	t.Helper()
	l, err := s.Acquire(context.Background(), "prod", "owner", "host", t0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	save := store.Save{Lease: l}
	for _, c := range clusters {
		save.Docs = append(save.Docs, document(c, 0))
		save.Records = append(save.Records, record("d-"+c))
	}
	if err := s.Save(context.Background(), save); err != nil {
		t.Fatal(err)
	}
	return l
}
