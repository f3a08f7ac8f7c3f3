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
	maxMarks   = 32        // arrivals kept; beyond that the two oldest become one
	maxSpans   = 8         // spans of RECONFIGURING kept; beyond that the oldest becomes a shift of the dates
	keep       = time.Hour // how long running counts and arrivals are kept: more than five of the longest paces

	// lag is how far before the last read without a change our call or an event may lie and still be taken for its start:
	// reads may show a value from before a change for a while.
	lag = 5 * time.Minute
	// imprecise is how far AWS's dates of instances and the corrected local time may differ: the Date header has whole seconds.
	imprecise = 2 * time.Second
	// reordered is how much earlier than the newest read an overtaken one may have begun. A read from further back means
	// that the clock was set back; it is taken as it is.
	reordered = 5 * time.Minute
)

// Dating is what the caller knows about the start of the change that a read shows.
type Dating struct {
	Call  time.Time // when our own call that set this requested count was sent; zero if none did
	Event time.Time // when the group's resize started according to an event that dated nothing before; zero without one
}

// Delta is what one read changed, for attribution and history.
type Delta struct {
	Ignored     bool           `json:"ignored,omitempty"`      // the read began before the newest one: nothing was changed
	First       bool           `json:"first,omitempty"`        // the first usable read of the group; the changes are 0
	ClockBack   bool           `json:"clock_back,omitempty"`   // the clock was set back: dates after the read were moved to it
	RequestedBy int            `json:"requested_by,omitempty"` // change of the requested count
	RunningBy   int            `json:"running_by,omitempty"`   // change of the running count
	From        emr.GroupState `json:"from,omitempty"`         // the state before; empty at the first read
	To          emr.GroupState `json:"to"`
	Asked       int            `json:"asked,omitempty"`     // instances added to the shortfall by a change
	Arrived     int            `json:"arrived,omitempty"`   // instances that left it by arriving
	Withdrawn   int            `json:"withdrawn,omitempty"` // instances that left it because fewer are requested
	Lost        int            `json:"lost,omitempty"`      // instances added to it by losses
	Since       time.Time      `json:"since,omitzero"`      // the date given to what was asked, else to what was lost; zero when nothing was
	By          Source         `json:"by,omitempty"`        // where that date comes from
}

// Quiet says whether the read showed nothing new.
func (d Delta) Quiet() bool {
	return !d.First && !d.ClockBack && d.RequestedBy == 0 && d.RunningBy == 0 && d.From == d.To
}

// Observe takes one usable read of the group, begun and ended at the given times, into account (rule R1). A rise of the
// requested count pushes an entry, arrivals pop the oldest, losses push, a fall of the requested count pops the newest;
// then the newest are popped until the counts sum to max(0, requested - running).
//
// A rise is dated by our own call, by an event, else by the midpoint between the start of the last read without the
// change and the end of the first with it: the true start lies in between, and the midpoint has the smallest possible
// error either way. A loss is dated by an event, when no change explains that, or likewise by the midpoint. Only a call or event no more than a few minutes before that interval is believed, so that a fresh
// request is not blamed for an old one. At first sight the date is the read's end until Date finds a better one, and the
// cause is Change: a suspension too many does less harm than a scaling operation in the middle of a resize.
//
// Reads that began before the newest are ignored.
func (l Ledger) Observe(g emr.Group, began, ended time.Time, d Dating) (Ledger, Delta) {
	began, ended = began.Round(0).UTC(), later(began, ended).Round(0).UTC()
	delta := Delta{First: !l.Seen(), From: l.Last.State, To: g.State}
	if !delta.First && began.Before(l.Last.Began) {
		if l.Last.Began.Sub(began) <= reordered {
			return l, Delta{Ignored: true, From: l.Last.State, To: l.Last.State}
		}
		delta.ClockBack = true
		l = l.SetBack(ended)
	}
	before := l.Last
	l.Last = Read{Began: began, Ended: later(before.Ended, ended), Requested: g.Requested, Running: g.Running, State: g.State}
	if delta.First {
		l.First, l.Moved = ended, ended
		l.count(Read{Requested: g.Running, Running: g.Running}, d, &delta)
		l.Undated = delta.By == BySight && len(l.Entries) > 0
	} else {
		delta.RequestedBy, delta.RunningBy = g.Requested-before.Requested, g.Running-before.Running
		l.count(before, d, &delta)
		l.Undated = l.Undated && len(l.Entries) > 0
	}
	l.forget()
	l.reconfigured(before)
	l.watch(delta, d)
	return l, delta
}

