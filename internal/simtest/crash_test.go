package simtest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/store/sqlite"
)

// stuckWorld is a cluster whose task group is asked for 9, has 6, and gets no more.
func stuckWorld(s store.Store, seed uint64) *World {
	w := New(Options{Sim: emrsim.Options{Seed: seed}, Store: s})
	w.Cluster("etl", Group{"core", emr.Core, "", "", 2, ""}, Group{"task", emr.Task, "", emr.Spot, 6, ""})
	w.Start()
	w.Run(2 * time.Minute)
	w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
	w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
	w.Run(10 * time.Minute)
	return w
}

// TestR4R7_KillAtEveryBoundary kills the guard at each boundary of a recovery, one run for each: before and after every save,
// before and after every change takes effect. After a restart there is one fallback group, nothing is lost, no clock restarts.
func TestR4R7_KillAtEveryBoundary(t *testing.T) {
	t.Parallel()
	var boundaries []Boundary
	w := stuckWorld(memory.New("storeaaa"), 1)
	w.Kill = func(b Boundary) bool {
		if w.Now().After(w.start.Add(30 * time.Minute)) {
			boundaries = append(boundaries, b)
		}
		return false
	}
	w.Run(50 * time.Minute)
	requireRepaired(t, w, w.start.Add(33*time.Minute))
	if len(boundaries) < 20 {
		t.Fatalf("only %d boundaries in a whole recovery", len(boundaries))
	}
	for i, b := range boundaries {
		t.Run(fmt.Sprintf("%03d_%s_%.40s", i, b.Where, strings.ReplaceAll(b.What, " ", "_")), func(t *testing.T) {
			t.Parallel()
			if i%8 != 0 {
				killOnce(t, memory.New("storeaaa"), i)
				return
			}
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"), sqlite.Options{}) // every eighth run shows that a file is no different
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			killOnce(t, s, i)
		})
	}
}

func killOnce(t *testing.T, s store.Store, at int) {
	t.Helper()
	w := stuckWorld(s, 1)
	n := 0
	w.Kill = func(Boundary) bool {
		if !w.Now().After(w.start.Add(30 * time.Minute)) {
			return false
		}
		n++
		return n == at+1
	}
	if !w.Run(50 * time.Minute) {
		t.Fatalf("boundary %d was not reached", at)
	}
	w.Kill = nil
	w.Run(20 * time.Second)
	w.Start()
	w.Run(70 * time.Minute)
	requireRepaired(t, w, w.start.Add(39*time.Minute)) // a stop whose answer is lost is sent again after settle (R5)
}

// requireRepaired checks that 6 of 9 became 9 of 9 with one fallback group, that the stop came on time, and that no running
// node was ended.
func requireRepaired(t *testing.T, w *World, stopBy time.Time) {
	t.Helper()
	truth := w.Truth("etl")
	requested, running, filled := 0, 0, 0
	for _, g := range truth.Groups {
		if g.Role != string(emr.Task) {
			continue
		}
		requested += g.Requested
		running += g.Running
		if strings.HasPrefix(g.Name, "emrguard/") && g.Requested > 0 {
			filled++
		}
		if k := g.Kills; k.Resize+k.Surplus+k.Request > 0 {
			t.Errorf("running nodes of %s were ended: %+v", g.ID, k)
		}
	}
	if requested != 9 || running != 9 || filled != 1 {
		t.Errorf("requested %d, running %d, filled fallback groups %d; want 9, 9, 1", requested, running, filled)
	}
	var stop time.Time
	adds := 0
	for _, c := range w.Calls {
		if c.Call.Op == emr.ModifyInstanceGroups && c.Call.Count == 6 && stop.IsZero() {
			stop = c.At
		}
		if c.Call.Op == emr.AddInstanceGroups && c.Call.Config.Count > 0 {
			adds++
		}
	}
	if stop.IsZero() || stop.After(stopBy) {
		t.Errorf("the stop was sent at %s, not by %s", stop.Format(time.TimeOnly), stopBy.Format(time.TimeOnly))
	}
	if adds > 1 {
		t.Errorf("AddInstanceGroups with instances was sent %d times", adds)
	}
	if t.Failed() {
		w.dump(t)
	}
}

func (w *World) dump(t *testing.T) {
	t.Helper()
	for _, r := range w.Records {
		t.Logf("%s %-20s %-16s %s", r.At.Format(time.TimeOnly), r.Kind, r.Group, r.Reason)
	}
	for _, c := range w.Calls {
		if c.Call.Op.Writes() {
			t.Logf("%s sent %s %v", c.At.Format(time.TimeOnly), c.Call, c.Err)
		}
	}
	for _, f := range w.Faults {
		t.Logf("fault %+v", f)
	}
}
