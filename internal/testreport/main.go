// Command testreport reads the events of "go test -json" and prints what a person needs: one line for each package, the output of
// each test that failed, why tests were skipped, the slowest tests, and as the last line "N passed, N failed, N skipped".
//
// It exits with status 1 if a test or package failed, if a package began and never ended, or if no test ran at all. Every test and
// subtest counts; a package that fails without a failed test (it does not compile, it panics outside a test) counts as one failure.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	checks := flag.String("checks", "", "names of checks that failed before the tests; printed before the summary and counted as one failure")
	slow := flag.Int("slow", 5, "how many of the slowest tests to list")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if !r.finish(*slow, *checks) {
		os.Exit(1)
	}
}
