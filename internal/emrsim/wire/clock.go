package wire

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// MaxSpeed bounds how many times faster than real time a Clock may run: a simulated day in nine seconds.
const MaxSpeed = 10_000

// maxElapsed is where a running clock stops, 146 years after its start, short of the range of a Duration.
const maxElapsed = math.MaxInt64 / 2

// Clock says what simulated time it is: either it runs, a fixed number of times faster than real time, or it is moved by hand.
// Time never goes back. Safe for concurrent use.
type Clock struct {
	speed float64 // 0: moved by hand

	mu    sync.Mutex
	base  time.Time     // simulated time at real, or of now when moved by hand
	real  time.Time     // with Go's monotonic reading, so that a corrected wall clock does not move simulated time
	moved chan struct{} // closed and replaced at each move by hand
}

// NewClock returns a clock that stands at start and from now on runs speed times faster than real time. A speed that is not
// above 0 and at most MaxSpeed is an error.
func NewClock(start time.Time, speed float64) (*Clock, error) {
	if math.IsNaN(speed) || speed <= 0 || speed > MaxSpeed {
		return nil, fmt.Errorf("speed %v is not above 0 and at most %d", speed, MaxSpeed)
	}
	return &Clock{speed: speed, base: start, real: time.Now()}, nil
}

// NewManualClock returns a clock that stands at start until Advance moves it.
func NewManualClock(start time.Time) *Clock {
	return &Clock{base: start, moved: make(chan struct{})}
}

// Manual says whether only Advance moves the clock.
func (c *Clock) Manual() bool { return c.speed == 0 }

// Speed is how many times faster than real time the clock runs; 0 when it is moved by hand.
func (c *Clock) Speed() float64 { return c.speed }

// Now returns the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.Manual() {
		return c.base
	}
	return c.base.Add(time.Duration(min(float64(time.Since(c.real))*c.speed, maxElapsed)))
}

// Advance moves a clock that is moved by hand by d of simulated time and returns the new time. It is an error for a clock that
// runs, and for a negative d.
func (c *Clock) Advance(d time.Duration) (time.Time, error) {
	if !c.Manual() {
		return time.Time{}, fmt.Errorf("the clock runs by itself, %g times faster than real time; only a manual clock can be advanced", c.speed)
	}
	if d < 0 {
		return time.Time{}, fmt.Errorf("time does not go back: advance by %s", d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.base.Add(d)
	close(c.moved)
	c.moved = make(chan struct{})
	return c.base, nil
}

// Until returns the real time from now until the clock shows t, at least 0. It means nothing for a clock moved by hand.
func (c *Clock) Until(t time.Time) time.Duration {
	return max(0, time.Duration(float64(t.Sub(c.Now()))/c.speed))
}

// Wait returns nil once the clock shows t or later, or ctx's error if that ends first.
func (c *Clock) Wait(ctx context.Context, t time.Time) error {
	for {
		c.mu.Lock()
		now, moved := c.now(), c.moved
		c.mu.Unlock()
		if !now.Before(t) {
			return nil
		}
		if err := c.pause(ctx, t, moved); err != nil {
			return err
		}
	}
}

// pause waits for the real time that is left until t, or for the next move by hand.
func (c *Clock) pause(ctx context.Context, t time.Time, moved <-chan struct{}) error {
	var due <-chan time.Time
	if !c.Manual() {
		timer := time.NewTimer(c.Until(t) + time.Microsecond)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-due:
	case <-moved:
	}
	return nil
}

// writeDeadline is the real deadline for an answer that is held back for delay of simulated time; none when the clock is moved by
// hand.
func (c *Clock) writeDeadline(delay time.Duration) time.Time {
	if c.Manual() {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(float64(delay)/c.speed) + writeTimeout)
}
