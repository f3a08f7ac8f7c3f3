package view

import (
	"testing"
	"time"

	"emrguard/internal/recovery"
)

func TestSentence(t *testing.T) {
	w := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: stuckCluster(t)}}}})
	row := w.Recoveries(nil).Recoveries[0]
	with := func(change func(*RecoveryStatus)) RecoveryStatus {
		r := row
		change(&r)
		return r
	}
	byHand := func(kind recovery.Kind, reason string) RecoveryStatus {
		return RecoveryStatus{Recovery: "r1-9", Kind: string(kind), GroupLabel: "task", Opened: ago(time.Minute), Reason: reason, Author: "ann"}
	}
	for _, c := range []struct {
		name string
		r    RecoveryStatus
		want string
	}{
		{"launched", row, "11:54 task stuck (6 of 9 ran), stopped at 6, banned until 13:55, 3 launched on task+r1-7; cause: quota (r1-7)"},
		{"stopped", with(func(r *RecoveryStatus) { r.Placed, r.PlacedOn, r.PlacedOnLabel, r.Cause = 0, "", "", "" }),
			"11:54 task stuck (6 of 9 ran), stopped at 6, banned until 13:55, nothing launched yet (r1-7)"},
		{"just found", with(func(r *RecoveryStatus) {
			r.Stopped, r.BannedUntil, r.Placed, r.StopCount, r.Hold = time.Time{}, time.Time{}, 0, 0, "no token"
		}), "11:54 task stuck (6 of 9 ran), not stopped yet; cause: quota; waits: no token (r1-7)"},
		{"nothing ran", with(func(r *RecoveryStatus) { r.Ran, r.StopCount = 0, 0 }), "11:54 task stuck (0 of 9 ran), stopped at 0, banned until 13:55, 3 launched on task+r1-7; cause: quota (r1-7)"},
		{"a return", byHand(recovery.Return, "asked for by hand"), "11:59 return to task by ann (r1-9)"},
		{"a scale", byHand(recovery.Scale, "scale from 6 to 9"), "11:59 pool task: scale from 6 to 9 by ann (r1-9)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.r.Sentence(noon); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
