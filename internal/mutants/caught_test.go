package mutants

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var (
	update = flag.Bool("update", false, "look for seeds that catch the mutants without one, and write testdata/caught.txt and the table of docs/proof.md")
	seeds  = flag.Int("seeds", 0, "with -update: how many seeds of each kind of world are played for a mutant at most")
	only   = flag.String("mutant", "", "check this mutant only, and say what catches it")
	anew   = flag.Bool("anew", false, "with -update: forget the seeds that are known")
)

// kind is a kind of worlds in which mutants are looked for.
type kind struct {
	name        string
	args        []string
	seeds, most int // that are played for a mutant without and with -update, at most
}

// kinds are tried one after the other. The small ones take a tenth of a second each; the others have more of what some defects need.
var kinds = []kind{
	{"small", []string{"--clusters", "1", "--duration", "6h"}, 40, 1500},
	{"lost adds", []string{"--clusters", "1", "--duration", "12h", "--fault", "AddInstanceGroups rate=0.4 lose-answer", "--fault", "AddInstanceGroups rate=0.2 late=2m"}, 0, 300},
	{"days", []string{"--clusters", "2", "--duration", "48h"}, 0, 100},
}

// kindOf returns the kind of that name.
func kindOf(t *testing.T, name string) kind {
	t.Helper()
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		t.Fatalf("%s: there is no kind of worlds called %q", caughtFile, name)
	}
	return kinds[i]
}

// caughtFile has the seed that caught each mutant last, to begin with.
const caughtFile = "testdata/caught.txt"

const refresh = "go test ./internal/mutants -run Caught -update -timeout 4h"

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
				c := chase(t, p, m, known)
				if c == nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				caught[m.Name] = *c
			})
		}
	})
	if *only != "" {
		return
	}
	t.Logf("\n%s", table(list, caught))
	if *update {
		writeCaught(t, list, caught)
	}
	comparePage(t, list, readCaught(t))
}

// chase plays the seed that caught the mutant last, then others. A mutant that survives fails the test.
func chase(t *testing.T, p prover, m Mutant, known map[string]catch) *catch {
	hint, ok := known[m.Name]
	if ok {
		c, err := p.hunt(t.Context(), m.Name, kindOf(t, hint.Kind), hint.Seed, 1)
		if err != nil {
			t.Fatal(err)
		}
		if c != nil {
			t.Logf("seed %d, %s: %s: %.300s", c.Seed, c.Kind, c.Property, c.Text)
			return c
		}
	}
	played := 0
	for _, k := range kinds {
		n := k.seeds
		if *update {
			n = k.most
			if *seeds > 0 {
				n = min(n, *seeds)
			}
		}
		if n == 0 {
			continue
		}
		if c := search(t, p, m, k, n); c != nil {
			return c
		}
		played += n
	}
	t.Errorf("%s: the proof misses this mutant: %s\n%d seeds found nothing; %s plays more", m.From, m.What, played, refresh)
	return nil
}

// search plays n seeds of a kind of world and returns the first that shows the mutant: one in which all is well without it.
func search(t *testing.T, p prover, m Mutant, k kind, n int) *catch {
	for first := uint64(1); first <= uint64(n); {
		c, err := p.hunt(t.Context(), m.Name, k, first, n-int(first)+1)
		if err != nil {
			t.Fatal(err)
		}
		if c == nil {
			return nil
		}
		well, err := p.hunt(t.Context(), "", k, c.Seed, 1)
		if err != nil {
			t.Fatal(err)
		}
		if well == nil {
			t.Logf("seed %d, %s: %s: %.300s", c.Seed, c.Kind, c.Property, c.Text)
			return c
		}
		t.Logf("seed %d, %s, shows %s without the mutant, too: %.300s", c.Seed, k.name, well.Property, well.Text)
		first = c.Seed + 1
	}
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

// table is what docs/proof.md shows.
func table(list []Mutant, caught map[string]catch) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d defects, %d caught.\n\n| mutant | what it does | rule | caught by | seed |\n|---|---|---|---|---|\n", len(list), len(caught))
	for _, m := range list {
		by, seed := "**nothing**", ""
		if c, ok := caught[m.Name]; ok {
			by, seed = c.Property, strconv.FormatUint(c.Seed, 10)
			if c.Kind != kinds[0].name {
				seed += ", " + c.Kind
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.Name, strings.ReplaceAll(m.What, "|", `\|`), m.Rule, by, seed)
	}
	return b.String()
}

func readCaught(t *testing.T) map[string]catch {
	t.Helper()
	out := map[string]catch{}
	text, err := os.ReadFile(caughtFile)
	if os.IsNotExist(err) {
		return out
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(line), "\t")
		if len(parts) != 4 {
			continue
		}
		seed, err := strconv.ParseUint(parts[2], 10, 64)
		if err != nil {
			t.Fatalf("%s: %q: %v", caughtFile, line, err)
		}
		out[parts[0]] = catch{Property: parts[1], Seed: seed, Kind: parts[3]}
	}
	return out
}

func writeCaught(t *testing.T, list []Mutant, caught map[string]catch) {
	t.Helper()
	var b strings.Builder
	for _, m := range list {
		if c, ok := caught[m.Name]; ok {
			fmt.Fprintf(&b, "%s\t%s\t%d\t%s\n", m.Name, c.Property, c.Seed, c.Kind)
		}
	}
	write(t, caughtFile, b.String())
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // a page of the project
		t.Fatal(err)
	}
}

// The page, and what the table stands between.
const (
	pageFile = root + "/docs/proof.md"
	begin    = "<!-- mutants: begin; written by " + refresh + " -->\n"
	end      = "<!-- mutants: end -->\n"
)

// comparePage compares the page's table with what is known, or with -update writes it.
func comparePage(t *testing.T, list []Mutant, caught map[string]catch) {
	t.Helper()
	text, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the mutants: %q and %q", pageFile, begin, end)
	}
	now := table(list, caught)
	switch {
	case old == now:
	case *update:
		write(t, pageFile, before+begin+now+end+after)
	default:
		t.Errorf("the mutants of %s are not current; %s writes them", pageFile, refresh)
	}
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
	if len(list) < 60 {
		t.Errorf("%d mutants; at least 60", len(list))
	}
	for _, pkg := range []string{"budget", "engine", "guard", "ledger", "pool", "recovery", "scaling"} {
		if places[pkg] == 0 {
			t.Errorf("no mutant edits internal/%s", pkg)
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
		args := append(slices.Clone(kinds[0].args), "-v", "--seed", strconv.Itoa(seed+1))
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
