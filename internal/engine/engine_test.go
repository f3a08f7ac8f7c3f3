package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

func TestR4_NothingIsSentThatWasNotSaved(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 9}
	l.aws = a.answer
	l.store.fail = func(s store.Save) error {
		if isWrite(s) {
			return fmt.Errorf("save: %w", store.ErrFull)
		}
		return nil
	}
	l.run(time.Hour)
	if n := l.count("", emr.ModifyInstanceGroups) + l.count("", emr.AddInstanceGroups); n > 0 {
		t.Fatalf("%d changes were sent although none could be written down", n)
	}
	if len(l.faults) == 0 || !errors.Is(l.faults[len(l.faults)-1].Err, store.ErrFull) {
		t.Fatalf("the full store was not reported: %v", l.faults)
	}
	l.store.fail = nil
	l.run(10 * time.Minute)
	if l.count("", emr.ModifyInstanceGroups) != 1 || l.count("", emr.AddInstanceGroups) != 1 {
		t.Errorf("after the store has room again: %d stops and %d launches, want 1 and 1", l.count("", emr.ModifyInstanceGroups), l.count("", emr.AddInstanceGroups))
	}
}

func TestI7_AnswerOutlivesAFullStore(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 9}
	l.aws = a.answer
	failing := 0
	l.store.fail = func(s store.Save) error {
		for _, r := range s.Records {
			if r.Kind == "answer.add" && failing < 20 {
				failing++
				return fmt.Errorf("save: %w", store.ErrFull)
			}
		}
		return nil
	}
	l.run(time.Hour)
	if failing != 20 {
		t.Fatalf("the answer was tried %d times", failing)
	}
	if n := l.count("", emr.AddInstanceGroups); n != 1 {
		t.Errorf("AddInstanceGroups was sent %d times: its answer was lost", n)
	}
	if !slices.Contains(l.kinds, "recovery.completed") {
		t.Errorf("the recovery did not complete: %v", l.kinds)
	}
}

func TestI7_UnknownSaveLoadsTheScopeAnew(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 9}
	l.aws = a.answer
	once := false
	l.store.fail = func(s store.Save) error {
		if isWrite(s) && !once {
			once = true
			if err := l.store.Store.Save(t.Context(), s); err != nil { // it was written, and the error says it may not have been
				t.Fatal(err)
			}
			return errors.New("disk I/O error")
		}
		return nil
	}
	l.run(time.Hour)
	if n := l.count("", emr.AddInstanceGroups); n != 1 || a.requested != 6 {
		t.Errorf("%d launches, requested %d; want 1 launch and a stop at 6", n, a.requested)
	}
}

func TestNewerAndDamagedStatesAreLeftAlone(t *testing.T) {
	for name, body := range map[string]string{
		"newer":   `{"schema":99,"scope":"prod","cluster":{"id":"j-STUCK","name":"etl","state":"WAITING"},"groups":[],"pools":[],"recoveries":[],"seq":1}`,
		"damaged": `{"schema":1,"cluster":{"id":"j-OTHER"}}`,
		"no text": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			s := memory.New("storeaaa")
			start := time.Date(2026, 1, 5, 7, 0, 0, 0, time.UTC)
			lease, err := s.Acquire(t.Context(), "prod", "earlier", "", start, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			key := store.Key{Scope: "prod", Cluster: "j-STUCK"}
			if err := s.Save(t.Context(), store.Save{Lease: lease, Docs: []store.Document{{Key: key, Body: store.Text(body), Saved: start}}}); err != nil {
				t.Fatal(err)
			}
			l := newLab(t, s, "prod")
			l.aws = (&stuckAWS{requested: 9}).answer
			l.run(2 * time.Hour)
			if n := l.count("", emr.ListInstanceGroups) + l.count("", emr.ModifyInstanceGroups) + l.count("", emr.AddInstanceGroups); n > 0 {
				t.Errorf("%d calls for a cluster whose state cannot be read", n)
			}
			doc, err := s.Load(t.Context(), key)
			if err != nil || doc.Body.String() != body || doc.Version != 1 {
				t.Errorf("the document was changed: version %d, %s, %v", doc.Version, doc.Body, err)
			}
			if len(l.faults) == 0 || !strings.Contains(l.faults[0].Err.Error(), "left as it is") {
				t.Errorf("not reported: %v", l.faults)
			}
		})
	}
}

