package simtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// wanted is the oracle's own model of what people want of one pool: at least low, at most high. It knows what was changed from the
// simulator's log and the history's orders and scaling decisions, and nothing of the guard's own count.
//
// Where nobody but emrguard acts on a pool, low and high are one number. They part, until the pool is quiet, wherever rule R10 lets the guard
// see different things in the same truth:
//
//   - a rise by somebody else counts towards high at once, less what was moved for the group at least, and towards low once two reads showed
//     it, less what can have been moved at most; one that no read shows, since another change overtook it, counts for nothing; if every rise adds
//     by the configuration, nothing was moved, and a reload may say so before a read shows the rise;
//   - a fall counts towards low at once. It counts towards high once two reads showed it, if it is the only change that is not settled and no
//     call of ours can have left that count: it can be taken for our call, or if it takes back a rise that no two reads showed: that may count for nothing
//     with it. An open recovery takes what is asked for as wanted, if that is less;
//   - an order or a decision to scale may be undone or not be carried out in full: what was wanted before and what is wanted then are both
//     possible;
//   - a read that shows a requested count other than the true one looks like a fall, or a rise, of the difference.
//
// A pool that is quiet wants what is asked for: then the model begins anew with that. Only what somebody asks for beyond max need not be wanted, also after a
// reload with a higher one (R10).
type wanted struct {
	low, high int
	limit     int                 // the lowest max that held since more than that is asked for; 0: nothing is asked for beyond one
	met       bool                // a decision was made on a read that showed the origin
	moved     map[emr.GroupID]int // so many at least our stops took from a group and nobody gave back
	asked     map[emr.GroupID]int // so many of them by stops that have not taken effect
	open      []unsettled
	returning string    // the recovery that asks the origin again: for its time both ask
	changed   time.Time // when a member's requested count changed last
	reads     int       // right reads since then, a pace apart
	counted   time.Time
}

// unsettled is a change by somebody else that the guard may or may not have seen.
type unsettled struct {
	group    emr.GroupID
	at       time.Time
	from, to int
	reads    int
	repeats  int       // of a rise, what was taken for moved instances that are asked for again, and not for more
	moved    int       // so many at most were moved for the group
	loose    time.Time // until then a read of it can be taken for one from before a call of ours
	void     bool      // a call of ours can have left that count, or fewer, it undoes a rise, or a decision came after it: the guard need not take it for this change
}

// newWanted is the model of a pool whose origin is asked for n.
func newWanted(n int) *wanted {
	return &wanted{low: n, high: n, moved: map[emr.GroupID]int{}, asked: map[emr.GroupID]int{}}
}

// stopped books a stop of ours that takes a group from one count to another. A stop that is sent again, since the first had no effect, takes the
// same instances.
func (p *wanted) stopped(id emr.GroupID, from, to int) {
	by := max(0, from-to)
	p.moved[id] += max(0, by-p.asked[id])
	p.asked[id] = max(p.asked[id], by)
}

// launched books a launch of ours: what was moved from the group is asked for on it again.
func (p *wanted) launched(id emr.GroupID, by int) { p.moved[id] -= min(p.moved[id], max(0, by)) }

// scaled books that the pool is to want n, whatever others changed before. A rise that no read has shown yet adds to that when one does: nobody can
// tell that it came before the decision.
func (p *wanted) scaled(n int) {
	unseen := 0
	for i := range p.open {
		u := &p.open[i]
		if u.void = true; u.reads == 0 {
			unseen += max(0, u.to-u.from-u.repeats)
		}
	}
	p.low, p.high = min(p.low, n), max(p.high, n+unseen)
}

// risen books a rise by somebody else, and returns how much of it repeats what was moved. It gives that back, also where all of the rise adds to what
// is wanted.
func (p *wanted) risen(id emr.GroupID, from, to int, adds bool) (repeats int) {
	by := to - from
	moved := min(p.moved[id], max(0, p.low-from)) // never more than wanted less the group's own
	p.moved[id] = max(0, moved-by)
	if !adds {
		repeats = min(by, moved)
	}
	p.high += by - repeats
	return repeats
}

// adds takes a configuration by which every rise adds: also one from before that no read has shown yet.
func (p *wanted) adds() {
	for i := range p.open {
		if u := &p.open[i]; u.reads == 0 {
			p.high, u.repeats = p.high+u.repeats, 0
		}
	}
}

