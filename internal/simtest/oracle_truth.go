package simtest

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
)

// remembered is how long the oracle remembers what a group was like: longer than any read of it is late or shows the past.
const remembered = 45 * time.Minute

// groupBook is what the simulator said of one group, and what the oracle makes of it.
type groupBook struct {
	emrsim.GroupNow
	views  []view      // of the time remembered, the oldest first; the last is the present
	origin emr.GroupID // of its pool, by its name
	maker  string      // the recovery whose token its name carries; empty: none of ours
	holder string      // the recovery whose call set its requested count last; empty: somebody else
	asMade bool        // it is asked for what it was made with
	made   *sentCall   // the call of ours that made it; nil: somebody else did, or it is older than the books

	counts  []ownCount      // requested counts that calls of ours asked for, or replaced
	unnamed []outsideChange // which the history does not name yet
	arrived int             // instances that have arrived in all
	shown   [2]showing      // the last two requested counts that reads showed, the newer first
	lacks   missing
	ban     banned
}

// view is a group at a moment.
type view struct {
	emrsim.GroupNow
	arrived int  // instances that have arrived in all so far
	seen    bool // a right read began while it was so
}

// showing is a requested count and how many reads in a row showed it.
type showing struct{ count, reads int }

// ownCount is a requested count that a call of ours asked for, or replaced: in truth, or as far as reads had shown it.
type ownCount struct {
	at    time.Time
	count int
}

// sentCall is one change that left a process.
type sentCall struct {
	at      time.Time
	process string
	call    emr.Call
	pending guard.Call
	effects int // entries of the change log
	ended   int // instances that ended because of it

	refused bool      // the answer says that nothing happened
	taken   bool      // the answer says that it took effect
	told    time.Time // when it was answered; zero: not yet
	read    time.Time // when the last read before it began
	arrived int       // instances that had arrived in its group by then
	right   bool      // that one showed its group as it was
}

// witness lets the simulator tell the oracle what happens. Its methods run under the simulator's mutex.
type witness struct{ *oracle }

// Group notes what became of a group.
func (w witness) Group(g emrsim.GroupNow) {
	w.time = g.At
	w.sight(emr.ClusterID(g.Cluster), g.ClusterName).changed(g)
}

// Change finds out whose a change is: that of the call of ours that is being sent, or somebody else's.
func (w witness) Change(_ string, index int, c emrsim.Change) {
	w.time = c.At
	if c.Group == "" {
		return
	}
	x, call := w.of(emr.ClusterID(c.Cluster)), w.author(c)
	if call != nil {
		call.effects++
		w.effects[index] = call
	}
	if call != nil {
		x.effect(call, c)
		return
	}
	if c.From != c.To {
		x.outside(c)
	}
}

// End notes the end of a running instance, and checks because of what it ended.
func (w witness) End(e emrsim.End) {
	w.time = e.At
	x := w.of(emr.ClusterID(e.Cluster))
	if b := x.groups[emr.GroupID(e.Group)]; b != nil {
		b.lacks.ends(e)
	}
	x.endedNode(e, w.effects[e.Change])
}

// author is the call of ours that made an entry of the change log; nil: it was somebody else. A call that takes effect long after it was sent
// is known by its request.
func (o *oracle) author(c emrsim.Change) *sentCall {
	if c.Who != "api" {
		return nil
	}
	if call := o.requests[c.RequestID]; call != nil {
		return call
	}
	if o.sending != nil && string(o.sending.call.Op) == c.Op && string(o.sending.call.Cluster) == c.Cluster {
		return o.sending
	}
	return nil
}

// did notes which request the change was that was sent last.
func (o *oracle) did(request string) {
	if o.sending != nil {
		o.requests[request] = o.sending
		o.sending = nil
	}
}

// effect notes that a change of ours takes effect.
func (x *watched) effect(call *sentCall, c emrsim.Change) {
	b := x.groups[emr.GroupID(c.Group)]
	if b == nil {
		x.making = call // its first sight follows
		return
	}
	b.holder = call.pending.Recovery
	b.unnamed = nil
	b.own(c.At, c.From, c.To)
	x.wants.effect(x, b, c)
	if call.pending.Purpose == guard.ForStop {
		x.stopped(b, c.To)
	}
}

// told notes the answer to a change.
func (x *watched) told(c completion) {
	for _, call := range x.onTheWay {
		if call.at.Equal(c.sent) && call.call.String() == c.call.String() {
			err := c.done.Result.Err
			call.told, call.refused, call.taken = x.now(), err != nil && !err.OutcomeUnknown(), err == nil
			x.unbanned(call, err)
		}
	}
	x.onTheWay = slices.DeleteFunc(x.onTheWay, func(o *sentCall) bool { return !o.at.After(c.sent) })
}

