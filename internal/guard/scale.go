package guard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// scale finds out what the configured pools are asked for, and begins at most one scaling operation (rule R2). An operation is a recovery of kind
// Scale: it reads everything again before its first call and places and releases like every other.
func (d *decider) scale() {
	conf := d.env.Scaling
	if conf == nil || d.env.Mode == Off {
		d.s.Scaling = nil
		return
	}
	d.s.Scaling = slices.DeleteFunc(d.s.Scaling, func(s Scaled) bool { return conf.Pool(s.Name) == nil })
	for i := range conf.Pools {
		d.scalePool(&conf.Pools[i])
	}
}

func (d *decider) scalePool(conf *scaling.Pool) {
	s := d.scaledOf(conf)
	p := d.bind(conf, s)
	d.reconsider(s, p)
	d.takeTicks(conf, s)
	if p == nil {
		d.makeGroup(conf, s)
		d.deferBy(s, cmp.Or(d.notMade(conf, s), "the cluster has no group for the pool yet"))
		return
	}
	asks := d.asks(conf, s, p)
	if len(asks) == 0 {
		return
	}
	chosen, why := scaling.Choose(asks, p.Wanted)
	if d.passive() {
		d.wouldScale(s, p, asks, chosen, why)
		return
	}
	if gate := cmp.Or(d.gate(p, ""), d.gateFor(p, asks[chosen])); gate != "" {
		d.deferBy(s, gate)
		d.deferPolicy(s, p, asks[chosen], gate)
		return
	}
	d.carryOut(s, p, asks, chosen, why)
}

// scaledOf returns what is remembered of a configured pool. Bounds that a schedule or policy set end when the configuration's change.
func (d *decider) scaledOf(conf *scaling.Pool) *Scaled {
	bounds := conf.Bounds()
	s := d.s.Scaled(conf.Name)
	if s == nil {
		d.s.Scaling = append(d.s.Scaling, Scaled{Name: conf.Name, Bounds: bounds, Config: bounds})
		return &d.s.Scaling[len(d.s.Scaling)-1]
	}
	if s.Config != bounds {
		s.Bounds, s.Config, s.BoundsBy = bounds, bounds, ""
		d.record("scaling.bounds", Record{Pool: s.Origin, Reason: fmt.Sprintf("pool %s: %d to %d by the configuration, which changed", s.Name, bounds.Min, bounds.Max)})
	}
	return s
}

// bind finds the pool that a configured one stands for: the one it stood for, while that may still be it, else the oldest group of the role.
func (d *decider) bind(conf *scaling.Pool, s *Scaled) *pool.Pool {
	if g := d.s.Group(s.Origin); g != nil && d.s.Pool(s.Origin) != nil && d.claims(conf, g.Group) {
		return d.s.Pool(s.Origin)
	}
	var best *Group
	for i := range d.s.Groups {
		g := &d.s.Groups[i]
		taken := slices.ContainsFunc(d.s.Scaling, func(o Scaled) bool { return o.Name != s.Name && o.Origin == g.ID })
		if taken || d.s.Pool(g.ID) == nil || g.State.Ended() || !d.claims(conf, g.Group) {
			continue
		}
		if best == nil || cmp.Or(g.Created.Compare(best.Created), strings.Compare(string(g.ID), string(best.ID))) < 0 {
			best = g
		}
	}
	if best == nil {
		s.Origin = ""
		return nil
	}
	if s.Last != nil && cmp.Or(s.Last.Origin, s.Origin) != best.ID {
		s.Last = nil // an operation of another pool; if it is open it ends by itself, and no cooldown of this one runs from it
	}
	s.Origin, s.Making, s.Told = best.ID, nil, ""
	d.record("scaling.bound", Record{Group: best.ID, Pool: best.ID, Reason: fmt.Sprintf("the configured pool %s is group %q, at least %d and at most %d instances", s.Name, groupName(best.Group), s.Bounds.Min, s.Bounds.Max)})
	return d.s.Pool(best.ID)
}

