package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// scope is one account and region: its lease, clock, budget and clusters.
type scope struct {
	Scope
	e  *Engine
	id string

	lease store.Lease
	held  bool
	trust Now           // until here calls may be sent
	renew time.Duration // Mono of the next attempt to take or renew the lease
	// unleased says that the store failed at the last attempt, so that it is not known whether another has the lease.
	unleased bool
	clock    clock
	budget   *budget.Budget
	queue    *budget.Queue

	clusters    map[emr.ClusterID]*cluster
	broken      map[string]error            // documents that cannot be read; their clusters are left alone
	ignored     map[emr.ClusterID]time.Time // clusters no rule matches, and when their tags are read again
	flights     map[uint64]flight
	reads       map[*emr.MetricsWant]*metricsRead // of CloudWatch, waiting or under way
	readCount   int                               // of CloudWatch, for their keys
	wakes       wakeHeap
	listing     *listing
	listed      bool // a whole list was read since the lease was taken
	receiving   bool // a ReceiveMessage is under way
	heard       bool // one was answered since the lease was taken
	deletes     int  // batches of messages, for their keys
	orderAt     time.Duration
	whole       wholeScope
	wholeV      int64
	wholeBroken bool // it could not be read, and is written by an order alone
	signs       signs
	unwatched   time.Time // since when, by the wall clock, nobody had the lease before; zero once that is told
	rows        int
}

// flight is a call on its way.
type flight struct {
	call    emr.Call
	cluster emr.ClusterID
	read    *reading     // a read of the cluster, nil for a change
	metrics *metricsRead // GetMetricData
	change  string       // id of the pending change
}

func (s *scope) now(n Now) time.Time { return s.clock.now(n) }

// step does what is due in the scope.
func (s *scope) step(ctx context.Context, now Now) {
	if !s.keepLease(ctx, now) {
		return
	}
	if s.tellUnwatched(ctx, now); !s.held {
		s.e.next(now)
		return
	}
	s.takeOrders(ctx, now)
	s.wake(ctx, now)
	if !s.held { // a save failed: the scope is loaded anew with the next step
		s.e.next(now)
		return
	}
	s.watchTroubles(ctx, now)
	if !s.held {
		s.e.next(now)
		return
	}
	s.send(now)
	at := s.now(now)
	if t, ok := s.queue.NextAt(at); ok {
		s.e.next(now.Add(max(0, t.Sub(at))))
	}
	if len(s.wakes) > 0 {
		s.e.next(now.Add(max(0, s.wakes[0].wake.Sub(at))))
	}
}

// send hands out the reads that the budget allows now.
func (s *scope) send(now Now) {
	at := s.now(now)
	for {
		w, ok := s.queue.Next(at)
		if !ok {
			return
		}
		s.sendRead(at, w)
	}
}

func (s *scope) sendRead(at time.Time, w budget.Want) {
	switch w.Call.Op {
	case emr.GetMetricData:
		s.sendMetrics(at, w)
		return
	case emr.ReceiveMessage:
		s.sendReceive()
		return
	case emr.DeleteMessageBatch:
		s.e.call(s, w.Call, flight{})
		return
	case emr.ListClusters:
		if s.listing == nil {
			s.listing = &listing{}
		}
		s.e.call(s, w.Call, flight{})
		return
	}
	c := s.clusters[w.Call.Cluster]
	if c == nil {
		return
	}
	r := c.reading(w.Call.Op, w.Call.Group)
	switch {
	case r == nil && w.Call.Marker != "":
		return // a later page of a read that was given up
	case r == nil:
		r = &reading{op: w.Call.Op, group: w.Call.Group, class: w.Class}
		c.readings = append(c.readings, r)
		c.drop(w.Call)
	}
	s.e.call(s, w.Call, flight{cluster: c.id, read: r})
}

// clockSet follows the clock after it was set; before is what it said of the present. After a step back every cluster is read again: what was
// planned by it would come as much later, and reads that it dated would count as fresh until then.
func (s *scope) clockSet(now Now, before time.Time) {
	s.budget.ClockSet(before, s.now(now))
	back := before.Sub(s.now(now))
	if back == 0 {
		return
	}
	for _, c := range s.clusters { //archtest:sorted each by itself, and the queue has an order of its own
		for _, r := range c.readings {
			r.clockSet(-back)
		}
		if back <= maxSkew {
			continue
		}
		c.since, c.back = false, c.back+back
		w := c.want(guard.Need{Op: emr.ListInstanceGroups, Due: s.now(now), Class: guard.ClassSweep})
		if old, ok := s.queue.Get(w.Key); ok && w.Due.Before(old.Due) {
			s.queue.Set(w)
		}
	}
}

