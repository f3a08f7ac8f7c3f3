package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
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
		why = "it could not begin for " + phrase.Duration(d.env.Now.Sub(r.Opened).Round(time.Second))
	} else if why == "" {
		d.wakeAt(late)
		return
	}
	d.deferAgain(r)
	d.close(r, recovery.Withheld, "not begun: "+why)
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
