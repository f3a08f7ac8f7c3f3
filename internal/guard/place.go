package guard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// place launches what is missing on the best candidate, or rests or blocks the pool (rules R6, R7, R8). One launch is all that a recovery
// does: what its candidate has no room for is placed by a Retry, which the pool owes at once.
func (d *decider) place(r *recovery.Recovery, p *pool.Pool, act recovery.Act) bool {
	missing := act.Count
	if r.Placement.Unknown && missing > 0 { // else nobody needs the group any more; one that shows up late is given up (see close)
		return d.repeatAdd(r, p)
	}
	if r.Kind == recovery.Return {
		missing = min(r.Asked, p.Member(p.Origin).Moved)
	}
	if missing <= 0 || r.Placement.Group != "" {
		return d.nothingToPlace(r, p)
	}
	if d.resting(r, p, missing) {
		return false
	}
	if d.releasing(p) {
		d.need(emr.ListInstanceGroups, "", later(d.s.LastWrite.Add(r.Settings.Pace/3), d.s.Read.Add(r.Settings.Pace)), ClassRecovery)
		return false
	}
	if d.crowdedOut(r, p, missing) {
		return false
	}
	refused := slices.ContainsFunc(r.Refused, func(o recovery.Refusal) bool { return o.Group == r.Fill })
	if m := p.Member(r.Fill); m != nil && !m.Banned(d.env.Now) && !refused {
		if n := d.room(p, r.Fill, r.Settings, missing); n > 0 {
			return d.raise(r, p, r.Fill, n, "begun there")
		}
	}
	if r.Fill != "" && slices.Contains(p.Repeated, r.ID) {
		return d.begunTwice(r, p, missing)
	}
	r.Fill = "" // what was begun there may not go on: the launch is a new one, with an answer of its own
	if origin := p.Member(p.Origin); r.Kind == recovery.Return && origin.Banned(d.env.Now) {
		d.close(r, recovery.Cleared, "the group was banned meanwhile, until "+stamp(origin.Ban.Until))
		return false
	}
	if r.Kind == recovery.Return {
		return d.returns(r, p, missing)
	}
	candidates, rejected := d.places(*p, r, r.Settings)
	if len(candidates) == 0 {
		d.block(p, r, rejections(rejected))
		d.close(r, recovery.NoPlace, fmt.Sprintf("no place for %s: %s", phrase.Count(missing, "instance"), rejections(rejected)))
		return false
	}
	c := candidates[0]
	if c.Room > 0 && c.Room < missing {
		c.Reason += fmt.Sprintf("; its rung has room for %d of the %d", c.Room, missing)
		missing = c.Room
	}
	before := len(d.records)
	var again bool
	if c.Group == "" {
		again = d.add(r, p, r.Settings.Fallback[c.Rung-1].Shapes(recovery.ShapeOf(d.s.Group(p.Origin).Group))[c.Offer], missing, c.Reason)
	} else {
		again = d.raise(r, p, c.Group, missing, c.Reason)
	}
	if len(rejected) > 0 {
		for _, rec := range d.records[before:] {
			if rec.Data != nil {
				rec.Data["rejected"] = rejected // why other places were passed over
			}
		}
	}
	return again
}

// releasing says whether a release on the pool was sent that the last read does not show. Nothing is launched before: EMR may lose the release, and
// what it was to give up is still asked for.
func (d *decider) releasing(p *pool.Pool) bool {
	return d.asked(p) > p.Requested(d.s.View())
}

func (d *decider) nothingToPlace(r *recovery.Recovery, p *pool.Pool) bool {
	if r.Placement.Group != "" {
		r.Step = recovery.StepWatch
		return true
	}
	if (r.Kind.Counts() || r.Kind == recovery.Retry) && d.whole(p) {
		p.Completed()
	}
	d.close(r, recovery.Completed, fmt.Sprintf("nothing is left to place: the pool wants %d and %d are asked for", p.Wanted, p.Requested(d.s.View())))
	return false
}

