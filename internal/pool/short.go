package pool

import "time"

// Short says since when a pool has had fewer instances running than it wants, without interruption: whichever members, attempts and rests the time went by
// on. A member's ledger begins anew with a launch on another member (rule R8); this does not. Nothing is decided by it. The zero Short: it is not short.
type Short struct {
	Since time.Time `json:"since"`
	Whole time.Time `json:"whole,omitzero"` // the last usable read that showed it whole; zero if none is known. What was missing before then is not of this shortfall
}

// Dated takes in that an instance has been missing since a time. What was missing while the pool was whole was somebody's surplus elsewhere, and changes nothing.
func (s Short) Dated(since time.Time) Short {
	if !since.Before(s.Whole) && since.Before(s.Since) {
		s.Since = since
	}
	return s
}
