package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"emrguard/internal/store"
)

// History implements store.Store by looking at every record.
func (s *Store) History(ctx context.Context, q store.Query) ([]store.Record, error) {
	q, err := q.Normal()
	if err != nil {
		return nil, err
	}
	d, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var page []store.Record
	for i := range d.records {
		r := d.records[i]
		if !q.Oldest {
			r = d.records[len(d.records)-1-i]
		}
		if len(page) == q.Limit {
			break
		}
		if matches(q, r) {
			r.Data = clone(r.Data)
			page = append(page, r)
		}
	}
	return page, nil
}

func matches(q store.Query, r store.Record) bool {
	same := func(want, have string) bool { return want == "" || want == have }
	return same(q.Scope, r.Scope) && same(q.Cluster, r.Cluster) && same(q.Group, r.Group) && same(q.Pool, r.Pool) &&
		same(q.Recovery, r.Recovery) &&
		(q.From.IsZero() || !r.At.Before(stored(q.From))) && (q.To.IsZero() || r.At.Before(stored(q.To))) &&
		(q.Before == 0 || r.Seq < q.Before) && r.Seq > q.After &&
		(len(q.Kinds) == 0 || slices.ContainsFunc(q.Kinds, func(k string) bool { return ofKind(k, r.Kind) }))
}

// ofKind says whether a kind is the wanted one or begins with the wanted prefix.
func ofKind(want, have string) bool {
	return want == have || strings.HasSuffix(want, ".") && strings.HasPrefix(have, want)
}

// Record implements store.Store.
func (s *Store) Record(ctx context.Context, id string) (store.Record, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return store.Record{}, err
	}
	defer d.mu.Unlock()
	i, ok := slices.BinarySearchFunc(d.records, d.ids[id], func(r store.Record, seq int64) int {
		return cmp.Compare(r.Seq, seq)
	})
	if !ok {
		return store.Record{}, fmt.Errorf("record %s: %w", id, store.ErrNotFound)
	}
	r := d.records[i]
	r.Data = clone(r.Data)
	return r, nil
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	d, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if have := d.leases[l.Scope]; l.Owner != "" && have.Owner == l.Owner && have.Generation == l.Generation {
		have.Owner = ""
		d.leases[l.Scope] = have
	}
	return nil
}

// Leases implements store.Store.
func (s *Store) Leases(ctx context.Context) ([]store.Lease, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.leases), func(a, b store.Lease) int {
		return cmp.Compare(a.Scope, b.Scope)
	}), nil
}
