package simtest

import (
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts plays testdata/*.txt, scripts whose results are written under them (see Player): rNN_… shows a rule, regression_… a run in
// which a property was violated once. Run with -rewrite to take the present behaviour, and review the difference. In the worlds that are watched
// every property has to hold, whether the script asks for that or not.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &Player{}
		holds := func() {
			if p.World == nil {
				return
			}
			for _, v := range p.World.Violations() {
				t.Errorf("%s %s: %s", v.At.Format(time.DateTime), v.Property, p.named(v.Text))
			}
		}
		defer holds()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			c := Command{Name: d.Cmd}
			if d.Input != "" {
				c.Input = d.Input + "\n"
			}
			for _, a := range d.CmdArgs {
				c.Args = append(c.Args, Arg{a.Key, a.Vals})
			}
			if c.Name == "world" {
				holds()
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