// claims says whether a group may be the origin of a configured pool.
func (d *decider) claims(conf *scaling.Pool, g emr.Group) bool {
	if g.Role != conf.Role || d.env.Wrapped && g.Role == emr.Core {
		return false
	}
	if d.madeFor(conf, g) {
		return true
	}
	name := groupName(g)
	if len(conf.Groups) > 0 {
		return like(conf.Groups, name)
	}
	for i := range d.env.Scaling.Pools {
		if other := &d.env.Scaling.Pools[i]; other.Name != conf.Name && other.Role == conf.Role && (like(other.Groups, name) || d.madeFor(other, g)) {
			return false
		}
	}
	return true
}

func like(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return emr.Like(pattern, name) })
}

// groupName is the name people gave a group: of one that emrguard made for a configured pool, the pool's.
func groupName(g emr.Group) string {
	if name, token, ok := emr.ParseGroupName(g.Name); ok && token.Origin == configured {
		return name
	}
	return g.Name
}

// takeTicks defers the schedules that became due: only the newest of them, and none twice.
func (d *decider) takeTicks(conf *scaling.Pool, s *Scaled) {
	now := d.env.Now
	if !d.env.Trusted || d.env.Unread || now.Sub(d.s.Read) > d.env.Sweep+recentReads*d.env.Settings.Pace { // R11: no answer has shown this process lately that its clock is right
		if d.env.Trusted && !d.s.Read.IsZero() && slices.ContainsFunc(s.Ticks, func(t Tick) bool { return !t.Next.IsZero() && !now.Before(t.Next) }) {
			d.need(emr.ListInstanceGroups, "", now, ClassScaling)
		}
		return
	}
	s.Ticks = slices.DeleteFunc(s.Ticks, func(t Tick) bool {
		return !slices.ContainsFunc(conf.Schedules, func(c scaling.Schedule) bool { return c.Name == t.Schedule && c.Spec() == t.Spec && !c.Off })
	})
	if s.Deferred != nil && !slices.ContainsFunc(s.Ticks, func(t Tick) bool { return t.Schedule == s.Deferred.Schedule }) {
		d.record("scaling.dropped", Record{Pool: s.Origin, Reason: fmt.Sprintf("schedule %s of %s is no longer configured as it was when it was due", s.Deferred.Schedule, stamp(s.Deferred.Due))})
		s.Deferred = nil
	}
	for i := range conf.Schedules {
		sched := &conf.Schedules[i]
		if sched.Off {
			continue
		}
		at := slices.IndexFunc(s.Ticks, func(t Tick) bool { return t.Schedule == sched.Name })
		if at < 0 {
			s.Ticks = append(s.Ticks, Tick{Schedule: sched.Name, Spec: sched.Spec(), Next: sched.Next(now)})
			at = len(s.Ticks) - 1
		}
		tick := &s.Ticks[at]
		if !tick.Next.IsZero() && !now.Before(tick.Next) {
			due, ok := sched.Last(tick.Next.Add(-time.Second), now)
			if !ok {
				due = tick.Next
			}
			tick.Next = sched.Next(now)
			d.deferSchedule(s, sched.Name, due)
		}
		d.wakeAt(tick.Next)
	}
}

// deferSchedule notes a schedule that is due. Of several the one that was due last counts, and of those the one configured last.
func (d *decider) deferSchedule(s *Scaled, name string, due time.Time) {
	next := Deferred{Schedule: name, Due: due}
	if old := s.Deferred; old != nil {
		gone, why := *old, "which was due later"
		switch {
		case old.Due.After(due):
			gone, next = next, *old
		case old.Due.Equal(due):
			why = "which was due at the same time and is configured later"
		}
		d.record("scaling.superseded", Record{Pool: s.Origin, Reason: fmt.Sprintf("pool %s: schedule %s of %s gives way to %s, %s", s.Name, gone.Schedule, stamp(gone.Due), next.Schedule, why)})
	}
	s.Deferred = &next
}

