package view

import (
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

func TestGroupsInSentences(t *testing.T) {
	c := &Cluster{State: cluster("j-1", "etl", nil)}
	c.Groups = append(c.Groups, group("ig-11", "task", emr.Task, 1, 1), group("ig-12", "", emr.Task, 1, 1))
	for _, x := range []struct{ text, labelled, named string }{
		{"3 run on ig-11, none on ig-12 and ig-99", "3 run on ig-11 (task), none on ig-12 and ig-99", "3 run on task, none on ig-12 and ig-99"},
		{"`emrguard unban ig-11` lifts that", "`emrguard unban ig-11` lifts that", "`emrguard unban ig-11` lifts that"},
		{`made: "emrguard/1 task s.j-1.ig-11.r1" for ig-11.`, `made: "emrguard/1 task s.j-1.ig-11.r1" for ig-11 (task).`, `made: "emrguard/1 task s.j-1.ig-11.r1" for task.`},
	} {
		if got := c.Labelled(x.text); got != x.labelled {
			t.Errorf("%q, want %q", got, x.labelled)
		}
		if got := c.named(x.text); got != x.named {
			t.Errorf("%q, want %q", got, x.named)
		}
	}
	if got := (*Cluster)(nil).Labelled("ig-11"); got != "ig-11" {
		t.Errorf("without a cluster: %q", got)
	}
	if got := shortened(strings.Repeat("ä", longest+1)); got != strings.Repeat("ä", longest-1)+"…" {
		t.Errorf("shortened: %q", got)
	}
}

// A holder renews its lease after a third of the term; one that did not may be dead.
func TestLastSeen(t *testing.T) {
	for left, want := range map[time.Duration]string{
		30 * time.Second: "", 20 * time.Second: "", 18 * time.Second: ", last seen 12s ago", time.Second: ", last seen 29s ago",
	} {
		w := World{Now: noon, Term: 30 * time.Second, Scopes: []Scope{{Name: "prod", Lease: store.Lease{Owner: "k3", Note: "a", Expires: noon.Add(left)}}}}
		if got := w.Status().Scopes[0].Headline(noon); got != "scope prod: emrguard runs (a k3)"+want {
			t.Errorf("%s left: %s", left, got)
		}
	}
}
