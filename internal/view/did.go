package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/recovery"
)

// Sentence says what emrguard has done in an open recovery so far, in the words of the demo: stuck, stopped, banned, launched.
func (r RecoveryStatus) Sentence(now time.Time) string {
	name := cmp.Or(r.GroupLabel, r.Group)
	parts := []string{strings.TrimSpace(Clock(r.Opened, now) + " " + r.began(name))}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if !r.Stopped.IsZero() {
		add("stopped at %d", r.StopCount)
	} else if r.stops() {
		add("not stopped yet")
	}
	if !r.BannedUntil.IsZero() {
		add("banned until %s", Clock(r.BannedUntil, now))
	}
	if r.Placed > 0 {
		text := fmt.Sprintf("%d launched", r.Placed)
		if on := cmp.Or(r.PlacedOnLabel, r.PlacedOn); on != "" {
			text += " on " + on
		}
		parts = append(parts, text)
	} else if !r.Stopped.IsZero() && r.Asked > r.StopCount {
		add("nothing launched yet")
	}
	text := strings.Join(parts, ", ")
	if r.Cause != "" {
		text += "; cause: " + r.Cause
	}
	if r.Hold != "" {
		text += "; waits: " + r.Hold
	}
	return text + " (" + r.Recovery + ")"
}

// began says why a recovery was opened, in a few words.
func (r RecoveryStatus) began(name string) string {
	of := fmt.Sprintf("(%d of %d ran)", r.Ran, r.Asked)
	switch recovery.Kind(r.Kind) {
	case recovery.Stuck:
		return name + " stuck " + of
	case recovery.Suspended:
		return name + " given up by EMR " + of
	case recovery.Idle:
		return name + " stuck in RESIZING though nothing is missing"
	case recovery.Shrink:
		return "the shrink of " + name + " stuck " + of
	case recovery.Overrun:
		return name + " runs more than it is asked for " + of
	case recovery.Enforce:
		return name + " raised by somebody else while banned " + of
	case recovery.Retry:
		return "pool " + name + " is tried again"
	case recovery.Surplus:
		return "pool " + name + " has more than it wants, releasing"
	case recovery.Return:
		return "return to " + name + r.by()
	case recovery.Scale:
		return "pool " + name + ": " + r.Reason + r.by()
	}
	return r.Kind + " of " + name
}

func (r RecoveryStatus) by() string {
	if r.Author == "" {
		return ""
	}
	return " by " + r.Author
}

// stops says whether the recovery begins with a stop.
func (r RecoveryStatus) stops() bool {
	switch recovery.Kind(r.Kind) {
	case recovery.Stuck, recovery.Suspended, recovery.Idle, recovery.Shrink, recovery.Overrun, recovery.Enforce:
		return true
	case recovery.Retry, recovery.Surplus, recovery.Return, recovery.Scale:
	}
	return false
}

// Stage is the step of an open recovery in plain words.
func (r RecoveryStatus) Stage() string {
	switch recovery.Step(r.Step) {
	case recovery.StepConfirm:
		return "being read again"
	case recovery.StepStop:
		return "being stopped"
	case recovery.StepSettle:
		return "stopped, until EMR shows it"
	case recovery.StepPlace:
		return "being launched"
	case recovery.StepRelease:
		return "being released"
	case recovery.StepWatch:
		return "launched, until it runs"
	}
	return r.Step
}
