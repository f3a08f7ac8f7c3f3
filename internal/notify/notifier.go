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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"emrguard/internal/store"
)

// Sender sends a message to one sink, once. An error that is no SendError is passing. It honours its context, is called by one goroutine at a
// time, and its errors hold no secret.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

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
	done    chan result
	under   map[string]string // ids of the messages that are under way, by sink
	workers sync.WaitGroup

	mu   sync.Mutex
	next *reload
	poke chan struct{}
}

type reload struct {
	settings Settings
	site     string
	senders  map[string]Sender
}

// result is the answer to one send.
type result struct {
	sink, id string
	err      error
	took     time.Duration
}

// New returns a Notifier that does nothing yet.
func New(o Options) *Notifier {
	return &Notifier{o: o, done: make(chan result), under: map[string]string{}, poke: make(chan struct{}, 1)}
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
	defer n.workers.Wait()
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
	case r := <-n.done:
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
		if n.state == nil || len(n.under) == 0 && !n.untried() {
			break
		}
		n.wait(ctx.Done(), wait)
	}
	for len(n.under) > 0 && ctx.Err() == nil {
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

// untried says whether there is a message that was not tried yet and that nothing keeps back.
func (n *Notifier) untried() bool {
	now := time.Now()
	for _, b := range n.state.boxes {
		if n.o.Senders[b.Sink] != nil && !waits(b.Until, now) && slices.ContainsFunc(b.Entries, func(e entry) bool { return e.Tries == 0 }) {
			return true
		}
	}
	return false
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
		if n.o.Senders[name] != nil {
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
	n.o.Settings, n.o.Site, n.o.Senders = r.settings, r.site, r.senders
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
		for sink, id := range n.under {
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
			b := n.state.box(name)
			b.collect(e, now, settings)
			b.dirty, n.state.dirty = true, true
		}
	}
	n.state.Cursor = records[len(records)-1].Seq
	n.state.dirty = n.state.dirty || now.Sub(n.kept) >= keepEvery
	return len(records) == page
}

// send saves what happened and begins a try for each sink that has something due. Nothing is sent that is not saved as begun; if it cannot be
// saved, send says so.
func (n *Notifier) send(ctx context.Context, now time.Time) bool {
	var begun []*boxed
	var messages []Message
	for _, name := range n.state.names() {
		b := n.state.boxes[name]
		if n.o.Senders[name] == nil {
			continue
		}
		if i := b.due(now); i >= 0 {
			messages = append(messages, b.begin(i, now))
			begun = append(begun, b)
			b.dirty = true
		}
	}
	if !n.save(ctx, now) {
		for _, b := range begun {
			b.unbegin()
		}
		return false
	}
	for i, m := range messages {
		name, sender := begun[i].Sink, n.o.Senders[begun[i].Sink]
		n.under[name] = m.ID
		n.workers.Go(func() {
			limited, cancel := context.WithTimeout(ctx, sendTimeout)
			defer cancel()
			start := time.Now()
			err := attempt(limited, sender, m)
			select {
			case n.done <- result{name, m.ID, err, time.Since(start)}:
			case <-ctx.Done():
			}
		})
	}
	return true
}

// attempt sends a message once; a sender that breaks down has failed.
func attempt(ctx context.Context, s Sender, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the sink broke down: %v\n%s", p, debug.Stack())
		}
	}()
	return s.Send(ctx, m)
}

