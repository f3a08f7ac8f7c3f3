package mutants

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Env is the environment variable that switches a mutant on, by its name. Without it a program with mutants behaves as one without.
const Env = "EMRGUARD_MUTANT"

// Overlay writes the sources of a program with all the mutants into dir, and returns the file that go build wants for -overlay. root is the
// module's directory. The error joins all edits that do not fit the sources: each names its mutant.
//
// A function with mutants gets a copy of its body for each one, in front of its own:
//
//	if activeMutant == 7 {
//	//line mutant-stop-without-reread:1
//		... the body with the mutant's edits ...
//	}
//
// so that one build serves all, and a compiler's message names the mutant that does not fit the sources any more.
func Overlay(root, dir string, list []Mutant) (string, error) {
	replace := map[string]string{}
	put := func(name string, text []byte) error {
		at := filepath.Join(dir, strings.ReplaceAll(name, "/", "__"))
		replace[filepath.Join(root, filepath.FromSlash(name))] = at
		return os.WriteFile(at, text, 0o600)
	}
	packages := map[string]string{} // name by directory
	var errs []error
	for _, name := range files(list) {
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))) //nolint:gosec // a file of this module that the table names
		if err != nil {
			errs = append(errs, err)
			continue
		}
		text, pkg, err := mutate(name, src, list)
		errs = append(errs, err, put(name, text))
		packages[path.Dir(name)] = pkg
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		errs = append(errs, put(dir+"/active_mutant.go", switchFile(packages[dir], list)))
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, body, 0o600)
}

// files lists the files that mutants edit.
func files(list []Mutant) []string {
	var names []string
	for _, m := range list {
		for _, e := range m.Edits {
			names = append(names, e.File)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// switchFile is the source that tells one package which mutant is on. A name that is none ends the program: a defect that is switched on by
// a misspelt name would count as missed.
func switchFile(pkg string, list []Mutant) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\nimport \"os\"\n\nvar activeMutant = func() int {\n\tswitch name := os.Getenv(%q); name {\n\tcase \"\":\n\t\treturn 0\n", pkg, Env)
	for i, m := range list {
		fmt.Fprintf(&b, "\tcase %q:\n\t\treturn %d\n", m.Name, i+1)
	}
	fmt.Fprintf(&b, "\tdefault:\n\t\tpanic(\"no mutant is called \" + name)\n\t}\n}()\n")
	return b.Bytes()
}

// insertion is text that goes into a source at an offset.
type insertion struct {
	at   int
	text string
}

// mutate returns a file's source with the mutants that edit it, and the name of its package.
func mutate(name string, src []byte, list []Mutant) (text []byte, pkg string, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, "", err
	}
	functions := map[string]*ast.FuncDecl{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			functions[nameOf(f)] = f
		}
	}
	var errs []error
	var into []insertion
	for i, m := range list {
		for _, e := range firstEdits(m, name) {
			f := functions[e.Func]
			if f == nil {
				errs = append(errs, fmt.Errorf("%s: mutant %s: there is no function %s in %s", m.From, m.Name, e.Func, name))
				continue
			}
			first, last := fset.Position(f.Body.Lbrace).Offset+1, fset.Position(f.Body.Rbrace).Offset
			body, err := edited(string(src[first:last]), m, e)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if f.Type.Results == nil {
				body += "\nreturn\n"
			}
			into = append(into, insertion{first, fmt.Sprintf("\nif activeMutant == %d {\n//line mutant-%s:1\n%s\n}\n//line %s:%d\n", i+1, m.Name, body, path.Base(name), fset.Position(f.Body.Lbrace).Line)})
		}
	}
	slices.SortStableFunc(into, func(a, b insertion) int { return b.at - a.at })
	for _, in := range into {
		src = slices.Insert(src, in.at, []byte(in.text)...)
	}
	return src, file.Name.Name, errors.Join(errs...)
}

// firstEdits returns, for each function of the file that the mutant edits, its first edit there.
func firstEdits(m Mutant, file string) []Edit {
	var out []Edit
	for _, e := range m.Edits {
		if e.File == file && !slices.ContainsFunc(out, func(o Edit) bool { return o.Func == e.Func }) {
			out = append(out, e)
		}
	}
	return out
}

// edited is the body of a function after all edits of the mutant there. Each is looked for in the body as it was.
func edited(body string, m Mutant, where Edit) (string, error) {
	lines := strings.Split(body, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	body = strings.Join(lines, "\n")
	type place struct {
		at int
		Edit
	}
	var places []place
	for _, e := range m.Edits {
		if e.File != where.File || e.Func != where.Func {
			continue
		}
		if n := strings.Count(body, e.Old); n != 1 {
			return "", fmt.Errorf("%s: mutant %s: its text occurs %d times in %s of %s, not once:\n\t%s", m.From, m.Name, n, e.Func, e.File, strings.ReplaceAll(e.Old, "\n", "\n\t"))
		}
		places = append(places, place{strings.Index(body, e.Old), e})
	}
	slices.SortFunc(places, func(a, b place) int { return b.at - a.at }) // from the end, so that the places stay right
	for i, p := range places {
		if i > 0 && p.at+len(p.Old) > places[i-1].at {
			return "", fmt.Errorf("%s: mutant %s: %q overlaps another edit of %s", m.From, m.Name, p.Old, where.Func)
		}
		body = body[:p.at] + p.New + body[p.at+len(p.Old):]
	}
	return body, nil
}

// nameOf is a function's name as Edit has it.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
