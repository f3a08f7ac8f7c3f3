package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageDocs checks that every package says once, and in real words, what it is.
func packageDocs(t *tree) []finding {
	var out []finding
	for _, dir := range t.dirs() {
		var docs []source
		name, code := "", false
		for _, f := range t.files {
			if f.dir != dir || f.test {
				continue
			}
			code, name = true, f.ast.Name.Name
			if f.ast.Doc != nil {
				docs = append(docs, f)
			}
		}
		switch {
		case !code:
			continue
		case len(docs) == 0:
			out = append(out, finding{dir, "has no package comment"})
			continue
		case len(docs) > 1:
			out = append(out, finding{dir, fmt.Sprintf("has %d package comments: %s and %s", len(docs), docs[0].name, docs[1].name)})
			continue
		}
		text, begin := docs[0].ast.Doc.Text(), "Package "+name+" "
		if name == "main" {
			begin = "Command " + path.Base(dir) + " "
		}
		switch rest, ok := strings.CutPrefix(text, begin); {
		case !ok:
			out = append(out, finding{docs[0].name, fmt.Sprintf("the package comment does not begin with %q", begin)})
		case len(strings.Fields(rest)) < 8:
			out = append(out, finding{docs[0].name, "the package comment says too little: what is it for, and what is it not?"})
		}
	}
	return out
}

func TestPackageDocs(t *testing.T) {
	report(t, "the package comment is the first thing a newcomer reads; two of them contradict each other sooner or later.", packageDocs(project(t)))
}

func TestPackageDocsFindsBreaches(t *testing.T) {
	const good = "// Package a holds a thing that takes more than eight words to say.\npackage a"
	tr := made(t, map[string]string{
		"a/a.go": good, "a/a_test.go": "// Package a has a second comment in a test, which nobody sees at all.\npackage a",
		"b/a.go": "package b",
		"c/a.go": strings.ReplaceAll(good, " a", " c"), "c/b.go": strings.ReplaceAll(good, " a", " c"),
		"d/a.go": "// Package d is d.\npackage d",
		"e/a.go": "// Functions for a lot of things that somebody might well need one day.\npackage e",
		"f/a.go": "// Package main runs a thing, which takes more than eight words to say.\npackage main",
	})
	wantFindings(t, packageDocs(tr), "b: no package comment", "c: 2 package comments", "d/a.go: too little", "e/a.go: does not begin", `f/a.go: "Command f "`)
}

// vague are names that say nothing about what is inside.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "lib", "shared", "base"}

func vagueNames(t *tree) []finding {
	var out []finding
	for _, f := range t.files {
		name := strings.TrimSuffix(f.ast.Name.Name, "_test")
		if slices.Contains(vague, name) || slices.Contains(vague, path.Base(f.dir)) {
			out = append(out, finding{f.name, "package " + name})
		}
	}
	return out
}

func TestPackageNames(t *testing.T) {
	report(t, "a package is named for what it provides; these names collect whatever has no home.", vagueNames(project(t)))
}

func TestPackageNamesFindsBreaches(t *testing.T) {
	wantFindings(t, vagueNames(made(t, map[string]string{"internal/util/a.go": "package util", "internal/emr/a.go": "package emr"})),
		"internal/util/a.go: package util")
}

// mark matches the words that put work off.
var mark = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func marks(t *tree) []finding {
	var out []finding
	for _, f := range t.files {
		for _, g := range f.ast.Comments {
			for _, c := range g.List {
				if m := mark.FindString(c.Text); m != "" {
					out = append(out, finding{t.at(c.Pos()), m})
				}
			}
		}
	}
	return out
}

func TestNoWorkPutOff(t *testing.T) {
	report(t, "work that is put off in a comment is not found again. Do it, or file an issue and say here what holds today.", marks(project(t)))
}

func TestNoWorkPutOffFindsBreaches(t *testing.T) {
	wantFindings(t, marks(made(t, map[string]string{"a/a.go": "package a\n\n// TO" + "DO: more\nvar s = \"FIX" + "ME\"\n"})), "a/a.go:3: TO"+"DO")
}

// undocumented finds exported identifiers without a doc comment. A group of constants or variables may share one.
func undocumented(t *tree) []finding {
	var out []finding
	for _, f := range t.files {
		if f.test {
			continue
		}
		add := func(pos token.Pos, name string) {
			out = append(out, finding{t.at(pos), name + " has no doc comment"})
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				recv, exported := receiver(d)
				if d.Name.IsExported() && exported && d.Doc.Text() == "" {
					add(d.Pos(), recv+d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() && s.Doc.Text() == "" && (d.Doc.Text() == "" || d.Lparen.IsValid()) {
							add(s.Pos(), s.Name.Name)
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() && s.Doc.Text() == "" && s.Comment.Text() == "" && d.Doc.Text() == "" {
								add(n.Pos(), n.Name)
							}
						}
					}
				}
			}
		}
	}
	return out
}

// receiver returns a method's receiver type as "T." and whether it is exported; for a function "" and true.
func receiver(d *ast.FuncDecl) (string, bool) {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return "", true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
			continue
		case *ast.IndexExpr:
			e = x.X
			continue
		case *ast.IndexListExpr:
			e = x.X
			continue
		case *ast.Ident:
			return x.Name + ".", x.IsExported()
		}
		return "", false
	}
}

func TestExportedNamesHaveDocs(t *testing.T) {
	report(t, "an exported name is a promise: its comment gives meaning, units and errors, and the source where a rule comes from AWS.", undocumented(project(t)))
}

func TestExportedNamesHaveDocsFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{"a/a.go": `package a

type T struct{}

func (t *T) M() {}

func (t hidden) N() {}

type hidden int

// Group.
const (
	A = 1
	B = 2
)

var C int // documented

var D int

// F is documented.
func F() {}

func G() {}
`})
	wantFindings(t, undocumented(tr), "a/a.go:3: T has", "a/a.go:5: T.M has", "a/a.go:19: D has", "a/a.go:24: G has")
}
