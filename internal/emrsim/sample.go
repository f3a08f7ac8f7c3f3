package emrsim

import (
	"math/rand/v2"
	"sort"
	"time"
)

// Sample is the state of a cluster at one moment, as its metrics are made of it.
type Sample struct {
	At             time.Time `json:"at"`
	Up             bool      `json:"up"` // the primary runs, so there are metrics
	Idle           bool      `json:"idle"`
	HasCore        bool      `json:"has_core"`
	HasTask        bool      `json:"has_task"`
	CoreRunning    int       `json:"core_running"`
	CoreRequested  int       `json:"core_requested"`
	TaskRunning    int       `json:"task_running"`
	TaskRequested  int       `json:"task_requested"`
	Active         int       `json:"active"`         // workers that are not leaving
	Lost           int       `json:"lost"`           // workers that went at once, since the cluster's start
	Decommissioned int       `json:"decommissioned"` // workers that went gracefully, since the cluster's start
	Allocated      int       `json:"allocated"`      // containers
	Pending        int       `json:"pending"`        // containers that jobs could use and do not have
	Capacity       int       `json:"capacity"`       // containers
	MemoryTotal    int       `json:"memory_total"`   // MiB
	MemoryUsed     int       `json:"memory_used"`    // MiB
	Submitted      int       `json:"submitted"`      // jobs since the cluster's start
	Completed      int       `json:"completed"`
	Killed         int       `json:"killed"`
	Running        int       `json:"running"` // jobs that have had containers
	Waiting        int       `json:"waiting"` // jobs that have not
	HDFS           float64   `json:"hdfs"`    // percent in use

	lag time.Duration // with which its metrics come
}

// sample is the present state.
func (y *yarn) sample() Sample {
	n := y.seen
	s := Sample{
		At: y.c.sim().now, Up: n.up, Idle: len(y.open) == 0 && !n.stepping, HasCore: n.hasCore, HasTask: n.hasTask,
		CoreRunning: n.core, CoreRequested: n.coreWanted, TaskRunning: n.task, TaskRequested: n.taskWanted, Active: n.active,
		Lost: y.lost, Decommissioned: y.released, Allocated: y.used, Capacity: n.containers, MemoryTotal: n.memory,
		MemoryUsed: y.used * y.container(), Submitted: len(y.jobs), Completed: y.finished, Killed: y.killed, lag: y.lag,
	}
	for _, j := range y.open {
		s.Pending += j.width - j.have
		if j.started.IsZero() {
			s.Waiting++
		} else {
			s.Running++
		}
	}
	if n.disk > 0 {
		s.HDFS = min(100, 100*float64(y.load.HDFS)/float64(n.disk))
	}
	return s
}

// pullEvery is how often EMR pulls a cluster's metrics, and keptMetrics how long CloudWatch shows them in their own resolution (EMR
// Management Guide, UsingEMR_ViewingMetrics).
const (
	pullEvery   = 5 * time.Minute
	keptMetrics = 63 * 24 * time.Hour
)

// record is what a cluster's metrics show: its state whenever EMR pulls it. States that no pull saw are forgotten. Pulls happen without
// events of their own: nothing changes between two changes, so what a pull saw can be told afterwards.
type record struct {
	c      *cluster
	phase  time.Duration // of the pulls within pullEvery, whole minutes
	states []Sample      // oldest first; each holds until the next
	first  time.Time     // the time of pulls[0]
	pulls  []pull
	gap    time.Time // pulls before this are missing
	rng    *rand.Rand
}

// pull is how one pull went.
type pull struct {
	after time.Duration // until its values are in CloudWatch
	lost  bool
}

func newRecord(c *cluster) record {
	rng := stream(c.sim().opt.Seed, "metrics", c.r.name, c.id)
	r := record{c: c, phase: time.Duration(rng.IntN(int(pullEvery/time.Minute))) * time.Minute, rng: rng}
	r.first = r.pullFrom(c.sim().now)
	return r
}

// pullFrom is the time of the first pull at or after t.
func (r *record) pullFrom(t time.Time) time.Time {
	base := t.Add(-r.phase).Truncate(pullEvery).Add(r.phase)
	if base.Before(t) {
		base = base.Add(pullEvery)
	}
	return base
}

// note keeps a new state.
func (r *record) note(s Sample) {
	if n := len(r.states); n > 0 && !r.pullFrom(r.states[n-1].At).Before(s.At) {
		r.states[n-1] = s // no pull saw the last one
	} else {
		r.states = append(r.states, s)
	}
	if len(r.states) > 1 && s.At.Sub(r.states[1].At) > keptMetrics+keptMetrics/4 {
		r.forget(s.At.Add(-keptMetrics))
	}
}

// forget drops what is older than t, except the state that held then.
func (r *record) forget(t time.Time) {
	r.extend(t)
	i := max(0, sort.Search(len(r.states), func(i int) bool { return r.states[i].At.After(t) })-1)
	r.states = append(r.states[:0], r.states[i:]...)
	k := min(len(r.pulls), max(0, int(t.Sub(r.first)/pullEvery)))
	r.pulls = append(r.pulls[:0], r.pulls[k:]...)
	r.first = r.first.Add(time.Duration(k) * pullEvery)
}

// extend draws how the pulls up to t went. They are drawn in their order from a stream of their own, so it does not matter when.
func (r *record) extend(t time.Time) {
	m := &r.c.sim().opt.Metrics
	for at := r.first.Add(time.Duration(len(r.pulls)) * pullEvery); !at.After(t); at = at.Add(pullEvery) {
		p := pull{after: m.Delay.draw(r.rng)}
		late, lost := r.rng.Float64(), r.rng.Float64()
		if late < m.LateRate {
			p.after += m.Late.draw(r.rng)
		}
		if lost < m.GapRate {
			if end := at.Add(max(time.Nanosecond, m.Gap.draw(r.rng))); end.After(r.gap) {
				r.gap = end
			}
		}
		p.lost = at.Before(r.gap)
		r.pulls = append(r.pulls, p)
	}
}

// stateAt is the state that a pull at t saw, and false for a time before all that is known.
func (r *record) stateAt(t time.Time) (*Sample, bool) {
	i := sort.Search(len(r.states), func(i int) bool { return r.states[i].At.After(t) }) - 1
	if i < 0 {
		return nil, false
	}
	return &r.states[i], true
}

// published calls see with every pull from a time on and before another whose values are in CloudWatch now.
func (r *record) published(from, to, now time.Time, see func(at time.Time, s *Sample)) {
	r.extend(now)
	if from.Before(r.first) {
		from = r.first
	}
	for at := r.pullFrom(from); at.Before(to) && !at.After(now); at = at.Add(pullEvery) {
		k := int(at.Sub(r.first) / pullEvery)
		if r.pulls[k].lost {
			continue
		}
		s, ok := r.stateAt(at)
		if ok && s.Up && !at.Add(r.pulls[k].after+s.lag).After(now) {
			see(at, s)
		}
	}
}

// Samples returns the truth behind a cluster's metrics: its state at every fifth minute from a time on and before another, whether its
// metrics tell it or not. The cluster is named by id or name.
func (s *Sim) Samples(region, cluster string, from, to time.Time) []Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(region, cluster)
	if c == nil {
		return nil
	}
	var out []Sample
	m := &c.yarn.metrics
	for at := m.pullFrom(from); at.Before(to) && !at.After(s.now); at = at.Add(pullEvery) {
		if state, ok := m.stateAt(at); ok {
			x := *state
			x.At = at
			out = append(out, x)
		}
	}
	return out
}