// fallen books a fall by somebody else.
func (p *wanted) fallen(by int) { p.low = max(0, p.low-by) }

// limited notes that so many are asked for while no more than limit may be wanted; 0: any number may be.
func (p *wanted) limited(asked, limit int) {
	if limit > 0 && asked > limit && (p.limit == 0 || limit < p.limit) {
		p.limit = limit
	}
}

// rest begins the model anew with what is asked for of a quiet pool.
func (p *wanted) rest(asked int) {
	if asked <= p.limit {
		p.limit = 0
	}
	p.low, p.high, p.returning = asked, asked, ""
	if p.limit > 0 {
		p.low = p.limit
	}
}

// clamp keeps what was moved for a group within what is wanted beyond its own count, which may be the lowest (R10).
func (p *wanted) clamp(id emr.GroupID, asked int) {
	p.moved[id] = min(p.moved[id], max(0, p.low-asked))
}

// settle books that two reads showed a change by somebody else; asked is what is asked for of the pool now.
func (p *wanted) settle(u unsettled, asked int, limited bool) {
	switch by := u.to - u.from; {
	case by > 0 && !u.void && !limited && p.limit == 0:
		p.low = min(p.high, p.low+max(0, by-u.moved))
	case by < 0 && !u.void && len(p.open) == 0:
		p.high = max(p.high+by, p.low)
		p.low = max(0, min(p.low, asked-p.stopping()))
	}
}

// stopping is how many instances our stops take from the pool that have not taken effect. They are on their way: what is asked for as a recovery is overtaken
// can be meant with them or without.
func (p *wanted) stopping() int {
	sum := 0
	for _, by := range p.asked {
		sum += by
	}
	return sum
}

// misread books a read that showed another requested count than the true one.
func (p *wanted) misread(shown, truth int) {
	p.low = max(0, p.low-max(shown-truth, truth-shown))
	p.high += max(0, shown-truth)
}

// wants are the models of the pools of a cluster, by origin.
type wants map[emr.GroupID]*wanted

// unseen says whether a group that no read has shown yet is one that nobody knows of: another call of the same recovery made it, or one whose answer is
// missing, of a recovery that is closed since (R7).
func (x *watched) unseen(b *groupBook, c *sentCall) bool {
	_, shown := x.shown[emr.GroupID(b.Group)]
	again := b.maker == c.pending.Recovery && b.Group != string(c.call.Group)
	return !shown && (again || b.made != nil && !b.made.taken)
}

// sum is what the members of a pool are asked for in truth, but for one of them.
func (x *watched) sum(origin, but emr.GroupID) int {
	sum := 0
	for id, b := range x.groups {
		if b.origin == origin && id != but {
			sum += b.Requested
		}
	}
	return sum
}

// outside takes a change of a group by somebody else.
func (w wants) outside(x *watched, b *groupBook, c emrsim.Change) {
	p := w[b.origin]
	if p == nil {
		return
	}
	p.touch(c.At)
	delete(p.asked, emr.GroupID(c.Group))
	if !p.met {
		p.scaled(c.To)
		return
	}
	id, moved, repeats := emr.GroupID(c.Group), max(0, p.high-c.From), 0
	if c.To > c.From {
		repeats = p.risen(id, c.From, c.To, x.rule().Settings.OutsideGrowth == recovery.Add)
		p.limited(x.sum(b.origin, id)+c.To, x.rule().Settings.Max)
	} else {
		p.fallen(c.From - c.To)
	}
	from := c.From
	for _, u := range p.open {
		if u.group != id || u.reads > 0 {
			continue
		}
		repeats += u.repeats // the next read shows both as one
		if b.shown[0].count == u.from {
			from, moved = u.from, max(moved, u.moved)
		}
	}
	undone := slices.ContainsFunc(p.open, func(u unsettled) bool { return u.group == id && u.from == c.To && u.to == c.From && u.reads < 2 })
	p.open = slices.DeleteFunc(p.open, func(u unsettled) bool { return u.group == id })
	settle := x.rule().Settings.Settle
	void := undone || b.mayBeOurs(c.At, c.To) || c.To < c.From && b.ignored(c, settle)
	p.open = append(p.open, unsettled{group: id, at: c.At, from: from, to: c.To, repeats: repeats, moved: moved, loose: b.loose(c.To, settle), void: void})
}

// touch notes that a requested count changes.
func (p *wanted) touch(at time.Time) { p.changed, p.reads = at, 0 }

