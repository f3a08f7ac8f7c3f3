package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference renders docs/cli.md: every command with its flags, its explanation and its examples.
func Reference() string {
	d := &Deps{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Env: func(string) string { return "" }, IsTTY: func(any) bool { return false },
	}
	root := newRootCmd(d)
	root.InitDefaultCompletionCmd()
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from `internal/cli`; `go test ./internal/cli -run Reference -update` writes it. `emrguard COMMAND --help` says the same.\n\n")
	b.WriteString(prose(root.Long) + "\n\n| command | |\n|---|---|\n")
	var all []*cobra.Command
	for _, c := range root.Commands() {
		all = append(all, leaves(c)...)
	}
	for _, c := range all {
		name := strings.TrimPrefix(c.CommandPath(), "emrguard ")
		fmt.Fprintf(&b, "| [`%s`](#emrguard-%s) | %s |\n", name, strings.ReplaceAll(name, " ", "-"), c.Short)
	}
	for _, c := range all {
		writeCommand(&b, c)
	}
	return b.String()
}

// leaves are the commands at or below one that do something by themselves, without cobra's own help.
func leaves(c *cobra.Command) []*cobra.Command {
	if c.Name() == "help" || c.Hidden {
		return nil
	}
	if !c.HasSubCommands() || c.Name() == "completion" { // each shell's is explained by --help
		return []*cobra.Command{c}
	}
	var out []*cobra.Command
	for _, sub := range c.Commands() {
		out = append(out, leaves(sub)...)
	}
	return out
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n```\n%s\n```\n", c.CommandPath(), c.Short, c.UseLine())
	if c.Long != "" {
		fmt.Fprintf(b, "\n%s\n", prose(c.Long))
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", dedent(c.Example))
	}
	var rows []string
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		rows = append(rows, flagRow(f))
	})
	slices.Sort(rows)
	if len(rows) > 0 {
		fmt.Fprintf(b, "\n| flag | default | |\n|---|---|---|\n%s", strings.Join(rows, ""))
	}
}

func flagRow(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if value != "" {
		name += " " + value
	}
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	preset := f.DefValue
	switch preset {
	case "false", "[]":
		preset = ""
	}
	if preset != "" {
		preset = "`" + preset + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", name, preset, strings.ReplaceAll(usage, "|", "\\|"))
}

// prose turns a help text into Markdown: what is indented, or follows a line that ends in a colon, keeps its lines.
func prose(text string) string {
	var out []string
	code := false
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
		if indented != code && (indented || strings.TrimSpace(line) != "") {
			if indented && len(out) > 0 && out[len(out)-1] != "" {
				out = append(out, "")
			}
			out = append(out, "```")
			code = indented
		}
		if code {
			line = strings.TrimPrefix(line, "  ")
		}
		out = append(out, line)
	}
	if code {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

// dedent takes the two spaces off that begin the lines of an example.
func dedent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}
