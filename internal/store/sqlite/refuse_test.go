package sqlite_test

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// contents are the files of a directory, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if e.IsDir() {
			body, err = []byte("a directory"), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(body)
	}
	return files
}

func sameContents(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, body := range before {
		if after[name] != body {
			t.Errorf("%s was changed", name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s was left behind", name)
		}
	}
}

func write(t *testing.T, path, body string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change runs statements on a file behind the store's back.
func change(t *testing.T, path string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		tamper(t, path, s)
	}
}

// tamper runs one statement with its arguments.
func tamper(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// crashed runs statements on a file in a way that leaves them in its log, as a process does that was killed.
func crashed(t *testing.T, path string, statements ...string) {
	t.Helper()
	work := filepath.Join(t.TempDir(), "work.db")
	if body, err := os.ReadFile(path); err == nil {
		write(t, work, string(body))
	}
	db, err := sql.Open("sqlite", work)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // a test's helper
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	for _, side := range []string{"", "-wal"} {
		body, err := os.ReadFile(work + side)
		if err != nil || len(body) == 0 {
			t.Fatalf("%s%s: %d bytes, %v", work, side, len(body), err)
		}
		write(t, path+side, string(body))
	}
}

// newStore makes a store with one document and one record and closes it.
func newStore(t *testing.T, path string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, "j-1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesAndChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(t *testing.T, path string)
		wants error
		says  string // the reason or the next step, besides the path
	}{
		{"garbage", func(t *testing.T, p string) { write(t, p, strings.Repeat("garbage\n", 1000)) }, store.ErrCorrupt, "restore a backup"},
		{"one byte", func(t *testing.T, p string) { write(t, p, "x") }, store.ErrCorrupt, "restore a backup"},
		{"a header alone", func(t *testing.T, p string) { write(t, p, "SQLite format 3\x00") }, store.ErrCorrupt, "restore a backup"},
		{"zeroes", func(t *testing.T, p string) { write(t, p, strings.Repeat("\x00", 8192)) }, store.ErrCorrupt, "restore a backup"},
		{"cut short", func(t *testing.T, p string) {
			newStore(t, p)
			if err := os.Truncate(p, 3*4096); err != nil {
				t.Fatal(err)
			}
		}, store.ErrCorrupt, "restore a backup"},
		{"a directory", func(t *testing.T, p string) {
			if err := os.Mkdir(p, 0o700); err != nil {
				t.Fatal(err)
			}
		}, nil, "it is a directory; name a file in it"},
		{"another program's file", func(t *testing.T, p string) { change(t, p, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)") },
			nil, "another program"},
		{"another program's file with a log", func(t *testing.T, p string) {
			crashed(t, p, "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)", "PRAGMA user_version = 1")
		}, nil, "another program"},
		{"a newer version with a log", func(t *testing.T, p string) {
			newStore(t, p+"-newer")
			if err := os.Rename(p+"-newer", p); err != nil {
				t.Fatal(err)
			}
			crashed(t, p, "PRAGMA user_version = 99", "CREATE TABLE added (x)")
		}, store.ErrNewer, "run the newer emrguard"},
		{"a newer version", func(t *testing.T, p string) { newStore(t, p); change(t, p, "PRAGMA user_version = 99") },
			store.ErrNewer, "run the newer emrguard"},
		{"no version", func(t *testing.T, p string) { newStore(t, p); change(t, p, "PRAGMA user_version = -1") },
			store.ErrCorrupt, "schema version -1"},
		{"a lost file with a log", func(t *testing.T, p string) { write(t, p+"-wal", "records") }, store.ErrCorrupt, "move the log away"},
		{"a lost migration", func(t *testing.T, p string) { newStore(t, p); change(t, p, "DELETE FROM migrations") },
			store.ErrCorrupt, "0 migrations"},
		{"a changed migration", func(t *testing.T, p string) { newStore(t, p); change(t, p, "UPDATE migrations SET checksum = 'x'") },
			store.ErrCorrupt, "0001_first.sql was applied with another text"},
		{"a lost identity", func(t *testing.T, p string) { newStore(t, p); change(t, p, "DELETE FROM meta") }, store.ErrCorrupt, "no identity"},
		{"another identity", func(t *testing.T, p string) { newStore(t, p); change(t, p, "UPDATE meta SET value = 'ABC'") },
			store.ErrCorrupt, "not 8 characters"},
	} {
		for _, readOnly := range []bool{false, true} {
			t.Run(c.name+map[bool]string{true: ", read-only"}[readOnly], func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "a store?#%.db")
				c.make(t, path)
				before := contents(t, filepath.Dir(path))
				_, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: readOnly})
				if err == nil {
					t.Fatal("it was opened")
				}
				if c.wants == nil {
					for _, s := range []error{store.ErrCorrupt, store.ErrReadOnly, store.ErrNotFound, store.ErrNewer} {
						if errors.Is(err, s) {
							t.Errorf("%v is not %v", err, s)
						}
					}
				} else if !errors.Is(err, c.wants) {
					t.Errorf("%v does not wrap %v", err, c.wants)
				}
				if !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v does not name %s, or does not say %q", err, path, c.says)
				}
				if strings.Count(err.Error(), path) > 1 {
					t.Errorf("%v repeats itself", err)
				}
				after := contents(t, filepath.Dir(path))
				if name := filepath.Base(path); before[name+"-shm"] == "" {
					delete(after, name+"-shm") // SQLite's shared memory, built again from the log
					if readOnly && after[name+"-wal"] == "" {
						delete(after, name+"-wal")
					}
				}
				sameContents(t, before, after)
			})
		}
	}
}

func TestOpenNeedsADirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "store.db")
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "create it") {
		t.Fatalf("missing directory: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), "", sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "no path") {
		t.Fatalf("no path: %v", err)
	}
}

func TestOpenCreates(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "empty.db", "")
	change(t, "started.db", "PRAGMA journal_mode = WAL") // a creation that was cut short
	ids := map[string]bool{}
	for _, path := range []string{"new.db", "empty.db", "started.db", "ünusual ?#%&name.db"} {
		s := openAt(t, path, sqlite.Options{})
		fill(t, s, "j-1")
		if want := filepath.Join(dir, path); s.Path() != want {
			t.Errorf("path %s, want %s", s.Path(), want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := openAt(t, path, sqlite.Options{})
		if again.ID() != s.ID() {
			t.Errorf("%s: the identity was %s and is %s", path, s.ID(), again.ID())
		}
		ids[s.ID()] = true
	}
	if len(ids) != 4 {
		t.Errorf("four stores have the identities %v", ids)
	}
	if info, err := os.Stat("new.db"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new store has the mode %v, %v", info.Mode(), err)
	}
}

func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, sqlite.Options{BusyTimeout: 1})
	l := fill(t, s, "j-1")
	db, err := sql.Open("sqlite", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // a test's helper
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"save": s.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-2", 0)}}),
		"open": func() error { _, err := sqlite.Open(t.Context(), path, sqlite.Options{BusyTimeout: 1}); return err }(),
	} {
		if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), path+": cannot "+name) || !strings.Contains(err.Error(), "fuser") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.LoadScope(t.Context(), "prod"); err != nil {
		t.Errorf("reads wait for a writer: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-2", 0)}}); err != nil {
		t.Fatalf("after the lock was given back: %v", err)
	}
}
