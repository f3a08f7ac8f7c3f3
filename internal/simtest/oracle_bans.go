package simtest

import (
	"encoding/json"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/store"
)

// banned is the oracle's own account of a group's ban.
type banned struct {
	until  time.Time
	before time.Time // what stood before the last stop, until that one is known to have happened
	by     string    // the stop
	lifted string    // the stop that was written down and not sent yet when somebody lifted the ban

	ends []time.Time // of the bans in the history, as far as it does not tell that they are over or were lifted by hand
}

// clockSlack is how far the clock of a process may be from the true time while it acts (R11), and a second for its resolution.
const clockSlack = 61 * time.Second

// bans books the ban that follows from a stop that is about to be sent, unless somebody lifted it between the two: orders are taken in the step that
// writes the stop down, before that sends it.
func (x *watched) bans(c *sentCall) {
	r := x.doc().Recovery(c.pending.Recovery)
	b := x.groups[c.call.Group]
	if c.pending.Purpose != guard.ForStop || r == nil || b == nil || !r.Kind.Bans() || !r.Stopped.Equal(r.Sent) {
		return
	}
	if b.ban.lifted == c.pending.ID {
		return
	}
	b.ban.before, b.ban.by = b.ban.until, c.pending.ID
	b.ban.until = later(b.ban.until, c.at.Add(r.Settings.Ban))
	if m := x.doc().PoolOf(c.call.Group).Member(c.call.Group); m.Ban == nil || m.Ban.Until.Sub(b.ban.until).Abs() > clockSlack {
		x.violate("R9", "%s: the ban ends at %s; the document has %+v", c.call, b.ban.until.Format(time.DateTime), m.Ban)
	}
}

// unbanned takes back a ban whose stop did not happen.
func (x *watched) unbanned(c *sentCall, err *emr.Error) {
	if b := x.groups[c.call.Group]; b != nil && b.ban.by == c.pending.ID && err != nil && !err.OutcomeUnknown() {
		b.ban.until, b.ban.by = b.ban.before, ""
	}
}

// bannedByHand takes what somebody ordered.
func (x *watched) bannedByHand(r store.Record) {
	b := x.groups[emr.GroupID(r.Group)]
	var data struct {
		Order guard.Order `json:"order"`
	}
	if b == nil || json.Unmarshal(r.Data, &data) != nil {
		return
	}
	switch data.Order.Kind {
	case guard.OrderBan:
		b.ban = banned{until: later(b.ban.until, x.now().Add(time.Duration(data.Order.For))), ends: append(b.ban.ends, r.At.Add(time.Duration(data.Order.For)))}
	case guard.OrderUnban:
		b.ban = banned{}
		if p := x.doc().Pending; p != nil && p.Call.Group == emr.GroupID(r.Group) {
			b.ban.lifted = p.ID
		}
	}
}

// banSet takes the record of a ban that follows from a stop.
func (x *watched) banSet(r store.Record) {
	var data struct{ Until time.Time }
	if b := x.groups[emr.GroupID(r.Group)]; b != nil && json.Unmarshal(r.Data, &data) == nil {
		b.ban.ends = append(b.ban.ends, data.Until)
	}
}

// banOver checks the record of a ban's end (R9): it is of a ban that the history told, was not lifted by hand, is over, and was not told to be before; and its
// cluster is there.
func (x *watched) banOver(r store.Record) {
	var data struct{ Until time.Time }
	b := x.groups[emr.GroupID(r.Group)]
	if b == nil || json.Unmarshal(r.Data, &data) != nil {
		x.violate("R9", "the end of a ban of %s, which is unknown, is told with %s", r.Group, r.Data)
		return
	}
	i := slices.IndexFunc(b.ban.ends, data.Until.Equal)
	var stands *pool.Ban // unless this decision set another, too
	if p := x.doc().PoolOf(emr.GroupID(r.Group)); p != nil {
		stands = p.Member(emr.GroupID(r.Group)).Ban
	}
	switch {
	case i < 0:
		x.violate("R9", "%s: the end of a ban at %s is told, and no ban that the history knows of ended then; %d others are to end", r.Group, data.Until.Format(time.DateTime), len(b.ban.ends))
		return
	case r.At.Before(data.Until), stands != nil && r.At.Before(stands.Until) && !stands.From.Equal(r.At):
		x.violate("R9", "%s: the end of a ban is told at %s, and it is banned until %s", r.Group, r.At.Format(time.DateTime), data.Until.Format(time.DateTime))
	case !x.doc().Ended.IsZero():
		x.violate("R9", "%s: the end of a ban is told, and the cluster ended at %s", r.Group, x.doc().Ended.Format(time.DateTime))
	}
	b.ban.ends = slices.Delete(b.ban.ends, i, i+1)
}

// bansTold checks that a decision on a read from after the end of a ban told that end (R9), however long nobody had looked. The ban is the document's: a stop that
// did not happen takes its own back.
func (x *watched) bansTold(r reading) {
	if !x.doc().Ended.IsZero() || x.doc().Unusable != nil || x.o.skewed() {
		return
	}
	for _, p := range x.doc().Pools {
		for _, m := range p.Members {
			b, g := x.groups[m.Group], x.doc().Group(m.Group)
			if b == nil || g == nil || g.State.Ended() || m.Ban == nil || !r.began.After(m.Ban.Until.Add(clockSlack)) || !slices.ContainsFunc(b.ban.ends, m.Ban.Until.Equal) {
				continue
			}
			x.violate("R9", "%s: the ban ended at %s, and a read at %s told nobody", m.Group, m.Ban.Until.Format(time.DateTime), r.began.Format(time.DateTime))
		}
	}
}

// launched checks I3 for a launch on a group.
//
// I3: no call raises a banned group above the highest count of running and starting instances of the last two paces. The bans are the oracle's
// own: a stop of a stuck resize bans the group from its sending on, for the `ban` of its recovery, unless EMR refused it; a person bans and
// unbans by an order that was accepted. The last minute of a ban is left out, since the clock of a process may be so far from the true time.
func (x *watched) launched(c *sentCall) {
	b := x.groups[c.call.Group]
	if b == nil || !c.at.Before(b.ban.until.Add(-clockSlack)) || c.call.Count <= b.Requested {
		return
	}
	highest := b.Running + b.Starting
	since := c.at.Add(-2 * x.rule().Settings.Pace)
	for i, v := range b.views {
		if i+1 == len(b.views) || b.views[i+1].At.After(since) {
			highest = max(highest, v.Running+v.Starting)
		}
	}
	for _, r := range x.seen[c.call.Group] {
		if !r.at.Before(since) {
			highest = max(highest, r.running)
		}
	}
	if c.call.Count > highest {
		x.violate("I3", "%s raises a group that is banned until %s, where %d run or start", c.call, b.ban.until.Format(time.TimeOnly), highest)
	}
}
