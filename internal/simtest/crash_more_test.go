package simtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/store/memory"
)

// killStories are protocols beside the plain recovery, each with what begins it once the guard runs.
var killStories = []struct {
	name   string
	begin  func(t *testing.T, w *World)
	wanted int // instances of the pool at the end
	adds   int // AddInstanceGroups with instances, at most
	kills  int // running nodes that may be ended, by a release that was asked for
}{
	{"R8_Chain", func(_ *testing.T, w *World) { // the first fallback gets nothing, the second does
		spot := emrsim.Pool{Zone: "us-east-1a", Type: "m5.xlarge", Market: "SPOT"}
		w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: spot, Parts: []int{6}})
		w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
		w.Sim.Plan(w.Now().Add(80*time.Minute), Region, "EC2", emrsim.Action{Do: emrsim.DoCapacity, Pool: spot, Parts: []int{60}})
	}, 9, 2, 0},
	{"R7_RepeatedAdd", func(t *testing.T, w *World) { // the first AddInstanceGroups has no effect and no answer
		f, err := emrsim.ParseFault("AddInstanceGroups call=1 refuse")
		check(t, err)
		w.Sim.AddFault(f)
		w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
		w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
	}, 9, 2, 0},
	{"R10_Enforce", func(_ *testing.T, w *World) { // somebody raises the banned origin
		w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
		w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 9})
		w.Sim.Plan(w.Now().Add(50*time.Minute), Region, "somebody", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: 12})
	}, 12, 1, 0},
	{"R6_ScaleUp", func(t *testing.T, w *World) { scale(t, w, 8) }, 8, 0, 0},
	{"R9_ScaleDown", func(t *testing.T, w *World) { scale(t, w, 4) }, 4, 0, 2},
}

func scale(t *testing.T, w *World, to int) {
	t.Helper()
	truth := w.Truth("etl")
	for _, g := range truth.Groups {
		if g.Name == "task" {
			check(t, w.submit(fmt.Sprintf("scale-%d", to), guard.Order{Kind: guard.OrderScale, Group: emr.GroupID(g.ID), To: to, Author: "an operator"}, truth.ID))
		}
	}
}

// TestR4R6R7R8R9R10_KillInEveryProtocol kills the guard at each boundary of the protocols beside the plain recovery: the chain, a
// repeated AddInstanceGroups, the enforcement of a ban, and scaling by hand. After a restart the pool has what it wants, nothing
// was launched twice and no node was ended that nobody gave up.
func TestR4R6R7R8R9R10_KillInEveryProtocol(t *testing.T) {
	t.Parallel()
	for _, story := range killStories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			play := func(kill func(Boundary) bool) *World {
				w := New(Options{Sim: emrsim.Options{Seed: 2}, Store: memory.New("storeaaa")})
				w.Cluster("etl", Group{"core", emr.Core, "", "", 2, ""}, Group{"task", emr.Task, "", emr.Spot, 6, ""})
				w.Watch()
				w.Start()
				w.Run(2 * time.Minute)
				story.begin(t, w)
				w.Kill = kill
				if w.Run(2 * time.Hour) {
					w.Kill = nil
					w.Run(20 * time.Second)
					w.Start()
				}
				w.Kill = nil
				w.Run(3 * time.Hour)
				return w
			}
			all := 0
			play(func(Boundary) bool { all++; return false })
			for at := range all {
				n := 0
				var killed Boundary
				w := play(func(b Boundary) bool {
					n++
					if n == at+1 {
						killed = b
					}
					return n == at+1
				})
				if strings.TrimSpace(killed.What) == "" {
					continue // a save of a quiet read, checked like any other, but of little interest when it fails
				}
				requireWhole(t, w, story.wanted, story.adds, story.kills)
				if t.Failed() {
					t.Fatalf("killed at boundary %d of %d: %s %s", at, all, killed.Where, killed.What)
				}
			}
		})
	}
}

// requireWhole checks that the pool runs what it wants and that nothing was launched twice.
func requireWhole(t *testing.T, w *World, wanted, adds, kills int) {
	t.Helper()
	requested, running, ended, added := 0, 0, 0, 0
	for _, g := range w.Truth("etl").Groups {
		if g.Role == string(emr.Task) {
			requested += g.Requested
			running += g.Running
			ended += g.Kills.Resize + g.Kills.Surplus + g.Kills.Request
		}
	}
	for _, c := range w.Calls {
		if c.Call.Op == emr.AddInstanceGroups && c.Call.Config.Count > 0 {
			added++
		}
	}
	var problems []string
	if requested != wanted || running != wanted {
		problems = append(problems, fmt.Sprintf("requested %d, running %d, want %d", requested, running, wanted))
	}
	if added > adds || ended > kills {
		problems = append(problems, fmt.Sprintf("%d groups added with instances, want at most %d; %d nodes ended, want at most %d", added, adds, ended, kills))
	}
	for _, v := range w.Violations() {
		problems = append(problems, v.Property+": "+v.Text)
	}
	if len(problems) > 0 {
		t.Error(strings.Join(problems, "; "))
		w.dump(t)
	}
}
