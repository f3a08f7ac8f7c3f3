package recovery

import (
	"fmt"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
)

// Kind says what a recovery repairs or carries out.
type Kind string

// The kinds of recovery. Those before Retry begin with a stop.
const (
	Stuck     Kind = "stuck"     // instances are missing for too long (R1)
	Suspended Kind = "suspended" // EMR gave the resize up: SUSPENDED or ARRESTED with instances missing (R3)
	Idle      Kind = "idle"      // RESIZING although nothing is missing (R3)
	Shrink    Kind = "shrink"    // a shrink that does not move (R3)
	Overrun   Kind = "overrun"   // more run than are asked for, and EMR neither shrinks nor ends them (R3)
	Enforce   Kind = "enforce"   // outside growth of a banned member (R10)
	Retry     Kind = "retry"     // a rest ended or a blocked pool has a candidate again: place what is missing (R6, R8)
	Scale     Kind = "scale"     // asked for by hand: launch or release
	Surplus   Kind = "surplus"   // more is asked for than wanted: release on the fallbacks (R10)
	Return    Kind = "return"    // asked for by hand: launch on the origin what was placed elsewhere for it
)

// Stops says whether a recovery of this kind begins by stopping a resize.
func (k Kind) Stops() bool {
	switch k {
	case Stuck, Suspended, Idle, Shrink, Overrun, Enforce:
		return true
	}
	return false
}

// Bans says whether the stop bans the group.
func (k Kind) Bans() bool { return k == Stuck || k == Suspended }

// Counts says whether a recovery of this kind counts towards the chain.
func (k Kind) Counts() bool { return k == Stuck || k == Suspended }

// Verdict says whether a group is stuck, or when to look at it again.
type Verdict struct {
	Stuck  bool
	Kind   Kind
	Since  time.Time // of the oldest missing instance, or of the state
	Due    time.Time // not stuck: the moment it would be; zero: nothing is under way
	Reason string
}

// Judge applies rules R1 and R3 to one group as last read.
func Judge(g emr.Group, l ledger.Ledger, s Settings, now time.Time) Verdict {
	if g.Role == emr.Master || g.State.Ended() || g.State == emr.GroupReconfiguring {
		return Verdict{}
	}
	if oldest, missing := l.Oldest(); missing {
		return judgeShort(g, l, oldest.Since, s, now)
	}
	if oldest, shrinking := l.Shrink(); shrinking && (oldest.Cause == ledger.Change || g.State == emr.GroupResizing) { // RESIZING with too many is a shrink, whatever began it
		return judgeShrink(g, l, oldest.Since, s, now)
	}
	if extra, more := l.Shrink(); more {
		return judgeOverrun(g, l, extra.Since, s, now)
	}
	if !l.IdleSince.IsZero() {
		due := l.IdleSince.Add(s.After)
		if now.Before(due) {
			return Verdict{Kind: Idle, Since: l.IdleSince, Due: due, Reason: "RESIZING although nothing is missing"}
		}
		return Verdict{Stuck: true, Kind: Idle, Since: l.IdleSince, Reason: fmt.Sprintf("RESIZING since %s although %d of %d run", clock(l.IdleSince), g.Running, g.Requested)}
	}
	return Verdict{}
}

func judgeShrink(g emr.Group, l ledger.Ledger, since time.Time, s Settings, now time.Time) Verdict {
	due, running := l.ShrinkDeadline(s.ShrinkAfter)
	due = later(due, l.Moved.Add(15*s.Pace))
	if !running || now.Before(due) {
		return Verdict{Kind: Shrink, Since: since, Due: due, Reason: fmt.Sprintf("a shrink to %d is under way, %d still run", g.Requested, g.Running)}
	}
	return Verdict{Stuck: true, Kind: Shrink, Since: since, Reason: fmt.Sprintf(
		"shrinking to %d since %s and %d still run; the count did not move for %s", g.Requested, clock(since), g.Running, phrase.Duration(now.Sub(l.Moved).Round(time.Second)))}
}

// judgeOverrun is the case of instances that came after fewer were asked for: EMR may end them soon, or never.
func judgeOverrun(g emr.Group, l ledger.Ledger, since time.Time, s Settings, now time.Time) Verdict {
	due := later(since, l.Moved).Add(15 * s.Pace)
	v := Verdict{Stuck: !now.Before(due), Kind: Overrun, Since: since, Reason: fmt.Sprintf("%d run since %s and %d are asked for; EMR does not end them", g.Running, clock(since), g.Requested)}
	if !v.Stuck {
		v.Due = due
	}
	return v
}

func judgeShort(g emr.Group, l ledger.Ledger, since time.Time, s Settings, now time.Time) Verdict {
	if g.State.Suspended() {
		if l.SuspendedReads >= 2 && l.SuspendedFor() >= s.Pace {
			return Verdict{Stuck: true, Kind: Suspended, Since: since, Reason: fmt.Sprintf(
				"EMR gave the resize up: %s with %d of %d running", g.State, g.Running, g.Requested)}
		}
		return Verdict{Kind: Suspended, Since: since, Due: l.SuspendedSince.Add(s.Pace), Reason: string(g.State) + " seen; a second read a pace later decides"}
	}
	due, running := l.Deadline(s.After)
	if s.ProgressGrace > 0 && !l.LastArrival.IsZero() {
		due = later(due, l.LastArrival.Add(s.ProgressGrace))
	}
	if !running || now.Before(due) {
		return Verdict{Kind: Stuck, Since: since, Due: due, Reason: fmt.Sprintf("%d of %d run, the oldest missing since %s", g.Running, g.Requested, clock(since))}
	}
	return Verdict{Stuck: true, Kind: Stuck, Since: since, Reason: fmt.Sprintf(
		"%d of %d run; the oldest missing instance is missing since %s, for %s (limit %s)", g.Running, g.Requested, clock(since),
		phrase.Duration(l.Age(now).Round(time.Second)), phrase.Duration(s.After))}
}

// StopCount is the count a stop asks for (rule R4): what ran at most in the last two paces and what is about to arrive.
// Hold is not empty while the stop has to wait, and says why.
func StopCount(g emr.Group, l ledger.Ledger, granted Grants, s Settings, now time.Time) (count, starting int, hold string) {
	highest, starting := max(g.Running, highest(l, granted, s, now)), granted.Arriving(s.StartingGrace, now)
	if from, to := l.Fell(now.Add(-5 * s.Pace)); 5*(from-to) > from {
		return highest + starting, starting, fmt.Sprintf("the running count fell from %d to %d within five paces; a stop now could end nodes that are only unreported", from, to)
	}
	return highest + starting, starting, ""
}

// highest is the highest running count of the last two paces, by the reads of the group and by the list of its instances. Either of the two may be
// old, or show fewer than run: a stop below what runs ends nodes, and one above it only asks EMR for a little more until the stop is settled (R5).
func highest(l ledger.Ledger, granted Grants, s Settings, now time.Time) int {
	from := now.Add(-2 * s.Pace)
	return max(l.Highest(from), granted.Ran(from))
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") }
