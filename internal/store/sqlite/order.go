package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"emrguard/internal/store"
)

// Submit implements store.Store.
func (s *Store) Submit(ctx context.Context, o store.Order) error {
	if err := o.Validate(); err != nil {
		return err
	}
	o.At = stored(o.At)
	return s.transact(ctx, "submit order", func(tx *sql.Tx) error {
		written, err := one(tx.ExecContext(ctx, "INSERT INTO orders (id, scope, cluster, at, author, body, sum) "+
			"VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			o.ID, o.Scope, o.Cluster, o.At.UnixMicro(), o.Author, bytes(o.Body), sumOrder(o, nil)))
		if written || err != nil {
			return err
		}
		return fmt.Errorf("order %s: %w", o.ID, store.ErrExists)
	})
}

// Orders implements store.Store.
func (s *Store) Orders(ctx context.Context, scope string) ([]store.Order, error) {
	var orders []store.Order
	err := s.each(ctx, s.read, "list orders of scope "+scope,
		"SELECT "+orderColumns+" FROM orders WHERE scope = ? AND answered IS NULL ORDER BY seq", []any{scope},
		func(r *row) (string, error) {
			o, _, err := r.order()
			if err == nil {
				orders = append(orders, o)
			}
			return "order " + o.ID, err
		})
	return orders, err
}

// Submitted implements store.Store.
func (s *Store) Submitted(ctx context.Context, id string) (store.Order, error) {
	o, _, err := s.orderOf(ctx, "read order "+id, id)
	return o, err
}

// Answered implements store.Store.
func (s *Store) Answered(ctx context.Context, id string) (store.Answer, error) {
	_, a, err := s.orderOf(ctx, "read answer to order "+id, id)
	if err != nil {
		return store.Answer{}, err
	}
	if a == nil {
		return store.Answer{}, fmt.Errorf("answer to order %s: %w", id, store.ErrNotFound)
	}
	return *a, nil
}

// orderOf reads an order and its answer, which is nil while there is none.
func (s *Store) orderOf(ctx context.Context, what, id string) (o store.Order, a *store.Answer, err error) {
	found := false
	err = s.each(ctx, s.read, what, "SELECT "+orderColumns+" FROM orders WHERE id = ?", []any{id},
		func(r *row) (string, error) {
			var err error
			o, a, err = r.order()
			found = true
			return "order " + id, err
		})
	if err == nil && !found {
		err = fmt.Errorf("order %s: %w", id, store.ErrNotFound)
	}
	return o, a, err
}

// saveAnswer writes the answer next to its order, which must be one of the scope and unanswered.
func (s *Store) saveAnswer(ctx context.Context, tx *sql.Tx, scope string, a store.Answer) error {
	r := newRow(orderWidth)
	err := tx.QueryRowContext(ctx, "SELECT "+orderColumns+" FROM orders WHERE id = ? AND scope = ?", a.ID, scope).Scan(r.scan()...)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("order %s of scope %s: %w", a.ID, scope, store.ErrNotFound)
	}
	if err != nil {
		return err
	}
	o, before, err := r.order()
	switch {
	case err != nil:
		return fmt.Errorf("order %s: %w: %v; %s", a.ID, store.ErrCorrupt, err, nextCorrupt)
	case before != nil:
		return fmt.Errorf("order %s: %w: it was answered before", a.ID, store.ErrConflict)
	}
	a.At = stored(a.At)
	_, err = tx.ExecContext(ctx, "UPDATE orders SET answered = ?, refused = ?, answer = ?, sum = ? WHERE id = ?",
		a.At.UnixMicro(), number(a.Refused), a.Text, sumOrder(o, &a), a.ID)
	return err
}
