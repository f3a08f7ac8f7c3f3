package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// open finds groups that are stuck as of the last usable read and opens recoveries for them, and those that pools owe.
func (d *decider) open() {
	d.rungs()
	if d.s.Read.IsZero() || d.s.Unusable != nil {
		return
	}
	if !d.env.Trusted { // R11: no recovery starts until an answer agrees with the clock
		d.need(emr.ListInstanceGroups, "", d.s.Read.Add(d.env.Settings.Pace), ClassDeadline)
		return
	}
	for i := range d.s.Pools {
		p := &d.s.Pools[i]
		if p.Rest != nil && d.whole(p) && d.undoable(p, func(*recovery.Recovery) bool { return true }) == 0 { // a release that goes on may be lost
			d.record("pool.whole", Record{Pool: p.Origin, Reason: fmt.Sprintf("all %d that the pool wants run: its rest is over", p.Wanted)})
			p.Completed()
		}
		if p.Rest != nil && !d.env.Now.Before(p.Rest.Until) {
			d.record("pool.rested", Record{Pool: p.Origin, Reason: "the rest is over; the next recovery is a probe"})
			p.Rest, p.Probed = nil, false
		}
	}
	for _, stuck := range d.stuck() {
		g, verdict := d.s.Group(stuck.group), stuck.Verdict
		p := d.s.PoolOf(g.ID)
		if p == nil || g.Reported == g.State && verdict.Kind == recovery.Idle {
			continue
		}
		if p.Rest == nil { // else nobody repairs it, and what is released helps
			d.giveWay(p)
		}
		if d.busy(p) {
			continue
		}
		if verdict.Kind == recovery.Overrun && !g.ours() {
			d.overrun(p, g, verdict)
			continue
		}
		if d.passive() || d.aloneIn(p) {
			d.would(p, g, verdict)
			continue
		}
		if p.Rest != nil || !d.s.Cluster.State.Modifiable() && !d.s.Described.IsZero() && d.s.Described.After(d.s.Read) {
			continue
		}
		d.openStuck(p, g, verdict)
	}
	if d.passive() {
		return
	}
	for i := range d.s.Pools {
		if p := &d.s.Pools[i]; !d.aloneIn(p) {
			d.openOwed(p)
		}
	}
}

// aloneIn says whether a pool of a wrapped cluster is left alone: only task capacity is managed there (rule R12).
func (d *decider) aloneIn(p *pool.Pool) bool { return d.env.Wrapped && p.Role == emr.Core }

// leftAlone is the reason that goes with it.
const leftAlone = "the cluster is wrapped: only its task capacity is managed, CORE is left alone"

// whole says whether everything a pool wants is asked for and runs.
func (d *decider) whole(p *pool.Pool) bool {
	view := d.s.View()
	return p.Requested(view) >= p.Wanted && p.Running(view) >= p.Wanted
}

// ours says whether the group's requested count is what our last call asked for.
func (g *Group) ours() bool { return !g.Called.At.IsZero() && g.Called.Count == g.Requested }

// overrun reports once that more run than somebody else asked for: they were on their way, and EMR does not end them. What to do about it is
// for whoever lowered the count to say.
func (d *decider) overrun(p *pool.Pool, g *Group, v recovery.Verdict) {
	if g.Overrun == g.Running {
		return
	}
	g.Overrun = g.Running
	d.record("pool.overrun", Record{Group: g.ID, Pool: p.Origin, Reason: v.Reason + "; somebody else asked for that, so it is left to them", Data: counts(g.Group)})
}

type stuckGroup struct {
	group emr.GroupID
	recovery.Verdict
}

// stuck lists the groups that are stuck as of the last usable read, the longest first.
func (d *decider) stuck() []stuckGroup {
	var out []stuckGroup
	for i := range d.s.Groups {
		g := &d.s.Groups[i]
		if v := recovery.Judge(g.Group, g.Ledger, d.settingsOf(g.ID), d.s.Read); v.Stuck {
			out = append(out, stuckGroup{g.ID, v})
		}
	}
	slices.SortStableFunc(out, func(a, b stuckGroup) int { return a.Since.Compare(b.Since) })
	return out
}

