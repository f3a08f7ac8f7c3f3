package importer

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden converts testdata/*.json; the .yaml file beside each is what goes to standard output, the .notes file the rest.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".json")
		t.Run(filepath.Base(base), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Convert(data, config.Observe)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, base+".yaml", r.Text())
			golden(t, base+".notes", notes(r)+r.Summary()+"\n")
			readable(t, r)
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/importer -update writes it", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got); go test ./internal/importer -update rewrites it\n%s", file, d)
	}
}

func notes(r Result) string {
	var b strings.Builder
	for _, n := range r.Notes {
		b.WriteString(n.String() + "\n")
	}
	return b.String()
}

// readable says whether the rules are valid in a configuration, and the same there.
func readable(t interface{ Fatalf(string, ...any) }, r Result) {
	cfg, err := config.Parse("emrguard.yaml", []byte("scopes: [{name: prod, region: us-east-1}]\n"+r.Text()))
	if err != nil {
		t.Fatalf("not a valid configuration: %v\n%s", err, r.Text())
	}
	if len(cfg.Clusters) != len(r.Rules) {
		t.Fatalf("%d rules became %d\n%s", len(r.Rules), len(cfg.Clusters), r.Text())
	}
	for i := range cfg.Clusters {
		if got, want := config.RuleText(cfg.Clusters[i], nil), config.RuleText(r.Rules[i].Rule, nil); got != want {
			t.Fatalf("a rule differs after reading:\n%s\n%s", got, want)
		}
	}
}

func TestRefusedInput(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "mrScaler: {}", "not valid JSON"},
		{"two values", `{"scaling": {}} {}`, "something follows the value"},
		{"an empty file", "", "not valid JSON: EOF"},
		{"a number", "5", "there is no mrScaler: want an object"},
		{"an empty list", `{"response": {"items": []}}`, "the list holds no mrScaler"},
		{"a list of something else", `[{"mrScaler": {"scaling": {}}}, {"id": "x"}]`, "there is no mrScaler at [1]"},
		{"Terraform", `{"resource": {"spotinst_mrscaler_aws": {}}}`, "this is Terraform's form"},
	} {
		if _, err := Convert([]byte(c.text), config.Observe); err == nil || errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	for name, text := range map[string]string{
		"nothing in it":      `{"mrScaler": {"scaling": {}}}`,
		"a master alone":     `{"compute": {"instanceGroups": {"masterGroup": {}}}}`,
		"kinds that are not": `{"strategy": 1, "compute": [], "scaling": "x", "coreScaling": null, "scheduling": {"tasks": 5}, "terminationPolicies": [7]}`,
		"vCPUs":              `{"compute": {"instanceGroups": {"taskGroup": {"capacity": {"unit": "weight"}}}}}`,
	} {
		r, err := Convert([]byte(text), config.Observe)
		if name == "kinds that are not" {
			if err != nil || len(r.Rules) != 1 { // a scaling that is no object still says that there is a task pool
				t.Errorf("%s: %v %v", name, err, r)
			}
			continue
		}
		if !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzConvert: whatever the input is, it does not panic, what comes out is a valid configuration, and every note has a place and words.
func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			f.Fatal(err)
		}
		short, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(short)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Convert(data, config.Observe)
		for _, n := range r.Notes {
			if n.Path == "" || n.Text == "" {
				t.Fatalf("a note without a place or words: %+v", n)
			}
		}
		if err != nil {
			return
		}
		readable(t, r)
	})
}
