// Package pool keeps one logical capacity: an origin group, the fallback groups made for it, what is wanted in all, and who may launch.
//
// It is pure. The rules are R6, R9 and R10 of docs/recovery.md.
package pool

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
)

// Pool is a group (the origin) with the fallback groups made for it. A Pool is a value; its methods return what they change.
type Pool struct {
	Origin  emr.GroupID `json:"origin"`
	Name    string      `json:"name"` // the origin's name
	Role    emr.Role    `json:"role"` // the origin's role, CORE or TASK
	Wanted  int         `json:"wanted"`
	Members []Member    `json:"members"` // the origin first, then by age

	Short      Short    `json:"short,omitzero"`       // fewer run than are wanted
	Chain      int      `json:"chain,omitempty"`      // recoveries in a row without a completed resize
	Suspended  int      `json:"suspended,omitempty"`  // of these, the last ones in a row that EMR itself suspended
	Rest       *Rest    `json:"rest,omitempty"`       // takes no launches for a while
	Blocked    *Blocked `json:"blocked,omitempty"`    // has instances to place and nobody to take them
	Probed     bool     `json:"probed,omitempty"`     // since the last rest a recovery was tried
	LastLength Duration `json:"rest_length,omitzero"` // of the last rest, doubled by the next one while it keeps failing
	Repeated   []string `json:"repeated,omitempty"`   // recoveries whose AddInstanceGroups may make one group more than is booked: sent twice, or closed meanwhile
	Contested  bool     `json:"contested,omitempty"`  // an outsider keeps asking a banned member; said once
	Tried      []string `json:"tried,omitempty"`      // shapes of the fallbacks that got stuck in this chain, or that EMR refused in it
	Failed     bool     `json:"failed,omitempty"`     // the origin got stuck in this chain
	Returns    *Backoff `json:"returns,omitempty"`    // when the origin is asked again by itself; absent: once its ban has lapsed
}

// Backoff keeps what has failed from being tried too often.
type Backoff struct {
	Failed int       `json:"failed"` // in a row
	Until  time.Time `json:"until"`  // not tried again before
	Length Duration  `json:"length"` // of the wait that ends then
}

// after is the wait after one failure more: twice as long as the last, from twice the first up to limit.
func (b *Backoff) after(now time.Time, first, limit time.Duration) *Backoff {
	next := Backoff{Failed: 1, Length: Duration(min(2*first, limit))}
	if b != nil {
		next = Backoff{Failed: b.Failed + 1, Length: Duration(min(2*time.Duration(b.Length), limit))}
	}
	next.Until = now.Add(time.Duration(next.Length))
	return &next
}

// Duration is a time.Duration that JSON shows as text, for example "2h0m0s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("duration %.40q: %w", b, err)
	}
	*d = Duration(v)
	return nil
}

// Member is one group of a pool.
type Member struct {
	Group    emr.GroupID `json:"group"`
	Rung     int         `json:"rung"`               // of the ladder, from 1; 0 for the origin; one more than there are for a group of no rung
	Shape    string      `json:"shape,omitempty"`    // its type, market and bid as a text, by which launches are barred; set with Rung
	Made     time.Time   `json:"made,omitzero"`      // when emrguard made it; zero for the origin
	Recovery string      `json:"recovery,omitempty"` // the recovery that made it
	Expected []int       `json:"expected"`           // requested counts that our own calls may have left; the last is the one meant
	Shown    bool        `json:"shown,omitempty"`    // reads showed the last of Expected for certain
	Seen     time.Time   `json:"seen,omitzero"`      // the first of the reads in a row that show the last of Expected
	Left     []Left      `json:"left,omitempty"`     // counts that reads showed a short while ago, and then others
	Moved    int         `json:"moved,omitempty"`    // instances placed elsewhere for it, or waiting for a place
	Back     int         `json:"back,omitempty"`     // instances that left Moved since our last launch asks for them here again; no read has shown it yet
	Ban      *Ban        `json:"ban,omitempty"`
	Enforced time.Time   `json:"enforced,omitzero"` // when an outside growth was stopped last because of a ban, this one or an earlier
	Launched time.Time   `json:"launched,omitzero"` // our last launch on it
	Filled   bool        `json:"filled,omitempty"`  // that launch completed
	Unsure   *Unsure     `json:"unsure,omitempty"`  // a call of ours that no read has shown yet
	Late     []Unsure    `json:"late,omitempty"`    // calls without an answer, one for each count: they may land late, also after a newer call of ours
	Fall     *Fall       `json:"fall,omitempty"`    // an outside fall seen in one read so far
	Rise     *Rise       `json:"rise,omitempty"`    // an outside rise that was booked and that no second read has shown so far
	Kept     *Kept       `json:"kept,omitempty"`    // EMR did not carry out our last release on it
}

