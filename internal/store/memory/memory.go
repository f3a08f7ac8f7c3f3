// Package memory is the store in memory, for tests and simulations: the port's whole contract, no file, no clock.
package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"emrguard/internal/store"
)

// errClosed is what every call returns after Close.
var errClosed = errors.New("memory store is closed; use Reopen")

// Store keeps everything in maps under one lock. What goes in and what comes out is copied, but for the bodies of documents, which nobody can change.
type Store struct {
	data   *data
	mu     sync.Mutex
	closed bool
}

// data outlives the handle, as a file outlives the process.
type data struct {
	mu      sync.Mutex
	id      string
	docs    map[store.Key]store.Document
	records []store.Record // ascending Seq
	ids     map[string]int64
	seq     int64
	leases  map[string]store.Lease
	orders  []store.Order // in the order of arrival
	answers map[string]store.Answer
}

// New returns an empty store with this identity: 8 characters of a-z2-7, chosen by the caller so that runs repeat.
func New(id string) *Store {
	return &Store{data: &data{
		id:      id,
		docs:    map[store.Key]store.Document{},
		ids:     map[string]int64{},
		leases:  map[string]store.Lease{},
		answers: map[string]store.Answer{},
	}}
}

// Reopen returns a new handle to the same data, as a restarted process gets. The old handle is left as it is.
func (s *Store) Reopen() *Store { return &Store{data: s.data} }

// enter checks the context and the handle and takes the lock; the caller unlocks data.mu when err is nil.
func (s *Store) enter(ctx context.Context) (*data, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("memory store: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	s.data.mu.Lock()
	return s.data, nil
}

// ID implements store.Store.
func (s *Store) ID() string { return s.data.id }

// Check implements store.Store; maps do not rot.
func (s *Store) Check(ctx context.Context) error {
	d, err := s.enter(ctx)
	if err != nil {
		return err
	}
	d.mu.Unlock()
	return nil
}

// Close implements store.Store; the data stays for Reopen.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, key store.Key) (store.Document, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return store.Document{}, err
	}
	defer d.mu.Unlock()
	doc, ok := d.docs[key]
	if !ok {
		return store.Document{}, fmt.Errorf("document %s: %w", key, store.ErrNotFound)
	}
	return doc, nil
}

// LoadScope implements store.Store.
func (s *Store) LoadScope(ctx context.Context, scope string) ([]store.Document, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var docs []store.Document
	for key, doc := range d.docs {
		if key.Scope == scope && !doc.Ended {
			docs = append(docs, doc)
		}
	}
	slices.SortFunc(docs, func(a, b store.Document) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return docs, nil
}

// Scopes implements store.Store.
func (s *Store) Scopes(ctx context.Context) ([]string, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	names := map[string]bool{}
	for key := range d.docs {
		names[key.Scope] = true
	}
	for scope := range d.leases {
		names[scope] = true
	}
	for _, o := range d.orders {
		names[o.Scope] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// Prune implements store.Store: records by their time, then ended documents, then answered orders.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer d.mu.Unlock()
	before = stored(before)
	left := max(limit, 0)
	take := func(old bool) bool {
		if !old || left == 0 {
			return false
		}
		left--
		return true
	}

	byTime := slices.Clone(d.records)
	slices.SortStableFunc(byTime, func(a, b store.Record) int { return a.At.Compare(b.At) })
	for _, r := range byTime {
		if take(r.At.Before(before)) {
			delete(d.ids, r.ID)
		}
	}
	d.records = slices.DeleteFunc(d.records, func(r store.Record) bool { return d.ids[r.ID] == 0 })

	ended := slices.SortedFunc(maps.Values(d.docs), func(a, b store.Document) int {
		return cmp.Or(a.Saved.Compare(b.Saved), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	for _, doc := range ended {
		if doc.Ended && take(doc.Saved.Before(before)) {
			delete(d.docs, doc.Key)
		}
	}

	answered := slices.SortedFunc(maps.Values(d.answers), func(a, b store.Answer) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	gone := map[string]bool{}
	for _, a := range answered {
		if take(a.At.Before(before)) {
			gone[a.ID] = true
			delete(d.answers, a.ID)
		}
	}
	d.orders = slices.DeleteFunc(d.orders, func(o store.Order) bool { return gone[o.ID] })
	return max(limit, 0) - left, nil
}

// stored is a time as every adapter returns it: UTC, microseconds.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// clone copies JSON; none stays none.
func clone(b json.RawMessage) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}
