package ledger

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// The bounds of a Ledger.
const (
	maxEntries = 128       // dates kept per queue; beyond that neighbours are merged
	maxSteps   = 64        // running counts kept; beyond that the two oldest become one, the higher
	maxMarks   = 32        // arrivals kept; beyond that the two oldest become one, at the older date
	maxSpans   = 8         // spans of RECONFIGURING kept; beyond that the oldest becomes a shift of the dates
	keep       = time.Hour // how long running counts and arrivals are kept: more than five of the longest paces

	// lag is how far before the last read without a change our call or an event may lie and still be taken for its start:
	// reads may show a value from before a change for a while.
	lag = 5 * time.Minute
	// reordered is how much earlier than the newest read an overtaken one may have begun. A read from further back means
	// that the clock was set back; it is taken as it is.
	reordered = 5 * time.Minute
)

// Dating is what the caller knows about the start of the change that a read shows.
type Dating struct {
	Call  time.Time // when our own call that set this requested count was sent; zero if none did
	Event time.Time // when the group's resize started according to an event; zero without one
}

// Delta is what one read changed, for attribution and history.
type Delta struct {
	Ignored     bool           // the read began before the newest one: nothing was changed
	First       bool           // the first usable read of the group; the changes are 0
	ClockBack   bool           // the clock was set back: dates after the read were moved to it
	RequestedBy int            // change of the requested count
	RunningBy   int            // change of the running count
	From        emr.GroupState // the state before; empty at the first read
	To          emr.GroupState
	Asked       int       // instances added to the shortfall by a change
	Arrived     int       // instances that left it by arriving
	Withdrawn   int       // instances that left it because fewer are requested
	Lost        int       // instances added to it by losses
	Since       time.Time // the date given to what was asked or lost; zero when nothing was
	By          Source    // where that date comes from
}

// Quiet says whether the read showed nothing new.
func (d Delta) Quiet() bool {
	return !d.First && !d.ClockBack && d.RequestedBy == 0 && d.RunningBy == 0 && d.From == d.To
}

// Observe takes one usable read of the group, begun and ended at the given times, into account (rule R1). A rise of the
// requested count pushes an entry, arrivals pop the oldest, losses push, a fall of the requested count pops the newest;
// then the newest are popped until the counts sum to max(0, requested - running).
//
// An entry is dated by our own call, by an event, else by the midpoint between the start of the last read without the
// change and the end of the first with it: the true start lies in between, and the midpoint has the smallest possible
// error either way. Only a call or event no more than a few minutes before that interval is believed, so that a fresh
// request is not blamed for an old one. At first sight the date is the read's end until Date finds a better one.
//
// Reads that began before the newest are ignored.
func (l Ledger) Observe(g emr.Group, began, ended time.Time, d Dating) (Ledger, Delta) {
	began, ended = began.Round(0).UTC(), later(began, ended).Round(0).UTC()
	before := l.Last
	delta := Delta{First: !l.Seen(), From: before.State, To: g.State}
	if !delta.First && began.Before(before.Began) {
		if before.Began.Sub(began) <= reordered {
			return l, Delta{Ignored: true, From: before.State, To: before.State}
		}
		delta.ClockBack = true
		l = l.setBack(ended)
		before = l.Last
	}
	if delta.First {
		before.Ended = ended
		l.First, l.Moved = ended, ended
		before.Requested, before.Running = g.Running, g.Running
	}
	l.Last = Read{Began: began, Ended: later(before.Ended, ended), Requested: g.Requested, Running: g.Running, State: g.State}
	ended = l.Last.Ended

	rise, arrived := g.Requested-before.Requested, g.Running-before.Running
	if rise != 0 || arrived != 0 {
		l.count(before, rise, arrived, d, &delta)
	}
	if !delta.First {
		delta.RequestedBy, delta.RunningBy = rise, arrived
	}
	if delta.First && delta.By == BySight {
		l.Undated = len(l.Entries) > 0
	}
	if len(l.Entries) == 0 {
		l.Undated = false
	}
	l.forget()
	l.reconfigured(beforeState(before, delta.First))
	l.watch(delta, d)
	return l, delta
}

// beforeState is the read before, empty at the first one.
func beforeState(before Read, first bool) Read {
	if first {
		return Read{}
	}
	return before
}

