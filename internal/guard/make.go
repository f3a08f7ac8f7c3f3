package guard

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// configured is what the token in the name of a group that was made for a configured pool says instead of an origin: the group is one.
const configured = "configured"

// Making is a group on its way for a configured pool that the cluster has none for. It is made empty, and filled like any other: so a
// second group, of a call that lands late, costs a slot and no instance (rule R7).
type Making struct {
	Name    string      `json:"name"` // carries the token
	Count   int         `json:"count,omitempty"`
	At      time.Time   `json:"at"`                // when the call was sent
	Group   emr.GroupID `json:"group,omitempty"`   // EMR's answer
	Unknown bool        `json:"unknown,omitempty"` // the answer is missing
	Wait    time.Time   `json:"wait,omitzero"`     // Unknown: not made again before; until then a late call may make one with instances, or another owner's may land
	Absent  time.Time   `json:"absent,omitzero"`   // Unknown: the first usable read that did not show it
	Refused string      `json:"refused,omitempty"` // why EMR refused it
	Until   time.Time   `json:"until,omitzero"`    // Refused: not tried again before
	Would   bool        `json:"would,omitempty"`   // observe: it was recorded
}

// makeGroup makes the group of a configured pool that the cluster has none for.
func (d *decider) makeGroup(conf *scaling.Pool, s *Scaled) {
	if conf.Group == nil || d.s.Read.IsZero() || d.s.Unusable != nil {
		return
	}
	if s.Making == nil {
		s.Making = &Making{}
	}
	m := s.Making
	switch {
	case d.passive():
		if !m.Would {
			m.Would = true
			d.record("would.make", Record{Reason: fmt.Sprintf("the cluster has no group for pool %s: would make one of %s, empty (%s)", s.Name, conf.Group.InstanceType, cmp.Or(d.s.Withheld, d.env.Why))})
		}
		return
	case m.Group != "":
		d.awaitMade(s)
		return
	case m.Unknown && !d.absent(m):
		return
	case m.Refused != "" && d.env.Now.Before(m.Until):
		d.wakeAt(m.Until)
		return
	case d.paused() != "" || !d.env.Trusted || d.inFlight() || len(d.suspensions("")) > 0:
		return
	}
	if !d.confirmed() {
		return
	}
	if free := d.freeSlots(d.env.Settings); free <= 0 {
		m.Refused, m.Until = "no task group slot of the cluster is free beyond reserve_slots", d.env.Now.Add(d.env.Settings.Ban)
		d.record("scaling.unmade", Record{Reason: fmt.Sprintf("pool %s: %s", s.Name, m.Refused)})
		return
	}
	if !d.env.Add {
		d.lack(emr.AddInstanceGroups)
		return
	}
	d.sendMake(conf, s)
}

// awaitMade looks for the group that EMR has confirmed, for a while at the pace. One that no read shows then is reported and not made again: it is
// there for ever.
func (d *decider) awaitMade(s *Scaled) {
	m, pace := s.Making, d.env.Settings.Pace
	if d.env.Now.Before(m.At.Add(longestShow * pace)) {
		d.need(emr.ListInstanceGroups, "", d.s.Read.Add(pace), ClassScaling)
		return
	}
	if m.Refused == "" {
		m.Refused = fmt.Sprintf("EMR made %s at %s, and no read shows it", m.Group, stamp(m.At))
		d.record("scaling.unmade", Record{Group: m.Group, Reason: fmt.Sprintf("pool %s: %s; it is looked for with every sweep", s.Name, m.Refused)})
	}
}

// longestShow is how long, in paces, a group that EMR has confirmed is looked for at the pace.
const longestShow = 60

// absent says whether two usable reads a pace apart do not show the group whose answer is missing (rule R7).
func (d *decider) absent(m *Making) bool {
	pace := d.env.Settings.Pace
	if !d.s.Read.After(m.At) {
		d.need(emr.ListInstanceGroups, "", m.At.Add(pace/3), ClassScaling)
		return false
	}
	if d.s.Read.Before(m.Wait) { // it may show long before it may be made again
		d.need(emr.ListInstanceGroups, "", d.s.Read.Add(pace), ClassScaling)
		return false
	}
	if m.Absent.IsZero() {
		m.Absent = d.s.Read
	}
	if second := m.Absent.Add(pace); d.s.Read.Before(second) {
		d.need(emr.ListInstanceGroups, "", second, ClassScaling)
		return false
	}
	return true
}

