package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// decider works on one decision. It lives for one call of Decide.
type decider struct {
	s       State
	env     Env
	records []Record
	call    *Call
	needs   []Need
	wake    time.Time
	waiting []emr.Op
	reply   *Reply

	metrics    *Metrics // brought by this input
	metricNeed *MetricNeed
}

// Decide takes one input into a cluster's state and says what follows. The given state is not changed.
func Decide(s State, env Env, in Input) Decision {
	d := &decider{s: s.Clone(), env: env}
	d.take(in)
	if d.s.Ended.IsZero() {
		d.withhold()
		d.open()
		d.advance()
		d.scale()
		d.terminate()
	} else {
		d.closeAll(recovery.ClusterEnd, "the cluster is "+string(d.s.Cluster.State))
	}
	d.suspend()
	d.short(s)
	if d.s.Ended.IsZero() {
		d.plan()
	}
	return Decision{State: d.s, Call: d.call, Needs: d.needs, Metrics: d.metricNeed, Wake: d.wake, Waiting: d.waiting, Records: d.records, Reply: d.reply}
}

func (d *decider) take(in Input) {
	switch {
	case in.Read != nil:
		d.takeRead(*in.Read)
	case in.Instances != nil:
		d.takeInstances(*in.Instances)
	case in.Described != nil:
		d.takeDescribed(*in.Described)
	case in.Managed != nil:
		d.s.Managed, d.s.ManagedAt = in.Managed.Attached, in.Managed.Began
	case in.Metrics != nil:
		d.takeMetrics(*in.Metrics)
	case in.Failed != nil:
		d.takeFailed(*in.Failed)
	case in.Answer != nil:
		d.takeAnswer(*in.Answer)
	case in.Lost:
		d.takeLost()
	case in.Order != nil:
		d.takeOrder(*in.Order)
	case in.Gone != nil:
		d.takeGone(*in.Gone)
	case in.Event != nil:
		d.takeEvent(*in.Event)
	}
}

// record appends a row of history. Its id is unique in the store: clusters number their records themselves.
func (d *decider) record(kind string, r Record) {
	d.s.Seq++
	r.ID = strings.TrimPrefix(string(d.s.Cluster.ID), "j-") + "-" + strconv.FormatInt(d.s.Seq, 10)
	r.At, r.Kind = d.env.Now, kind
	d.records = append(d.records, r)
}

func (d *decider) takeDescribed(in Described) {
	was := d.s.Cluster.State
	d.s.Cluster, d.s.Described = in.Cluster, in.Began
	if !in.Began.Before(d.s.HintedState) {
		d.s.HintedState = time.Time{}
	}
	if d.s.Cluster.State.Modifiable() != was.Modifiable() && was != "" { // RUNNING and WAITING alternate with every step
		d.record("cluster.state", Record{Reason: fmt.Sprintf("the cluster went from %s to %s", was, d.s.Cluster.State)})
	}
	if d.s.Cluster.State.Ended() {
		d.end()
	}
}

func (d *decider) takeFailed(in Failed) {
	switch {
	case in.Op == emr.GetMetricData:
		d.metricsFailed(in.Err)
	case in.Err.Class == emr.FleetsOnly:
		d.s.Cluster.Collection = emr.Fleets
	case in.Op == emr.GetManagedScalingPolicy && in.Err.Class == emr.Invalid:
		// Releases before 5.30 have no managed scaling; EMR refuses the question. Nobody else is in charge then.
		d.s.Managed, d.s.ManagedAt = false, in.Began
	case in.Err.Class == emr.NotFound && in.Op == emr.DescribeCluster:
		d.takeGone(Gone{})
	case in.Err.Class == emr.NotFound:
		d.s.Described = time.Time{} // a description says whether the cluster is gone
	case in.Err.Class == emr.Denied || in.Err.Class == emr.Invalid:
		d.readRefused(in)
	}
}

