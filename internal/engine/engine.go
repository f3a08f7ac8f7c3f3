// Package engine steps the guard over all clusters: it takes what came back from AWS, decides, writes down, and hands out calls.
//
// Step is the whole of it: production hands its calls to workers and feeds the results to a later Step, a simulation puts
// them into a queue of events. Step reads no clock and sends nothing; it touches the store only, and a change leaves Step
// after it was saved. An Engine is not safe for concurrent use: one run loop owns it.
package engine

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// Now is one moment on two clocks. Wall may jump; Mono only grows, but may stand still while the machine sleeps.
type Now struct {
	Wall time.Time
	Mono time.Duration
}

// Add returns the moment d later.
func (n Now) Add(d time.Duration) Now { return Now{n.Wall.Add(d), n.Mono + d} }

// Store is what the engine needs of the store.
type Store interface {
	ID() string
	LoadScope(ctx context.Context, scope string) ([]store.Document, error)
	Load(ctx context.Context, key store.Key) (store.Document, error)
	Save(ctx context.Context, s store.Save) error
	Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error)
	Release(ctx context.Context, l store.Lease) error
	Leases(ctx context.Context) ([]store.Lease, error)
	Orders(ctx context.Context, scope string) ([]store.Order, error)
}

// Effective is what the configuration says of one cluster.
type Effective struct {
	Mode     guard.Mode
	Settings guard.Settings
	Scaling  *guard.ScalingSettings // how its pools are scaled and when it is terminated; shared, not changed; nil when neither
	Wrapped  bool                   // only its TASK groups are managed (rule R12)
	Why      string                 // the rule, for people
}

// Policy is the configuration as the engine sees it. It may be replaced between steps (SetPolicy).
type Policy interface {
	// Candidate says whether a listed cluster may be matched by a rule, its tags being unknown.
	Candidate(scope string, c emr.ClusterSummary) bool
	// For says what holds for a cluster whose tags are known.
	For(scope string, c emr.Cluster) Effective
}

// Scope is one account and region.
type Scope struct {
	Name  string
	Rates map[emr.Op]budget.Rate // where AWS raised the account's rates
	Share float64                // of AWS's rates; 0 stands for 0.5
	Sweep time.Duration          // wish: how often a quiet cluster is read
	Queue string                 // URL of the SQS queue with EMR's events; empty: none is read
}

// Options configure an engine.
type Options struct {
	Store    Store
	Policy   Policy
	Scopes   []Scope
	Owner    string        // unique per process start
	Note     string        // who and where, for people
	LeaseTTL time.Duration // 0 stands for 30 s; renewed after a third of it
	DryRun   bool
	// Saving, when set, is told of each state of a cluster right before the Save that writes it, which may fail. The state is shared: it
	// must not be changed. It serves those who check what is saved and need not decode it.
	Saving func(key store.Key, s guard.State)
}

// Call is one request to send. Its result is an input of a later Step.
type Call struct {
	ID    uint64
	Scope string
	Call  emr.Call
	// SendBy is the last moment (Mono) at which the call may leave this process: the end of the trust in the scope's lease.
	SendBy time.Duration
	// WallBy is the same on the wall clock, for a machine that slept.
	WallBy time.Time
}

// Completion is what became of a call.
type Completion struct {
	ID           uint64
	Result       emr.Result
	Began, Ended Now
}

// Out is what one Step leads to.
type Out struct {
	Calls   []Call
	Next    Now            // when to step again if nothing completes before
	Records []store.Record // what was written to the history, for the log
	Faults  []Fault        // what went wrong outside EMR, for the log and the metrics
	// Received is what became of the messages that came from queues of events, in their order.
	Received []Received
	// Decided are the decisions that wrote records or hand out a change, in their order.
	Decided []Decided
}

// Fault is a problem of the store, a lease or a document. It does not stop other scopes or clusters.
type Fault struct {
	Scope, Cluster string
	Err            error
}

// Engine steps all scopes of a process.
type Engine struct {
	o      Options
	decide func(guard.State, guard.Env, guard.Input) guard.Decision // guard.Decide but in tests
	scopes []*scope
	seed   maphash.Seed // of the hashes of bodies
	nextID uint64
	causes []uint64 // calls whose answer is being taken into account
	out    Out
	counts map[string]int64 // records by kind, since the start
}

