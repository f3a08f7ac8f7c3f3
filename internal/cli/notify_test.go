package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"emrguard/internal/notify"
	"emrguard/internal/store"
)

// TestNotify: what a person does to set notifications up, with a receiver that takes them and one that does not.
func TestNotify(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		if strings.HasPrefix(r.URL.Path, "/services") {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	env := []string{"EMRGUARD_CONFIG=" + filepath.Join(dir, "emrguard.yaml"), "CHAT=" + server.URL + "/services/T0/SECRET", "KEY=SECRET SECRET SECRET"}
	configure := func(sinks string) {
		writeFile(t, filepath.Join(dir, "emrguard.yaml"), "listen: none\nscopes: [{name: a, region: us-east-1, endpoint: \"http://127.0.0.1:9\"}]\nclusters: [{match: {}, mode: observe}]\n"+sinks)
	}
	configure("")
	if got := runCLI(t, env, "notify", "test"); got.code != exitUsage || !strings.Contains(got.errOut, "has no sinks") {
		t.Errorf("code %d, %s", got.code, got.errOut)
	}
	configure("notify:\n  sinks:\n    - {name: pager, webhook: {url: \"" + server.URL + "/hook\", secret_envs: [KEY]}}\n    - {name: chat, slack: {url_env: CHAT}}\n    - {name: lost, slack: {url_file: no.url}}\n")
	got := runCLI(t, env, "check")
	for _, want := range []string{"ok       notifications  -      sink pager: webhook at http://127.0.0.1", "signed with 1 secret: it accepts connections", "emrguard notify test --sink chat", "problem  notifications  -      sink lost:", "no such file"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("check does not say %q:\n%s", want, got.out)
		}
	}
	if hits.Load() != 0 {
		t.Error("check sent something")
	}
	got = runCLI(t, env, "notify", "test", "-o", "json")
	var page testPage
	if err := json.Unmarshal([]byte(got.out), &page); err != nil {
		t.Fatalf("%v: %s", err, got.out)
	}
	if got.code != exitFindings || page.OK || len(page.Sinks) != 3 || !page.Sinks[0].OK || page.Sinks[1].OK || page.Sinks[2].OK || hits.Load() != 2 {
		t.Errorf("code %d, %d requests, %+v", got.code, hits.Load(), page)
	}
	if got := runCLI(t, env, "notify", "test", "--sink", "pager"); got.code != exitOK || !strings.Contains(got.out, "sent") {
		t.Errorf("code %d, %s %s", got.code, got.out, got.errOut)
	}
	if got := runCLI(t, env, "notify", "test", "--sink", "pagre"); got.code != exitUsage || !strings.Contains(got.errOut, "there are pager, chat, lost") {
		t.Errorf("code %d, %s", got.code, got.errOut)
	}
	if got := runCLI(t, env, "once", "--timeout", "2s"); got.code != exitUsage || !strings.Contains(got.errOut, "sink lost") {
		t.Errorf("a guard without one of its sinks: code %d, %s", got.code, got.errOut)
	}
	configure("notify:\n  sinks: [{name: pager, webhook: {url: \"" + server.URL + "/hook\"}}]\n")
	runCLI(t, env, "once", "--timeout", "2s") // its endpoint does not answer
	got = runCLI(t, env, "notify", "pending")
	if got.code != exitOK || !strings.Contains(got.out, "pager  -        -     -      -     0 messages waiting, 0 events open") {
		t.Errorf("code %d, %s %s", got.code, got.out, got.errOut)
	}
	got = runCLI(t, env, "notify", "pending", "-o", "json")
	var pending notify.Pending
	if err := json.Unmarshal([]byte(got.out), &pending); err != nil || len(pending.Sinks) != 1 || pending.Since.IsZero() {
		t.Errorf("%v: %s", err, got.out)
	}
	if got := runCLI(t, env, "status"); strings.Contains(got.out, store.NotifyScope) {
		t.Errorf("status shows the notifications as a scope:\n%s", got.out)
	}
}
