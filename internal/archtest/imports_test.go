package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// denied is what a PURE package must not import from the standard library, and why. A pattern that ends in "/..." covers the
// packages below it. Each pattern must name a package that exists, so that a misspelt one cannot allow what it means to deny.
var denied = []struct{ pattern, why string }{
	{"os/...", "the world is reached by adapters; a decision gets what it needs as arguments"},
	{"net/...", "the world is reached by adapters; a decision gets what it needs as arguments"},
	{"io/fs", "the world is reached by adapters; a decision gets what it needs as arguments"},
	{"io/ioutil", "the world is reached by adapters; a decision gets what it needs as arguments"},
	{"path/filepath", "it walks the file system and differs between systems"},
	{"syscall", "the world is reached by adapters; a decision gets what it needs as arguments"},
	{"database/sql/...", "state is loaded before a decision and saved after it"},
	{"log/...", "a decision carries its reason as a value; the engine logs it, so log, history and dry run show the same"},
	{"sync/...", "PURE code runs in one goroutine and shares nothing; a lock there hides a goroutine"},
	{"context", "a decision is not cancelled half way; contexts belong to calls"},
	{"math/rand/...", "the same inputs must give the same decision; ids and jitter come in as arguments"},
	{"crypto/rand", "the same inputs must give the same decision; ids and jitter come in as arguments"},
	{"hash/maphash", "its seed differs between processes; the same inputs must give the same decision"},
	{"runtime/...", "a decision must not depend on the process it runs in"},
	{"unsafe", "nothing a decision needs"},
	{"plugin", "nothing a decision needs"},
	{"flag", "settings come in as arguments"},
	{"expvar", "metrics are the engine's"},
	{"testing/...", "test code stays in test files"},
}

// exception is a third-party package that one PURE package may import, and the names of it that this package may use.
type exception struct {
	dir, target string
	names       []string
	why         string
}

// excepted are the exceptions to the rule that PURE packages import std and PURE alone.
var excepted = []exception{
	{
		"internal/schedule", "github.com/adhocore/gronx", []string{"New", "SegmentChecker"},
		"the meaning of a cron field (lists, steps, L, W, #) is worth a library that many use. It is asked while an expression is parsed, about times that " +
			"are given to it; what looks at the wall clock or searches (NextTick, PrevTick, IsValid, IsDue without a time) is not called, and a " +
			"property compares the result with it",
	},
}

// pureImports checks the imports of PURE packages: std without the denied ones, PURE, and what is excepted.
func pureImports(t *tree) []finding {
	pures := of(pure)
	var out []finding
	for _, f := range t.files {
		if f.test || !slices.Contains(pures, f.dir) {
			continue
		}
		imports := f.imports()
		for _, imp := range slices.Sorted(maps.Keys(imports)) {
			where := t.at(imports[imp])
			rel, own := strings.CutPrefix(imp, module+"/")
			switch {
			case own && !slices.Contains(pures, rel):
				out = append(out, finding{where, fmt.Sprintf("imports %s, which is not PURE", rel)})
			case own:
			case excepts(f.dir, imp) != nil:
				out = append(out, beyond(t, f, excepts(f.dir, imp))...)
			case imp == "C":
				out = append(out, finding{where, "imports C"})
			case strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
				out = append(out, finding{where, fmt.Sprintf("imports %s: only the standard library and PURE packages", imp)})
			default:
				for _, d := range denied {
					if covers(d.pattern, imp) {
						out = append(out, finding{where, fmt.Sprintf("imports %s: %s", imp, d.why)})
					}
				}
			}
		}
	}
	return out
}

// excepts returns the exception by which a package may import a path, or nil.
func excepts(dir, path string) *exception {
	for i := range excepted {
		if excepted[i].dir == dir && excepted[i].target == path {
			return &excepted[i]
		}
	}
	return nil
}

// beyond finds what a file uses of an excepted package beyond the names it may.
func beyond(t *tree, f source, e *exception) []finding {
	var out []finding
	name := localName(f.ast, e.target)
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && (isIdent(s.X, name) && !slices.Contains(e.names, s.Sel.Name) || s.Sel.Name == "IsDue") {
			out = append(out, finding{t.at(s.Pos()), fmt.Sprintf("uses %s of %s: only %s", s.Sel.Name, e.target, strings.Join(e.names, ", "))})
		}
		return true
	})
	return out
}