// Kept says that EMR did not end what we had released on a member, so that it is asked for again. As long as no fewer run, the next release
// waits.
type Kept struct {
	Backoff
	Running int `json:"running"` // when the release was given up
}

// Unsure is a call of ours that no read has shown yet.
type Unsure struct {
	Count int       `json:"count"`
	Until time.Time `json:"until"`
}

// Fall is a requested count below what was expected, seen in one usable read; the second confirms it.
type Fall struct {
	To int       `json:"to"`
	At time.Time `json:"at"`
}

// Rise is a requested count above what was known, which no usable read a pace after the first has shown yet. It is booked at once, for what somebody adds must
// not wait; if the next reads show the count from before, it was an old read, or it is over, and what was booked is taken back.
type Rise struct {
	From  int       `json:"from"`
	To    int       `json:"to"`
	At    time.Time `json:"at"`              // when the first read that showed it began
	Added int       `json:"added,omitempty"` // by how much wanted rose
	Moved int       `json:"moved,omitempty"` // what was moved before it
	Grown bool      `json:"grown,omitempty"` // it is to be stopped, for the member is banned
}

// Rest is a pause of launches because recoveries keep failing.
type Rest struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// Blocked says why nobody takes a pool's missing instances.
type Blocked struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	Retry  time.Time `json:"retry"` // when a ban lapses, else after the ban time
	// Refused is set when EMR itself refused the launch: it is not tried again before Retry.
	Refused bool `json:"refused,omitempty"`
	// Elsewhere is set with Refused when EMR refused other places only: an operation that may ask the origin, which repairs of a CORE pool may not, need not wait.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Seen is what the last usable read and the ledger say of a member.
type Seen struct {
	Requested, Running int
	State              emr.GroupState
	Oldest             time.Time // since when its oldest missing instance is missing; zero when nothing is missing
}

// View tells what was last seen of a group.
type View func(emr.GroupID) (Seen, bool)

// New returns the pool of an origin as first seen.
func New(g emr.Group) Pool {
	return Pool{Origin: g.ID, Name: g.Name, Role: g.Role, Wanted: g.Requested, Members: []Member{{Group: g.ID, Expected: []int{g.Requested}}}}
}

// Clone copies the pool so that changes of the copy's members leave the original alone.
func (p Pool) Clone() Pool {
	p.Members = slices.Clone(p.Members)
	p.Repeated = slices.Clone(p.Repeated)
	p.Tried = slices.Clone(p.Tried)
	if p.Returns != nil {
		r := *p.Returns
		p.Returns = &r
	}
	for i, m := range p.Members {
		if m.Ban != nil {
			b := *m.Ban
			p.Members[i].Ban = &b
		}
		if m.Kept != nil {
			k := *m.Kept
			p.Members[i].Kept = &k
		}
		p.Members[i].Expected = slices.Clone(m.Expected)
		p.Members[i].Late = slices.Clone(m.Late)
		p.Members[i].Left = slices.Clone(m.Left)
	}
	return p
}

