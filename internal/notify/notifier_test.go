package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/store"
)

// TestDroughtIsOneMessage: what happens together in a scope is one message, however many clusters it is about.
func TestDroughtIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r, w := newLab(t), &receiver{}, &watch{}
		end := run(l.options(to("ops"), map[string]Sender{"ops": r}, w))
		for i := range 500 {
			l.happen(record("recovery.open", i))
			if i%25 == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(2 * time.Minute)
		end()
		if len(r.all()) != 1 {
			t.Fatalf("%d messages, want 1", len(r.all()))
		}
		m := r.all()[0]
		if m.Clusters != 500 || m.Total != 500 || len(m.Events) != maxShown || m.AtLeast {
			t.Errorf("%d clusters, %d events, %d shown", m.Clusters, m.Total, len(m.Events))
		}
		for _, want := range []string{"500 clusters", "emrguard pause j-0000 --scope prod", "the reason of recovery.open on 0", "and 495 more: emrguard history --scope prod --kind recovery.open"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the text does not say %q:\n%s", want, m.Text)
			}
		}
		if f := w.faults(); len(f) > 0 {
			t.Errorf("faults: %q", f)
		}
	})
}

// TestGroupingTimes: the first message waits for group_wait, and the next of its group comes group_interval later at the earliest. Another
// severity is another group and does not wait for it.
func TestGroupingTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r := newLab(t), &receiver{}
		end := run(l.options(to("ops"), map[string]Sender{"ops": r}, &watch{}))
		start := time.Now()
		l.happen(record("recovery.open", 1))
		time.Sleep(time.Minute)
		l.happen(record("recovery.open", 2), record("ban.set", 2))
		time.Sleep(time.Minute)
		l.happen(record("pool.rest", 3))
		time.Sleep(10 * time.Minute)
		l.happen(record("recovery.open", 4))
		time.Sleep(10 * time.Minute)
		end()
		var got []string
		for i, m := range r.all() {
			got = append(got, fmt.Sprintf("%s %s %d", r.at[i].Sub(start).Round(5*time.Second), m.Severity, m.Total))
		}
		want := []string{"30s warning 1", "1m30s info 1", "2m30s critical 1", "5m30s warning 1", "12m30s warning 1"}
		if !slices.Equal(got, want) {
			t.Errorf("messages\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestEveryMessageArrivesOnce: a receiver that fails half the time gets each message in the end, and each once.
func TestEveryMessageArrivesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLab(t), &watch{}
		random := rand.New(rand.NewPCG(1, 2))
		r := &receiver{fail: func(int, Message) error {
			if random.IntN(2) == 0 {
				return errDown
			}
			return nil
		}}
		s := to("ops")
		s.GroupInterval = time.Second
		end := run(l.options(s, map[string]Sender{"ops": r}, w))
		var ids []string
		for i := range 40 {
			ids = append(ids, l.happen(record("recovery.open", i))...)
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Hour)
		end()
		slices.Sort(ids)
		if got := told(r.all()); !slices.Equal(got, ids) {
			t.Errorf("told %d events, want each of %d once", len(got), len(ids))
		}
		if w.count(Failed) == 0 || w.count(Sent) != len(r.all()) {
			t.Errorf("%d failed, %d sent", w.count(Failed), w.count(Sent))
		}
	})
}

// TestOutage: while a sink is down the outbox holds what fits; what was dropped is told by the next message, and old ones go after give_up.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLab(t), &watch{}
		var down atomic.Bool
		down.Store(true)
		r := &receiver{fail: func(int, Message) error {
			if down.Load() {
				return errDown
			}
			return nil
		}}
		s := to("ops")
		s.GroupInterval = time.Second
		end := run(l.options(s, map[string]Sender{"ops": r}, w))
		for i := range maxEntries + 10 {
			l.happen(record("recovery.open", i))
			time.Sleep(time.Minute)
		}
		down.Store(false)
		time.Sleep(3 * time.Hour)
		if len(r.all()) != maxEntries || w.count(Dropped) != 10 {
			t.Errorf("%d messages arrived and %d were dropped, want %d and 10", len(r.all()), w.count(Dropped), maxEntries)
		}
		missed := 0
		for _, m := range r.all() {
			missed += m.Missed
		}
		if missed != 9 { // the last was dropped for the last message, which the next one tells
			t.Errorf("%d are told as missed, want 9", missed)
		}
		down.Store(true)
		l.happen(record("recovery.open", 1))
		time.Sleep(25 * time.Hour)
		down.Store(false)
		l.happen(record("recovery.open", 2))
		time.Sleep(time.Hour)
		end()
		last := r.all()[len(r.all())-1]
		if last.Missed != 2 || !strings.Contains(last.Text, "2 earlier messages") {
			t.Errorf("the last message tells of %d that were missed:\n%s", last.Missed, last.Text)
		}
	})
}

