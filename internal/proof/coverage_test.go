package proof

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of reached branches in docs/proof.md")

// The core, whose branches simulation has to reach, relative to internal.
var core = []string{"guard", "recovery", "pool", "ledger", "scaling", "schedule", "budget", "engine"}

// coverageRuns reach what simulation reaches of the core, together with the transcripts of simtest: seeds that were chosen because each branch
// is reached by several of them, so that a small change of a rule or of what is drawn seldom makes another choice necessary.
var coverageRuns = []string{
	"--seed 3 --duration 8h --clusters 2",
	"--seed 10 --duration 8h --clusters 2",
	"--seed 12 --duration 8h --clusters 2",
	"--seed 18 --duration 8h --clusters 2",
	"--seed 19 --duration 8h --clusters 2",
	"--seed 21 --duration 8h --clusters 2",
	"--seed 27 --duration 8h --clusters 2",
	"--seed 28 --duration 8h --clusters 2",
	"--seed 29 --duration 8h --clusters 2",
	"--seed 33 --duration 8h --clusters 2",
	"--seed 34 --duration 8h --clusters 2",
	"--seed 39 --duration 8h --clusters 2",
	"--seed 40 --duration 8h --clusters 2",
	"--seed 42 --duration 8h --clusters 2",
	"--seed 55 --duration 8h --clusters 2",
	"--seed 57 --duration 8h --clusters 2",
	"--seed 58 --duration 8h --clusters 2",
	"--seed 60 --duration 8h --clusters 2",
	"--seed 64 --duration 8h --clusters 2",
	"--seed 66 --duration 8h --clusters 2",
	"--seed 70 --duration 8h --clusters 2",
	"--seed 71 --duration 8h --clusters 2",
	"--seed 81 --duration 8h --clusters 2",
	"--seed 82 --duration 8h --clusters 2",
	"--seed 86 --duration 8h --clusters 2",
	"--seed 92 --duration 8h --clusters 2",
	"--seed 96 --duration 8h --clusters 2",
	"--seed 100 --duration 8h --clusters 2",
	"--seed 103 --duration 8h --clusters 2",
	"--seed 106 --duration 8h --clusters 2",
	"--seed 107 --duration 8h --clusters 2",
	"--seed 109 --duration 8h --clusters 2",
	"--seed 202 --duration 20h --clusters 1",
	"--seed 207 --duration 20h --clusters 1",
	"--seed 209 --duration 20h --clusters 1",
	"--seed 214 --duration 20h --clusters 1",
	"--seed 215 --duration 20h --clusters 1",
	"--seed 216 --duration 20h --clusters 1",
	"--seed 217 --duration 20h --clusters 1",
	"--seed 220 --duration 20h --clusters 1",
	"--seed 222 --duration 20h --clusters 1",
	"--seed 225 --duration 20h --clusters 1",
	"--seed 227 --duration 20h --clusters 1",
	"--seed 230 --duration 20h --clusters 1",
}

// The files that belong to it, from this package's directory.
const (
	unreachedFile = "testdata/unreached.txt"
	proofPage     = "../../docs/proof.md"
	tableBegin    = "<!-- what follows is written by go test ./internal/proof -run Branches -update -->"
	tableEnd      = "<!-- end of what is written -->"
)

// seldom begins a reason whose branches may be reached.
const seldom = "Seldom"

// branch is one statement block of the core.
type branch struct {
	file, fn  string // guard/read.go, State.Check
	line, col int
	text      string // where the block begins: the line of its brace, and the first after it
	reached   bool
}

// name is a branch's line in testdata/unreached.txt. It says nothing of line numbers, so that it survives other changes of its file.
func (b branch) name() string { return b.file + ": " + b.fn + ": " + b.text }

// lines are those that may give the reason for a branch: its own, its function's and its file's.
func (b branch) lines() []string {
	return []string{b.name(), b.file + ": " + b.fn + ": *", b.file + ": *"}
}

