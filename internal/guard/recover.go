package guard

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// advance takes each open recovery on by its next act. At most one change is sent for all of them.
func (d *decider) advance() {
	ids := make([]string, 0, len(d.s.Recoveries))
	for _, r := range d.s.Recoveries {
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		d.advanceOne(id)
	}
}

// advanceOne takes one recovery on. An act can lead to the next at once, for example settled -> place; the bound is that of the steps.
func (d *decider) advanceOne(id string) {
	for range 6 {
		if r := d.s.Recovery(id); r == nil || !d.step(r) {
			return
		}
	}
}

// step does one act of a recovery and says whether another may follow at once.
func (d *decider) step(r *recovery.Recovery) bool {
	p := d.s.Pool(r.Pool)
	if p == nil {
		d.close(r, recovery.Reported, "its pool is gone")
		return false
	}
	if r.Step == recovery.StepWatch {
		d.watch(r, p)
		return false
	}
	if d.fallen(p) || r.Step == recovery.StepStop || r.Kind == recovery.Surplus && d.risen(p) {
		return false
	}
	before := *r
	next, act := recovery.Advance(*r, d.viewOf(r, p), d.ledgerOf(r))
	*r = next
	if m := p.Member(r.Group); m != nil && before.Step == recovery.StepSettle && next.Step == recovery.StepPlace {
		m.Believe() // what the stop took away is launched elsewhere from here on
	}
	if next.Why.Cause != before.Why.Cause && next.Why.Cause != recovery.Unknown { // its words change while it lasts
		d.record("recovery.cause", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf("why it is stuck, as EMR tells it: %s", next.Why), Data: map[string]any{"cause": next.Why}})
	}
	if next.Step != before.Step || next.Hold != before.Hold && next.Hold != "" || next.Unstoppable != before.Unstoppable && !next.Unstoppable.IsZero() {
		d.record("recovery.step", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: stepReason(before, next, act), Data: map[string]any{"from": before.Step, "to": next.Step, "inputs": d.inputs(r)}})
	}
	for _, n := range act.Needs {
		group := emr.GroupID("")
		if n.Op == emr.ListInstances {
			group = r.Group
		}
		d.need(n.Op, group, n.From, ClassRecovery)
	}
	d.wakeAt(act.Wake)
	sent := d.call
	again := d.act(r, p, act, before.Hold)
	if (act.Kind == recovery.Stop || act.Kind == recovery.Keep) && d.call == sent {
		// Paused, or no token: the repeats are counted when they are sent.
		if r := d.s.Recovery(before.ID); r != nil {
			r.Lowered, r.Tries, r.Resent, r.NextTry = before.Lowered, before.Tries, before.Resent, before.NextTry
		}
	}
	return again
}

func stepReason(before, next recovery.Recovery, act recovery.Act) string {
	switch {
	case !next.Unstoppable.IsZero() && before.Unstoppable.IsZero():
		return act.Reason
	case next.Hold != "" && next.Hold != before.Hold:
		return "waiting: " + next.Hold
	}
	return string(before.Step) + " done, next: " + string(next.Step)
}

func (d *decider) viewOf(r *recovery.Recovery, p *pool.Pool) recovery.View {
	v := recovery.View{
		Now: d.env.Now, ReadBegan: d.s.Read, ReadEnded: d.s.ReadEnded, Cluster: d.s.Cluster.State, DescribedAt: d.s.Described, ManagedAt: d.s.ManagedAt, Managed: d.s.Managed,
		OptOut: d.optOut(), LastWrite: d.s.LastWrite, InFlight: d.inFlight(), StopReady: d.env.StopReady, Trusted: d.env.Trusted,
		Missing: p.Wanted - p.Requested(d.s.View()),
	}
	if m := p.Member(r.Group); m != nil && r.Step == recovery.StepSettle {
		v.Doubtful = !m.Shown && d.env.Settings.OutsideGrowth == recovery.Add
	}
	v.NoRung = d.noRung(r, p)
	if r.Kind == recovery.Scale || r.Kind == recovery.Return {
		v.Suspension = strings.Join(d.suspensions(r.ID), "; ")
	}
	if d.s.Unusable != nil || d.env.Unread {
		v.ReadBegan = time.Time{} // the last read said nothing that can be relied on
	}
	if g := d.s.Group(r.Group); g != nil {
		v.Group, v.Known, v.Instances, v.InstancesBegan, v.Granted = g.Group, true, g.Instances, g.InstancesBegan, g.Granted
		v.Told, v.Refused = g.told(), g.refused()
	}
	return v
}

