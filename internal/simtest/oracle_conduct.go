package simtest

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// conduct is what the oracle remembers for the rules of a single change.
type conduct struct {
	listed    map[emr.GroupID]time.Time // since when the newest instance runs of those that lists of a group showed
	suspended map[emr.GroupID]time.Time // since when every read shows a group as SUSPENDED or ARRESTED
	whole     map[emr.GroupID]bool      // nobody asked the group for more since it was whole
	enforced  map[emr.GroupID]time.Time // when it was decided last to stop the growth of a banned group
	chain     int                       // how long a chain may become, under the most lasting settings so far
}

func newConduct() conduct {
	return conduct{map[emr.GroupID]time.Time{}, map[emr.GroupID]time.Time{}, map[emr.GroupID]bool{}, map[emr.GroupID]time.Time{}, 0}
}

// read takes a read that was decided on; shown is what was shown before.
func (k *conduct) read(r reading, shown map[emr.GroupID]emr.Group) {
	for _, g := range r.groups {
		before, known := shown[g.ID]
		switch _, since := k.suspended[g.ID]; {
		case !g.State.Suspended():
			delete(k.suspended, g.ID)
		case !since || known && g.Requested != before.Requested:
			k.suspended[g.ID] = r.began
		}
		switch {
		case g.Running >= g.Requested:
			k.whole[g.ID] = g.State == emr.GroupRunning
		case !known || g.Requested > before.Requested:
			k.whole[g.ID] = false
		}
	}
}

// list takes a page of a list of instances that was answered.
func (k *conduct) list(instances []emr.Instance) {
	for _, i := range instances {
		k.listed[i.Group] = later(k.listed[i.Group], i.Ready)
	}
}

// behaves checks a change that is about to be sent against the rules that hold for a single one.
func (x *watched) behaves(c *sentCall) {
	s := x.doc()
	r, p := s.Recovery(c.pending.Recovery), s.Pool(c.pending.Pool)
	if r == nil || p == nil {
		return
	}
	switch c.pending.Purpose {
	case guard.ForStop:
		x.stops(c, p, r)
	case guard.ForLaunch, guard.ForAdd:
		x.launches(c, p, r)
	case guard.ForRelease:
		x.releases(c, p, r)
	}
}

// stale says whether the last usable read is too old for a change: it began more than half a pace ago, or, where it takes longer than that to
// read all pages, ended more than a tenth of one ago or began more than two ago.
func (x *watched) stale(now time.Time, pace time.Duration) bool {
	age := now.Sub(x.began)
	return age > pace/2+time.Second && (age > 2*pace+time.Second || now.Sub(x.readEnded) > pace/10+time.Second)
}

// isFresh checks that a change follows a usable read that is not stale and began after our last change.
func (x *watched) isFresh(c *sentCall, r *recovery.Recovery, wrote time.Time) {
	switch {
	case x.began.Before(wrote):
		x.violate("R4", "%s: the last usable read began at %s, before our last change, at %s", c.call, x.began.Format(time.TimeOnly), wrote.Format(time.TimeOnly))
	case x.stale(c.at, r.Settings.Pace):
		x.violate("R4", "%s: the last usable read is %s old", c.call, c.at.Sub(x.began))
	}
}

// stops checks a stop.
func (x *watched) stops(c *sentCall, p *pool.Pool, r *recovery.Recovery) {
	id, pace := c.call.Group, r.Settings.Pace
	x.isFresh(c, r, time.Time{})
	if !r.Stopped.Equal(r.Sent) {
		return
	}
	recent := c.at.Add(-5*pace - time.Second)
	switch {
	case x.described.Before(recent) || x.asked.Before(recent):
		x.violate("R4", "%s: the cluster was described at %s, and managed scaling asked for at %s", c.call, x.described.Format(time.TimeOnly), x.asked.Format(time.TimeOnly))
	case !x.cl.State.Modifiable():
		x.violate("R4", "%s: the cluster is %s", c.call, x.cl.State)
	}
	if p.Rest != nil && p.Rest.From.Before(c.pending.At) && r.Kind.Counts() {
		x.violate("R8", "%s although the pool rests until %s", c.call, p.Rest.Until.Format(time.TimeOnly))
	}
	x.trusted(c, r)
	switch r.Kind {
	case recovery.Stuck:
		x.early(c, r)
	case recovery.Suspended:
		if since, ok := x.conduct.suspended[id]; !ok || x.began.Sub(since) < pace {
			x.violate("R3", "%s stops a group as suspended that was not for a pace", c.call)
		}
	case recovery.Shrink:
		x.shrinks(c, r)
	case recovery.Enforce:
		if last := x.conduct.enforced[id]; !last.IsZero() && !r.Opened.Equal(last) && r.Opened.Sub(last) < 5*pace {
			x.violate("R10", "%s stops the growth of a banned group again, %s after the last time", c.call, r.Opened.Sub(last))
		}
		x.conduct.enforced[id] = r.Opened
	}
	// A chain goes on while there is a place that was not tried: the origin, and a group of each kind. Reloads may shorten it after it began, and a
	// launch that completes meanwhile ends it.
	x.conduct.chain = max(x.conduct.chain, r.Settings.Chain+1+kindsOf(r.Settings.Fallback))
	if n := min(r.Number, p.Chain); r.Kind.Counts() && p.LastLength == 0 && n > x.conduct.chain && p.Wanted > p.Requested(x.doc().View()) {
		x.violate("R8", "%s is recovery %d of a chain of %d", c.call, n, r.Settings.Chain)
	}
}

