package view

import (
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// Who is paged for a pool that rests has to see what was done before, and what EMR says of it.
func TestARestTellsWhatWasTried(t *testing.T) {
	banned := func(id emr.GroupID, by string) pool.Member {
		return pool.Member{Group: id, Expected: []int{2}, Ban: &pool.Ban{From: ago(time.Hour), Until: noon.Add(time.Hour), Recovery: by, Cause: string(recovery.Capacity)}}
	}
	p := pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: 9, Rest: &pool.Rest{From: ago(time.Hour), Until: noon.Add(time.Hour), Reason: "3 recoveries in a row did not complete a resize"},
		Members: []pool.Member{banned("ig-21", "r1"), banned("ig-22", "r2"), member("ig-23", 3)}}
	c := Cluster{State: cluster("j-2", "etl", []guard.Group{group("ig-21", "task", emr.Task, 2, 2), group("ig-22", "task2", emr.Task, 2, 2), group("ig-23", "task3", emr.Task, 3, 3)}, p)}
	status := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{c}}}).Status().Scopes[0].Clusters[0]
	const want = "pool task (ig-21) rests since 11:00 (1h) until 13:00 (in 1h): 3 recoveries in a row did not complete a resize; stopped and banned: task, task2; cause: capacity"
	if notes := strings.Join(status.Notes(noon), "\n"); !strings.Contains(notes, want) {
		t.Errorf("%s\nwant %s", notes, want)
	}
}

func TestAReportOfFailuresSaysSo(t *testing.T) {
	r := Report{Open: 1}
	r.Total.Recoveries = []RecoveryFigures{{Kind: "stuck", Opened: 9, Chained: 4, Rested: 3}, {Kind: "suspended", Opened: 1, Rested: 1}, {Kind: "scale", Opened: 5, Completed: 5}}
	if got, want := r.repaired(), "10 recoveries began, none completed, 4 chained, 4 rested, 1 is open now"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The page of a recovery that left the pool at rest does not end with what was missing then once nothing is.
func TestWhatWasMadeUpLaterIsTold(t *testing.T) {
	for _, x := range []struct {
		outcome string
		running int
		want    string
	}{{"rested", 9, "By now all that the pool wants runs."}, {"blocked", 9, "By now all that the pool wants runs."}, {"rested", 8, ""}, {"completed", 9, ""}} {
		g := group("ig-21", "task", emr.Task, 9, x.running)
		if x.running < 9 {
			g.Ledger.Entries = []ledger.Entry{{Since: ago(time.Hour), Count: 9 - x.running, Cause: ledger.Change, By: ledger.ByRead}}
		}
		p := pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-21", 9)}}
		w := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: cluster("j-2", "etl", []guard.Group{g}, p)}}}})
		if got := w.madeUp(RecoveryStatus{Scope: "prod", Cluster: "j-2", Pool: "ig-21", Outcome: x.outcome}); got != x.want {
			t.Errorf("%s with %d running: %q, want %q", x.outcome, x.running, got, x.want)
		}
	}
}
