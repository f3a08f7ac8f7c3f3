package sqlite

import (
	"context"
	"errors"
	"fmt"

	"emrguard/internal/store"
)

// each runs a query and hands the rows to f, all of them before it returns, so that no call runs inside
// another's rows. An error of f is damage to one row: the rest is read all the same.
func (s *Store) each(ctx context.Context, db querier, what, query string, args []any,
	f func(*row) (what string, err error),
) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return explain(s.path, what, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	columns, err := rows.Columns()
	if err != nil {
		return explain(s.path, what, err)
	}
	var errs []error
	for rows.Next() {
		r := newRow(len(columns))
		if err := rows.Scan(r.scan()...); err != nil {
			return explain(s.path, what, err)
		}
		if thing, err := f(r); err != nil {
			errs = append(errs, damaged(s.path, thing, err))
		}
	}
	return errors.Join(append(errs, explain(s.path, what, rows.Err()))...)
}

// Load implements store.Store. A document that cannot be read is store.ErrCorrupt.
func (s *Store) Load(ctx context.Context, key store.Key) (store.Document, error) {
	var found *store.Document
	err := s.each(ctx, s.read, "load document "+key.String(),
		"SELECT "+documentColumns+" FROM documents WHERE scope = ? AND cluster = ?", []any{key.Scope, key.Cluster},
		func(r *row) (string, error) {
			d, err := r.document()
			found = &d
			return "document " + key.String(), err
		})
	if err != nil {
		return store.Document{}, err
	}
	if found == nil {
		return store.Document{}, fmt.Errorf("document %s: %w", key, store.ErrNotFound)
	}
	return *found, nil
}

// LoadScope implements store.Store. Where one damaged page breaks the scan, it reads the documents one by one.
func (s *Store) LoadScope(ctx context.Context, scope string) ([]store.Document, error) {
	docs, err := s.loadLive(ctx, scope, "scope = ? AND ended = 0 ORDER BY cluster", scope)
	if err == nil || !errors.Is(err, store.ErrCorrupt) {
		return docs, err
	}
	var ids []int64
	var names []string
	listed := s.each(ctx, s.read, "list scope "+scope,
		"SELECT id, cluster FROM documents INDEXED BY documents_live WHERE scope = ? AND ended = 0 ORDER BY cluster",
		[]any{scope}, func(r *row) (string, error) {
			id, name := r.integer(), r.text()
			if r.err == nil {
				ids, names = append(ids, id), append(names, name)
			}
			return "list of scope " + scope, r.err
		})
	if listed != nil && len(ids) == 0 {
		return docs, err
	}
	docs = nil
	errs := []error{listed}
	for i, id := range ids {
		one, err := s.loadLive(ctx, names[i], "id = ?", id)
		docs, errs = append(docs, one...), append(errs, err)
	}
	return docs, errors.Join(errs...)
}

// loadLive returns the documents of a condition that can be read, together with the damage to the others.
func (s *Store) loadLive(ctx context.Context, what, condition string, arg any) ([]store.Document, error) {
	var docs []store.Document
	err := s.each(ctx, s.read, "load "+what, "SELECT "+documentColumns+" FROM documents WHERE "+condition, []any{arg},
		func(r *row) (string, error) {
			d, err := r.document()
			if err == nil {
				docs = append(docs, d)
			}
			return "document " + d.String(), err
		})
	return docs, err
}

// Scopes implements store.Store.
func (s *Store) Scopes(ctx context.Context) ([]string, error) {
	var scopes []string
	err := s.each(ctx, s.read, "list scopes",
		"SELECT scope FROM documents UNION SELECT scope FROM leases UNION SELECT scope FROM orders ORDER BY 1", nil,
		func(r *row) (string, error) {
			name := r.text()
			if r.err == nil {
				scopes = append(scopes, name)
			}
			return "list of scopes", r.err
		})
	return scopes, err
}
