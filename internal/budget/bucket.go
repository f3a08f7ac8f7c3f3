package budget

import "time"

// deepest is the number of times a bucket's rate can be halved: never below an eighth of its share.
const deepest = 3

// forget is how long after the last refusal one halving is undone.
const forget = time.Minute

// longest is more time than any bucket needs to fill; counting more could overflow.
const longest = 365 * 24 * time.Hour

// bucket is one token bucket in whole numbers, so that it comes out the same on every machine and no token is lost or
// made by rounding. Credit is counted in 1/2^deepest nanoseconds of refill at the full rate: a halved bucket earns
// exactly half. Times are ticks of Budget.tick.
type bucket struct {
	cost     int64         // credit of one token
	full     int64         // most credit, not halved
	credit   int64         // at the time at
	at       time.Duration // tick
	halvings int           // 0 to deepest
	undo     time.Duration // tick at which one halving ends; while halvings > 0
	taken    bool          // a token was taken since the last halving
}

// most is the most credit the bucket can hold now: at least one token.
func (b *bucket) most() int64 { return max(b.cost, b.full>>b.halvings) }

// tokens is the number of whole tokens the bucket holds at most.
func (b *bucket) tokens() int { return int(b.most() / b.cost) }

// until moves the bucket to the tick t and returns what it earned on the way before any cap. A tick in the past does
// nothing.
func (b *bucket) until(t time.Duration) int64 {
	earned := int64(0)
	for b.at < t {
		end := t
		if b.halvings > 0 {
			end = min(t, b.undo)
		}
		gain := int64(min(end-b.at, longest)) << deepest >> b.halvings
		earned += gain
		b.credit = min(b.most(), b.credit+gain)
		b.at = end
		if b.halvings > 0 && b.at == b.undo {
			b.halvings--
			b.undo += forget
		}
	}
	return earned
}

// earns is what the bucket earns by the tick t, before any cap.
func (b bucket) earns(t time.Duration) int64 { return b.until(t) }

// when is the first tick at which the bucket holds that credit if nothing is taken, and false if it never does.
func (b bucket) when(credit int64) (time.Duration, bool) {
	for b.credit < credit {
		lack := credit - b.credit
		wait := time.Duration((lack<<b.halvings + 1<<deepest - 1) >> deepest)
		switch {
		case b.halvings == 0:
			if credit > b.full {
				return 0, false
			}
			return b.at + wait, true
		case credit <= b.most() && b.at+wait <= b.undo:
			return b.at + wait, true
		}
		b.until(b.undo)
	}
	return b.at, true
}

// take spends one token; the caller has checked that there is one.
func (b *bucket) take() {
	b.credit -= b.cost
	b.taken = true
}

// slow halves the rate until one forget from now and leaves at most keep credit. Refusals of requests that were already
// on their way when the first refusal came are one refusal: only after a new token was taken does another halve again.
func (b *bucket) slow(keep int64) {
	if b.halvings == 0 || b.taken {
		b.halvings = min(b.halvings+1, deepest)
		b.taken = false
	}
	b.undo = b.at + forget
	b.credit = min(b.credit, keep)
}

// resize gives the bucket the rate and room of another, keeping its tokens.
func (b *bucket) resize(to bucket) {
	tokens := float64(b.credit) / float64(b.cost)
	b.cost, b.full = to.cost, to.full
	b.credit = min(b.most(), int64(tokens*float64(b.cost)))
}

// covers says whether the bucket holds the given tokens and, after spending them now, still meets every promise.
func (b *bucket) covers(spend int, promises []promise) bool {
	return b.credit >= int64(spend)*b.cost && b.uncovered(spend, promises) < 0
}

// uncovered is the place of the first promise that the bucket does not meet after spending the given tokens now, negative
// if it meets all: the i-th promise, in order of their ticks, needs i tokens to have come by its tick. The cap is left out
// on purpose: promised tokens are taken as they come.
func (b *bucket) uncovered(spend int, promises []promise) int {
	left := b.credit - int64(spend)*b.cost
	for i, p := range promises {
		if left+b.earns(p.by) < int64(i+1)*b.cost {
			return i
		}
	}
	return -1
}