// TestBranches plays the transcripts and the runs above against a guard that counts its branches. One that nothing reaches is listed in
// testdata/unreached.txt with the reason why, and what is listed there is unreached. A reason that begins with "Seldom" is for branches that
// some seeds reach and others do not: whether the chosen ones do changes with every rule.
func TestBranches(t *testing.T) {
	if testing.Short() {
		t.Skip("plays for a minute")
	}
	branches := branchesOf(t, playCounting(t))
	reasons := readReasons(t)
	excused := map[string]bool{}
	var missing []string
	for _, b := range branches {
		if b.reached {
			continue
		}
		if line := reasons.line(b); line != "" {
			excused[line] = true
		} else {
			missing = append(missing, fmt.Sprintf("%s\t\t(line %d)", b.name(), b.line))
		}
	}
	if len(missing) > 0 {
		t.Errorf("no run reaches these branches; draw worlds that do, or list them in %s under a reason:\n%s", unreachedFile, strings.Join(missing, "\n"))
	}
	for _, line := range reasons.lines {
		if !excused[line] && !strings.HasPrefix(reasons.texts[reasons.of[line]-1], seldom) {
			t.Errorf("%s: %q is reached, or gone: take it out", unreachedFile, line)
		}
	}
	if *update && !t.Failed() {
		writeTable(t, table(branches, reasons))
	}
}

// writeTable puts the table into the page. Its figures are those of that day: they are not compared, because they change with every rule.
func writeTable(t *testing.T, text string) {
	t.Helper()
	page, err := os.ReadFile(proofPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !found || !ends {
		t.Fatalf("%s has no place for the table", proofPage)
	}
	if err := os.WriteFile(proofPage, []byte(before+tableBegin+"\n\n"+text+"\n"+tableEnd+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// playCounting plays everything with a binary that counts, and returns the profile.
func playCounting(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary, counts, profile := filepath.Join(dir, "proof"), filepath.Join(dir, "counts"), filepath.Join(dir, "profile")
	if err := os.Mkdir(counts, 0o700); err != nil {
		t.Fatal(err)
	}
	// Without the package main in it, the binary writes nothing.
	packages := "emrguard/cmd/proof,emrguard/internal/" + strings.Join(core, ",emrguard/internal/")
	tool(t, nil, "go", "build", "-cover", "-covermode=set", "-coverpkg="+packages, "-o", binary, "emrguard/cmd/proof")
	transcripts, err := filepath.Glob("../simtest/testdata/*.txt")
	if err != nil || len(transcripts) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	runs := [][]string{{}}
	for _, name := range transcripts {
		runs[0] = append(runs[0], "--file", name)
	}
	for _, r := range coverageRuns {
		runs = append(runs, strings.Fields(r))
	}
	var wg sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, args := range runs {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			// Whether the properties hold is not asked here.
			tool(t, []string{"GOMAXPROCS=1", "GOCOVERDIR=" + counts}, binary, append(args, "--play-on")...)
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	tool(t, nil, "go", "tool", "covdata", "textfmt", "-i="+counts, "-o="+profile)
	return profile
}

// tool runs a program. Status 1 of the binary says that a property did not hold.
func tool(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil && (env == nil || cmd.ProcessState.ExitCode() != 1) {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out[max(0, len(out)-4000):])
	}
}

// branchesOf reads a profile: every block once, in the order of files and lines.
func branchesOf(t *testing.T, profile string) []branch {
	t.Helper()
	f, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []branch
	for lines := bufio.NewScanner(f); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), "emrguard/internal/")
		if !ok {
			continue // the mode, and package main
		}
		file, rest, _ := strings.Cut(rest, ":")
		from, counts, _ := strings.Cut(rest, ",")
		line, col, _ := strings.Cut(from, ".")
		b := branch{file: file, reached: !strings.HasSuffix(counts, " 0")}
		var errs [2]error
		b.line, errs[0] = strconv.Atoi(line)
		b.col, errs[1] = strconv.Atoi(col)
		if errs[0] != nil || errs[1] != nil {
			t.Fatalf("no line of a profile: %q", lines.Text())
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b branch) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col))
	})
	nameBranches(t, out)
	return out
}

