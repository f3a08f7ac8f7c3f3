package sqlite

import (
	"context"
	"database/sql"
	"time"
)

// Prune implements store.Store: records by their time, then ended documents, then answered orders, each through an index
// on the time, in one transaction. The space is used again; the file does not shrink.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	gone := 0
	err := s.transact(ctx, "prune", func(tx *sql.Tx) error {
		for _, text := range []string{
			"DELETE FROM records WHERE seq IN (SELECT seq FROM records INDEXED BY records_at WHERE at < ? ORDER BY at LIMIT ?)",
			"DELETE FROM documents WHERE id IN " +
				"(SELECT id FROM documents INDEXED BY documents_ended WHERE ended <> 0 AND saved < ? ORDER BY saved LIMIT ?)",
			"DELETE FROM orders WHERE seq IN " +
				"(SELECT seq FROM orders INDEXED BY orders_answered WHERE answered < ? ORDER BY answered LIMIT ?)",
		} {
			if limit <= gone {
				return nil
			}
			result, err := tx.ExecContext(ctx, text, stored(before).UnixMicro(), limit-gone)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			gone += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return gone, nil
}