// readRefused lets the pools rest whose recoveries wait for a read that EMR refuses: waiting for it has no end.
func (d *decider) readRefused(in Failed) {
	if in.Op == emr.ListInstanceGroups || in.Op == emr.ListClusters {
		return // nothing is known of the cluster then, and nothing opens
	}
	for i := 0; i < len(d.s.Recoveries); {
		r := &d.s.Recoveries[i]
		p := d.s.Pool(r.Pool)
		if p == nil || r.Step != recovery.StepConfirm || in.Op == emr.ListInstances && in.Group != r.Group {
			i++
			continue
		}
		d.rest(r, p, fmt.Sprintf("EMR refused %s, without which nothing is stopped: %s", in.Op, in.Err.Error()))
	}
}

func (d *decider) takeGone(in Gone) {
	if in.State != "" && in.State != d.s.Cluster.State {
		if in.State.Modifiable() != d.s.Cluster.State.Modifiable() {
			d.record("cluster.state", Record{Reason: fmt.Sprintf("the cluster went from %s to %s", d.s.Cluster.State, in.State)})
		}
		d.s.Cluster.State = in.State
	}
	switch {
	case in.State == "" || in.State.Ended():
		d.end()
	case !d.s.Ended.IsZero():
		// It was not found for a while, for example with another account's credentials. What was open is closed; the rest stands.
		d.s.Ended = time.Time{}
		d.record("cluster.back", Record{Reason: "the cluster is listed again as " + string(in.State)})
	}
}

func (d *decider) end() {
	if d.s.Ended.IsZero() {
		d.s.Ended = d.env.Now
		d.record("cluster.ended", Record{Reason: "the cluster ended; what is open on it is closed"})
	}
}

// withhold finds out whether somebody else is in charge of the cluster (rule R12).
func (d *decider) withhold() {
	was := d.s.Withheld
	d.s.Withheld = d.otherOwner()
	if d.s.Withheld != was {
		reason := d.s.Withheld
		if reason == "" {
			reason = "emrguard may repair this cluster: " + d.env.Why
		} else {
			reason = "observed only: " + reason
		}
		d.record("cluster.withheld", Record{Reason: reason})
	}
}

func (d *decider) otherOwner() string {
	switch {
	case d.s.Cluster.Collection == emr.Fleets:
		return "the cluster is made of instance fleets, which have their own resize timeout"
	case d.s.Managed:
		return "EMR managed scaling is in charge"
	case len(d.s.Foreign) > 0:
		return fmt.Sprintf("groups of another emrguard store (%s) are on it; `emrguard adopt %s` takes them over", strings.Join(d.s.Foreign, ", "), d.s.Cluster.ID)
	case d.optOut() != "":
		return d.optOut()
	case d.env.Mode == Observe:
		return d.env.Why
	case d.env.DryRun:
		return "dry run"
	}
	return ""
}

// optOut reads the cluster tag emrguard=off|observe, which beats the configuration. Any other value but enforce counts as
// observe, too: whoever set it wanted something else than the configuration says.
func (d *decider) optOut() string {
	if v := d.s.Cluster.Tags["emrguard"]; v != "" && !strings.EqualFold(v, string(Enforce)) {
		return "the cluster's tag says emrguard=" + v
	}
	return ""
}

// passive says whether nothing may be changed on the cluster by recoveries that are yet to begin.
func (d *decider) passive() bool { return d.s.Withheld != "" || d.env.Mode != Enforce }

// inFlight says whether a change on the cluster is decided and not answered. TerminateJobFlows is until a description tells what became of it:
// nothing is launched on a cluster that was asked to end.
func (d *decider) inFlight() bool { return d.s.Pending != nil || d.call != nil || d.ending() }

// paused says why no change is sent now.
func (d *decider) paused() string {
	switch {
	case d.env.DryRun:
		return "dry run: nothing is changed"
	case d.s.Paused != nil:
		return "paused by " + d.s.Paused.Author
	case d.env.Paused != "":
		return d.env.Paused
	}
	return ""
}