// answer notes what became of a send. A state that was lost meanwhile is found in the store again, where the message waits.
func (n *Notifier) answer(r result) {
	delete(n.under, r.sink)
	out := Outcome{Sink: r.sink, Message: r.id, Result: Sent, Err: r.err, Took: r.took}
	var b *boxed
	if n.state != nil {
		b = n.state.boxes[r.sink]
	}
	if r.err != nil {
		out.Result = Failed
		if Refused(r.err) {
			out.Result = Denied
		}
	}
	if b != nil {
		b.dirty = true
		if r.err == nil {
			b.sent(r.id)
		} else {
			out.Wait = b.failed(r.id, r.err, time.Now(), n.o.Chance())
		}
	}
	n.o.Watch.Notified(out)
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

// schema is the version of the documents' form.
const schema = 1

// The names of the documents.
const (
	bookDocument = "book"
	boxDocuments = "sink."
)

// state is everything that is kept between two steps.
type state struct {
	book
	version int64
	saved   time.Time // of the book, when it was loaded
	dirty   bool
	boxes   map[string]*boxed
}

// book is the document that is not about one sink.
type book struct {
	Schema int   `json:"schema"`
	Cursor int64 `json:"cursor"` // the last record that was read
	Last   int64 `json:"last"`   // number of the last message
}

// boxed is a sink's document.
type boxed struct {
	box
	version int64
	dirty   bool
}

// load reads the state. Where there is none, or nobody looked since before a time, it begins after the newest record; missed says since when
// nobody looked.
func load(ctx context.Context, s store.Store, before time.Time) (out *state, missed time.Time, err error) {
	docs, err := s.LoadScope(ctx, store.NotifyScope)
	if err != nil {
		return nil, missed, fmt.Errorf("load the notifications: %w", err)
	}
	out, found := &state{book: book{Schema: schema}, boxes: map[string]*boxed{}}, false
	for _, d := range docs {
		var form struct {
			Schema int `json:"schema"`
		}
		if err := d.Body.Decode(&form); err != nil {
			return nil, missed, fmt.Errorf("the document %s cannot be read: %w", d.Key, err)
		}
		if form.Schema > schema {
			return nil, missed, fmt.Errorf("the document %s has schema %d, this emrguard reads up to %d; use the newer one", d.Key, form.Schema, schema)
		}
		if d.Cluster == bookDocument {
			found, out.version, out.saved = true, d.Version, d.Saved
			if d.Saved.Before(before) {
				missed = d.Saved
			}
			err = d.Body.Decode(&out.book)
		} else {
			b := &boxed{version: d.Version}
			if err = d.Body.Decode(&b.box); err == nil && boxDocuments+b.Sink != d.Cluster {
				err = fmt.Errorf("it is of sink %q", b.Sink)
			}
			out.boxes[b.Sink] = b
		}
		if err != nil {
			return nil, missed, fmt.Errorf("the document %s cannot be read: %w", d.Key, err)
		}
	}
	if found && missed.IsZero() {
		return out, missed, nil
	}
	newest, err := s.History(ctx, store.Query{Limit: 1})
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, missed, fmt.Errorf("find the end of the history: %w", err)
	}
	if len(newest) > 0 {
		out.Cursor = newest[0].Seq
	}
	out.dirty = true
	return out, missed, nil
}

// box returns the box of a sink, a new one if there is none.
func (s *state) box(name string) *boxed {
	if b := s.boxes[name]; b != nil {
		return b
	}
	b := &boxed{box: box{Schema: schema, Sink: name}}
	s.boxes[name] = b
	return b
}

// names are the sinks that have a box, in order.
func (s *state) names() []string { return slices.Sorted(maps.Keys(s.boxes)) }

// number gives out the ids of messages.
func (s *state) number(storeID string) func() string {
	return func() string {
		s.Last++
		return messageID(storeID, s.Last)
	}
}

// encode is a document's body. It is no HTML, and escaping it as such could double its size.
func encode(body any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic("notify: " + err.Error()) // plain values
	}
	return b.Bytes()
}

// changed are the documents to save, and what to do when they are.
func (s *state) changed(now time.Time) ([]store.Document, func()) {
	var docs []store.Document
	var after []func()
	add := func(name string, version *int64, dirty *bool, body any) {
		if !*dirty {
			return
		}
		docs = append(docs, store.Document{Key: store.Key{Scope: store.NotifyScope, Cluster: name}, Version: *version, Body: store.Text(string(encode(body))), Saved: now.UTC()})
		after = append(after, func() { *version, *dirty = *version+1, false })
	}
	add(bookDocument, &s.version, &s.dirty, s.book)
	for _, name := range s.names() {
		b := s.boxes[name]
		add(boxDocuments+name, &b.version, &b.dirty, b.box)
	}
	return docs, func() {
		for _, f := range after {
			f()
		}
	}
}
