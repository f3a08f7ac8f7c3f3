package simtest

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// hindered is when the last read began that showed a resize which suspends scaling, and which.
type hindered struct {
	at  time.Time
	why string
}

// read reckons how much of what is short is a change that is unfinished: rises of the requested count, less what it fell and what arrived. What
// arrived while as many were lost it does not show: that is known when the instances are listed before a stop (see settled).
func (x *watched) read(r reading) {
	began := r.began
	x.began, x.readEnded = began, r.at
	x.reads = append(x.reads, began)
	for _, g := range r.groups {
		old, known := x.shown[g.ID]
		change := x.changes[g.ID]
		if known {
			change += g.Requested - old.Requested
			change -= max(0, g.Running-old.Running)
		}
		x.changes[g.ID] = min(max(0, change), max(0, g.Requested-g.Running))
		x.shown[g.ID] = g
		if _, token, ok := emr.ParseGroupName(g.Name); ok && token.Store != x.o.w.o.Store.ID() && x.others[token.Store].IsZero() {
			x.others[token.Store] = began
		}
	}
	why := x.resizing()
	if why != "" {
		x.resize = hindered{began, why}
	}
	for name := range x.moving { // a resize does not eat the cooldown up
		if why == "" {
			delete(x.moving, name)
		} else if began.After(x.ended[name]) {
			x.ended[name] = began
		}
	}
}

// resizing says which group's resize suspends scaling by the last read: not one of a pool that rests, is blocked or is left alone, nor one that
// was reported as beyond repair.
func (x *watched) resizing() string {
	for _, id := range x.ids() {
		g := x.shown[id]
		if g.State != emr.GroupResizing && x.changes[id] == 0 {
			continue // the document need not be decoded for it
		}
		p, known := x.doc().PoolOf(id), x.doc().Group(id)
		kept := p != nil && p.Member(id).Kept != nil && g.Running > g.Requested // a release that EMR did not carry out once
		if p == nil || known == nil || g.State.Ended() || p.Rest != nil || known.Reported == g.State && known.Reported != "" || kept || x.pointless(id, p) {
			continue
		}
		switch {
		case g.State == emr.GroupResizing:
			return fmt.Sprintf("%s is RESIZING, %d of %d run", id, g.Running, g.Requested)
		case x.changes[id] > 0 && p.Blocked == nil:
			return fmt.Sprintf("%s was asked for %d more, %d of %d run", id, x.changes[id], g.Running, g.Requested)
		}
	}
	return ""
}

// pointless says whether nobody repairs a group any more, or not for an hour: what suspends scaling has an end.
func (x *watched) pointless(id emr.GroupID, p *pool.Pool) bool {
	if x.rule().Wrapped && p.Role == emr.Core {
		return true
	}
	for _, r := range x.doc().Recoveries {
		if r.Group == id && x.now().Sub(r.Opened) >= 60*r.Settings.Pace-clockSlack {
			return true
		}
	}
	return false
}

