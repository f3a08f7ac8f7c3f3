// Package notify tells people and programs what emrguard does: it turns the history into messages and sees to it that each arrives.
//
// The history is its only source, so what is told is what was saved. A Notifier reads on from a durable cursor, sorts each record into an
// Event, and by the routes into a group of each sink: one scope, topic and severity. A group becomes one message, however many clusters it is
// about. The message is saved in the sink's outbox in the same transaction that moves the cursor or closes the group, and leaves it when the
// sink has taken it. So a restart loses nothing; only a message whose answer was lost is sent again, under the same id.
//
// Its state is a few documents in a scope of the store that is nobody's (store.NotifyScope), under a lease of its own: of several processes
// one sends. Package sink holds the ways to send.
package notify

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"emrguard/internal/store"
)

// Outcome is what became of a message, or what is wrong with the notifier itself.
type Outcome struct {
	Sink    string // empty for a fault of the notifier
	Message string // its id
	Result  Result
	Err     error         // why; nil for Sent
	Wait    time.Duration // until it is tried again; Failed and Denied only
	Took    time.Duration // Sent, Failed and Denied only
}

// Result is the kind of an Outcome.
type Result string

// The results.
const (
	Sent    Result = "sent"
	Failed  Result = "failed"  // the sink could not be reached, or was busy; it is tried again
	Denied  Result = "refused" // the sink refused the message; it is tried again after a while
	Dropped Result = "dropped" // too old, or too many waited
	Fault   Result = "fault"   // the store, or the lease
)

// Waiting is how many messages a sink has not taken yet.
type Waiting struct {
	Sink    string
	Pending int
	Oldest  time.Time // when the oldest was made; zero without one
}

// Watcher is told what happens, by one goroutine.
type Watcher interface {
	Notified(o Outcome)
	// Waiting follows each look at the outboxes, about once a second; no sinks while another process sends.
	Waiting(sinks []Waiting, now time.Time)
}

// Options say what a Notifier works with.
type Options struct {
	Store    store.Store
	Owner    string // of the lease, unique per process start
	Note     string // who and where, for people
	Settings Settings
	Site     string            // URL of the dashboard, for links; empty: none
	Senders  map[string]Sender // by the name of the sink, one for each
	Watch    Watcher
	Chance   func() float64 // from 0 to 1, spreads retries
	Term     time.Duration  // of the lease, real time
}

// The times of a Notifier, all real.
const (
	pollEvery = time.Second
	keepEvery = time.Minute // a cursor that moved over nothing of interest is saved
	lookEvery = time.Hour   // and one that did not move, to show that somebody looks
	endFor    = 2 * time.Second
	briefFor  = 10 * time.Second
	brokenFor = time.Minute // after a breakdown
	page      = 500         // records read at a time
)

// Notifier sends the notifications of one store. Start and Run belong to one goroutine each, one after the other; Reload may be called from any.
type Notifier struct {
	o       Options
	brief   bool
	lease   store.Lease
	trusted time.Time // until when the lease is surely ours
	kept    time.Time // when the cursor was last saved
	state   *state    // nil: not loaded
	courier *courier

	mu   sync.Mutex
	next *reload
	poke chan struct{}
}

type reload struct {
	settings Settings
	site     string
	senders  map[string]Sender
}

// New returns a Notifier that does nothing yet.
func New(o Options) *Notifier {
	return &Notifier{o: o, courier: newCourier(o.Senders), poke: make(chan struct{}, 1)}
}

// Reload puts other settings in force from the next look on. What waits is tried again at once, since whoever changes the configuration
// most likely mended it.
func (n *Notifier) Reload(s Settings, site string, senders map[string]Sender) {
	n.mu.Lock()
	n.next = &reload{s, site, senders}
	n.mu.Unlock()
	select {
	case n.poke <- struct{}{}:
	default:
	}
}

// Start takes the lease if it is free and finds out where to go on. In a store without notifications that is its end: what happened before is
// not told. Trouble goes to the Watcher; Run tries again.
func (n *Notifier) Start(ctx context.Context) {
	if n.o.Settings.On() {
		n.ready(ctx, time.Now())
	}
}

// Run works until ctx ends, then gives sends under way a moment and gives the lease up: within two seconds, unless the store hangs. Brief is for a
// process that does one pass and ends: no group waits for others of its kind, and the end waits up to ten seconds more for each message to be
// tried once.
func (n *Notifier) Run(ctx context.Context, brief bool) {
	n.brief = brief
	work, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what was begun is ended properly
	defer n.courier.workers.Wait()
	defer cancel()
	for ctx.Err() == nil {
		wait := n.look(work)
		n.wait(ctx.Done(), wait)
	}
	n.end(work)
}

