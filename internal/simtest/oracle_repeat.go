package simtest

import (
	"context"
	"maps"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// foreignWait is how long a call of another owner may still take effect: AWS refuses older signatures (R7).
const foreignWait = 5 * time.Minute

// repeated checks I7 for an AddInstanceGroups that is about to be sent, by the token in its name.
//
// I7, launches: nothing launches a second time. AddInstanceGroups of a recovery asks for instances once: while the answer to an earlier one is
// missing, or says that it took effect, another asks for 0; it follows two usable reads a pace apart, begun after the earlier one was sent, that
// do not show the group; and if the earlier one was another process's, which died or lost the scope before it had an answer, five minutes. No crash and no change of owner makes a difference. What a
// launch on a member asks for is bounded by I2 and I3. Where EMR refuses such a repeat, an empty group for instance, the recovery goes on to its
// next candidate; what the earlier call made all the same is a twin, and I5 says that it is released.
func (x *watched) repeated(c *sentCall) {
	if c.call.Config == nil || c.pending.Purpose != guard.ForAdd {
		return
	}
	name := c.call.Config.Name
	var before *sentCall // whose group may be there
	for _, o := range x.adds {
		switch {
		case o.call.Config.Name != name:
		case o.refused:
			before = nil
		case before == nil:
			before = o
		}
	}
	x.adds = append(x.adds, c)
	if before == nil {
		return
	}
	known, pace := before.at, x.rule().Settings.Pace
	if r := x.doc().Recovery(c.pending.Recovery); r != nil {
		pace = r.Settings.Pace // it ends under the settings with which it began
	}
	first := slices.IndexFunc(x.reads, func(at time.Time) bool { return at.After(known) })
	switch {
	case c.call.Config.Count > 0:
		x.violate("I7", "%s asks for instances that the call of %s may have launched", c.call, before.at.Format(time.TimeOnly))
	case first < 0 || x.reads[len(x.reads)-1].Sub(x.reads[first]) < pace:
		x.violate("I7", "%s repeats the call of %s before two reads a pace apart could show its group", c.call, before.at.Format(time.TimeOnly))
	case before.process != c.process && before.told.IsZero() && c.at.Before(before.at.Add(foreignWait)):
		x.violate("I7", "%s repeats the call that another process sent at %s", c.call, before.at.Format(time.TimeOnly))
	}
	for _, id := range x.ids() {
		if x.shown[id].Name == name {
			x.violate("I7", "%s although the last read shows %s", c.call, id)
		}
	}
}

// owner checks I7 for a change that is about to be sent: it leaves only while its process owns the scope.
//
// I7, owners: a change leaves only while the lease in the store is its sender's and has not lapsed. What a clock that is wrong by more than
// the margin of the trust makes of that cannot be helped: then nothing is checked.
func (o *oracle) owner(p *Process, c emr.Call) {
	if o.clockWrong() {
		return
	}
	leases, err := o.w.o.Store.Leases(context.Background())
	i := slices.IndexFunc(leases, func(l store.Lease) bool { return l.Scope == ScopeName })
	if err != nil || i < 0 {
		o.violate("I7", "%s is sent by %s, and nobody owns the scope: %v", c, p.name, err)
		return
	}
	if l := leases[i]; l.Owner != p.name || !o.time.Add(p.Ahead).Before(l.Expires) {
		o.violate("I7", "%s is sent by %s, and the scope is owned by %q until %s", c, p.name, l.Owner, l.Expires.Format(time.TimeOnly))
	}
}

// clockWrong says whether a process's clock is wrong by more than the margin of its lease.
func (o *oracle) clockWrong() bool {
	return slices.ContainsFunc(o.w.procs, func(p *Process) bool { return p.Ahead.Abs() > leaseMargin })
}

// leaseMargin is how much earlier than its lease the trust of an owner ends.
const leaseMargin = 5 * time.Second

// twinned are two new groups of one recovery that both have instances.
type twinned struct {
	one, other emr.GroupID
	fills      bool // since they came to have instances, or a member was stopped, no more is asked for of the pool than people may want: nothing is to be given up
	reads      int  // right ones that showed both, a pace apart
	counted    time.Time
}

// twinReads is how many reads may show instances in both before those of one have to be released.
const twinReads = 10

// twins checks I5 after a read whose decision was saved.
//
// I5: a recovery leaves instances in one new group. A call that took effect late may make a twin with instances (R7), which are released: ten
// right reads a pace apart, while everything runs that is asked for and nothing holds the pool or its cluster, may show both. A twin that gives a pool
// what it missed, since no other place was found for it, is kept. So is one beside which another member missed as many, which hold its release up (R10), if
// that one gets stuck and its stop leaves the pool asked for no more than people want.
func (x *watched) twins(r reading) {
	for _, key := range slices.Sorted(maps.Keys(x.twin)) {
		t := x.twin[key]
		one, other := x.groups[t.one], x.groups[t.other]
		if !x.double(one, other) {
			delete(x.twin, key)
			continue
		}
		if t.fills || !x.whole(one.origin) || x.repaired(one) {
			t.reads = 0
			continue
		}
		if r.began.Sub(t.counted) < x.rule().Settings.Pace {
			continue
		}
		if t.reads, t.counted = t.reads+1, r.began; t.reads == twinReads {
			x.violate("I5", "recovery %s has instances in %s and in %s", key, t.one, t.other)
		}
	}
}

// double says whether two groups of one recovery both have instances that its own calls asked for.
func (x *watched) double(a, b *groupBook) bool {
	return a.maker != "" && a.maker == b.maker && a.Requested > 0 && b.Requested > 0 && a.holder == a.maker && b.holder == b.maker
}

// twinOf notes a group that has instances beside another of its recovery.
func (x *watched) twinOf(b *groupBook) {
	if b.maker == "" || b.Requested == 0 {
		return
	}
	for _, id := range x.groupIDs() {
		if o := x.groups[id]; o != b && x.double(o, b) && x.twin[b.maker] == nil {
			p := x.wants[b.origin]
			x.twin[b.maker] = &twinned{one: id, other: emr.GroupID(b.Group), fills: p != nil && x.sum(b.origin, "") <= p.high}
		}
	}
}

// stopped notes that a stop leaves a group with a count: its pool may have nothing to give up any more.
func (x *watched) stopped(b *groupBook, count int) {
	p := x.wants[b.origin]
	if p == nil || x.sum(b.origin, emr.GroupID(b.Group))+count > p.high {
		return
	}
	for _, t := range x.twin { //archtest:sorted each by itself
		t.fills = t.fills || x.groups[t.one].origin == b.origin
	}
}

// endedNode checks I6 by the truth.
//
// I6, in truth: a call that stops, keeps or launches ends no instance that ran when the last read before it began, if that read showed the group
// as it was: of the instances that end because of it there are no more than arrived after that read began. Which of them EMR ends is its own
// choice, and what it does with instances that arrive after a stop a setting.
func (x *watched) endedNode(e emrsim.End, c *sentCall) {
	b := x.groups[emr.GroupID(e.Group)]
	if c == nil || b == nil || e.Why != emrsim.EndedByResize || !c.right {
		return
	}
	c.ended++
	if c.ended <= b.arrived-c.arrived {
		return
	}
	switch c.pending.Purpose {
	case guard.ForStop, guard.ForKeep, guard.ForLaunch, guard.ForAdd:
		x.violate("I6", "%s of %s ends %s, which runs since %s and ran when the read of %s began", c.call, c.at.Format(time.TimeOnly), e.EC2, e.Ready.Format(time.TimeOnly), c.read.Format(time.TimeOnly))
	}
}