// count moves both queues from the counts of before to those of l.Last.
func (l *Ledger) count(before Read, d Dating, delta *Delta) {
	rise, arrived := l.Last.Requested-before.Requested, l.Last.Running-before.Running
	if rise == 0 && arrived == 0 {
		return
	}
	missing, surplus := gap(before)
	change := l.date(before, d)
	// A call, or an event beside a change of the requested count, is about that count; what came or went besides is dated by the reads.
	var besides Dating
	if rise == 0 {
		besides.Event = d.Event
	}
	other := l.date(before, besides)
	with := func(e Entry, cause Cause) Entry {
		e.Cause = cause
		return e
	}
	nowMissing, nowSurplus := gap(l.Last)
	var f flow
	l.Entries, f = turn(l.Entries, nowMissing, surplus, with(change, Change), with(other, Loss),
		flow{asked: max(0, rise), served: max(0, arrived), lost: max(0, -arrived), undone: max(0, -rise)})
	l.Surplus, _ = turn(l.Surplus, nowSurplus, missing, with(change, Change), with(other, Gain),
		flow{asked: max(0, -rise), served: max(0, -arrived), lost: max(0, arrived), undone: max(0, rise)})
	delta.Asked, delta.Arrived, delta.Lost, delta.Withdrawn = f.asked, f.served, f.lost, f.undone
	switch {
	case f.asked > 0:
		delta.Since, delta.By = change.Since, change.By
	case f.lost > 0:
		delta.Since, delta.By = other.Since, other.By
	}
	if arrived == 0 {
		return
	}
	l.Moved = l.Last.Ended
	l.Steps = append(slices.Clone(l.Steps), Step{Until: before.Ended, Running: before.Running})
	if arrived > 0 {
		l.LastArrival = l.Last.Ended
		l.Arrivals = append(slices.Clone(l.Arrivals), Mark{From: before.Ended, At: l.Last.Ended, Count: arrived})
	}
}

// gap is how many instances a read shows missing, and how many too many.
func gap(r Read) (missing, surplus int) {
	return max(0, r.Requested-r.Running), max(0, r.Running-r.Requested)
}

// date is an entry without count and cause, dated as the start of a change between before (zero at first sight) and l.Last.
func (l *Ledger) date(before Read, d Dating) Entry {
	first := before.Began.IsZero()
	believed := func(t time.Time) bool { return !t.IsZero() && (first || !t.Before(before.Began.Add(-lag))) }
	switch {
	case believed(d.Call):
		return Entry{Since: earlier(d.Call, l.Last.Ended).Round(0).UTC(), By: ByCall}
	case believed(d.Event):
		return Entry{Since: earlier(d.Event, l.Last.Ended).Round(0).UTC(), By: ByEvent}
	case first:
		return Entry{Since: l.Last.Ended, By: BySight}
	}
	at := middle(before.Began, l.Last.Ended)
	return Entry{Since: at, By: ByRead, Slack: at.Sub(before.Began)}
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
		high := max(l.Steps[0].Running, l.Steps[1].Running)
		l.Steps = slices.Clone(l.Steps[1:])
		l.Steps[0].Running = high
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
		merged := Mark{From: l.Arrivals[0].From, At: l.Arrivals[1].At, Count: l.Arrivals[0].Count + l.Arrivals[1].Count}
		l.Arrivals = slices.Clone(l.Arrivals[1:])
		l.Arrivals[0] = merged
	}
	if len(l.Arrivals) == 0 {
		l.Arrivals = nil
	}
}

// SetBack moves every date after t to t. The clock was set back: ages may come out too short by that, never too long.
func (l Ledger) SetBack(t time.Time) Ledger {
	l.Entries, l.Surplus = clamp(l.Entries, t), clamp(l.Surplus, t)
	for _, at := range []*time.Time{&l.Last.Began, &l.Last.Ended, &l.First, &l.Moved, &l.LastArrival, &l.IdleSince, &l.SuspendedSince, &l.Settled} {
		*at = earlier(*at, t)
	}
	l.Steps, l.Arrivals, l.Spans = slices.Clone(l.Steps), slices.Clone(l.Arrivals), slices.Clone(l.Spans)
	for i := range l.Steps {
		l.Steps[i].Until = earlier(l.Steps[i].Until, t)
	}
	for i := range l.Arrivals {
		l.Arrivals[i].From, l.Arrivals[i].At = earlier(l.Arrivals[i].From, t), earlier(l.Arrivals[i].At, t)
	}
	for i := range l.Spans {
		l.Spans[i] = Span{From: earlier(l.Spans[i].From, t), To: earlier(l.Spans[i].To, t)}
	}
	return l
}
