package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// The test binary runs itself again with this variable set to be another process that has the store open: a role and
// its arguments, separated by line feeds.
const childVariable = "EMRGUARD_STORE_TEST_CHILD"

// roles are what a child can do; what it prints is what its parent reads.
var roles = map[string]func(out io.Writer, args []string) error{
	"save":   childSaves,
	"open":   childOpens,
	"race":   childRaces,
	"create": childCreates,
}

func TestMain(m *testing.M) {
	role := os.Getenv(childVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	args := strings.Split(role, "\n")
	run := roles[args[0]]
	if run == nil {
		run = linuxRoles[args[0]]
	}
	if err := run(os.Stdout, args[1:]); err != nil {
		fmt.Printf("error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a process in this role, not started yet.
func child(ctx context.Context, role ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join(role, "\n"))
	cmd.Stderr = os.Stderr
	return cmd
}

// childOpens opens a store ("read" or "write") and prints its identity and its live documents.
func childOpens(out io.Writer, args []string) error {
	s, err := sqlite.Open(context.Background(), args[1], sqlite.Options{ReadOnly: args[0] == "read"})
	if err != nil {
		return err
	}
	docs, err := s.LoadScope(context.Background(), "prod")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, s.ID(), len(docs))
	return s.Close()
}

// childCreates opens a store that another process creates at the same time.
func childCreates(out io.Writer, args []string) error {
	s, err := sqlite.Open(context.Background(), args[0], sqlite.Options{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, s.ID())
	return s.Close()
}

func TestProcessesCreateOneStore(t *testing.T) {
	for range 3 {
		path := filepath.Join(t.TempDir(), "store.db")
		var outs [4]bytes.Buffer
		var cmds [4]*exec.Cmd
		for i := range cmds {
			cmds[i] = child(t.Context(), "create", path)
			cmds[i].Stdout = &outs[i]
			if err := cmds[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range cmds {
			if err := cmds[i].Wait(); err != nil {
				t.Errorf("%v: %s", err, &outs[i])
			}
			if outs[i].String() != outs[0].String() {
				t.Errorf("two identities: %s and %s", &outs[i], &outs[0])
			}
		}
	}
}

// childRaces takes the lease again and again at times that pass in steps, and saves under it.
func childRaces(out io.Writer, args []string) error {
	ctx := context.Background()
	owner := args[1]
	s, err := sqlite.Open(ctx, args[0], sqlite.Options{})
	if err != nil {
		return err
	}
	for round := range 100 {
		l, err := s.Acquire(ctx, "prod", owner, "", t0.Add(time.Duration(round)*time.Minute), 30*time.Second)
		if errors.Is(err, store.ErrFenced) {
			continue
		}
		if err != nil {
			return err
		}
		r := record(fmt.Sprintf("%s-%d", owner, round))
		r.Author, r.Group = owner, fmt.Sprint(l.Generation)
		if err := s.Save(ctx, store.Save{Lease: l, Records: []store.Record{r}}); err == nil {
			fmt.Fprintln(out, r.ID)
		} else if !errors.Is(err, store.ErrFenced) {
			return err
		}
	}
	return s.Close()
}

func TestProcessesRaceForALease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, sqlite.Options{})
	var outs [3]bytes.Buffer
	var cmds [3]*exec.Cmd
	for i := range cmds {
		cmds[i] = child(t.Context(), "race", path, fmt.Sprintf("owner%d", i))
		cmds[i].Stdout = &outs[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	saved := 0
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil {
			t.Errorf("%v: %s", err, &outs[i])
		}
		saved += strings.Count(outs[i].String(), "\n")
	}
	records, err := s.History(t.Context(), store.Query{Limit: 1000, Oldest: true})
	if err != nil || len(records) != saved || saved == 0 {
		t.Fatalf("%d records, %d acknowledged, %v", len(records), saved, err)
	}
	authors, last := map[string]string{}, 0
	for _, r := range records {
		var generation int
		if _, err := fmt.Sscan(r.Group, &generation); err != nil || generation < last {
			t.Fatalf("generation %d saved after %d", generation, last)
		}
		if was := authors[r.Group]; was != "" && was != r.Author {
			t.Fatalf("%s and %s saved in generation %s", was, r.Author, r.Group)
		}
		authors[r.Group], last = r.Author, generation
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}
