package cli

import (
	"strings"
	"testing"

	"emrguard/internal/store"
)

// A scaling decision is explained by what held it back, what it was chosen from, and the operation that followed.
func TestExplainADecision(t *testing.T) {
	s := &scene{dir: t.TempDir()}
	s.begin(t, `- match: {}
  mode: enforce
  pools:
    - {name: main, role: TASK, min: 2, max: 20, schedules: [{name: morning, cron: "30 8 * * *", target: 8}]}`)
	for _, line := range []string{"start", "run 3m", "resize etl/task 9", "run 50m", "stop"} {
		if err := s.do(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
	}
	defer s.store.Close()
	etl, err := s.store.History(t.Context(), store.Query{Kinds: []string{"scaling.deferred"}, Limit: 1})
	if err != nil || len(etl) != 1 {
		t.Fatalf("%d deferrals, %v", len(etl), err)
	}
	decided, err := s.store.History(t.Context(), store.Query{Pool: etl[0].Pool, Kinds: []string{"scaling.decided"}})
	if err != nil || len(decided) != 1 {
		t.Fatalf("%d decisions, %v", len(decided), err)
	}
	story := s.command([]string{"explain", decided[0].ID}, false)
	at := 0
	for _, part := range []string{"what led to it", "scaling.deferred: pool main: schedule morning, due 08:30:00, waits: scaling is suspended", "the record", "the pool wanted 9 and may want 2 to 20", "it was due at 08:30:00",
		"followed: schedule morning asks for 8", "what came of it", "call.release", "recovery.completed"} {
		i := strings.Index(story[at:], part)
		if i < 0 {
			t.Fatalf("no %q after %d bytes of\n%s", part, at, story)
		}
		at += i
	}
}
