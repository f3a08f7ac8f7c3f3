package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/emrsim/wire"
	"emrguard/internal/engine"
	"emrguard/internal/store"
	"emrguard/internal/view"
	"emrguard/internal/web"
)

// demoScope is the name of the demo's one scope.
const demoScope = "demo"

// demoLimit is how long a story without a duration of its own is told.
const demoLimit = 4 * time.Hour

// demoWorld is a simulator on a loopback port and a guard that watches it, both sped up.
type demoWorld struct {
	story    *scenario.Scenario
	options  emrsim.Options
	sim      *emrsim.Sim
	clock    *wire.Clock
	endpoint string
	region   string
	config   string // path of the guard's configuration
	dir      string // of everything on disk

	guard *app.App
	ended chan error // of the guard's loop, once
	page  string     // URL of the dashboard, empty without one
	stops []func() error

	mu      sync.Mutex
	calls   map[emr.Op]int // that were sent
	records []store.Record // that nobody took yet
	faults  []engine.Fault // likewise
}

// newDemoWorld starts simulator and guard. Whoever gets a world calls close.
func newDemoWorld(ctx context.Context, d *Deps, o demoOptions) (*demoWorld, error) {
	story, err := loadScenario(o.scenario)
	if err != nil {
		return nil, err
	}
	w := &demoWorld{story: story, options: story.Options(), region: cmp.Or(story.Region, "us-east-1"), ended: make(chan error, 1), calls: map[emr.Op]int{}}
	if o.reseed {
		w.options.Seed = o.seed
	}
	w.options.Start = tomorrow(d.now())
	for _, start := range []func(context.Context, *Deps, demoOptions) error{w.startSim, w.startGuard, w.startPage} {
		if err := start(ctx, d, o); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// startSim serves the simulator on a free loopback port.
func (w *demoWorld) startSim(ctx context.Context, _ *Deps, o demoOptions) error {
	w.sim = emrsim.New(w.options)
	if err := w.story.Apply(w.sim); err != nil {
		return fmt.Errorf("scenario %s: %w", o.scenario, err)
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the simulator needs a free port on 127.0.0.1: %w", err)
	}
	if w.clock, err = wire.NewClock(w.sim.Now(), o.speed); err != nil {
		return errors.Join(usageError("--speed: %w", err), ln.Close())
	}
	w.endpoint = "http://" + ln.Addr().String()
	server := wire.New(w.sim, wire.Options{Clock: w.clock})
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the guard, which ends first
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving, ln) }()
	w.stops = append(w.stops, func() error {
		cancel()
		return <-served
	})
	return nil
}

// startGuard starts a guard over the simulator with a store of its own.
func (w *demoWorld) startGuard(ctx context.Context, d *Deps, _ demoOptions) error {
	var err error
	if w.dir, err = os.MkdirTemp("", "emrguard-demo-"); err != nil {
		return fmt.Errorf("the demo needs a place for its store: %w", err)
	}
	w.stops = append(w.stops, func() error { return os.RemoveAll(w.dir) })
	w.config = filepath.Join(w.dir, "emrguard.yaml")
	text := fmt.Sprintf(`# The configuration of emrguard demo, gone when it ends.
store: sqlite:emrguard.db
listen: 127.0.0.1:0
web: {open_orders: true}
prices: prices.yaml
scopes:
  - name: %s
    region: %s
    endpoint: %s
    sweep: 1m
clusters:
  - match: {}
    mode: enforce
`, demoScope, w.region, w.endpoint)
	if err := errors.Join(os.WriteFile(w.config, []byte(text), 0o600), os.WriteFile(filepath.Join(w.dir, "prices.yaml"), demoPrices(w.region), 0o600)); err != nil {
		return err
	}
	cfg, err := config.Load(w.config)
	if err != nil {
		return err
	}
	clock, err := app.NewClock(w.clock.Now(), w.clock.Speed())
	if err != nil {
		return usageError("--speed: %w", err)
	}
	w.guard, err = app.New(ctx, app.Options{Config: cfg, Clock: clock, Watch: w, Note: "emrguard demo", Version: d.Version})
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() { w.ended <- w.guard.Run(running) }()
	w.stops = append(w.stops, w.guard.Close, func() error {
		cancel()
		return <-w.ended
	})
	return nil
}

