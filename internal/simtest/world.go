// Package simtest drives the real engine, guard and store against the simulator in virtual time.
//
// Everything runs in one goroutine from one seed, so that a run repeats byte for byte. Calls are events: a call takes effect
// when it is sent and its answer comes later, or never; a process can be killed at any boundary and started again.
package simtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
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
	Scaling  *scaling.Settings // of every cluster; nil: nothing is scaled. New compiles it
	Wrapped  bool              // only TASK groups are managed (rule R12)
	Mode     guard.Mode        // empty: enforce
	Policy   engine.Policy     // instead of the four before, for worlds whose clusters differ; nil: those hold for every cluster
	Sweep    time.Duration     // zero: 5 minutes
	Latency  time.Duration     // of an answer; zero: 80 ms
	Timeout  time.Duration     // after which the caller gives an answer up; zero: 30 s
	DryRun   bool
	Events   bool // the scope has a queue, to which EMR's events come as Sim.Events says
}

// Process is one guard process. Its machine may sleep: then no time passes for it.
type Process struct {
	w       *World
	name    string
	engine  *engine.Engine
	next    engine.Now
	pending []completion
	asleep  bool
	slept   time.Duration // which its monotonic clock did not count
	since   time.Time     // asleep since
	Ahead   time.Duration // of its wall clock before the true time
}

// World is a simulator, a store and the guard processes that run.
type World struct {
	o       Options
	Sim     *emrsim.Sim
	client  *local.Client
	rng     *rand.Rand
	starts  int
	start   time.Time
	procs   []*Process
	order   int
	Records []store.Record
	Faults  []engine.Fault
	Calls   []Sent
	// Kill is asked at every boundary; true kills the process there. It is not asked while nothing runs.
	Kill   func(at Boundary) bool
	oracle *oracle

	storeFaults []*storeFault
	submitted   int // orders
}

// Sent is one call as the world saw it.
type Sent struct {
	At   time.Time
	By   string // the process
	Call emr.Call
	Err  *emr.Error
}