func TestPagesMakeOneRead(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	groups := quietGroups("j-PAGED")
	failed := false
	l.aws = func(scope string, c emr.Call) emr.Result {
		switch {
		case c.Op == emr.ListClusters && c.Marker == "":
			return emr.Result{Marker: "more"}
		case c.Op == emr.ListClusters:
			return emr.Result{Clusters: []emr.ClusterSummary{{ID: "j-PAGED", Name: "etl", State: emr.ClusterWaiting}}}
		case c.Op == emr.ListInstanceGroups && c.Marker == "":
			return emr.Result{Groups: groups[:2], Marker: "more"}
		case c.Op == emr.ListInstanceGroups && !failed:
			failed = true
			return emr.Result{Err: &emr.Error{Class: emr.Unavailable, Message: "broken"}}
		case c.Op == emr.ListInstanceGroups:
			return emr.Result{Groups: groups[2:]}
		}
		return answerer{}.answer(scope, c)
	}
	l.run(2 * time.Minute)
	if !failed {
		t.Fatal("no second page was asked for")
	}
	if slices.Contains(l.kinds, "read.unusable") {
		t.Error("half a read was decided on")
	}
	seen := 0
	for _, k := range l.kinds {
		if k == "group.seen" {
			seen++
		}
	}
	if seen != len(groups)-1 {
		t.Errorf("%d groups were met, want %d", seen, len(groups)-1)
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "a", "b")
	l.aws = answerer{perScope: 400}.answer
	l.run(30 * time.Minute)
	for _, scope := range []string{"a", "b"} {
		for _, op := range emr.Ops {
			rate := budget.Published(op)
			allowed := 1 + max(1, rate.Burst*budget.DefaultShare) + rate.PerSecond*budget.DefaultShare*l.now.Mono.Seconds()
			if n := l.count(scope, op); float64(n) > allowed {
				t.Errorf("scope %s sent %d %s in %s, the budget has %.0f", scope, n, op, l.now.Mono, allowed)
			}
		}
		if n := l.count(scope, emr.ListInstanceGroups); n < 800 {
			t.Errorf("scope %s read %d times in 30 minutes although the budget has 900: the rest goes to waste", scope, n)
		}
	}
}

func TestRefusedReadsAreSpacedOut(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	l.aws = func(scope string, c emr.Call) emr.Result {
		if c.Op == emr.ListInstanceGroups {
			return emr.Result{Err: &emr.Error{Class: emr.Denied, Code: "AccessDeniedException", Message: "no"}}
		}
		return answerer{perScope: 1}.answer(scope, c)
	}
	l.run(time.Hour)
	if n := l.count("", emr.ListInstanceGroups); n < 10 || n > 14 {
		t.Errorf("a denied read was tried %d times in an hour, want once each sweep of five minutes", n)
	}
}

func TestR12_UnmatchedClustersAreLeftAlone(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	l.engine.SetPolicy(offPolicy{})
	l.run(3 * time.Hour)
	if n := l.count("", emr.ListInstanceGroups); n > 0 {
		t.Errorf("%d reads of clusters that no rule matches", n)
	}
	if n := l.count("", emr.DescribeCluster); n != 3 {
		t.Errorf("3 clusters were described %d times in three hours", n)
	}
	// A reload that matches them takes them up where they were.
	l.engine.SetPolicy(steadyPolicy{})
	l.run(10 * time.Minute)
	if n := l.count("", emr.ListInstanceGroups); n < 3 {
		t.Errorf("after a rule matches them the 3 clusters were read %d times", n)
	}
	if len(l.faults) > 0 {
		t.Errorf("faults: %v", l.faults)
	}
}

