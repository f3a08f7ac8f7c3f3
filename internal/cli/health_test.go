package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestHealthAsksTheListener(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, r.URL.Path)
	}))
	defer server.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, c := range []struct {
		name, listen, args string
		code               int
		text               string
	}{
		{"well", "127.0.0.1:" + port, "", exitOK, "/healthz"},
		{"every address", "0.0.0.0:" + port + "\nlisten_token_env: TOKEN", "", exitOK, "/healthz"},
		{"not ready", "127.0.0.1:" + port, "--ready", exitFailure, "503 Service Unavailable: /readyz"},
		{"nobody", strings.TrimPrefix(gone.URL, "http://"), "", exitFailure, "nobody answers"},
		{"no listener", "none", "", exitUsage, "listen is none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "emrguard.yaml")
			writeFile(t, path, "listen: "+c.listen+"\nscopes: [{name: prod, region: us-east-1}]\n")
			got := runCLI(t, nil, append([]string{"health", "-c", path}, strings.Fields(c.args)...)...)
			if got.code != c.code || !strings.Contains(got.out+got.errOut, c.text) {
				t.Errorf("code %d, want %d with %q: %s%s", got.code, c.code, c.text, got.out, got.errOut)
			}
		})
	}
}

func TestConfigurationFromAVariable(t *testing.T) {
	const text = "scopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"
	got := runCLI(t, []string{"RULES=" + text}, "iam-policy", "-c", "env:RULES")
	if got.code != exitOK || !strings.Contains(got.out, "elasticmapreduce:ListClusters") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.errOut)
	}
	if got := runCLI(t, []string{"EMRGUARD_CONFIG=env:RULES", "RULES=" + text}, "iam-policy"); got.code != exitOK {
		t.Errorf("by EMRGUARD_CONFIG: code %d: %s", got.code, got.errOut)
	}
	if got := runCLI(t, []string{"RULES=scopse: []"}, "iam-policy", "-c", "env:RULES"); got.code != exitUsage || !strings.Contains(got.errOut, "env:RULES:1:1") {
		t.Errorf("a mistake: code %d: %s", got.code, got.errOut)
	}
	if got := runCLI(t, nil, "iam-policy", "-c", "env:RULES"); got.code != exitUsage || !strings.Contains(got.errOut, "the environment variable RULES is not set") {
		t.Errorf("not set: code %d: %s", got.code, got.errOut)
	}
	if err := replaceConfig("env:RULES", nil, nil); exitCode(err) != exitUsage {
		t.Errorf("written: %v", err)
	}
}