// New returns an engine that owns nothing yet; the first Step takes the leases that are free.
func New(o Options) *Engine {
	o.LeaseTTL = cmp.Or(o.LeaseTTL, 30*time.Second)
	e := &Engine{o: o, decide: guard.Decide, seed: maphash.MakeSeed(), counts: map[string]int64{}}
	for _, s := range o.Scopes {
		e.scopes = append(e.scopes, &scope{Scope: s, e: e, id: s.Name})
	}
	slices.SortFunc(e.scopes, func(a, b *scope) int { return cmp.Compare(a.id, b.id) })
	return e
}

// SetPolicy replaces the rules: they hold from the next decision on, open recoveries end under theirs.
func (e *Engine) SetPolicy(p Policy) {
	e.o.Policy = p
	for _, s := range e.scopes {
		s.relist()
	}
}

// SetScopes replaces the scopes: those of the same name keep their lease, clusters and API tokens and take the new figures; those
// that are gone give their lease up; new ones begin with the next Step.
func (e *Engine) SetScopes(ctx context.Context, now Now, scopes []Scope) error {
	var errs []error
	old := e.scopes
	e.scopes = nil
	for _, conf := range scopes {
		i := slices.IndexFunc(old, func(s *scope) bool { return s.id == conf.Name })
		if i < 0 {
			e.scopes = append(e.scopes, &scope{Scope: conf, e: e, id: conf.Name})
			continue
		}
		s := old[i]
		old = slices.Delete(old, i, i+1)
		s.Scope = conf
		if s.budget != nil {
			s.budget.Change(budget.Options{Share: conf.Share, Rates: conf.Rates}, s.now(now))
		}
		e.scopes = append(e.scopes, s)
	}
	for _, s := range old {
		if s.held {
			errs = append(errs, e.o.Store.Release(ctx, s.lease))
			s.drop()
		}
	}
	slices.SortFunc(e.scopes, func(a, b *scope) int { return cmp.Compare(a.id, b.id) })
	return errors.Join(errs...)
}

// Step takes the completed calls into account, does everything that is due at now, and returns the calls to send.
func (e *Engine) Step(ctx context.Context, now Now, done []Completion) Out {
	e.out = Out{Next: now.Add(time.Hour)}
	for _, c := range e.countsFirst(done) {
		for _, s := range e.scopes {
			if s.complete(ctx, now, c) {
				break
			}
		}
	}
	for _, s := range e.scopes {
		s.step(ctx, now)
	}
	return e.out
}

// countsFirst puts the answers with counts before the others of one moment: a stop that another answer leads to must not ask for less
// than a read showed that is there already (I6).
func (e *Engine) countsFirst(done []Completion) []Completion {
	if len(done) < 2 {
		return done
	}
	counts := func(c Completion) int {
		for _, s := range e.scopes {
			if f, ok := s.flights[c.ID]; ok && f.call.Op == emr.ListInstanceGroups {
				return 0
			}
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(done), func(a, b Completion) int { return cmp.Compare(counts(a), counts(b)) })
}

// Close gives the leases up, so that another owner need not wait for them to lapse. Calls on their way keep their state: the
// next owner finds them pending.
func (e *Engine) Close(ctx context.Context) error {
	var errs []error
	for _, s := range e.scopes {
		if s.held {
			errs = append(errs, e.o.Store.Release(ctx, s.lease))
			s.drop()
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) next(at Now) {
	if at.Mono < e.out.Next.Mono {
		e.out.Next = at
	}
}

func (e *Engine) fault(s *scope, cluster string, err error) {
	e.out.Faults = append(e.out.Faults, Fault{Scope: s.id, Cluster: cluster, Err: err})
}

// call hands a call out.
func (e *Engine) call(s *scope, c emr.Call, f flight) {
	e.nextID++
	f.call = c
	s.flights[e.nextID] = f
	e.out.Calls = append(e.out.Calls, Call{ID: e.nextID, Scope: s.id, Call: c, SendBy: s.trust.Mono, WallBy: s.trust.Wall})
}

// Idle says whether every owned scope has been listed and each of its clusters read since start, with nothing under way and
// nothing due at now: the end of one pass.
func (e *Engine) Idle(now Now) bool {
	for _, s := range e.scopes {
		if s.held && !s.idle(now) {
			return false
		}
	}
	return true
}

// Owned lists the scopes whose lease this engine holds.
func (e *Engine) Owned() []string {
	var names []string
	for _, s := range e.scopes {
		if s.held {
			names = append(names, s.id)
		}
	}
	return names
}
