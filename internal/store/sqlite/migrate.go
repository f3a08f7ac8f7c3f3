package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"emrguard/internal/store"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migration is one step of the schema. What was released never changes; a new file is added instead.
type migration struct {
	version  int
	name     string // NNNN_name.sql
	text     string
	checksum string // hex SHA-256 of the text
}

// migrations reads NNNN_name.sql files, which must be numbered from 1 without gaps.
func migrations(from fs.FS) ([]migration, error) {
	names, err := fs.Glob(from, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for i, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		name = strings.TrimPrefix(name, "migrations/")
		digits, _, _ := strings.Cut(name, "_")
		if v, err := strconv.Atoi(digits); err != nil || v != i+1 || len(digits) != 4 {
			return nil, fmt.Errorf("migration %s is not number %04d", name, i+1)
		}
		digest := sha256.Sum256(text)
		all = append(all, migration{i + 1, name, string(text), hex.EncodeToString(digest[:])})
	}
	return all, nil
}

// migrate brings the file to the newest schema, one transaction for each step. It takes the write lock even if there is
// nothing to do: a store that cannot be written to is found out now and not by the first save.
func migrate(ctx context.Context, db *sql.DB, path string, all []migration) error {
	for {
		done, err := step(ctx, db, all)
		if err != nil {
			return explain(path, "open", err)
		}
		if done {
			return nil
		}
	}
}

// step applies the first migration that is missing.
func step(ctx context.Context, db *sql.DB, all []migration) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil || done {
			_ = tx.Rollback() // what failed first says more
		}
	}()
	version, err := compare(ctx, tx, all)
	if err != nil || version == len(all) {
		return err == nil, err
	}
	m := all[version]
	if _, err := tx.ExecContext(ctx, m.text); err != nil {
		return false, fmt.Errorf("migration %s: %w", m.name, err)
	}
	const add = "INSERT INTO migrations (version, name, checksum) VALUES (?, ?, ?)"
	if _, err := tx.ExecContext(ctx, add, m.version, m.name, m.checksum); err != nil {
		return false, err
	}
	if m.version == 1 {
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES ('id', ?)", newID()); err != nil {
			return false, err
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
		applicationID, m.version)); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

// querier is a transaction or a pool.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// compare returns the version of the file and fails if its migrations are not the known ones. In an empty file it makes
// the table they are noted in.
func compare(ctx context.Context, db querier, all []migration) (int, error) {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version == 0 {
		_, err := db.ExecContext(ctx, "CREATE TABLE migrations "+
			"(version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT")
		return 0, err
	}
	if err := judge(applicationID, version, len(all)); err != nil {
		return 0, err
	}
	rows, err := db.QueryContext(ctx, "SELECT version, name, checksum FROM migrations ORDER BY version")
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	n := 0
	for ; rows.Next(); n++ {
		r := newRow(3)
		if err := rows.Scan(r.scan()...); err != nil {
			return 0, err
		}
		v, name, checksum := r.integer(), r.text(), r.text()
		if r.err != nil || n >= len(all) || v != int64(n+1) {
			return 0, fmt.Errorf("%w: migration %d is not known; %s", store.ErrCorrupt, v, nextCorrupt)
		}
		if checksum != all[n].checksum {
			return 0, fmt.Errorf("%w: migration %s was applied with another text than this emrguard's %s; "+
				"run the emrguard that made the file", store.ErrCorrupt, name, all[n].name)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if n != version {
		return 0, fmt.Errorf("%w: it has schema version %d but %d migrations; %s", store.ErrCorrupt, version, n, nextCorrupt)
	}
	return version, nil
}

// idLetters are the letters of a store's identity: safe in the name of an instance group.
const idLetters = "abcdefghijklmnopqrstuvwxyz234567"

// newID is 40 random bits.
func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = idLetters[b[i]%32]
	}
	return string(b)
}

// readID returns the identity of the store, or an error that wraps ErrCorrupt.
func readID(ctx context.Context, db querier) (string, error) {
	r := newRow(1)
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'id'").Scan(r.scan()...); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("%w: it has no identity; %s", store.ErrCorrupt, nextCorrupt)
		}
		return "", err
	}
	id := r.text()
	if len(id) != 8 || strings.Trim(id, idLetters) != "" {
		return "", fmt.Errorf("%w: its identity %q is not 8 characters of a-z2-7; %s", store.ErrCorrupt, id, nextCorrupt)
	}
	return id, nil
}