// act carries an act out and says whether another may follow at once. hold is why the recovery waited before.
func (d *decider) act(r *recovery.Recovery, p *pool.Pool, act recovery.Act, hold string) bool {
	switch act.Kind {
	case recovery.Wait:
		if r.Step == recovery.StepConfirm && len(act.Needs) == 0 && !d.env.StopReady {
			d.lack(emr.ModifyInstanceGroups)
		}
		return false
	case recovery.Close:
		if act.Outcome == recovery.Reported && r.Kind == recovery.Idle {
			if g := d.s.Group(r.Group); g != nil {
				g.Reported = g.State
			}
		}
		if m := p.Member(r.Group); act.Outcome == recovery.Completed && r.Kind.Counts() && m != nil && !m.Banned(d.env.Now) {
			p.Recovered() // the resize completed before it was stopped; of a banned member only what its stop left
		}
		d.close(r, act.Outcome, act.Reason)
		return false
	case recovery.Rest:
		d.rest(r, p, act.Reason+"; still asked for: "+phrase.Count(d.ledgerOf(r).Missing(), "instance"))
		return false
	}
	if why := d.paused(); why != "" {
		r.Hold = why
		if hold != why {
			d.record("recovery.step", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: "waiting: " + why + "; next: " + strings.TrimSuffix(string(act.Kind)+", "+act.Reason, ", ")})
		}
		return false
	}
	r.Hold = ""
	switch act.Kind {
	case recovery.Stop, recovery.Keep:
		d.stop(r, p, act)
	case recovery.Place:
		return d.place(r, p, act)
	case recovery.Release:
		return d.release(r, p)
	}
	return false
}

// stop writes the stop and the ban down together and sends the stop (rules R4, R5, R9).
func (d *decider) stop(r *recovery.Recovery, p *pool.Pool, act recovery.Act) {
	if !d.env.Modify {
		d.lack(emr.ModifyInstanceGroups)
		return
	}
	now, m := d.env.Now, p.Member(r.Group)
	if m == nil {
		d.close(r, recovery.Reported, "the group is no member of its pool")
		return
	}
	first := r.Stopped.IsZero()
	if g := d.s.Group(r.Group); first && g != nil {
		r.Before = g.Requested
	}
	if first {
		r.Stopped = now
		if until := now.Add(r.Settings.Ban); r.Kind.Bans() && (!m.Banned(now) || m.Ban.Until.Before(until)) {
			d.lapse(p, m) // the one before, if no read told its end yet
			m.Prolong(pool.Ban{From: now, Until: until, Recovery: r.ID, Reason: r.Reason}, now)
			if r.Why.Cause != recovery.Unknown {
				m.Ban.Reason += fmt.Sprintf("; cause: %s", r.Why.Cause)
			}
			d.record("ban.set", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf("takes no launches until %s: %s", stamp(m.Ban.Until), m.Ban.Reason),
				Data: map[string]any{"cause": r.Why, "until": m.Ban.Until}})
		}
		if r.Kind.Bans() {
			m.Ban.Cause, m.Ban.Suspended = string(r.Why.Cause), r.Kind == recovery.Suspended
		}
		switch g := d.s.Group(r.Group); {
		case r.Kind == recovery.Shrink && g.ours(): // wanted stays: what was released is released again, not at once
			if !m.Releasable(now) {
				break // a refused call is sent once more
			}
			m.ReleaseFailed(act.Count, now, r.Settings.Ban, r.Settings.RestMax)
			d.record("pool.kept", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf(
				"EMR did not end what was released, %d in a row so far: %d still run; the next release here begins at %s at the earliest", m.Kept.Failed, act.Count, stamp(m.Kept.Until))})
		case r.Kind == recovery.Shrink:
			// What stays takes the place of what the pool misses elsewhere; only what is left makes it want more.
			stays := act.Count - m.Believed(g.Requested)
			r.Kept = max(0, min(stays, p.Requested(d.s.View())+stays-p.Wanted))
			p.Wanted += r.Kept
		}
	}
	if r.Unstoppable.IsZero() {
		r.SettleBy = now.Add(r.Settings.Settle)
	}
	if before := m.Believed(d.s.Group(r.Group).Requested); r.Kind != recovery.Shrink && before > act.Count {
		// From here on what is missing is to be placed elsewhere, even while it waits for a place: an outsider that repeats its
		// number adds nothing.
		m.Moved += before - act.Count
	}
	r.Count, r.Sent, r.Shown, r.Unsure, r.Step = act.Count, now, time.Time{}, false, recovery.StepStop
	m.Expect(act.Count)
	purpose := ForStop
	if act.Kind == recovery.Keep {
		purpose = ForKeep
	}
	d.send(purpose, r, emr.Call{Op: emr.ModifyInstanceGroups, Group: r.Group, Count: act.Count}, act.Reason)
}

