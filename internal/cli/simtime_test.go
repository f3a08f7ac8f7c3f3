package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store/sqlite"
)

// Beside a guard that follows a simulator in the past its lease holds, by the simulator's clock: no command acts in its place.
func TestCommandsHaveTheTimeOfTheSimulator(t *testing.T) {
	begin := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	sim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"now":"` + begin.Add(time.Minute).Format(time.RFC3339) + `","speed":60}`))
	}))
	defer sim.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "emrguard.yaml")
	if err := os.WriteFile(path, []byte("scopes: [{name: sim, region: us-east-1, endpoint: \""+sim.URL+"\"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "emrguard.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(t.Context(), "sim", "guard", "vm, pid 1", begin, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, "scope sim: emrguard runs (vm, pid 1 guard)"},
		{[]string{"pause", "--all", "--timeout", "50ms"}, "waits: vm, pid 1 guard holds scope sim"},
	} {
		var out bytes.Buffer
		d := &Deps{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Env: func(string) string { return "" }, IsTTY: func(any) bool { return false }, Version: "test"}
		Run(t.Context(), d, append(c.args, "-c", path))
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: got %q, want %q in it", c.args, out.String(), c.want)
		}
	}
}
