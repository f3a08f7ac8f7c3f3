package app

import (
	"context"
	"sync"
	"testing"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/engine"
	"emrguard/internal/store/memory"
)

// world is a simulator that shares the test's (synctest's) time with the Apps that watch it.
type world struct {
	sim   *emrsim.Sim
	store *memory.Store

	// before, if set, runs before a call reaches the simulator, in the caller's goroutine.
	before func(ctx context.Context, c emr.Call) *emr.Error
	mu     sync.Mutex
	calls  []emr.Call
}

// newWorld makes a world of a scenario that comes with the program, its clock at the present time.
func newWorld(t *testing.T, name string) *world {
	t.Helper()
	sc, err := scenario.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	sc.Start = time.Now()
	sim, err := sc.Build()
	if err != nil {
		t.Fatal(err)
	}
	return &world{sim: sim, store: memory.New("abcdefgh")}
}

// Do implements Caller: the simulator at the present time.
func (w *world) Do(ctx context.Context, c emr.Call) emr.Result {
	if w.before != nil {
		if err := w.before(ctx, c); err != nil {
			return emr.Result{Err: err}
		}
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	w.sim.AdvanceTo(time.Now())
	a := local.New(w.sim, "us-east-1").Do(c)
	if !pause(ctx, a.Delay) {
		return emr.Result{Err: &emr.Error{Class: emr.Unavailable, Message: "nobody waited for the answer"}}
	}
	return a.Result
}

// changes are the calls so far that change something.
func (w *world) changes() []emr.Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []emr.Call
	for _, c := range w.calls {
		if c.Op.Writes() {
			out = append(out, c)
		}
	}
	return out
}

// truth is the cluster as it is.
func (w *world) truth(t *testing.T, name string) emrsim.ClusterTruth {
	t.Helper()
	w.sim.AdvanceTo(time.Now())
	for _, c := range w.sim.Snapshot("us-east-1").Clusters {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no cluster %s", name)
	return emrsim.ClusterTruth{}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const oneScope = "listen: none\nscopes: [{name: prod, region: us-east-1, api_share: 1}]\nclusters: [{match: {}, mode: enforce}]\n"

// app makes an App that watches the world.
func (w *world) app(t *testing.T, text string, change ...func(*Options)) *App {
	t.Helper()
	o := Options{Config: parse(t, text), Store: w.store, Dial: func(context.Context, config.Scope) (Caller, error) { return w, nil }}
	for _, c := range change {
		c(&o)
	}
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// start runs an App until the returned function is called, which gives Run's error and how long the shutdown took.
func start(t *testing.T, a *App) (stop func() (time.Duration, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return func() (time.Duration, error) {
		began := time.Now()
		cancel()
		err := <-ended
		took := time.Since(began)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		return took, err
	}
}

// seen is an Observer that remembers.
type seen struct {
	mu      sync.Mutex
	kinds   map[string]int
	last    engine.Snapshot
	failed  error
	pruned  int
	classes map[emr.Class]int
}

func newSeen() *seen { return &seen{kinds: map[string]int{}, classes: map[emr.Class]int{}} }

func (s *seen) Stepped(out engine.Out, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range out.Records {
		s.kinds[r.Kind]++
	}
}

func (s *seen) Snapshot(snap engine.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = snap
}

// scope is the one scope of the last snapshot.
func (s *seen) scope() engine.ScopeSnapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Scopes[0]
}

func (s *seen) Failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
}

func (s *seen) Pruned(int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pruned++
}

func (s *seen) Called(_ string, _ emr.Op, class emr.Class, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classes[class]++
}