// crowdedOut ends an operation that has not begun and would launch more than max_instances of the cluster leaves the pool by now: since it was
// decided, a read showed that others are asked for more. A schedule is deferred again, and then asks for what is left. What a repair places was wanted before.
func (d *decider) crowdedOut(r *recovery.Recovery, p *pool.Pool, missing int) bool {
	raises, byHand := r.Kind == recovery.Scale && r.Delta > 0, r.Author != ""
	if !r.Untouched() || !raises && (r.Kind != recovery.Return || byHand) {
		return false
	}
	why := d.beyondMost(p, p.Requested(d.s.View())+missing)
	switch {
	case why == "":
		return false
	case !raises:
		d.close(r, recovery.Cleared, why+"; it is tried again afterwards")
	case byHand:
		d.close(r, recovery.Withheld, "not begun: "+why+"; give the order again for fewer")
	default:
		d.deferAgain(r)
		d.close(r, recovery.Withheld, "not begun: "+why)
	}
	return true
}

// resting ends a recovery whose pool began to rest meanwhile.
func (d *decider) resting(r *recovery.Recovery, p *pool.Pool, missing int) bool {
	if p.Rest == nil {
		return false
	}
	d.close(r, recovery.Rested, fmt.Sprintf("the pool rests until %s with %s missing", stamp(p.Rest.Until), phrase.Count(missing, "instance")))
	return true
}

// hopeless says why a stuck group is not recovered again but its pool rests (R8). What is asked for stays asked for: EMR goes on
// trying, and fills it by itself when capacity returns. After each rest one recovery may probe. While a place is left that has not got
// stuck in this chain, nothing is hopeless: each rung gets its chance.
func (d *decider) hopeless(p *pool.Pool, g *Group, kind recovery.Kind) string {
	rested := p.LastLength > 0
	why := ""
	switch {
	case !kind.Counts() || rested && !p.Probed:
	case rested:
		why = "the probe after the last rest failed"
	case kind == recovery.Suspended && p.Suspended >= 1:
		why = fmt.Sprintf("EMR suspended %d resizes in a row", p.Suspended+1)
	case p.Chain >= d.env.Settings.Chain && p.Chain == 1:
		why = "a recovery did not complete a resize, and the chain may be no longer"
	case p.Chain >= d.env.Settings.Chain:
		why = fmt.Sprintf("%d recoveries in a row did not complete a resize", p.Chain)
	}
	if why == "" || d.covered(p, g) || d.untried(p, g, kind) {
		return ""
	}
	return why
}

// letRest lets the pool of a stuck group rest.
func (d *decider) letRest(p *pool.Pool, g *Group, why string) {
	for i := 0; i < len(d.s.Recoveries); {
		if r := &d.s.Recoveries[i]; r.Pool == p.Origin && r.Placement.Group == g.ID {
			d.close(r, recovery.Rested, why)
			continue
		}
		i++
	}
	p.StartRest(d.env.Now, d.env.Settings.Ban, d.env.Settings.RestMax, why)
	d.record("pool.rest", Record{Group: g.ID, Pool: p.Origin, Reason: fmt.Sprintf("rests until %s: %s; still asked for on %s: %s",
		stamp(p.Rest.Until), why, g.ID, phrase.Count(g.Ledger.Missing(), "instance"))})
}

// rest lets the pool rest and closes the recovery.
func (d *decider) rest(r *recovery.Recovery, p *pool.Pool, reason string) {
	p.StartRest(d.env.Now, r.Settings.Ban, r.Settings.RestMax, reason)
	d.record("pool.rest", Record{Group: r.Group, Pool: p.Origin, Recovery: r.ID, Reason: fmt.Sprintf("rests until %s: %s", stamp(p.Rest.Until), reason)})
	d.close(r, recovery.Rested, fmt.Sprintf("the pool rests until %s: %s", stamp(p.Rest.Until), reason))
}

// block notes that nobody takes what is missing. It is retried when a ban lapses or the candidates change.
func (d *decider) block(p *pool.Pool, r *recovery.Recovery, reason string) {
	d.blockUntil(p, r, reason, d.retryAt(p))
}