func TestR13_NotFoundIsNotForEver(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	healthy := l.aws
	l.run(10 * time.Minute)
	l.aws = func(scope string, c emr.Call) emr.Result { // the credentials of another account
		if c.Op == emr.ListClusters {
			return emr.Result{}
		}
		return emr.Result{Err: &emr.Error{Class: emr.NotFound, Code: "InvalidRequestException", Message: "Cluster id is not valid."}}
	}
	l.run(10 * time.Minute)
	if !slices.Contains(l.kinds, "cluster.ended") {
		t.Fatal("clusters that are neither listed nor found were not closed")
	}
	l.aws, l.sent = healthy, nil
	l.run(10 * time.Minute)
	if n := l.count("", emr.ListInstanceGroups); n < 3 || !slices.Contains(l.kinds, "cluster.back") {
		t.Errorf("after they are listed again the 3 clusters were read %d times", n)
	}
}

func TestOneScopeDoesNotStopAnother(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "bad", "good")
	l.store.fail = func(s store.Save) error {
		if s.Lease.Scope == "bad" {
			return errors.New("disk I/O error")
		}
		return nil
	}
	l.run(10 * time.Minute)
	if n := l.count("good", emr.ListInstanceGroups); n < 3 {
		t.Errorf("the good scope was read %d times", n)
	}
}

func TestReadsThatAreRefusedForLongAreNotedOnce(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 6}
	l.aws = func(scope string, c emr.Call) emr.Result {
		if c.Op == emr.DescribeCluster {
			return emr.Result{Err: &emr.Error{Class: emr.Denied}}
		}
		return a.answer(scope, c)
	}
	l.run(12 * time.Hour)
	c := l.engine.scopes[0].clusters["j-STUCK"]
	if n := l.count("", emr.DescribeCluster); n < 100 || len(c.refused) > 1 {
		t.Errorf("%d refusals are noted after %d reads", len(c.refused), n)
	}
}

// TestR4_CountsComeFirst: of the answers of one moment those with counts are booked before the others, which keep their order, so that a
// stop which another answer leads to asks for no less than runs (I6).
func TestR4_CountsComeFirst(t *testing.T) {
	e := New(Options{Scopes: []Scope{{Name: "a"}, {Name: "b"}}})
	ops := []emr.Op{emr.ModifyInstanceGroups, emr.DescribeCluster, emr.ListInstanceGroups, emr.ListInstances, emr.ListInstanceGroups, emr.GetManagedScalingPolicy}
	var done []Completion
	for i, op := range ops {
		s := e.scopes[i%2]
		if s.flights == nil {
			s.flights = map[uint64]flight{}
		}
		s.flights[uint64(i+1)] = flight{call: emr.Call{Op: op}}
		done = append(done, Completion{ID: uint64(i + 1)})
	}
	var got []uint64
	for _, c := range e.countsFirst(done) {
		got = append(got, c.ID)
	}
	if want := []uint64{3, 5, 1, 2, 4, 6}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i, c := range done {
		if c.ID != uint64(i+1) {
			t.Fatal("the list that was given is changed")
		}
	}
}

// TestI7_LostCallsDoNotLeave: a save fails in a way that says nothing of what was written, in the very step in which another change was written
// down. That change counts as lost once the scope is loaded again, so it must not leave any more; other scopes' calls do.
func TestI7_LostCallsDoNotLeave(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod", "test")
	l.run(time.Minute)
	e := l.engine
	e.out = Out{}
	for _, s := range e.scopes {
		e.call(s, emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: 6}, flight{cluster: "j-1"})
	}
	e.scopes[0].failed(errors.New("the disk did not answer"))
	if len(e.out.Calls) != 1 || e.out.Calls[0].Scope != e.scopes[1].id {
		t.Errorf("%v leave; want the one of scope %s", e.out.Calls, e.scopes[1].id)
	}
	e.scopes[1].failed(fmt.Errorf("save: %w", store.ErrBusy))
	if len(e.out.Calls) != 1 {
		t.Error("a save that certainly did not happen took the calls of others along")
	}
}