// TestRefusedMessageKeepsNobodyBack: one message that the sink refuses is tried rarely, and the others go on; mending the configuration tries
// it at once.
func TestRefusedMessageKeepsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLab(t), &watch{}
		var refuse atomic.Bool
		refuse.Store(true)
		r := &receiver{fail: func(_ int, m Message) error {
			if refuse.Load() && m.Severity == Critical {
				return &SendError{Permanent: true, Err: errors.New("404 no such channel")}
			}
			return nil
		}}
		o := l.options(to("ops"), map[string]Sender{"ops": r}, w)
		n := New(o)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		n.Start(ctx)
		go func() { n.Run(ctx, false); close(gone) }()
		l.happen(record("pool.rest", 1))
		time.Sleep(time.Minute)
		l.happen(record("recovery.open", 1))
		time.Sleep(59 * time.Minute)
		if len(r.all()) != 1 || w.count(Denied) < 3 || w.count(Denied) > 8 {
			t.Errorf("%d messages, refused %d times", len(r.all()), w.count(Denied))
		}
		refuse.Store(false)
		n.Reload(o.Settings, o.Site, o.Senders)
		time.Sleep(2 * time.Second)
		if len(r.all()) != 2 {
			t.Errorf("%d messages after a reload, want 2", len(r.all()))
		}
		cancel()
		<-gone
	})
}

// TestRetryAfter: a sink that asks for a pause gets it.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		r := &receiver{fail: func(n int, _ Message) error {
			if n == 1 {
				return &SendError{RetryAfter: 17 * time.Minute, Err: errors.New("429")}
			}
			return nil
		}}
		end := run(l.options(to("ops"), map[string]Sender{"ops": r}, &watch{}))
		start := time.Now()
		l.happen(record("recovery.open", 1))
		time.Sleep(time.Hour)
		end()
		if len(r.at) != 1 || r.at[0].Sub(start) < 17*time.Minute || r.at[0].Sub(start) > 18*time.Minute {
			t.Errorf("sent after %v", r.at)
		}
	})
}

// TestOneOfManySends: of several processes on a store one sends, and when it dies another goes on.
func TestOneOfManySends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r := newLab(t), &receiver{}
		var ends []func()
		for i := range 3 {
			o := l.options(to("ops"), map[string]Sender{"ops": r}, &watch{})
			o.Owner = fmt.Sprintf("process %d", i)
			ends = append(ends, run(o))
		}
		var ids []string
		for i := range 6 {
			ids = append(ids, l.happen(record("recovery.open", i))...)
			time.Sleep(10 * time.Minute)
			if i%2 == 1 {
				ends[0]()
				ends = ends[1:]
				if len(ends) == 0 {
					break
				}
			}
		}
		for _, end := range ends {
			end()
		}
		slices.Sort(ids)
		if got := told(r.all()); !slices.Equal(got, ids) {
			t.Errorf("told %v, want %v", got, ids)
		}
	})
}

