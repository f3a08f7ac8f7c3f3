package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"emrguard/internal/store"
)

// Acquire implements store.Store.
func (s *Store) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error) {
	var lease store.Lease
	err := s.transact(ctx, "acquire lease", func(tx *sql.Tx) error {
		present, err := s.presentLease(ctx, tx, scope)
		if err != nil {
			return err
		}
		if lease, err = store.Grant(present, scope, owner, note, now, ttl); err != nil {
			return err
		}
		return putLease(ctx, tx, lease)
	})
	if err != nil && !errors.Is(err, store.ErrFenced) {
		return store.Lease{}, err
	}
	return lease, err
}

func putLease(ctx context.Context, tx *sql.Tx, l store.Lease) error {
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO leases ("+leaseColumns+") VALUES (?, ?, ?, ?, ?, ?)",
		l.Scope, l.Owner, l.Generation, l.Expires.UnixMicro(), l.Note, sumLease(l))
	return err
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	return s.transact(ctx, "release lease", func(tx *sql.Tx) error {
		present, err := s.presentLease(ctx, tx, l.Scope)
		if err != nil || l.Owner == "" || present.Owner != l.Owner || present.Generation != l.Generation {
			return err
		}
		present.Owner = ""
		return putLease(ctx, tx, present)
	})
}

// Leases implements store.Store. Unreadable ones are returned as an error that wraps store.ErrCorrupt together with the
// readable ones.
func (s *Store) Leases(ctx context.Context) ([]store.Lease, error) {
	var leases []store.Lease
	err := s.each(ctx, s.read, "list leases", "SELECT "+leaseColumns+" FROM leases ORDER BY scope", nil,
		func(r *row) (string, error) {
			l, err := r.lease()
			if err == nil {
				leases = append(leases, l)
			}
			return "lease of scope " + l.Scope, err
		})
	return leases, err
}

// presentLease returns the scope's lease, zero if it never had one.
func (s *Store) presentLease(ctx context.Context, tx *sql.Tx, scope string) (store.Lease, error) {
	r := newRow(leaseWidth)
	err := tx.StmtContext(ctx, s.saves.lease).QueryRowContext(ctx, scope).Scan(r.scan()...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Lease{}, nil
	}
	if err != nil {
		return store.Lease{}, err
	}
	l, err := r.lease()
	if err != nil {
		return store.Lease{}, fmt.Errorf("lease of scope %s: %w: %v; %s", scope, store.ErrCorrupt, err, nextCorrupt)
	}
	return l, nil
}
