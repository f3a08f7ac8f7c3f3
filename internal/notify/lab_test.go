package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// lab is a store with a history and a notifier beside it.
type lab struct {
	t     *testing.T
	store *memory.Store
	lease store.Lease
	n     int
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, store: memory.New("abcdefgh")}
	var err error
	if l.lease, err = l.store.Acquire(t.Context(), "prod", "guard", "", time.Now(), 1000*time.Hour); err != nil {
		t.Fatal(err)
	}
	return l
}

// record is a record of a kind on the n-th cluster.
func record(kind string, cluster int) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: fmt.Sprintf("j-%04d", cluster)}, Kind: kind, Group: "ig-1", Pool: "ig-1", Recovery: "r1",
		Reason: fmt.Sprintf("the reason of %s on %d", kind, cluster)}
}

// happen writes records into the history and returns their ids.
func (l *lab) happen(records ...store.Record) []string {
	l.t.Helper()
	var ids []string
	for i := range records {
		l.n++
		records[i].ID, records[i].At = fmt.Sprintf("2-%d", l.n), time.Now()
		ids = append(ids, records[i].ID)
	}
	if err := l.store.Save(context.Background(), store.Save{Lease: l.lease, Records: records}); err != nil {
		l.t.Fatal(err)
	}
	return ids
}

// receiver is a sink that remembers what it took.
type receiver struct {
	mu   sync.Mutex
	got  []Message
	at   []time.Time
	fail func(n int, m Message) error // of the n-th try; nil: it is taken
	took time.Duration
	n    int
}

func (r *receiver) Send(ctx context.Context, m Message) error {
	if r.took > 0 {
		select {
		case <-time.After(r.took):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if r.fail != nil {
		if err := r.fail(r.n, m); err != nil {
			return err
		}
	}
	r.got, r.at = append(r.got, m), append(r.at, time.Now())
	return nil
}

// all are the messages so far.
func (r *receiver) all() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// watch remembers what it was told.
type watch struct {
	mu       sync.Mutex
	outcomes []Outcome
	waiting  []Waiting
}

func (w *watch) Notified(o Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes = append(w.outcomes, o)
}

func (w *watch) Waiting(s []Waiting, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = s
}

func (w *watch) count(r Result) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, o := range w.outcomes {
		if o.Result == r {
			n++
		}
	}
	return n
}

// faults are the texts of the faults.
func (w *watch) faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, o := range w.outcomes {
		if o.Result == Fault {
			out = append(out, o.Err.Error())
		}
	}
	return out
}

// to is a configuration with sinks of these names, and everything goes to all.
func to(names ...string) Settings {
	s := Defaults()
	for _, n := range names {
		s.Sinks = append(s.Sinks, Sink{Name: n, Webhook: &Webhook{URL: "https://example.org/" + n}})
	}
	s.Routes = []Route{{Sinks: names, Severity: Info}}
	return s
}

// options are those of a notifier of the lab.
func (l *lab) options(s Settings, senders map[string]Sender, w Watcher) Options {
	return Options{Store: l.store, Owner: "me", Settings: s, Senders: senders, Watch: w, Chance: func() float64 { return 0.5 }, Term: 30 * time.Second}
}

// run starts a notifier and returns what ends it.
func run(o Options) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	n := New(o)
	n.Start(ctx)
	gone := make(chan struct{})
	go func() {
		n.Run(ctx, false)
		close(gone)
	}()
	return func() {
		cancel()
		<-gone
	}
}

var errDown = errors.New("connection refused")

// told are the ids of the events of messages, sorted.
func told(messages []Message) []string {
	var ids []string
	for _, m := range messages {
		for _, e := range m.Events {
			ids = append(ids, e.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
