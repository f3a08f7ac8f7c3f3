package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/engine"
	"emrguard/internal/notify"
	"emrguard/internal/store"
)

// LeaseTerm is the term of a scope's lease in real time: how long a scope stays without an owner after its owner died.
const LeaseTerm = 30 * time.Second

// Options say what an App is made of. Only Config is needed.
type Options struct {
	Config  *config.Config
	DryRun  bool        // decide, record and show; change nothing
	Clock   *Clock      // nil: real time. A faster one is refused unless every endpoint is on this machine
	Store   store.Store // nil: the one Config names, opened by New and closed by Close
	Dial    Dial        // nil: the AWS SDK
	Watch   Observer    // nil: nobody
	Trace   Tracer      // nil: nobody
	Owner   string      // of the leases; empty: made up. Unique per process start
	Note    string      // who and where, for people; empty: host and pid
	Version string      // emrguard's, for the User-Agent
	Sinks   MakeSinks   // nil: those that Config names
	// Notified is told what becomes of notifications; nil: nobody. It is told by one goroutine, which is not the loop's.
	Notified notify.Watcher
	// LeaseTerm is the real time after which the scopes of a guard that died are free; 0: 30 s. All guards of a store have the same.
	LeaseTerm time.Duration
}

// App is one guard: configuration, store, engine and clients put together. Run or Pass drive it, once; Reload may be called from
// any goroutine meanwhile.
type App struct {
	clock    *Clock
	store    store.Store
	owned    bool // the store was opened by New
	engine   *engine.Engine
	send     *sender
	notifier *notify.Notifier
	watch    Observer
	o        Options // as given, with defaults

	mu      sync.Mutex
	cfg     *config.Config    // the newest one that was accepted
	callers map[string]Caller // of its scopes
	pending bool              // cfg is not yet the engine's
	rebuild bool              // and differs in its scopes
	ended   bool
	poke    chan struct{} // something for the run loop to look at
}

// New puts an App together: it opens the store and makes the clients, and sends nothing to AWS. Whoever gets an App calls Close.
// A store that cannot be opened is the store's error; wrong options for a scope's client are listed for all scopes at once.
func New(ctx context.Context, o Options) (*App, error) {
	if o.Config == nil {
		return nil, errors.New("an app needs a configuration")
	}
	if o.Clock == nil {
		o.Clock = RealClock()
	}
	if o.Watch == nil {
		o.Watch = silent{}
	}
	if o.Trace == nil {
		o.Trace = untraced{}
	}
	if o.Dial == nil {
		o.Dial = DialAWS(o.Version)
	}
	if o.Notified == nil {
		o.Notified = unnoticed{}
	}
	if o.Sinks == nil {
		o.Sinks = Sinks(os.Getenv, o.Version)
	}
	callers, err := dialAll(ctx, o, o.Config, nil)
	senders, unsent := o.Sinks(ctx, o.Config)
	if err = errors.Join(err, unsent); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	o.Note = cmp.Or(o.Note, fmt.Sprintf("%s, pid %d", host, os.Getpid()))
	o.Owner = cmp.Or(o.Owner, strings.ToLower(rand.Text()[:16]))
	a := &App{o: o, clock: o.Clock, store: o.Store, watch: o.Watch, cfg: o.Config, callers: callers, poke: make(chan struct{}, 1)}
	if a.store == nil {
		if a.store, err = OpenStore(ctx, o.Config, false); err != nil {
			return nil, err
		}
		a.owned = true
	}
	a.engine = a.newEngine()
	a.send = newSender(o.Clock, callers, o.Watch, o.Trace)
	a.notifier = a.newNotifier(senders)
	return a, nil
}

// newEngine makes an engine of the present configuration.
func (a *App) newEngine() *engine.Engine {
	return engine.New(engine.Options{
		Store: a.store, Policy: policy{a.cfg}, Scopes: scopes(a.cfg), DryRun: a.o.DryRun, Owner: a.o.Owner, Note: a.o.Note,
		LeaseTTL: time.Duration(float64(cmp.Or(a.o.LeaseTerm, LeaseTerm)) * a.clock.Speed()),
	})
}