// deferBy notes why the schedule that is due waits.
func (d *decider) deferBy(s *Scaled, why string) {
	if s.Deferred == nil {
		return
	}
	if s.Deferred.Reason == "" {
		d.record("scaling.deferred", Record{Pool: s.Origin, Reason: fmt.Sprintf("pool %s: schedule %s, due %s, waits: %s", s.Name, s.Deferred.Schedule, stamp(s.Deferred.Due), why)})
	}
	s.Deferred.Reason = why
}

// deferPolicy records that a policy asks for something that is not done now. It is judged again on data points from after the wait.
func (d *decider) deferPolicy(s *Scaled, p *pool.Pool, ask scaling.Ask, why string) {
	if told := ask.By + ": " + why; (ask.Kind == scaling.AskUp || ask.Kind == scaling.AskDown) && told != s.Told {
		s.Told = told // once for each cause, however often it is judged
		d.record("scaling.deferred", Record{Pool: p.Origin, Reason: fmt.Sprintf("pool %s: %s asks for %d and is not followed: %s", s.Name, ask.By, ask.Target, why), Data: map[string]any{"ask": ask}})
	}
}

// asks lists what the pool is asked for now.
func (d *decider) asks(conf *scaling.Pool, s *Scaled, p *pool.Pool) []scaling.Ask {
	var asks []scaling.Ask
	if ask, ok := scaling.BoundsAsk(p.Wanted, s.Bounds); ok && d.settled(s) {
		asks = append(asks, ask)
	}
	for i := range conf.Schedules {
		if sched := &conf.Schedules[i]; s.Deferred != nil && s.Deferred.Schedule == sched.Name && !sched.Off {
			asks = append(asks, conf.ScheduleAsk(sched, s.Deferred.Due, p.Wanted, s.Bounds))
		}
	}
	asks = append(asks, d.policyAsks(conf, s, p)...)
	for i := range asks {
		asks[i] = d.limit(p, asks[i])
	}
	return slices.DeleteFunc(asks, func(a scaling.Ask) bool {
		return a.Kind != scaling.AskSchedule && a.Target == p.Wanted && a.Bounds == s.Bounds
	})
}

// settled says whether the last operation is far enough back for the bounds to be enforced again: somebody else may keep changing the pool.
func (d *decider) settled(s *Scaled) bool {
	if s.Last == nil {
		return true
	}
	next := later(later(s.Last.At, s.Last.Done).Add(5*d.env.Settings.Pace), s.Last.Again)
	d.wakeAt(next)
	return !d.env.Now.Before(next)
}

// policyAsks judges the policies whose data points have come with this input.
func (d *decider) policyAsks(conf *scaling.Pool, s *Scaled, p *pool.Pool) []scaling.Ask {
	s.Verdicts = slices.DeleteFunc(s.Verdicts, func(v Verdict) bool { return conf.Policy(v.Policy) == nil })
	if d.s.Suspended != nil && !d.passive() {
		return nil // points that came for a termination policy; also when this very decision ends the suspension
	}
	var asks []scaling.Ask
	for _, pol := range conf.Policies() {
		v := verdict(&s.Verdicts, pol.Name, d.env.Now)
		if why := d.unreadable(pol.Condition); why != "" {
			v.At, v.Reason = d.env.Now, why
		}
		points, ok := d.points(pol.Condition)
		if !ok || d.env.Now.Before(d.policyDue(conf, s, pol.Policy, pol.Up)) {
			continue
		}
		j := pol.Judge(points, pol.Missing, d.env.Now, d.s.Resumed)
		*v = Verdict{Policy: pol.Name, At: d.env.Now, Newest: j.Newest, Holds: j.Holds, Missing: j.Missing, Reason: j.Reason}
		if !j.Holds {
			continue
		}
		ask, ok := conf.PolicyAsk(pol.Policy, pol.Up, p.Wanted, s.Bounds, j)
		if !ok {
			v.Reason = ask.Reason
			continue
		}
		asks = append(asks, ask)
	}
	return asks
}