// confirmed says whether everything that comes before a first write (rule R4) was read a moment ago, and asks for what was not. It says no
// where somebody else turned out to be in charge, too.
func (d *decider) confirmed() bool {
	pace := d.env.Settings.Pace
	recent := d.env.Now.Add(-recentReads * pace)
	ok := true
	ask := func(op emr.Op, good bool) {
		if !good {
			d.need(op, "", d.env.Now, ClassScaling)
			ok = false
		}
	}
	ask(emr.DescribeCluster, !d.s.Described.Before(recent))
	ask(emr.GetManagedScalingPolicy, !d.s.ManagedAt.Before(recent))
	if ok {
		ask(emr.ListInstanceGroups, !d.env.Unread && !d.s.Read.Before(d.s.LastWrite) && recovery.Fresh(d.s.Read, d.s.ReadEnded, d.env.Now, pace))
	}
	return ok && d.s.Cluster.State.Modifiable() && !d.passive()
}

// recentReads is how old, in paces, the reads before a first write may be.
const recentReads = 5

func (d *decider) sendMake(conf *scaling.Pool, s *Scaled) {
	m, again := s.Making, s.Making.Unknown
	if m.Name == "" {
		d.s.Seq++
		id := "c" + strconv.FormatInt(d.env.Now.Unix(), 36) + "-" + strconv.FormatInt(d.s.Seq, 36)
		name, err := emr.GroupName(conf.Name, emr.Token{Store: d.env.Store, Cluster: d.s.Cluster.ID, Origin: configured, Recovery: id})
		if err != nil { // the parts of a token are words of ours
			m.Refused, m.Until = err.Error(), d.env.Now.Add(d.env.Settings.Ban)
			return
		}
		m.Name = name
	}
	m.At, m.Unknown, m.Wait, m.Absent, m.Refused, m.Until = d.env.Now, false, time.Time{}, time.Time{}, "", time.Time{}
	config := emr.GroupConfig{Name: m.Name, Role: emr.Task, Market: cmp.Or(conf.Group.Market, emr.OnDemand), BidPrice: conf.Group.BidPrice,
		InstanceType: conf.Group.InstanceType, Count: m.Count, Volumes: conf.Group.Volumes}
	reason := fmt.Sprintf("the cluster has no group for pool %s: make one with %s", s.Name, phrase.Count(m.Count, "instance"))
	if again {
		reason = fmt.Sprintf("two reads a pace apart do not show the group of pool %s whose answer is missing: make it again", s.Name)
	}
	d.dispatch(Call{Purpose: ForMake, Call: emr.Call{Op: emr.AddInstanceGroups, Config: &config}, Reason: reason}, "", map[string]any{"pool": s.Name})
}

// makeAnswered books what became of a group for a configured pool.
func (d *decider) makeAnswered(c *Call, in Answer) {
	s := d.making(c)
	if s == nil {
		return
	}
	m := s.Making
	switch {
	case in.Err == nil && in.Added != "":
		m.Group = in.Added
	case in.Err == nil || in.Err.OutcomeUnknown():
		m.Unknown = true
		if m.Count > 0 { // a twin would not be empty
			m.Wait = d.env.Now.Add(recovery.LandsWithin)
		}
	case passing(in.Err):
	case in.Err.Class == emr.Invalid && m.Count == 0:
		m.Count = 1 // should EMR not take an empty group
	default:
		m.Refused, m.Until = in.Err.Error(), d.env.Now.Add(d.env.Settings.Ban)
		d.record("scaling.unmade", Record{Reason: fmt.Sprintf("pool %s has no group, and EMR refused to make one: %s; tried again at %s", s.Name, m.Refused, stamp(m.Until))})
	}
}

// making returns the configured pool whose group a call was to make, or nil.
func (d *decider) making(c *Call) *Scaled {
	for i := range d.s.Scaling {
		if m := d.s.Scaling[i].Making; m != nil && c.Call.Config != nil && m.Name == c.Call.Config.Name {
			return &d.s.Scaling[i]
		}
	}
	return nil
}

// madeFor says whether a group was made for a configured pool.
func (d *decider) madeFor(conf *scaling.Pool, g emr.Group) bool {
	name, token, ok := emr.ParseGroupName(g.Name)
	return ok && token.Origin == configured && name == conf.Name
}

// notMade says why the cluster has no group for a configured pool.
func (d *decider) notMade(conf *scaling.Pool, s *Scaled) string {
	switch {
	case conf.Group == nil:
		return fmt.Sprintf("the cluster has no %s group that can be pool %s, and the configuration names none to make", conf.Role, s.Name)
	case s.Making != nil && s.Making.Refused != "":
		return s.Making.Refused
	}
	if reasons := d.suspensions(""); len(reasons) > 0 {
		return "scaling is suspended: " + strings.Join(reasons, "; ")
	}
	return ""
}
