package deploytest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"emrguard/internal/cli"
)

// guidePages are the pages that tell people what to type.
func guidePages(t *testing.T) []string {
	t.Helper()
	list := []string{filepath.Join("..", "..", "docs", "quickstart.md"), deployed("helm/emrguard/templates/NOTES.txt")}
	if err := filepath.WalkDir(deployed(""), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "README.md" {
			list = append(list, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	spoken  = regexp.MustCompile("(?m)(?:`|^|/|-- |&& )emrguard ([a-z][^`\n]*)")
	linked  = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	command = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// Every command that the pages name exists with its flags. Each is run with --help, which changes nothing.
func TestPagesNameCommandsThatExist(t *testing.T) {
	seen := 0
	for _, page := range guidePages(t) {
		for _, m := range spoken.FindAllStringSubmatch(read(t, page), -1) {
			line, _, _ := strings.Cut(m[1], " > ")
			for _, end := range []string{" #", " \\|", " && "} {
				line, _, _ = strings.Cut(line, end)
			}
			args := strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), "."))
			if len(args) == 0 || !command.MatchString(args[0]) || !strings.Contains(page, "NOTES") && strings.Contains(line, "deploy/") {
				continue // helm install emrguard …
			}
			seen++
			var out strings.Builder
			d := &cli.Deps{
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Env: func(string) string { return "" },
				IsTTY: func(any) bool { return false }, Hangups: func() (<-chan os.Signal, func()) { return nil, func() {} },
			}
			if code := cli.Run(t.Context(), d, append(args, "--help")); code != 0 {
				t.Errorf("%s: emrguard %s: %s", page, line, out.String())
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d commands were found", seen)
	}
}

func TestPagesLinkToFilesThatExist(t *testing.T) {
	for _, page := range guidePages(t) {
		for _, m := range linked.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