// points returns a condition's data points if this input brought them.
func (d *decider) points(c scaling.Condition) ([]emr.Point, bool) {
	if d.metrics == nil {
		return nil, false
	}
	if _, ended := c.Window(d.env.Now); d.metrics.To.Before(ended.Add(-scaling.Late * c.Period)) {
		return nil, false // the answer was long on its way: periods that were not asked for are not missing
	}
	key := c.Series().Of(d.s.Cluster.ID).Key()
	i := slices.IndexFunc(d.metrics.Series, func(s MetricSeries) bool { return s.Metric.Key() == key && s.Err == nil })
	if i < 0 {
		return nil, false
	}
	return d.metrics.Series[i].Points, true
}

// policyDue is when a policy is judged next.
func (d *decider) policyDue(conf *scaling.Pool, s *Scaled, pol *scaling.Policy, up bool) time.Time {
	due, _ := d.s.PolicyDue(s, conf, pol, up, verdict(&s.Verdicts, pol.Name, d.env.Now).At)
	return due
}

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
		return "the cluster is " + string(d.s.Cluster.State) + "; groups can be changed in RUNNING and WAITING only"
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

// carryOut begins the scaling operation that was chosen. The record holds everything it was chosen from.
func (d *decider) carryOut(s *Scaled, p *pool.Pool, asks []scaling.Ask, chosen int, why []string) {
	ask, was := asks[chosen], p.Wanted
	s.Told = ""
	if ask.Bounds != s.Bounds {
		d.record("scaling.bounds", Record{Pool: p.Origin, Reason: fmt.Sprintf("pool %s: %d to %d by %s", s.Name, ask.Bounds.Min, ask.Bounds.Max, ask.By)})
		s.Bounds, s.BoundsBy = ask.Bounds, ask.By
	}
	data := map[string]any{"ask": ask, "others": others(asks, chosen, why), "wanted": was, "bounds": s.Bounds}
	var schedule Deferred // what is carried out, if it is one
	if ask.Kind == scaling.AskSchedule {
		schedule, s.Deferred = *s.Deferred, nil
		data["due"] = schedule.Due
	}
	if ask.Target == was {
		d.record("scaling.decided", Record{Pool: p.Origin, Reason: fmt.Sprintf("pool %s stays at %d: %s", s.Name, was, ask.Reason), Data: data})
		return
	}
	p.Wanted = ask.Target
	r := d.newRecovery(recovery.Scale, p, p.Origin, fmt.Sprintf("%s: from %d to %d: %s", ask.By, was, ask.Target, ask.Reason))
	r.From, r.Was, r.Delta = d.env.Now, was, ask.Target-was
	s.Last = &Operation{By: ask.By, Recovery: r.ID, From: was, To: ask.Target, At: d.env.Now, Schedule: schedule.Schedule, Due: schedule.Due, Origin: p.Origin}
	d.record("scaling.decided", Record{Pool: p.Origin, Recovery: r.ID, Reason: fmt.Sprintf("pool %s from %d to %d by %s: %s", s.Name, was, ask.Target, ask.By, ask.Reason), Data: data})
	d.begin(r)
	d.advanceOne(r.ID)
}

// others lists the asks that were not followed, with the reason.
func others(asks []scaling.Ask, chosen int, why []string) []map[string]any {
	var out []map[string]any
	for i := range asks {
		if i != chosen {
			out = append(out, map[string]any{"ask": asks[i], "why_not": why[i]})
		}
	}
	return out
}