// kindsOf is how many kinds of groups a ladder has at most.
func kindsOf(ladder []recovery.Rung) int {
	n := 0
	for _, r := range ladder {
		n += max(1, len(r.Types))
	}
	return n
}

// early checks that a group which is stopped as stuck misses an instance for long enough, as far as reads that are right show it. The guard dates what it did not see
// itself in the middle of two reads, so half of the longest time between two of them may be wrong; and a launch of its own by the time of the call,
// which may take effect up to foreignWait later: somebody's same count after a launch without an answer cannot be told from it. A group that lost instances and got others since is left out: reads do not show which came first. So is one where an
// arrival and a loss came between two reads, and an instance has ended that arrived within the limit: lists leave it out, so its arrival, which reads saw, may be taken for
// the other one, which they did not: they cannot be told apart by seconds, nor while an answer is on its way. Nor can anybody know of an arrival which the reads do not
// show when no list shows it either: a list may be old, or without its last pages.
func (x *watched) early(c *sentCall, r *recovery.Recovery) {
	b, g := x.groups[c.call.Group], x.shown[c.call.Group]
	if b == nil || !b.right(g, x.began) || len(b.lacks.queue) == 0 || b.lacks.arrival.After(b.lacks.queue[0].since) && !b.lacks.loss.IsZero() {
		return
	}
	after := r.Settings.On(r.Rung).After
	if short := r.Settings.AfterCapacity; short > 0 {
		after = min(after, short)
	}
	slack := x.datedWithin(c.at.Add(-2*after-time.Hour)) + clockSlack
	if b.holder != "" || b.maker != "" || b.mayBeOurs(b.lacks.queue[0].since, b.Requested) {
		slack += foreignWait
	}
	unlisted := b.lacks.arrival.Before(x.began) && x.conduct.listed[c.call.Group].Before(b.lacks.arrival)
	if b.lacks.hidden && (unlisted || b.lacks.gone.After(c.at.Add(-after-slack))) {
		return
	}
	if age := c.at.Sub(b.lacks.oldestDated()); age+slack < after {
		x.violate("R1", "%s stops a group whose oldest missing instance is missing for %s, not %s", c.call, age.Round(time.Second), after)
	}
}

// datedWithin is how far from the truth the dates of what only reads show may be since a time: half of the longest time between two of them.
func (x *watched) datedWithin(since time.Time) time.Duration {
	gap := time.Duration(0)
	for i := len(x.reads) - 1; i > 0 && x.reads[i].After(since); i-- {
		gap = max(gap, x.reads[i].Sub(x.reads[i-1]))
	}
	return gap / 2
}

// shrinks checks that a shrink which is given up is old enough, as far as right reads show and date it, and does not move.
func (x *watched) shrinks(c *sentCall, r *recovery.Recovery) {
	b := x.groups[c.call.Group]
	if b == nil || !b.right(x.shown[c.call.Group], c.at) {
		return
	}
	slack := 5 * time.Minute
	if v, ok := b.then(c.at.Add(-15*r.Settings.Pace + slack)); ok && v.Running != b.Running {
		x.violate("R3", "%s gives a shrink up that moves: %d ran at %s, %d now", c.call, v.Running, v.At.Format(time.TimeOnly), b.Running)
	}
	limit := min(r.Settings.ShrinkAfter, remembered-time.Minute)
	if at := c.at.Add(-limit + max(slack, x.datedWithin(c.at.Add(-limit)))); b.sawNoShrink(at) {
		x.violate("R3", "%s gives a shrink up that began after %s", c.call, at.Format(time.TimeOnly))
	}
}

