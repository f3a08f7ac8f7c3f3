package engine

import (
	"testing"
	"time"
)

func TestR11_ClockFollowsTheDateHeader(t *testing.T) {
	start := Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	at := func(mono, wall time.Duration) Now { return Now{Wall: start.Wall.Add(wall), Mono: mono} }
	for _, test := range []struct {
		name    string
		now     Now           // the machine's clocks when the answer came, at once
		date    time.Duration // AWS's time, since the start
		trusted bool
		want    time.Duration // the corrected time afterwards, since the start
	}{
		{"agree", at(time.Hour, time.Hour), time.Hour, true, time.Hour},
		{"within the header's second", at(time.Hour, time.Hour), time.Hour - 900*time.Millisecond, true, time.Hour},
		{"twenty seconds behind", at(time.Hour, time.Hour), time.Hour + 20*time.Second, true, time.Hour + 20*time.Second},
		{"twenty seconds ahead", at(time.Hour, time.Hour), time.Hour - 20*time.Second, true, time.Hour - 19*time.Second},
		{"two minutes behind", at(time.Hour, time.Hour), time.Hour + 2*time.Minute, false, time.Hour},
		{"the wall clock was set forth, AWS's was not", at(time.Hour, 3*time.Hour), time.Hour, true, time.Hour},
		{"the wall clock was set back", at(time.Hour, -time.Hour), time.Hour, true, time.Hour},
		{"the machine slept for two hours", at(time.Hour, 3*time.Hour), 3 * time.Hour, true, 3 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c clock
			c.now(start)
			text := c.date(start.Wall.Add(test.date), test.now, test.now)
			if c.trusted() != test.trusted {
				t.Errorf("trusted %v, want %v (%s)", c.trusted(), test.trusted, text)
			}
			if got := c.now(test.now).Sub(start.Wall); got != test.want {
				t.Errorf("corrected time is start+%s, want start+%s", got, test.want)
			}
			if followed := test.name == "the machine slept for two hours"; followed != (text != "") {
				t.Errorf("the wall clock is followed: %v, said is %q", followed, text)
			}
		})
	}
}

func TestR11_OneAgreeingAnswerRestoresTrust(t *testing.T) {
	start := Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	var c clock
	c.now(start)
	for range 2 {
		if c.date(start.Wall.Add(time.Hour), start, start); c.trusted() {
			t.Fatal("an hour's disagreement was not noticed")
		}
	}
	if c.date(start.Wall, start, start); !c.trusted() {
		t.Error("the agreement was not noticed")
	}
}
