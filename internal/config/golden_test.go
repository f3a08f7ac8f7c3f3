package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/config.md")

// TestGolden parses each testdata/*.yaml as emrguard.yaml; what is printed about it is in the .golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", outcome(t, data))
		})
	}
}

// outcome is what a user reads about a file.
func outcome(t *testing.T, data []byte) string {
	t.Helper()
	cfg, err := Parse("emrguard.yaml", data)
	if err == nil {
		return "valid\n" + strings.Join(cfg.WarningLines(), "\n") + "\n"
	}
	if cfg != nil {
		t.Error("a configuration and an error")
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) == 0 {
		t.Fatalf("not an *Error with problems: %v", err)
	}
	for _, word := range []string{"config.", "emr.", "recovery.Settings", "!!", "yaml.Node", "reflect", "int64", "time.Duration"} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("the message leaks %q:\n%v", word, err)
		}
	}
	return err.Error() + "\n"
}

// golden compares with a file, or rewrites it with -update.
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
		t.Fatalf("%v; go test ./internal/config -update writes it", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got); go test ./internal/config -update rewrites it\n%s", file, d)
	}
}
