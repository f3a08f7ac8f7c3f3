package usefulness

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/simtest"
)

// Both scripts raise a cluster whose containers wait; while a resize does not end only the eager one goes on, and the other counts the time.
func TestAutoscalers(t *testing.T) {
	cfg := fleetConfig()
	x := world{cfg: cfg, seed: 1, length: week}
	for _, waits := range []bool{false, true} {
		w := simtest.New(simtest.Options{Sim: emrsim.Options{Seed: 1, Start: monday, Timing: steady()}})
		ids := x.place(w, false)
		hungry := ids[2] // ad-hoc
		a := newAutoscaler(w, cfg, ids, waits)
		a.pools = a.pools[2:3]
		w.Act(emrsim.Action{Do: emrsim.DoSubmit, Cluster: hungry, Name: "much", Work: emrsim.Span(2000 * time.Hour), Width: 300, Count: 1})
		live := func(d time.Duration) {
			for range int(d / every) {
				w.Run(every - w.Now().Sub(w.Now().Truncate(every)) + time.Minute)
				a.run()
			}
		}
		live(time.Hour)
		raised := w.Truth(hungry).Groups[2].Requested
		if raised < 3 {
			t.Errorf("waits %t: %d instances after an hour of need", waits, raised)
		}
		w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: hungry, Group: taskGroup})
		live(2 * time.Hour)
		after := w.Truth(hungry).Groups[2]
		most := a.pools[0].conf.Max
		switch {
		case !waits && (after.Requested != most || a.held != 0):
			t.Errorf("the eager script stays at %d of %d, held for %s", after.Requested, most, a.held)
		case waits && (after.Requested == most || a.held < time.Hour):
			t.Errorf("the patient script asks for %d while %d run, held for %s", after.Requested, after.Running, a.held)
		}
		if a.calls[emr.GetMetricData] == 0 || a.series < 2*a.calls[emr.GetMetricData] || a.calls[emr.ListInstanceGroups] == 0 {
			t.Errorf("counted %v and %d series", a.calls, a.series)
		}
	}
}
