package budget

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// Class is the reason of a read, and with it its place in the order: the smaller goes first.
type Class int

// The classes, in the order of reads.
const (
	Recovery Class = iota // the next step of an open recovery
	Deadline              // a shortfall becomes old enough to be stuck: exactly when due
	Scaling               // the read before a write that changes the capacity
	Deferred              // a cluster with something deferred: has its resize ended?
	Hint                  // an event or an odd read said that something changed
	Sweep                 // every cluster once in a while, the oldest first; gets a quarter whatever else waits
	classes
)

// String is the class as logs and metrics show it.
func (c Class) String() string {
	switch c {
	case Recovery:
		return "recovery"
	case Deadline:
		return "deadline"
	case Scaling:
		return "scaling"
	case Deferred:
		return "deferred"
	case Hint:
		return "hint"
	case Sweep:
		return "sweep"
	}
	return "unknown"
}

// punctual says whether tokens are held back so that the class can be read exactly when due.
func (c Class) punctual() bool { return c <= Deadline }

// Want is a read that somebody wants.
type Want struct {
	Key   string // names the want; the last tie-break
	Call  emr.Call
	Class Class
	Due   time.Time // not to be sent before
}

// The sweep's quarter, counted in tokens of one operation that others took while a sweep waited.
const (
	sweepOwed   = 3 // with so many the next token is the sweep's, unless a punctual read needs it
	sweepForced = 6 // with so many it is the sweep's whatever waits
)

// mostHeld is the number of tokens of one operation held back for punctual reads at most.
const mostHeld = 16

// Queue orders the reads of one scope that wait for a token of its Budget.
//
// For each operation, what is due goes by class, then by due time, then by key, with two exceptions:
//
//   - Tokens are held back for the Recovery and Deadline reads to come: a lower class gets a token only if the bucket will
//     still hold one for each of those (as many as it can hold) when they fall due. So a Deadline read that was known one
//     refill earlier goes out when it is due, whatever waits behind it, unless more punctual reads fall due at once than
//     the bucket holds: then those follow at the refill rate.
//   - While sweeps wait, every fourth token is theirs. They give way to punctual reads twice, not for ever: of n tokens
//     taken while a sweep was due, at least (n-6)/4 went to sweeps.
//
// Every call takes O(log n) for n wants. A Queue is not safe for concurrent use.
type Queue struct {
	budget *Budget
	items  map[string]*item // for look-ups only
	lines  [][classes]line  // in the order of emr.Ops
	owed   []int            // likewise: to the sweep
}

// NewQueue returns an empty queue on the budget.
func NewQueue(b *Budget) *Queue {
	return &Queue{budget: b, items: make(map[string]*item), lines: make([][classes]line, len(emr.Ops)), owed: make([]int, len(emr.Ops))}
}

// Set adds the want, in place of an earlier one with its key.
func (q *Queue) Set(w Want) {
	q.Remove(w.Key)
	it := &item{Want: w}
	q.items[w.Key] = it
	q.line(w).add(it)
}

// Get returns the want with the key.
func (q *Queue) Get(key string) (Want, bool) {
	it, ok := q.items[key]
	if !ok {
		return Want{}, false
	}
	return it.Want, true
}

// Remove drops the want with the key and says whether there was one.
func (q *Queue) Remove(key string) bool {
	it, ok := q.items[key]
	if !ok {
		return false
	}
	q.line(it.Want).remove(it)
	delete(q.items, key)
	return true
}

// Len is the number of wants.
func (q *Queue) Len() int { return len(q.items) }

// Next takes the next want that may be sent now out of the queue, and its token out of the budget. It is false when none
// may: NextAt then says when to ask again.
func (q *Queue) Next(now time.Time) (Want, bool) {
	q.budget.advance(now)
	var best *item
	place := 0
	for i := range q.lines {
		if it := q.pick(i, q.budget.tick); it != nil && (best == nil || goesFirst(it.Want, best.Want)) {
			best, place = it, i
		}
	}
	if best == nil {
		return Want{}, false
	}
	q.Remove(best.Key)
	k := &q.budget.buckets[place]
	k.until(q.budget.tick)
	k.take()
	q.book(place, best.Class, now)
	return best.Want, true
}

