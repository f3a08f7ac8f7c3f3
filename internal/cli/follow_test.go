package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/simtest"
	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// history --follow shows the records there are, then each new one, and ends with its context; --search shows those that say a text.
func TestHistoryFollows(t *testing.T) {
	for _, format := range []string{formatTable, formatJSON} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "emrguard.yaml")
				if err := os.WriteFile(path, []byte(sceneConfig+repairAll), 0o600); err != nil {
					t.Fatal(err)
				}
				s, err := sqlite.Open(t.Context(), filepath.Join(dir, "emrguard.db"), sqlite.Options{})
				if err != nil {
					t.Fatal(err)
				}
				lease, err := s.Acquire(t.Context(), simtest.ScopeName, "writer", "", time.Now(), time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				write := func(id, kind, reason string) {
					t.Helper()
					rec := store.Record{Key: store.Key{Scope: simtest.ScopeName, Cluster: "j-1"}, ID: id, At: time.Now(), Kind: kind, Reason: reason}
					if err := s.Save(t.Context(), store.Save{Lease: lease, Records: []store.Record{rec}}); err != nil {
						t.Fatal(err)
					}
				}
				write("1", "group.read", "the first")
				write("2", "call.stop", "another kind")
				ctx, cancel := context.WithCancel(t.Context())
				out := &watched{}
				ended := make(chan int)
				go func() {
					ended <- Run(ctx, demoDeps(out), []string{"history", "--follow", "--kind", "group.", "--search", "THE ", "-c", path, "-o", format})
				}()
				time.Sleep(followEvery + followEvery/2)
				write("3", "group.read", "the second")
				write("4", "group.read", "one that says something else")
				time.Sleep(2 * followEvery)
				cancel()
				if code := <-ended; code != exitOK {
					t.Errorf("exit code %d", code)
				}
				lines := strings.Split(strings.TrimSpace(out.String()), "\n")
				if len(lines) != 2 || !strings.Contains(lines[0], "the first") || !strings.Contains(lines[1], "the second") {
					t.Errorf("got\n%s", out)
				}
				if format == formatJSON && !strings.HasPrefix(lines[1], `{"seq":3,"id":"3",`) {
					t.Errorf("got %s", lines[1])
				}
				found := &watched{}
				if code := Run(t.Context(), demoDeps(found), []string{"history", "--search", "SOMETHING", "-c", path, "-o", format}); code != exitOK || !strings.Contains(found.String(), "something else") || strings.Contains(found.String(), "the second") {
					t.Errorf("a search, exit code %d:\n%s", code, found)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Orders of several people at once, while no guard runs, are all carried out, each once.
func TestOrdersAtOnce(t *testing.T) {
	s := &scene{dir: t.TempDir()}
	s.begin(t, "")
	s.w.Start()
	s.w.Run(time.Minute)
	if err := s.w.Stop(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	const people = 8
	for range people {
		all.Go(func() {
			out := &watched{}
			if code := Run(t.Context(), s.deps(out), []string{"ban", "web/task", "--for", "1h", "--author", "ann@desk"}); code != exitOK {
				t.Errorf("exit code %d: %s", code, out)
			}
		})
	}
	all.Wait()
	records, err := s.store.History(t.Context(), store.Query{Kinds: []string{"order."}})
	if err != nil || len(records) != people {
		t.Errorf("%d orders were carried out, %v; want %d", len(records), err, people)
	}
	if left, err := s.store.Orders(t.Context(), simtest.ScopeName); err != nil || len(left) > 0 {
		t.Errorf("left in the inbox: %v, %v", left, err)
	}
	if err := s.store.Close(); err != nil {
		t.Error(err)
	}
}
