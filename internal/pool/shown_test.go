package pool

import (
	"slices"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// TestR10_WhatShowsACall: a read shows our call only if it cannot be one from before it. Times are in minutes; the stop at 6 is sent at 10.
func TestR10_WhatShowsACall(t *testing.T) {
	lag := Lag{Pace: time.Minute, Bound: 5 * time.Minute}
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	for name, c := range map[string]struct {
		before [][2]int // reads before the stop: minute, count
		after  [][2]int // reads after it
		shown  int      // minute of the read that shows it; 0: none does
		ours   []int    // in the end
	}{
		"never asked for 6":             {[][2]int{{0, 9}}, [][2]int{{11, 6}, {16, 6}}, 11, []int{6}},
		"asked for 6 long ago":          {[][2]int{{-30, 6}, {-6, 9}}, [][2]int{{11, 6}, {16, 6}}, 11, []int{6}},
		"a moment before":               {[][2]int{{0, 6}, {9, 9}}, [][2]int{{11, 6}, {12, 6}, {13, 6}, {14, 6}, {15, 6}}, 14, []int{6}},
		"a while before":                {[][2]int{{-5, 6}, {-4, 9}}, [][2]int{{11, 6}, {12, 6}, {16, 6}}, 12, []int{6}},
		"two reads within a pace":       {[][2]int{{-5, 6}, {-4, 9}}, [][2]int{{11, 6}, {11, 6}}, 0, []int{9, 6}},
		"an old read shows it":          {[][2]int{{0, 6}, {9, 9}}, [][2]int{{11, 6}, {12, 9}, {16, 9}}, 0, []int{9}},
		"an old read, and then the end": {[][2]int{{0, 6}, {9, 9}}, [][2]int{{15, 6}, {16, 9}}, 0, []int{9}},
		"an old read, and then it is":   {[][2]int{{0, 6}, {9, 9}}, [][2]int{{11, 6}, {12, 9}, {15, 6}, {16, 6}}, 16, []int{6}},
		"one read after settle":         {[][2]int{{0, 6}, {9, 9}}, [][2]int{{11, 9}, {16, 6}}, 0, []int{9, 6}},
		"an old read before the stop":   {[][2]int{{-9, 9}, {8, 6}, {9, 9}}, [][2]int{{11, 6}}, 0, []int{9, 6}},
		"shown, and then 9 once more":   {[][2]int{{0, 9}}, [][2]int{{11, 6}, {16, 9}}, 11, []int{6}},
	} {
		p := New(emr.Group{ID: "ig-A", Requested: c.before[0][1]})
		m := p.Member("ig-A")
		last, shown := c.before[0][1], 0
		read := func(minute, count int) {
			if count != last {
				m.Leave(last, at(minute), lag)
			}
			last = count
			if minute < 10 {
				m.Accept(count)
				return
			}
			if m.Show(count, at(minute), lag); m.Shown && shown == 0 {
				shown = minute
			}
			if minute >= 15 && m.Ours(count) {
				m.Settled(count)
			}
		}
		for _, r := range c.before {
			read(r[0], r[1])
		}
		m.Expect(6)
		for _, r := range c.after {
			read(r[0], r[1])
		}
		if shown != c.shown || !slices.Equal(m.Expected, c.ours) {
			t.Errorf("%s: shown at %d, ours are %v; want %d and %v", name, shown, m.Expected, c.shown, c.ours)
		}
	}
}

// TestLeaveForgets what no read shows any more.
func TestLeaveForgets(t *testing.T) {
	var m Member
	for i := range 40 {
		m.Leave(i, noon.Add(time.Duration(i)*time.Minute), Lag{Bound: 5 * time.Minute})
	}
	if len(m.Left) != 16 || m.Left[0].Count != 24 {
		t.Errorf("%d counts are kept, the oldest %v", len(m.Left), m.Left[0])
	}
}

// TestR10_ALaunchThatNeverShowed: once settle is over somebody's count is set against what reads showed, not against a launch from 2 to 11 that none did.
func TestR10_ALaunchThatNeverShowed(t *testing.T) {
	for name, c := range map[string]struct {
		then          func(*Member)
		read          int
		adds          bool
		kind          ChangeKind
		wanted, moved int
	}{
		"raised":                {nil, 10, false, Growth, 11, 1},
		"raised, which adds":    {nil, 10, true, Growth, 11, 1},
		"raised beyond, adds":   {nil, 13, true, Growth, 13, 0},
		"lowered":               {nil, 1, false, FallSeen, 11, 9},
		"a read showed it":      {func(m *Member) { m.Believe() }, 10, false, FallSeen, 11, 0},
		"an old read showed it": {func(m *Member) { m.Seen = noon }, 10, false, FallSeen, 11, 0},
	} {
		p := New(emr.Group{ID: "ig-A", Role: emr.Task, Requested: 2})
		p.Wanted = 11
		m := p.Member("ig-A")
		m.Moved = 9
		m.Expect(11)
		m.AskAgain(9)
		if c.then != nil {
			c.then(m)
		}
		m.NeverShown(2)
		change := p.Observe("ig-A", c.read, noon, Outside{Adds: c.adds, Max: 40})
		if change.Kind != c.kind || p.Wanted != c.wanted || m.Moved != c.moved {
			t.Errorf("%s: %s, %d wanted, %d moved; want %s, %d and %d", name, change.Kind, p.Wanted, m.Moved, c.kind, c.wanted, c.moved)
		}
	}
	m := Member{Expected: []int{9, 6}}
	if m.NeverShown(9); m.Last() != 6 {
		t.Error("a stop that never showed is taken back, too: it is repeated")
	}
}
