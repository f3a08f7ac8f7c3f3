package mutants

import (
	"strings"
	"testing"
)

const source = `package p

import "errors"

func add(a, b int) int {
	sum := a + b
	return sum
}

type counter struct{ n int }

func (c *counter) inc() {
	c.n++
	c.n += 0
}

var errNone = errors.New("none")
`

func TestMutate(t *testing.T) {
	list := []Mutant{
		{Name: "minus", Edits: []Edit{{"p.go", "add", "a + b", "a - b"}, {"p.go", "counter.inc", "c.n++", "c.n--"}}},
		{Name: "twice", Edits: []Edit{{"p.go", "add", "a + b\nreturn sum", "2 * (a + b)\nreturn sum"}, {"q.go", "other", "x", "y"}}},
		{Name: "both", Edits: []Edit{{"p.go", "add", "sum := a", "sum := b"}, {"p.go", "add", "b\n", "a\n"}}},
	}
	text, pkg, err := mutate("p.go", []byte(source), list)
	if err != nil || pkg != "p" {
		t.Fatalf("package %q: %v", pkg, err)
	}
	for _, want := range []string{
		"if activeMutant == 1 {\n//line mutant-minus:1\n\nsum := a - b\nreturn sum\n\n}\n//line p.go:5\n",
		"if activeMutant == 1 {\n//line mutant-minus:1\n\nc.n--\nc.n += 0\n\nreturn\n\n}\n//line p.go:12\n",
		"if activeMutant == 2 {\n//line mutant-twice:1\n\nsum := 2 * (a + b)\nreturn sum\n\n}\n",
		"if activeMutant == 3 {\n//line mutant-both:1\n\nsum := b + a\nreturn sum\n\n}\n",
		"\n\tsum := a + b\n\treturn sum\n}", // what the program does without a mutant stays
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the source has no\n%s\nbut is\n%s", want, text)
		}
	}
}

// TestMutateRefuses: a table that does not fit the sources any more is told mutant by mutant.
func TestMutateRefuses(t *testing.T) {
	for name, e := range map[string]Edit{
		"its text occurs 0 times":   {"p.go", "add", "a * b", ""},
		"its text occurs 2 times":   {"p.go", "counter.inc", "c.n", ""},
		"there is no function":      {"p.go", "counter.dec", "c.n++", ""},
		"overlaps another edit":     {"p.go", "add", "+ b", "- b"},
		"function sub":              {"p.go", "sub", "a", ""},
		"its text occurs 0 times i": {"p.go", "add", "func add", ""}, // edits are of bodies
	} {
		list := []Mutant{{Name: "wrong", From: "table.txt:7", Edits: []Edit{e, {"p.go", "add", "a + b", "a"}}}}
		if _, _, err := mutate("p.go", []byte(source), list); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "table.txt:7: mutant wrong") {
			t.Errorf("%v: got %v, want an error with %q", e, err, name)
		}
	}
}

func TestParse(t *testing.T) {
	list, err := Parse("t.txt", `
# a comment
mutant one-two
rule R4
what It goes wrong.
in a.go f
-	old
-  text
+new
-another
in b.go T.g
-gone
mutant three
rule R13
what That, too.
in a.go f
-x
+y
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "one-two" || list[0].Rule != "R4" || list[0].What != "It goes wrong." || list[0].From != "t.txt:3" || list[1].Name != "three" {
		t.Fatalf("got %+v", list)
	}
	want := []Edit{{"a.go", "f", "old\ntext", "new"}, {"a.go", "f", "another", ""}, {"b.go", "T.g", "gone", ""}}
	for i, e := range list[0].Edits {
		if e != want[i] {
			t.Errorf("edit %d is %q, want %q", i, e, want[i])
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"rule R1\n": `t.txt:1: "rule" before the first mutant`,
		"mutant A b\nrule R1\nwhat w\nin f g\n-x\n":    `"A b" is no name`,
		"mutant a\nrule R14\nwhat w\nin f g\n-x\n":     `"R14" is no rule`,
		"mutant a\nrule R1\nin f g\n-x\n":              "does not say what it does",
		"mutant a\nrule R1\nwhat w\n":                  "edits nothing",
		"mutant a\nrule R1\nwhat w\nin f g\n+x\n":      "replaces no text in g",
		"mutant a\nrule R1\nwhat w\nin f\n-x\n":        "write: in FILE FUNCTION",
		"mutant a\nrule R1\nwhat w\n-x\n":              "a text without a function",
		"mutant a\nrule R1\nwhat w\nhow\nin f g\n-x\n": `"how" is none of`,
	} {
		if _, err := Parse("t.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}