// launches checks a launch on a member or on a new group.
func (x *watched) launches(c *sentCall, p *pool.Pool, r *recovery.Recovery) {
	x.isFresh(c, r, x.wrote)
	if p.Rest != nil && p.Rest.From.Before(c.pending.At) {
		x.violate("R8", "%s although the pool rests until %s", c.call, p.Rest.Until.Format(time.TimeOnly))
	}
	if c.call.Group == p.Origin && p.Role == emr.Core && r.Kind != recovery.Scale && r.Kind != recovery.Return {
		x.violate("R6", "%s: a repair (%s) launches on the core group", c.call, r.Kind)
	}
	if c.call.Config == nil || c.call.Config.Count == 0 {
		return
	}
	tasks, made := 0, 0
	for _, id := range x.ids() {
		if x.shown[id].Role == emr.Task {
			tasks++
		}
		if b := x.groups[id]; b != nil && b.origin == p.Origin && id != p.Origin {
			made++
		}
	}
	if made >= r.Settings.MaxGroups {
		x.violate("R6", "%s: the pool has %d fallbacks, max_groups is %d", c.call, made, r.Settings.MaxGroups)
	}
	if tasks >= 48-r.Settings.ReserveSlots {
		x.violate("R6", "%s: the cluster has %d task groups, and %d slots stay free", c.call, tasks, r.Settings.ReserveSlots)
	}
}

// rebuilds checks that a group which a recovery of this store made is not taken for one that nobody here knows.
func (x *watched) rebuilds(r store.Record) {
	if r.Kind == "pool.rebuilt" && !x.opened[r.Recovery].IsZero() {
		x.violate("R7", "%s, which recovery %s made, joins its pool as one of a lost store", r.Group, r.Recovery)
	}
}

// releases checks a release.
func (x *watched) releases(c *sentCall, p *pool.Pool, r *recovery.Recovery) {
	x.isFresh(c, r, x.wrote)
	if c.call.Group == p.Origin {
		if p.Role == emr.Core && c.call.Count < 1 {
			x.violate("R9", "%s leaves the core group nothing", c.call)
		}
		for _, m := range p.Members[1:] {
			if b := x.groups[m.Group]; b != nil && b.Requested > 0 && !slices.ContainsFunc(b.counts, func(o ownCount) bool { return o.count == 0 }) {
				x.violate("R9", "%s takes from the origin, and %s has %d", c.call, m.Group, b.Requested)
			}
		}
	}
	if r.Kind == recovery.Surplus {
		g := x.shown[c.call.Group]
		run := p.Running(x.doc().View())
		ran := run - min(g.Running, c.call.Count) + min(g.Running, g.Requested)
		if run < min(p.Wanted, ran) {
			x.violate("R10", "%s leaves %d running of %d, the pool wants %d", c.call, run, ran, p.Wanted)
		}
	}
}

// suspends checks what the document says suspends scaling: all of it has an end, and losses alone do not (R2, R5, R8).
func (x *watched) suspends() {
	s := x.doc()
	if s.Suspended == nil {
		return
	}
	about := func(words string) bool {
		return slices.ContainsFunc(s.Suspended.Reasons, func(reason string) bool { return strings.HasPrefix(reason, words) })
	}
	for i := range s.Recoveries {
		r := &s.Recoveries[i]
		if !r.Unstoppable.IsZero() && s.Suspended.Since.Before(x.now()) && x.now().Sub(r.Stopped) > 61*r.Settings.Pace+clockSlack && about("recovery "+r.ID) {
			x.violate("R5", "%s is unstoppable since %s and still suspends scaling", r.Group, r.Unstoppable.Format(time.TimeOnly))
		}
	}
	for i := range s.Pools {
		p := &s.Pools[i]
		for _, m := range p.Members {
			id := string(m.Group)
			if p.Rest != nil && (about(id+" is ") || about("a capacity change of "+id)) {
				x.violate("R8", "%s suspends scaling although its pool rests", id)
			}
			if g := x.shown[m.Group]; x.conduct.whole[m.Group] && g.State == emr.GroupRunning && g.Running < g.Requested && about("a capacity change of "+id) {
				x.violate("R2", "%s suspends scaling, and all it misses was lost", id)
			}
		}
	}
}