// lostLaunch says whether a launch of a watching recovery has not shown within settle: EMR lost it.
func (d *decider) lostLaunch(r *recovery.Recovery, p *pool.Pool) bool {
	g, m := d.s.Group(r.Placement.Group), p.Member(r.Placement.Group)
	return g != nil && m != nil && r.Step == recovery.StepWatch && r.Placement.Target > 0 && len(m.Expected) == 1 && g.Requested == m.Last() &&
		g.Requested < r.Placement.Target && g.Called.By == r.ID && !d.s.Read.Before(r.Placement.At.Add(r.Settings.Settle)) &&
		(r.Kind == recovery.Return || p.Wanted > p.Requested(d.s.View()))
}

// watch closes a recovery whose placement completed, and goes back to placing when the launch never showed (R8).
func (d *decider) watch(r *recovery.Recovery, p *pool.Pool) {
	if stopped := d.s.Group(r.Group); stopped != nil && r.Kind.Stops() && stopped.Running > stopped.Requested && stopped.Requested == r.Count && r.Kind != recovery.Shrink &&
		d.s.Read.After(d.s.LastWrite) && d.paused() == "" && !d.inFlight() {
		r.Step = recovery.StepSettle // instances arrived on the stopped group after all: keep them
		d.record("recovery.step", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf("%d arrived on the stopped group", stopped.Running-stopped.Requested)})
		d.step(r)
		return
	}
	g := d.s.Group(r.Placement.Group)
	if g == nil {
		return
	}
	m := p.Member(g.ID)
	if d.lostLaunch(r, p) && !d.inFlight() {
		d.record("recovery.step", Record{Group: g.ID, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf("the launch does not show: %d requested, not %d; it is sent again", g.Requested, r.Placement.Target)})
		// The same call again, not another: the first may still take effect, and then both ask for the same count. What has begun so goes on.
		r.Sent = cmp.Or(r.Sent, r.Placement.At)
		d.unplace(r, p, g.ID)
		r.Step, r.Fill = recovery.StepPlace, g.ID
		d.step(r)
		return
	}
	if m == nil || !d.s.Read.After(r.Placement.At) || g.Running < g.Requested || len(m.Expected) > 1 && g.Requested != m.Last() {
		return
	}
	if g.Requested < r.Placement.Target && p.Running(d.s.View()) < p.Wanted {
		d.close(r, recovery.Overtaken, fmt.Sprintf("of the %d asked for on %s somebody took %d away", r.Placement.Target, g.ID, r.Placement.Target-g.Requested))
		return
	}
	m.Filled = g.Requested > 0
	if g.ID == p.Origin {
		p.Returns = nil
	}
	if r.Kind != recovery.Scale {
		blocked := p.Blocked
		p.Completed()
		if p.Wanted > p.Requested(d.s.View()) {
			p.Blocked = blocked // what this launch had no room for waits on
		}
	}
	d.close(r, recovery.Completed, fmt.Sprintf("%d of %d run on %s; the pool wants %d and %d run", g.Running, g.Requested, g.ID, p.Wanted, p.Running(d.s.View())))
}

func stamp(t time.Time) string { return t.UTC().Format("15:04:05") }
