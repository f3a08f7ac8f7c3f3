package simtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// operation is one scaling operation.
type operation struct {
	pool   string // the configured one; empty: none
	origin emr.GroupID
	tick   tick // of a schedule
	first  bool // a call was written down
}

// tick is one time of a schedule.
type tick struct {
	pool, schedule string
	due            int64 // Unix
}

// booked compares two documents in a row: bounds, the first calls of operations, and what became of configured pools.
func (x *watched) booked(before *guard.State) {
	for name := range x.ended {
		if x.doc().Scaled(name) == nil {
			delete(x.ended, name)
			delete(x.moving, name) // it is configured no more, and forgotten
		}
	}
	for _, s := range x.doc().Scaling {
		if s.Bounds.Min > s.Bounds.Max {
			x.violate("bounds", "pool %s has bounds %d to %d", s.Name, s.Bounds.Min, s.Bounds.Max)
		}
		if old := before.Scaled(s.Name); old != nil && old.Bounds != s.Bounds && (old.Config == s.Config || s.Bounds != s.Config) && !x.sets(&s, old.Bounds) && (old.Config == s.Config || !x.sets(&s, s.Config)) {
			x.violate("bounds", "pool %s goes from %v to %v by %q, which sets others", s.Name, old.Bounds, s.Bounds, s.BoundsBy)
		}
		if p := x.conf().Pool(s.Name); p != nil && x.doc().Ended.IsZero() && (s.Config != scaling.Bounds{Min: p.Min, Max: p.Max}) {
			x.violate("bounds", "pool %s follows bounds %v of a configuration that has %d to %d", s.Name, s.Config, p.Min, p.Max)
		}
	}
	for _, r := range x.doc().Recoveries {
		if _, ok := x.opened[r.ID]; !ok {
			x.opened[r.ID] = x.now()
		}
	}
	if p := x.doc().Pending; p != nil && (before.Pending == nil || before.Pending.ID != p.ID) && p.Recovery != "" && !x.begun[p.Recovery] {
		x.begun[p.Recovery], x.firsts[p.ID] = true, true
		if op := x.ops[p.Recovery]; op != nil && op.tick.schedule != "" && !op.first {
			x.carried(op.tick)
			x.rescheduled = x.now()
		}
		if op := x.ops[p.Recovery]; op != nil {
			op.first = true
		}
	}
}

// sets says whether the schedule or policy that is said to have set a pool's bounds sets these.
func (x *watched) sets(s *guard.Scaled, old scaling.Bounds) bool {
	p := x.conf().Pool(s.Name)
	if p == nil {
		return false
	}
	kind, name, _ := strings.Cut(s.BoundsBy, " ")
	var low, high *int
	switch kind {
	case "schedule":
		i := slices.IndexFunc(p.Schedules, func(c scaling.Schedule) bool { return c.Name == name })
		if i < 0 {
			return false
		}
		low, high = p.Schedules[i].Min, p.Schedules[i].Max
	case "policy":
		pol := p.Policy(name)
		if pol == nil || pol.Action.Type != scaling.UpdateCapacity {
			return false
		}
		low, high = pol.Action.Min, pol.Action.Max
	}
	want := old
	if low != nil {
		want.Min = *low
	}
	if high != nil {
		want.Max = *high
	}
	if want.Min > want.Max && high == nil {
		want.Max = want.Min
	} else if want.Min > want.Max {
		want.Min = want.Max
	}
	return s.Bounds == want
}

// carried books that the time of a schedule was carried out.
func (x *watched) carried(t tick) {
	if x.done[t]++; x.done[t] > 1 {
		x.violate("schedule", "schedule %s of pool %s, due %s, is carried out a second time; the first was at %s", t.schedule, t.pool, clock(t.due), x.when[t].Format(time.TimeOnly))
	}
	x.when[t] = x.now()
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateTime) }

// record reads what was written down of scaling.
func (x *watched) record(r store.Record) {
	switch r.Kind {
	case "scaling.decided":
		x.scalingDecided(r)
	case "scaling.resumed":
		x.resumed = x.now()
		clear(x.moving) // what they changed is done, or is no longer waited for
		if why := x.resizing(); why != "" && x.doc().Ended.IsZero() {
			x.violate("I4", "scaling is resumed while %s", why)
		}
	case "order.scale":
		if s := x.scaledOf(emr.GroupID(r.Pool)); s != nil && s.Last != nil {
			x.ops[s.Last.Recovery] = &operation{pool: s.Name, origin: emr.GroupID(r.Pool)}
		}
	case "termination.notice":
		x.notice, x.noticed = x.now(), x.conf().Termination
	case "termination.withdrawn", "termination.held":
		x.notice = time.Time{}
	default:
		op := x.ops[r.Recovery]
		if op != nil && r.Kind == "recovery.withheld" && op.first && !x.effective(r.Recovery) {
			x.done[op.tick]-- // EMR did nothing of what was sent, and the schedule waits again
		}
		if op != nil && r.Kind == "recovery.completed" && !op.first && op.tick.schedule != "" {
			x.carried(op.tick) // the pool asked for as many already, for example since a release was not carried out
		}
		if op != nil && strings.HasPrefix(r.Kind, "recovery.") && r.Kind != "recovery.step" && x.doc().Recovery(r.Recovery) == nil {
			x.over(r.Recovery, op)
		}
	}
}

// effective says whether a group has its requested count by a call of a recovery.
func (x *watched) effective(recovery string) bool {
	for _, b := range x.groups {
		if b.holder == recovery {
			return true
		}
	}
	return false
}

func (x *watched) over(id string, op *operation) {
	delete(x.ops, id)
	if op.pool != "" && x.doc().Scaled(op.pool) != nil { // else it is configured no more, and forgotten with the same document
		x.ended[op.pool], x.moving[op.pool] = x.now(), true
	}
}

