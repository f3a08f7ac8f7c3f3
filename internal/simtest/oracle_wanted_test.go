package simtest

import (
	"testing"

	"emrguard/internal/emr"
)

// TestOracle_Wanted is the model of what people want of a pool, as a table. Group a is the origin.
func TestOracle_Wanted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		do        func(*wanted)
		low, high int
	}{
		{"as first seen", func(*wanted) {}, 9, 9},
		{"a rise counts for the most at once", func(p *wanted) { p.risen("a", 9, 12, false) }, 9, 12},
		{"and for the least once it was read twice", func(p *wanted) {
			p.risen("a", 9, 12, false)
			p.settle(unsettled{group: "a", from: 9, to: 12}, 12, false)
		}, 12, 12},
		{"a fall counts for the least at once", func(p *wanted) { p.fallen(3) }, 6, 9},
		{"and for the most once it was read twice", func(p *wanted) {
			p.fallen(3)
			p.settle(unsettled{group: "a", from: 9, to: 6}, 6, false)
		}, 6, 6},
		{"a fall that may be taken for our call does not", func(p *wanted) {
			p.fallen(3)
			p.settle(unsettled{group: "a", from: 9, to: 6, void: true}, 6, false)
		}, 6, 9},
		{"a stop takes nothing from what is wanted", func(p *wanted) { p.stopped("a", 9, 6) }, 9, 9},
		{"a repeated number adds nothing", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.risen("a", 6, 9, false)
		}, 9, 9},
		{"a stop that is sent again takes nothing more", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.stopped("a", 9, 6)
			p.risen("a", 6, 12, false)
		}, 9, 12},
		{"but what it has more", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.risen("a", 6, 12, false)
		}, 9, 12},
		{"a controller that reads and adds gets all", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.risen("a", 6, 9, true)
		}, 9, 12},
		{"and has back what was moved", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.risen("a", 6, 9, true)
			p.risen("a", 9, 10, false)
		}, 9, 13},
		{"what was launched on it again is not moved any more", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.launched("a", 3)
			p.risen("a", 9, 12, false)
		}, 9, 12},
		{"what was moved is never more than is wanted beyond the group's own", func(p *wanted) {
			p.stopped("a", 9, 6)
			p.fallen(3)
			p.clamp("a", 6)
			p.risen("a", 6, 9, false)
		}, 6, 12},
		{"a decision makes both possible", func(p *wanted) { p.scaled(4) }, 4, 9},
		{"and a change before it counts no more", func(p *wanted) {
			p.open = []unsettled{{group: "a", from: 5, to: 9, reads: 1}}
			p.scaled(4)
			p.settle(p.open[0], 4, false)
		}, 4, 9},
		{"but a rise that no read has shown yet adds to it", func(p *wanted) {
			p.open = []unsettled{{group: "a", from: 6, to: 9, repeats: 1}}
			p.scaled(12)
		}, 9, 14},
		{"what is asked for beyond max need not be wanted", func(p *wanted) {
			p.limited(12, 10)
			p.rest(12)
		}, 10, 12},
		{"nor once max is higher", func(p *wanted) {
			p.limited(12, 10)
			p.limited(12, 11)
			p.rest(12)
		}, 10, 12},
		{"until no more is asked for", func(p *wanted) {
			p.limited(12, 10)
			p.rest(10)
			p.rest(11)
		}, 11, 11},
		{"a fall before a call that asks for fewer does not count, since EMR may ignore the call", func(p *wanted) {
			p.open = []unsettled{{group: "a", from: 9, to: 6}}
			p.fallen(3)
			wants{"a": p}.meant(&groupBook{origin: "a"}, emr.Call{Group: "a", Count: 2})
			u := p.open[0]
			p.open = nil
			p.settle(u, 6, false)
		}, 6, 9},
		{"a stop of ours that is on its way when a recovery is overtaken may be meant or not", func(p *wanted) {
			p.stopped("b", 3, 0)
			p.fallen(3)
			p.settle(unsettled{group: "a", from: 6, to: 3}, 6, false)
		}, 3, 6},
		{"a read that is too low looks like a fall", func(p *wanted) { p.misread(7, 9) }, 7, 9},
		{"one that is too high like a rise, which is taken back", func(p *wanted) { p.misread(11, 9) }, 7, 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newWanted(9)
			tt.do(p)
			if p.low != tt.low || p.high != tt.high {
				t.Errorf("people want %d to %d, not %d to %d", p.low, p.high, tt.low, tt.high)
			}
		})
	}
}
