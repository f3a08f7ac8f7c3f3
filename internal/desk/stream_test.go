package desk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
	"emrguard/internal/view"
)

// pages is a store whose history has numbers 1 to last; those divisible by bad cannot be read.
type pages struct {
	store.Store
	last, bad int64
	asked     []int64
}

func (p *pages) History(_ context.Context, q store.Query) ([]store.Record, error) {
	p.asked = append(p.asked, q.After)
	var out []store.Record
	var err error
	for seq := q.After + 1; seq <= p.last && seq <= q.After+int64(q.Limit); seq++ {
		if p.bad > 0 && seq%p.bad == 0 {
			err = errors.Join(err, fmt.Errorf("record %d: %w", seq, store.ErrCorrupt))
			continue
		}
		out = append(out, store.Record{Seq: seq})
	}
	return out, err
}

func TestStream(t *testing.T) {
	for _, c := range []struct {
		name      string
		last, bad int64
		records   int
		asked     []int64
	}{
		{"nothing", 0, 0, 0, []int64{0}},
		{"a page and a bit", streamPage + 1, 0, streamPage + 1, []int64{0, streamPage}},
		{"a page exactly", streamPage, 0, streamPage, []int64{0, streamPage}},
		{"some cannot be read", 2*streamPage + 10, 3, (2*streamPage+10)*2/3 + 1, []int64{0, 2000, 4000, 4010}},
		{"none can be read", streamPage * 3, 1, 0, []int64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &pages{last: c.last, bad: c.bad}
			n := 0
			damage, err := Desk{Store: s}.Stream(t.Context(), store.Query{}, func(store.Record) error { n++; return nil })
			if err != nil || (damage != nil) != (c.bad > 0) || n != c.records || !slices.Equal(s.asked, c.asked) {
				t.Errorf("%d records, want %d; asked after %v, want %v; damage %v; error %v", n, c.records, s.asked, c.asked, damage, err)
			}
		})
	}
}

// BenchmarkReport adds up a week of 200,000 records of 200 clusters.
func BenchmarkReport(b *testing.B) {
	const records, clusters = 200_000, 200
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "emrguard.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	lease, err := s.Acquire(b.Context(), "prod", "benchmark", "", begin, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	kinds := []string{"group.read", "group.read", "group.read", "recovery.step", "call.stop", "answer.stop", "scaling.suspended", "scaling.resumed", "recovery.open", "recovery.completed"}
	end := begin
	for n := 0; n < records; n += 1000 {
		save := store.Save{Lease: lease}
		for i := n; i < n+1000; i++ {
			end = begin.Add(time.Duration(i) * 3 * time.Second)
			save.Records = append(save.Records, store.Record{Key: store.Key{Scope: "prod", Cluster: fmt.Sprintf("j-%d", i/len(kinds)%clusters)}, ID: fmt.Sprintf("r-%d", i), At: end,
				Kind: kinds[i%len(kinds)], Pool: "ig-1", Group: "ig-1", Reason: "6 of 9 run, RESIZING (was RUNNING), 3 asked for", Data: []byte(`{"kind":"stuck","requested":9,"running":6,"placed":3}`)})
		}
		if err := s.Save(b.Context(), save); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		r, err := Desk{Store: s}.Report(b.Context(), view.World{Now: end}, view.Found{Scope: "prod"}, begin, end, nil)
		if err != nil {
			b.Fatal(err)
		}
		if len(r.Clusters) != clusters {
			b.Fatalf("%d clusters", len(r.Clusters))
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
