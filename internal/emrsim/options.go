package emrsim

import (
	"cmp"
	"time"
)

// Options are the parameters of a simulated account. The zero value is a usable one.
type Options struct {
	Seed        uint64    // of everything random
	Start       time.Time // where the virtual clock begins; default 2026-01-05 08:00 UTC
	Account     string    // AWS account id in ARNs; default 111122223333
	Instant     bool      // every duration of Timing is 0: what has capacity is there at once
	Unthrottled bool      // calls need no token
	OldAccount  bool      // the whole-account bucket of older accounts: 25 and 5 a second instead of 200 and 50
	GroupPage   int       // groups on a page of ListInstanceGroups, which AWS does not document; default 50
	Timing      Timing
	Metrics     MetricTiming
	Events      EventTiming
	Unknowns    Unknowns
}

// MetricTiming says how a cluster's metrics come to CloudWatch. AWS gives no figures; the default delay is the simulator's own, and by
// default nothing is late or missing.
type MetricTiming struct {
	Delay    Dist    // from EMR's pull until CloudWatch shows its values; zero: 10s..45s..2m
	LateRate float64 // share of the pulls that come later by Late
	Late     Dist
	GapRate  float64 // share of the pulls at which the metrics begin to be missing, for a time of Gap
	Gap      Dist
}

// Timing says how long things take. Zero fields get the defaults in parentheses, which fit the documented figures: cluster
// creation takes 5 to 15 minutes, a new task group 2 to 11, a graceful shrink up to an hour.
type Timing struct {
	React        Dist // from an accepted change until EMR acts on it (2s..5s..15s)
	Fulfil       Dist // from asking EC2 for an instance that has capacity until it has an EC2 id (5s..15s..40s)
	Retry        Dist // between two attempts at EC2 for what found no capacity (30s..1m..2m)
	Provision    Dist // from the EC2 id to the start of the bootstrap actions (45s..90s..3m)
	Bootstrap    Dist // bootstrap actions and joining YARN (40s..90s..4m)
	Decommission Dist // a node's running work at a graceful shrink; EMR cuts it at 1 h (30s..4m..1h)
	Reconfigure  Dist // one rolling batch of a reconfiguration (1m..2m..5m)
	Terminate    Dist // from TerminateJobFlows until the cluster is TERMINATED (1m..3m..8m)
	Step         Dist // one step (1m..5m..20m)
	SpotLife     Dist // life of a running Spot node until EC2 takes it back; zero: never by itself
	SuspendAfter int  // bootstrap failures in a row until EMR gives a resize up: SUSPENDED (4)
}

// Unknowns are the questions about EMR that nobody outside AWS can answer. Each is a switch, and what is built on the simulator
// is to be tried with every setting.
type Unknowns struct {
	Surplus        Surplus     // what happens to nodes that arrive when no more are asked for, as after a stopped resize
	LossResizes    bool        // while a lost Spot node is replaced the group reads RESIZING; false: it reads RUNNING
	ReadLag        Dist        // how old the state may be that ListInstanceGroups and ListInstances show, drawn for each page; zero: never old
	Unfulfilled    Unfulfilled // how ListInstances shows instances that EC2 has not given yet
	RefuseEmptyAdd bool        // AddInstanceGroups refuses a count of 0; false: accepted, as Terraform relies on
	HideReasons    bool        // a group at work on its count, and its instances, say nothing of why EC2 refuses them; false: what EMR's events and EC2's errors say
	Rebind         bool        // each new resize looks for its EC2 capacity afresh; false: a group stays where its first request went
}

// Surplus says what EMR does with running nodes beyond the requested count that a stop left behind.
type Surplus string

// The answers to what happens to surplus nodes.
const (
	SurplusKeep      Surplus = "keep"       // they stay: running > requested until somebody resizes
	SurplusEndNewest Surplus = "end-newest" // as many are ended at once, the newest first
	SurplusEndOldest Surplus = "end-oldest" // the oldest first, whatever runs on them
	SurplusEndAny    Surplus = "end-any"    // drawn by lot
)

// Surpluses lists every value.
var Surpluses = []Surplus{SurplusKeep, SurplusEndNewest, SurplusEndOldest, SurplusEndAny}

// Unfulfilled says how ListInstances shows instances in AWAITING_FULFILLMENT.
type Unfulfilled string

// The answers to how unfulfilled instances are listed.
const (
	UnfulfilledDated   Unfulfilled = "dated"   // listed with their creation time
	UnfulfilledUndated Unfulfilled = "undated" // listed without a creation time
	UnfulfilledHidden  Unfulfilled = "hidden"  // not listed
)

// UnfulfilledKinds lists every value.
var UnfulfilledKinds = []Unfulfilled{UnfulfilledDated, UnfulfilledUndated, UnfulfilledHidden}

// DefaultTiming is the Timing whose figures the fields of Timing name.
func DefaultTiming() Timing {
	s, m := time.Second, time.Minute
	return Timing{
		React:        Dist{2 * s, 5 * s, 15 * s},
		Fulfil:       Dist{5 * s, 15 * s, 40 * s},
		Retry:        Dist{30 * s, 1 * m, 2 * m},
		Provision:    Dist{45 * s, 90 * s, 3 * m},
		Bootstrap:    Dist{40 * s, 90 * s, 4 * m},
		Decommission: Dist{30 * s, 4 * m, 60 * m},
		Reconfigure:  Dist{1 * m, 2 * m, 5 * m},
		Terminate:    Dist{1 * m, 3 * m, 8 * m},
		Step:         Dist{1 * m, 5 * m, 20 * m},
		SuspendAfter: 4,
	}
}

func (o Options) withDefaults() Options {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(time.Millisecond) // the resolution of the wire
	o.Account = cmp.Or(o.Account, "111122223333")
	o.GroupPage = cmp.Or(o.GroupPage, 50)
	o.Timing = o.Timing.withDefaults()
	if o.Metrics.Delay.Zero() {
		o.Metrics.Delay = Dist{10 * time.Second, 45 * time.Second, 2 * time.Minute}
	}
	if o.Events.Delay.Zero() {
		o.Events.Delay = Dist{500 * time.Millisecond, 2 * time.Second, 20 * time.Second}
	}
	if o.Instant {
		life, suspend, retry := o.Timing.SpotLife, o.Timing.SuspendAfter, o.Timing.Retry
		o.Metrics.Delay = Dist{}
		o.Timing = Timing{SpotLife: life, SuspendAfter: suspend, Retry: retry} // without capacity there is still nothing to do but to wait
	}
	o.Unknowns.Surplus = cmp.Or(o.Unknowns.Surplus, SurplusKeep)
	o.Unknowns.Unfulfilled = cmp.Or(o.Unknowns.Unfulfilled, UnfulfilledDated)
	return o
}

func (t Timing) withDefaults() Timing {
	d := DefaultTiming()
	for _, f := range []struct {
		have *Dist
		def  Dist
	}{
		{&t.React, d.React}, {&t.Fulfil, d.Fulfil}, {&t.Retry, d.Retry}, {&t.Provision, d.Provision}, {&t.Bootstrap, d.Bootstrap},
		{&t.Decommission, d.Decommission}, {&t.Reconfigure, d.Reconfigure}, {&t.Terminate, d.Terminate}, {&t.Step, d.Step},
	} {
		if f.have.Zero() {
			*f.have = f.def
		}
	}
	t.SuspendAfter = cmp.Or(t.SuspendAfter, d.SuspendAfter)
	return t
}
