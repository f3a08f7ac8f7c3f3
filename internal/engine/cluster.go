package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// cluster is one aggregate in memory: its state as saved, its reads under way and when to look at it again.
type cluster struct {
	s        *scope
	id       emr.ClusterID
	state    guard.State
	version  int64
	saved    uint64 // hash of the body last saved
	readings []*reading
	basis    []basis // the newest read of each kind, the newest last
	wants    []string
	wake     time.Time
	heapAt   int
	backlog  []given       // answers whose decision could not be saved; tried again in order
	since    bool          // read since this owner has it, and since its clock was set back
	back     time.Duration // by how much it was set back since the last read
	refused  []refusal     // reads that failed, and when they may be tried again
	failed   time.Time     // when a read failed last
	need     *guard.MetricNeed
	ask      *ask      // the metrics under way, nil without
	told     time.Time // when metrics were decided on last
	apart    []string  // keys of its series for which CloudWatch refused a call as a request
}

// given is an input, with the calls whose answers it came with.
type given struct {
	in     guard.Input
	causes []uint64
}

func (c *cluster) unread() bool {
	return !c.since && c.state.Cluster.Collection != emr.Fleets && c.state.Ended.IsZero() && c.effective().Mode != guard.Off
}

// key names a want: one for each read and class, so that a routine look that is due early does not hide a deadline.
func (c *cluster) key(n guard.Need) string {
	return fmt.Sprintf("%s %s %s %d", c.id, n.Op, n.Group, n.Class)
}

func (c *cluster) want(n guard.Need) budget.Want {
	return budget.Want{Key: c.key(n), Call: emr.Call{Op: n.Op, Cluster: c.id, Group: n.Group}, Class: budget.Class(n.Class), Due: n.Due}
}

func (c *cluster) effective() Effective { return c.s.e.o.Policy.For(c.s.id, c.state.Cluster) }

// decide asks the guard, saves what it decided in one transaction, and only then hands the change out. It says whether the input was
// decided on and what follows is saved; an answer that was not is tried again, everything else is the caller's.
func (c *cluster) decide(ctx context.Context, now Now, in guard.Input, order *store.Order) bool {
	if len(c.backlog) > 0 {
		if in.Answer != nil || in.Lost {
			c.backlog = append(c.backlog, given{in, c.s.e.causes})
		}
		if !c.retry(ctx, now) {
			return false
		}
		if in.Answer != nil || in.Lost {
			return true
		}
	}
	return c.decideOne(ctx, now, given{in, c.s.e.causes}, order)
}

// retry works off the answers whose decision could not be saved.
func (c *cluster) retry(ctx context.Context, now Now) bool {
	for len(c.backlog) > 0 {
		first := c.backlog[0]
		c.backlog = c.backlog[1:]
		if !c.decideOne(ctx, now, first, nil) {
			return false
		}
	}
	return true
}

func (c *cluster) decideOne(ctx context.Context, now Now, on given, order *store.Order) bool {
	s, in, written := c.s, on.in, len(c.s.e.out.Records)
	eff := c.effective()
	if in.Described != nil { // what it says of name and tags holds for this decision already
		eff = s.e.o.Policy.For(s.id, in.Described.Cluster)
	}
	dec, err := s.e.guarded(c.state, c.env(now, eff), in)
	if err != nil {
		s.broken[string(c.id)] = err
		s.e.fault(s, string(c.id), fmt.Errorf("cluster %s is left alone until the next start: %w", c.id, err))
		c.forget()
		return true
	}
	if !c.save(ctx, now, dec, order) {
		if s.held && (in.Answer != nil || in.Lost) {
			c.backlog = append([]given{on}, c.backlog...)
		}
		if s.held {
			c.sleep(s.now(now).Add(max(eff.Settings.Pace/10, time.Second)))
		}
		return false
	}
	if in.Read != nil {
		c.since, c.back = true, 0
	}
	if in.Metrics != nil {
		c.told = s.now(now)
	}
	if dec.Call != nil {
		c.pay(now, dec.Call)
		s.e.call(s, dec.Call.Call, flight{cluster: c.id, change: dec.Call.ID})
	}
	c.decided(on, dec, s.e.out.Records[written:])
	c.settle(now, dec, eff)
	return true
}