// TestFirstStartTellsNothingOfThePast, and a brief process tells what its own pass led to without waiting for more.
func TestBrief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r, w := newLab(t), &receiver{took: time.Second}, &watch{}
		l.happen(record("recovery.open", 1))
		pass := func(kinds ...string) time.Duration {
			n := New(l.options(to("ops"), map[string]Sender{"ops": r}, w))
			ctx, cancel := context.WithCancel(t.Context())
			n.Start(ctx)
			for i, k := range kinds {
				l.happen(record(k, i))
			}
			cancel()
			start := time.Now()
			n.Run(ctx, true)
			return time.Since(start)
		}
		if took := pass("pool.rest", "recovery.open"); took > 5*time.Second || len(r.all()) != 2 {
			t.Errorf("%d messages in %s", len(r.all()), took)
		}
		if took := pass(); took > time.Second || len(r.all()) != 2 {
			t.Errorf("a pass without events: %d messages in %s", len(r.all()), took)
		}
		pass("pool.rest") // is in the quiet time
		if len(r.all()) != 2 {
			t.Errorf("%d messages within group_interval", len(r.all()))
		}
		time.Sleep(10 * time.Minute)
		pass()
		if len(r.all()) != 3 || len(w.faults()) > 0 {
			t.Errorf("%d messages, faults %q", len(r.all()), w.faults())
		}
	})
}

// TestLongAbsence: what happened while nobody looked for longer than give_up is not told, and that is reported.
func TestLongAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r, w := newLab(t), &receiver{}, &watch{}
		o := l.options(to("ops"), map[string]Sender{"ops": r}, w)
		end := run(o)
		time.Sleep(time.Minute)
		end()
		l.happen(record("recovery.open", 1))
		time.Sleep(time.Hour)
		end = run(o)
		time.Sleep(time.Minute)
		end()
		if len(r.all()) != 1 {
			t.Fatalf("%d messages after an hour's absence, want 1", len(r.all()))
		}
		l.happen(record("recovery.open", 2))
		time.Sleep(48 * time.Hour)
		end = run(o)
		time.Sleep(time.Minute)
		end()
		if len(r.all()) != 1 || len(w.faults()) != 1 || !strings.Contains(w.faults()[0], "is not told") {
			t.Errorf("%d messages, faults %q", len(r.all()), w.faults())
		}
	})
}

// mortal is a store whose process dies at its n-th write, before or after it took effect: from then on nothing works.
type mortal struct {
	store.Store
	mu    sync.Mutex
	n     int
	after bool
	dead  bool
	kill  func()
}

var errDead = errors.New("the process is dead")

func (s *mortal) strike(write func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	s.n--
	if s.n == 0 && !s.after {
		s.dead = true
		s.kill()
		return errDead
	}
	err := write()
	if s.n == 0 {
		s.dead = true
		s.kill()
		return errDead
	}
	return err
}

func (s *mortal) Save(ctx context.Context, save store.Save) error {
	return s.strike(func() error { return s.Store.Save(ctx, save) })
}

func (s *mortal) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (l store.Lease, err error) {
	err = s.strike(func() error { l, err = s.Store.Acquire(ctx, scope, owner, note, now, ttl); return err })
	return l, err
}

func (s *mortal) Release(context.Context, store.Lease) error { return errDead }

func (s *mortal) gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// mortalSender is a sender of the same process: it dies in the middle of its n-th send, before or after the receiver took the message.
type mortalSender struct {
	Sender
	s     *mortal
	n     int
	after bool
}

func (m *mortalSender) Send(ctx context.Context, msg Message) error {
	if m.s.gone() {
		return errDead
	}
	m.n--
	die := func() error {
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		m.s.dead = true
		m.s.kill()
		return errDead
	}
	if m.n == 0 && !m.after {
		return die()
	}
	err := m.Sender.Send(ctx, msg)
	if m.n == 0 {
		return die()
	}
	return err
}

// TestKillAtEveryBoundary kills the process at each of its writes and sends, before and after it took effect, and lets another go on. No event
// is lost and none is in two messages. A message arrives twice, under one id, only if the process died between the sink's taking it and the
// save of that.
func TestKillAtEveryBoundary(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, at := range []string{"write", "send"} {
			for n := 1; n <= 14; n++ {
				t.Run(fmt.Sprintf("%s %d after %v", at, n, after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { killAt(t, at, n, after) })
				})
			}
		}
	}
}

