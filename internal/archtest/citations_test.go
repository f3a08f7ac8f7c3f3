package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRuleTableIsCurrent compares the table of docs/recovery.md with the tests that cite the rules.
func TestRuleTableIsCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "recovery.md"))
	if err != nil {
		t.Fatal(err)
	}
	cites := make([][]string, 14)
	name := regexp.MustCompile(`(?m)^func Test(?:Property)?((?:R\d+)+)`)
	number := regexp.MustCompile(`\d+`)
	err = filepath.WalkDir(filepath.Join(root, "internal"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") || strings.Contains(path, "archtest") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(filepath.Join(root, "internal"), filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range name.FindAllStringSubmatch(string(source), -1) {
			for _, n := range number.FindAllString(m[1], -1) {
				var rule int
				if _, err := fmt.Sscan(n, &rule); err == nil && rule < len(cites) && !slices.Contains(cites[rule], pkg) {
					cites[rule] = append(cites[rule], pkg)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for rule := 1; rule < len(cites); rule++ {
		transcripts, err := filepath.Glob(filepath.Join(root, "internal", "simtest", "testdata", fmt.Sprintf("r%02d_*.txt", rule)))
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range transcripts {
			transcripts[i] = strings.TrimSuffix(filepath.Base(path), ".txt")
		}
		slices.Sort(cites[rule])
		cells := " | " + strings.Join(cites[rule], ", ") + " | " + strings.Join(transcripts, ", ") + " | "
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| R%d [^\n]*$`, rule)).FindAllString(string(page), -1)
		if !slices.ContainsFunc(row, func(line string) bool { return strings.Contains(line, cells) }) {
			t.Errorf("docs/recovery.md: the row of R%d should have the cells%s", rule, cells)
		}
	}
}