func (d *decider) blockUntil(p *pool.Pool, r *recovery.Recovery, reason string, retry time.Time) {
	p.Blocked = &pool.Blocked{Since: d.env.Now, Reason: reason, Retry: retry}
	id := ""
	if r != nil {
		id, p.Blocked.Refused = r.ID, len(r.Refused) > 0
		p.Blocked.Elsewhere = p.Blocked.Refused && !slices.ContainsFunc(r.Refused, func(o recovery.Refusal) bool { return o.Group == p.Origin })
	}
	d.record("pool.blocked", Record{Pool: p.Origin, Recovery: id, Reason: fmt.Sprintf("%s; retried at %s or when the cluster changes", reason, stamp(p.Blocked.Retry))})
}

// retryAt is when a blocked pool is tried again: at the next end of a ban, else after the ban time.
func (d *decider) retryAt(p *pool.Pool) time.Time {
	if lapse := p.NextLapse(d.env.Now); !lapse.IsZero() {
		return lapse
	}
	return d.env.Now.Add(d.env.Settings.Ban)
}

// raise launches on a member.
func (d *decider) raise(r *recovery.Recovery, p *pool.Pool, id emr.GroupID, missing int, why string) bool {
	g, m := d.s.Group(id), p.Member(id)
	if g == nil || m == nil {
		d.needShown(r)
		return false
	}
	if !d.env.Modify {
		d.lack(emr.ModifyInstanceGroups)
		return false
	}
	target := m.Believed(g.Requested) + missing
	m.Expect(target)
	m.Launched, m.Filled = d.env.Now, false
	r.Placement = recovery.Placement{Group: id, Count: missing, Target: target, At: d.env.Now}
	r.Placed += missing
	d.move(r, p, id, missing)
	d.send(ForLaunch, r, emr.Call{Op: emr.ModifyInstanceGroups, Group: id, Count: target}, fmt.Sprintf("launch %d on %s: %s", missing, id, why))
	return false
}

// begunTwice blocks the pool of a recovery whose repeated AddInstanceGroups made a group that takes no launch. The first call, which had no answer,
// may still make another with instances (R7), so nothing is launched elsewhere for them now.
func (d *decider) begunTwice(r *recovery.Recovery, p *pool.Pool, missing int) bool {
	why := fmt.Sprintf("%s, made by a repeated AddInstanceGroups, takes no launch, and the first call may still take effect", r.Fill)
	d.blockUntil(p, r, why, later(d.retryAt(p), d.env.Now.Add(recovery.LandsWithin)))
	p.Blocked.Refused, p.Blocked.Elsewhere = true, false // also if only a ban came between
	d.close(r, recovery.NoPlace, fmt.Sprintf("no place for %s: %s", phrase.Count(missing, "instance"), why))
	return false
}

// needShown asks for the read that shows a group which EMR has confirmed and no read has shown yet.
func (d *decider) needShown(r *recovery.Recovery) {
	d.need(emr.ListInstanceGroups, "", later(d.s.LastWrite, d.s.Read).Add(r.Settings.Pace/3), ClassRecovery)
}

// move books that what was taken from a member is asked for on it again (R10). Scaling by hand asks for more than before.
func (d *decider) move(r *recovery.Recovery, p *pool.Pool, id emr.GroupID, count int) {
	if m := p.Member(id); m != nil && r.Kind != recovery.Scale {
		m.AskAgain(count)
	}
}

// add makes a new group of the origin's configuration in another shape, or its own (R7). Its name carries the token by which it is found
// again.
func (d *decider) add(r *recovery.Recovery, p *pool.Pool, shape recovery.Shape, missing int, why string) bool {
	if !d.env.Add {
		d.lack(emr.AddInstanceGroups)
		return false
	}
	name, err := emr.GroupName(p.Name, emr.Token{Store: d.env.Store, Cluster: d.s.Cluster.ID, Origin: p.Origin, Recovery: r.ID})
	if err != nil {
		r.Refused = append(r.Refused, recovery.Refusal{Reason: err.Error()})
		return true
	}
	config := recovery.Shaped(d.s.Group(p.Origin).Group, shape, name, missing)
	r.Placement = recovery.Placement{Name: name, Shape: shape, Count: missing, Target: missing, At: d.env.Now}
	d.send(ForAdd, r, emr.Call{Op: emr.AddInstanceGroups, Config: &config}, fmt.Sprintf("launch %d in %s", missing, why))
	return false
}