// busy says whether the pool has a recovery that acts, or an outside fall that waits for its second read.
func (d *decider) busy(p *pool.Pool) bool {
	for _, r := range d.s.Recoveries {
		if r.Pool == p.Origin && r.Step.Acting() {
			return true
		}
	}
	return d.fallen(p)
}

func (d *decider) fallen(p *pool.Pool) bool {
	return slices.ContainsFunc(p.Members, func(m pool.Member) bool { return m.Fall != nil })
}

func (d *decider) openStuck(p *pool.Pool, g *Group, v recovery.Verdict) {
	if why := d.hopeless(p, g, v.Kind); why != "" {
		d.letRest(p, g, why)
		return
	}
	p.Probed = p.LastLength > 0
	for i := 0; i < len(d.s.Recoveries); {
		if r := &d.s.Recoveries[i]; r.Pool == p.Origin && r.Placement.Group == g.ID {
			d.returnStuck(r, p)
			d.close(r, recovery.Chained, fmt.Sprintf("the replacement %s got stuck too", g.ID))
			continue
		}
		i++
	}
	r := d.newRecovery(v.Kind, p, g.ID, v.Reason)
	r.Since = v.Since
	if v.Kind.Counts() {
		r.Number = p.Chain + 1
	}
	d.begin(r)
}

// newRecovery returns a recovery that is not open yet. Ids are unique within a cluster and a store, for ever: they are part of
// the names of groups.
func (d *decider) newRecovery(kind recovery.Kind, p *pool.Pool, group emr.GroupID, reason string) recovery.Recovery {
	d.s.Seq++
	r := recovery.Recovery{ID: "r" + strconv.FormatInt(d.env.Now.Unix(), 36) + "-" + strconv.FormatInt(d.s.Seq, 36), Pool: p.Origin, Group: group, Kind: kind,
		Step: recovery.StepConfirm, Opened: d.env.Now, Since: d.env.Now, From: d.s.Read, Reason: reason, Settings: d.env.Settings}
	if g := d.s.Group(group); g != nil {
		r.Asked, r.Ran = g.Requested, g.Running
	}
	if m := p.Member(group); m != nil {
		r.Rung = m.Rung
	}
	return r
}

func (d *decider) begin(r recovery.Recovery) {
	d.s.Recoveries = append(d.s.Recoveries, r)
	d.record("recovery.open", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: r.Reason, Author: r.Author,
		Data: map[string]any{"kind": r.Kind, "since": r.Since, "number": r.Number, "settings": r.Settings, "inputs": d.inputs(&r)}})
}

// openOwed opens what a pool owes: the stop of an outside growth, a launch after a rest or a block, a release of surplus.
func (d *decider) openOwed(p *pool.Pool) {
	now := d.env.Now
	if p.Contested && !slices.ContainsFunc(p.Members, func(m pool.Member) bool { return m.Banned(now) && m.Ban.Contest }) {
		p.Contested = false
	}
	if d.busy(p) {
		return
	}
	for _, m := range p.Members {
		if m.Ban == nil || !m.Ban.Grown {
			continue
		}
		if !m.Banned(now) {
			p.Member(m.Group).Ban.Grown = false
			continue
		}
		if now.Before(m.Enforced.Add(5 * d.env.Settings.Pace)) {
			d.wakeAt(m.Enforced.Add(5 * d.env.Settings.Pace))
			return // what the outsider asks for is about to be stopped: neither missing nor surplus can be told before
		}
		member := p.Member(m.Group)
		member.Ban.Grown, member.Enforced = false, now
		d.begin(d.newRecovery(recovery.Enforce, p, m.Group, fmt.Sprintf("somebody else raised the group while it is banned until %s", stamp(m.Ban.Until))))
		return
	}
	missing := p.Wanted - p.Requested(d.s.View())
	if missing < 0 && p.Blocked != nil && !p.Blocked.Retry.After(now) {
		d.unblock(p) // more than max may be asked for, for as long as who asks likes
	}
	switch {
	case missing > 0:
		d.openRetry(p, missing)
	case missing < 0:
		if releases := p.Surplus(now, d.s.View(), d.originGivesBack(p)); len(releases) > 0 {
			d.begin(d.newRecovery(recovery.Surplus, p, releases[0].Group, fmt.Sprintf("the pool asks for %d more than it wants", -missing)))
			return
		}
		for _, m := range p.Members {
			if !m.Releasable(now) {
				d.at(m.Kept.Until)
			}
		}
		d.wantWhatIsLeft(p)
	case p.Blocked != nil:
		d.unblock(p)
	default:
		d.openReturn(p)
	}
}

