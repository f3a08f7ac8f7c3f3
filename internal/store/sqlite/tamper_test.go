package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

var tampered = []string{"j-1", "j-2", "j-3"}

// original makes a store with three documents, records and orders, one of them answered, and returns its bytes.
func original(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "original.db")
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := fill(t, s, tampered...)
	for _, id := range []string{"o-1", "o-2"} {
		if err := s.Submit(context.Background(), store.Order{ID: id, Scope: "prod", At: t0, Body: json.RawMessage(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Save(context.Background(), store.Save{Lease: l, Orders: []store.Answer{{ID: "o-1", At: t0}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// copyOf writes the bytes to a new file.
func copyOf(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	write(t, path, string(body))
	return path
}

func TestTamperedRows(t *testing.T) {
	body := original(t)
	for _, c := range []struct {
		statement string
		read      func(s *sqlite.Store) error
	}{
		{"UPDATE documents SET body = x'7b' WHERE cluster = 'j-2'", func(s *sqlite.Store) error {
			_, err := s.Load(t.Context(), document("j-2", 0).Key)
			return err
		}},
		{"UPDATE documents SET saved = saved + 1 WHERE cluster = 'j-2'", func(s *sqlite.Store) error {
			docs, err := s.LoadScope(t.Context(), "prod")
			if len(docs) != 2 || !strings.Contains(err.Error(), "document prod/j-2") {
				t.Errorf("%d of 3 documents, %v", len(docs), err)
			}
			return err
		}},
		{"UPDATE documents SET ended = 1 WHERE cluster = 'j-2'", func(s *sqlite.Store) error {
			_, err := s.Load(t.Context(), document("j-2", 0).Key)
			return err
		}},
		{"UPDATE records SET reason = 'other' WHERE id = 'd-j-2'", func(s *sqlite.Store) error {
			page, err := s.History(t.Context(), store.Query{})
			if len(page) != 2 {
				t.Errorf("%d of 3 records", len(page))
			}
			_, again := s.Record(t.Context(), "d-j-2")
			if !errors.Is(again, store.ErrCorrupt) {
				t.Errorf("record: %v", again)
			}
			return err
		}},
		{"UPDATE leases SET generation = 7", func(s *sqlite.Store) error {
			_, err := s.Acquire(t.Context(), "prod", "owner", "", t0, 1e9)
			save := s.Save(t.Context(), store.Save{Lease: store.Lease{Scope: "prod", Owner: "owner", Generation: 7}})
			if !errors.Is(save, store.ErrCorrupt) {
				t.Errorf("save: %v", save)
			}
			return err
		}},
		{"UPDATE orders SET author = 'me' WHERE id = 'o-2'", func(s *sqlite.Store) error {
			_, err := s.Orders(t.Context(), "prod")
			return err
		}},
		{"UPDATE orders SET refused = 1 WHERE id = 'o-1'", func(s *sqlite.Store) error {
			_, err := s.Answered(t.Context(), "o-1")
			return err
		}},
		{"UPDATE meta SET value = 'aaaaaaaa'", func(s *sqlite.Store) error { return s.Check(t.Context()) }},
		{"UPDATE migrations SET checksum = 'x'", func(s *sqlite.Store) error { return s.Check(t.Context()) }},
	} {
		path := copyOf(t, body)
		s := openAt(t, path, sqlite.Options{})
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		change(t, path, c.statement)
		for name, err := range map[string]error{"read": c.read(s), "check": s.Check(t.Context())} {
			if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "restore a backup") &&
				!strings.Contains(err.Error(), "run the emrguard that made") {
				t.Errorf("%s, %s: %v", c.statement, name, err)
			}
		}
	}
}

func TestCheckReportsAllProblems(t *testing.T) {
	path := copyOf(t, original(t))
	s := openAt(t, path, sqlite.Options{})
	change(t, path, "UPDATE documents SET body = x'00' WHERE cluster <> 'j-1'", "UPDATE records SET at = 0 WHERE id = 'd-j-1'",
		"UPDATE leases SET note = 'x'", "UPDATE orders SET sum = 0")
	err := s.Check(t.Context())
	for _, says := range []string{"document prod/j-2", "document prod/j-3", "record d-j-1", "lease of scope prod", "order o-1", "order o-2"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("check does not report %s: %v", says, err)
		}
	}
}

// FuzzTamperedRow puts random values into the columns of one document: it is reported, and the others are there.
func FuzzTamperedRow(f *testing.F) {
	body := original(f)
	f.Add(byte(0), int64(7), []byte("{}"))
	f.Add(byte(1), int64(-1<<63), []byte(nil))
	f.Add(byte(2), int64(1<<62), []byte{0xff, 0})
	f.Add(byte(3), int64(0), []byte(`{"cluster": "j-2", "version": 1}`))
	f.Fuzz(func(t *testing.T, column byte, number int64, bytes []byte) {
		path := copyOf(t, body)
		s := openAt(t, path, sqlite.Options{})
		key := document("j-2", 0).Key
		before, err := s.Load(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		name := []string{"version", "saved", "sum", "body"}[column%4]
		var value any = number
		if name == "body" {
			value = append([]byte{}, bytes...)
		}
		tamper(t, path, "UPDATE documents SET "+name+" = ? WHERE cluster = 'j-2'", value)
		docs, err := s.LoadScope(t.Context(), "prod")
		got, loadErr := s.Load(t.Context(), key)
		if loadErr == nil && len(docs) == 3 && err == nil && got.Version == before.Version && got.Saved.Equal(before.Saved) &&
			got.Body.Equal(before.Body) {
			return // the same value as before
		}
		if !errors.Is(err, store.ErrCorrupt) || !errors.Is(loadErr, store.ErrCorrupt) || !errors.Is(s.Check(t.Context()), store.ErrCorrupt) {
			t.Fatalf("a tampered %s was not found: %v, %v", name, err, loadErr)
		}
		if len(docs) != 2 || docs[0].Cluster != "j-1" || docs[1].Cluster != "j-3" {
			t.Fatalf("the others were not returned: %v", docs)
		}
	})
}

// FuzzTamperedFile overwrites bytes anywhere in the file: nothing panics, and what is returned is what was saved.
func FuzzTamperedFile(f *testing.F) {
	body := original(f)
	for at := 0; at < len(body); at += 4099 {
		f.Add(uint32(at), []byte{0xff, 0, 0x80})
	}
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		damaged := append([]byte{}, body...)
		copy(damaged[int(at)%len(damaged):], bytes)
		path := copyOf(t, damaged)
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		defer s.Close() // it is damaged
		docs, _ := s.LoadScope(t.Context(), "prod")
		for _, d := range docs {
			if want := document(d.Cluster, 0); d.Version != 1 || !d.Body.Equal(want.Body) || !d.Saved.Equal(want.Saved) || d.Ended {
				t.Fatalf("a document that nobody saved: %+v", d)
			}
		}
		page, _ := s.History(t.Context(), store.Query{})
		for _, r := range page {
			if want := record(r.ID); r.Reason != want.Reason || !r.At.Equal(want.At) || r.Kind != want.Kind {
				t.Fatalf("a record that nobody saved: %+v", r)
			}
		}
		_, _ = s.Orders(t.Context(), "prod")
		_, _ = s.Answered(t.Context(), "o-1")
		_, _ = s.Scopes(t.Context())
		_, _ = s.Leases(t.Context())
		for _, k := range [][]string{{"test"}, {"t."}} {
			_, _ = s.History(t.Context(), store.Query{Kinds: k})
		}
		if l, err := s.Acquire(t.Context(), "prod", "owner", "", t0, 1e9); err == nil {
			_ = s.Save(t.Context(), store.Save{Lease: l, Docs: []store.Document{document("j-1", 1)}})
		}
		_, _ = s.Prune(t.Context(), t0.AddDate(1, 0, 0), 100)
		_ = s.Check(t.Context())
	})
}
