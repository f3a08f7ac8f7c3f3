// Package simtest drives the real engine, guard and store against the simulator in virtual time.
//
// Everything runs in one goroutine from one seed, so that a run repeats byte for byte. Calls are events: a call takes effect
// when it is sent and its answer comes later, or never; a process can be killed at any boundary and started again.
package simtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Region is where the worlds of this package live.
const Region = "us-east-1"

// ScopeName is the name of their one scope.
const ScopeName = "sim"

// Store is what a world needs of a store: the engine's part and the reader's.
type Store = store.Store

// Options describe a world.
type Options struct {
	Sim      emrsim.Options
	Store    Store
	Settings recovery.Settings // zero: the defaults
	Mode     guard.Mode        // empty: enforce
	Sweep    time.Duration     // zero: 5 minutes
	Latency  time.Duration     // of an answer; zero: 80 ms
	Timeout  time.Duration     // after which the caller gives an answer up; zero: 30 s
	DryRun   bool
}

// World is a simulator, a store and a guard that may be running.
type World struct {
	o       Options
	Sim     *emrsim.Sim
	client  *local.Client
	store   *hooked
	engine  *engine.Engine
	rng     *rand.Rand
	starts  int
	start   time.Time
	next    engine.Now
	pending []completion
	order   int
	Records []store.Record
	Faults  []engine.Fault
	Calls   []Sent
	// Kill is asked at every boundary; true kills the process there. It is not asked while nothing runs.
	Kill   func(at Boundary) bool
	oracle *oracle
}

// Sent is one call as the world saw it.
type Sent struct {
	At   time.Time
	Call emr.Call
	Err  *emr.Error
}

type completion struct {
	at    time.Time
	order int
	done  engine.Completion
}

// Boundary is a place at which a process may die.
type Boundary struct {
	Where Where
	What  string // the call or the records that are saved
}

// Where names the kinds of boundaries.
type Where string

// The boundaries of one change: before it is written down, after that, after it took effect, after its answer was booked.
const (
	BeforeSave Where = "before-save"
	AfterSave  Where = "after-save"
	BeforeCall Where = "before-call"
	AfterCall  Where = "after-call"
)

var errKilled = errors.New("killed")

// hooked asks for a kill around each save.
type hooked struct {
	Store
	w *World
}

func (h *hooked) Save(ctx context.Context, s store.Save) error {
	kinds := make([]string, 0, len(s.Records))
	for _, r := range s.Records {
		kinds = append(kinds, r.Kind)
	}
	what := strings.Join(kinds, " ")
	h.w.boundary(BeforeSave, what)
	if err := h.Store.Save(ctx, s); err != nil {
		return err
	}
	h.w.boundary(AfterSave, what)
	return nil
}

func (w *World) boundary(where Where, what string) {
	if w.Kill != nil && w.engine != nil && w.Kill(Boundary{where, what}) {
		panic(errKilled)
	}
}

// New returns a world in which nothing runs yet.
func New(o Options) *World {
	if o.Settings.After == 0 {
		o.Settings = recovery.Defaults()
	}
	o.Mode = cmp.Or(o.Mode, guard.Enforce)
	o.Sweep = cmp.Or(o.Sweep, 5*time.Minute)
	o.Latency = cmp.Or(o.Latency, 80*time.Millisecond)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	w := &World{o: o, Sim: emrsim.New(o.Sim), rng: rand.New(rand.NewPCG(o.Sim.Seed, 0x5eed))}
	w.client = local.New(w.Sim, Region)
	w.store = &hooked{Store: o.Store, w: w}
	w.start = w.Sim.Now()
	return w
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.Sim.Now() }

func (w *World) now() engine.Now { return engine.Now{Wall: w.Now(), Mono: w.Now().Sub(w.start)} }

// policy gives every cluster the world's settings.
type policy struct{ w *World }

func (p policy) Candidate(string, emr.ClusterSummary) bool { return true }

func (p policy) For(string, emr.Cluster) engine.Effective {
	return engine.Effective{Mode: p.w.o.Mode, Settings: p.w.o.Settings, Why: "rule 1 of the test says " + string(p.w.o.Mode)}
}

// SetSettings changes the configuration, as a reload does.
func (w *World) SetSettings(mode guard.Mode, s recovery.Settings) {
	w.o.Mode, w.o.Settings = mode, s
	if w.engine != nil {
		w.engine.SetPolicy(policy{w})
		w.next = w.now()
	}
}

// Start starts a guard process.
func (w *World) Start() {
	w.starts++
	w.engine = engine.New(engine.Options{Store: w.store, Policy: policy{w}, Owner: fmt.Sprintf("process-%d", w.starts), Note: "simulated",
		Scopes: []engine.Scope{{Name: ScopeName, Sweep: w.o.Sweep}}, DryRun: w.o.DryRun})
	w.next = w.now()
}