// nameBranches gives each branch the name of its function and its text. The second of the same text in a function ends in #2.
func nameBranches(t *testing.T, branches []branch) {
	t.Helper()
	var lines []string
	var functions []function
	same := map[string]int{}
	for i := range branches {
		b := &branches[i]
		if i == 0 || b.file != branches[i-1].file {
			lines, functions = source(t, filepath.Join("..", b.file))
		}
		at := slices.IndexFunc(functions, func(f function) bool { return b.line >= f.from && b.line <= f.to })
		if at < 0 {
			t.Fatalf("%s:%d is in no function", b.file, b.line)
		}
		b.fn = functions[at].name
		b.text = strings.TrimSpace(lines[b.line-1])
		if rest := strings.TrimSpace(lines[b.line-1][b.col-1:]); rest == "{" || rest == "" || strings.HasSuffix(b.text, ":") {
			b.text += " " + strings.TrimSpace(lines[b.line])
		}
		if same[b.name()]++; same[b.name()] > 1 {
			b.text += fmt.Sprintf(" #%d", same[b.name()])
		}
	}
}

// function is a declared function's lines.
type function struct {
	name     string
	from, to int
}

func source(t *testing.T, path string) ([]string, []function) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []function
	for _, decl := range file.Decls {
		f := function{from: set.Position(decl.Pos()).Line, to: set.Position(decl.End()).Line}
		switch decl := decl.(type) {
		case *ast.GenDecl:
			f.name = decl.Tok.String() // a variable's value may be a function
		case *ast.FuncDecl:
			f.name = decl.Name.Name
			if decl.Recv != nil {
				f.name = receiver(decl.Recv.List[0].Type) + "." + f.name
			}
		}
		out = append(out, f)
	}
	return strings.Split(string(text), "\n"), out
}

func receiver(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return "?"
}

// reasons are those of testdata/unreached.txt.
type reasons struct {
	texts []string
	lines []string
	of    map[string]int // line: the number of its reason, from 1 on
}

// readReasons reads the file: a reason in lines that begin with #, then the branches it is for.
func readReasons(t *testing.T) reasons {
	t.Helper()
	text, err := os.ReadFile(unreachedFile)
	if err != nil {
		t.Fatal(err)
	}
	r := reasons{of: map[string]int{}}
	open := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		word, isReason := strings.CutPrefix(line, "# ")
		switch {
		case line == "":
			open = false
		case isReason && open:
			r.texts[len(r.texts)-1] += " " + word
		case isReason:
			r.texts, open = append(r.texts, word), true
		case len(r.texts) == 0:
			t.Fatalf("%s: %q has no reason", unreachedFile, line)
		case r.of[line] > 0:
			t.Errorf("%s: %q is listed twice", unreachedFile, line)
		default:
			r.lines, r.of[line], open = append(r.lines, line), len(r.texts), false
		}
	}
	return r
}

// line is the one that gives the reason for a branch, or "".
func (r reasons) line(b branch) string {
	if i := slices.IndexFunc(b.lines(), func(line string) bool { return r.of[line] > 0 }); i >= 0 {
		return b.lines()[i]
	}
	return ""
}

// table is what docs/proof.md says of the branches.
func table(branches []branch, r reasons) string {
	var b strings.Builder
	b.WriteString("| package | branches | reached | not reached, with a reason |\n|---|---|---|---|\n")
	row := func(name string, in func(branch) bool) {
		all, reached := 0, 0
		for _, x := range branches {
			if in(x) {
				all++
				if x.reached {
					reached++
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", name, all, reached, all-reached)
	}
	for _, p := range core {
		row(p, func(x branch) bool { return strings.HasPrefix(x.file, p+"/") })
	}
	row("all", func(branch) bool { return true })
	b.WriteString("\n| not reached | because |\n|---|---|\n")
	for i, text := range r.texts {
		n := 0
		for _, x := range branches {
			if !x.reached && r.of[r.line(x)] == i+1 {
				n++
			}
		}
		fmt.Fprintf(&b, "| %d | %s |\n", n, text)
	}
	return b.String()
}
