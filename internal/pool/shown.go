package pool

import (
	"slices"
	"time"
)

// Left is a requested count that a member had until a short while ago. A read that is old shows it still, or again.
type Left struct {
	Count int       `json:"count"`
	At    time.Time `json:"at"` // when the first read that showed another one began
}

// Lag says how old reads may be. AWS gives no bound for it.
type Lag struct {
	Pace  time.Duration // so far apart two reads are not old by the same accident
	Bound time.Duration // reads are not older, but for single ones: those are at most farther times as old
}

// farther is how many bounds ago a count was left that no read shows any more.
const farther = 3

// Leave notes that a read that began at the given time is the first to show another count than the reads before it. What our last call asks for, and reads show
// in turn with what was before it, is not left: one of them is old, or EMR does not carry the call out.
func (m *Member) Leave(count int, at time.Time, lag Lag) {
	if len(m.Expected) > 1 && count == m.Last() {
		return
	}
	m.Left = append(slices.DeleteFunc(m.Left, func(l Left) bool { return l.Count == count || at.Sub(l.At) > farther*lag.Bound }), Left{count, at})
}

// Show takes a read of the requested count that began after our last call was sent, and finds out whether EMR has carried the call out (rule R10).
//
// EMR may answer a call and do nothing, and a read may be old: what it shows was so at some moment of the past. A read that shows the call's count is evidence if
// the count cannot have been that at another such moment: so one is enough where the member was never asked for the count shortly before. Else somebody moved
// the member away from it a short while ago, and our call asks for it again, as a stop does of a rise; then reads in a row have to show it, the last of them a pace
// after the first, for a single read may be of any age, and the bound after the count was left, for all reads may be as old as that. Until then the count from
// before the call is ours, too: if reads come back to it, EMR did nothing, and nobody asked for more.
func (m *Member) Show(requested int, began time.Time, lag Lag) {
	if requested != m.Last() {
		m.Seen = time.Time{}
		return
	}
	if m.Seen.IsZero() {
		m.Seen = began
	}
	i := slices.IndexFunc(m.Left, func(l Left) bool { return l.Count == requested && began.Sub(l.At) <= farther*lag.Bound })
	if i < 0 || !began.Before(m.Seen.Add(lag.Pace)) && !began.Before(m.Left[i].At.Add(lag.Bound)) {
		m.Believe()
	}
}

// Believe takes it that our last call was carried out: any other count is somebody else's from now on.
func (m *Member) Believe() { m.Shown, m.Back = true, 0 }

// Settled ends the time in which several counts are ours, and says which one was: the last call's if reads have shown it, for then any other is somebody
// else's; else the one read now, for then the call never took effect. A read that is no evidence of the last call (see Show) ends nothing.
func (m *Member) Settled(read int) {
	switch {
	case m.Shown:
		read = m.Last()
	case read == m.Last():
		return
	default:
		m.NotAsked()
	}
	m.Accept(read)
}

// NeverShown takes the count of the last read, after settle and before one that is somebody else's. If it is what our last launch was to raise and no read has shown
// the launch, EMR lost it: what somebody asks for is more or less than that count, not than the launch's. But a rise adds no more than beyond both (rule R10).
func (m *Member) NeverShown(read int) {
	if m.Shown || !m.Seen.IsZero() || read >= m.Last() || !m.Ours(read) {
		return
	}
	m.Expected = append(slices.DeleteFunc(m.Expected, func(n int) bool { return n == read }), read)
	m.NotAsked()
}
