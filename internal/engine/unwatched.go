package engine

import (
	"context"
	"fmt"
	"time"

	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// lapsed returns when the lease of the scope was good for nobody any more, zero if it never was, still is, or nobody knows. Its holder renews it each third of
// its term, so that is when the scope was watched last, to within a term.
func (s *scope) lapsed(ctx context.Context, now Now) time.Time {
	leases, err := s.e.o.Store.Leases(ctx)
	if err != nil {
		return time.Time{} // what is wrong with the store shows when the lease is taken
	}
	for _, l := range leases {
		if l.Scope == s.id && l.Generation > 0 && l.Expires.Before(now.Wall) {
			return l.Expires
		}
	}
	return time.Time{}
}

// missed is how long nobody has to watch a scope for that to be told: two looks at each cluster.
func (s *scope) missed() time.Duration { return max(2*s.Sweep, silentAfter) }

// tellUnwatched writes down that nobody watched the scope, with a record dated when that began and one of now. What cannot be written is tried again with the
// next step.
func (s *scope) tellUnwatched(ctx context.Context, now Now) {
	if s.unwatched.IsZero() {
		return
	}
	at, length := s.now(now), now.Wall.Sub(s.unwatched)
	since := at.Add(-length)
	tell := func(kind string, at time.Time, reason string) store.Record {
		return store.Record{Key: store.Key{Scope: s.id}, ID: s.rowID(now.Wall), At: at, Kind: kind, Reason: reason}
	}
	records := []store.Record{
		tell("scope.unwatched", since, "no emrguard ran for the scope from here on"),
		tell("scope.watched", at, fmt.Sprintf("emrguard watches the scope again; none did for %s", phrase.Duration(length.Round(time.Second)))),
	}
	if err := s.e.o.Store.Save(ctx, store.Save{Lease: s.lease, Records: records}); err != nil {
		s.failed(err)
		return
	}
	s.unwatched = time.Time{}
	s.e.out.Records = append(s.e.out.Records, records...)
	for _, r := range records {
		s.e.counts[r.Kind]++
	}
}
