package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// clockNames are the ways to ask the wall clock in package time.
var clockNames = []string{"Now", "Since", "Until", "After", "Sleep", "Tick", "NewTimer", "NewTicker", "AfterFunc"}

// readNames are those that tell the time; the others wait.
var readNames = []string{"Now", "Since", "Until"}

// clockless are the packages whose files never ask the wall clock. The tests of PURE packages do not either. A store may wait, for
// a lock for example, but the times it stores are its caller's.
var clockless = append(of(pure), "internal/emrsim", "internal/emrsim/shapes", "internal/store/...", "internal/engine/...", "internal/view")

// localName is the name under which a file uses an import: "" if it does not import it.
func localName(f *ast.File, importPath string) string {
	for _, i := range f.Imports {
		if strings.Trim(i.Path.Value, `"`) != importPath {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		base := path.Base(importPath)
		if strings.HasPrefix(base, "v") && len(base) == 2 {
			base = path.Base(path.Dir(importPath))
		}
		return base
	}
	return ""
}

// wallClock finds every mention of the wall clock, called or not: a variable that holds time.Now is one, too.
func wallClock(t *tree) []finding {
	pures := of(pure)
	var out []finding
	for _, f := range t.files {
		if !coversAny(clockless, f.dir) || (f.test && !slices.Contains(pures, f.dir)) {
			continue
		}
		names := clockNames
		if covers("internal/store/...", f.dir) {
			names = readNames
		}
		name := localName(f.ast, "time")
		switch name {
		case "":
			continue
		case ".":
			out = append(out, finding{f.name, "imports time with a dot, which hides the clock"})
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && isIdent(s.X, name) && slices.Contains(names, s.Sel.Name) {
				out = append(out, finding{t.at(s.Pos()), "time." + s.Sel.Name})
			}
			return true
		})
	}
	return out
}

func isIdent(e ast.Expr, name string) bool {
	i, ok := e.(*ast.Ident)
	return ok && i.Name == name
}

func TestNoWallClock(t *testing.T) {
	report(t, "the present time is an argument below the run loop: production, a restart, the tests and the simulation then see the same deadlines.",
		wallClock(project(t)))
}

func TestNoWallClockFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{
		"internal/guard/a.go":        "package guard\nimport \"time\"\nvar now = time.Now\nvar d = time.Minute\n",
		"internal/guard/b.go":        "package guard\nimport clock \"time\"\nfunc f() { clock.Sleep(1) }\n",
		"internal/guard/c.go":        "package guard\nimport . \"time\"\nvar n = Now()\n",
		"internal/guard/d_test.go":   "package guard\nimport \"time\"\nvar n = time.Since(time.Time{})\n",
		"internal/emrsim/a.go":       "package emrsim\nimport \"time\"\nvar t = time.NewTicker(1)\n",
		"internal/emrsim/a_test.go":  "package emrsim\nimport \"time\"\nvar n = time.Now()\n",
		"internal/emrsim/wire/a.go":  "package wire\nimport \"time\"\nvar n = time.Now()\n",
		"internal/store/sqlite/a.go": "package sqlite\nimport \"time\"\nvar n = time.Now()\nvar c = time.After(1)\n",
	})
	wantFindings(t, wallClock(tr), "internal/emrsim/a.go:3: time.NewTicker", "internal/guard/a.go:3: time.Now", "internal/guard/b.go:3: time.Sleep",
		"internal/guard/c.go: dot", "internal/guard/d_test.go:3: time.Since", "internal/store/sqlite/a.go:3: time.Now")
}

// concurrency finds go statements, channels and selects in PURE packages.
func concurrency(t *tree) []finding {
	pures := of(pure)
	var out []finding
	for _, f := range t.files {
		if f.test || !slices.Contains(pures, f.dir) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			what := ""
			switch x := n.(type) {
			case *ast.GoStmt:
				what = "go statement"
			case *ast.ChanType:
				what = "channel"
			case *ast.SelectStmt:
				what = "select"
			case *ast.SendStmt:
				what = "send"
			case *ast.UnaryExpr:
				if x.Op == token.ARROW {
					what = "receive"
				}
			}
			if what != "" {
				out = append(out, finding{t.at(n.Pos()), what})
			}
			return true
		})
	}
	return out
}

