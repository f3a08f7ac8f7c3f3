// Package ledger is the shortfall clock of one instance group: which instances are missing, since when, and why (rule R1).
//
// EMR does not say since when a group has been resizing, so the clock is built from what successive reads of the group
// show. A Ledger is a value: Observe and the other methods that change it return a new one and leave the old one and its
// slices alone. All times are passed in; none is read from a clock.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"emrguard/internal/emr"
)

// Cause says why an instance is missing (or too many).
type Cause string

// The causes.
const (
	// Change: the requested count was changed. The resize is unfinished while such an entry stands.
	Change Cause = "change"
	// Loss: a running instance went away, for example a Spot node that was taken back.
	Loss Cause = "loss"
	// Gain: more instances came than were asked for, for example late arrivals after a stop. In Surplus only.
	Gain Cause = "gain"
)

// Source says where the date of an entry comes from.
type Source string

// The sources, the surest first.
const (
	ByCall     Source = "call"     // our own call
	ByEvent    Source = "event"    // an event of EMR
	ByInstance Source = "instance" // the timeline of an instance, from ListInstances
	ByRead     Source = "read"     // the midpoint between the last read without the change and the first with it
	BySight    Source = "sight"    // the first read ever: no earlier than this is known
)

// Entry is Count instances that have been missing (or too many) since one moment.
type Entry struct {
	Since time.Time     `json:"since"`
	Count int           `json:"count"` // at least 1
	Cause Cause         `json:"cause"`
	By    Source        `json:"by"`
	Slack time.Duration `json:"slack,omitempty"` // ByRead: the true start is at most this far from Since, either way
}

// Read is what the newest usable read of the group showed.
type Read struct {
	Began     time.Time      `json:"began"` // when the read's first request was sent
	Ended     time.Time      `json:"ended"` // when its last answer came
	Requested int            `json:"requested"`
	Running   int            `json:"running"`
	State     emr.GroupState `json:"state"`
}

// Step is a running count that no longer holds, and the end of the last read that showed it.
type Step struct {
	Until   time.Time `json:"until"`
	Running int       `json:"running"`
}

// Mark is Count more instances running at the end of a time than at its start.
type Mark struct {
	From  time.Time `json:"from"` // end of the read before
	At    time.Time `json:"at"`   // end of the read that showed them
	Count int       `json:"count"`
}

// Span is a time the group spent in RECONFIGURING. The last span is open while the newest read shows that state.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Ledger is the state of the clock. The zero Ledger has seen nothing. Its JSON form is part of the stored document; a
// round trip through it changes nothing. Its size is bounded (see the constants in observe.go).
type Ledger struct {
	Entries []Entry   `json:"entries,omitempty"` // the shortfall, oldest first; counts sum to max(0, requested - running)
	Surplus []Entry   `json:"surplus,omitempty"` // an unfinished shrink, oldest first; counts sum to max(0, running - requested)
	Last    Read      `json:"last"`              // the newest usable read; zero before the first
	First   time.Time `json:"first,omitzero"`    // end of the first usable read ever
	Undated bool      `json:"undated,omitempty"` // the first read found a shortfall that only ListInstances can date: see Date

	Moved          time.Time `json:"moved,omitzero"`            // end of the first read that showed the present running count
	LastArrival    time.Time `json:"last_arrival,omitzero"`     // when an instance last arrived, as far as known
	IdleSince      time.Time `json:"idle_since,omitzero"`       // RESIZING with running == requested since; zero when not so
	SuspendedSince time.Time `json:"suspended_since,omitzero"`  // start of the first read in a row that showed SUSPENDED or ARRESTED; zero when not so
	SuspendedReads int       `json:"suspended_reads,omitempty"` // how many in a row showed it

	Steps    []Step    `json:"steps,omitempty"`    // running counts of the last hour, oldest first, without the present one
	Arrivals []Mark    `json:"arrivals,omitempty"` // arrivals seen since the oldest entry, oldest first
	Settled  time.Time `json:"settled,omitzero"`   // up to here ListInstances has been taken into account
	Spans    []Span    `json:"spans,omitempty"`    // times in RECONFIGURING since the oldest entry, oldest first
}

