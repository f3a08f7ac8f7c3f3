package engine

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// A time in which nobody watched is told with its beginning and its end, also if the first attempt to write that fails.
func TestATimeInWhichNobodyWatchedIsTold(t *testing.T) {
	s := memory.New("abcdefgh")
	l := newLab(t, s, "prod")
	l.run(5 * time.Minute)
	lease := l.engine.scopes[0].lease
	failed := false
	l.store.fail = func(save store.Save) error {
		if !failed && slices.ContainsFunc(save.Records, func(r store.Record) bool { return r.Kind == "scope.unwatched" }) {
			failed = true
			return errors.New("the disk is gone")
		}
		return nil
	}
	l.restart() // an hour later
	began := l.now.Wall
	l.run(5 * time.Minute)
	records, err := s.History(t.Context(), store.Query{Scope: "prod", Kinds: []string{"scope.unwatched", "scope.watched"}, Oldest: true})
	if err != nil || len(records) != 2 || !failed {
		t.Fatalf("%d records, a save failed: %t, %v", len(records), failed, err)
	}
	if got, want := records[0].At, lease.Expires; got.Sub(want).Abs() > time.Second {
		t.Errorf("it began at %s, want the end of the lease, %s", got, want)
	}
	if got := records[1].At; got.Sub(began).Abs() > time.Second {
		t.Errorf("it ended at %s, want %s", got, began)
	}
	if got, want := records[1].Reason, "emrguard watches the scope again; none did for 59m"; !strings.HasPrefix(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// A restart within two looks at each cluster is nothing to tell, and neither is the first start.
func TestAShortRestartIsNotTold(t *testing.T) {
	s := memory.New("abcdefgh")
	l := newLab(t, s, "prod")
	l.run(5 * time.Minute)
	l.now = l.now.Add(9 * time.Minute)
	o := l.engine.o
	o.Owner = "another"
	l.engine, l.done = New(o), nil
	l.run(5 * time.Minute)
	if slices.Contains(l.kinds, "scope.unwatched") || slices.Contains(l.kinds, "scope.watched") {
		t.Errorf("told %v", l.kinds)
	}
}
