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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// root is the module's directory as seen from this package's tests.
const root = "../.."

// perRun is how long one run may take: a mutant may let a run go on for ever, which is caught, too.
const perRun = 40 * time.Second

// prover is the proof command, built with or without mutants in it.
type prover struct {
	bin   string
	well  cache[place, bool]
	plain cache[string, string] // the results of scripts
}

// build builds the proof command; list may be empty. The test fails if an edit does not fit the sources or does not compile: each is named.
func build(t *testing.T, list []Mutant) *prover {
	t.Helper()
	dir := t.TempDir()
	p := &prover{bin: filepath.Join(dir, "proof")}
	args := []string{"build", "-o", p.bin}
	if len(list) > 0 {
		abs, err := filepath.Abs(root)
		if err != nil {
			t.Fatal(err)
		}
		overlay, err := Overlay(abs, dir, list)
		if err != nil {
			t.Fatalf("these mutants do not fit the sources any more:\n%v", err)
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./cmd/proof")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v; a file called mutant-… is the mutant that does not compile any more:\n%s", err, out)
	}
	return p
}

// command is the proof command with a mutant switched on; an empty name: with none.
func (p *prover) command(ctx context.Context, mutant string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.bin, args...)
	cmd.Env = append(os.Environ(), Env+"="+mutant)
	return cmd
}

// violation is what went wrong in one of several runs.
type violation struct {
	property string
	text     string
	run      int // counted from 0
}

// The properties of a run that did not come to its end.
const (
	panics = "panic"
	hangs  = "hang"
)

// violated plays the runs that the arguments name, until one violates a property. It returns nil when all are well, and when ctx ends.
func (p *prover) violated(ctx context.Context, mutant string, args ...string) (*violation, error) {
	playing, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := p.command(playing, mutant, append(args, "--output", "json")...)
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
	watchdog := time.AfterFunc(perRun, func() { late.Store(true); cancel() })
	var found *violation
	run := 0 // that is played now
	for lines := bufio.NewReader(out); found == nil; run++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		watchdog.Reset(perRun)
		var result struct {
			Violations []struct{ Property, Text string }
			Error      string
		}
		if err := json.Unmarshal(line, &result); err != nil {
			cancel()
			return nil, errors.Join(fmt.Errorf("the proof command wrote %q: %w", line, err), cmd.Wait())
		}
		switch {
		case strings.HasPrefix(result.Error, panics):
			found = &violation{panics, result.Error, run}
		case len(result.Violations) > 0:
			found = &violation{result.Violations[0].Property, result.Violations[0].Text, run}
		}
	}
	watchdog.Stop()
	if found != nil {
		cancel() // the runs that follow are not needed
	}
	err = cmd.Wait()
	var status *exec.ExitError
	switch _, text, panicked := strings.Cut(stderr.String(), panics); {
	case found != nil || err == nil || ctx.Err() != nil:
		return found, nil
	case late.Load():
		return &violation{hangs, fmt.Sprintf("the run did not end within %s", perRun), run}, nil
	case panicked:
		return &violation{panics, panics + text, run}, nil
	case errors.As(err, &status) && status.ExitCode() == 1:
		return nil, nil
	}
	return nil, fmt.Errorf("the proof command: %w\n%s", err, stderr.Bytes())
}

// results is what the commands of a script lead to with a mutant.
func (p *prover) results(ctx context.Context, mutant, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, perRun)
	defer cancel()
	out, err := p.command(ctx, mutant, "--file", scriptFile(name), "-v").Output()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) { // a script that cannot be played any more has other results, too
		return "", err
	}
	return string(out), nil
}

// unchanged is what the commands of a script lead to without a mutant.
func (p *prover) unchanged(ctx context.Context, name string) (string, error) {
	return p.plain.get(name, func() (string, error) { return p.results(ctx, "", name) })
}

// cache remembers what took long to find out. Two who ask at the same time may both find out.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

func (c *cache[K, V]) get(key K, find func() (V, error)) (V, error) {
	c.mu.Lock()
	v, ok := c.known[key]
	c.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := find()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[K]V{}
	}
	c.known[key] = v
	return v, nil
}
