package engine

import (
	"fmt"
	"time"
)

// clock is a scope's time: the local monotonic clock, anchored to a wall time and corrected by the Date header of AWS's
// answers. The wall clock alone is not followed: it may be set back or forth while emrguard runs.
type clock struct {
	anchor  Now
	skewed  time.Duration // the last disagreement of more than maxSkew; 0 while the clocks agree
	started bool
}

// maxSkew is how far local time may be from AWS's before decisions stop (rule R11).
const maxSkew = time.Minute

// now is the corrected time.
func (c *clock) now(n Now) time.Time {
	if !c.started {
		c.anchor, c.started = n, true
	}
	return c.anchor.Wall.Add(n.Mono - c.anchor.Mono)
}

// trusted says whether the last answer agreed with the clock.
func (c *clock) trusted() bool { return c.skewed == 0 }

// date takes the Date header of an answer into account and says so if the wall clock is followed from now on. The
// header has whole seconds and was written between began and ended.
func (c *clock) date(date time.Time, began, ended Now) string {
	if date.IsZero() {
		return ""
	}
	early, late := c.now(began), c.now(ended)
	off := gap(date, early, late)
	if off.Abs() > maxSkew {
		// The machine may have slept, which the monotonic clock does not count; then the wall clock agrees with AWS.
		if wall := gap(date, began.Wall, ended.Wall); wall.Abs() <= maxSkew {
			c.anchor = Now{Wall: ended.Wall.Add(wall), Mono: ended.Mono}
			c.skewed = 0
			return fmt.Sprintf("local time was %s from AWS's and now follows the wall clock", off.Round(time.Second))
		}
		c.skewed = off
		return ""
	}
	c.skewed = 0
	c.anchor.Wall = c.anchor.Wall.Add(off)
	return ""
}

// gap is how far the moment of the header lies outside the time in which it can have been written; 0 inside.
func gap(date, early, late time.Time) time.Duration {
	switch {
	case date.Add(time.Second).Before(early):
		return date.Add(time.Second).Sub(early)
	case date.After(late):
		return date.Sub(late)
	}
	return 0
}
