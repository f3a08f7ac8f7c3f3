package sqlite_test

import (
	"path/filepath"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
	"emrguard/internal/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "store.db"), sqlite.Options{})
	})
}

// openAt opens a store and closes it with the test.
func openAt(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
