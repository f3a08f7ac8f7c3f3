package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// childSaves saves for ever: each save raises the same number of documents by one version and adds as many records. It
// prints each save that returned.
func childSaves(out io.Writer, args []string) error {
	ctx := context.Background()
	fmt.Fprintln(out, 0) // here we are
	s, err := sqlite.Open(ctx, args[0], sqlite.Options{})
	if err != nil {
		return err
	}
	l, err := s.Acquire(ctx, "prod", args[1], "", t0, time.Hour)
	if err != nil {
		return err
	}
	docs, err := s.LoadScope(ctx, "prod")
	if err != nil {
		return err
	}
	if docs == nil {
		for i := range 5 {
			docs = append(docs, document(fmt.Sprintf("j-%d", i), 0))
		}
	}
	for {
		save := store.Save{Lease: l, Docs: docs}
		for i := range docs {
			docs[i].Body = killBody(docs[i].Version + 1)
			save.Records = append(save.Records, record(killRecord(docs[i].Cluster, docs[i].Version+1)))
		}
		if err := s.Save(ctx, save); err != nil {
			return err
		}
		for i := range docs {
			docs[i].Version++
		}
		fmt.Fprintln(out, docs[0].Version)
	}
}

// killBody has a length that changes, so that saves move pages about.
func killBody(version int64) store.Body {
	return store.Text(fmt.Sprintf(`{"version": %d, "fill": %q}`, version, strings.Repeat("x", int(version*7919%20000))))
}

// moments are when children are killed.
var moments = rand.New(rand.NewPCG(1, 2))

func killRecord(cluster string, version int64) string { return fmt.Sprintf("%s-%d", cluster, version) }

// TestKill kills a saving process at random moments, again and again on the same file. Every save that was acknowledged
// is there, and at most one more; what is there is whole.
func TestKill(t *testing.T) {
	killed(t, 8, 20, filepath.Join(t.TempDir(), "store.db"))
}

// TestKillWhileCreating kills a process that makes its store. What it leaves behind opens.
func TestKillWhileCreating(t *testing.T) {
	for range 10 {
		killed(t, 1, 1, filepath.Join(t.TempDir(), "store.db"))
	}
}

// killed kills as many children as there are rounds, each after 1 to lines lines.
func killed(t *testing.T, rounds, lines int, path string) {
	t.Helper()
	var last int64
	for round := range rounds {
		cmd := child(t.Context(), "save", path, "the owner")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The moment: after so many lines, and then after so many turns of a loop.
		said := bufio.NewScanner(out)
		for range 1 + moments.IntN(lines) {
			if !said.Scan() {
				t.Fatalf("round %d: the child ended: %v", round, said.Err())
			}
			last = max(last, acknowledged(t, said.Text()))
		}
		for range moments.IntN(500_000) {
			moments.Uint64()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for said.Scan() {
			last = max(last, acknowledged(t, said.Text()))
		}
		_ = cmd.Wait() // killed
		last = afterKill(t, path, round, last)
	}
	t.Logf("%d kills, %d saves", rounds, last)
}

func acknowledged(t *testing.T, line string) (version int64) {
	t.Helper()
	if _, err := fmt.Sscan(line, &version); err != nil {
		t.Fatalf("the child said %q", line)
	}
	return version
}

// afterKill checks the store, the last acknowledged save being known, and returns the version in it.
func afterKill(t *testing.T, path string, round int, last int64) int64 {
	t.Helper()
	for _, readOnly := range []bool{true, false} { // a status command comes before the daemon
		s, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: readOnly})
		if readOnly && errors.Is(err, store.ErrNotFound) && last == 0 {
			continue // killed before it was made
		}
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		docs, err := s.LoadScope(t.Context(), "prod")
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		version := int64(0)
		for i, d := range docs {
			if version = docs[0].Version; d.Version != version || !d.Body.Equal(killBody(version)) {
				t.Fatalf("round %d: half a save: document %d has version %d, the first has %d", round, i, d.Version, version)
			}
			for v := max(last-50, 0); v < version; v++ {
				if _, err := s.Record(t.Context(), killRecord(d.Cluster, v+1)); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
			if _, err := s.Record(t.Context(), killRecord(d.Cluster, version+1)); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("round %d: a record of a save that is not there: %v", round, err)
			}
		}
		if version < last || version > last+1 {
			t.Fatalf("round %d: version %d, but %d was acknowledged", round, version, last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !readOnly {
			return version
		}
	}
	return last
}
