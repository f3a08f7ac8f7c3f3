package simtest

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
)

// missing is the oracle's own clock of one group's missing instances, kept from the truth: each has the time at which it went missing, and
// the one at which a right read first showed that.
type missing struct {
	queue   []lack // the oldest first
	arrival time.Time
	came    time.Time // when a right read first showed the last arrival
	loss    time.Time // of a running instance; zero: none so far
	gone    time.Time // when the youngest of those that ended had become ready
	fell    bool      // the requested count fell since the last right read
	lost    bool      // a running instance was lost since then
	gained  bool      // one arrived since then
	hidden  bool      // an arrival and a loss came between the same two right reads, which show neither

	read     time.Time // when the last right read began
	taken    []lack    // what a fall of the requested count ended since then, the oldest first
	served   []lack    // what arrivals ended since then, the oldest first
	fleeting int       // running instances that ended and had arrived since then
	feigned  []lack    // what reads since then show missing that was not, the oldest first

	late    int       // reads since the oldest was overdue, a pace apart
	counted time.Time // the last of them
}

// lack are instances that went missing together.
type lack struct {
	count int
	since time.Time
	shown time.Time // by a right read; zero: by none yet
	lost  bool      // they ran; else they were asked for
	dated time.Time // since when right reads show as many missing: since, or what was missing before it, if no read came between
	ended time.Time // when it was missing no longer
}

// take books what became of the group. A rise of requested is missing from then on, an arrival ends what is missing for the longest, a fall
// of requested what is missing for the shortest time; what is left is a loss. Time in RECONFIGURING does not count. A requested count that fell and
// rose again between two right reads, and an instance that arrived and ended between two, are seen by nobody: they are dated by what they replace. Where a read shows fewer than ran, and as many
// are lost before a right one shows that they are not, nobody can know that they were there in between: they are dated by that read.
func (m *missing) take(before, now emrsim.GroupNow) {
	if before.State == string(emr.GroupReconfiguring) {
		for i := range m.queue {
			m.queue[i].since = m.queue[i].since.Add(now.At.Sub(before.At))
			m.queue[i].dated = m.queue[i].dated.Add(now.At.Sub(before.At))
			if !m.queue[i].shown.IsZero() {
				m.queue[i].shown = m.queue[i].shown.Add(now.At.Sub(before.At))
			}
		}
	}
	asked, ran := now.Requested-before.Requested, now.Running-before.Running
	if asked > 0 {
		m.push(lack{count: min(asked, max(0, now.Requested-before.Running)), since: now.At}, &m.taken) // the rest runs already
	}
	if ran > 0 {
		m.arrival = now.At
		m.served = append(m.served, m.pop(ran, true, now.At)...)
	}
	if asked < 0 {
		m.taken = append(m.pop(-asked, false, now.At), m.taken...)
	}
	if ran < 0 {
		m.loss = now.At
	}
	m.fell, m.lost, m.gained = m.fell || asked < 0, m.lost || ran < 0, m.gained || ran > 0
	m.hidden = m.hidden || m.lost && m.gained
	m.hidden = m.hidden && now.Running < now.Requested
	total := 0
	for _, l := range m.queue {
		total += l.count
	}
	short := max(0, now.Requested-now.Running)
	m.pop(total-short, false, now.At)
	if n := min(short-total, m.fleeting); n > 0 {
		m.push(lack{count: n, since: now.At, lost: true}, &m.served)
		total, m.fleeting = total+n, m.fleeting-n
	}
	if short > total {
		m.push(lack{count: short - total, since: now.At, lost: true}, &m.feigned)
	}
}

// push adds instances that are missing from now on. As many of them as others, which no read saw go, are dated by those.
func (m *missing) push(l lack, others *[]lack) {
	l.dated = l.since
	for l.count > 0 && len(*others) > 0 {
		o, like := &(*others)[0], l
		like.count, like.dated = min(l.count, o.count), o.dated
		m.queue = append(m.queue, like)
		l.count -= like.count
		if o.count -= like.count; o.count == 0 {
			*others = (*others)[1:]
		}
	}
	if l.count > 0 {
		m.queue = append(m.queue, l)
	}
}

// pop ends n of the missing, those of the longest or of the shortest time, and returns them, the oldest first.
func (m *missing) pop(n int, oldest bool, at time.Time) []lack {
	var out []lack
	for n > 0 && len(m.queue) > 0 {
		i := len(m.queue) - 1
		if oldest {
			i = 0
		}
		took := m.queue[i]
		took.count, took.ended = min(n, took.count), at
		n -= took.count
		if m.queue[i].count -= took.count; m.queue[i].count == 0 {
			m.queue = append(m.queue[:i], m.queue[i+1:]...)
		}
		if oldest {
			out = append(out, took)
		} else {
			out = append([]lack{took}, out...)
		}
	}
	return out
}

// ends takes the end of an instance that ran.
func (m *missing) ends(e emrsim.End) {
	m.gone = later(m.gone, e.Ready)
	if e.Ready.After(m.read) {
		m.fleeting++
	}
}

// feign takes a read that shows n instances fewer than ran at any time since the last right one. Of what earlier reads feigned and it does not the
// oldest ends, as if it arrived.
func (m *missing) feign(n int, at time.Time) {
	for _, l := range m.feigned {
		n -= l.count
	}
	if n > 0 {
		m.feigned = append(m.feigned, lack{count: n, dated: at})
	}
	for n < 0 && len(m.feigned) > 0 {
		took := min(-n, m.feigned[0].count)
		n += took
		if m.feigned[0].count -= took; m.feigned[0].count == 0 {
			m.feigned = m.feigned[1:]
		}
	}
}

