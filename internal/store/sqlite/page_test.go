package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// TestDamagedPage destroys the page of a few documents out of a hundred: the others are still returned.
func TestDamagedPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, sqlite.Options{})
	l := fill(t, s)
	save := store.Save{Lease: l}
	for i := range 100 {
		d := document(fmt.Sprintf("j-%03d", i), 0)
		d.Body = store.Text(`"` + strings.Repeat("x", 20_000) + `"`)
		save.Docs = append(save.Docs, d)
	}
	if err := errors.Join(s.Save(t.Context(), save), s.Close()); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page, tableLeaf = 4096, 0x0d
	for at := 0; at < len(body); at += page {
		if body[at] == tableLeaf && bytes.Contains(body[at:at+page], []byte("prodj-050")) {
			body[at] = 0xff
		}
	}
	write(t, path, string(body))
	s = openAt(t, path, sqlite.Options{})
	docs, err := s.LoadScope(t.Context(), "prod")
	if !errors.Is(err, store.ErrCorrupt) || len(docs) < 80 || len(docs) > 99 || !strings.Contains(err.Error(), "j-050") {
		t.Fatalf("%d of 100 documents, %v", len(docs), err)
	}
	for i, d := range docs {
		if i > 0 && d.Cluster <= docs[i-1].Cluster {
			t.Fatalf("%s comes after %s", d.Cluster, docs[i-1].Cluster)
		}
	}
	t.Logf("%d of 100 documents were returned", len(docs))
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("check: %v", err)
	}
}
