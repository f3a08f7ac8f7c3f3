package usefulness

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/simtest"
)

// result is what one way came to.
type result struct {
	way      way
	from, to time.Time
	jobs     [][]emrsim.JobTruth // by cluster
	curves   [][]moment          // by cluster

	missing   float64       // instance-minutes wanted and not running, in task groups
	unwanted  float64       // instance-minutes running beyond what is wanted, in task groups
	idle      float64       // instance-minutes running without work, core nodes too
	waited    float64       // container-minutes that jobs could have used and did not have
	redone    float64       // container-minutes lost with nodes and done again
	dollars   float64       // instances and EMR's fee
	spot      float64       // dollars of these for Spot
	held      time.Duration // cluster-time in which no scaling operation ran because a group was resizing
	ops       int           // scaling operations
	stops     int           // resizes that were stopped
	groups    int           // task groups made
	calls     map[emr.Op]int
	series    int // that GetMetricData was asked for
	interrupt int // instances that EC2 took back
}

// moment is how a cluster's task groups stood.
type moment struct {
	at              time.Time
	wanted, running int
}

// sampled is how far apart the moments of a curve are: the simulator's own samples.
const sampled = 5 * time.Minute

// sample takes the curves. What is wanted is what emrguard's document says or, without one, what EMR is asked for: while emrguard stops
// a resize and before it places what is missing, the requested count is lower than what is wanted.
func (r *result) sample(w *simtest.World, ids []string, docs *watched) {
	for _, id := range ids {
		var curve []moment
		for _, s := range w.Sim.Samples(simtest.Region, id, r.from, r.to) {
			m := moment{s.At, s.TaskRequested, s.TaskRunning}
			if docs != nil {
				if n, ok := docs.wanted[id].at(s.At); ok {
					m.wanted = n
				}
			}
			r.missing += float64(max(0, m.wanted-m.running)) * sampled.Minutes()
			r.unwanted += float64(max(0, m.running-m.wanted)) * sampled.Minutes()
			curve = append(curve, m)
		}
		r.curves = append(r.curves, curve)
	}
}

// measure takes what the simulator counts.
func (r *result) measure(w *simtest.World, ids []string) {
	for _, id := range ids {
		t := w.Truth(id)
		r.idle += t.IdleMinutes
		r.waited += t.Load.Waited
		r.redone += t.Load.Redone
		r.groups += t.GroupsAdded
		for _, u := range t.Usage {
			r.dollars += u.Dollars
			if u.Market == string(emr.Spot) {
				r.spot += u.Dollars
			}
		}
		for _, g := range t.Groups {
			r.interrupt += g.Kills.Spot
		}
		r.jobs = append(r.jobs, w.Sim.Jobs(simtest.Region, id))
	}
}

// guarded takes what emrguard did.
func (r *result) guarded(w *simtest.World, ids []string, docs *watched) {
	for _, c := range w.Calls {
		r.calls[c.Call.Op]++
		if c.Call.Metrics != nil {
			r.series += len(c.Call.Metrics.Queries)
		}
	}
	for _, rec := range w.Records {
		switch rec.Kind {
		case "scaling.decided":
			r.ops++
		case "call.stop":
			r.stops++
		}
	}
	for _, id := range ids {
		r.held += docs.suspended[id].total(r.from, r.to)
	}
	for _, f := range w.Faults {
		panic(f.Err) // nothing is broken in this world
	}
}

// scripted takes what a script did.
func (r *result) scripted(a *autoscaler) {
	r.calls, r.series, r.ops, r.held = a.calls, a.series, a.calls[emr.ModifyInstanceGroups], a.held
}

// delay is by how much a job took longer than in the reference, where the task groups are always at their max; of a job that goes on, by how much at least.
func (r *result) delay(ref *result, cluster, job int) time.Duration {
	return minutes(r.jobs[cluster][job].Delay - ref.jobs[cluster][job].Delay)
}

func minutes(m float64) time.Duration {
	return time.Duration(m * float64(time.Minute)).Round(time.Second)
}
