package main

import (
	"strings"
	"testing"
)

// run gives the events to a report and returns what it prints and whether all passed.
func run(t *testing.T, checks string, events ...string) (string, bool) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(strings.Join(events, "\n"))); err != nil {
		t.Fatal(err)
	}
	ok := r.finish(0, checks)
	return out.String(), ok
}

const (
	start    = `{"Action":"start","Package":"p"}`
	pass     = `{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}`
	output   = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: got 6, want 9\n"}`
	fail     = `{"Action":"fail","Package":"p","Test":"TestB","Elapsed":0}`
	skip     = `{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}`
	pkgPass  = `{"Action":"pass","Package":"p","Elapsed":2}`
	pkgFail  = `{"Action":"fail","Package":"p","Elapsed":2}`
	pkgText  = `{"Action":"output","Package":"p","Output":"panic: no\n"}`
	noBuild  = `{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}`
	compiler = `{"ImportPath":"p","Action":"build-output","Output":"a.go:1: undefined: x\n"}`
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks string
		events []string
		ok     bool
		last   string
		parts  []string
	}{
		{"all pass", "", []string{start, pass, pkgPass}, true, "1 passed, 0 failed, 0 skipped", []string{"ok    p  2.0 s"}},
		{"one fails", "", []string{start, pass, output, fail, pkgFail}, false, "1 passed, 1 failed, 0 skipped", []string{"--- failed: p TestB\n    b_test.go:3: got 6, want 9"}},
		{"one is skipped", "", []string{start, pass, output, skip, pkgPass}, true, "1 passed, 0 failed, 1 skipped", []string{"p TestB: b_test.go:3: got 6, want 9"}},
		{"outside a test", "", []string{start, pass, pkgText, pkgFail}, false, "1 passed, 1 failed, 0 skipped", []string{"--- failed: p\npanic: no"}},
		{"a test ends the process", "", []string{start, pass, output, pkgFail}, false, "1 passed, 1 failed, 0 skipped", []string{"--- failed: p\n    b_test.go:3: got 6, want 9"}},
		{"does not compile", "", []string{start, compiler, noBuild}, false, "0 passed, 1 failed, 0 skipped", []string{"a.go:1: undefined: x", "does not compile"}},
		{"cut off", "", []string{start, pass, output}, false, "1 passed, 1 failed, 0 skipped", []string{"began and never ended", "got 6, want 9"}},
		{"nothing ran", "", nil, false, "0 passed, 1 failed, 0 skipped", []string{"no test ran"}},
		{"not an event", "", []string{"go: downloading x", start, pass, pkgPass}, true, "1 passed, 0 failed, 0 skipped", []string{"go: downloading x\n"}},
		{"a check failed", "lint", []string{start, pass, pkgPass}, false, "1 passed, 1 failed, 0 skipped", []string{"failed before the tests: lint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, ok := run(t, c.checks, c.events...)
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if last := lines[len(lines)-1]; ok != c.ok || last != c.last {
				t.Errorf("ok %v, last line %q; want %v, %q", ok, last, c.ok, c.last)
			}
			for _, p := range c.parts {
				if !strings.Contains(out, p) {
					t.Errorf("%q is missing in:\n%s", p, out)
				}
			}
		})
	}
}
