package budget

import (
	"cmp"
	"slices"
	"time"

	"emrguard/internal/emr"
)

// promise is a token promised to somebody by a tick.
type promise struct {
	id string
	by time.Duration
}

// Reserve promises id a token for one call of the operation and says whether that could be promised: rule R4 sends a stop
// only when the placement's call will have its token in time.
//
// It succeeds when the tokens in the bucket and those earned by now+within cover this promise and all others by their
// own times. From then on Take leaves those tokens alone, so that whoever holds a promise waits at most `within` for
// [Budget.TakeReserved] from the moment it first asks, however late that is, unless AWS throttles. A promise holds until it is taken or
// released. An id has at most one promise for an operation: a second Reserve keeps the first and succeeds.
func (b *Budget) Reserve(op emr.Op, id string, now time.Time, within time.Duration) bool {
	i := b.at(op, now)
	if _, ok := b.find(i, id); ok {
		return true
	}
	p := promise{id: id, by: b.tick + max(0, within)}
	place, _ := slices.BinarySearchFunc(b.reserved[i], p, func(a, x promise) int {
		return cmp.Or(cmp.Compare(a.by, x.by), cmp.Compare(a.id, x.id))
	})
	next := slices.Insert(slices.Clone(b.reserved[i]), place, p)
	if !b.buckets[i].covers(0, next) {
		return false
	}
	b.reserved[i] = next
	return true
}

// Reserved says whether id holds a promise for the operation.
func (b *Budget) Reserved(op emr.Op, id string) bool {
	_, ok := b.find(slot(op), id)
	return ok
}

// TakeReserved takes the token that was promised to id and ends the promise. It is false when id holds none, or when the
// token has not come yet.
func (b *Budget) TakeReserved(op emr.Op, id string, now time.Time) bool {
	i := b.at(op, now)
	place, ok := b.find(i, id)
	if !ok || b.buckets[i].credit < b.buckets[i].cost {
		return false
	}
	b.buckets[i].take()
	b.reserved[i] = slices.Delete(b.reserved[i], place, place+1)
	return true
}

// ReservedAt returns the first time, not before now, at which the bucket holds a token for a promise.
func (b *Budget) ReservedAt(op emr.Op, now time.Time) time.Time {
	k := &b.buckets[b.at(op, now)]
	t, _ := k.when(k.cost)
	return b.wall(t)
}

// Release ends every promise to id.
func (b *Budget) Release(id string) {
	for i := range b.reserved {
		if place, ok := b.find(i, id); ok {
			b.reserved[i] = slices.Delete(b.reserved[i], place, place+1)
		}
	}
}

// find is the place of id's promise for the i-th operation.
func (b *Budget) find(i int, id string) (int, bool) {
	if i < 0 {
		return 0, false
	}
	place := slices.IndexFunc(b.reserved[i], func(p promise) bool { return p.id == id })
	return place, place >= 0
}

// free says whether the bucket has a token that no promise needs.
func (b *Budget) free(i int) bool { return b.buckets[i].covers(1, b.reserved[i]) }

// readyTick is the first tick at which the bucket has a token that no promise needs, if nothing is taken or released.
// A promise that is not covered now can only be covered by tokens that lie in the bucket beside its own; waiting for them
// may let the bucket run over and so uncover a later promise, hence the second look.
func (b *Budget) readyTick(i int) (time.Duration, bool) {
	k := b.buckets[i]
	t, ok := k.when(k.cost)
	for ok {
		k.until(t)
		n := k.uncovered(1, b.reserved[i])
		if n < 0 {
			return t, true
		}
		t, ok = k.when(int64(n+2) * k.cost)
	}
	return 0, false
}
