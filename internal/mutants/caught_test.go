package mutants

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "look for seeds that catch the mutants without one, and write testdata/caught.txt and the tables of docs/proof.md")
	seeds  = flag.Int("seeds", 0, "with -update: how many seeds of each kind of world are played for a mutant at most")
	only   = flag.String("mutant", "", "check this mutant only, and say what catches it")
	anew   = flag.Bool("anew", false, "with -update: forget what is known to catch the mutants")
)

const refresh = "go test ./internal/mutants -run Caught -update -seeds 200 -timeout 280s"

// TestEveryMutantIsCaught is the check of the proof itself: it counts only if it catches every deliberate defect.
func TestEveryMutantIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("plays hundreds of worlds")
	}
	list := load(t)
	known := readCaught(t)
	if *anew {
		clear(known)
	}
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // what was found is written all the same
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-20*time.Second))
		defer cancel()
	}
	p := build(t, list)
	caught := map[string]catch{}
	var mu sync.Mutex
	t.Run("mutants", func(t *testing.T) {
		for _, m := range list {
			if *only != "" && *only != m.Name {
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				c := chase(ctx, t, p, m, known)
				if c == nil {
					return
				}
				t.Logf("%s: %s: %.300s", c.place, c.property, c.text)
				mu.Lock()
				defer mu.Unlock()
				caught[m.Name] = *c
			})
		}
	})
	if *only != "" {
		return
	}
	t.Logf("\n%s", tables(list, caught))
	if *update {
		writeCaught(t, list, caught)
	}
	comparePage(t, list, readCaught(t))
}

// chase tries the mutant where it was caught last, then in drawn worlds, in scripts and in what transcripts recorded, in this order: a property that
// a drawn world violates says most. A mutant that survives all fails the test.
func chase(ctx context.Context, t *testing.T, p *prover, m Mutant, known map[string]catch) *catch {
	t.Helper()
	atMost := func(k kind) int {
		switch {
		case !*update:
			return k.seeds
		case *seeds > 0:
			return min(*seeds, k.most)
		}
		return k.most
	}
	ways := []func() (*catch, error){
		func() (*catch, error) { return p.amongSeeds(ctx, m.Name, small, atMost(small)) },
		func() (*catch, error) { return p.amongScripts(ctx, m.Name) },
	}
	for _, k := range larger {
		ways = append(ways, func() (*catch, error) { return p.amongSeeds(ctx, m.Name, k, atMost(k)) })
	}
	ways = append(ways, func() (*catch, error) { return p.amongTranscripts(ctx, m.Name) })
	hint, ok := known[m.Name]
	if ok {
		ways = slices.Insert(ways, 0, func() (*catch, error) { return p.at(ctx, m.Name, hint.place) })
	}
	for _, way := range ways {
		c, err := way()
		switch {
		case ctx.Err() != nil:
			t.Errorf("%s: mutant %s: no time was left to look for what catches it", m.From, m.Name)
			if ok { // it stays until there is
				return &hint
			}
			return nil
		case err != nil:
			t.Fatal(err)
		case c != nil:
			return c
		}
	}
	t.Errorf("%s: the proof misses mutant %s: %s\n%s plays more", m.From, m.Name, m.What, refresh)
	return nil
}

func load(t *testing.T) []Mutant {
	t.Helper()
	list, err := Load(os.DirFS("testdata/mutants"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestMutantsAreWellSpread keeps the table from shrinking to the easy ones.
func TestMutantsAreWellSpread(t *testing.T) {
	list := load(t)
	places := map[string]int{}
	for _, m := range list {
		for _, e := range m.Edits[:1] {
			places[strings.Split(e.File, "/")[1]]++
		}
	}
	t.Logf("%d mutants: %v", len(list), places)
	if len(list) < 100 {
		t.Errorf("%d mutants; at least 100", len(list))
	}
	for _, pkg := range []string{"budget", "engine", "guard", "ledger", "pool", "recovery", "scaling", "schedule"} {
		if places[pkg] < 2 {
			t.Errorf("%d mutants edit internal/%s; at least 2", places[pkg], pkg)
		}
	}
}

// TestMutantsOff: a program with mutants, none of them on, plays the same as one without.
func TestMutantsOff(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the proof command twice")
	}
	with, without := build(t, load(t)), build(t, nil)
	for seed := range 3 {
		args := append(slices.Clone(small.args), "-v", "--seed", strconv.Itoa(seed+1))
		a, errA := with.command(t.Context(), "", args...).Output()
		b, errB := without.command(t.Context(), "", args...).Output()
		if fmt.Sprint(errA) != fmt.Sprint(errB) || !slices.Equal(a, b) {
			t.Errorf("seed %d: the transcripts differ with mutants that are off (%v, %v)", seed+1, errA, errB)
		}
		if len(a) == 0 {
			t.Errorf("seed %d has no transcript", seed+1)
		}
	}
	if _, err := with.command(t.Context(), "misspelt", "--help").Output(); err == nil {
		t.Error("a mutant that there is not is taken for none")
	}
}
