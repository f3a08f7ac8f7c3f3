package view

import (
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
)

// week is a history with something of everything, on clusters that are there, one that has ended and a scope.
func week() []store.Record {
	out := story()
	on := func(cluster string, before time.Duration, kind, group, data string) {
		r := row(before, kind, group, data)
		r.Cluster, r.Pool = cluster, group
		out = append(out, r)
	}
	on("j-2", 50*time.Hour, "group.read", "ig-21", `{"requested":9,"running":6}`)
	on("j-2", 48*time.Hour, "group.read", "ig-21", `{"requested":9,"running":9}`)
	on("j-2", 30*time.Hour, "scaling.decided", "ig-21", `{"ask":{"by":"policy busy","kind":"up","target":9},"wanted":6}`)
	on("j-2", 29*time.Hour, "recovery.completed", "ig-21", `{"kind":"scale","placed":3}`)
	on("j-2", 28*time.Hour, "scaling.decided", "ig-21", `{"ask":{"by":"schedule night","kind":"schedule","target":4},"wanted":9,"due":"2026-01-04T07:26:00Z"}`)
	on("j-3", 20*time.Hour, "pool.contested", "ig-32", "")
	on("j-3", 19*time.Hour, "order.refused", "ig-32", "")
	on("j-3", 18*time.Hour, "order.refused", "ig-32", "")
	on("j-4", 17*time.Hour, "would.recover", "ig-41", `{"kind":"stuck","requested":9,"running":6,"stop_count":6}`)
	on("j-4", 16*time.Hour, "would.scale", "ig-41", `{"ask":{"by":"policy busy","kind":"up","target":5},"wanted":3}`)
	on("j-0", 15*time.Hour, "termination.notice", "", "")
	on("j-0", 14*time.Hour, "answer.terminate", "", "{}")
	on("j-0", 13*time.Hour, "cluster.ended", "", "")
	on("", 12*time.Hour, "api.throttled", "", "")
	slices.SortStableFunc(out, func(a, b store.Record) int { return a.At.Compare(b.At) })
	return out
}

func report(w World, records []store.Record) Report {
	all := NewTally(ago(7*24*time.Hour), noon, noon, w)
	for _, r := range records {
		all.Add(r)
	}
	return all.Report(w, map[store.Key]string{{Scope: "prod", Cluster: "j-0"}: "nightly"})
}

func TestReport(t *testing.T) {
	w := testWorld(t)
	r := report(w, week())
	shown := r.Headline() + "\n" + strings.Join(r.Summary, "\n") + "\n"
	for _, table := range r.Tables() {
		shown += "\n" + text(t, table)
	}
	golden(t, "report.txt", shown)
	golden(t, "report.json", asJSON(t, r))
}

// A period in which nothing happened is told in three sentences without tables.
func TestReportOfNothing(t *testing.T) {
	r := report(World{Now: noon}, nil)
	want := []string{"No group was stuck.", "Nothing was scaled.", "Nothing needs a look."}
	if !slices.Equal(r.Summary, want) || len(r.Tables()) != 0 {
		t.Errorf("%q with %d tables", r.Summary, len(r.Tables()))
	}
}

// The queries of a tally ask for kinds that there are, and for all that Add takes in.
func TestTallyAsksForWhatItTakes(t *testing.T) {
	queries := NewTally(ago(time.Hour), noon, noon, World{}).Queries(store.Query{Scope: "prod"})
	for i, q := range queries {
		for _, k := range q.Kinds {
			if !slices.Contains(Kinds(), k) {
				t.Errorf("query %d asks for %s, which is not among the kinds", i, k)
			}
		}
		if q.Scope != "prod" || !q.From.Before(q.To) {
			t.Errorf("query %d: %+v", i, q)
		}
	}
	if !queries[0].To.Equal(queries[1].From) {
		t.Errorf("the lead ends at %s and the period begins at %s", queries[0].To, queries[1].From)
	}
}
