package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"emrguard/internal/store"
)

// schemas are the embedded migrations and more after them.
func schemas(t *testing.T, more ...string) []migration {
	t.Helper()
	first, err := embedded.ReadFile("migrations/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"migrations/0001_first.sql": {Data: first}}
	for i, text := range more {
		files["migrations/000"+string(rune('2'+i))+"_more.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	all, err := migrations(files)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMigrateKeepsWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old, err := open(t.Context(), path, Options{}, schemas(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := old.Acquire(t.Context(), "prod", "a", "", at, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	key := store.Key{Scope: "prod", Cluster: "j-1"}
	if err := old.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{{Key: key, Body: store.Text("1"), Saved: at}}}); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	newer := schemas(t, "ALTER TABLE documents ADD COLUMN more TEXT", "CREATE TABLE third (x) STRICT; this is no SQL")
	if _, err := open(t.Context(), path, Options{ReadOnly: true}, newer); err == nil || !strings.Contains(err.Error(), "start emrguard run once") {
		t.Fatalf("read-only open of an older store: %v", err)
	}
	_, err = open(t.Context(), path, Options{}, newer)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "0003_more.sql") {
		t.Fatalf("a migration that fails: %v", err)
	}
	newer = schemas(t, "ALTER TABLE documents ADD COLUMN more TEXT", "CREATE TABLE third (x ANY) STRICT")
	s, err := open(t.Context(), path, Options{}, newer) // the second was applied, the third was not
	if err != nil {
		t.Fatal(err)
	}
	if d, err := s.Load(t.Context(), key); err != nil || d.Version != 1 || s.ID() != old.ID() {
		t.Fatalf("after the migration: %+v, %v", d, err)
	}
	if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("the old emrguard on the new store: %v", err)
	}
	if _, err := open(t.Context(), path, Options{}, schemas(t, "SELECT 1", "SELECT 1")); err == nil ||
		!strings.Contains(err.Error(), "0002_more.sql was applied with another text") {
		t.Fatalf("a migration that changed: %v", err)
	}
}

func TestUpgradedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // of no interest here
	newer, err := open(t.Context(), path, Options{}, schemas(t, "ALTER TABLE orders ADD COLUMN more TEXT"))
	if err != nil {
		t.Fatal(err)
	}
	order := store.Order{ID: "o", Scope: "prod", Body: []byte("1")}
	if err := s.Submit(t.Context(), order); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("the old emrguard writes to the new schema: %v", err)
	}
	if err := errors.Join(newer.Submit(t.Context(), order), newer.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestReplacedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // of no interest here
	order := store.Order{ID: "o", Scope: "prod", Body: []byte("1")}
	for _, replace := range []bool{false, true} {
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		if replace {
			if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Submit(t.Context(), order); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "restart emrguard") {
			t.Errorf("a write to a file that was moved (another in its place: %v): %v", replace, err)
		}
		if err := os.Rename(path+".old", path); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Submit(t.Context(), order); err != nil {
		t.Fatalf("the file is back: %v", err)
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	for _, name := range []string{"0002_first.sql", "1_first.sql", "first.sql", "0000_first.sql"} {
		if _, err := migrations(fstest.MapFS{"migrations/" + name: {Data: []byte("SELECT 1")}}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestWriterIsDurable holds on to what the package promises about power cuts.
func TestWriterIsDurable(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // nothing was written
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if err := s.read.QueryRow("DELETE FROM documents RETURNING id").Scan(new(int)); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a reader wrote: %v", err)
	}
}

// TestQueriesUseTheirIndexes holds on to what the package promises about the cost of history.
func TestQueriesUseTheirIndexes(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // nothing was written
	for want, q := range map[string]store.Query{
		"SEARCH records USING COVERING INDEX records_scope (scope=?)":                {Scope: "a"},
		"SEARCH records USING COVERING INDEX records_cluster (cluster=? AND rowid<?": {Cluster: "a", Before: 5},
		"SEARCH records USING COVERING INDEX records_pool (pool=?":                   {Pool: "a", Oldest: true},
		"SEARCH records USING COVERING INDEX records_grp (grp=?":                     {Group: "a"},
		"SEARCH records USING COVERING INDEX records_recovery (recovery=?":           {Recovery: "a"},
		"SEARCH records USING COVERING INDEX records_kind (kind=?":                   {Kinds: []string{"a", "b"}},
		"SEARCH records USING COVERING INDEX records_at (at>? AND at<?)":             {From: time.Unix(1, 0), To: time.Unix(2, 0), Kinds: []string{"a."}},
		"SEARCH records USING INTEGER PRIMARY KEY (rowid>?)":                         {Scope: "a", After: 5, Oldest: true},
	} {
		q, err := q.Normal()
		if err != nil {
			t.Fatal(err)
		}
		page, args, err := s.page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		if err := s.each(t.Context(), s.read, "plan", "EXPLAIN QUERY PLAN "+page, args, func(r *row) (string, error) {
			plan += r.columns[3].(string) + "\n"
			return "", nil
		}); err != nil {
			t.Fatal(err)
		}
		sorts := !q.From.IsZero() || len(q.Kinds) > 1 // the numbers of a time, or the pages of several kinds
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") != sorts {
			t.Errorf("%+v: want %s, got\n%s", q, want, plan)
		}
	}
}
