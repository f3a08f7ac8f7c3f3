package guard

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// plan asks for the reads that the state after this decision needs, and for the moments at which to decide again.
func (d *decider) plan() {
	now := d.env.Now
	d.wakeToResume()
	if d.s.Described.IsZero() || d.s.Described.Before(now.Add(-describeAgain)) {
		d.need(emr.DescribeCluster, "", now, ClassSweep)
	}
	if d.s.Managed {
		d.need(emr.GetManagedScalingPolicy, "", d.s.ManagedAt.Add(managedAgain), ClassSweep)
	}
	if d.s.Cluster.Collection != emr.Fleets && d.env.Mode != Off {
		d.planMetrics()
	}
	if d.s.Cluster.Collection == emr.Fleets || d.env.Mode == Off && len(d.s.Recoveries) == 0 {
		return
	}
	switch {
	case d.s.Read.IsZero():
		d.need(emr.ListInstanceGroups, "", now, ClassHint)
	default:
		d.need(emr.ListInstanceGroups, "", d.s.Read.Add(d.env.Sweep), ClassSweep)
	}
	if d.s.Unusable != nil {
		d.need(emr.ListInstanceGroups, "", d.s.Unusable.Last.Add(d.env.Settings.Pace), ClassHint)
		return
	}
	d.planHints()
	for i := range d.s.Groups {
		d.planGroup(&d.s.Groups[i])
	}
	for i := range d.s.Recoveries {
		if r := &d.s.Recoveries[i]; r.Step == recovery.StepWatch {
			d.need(emr.ListInstanceGroups, "", later(r.Placement.At.Add(r.Settings.Pace/3), d.s.Read.Add(r.Settings.Pace)), ClassRecovery)
		}
	}
	for i := range d.s.Pools {
		p := &d.s.Pools[i]
		if d.fallen(p) {
			d.need(emr.ListInstanceGroups, "", d.s.Read.Add(d.env.Settings.Pace/3), ClassDeadline)
		}
		if d.passive() {
			continue
		}
		if p.Rest != nil {
			d.at(p.Rest.Until)
		}
		if p.Blocked != nil {
			d.at(p.Blocked.Retry)
		}
		if waits := func(m pool.Member) bool { return !m.Releasable(now) }; p.Requested(d.s.View()) > p.Wanted && !slices.ContainsFunc(p.Members, waits) {
			d.need(emr.ListInstanceGroups, "", d.s.Read.Add(d.env.Settings.Pace), ClassDeferred)
		}
	}
}

// describeAgain is how old a description may get: tags change, and only a description shows them.
const describeAgain = 6 * time.Hour

// managedAgain is how often a cluster with a managed scaling policy is asked whether it still has one.
const managedAgain = time.Hour

// at asks for a read and a decision at a moment in the future.
func (d *decider) at(t time.Time) {
	if t.After(d.env.Now) {
		d.need(emr.ListInstanceGroups, "", t, ClassDeadline)
		d.wakeAt(t)
	}
}

func (d *decider) planGroup(g *Group) {
	p := d.s.PoolOf(g.ID)
	if p == nil || g.State.Ended() {
		return
	}
	if g.Ledger.Undated && g.InstancesBegan.IsZero() && g.State != emr.GroupReconfiguring {
		d.need(emr.ListInstances, g.ID, d.env.Now, ClassHint)
	}
	if due := d.heardDue(g); !due.IsZero() {
		d.need(emr.ListInstanceGroups, "", due, ClassDeadline)
	}
	settings := d.settingsOf(g.ID)
	if wait := d.unfinished(g, settings.Pace); wait > 0 {
		d.need(emr.ListInstanceGroups, "", d.s.Read.Add(wait), ClassDeferred)
	}
	verdict := recovery.Judge(g.Group, g.Ledger, settings, d.s.Read)
	if verdict.Stuck || !verdict.Due.After(d.s.Read) {
		return
	}
	d.need(emr.ListInstanceGroups, "", verdict.Due, ClassDeadline)
	// What EC2 grants from here on is not starting_grace old at the deadline; only a list from before shows that (R4).
	look := verdict.Due.Add(-settings.StartingGrace)
	if settings.StartingGrace > 0 && verdict.Kind == recovery.Stuck && verdict.Since.Before(look) && g.Granted.Read.Before(look) && p.Rest == nil && !d.passive() && !d.aloneIn(p) {
		d.need(emr.ListInstances, g.ID, look, ClassDeadline)
	}
}

// unfinished is how long after the last read a group is read again because a change of ours is unfinished there: a pace, and more the longer
// it takes, since a healthy shrink may take an hour. 0 when none is.
func (d *decider) unfinished(g *Group, pace time.Duration) time.Duration {
	shrink, _ := g.Ledger.Shrink()
	if changes := g.Ledger.HasChange() || shrink.Cause == ledger.Change; !changes || !g.ours() || d.passive() || d.groupSuspends(g) == "" {
		return 0
	}
	return min(max(pace, d.s.Read.Sub(g.Called.At)/10), d.env.Sweep)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