// count moves both queues from the counts of before to those of l.Last.
func (l *Ledger) count(before Read, rise, arrived int, d Dating, delta *Delta) {
	since, by, slack := l.date(before, d, delta.First)
	asked := Entry{Since: since, Cause: Change, By: by, Slack: slack}
	other := asked
	if rise != 0 && by != BySight {
		// The call or event is about the requested count; the instances that came or went besides are dated by the reads.
		other.Since, other.By, other.Slack = l.date(before, Dating{}, delta.First)
	}
	with := func(e Entry, cause Cause, n int) Entry {
		e.Cause, e.Count = cause, max(0, n)
		return e
	}
	had, missing, surplus := count(l.Entries), max(0, l.Last.Requested-l.Last.Running), max(0, l.Last.Running-l.Last.Requested)
	l.Entries = turn(l.Entries, missing, with(asked, Change, rise), with(other, Loss, -arrived), max(0, arrived), max(0, -rise))
	l.Surplus = turn(l.Surplus, surplus, with(asked, Change, -rise), with(other, Gain, arrived), max(0, -arrived), max(0, rise))

	grown := missing - had
	delta.Asked = min(max(0, rise), missing)
	delta.Arrived = min(max(0, arrived), had+max(0, rise))
	delta.Lost = max(0, min(-arrived, grown+max(0, -rise)-delta.Asked))
	delta.Withdrawn = max(0, had+delta.Asked-delta.Arrived+delta.Lost-missing)
	if delta.Asked > 0 || delta.Lost > 0 {
		delta.Since, delta.By = since, by
	}

	if arrived == 0 || delta.First {
		return
	}
	l.Moved = l.Last.Ended
	l.Steps = append(slices.Clone(l.Steps), Step{Until: before.Ended, Running: before.Running})
	if arrived > 0 {
		l.LastArrival = l.Last.Ended
		l.Arrivals = append(slices.Clone(l.Arrivals), Mark{At: l.Last.Ended, Count: arrived})
	}
}

// date is the start of a change between before and l.Last.
func (l *Ledger) date(before Read, d Dating, first bool) (time.Time, Source, time.Duration) {
	for _, c := range []struct {
		at time.Time
		by Source
	}{{d.Call, ByCall}, {d.Event, ByEvent}} {
		if !c.at.IsZero() && (first || !c.at.Before(before.Began.Add(-lag))) {
			return earlier(c.at, l.Last.Ended).Round(0).UTC(), c.by, 0
		}
	}
	if first {
		return l.Last.Ended, BySight, 0
	}
	at := middle(before.Began, l.Last.Ended)
	return at, ByRead, at.Sub(before.Began)
}

// watch keeps the clocks that hang on the state alone.
func (l *Ledger) watch(delta Delta, d Dating) {
	idle := l.Last.State == emr.GroupResizing && l.Last.Running == l.Last.Requested
	switch {
	case !idle:
		l.IdleSince = time.Time{}
	case l.IdleSince.IsZero():
		l.IdleSince = l.Last.Ended
	}
	switch {
	case !l.Last.State.Suspended():
		l.SuspendedSince, l.SuspendedReads = time.Time{}, 0
	case l.SuspendedReads == 0 || delta.RequestedBy != 0 || d.Call.After(l.SuspendedSince):
		l.SuspendedSince, l.SuspendedReads = l.Last.Began, 1
	default:
		l.SuspendedReads++
	}
}

// forget drops what no rule asks for any more, and keeps the rest within its bounds.
func (l *Ledger) forget() {
	old := l.Last.Ended.Add(-keep)
	for len(l.Steps) > 0 && l.Steps[0].Until.Before(old) {
		l.Steps = l.Steps[1:]
	}
	if len(l.Steps) > maxSteps {
		l.Steps[1].Running = max(l.Steps[0].Running, l.Steps[1].Running)
		l.Steps = l.Steps[1:]
	}
	if len(l.Steps) == 0 {
		l.Steps = nil
	}
	if len(l.Entries) > 0 {
		old = earlier(old, l.Entries[0].Since)
	}
	for len(l.Arrivals) > 0 && l.Arrivals[0].At.Before(old) {
		l.Arrivals = l.Arrivals[1:]
	}
	if len(l.Arrivals) > maxMarks {
		l.Arrivals[1] = Mark{At: l.Arrivals[0].At, Count: l.Arrivals[0].Count + l.Arrivals[1].Count}
		l.Arrivals = l.Arrivals[1:]
	}
	if len(l.Arrivals) == 0 {
		l.Arrivals = nil
	}
}

// setBack moves every date after t to t. The clock was set back: ages may come out too short by that, never too long.
func (l Ledger) setBack(t time.Time) Ledger {
	l.Entries, l.Surplus = clamp(l.Entries, t), clamp(l.Surplus, t)
	for _, at := range []*time.Time{&l.Last.Began, &l.Last.Ended, &l.First, &l.Moved, &l.LastArrival, &l.IdleSince, &l.SuspendedSince, &l.Settled} {
		*at = earlier(*at, t)
	}
	l.Steps, l.Arrivals, l.Spans = slices.Clone(l.Steps), slices.Clone(l.Arrivals), slices.Clone(l.Spans)
	for i := range l.Steps {
		l.Steps[i].Until = earlier(l.Steps[i].Until, t)
	}
	for i := range l.Arrivals {
		l.Arrivals[i].At = earlier(l.Arrivals[i].At, t)
	}
	for i := range l.Spans {
		l.Spans[i] = Span{From: earlier(l.Spans[i].From, t), To: earlier(l.Spans[i].To, t)}
	}
	return l
}
