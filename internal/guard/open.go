package guard

import (
	"fmt"
	"slices"
	"strconv"

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
	d.lapses()
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

// risen says whether an outside rise waits for its second read. It makes no surplus before: to release what runs elsewhere, one read is too little.
func (d *decider) risen(p *pool.Pool) bool {
	return slices.ContainsFunc(p.Members, func(m pool.Member) bool { return m.Rise != nil })
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
			why := fmt.Sprintf("the replacement %s got stuck too", g.ID)
			if r.Kind == recovery.Return {
				why = fmt.Sprintf("%s does not get what it was asked for again; what is missing of that goes on running on the fallbacks", g.ID)
			}
			d.close(r, recovery.Chained, why)
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
	data := map[string]any{"kind": r.Kind, "since": r.Since, "number": r.Number, "settings": r.Settings, "inputs": d.inputs(&r)}
	if p := d.s.Pool(r.Pool); p != nil && !p.Short.Since.IsZero() {
		data["short_since"] = p.Short.Since
	}
	d.record("recovery.open", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: r.Reason, Author: r.Author, Data: data})
}
