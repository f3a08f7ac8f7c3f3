package config

import (
	"os"
	"strings"
	"testing"
)

// TestExamplesOfTheScalingPage parses every YAML example of docs/scaling.md, each completed to a whole file.
func TestExamplesOfTheScalingPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for i, block := range strings.Split(string(page), "```yaml\n") {
		if i == 0 {
			continue
		}
		example, _, closed := strings.Cut(block, "```")
		if !closed {
			t.Fatal("an example does not end")
		}
		count++
		if !strings.HasPrefix(example, "clusters:") { // what a rule holds
			example = "clusters:\n  - match: {}\n    mode: enforce\n" + below(example)
		}
		cfg, err := Parse("scaling.md", []byte("scopes: [{name: prod, region: us-east-1}]\n"+example))
		if err != nil {
			t.Errorf("%v\n%s", err, example)
			continue
		}
		for _, w := range cfg.WarningLines() {
			if !strings.Contains(w, "nothing takes away") {
				t.Errorf("an example that is warned of: %s\n%s", w, example)
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d examples were found", count)
	}
}

// below is the text as it stands in a rule.
func below(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + line)
	}
	return b.String()
}
