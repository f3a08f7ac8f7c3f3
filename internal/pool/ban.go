package pool

import "time"

// Ban keeps launches away from a member until a time.
type Ban struct {
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
	Author   string    `json:"author,omitempty"` // who set it by hand; empty for emrguard itself
	Recovery string    `json:"recovery,omitempty"`
	Growths  int       `json:"growths,omitempty"`   // outside growths seen during this ban
	Grown    bool      `json:"grown,omitempty"`     // an outside growth waits to be stopped
	Contest  bool      `json:"contested,omitempty"` // the third growth was reported

	// Cause is why the group got stuck, as far as EMR said; Suspended is set when EMR itself gave its resize up. While the ban lasts they bar
	// launches that would fail the same way (rules R6, R8).
	Cause     string `json:"cause,omitempty"`
	Suspended bool   `json:"suspended,omitempty"`

	Told bool `json:"told,omitempty"` // its end was recorded

	// Over is the ban that this one took the place of before it was over. It stands again if the stop that this one follows from did not happen.
	Over *Ban `json:"over,omitempty"`
}

// Banned says whether the member takes no launches at now.
func (m Member) Banned(now time.Time) bool { return m.Ban != nil && now.Before(m.Ban.Until) }

// Lapsed says whether the member's ban was over at a moment, and its end was not recorded yet.
func (m Member) Lapsed(at time.Time) bool {
	return m.Ban != nil && !m.Ban.Told && !at.Before(m.Ban.Until)
}

// Prolong sets a ban that follows from a stop, also while another is in force: then what outsiders do during it goes on being counted.
func (m *Member) Prolong(ban Ban, now time.Time) {
	if m.Banned(now) {
		ban.Growths, ban.Contest, ban.Over = m.Ban.Growths, m.Ban.Contest, m.Ban.Over
		if m.Ban.Recovery != ban.Recovery { // else a refused stop is sent once more
			over := *m.Ban
			over.Over = nil
			ban.Over = &over
		}
	}
	m.Ban = &ban
}

// TakeBack ends the ban of a recovery whose stop did not happen; what it took the place of stands again. It says whether there was one.
func (m *Member) TakeBack(recovery string) bool {
	if m.Ban == nil || recovery == "" || m.Ban.Recovery != recovery {
		return false
	}
	over := m.Ban.Over
	m.Ban = nil
	if over != nil {
		ban := *over
		m.Ban = &ban
	}
	return true
}
