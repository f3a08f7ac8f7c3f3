package mutants

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// caughtFile says where each mutant was caught last, to begin with: its name, the property, the seed or script, and the kind of that, with tabs between them.
const caughtFile = "testdata/caught.txt"

func readCaught(t *testing.T) map[string]catch {
	t.Helper()
	out := map[string]catch{}
	text, err := os.ReadFile(caughtFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("%s: %q: want 4 words with tabs between them", caughtFile, line)
		}
		out[f[0]] = catch{place: place{kind: f[3], name: f[2]}, property: f[1]}
	}
	return out
}

func writeCaught(t *testing.T, list []Mutant, caught map[string]catch) {
	t.Helper()
	var b strings.Builder
	for _, m := range list {
		if c, ok := caught[m.Name]; ok {
			fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", m.Name, c.property, c.name, c.kind)
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

// String is the place as the page names it.
func (at place) String() string {
	switch at.kind {
	case small.name, scripts, recorded:
		return at.name
	}
	return at.name + ", " + at.kind
}

// tables are what docs/proof.md shows.
func tables(list []Mutant, caught map[string]catch) string {
	var drawn, scripted, others, missed []string
	for _, m := range list {
		c, ok := caught[m.Name]
		row := fmt.Sprintf("| %s | %s | %s |", m.Name, strings.ReplaceAll(m.What, "|", `\|`), m.Rule)
		switch {
		case !ok:
			missed = append(missed, row+"\n")
		case c.kind == scripts:
			scripted = append(scripted, fmt.Sprintf("%s %s | %s |\n", row, c.property, c.place))
		case c.kind == recorded:
			others = append(others, fmt.Sprintf("%s %s |\n", row, c.place))
		default:
			drawn = append(drawn, fmt.Sprintf("%s %s | %s |\n", row, c.property, c.place))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d defects, %d caught: %d by a property in a drawn world, %d by a property in a script, %d by recorded behaviour only.\n",
		len(list), len(caught), len(drawn), len(scripted), len(others))
	table := func(title, head string, rows []string) {
		if len(rows) > 0 {
			fmt.Fprintf(&b, "\n%s\n\n| mutant | what it does | rule |%s\n|---|---|---|%s\n%s", title, head, strings.Repeat("---|", strings.Count(head, "|")), strings.Join(rows, ""))
		}
	}
	table("Caught by a property in a drawn world:", " caught by | seed |", drawn)
	table("Caught by a property in a script:", " caught by | script |", scripted)
	table("Caught by recorded behaviour only:", " transcript |", others)
	table("**Missed:**", "", missed)
	return b.String()
}

// The page, and what the tables stand between.
const (
	pageFile = root + "/docs/proof.md"
	begin    = "<!-- mutants: begin; written by " + refresh + " -->\n"
	end      = "<!-- mutants: end -->\n"
)

// comparePage compares the page's tables with what is known, or with -update writes them.
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
	now := tables(list, caught)
	switch {
	case old == now:
	case *update:
		write(t, pageFile, before+begin+now+end+after)
	default:
		t.Errorf("the mutants of %s are not current; %s writes them", pageFile, refresh)
	}
}
