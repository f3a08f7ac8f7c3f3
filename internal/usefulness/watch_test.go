package usefulness

import (
	"testing"
	"time"
)

func TestSteps(t *testing.T) {
	at := func(m int) time.Time { return monday.Add(time.Duration(m) * time.Minute) }
	var s spans
	for _, x := range []struct {
		m  int
		on bool
	}{{10, false}, {20, true}, {25, true}, {30, false}, {50, true}} {
		s.set(at(x.m), x.on)
	}
	if len(s.steps) != 4 {
		t.Errorf("%d steps: a repeated value is none", len(s.steps))
	}
	for _, c := range []struct {
		m         int
		value, ok bool
	}{{5, false, false}, {10, false, true}, {20, true, true}, {29, true, true}, {30, false, true}, {99, true, true}} {
		if v, ok := s.at(at(c.m)); v != c.value || ok != c.ok {
			t.Errorf("at %d: %t, %t; want %t, %t", c.m, v, ok, c.value, c.ok)
		}
	}
	for _, c := range []struct{ from, to, want int }{{0, 100, 60}, {0, 20, 0}, {22, 28, 6}, {25, 55, 10}, {60, 70, 10}} {
		if got := s.total(at(c.from), at(c.to)); got != time.Duration(c.want)*time.Minute {
			t.Errorf("from %d to %d: %s, want %d minutes", c.from, c.to, got, c.want)
		}
	}
}
