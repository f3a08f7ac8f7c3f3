package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// answer is what a command line led to.
type answer struct {
	code        int
	out, errOut string
}

// runCLI runs a command line in this process. Variables are given as NAME=value.
func runCLI(t *testing.T, env []string, args ...string) answer {
	t.Helper()
	var out, errOut bytes.Buffer
	d := &Deps{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut, Version: "v0.0.0-test",
		IsTTY: func(any) bool { return false },
		Env: func(name string) string {
			for _, e := range env {
				if v, ok := strings.CutPrefix(e, name+"="); ok {
					return v
				}
			}
			return ""
		},
		Hangups: func() (<-chan os.Signal, func()) { return nil, func() {} },
	}
	code := Run(t.Context(), d, args)
	return answer{code, out.String(), errOut.String()}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		text string // on standard error
	}{
		{"", exitOK, ""},
		{"--help", exitOK, ""},
		{"version", exitOK, ""},
		{"vresion", exitUsage, `there is no command "vresion"; did you mean "version"?; see emrguard --help`},
		{"version extra", exitUsage, `emrguard version takes no arguments, but got "extra"; see emrguard version --help`},
		{"version --colour", exitUsage, "unknown flag: --colour; see emrguard version --help"},
		{"version -o xml", exitUsage, `"xml" is neither table nor json`},
	} {
		got := runCLI(t, nil, strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.errOut, c.text) || (c.text == "") != (got.errOut == "") {
			t.Errorf("emrguard %s: code %d, want %d; wrote %q, want %q", c.args, got.code, c.code, got.errOut, c.text)
		}
	}
}

func TestEveryCommandIsExplained(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: the short text is %q, want some words without a full stop", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(newRootCmd(&Deps{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Env: func(string) string { return "" }}))
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, []string{"POOL", "WANTED"}, [][]string{{"ig-1\x1b[31m", "9"}, {"", "10"}}); err != nil {
		t.Fatal(err)
	}
	want := "POOL       WANTED\nig-1?[31m  9\n-          10\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
