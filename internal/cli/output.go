package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// output is how a command writes what it found: a table for people or JSON for programs.
type output struct{ format string }

// The formats of --output.
const (
	formatTable = "table"
	formatJSON  = "json"
)

// addOutputFlag gives a command --output. Its value is checked before the command runs.
func addOutputFlag(cmd *cobra.Command) *output {
	o := &output{format: formatTable}
	cmd.Flags().VarP(o, "output", "o", "form of the answer: table for people, json for programs")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{formatTable, formatJSON}, cobra.ShellCompDirectiveNoFileComp))
	return o
}

// String implements pflag.Value.
func (o *output) String() string { return o.format }

// Set implements pflag.Value.
func (o *output) Set(v string) error {
	if v != formatTable && v != formatJSON {
		return fmt.Errorf("%q is neither %s nor %s", v, formatTable, formatJSON)
	}
	o.format = v
	return nil
}

// Type implements pflag.Value.
func (o *output) Type() string { return "format" }

// JSON says whether the answer is for a program.
func (o *output) JSON() bool { return o.format == formatJSON }

// writeJSON writes one value, indented, with a newline. Strings stay as they are: this is no HTML.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// writeTable writes rows in columns below a header of upper-case words. An empty cell shows as "-"; control characters, which
// could come from a name in AWS, are replaced.
func writeTable(w io.Writer, header []string, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells []string) {
		for i, c := range cells {
			if c == "" {
				c = "-"
			}
			cells[i] = printable(c)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	line(append([]string(nil), header...))
	for _, r := range rows {
		line(append([]string(nil), r...))
	}
	return tw.Flush()
}

// printable replaces what would move the cursor or break a table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