func TestNoConcurrencyInPure(t *testing.T) {
	report(t, "the scheduler's order is not an argument: a decision that runs in several goroutines differs from run to run.", concurrency(project(t)))
}

func TestNoConcurrencyInPureFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{"internal/pool/a.go": "package pool\nfunc f(c chan int) {\n\tgo f(nil)\n\tselect {}\n\tc <- 1\n\t<-c\n}\n"})
	wantFindings(t, concurrency(tr), "internal/pool/a.go:2: channel", "internal/pool/a.go:3: go statement", "internal/pool/a.go:4: select",
		"internal/pool/a.go:5: send", "internal/pool/a.go:6: receive")
}

// ordered are the packages where the order of a map, or of chance without a seed, must not reach a result.
var ordered = append(of(pure), "internal/emrsim", "internal/engine")

// exportData maps import paths to the compiler's export files, as the go command built them.
func exportData(t *testing.T, patterns ...string) types.Importer {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-export", "-deps", "-json=ImportPath,Export"}, patterns...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	files := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		files[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("%s does not compile", path)
		}
		return os.Open(files[path])
	})
}

// order type-checks the package in dir and finds what depends on the order of a map or on chance without a seed.
func order(t *tree, dir string, imp types.Importer) ([]finding, error) {
	var files []*ast.File
	for _, f := range t.files {
		if f.dir == dir && !f.test {
			files = append(files, f.ast)
		}
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: imp}
	if _, err := conf.Check(module+"/"+dir, t.fset, files, info); err != nil {
		return nil, err
	}
	var out []finding
	for _, f := range files {
		w := orderWalk{tree: t, info: info, excused: excuses(t, f)}
		for _, d := range f.Decls {
			w.function = d
			w.walk(d)
		}
		out = append(out, w.out...)
	}
	return out, nil
}

// excuse is the comment that allows one range over a map; a reason must follow it.
const excuse = "//archtest:sorted"

// excuses returns the lines that carry an excuse with a reason, and the lines below them.
func excuses(t *tree, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if reason, ok := strings.CutPrefix(c.Text, excuse); ok && len(strings.Fields(reason)) >= 2 {
				line := t.fset.Position(c.Pos()).Line
				lines[line], lines[line+1] = true, true
			}
		}
	}
	return lines
}

// orderWalk looks through one file.
type orderWalk struct {
	tree     *tree
	info     *types.Info
	excused  map[int]bool
	function ast.Decl
	out      []finding
}

func (w *orderWalk) add(n ast.Node, what string) {
	if !w.excused[w.tree.fset.Position(n.Pos()).Line] {
		w.out = append(w.out, finding{w.tree.at(n.Pos()), what})
	}
}

// called returns the package path and name of the function that a call calls, or of the method with its receiver's package.
func (w *orderWalk) called(c *ast.CallExpr) (pkg, name string) {
	fun := ast.Unparen(c.Fun)
	if i, ok := fun.(*ast.IndexExpr); ok {
		fun = i.X
	}
	if s, ok := fun.(*ast.SelectorExpr); ok {
		if o := w.info.Uses[s.Sel]; o != nil && o.Pkg() != nil {
			return o.Pkg().Path(), o.Name()
		}
	}
	return "", ""
}

// seeded are the functions of math/rand that take their chance from an argument.
var seeded = []string{"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf"}

// walk finds ranges over maps, iterators of maps and chance without a seed below n.
func (w *orderWalk) walk(n ast.Node) {
	harmless := map[ast.Node]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.RangeStmt:
			if t := w.info.TypeOf(x.X); t != nil {
				if _, ok := t.Underlying().(*types.Map); ok && !w.orderFree(x) {
					w.add(x, "range over a map whose order reaches the result")
				}
			}
		case *ast.CallExpr:
			pkg, name := w.called(x)
			switch {
			case pkg == "slices" && strings.HasPrefix(name, "Sorted"), pkg == "maps" && (name == "Collect" || name == "Insert"):
				for _, a := range x.Args {
					harmless[ast.Unparen(a)] = true
				}
			case pkg == "maps" && (name == "Keys" || name == "Values" || name == "All") && !harmless[x]:
				w.add(x, "maps."+name+" outside slices.Sorted: its order reaches the result")
			case pkg == "reflect" && (name == "MapKeys" || name == "MapRange" || name == "Seq" || name == "Seq2"):
				w.add(x, "reflect's "+name+" has a map's order")
			case (pkg == "math/rand" || pkg == "math/rand/v2") && !w.isMethod(x) && !slices.Contains(seeded, name):
				w.add(x, "rand."+name+" takes its chance from the process, not from a seed")
			}
		}
		return true
	})
}

