package simtest

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// suspension is what the history says of the suspension of a cluster's scaling, and how long nothing has explained it.
type suspension struct {
	since   time.Time // zero: none
	calm    int       // right reads that showed nothing that resizes, a pace apart
	counted time.Time
}

// calmReads is how many reads may show nothing that resizes before scaling has to be resumed.
const calmReads = 4

// record takes the records that begin and end a suspension.
func (s *suspension) record(r store.Record, now time.Time) {
	switch r.Kind {
	case "scaling.suspended":
		*s = suspension{since: now}
	case "scaling.resumed", "cluster.ended":
		*s = suspension{}
	}
	if strings.HasPrefix(r.Kind, "recovery.") || strings.HasPrefix(r.Kind, "call.") {
		s.calm = 0
	}
}

// suspendedFor checks the end of a suspension after a read whose decision was saved.
//
// R2: what suspends scaling has an end. Four right reads a pace apart may show no group that resizes, misses or has too many instances, and nothing
// open, before scaling is resumed.
func (x *watched) suspendedFor(r reading) {
	s := &x.suspended
	if s.since.IsZero() {
		return
	}
	busy := slices.ContainsFunc(r.groups, func(g emr.Group) bool {
		b := x.groups[g.ID]
		return g.State != emr.GroupRunning || g.Running != g.Requested || b == nil || !b.right(g, r.began)
	})
	if busy {
		s.calm = 0
		return
	}
	if s.calm > 0 && r.began.Sub(s.counted) < x.rule().Settings.Pace {
		return
	}
	s.calm, s.counted = s.calm+1, r.began
	if s.calm < calmReads {
		return
	}
	if doc := x.doc(); doc.Suspended != nil && doc.Ended.IsZero() && len(doc.Recoveries) == 0 && doc.Pending == nil {
		x.violate("R2", "scaling is suspended since %s, and nothing resizes or is open: %s", s.since.Format(time.TimeOnly), strings.Join(doc.Suspended.Reasons, "; "))
	}
	s.calm = 0
}
