package sqlite

import (
	"context"
	"errors"
	"fmt"

	"emrguard/internal/store"
)

// checkPage is how many rows Check reads at a time.
const checkPage = 1000

// Check implements store.Store: SQLite's own integrity check (the first 100 problems), the migrations, the identity and
// the checksum of every row. It reads the whole file and blocks nobody.
func (s *Store) Check(ctx context.Context) error {
	errs := []error{s.checkFile(ctx)}
	if _, err := compare(ctx, s.read, s.all); err != nil {
		errs = append(errs, explain(s.path, "check migrations", err))
	}
	if id, err := readID(ctx, s.read); err != nil {
		errs = append(errs, explain(s.path, "check the identity", err))
	} else if id != s.id {
		errs = append(errs, damaged(s.path, "identity", fmt.Errorf("it was %s when the store was opened and is %s now", s.id, id)))
	}
	for _, t := range []struct {
		table, columns, key string
		read                func(*row) (string, error)
	}{
		{"documents", documentColumns, "id", func(r *row) (string, error) {
			d, err := r.document()
			return "document " + d.String(), err
		}},
		{"records", recordColumns, "seq", func(r *row) (string, error) {
			h, err := r.record()
			return fmt.Sprintf("record %s (number %d)", h.ID, h.Seq), err
		}},
		{"orders", orderColumns, "seq", func(r *row) (string, error) {
			o, _, err := r.order()
			return "order " + o.ID, err
		}},
	} {
		errs = append(errs, s.checkTable(ctx, t.table, t.columns, t.key, t.read))
	}
	_, err := s.Leases(ctx)
	return errors.Join(append(errs, err)...)
}

// checkFile runs SQLite's integrity check, which covers pages, indexes and the order of keys.
func (s *Store) checkFile(ctx context.Context) error {
	return s.each(ctx, s.read, "check the file", "PRAGMA integrity_check(100)", nil, func(r *row) (string, error) {
		answer := r.text()
		if r.err == nil && answer != "ok" {
			return "integrity", errors.New(answer)
		}
		return "integrity", r.err
	})
}

// checkTable reads a table in pages, so that a large one neither fills the memory nor keeps the log from being merged.
func (s *Store) checkTable(ctx context.Context, table, columns, key string, read func(*row) (string, error)) error {
	var errs []error
	last := int64(-1 << 63)
	for {
		rows := 0
		err := s.each(ctx, s.read, "check "+table,
			fmt.Sprintf("SELECT %s, %s FROM %s NOT INDEXED WHERE %s > ? ORDER BY %s LIMIT %d",
				columns, key, table, key, key, checkPage), []any{last}, func(r *row) (string, error) {
				rows++
				last, _ = r.columns[len(r.columns)-1].(int64)
				return read(r)
			})
		errs = append(errs, err)
		if rows < checkPage || err != nil && !errors.Is(err, store.ErrCorrupt) {
			return errors.Join(errs...)
		}
	}
}
