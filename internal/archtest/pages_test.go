package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// page is one Markdown file of the project.
type page struct {
	name  string
	lines []string
}

// pages reads README.md, CONTRIBUTING.md and everything in docs.
func pages(t *testing.T) []page {
	t.Helper()
	names := []string{"README.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(file, ".md") {
			rel, _ := filepath.Rel(root, file)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []page
	for _, n := range names {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(n)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page{n, strings.Split(string(text), "\n")})
	}
	return out
}

// names holds what the module's packages declare: "Name" and "Type.Member" by package name, and the test functions.
type names struct {
	byPackage map[string]map[string]bool
	tests     map[string]bool
}

func declared(t *tree) names {
	out := names{map[string]map[string]bool{}, map[string]bool{}}
	for _, f := range t.files {
		pkg := out.byPackage[f.ast.Name.Name]
		if pkg == nil {
			pkg = map[string]bool{}
			out.byPackage[f.ast.Name.Name] = pkg
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				recv, _ := receiver(d)
				pkg[recv+d.Name.Name] = true
				if f.test && recv == "" {
					out.tests[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.ValueSpec:
						for _, n := range s.Names {
							pkg[n.Name] = true
						}
					case *ast.TypeSpec:
						pkg[s.Name.Name] = true
						var fields *ast.FieldList
						switch x := s.Type.(type) {
						case *ast.StructType:
							fields = x.Fields
						case *ast.InterfaceType:
							fields = x.Methods
						default:
							continue
						}
						for _, field := range fields.List {
							for _, n := range field.Names {
								pkg[s.Name.Name+"."+n.Name] = true
							}
						}
					}
				}
			}
		}
	}
	return out
}

