package cli

import (
	"strings"
	"testing"
)

func TestStartedAs(t *testing.T) {
	const pkg = "emrguard/cmd/emrguard"
	hash := strings.Repeat("0a", 32)
	for _, c := range []struct{ arg, pkg, want string }{
		{"emrguard", pkg, "emrguard"},
		{"bin/emrguard", pkg, "bin/emrguard"},
		{"/usr/local/bin/emrguard", "", "/usr/local/bin/emrguard"},
		{"/tmp/go-build123456/b001/exe/emrguard", pkg, "go run emrguard/cmd/emrguard"},
		{"/home/ann/.cache/go-build/0a/" + hash + "-d/emrguard", pkg, "go run emrguard/cmd/emrguard"},
		{"/srv/cache/0a/" + hash + "-d/emrguard", pkg, "go run emrguard/cmd/emrguard"},
		{`C:\Users\ann\AppData\Local\go-build\0a\` + hash + `-d\emrguard.exe`, pkg, "go run emrguard/cmd/emrguard"},
		{"/home/ann/go-builds/emrguard", pkg, "/home/ann/go-builds/emrguard"},
		{"/home/ann/my tools/emrguard", pkg, "emrguard"},
		{"", "", "emrguard"},
	} {
		if got := startedAs(c.arg, c.pkg); got != c.want {
			t.Errorf("started as %q: got %q, want %q", c.arg, got, c.want)
		}
	}
}