func killAt(t *testing.T, at string, n int, after bool) {
	l, w := newLab(t), &watch{}
	a, b := &receiver{took: 100 * time.Millisecond}, &receiver{took: 100 * time.Millisecond}
	s := to("a", "b")
	s.GroupInterval = 10 * time.Second
	// The first start, which takes note of where the history ends.
	end := run(l.options(s, map[string]Sender{"a": a, "b": b}, w))
	time.Sleep(2 * time.Second)
	end()

	ctx, cancel := context.WithCancel(t.Context())
	m := &mortal{Store: l.store, after: after, kill: cancel}
	sa, sb := &mortalSender{Sender: a, s: m, after: after}, &mortalSender{Sender: b, s: m, after: after}
	if at == "write" {
		m.n = n
	} else {
		sa.n = n
	}
	o := l.options(s, map[string]Sender{"a": sa, "b": sb}, w)
	o.Store, o.Owner = m, "first"
	first := New(o)
	gone := make(chan struct{})
	go func() { first.Run(ctx, false); close(gone) }()
	var ids []string
	for i := range maxShown { // all are shown, even if they become one message
		ids = append(ids, l.happen(record("recovery.open", i), record("pool.rest", i))...)
		time.Sleep(20 * time.Second)
	}
	cancel()
	<-gone
	m.mu.Lock()
	m.dead = true
	m.mu.Unlock()

	o = l.options(s, map[string]Sender{"a": a, "b": b}, w)
	o.Owner = "second"
	end = run(o)
	time.Sleep(5 * time.Minute)
	end()
	slices.Sort(ids)
	for i, r := range []*receiver{a, b} {
		byID, doubled := map[string]Message{}, 0
		for _, m := range r.all() {
			if was, ok := byID[m.ID]; ok {
				doubled++
				if was.Text != m.Text {
					t.Errorf("message %s came with two texts", m.ID)
				}
			}
			byID[m.ID] = m
		}
		var distinct []Message
		for _, m := range byID {
			distinct = append(distinct, m)
		}
		if got := told(distinct); !slices.Equal(got, ids) {
			t.Errorf("told %v, want %v", got, ids)
		}
		if doubled > 1 || doubled > 0 && i == 0 && at == "send" && !after {
			t.Errorf("%d messages came twice", doubled)
		}
	}
}

// TestStoreTrouble: while the store cannot be written, nothing is sent; afterwards everything is, once.
func TestStoreTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r, w := newLab(t), &receiver{}, &watch{}
		s := &moody{Store: l.store}
		o := l.options(to("ops"), map[string]Sender{"ops": r}, w)
		o.Store = s
		end := run(o)
		time.Sleep(time.Minute)
		s.set(store.ErrFull)
		ids := l.happen(record("recovery.open", 1))
		time.Sleep(5 * time.Minute)
		if len(r.all()) != 0 || len(w.faults()) == 0 {
			t.Errorf("%d messages and %d faults while the store was full", len(r.all()), len(w.faults()))
		}
		s.set(nil)
		time.Sleep(5 * time.Minute)
		end()
		if got := told(r.all()); !slices.Equal(got, ids) {
			t.Errorf("told %v, want %v", got, ids)
		}
	})
}

// moody is a store that does not save at times.
type moody struct {
	store.Store
	mu  sync.Mutex
	err error
}

func (s *moody) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *moody) Save(ctx context.Context, save store.Save) error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if errors.Is(err, errBug) {
		panic(err)
	}
	if err != nil {
		return err
	}
	return s.Store.Save(ctx, save)
}

// errBug makes a moody store break down.
var errBug = errors.New("a store with a bug")

// TestBreakdown: neither a sink nor a store that breaks down ends the notifier, and nothing is lost.
func TestBreakdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newLab(t), &watch{}
		r := &receiver{fail: func(n int, _ Message) error {
			if n == 1 {
				panic("a sink with a bug")
			}
			return nil
		}}
		s := &moody{Store: l.store}
		o := l.options(to("ops"), map[string]Sender{"ops": r}, w)
		o.Store = s
		end := run(o)
		ids := l.happen(record("recovery.open", 1))
		time.Sleep(10 * time.Minute)
		s.set(errBug)
		ids = append(ids, l.happen(record("recovery.open", 2))...)
		time.Sleep(5 * time.Minute)
		s.set(nil)
		time.Sleep(10 * time.Minute)
		end()
		if got := told(r.all()); !slices.Equal(got, ids) {
			t.Errorf("told %v, want %v", got, ids)
		}
		if w.count(Failed) != 1 || w.count(Fault) < 2 || w.count(Fault) > 7 {
			t.Errorf("%d failures, faults %d", w.count(Failed), w.count(Fault))
		}
	})
}
