package store

import (
	"fmt"
	"time"
)

// Grant is the rule of Store.Acquire, the same for every adapter: given the scope's present lease (zero if it never had
// one), it returns the lease to write, or the present lease and ErrFenced. The returned expiry is now+ttl in UTC,
// truncated to microseconds.
func Grant(present Lease, scope, owner, note string, now time.Time, ttl time.Duration) (Lease, error) {
	switch {
	case scope == "" || owner == "":
		return Lease{}, fmt.Errorf("lease of scope %q for owner %q: both names are needed", scope, owner)
	case ttl <= 0:
		return Lease{}, fmt.Errorf("lease of scope %s: a time to live of %v is no lease", scope, ttl)
	case !storable(now) || !storable(now.Add(ttl)):
		return Lease{}, fmt.Errorf("lease of scope %s from %v for %v: outside the years 1 to 9999", scope, now, ttl)
	case present.Owner != owner && present.Held(now):
		return present, fmt.Errorf("scope %s: %w: held by %s (%s) until %s; stop that one or wait",
			scope, ErrFenced, present.Owner, present.Note, present.Expires.Format(time.RFC3339))
	}
	next := Lease{
		Scope: scope, Owner: owner, Note: note, Generation: present.Generation,
		Expires: now.Add(ttl).UTC().Truncate(time.Microsecond),
	}
	if present.Owner != owner {
		next.Generation++
	}
	return next, nil
}
