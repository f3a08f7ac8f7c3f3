package mutants

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// root is the module's directory as seen from this package's tests.
const root = "../.."

// perSeed is how long one run may take: a mutant may let a run go on for ever, which is caught, too.
const perSeed = 40 * time.Second

// prover is the proof command, built with or without mutants in it.
type prover string

// build builds the proof command; list may be empty. The test fails if an edit does not fit the sources or does not compile.
func build(t *testing.T, list []Mutant) prover {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", filepath.Join(dir, "proof")}
	if len(list) > 0 {
		abs, err := filepath.Abs(root)
		if err != nil {
			t.Fatal(err)
		}
		overlay, err := Overlay(abs, dir, list)
		if err != nil {
			t.Fatalf("the table does not fit the sources any more:\n%v", err)
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./cmd/proof")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return prover(filepath.Join(dir, "proof"))
}

// command is the proof command with a mutant switched on; an empty name: with none.
func (p prover) command(ctx context.Context, mutant string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, string(p), args...)
	cmd.Env = append(os.Environ(), Env+"="+mutant)
	return cmd
}

// catch is what caught a mutant.
type catch struct {
	Property string
	Text     string
	Kind     string // of worlds
	Seed     uint64
}

// The properties of a run that did not come to its end.
const (
	panics = "panic"
	hangs  = "hang"
)

// hunt plays n seeds with a mutant until a property is violated. It returns nil for a mutant that survives them all.
func (p prover) hunt(ctx context.Context, mutant string, k kind, first uint64, n int) (*catch, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := p.command(ctx, mutant, append(slices.Clone(k.args), "--seed", strconv.FormatUint(first, 10), "--seeds", strconv.Itoa(n), "--parallel", "1", "--output", "json")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var late atomic.Bool
	watchdog := time.AfterFunc(perSeed, func() { late.Store(true); cancel() })
	kill := func() error { cancel(); return cmd.Wait() }
	var caught *catch
	seed := first // that is played now
	for lines := bufio.NewReader(out); caught == nil; seed++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		watchdog.Reset(perSeed)
		var run struct {
			Seed       uint64
			Violations []struct{ Property, Text string }
			Error      string
		}
		if err := json.Unmarshal(line, &run); err != nil {
			return nil, errors.Join(fmt.Errorf("the proof command wrote %q: %w", line, err), kill())
		}
		if len(run.Violations) > 0 {
			v := run.Violations[0]
			caught = &catch{v.Property, v.Text, k.name, run.Seed}
		}
		switch {
		case run.Error == "":
		case strings.HasPrefix(run.Error, panics):
			caught = &catch{panics, run.Error, k.name, run.Seed}
		default:
			return nil, errors.Join(fmt.Errorf("seed %d: %s", run.Seed, run.Error), kill())
		}
	}
	watchdog.Stop()
	err = cmd.Wait()
	switch {
	case caught != nil || err == nil:
		return caught, nil
	case late.Load():
		return &catch{hangs, fmt.Sprintf("the run did not end within %s", perSeed), k.name, seed}, nil
	}
	if _, text, ok := strings.Cut(stderr.String(), "panic"); ok {
		return &catch{panics, "panic" + text, k.name, seed}, nil
	}
	return nil, fmt.Errorf("the proof command: %w\n%s", err, stderr.Bytes())
}
