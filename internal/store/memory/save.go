package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/store"
)

// Save implements store.Store: it checks everything before it changes anything.
func (s *Store) Save(ctx context.Context, sv store.Save) error {
	if err := sv.Validate(); err != nil {
		return err
	}
	d, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if have := d.leases[sv.Lease.Scope]; sv.Lease.Owner == "" || have.Owner != sv.Lease.Owner ||
		have.Generation != sv.Lease.Generation {
		return fmt.Errorf("scope %s: %w: owner %q generation %d holds it, not %q generation %d", sv.Lease.Scope,
			store.ErrFenced, have.Owner, have.Generation, sv.Lease.Owner, sv.Lease.Generation)
	}
	if err := d.checkDocs(sv.Docs); err != nil {
		return err
	}
	if err := d.checkRecords(sv.Records); err != nil {
		return err
	}
	if err := d.checkAnswers(sv.Lease.Scope, sv.Orders); err != nil {
		return err
	}

	for _, doc := range sv.Docs {
		doc.Version++
		doc.Saved = stored(doc.Saved)
		d.docs[doc.Key] = doc
	}
	for _, r := range sv.Records {
		d.seq++
		r.Seq = d.seq
		r.At = stored(r.At)
		r.Data = clone(r.Data)
		d.ids[r.ID] = r.Seq
		d.records = append(d.records, r)
	}
	for _, a := range sv.Orders {
		a.At = stored(a.At)
		d.answers[a.ID] = a
	}
	return nil
}

func (d *data) checkDocs(docs []store.Document) error {
	twice := map[store.Key]bool{}
	for _, doc := range docs {
		if have := d.docs[doc.Key].Version; have != doc.Version || twice[doc.Key] {
			return fmt.Errorf("document %s: %w: it has version %d, not %d", doc.Key, store.ErrConflict, have, doc.Version)
		}
		twice[doc.Key] = true
	}
	return nil
}

func (d *data) checkRecords(records []store.Record) error {
	twice := map[string]bool{}
	for _, r := range records {
		if d.ids[r.ID] != 0 || twice[r.ID] {
			return fmt.Errorf("record %s: %w", r.ID, store.ErrExists)
		}
		twice[r.ID] = true
	}
	return nil
}

func (d *data) checkAnswers(scope string, answers []store.Answer) error {
	twice := map[string]bool{}
	for _, a := range answers {
		if !d.ordered(a.ID, scope) {
			return fmt.Errorf("order %s of scope %s: %w", a.ID, scope, store.ErrNotFound)
		}
		if _, done := d.answers[a.ID]; done || twice[a.ID] {
			return fmt.Errorf("order %s: %w: it was answered before", a.ID, store.ErrConflict)
		}
		twice[a.ID] = true
	}
	return nil
}

// ordered says whether the scope's inbox has or had this order; an empty scope stands for any.
func (d *data) ordered(id, scope string) bool {
	for _, o := range d.orders {
		if o.ID == id && (scope == "" || o.Scope == scope) {
			return true
		}
	}
	return false
}

// Submit implements store.Store.
func (s *Store) Submit(ctx context.Context, o store.Order) error {
	if err := o.Validate(); err != nil {
		return err
	}
	d, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer d.mu.Unlock()
	if d.ordered(o.ID, "") {
		return fmt.Errorf("order %s: %w", o.ID, store.ErrExists)
	}
	o.At = stored(o.At)
	o.Body = clone(o.Body)
	d.orders = append(d.orders, o)
	return nil
}

// Orders implements store.Store.
func (s *Store) Orders(ctx context.Context, scope string) ([]store.Order, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var orders []store.Order
	for _, o := range d.orders {
		if _, done := d.answers[o.ID]; !done && o.Scope == scope {
			o.Body = clone(o.Body)
			orders = append(orders, o)
		}
	}
	return orders, nil
}

// Submitted implements store.Store.
func (s *Store) Submitted(ctx context.Context, id string) (store.Order, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return store.Order{}, err
	}
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.orders, func(o store.Order) bool { return o.ID == id })
	if i < 0 {
		return store.Order{}, fmt.Errorf("order %s: %w", id, store.ErrNotFound)
	}
	o := d.orders[i]
	o.Body = clone(o.Body)
	return o, nil
}

// Answered implements store.Store.
func (s *Store) Answered(ctx context.Context, id string) (store.Answer, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return store.Answer{}, err
	}
	defer d.mu.Unlock()
	a, ok := d.answers[id]
	if !ok {
		return store.Answer{}, fmt.Errorf("answer to order %s: %w", id, store.ErrNotFound)
	}
	return a, nil
}

// Acquire implements store.Store.
func (s *Store) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error) {
	d, err := s.enter(ctx)
	if err != nil {
		return store.Lease{}, err
	}
	defer d.mu.Unlock()
	lease, err := store.Grant(d.leases[scope], scope, owner, note, now, ttl)
	if err == nil {
		d.leases[scope] = lease
	}
	return lease, err
}
