package guard

import (
	"fmt"
	"slices"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

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
	case missing < 0 && d.risen(p): // plan reads again while more is asked for than is wanted
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
			d.block(p, nil, fmt.Sprintf("%s to place: %s", phrase.Count(missing, "instance"), rejections(rejected)))
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
	d.begin(d.newRecovery(recovery.Retry, p, p.Origin, phrase.Count(missing, "instance")+" wanted and asked for nowhere"))
}
