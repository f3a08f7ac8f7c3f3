package sqlite

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
)

var benchStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// benchStore opens a store with a lease on prod. Set TMPDIR to measure another device.
func benchStore(b *testing.B) (*Store, store.Lease) {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "store.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	l, err := s.Acquire(b.Context(), "prod", "bench", "", benchStart, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	return s, l
}

func benchDocument(cluster string, version int64, size int) store.Document {
	return store.Document{
		Key: store.Key{Scope: "prod", Cluster: cluster}, Version: version, Saved: benchStart,
		Body: store.Text(`"` + strings.Repeat("x", size-2) + `"`),
	}
}

func benchRecord(i int) store.Record {
	return store.Record{
		ID: fmt.Sprintf("d-%08d", i), Key: store.Key{Scope: "prod", Cluster: fmt.Sprintf("j-%d", i%1000)},
		At: benchStart.Add(time.Duration(i) * time.Second), Kind: []string{"recovery.stop", "recovery.settled", "read", "scale"}[i%4],
		Group: fmt.Sprintf("ig-%d", i%3000), Pool: fmt.Sprintf("ig-%d", i%2000), Recovery: fmt.Sprintf("r-%d", i/10),
		Reason: "no instance arrived for 30 minutes; 6 of 9 are running", Data: json.RawMessage(`{"requested": 9, "running": 6}`),
	}
}

func benchSave(b *testing.B, s *Store, save store.Save) {
	b.Helper()
	if err := s.Save(b.Context(), save); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSave saves one document of 20 KB with one record. Only full is what the store does; normal shows what the
// fsync of each transaction costs.
func BenchmarkSave(b *testing.B) {
	for _, mode := range []string{"full", "normal"} {
		b.Run(mode, func(b *testing.B) {
			s, l := benchStore(b)
			if _, err := s.write.Exec("PRAGMA synchronous = " + mode); err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				benchSave(b, s, store.Save{Lease: l, Docs: []store.Document{benchDocument("j-1", int64(i), 20_000)},
					Records: []store.Record{benchRecord(i)}})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "saves/s")
		})
	}
}

// BenchmarkSaveBatch saves 100 documents of 20 KB, each with a record, in one transaction.
func BenchmarkSaveBatch(b *testing.B) {
	s, l := benchStore(b)
	for i := 0; b.Loop(); i++ {
		save := store.Save{Lease: l}
		for n := range 100 {
			save.Docs = append(save.Docs, benchDocument(fmt.Sprintf("j-%d", n), int64(i), 20_000))
			save.Records = append(save.Records, benchRecord(100*i+n))
		}
		benchSave(b, s, save)
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkLoadScope reads 1,000 documents of 20 KB.
func BenchmarkLoadScope(b *testing.B) {
	s, l := benchStore(b)
	for n := range 1000 {
		benchSave(b, s, store.Save{Lease: l, Docs: []store.Document{benchDocument(fmt.Sprintf("j-%d", n), 0, 20_000)}})
	}
	for b.Loop() {
		if docs, err := s.LoadScope(b.Context(), "prod"); err != nil || len(docs) != 1000 {
			b.Fatal(len(docs), err)
		}
	}
}

// BenchmarkHistory reads a page of up to 100 out of 100,000 records; BenchmarkHistory/prune deletes 100 of them.
func BenchmarkHistory(b *testing.B) {
	s, l := benchStore(b)
	for i := 0; i < 100_000; {
		save := store.Save{Lease: l}
		for range 1000 {
			save.Records = append(save.Records, benchRecord(i))
			i++
		}
		benchSave(b, s, save)
	}
	for _, c := range []struct {
		name string
		q    store.Query
	}{
		{"newest", store.Query{}},
		{"scope", store.Query{Scope: "prod"}},
		{"cluster", store.Query{Scope: "prod", Cluster: "j-500"}},
		{"pool", store.Query{Pool: "ig-500"}},
		{"recovery", store.Query{Recovery: "r-500"}},
		{"kind prefix", store.Query{Kinds: []string{"recovery."}}},
		{"follow", store.Query{After: 99_990, Oldest: true}},
		{"follow scope and kind", store.Query{Scope: "prod", Kinds: []string{"recovery."}, After: 99_990, Oldest: true}},
		{"one hour", store.Query{From: benchStart.Add(10 * time.Hour), To: benchStart.Add(11 * time.Hour)}},
		{"all time by time", store.Query{From: benchStart}},
		{"one hour of a kind", store.Query{From: benchStart.Add(10 * time.Hour), To: benchStart.Add(11 * time.Hour), Kinds: []string{"recovery."}}},
		{"page far back", store.Query{Scope: "prod", Before: 1000}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.History(b.Context(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("prune", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Prune(b.Context(), benchStart.AddDate(1, 0, 0), 100); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := s.Check(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