// look is a step that cannot take the process down, which has more important things to do. After a breakdown the state is read anew.
func (n *Notifier) look(ctx context.Context) (wait time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			n.fault(fmt.Errorf("the notifier broke down and looks again in %s: %v\n%s", brokenFor, p, debug.Stack()))
			n.state, wait = nil, brokenFor
		}
	}()
	return n.step(ctx)
}

// wait sleeps until something is to be done and takes the answers that came in.
func (n *Notifier) wait(stop <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stop:
	case <-timer.C:
	case <-n.poke:
	case r := <-n.courier.done:
		delete(n.courier.under, r.sink)
		n.answer(r)
	}
}

// end ends the work: it waits for answers, saves them and gives the lease up.
func (n *Notifier) end(work context.Context) {
	if n.state == nil {
		return
	}
	limit := endFor
	if n.brief {
		limit = briefFor
	}
	ctx, cancel := context.WithTimeout(work, limit)
	defer cancel()
	for n.brief && ctx.Err() == nil {
		wait := n.look(work)
		if n.state == nil || !n.courier.busy() && !n.untried() {
			break
		}
		n.wait(ctx.Done(), wait)
	}
	for n.courier.busy() && ctx.Err() == nil {
		n.wait(ctx.Done(), limit)
	}
	if n.state == nil {
		return
	}
	last, done := context.WithTimeout(work, endFor)
	defer done()
	n.state.dirty = true
	if n.save(last, time.Now()) {
		if err := n.o.Store.Release(last, n.lease); err != nil {
			n.fault(fmt.Errorf("give up the lease of notifications: %w", err))
		}
	}
}

// step does everything that is due and says how long nothing will be.
func (n *Notifier) step(ctx context.Context) time.Duration {
	now := time.Now()
	n.takeReload()
	if !n.o.Settings.On() || !n.ready(ctx, now) {
		n.o.Watch.Waiting(nil, now)
		return pollEvery
	}
	settings := n.o.Settings
	if n.brief {
		settings.GroupWait = 0
	}
	more := n.read(ctx, now, &settings)
	for _, name := range n.state.names() {
		b := n.state.boxes[name]
		for _, g := range b.ripe(now, &settings) {
			if err := stand(ctx, n.o.Store, g.Events); err != nil {
				n.fault(fmt.Errorf("read how things stand, so a message says less: %w", err))
			}
		}
		made, lost := b.close(now, &settings, n.state.number(n.o.Store.ID()))
		gone := b.expire(now, settings.GiveUp)
		b.dirty = b.dirty || made > 0 || len(gone) > 0
		n.state.dirty = n.state.dirty || made > 0
		for range lost {
			n.o.Watch.Notified(Outcome{Sink: name, Result: Dropped, Err: fmt.Errorf("more than %d messages wait for this sink; the oldest goes", maxEntries)})
		}
		for _, e := range gone {
			n.o.Watch.Notified(Outcome{Sink: name, Message: e.Message.ID, Result: Dropped, Err: fmt.Errorf("not delivered within %s; last: %s", settings.GiveUp, e.Error)})
		}
	}
	saved := n.send(ctx, now)
	if n.state != nil {
		n.o.Watch.Waiting(n.waiting(), now)
	}
	switch {
	case !saved:
		return pollEvery
	case more:
		return 0
	}
	return n.idle(now)
}

// idle is how long nothing is to be done but to look for new records.
func (n *Notifier) idle(now time.Time) time.Duration {
	wait := pollEvery
	for name, b := range n.state.boxes {
		due := []time.Time{b.nextDue()}
		if n.courier.reaches(name) {
			due = append(due, b.nextTry())
		}
		for _, t := range due {
			if d := t.Sub(now); !t.IsZero() && d < wait {
				wait = max(d, time.Millisecond)
			}
		}
	}
	return wait
}

func (n *Notifier) takeReload() {
	n.mu.Lock()
	r := n.next
	n.next = nil
	n.mu.Unlock()
	if r == nil {
		return
	}
	n.o.Settings, n.o.Site, n.courier.senders = r.settings, r.site, r.senders
	if n.state != nil {
		n.state.dirty = true // what was read so far was routed by the old settings
		for _, b := range n.state.boxes {
			b.hurry()
			b.dirty = true
		}
	}
}

