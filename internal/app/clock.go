package app

import (
	"fmt"
	"math"
	"time"

	"emrguard/internal/engine"
)

// MaxSpeed bounds how many times faster than real time a Clock may run. It is the simulator's bound, too.
const MaxSpeed = 10_000

// Clock is the guard's time: real time, or a time that runs a fixed number of times faster from a given start, for a simulator
// whose clock does the same. It is safe for concurrent use.
type Clock struct {
	speed float64
	start time.Time // what the clock showed at began; zero: the real wall clock is followed
	began time.Time // with Go's monotonic reading
}

// RealClock returns the clock that shows real time.
func RealClock() *Clock { return &Clock{speed: 1, began: time.Now()} }

// NewClock returns a clock that shows start now and runs speed times faster than real time. A speed that is not at least 1 and at
// most MaxSpeed is an error.
func NewClock(start time.Time, speed float64) (*Clock, error) {
	if math.IsNaN(speed) || speed < 1 || speed > MaxSpeed {
		return nil, fmt.Errorf("speed %v is not between 1 and %d", speed, MaxSpeed)
	}
	return &Clock{speed: speed, start: start, began: time.Now()}, nil
}

// Speed is how many times faster than real time the clock runs.
func (c *Clock) Speed() float64 { return c.speed }

// Real says whether the clock shows real time.
func (c *Clock) Real() bool { return c.start.IsZero() }

// Now is the present moment on both of the engine's clocks. On a real clock the wall may jump when somebody sets it; the
// monotonic part counts from the clock's making.
func (c *Clock) Now() engine.Now {
	passed := time.Since(c.began)
	if c.Real() {
		return engine.Now{Wall: time.Now(), Mono: passed}
	}
	passed = time.Duration(min(float64(passed)*c.speed, math.MaxInt64/4))
	return engine.Now{Wall: c.start.Add(passed), Mono: passed}
}

// Until is the real time from now until the clock's monotonic part shows mono, at least 0.
func (c *Clock) Until(mono time.Duration) time.Duration {
	return max(0, time.Duration(float64(mono-c.Now().Mono)/c.speed))
}
