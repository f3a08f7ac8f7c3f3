package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of "go test -json"; see "go doc test2json".
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// key names a test, or a package by an empty test.
type key struct{ pkg, test string }

// outcome is one finished test.
type outcome struct {
	key
	seconds float64
	text    string
}

// report collects events and prints as packages end.
type report struct {
	out     io.Writer
	pending map[key]*strings.Builder // output of what has not ended
	open    map[string]int           // packages that began and have not ended: failed tests so far
	passed  int
	failed  []outcome
	skipped []outcome
	times   []outcome
}

func newReport(out io.Writer) *report {
	return &report{out: out, pending: map[key]*strings.Builder{}, open: map[string]int{}}
}

// read takes events until the end of the stream. Lines that are not events (the go command's own messages) are passed through.
func (r *report) read(in io.Reader) error {
	b := bufio.NewReader(in)
	for {
		line, err := b.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				fmt.Fprint(r.out, string(line))
			} else {
				r.take(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
	}
}

func (r *report) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "start":
		r.open[e.Package] = 0
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if r.pending[k] == nil {
			r.pending[k] = &strings.Builder{}
		}
		r.pending[k].WriteString(e.Output)
	case "pass", "fail", "skip":
		text := ""
		if b := r.pending[k]; b != nil {
			text = b.String()
			delete(r.pending, k)
		}
		o := outcome{k, e.Elapsed, text}
		if e.Test == "" {
			r.endPackage(e, o)
		} else {
			r.endTest(e, o)
		}
	}
}

func (r *report) endTest(e event, o outcome) {
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped = append(r.skipped, o)
	case "fail":
		r.failed = append(r.failed, o)
		r.open[e.Package]++
	}
	if !strings.Contains(o.test, "/") {
		r.times = append(r.times, o)
	}
}

func (r *report) endPackage(e event, o outcome) {
	failures := r.open[e.Package]
	delete(r.open, e.Package)
	switch {
	case e.Action == "fail" && e.FailedBuild != "":
		fmt.Fprintf(r.out, "FAIL  %s  does not compile\n", o.pkg)
		r.failed = append(r.failed, outcome{o.key, 0, "does not compile; the compiler's messages are above\n"})
	case e.Action == "fail":
		fmt.Fprintf(r.out, "FAIL  %s  %.1f s\n", o.pkg, o.seconds)
		if failures == 0 { // it crashed or was killed: what was said last belongs to a test that never ended
			o.text = r.unfinished(o.pkg) + o.text
			r.failed = append(r.failed, o)
		}
	case e.Action == "skip" || strings.Contains(o.text, "[no test files]"):
		fmt.Fprintf(r.out, "-     %s  no tests\n", o.pkg)
	default:
		fmt.Fprintf(r.out, "ok    %s  %.1f s\n", o.pkg, o.seconds)
	}
	for k := range r.pending {
		if k.pkg == e.Package {
			delete(r.pending, k)
		}
	}
}

// unfinished is the output of a package's tests that began and have not ended.
func (r *report) unfinished(pkg string) string {
	var text strings.Builder
	for _, k := range slices.SortedFunc(maps.Keys(r.pending), func(a, b key) int { return strings.Compare(a.test, b.test) }) {
		if k.pkg == pkg {
			text.WriteString(r.pending[k].String())
		}
	}
	return text.String()
}

// finish prints the rest and says whether everything passed.
func (r *report) finish(slow int, checks string) bool {
	for _, pkg := range slices.Sorted(maps.Keys(r.open)) {
		r.failed = append(r.failed, outcome{key{pkg, ""}, 0, "began and never ended\n" + r.unfinished(pkg)})
	}
	for _, o := range r.failed {
		fmt.Fprintf(r.out, "\n--- failed: %s\n%s", o.name(), o.text)
	}
	if len(r.skipped) > 0 {
		fmt.Fprintln(r.out, "\nskipped:")
		for _, o := range r.skipped {
			fmt.Fprintf(r.out, "  %s: %s\n", o.name(), o.reason())
		}
	}
	slices.SortStableFunc(r.times, func(a, b outcome) int { return cmp.Compare(b.seconds, a.seconds) })
	if slow = min(slow, len(r.times)); slow > 0 {
		fmt.Fprintln(r.out, "\nslowest:")
		for _, o := range r.times[:slow] {
			fmt.Fprintf(r.out, "  %6.1f s  %s\n", o.seconds, o.name())
		}
	}
	failed := len(r.failed)
	if r.passed+failed == 0 {
		fmt.Fprintln(r.out, "\nno test ran")
		failed++
	}
	if checks != "" {
		fmt.Fprintf(r.out, "\nfailed before the tests: %s\n", checks)
		failed++
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, failed, len(r.skipped))
	return failed == 0
}

func (o outcome) name() string {
	if o.test == "" {
		return o.pkg
	}
	return o.pkg + " " + o.test
}

// reason is a skipped test's own message.
func (o outcome) reason() string {
	var lines []string
	for line := range strings.Lines(o.text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "no reason given"
	}
	return strings.Join(lines, "; ")
}