// startPage serves the dashboard of the demo's guard on a free loopback port, or the one that is asked for.
func (w *demoWorld) startPage(ctx context.Context, d *Deps, o demoOptions) error {
	if o.listen == "none" {
		return nil
	}
	if host, _, err := net.SplitHostPort(o.listen); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return usageError("--listen %s: want a loopback address with a port, for example 127.0.0.1:8470, or none; everybody who reaches the demo's page may give orders", o.listen)
	}
	var listen net.ListenConfig
	ln, err := listen.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return usageError("--listen %s: %w; choose another address, or none", o.listen, err)
	}
	access, err := newAccess(d, w.guard.Config(), false)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	log := slog.New(slog.DiscardHandler)
	server := web.New(web.Options{
		Desk: func() desk.Desk { return guardDesk(d, w.guard) }, Access: func() *web.Access { return access }, Log: log, Version: d.Version, Speed: w.clock.Speed(),
	})
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go server.Run(serving)
	go func() { served <- web.Serve(serving, ln, server, nil, log) }()
	w.page = "http://" + ln.Addr().String() + "/"
	w.stops = append(w.stops, func() error {
		cancel()
		return <-served
	})
	return nil
}

// close ends what was started, the last first, and takes the files away.
func (w *demoWorld) close() error {
	var errs []error
	for _, stop := range slices.Backward(w.stops) {
		errs = append(errs, stop())
	}
	w.stops = nil
	return errors.Join(errs...)
}

// about says in a line or two what is going to be seen.
func (w *demoWorld) about() string {
	return "emrguard demo: " + strings.TrimSuffix(w.story.About, ".") + "."
}

// over says whether everything that was planned has happened and all is whole again.
func (w *demoWorld) over() bool {
	passed := w.sim.Now().Sub(w.options.Start)
	for _, e := range w.story.Events {
		if passed < e.At+2*time.Minute {
			return false
		}
	}
	if len(w.story.Actors) > 0 {
		return false
	}
	for _, c := range w.sim.Snapshot(w.region).Clusters {
		if c.Workers < c.Demand || slices.ContainsFunc(c.Groups, func(g emrsim.GroupTruth) bool { return g.Requested != g.Running }) {
			return false
		}
	}
	return passed > 10*time.Minute
}

// late says whether the story's time is up, however it stands.
func (w *demoWorld) late() bool {
	return w.sim.Now().Sub(w.options.Start) >= cmp.Or(w.story.Duration, demoLimit)
}

// sent counts the calls that left, by operation.
func (w *demoWorld) sent() map[emr.Op]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.calls)
}

// withoutGuard plays the same story without a guard up to a simulated time.
func (w *demoWorld) withoutGuard(until time.Time) (emrsim.Truth, error) {
	sim := emrsim.New(w.options)
	if err := w.story.Apply(sim); err != nil {
		return emrsim.Truth{}, err
	}
	sim.AdvanceTo(until)
	return sim.Snapshot(w.region), nil
}

// recoveries are all that there were, as the store has them.
func (w *demoWorld) recoveries(ctx context.Context) ([]view.RecoveryStatus, error) {
	docs, err := w.guard.Store().LoadScope(ctx, demoScope)
	if err != nil {
		return nil, err
	}
	closed, err := w.guard.Store().History(ctx, store.Query{Scope: demoScope, Kinds: view.Outcomes(), Limit: store.MaxPage})
	if err != nil {
		return nil, err
	}
	world := view.New(w.sim.Now(), []view.Scope{view.NewScope(demoScope, docs, store.Lease{}, nil)})
	return world.Recoveries(closed).Recoveries, nil
}

// examples are a task group to resize, with its cluster, and one that was repaired, as CLUSTER/GROUP.
func (w *demoWorld) examples() (cluster, group, repaired string) {
	for _, c := range w.sim.Snapshot(w.region).Clusters {
		for _, g := range c.Groups {
			if g.Role != string(emr.Task) {
				continue
			}
			if cluster == "" {
				cluster, group = c.ID, g.ID
			}
			if repaired == "" || c.GroupsAdded > 0 {
				repaired = c.Name + "/" + g.Name
			}
			break
		}
	}
	return cluster, group, repaired
}

// Stepped implements app.Observer.
func (w *demoWorld) Stepped(out engine.Out, _ time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, out.Records...)
	w.faults = append(w.faults, out.Faults...)
}

// take returns what the guard did since the last call.
func (w *demoWorld) take() ([]store.Record, []engine.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	records, faults := w.records, w.faults
	w.records, w.faults = nil, nil
	return records, faults
}

// Called implements app.Observer.
func (w *demoWorld) Called(_ string, op emr.Op, class emr.Class, _ time.Duration) {
	if class == emr.NotSent {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[op]++
}

// Snapshot implements app.Observer.
func (w *demoWorld) Snapshot(engine.Snapshot) {}

// Pruned implements app.Observer.
func (w *demoWorld) Pruned(int, error) {}

// Failed implements app.Observer; the loop's error says it again.
func (w *demoWorld) Failed(error) {}