func (x *watched) scaledOf(origin emr.GroupID) *guard.Scaled {
	for i := range x.doc().Scaling {
		if x.doc().Scaling[i].Origin == origin {
			return &x.doc().Scaling[i]
		}
	}
	return nil
}

// scalingDecided checks one decision of emrguard's own.
func (x *watched) scalingDecided(r store.Record) {
	var data struct {
		Ask    scaling.Ask `json:"ask"`
		Wanted int         `json:"wanted"`
		Due    time.Time   `json:"due"`
	}
	if err := json.Unmarshal(r.Data, &data); err != nil {
		panic(err)
	}
	s := x.scaledOf(emr.GroupID(r.Pool))
	if s == nil {
		x.violate("scaling", "%s is decided for no configured pool: %s", r.ID, r.Reason)
		return
	}
	conf := x.conf().Pool(s.Name)
	managed := x.managed && x.managedAt.Before(x.now()) // what is answered at the same moment may be decided on next
	if conf == nil || x.rule().Mode != guard.Enforce || x.o.w.o.DryRun || managed {
		x.violate("R13", "%s is decided where nothing may be changed, or for a pool that is not configured", r.Reason)
		return
	}
	ask := data.Ask
	low, high := s.Bounds.Min, s.Bounds.Max
	if most := x.conf().MaxInstances; most > 0 && ask.Target >= data.Wanted && ask.Target < low {
		low = ask.Target // what the cluster may have beside the others
	}
	if ask.Target < low || ask.Target > high {
		x.violate("bounds", "pool %s is to want %d, its bounds are %d to %d (%s)", s.Name, ask.Target, s.Bounds.Min, s.Bounds.Max, r.Reason)
	}
	kind, name, _ := strings.Cut(ask.By, " ")
	switch kind {
	case "schedule":
		x.scheduled(r, s, conf, name, data.Due)
	case "policy":
		x.judged(r, s, conf, name, ask, data.Wanted)
	default:
		if data.Wanted >= s.Bounds.Min && data.Wanted <= s.Bounds.Max {
			x.violate("bounds", "pool %s wants %d, which is within %d to %d: %s", s.Name, data.Wanted, s.Bounds.Min, s.Bounds.Max, r.Reason)
		}
	}
	if r.Recovery == "" {
		return
	}
	op := &operation{pool: s.Name, origin: s.Origin}
	if kind == "schedule" {
		op.tick = tick{s.Name, name, data.Due.Unix()}
	}
	if x.doc().Recovery(r.Recovery) == nil {
		x.ended[s.Name], op.pool = x.now(), "" // decided and over at once
	}
	x.ops[r.Recovery] = op
}

// scheduled checks the decision of a schedule.
func (x *watched) scheduled(r store.Record, s *guard.Scaled, conf *scaling.Pool, name string, due time.Time) {
	i := slices.IndexFunc(conf.Schedules, func(c scaling.Schedule) bool { return c.Name == name })
	switch {
	case i < 0 || conf.Schedules[i].Off:
		x.violate("schedule", "%s: pool %s has no such schedule", r.Reason, s.Name)
	case !conf.Schedules[i].Next(due.Add(-time.Second)).Equal(due) && due.After(x.settings[len(x.settings)-1].from): // else it waited while its times were changed
		x.violate("schedule", "%s: schedule %s is not due at %s", r.Reason, conf.Schedules[i].Cron, due)
	case due.After(x.now().Add(time.Second)):
		x.violate("schedule", "%s: it is due at %s only", r.Reason, due)
	}
	if r.Recovery == "" {
		x.carried(tick{s.Name, name, due.Unix()})
	}
}

// late checks that every time of a schedule from after a moment was carried out, or a later one of its pool, within a while.
func (x *watched) late(since time.Time, bound time.Duration) {
	for i := range x.conf().Pools {
		p := &x.conf().Pools[i]
		if s := x.doc().Scaled(p.Name); s == nil || x.doc().Pool(s.Origin) == nil {
			continue
		}
		for j := range p.Schedules {
			sched := &p.Schedules[j]
			for due := sched.Next(since); !sched.Off && due.Before(x.now().Add(-bound)); due = sched.Next(due) {
				if !x.met(p.Name, due, bound) {
					x.violate("schedule", "schedule %s of pool %s, due %s, was not carried out within %s", sched.Name, p.Name, clock(due.Unix()), bound)
					return
				}
			}
		}
	}
}

func (x *watched) met(name string, due time.Time, bound time.Duration) bool {
	for t, at := range x.when {
		if t.pool == name && t.due >= due.Unix() && !at.After(due.Add(bound)) {
			return true
		}
	}
	return false
}

// calm lists what does not hold although nothing disturbs the cluster: the pools want something outside their bounds, or an operation is open.
func (x *watched) calm() []string {
	var out []string
	for i := range x.doc().Scaling {
		s := &x.doc().Scaling[i]
		p := x.doc().Pool(s.Origin)
		if p == nil {
			continue
		}
		if p.Wanted > s.Bounds.Max || p.Wanted < s.Bounds.Min && x.conf().MaxInstances == 0 {
			out = append(out, fmt.Sprintf("pool %s wants %d, its bounds are %d to %d", s.Name, p.Wanted, s.Bounds.Min, s.Bounds.Max))
		}
		if s.Deferred != nil {
			out = append(out, fmt.Sprintf("pool %s: schedule %s of %s waits: %s", s.Name, s.Deferred.Schedule, s.Deferred.Due.Format(time.TimeOnly), cmp.Or(s.Deferred.Reason, "it was not tried")))
		}
	}
	return out
}