// complete books a call that came back and says whether it was this scope's.
func (s *scope) complete(ctx context.Context, now Now, done Completion) bool {
	f, ok := s.flights[done.ID]
	if !ok {
		return false
	}
	delete(s.flights, done.ID)
	s.e.causes = []uint64{done.ID}
	defer func() { s.e.causes = nil }()
	before := s.now(now)
	if text := s.clock.date(done.Result.Date, done.Began, done.Ended); text != "" {
		s.note(ctx, now, "clock.follows", text)
	}
	s.clockSet(now, before)
	s.signs.dated = s.signs.dated || !done.Result.Date.IsZero()
	s.heardOf(now, f, done.Result.Err)
	if done.Result.Err != nil && done.Result.Err.Class == emr.Throttled {
		slowed := s.budget.State(f.call.Op, s.now(now)).Slowed
		s.budget.Throttled(f.call.Op, s.now(now))
		if !slowed {
			s.note(ctx, now, "api.throttled", fmt.Sprintf("AWS refused %s for its rate; emrguard slows down", f.call.Op))
		}
	}
	switch {
	case f.call.Op == emr.ListClusters:
		s.completeList(ctx, now, done)
	case f.call.Op == emr.ReceiveMessage:
		s.completeReceive(ctx, now, f, done)
	case f.call.Op == emr.DeleteMessageBatch:
		s.completeDelete(done)
	case f.metrics != nil:
		s.completeMetrics(ctx, now, f, done)
	case f.read != nil:
		if c := s.clusters[f.cluster]; c != nil {
			c.completeRead(ctx, now, f, done)
		}
	default:
		if c := s.clusters[f.cluster]; c != nil {
			answer := &guard.Answer{ID: f.change, Err: done.Result.Err, Added: done.Result.Added}
			c.decide(ctx, now, guard.Input{Answer: answer}, nil)
		}
	}
	return true
}

// rowID makes the id of the next history row of the scope as a whole. The lease's generation is in it, since two owners in turn may have
// the same wall clock and count.
func (s *scope) rowID(wall time.Time) string {
	s.rows++
	return fmt.Sprintf("%s-%d-%x-%d", s.id, s.lease.Generation, wall.UnixNano(), s.rows)
}

// note writes a row of history that concerns the scope.
func (s *scope) note(ctx context.Context, now Now, kind, text string) {
	rec := store.Record{Key: store.Key{Scope: s.id}, ID: s.rowID(now.Wall), At: s.now(now), Kind: kind, Reason: text}
	s.e.out.Records = append(s.e.out.Records, rec)
	s.e.counts[kind]++
	if !s.held {
		return
	}
	if err := s.e.o.Store.Save(ctx, store.Save{Lease: s.lease, Records: []store.Record{rec}}); err != nil {
		s.e.fault(s, "", fmt.Errorf("write history: %w", err))
	}
}

// failed books a save that did not happen. A lost lease ends the ownership. After an error that does not say that nothing was
// written, memory and store may differ: the scope is loaded anew. Everything else is tried again.
func (s *scope) failed(err error) {
	s.e.fault(s, "", fmt.Errorf("save: %w", err))
	for _, harmless := range []error{store.ErrFull, store.ErrReadOnly, store.ErrBusy, store.ErrNotFound, store.ErrExists} {
		if errors.Is(err, harmless) {
			return
		}
	}
	s.drop()
	s.renew = 0
}

func (s *scope) idle(now Now) bool {
	if !s.listed || s.busy() || s.Queue != "" && !s.heard {
		return false
	}
	at := s.now(now)
	for _, c := range s.clusters {
		if c.unread() || len(c.backlog) > 0 {
			return false
		}
	}
	t, ok := s.queue.NextAt(at)
	return !ok || t.After(at.Add(s.patience()))
}

// busy says whether calls are under way, other than the one that waits for events.
func (s *scope) busy() bool {
	if s.receiving {
		return len(s.flights) > 1
	}
	return len(s.flights) > 0
}

// patience is how soon a read must be due for a pass to wait for it.
func (s *scope) patience() time.Duration { return 5 * time.Second }