// guarded asks the guard. A mistake in it costs one cluster, not the others.
func (e *Engine) guarded(state guard.State, env guard.Env, in guard.Input) (dec guard.Decision, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, r, debug.Stack())
		}
	}()
	return e.decide(state, env, in), nil
}

// ErrPanic is the fault of a cluster whose decision panicked. It is a defect of emrguard.
var ErrPanic = errors.New("deciding panicked")

// env is what surrounds a decision, the API budget included.
func (c *cluster) env(now Now, eff Effective) guard.Env {
	s, at := c.s, c.s.now(now)
	env := guard.Env{Now: at, Store: s.e.o.Store.ID(), Mode: eff.Mode, Why: eff.Why, Settings: eff.Settings, Scaling: eff.Scaling, Wrapped: eff.Wrapped,
		Sweep: s.Sweep, DryRun: s.e.o.DryRun,
		Trusted: s.clock.trusted(), Unread: !c.since, SetBack: c.back, Generation: s.lease.Generation, Modify: c.ready(emr.ModifyInstanceGroups, at), Add: c.ready(emr.AddInstanceGroups, at),
		Terminate: c.ready(emr.TerminateJobFlows, at)}
	if p := s.whole.Paused; p != nil {
		env.Paused = "the whole scope is paused by " + p.Author
	}
	env.StopReady = env.Modify && guard.MayStop(c.state) && c.promise(at, eff.Settings.Settle)
	return env
}

// promise reserves the tokens of what follows a stop and says whether the stop can be sent now: all of it or none, so that a cluster
// that cannot stop yet keeps no token from the others.
func (c *cluster) promise(at time.Time, within time.Duration) bool {
	b, id := c.s.budget, string(c.id)
	before := b.Reserved(emr.AddInstanceGroups, id) || b.Reserved(emr.ModifyInstanceGroups, id)
	if b.Reserve(emr.AddInstanceGroups, id, at, within) && b.Reserve(emr.ModifyInstanceGroups, id, at, within) && b.Ready(emr.ModifyInstanceGroups, at) {
		return true
	}
	if !before { // an earlier stop's promises stay
		b.Release(id)
	}
	return false
}

// ready says whether a token for the operation can be taken now, a promised one included.
func (c *cluster) ready(op emr.Op, at time.Time) bool {
	b, id := c.s.budget, string(c.id)
	return b.Ready(op, at) || b.Reserved(op, id) && !b.ReservedAt(op, at).After(at)
}

// pay takes the token of a change: a launch takes the one promised to it.
func (c *cluster) pay(now Now, call *guard.Call) {
	b, at, op := c.s.budget, c.s.now(now), call.Call.Op
	launch := call.Purpose == guard.ForLaunch || call.Purpose == guard.ForAdd
	if launch && b.TakeReserved(op, string(c.id), at) {
		return
	}
	if !b.Take(op, at) {
		b.TakeReserved(op, string(c.id), at)
	}
}

