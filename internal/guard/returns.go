package guard

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// openReturn asks the origin again by itself for what was placed elsewhere for it (rule R9): once its ban has lapsed, when the pool is
// whole and nothing suspends scaling on the cluster. Of the fallbacks as many are released as run on the origin then (R10). A core group is
// never asked so: a launch there can only be taken back by a shrink that moves HDFS data.
func (d *decider) openReturn(p *pool.Pool) {
	origin := p.Member(p.Origin)
	if slices.ContainsFunc(d.s.Recoveries, func(r recovery.Recovery) bool { return r.Pool == p.Origin }) {
		return
	}
	if origin.Moved == 0 {
		p.Returns = nil // there is nothing to return, so nothing has failed to
		return
	}
	g := d.s.Group(p.Origin)
	if d.env.Settings.Return != recovery.Auto || p.Role != emr.Task || g == nil || g.State != emr.GroupRunning || p.Rest != nil || p.Contested || d.paused() != "" || !d.whole(p) {
		return
	}
	if at := d.returnAt(p); at.After(d.env.Now) {
		d.at(at)
		return
	}
	_, left := d.mostOf(p)
	n := min(origin.Moved, left-p.Wanted)                     // until the fallbacks are released both ask for them
	waits := func(s Scaled) bool { return s.Deferred != nil } // a return suspends scaling, so what was deferred comes first
	if n <= 0 || len(d.suspensions("")) > 0 || slices.ContainsFunc(d.s.Scaling, waits) {
		return
	}
	r := d.newRecovery(recovery.Return, p, p.Origin, fmt.Sprintf("nothing bans %s any more: ask it again for %d of the %d placed elsewhere; as many are released from the fallbacks once they run", p.Origin, n, origin.Moved))
	r.From, r.Asked = d.env.Now, n
	d.begin(r)
}

// returnAt is when the origin may be asked again by itself: after its ban, and after the wait that a failed return began.
func (d *decider) returnAt(p *pool.Pool) time.Time {
	var at time.Time
	if m := p.Member(p.Origin); m.Banned(d.env.Now) {
		at = m.Ban.Until
	}
	if p.Returns != nil {
		at = later(at, p.Returns.Until)
	}
	return at
}

// returns launches a return on the origin.
func (d *decider) returns(r *recovery.Recovery, p *pool.Pool, missing int) bool {
	if i := slices.IndexFunc(r.Refused, func(f recovery.Refusal) bool { return f.Group == p.Origin }); i >= 0 {
		d.returnStuck(r, p)
		d.close(r, recovery.Reported, "EMR refused the launch: "+r.Refused[i].Reason)
		return false
	}
	why := "asked for by hand"
	if r.Author == "" {
		why = "back from the fallbacks"
	}
	return d.raise(r, p, p.Origin, missing, why)
}

// returnStuck lets the next return by itself wait longer, when r is one that failed.
func (d *decider) returnStuck(r *recovery.Recovery, p *pool.Pool) {
	if r.Kind != recovery.Return || r.Author != "" {
		return
	}
	p.ReturnFailed(d.env.Now, d.env.Settings.Ban, d.env.Settings.RestMax)
	d.record("pool.return_failed", Record{Group: p.Origin, Pool: p.Origin, Recovery: r.ID, Reason: fmt.Sprintf(
		"the return to the origin failed, %d in a row so far; the next by itself begins at %s at the earliest", p.Returns.Failed, stamp(p.Returns.Until))})
}
