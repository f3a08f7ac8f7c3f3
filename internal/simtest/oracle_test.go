package simtest

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/store/memory"
)

// TestOracle_ManyClusters repairs a stuck group on each of several clusters, and has each of them watched.
func TestOracle_ManyClusters(t *testing.T) {
	t.Parallel()
	w := New(Options{Sim: emrsim.Options{Seed: 1}, Store: memory.New("storeaaa")})
	w.Watch()
	var names []string
	for i := range 4 {
		names = append(names, fmt.Sprintf("etl-%d", i))
		w.Cluster(names[i], Group{Name: "core", Role: emr.Core, Count: 2}, Group{Name: "task", Role: emr.Task, Count: 3})
	}
	w.Start()
	w.Run(20 * time.Minute)
	for _, name := range names {
		w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: name, Group: "task"})
		w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: name, Group: "task", To: 7})
	}
	w.Run(3 * time.Hour)
	for _, name := range names {
		w.Quiet(name)
	}
	for _, v := range w.Violations() {
		t.Errorf("%s %s: %s", v.At.Format(time.TimeOnly), v.Property, v.Text)
	}
	if len(w.oracle.clusters) != len(names) {
		t.Errorf("%d of %d clusters are watched", len(w.oracle.clusters), len(names))
	}
}