// unblock ends the wait for a place of a pool that needs none.
func (d *decider) unblock(p *pool.Pool) {
	d.record("pool.unblocked", Record{Pool: p.Origin, Reason: fmt.Sprintf("nothing is left to place: all %d that the pool wants are asked for", p.Wanted)})
	p.Blocked = nil
}

// wantWhatIsLeft ends a surplus that no fallback holds: somebody else asked the origin for it, and nobody lowers that but they (R10).
func (d *decider) wantWhatIsLeft(p *pool.Pool) {
	asked, limit := p.Requested(d.s.View()), d.env.Settings.Max
	if !d.onOriginOnly(p) || d.originGivesBack(p) || d.inFlight() || limit > 0 && asked > limit {
		return
	}
	d.record("pool.wanted", Record{Group: p.Origin, Pool: p.Origin, Reason: fmt.Sprintf("no fallback holds what the pool asks for beyond the %d it wanted: it now wants the %d that its origin is asked for", p.Wanted, asked)})
	p.Wanted = asked
}

// onOriginOnly says whether the origin alone is asked for instances, and no change of ours to a member is on its way to the reads.
func (d *decider) onOriginOnly(p *pool.Pool) bool {
	for _, m := range p.Members {
		if g := d.s.Group(m.Group); g == nil || m.Group != p.Origin && g.Requested > 0 || g.Requested != m.Last() {
			return false
		}
	}
	return true
}

// originGivesBack says whether a surplus on the origin is released there: no fallback holds it, and we asked for it ourselves, to keep the
// count in step with what runs. A CORE group does not, since its shrink moves HDFS data, but for what an operation asked it to release already: that EMR did
// not carry it out (R3) changes nothing of what is wanted.
func (d *decider) originGivesBack(p *pool.Pool) bool {
	g, m := d.s.Group(p.Origin), p.Member(p.Origin)
	if g == nil || !g.ours() || !d.onOriginOnly(p) {
		return false
	}
	return p.Role == emr.Task || m.Kept != nil && m.Kept.Running == g.Requested
}

func (d *decider) openRetry(p *pool.Pool, missing int) {
	if p.Rest != nil || slices.ContainsFunc(d.s.Recoveries, func(r recovery.Recovery) bool { return r.Pool == p.Origin && d.lostLaunch(&r, p) }) {
		return
	}
	if candidates, rejected := d.places(*p, nil, d.env.Settings); len(candidates) == 0 {
		switch {
		case p.Blocked == nil:
			d.block(p, nil, fmt.Sprintf("%d instances to place: %s", missing, rejections(rejected)))
		case !p.Blocked.Retry.After(d.env.Now):
			blocked := *p.Blocked
			blocked.Retry, blocked.Refused, blocked.Elsewhere = d.retryAt(p), false, false
			p.Blocked = &blocked
		}
		return
	}
	if p.Blocked != nil && p.Blocked.Retry.After(d.env.Now) && p.Blocked.Refused {
		return // EMR refused every place; asking again before a ban lapses would be refused again
	}
	p.Probed = p.LastLength > 0
	d.begin(d.newRecovery(recovery.Retry, p, p.Origin, fmt.Sprintf("%d instances are wanted and asked for nowhere", missing)))
}

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
	if d.fallen(p) || r.Step == recovery.StepStop {
		return false
	}
	before := *r
	next, act := recovery.Advance(*r, d.viewOf(r, p), d.ledgerOf(r))
	*r = next
	if next.Why != before.Why && next.Why.Cause != recovery.Unknown {
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
		d.rest(r, p, act.Reason+fmt.Sprintf("; %d instances stay asked for", d.ledgerOf(r).Missing()))
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
