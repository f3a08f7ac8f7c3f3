package engine

import (
	"testing"
	"time"
)

// TestR11_Clock: time is the local monotonic clock, corrected by AWS's Date header; a skew over a minute is not trusted until an
// answer agrees.
func TestR11_Clock(t *testing.T) {
	start := Now{Wall: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Mono: time.Hour}
	answer := func(c *clock, n Now, off time.Duration) string {
		return c.date(n.Wall.Add(off).Truncate(time.Second), n, n.Add(80*time.Millisecond))
	}
	fresh := func() *clock {
		c := &clock{}
		c.now(start)
		return c
	}

	c := fresh()
	if text := answer(c, start.Add(time.Minute), 0); text != "" || !c.trusted() {
		t.Errorf("agreeing: %q, trusted %t", text, c.trusted())
	}
	jumped := start.Add(time.Minute)
	jumped.Wall = jumped.Wall.Add(-3 * time.Hour) // somebody sets the wall clock
	if got := c.now(jumped); !got.Equal(start.Wall.Add(time.Minute)) {
		t.Errorf("a jump of the wall clock is followed: %s", got)
	}

	c = fresh()
	if answer(c, start, 30*time.Second); !c.trusted() || c.now(start).Sub(start.Wall).Round(time.Second) != 30*time.Second {
		t.Errorf("a small skew is corrected: %s", c.now(start))
	}

	c = fresh()
	if text := answer(c, start, 2*time.Minute); text == "" || c.trusted() {
		t.Errorf("a skew of two minutes: %q, trusted %t", text, c.trusted())
	}
	if text := answer(c, start, 2*time.Minute); text != "" {
		t.Errorf("it is said once, not again: %q", text)
	}
	if text := answer(c, start, 0); text == "" || !c.trusted() {
		t.Errorf("an answer agrees: %q, trusted %t", text, c.trusted())
	}

	c = fresh()
	slept := Now{Wall: start.Wall.Add(2 * time.Hour), Mono: start.Mono + time.Minute} // the monotonic clock stood still
	if text := answer(c, slept, 0); text == "" || !c.trusted() {
		t.Errorf("after a sleep: %q, trusted %t", text, c.trusted())
	}
	if got := c.now(slept).Sub(slept.Wall).Abs(); got > time.Second {
		t.Errorf("after a sleep the clock is %s off", got)
	}
	if c.date(time.Time{}, slept, slept) != "" {
		t.Error("an answer without a date says nothing")
	}
}