// changed books the present of a group.
func (x *watched) changed(g emrsim.GroupNow) {
	b := x.groups[emr.GroupID(g.Group)]
	if b == nil {
		b = &groupBook{made: x.making, origin: emr.GroupID(g.Group), asMade: true}
		x.making = nil
		if _, token, ok := emr.ParseGroupName(g.Name); ok && token.Cluster == x.id && token.Store == x.o.w.o.Store.ID() && token.Origin != "configured" {
			b.maker, b.holder = token.Recovery, token.Recovery
			if x.groups[token.Origin] != nil {
				b.origin = token.Origin
			}
		}
		x.groups[emr.GroupID(g.Group)] = b
		if first := x.madeFirst(g); first != "" {
			b.origin = first
		}
		if b.origin == emr.GroupID(g.Group) {
			x.wants[b.origin] = newWanted(g.Requested)
		}
		if x.fresh[emr.GroupID(g.Group)] {
			b.unnamed = append(b.unnamed, outsideChange{at: g.At, to: g.Requested})
		}
	}
	asked := b.Requested != g.Requested
	if asked && len(b.views) > 0 {
		b.asMade = false
	}
	if p := x.wants[b.origin]; p != nil && asked {
		p.touch(g.At)
	}
	b.lacks.take(b.GroupNow, g)
	b.arrived += max(0, g.Running-b.Running)
	b.GroupNow = g
	old := 0
	for old+1 < len(b.views) && g.At.Sub(b.views[old+1].At) > remembered {
		old++
	}
	b.views = append(b.views[:0], b.views[old:]...)
	if n := len(b.views); n > 0 && b.views[n-1].At.Equal(g.At) {
		b.views = b.views[:n-1]
	}
	b.views = append(b.views, view{GroupNow: g, arrived: b.arrived})
	if asked {
		x.twinOf(b)
	}
}

// at is the place among the views of the one that held at a time; negative before the group was there, or when that is forgotten.
func (b *groupBook) at(t time.Time) int {
	for i, v := range slices.Backward(b.views) {
		if !v.At.After(t) {
			return i
		}
	}
	return -1
}

// then is what the group was like at a time; false before it was there, or when that is forgotten.
func (b *groupBook) then(t time.Time) (emrsim.GroupNow, bool) {
	i := b.at(t)
	if i < 0 {
		return emrsim.GroupNow{}, false
	}
	return b.views[i].GroupNow, true
}

// fewest is the fewest instances that ran at any time from one moment to another, as far back as is remembered; 0 before the group was there.
func (b *groupBook) fewest(from, to time.Time) int {
	last := b.at(to)
	if last < 0 {
		return 0
	}
	n := b.views[last].Running
	for _, v := range b.views[max(0, b.at(from)):last] {
		n = min(n, v.Running)
	}
	return n
}

// right says whether a read showed a group as it was when the read began.
func (b *groupBook) right(g emr.Group, began time.Time) bool {
	v, ok := b.then(began)
	return ok && v.Requested == g.Requested && v.Running == g.Running && v.State == string(g.State)
}

// seen notes that a right read began at a time.
func (b *groupBook) seen(began time.Time) {
	if i := b.at(began); i >= 0 {
		b.views[i].seen = true
	}
}

// sawNoShrink says whether at a time no more ran than were asked for, and a right read began while that was so.
func (b *groupBook) sawNoShrink(t time.Time) bool {
	none := func(v view) bool { return v.Running <= v.Requested }
	i := b.at(t)
	if i < 0 || !none(b.views[i]) {
		return false
	}
	first, last := i, i
	for first > 0 && none(b.views[first-1]) {
		first--
	}
	for last+1 < len(b.views) && none(b.views[last+1]) {
		last++
	}
	return slices.ContainsFunc(b.views[first:last+1], func(v view) bool { return v.seen })
}

// ids lists the groups in the order of their ids.
func (x *watched) groupIDs() []emr.GroupID {
	var out []emr.GroupID
	for id := range x.groups {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// own notes that a call of ours asks a group for a count, in place of another.
func (b *groupBook) own(at time.Time, counts ...int) {
	b.counts = slices.DeleteFunc(b.counts, func(c ownCount) bool { return at.Sub(c.at) > remembered })
	for _, n := range counts {
		b.counts = append(b.counts, ownCount{at, n})
	}
}

// ignored says whether a fall can be taken for a rise, since a call of ours that EMR ignored asked for fewer a short while ago.
func (b *groupBook) ignored(fall emrsim.Change, settle time.Duration) bool {
	return slices.ContainsFunc(b.counts, func(c ownCount) bool { return c.count < fall.To && !b.loose(c.count, settle).Before(fall.At) })
}

// madeFirst is the first group of a configured pool whose name, token included, a new group has: that one is the second of a call that was repeated,
// and joins the pool (R7). Empty: there is none.
func (x *watched) madeFirst(g emrsim.GroupNow) emr.GroupID {
	_, token, ok := emr.ParseGroupName(g.Name)
	if !ok || token.Origin != "configured" {
		return ""
	}
	for _, id := range x.groupIDs() {
		if b := x.groups[id]; b.Name == g.Name && b.origin == id {
			return id
		}
	}
	return ""
}

// mayBeOurs says whether a requested count that came about at a time may be taken for the work of a call of ours of the time remembered.
func (b *groupBook) mayBeOurs(at time.Time, count int) bool {
	return slices.ContainsFunc(b.counts, func(c ownCount) bool { return c.count == count && at.Sub(c.at) <= remembered })
}

// loose is until when a read of a requested count can be taken for one from before a call of ours that replaced it, or for what that call left: for
// settle, and for as long as a call that timed out may still land.
func (b *groupBook) loose(count int, settle time.Duration) time.Time {
	for _, c := range slices.Backward(b.counts) {
		if c.count == count {
			return c.at.Add(max(settle, recovery.LandsWithin+time.Minute))
		}
	}
	return time.Time{}
}
