package notify

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/view"
)

var update = flag.Bool("update", false, "rewrite docs/notification-kinds.md")

func TestReferenceIsCurrent(t *testing.T) {
	const file = "../../docs/notification-kinds.md"
	if *update {
		if err := os.WriteFile(file, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), Reference()); d != "" {
		t.Errorf("%s is not current (-have +want); go test ./internal/notify -run Reference -update rewrites it\n%s", file, d)
	}
}

// TestKindsExist: what is notified is written by somebody, each kind is told once and in full.
func TestKindsExist(t *testing.T) {
	known := view.Kinds()
	for _, k := range kinds {
		if !slices.Contains(known, k.name) {
			t.Errorf("%s is no kind of record", k.name)
		}
		if k.topic == "" || k.severity.rank() < 0 || k.what == "" || (k.undo == "") != (k.undoing == "") {
			t.Errorf("%s is not described in full: %+v", k.name, k)
		}
	}
	if len(byName) != len(kinds) {
		t.Errorf("%d kinds have %d names", len(kinds), len(byName))
	}
}