// effect takes a change of ours that takes effect.
func (w wants) effect(x *watched, b *groupBook, c emrsim.Change) {
	p := w[b.origin]
	if p == nil {
		return
	}
	p.touch(c.At)
	delete(p.asked, emr.GroupID(c.Group))
	p.open = slices.DeleteFunc(p.open, func(u unsettled) bool { return string(u.group) == c.Group })
	if c.To > c.From && c.To <= c.Running { // it keeps what runs there and launches nothing
		p.high = max(p.high, x.sum(b.origin, emr.GroupID(c.Group))+c.To)
	}
}

// sent checks I2 for a change that is about to be sent.
//
// I2, at every moment: no launch takes what is asked for of a pool, in truth, over what people want of it at most. While a return to the origin
// is open both ask: then it may be more by what the other members have. Left out is a new group whose call took effect late and that no read has
// shown yet (R7): what it asks for beyond that is released, see I5. A rise by somebody else counts from the first read that shows it; one to a count
// that a call of ours replaced a short while ago cannot be told from an old read of that (R10), and does not count until two reads showed it after
// settle, and after an unanswered call can land no more.
func (w wants) sent(x *watched, c *sentCall) {
	b := x.groups[c.call.Group]
	origin := c.pending.Pool
	p := w[origin]
	if p == nil {
		return
	}
	switch c.pending.Purpose {
	case guard.ForStop:
		from := b.Requested
		if g, ok := x.shown[c.call.Group]; ok {
			from = min(from, g.Requested)
		}
		p.stopped(c.call.Group, from, c.call.Count)
		if c.call.Count > b.Requested && c.call.Count <= x.ranLately(&c.pending) { // a shrink is given up: it keeps what ran by the last reads (R3)
			p.high = max(p.high, x.sum(origin, c.call.Group)+c.call.Count)
		}
	case guard.ForLaunch, guard.ForAdd:
		sum, most := x.sum(origin, c.call.Group), p.high
		if c.call.Config != nil {
			sum += c.call.Config.Count
		} else {
			sum += c.call.Count
			p.launched(c.call.Group, c.call.Count-b.Requested)
		}
		for _, o := range x.groups {
			if o.origin == origin && x.unseen(o, c) {
				sum -= o.Requested
			}
		}
		for _, u := range p.open {
			if u.group == c.call.Group || u.to <= u.from {
				continue
			}
			if g, ok := x.shown[u.group]; u.void {
				sum -= u.to - u.from
			} else if ok {
				sum -= max(0, x.groups[u.group].Requested-g.Requested)
			}
		}
		if p.returning == c.pending.Recovery {
			most += x.sum(origin, origin)
		}
		if sum > most {
			x.violate("I2", "%s asks for %d of pool %s in all, people want %d to %d", c.call, sum, origin, p.low, p.high)
		}
	}
}

// meant takes a call that was written down: somebody else's count that it is to ask for can be taken for ours, and a fall that no read has shown yet for
// a rise from what it asks for, if EMR ignores it.
func (w wants) meant(b *groupBook, c emr.Call) {
	p := w[b.origin]
	if p == nil {
		return
	}
	for i := range p.open {
		if u := &p.open[i]; u.group == c.Group && (u.to == c.Count || u.to < u.from && u.to > c.Count && u.reads == 0) {
			u.void = true
		}
	}
}

// record takes orders, scaling decisions and what a pool makes its own.
func (w wants) record(x *watched, r store.Record) {
	p := w[emr.GroupID(r.Pool)]
	if p == nil {
		return
	}
	if strings.HasPrefix(r.Kind, "recovery.") {
		p.touch(x.now())
	}
	var data struct {
		Order guard.Order `json:"order"`
		Ask   struct {
			Target int `json:"target"`
		} `json:"ask"`
		Kind recovery.Kind `json:"kind"`
	}
	switch r.Kind {
	case "order.scale", "scaling.decided", "recovery.open":
		if json.Unmarshal(r.Data, &data) != nil {
			return
		}
	}
	switch r.Kind {
	case "order.scale":
		p.scaled(data.Order.To)
		x.clamp(p)
		p.touch(x.now())
	case "scaling.decided":
		p.scaled(data.Ask.Target)
		x.clamp(p)
		p.touch(x.now())
	case "recovery.open":
		if data.Kind == recovery.Return {
			p.returning = r.Recovery
		}
	case "pool.wanted":
		p.scaled(x.sum(emr.GroupID(r.Pool), ""))
		p.limit = 0
	case "pool.rebuilt":
		if b := x.groups[emr.GroupID(r.Group)]; b != nil {
			p.high += b.Requested
		}
	}
}