func TestPureImports(t *testing.T) {
	report(t, "PURE packages decide. They must give the same decision for the same arguments in production, in a dry run and in the simulation.",
		pureImports(project(t)))
}

func TestPureImportsFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{
		"internal/guard/a.go": `package guard
import "time"
import "os/exec"
import "github.com/google/uuid"
import "emrguard/internal/store"
import "emrguard/internal/pool"
import "math/rand/v2"
`,
		"internal/schedule/a.go": "package schedule\nimport \"github.com/adhocore/gronx\"\nimport \"github.com/adhocore/gronx/pkg/tasker\"\n" +
			"var a, b = gronx.New(), gronx.NextTick\nvar c, _ = a.IsDue(\"\")\n",
		"internal/pool/a.go":       "package pool\nimport \"github.com/adhocore/gronx\"\n",
		"internal/guard/a_test.go": "package guard\nimport \"os\"\n",
		"internal/store/a.go":      "package store\nimport \"os\"\n",
	})
	wantFindings(t, pureImports(tr), "internal/guard/a.go:5: store, which is not PURE", "internal/guard/a.go:4: only the standard library",
		"internal/guard/a.go:7: the same inputs", "internal/guard/a.go:3: reached by adapters", "internal/pool/a.go:2: only the standard library",
		"internal/schedule/a.go:4: uses NextTick", "internal/schedule/a.go:5: uses IsDue", "internal/schedule/a.go:3: only the standard library")
}

func TestDeniedPackagesExist(t *testing.T) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatalf("go list std: %v", err)
	}
	std := strings.Fields(string(out))
	for _, d := range denied {
		name := strings.TrimSuffix(d.pattern, "/...")
		below := strings.HasSuffix(d.pattern, "/...") &&
			slices.ContainsFunc(std, func(s string) bool { return strings.HasPrefix(s, name+"/") })
		if !slices.Contains(std, name) && !below {
			t.Errorf("%q is no package of the standard library: the rule means something else or is obsolete", d.pattern)
		}
		if d.why == "" {
			t.Errorf("%q is denied without a reason", d.pattern)
		}
	}
}

// owner restricts who may import a package. Import paths without the module's prefix are third-party or std.
type owner struct {
	target  []string // import paths as patterns; own packages as internal/...
	by      []string // packages whose files may import it
	byTests []string // packages whose test files may import it as well; "..." stands for all
	why     string
}

