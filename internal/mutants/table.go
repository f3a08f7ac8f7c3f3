// Package mutants keeps deliberate defects of the guard and builds a program with all of them in it, one switched on at a time, to see
// whether the proof catches each.
//
// The production code holds nothing of this: the defects are edits that the Go command's -overlay option lays over it.
package mutants

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Mutant is one deliberate defect: the kind of mistake that a maintainer could make and a compiler lets pass.
type Mutant struct {
	Name  string // in words with hyphens
	Rule  string // of docs/recovery.md or docs/scaling.md that it breaks: R4
	What  string // what goes wrong, in a sentence
	Edits []Edit // at least one; together they are the defect
	From  string // file and line of the table, for messages
}

// Edit replaces a text of one function.
type Edit struct {
	File string // from the module's root, with slashes
	Func string // its name, behind its receiver's type if it has one: decider.stop
	Old  string // must occur once in the function's body, whatever the indentation
	New  string
}

// Load reads every table of a file system (see Parse) and returns the mutants in the order of their names. The error joins all problems.
func Load(tables fs.FS) ([]Mutant, error) {
	names, err := fs.Glob(tables, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []Mutant
	var errs []error
	for _, name := range names {
		text, err := fs.ReadFile(tables, name)
		if err != nil {
			return nil, err
		}
		list, err := Parse(name, string(text))
		all, errs = append(all, list...), append(errs, err)
	}
	slices.SortStableFunc(all, func(a, b Mutant) int { return strings.Compare(a.Name, b.Name) })
	for i := range all[:max(0, len(all)-1)] {
		if a, b := all[i], all[i+1]; a.Name == b.Name {
			errs = append(errs, fmt.Errorf("%s: mutant %s is at %s already", b.From, b.Name, a.From))
		}
	}
	return all, errors.Join(errs...)
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	ruleForm = regexp.MustCompile(`^R([1-9]|1[0-3])$`)
)

// Parse reads one table. A mutant is written as
//
//	mutant stop-without-reread
//	rule R4
//	what A stop goes out on the counts that opened the recovery.
//	in internal/recovery/advance.go confirm
//	-the text that is replaced, line by line
//	+the text in its place; none: the old one is left out
//
// and may go on with more edits. Spaces at the ends of lines do not count, empty lines and those that begin with # are skipped.
func Parse(name, text string) ([]Mutant, error) {
	p := reader{name: name}
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		p.take(line)
	}
	p.end()
	return p.mutants, errors.Join(p.errs...)
}

// reader reads a table line by line.
type reader struct {
	name    string
	line    int
	mutants []Mutant
	old     []string
	new     []string
	replace bool // the last line was one of +
	errs    []error
}

func (p *reader) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.name, p.line, fmt.Sprintf(format, args...)))
}

func (p *reader) take(line string) {
	if strings.TrimSpace(line) == "" || line[0] == '#' {
		return
	}
	if line[0] == '-' || line[0] == '+' {
		p.edit(line)
		return
	}
	key, value, _ := strings.Cut(line, " ")
	if key == "mutant" {
		p.end()
		p.mutants = append(p.mutants, Mutant{Name: value, From: fmt.Sprintf("%s:%d", p.name, p.line)})
		if !nameForm.MatchString(value) {
			p.fail("%q is no name in words with hyphens", value)
		}
		return
	}
	if len(p.mutants) == 0 {
		p.fail("%q before the first mutant", key)
		return
	}
	m := &p.mutants[len(p.mutants)-1]
	switch key {
	case "rule":
		m.Rule = value
	case "what":
		m.What = value
	case "in":
		p.flush()
		file, function, ok := strings.Cut(value, " ")
		if !ok {
			p.fail("write: in FILE FUNCTION")
		}
		m.Edits = append(m.Edits, Edit{File: file, Func: function})
	default:
		p.fail("%q is none of mutant, rule, what and in", key)
	}
}

// edit takes a line of the old or the new text.
func (p *reader) edit(line string) {
	if len(p.mutants) == 0 || len(p.mutants[len(p.mutants)-1].Edits) == 0 {
		p.fail("a text without a function: write in FILE FUNCTION first")
		return
	}
	text := strings.TrimSpace(line[1:])
	if line[0] == '+' {
		p.new, p.replace = append(p.new, text), true
		return
	}
	if p.replace { // another edit of the same function
		m := &p.mutants[len(p.mutants)-1]
		last := m.Edits[len(m.Edits)-1]
		p.flush()
		m.Edits = append(m.Edits, Edit{File: last.File, Func: last.Func})
	}
	p.old = append(p.old, text)
}

// flush puts the texts that were collected into the edit they are for.
func (p *reader) flush() {
	if len(p.mutants) > 0 {
		if m := &p.mutants[len(p.mutants)-1]; len(m.Edits) > 0 {
			e := &m.Edits[len(m.Edits)-1]
			e.Old, e.New = strings.Join(p.old, "\n"), strings.Join(p.new, "\n")
			if e.Old == "" {
				p.fail("mutant %s replaces no text in %s", m.Name, e.Func)
			}
		}
	}
	p.old, p.new, p.replace = nil, nil, false
}

// end finishes the mutant that was read last.
func (p *reader) end() {
	p.flush()
	if len(p.mutants) == 0 {
		return
	}
	m := p.mutants[len(p.mutants)-1]
	if !ruleForm.MatchString(m.Rule) {
		p.fail("mutant %s: %q is no rule; write for example R4", m.Name, m.Rule)
	}
	if m.What == "" {
		p.fail("mutant %s does not say what it does", m.Name)
	}
	if len(m.Edits) == 0 {
		p.fail("mutant %s edits nothing", m.Name)
	}
}