func (w *orderWalk) isMethod(c *ast.CallExpr) bool {
	s, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := w.info.Uses[s.Sel].(*types.Func)
	return ok && f.Signature().Recv() != nil
}

// orderFree says whether the body of a range over a map gives the same in every order. It knows: appending to a slice that is
// sorted later in the function, writing to what was made in the same turn or under the range's own key, deleting, integer sums,
// max and min, and ending early with one constant. Everything else needs an excuse.
func (w *orderWalk) orderFree(r *ast.RangeStmt) bool {
	if r.Key == nil || (isIdent(r.Key, "_") && r.Value == nil) {
		return true // only the number of entries matters
	}
	ends := ""
	var free func(s ast.Stmt) bool
	all := func(list []ast.Stmt) bool {
		return !slices.ContainsFunc(list, func(s ast.Stmt) bool { return !free(s) })
	}
	free = func(s ast.Stmt) bool {
		switch x := s.(type) {
		case nil:
			return true
		case *ast.BlockStmt:
			return all(x.List)
		case *ast.IfStmt:
			return free(x.Init) && free(x.Body) && free(x.Else)
		case *ast.RangeStmt:
			return free(x.Body)
		case *ast.ForStmt:
			return free(x.Init) && free(x.Post) && free(x.Body)
		case *ast.DeclStmt:
			return true
		case *ast.BranchStmt:
			return x.Tok == token.CONTINUE
		case *ast.IncDecStmt:
			return w.isInteger(x.X) || w.localTo(r, x.X)
		case *ast.ExprStmt:
			c, ok := x.X.(*ast.CallExpr)
			return ok && isIdent(c.Fun, "delete")
		case *ast.ReturnStmt:
			var parts []string
			for _, e := range x.Results {
				if v := w.info.Types[e]; v.Value == nil && !v.IsNil() {
					return false
				}
				parts = append(parts, types.ExprString(e))
			}
			text := strings.Join(parts, ",")
			if ends != "" && ends != text {
				return false
			}
			ends = text
			return len(x.Results) > 0
		case *ast.AssignStmt:
			return w.freeAssign(r, x)
		}
		return false
	}
	return free(r.Body)
}

// freeAssign is orderFree for one assignment.
func (w *orderWalk) freeAssign(r *ast.RangeStmt, a *ast.AssignStmt) bool {
	if a.Tok == token.DEFINE {
		return true // local to the turn; what is done with it is looked at where it is done
	}
	if !slices.ContainsFunc(a.Lhs, func(e ast.Expr) bool { return !w.localTo(r, e) }) {
		return true
	}
	if len(a.Lhs) != 1 || len(a.Rhs) != 1 {
		return false
	}
	left := a.Lhs[0]
	if i, ok := left.(*ast.IndexExpr); ok {
		key, ok := r.Key.(*ast.Ident)
		return ok && isIdent(i.Index, key.Name)
	}
	switch a.Tok {
	case token.ADD_ASSIGN, token.SUB_ASSIGN, token.OR_ASSIGN, token.AND_ASSIGN, token.XOR_ASSIGN:
		return w.isInteger(left)
	case token.ASSIGN:
	default:
		return false
	}
	c, ok := a.Rhs[0].(*ast.CallExpr)
	if !ok || len(c.Args) == 0 || types.ExprString(c.Args[0]) != types.ExprString(left) {
		return false
	}
	switch {
	case isIdent(c.Fun, "max"), isIdent(c.Fun, "min"):
		return true
	case isIdent(c.Fun, "append"):
		return w.sortedAfter(r, types.ExprString(left))
	}
	return false
}