var owners = []owner{
	{
		target: []string{"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/..."},
		by:     []string{"internal/awsapi/..."}, byTests: []string{"internal/emrsim/wire/..."},
		why: "the SDK's types, retries and errors stop at the adapter: everything inside speaks internal/emr, and the simulator must not be right by sharing the client's code",
	},
	{
		target: []string{"modernc.org/sqlite/..."}, by: []string{"internal/store/sqlite/..."},
		why: "a driver belongs to its store: everything else goes through the port, which has one suite",
	},
	{
		target: []string{"github.com/jackc/pgx/v5/..."}, by: []string{"internal/store/postgres/..."},
		why: "a driver belongs to its store: everything else goes through the port, which has one suite",
	},
	{
		target: []string{"database/sql/..."}, by: []string{"internal/store/..."},
		why: "SQL belongs to the stores: everything else goes through the port, which has one suite",
	},
	{
		target: []string{"internal/app"}, by: []string{"internal/cli", "cmd/emrguard"}, byTests: []string{"..."},
		why: "app puts the parts together; a part that imports it would know all the others",
	},
	{
		target: []string{"internal/cli"}, by: []string{"cmd/emrguard"}, byTests: []string{"..."},
		why: "the commands are the outermost layer",
	},
	{
		target: []string{"internal/emrsim/..."}, by: []string{"internal/emrsim/...", "internal/app", "internal/cli", "internal/simtest/...", "internal/proof", "internal/usefulness"},
		byTests: []string{"..."},
		why:     "production code must not know the simulator: what it does against EMR is what was proved",
	},
	{
		target: []string{"internal/store/storetest", "internal/simtest/...", "internal/proof", "internal/usefulness", "internal/archtest"}, by: []string{"internal/simtest/...", "internal/proof", "internal/usefulness", "cmd/proof"},
		byTests: []string{"..."},
		why:     "test code stays in test files",
	},
	{
		target: []string{"internal/store/sqlite", "internal/store/postgres", "internal/store/memory"}, by: []string{"internal/app", "internal/cli", "internal/simtest/...", "internal/proof", "internal/usefulness"},
		byTests: []string{"..."},
		why:     "which store it is, is decided where the parts are put together; the rest knows the port",
	},
	{
		target: []string{"github.com/wneessen/go-mail/..."}, by: []string{"internal/notify/sink"},
		why: "how a mail is sent is one sink's; everything else speaks of messages",
	},
	{
		target: []string{"internal/notify/sink"}, by: []string{"internal/app", "internal/cli"}, byTests: []string{"..."},
		why: "the notifier sees to it that a message arrives and knows no way to send one; the ways are put in where the parts are put together",
	},
	{
		target: []string{"go.opentelemetry.io/otel/..."}, by: []string{"internal/telemetry/traces"}, byTests: []string{"internal/app"},
		why: "traces are told from outside, from what a step says of itself: what decides must be the same with and without them",
	},
	{
		target: []string{"internal/awsapi"}, by: []string{"internal/app", "internal/cli"}, byTests: []string{"..."},
		why: "which EMR it is, is decided where the parts are put together; the engine states the interface it needs",
	},
	{
		target: []string{"github.com/hashicorp/hcl/v2/...", "github.com/zclconf/go-cty/...", "github.com/zclconf/go-cty-yaml"}, by: []string{"internal/deploytest"},
		why: "Terraform's language is there to test the module under deploy; the program does not speak it",
	},
}

// owned checks who imports what has owners.
func owned(t *tree, rule owner) []finding {
	var out []finding
	for _, f := range t.files {
		imports := f.imports()
		for _, imp := range slices.Sorted(maps.Keys(imports)) {
			if !coversAny(rule.target, strings.TrimPrefix(imp, module+"/")) || coversAny(rule.by, f.dir) {
				continue
			}
			if f.test && (slices.Contains(rule.byTests, "...") || coversAny(rule.byTests, f.dir)) {
				continue
			}
			out = append(out, finding{t.at(imports[imp]), fmt.Sprintf("%s imports %s; only %s may", f.dir, imp, strings.Join(rule.by, ", "))})
		}
	}
	return out
}

func TestOwnedImports(t *testing.T) {
	tr := project(t)
	required := requirements(t)
	for _, rule := range owners {
		name := strings.TrimSuffix(rule.target[0], "/...")
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			report(t, rule.why, owned(tr, rule))
			for _, target := range rule.target {
				base := strings.TrimSuffix(target, "/...")
				host := strings.Contains(strings.SplitN(base, "/", 2)[0], ".")
				if host && !slices.Contains(required, base) {
					t.Logf("go.mod does not require %s yet; the rule begins with it", base)
				}
			}
		})
	}
}

func TestOwnedImportsFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{
		"internal/awsapi/a.go":           "package awsapi\nimport \"github.com/aws/aws-sdk-go-v2/service/emr\"\n",
		"internal/emrsim/wire/a_test.go": "package wire\nimport \"github.com/aws/aws-sdk-go-v2/service/emr\"\n",
		"internal/emrsim/wire/a.go":      "package wire\nimport \"github.com/aws/smithy-go\"\n",
		"internal/engine/a_test.go":      "package engine\nimport \"github.com/aws/aws-sdk-go-v2/service/emr\"\n",
	})
	wantFindings(t, owned(tr, owners[0]), "internal/emrsim/wire/a.go:2: smithy-go", "internal/engine/a_test.go:2: service/emr")
	tr = made(t, map[string]string{
		"internal/cli/a.go":      "package cli\nimport \"emrguard/internal/app\"\n",
		"internal/web/a.go":      "package web\nimport \"emrguard/internal/app\"\n",
		"internal/web/a_test.go": "package web\nimport \"emrguard/internal/app\"\n",
	})
	wantFindings(t, owned(tr, owners[4]), "internal/web/a.go:2: internal/web imports")
}

