package scaling

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestWorkedExamplesOfThePage carries out every row of the table of worked examples in docs/scaling.md.
func TestWorkedExamplesOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "scaling.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "### Worked examples")
	if !ok {
		t.Fatal("the page has no worked examples")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	rows, types := 0, map[ActionType]bool{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| `{") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		var action Action
		var wanted, step int
		var b Bounds
		if err := yaml.Unmarshal([]byte(strings.Trim(cells[0], "`")), &action); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		up := cells[1] == "up"
		c := &checker{}
		if c.action("action", action, up, 0); len(c.errs) > 0 || !up && cells[1] != "down" {
			t.Fatalf("%s: %v", line, c.errs)
		}
		types[action.Type] = true
		if _, err := fmt.Sscanf(cells[2]+" "+cells[3], "%d %d to %d", &wanted, &b.Min, &b.Max); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if cells[4] != "" {
			if _, err := fmt.Sscan(cells[4], &step); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		p := Pool{MaxStep: MaxStep{Up: step, Down: step}}
		a, ok := p.PolicyAsk(&Policy{Name: "p", Action: action}, up, wanted, b, held)
		got := []string{"-", "", strings.TrimPrefix(a.Reason, held.Reason+"; ")}
		if ok {
			got[0], got[1] = fmt.Sprint(a.Target), fmt.Sprintf("%d to %d", a.Bounds.Min, a.Bounds.Max)
		}
		if strings.Join(got, " | ") != strings.Join(cells[5:], " | ") {
			t.Errorf("%s is %s", strings.TrimSpace(line), strings.Join(got, " | "))
		}
	}
	if rows < 15 || len(types) != 5 {
		t.Errorf("%d rows with %d types of action were read", rows, len(types))
	}
}

// TestTimesOfThePage has the times that docs/scaling.md gives as examples.
func TestTimesOfThePage(t *testing.T) {
	m := memory()
	for _, c := range []struct{ since, judged float64 }{
		{7, 21},    // a resize that ended at 12:07
		{140, 151}, // and at 14:20: 14:31
	} {
		if got := m.Enough(after(c.since)); !got.Equal(after(c.judged)) {
			t.Errorf("since minute %v: judged %s", c.since, got)
		}
	}
	for _, c := range []struct{ cooldown, judged float64 }{{170, 171}, {155, 156}} { // 14:20 and 30m, 14:20 and 15m
		if got := m.Due(after(c.cooldown).Add(-1)); !got.Equal(after(c.judged)) {
			t.Errorf("a cooldown that ends at minute %v: judged %s", c.cooldown, got)
		}
	}
}
