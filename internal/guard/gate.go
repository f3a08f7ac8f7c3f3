package guard

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// limit keeps an ask within the instances that the configuration allows the cluster in all.
func (d *decider) limit(p *pool.Pool, ask scaling.Ask) scaling.Ask {
	most, left := d.mostOf(p)
	if ask.Target <= p.Wanted || ask.Target <= left {
		return ask
	}
	ask.Target = max(p.Wanted, left)
	ask.Reason += fmt.Sprintf("; the cluster may have %d instances in all, so %d", most, ask.Target)
	return ask
}

// mostOf is how many instances the configuration allows the cluster in all, and what the others leave of them to a pool.
func (d *decider) mostOf(p *pool.Pool) (most, left int) {
	if d.env.Scaling == nil || d.env.Scaling.MaxInstances == 0 {
		return math.MaxInt, math.MaxInt
	}
	most = d.env.Scaling.MaxInstances
	others := 0
	for i := range d.s.Pools {
		if o := &d.s.Pools[i]; o.Origin != p.Origin { // what waits for a place is launched sooner or later
			others += max(o.Wanted, d.asked(o))
		}
	}
	for i := range d.s.Groups {
		if g := &d.s.Groups[i]; d.s.PoolOf(g.ID) == nil && !g.State.Ended() {
			others += g.Requested
		}
	}
	return most, max(0, most-others)
}

// beyondMost says why a pool may not ask for so many instances, or nothing: the cluster would have more than the configuration allows it in all.
func (d *decider) beyondMost(p *pool.Pool, asked int) string {
	most, left := d.mostOf(p)
	if asked <= left {
		return ""
	}
	return fmt.Sprintf("the cluster may have %d instances in all (max_instances), which leaves the pool %d", most, left)
}

// asked is what the members of a pool are asked for at most: by the last read, or by a call of ours that it does not show. EMR may lose a release, and
// an old count that a read shows soon after may be somebody else's.
func (d *decider) asked(p *pool.Pool) int {
	sum, view := 0, d.s.View()
	for _, m := range p.Members {
		seen, _ := view(m.Group)
		if g := d.s.Group(m.Group); g != nil {
			seen.Requested = max(seen.Requested, g.Requested)
		}
		sum += seen.Requested
	}
	return sum
}

// gate is the one gate that every scaling operation passes: it says why none may begin on the pool now, or nothing (rule R2). but names the
// operation that asks, if it is open already.
func (d *decider) gate(p *pool.Pool, but string) string {
	switch {
	case d.s.Read.IsZero() || d.s.Unusable != nil:
		return "the last read of the groups is not usable"
	case !d.env.Trusted:
		return "the clock does not agree with AWS's"
	case d.paused() != "":
		return d.paused()
	case !d.s.Cluster.State.Modifiable():
		return unmodifiable(d.s.Cluster.State)
	case d.fallen(p):
		return "somebody else seems to have lowered the pool; a second read decides"
	}
	if reasons := d.suspensions(but); len(reasons) > 0 {
		return "scaling is suspended: " + strings.Join(reasons, "; ")
	}
	switch {
	case but != "":
	case d.busy(p):
		return "a recovery of this pool is at work"
	case d.operating(p): // it may have stopped suspending, but cooldowns run from its end
		return "an operation of this pool is under way"
	case d.inFlight():
		return "another change on this cluster is under way"
	}
	return ""
}

// unmodifiable says why no group of a cluster can be changed.
func unmodifiable(s emr.ClusterState) string {
	return "the cluster is " + string(s) + "; groups can be changed in RUNNING and WAITING only"
}

// operating says whether a scaling operation of the pool is open.
func (d *decider) operating(p *pool.Pool) bool {
	return slices.ContainsFunc(d.s.Recoveries, func(r recovery.Recovery) bool { return r.Pool == p.Origin && r.Kind == recovery.Scale })
}

// gateFor says why the pool may not be raised now: launches have more against them than releases.
func (d *decider) gateFor(p *pool.Pool, ask scaling.Ask) string {
	if ask.Target <= p.Wanted {
		return ""
	}
	switch {
	case p.Rest != nil:
		return fmt.Sprintf("the pool takes no launches until %s: %s", stamp(p.Rest.Until), p.Rest.Reason)
	case p.Blocked != nil && !d.coreTakes(p):
		return "the pool is blocked: " + p.Blocked.Reason
	}
	return ""
}

// coreTakes says whether the CORE group takes the launch of an operation: no repair asks it again (R6), so its pool may be blocked for as long as
// nobody does.
func (d *decider) coreTakes(p *pool.Pool) bool {
	if p.Role != emr.Core || p.Blocked.Refused && !p.Blocked.Elsewhere && d.env.Now.Before(p.Blocked.Retry) {
		return false
	}
	candidates, _ := d.places(*p, &recovery.Recovery{Kind: recovery.Scale}, d.env.Settings)
	return slices.ContainsFunc(candidates, func(c pool.Candidate) bool { return c.Group == p.Origin })
}
