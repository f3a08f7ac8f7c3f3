package simtest

import (
	"reflect"
	"strings"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// lives checks two documents in a row against the life cycle of clusters and recoveries (R13): what is open on a cluster is closed with its end, and
// an open recovery ends under the settings it began with. Neither
// does a pool rest for longer than `ban` or rest_max (R8).
func (x *watched) lives(before *guard.State) {
	s := x.doc()
	if !s.Ended.IsZero() && (len(s.Recoveries) > 0 || s.Suspended != nil) {
		x.violate("R13", "the cluster ended at %s, and %d recoveries are open; scaling is suspended: %t", s.Ended.Format(time.TimeOnly), len(s.Recoveries), s.Suspended != nil)
	}
	for i := range s.Pools {
		if p := &s.Pools[i]; p.Rest != nil && p.Rest.Until.Sub(p.Rest.From) > x.longestRest() {
			x.violate("R8", "pool %s rests from %s to %s", p.Origin, p.Rest.From.Format(time.DateTime), p.Rest.Until.Format(time.DateTime))
		}
	}
	for i := range s.Recoveries {
		r := &s.Recoveries[i]
		if old := before.Recovery(r.ID); old != nil && !reflect.DeepEqual(old.Settings, r.Settings) {
			x.violate("R13", "recovery %s began under %+v and goes on under %+v", r.ID, old.Settings, r.Settings)
		}
	}
}

// longestRest is the longest time for which a pool may rest by any settings there were.
func (x *watched) longestRest() time.Duration {
	most := time.Duration(0)
	for _, c := range x.settings {
		most = max(most, c.Settings.Ban, c.Settings.RestMax)
	}
	return most
}

// ordered takes the record of an order by hand: each is carried out or refused once, whoever does it (R13).
func (x *watched) ordered(r store.Record) {
	if x.o.orders++; x.o.orders > x.o.w.submitted {
		x.violate("R13", "%s: more orders are answered than the %d that were given: %s", r.Kind, x.o.w.submitted, r.Reason)
	}
	if r.Kind == "order.adopt" {
		for name := range x.others { //archtest:sorted all of them
			x.adopted[name] = true
		}
	}
}

// trusted checks that a recovery which stops a resize was not begun by a process whose clock never agreed with AWS's since its start (R11). What it
// did before its first answer is left out: nothing tells it the time until then.
func (x *watched) trusted(c *sentCall, r *recovery.Recovery) {
	if first, known := x.o.first[c.process]; known && !x.o.agreed[c.process] && x.opened[r.ID].After(first.Add(time.Second)) {
		x.violate("R11", "%s: %s began the recovery at %s, and its clock was never right", c.call, c.process, x.opened[r.ID].Format(time.TimeOnly))
	}
}

// byHand says whether a record tells of an order.
func byHand(r store.Record) bool { return strings.HasPrefix(r.Kind, "order.") }