// DialAWS returns the Dial that speaks to AWS, or to the endpoint a scope or the environment names.
func DialAWS(version string) Dial {
	return func(ctx context.Context, s config.Scope) (Caller, error) {
		return awsapi.New(ctx, ScopeOptions(s, version))
	}
}

// ScopeOptions are the client's options of a scope.
func ScopeOptions(s config.Scope, version string) awsapi.Options {
	return awsapi.Options{Region: s.Region, RoleARN: s.RoleARN, ExternalID: s.ExternalID, Endpoint: s.Endpoint, Version: version, Timeout: callTimeout}
}

// dialAll makes the client of every scope of a configuration that has none yet, and refuses a clock that is not real where one
// could reach AWS.
func dialAll(ctx context.Context, o Options, cfg *config.Config, have map[string]Caller) (map[string]Caller, error) {
	callers := map[string]Caller{}
	var errs []error
	for _, s := range cfg.Scopes {
		if c := have[s.Name]; c != nil {
			callers[s.Name] = c
			continue
		}
		c, err := o.Dial(ctx, s)
		if err != nil {
			errs = append(errs, fmt.Errorf("scope %s: %w", s.Name, err))
			continue
		}
		if l, ok := c.(interface{ Loopback() bool }); ok && !o.Clock.Real() && !l.Loopback() {
			errs = append(errs, fmt.Errorf("scope %s: %w", s.Name, errNotLoopback))
		}
		callers[s.Name] = c
	}
	return callers, errors.Join(errs...)
}

// errNotLoopback refuses a clock that is not real for AWS.
var errNotLoopback = errors.New("the guard's clock may only be changed for a simulator on this machine, and this scope's endpoint is not on " +
	"loopback; give it endpoint: http://127.0.0.1:4566, or run without --speed")

// Store is the store in use, for readers in the same process.
func (a *App) Store() store.Store { return a.store }

// Clock is the guard's clock.
func (a *App) Clock() *Clock { return a.clock }

// DryRun says whether the guard decides, records and shows, and changes no cluster.
func (a *App) DryRun() bool { return a.o.DryRun }

// Reload puts another valid configuration in force from the run loop's next step on and returns what changes, a line each. Open
// recoveries end under the settings they began with; what needs a restart says so in its line. Where scopes come, go or get
// another budget, the leases are given up and taken again. An error refuses the configuration whole: a new scope's client cannot
// be made, a sink of notifications cannot, or the App has ended.
func (a *App) Reload(ctx context.Context, cfg *config.Config) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil, errors.New("reload: the guard has ended")
	}
	callers, err := dialAll(ctx, a.o, cfg, a.callers)
	senders, unsent := a.o.Sinks(ctx, cfg)
	if err = errors.Join(err, unsent); err != nil {
		return nil, err
	}
	a.notifier.Reload(cfg.Notify, cfg.Web.PublicURL, senders)
	var lines []string
	for _, c := range config.Diff(a.cfg, cfg) {
		lines = append(lines, c.String())
	}
	a.rebuild = a.rebuild || !reflect.DeepEqual(scopes(a.cfg), scopes(cfg))
	a.cfg, a.callers, a.pending = cfg, callers, true
	select {
	case a.poke <- struct{}{}:
	default:
	}
	return lines, nil
}

// takeConfig gives the engine the newest configuration if it has not got it yet, and says whether that took another engine.
func (l *loop) takeConfig(ctx context.Context) (another bool) {
	l.mu.Lock()
	pending, rebuild := l.pending, l.rebuild
	l.mu.Unlock()
	if rebuild {
		l.drain(ctx)       // the old engine saves what its changes were answered
		_ = l.release(ctx) // what is not given up passes to the new engine, which has the same owner
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case rebuild:
		l.engine = l.newEngine()
		l.send.use(l.callers)
		l.writes = map[uint64]bool{}
	case pending:
		l.engine.SetPolicy(policy{l.cfg})
	}
	l.pending, l.rebuild = l.pending && !pending, l.rebuild && !rebuild
	return rebuild
}

// Config is the newest accepted configuration. It is not changed; another one takes its place.
func (a *App) Config() *config.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cfg
}

// Close releases what New opened. Run and Pass must have returned. A second call does nothing.
func (a *App) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil
	}
	a.ended = true
	if !a.owned {
		return nil
	}
	return a.store.Close()
}
