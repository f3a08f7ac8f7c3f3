package view

import (
	"slices"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// secondAsk follows what a return asks a group for a second time (rule R9): until it runs there it runs on the fallbacks, so nothing is missing.
// The zero value is a group that no return asks.
type secondAsk struct {
	before *int // what the group was asked for before the return
	raised bool // and a read showed that it is asked for more
}

// returnBegins reads the record of a recovery's begin. Ok is false for those that are no return, and for damaged ones.
func returnBegins(r store.Record) (b Began, ok bool) {
	b, ok = BeganOf(r)
	return b, ok && b.Kind == recovery.Return
}

// begins notes that a return begins.
func (a *secondAsk) begins(b Began) { *a = secondAsk{before: &b.Requested} }

// ends notes the end of a recovery of the group, by the record of its outcome. A return that got stuck goes on until it is stopped.
func (a *secondAsk) ends(kind string) {
	if slices.Contains(Outcomes(), kind) && kind != "recovery."+string(recovery.Chained) {
		*a = secondAsk{}
	}
}

// once are the counts of a read without what is asked for a second time.
func (a *secondAsk) once(now counts) counts {
	if a.before == nil {
		return now
	}
	if most := max(*a.before, now.running); now.requested > most {
		a.raised, now.requested = true, most
	} else if a.raised { // it has come, or is given up
		*a = secondAsk{}
	}
	return now
}

// lacks is what a group misses now: no more than its pool, whose other members may run what it is asked for a second time. What the pool misses is the
// newest members' first.
func (c Cluster) lacks(id emr.GroupID) int {
	g, p := c.Group(id), c.PoolOf(id)
	if g == nil || p == nil {
		return 0
	}
	_, left := c.running(*p)
	for i := len(p.Members) - 1; i >= 0; i-- {
		if other := c.Group(p.Members[i].Group); other != nil {
			n := min(other.Missing(), left)
			if other.ID == id {
				return n
			}
			left -= n
		}
	}
	return 0
}