func (x *watched) ids() []emr.GroupID {
	var out []emr.GroupID
	for id := range x.shown {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// sent checks a change that is about to be sent.
func (x *watched) sent(c emr.Call, s *guard.State) {
	pending := s.Pending
	defer func() { x.wrote = x.now() }()
	r := s.Recovery(pending.Recovery)
	x.allowed(c, pending, r)
	switch pending.Purpose {
	case guard.ForMake:
		x.makes(c)
		return
	case guard.ForTerminate:
		x.terminates()
		return
	}
	if r == nil || r.Kind != recovery.Scale && r.Kind != recovery.Return {
		return
	}
	if x.firsts[pending.ID] && !r.Force {
		x.gate(c, r)
	}
	p := s.Pool(pending.Pool)
	if p == nil {
		return
	}
	asked := p.Requested(s.View()) + added(pending)
	switch {
	case pending.Purpose == guard.ForRelease && r.Kind == recovery.Scale && asked < p.Wanted:
		x.violate("bounds", "%s leaves %d, the pool wants %d", c, asked, p.Wanted)
	case pending.Purpose == guard.ForLaunch || pending.Purpose == guard.ForAdd:
		x.inAll(c, p, r, asked)
	}
}

// inAll checks that a launch keeps to max_instances, by what the last read shows of the other pools. A return by hand may exceed it, and so may an operation that
// was decided before the configuration changed.
func (x *watched) inAll(c emr.Call, p *pool.Pool, r *recovery.Recovery, asked int) {
	most, decided := x.conf().MaxInstances, x.opened[r.ID]
	raises := r.Kind == recovery.Scale && r.Delta > 0 || r.Kind == recovery.Return && r.Author == ""
	if most == 0 || !raises || x.settings[len(x.settings)-1].from.After(decided) || x.repeats(c, decided) {
		return
	}
	all := asked
	for _, id := range x.ids() {
		if p.Member(id) == nil {
			all += x.shown[id].Requested
		}
	}
	if all > most {
		x.violate("bounds", "%s makes it %d instances in all, of %d", c, all, most)
	}
}

// repeats says whether a launch on a member was sent before, since a time: it may have taken effect, and what others asked for meanwhile does not undo it.
func (x *watched) repeats(c emr.Call, since time.Time) bool {
	b := x.groups[c.Group]
	return b != nil && slices.ContainsFunc(b.counts, func(o ownCount) bool { return o.count == c.Count && !o.at.Before(since) && o.at.Before(x.now()) })
}

// allowed checks that a change may be sent at all.
func (x *watched) allowed(c emr.Call, pending *guard.Call, r *recovery.Recovery) {
	decided := pending.At
	if r != nil {
		decided = r.Opened
	}
	at := x.settings[0]
	for _, s := range x.settings {
		if !s.from.After(decided.Add(time.Second)) {
			at = s
		}
	}
	last := x.settings[len(x.settings)-1]
	switch {
	case x.described.Before(x.ending):
		x.violate("termination", "%s although TerminateJobFlows was answered at %s, and nobody has looked since", c, x.ending.Format(time.TimeOnly))
	case x.o.w.o.DryRun:
		x.violate("R13", "%s in a dry run", c)
	case at.Mode != guard.Enforce && last.Mode != guard.Enforce:
		x.violate("R13", "%s in mode %s", c, last.Mode)
	case x.managed && x.asked.Before(x.now().Add(-time.Second)) && x.began.After(x.asked):
		x.violate("R12", "%s although managed scaling is attached since %s", c, x.asked.Format(time.TimeOnly))
	case x.pausedSince().Before(pending.At):
		x.violate("R13", "%s although the cluster is paused", c)
	case x.optedOut() && x.began.After(x.described):
		x.violate("R12", "%s although the cluster's tag says emrguard=%s since %s", c, x.cl.Tags["emrguard"], x.described.Format(time.TimeOnly))
	case x.foreign().Before(decided.Add(-time.Second)):
		x.violate("R12", "%s although a group of another store is there since %s", c, x.foreign().Format(time.TimeOnly))
	case at.Wrapped && last.Wrapped && x.shown[c.Group].Role == emr.Core:
		x.violate("R12", "%s on the CORE group of a wrapped cluster", c)
	}
}

// never is later than everything that happens.
var never = time.Unix(1<<40, 0)

// pausedSince is since when a pause holds every change before its call.
func (x *watched) pausedSince() time.Time {
	switch p := x.doc().Paused; {
	case p != nil:
		return p.Since
	case x.o.paused:
		return x.o.pausedAt
	}
	return never
}

// optedOut says whether the description that was given last has a tag that forbids changes, and was written down.
func (x *watched) optedOut() bool {
	off := func(c emr.Cluster) bool { return c.Tags["emrguard"] == "off" || c.Tags["emrguard"] == "observe" }
	return off(x.cl) && off(x.doc().Cluster)
}

// foreign is since when reads show a group of another store that nobody adopted.
func (x *watched) foreign() time.Time {
	first := never
	for store, since := range x.others { //archtest:sorted the first of all
		if !x.adopted[store] && since.Before(first) {
			first = since
		}
	}
	return first
}

// gate checks what comes before the first call of an operation that is not forced (I4).
func (x *watched) gate(c emr.Call, r *recovery.Recovery) {
	pace, now := r.Settings.Pace, x.now()
	switch {
	case x.began.Before(x.wrote):
		x.violate("I4", "%s: the last read began at %s, before our last change, at %s", c, x.began.Format(time.TimeOnly), x.wrote.Format(time.TimeOnly))
	case x.stale(now, pace):
		x.violate("I4", "%s: the last read is %s old", c, now.Sub(x.began))
	case now.Sub(x.described) > 5*pace+time.Second || now.Sub(x.asked) > 5*pace+time.Second:
		x.violate("R4", "%s: the cluster was described at %s, and managed scaling asked for at %s", c, x.described.Format(time.TimeOnly), x.asked.Format(time.TimeOnly))
	case !x.cl.State.Modifiable():
		x.violate("R4", "%s: the cluster is %s", c, x.cl.State)
	}
	if why := x.resizing(); why != "" {
		x.violate("I4", "%s begins while %s", c, why)
	}
	for _, o := range x.doc().Recoveries {
		if o.ID != r.ID && o.Step.Acting() && now.Sub(o.Opened) < 60*o.Settings.Pace-clockSlack && x.begun[o.ID] {
			x.violate("I4", "%s begins while recovery %s (%s) is at %s", c, o.ID, o.Kind, o.Step)
		}
	}
}