var (
	span       = regexp.MustCompile("`([^`]+)`")
	link       = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	filePath   = regexp.MustCompile(`^\.?/?(internal|cmd|docs|\.ci)(/[\w.*…-]+)+/?$`)
	identifier = regexp.MustCompile(`^([a-z]\w*)\.([A-Z]\w*(?:\.[A-Z]\w*)?)(\(.*\))?$`)
	testName   = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`)
	makeTarget = regexp.MustCompile(`^make ([a-z-]+)$`)
	rootFile   = regexp.MustCompile(`^(\./)?[\w.-]+\.(sh|md|yml|mod|sum)$|^(Makefile|LICENSE|\.golangci\.yml)$`)
)

// stale finds what a page names in backticks or links to and is not there. Fenced blocks are not looked at. A package that is on
// the map of packages and not there yet may be named.
func stale(p page, have names, targets []string, there func(string) bool) []finding {
	var out []finding
	fenced := false
	for i, line := range p.lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		where := fmt.Sprintf("%s:%d", p.name, i+1)
		add := func(format string, args ...any) { out = append(out, finding{where, fmt.Sprintf(format, args...)}) }
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if to := m[1]; !strings.Contains(to, "://") && !there(path.Join(path.Dir(p.name), to)) {
				add("links to %s, which does not exist", to)
			}
		}
		for _, m := range span.FindAllStringSubmatch(line, -1) {
			text := m[1]
			switch {
			case filePath.MatchString(text):
				name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(text, "./"), "/..."), "/")
				if mapped, ok := placeOf(name); !there(name) && (!ok || there(mapped.dir)) {
					add("%s does not exist", text)
				}
			case rootFile.MatchString(text):
				name := strings.TrimPrefix(text, "./")
				if !there(name) && !there(path.Join(path.Dir(p.name), name)) && !slices.Contains(foreign, name) {
					add("%s does not exist", text)
				}
			case makeTarget.MatchString(text):
				if target := makeTarget.FindStringSubmatch(text)[1]; !slices.Contains(targets, target) {
					add("the Makefile has no target %s", target)
				}
			case testName.MatchString(text):
				if !have.tests[text] {
					add("there is no test %s", text)
				}
			case identifier.MatchString(text):
				id := identifier.FindStringSubmatch(text)
				if pkg, ok := have.byPackage[id[1]]; ok && !pkg[id[2]] {
					add("package %s has no %s", id[1], id[2])
				}
			}
		}
	}
	return out
}

// foreign are file names that pages may mention although they are the reader's, not the project's.
var foreign = []string{"emrguard.yaml", "emrguard.db"}

// present says whether a path or pattern below the root matches something.
func present(rel string) bool {
	if strings.Contains(rel, "*") {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(rel)))
		return err == nil && len(found) > 0
	}
	return exists(rel)
}

// makeTargets returns the Makefile's targets.
func makeTargets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

func TestPagesNameWhatExists(t *testing.T) {
	have, targets := declared(project(t)), makeTargets(t)
	for _, p := range pages(t) {
		t.Run(strings.ReplaceAll(p.name, "/", "_"), func(t *testing.T) {
			report(t, "a page that names a place that is gone sends its reader astray.", stale(p, have, targets, present))
		})
	}
}

func TestPagesNameWhatExistsFindsBreaches(t *testing.T) {
	have := declared(made(t, map[string]string{
		"internal/emr/a.go":      "package emr\ntype Group struct{ Name string }\nfunc (g *Group) Missing() int { return 0 }\n",
		"internal/emr/a_test.go": "package emr\nfunc TestThere() {}\n",
	}))
	p := page{"docs/a.md", strings.Split("`emr.Group` `emr.Group.Missing()` `emr.Group.Name` `emr.Gone` `time.Gone`\n"+
		"`internal/emr` `internal/emr/gone.go` `internal/nowhere` `internal/notify`\n"+
		"`make test` `make gone` `TestThere` `TestGone`\n"+
		"[a](b.md) [c](gone.md) [d](https://example.org/)\n"+
		"```\n`internal/nowhere`\n```\n`CONTRIBUTING.md` `gone.md` `emrguard.yaml`\n", "\n")}
	there := func(s string) bool {
		return slices.Contains([]string{"internal/emr", "docs/b.md", "CONTRIBUTING.md"}, s)
	}
	wantFindings(t, stale(p, have, []string{"test"}, there), "docs/a.md:1: no Gone", "docs/a.md:2: internal/emr/gone.go", "docs/a.md:2: internal/nowhere",
		"docs/a.md:3: target gone", "docs/a.md:3: test TestGone", "docs/a.md:4: gone.md", "docs/a.md:8: gone.md")
}

func TestArchitecturePageNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var missing []finding
	for _, p := range layout {
		if !strings.Contains(string(text), "`"+p.dir+"`") {
			missing = append(missing, finding{"docs/ARCHITECTURE.md", "does not name `" + p.dir + "`"})
		}
	}
	report(t, "the page and the map of packages describe the same house.", missing)
}

// ruleHeading is a rule's heading in docs/recovery.md.
var ruleHeading = regexp.MustCompile(`^## R(\d+)\b`)

var (
	testPrefix = regexp.MustCompile(`^(Test|Fuzz|Benchmark)`)
	ruleWord   = regexp.MustCompile(`R\d+`)
	transcript = regexp.MustCompile(`^r(\d\d)_`)
)

// cited returns the rules that a test function cites in its name, each as a word of its own, or a transcript at the head of its.
func cited(name string) []int {
	if m := transcript.FindStringSubmatch(name); m != nil {
		n, _ := strconv.Atoi(m[1])
		return []int{n}
	}
	var out []int
	if !testPrefix.MatchString(name) {
		return nil
	}
	for _, at := range ruleWord.FindAllStringIndex(name, -1) {
		before, after := name[at[0]-1], name[at[1]:]
		if n, err := strconv.Atoi(name[at[0]+1 : at[1]]); err == nil && n < 100 && (before < 'A' || before > 'Z') &&
			(after == "" || after[0] < 'a' || after[0] > 'z') {
			out = append(out, n)
		}
	}
	return out
}

func TestCited(t *testing.T) {
	for name, want := range map[string][]int{"TestR4StopCount": {4}, "TestR13": {13}, "TestR10_Outside": {10}, "r04_stop.txt": {4}, "TestRead": nil,
		"r4.txt": nil, "TestPropertyR4Promises": {4}, "TestErrorR400": nil, "BenchmarkR6": {6}, "TestR4R7_Kill": {4, 7}, "TestIR5": nil, "TestR5th": nil} {
		if got := cited(name); !slices.Equal(got, want) {
			t.Errorf("cited(%q) is %v, want %v", name, got, want)
		}
	}
}

// TestRulesAndTests compares the rules of docs/recovery.md with the tests that cite them.
func TestRulesAndTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "recovery.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []int
	for line := range strings.Lines(string(text)) {
		if m := ruleHeading.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			rules = append(rules, n)
		}
	}
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}; !slices.Equal(rules, want) {
		t.Errorf("docs/recovery.md has the rules %v, want %v: numbers are cited in tests, settings and history, so they never change", rules, want)
	}

	have := map[int]bool{}
	cite := func(where, name string) {
		for _, n := range cited(name) {
			have[n] = true
			if !slices.Contains(rules, n) {
				t.Errorf("%s: %s cites a rule that docs/recovery.md does not have", where, name)
			}
		}
	}
	guardTested := false
	tr := project(t)
	for _, f := range tr.files {
		guardTested = guardTested || (f.test && f.dir == "internal/guard")
	}
	for name := range declared(tr).tests {
		cite("a test", name)
	}
	err = filepath.WalkDir(filepath.Join(root, "internal"), func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(filepath.ToSlash(file), "/testdata/") {
			cite(filepath.ToSlash(file), d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var missing []finding
	for _, n := range rules {
		if !have[n] {
			missing = append(missing, finding{fmt.Sprintf("R%d", n), fmt.Sprintf("no test is called TestR%d… and no transcript r%02d_…", n, n)})
		}
	}
	if !guardTested {
		t.Logf("internal/guard has no tests yet; with the first of them every rule needs one. Without a test now: %d of %d", len(missing), len(rules))
		return
	}
	report(t, "a rule without a test that cites it is a promise nobody checks.", missing)
}