// send writes the one change of this decision down, for a recovery. The caller has made sure that none is in flight.
func (d *decider) send(purpose Purpose, r *recovery.Recovery, c emr.Call, reason string) {
	d.dispatch(Call{Purpose: purpose, Call: c, Recovery: r.ID, Pool: r.Pool, Reason: reason}, r.Author, map[string]any{"inputs": d.inputs(r)})
}

// dispatch writes the one change of this decision down. The caller has made sure that none is in flight.
func (d *decider) dispatch(c Call, author string, data map[string]any) {
	d.s.Seq++
	c.ID = fmt.Sprintf("%s-%d", strings.TrimPrefix(string(d.s.Cluster.ID), "j-"), d.s.Seq)
	c.Call.Cluster, c.At, c.Generation = d.s.Cluster.ID, d.env.Now, d.env.Generation
	d.call = &c
	pending := c
	d.s.Pending, d.s.LastWrite = &pending, d.env.Now
	if c.Call.Group != "" {
		g := d.s.Group(c.Call.Group)
		g.Called = Called{Count: c.Call.Count, At: d.env.Now, By: c.Recovery, Loose: g.Called.Loose}
		if p := d.s.PoolOf(c.Call.Group); p != nil {
			p.Member(c.Call.Group).MayLand(c.Call.Count, d.env.Now.Add(max(d.env.Settings.Settle, recovery.LandsWithin)))
		}
	}
	data["call"] = c.Call
	d.records = append(d.records, Record{ID: c.ID, At: d.env.Now, Kind: "call." + string(c.Purpose), Group: c.Call.Group, Pool: c.Pool, Recovery: c.Recovery,
		Reason: c.Reason, Author: author, Data: data})
}

// inputs is what a decision about a recovery was made on.
func (d *decider) inputs(r *recovery.Recovery) map[string]any {
	type member struct {
		Group     emr.GroupID    `json:"group"`
		State     emr.GroupState `json:"state"`
		Requested int            `json:"requested"`
		Running   int            `json:"running"`
		Since     *time.Time     `json:"missing_since,omitempty"`
		Until     *time.Time     `json:"banned_until,omitempty"`
		Moved     int            `json:"moved,omitempty"`
	}
	p := d.s.Pool(r.Pool)
	out := map[string]any{"read": d.s.Read, "step": r.Step}
	if p == nil {
		return out
	}
	members := make([]member, 0, len(p.Members))
	for _, m := range p.Members {
		g := d.s.Group(m.Group)
		if g == nil {
			continue
		}
		row := member{Group: m.Group, State: g.State, Requested: g.Requested, Running: g.Running, Moved: m.Moved}
		if oldest, ok := g.Ledger.Oldest(); ok {
			row.Since = &oldest.Since
		}
		if m.Banned(d.env.Now) {
			row.Until = &m.Ban.Until
		}
		members = append(members, row)
	}
	out["wanted"], out["requested"], out["members"] = p.Wanted, p.Requested(d.s.View()), members
	return out
}

// need asks for a read.
func (d *decider) need(op emr.Op, group emr.GroupID, due time.Time, class Class) {
	if u := d.s.Unusable; u != nil && op == emr.ListInstanceGroups {
		due = later(due, u.Last.Add(d.env.Settings.Pace)) // bad reads come in rows, and each takes a token
	}
	d.needs = append(d.needs, Need{Op: op, Group: group, Due: due, Class: class})
}

// wakeAt asks for another decision at t.
func (d *decider) wakeAt(t time.Time) {
	if !t.IsZero() && t.After(d.env.Now) && (d.wake.IsZero() || t.Before(d.wake)) {
		d.wake = t
	}
}

// lack notes that the budget has no token for a call that is ready.
func (d *decider) lack(op emr.Op) {
	if !slices.Contains(d.waiting, op) {
		d.waiting = append(d.waiting, op)
	}
}