// oldestDated is since when right reads show an instance missing; zero when none is.
func (m *missing) oldestDated() time.Time {
	var oldest time.Time
	for _, l := range m.queue {
		if oldest.IsZero() || l.dated.Before(oldest) {
			oldest = l.dated
		}
	}
	return oldest
}

// lateReads is how many reads in a row, a pace apart, may show a group that is overdue before something has to be open.
const lateReads = 4

// overdue checks I1 after a read whose decision was saved.
//
// I1: every shortfall older than `after` and the budgeted delay belongs to an open recovery of its pool, to a pool that rests, is blocked or
// contested, or to a cluster that is paused, observed or not ours to repair. The clock is kept from the truth, one entry for each missing
// instance, and no crash and no change of owner touches it: so none of these may start a clock again (I7). The budgeted delay is stated by what
// the guard was given. The time from which it can know of an instance is the first read that showed the group as it was; from `after` later on
// (the longest `after` of the ladder, with the grace after a read showed an arrival) four such reads a pace apart, each decided on and saved, may come before
// something is open. A read that shows the group otherwise than it was begins all of this anew, and so does one in whose time the
// requested count fell and instances were lost, too: R1 then takes the lost ones for the newest. A loss that an arrival hid from the reads is
// known when the instances are listed before a stop, and dated by that.
func (x *watched) overdue(b *groupBook, g emr.Group, began time.Time) {
	m := &b.lacks
	rule := x.rule()
	right := b.right(g, began)
	if !right || m.fell && m.lost {
		m.unknown(time.Time{})
	}
	if !right {
		m.feign(b.fewest(m.read, began)-g.Running, began)
	}
	if right {
		b.seen(began)
		if m.gained {
			m.came = x.now()
		}
		m.fell, m.lost, m.gained = false, false, false
		shown := func(l lack) bool { return !l.ended.After(began) }
		m.read, m.taken, m.served, m.fleeting, m.feigned = began, slices.DeleteFunc(m.taken, shown), slices.DeleteFunc(m.served, shown), 0, nil
	}
	for i := range m.queue {
		if l := &m.queue[i]; l.shown.IsZero() && !l.since.After(began) && right {
			l.shown = began
		}
	}
	if len(m.queue) == 0 || m.queue[0].shown.IsZero() || g.Role == emr.Master || g.State == emr.GroupReconfiguring || g.State.Ended() {
		m.late = 0
		return
	}
	due := later(m.queue[0].shown.Add(rule.Settings.LongestAfter()), x.settings[len(x.settings)-1].from)
	if since, given := x.conduct.suspended[g.ID]; given { // EMR gave the resize up (R3)
		due = since.Add(rule.Settings.Pace)
	}
	if grace := rule.Settings.ProgressGrace; grace > 0 {
		due = later(due, m.came.Add(grace))
	}
	if began.Before(due) || x.repaired(b) {
		m.late = 0
		return
	}
	if m.late > 0 && began.Sub(m.counted) < rule.Settings.Pace {
		return
	}
	m.late, m.counted = m.late+1, began
	if m.late == lateReads {
		x.violate("I1", "%s: %d of %d run, the oldest is missing since %s and known since %s, and nothing is open", b.Group, g.Running, g.Requested,
			m.queue[0].since.Format(time.TimeOnly), m.queue[0].shown.Format(time.TimeOnly))
	}
}

// unknown says that the guard cannot know of what is missing, or only since a time.
func (m *missing) unknown(since time.Time) {
	for i := range m.queue {
		m.queue[i].shown = since
	}
	m.late = 0
}

// settled takes the record of a list of instances, which tells what was lost from what was asked for.
func (x *watched) settled(id emr.GroupID) {
	lacks := &x.groups[id].lacks
	lacks.settled(x.now())
	x.changes[id] = min(x.changes[id], lacks.asked())
}

// settled takes the record of a list of instances that showed a hidden loss.
func (m *missing) settled(at time.Time) {
	if m.hidden {
		m.unknown(at)
		m.hidden = false
	}
}

// asked is how many of the missing were asked for and never ran, as far as anybody can know: what was asked for again, in place of what a fall of the requested
// count that no read showed had ended, looks as if it had been missing all the time. The arrivals that a list shows between the reads then end it.
func (m *missing) asked() int {
	n := 0
	for _, l := range m.queue {
		if !l.lost && l.dated.Equal(l.since) {
			n += l.count
		}
	}
	return n
}

// repaired says whether something is done about a group's missing instances, or nothing is to be done.
func (x *watched) repaired(b *groupBook) bool {
	s, rule := x.doc(), x.rule()
	if !s.Ended.IsZero() || s.Withheld != "" || s.Paused != nil || rule.Mode != guard.Enforce || x.o.w.o.DryRun || x.o.paused || !s.Cluster.State.Modifiable() || x.o.skewed() {
		return true
	}
	p := s.PoolOf(emr.GroupID(b.Group))
	if p == nil || p.Rest != nil || p.Blocked != nil || p.Contested || rule.Wrapped && p.Role == emr.Core {
		return true
	}
	for _, r := range s.Recoveries {
		if r.Pool == p.Origin {
			return true
		}
	}
	return false
}

// skewed says whether a process has a clock that is wrong enough to begin no repair (R11).
func (o *oracle) skewed() bool {
	for _, p := range o.w.procs {
		if p.Ahead > 30*time.Second || p.Ahead < -30*time.Second || p.asleep {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