// repeatAdd sends an AddInstanceGroups again whose group no read shows, with 0 instances: a late twin then costs a slot, never
// an instance (R7).
func (d *decider) repeatAdd(r *recovery.Recovery, p *pool.Pool) bool {
	if r.Placement.Denied { // the first call cannot land any more, and a repeat without instances is refused: it is launched anew
		r.Placement = recovery.Placement{}
		return true
	}
	if !d.env.Add {
		d.lack(emr.AddInstanceGroups)
		return false
	}
	config := recovery.Shaped(d.s.Group(p.Origin).Group, d.placedShape(r, p), r.Placement.Name, 0)
	if !slices.Contains(p.Repeated, r.ID) {
		p.Repeated = append(p.Repeated, r.ID)
	}
	r.Placement.At, r.Placement.Absent, r.Placement.Empty, r.Placement.Unknown, r.Placement.Foreign = d.env.Now, time.Time{}, true, false, false
	d.send(ForAdd, r, emr.Call{Op: emr.AddInstanceGroups, Config: &config}, "the answer to AddInstanceGroups is missing and two reads do not show the group: repeat it with 0 instances")
	return false
}

// placedShape is the shape of a recovery's new group. Placements from before there were rungs carry none: they are like the origin.
func (d *decider) placedShape(r *recovery.Recovery, p *pool.Pool) recovery.Shape {
	if r.Placement.Shape == (recovery.Shape{}) {
		own, _ := d.shapeOf(p.Origin)
		return own
	}
	return r.Placement.Shape
}

// join makes a new group a member of its pool.
func (d *decider) join(p *pool.Pool, m pool.Member, shape recovery.Shape) {
	own, _ := d.shapeOf(p.Origin)
	m.Rung, m.Shape = recovery.RungOf(d.env.Settings.Fallback, own, shape), shape.String()
	p.Add(m)
}

// adopt makes the new group of a recovery a member of its pool.
func (d *decider) adopt(r *recovery.Recovery, id emr.GroupID, why string) {
	p := d.s.Pool(r.Pool)
	count, running := r.Placement.Count, 0
	if g := d.s.Group(id); g != nil {
		count, running = g.Requested, g.Running
	} else if r.Placement.Empty {
		count = 0
	}
	d.join(p, pool.Member{Group: id, Made: r.Placement.At, Recovery: r.ID, Expected: []int{count}, Launched: r.Placement.At}, d.placedShape(r, p))
	r.Placement.Unknown, r.Placement.Group = false, id
	d.record("group.made", Record{Group: id, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf("%s: %q with %s", why, r.Placement.Name, phrase.Count(count, "instance")),
		Data: map[string]any{"requested": count, "running": running}})
	if count == 0 && r.Placement.Count > 0 {
		r.Fill, r.Placement.Group = id, ""
		return
	}
	r.Placed += count
	d.move(r, p, id, count)
	r.Step = recovery.StepWatch
}

// release lowers one member towards what is wanted.
func (d *decider) release(r *recovery.Recovery, p *pool.Pool) bool {
	view := d.s.View()
	surplus := p.Requested(view) - p.Wanted
	var list []pool.Release
	if r.Kind == recovery.Surplus {
		list = p.Surplus(d.env.Now, view, d.originGivesBack(p))
	} else {
		list = p.Releases(surplus, view)
	}
	if len(list) == 0 && d.unshown(r, p) {
		return false
	}
	if len(list) == 0 {
		d.close(r, recovery.Completed, fmt.Sprintf("released: the pool wants %d and %d are asked for", p.Wanted, p.Requested(view)))
		return false
	}
	if !d.env.Modify {
		d.lack(emr.ModifyInstanceGroups)
		return false
	}
	rel := list[0]
	if d.s.Group(rel.Group) == nil {
		d.needShown(r)
		return false
	}
	p.Member(rel.Group).Expect(rel.To)
	r.Group, r.Sent = rel.Group, d.env.Now
	d.send(ForRelease, r, emr.Call{Op: emr.ModifyInstanceGroups, Group: rel.Group, Count: rel.To}, fmt.Sprintf("release %d on %s: %s", rel.From-rel.To, rel.Group, rel.Reason))
	return false
}

