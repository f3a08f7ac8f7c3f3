package archtest

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is the module's path; rules and messages name packages relative to it.
const module = "emrguard"

// kind is the role a package plays in the architecture.
type kind string

const (
	pure      kind = "pure"      // decides; values in, values out
	engine    kind = "engine"    // observes, journals, acts
	adapter   kind = "adapter"   // touches the world
	simulator kind = "simulator" // plays EMR
	port      kind = "port"      // an interface and its suite
	outer     kind = "outer"     // puts the parts together
	house     kind = "house"     // tests and tools of the project itself
)

// place is one entry of the map of packages. It covers the packages below it unless they have an entry of their own.
type place struct {
	dir  string
	kind kind
	does string
}

// layout is the map of packages. docs/ARCHITECTURE.md describes the same packages in prose, and a test compares the two.
var layout = []place{
	{"cmd/emrguard", outer, "arguments and signals; no logic"},
	{"cmd/proof", house, "the command that plays worlds from seeds"},
	{"internal/emr", pure, "EMR's words as values"},
	{"internal/ledger", pure, "the shortfall clock"},
	{"internal/pool", pure, "members, wanted, expected, moved, bans, rest, order of candidates and releases"},
	{"internal/recovery", pure, "the stuck rule and the steps of one recovery"},
	{"internal/schedule", pure, "when a cron expression fires in a time zone"},
	{"internal/scaling", pure, "metric policies, schedules, termination"},
	{"internal/guard", pure, "one cluster: Decide"},
	{"internal/budget", pure, "API token buckets and the order of reads"},
	{"internal/suggest", pure, "the known word that a misspelt one stands for"},
	{"internal/phrase", pure, "counts and durations as people read them"},
	{"internal/engine", engine, "Step(now, completions) -> calls, journal"},
	{"internal/awsapi", adapter, "EMR and credentials through the AWS SDK"},
	{"internal/emrsim", simulator, "EMR by clock and seed"},
	{"internal/emrsim/wire", simulator, "EMR's and CloudWatch's protocols over HTTP for real clients"},
	{"internal/store", port, "the port to durable state"},
	{"internal/store/storetest", port, "the suite every store adapter passes"},
	{"internal/store/memory", adapter, "the store for tests and simulations"},
	{"internal/store/sqlite", adapter, "the store in one file"},
	{"internal/store/postgres", adapter, "the store for several replicas"},
	{"internal/web", outer, "JSON API and dashboard"},
	{"internal/config", adapter, "the configuration file"},
	{"internal/importer", adapter, "another product's policies as rules of the configuration"},
	{"internal/telemetry", adapter, "log, metrics, traces, health"},
	{"internal/notify", adapter, "notifications: from the history through groups and an outbox"},
	{"internal/notify/sink", adapter, "the ways to send a notification"},
	{"internal/view", outer, "the read model: what commands and pages show"},
	{"internal/desk", outer, "the store as commands and pages work with it"},
	{"internal/app", outer, "the composition root"},
	{"internal/cli", outer, "the commands"},
	{"internal/simtest", house, "deterministic simulation of the whole"},
	{"internal/proof", house, "whole worlds from seeds, and what is proved by them"},
	{"internal/usefulness", house, "the benchmark of usefulness: one week, several ways"},
	{"internal/mutants", house, "deliberate defects that the proof must catch"},
	{"internal/archtest", house, "these rules"},
	{"internal/deploytest", house, "that what is under deploy fits the daemon"},
	{"internal/testreport", house, "the summary of a test run"},
}

// of returns the packages of a kind.
func of(k kind) []string {
	var dirs []string
	for _, p := range layout {
		if p.kind == k {
			dirs = append(dirs, p.dir)
		}
	}
	return dirs
}

// placeOf returns the entry that covers dir: its own, or the nearest above it.
func placeOf(dir string) (place, bool) {
	for d := dir; d != "." && d != "/"; d = path.Dir(d) {
		if i := slices.IndexFunc(layout, func(p place) bool { return p.dir == d }); i >= 0 {
			return layout[i], true
		}
	}
	return place{}, false
}

// covers says whether a pattern names dir: "internal/emr" names exactly that, "internal/emr/..." also what is below it.
func covers(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == base || strings.HasPrefix(dir, base+"/")
	}
	return dir == pattern
}

