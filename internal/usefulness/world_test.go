package usefulness

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/emrsim"
)

// day is a world that is short enough to play often.
func day(seed uint64) world {
	x := newWorld(seed)
	x.length = 24 * time.Hour
	return x
}

// What arrives is the same whoever scales, and so is what EC2 does.
func TestWaysDifferInNothingElse(t *testing.T) {
	t.Parallel()
	x := day(3)
	ref, results := x.runs(script, withSame)
	type job struct {
		Name    string
		Arrived time.Time
		Work    float64
		Width   int
	}
	list := func(r *result) [][]job {
		var out [][]job
		for _, jobs := range r.jobs {
			var l []job
			for _, j := range jobs {
				l = append(l, job{j.Name, j.Arrived, j.Work, j.Width})
			}
			out = append(out, l)
		}
		return out
	}
	want := list(ref)
	if len(want) != len(fleet()) || len(want[0]) == 0 {
		t.Fatalf("%d clusters with jobs, want %d", len(want), len(fleet()))
	}
	for _, r := range results {
		if d := cmp.Diff(want, list(r)); d != "" {
			t.Errorf("%s: other jobs than in the reference (-reference +way)\n%s", r.way.name, d)
		}
	}
}

func TestARunRepeats(t *testing.T) {
	t.Parallel()
	x := day(2)
	ref, results := x.runs(withRungs, withRungs, eagerScript, eagerScript)
	for i := 0; i < len(results); i += 2 {
		a, b := results[i], results[i+1]
		if d := cmp.Diff(jobTable(ref, []*result{a}), jobTable(ref, []*result{b}), cmp.AllowUnexported(table{})); d != "" {
			t.Errorf("%s twice: %s", a.way.name, d)
		}
		if d := cmp.Diff(workTable(ref, []*result{a}), workTable(ref, []*result{b}), cmp.AllowUnexported(table{})); d != "" {
			t.Errorf("%s twice: %s", a.way.name, d)
		}
	}
}

// A drought must cost each way something, or the comparison compares nothing.
func TestWeatherIsFelt(t *testing.T) {
	t.Parallel()
	x := day(1)
	x.spells = []spell{{kind: spotDry, from: monday.Add(7 * time.Hour), to: monday.Add(11 * time.Hour)}}
	ref, results := x.runs(script, scalingOnly, withSame)
	_, calm := x.calm().runs(script, scalingOnly, withSame)
	for i, r := range results {
		if dry, wet := delaysOf(r, ref).sum, delaysOf(calm[i], ref).sum; dry <= wet {
			t.Errorf("%s: %s of delay with four hours without Spot, %s without", r.way.name, dry, wet)
		}
	}
}

func TestConfigurationFitsTheFleet(t *testing.T) {
	cfg := fleetConfig()
	if w := cfg.WarningLines(); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}
	if len(cfg.Clusters) != len(fleet()) {
		t.Errorf("%d rules for %d clusters", len(cfg.Clusters), len(fleet()))
	}
	for _, c := range fleet() {
		c.pool(cfg) // panics without one
		for _, kind := range c.kinds(cfg) {
			if !emrsim.SupportsType(kind) {
				t.Errorf("%s: the simulator has no %s", c.name, kind)
			}
		}
		if bad := c.load.Check(); len(bad) > 0 {
			t.Errorf("%s: %v", c.name, bad)
		}
	}
}
