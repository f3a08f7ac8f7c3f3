package engine

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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

	lease  store.Lease
	held   bool
	trust  Now           // until here calls may be sent
	renew  time.Duration // Mono of the next attempt to take or renew the lease
	clock  clock
	budget *budget.Budget
	queue  *budget.Queue

	clusters map[emr.ClusterID]*cluster
	broken   map[string]error            // documents that cannot be read; their clusters are left alone
	ignored  map[emr.ClusterID]time.Time // clusters no rule matches, and when their tags are read again
	flights  map[uint64]flight
	wakes    wakeHeap
	listing  *listing
	listed   bool // a whole list was read since the lease was taken
	orderAt  time.Duration
	paused   *pausedScope
	pausedV  int64
	rows     int
}

// flight is a call on its way.
type flight struct {
	call    emr.Call
	cluster emr.ClusterID
	read    *reading // a read, nil for a change
	change  string   // id of the pending change
}

// pausedScope is the stored order that holds all clusters of a scope.
type pausedScope struct {
	Paused *guard.Pause `json:"paused,omitempty"`
}

// scopeDoc is the name of the document that holds what concerns a whole scope; no cluster is called so.
const scopeDoc = "*"

func (s *scope) now(n Now) time.Time { return s.clock.now(n) }

// step does what is due in the scope.
func (s *scope) step(ctx context.Context, now Now) {
	if !s.keepLease(ctx, now) {
		return
	}
	s.takeOrders(ctx, now)
	s.wake(ctx, now)
	if !s.held { // a save failed: the scope is loaded anew with the next step
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

// keepLease takes, renews or loses the scope's lease and says whether it is held and trusted.
func (s *scope) keepLease(ctx context.Context, now Now) bool {
	if s.held && (now.Mono >= s.trust.Mono || !now.Wall.Before(s.trust.Wall)) {
		s.e.fault(s, "", errors.New("the lease could not be renewed in time; nothing is sent until it is held again"))
		s.drop()
	}
	if now.Mono < s.renew {
		s.e.next(Now{Mono: s.renew})
		return s.held
	}
	ttl := s.e.o.LeaseTTL
	lease, err := s.e.o.Store.Acquire(ctx, s.id, s.e.o.Owner, s.e.o.Note, now.Wall, ttl)
	s.renew = now.Mono + ttl/3
	s.e.next(Now{Mono: s.renew})
	switch {
	case errors.Is(err, store.ErrFenced):
		s.drop()
		return false
	case err != nil:
		s.e.fault(s, "", fmt.Errorf("take the lease of scope %s: %w", s.id, err))
		return s.held
	}
	// The trust ends a sixth of the term early, so that clocks may differ a little and a call still leave.
	s.trust = now.Add(ttl - ttl/6)
	if s.held && lease.Generation == s.lease.Generation {
		s.lease = lease
		return true
	}
	s.drop()
	s.lease = lease
	return s.load(ctx, now)
}

// drop forgets everything of a scope that is not owned any more. What was on its way is in the store.
func (s *scope) drop() {
	s.held, s.clusters, s.flights, s.wakes, s.listing, s.listed, s.queue, s.broken, s.ignored, s.paused = false, nil, nil, nil, nil, false, nil, nil, nil, nil
}

// load takes the scope's state out of the store: at a start and after a change of owner.
func (s *scope) load(ctx context.Context, now Now) bool {
	docs, err := s.e.o.Store.LoadScope(ctx, s.id)
	if err != nil {
		s.e.fault(s, "", fmt.Errorf("load scope %s: %w", s.id, err))
		if !errors.Is(err, store.ErrCorrupt) {
			return false
		}
	}
	at := s.now(now)
	if s.budget == nil {
		s.budget = budget.New(budget.Options{Share: s.Share, Rates: s.Rates}, at)
	}
	s.held = true
	s.queue = budget.NewQueue(s.budget)
	s.clusters, s.flights = map[emr.ClusterID]*cluster{}, map[uint64]flight{}
	s.broken, s.ignored = map[string]error{}, map[emr.ClusterID]time.Time{}
	s.orderAt = now.Mono
	s.relist()
	for _, doc := range docs {
		if s.held {
			s.loadDoc(ctx, now, doc)
		}
	}
	return s.held
}

func (s *scope) loadDoc(ctx context.Context, now Now, doc store.Document) {
	if doc.Cluster == scopeDoc {
		var p pausedScope
		if err := json.Unmarshal(doc.Body, &p); err != nil {
			s.e.fault(s, doc.Cluster, fmt.Errorf("read the state of scope %s: %w; the scope counts as paused", s.id, err))
			p.Paused = &guard.Pause{Since: s.now(now), Author: "emrguard", Reason: "the stored state of the scope cannot be read"}
		}
		s.paused, s.pausedV = &p, doc.Version
		return
	}
	state, err := decode(doc)
	if err != nil {
		s.broken[doc.Cluster] = err
		s.e.fault(s, doc.Cluster, fmt.Errorf("the stored state of %s is left as it is and the cluster alone: %w", doc.Key, err))
		return
	}
	c := &cluster{s: s, id: state.Cluster.ID, state: state, version: doc.Version, heapAt: -1}
	s.clusters[c.id] = c
	if state.Ended.IsZero() {
		c.decide(ctx, now, guard.Input{Lost: state.Pending != nil}, nil)
	}
}

// decode reads a stored document; one of a newer schema is an error.
func decode(doc store.Document) (guard.State, error) {
	var state guard.State
	if err := json.Unmarshal(doc.Body, &state); err != nil {
		return state, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	if state.Schema > guard.Schema {
		return state, fmt.Errorf("%w: schema %d, this emrguard reads up to %d", store.ErrNewer, state.Schema, guard.Schema)
	}
	if string(state.Cluster.ID) != doc.Cluster {
		return state, fmt.Errorf("%w: it is the state of cluster %q", store.ErrCorrupt, state.Cluster.ID)
	}
	return state, state.Validate()
}

// send hands out the reads that the budget allows now.
func (s *scope) send(now Now) {
	at := s.now(now)
	for {
		w, ok := s.queue.Next(at)
		if !ok {
			return
		}
		s.sendRead(w)
	}
}

func (s *scope) sendRead(w budget.Want) {
	if w.Call.Op == emr.ListClusters {
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

// complete books a call that came back and says whether it was this scope's.
func (s *scope) complete(ctx context.Context, now Now, done Completion) bool {
	f, ok := s.flights[done.ID]
	if !ok {
		return false
	}
	delete(s.flights, done.ID)
	if text := s.clock.date(done.Result.Date, done.Began, done.Ended); text != "" {
		s.note(ctx, now, "clock.skew", text)
	}
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

// wake decides for the clusters whose time has come.
func (s *scope) wake(ctx context.Context, now Now) {
	at := s.now(now)
	for len(s.wakes) > 0 && !s.wakes[0].wake.After(at) {
		c := s.wakes[0]
		c.sleep(time.Time{})
		c.decide(ctx, now, guard.Input{}, nil)
	}
}

// takeOrders carries out what people asked for.
func (s *scope) takeOrders(ctx context.Context, now Now) {
	if now.Mono < s.orderAt {
		s.e.next(Now{Mono: s.orderAt})
		return
	}
	every := s.e.o.LeaseTTL / 30
	s.orderAt = now.Mono + every
	s.e.next(Now{Mono: s.orderAt})
	orders, err := s.e.o.Store.Orders(ctx, s.id)
	if err != nil {
		s.e.fault(s, "", fmt.Errorf("read orders: %w", err))
		return
	}
	for _, o := range orders {
		s.order(ctx, now, o)
		if !s.held {
			return
		}
	}
}

func (s *scope) order(ctx context.Context, now Now, o store.Order) {
	var order guard.Order
	err := json.Unmarshal(o.Body, &order)
	c := s.clusters[emr.ClusterID(o.Cluster)]
	switch {
	case err != nil:
		s.answer(ctx, now, o, true, "the order cannot be read: "+err.Error())
	case o.Cluster == "" && (order.Kind == guard.OrderPause || order.Kind == guard.OrderResume):
		s.pauseAll(ctx, now, o, order)
	case c == nil:
		s.answer(ctx, now, o, true, fmt.Sprintf("cluster %q is not watched in scope %s", o.Cluster, s.id))
	default:
		c.decide(ctx, now, guard.Input{Order: &order}, &o)
	}
}

// pauseAll holds or frees every cluster of the scope, those included that are yet to come.
func (s *scope) pauseAll(ctx context.Context, now Now, o store.Order, order guard.Order) {
	next := pausedScope{}
	if order.Kind == guard.OrderPause {
		next.Paused = &guard.Pause{Since: s.now(now), Author: order.Author, Reason: order.Reason}
	}
	body, err := json.Marshal(next)
	if err != nil {
		s.e.fault(s, "", err)
		return
	}
	text := fmt.Sprintf("%s: all clusters of scope %s", order.Kind, s.id)
	rec := store.Record{Key: store.Key{Scope: s.id}, ID: s.rowID(now.Wall), At: s.now(now), Kind: "order." + string(order.Kind), Reason: text, Author: order.Author}
	save := store.Save{Lease: s.lease, Docs: []store.Document{{Key: store.Key{Scope: s.id, Cluster: scopeDoc}, Version: s.pausedV, Body: body, Saved: s.now(now)}},
		Records: []store.Record{rec}, Orders: []store.Answer{{ID: o.ID, At: s.now(now), Text: text}}}
	if err := s.e.o.Store.Save(ctx, save); err != nil {
		s.failed(err)
		return
	}
	s.paused, s.pausedV = &next, s.pausedV+1
	s.e.out.Records = append(s.e.out.Records, rec)
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if c := s.clusters[id]; c != nil {
			c.decide(ctx, now, guard.Input{}, nil)
		}
	}
}

func (s *scope) answer(ctx context.Context, now Now, o store.Order, refused bool, text string) {
	err := s.e.o.Store.Save(ctx, store.Save{Lease: s.lease, Orders: []store.Answer{{ID: o.ID, At: s.now(now), Refused: refused, Text: text}}})
	if err != nil {
		s.failed(err)
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
	if !s.listed || len(s.flights) > 0 {
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

// patience is how soon a read must be due for a pass to wait for it.
func (s *scope) patience() time.Duration { return 5 * time.Second }

// wakeHeap orders clusters by their next wake, then id.
type wakeHeap []*cluster

func (h wakeHeap) Len() int { return len(h) }
func (h wakeHeap) Less(i, j int) bool {
	return cmp.Or(h[i].wake.Compare(h[j].wake), strings.Compare(string(h[i].id), string(h[j].id))) < 0
}
func (h wakeHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

// Push implements heap.Interface.
func (h *wakeHeap) Push(x any) {
	c := x.(*cluster)
	c.heapAt = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *wakeHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	c.heapAt = -1
	return c
}

// sleep sets when the cluster is to be decided for again; the zero time: not by time.
func (c *cluster) sleep(until time.Time) {
	c.wake = until
	switch {
	case until.IsZero() && c.heapAt >= 0:
		heap.Remove(&c.s.wakes, c.heapAt)
	case until.IsZero():
	case c.heapAt >= 0:
		heap.Fix(&c.s.wakes, c.heapAt)
	default:
		heap.Push(&c.s.wakes, c)
	}
}
