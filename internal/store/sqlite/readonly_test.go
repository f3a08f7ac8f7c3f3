package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

func TestReadOnlyBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: true})
	if !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "start emrguard run") {
		t.Fatalf("no store: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a read-only open made a file: %v", err)
	}
	w := openAt(t, path, sqlite.Options{})
	r := openAt(t, path, sqlite.Options{ReadOnly: true})
	l := fill(t, w, "j-1", "j-2")
	docs, err := r.LoadScope(t.Context(), "prod")
	if err != nil || len(docs) != 2 || r.ID() != w.ID() {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	if err := r.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"save":          r.Save(t.Context(), store.Save{Lease: l}),
		"submit order":  r.Submit(t.Context(), store.Order{ID: "o", Scope: "prod", Body: []byte("1")}),
		"release lease": r.Release(t.Context(), l),
		"prune":         func() error { _, err := r.Prune(t.Context(), t0, 1); return err }(),
		"acquire lease": func() error { _, err := r.Acquire(t.Context(), "prod", "x", "", t0, 1); return err }(),
	} {
		if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), path+": cannot "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadOnlyWithoutAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	newStore(t, path)
	r, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if docs, err := r.LoadScope(t.Context(), "prod"); err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	w := openAt(t, path, sqlite.Options{}) // a daemon that starts meanwhile
	l := fill(t, w, "j-2")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-2", 1)}}); err != nil {
		t.Fatalf("after the reader closed: %v", err)
	}
}

func TestReadOnlySeesADaemonThatStartsLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	newStore(t, path)
	r := openAt(t, path, sqlite.Options{ReadOnly: true})
	fill(t, openAt(t, path, sqlite.Options{}), "j-2")
	if page, err := r.History(t.Context(), store.Query{}); err != nil || len(page) != 2 {
		t.Fatalf("the reader sees %d records, %v", len(page), err)
	}
}

func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, sqlite.Options{MaxBytes: 400_000})
	l := fill(t, s, "j-1")
	large := document("j-2", 0)
	large.Body = store.Text(`"` + strings.Repeat("x", 500_000) + `"`)
	err := s.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-1", 1), large}, Records: []store.Record{record("d-2")}})
	if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "free space") {
		t.Fatalf("too large: %v", err)
	}
	if d, err := s.Load(t.Context(), document("j-1", 0).Key); err != nil || d.Version != 1 {
		t.Fatalf("half a save was written: %+v, %v", d, err)
	}
	if err := s.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-1", 1)}}); err != nil {
		t.Fatalf("a save that fits: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
