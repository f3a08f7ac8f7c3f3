package simtest

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/store/memory"
)

// TestR7_OneOwnerAtATime runs two processes on one store: only the owner of the scope calls EMR, and the other takes over when
// it dies, in the middle of a recovery.
func TestR7_OneOwnerAtATime(t *testing.T) {
	w := stuckWorld(memory.New("storeaaa"), 3)
	w.Start()
	w.Run(25 * time.Minute)
	for _, c := range w.Calls {
		if c.By != "process-1" {
			t.Fatalf("%s sent %s while process-1 owns the scope", c.By, c.Call)
		}
	}
	w.procs[0].Crash()
	before := len(w.Calls)
	w.Run(40 * time.Minute)
	if len(w.Calls) == before {
		t.Fatal("nobody took the scope over")
	}
	requireRepaired(t, w, w.start.Add(40*time.Minute))
}

// TestI7_SleepingOwner puts the owner's machine to sleep at each second of a recovery's changes. Another process takes over; when
// the sleeper wakes, its trust has ended on the wall clock though not on its monotonic one, and it sends nothing more.
func TestI7_SleepingOwner(t *testing.T) {
	w := stuckWorld(memory.New("storeaaa"), 1)
	w.Run(40 * time.Minute)
	var first, last time.Time
	for _, c := range w.Calls {
		if c.Call.Op.Writes() {
			if first.IsZero() {
				first = c.At
			}
			last = c.At
		}
	}
	for at := first.Add(-2 * time.Second); at.Before(last.Add(5 * time.Second)); at = at.Add(time.Second) {
		w := stuckWorld(memory.New("storeaaa"), 1)
		w.Start()
		w.Run(at.Sub(w.Now()))
		sleeper := w.procs[0]
		sleeper.Sleep()
		w.Run(10 * time.Minute)
		sleeper.Wake()
		woke := w.Now()
		w.Run(50 * time.Minute)
		for _, c := range w.Calls {
			if c.By == sleeper.name && !c.At.Before(woke) {
				t.Errorf("asleep from %s: it woke at %s and sent %s", at.Format(time.TimeOnly), woke.Format(time.TimeOnly), c.Call)
			}
		}
		requireRepaired(t, w, w.start.Add(50*time.Minute))
		if t.Failed() {
			return
		}
	}
}

// TestI7_LateAddOfAnOldOwner lets an AddInstanceGroups land two minutes after its owner died. The next owner does not repeat it
// for five minutes and adopts the group when it shows.
func TestI7_LateAddOfAnOldOwner(t *testing.T) {
	w := stuckWorld(memory.New("storeaaa"), 5)
	f, err := emrsim.ParseFault("AddInstanceGroups call=1 late=4m")
	check(t, err)
	w.Sim.AddFault(f)
	w.Kill = func(b Boundary) bool {
		return b.Where == AfterCall && len(b.What) > 17 && b.What[:17] == string(emr.AddInstanceGroups)
	}
	if !w.Run(40 * time.Minute) {
		t.Fatal("no AddInstanceGroups was sent")
	}
	w.Kill = nil
	w.Start()
	w.Run(40 * time.Minute)
	requireRepaired(t, w, w.start.Add(33*time.Minute))
	adds := 0
	for _, c := range w.Calls {
		if c.Call.Op == emr.AddInstanceGroups {
			adds++
		}
	}
	if adds != 1 {
		t.Errorf("AddInstanceGroups was sent %d times", adds)
	}
}

// TestR11_ClockSkew starts a process whose wall clock is wrong: it starts no recovery, says so, and repairs nothing.
func TestR11_ClockSkew(t *testing.T) {
	w := New(Options{Sim: emrsim.Options{Seed: 1}, Store: memory.New("storeaaa")})
	w.Cluster("etl", Group{"core", emr.Core, "", "", 2, ""}, Group{"task", emr.Task, "", emr.Spot, 6, ""})
	w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
	w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
	p := w.Start()
	p.Ahead = 10 * time.Minute
	w.Run(time.Hour)
	for _, c := range w.Calls {
		if c.Call.Op.Writes() {
			t.Fatalf("sent %s with a clock that is ten minutes ahead", c.Call)
		}
	}
	said := false
	for _, r := range w.Records {
		said = said || r.Kind == "clock.skew"
	}
	if !said {
		t.Error("the skew was not reported")
	}
	p.Ahead = 0
	w.Run(10 * time.Minute)
	wrote := false
	for _, c := range w.Calls {
		wrote = wrote || c.Call.Op.Writes()
	}
	if !wrote {
		t.Error("no recovery started after the clock was set right")
	}
}
