package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"emrguard/internal/store"
)

// statements are the prepared ones of the writer; the connection keeps them compiled.
type statements struct {
	version, lease, insertDocument, updateDocument, insertRecord *sql.Stmt
}

func (p *statements) prepare(ctx context.Context, db *sql.DB) error {
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&p.version, "PRAGMA user_version"},
		{&p.lease, "SELECT " + leaseColumns + " FROM leases WHERE scope = ?"},
		{&p.insertDocument, "INSERT INTO documents (" + documentColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?) " +
			"ON CONFLICT (scope, cluster) DO NOTHING"},
		{&p.updateDocument, "UPDATE documents SET version = ?, ended = ?, saved = ?, sum = ?, body = ? " +
			"WHERE scope = ? AND cluster = ? AND version = ?"},
		{&p.insertRecord, "INSERT INTO records (id, scope, cluster, at, kind, grp, pool, recovery, sum, author, reason, data) " +
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"},
	} {
		stmt, err := db.PrepareContext(ctx, s.text) //nolint:sqlclosecheck // statements.close does
		if err != nil {
			return err
		}
		*s.to = stmt
	}
	return nil
}

func (p *statements) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{p.version, p.lease, p.insertDocument, p.updateDocument, p.insertRecord} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// transact runs f in one transaction that holds the write lock from its start. If f fails, nothing is written.
func (s *Store) transact(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	if s.write == nil {
		return fmt.Errorf("%s: cannot %s: %w: it was opened for reading only", s.path, what, store.ErrReadOnly)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return explain(s.path, what, err)
	}
	err = s.same(ctx, tx)
	if err == nil {
		err = f(tx)
	}
	if err != nil {
		_ = tx.Rollback() // SQLite may have done so; what failed first says more
		return explain(s.path, what, err)
	}
	return explain(s.path, what, tx.Commit())
}

// same fails unless path still names the file that was opened and its schema is still the one that was found.
func (s *Store) same(ctx context.Context, tx *sql.Tx) error {
	if now, err := os.Stat(s.path); err != nil || !os.SameFile(s.file, now) {
		return fmt.Errorf("%w: the file was deleted, moved or replaced while it was open; restart emrguard", store.ErrCorrupt)
	}
	var version int
	if err := tx.StmtContext(ctx, s.saves.version).QueryRowContext(ctx).Scan(&version); err != nil {
		return err
	}
	return judge(applicationID, version, len(s.all))
}

// Save implements store.Store.
func (s *Store) Save(ctx context.Context, sv store.Save) error {
	if err := sv.Validate(); err != nil {
		return err
	}
	return s.transact(ctx, "save", func(tx *sql.Tx) error {
		if err := s.fence(ctx, tx, sv.Lease); err != nil {
			return err
		}
		for _, d := range sv.Docs {
			if err := s.saveDocument(ctx, tx, d); err != nil {
				return err
			}
		}
		for _, r := range sv.Records {
			if err := s.saveRecord(ctx, tx, r); err != nil {
				return err
			}
		}
		for _, a := range sv.Orders {
			if err := s.saveAnswer(ctx, tx, sv.Lease.Scope, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// fence fails with ErrFenced unless the lease in the store is this one.
func (s *Store) fence(ctx context.Context, tx *sql.Tx, l store.Lease) error {
	have, err := s.presentLease(ctx, tx, l.Scope)
	if err != nil {
		return err
	}
	if l.Owner == "" || have.Owner != l.Owner || have.Generation != l.Generation {
		return fmt.Errorf("scope %s: %w: owner %q generation %d holds it, not %q generation %d", l.Scope, store.ErrFenced,
			have.Owner, have.Generation, l.Owner, l.Generation)
	}
	return nil
}

func (s *Store) saveDocument(ctx context.Context, tx *sql.Tx, d store.Document) error {
	expected := d.Version
	d.Version++
	d.Saved = stored(d.Saved)
	ended, saved, sum, body := number(d.Ended), d.Saved.UnixMicro(), sumDocument(d), []byte(d.Body.String())
	var result sql.Result
	var err error
	if expected == 0 {
		result, err = tx.StmtContext(ctx, s.saves.insertDocument).
			ExecContext(ctx, d.Scope, d.Cluster, d.Version, ended, saved, sum, body)
	} else {
		result, err = tx.StmtContext(ctx, s.saves.updateDocument).
			ExecContext(ctx, d.Version, ended, saved, sum, body, d.Scope, d.Cluster, expected)
	}
	written, err := one(result, err)
	if written || err != nil {
		return err
	}
	var have int64
	err = tx.QueryRowContext(ctx, "SELECT version FROM documents WHERE scope = ? AND cluster = ?", d.Scope, d.Cluster).Scan(&have)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return fmt.Errorf("document %s: %w: it has version %d, not %d", d.Key, store.ErrConflict, have, expected)
}

func (s *Store) saveRecord(ctx context.Context, tx *sql.Tx, r store.Record) error {
	r.At = stored(r.At)
	written, err := one(tx.StmtContext(ctx, s.saves.insertRecord).ExecContext(ctx,
		r.ID, r.Scope, optional(r.Cluster), r.At.UnixMicro(), r.Kind, optional(r.Group), optional(r.Pool),
		optional(r.Recovery), sumRecord(r), r.Author, r.Reason, bytes(r.Data)))
	if written || err != nil {
		return err
	}
	return fmt.Errorf("record %s: %w", r.ID, store.ErrExists)
}

// one says whether a statement wrote a row.
func one(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// stored is a time as every adapter returns it: UTC, microseconds.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