// Seen says whether there was a usable read.
func (l Ledger) Seen() bool { return !l.Last.Began.IsZero() }

// Missing is the number of instances asked for and not running, as last read.
func (l Ledger) Missing() int { return count(l.Entries) }

// Oldest returns the oldest entry of the shortfall; false when nothing is missing.
func (l Ledger) Oldest() (Entry, bool) { return oldest(l.Entries) }

// Shrink returns the oldest entry of the surplus; false when no shrink is unfinished.
func (l Ledger) Shrink() (Entry, bool) { return oldest(l.Surplus) }

// HasChange says whether a growth of the group is unfinished: an entry of the shortfall has the cause Change.
func (l Ledger) HasChange() bool {
	for _, e := range l.Entries {
		if e.Cause == Change {
			return true
		}
	}
	return false
}

// Age is how long the oldest missing instance has been missing, without the time spent RECONFIGURING. 0 when nothing is
// missing.
func (l Ledger) Age(now time.Time) time.Duration { return l.age(l.Entries, now) }

// ShrinkAge is Age for the surplus: how long the oldest unfinished shrink has lasted.
func (l Ledger) ShrinkAge(now time.Time) time.Duration { return l.age(l.Surplus, now) }

// Deadline is the moment at which Age reaches after, past or future. False when nothing is missing, or when the group is
// in RECONFIGURING now and the clock stands still before the deadline.
func (l Ledger) Deadline(after time.Duration) (time.Time, bool) { return l.deadline(l.Entries, after) }

// ShrinkDeadline is Deadline for the surplus.
func (l Ledger) ShrinkDeadline(after time.Duration) (time.Time, bool) {
	return l.deadline(l.Surplus, after)
}

// Highest is the highest running count read at or after since, the newest read included whenever it was. Counts older
// than an hour are not kept.
func (l Ledger) Highest(since time.Time) int {
	high := l.Last.Running
	for _, s := range l.Steps {
		if !s.Until.Before(since) {
			high = max(high, s.Running)
		}
	}
	return high
}

// Fell is the highest running count read at or after since and the present one: how far running fell within that time.
func (l Ledger) Fell(since time.Time) (from, to int) { return l.Highest(since), l.Last.Running }

// SuspendedFor is the time between the first and the newest of the reads in a row that showed SUSPENDED or ARRESTED;
// 0 for a single one. It restarts at a change of the requested count and at our own call, because a read soon after a
// change may still show the failure before it.
func (l Ledger) SuspendedFor() time.Duration {
	if l.SuspendedReads == 0 {
		return 0
	}
	return l.Last.Began.Sub(l.SuspendedSince)
}

// Check says what is wrong with a ledger that was read from a document; nil for every ledger that Observe returned.
func (l Ledger) Check() error {
	var errs []error
	check := func(name string, q []Entry, want int) {
		for i, e := range q {
			if e.Count < 1 {
				errs = append(errs, fmt.Errorf("%s[%d]: count %d is below 1", name, i, e.Count))
			}
			if i > 0 && e.Since.Before(q[i-1].Since) {
				errs = append(errs, fmt.Errorf("%s[%d]: since %s is before the entry ahead of it", name, i, e.Since.Format(time.RFC3339)))
			}
		}
		if n := count(q); n != want {
			errs = append(errs, fmt.Errorf("%s: holds %d instances, the newest read (requested %d, running %d) says %d",
				name, n, l.Last.Requested, l.Last.Running, want))
		}
	}
	if !l.Seen() && (len(l.Entries) > 0 || len(l.Surplus) > 0) {
		errs = append(errs, errors.New("last: entries without a read"))
	}
	missing, surplus := gap(l.Last)
	check("entries", l.Entries, missing)
	check("surplus", l.Surplus, surplus)
	return errors.Join(errs...)
}