// Stop ends the process in order: its lease is given up.
func (w *World) Stop() error {
	err := w.engine.Close(context.Background())
	w.die()
	return err
}

// Crash kills the process: nothing is given up, what is on its way arrives nowhere.
func (w *World) Crash() { w.die() }

func (w *World) die() { w.engine, w.pending = nil, nil }

// Running says whether a process runs.
func (w *World) Running() bool { return w.engine != nil }

// Run lets d pass. It returns early, with true, when Kill ended the process.
func (w *World) Run(d time.Duration) (killed bool) {
	until := w.Now().Add(d)
	for {
		at := until
		if w.engine != nil {
			at = earlier(at, w.next.Wall)
			if len(w.pending) > 0 {
				at = earlier(at, w.pending[0].at)
			}
		}
		w.Sim.AdvanceTo(at)
		if w.engine == nil || at.Equal(until) && w.next.Wall.After(until) && (len(w.pending) == 0 || w.pending[0].at.After(until)) {
			return false
		}
		if w.step() {
			return true
		}
		if !w.Now().Before(until) {
			return false
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// step lets the engine take one step at the present time, and sends what it hands out.
func (w *World) step() (killed bool) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errKilled) {
				panic(r)
			}
			w.die()
			killed = true
		}
	}()
	var done []engine.Completion
	for len(w.pending) > 0 && !w.pending[0].at.After(w.Now()) {
		done = append(done, w.pending[0].done)
		w.pending = w.pending[1:]
	}
	out := w.engine.Step(context.Background(), w.now(), done)
	w.Records = append(w.Records, out.Records...)
	w.Faults = append(w.Faults, out.Faults...)
	for _, f := range out.Faults {
		if errors.Is(f.Err, engine.ErrPanic) {
			panic(f.Err)
		}
	}
	w.next = engine.Now{Wall: w.start.Add(out.Next.Mono), Mono: out.Next.Mono}
	if !w.next.Wall.After(w.Now()) {
		w.next = w.now().Add(time.Millisecond)
	}
	for _, c := range out.Calls {
		w.send(c)
	}
	return false
}

// send executes a call now; its answer arrives later.
func (w *World) send(c engine.Call) {
	writes := c.Call.Op.Writes()
	if writes {
		w.boundary(BeforeCall, c.Call.String())
		if w.oracle != nil {
			w.oracle.change(c.Call)
		}
	}
	began := w.now()
	answer := w.client.Do(c.Call)
	w.Calls = append(w.Calls, Sent{At: began.Wall, Call: c.Call, Err: answer.Result.Err})
	if writes {
		w.boundary(AfterCall, c.Call.String())
	}
	if w.oracle != nil && c.Call.Op == emr.ListInstanceGroups && answer.Result.Err == nil {
		w.oracle.read(answer.Result.Groups)
	}
	delay := w.o.Latency + answer.Delay
	result := answer.Result
	if delay > w.o.Timeout {
		delay, result = w.o.Timeout, emr.Result{Err: &emr.Error{Class: emr.Unavailable, Message: "timed out"}}
	}
	w.order++
	w.pending = append(w.pending, completion{began.Wall.Add(delay), w.order, engine.Completion{ID: c.ID, Result: result, Began: began, Ended: began.Add(delay)}})
	slices.SortFunc(w.pending, func(a, b completion) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
}

// Group describes one group of a cluster to place.
type Group struct {
	Name   string
	Role   emr.Role
	Type   string // default m5.xlarge
	Market emr.Market
	Count  int
}

// Cluster places a cluster that has been running for a while: a MASTER and the given groups.
func (w *World) Cluster(name string, groups ...Group) string {
	all := append([]Group{{Name: "master", Role: emr.Master, Count: 1}}, groups...)
	in := &shapes.RunJobFlowInput{Name: &name, ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true)}}
	for _, g := range all {
		in.Instances.InstanceGroups = append(in.Instances.InstanceGroups, shapes.InstanceGroupConfig{
			Name: ptr(g.Name), InstanceRole: ptr(string(g.Role)), InstanceType: ptr(cmp.Or(g.Type, "m5.xlarge")), InstanceCount: ptr(g.Count),
			Market: ptr(string(cmp.Or(g.Market, emr.OnDemand)))})
	}
	id, err := w.Sim.Place(Region, in, emrsim.Placed{Ready: true, Who: "test"})
	if err != nil {
		panic(err)
	}
	return id
}

func ptr[T any](v T) *T { return &v }

// Act lets something happen in the world.
func (w *World) Act(a emrsim.Action) {
	if err := w.Sim.Act(Region, "somebody", a); err != nil {
		panic(err)
	}
}

// Truth is the cluster as it really is.
func (w *World) Truth(cluster string) emrsim.ClusterTruth {
	for _, c := range w.Sim.Snapshot(Region).Clusters {
		if c.ID == cluster || c.Name == cluster {
			return c
		}
	}
	panic("no cluster " + cluster)
}
