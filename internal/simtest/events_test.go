package simtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// told is a world whose events tell of a resize that gets stuck, and which nobody would look at for an hour without them.
func told(seed uint64, timing emrsim.EventTiming) *World {
	w := New(Options{Sim: emrsim.Options{Seed: seed, Events: timing}, Store: memory.New("storeaaa"), Events: true, Sweep: time.Hour})
	w.Cluster("etl", Group{"core", emr.Core, "", "", 2, ""}, Group{"task", emr.Task, "", emr.Spot, 6, ""})
	w.Start()
	w.Run(2 * time.Minute)
	w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
	w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
	return w
}

// opened is the date that the world's recovery gave the oldest missing instance.
func opened(w *World) string {
	for _, r := range w.Records {
		if _, since, ok := strings.Cut(r.Reason, "missing since "); ok && r.Kind == "recovery.open" {
			return since[:8]
		}
	}
	return "never"
}

// count is how many rows of a kind there are in the store.
func (w *World) count(t *testing.T, kind string) int {
	t.Helper()
	rows, err := w.o.Store.History(t.Context(), store.Query{Scope: ScopeName})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range rows {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// TestR11_AKillLosesNoEvent kills the guard at each boundary of the time in which the event of a resize's start comes, one run for each:
// the resize is dated by it all the same, and it is one row of the history, however often SQS gives it.
func TestR11_AKillLosesNoEvent(t *testing.T) {
	t.Parallel()
	timing := emrsim.EventTiming{DupRate: 1}
	w := told(1, timing)
	n := 0
	w.Kill = func(Boundary) bool { n++; return false }
	w.Run(3 * time.Minute)
	w.Run(40 * time.Minute)
	want := opened(w)
	if w.count(t, "group.event") == 0 || want == "never" {
		t.Fatal("no event came")
	}
	for at := 1; at <= n && at <= 8; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			w := told(1, timing)
			w.KillAfter(at)
			if !w.Run(20 * time.Minute) {
				t.Skip("it did not come to that")
			}
			w.Kill = nil
			w.Run(20 * time.Second)
			w.Start()
			w.Run(60 * time.Minute)
			if got := opened(w); got != want {
				t.Errorf("the resize is dated %s, want %s", got, want)
			}
			starts := 0
			rows, err := w.o.Store.History(t.Context(), store.Query{Scope: ScopeName})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.Kind == "group.event" && strings.Contains(r.Reason, "from 6 to 9") {
					starts++
				}
			}
			if starts != 1 {
				t.Errorf("%d rows of the one event", starts)
			}
		})
	}
}

// TestR11_EventsNeverHarm: whatever becomes of the events, the recovery is the one that reads alone lead to, and not later.
func TestR11_EventsNeverHarm(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		for name, timing := range map[string]emrsim.EventTiming{
			"all lost": {LossRate: 1}, "late": {Delay: emrsim.Dist{Min: time.Minute, Mode: 20 * time.Minute, Max: time.Hour}},
			"doubled and in disorder": {DupRate: 1, Delay: emrsim.Dist{Min: time.Second, Mode: time.Minute, Max: 10 * time.Minute}},
		} {
			w := told(seed, timing)
			w.Run(3 * time.Hour)
			c := w.Truth("etl")
			running := 0
			for _, g := range c.Groups {
				if g.Role == string(emr.Task) {
					running += g.Running
				}
			}
			if running != 9 || len(c.Groups) != 4 {
				t.Errorf("seed %d, %s: %d task nodes run in %d groups, want 9 and one fallback", seed, name, running, len(c.Groups))
			}
			if got := opened(w); !slices.Contains([]string{"08:02", "08:30"}, got[:5]) { // by the event, or half way between two sweeps
				t.Errorf("seed %d, %s: dated %s", seed, name, got)
			}
		}
	}
}

// TestEventsCostFewCalls counts the calls that a queue costs.
func TestEventsCostFewCalls(t *testing.T) {
	t.Parallel()
	w := New(Options{Sim: emrsim.Options{Seed: 3}, Store: memory.New("storeaaa"), Events: true, Sweep: time.Hour})
	w.Cluster("etl", Group{"core", emr.Core, "", "", 2, ""}, Group{"task", emr.Task, "", emr.Spot, 6, ""})
	w.Start()
	w.Run(10 * time.Minute)
	calls := func(op emr.Op, from int) (n int) {
		for _, c := range w.Calls[from:] {
			if c.Call.Op == op {
				n++
			}
		}
		return n
	}
	from := len(w.Calls)
	w.Run(time.Hour)
	if n := calls(emr.ReceiveMessage, from); n < 175 || n > 181 {
		t.Errorf("a quiet hour costs %d calls of ReceiveMessage, want about 180", n)
	}
	if n := calls(emr.DeleteMessageBatch, from); n > 0 {
		t.Errorf("a quiet hour costs %d calls of DeleteMessageBatch", n)
	}
	from = len(w.Calls)
	for i := range 6 {
		w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 7 + i})
		w.Run(10 * time.Minute)
	}
	if n := calls(emr.ReceiveMessage, from) + calls(emr.DeleteMessageBatch, from); n > 181+4*6 {
		t.Errorf("an hour with 6 resizes costs %d calls of SQS", n)
	}
	if n := calls(emr.ListInstanceGroups, from); n > 2*6+2 {
		t.Errorf("and %d reads", n)
	}
}