// NextAt returns the first time, not before now, at which Next will return a want if nothing else happens, and false if it
// never will: the queue is empty, or every token is promised.
func (q *Queue) NextAt(now time.Time) (time.Time, bool) {
	q.budget.advance(now)
	var first time.Duration
	found := false
	for i := range q.lines {
		if !slices.ContainsFunc(order, func(c Class) bool { return len(q.lines[i][c]) > 0 }) {
			continue
		}
		ready, ok := q.ready(i)
		if !ok {
			continue
		}
		for class := range q.lines[i] {
			l := q.lines[i][class]
			if len(l) == 0 {
				continue
			}
			t := max(ready, q.tickOf(l[0].Due))
			if (!found || t < first) && q.pick(i, t) != nil {
				first, found = t, true
			}
		}
	}
	return q.budget.wall(first), found
}

// pick is what the i-th operation would send at the tick t, nil for nothing.
func (q *Queue) pick(i int, t time.Duration) *item {
	lines := &q.lines[i]
	now := q.budget.last.Add(t - q.budget.tick)
	due := func(c Class) bool { return len(lines[c]) > 0 && !lines[c][0].Due.After(now) }
	if !slices.ContainsFunc(order, due) {
		return nil
	}
	k := q.budget.buckets[i]
	k.until(t)
	if !k.covers(1, q.budget.reserved[i]) {
		return nil
	}
	sweep := due(Sweep)
	if sweep && q.owed[i] >= sweepForced {
		return lines[Sweep][0]
	}
	for _, c := range order {
		switch {
		case !due(c):
		case c.punctual():
			return lines[c][0]
		case q.held(i, k, now):
			return nil
		case sweep && q.owed[i] >= sweepOwed:
			return lines[Sweep][0]
		default:
			return lines[c][0]
		}
	}
	return nil
}

// held says whether the bucket, as it is at now, needs all its tokens for the punctual reads to come.
func (q *Queue) held(i int, k bucket, now time.Time) bool {
	n := min(k.tokens(), mostHeld)
	full, ok := k.when(k.most())
	if !ok {
		return false
	}
	// What falls due after the bucket has filled again, this token spent, needs nothing held back.
	horizon := now.Add(full - k.at + time.Duration(k.cost>>deepest<<k.halvings))
	var room [2 * mostHeld]time.Time
	dues := q.lines[i][Recovery].first(n, horizon, room[:0])
	dues = q.lines[i][Deadline].first(n, horizon, dues)
	if len(dues) == 0 {
		return false
	}
	slices.SortFunc(dues, time.Time.Compare)
	var needs [mostHeld]promise
	for j, due := range dues[:min(n, len(dues))] {
		needs[j].by = k.at + due.Sub(now)
	}
	return !k.covers(1, needs[:min(n, len(dues))])
}

// book counts a token that the class took for what the sweep is owed.
func (q *Queue) book(i int, c Class, now time.Time) {
	sweeps := q.lines[i][Sweep]
	switch {
	case c == Sweep:
		q.owed[i] = max(0, q.owed[i]-sweepOwed)
	case len(sweeps) > 0 && !sweeps[0].Due.After(now):
		q.owed[i] = min(sweepForced, q.owed[i]+1)
	}
}

// ready is the first tick from now on at which the i-th operation has a token that no reservation needs.
func (q *Queue) ready(i int) (time.Duration, bool) {
	q.budget.buckets[i].until(q.budget.tick)
	return q.budget.readyTick(i)
}

// tickOf is the tick of a time, now for the past; more than a year ahead counts as a year.
func (q *Queue) tickOf(t time.Time) time.Duration {
	return q.budget.tick + min(max(0, t.Sub(q.budget.last)), longest)
}

// line is where the want belongs.
func (q *Queue) line(w Want) *line {
	i := slot(w.Call.Op)
	if i < 0 || w.Class < 0 || w.Class >= classes {
		panic("budget: no place for a " + w.Class.String() + " read by " + string(w.Call.Op))
	}
	return &q.lines[i][w.Class]
}

// order is every class, first to last.
var order = []Class{Recovery, Deadline, Scaling, Deferred, Hint, Sweep}

// goesFirst is the order between wants of different operations, which do not compete for tokens.
func goesFirst(a, b Want) bool {
	if a.Class != b.Class {
		return a.Class < b.Class
	}
	return before(a, b)
}
