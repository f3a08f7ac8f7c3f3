package recovery

import (
	"testing"
	"time"

	"emrguard/internal/emr"
)

// TestR4_Grants dates instances by what the lists show: EMR dates them by when they were asked for.
func TestR4_Grants(t *testing.T) {
	const grace = 20 * time.Minute
	type list struct {
		minute    float64
		instances []emr.Instance
	}
	waits := emr.Instance{ID: "ci-1", Group: "ig-A", State: emr.InstanceAwaiting, Created: at(0)}
	starts := func(state emr.InstanceState, created float64) emr.Instance {
		return emr.Instance{ID: "ci-1", Group: "ig-A", EC2: "i-1", State: state, Created: at(created)}
	}
	booting := starts(emr.InstanceBootstrapping, 0)
	undated := booting
	undated.Created = time.Time{}
	for name, c := range map[string]struct {
		lists    []list
		now      float64
		arriving int
	}{
		"one list, by its creation":       {[]list{{19, []emr.Instance{booting}}}, 19, 1},
		"and too old":                     {[]list{{20, []emr.Instance{booting}}}, 20, 0},
		"no creation":                     {[]list{{1, []emr.Instance{undated}}}, 1, 0},
		"granted between two lists":       {[]list{{10, []emr.Instance{waits}}, {30, []emr.Instance{booting}}}, 30, 1},
		"until grace after their middle":  {[]list{{10, []emr.Instance{waits}}, {30, []emr.Instance{booting}}}, 39.9, 1},
		"and not longer":                  {[]list{{10, []emr.Instance{waits}}, {30, []emr.Instance{booting}}}, 40, 0},
		"a third list changes no date":    {[]list{{10, []emr.Instance{waits}}, {30, []emr.Instance{booting}}, {40, []emr.Instance{booting}}}, 40, 0},
		"not listed while it waited":      {[]list{{10, nil}, {30, []emr.Instance{booting}}}, 30, 1},
		"and without a creation":          {[]list{{10, nil}, {30, []emr.Instance{undated}}}, 30, 1},
		"created after the list before":   {[]list{{10, nil}, {50, []emr.Instance{starts(emr.InstanceProvisioning, 40)}}}, 64.9, 1},
		"it runs":                         {[]list{{10, []emr.Instance{waits}}, {30, []emr.Instance{starts(emr.InstanceRunning, 0)}}}, 30, 0},
		"it is gone":                      {[]list{{10, []emr.Instance{booting}}, {15, nil}}, 15, 0},
		"an overtaken list":               {[]list{{15, []emr.Instance{booting}}, {10, nil}}, 15, 1},
		"a page that came twice":          {[]list{{15, []emr.Instance{booting, booting}}}, 15, 1},
		"another group's":                 {[]list{{15, []emr.Instance{{ID: "ci-2", Group: "ig-B", EC2: "i-2", State: emr.InstanceProvisioning, Created: at(14)}}}}, 15, 0},
		"a list of the same moment again": {[]list{{30, nil}, {30, []emr.Instance{booting}}}, 30, 0},
	} {
		var g Grants
		for _, l := range c.lists {
			g = g.Observe("ig-A", l.instances, at(l.minute))
		}
		if n := g.Arriving(grace, at(c.now)); n != c.arriving {
			t.Errorf("%s: %d are about to arrive, want %d: %+v", name, n, c.arriving, g)
		}
	}
}

// TestR4_Ran: a list says what ran for as long as it is recent, and counts only what is RUNNING in the group, once.
func TestR4_Ran(t *testing.T) {
	runs := func(id, group string, state emr.InstanceState) emr.Instance {
		return emr.Instance{ID: emr.InstanceID(id), Group: emr.GroupID(group), EC2: "i-" + id, State: state, Created: at(0)}
	}
	listed := []emr.Instance{
		runs("ci-2", "ig-A", emr.InstanceRunning), runs("ci-1", "ig-A", emr.InstanceRunning), runs("ci-2", "ig-A", emr.InstanceRunning), // a page that came twice
		runs("ci-3", "ig-A", emr.InstanceTerminated), runs("ci-4", "ig-A", emr.InstanceBootstrapping), runs("ci-5", "ig-B", emr.InstanceRunning),
	}
	g := Grants{}.Observe("ig-A", listed, at(10))
	for from, want := range map[float64]int{8: 2, 10: 2, 10.1: 0} {
		if got := g.Ran(at(from)); got != want {
			t.Errorf("since %g: %d ran, want %d", from, got, want)
		}
	}
	if g = g.Observe("ig-A", nil, at(11)); g.Ran(at(10)) != 0 {
		t.Errorf("they are gone: %+v", g)
	}
	if (Grants{}).Ran(time.Time{}) != 0 {
		t.Error("no list, and instances ran")
	}
}