type completion struct {
	at    time.Time
	order int
	done  engine.Completion
	sent  time.Time // the true time
	call  emr.Call
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

func (p *Process) boundary(where Where, what string) {
	if p.w.Kill != nil && p.engine != nil && p.w.Kill(Boundary{where, what}) {
		panic(errKilled)
	}
}

// KillAfter kills the process that comes to the n-th boundary from now on, counted from 1. It takes the place of Kill.
func (w *World) KillAfter(n int) {
	w.Kill = func(Boundary) bool {
		n--
		return n == 0
	}
}

// New returns a world in which nothing runs yet. Scaling settings that cannot be are a panic: the test is wrong.
func New(o Options) *World {
	compile(o.Scaling)
	if o.Settings.After == 0 {
		o.Settings = recovery.Defaults()
	}
	o.Sim.Events.On = o.Sim.Events.On || o.Events
	o.Mode = cmp.Or(o.Mode, guard.Enforce)
	o.Sweep = cmp.Or(o.Sweep, 5*time.Minute)
	o.Latency = cmp.Or(o.Latency, 80*time.Millisecond)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	w := &World{o: o, Sim: emrsim.New(o.Sim), rng: rand.New(rand.NewPCG(o.Sim.Seed, 0x5eed))}
	w.client = local.New(w.Sim, Region)
	w.start = w.Sim.Now()
	return w
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.Sim.Now() }

// now is the time as the process's clocks show it.
func (p *Process) now() engine.Now {
	t := p.w.Now()
	return engine.Now{Wall: t.Add(p.Ahead), Mono: t.Sub(p.w.start) - p.slept}
}

// due is the true time of the next step.
func (p *Process) due() time.Time {
	t := p.w.start.Add(p.next.Mono + p.slept)
	if len(p.pending) > 0 {
		t = slices.MinFunc([]time.Time{t, p.pending[0].at}, time.Time.Compare)
	}
	return slices.MaxFunc([]time.Time{t, p.w.Now()}, time.Time.Compare)
}

// policy is what the engines follow.
func (w *World) policy() engine.Policy {
	if w.o.Policy != nil {
		return w.o.Policy
	}
	return policy{w}
}

// policy gives every cluster the world's settings.
type policy struct{ w *World }

func (p policy) Candidate(string, emr.ClusterSummary) bool { return true }

func (p policy) For(string, emr.Cluster) engine.Effective {
	return engine.Effective{Mode: p.w.o.Mode, Settings: p.w.o.Settings, Scaling: p.w.o.Scaling, Wrapped: p.w.o.Wrapped,
		Why: "rule 1 of the test says " + string(p.w.o.Mode)}
}

// SetSettings changes the configuration, as a reload does.
func (w *World) SetSettings(mode guard.Mode, s recovery.Settings) {
	w.o.Mode, w.o.Settings = mode, s
	w.reload()
}

// SetScaling changes what is scaled and how, and whether clusters are wrapped, as a reload does. The settings are compiled, and shared
// with the engine from then on: they are not changed afterwards.
func (w *World) SetScaling(s *scaling.Settings, wrapped bool) {
	compile(s)
	w.o.Scaling, w.o.Wrapped = s, wrapped
	w.reload()
}

// SetPolicy changes the configuration, as a reload does, in worlds whose clusters differ.
func (w *World) SetPolicy(p engine.Policy) {
	w.o.Policy = p
	w.reload()
}

// rule is what the configuration says of a cluster at present.
func (w *World) rule(cluster emr.ClusterSummary) engine.Effective {
	return w.policy().For(ScopeName, emr.Cluster{ClusterSummary: cluster})
}

// reload lets every process follow the present options.
func (w *World) reload() {
	for _, p := range w.procs {
		p.engine.SetPolicy(w.policy())
		p.next = p.now()
	}
	if w.oracle != nil {
		w.oracle.reconfigured()
	}
}

// compile makes scaling settings usable.
func compile(s *scaling.Settings) {
	if s == nil {
		return
	}
	if err := s.Compile(); err != nil {
		panic(err)
	}
}

// Start starts a guard process.
func (w *World) Start() *Process {
	w.starts++
	p := &Process{w: w, name: fmt.Sprintf("process-%d", w.starts)}
	p.engine = engine.New(engine.Options{Store: &hooked{Store: w.o.Store, p: p}, Policy: w.policy(), Owner: p.name, Note: "simulated",
		Scopes: []engine.Scope{{Name: ScopeName, Sweep: w.o.Sweep, Queue: w.queue()}}, DryRun: w.o.DryRun,
		Saving: w.saving})
	p.next = p.now()
	w.procs = append(w.procs, p)
	return p
}

// saving shows the oracle the state behind the document that is saved next.
func (w *World) saving(key store.Key, s guard.State) {
	if w.oracle != nil {
		w.oracle.saving, w.oracle.state = key, &s
	}
}

// queue is the URL of the scope's queue of events; empty for a world without events.
func (w *World) queue() string {
	if !w.o.Events {
		return ""
	}
	return w.Sim.QueueURL("https://sqs." + Region + ".amazonaws.com")
}

// lose puts an empty store in the place of the present one. What that knew nobody knows any more.
func (w *World) lose(s store.Store) {
	w.o.Store = s
	if w.oracle != nil {
		for _, x := range w.oracle.each() {
			clear(x.opened)
			clear(x.sentIDs) // a new store counts from the beginning
		}
	}
}

// Stop ends every process in order: leases are given up.
func (w *World) Stop() error {
	var errs []error
	for _, p := range slices.Clone(w.procs) {
		errs = append(errs, p.engine.Close(context.Background()))
		p.Crash()
	}
	return errors.Join(errs...)
}

// Crash kills every process.
func (w *World) Crash() {
	for _, p := range slices.Clone(w.procs) {
		p.Crash()
	}
}

// Crash kills the process: nothing is given up, what is on its way arrives nowhere.
func (p *Process) Crash() {
	p.w.procs = slices.DeleteFunc(p.w.procs, func(o *Process) bool { return o == p })
}

// Sleep stops the process's machine, as a paused virtual machine does: its monotonic clock stands still.
func (p *Process) Sleep() { p.asleep, p.since = true, p.w.Now() }

// Wake lets it go on.
func (p *Process) Wake() {
	p.asleep = false
	p.slept += p.w.Now().Sub(p.since)
}

// Running says whether a process runs.
func (w *World) Running() bool { return len(w.procs) > 0 }

// Run lets d pass. It returns early, with true, when Kill ended a process.
func (w *World) Run(d time.Duration) (killed bool) {
	until := w.Now().Add(d)
	for {
		var first *Process
		at := until
		for _, p := range w.procs {
			if due := p.due(); !p.asleep && due.Before(at) {
				at, first = due, p
			}
		}
		w.Sim.AdvanceTo(at)
		if first == nil {
			return false
		}
		if first.step() {
			return true
		}
	}
}

// step lets the engine take one step at the present time, and sends what it hands out.
func (p *Process) step() (killed bool) {
	w := p.w
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errKilled) {
				panic(r)
			}
			p.Crash()
			if w.oracle != nil {
				w.oracle.died()
			}
			killed = true
		}
	}()
	var done []engine.Completion
	for len(p.pending) > 0 && !p.pending[0].at.After(w.Now()) {
		first := p.pending[0]
		done = append(done, first.done)
		if w.oracle != nil {
			w.oracle.answered(first)
		}
		p.pending = p.pending[1:]
	}
	now := p.now()
	out := p.engine.Step(context.Background(), now, done)
	w.Records = append(w.Records, out.Records...)
	w.Faults = append(w.Faults, out.Faults...)
	for _, f := range out.Faults {
		if errors.Is(f.Err, engine.ErrPanic) {
			panic(f.Err)
		}
	}
	p.next = out.Next
	if p.next.Mono <= now.Mono {
		p.next = now.Add(time.Millisecond)
	}
	for _, c := range out.Calls {
		p.send(c)
	}
	return false
}

