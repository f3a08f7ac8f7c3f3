package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxShown bounds the problems one message lists.
const maxShown = 100

// Problem is one thing that is wrong, or unwise, at one place of the file.
type Problem struct {
	Line   int    // from 1; 0: the file as a whole
	Column int    // from 1, in characters; 0: the line as a whole
	Path   string // the key, for example clusters[0].recovery.after; may be empty
	Text   string // what is wrong and what to do
}

// String is the problem without its file.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// in is the problem as compilers write it: file:line:column: path: text.
func (p Problem) in(file string) string {
	switch {
	case p.Line == 0:
		return fmt.Sprintf("%s: %s", file, p)
	case p.Column == 0:
		return fmt.Sprintf("%s:%d: %s", file, p.Line, p)
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, p.Line, p.Column, p)
}

// Error is everything that is wrong with one file.
type Error struct {
	File     string
	Problems []Problem // in file order, at least one
}

// Error lists the problems one a line, file:line:column first; at most a hundred.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == maxShown {
			fmt.Fprintf(&b, "\n%s: and %d more problems", e.File, len(e.Problems)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.in(e.File))
	}
	return b.String()
}

// inFileOrder sorts the problems by place and drops repetitions, which an alias that is used twice would cause: the same
// words about the same key at the same place.
func inFileOrder(problems []Problem) []Problem {
	sorted := slices.Clone(problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	type key struct {
		line, column int
		word, text   string
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(sorted, func(p Problem) bool {
		k := key{p.Line, p.Column, p.Path[max(0, strings.LastIndexByte(p.Path, '.')):], p.Text}
		again := seen[k] && p.Line > 0
		seen[k] = true
		return again
	})
}