// close ends a recovery with its outcome.
func (d *decider) close(r *recovery.Recovery, outcome recovery.Outcome, reason string) {
	id := r.ID
	p := d.s.Pool(r.Pool)
	if r.Stopped.IsZero() && p != nil {
		if m := p.Member(r.Group); m != nil {
			m.TakeBack(id) // no stop was sent, so there is nothing the ban would follow from
		}
	}
	if p != nil && r.Kind == recovery.Shrink && outcome == recovery.Cleared {
		p.Wanted = max(0, p.Wanted-r.Kept) // the shrink goes on: wanted does not follow what still ran
	}
	if p != nil && r.Kind == recovery.Scale {
		d.giveUp(r, p, outcome)
	}
	if at := r.Placement; p != nil && at.Name != "" && at.Group == "" && r.Fill == "" && !slices.Contains(p.Repeated, id) {
		p.Repeated = append(p.Repeated, id) // its AddInstanceGroups may still make a group, which nobody waits for any more
	}
	d.record("recovery."+string(outcome), Record{Group: r.Group, Pool: r.Pool, Recovery: id, Reason: reason, Author: r.Author, Data: d.outcome(r, p)})
	d.s.Recoveries = slices.DeleteFunc(d.s.Recoveries, func(o recovery.Recovery) bool { return o.ID == id })
	d.wakeAt(d.env.Now.Add(time.Second)) // what waited for it may begin
}

// outcome is what the record of a recovery's end says of it, so that its story can be told when nothing else is left of it. P is its pool, or nil.
func (d *decider) outcome(r *recovery.Recovery, p *pool.Pool) map[string]any {
	data := map[string]any{"kind": r.Kind, "opened": r.Opened, "since": r.Since, "number": r.Number, "asked": r.Asked, "ran": r.Ran, "stop_count": r.Count, "placed": r.Placed, "cause": r.Why,
		"took": d.env.Now.Sub(r.Opened).Round(time.Second).String(), "inputs": d.inputs(r)}
	if !r.Stopped.IsZero() {
		data["stopped"] = r.Stopped
	}
	if r.Placement.Group != "" {
		data["placed_on"] = r.Placement.Group
	}
	if p == nil {
		return data
	}
	if !p.Short.Since.IsZero() {
		data["short_since"] = p.Short.Since
	}
	if m := p.Member(r.Group); m != nil && m.Ban != nil && m.Ban.Recovery == r.ID {
		data["banned_until"] = m.Ban.Until
	}
	return data
}

// giveUp lets wanted follow an order to scale that ends undone: nobody carries it out later, unless it waits for a place.
func (d *decider) giveUp(r *recovery.Recovery, p *pool.Pool, outcome recovery.Outcome) {
	if outcome == recovery.Rested && r.Placed == 0 {
		for i := range d.s.Scaling {
			if last := d.s.Scaling[i].Last; last != nil && last.Recovery == r.ID {
				last.Refused, last.Again = true, d.env.Now.Add(r.Settings.Ban)
			}
		}
	}
	switch {
	case outcome == recovery.Withheld && r.Placed == 0 && r.Sent.IsZero():
		p.Wanted = max(0, p.Wanted-r.Delta) // others may have changed it meanwhile
	case (outcome == recovery.Withheld || outcome == recovery.Rested) && r.Delta < 0:
		// What was not released stays, but no more than the order took from wanted: what somebody gave back to a member is released all the same.
		p.Wanted = max(p.Wanted, min(p.Requested(d.s.View()), p.Wanted-r.Delta))
	}
}

func (d *decider) closeAll(outcome recovery.Outcome, reason string) {
	for len(d.s.Recoveries) > 0 {
		d.close(&d.s.Recoveries[0], outcome, reason)
	}
	d.s.Pending = nil
}

// closePool ends the open recoveries of a pool.
func (d *decider) closePool(p *pool.Pool, outcome recovery.Outcome, reason string) (closed bool) {
	for i := 0; i < len(d.s.Recoveries); {
		if r := &d.s.Recoveries[i]; r.Pool == p.Origin {
			d.close(r, outcome, reason)
			closed = true
			continue
		}
		i++
	}
	return closed
}