// reconsider gives an operation of emrguard's own up that has not begun when the gate shuts, or takes long to begin: it was decided for a
// cluster that is no longer the same, and must not hold up the pool's repair. A schedule is deferred again.
func (d *decider) reconsider(s *Scaled, p *pool.Pool) {
	if s.Last == nil || p == nil {
		return
	}
	r := d.s.Recovery(s.Last.Recovery)
	if r == nil || r.Author != "" || d.begun(r) {
		return
	}
	why := d.gate(p, r.ID)
	if late := r.Opened.Add(longestBegin * r.Settings.Pace); why == "" && !d.env.Now.Before(late) {
		why = "it could not begin for " + d.env.Now.Sub(r.Opened).Round(time.Second).String()
	} else if why == "" {
		d.wakeAt(late)
		return
	}
	d.deferAgain(r)
	d.close(r, recovery.Withheld, "not begun: "+why)
}

// deferAgain lets the schedule of an operation that is undone wait again, unless a later one does.
func (d *decider) deferAgain(r *recovery.Recovery) {
	for i := range d.s.Scaling {
		if s := &d.s.Scaling[i]; s.Last != nil && s.Last.Recovery == r.ID && s.Last.Schedule != "" && s.Deferred == nil {
			s.Deferred = &Deferred{Schedule: s.Last.Schedule, Due: s.Last.Due}
		}
	}
}

// longestBegin is how long, in paces, an operation may take from its decision to its first call.
const longestBegin = 10

// begun says whether a scaling operation has sent a call.
func (d *decider) begun(r *recovery.Recovery) bool {
	return !r.Untouched() || d.s.Pending != nil && d.s.Pending.Recovery == r.ID
}

// giveWay ends the scaling operations on a pool that have not begun: one of its groups needs repair first.
func (d *decider) giveWay(p *pool.Pool) {
	for i := 0; i < len(d.s.Recoveries); {
		r := &d.s.Recoveries[i]
		if r.Pool == p.Origin && (r.Kind == recovery.Scale || r.Kind == recovery.Return) && !d.begun(r) {
			d.deferAgain(r)
			d.close(r, recovery.Withheld, "not begun: a group of the pool is stuck, and its repair comes first; give the order again afterwards")
			continue
		}
		i++
	}
}

// operationsDone books the end of the scaling operations whose resize is over: cooldowns run from here. Nothing suspends scaling now.
func (d *decider) operationsDone() {
	for i := range d.s.Scaling {
		if last := d.s.Scaling[i].Last; last != nil && last.Done.IsZero() && d.s.Recovery(last.Recovery) == nil {
			last.Done = d.env.Now
		}
	}
}

// wouldScale records what a scaling operation would do where nothing may be changed: each one once per ban time (rule R13).
func (d *decider) wouldScale(s *Scaled, p *pool.Pool, asks []scaling.Ask, chosen int, why []string) {
	ask := asks[chosen]
	due := time.Time{}
	if ask.Kind == scaling.AskSchedule {
		due, s.Deferred = s.Deferred.Due, nil
	}
	if w := s.Would; due.IsZero() && w != nil && w.By == ask.By && w.To == ask.Target && d.env.Now.Before(w.Until) {
		return
	}
	s.Would = &WouldScale{By: ask.By, To: ask.Target, Until: d.env.Now.Add(d.env.Settings.Ban)}
	data := map[string]any{"ask": ask, "others": others(asks, chosen, why), "wanted": p.Wanted, "bounds": s.Bounds}
	change := fmt.Sprintf("go from %d to %d", p.Wanted, ask.Target)
	if ask.Target == p.Wanted {
		change = fmt.Sprintf("stay at %d", p.Wanted)
	}
	text := fmt.Sprintf("pool %s: would %s by %s: %s (%s)", s.Name, change, ask.By, ask.Reason, cmp.Or(d.s.Withheld, d.env.Why))
	if reasons := d.suspensions(""); len(reasons) > 0 {
		text = fmt.Sprintf("%s; it would wait: %s", text, strings.Join(reasons, "; "))
	}
	d.record("would.scale", Record{Pool: p.Origin, Reason: text, Data: data})
}
