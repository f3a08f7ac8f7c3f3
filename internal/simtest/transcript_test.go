package simtest

import (
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts plays testdata/*.txt, scripts whose results are written under them (see Player): rNN_… shows a rule, regression_… a run in
// which a property was violated once. Run with -rewrite to take the present behaviour, and review the difference.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &Player{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			c := Command{Name: d.Cmd}
			if d.Input != "" {
				c.Input = d.Input + "\n"
			}
			for _, a := range d.CmdArgs {
				c.Args = append(c.Args, Arg{a.Key, a.Vals})
			}
			text, err := p.Do(c)
			if err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			return text
		})
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