// save writes a decision down if it changed anything.
func (c *cluster) save(ctx context.Context, now Now, dec guard.Decision, order *store.Order) bool {
	s := c.s
	body, err := store.Encode(dec.State)
	if err != nil {
		s.e.fault(s, string(c.id), fmt.Errorf("write the state of %s: %w", c.id, err))
		return false
	}
	sum := maphash.String(s.e.seed, body.String())
	if sum == c.saved && len(dec.Records) == 0 && dec.Call == nil && order == nil {
		c.state = dec.State
		return true
	}
	key := store.Key{Scope: s.id, Cluster: string(c.id)}
	save := store.Save{Lease: s.lease, Records: make([]store.Record, 0, len(dec.Records)),
		Docs: []store.Document{{Key: key, Version: c.version, Body: body, Ended: !dec.State.Ended.IsZero(), Saved: s.now(now)}}}
	for _, r := range dec.Records {
		data, err := json.Marshal(r.Data)
		if err != nil {
			data = []byte(`{"error":"the inputs of this decision could not be written"}`)
		}
		save.Records = append(save.Records, store.Record{Key: key, ID: r.ID, At: r.At, Kind: r.Kind, Group: string(r.Group), Pool: string(r.Pool),
			Recovery: r.Recovery, Reason: r.Reason, Author: r.Author, Data: data})
	}
	if order != nil && dec.Reply != nil {
		save.Orders = []store.Answer{{ID: order.ID, At: s.now(now), Refused: dec.Reply.Refused, Text: dec.Reply.Text}}
	}
	if s.e.o.Saving != nil {
		s.e.o.Saving(key, dec.State)
	}
	if err := s.e.o.Store.Save(ctx, save); err != nil {
		c.notSaved(err)
		return false
	}
	c.state, c.version, c.saved = dec.State, c.version+1, sum
	s.e.out.Records = append(s.e.out.Records, save.Records...)
	for _, r := range save.Records {
		s.e.counts[r.Kind]++
	}
	return true
}

// notSaved books a decision that could not be written down: it did not happen.
func (c *cluster) notSaved(err error) {
	s := c.s
	if errors.Is(err, store.ErrConflict) && c.version == 0 {
		// There is a document that could not be read when the scope was loaded. It stays.
		s.broken[string(c.id)] = err
		s.e.fault(s, string(c.id), fmt.Errorf("cluster %s is left alone: %w", c.id, err))
		c.forget()
		return
	}
	s.failed(err)
}

// settle plans the next looks after a decision was saved.
func (c *cluster) settle(now Now, dec guard.Decision, eff Effective) {
	s, at := c.s, c.s.now(now)
	for _, k := range c.wants {
		s.queue.Remove(k)
	}
	c.wants = c.wants[:0]
	if !guard.Promised(c.state) {
		s.budget.Release(string(c.id))
	}
	if !c.state.Ended.IsZero() {
		c.forget()
		return
	}
	if eff.Mode == guard.Off && len(c.state.Recoveries) == 0 && c.state.Described.After(at.Add(-ignoreFor)) { // an older description may be wrong
		s.ignored[c.id] = at.Add(ignoreFor)
		c.forget()
		return
	}
	for _, n := range dec.Needs {
		c.plan(n)
	}
	c.need = nil
	if n := dec.Metrics; n != nil && len(n.Metrics) > 0 {
		c.need = n
	}
	c.planMetrics()
	wake := dec.Wake
	for _, op := range dec.Waiting {
		t := s.budget.ReadyAt(op, at)
		if t.IsZero() || s.budget.Reserved(op, string(c.id)) {
			t = s.budget.ReservedAt(op, at)
		}
		if !t.After(at) {
			t = at.Add(eff.Settings.Pace / 10)
		}
		if wake.IsZero() || t.Before(wake) {
			wake = t
		}
	}
	c.sleep(wake)
}

// plan asks for a read unless it is under way: a read that ends leads to a decision, which plans again.
func (c *cluster) plan(n guard.Need) {
	if c.reading(n.Op, n.Group) != nil {
		return
	}
	if t := c.notBefore(n); n.Due.Before(t) {
		n.Due = t
	}
	w := c.want(n)
	if old, ok := c.s.queue.Get(w.Key); ok && old.Due.Before(w.Due) {
		return
	}
	c.s.queue.Set(w)
	c.wants = append(c.wants, w.Key)
}

// drop takes the wants of a read that begins now out of the queue, of whatever class: one answer serves them all, and the
// decision on it plans anew.
func (c *cluster) drop(call emr.Call) {
	for _, k := range c.wants {
		if w, ok := c.s.queue.Get(k); ok && w.Call == call {
			c.s.queue.Remove(k)
		}
	}
}

// forget stops watching the cluster; its document and history stay.
func (c *cluster) forget() {
	c.sleep(time.Time{})
	for _, k := range c.wants {
		c.s.queue.Remove(k)
	}
	delete(c.s.clusters, c.id)
}