// clamp keeps what was moved within what is wanted, for every group of a pool.
func (x *watched) clamp(p *wanted) {
	for id := range p.moved {
		if b := x.groups[id]; b != nil {
			p.clamp(id, b.Requested)
		}
	}
}

// read takes a read whose decision was saved.
func (w wants) read(x *watched, r reading) {
	for _, p := range w {
		x.clamp(p)
	}
	for _, g := range r.groups {
		b := x.groups[g.ID]
		if b == nil || w[b.origin] == nil {
			continue
		}
		p := w[b.origin]
		if !p.met {
			p.met = true
			p.scaled(g.Requested)
		}
		then, ok := b.then(r.began)
		if ok && then.Requested != g.Requested {
			p.misread(g.Requested, then.Requested)
			p.touch(x.now())
			continue
		}
		for i := range p.open {
			if u := &p.open[i]; u.group == g.ID && !r.began.Before(u.at) && !r.began.Before(u.loose) && g.Requested == u.to {
				u.reads++
			}
		}
		if i := slices.IndexFunc(p.open, func(u unsettled) bool { return u.reads >= 2 }); i >= 0 {
			u := p.open[i]
			p.open = slices.Delete(p.open, i, i+1)
			p.settle(u, x.sum(b.origin, ""), x.rule().Settings.Max > 0)
		}
	}
}

// quietReads is how many right reads, a pace apart, a pool has to be left alone for before it counts as quiet.
const quietReads = 12

// quiet checks I2 for a pool that nobody has touched for a while.
//
// I2, at rest: when twelve right reads a pace apart showed no requested count that changed, nothing is open and the pool is not reported as
// resting, blocked or contested, nor its cluster paused or observed, what is asked for of it in truth is what people want. While members miss
// instances it may be more: what somebody else gave back to a member is matched by releases once it runs (R10). It may be more, too, while a
// release waits that EMR did not carry out once (R3).
func (w wants) quiet(x *watched, origin emr.GroupID, p *wanted, r reading) {
	if r.began.Sub(p.counted) < x.rule().Settings.Pace && p.reads > 0 || !r.began.After(p.changed) || !x.shownRight(origin, r) {
		return
	}
	p.reads, p.counted = p.reads+1, r.began
	if p.reads < quietReads || len(p.open) > 0 || p.limit == 0 && p.low == p.high && p.low == x.sum(origin, "") {
		return
	}
	s := x.doc()
	known := s.Pool(origin)
	if known == nil || s.Pending != nil || x.repaired(x.groups[origin]) {
		return
	}
	kept := slices.ContainsFunc(known.Members, func(m pool.Member) bool { return m.Kept != nil })
	// What arrived since the read began nobody knows of yet: it is released for once a read shows it.
	sum, whole := x.sum(origin, ""), x.whole(origin) && x.shownWhole(origin, r) && !kept
	if sum < p.low || sum > p.high && whole {
		x.violate("I2", "pool %s is quiet and %d are asked for in all, people want %d to %d", origin, sum, p.low, p.high)
	}
	x.clamp(p)
	p.low, p.high = min(p.low, sum), max(p.high, sum)
	if whole {
		p.limited(sum, x.rule().Settings.Max)
		p.rest(sum)
	}
}

// shownRight says whether a read shows every member of a pool as it was when the read began. One that shows too few running, say, may end the wait of a
// release, which begins with the next read (R3): the pool is not at rest.
func (x *watched) shownRight(origin emr.GroupID, r reading) bool {
	return !slices.ContainsFunc(r.groups, func(g emr.Group) bool {
		b := x.groups[g.ID]
		return b != nil && b.origin == origin && !b.right(g, r.began)
	})
}

// shownWhole says whether a read shows no member of a pool that misses instances.
func (x *watched) shownWhole(origin emr.GroupID, r reading) bool {
	return !slices.ContainsFunc(r.groups, func(g emr.Group) bool {
		b := x.groups[g.ID]
		return b != nil && b.origin == origin && g.Running < g.Requested
	})
}

// whole says whether every member of a pool has in truth what it is asked for.
func (x *watched) whole(origin emr.GroupID) bool {
	for _, b := range x.groups {
		if b.origin == origin && b.Running < b.Requested {
			return false
		}
	}
	return true
}