// Member returns the member of a group for reading and changing, or nil.
func (p *Pool) Member(id emr.GroupID) *Member {
	for i := range p.Members {
		if p.Members[i].Group == id {
			return &p.Members[i]
		}
	}
	return nil
}

// Add makes a group a member; groups emrguard made later come last. A group that is a member already stays as it is.
func (p *Pool) Add(m Member) {
	if p.Member(m.Group) != nil {
		return
	}
	p.Members = append(p.Members, m)
	slices.SortStableFunc(p.Members[1:], func(a, b Member) int { return a.Made.Compare(b.Made) })
}

// Requested is the sum of the members' requested counts as last read.
func (p Pool) Requested(view View) int {
	sum := 0
	for _, m := range p.Members {
		if s, ok := view(m.Group); ok {
			sum += s.Requested
		}
	}
	return sum
}

// Running is the sum of the members' running instances that were also asked for.
func (p Pool) Running(view View) int {
	sum := 0
	for _, m := range p.Members {
		if s, ok := view(m.Group); ok {
			sum += min(s.Running, s.Requested)
		}
	}
	return sum
}

// Fallbacks is the number of groups made for the pool.
func (p Pool) Fallbacks() int { return max(0, len(p.Members)-1) }

// Ours says whether a requested count may be the work of our own calls.
func (m Member) Ours(requested int) bool { return slices.Contains(m.Expected, requested) }

// Last is the requested count that our side last meant or accepted.
func (m Member) Last() int {
	if len(m.Expected) == 0 {
		return 0
	}
	return m.Expected[len(m.Expected)-1]
}

// Expect notes that a call of ours is about to set the count: until it shows, both counts are ours.
func (m *Member) Expect(count int) {
	m.Expected = append(slices.DeleteFunc(m.Expected, func(n int) bool { return n == count }), count)
	m.Shown, m.Seen, m.Rise, m.Back = false, time.Time{}, nil, 0
}

// AskAgain notes that the launch that Expect was told of asks for so many more: what was moved for the member is asked for on it again.
func (m *Member) AskAgain(count int) {
	m.Back = min(m.Moved, count)
	m.Moved -= m.Back
}

// NotAsked takes AskAgain back: the launch did not happen.
func (m *Member) NotAsked() { m.Moved, m.Back = m.Moved+m.Back, 0 }

// MayLand notes that the count of a call of ours may show until then for the first time, also after reads that showed another one: reads lag.
func (m *Member) MayLand(count int, until time.Time) { m.Unsure = &Unsure{Count: count, Until: until} }

// Unanswered notes that the answer to our last call is missing. It may take effect late, until then, whatever reads show meanwhile: a read that shows its
// count may be one from before, or show another call to the same count.
func (m *Member) Unanswered(count int, until time.Time) {
	m.Unsure = nil
	m.Late = append(slices.DeleteFunc(m.Late, func(u Unsure) bool { return u.Count == count }), Unsure{Count: count, Until: until})
}

// mayLand says whether a count that a read shows may be the late effect of a call of ours.
func (m Member) mayLand(requested int, began time.Time) bool {
	lands := func(u Unsure) bool { return u.Count == requested && !began.After(u.Until) }
	return m.Unsure != nil && lands(*m.Unsure) || slices.ContainsFunc(m.Late, lands)
}

// Accept notes the one requested count that counts as known from now on.
func (m *Member) Accept(count int) {
	m.Expected = append(m.Expected[:0], count)
	m.Fall, m.Rise, m.Back = nil, nil, 0
}

// Elsewhere is how many of the origin's instances other members are asked for. A chain moves the same instances from one fallback to the next, and capacity that
// comes back to the origin leaves none of them.
func (p Pool) Elsewhere(view View) int {
	sum := 0
	for _, m := range p.Members[1:] {
		if seen, ok := view(m.Group); ok {
			sum += seen.Requested
		}
	}
	return min(p.Members[0].Moved, sum)
}

