package view

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestKindsAreComplete looks for the kinds in the packages that write records.
func TestKindsAreComplete(t *testing.T) {
	kind := regexp.MustCompile(`"((?:api|ban|clock|cluster|group|metrics|order|pool|read|recovery|scaling|termination|would)\.[a-z_]+)"`)
	found := 0
	for _, pattern := range []string{"../guard/*.go", "../engine/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range kind.FindAllStringSubmatch(string(text), -1) {
				found++
				if !slices.Contains(Kinds(), m[1]) {
					t.Errorf("%s: %s is not among the kinds", f, m[1])
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d kinds were found", found)
	}
}