// ready says whether the lease is held and the state known.
func (n *Notifier) ready(ctx context.Context, now time.Time) bool {
	if !n.hold(ctx, now) {
		return false
	}
	if n.state == nil {
		s, missed, err := load(ctx, n.o.Store, now.Add(-n.o.Settings.GiveUp))
		if err != nil {
			n.fault(err)
			return false
		}
		if !missed.IsZero() {
			n.fault(fmt.Errorf("what happened since %s is not told, since nobody looked for longer than give_up; emrguard history has it", missed.UTC().Format(time.RFC3339)))
		}
		n.state, n.kept = s, now
		for sink, id := range n.courier.under {
			s.box(sink).sending = id
		}
	}
	for i := range n.o.Settings.Sinks {
		n.state.box(n.o.Settings.Sinks[i].Name)
	}
	return true
}

// hold takes or renews the lease, a third of its term before the end of what is surely ours at the latest. A state stays as long as nobody
// else had the lease: it may know of messages that were sent and could not be noted yet.
func (n *Notifier) hold(ctx context.Context, now time.Time) bool {
	if d := n.trusted.Sub(now); d > n.o.Term/3 && d <= n.o.Term {
		return true
	}
	l, err := n.o.Store.Acquire(ctx, store.NotifyScope, n.o.Owner, n.o.Note, now, n.o.Term)
	switch {
	case errors.Is(err, store.ErrFenced): // another process sends
		n.state, n.trusted = nil, time.Time{}
		return false
	case err != nil:
		if ctx.Err() == nil {
			n.fault(fmt.Errorf("take the lease of notifications: %w", err))
		}
		return now.Before(n.trusted)
	}
	if l.Generation != n.lease.Generation {
		n.state = nil // somebody else may have changed it
	}
	n.lease, n.trusted = l, now.Add(n.o.Term-n.o.Term/6)
	return true
}

// read puts new records into groups and says whether there are more.
func (n *Notifier) read(ctx context.Context, now time.Time, settings *Settings) (more bool) {
	records, err := n.o.Store.History(ctx, store.Query{After: n.state.Cursor, Oldest: true, Limit: page})
	if err != nil && (!errors.Is(err, store.ErrCorrupt) || len(records) == 0) {
		n.fault(fmt.Errorf("read the history: %w", err))
		return false
	}
	n.state.dirty = n.state.dirty || now.Sub(n.kept) >= lookEvery
	if len(records) == 0 {
		return false
	}
	found, failed := events(ctx, n.o.Store, records, n.o.Site)
	if failed != nil {
		n.fault(fmt.Errorf("read the names of clusters: %w", failed))
		return false
	}
	if err != nil {
		n.fault(fmt.Errorf("some records are not told: %w", err))
	}
	for _, e := range found {
		for _, name := range settings.to(&e) {
			if settings.folded(&e, name) {
				continue
			}
			b := n.state.box(name)
			b.collect(e, now, settings)
			b.dirty, n.state.dirty = true, true
		}
	}
	n.state.Cursor = records[len(records)-1].Seq
	n.state.dirty = n.state.dirty || now.Sub(n.kept) >= keepEvery
	return len(records) == page
}

// save writes what changed in one transaction and says whether the state is still ours. If the lease went to another, the state is
// forgotten; any other failure keeps it, to be saved with the next step.
func (n *Notifier) save(ctx context.Context, now time.Time) bool {
	docs, saved := n.state.changed(now)
	if len(docs) == 0 {
		return true
	}
	err := n.o.Store.Save(ctx, store.Save{Lease: n.lease, Docs: docs})
	switch {
	case err == nil:
		saved()
		n.kept = now
		return true
	case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrConflict):
		n.fault(fmt.Errorf("another process sends the notifications now: %w", err))
		n.state, n.trusted = nil, time.Time{}
	default:
		n.fault(fmt.Errorf("save the notifications: %w; nothing is sent until that works", err))
	}
	return false
}

func (n *Notifier) fault(err error) { n.o.Watch.Notified(Outcome{Result: Fault, Err: err}) }

// waiting counts what the sinks have not taken yet.
func (n *Notifier) waiting() []Waiting {
	var out []Waiting
	for _, name := range n.state.names() {
		b := n.state.boxes[name]
		w := Waiting{Sink: name, Pending: len(b.Entries)}
		for _, e := range b.Entries {
			if w.Oldest.IsZero() || e.Message.Created.Before(w.Oldest) {
				w.Oldest = e.Message.Created
			}
		}
		out = append(out, w)
	}
	return out
}