// ClampMoved keeps what was placed elsewhere within what the pool wants beyond the member's own count (rule R10). What it wants less by a decision
// that may still be undone is given as undoable.
func (p *Pool) ClampMoved(view View, undoable int) {
	for i := range p.Members {
		s, _ := view(p.Members[i].Group)
		p.Members[i].Moved = max(0, min(p.Members[i].Moved, p.Wanted+undoable-s.Requested))
	}
}

// NextLapse is the earliest end of a ban after now; zero when no member is banned.
func (p Pool) NextLapse(now time.Time) time.Time {
	var next time.Time
	for _, m := range p.Members {
		if m.Banned(now) && (next.IsZero() || m.Ban.Until.Before(next)) {
			next = m.Ban.Until
		}
	}
	return next
}

// StartRest begins a rest of ban, doubled from the last one while recoveries keep failing, at most limit.
func (p *Pool) StartRest(now time.Time, ban, limit time.Duration, reason string) {
	length := ban
	if p.LastLength > 0 {
		length = min(2*time.Duration(p.LastLength), limit)
	}
	p.LastLength = Duration(length)
	p.Rest = &Rest{From: now, Until: now.Add(length), Reason: reason}
	p.Blocked = nil
}

// Completed notes that a launch of ours completed: the pool is healthy again.
func (p *Pool) Completed() {
	p.Recovered()
	p.Rest, p.Blocked = nil, nil
}

// Recovered notes that a resize of the pool completed, ours or another's: no chain of failures goes on. A rest that has begun is
// seen through.
func (p *Pool) Recovered() {
	p.Chain, p.Suspended, p.LastLength, p.Probed, p.Tried, p.Failed = 0, 0, 0, false, nil, false
}

// Try notes that a member got stuck in this chain, or that EMR refused a launch on it. Of a fallback that says something about every group of its shape; of the origin it says
// something about itself only, since a new request for the same may be given what another waits for.
func (p *Pool) Try(m Member) {
	if m.Group == p.Origin {
		p.Failed = true
		return
	}
	p.TryShape(m.Shape)
}

// TryShape notes that a group of a shape got stuck in this chain, or was refused.
func (p *Pool) TryShape(shape string) {
	if !slices.Contains(p.Tried, shape) {
		p.Tried = append(p.Tried, shape)
	}
}

// ReleaseFailed notes that EMR did not carry out our release and that so many still run: the next waits longer, from twice first up to limit.
func (m *Member) ReleaseFailed(running int, now time.Time, first, limit time.Duration) {
	var last *Backoff
	if m.Kept != nil {
		last = &m.Kept.Backoff
	}
	m.Kept = &Kept{Backoff: *last.after(now, first, limit), Running: running}
}

// Releasable says whether a release on the member may be tried at now.
func (m Member) Releasable(now time.Time) bool { return m.Kept == nil || !now.Before(m.Kept.Until) }

// ReturnFailed notes that a return to the origin by itself got stuck: the next waits twice as long as this one did, from first up to limit.
func (p *Pool) ReturnFailed(now time.Time, first, limit time.Duration) {
	p.Returns = p.Returns.after(now, first, limit)
}

// Unexpect takes an expected count back: the call that was to set it did not happen.
func (m *Member) Unexpect(count int) {
	if rest := slices.DeleteFunc(slices.Clone(m.Expected), func(n int) bool { return n == count }); len(rest) > 0 {
		m.Expected = rest
	}
	if m.Unsure != nil && m.Unsure.Count == count {
		m.Unsure = nil
	}
}

// Believed is the requested count to reckon with after a usable read: while a call of ours is on its way to the reads, the
// count it means; else the one read. EMR's reads lag behind its changes.
func (m Member) Believed(read int) int {
	if m.Ours(read) {
		return m.Last()
	}
	return read
}
