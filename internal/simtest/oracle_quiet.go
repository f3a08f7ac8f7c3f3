package simtest

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
)

// fallbackTwins checks that no recovery has instances in two new groups (I5). While a twin is being released that may be so for a while,
// so it is asked when the world is quiet. In observe, which a reload may begin before the twin shows, nothing is released (R13).
func (x *watched) fallbackTwins() {
	if x.rule().Mode != guard.Enforce {
		return
	}
	filled := map[string]string{}
	s := x.doc()
	for _, g := range x.o.w.Truth(string(x.id)).Groups {
		_, token, ok := emr.ParseGroupName(g.Name)
		if !ok || g.Requested == 0 || token.Origin == "configured" { // see madeTwins
			continue
		}
		if known := s.Group(emr.GroupID(g.ID)); known != nil && known.Called.By != "" && known.Called.By != token.Recovery {
			continue // a later recovery launched on it
		}
		key := token.Store + "." + token.Recovery
		if other := filled[key]; other != "" && (x.twin[token.Recovery] == nil || !x.twin[token.Recovery].fills) {
			x.violate("I5", "recovery %s has instances in %s and in %s", token.Recovery, other, g.ID)
		}
		filled[key] = g.ID
	}
}

// Quiet checks what must hold once nothing disturbs the world any more and everything has capacity: what is wanted is asked for
// and runs, nothing is open, suspended or resting.
func (w *World) Quiet(cluster string) {
	truth := w.Truth(cluster)
	x := w.oracle.of(emr.ClusterID(truth.ID))
	if state := emr.ClusterState(truth.State); state.Ended() || x.rule().Mode == guard.Off {
		return
	}
	if x.state == nil {
		x.violate("liveness", "there is no state")
		return
	}
	s := x.doc()
	x.fallbackTwins()
	x.madeTwins()
	if s.Withheld != "" {
		return
	}
	asked := map[emr.GroupID]int{}
	for _, g := range truth.Groups {
		asked[emr.GroupID(g.ID)] = g.Requested
		if g.Running < g.Requested { // more may run: EMR may keep what arrives long after a stop
			x.violate("liveness", "%s: %d of %d run", g.ID, g.Running, g.Requested)
		}
	}
	for _, p := range s.Pools {
		sum := 0
		for _, m := range p.Members {
			sum += asked[m.Group]
		}
		limit, alone := x.rule().Settings.Max, x.rule().Wrapped && p.Role == emr.Core // nobody repairs it (R12)
		over := limit > 0 && sum > limit && asked[p.Origin] == sum                    // somebody else's, and more than may be wanted (R10)
		if sum != p.Wanted && p.Blocked == nil && !alone && (sum < p.Wanted || !over && !x.keeps(p, truth)) {
			x.violate("I2", "pool %s wants %d and %d are asked for", p.Origin, p.Wanted, sum)
		}
		if p.Blocked != nil && p.Role == emr.Task { // its origin can launch, once its ban is over; what a CORE pool misses may have no place
			x.violate("liveness", "pool %s is blocked until %s: %s", p.Origin, p.Blocked.Retry.Format(time.TimeOnly), p.Blocked.Reason)
		}
		if p.Rest != nil {
			x.violate("liveness", "pool %s rests until %s: %s", p.Origin, p.Rest.Until.Format(time.TimeOnly), p.Rest.Reason)
		}
	}
	for _, text := range x.calm() {
		x.violate("liveness", "%s", text)
	}
	if s.Suspended != nil {
		x.violate("liveness", "scaling is suspended: %s", strings.Join(s.Suspended.Reasons, "; "))
	}
	if s.Paused != nil {
		x.violate("liveness", "the cluster is paused by %s since %s", s.Paused.Author, s.Paused.Since.Format(time.TimeOnly))
	}
	for _, r := range s.Recoveries {
		x.violate("liveness", "recovery %s of %s (%s) is open at %s: %s", r.ID, r.Group, r.Kind, r.Step, r.Hold)
	}
	if s.Pending != nil {
		x.violate("liveness", "%s is pending", s.Pending.Call)
	}
}

// longestShrink is how long EMR may take to end what is released: graceful decommissioning waits an hour at most by default.
const longestShrink = time.Hour

// keeps says whether a release of a pool waits that was given up, and that nothing need have gone wrong for: shrink_after is shorter than a healthy shrink may
// be, or EMR keeps the nodes of a core group that the replication of HDFS needs. Then it may happen each time (R3).
func (x *watched) keeps(p pool.Pool, truth emrsim.ClusterTruth) bool {
	brief := x.rule().Settings.ShrinkAfter < longestShrink
	return slices.ContainsFunc(p.Members, func(m pool.Member) bool {
		if m.Kept == nil || m.Releasable(x.now()) {
			return false
		}
		return brief || slices.ContainsFunc(truth.Groups, func(g emrsim.GroupTruth) bool { return g.ID == string(m.Group) && g.Running <= g.Replicas })
	})
}

// withheld checks a cluster that is ours to repair by the configuration, and is not repaired for another reason. Nothing of that kind is left
// once a world is calm; emrguard looks again at the sweep, and after six hours at tags (R12). Clusters made of instance fleets stay as they are.
func (w *World) withheld(cluster string) {
	truth := w.Truth(cluster)
	x := w.oracle.of(emr.ClusterID(truth.ID))
	ended := emr.ClusterState(truth.State).Ended() // one that is off may end without being looked at again
	if x.state != nil && x.rule().Mode == guard.Enforce && !w.o.DryRun && !ended && x.doc().Ended.IsZero() && x.doc().Withheld != "" && x.cl.Collection != emr.Fleets {
		x.violate("liveness", "the cluster is not repaired: %s", x.doc().Withheld)
	}
}

// scheduleBound is how long the time of a schedule may wait once nothing disturbs: a shrink of an hour may suspend scaling before it, and another
// operation of the cluster.
const scheduleBound = 3 * time.Hour

// schedulesMet checks that the times of schedules since a time were carried out within scheduleBound, on every cluster that is ours to scale.
func (w *World) schedulesMet(since time.Time) {
	for _, x := range w.oracle.each() {
		if x.state != nil && x.rule().Mode == guard.Enforce && !w.o.DryRun && x.doc().Withheld == "" && x.doc().Ended.IsZero() {
			x.late(since, scheduleBound)
		}
	}
}