// reach restricts what a package may import of this module. Test files are free.
type reach struct {
	from  []string
	allow []string
	why   string
}

var reaches = []reach{
	{
		from:  []string{"internal/engine/..."},
		allow: []string{"internal/engine/...", "internal/emr", "internal/budget", "internal/guard", "internal/phrase", "internal/store"},
		why:   "the engine observes, journals and acts; decisions come from guard alone, so that there is one place that decides, and adapters come in through the engine's own interfaces",
	},
	{
		from:  []string{"internal/emrsim/..."},
		allow: []string{"internal/emrsim/...", "internal/emr"},
		why:   "a simulator that shares the guard's code shares its mistakes and proves nothing",
	},
	{
		from:  []string{"internal/awsapi/..."},
		allow: []string{"internal/awsapi/...", "internal/emr"},
		why:   "the adapter translates between EMR and internal/emr and decides nothing",
	},
	{
		from:  []string{"internal/store/..."},
		allow: []string{"internal/store/..."},
		why:   "a document's body is opaque to the store; what it means is the guard's",
	},
	{
		from:  []string{"cmd/emrguard"},
		allow: []string{"internal/cli", "internal/app"},
		why:   "main has arguments and signals and no logic",
	},
	{
		from:  []string{"internal/archtest", "internal/mutants", "internal/testreport"},
		allow: []string{},
		why:   "the tools of the house must work when the rest does not compile",
	},
}

// reached checks what packages import of this module.
func reached(t *tree, rule reach) []finding {
	var out []finding
	for _, f := range t.files {
		if f.test || !coversAny(rule.from, f.dir) {
			continue
		}
		imports := f.imports()
		for _, imp := range slices.Sorted(maps.Keys(imports)) {
			rel, own := strings.CutPrefix(imp, module+"/")
			if own && !coversAny(rule.allow, rel) {
				out = append(out, finding{t.at(imports[imp]), fmt.Sprintf("%s imports %s", f.dir, rel)})
			}
		}
	}
	return out
}

func TestReach(t *testing.T) {
	tr := project(t)
	for _, rule := range reaches {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(rule.from[0], "/..."), "/", "_"), func(t *testing.T) {
			report(t, rule.why, reached(tr, rule))
		})
	}
}

func TestReachFindsBreaches(t *testing.T) {
	tr := made(t, map[string]string{
		"internal/engine/a.go":          "package engine\nimport \"emrguard/internal/recovery\"\nimport \"emrguard/internal/guard\"\n",
		"internal/engine/a_test.go":     "package engine\nimport \"emrguard/internal/recovery\"\n",
		"internal/emrsim/scenario/a.go": "package scenario\nimport \"emrguard/internal/ledger\"\nimport \"emrguard/internal/emr\"\n",
	})
	wantFindings(t, reached(tr, reaches[0]), "internal/engine/a.go:2: internal/recovery")
	wantFindings(t, reached(tr, reaches[1]), "internal/emrsim/scenario/a.go:2: internal/ledger")
}

func TestRulesNameKnownPackages(t *testing.T) {
	var named []string
	for _, r := range owners {
		named = append(append(append(named, r.target...), r.by...), r.byTests...)
		if r.why == "" {
			t.Errorf("the rule on %v has no reason", r.target)
		}
	}
	for _, e := range excepted {
		named = append(named, e.dir)
		if e.why == "" {
			t.Errorf("the exception of %s for %s has no reason", e.dir, e.target)
		}
	}
	for _, r := range reaches {
		named = append(append(named, r.from...), r.allow...)
		if r.why == "" {
			t.Errorf("the rule on %v has no reason", r.from)
		}
	}
	for _, n := range named {
		n = strings.TrimSuffix(n, "/...")
		if _, ok := placeOf(n); !ok && (strings.HasPrefix(n, "internal/") || strings.HasPrefix(n, "cmd/")) {
			t.Errorf("a rule names %s, which is not on the map of packages", n)
		}
	}
}
