package usefulness

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "play every week and rewrite docs/usefulness.md and docs/usefulness.svg")
	all    = flag.Bool("all", false, "compare the weeks of all seeds, not of two")
)

const (
	pageFile    = "../../docs/usefulness.md"
	drawingFile = "../../docs/usefulness.svg"
	refresh     = "; go test ./internal/usefulness -run Week -update rewrites it"
)

// TestWeekIsCurrent plays the week of the page again and compares. With the race detector, which makes it eight times as slow, it plays one way
// with a script and one with emrguard and compares their rows.
func TestWeekIsCurrent(t *testing.T) {
	if raceDetector && !*update {
		t.Log("with the race detector: only the rows of two ways. Without it the whole page is compared")
		ref, results := newWorld(seeds[0]).runs(script, withRungs)
		for _, table := range []*table{jobTable(ref, results), workTable(ref, results)} {
			for _, row := range table.rows {
				hasRow(t, row)
			}
		}
		return
	}
	text, drawing := blocks()
	compare(t, blockNames, text)
	if *update {
		write(t, drawingFile, drawing)
	} else if read(t, drawingFile) != drawing {
		t.Errorf("%s is not current%s", drawingFile, refresh)
	}
}

// TestOtherWeeksAreCurrent plays the week of another seed and looks for its row; with -all it plays those of every seed and compares their table.
func TestOtherWeeksAreCurrent(t *testing.T) {
	switch {
	case *update || *all:
		rows := playSeeds(seeds)
		compare(t, []string{"means", "seeds"}, map[string]string{"means": meanTable(rows).String(), "seeds": seedTable(rows).String()})
	case raceDetector:
		t.Log("not with the race detector")
	default:
		t.Logf("only seed %d; -all compares all %d", seeds[1], len(seeds))
		hasRow(t, playSeeds(seeds[1:2])[0].cells())
	}
}

func hasRow(t *testing.T, row []string) {
	t.Helper()
	if line := markdown(row); !strings.Contains(read(t, pageFile), line) {
		t.Errorf("%s has no row\n%s%s", pageFile, line, refresh)
	}
}

// compare compares blocks of the page with what they should be, or with -update writes them.
func compare(t *testing.T, names []string, text map[string]string) {
	t.Helper()
	page := read(t, pageFile)
	want := page
	for _, name := range names {
		var err error
		if want, err = block(want, name, text[name]); err != nil {
			t.Fatalf("%s: %v", pageFile, err)
		}
	}
	if *update {
		write(t, pageFile, want)
	} else if d := cmp.Diff(page, want); d != "" {
		t.Errorf("%s is not current (-page +now)%s\n%s", pageFile, refresh, d)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