// unshown says whether a release of the recovery does not show in the reads yet, and asks for the next one: a release that was lost is
// repeated once its settle time is over (see observe).
func (d *decider) unshown(r *recovery.Recovery, p *pool.Pool) bool {
	for _, m := range p.Members {
		g := d.s.Group(m.Group)
		if g == nil || r.Sent.IsZero() || g.Called.By != r.ID || g.Requested == m.Last() || !m.Ours(g.Requested) {
			continue
		}
		d.need(emr.ListInstanceGroups, "", later(r.Sent.Add(r.Settings.Pace/3), d.s.Read.Add(r.Settings.Pace)), ClassRecovery)
		return true
	}
	return false
}

func (d *decider) ledgerOf(r *recovery.Recovery) ledger.Ledger {
	if g := d.s.Group(r.Group); g != nil {
		return g.Ledger
	}
	return ledger.Ledger{}
}

// would records what a recovery would do where nothing may be changed, once per ban time (R13).
func (d *decider) would(p *pool.Pool, g *Group, v recovery.Verdict) {
	i := slices.IndexFunc(d.s.Would, func(w Would) bool { return w.Group == g.ID })
	if i >= 0 && d.env.Now.Before(d.s.Would[i].Until) {
		return
	}
	if i < 0 {
		d.s.Would = append(d.s.Would, Would{Group: g.ID})
		i = len(d.s.Would) - 1
	}
	d.s.Would[i].Until = d.env.Now.Add(d.env.Settings.Ban)
	count, _, _ := recovery.StopCount(g.Group, g.Ledger, g.Granted, d.env.Settings, d.env.Now)
	cause := g.cause()
	why := cmp.Or(d.s.Withheld, d.env.Why)
	if d.aloneIn(p) {
		why = leftAlone
	}
	d.record("would.recover", Record{Group: g.ID, Pool: p.Origin, Reason: v.Reason + "; " + d.wouldDo(p, g, v, count) + " (" + why + ")",
		Data: map[string]any{"kind": v.Kind, "since": v.Since, "requested": g.Requested, "running": g.Running, "stop_count": count, "shortfall": g.Ledger.Entries, "cause": cause}})
}

func (d *decider) wouldDo(p *pool.Pool, g *Group, v recovery.Verdict, count int) string {
	if !v.Kind.Bans() {
		return fmt.Sprintf("would stop it at %d and what is starting", count)
	}
	why := g.cause()
	if none := d.noRung(&recovery.Recovery{Group: g.ID, Kind: v.Kind, Step: recovery.StepConfirm, Settings: d.env.Settings}, p); none != "" {
		return "would let the pool rest: " + none
	}
	plan := fmt.Sprintf("would stop it at %d and what is starting, ban it for %s", count, phrase.Duration(d.env.Settings.Ban))
	candidates, rejected := d.places(d.stopped(p, g, v.Kind, why), nil, d.env.Settings)
	missing := g.Requested - count
	switch {
	case missing <= 0:
	case len(candidates) == 0:
		plan += fmt.Sprintf("; no place for %s: %s", phrase.Count(missing, "instance"), rejections(rejected))
	default:
		c := candidates[0]
		if c.Room > 0 {
			missing = min(missing, c.Room)
		}
		plan += fmt.Sprintf(" and launch %d on %s: %s", missing, cmp.Or(string(c.Group), "a new group"), c.Reason)
	}
	return plan
}
