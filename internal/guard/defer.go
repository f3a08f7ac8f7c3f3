package guard

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

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

// deferAgain lets the schedule of an operation that is undone wait again, unless a later one does.
func (d *decider) deferAgain(r *recovery.Recovery) {
	for i := range d.s.Scaling {
		if s := &d.s.Scaling[i]; s.Last != nil && s.Last.Recovery == r.ID && s.Last.Schedule != "" && s.Deferred == nil {
			s.Deferred = &Deferred{Schedule: s.Last.Schedule, Due: s.Last.Due}
		}
	}
}