// send executes a call now; its answer arrives later. A call whose time to leave has passed is not sent.
func (p *Process) send(c engine.Call) {
	w, began := p.w, p.now()
	if began.Mono >= c.SendBy || !began.Wall.Before(c.WallBy) {
		p.answer(c, began, 0, emr.Result{Err: &emr.Error{Class: emr.NotSent, Message: "the trust in the lease ended"}})
		return
	}
	writes := c.Call.Op.Writes()
	if writes {
		p.boundary(BeforeCall, c.Call.String())
		if w.oracle != nil {
			w.oracle.change(p, c.Call)
		}
	}
	if w.oracle != nil {
		w.oracle.leaves(p, c.Call)
	}
	answer := w.client.Do(c.Call)
	w.Calls = append(w.Calls, Sent{At: w.Now(), By: p.name, Call: c.Call, Err: answer.Result.Err})
	if writes && w.oracle != nil {
		w.oracle.did(answer.RequestID)
	}
	if writes {
		p.boundary(AfterCall, c.Call.String())
	}
	delay := w.o.Latency + answer.Delay
	result := answer.Result
	if delay > w.o.Timeout {
		delay, result = w.o.Timeout, emr.Result{Err: &emr.Error{Class: emr.Unavailable, Message: "timed out"}}
	}
	p.answer(c, began, delay, result)
}

// answer lets a result arrive after a delay.
func (p *Process) answer(c engine.Call, began engine.Now, delay time.Duration, result emr.Result) {
	p.w.order++
	p.pending = append(p.pending, completion{p.w.Now().Add(delay), p.w.order, engine.Completion{ID: c.ID, Result: result, Began: began, Ended: began.Add(delay)}, p.w.Now(), c.Call})
	slices.SortFunc(p.pending, func(a, b completion) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
}

// Group describes one group of a cluster to place.
type Group struct {
	Name   string
	Role   emr.Role
	Type   string // default m5.xlarge
	Market emr.Market
	Count  int
	Bid    string // Spot only; default none
}

// Cluster places a cluster that has been running for a while: a MASTER and the given groups. One that EMR would refuse is a panic: the test is wrong.
func (w *World) Cluster(name string, groups ...Group) string {
	id, err := w.place(name, groups)
	if err != nil {
		panic(err)
	}
	return id
}

func (w *World) place(name string, groups []Group) (string, error) {
	all := append([]Group{{Name: "master", Role: emr.Master, Count: 1}}, groups...)
	in := &shapes.RunJobFlowInput{Name: &name, ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true)}}
	for _, g := range all {
		var bid *string
		if g.Bid != "" {
			bid = &g.Bid
		}
		in.Instances.InstanceGroups = append(in.Instances.InstanceGroups, shapes.InstanceGroupConfig{
			Name: ptr(g.Name), InstanceRole: ptr(string(g.Role)), InstanceType: ptr(cmp.Or(g.Type, "m5.xlarge")), InstanceCount: ptr(g.Count),
			Market: ptr(string(cmp.Or(g.Market, emr.OnDemand))), BidPrice: bid})
	}
	return w.Sim.Place(Region, in, emrsim.Placed{Ready: true, Who: "test"})
}

func ptr[T any](v T) *T { return &v }

// Act lets something happen in the world.
func (w *World) Act(a emrsim.Action) {
	if err := w.Sim.Act(Region, "somebody", a); err != nil {
		panic(err)
	}
}

// Truth is the cluster as it really is, by its id or name. One that is not there is a panic: the test is wrong.
func (w *World) Truth(cluster string) emrsim.ClusterTruth {
	c, ok := w.find(cluster)
	if !ok {
		panic("no cluster " + cluster)
	}
	return c
}

// find is the cluster of that id or name as it really is; false: there is none.
func (w *World) find(cluster string) (emrsim.ClusterTruth, bool) {
	for _, c := range w.Sim.Clusters(Region) {
		if c.ID == cluster || c.Name == cluster {
			return c, true
		}
	}
	return emrsim.ClusterTruth{}, false
}

// Passed is the virtual time since the world's start.
func (w *World) Passed() time.Duration { return w.Now().Sub(w.start) }

// submit puts an order into the inbox of the scope, for a cluster or, without one, for all. The error is the store's.
func (w *World) submit(id string, o guard.Order, cluster string) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	w.submitted++
	return w.o.Store.Submit(context.Background(), store.Order{ID: id, Scope: ScopeName, Cluster: cluster, At: w.Now(), Author: o.Author, Body: body})
}
