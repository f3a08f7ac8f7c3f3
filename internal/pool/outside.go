package pool

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
)

// Change is what one usable read of a member's requested count means (rule R10).
type Change struct {
	Kind   ChangeKind `json:"kind"`
	From   int        `json:"from"`
	To     int        `json:"to"`
	Added  int        `json:"added,omitempty"` // by how much wanted rose
	Taken  int        `json:"taken,omitempty"` // by how much wanted fell
	Back   int        `json:"back,omitempty"`  // instances that came back to the member
	Reason string     `json:"reason"`
}

// ChangeKind names what happened.
type ChangeKind string

// The kinds of change.
const (
	None     ChangeKind = ""               // nothing, or a count of our own
	Growth   ChangeKind = "outside_grow"   // an outsider raised the count
	Enforce  ChangeKind = "outside_ban"    // an outsider raised a banned member, which is to be stopped
	FallSeen ChangeKind = "outside_fall?"  // a fall seen once: not believed yet
	Shrunk   ChangeKind = "outside_fall"   // an outsider lowered the count: seen twice
	Undone   ChangeKind = "outside_undone" // a rise that no second read showed is gone: seen twice
	Landed   ChangeKind = "late_call"      // a call of ours shows only after somebody else's count
)

// Outside says how growth by outsiders is read.
type Outside struct {
	Adds    bool          // outside_growth: add: every rise is new capacity
	Enforce bool          // enforce_bans
	Max     int           // largest wanted count; 0: none
	Pace    time.Duration // so far apart two reads tell what is from what was
}

// Observe takes a member's requested count from a usable read that began at the given time, and books what outsiders did.
func (p *Pool) Observe(id emr.GroupID, requested int, began time.Time, o Outside) Change {
	m := p.Member(id)
	if m == nil {
		return Change{}
	}
	last := m.Last()
	m.Late = slices.DeleteFunc(m.Late, func(u Unsure) bool { return began.After(u.Until) })
	if m.Ours(requested) {
		m.Fall = nil
		if m.Rise != nil && requested == last && !began.Before(m.Rise.At.Add(o.Pace)) {
			m.Rise = nil
		}
		m.shows(requested)
		return Change{}
	}
	if m.mayLand(requested, began) {
		return p.landed(m, requested, last)
	}
	if requested < last {
		return p.fall(m, requested, last, began)
	}
	m.Fall = nil
	return p.growth(m, requested, last, began, o)
}

// from is the count that an outsider raised. While our last call is not certain (see Show), that may be one from before it, for EMR may answer a call and do nothing:
// the smaller rise is believed, so that nothing is launched twice.
func (m Member) from(last int) int {
	if m.Shown || len(m.Expected) == 0 {
		return last
	}
	return slices.Max(m.Expected)
}

// shows notes that a read shows a count of ours. It says nothing of a call without an answer to the same count: that may still take effect.
func (m *Member) shows(count int) {
	if m.Unsure != nil && m.Unsure.Count == count {
		m.Unsure = nil
	}
}

// landed books a call of ours that shows only after reads of somebody else's count, because it took effect late or those reads were old: nobody wants less
// for it, and what it took away is to be placed elsewhere. What it gave back is placed elsewhere no more, and beyond wanted it is released.
func (p *Pool) landed(m *Member, to, last int) Change {
	m.Moved = max(0, m.Moved+last-to)
	m.Accept(to)
	m.shows(to)
	return Change{Kind: Landed, From: last, To: to,
		Reason: fmt.Sprintf("the %d that was read is undone by our own call to %d, which shows only now; the pool still wants %d", last, to, p.Wanted)}
}

func (p *Pool) fall(m *Member, to, last int, began time.Time) Change {
	c := Change{From: last, To: to}
	if m.Fall == nil || m.Fall.To != to {
		m.Fall = &Fall{To: to, At: began}
		c.Kind, c.Reason = FallSeen, fmt.Sprintf("somebody else seems to have lowered %d to %d; a second read decides", last, to)
		return c
	}
	if r := m.Rise; r != nil && r.From == to && r.To == last {
		return p.undo(m, *r)
	}
	c.Kind, c.Taken = Shrunk, min(last-to, p.Wanted)
	p.Wanted -= c.Taken
	m.Accept(to)
	c.Reason = fmt.Sprintf("somebody else lowered %d to %d: the pool wants %d less, %d in all", last, to, c.Taken, p.Wanted)
	return c
}

// undo takes back a rise that no second read showed. The first was old, or somebody took back at once what they had done: the pool wants what it wanted before.
// As a fall it would take from wanted what the rise had not added, for it came back from elsewhere.
func (p *Pool) undo(m *Member, r Rise) Change {
	c := Change{Kind: Undone, From: r.To, To: r.From, Taken: min(r.Added, p.Wanted)}
	p.Wanted -= c.Taken
	m.Moved = max(m.Moved, r.Moved)
	if r.Grown && m.Ban != nil {
		m.Ban.Grown, m.Ban.Growths = false, max(0, m.Ban.Growths-1)
	}
	m.Accept(r.From)
	c.Reason = fmt.Sprintf("%d showed for less than a pace, %d are asked for as before: the pool wants %d less, %d in all", r.To, r.From, c.Taken, p.Wanted)
	return c
}

func (p *Pool) growth(m *Member, to, last int, began time.Time, o Outside) Change {
	rise := to - last
	c := Change{Kind: Growth, From: last, To: to, Added: max(0, rise-m.Moved)}
	if o.Adds {
		c.Added = to - min(to, m.from(last))
	}
	if o.Max > 0 {
		c.Added = max(0, min(c.Added, o.Max-p.Wanted))
	}
	p.Wanted += c.Added
	m.Accept(to)
	m.Rise = &Rise{From: last, To: to, At: began, Added: c.Added, Moved: m.Moved}
	if m.Banned(began) && o.Enforce {
		c.Kind, m.Rise.Grown = Enforce, true
		m.Ban.Grown = true
		m.Ban.Growths++
		c.Reason = fmt.Sprintf("somebody else raised the banned group from %d to %d: it is to be stopped, and the %d it added placed elsewhere", last, to, c.Added)
		return c
	}
	c.Back = min(m.Moved, rise)
	m.Moved -= c.Back
	c.Reason = fmt.Sprintf("somebody else raised %d to %d: the pool wants %d more, %d in all; %d came back", last, to, c.Added, p.Wanted, c.Back)
	return c
}
