package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// How long what was read of the store is shown: while the history has nothing new; at least, so that many readers cost what one does; and at least so
// many times what the read took, so that reading a large fleet, or one whose clock runs fast, takes a tenth of the time and no more.
const (
	freshFor  = 10 * time.Second
	readMost  = time.Second
	restTimes = 9
)

// fleet is the present state as last read, shared by all requests.
type fleet struct {
	desk  func() desk.Desk
	fresh time.Duration // how long what was read is shown while nothing is new

	mu    sync.Mutex // held while the store is read, so that one request reads for all
	last  *snapshot
	taken time.Time     // when last was read
	rest  time.Duration // after that, before all is read again
	heads heads
	asked time.Time // when the history was asked for news last
}

// heads are the scopes and the totals of all clusters, which every page shows.
type heads struct {
	view.Fleet
	tag string    // of the state that they are of
	at  time.Time // when they were added up
}

// sum is a state's scopes and totals. They are added up once a second at most: that costs a look at every cluster.
func (f *fleet) sum(s *snapshot) view.Fleet {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.heads.tag != s.tag || time.Since(f.heads.at) >= readMost {
		f.heads = heads{s.Fleet(view.FleetFilter{Limit: 1}), s.tag, time.Now()}
	}
	return f.heads.Fleet
}

// snapshot is the fleet at one moment. It is never changed.
type snapshot struct {
	view.World
	desk desk.Desk
	seq  int64  // of the newest record
	tag  string // differs when something but the time has changed
}

// newFleet returns the fleet of a desk whose guard's clock runs speed times faster than real time: what is read then is old so much sooner.
func newFleet(d func() desk.Desk, speed float64) *fleet {
	return &fleet{desk: d, fresh: max(readMost, time.Duration(float64(freshFor)/max(1, speed)))}
}

// now is the present state, at most a second old if something has happened, or ten times as old as it takes to read. Its Now is the present time all the same.
func (f *fleet) now(ctx context.Context) (*snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.desk()
	if f.last != nil && f.last.desk.Config == d.Config {
		rested := time.Since(f.taken) >= f.rest
		stale := rested && time.Since(f.taken) >= f.fresh
		if !stale && time.Since(f.asked) >= readMost {
			f.asked = time.Now()
			seq, err := newest(ctx, d.Store)
			if err != nil {
				return nil, err
			}
			if stale = seq != f.last.seq; !stale {
				stale, err = f.renewed(ctx)
			}
			if err != nil {
				return nil, err
			}
			stale = stale && rested
		}
		if !stale {
			s := *f.last
			if now := d.Now(ctx); now.After(s.Now) {
				s.World.Now = now
			}
			return &s, nil
		}
	}
	begun := time.Now()
	seq, err := newest(ctx, d.Store) // before the state, so that what comes in between is read again
	if err != nil {
		return nil, err
	}
	w, err := d.World(ctx, "")
	if err != nil {
		return nil, err
	}
	f.last, f.taken, f.asked = &snapshot{World: w, desk: d, seq: seq, tag: tagOf(d.Config, w, seq)}, time.Now(), time.Now()
	f.rest = restTimes * f.taken.Sub(begun)
	return f.last, nil
}

// look has the next request ask for news, however little time has passed and however long the last read took: whoever gave an order sees what it led to.
func (f *fleet) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rest, f.asked = 0, time.Time{}
}

// renewed takes the leases in, which change without a record, and says whether another holds one.
func (f *fleet) renewed(ctx context.Context) (others bool, err error) {
	leases, err := f.last.desk.Store.Leases(ctx)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return false, err
	}
	s := *f.last
	s.Scopes = slices.Clone(s.Scopes)
	for i := range s.Scopes {
		lease := &s.Scopes[i].Lease
		at := slices.IndexFunc(leases, func(l store.Lease) bool { return l.Scope == s.Scopes[i].Name })
		if at < 0 || leases[at].Owner != lease.Owner {
			others = others || at >= 0 || lease.Owner != ""
			continue
		}
		*lease = leases[at]
	}
	f.last = &s
	return others, nil
}

// newest is the number of the newest record, 0 without one or if it cannot be read.
func newest(ctx context.Context, s store.Store) (int64, error) {
	records, err := s.History(ctx, store.Query{Limit: 1})
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return 0, err
	}
	if len(records) == 0 {
		return 0, nil
	}
	return records[0].Seq, nil
}

// tagOf is an entity tag of a state under a configuration. It is weak: ages go on under the same one.
func tagOf(cfg *config.Config, w view.World, seq int64) string {
	h := sha256.New()
	fmt.Fprint(h, seq)
	_ = json.NewEncoder(h).Encode(cfg) //nolint:errchkjson // its numbers are finite, and a hash takes everything
	for _, s := range w.Scopes {
		fmt.Fprint(h, s.Name, s.Lease.Owner, s.Paused != nil, s.Problems)
		_ = json.NewEncoder(h).Encode(s.Troubles) //nolint:errchkjson // plain values, and a hash takes everything
		for i := range s.Clusters {
			c := &s.Clusters[i]
			fmt.Fprint(h, c.Cluster.ID, c.Saved.UnixNano(), c.Mode)
		}
	}
	return `W/"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}