// localTo says whether what is written to was made in the same turn of the range.
func (w *orderWalk) localTo(r *ast.RangeStmt, e ast.Expr) bool {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			if w.isPointer(x.X) {
				return false
			}
			e = x.X
			continue
		case *ast.Ident:
			o := w.info.ObjectOf(x)
			return x.Name == "_" || o != nil && o.Pos() >= r.Pos() && o.Pos() < r.Body.End()
		}
		return false
	}
}

func (w *orderWalk) isPointer(e ast.Expr) bool {
	t := w.info.TypeOf(e)
	if t == nil {
		return true
	}
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func (w *orderWalk) isInteger(e ast.Expr) bool {
	t := w.info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// sortedAfter says whether the slice is sorted behind the range in the same function.
func (w *orderWalk) sortedAfter(r *ast.RangeStmt, slice string) bool {
	found := false
	ast.Inspect(w.function, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || c.Pos() < r.End() || len(c.Args) == 0 || types.ExprString(c.Args[0]) != slice {
			return true
		}
		if pkg, name := w.called(c); (pkg == "slices" || pkg == "sort") && (strings.HasPrefix(name, "Sort") || name == "Strings" ||
			name == "Ints" || name == "Slice" || name == "SliceStable" || name == "Stable") {
			found = true
		}
		return true
	})
	return found
}

const orderReason = "Go's maps have another order in every run. Sort before the order can reach a decision, or say why it cannot in a comment " +
	excuse + " REASON on the line or above it."

func TestNoMapOrder(t *testing.T) {
	tr := project(t)
	var patterns, dirs []string
	for _, d := range tr.dirs() {
		if slices.Contains(ordered, d) {
			dirs = append(dirs, d)
			patterns = append(patterns, "./"+d)
		}
	}
	imp := exportData(t, patterns...)
	for _, d := range dirs {
		t.Run(strings.ReplaceAll(d, "/", "_"), func(t *testing.T) {
			found, err := order(tr, d, imp)
			if err != nil {
				t.Fatalf("%s does not compile: %v", d, err)
			}
			report(t, orderReason, found)
		})
	}
}

func TestNoMapOrderFindsBreaches(t *testing.T) {
	imp := exportData(t, "maps", "slices", "sort", "math/rand/v2")
	tr := made(t, map[string]string{"internal/pool/a.go": `package pool

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
)

type set map[string]int

func bad(m set) (out []string, last string, f float64) {
	for k := range m {
		out = append(out, k)
	}
	for k := range m {
		last = k
	}
	for _, v := range m {
		f += float64(v)
	}
	for k, v := range m {
		if v > 1 {
			return nil, k, 0
		}
	}
	for k := range m {
		p := &last
		*p = k
	}
	for k := range maps.Keys(m) {
		last = k
	}
	_ = rand.IntN(3)
	//archtest:sorted
	for k := range m {
		last = k
	}
	return slices.Collect(maps.Keys(m)), last, f
}

func good(m set) (n int, names []string, ok bool) {
	for k, v := range m {
		if v == 0 {
			continue
		}
		n += v
		names = append(names, k)
	}
	sort.Strings(names)
	other := set{}
	high := 0
	for k, v := range m {
		other[k] = v
		high = max(high, v)
	}
	for range m {
		n++
	}
	type row struct{ digits []int }
	var rows []row
	for _, v := range m {
		var r row
		for v > 0 {
			r.digits = append(r.digits, v%10)
			v /= 10
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return slices.Compare(a.digits, b.digits) })
	names = slices.Sorted(maps.Keys(m))
	other = maps.Collect(maps.All(m))
	//archtest:sorted the last one wins and there is only one
	for k := range m {
		names[0] = k
	}
	_ = rand.New(rand.NewPCG(1, 2)).IntN(3)
	for _, v := range m {
		if v > 3 {
			return 0, nil, true
		}
	}
	return n, names, false
}
`})
	found, err := order(tr, "internal/pool", imp)
	if err != nil {
		t.Fatal(err)
	}
	wantFindings(t, found, "internal/pool/a.go:13: range over a map", "internal/pool/a.go:16: range over a map", "internal/pool/a.go:19: range over a map",
		"internal/pool/a.go:22: range over a map", "internal/pool/a.go:27: range over a map", "internal/pool/a.go:31: maps.Keys", "internal/pool/a.go:34: rand.IntN",
		"internal/pool/a.go:36: range over a map", "internal/pool/a.go:39: maps.Keys")
}
