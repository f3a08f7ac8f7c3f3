// Package budget holds the EMR API token buckets of one scope and decides which read goes out next.
//
// AWS limits each operation of an account and region by a token bucket that everybody there shares; a [Budget] is
// emrguard's part of them and a [Queue] orders the reads that wait for a token. Nothing here has a clock: the time is an
// argument. A clock that is set earns nothing by that ([Budget.ClockSet]); of a jump that nobody tells, one back makes no token and loses none, and one
// forward fills the buckets at most.
package budget

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// DefaultShare is the part of the account's rates that emrguard uses unless told otherwise.
const DefaultShare = 0.5

// lowestShare keeps a mistyped share from standing for "never".
const lowestShare = 0.01

// together is how close refusals of two different operations must be to be laid to the account-wide bucket.
const together = 10 * time.Second

// Options says how much of the account's API rate a budget may use.
type Options struct {
	Share float64         // of every rate, 0.01 to 1; 0 stands for DefaultShare, other values are moved into the range
	Rates map[emr.Op]Rate // where AWS raised the account's limits; the others are Published
}

// Budget is the token buckets of one scope: one for each operation of emr.Ops. Every attempt of a call takes one token.
//
// A new budget holds one token for each operation, so that a process that crashes and restarts all the time does not
// spend a whole burst each time. A Budget is not safe for concurrent use.
type Budget struct {
	buckets  []bucket    // in the order of emr.Ops
	reserved [][]promise // likewise, each by tick, then id
	last     time.Time   // the newest now
	tick     time.Duration
	refused  emr.Op        // the operation refused last
	since    time.Duration // tick of it
}

// New returns a budget that begins at now.
func New(o Options, now time.Time) *Budget {
	share := o.Share
	if share == 0 {
		share = DefaultShare
	}
	share = within(share, lowestShare, 1)
	b := &Budget{last: now, buckets: make([]bucket, len(emr.Ops)), reserved: make([][]promise, len(emr.Ops))}
	for i, op := range emr.Ops {
		rate, ok := o.Rates[op]
		if !ok {
			rate = Published(op)
		}
		b.buckets[i] = newBucket(rate, share, 0)
	}
	return b
}

// Change puts other options in force: tokens, promises and halvings stay, as far as the new bucket holds the tokens.
func (b *Budget) Change(o Options, now time.Time) {
	next := New(o, now)
	for i, op := range emr.Ops {
		b.buckets[b.at(op, now)].resize(next.buckets[i])
	}
}

// ClockSet moves the budget from one reading of the clock to another of the same moment: the clock was set between the two, and no time passed.
// Tokens and promises stay.
func (b *Budget) ClockSet(from, to time.Time) {
	b.advance(from)
	b.last = to
}

// Take takes a token for one call of the operation and says whether there was one that is not promised to somebody else.
func (b *Budget) Take(op emr.Op, now time.Time) bool {
	i := b.at(op, now)
	if !b.free(i) {
		return false
	}
	b.buckets[i].take()
	return true
}

// Ready says whether Take would succeed.
func (b *Budget) Ready(op emr.Op, now time.Time) bool { return b.free(b.at(op, now)) }

// ReadyAt returns the first time, not before now, at which Take will succeed if nothing else happens. It is the zero
// time when only the end of a reservation can make that so.
func (b *Budget) ReadyAt(op emr.Op, now time.Time) time.Time {
	t, ok := b.readyTick(b.at(op, now))
	if !ok {
		return time.Time{}
	}
	return b.wall(t)
}

// Throttled books a ThrottlingException that a call of the operation got. Its bucket is emptied and earns half for a
// minute; a refusal of a call sent after that halves again, down to an eighth, and each further one starts the minute anew. A minute
// without one undoes one halving.
//
// EMR does not say which bucket was empty, the operation's or the account's. Refusals of two different operations of EMR within
// ten seconds are laid to the account's: then every one of them is halved, keeping at most one token. The operations of CloudWatch and SQS
// have no part in that.
func (b *Budget) Throttled(op emr.Op, now time.Time) {
	hit := b.at(op, now)
	b.buckets[hit].slow(0)
	if !op.EMR() {
		return
	}
	if b.refused != "" && b.refused != op && b.tick-b.since < together {
		for i := range b.buckets {
			if i != hit && emr.Ops[i].EMR() {
				b.buckets[i].until(b.tick)
				b.buckets[i].slow(b.buckets[i].cost)
			}
		}
	}
	b.refused, b.since = op, b.tick
}

// State is one bucket as metrics and status show it.
type State struct {
	Tokens    float64 // in the bucket now, promised ones included
	PerSecond float64 // refill now, halvings included
	Reserved  int     // tokens promised
	Slowed    bool    // AWS throttled the operation, or the account, within the last minutes
}

// State returns the state of the operation's bucket.
func (b *Budget) State(op emr.Op, now time.Time) State {
	i := b.at(op, now)
	k := &b.buckets[i]
	full := float64(time.Second) * (1 << deepest) / float64(k.cost)
	return State{
		Tokens: float64(k.credit) / float64(k.cost), PerSecond: full / float64(int(1)<<k.halvings),
		Reserved: len(b.reserved[i]), Slowed: k.halvings > 0,
	}
}

// at moves the budget's own time and the operation's bucket to now, and returns the bucket's place. An operation that is
// not one of emr.Ops is a mistake in the program.
func (b *Budget) at(op emr.Op, now time.Time) int {
	b.advance(now)
	i := slot(op)
	if i < 0 {
		panic("budget: no bucket for operation " + string(op))
	}
	b.buckets[i].until(b.tick)
	return i
}

// slot is the operation's place in emr.Ops, negative for one that emrguard does not use.
func slot(op emr.Op) int { return slices.Index(emr.Ops, op) }

// advance counts the time that passed. A step back passes no time; the ticks already given out stay what they are.
func (b *Budget) advance(now time.Time) {
	if d := now.Sub(b.last); d > 0 {
		b.tick += d
	}
	b.last = now
}

// wall is the time at which the tick will be if the clock does not jump.
func (b *Budget) wall(tick time.Duration) time.Time { return b.last.Add(max(0, tick-b.tick)) }