// coversAny says whether one of the patterns names dir.
func coversAny(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, dir) })
}

// source is one parsed Go file.
type source struct {
	name string // relative to the root, with slashes
	dir  string
	test bool
	ast  *ast.File
}

// imports returns the file's import paths with their positions.
func (s source) imports() map[string]token.Pos {
	out := map[string]token.Pos{}
	for _, i := range s.ast.Imports {
		out[strings.Trim(i.Path.Value, `"`)] = i.Pos()
	}
	return out
}

// tree is the project's Go source.
type tree struct {
	fset  *token.FileSet
	files []source
}

// dirs returns the directories that hold Go files, sorted.
func (t *tree) dirs() []string {
	set := map[string]bool{}
	for _, f := range t.files {
		set[f.dir] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// at is a position as file:line.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.ToSlash(p.Filename), p.Line)
}

// finding is one breach of a rule.
type finding struct {
	where string
	what  string
}

// report fails the test with all findings and the reason of the rule.
func report(t *testing.T, why string, found []finding) {
	t.Helper()
	if len(found) == 0 {
		return
	}
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "\n  %s: %s", f.where, f.what)
	}
	t.Errorf("%d found:%s\nreason: %s", len(found), b.String(), why)
}

// root is the directory of go.mod, seen from this package.
const root = "../.."

// load parses every Go file of the project once.
var load = sync.OnceValues(func() (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return t.add(filepath.ToSlash(rel), text)
	})
	return t, err
})

// add parses one file into the tree.
func (t *tree) add(name string, text []byte) error {
	f, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.files = append(t.files, source{name: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), ast: f})
	return nil
}

// project returns the parsed project or ends the test.
func project(t *testing.T) *tree {
	t.Helper()
	tr, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// made builds a tree from sources by file name, for the tests of the rules themselves.
func made(t *testing.T, files map[string]string) *tree {
	t.Helper()
	tr := &tree{fset: token.NewFileSet()}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := tr.add(name, []byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// wantFindings compares findings with the wanted ones, each given as "where: part of what".
func wantFindings(t *testing.T, got []finding, want ...string) {
	t.Helper()
	var lines []string
	for _, f := range got {
		lines = append(lines, f.where+": "+f.what)
	}
	if len(got) != len(want) {
		t.Fatalf("%d findings, want %d:\n%s", len(got), len(want), strings.Join(lines, "\n"))
	}
	for i, w := range want {
		where, part, _ := strings.Cut(w, ": ")
		if got[i].where != where || !strings.Contains(got[i].what, part) {
			t.Errorf("finding %d is %q, want %q", i, lines[i], w)
		}
	}
}

// exists says whether a path below the root exists.
func exists(rel string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(rel)))
	return err == nil
}

func unmapped(t *tree) []finding {
	var out []finding
	for _, d := range t.dirs() {
		if _, ok := placeOf(d); !ok {
			out = append(out, finding{d, "is not on the map of packages"})
		}
	}
	return out
}

func TestEveryPackageIsOnTheMap(t *testing.T) {
	tr := project(t)
	report(t, "a package without a place has no import rules. Add it to layout in internal/archtest and to docs/ARCHITECTURE.md.",
		unmapped(tr))
	have := tr.dirs()
	for _, p := range layout {
		if !slices.Contains(have, p.dir) {
			t.Logf("not there yet, its rules begin with it: %s (%s: %s)", p.dir, p.kind, p.does)
		}
	}
	if len(have) < 5 {
		t.Errorf("only %d packages found below %s: the tree was not read", len(have), root)
	}
}

func TestEveryPackageIsOnTheMapFindsStrays(t *testing.T) {
	tr := made(t, map[string]string{
		"internal/emr/a.go":         "package emr",
		"internal/emrsim/deep/a.go": "package deep",
		"internal/stray/a.go":       "package stray",
		"a.go":                      "package emrguard",
	})
	wantFindings(t, unmapped(tr), ".: not on the map", "internal/stray: not on the map")
}

// requirements returns the module paths that go.mod requires.
func requirements(t *testing.T) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		fields := strings.Fields(strings.TrimPrefix(s.Text(), "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && strings.Contains(fields[0], ".") {
			out = append(out, fields[0])
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
