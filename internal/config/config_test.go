package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

const small = "scopes: [{name: prod, region: us-east-1}]\n"

func TestDefaults(t *testing.T) {
	cfg := mustParse(t, small+"clusters: [{match: {}, mode: enforce}]\n")
	if got, want := cfg.Clusters[0].Recovery, recovery.Defaults(); got.After != want.After || got.EnforceBans != want.EnforceBans || len(got.Fallback) != 1 {
		t.Errorf("recovery starts from %+v", got)
	}
	if s := cfg.Scopes[0]; s.APIShare != DefaultAPIShare || s.Sweep != DefaultSweep {
		t.Errorf("scope starts from %+v", s)
	}
	if cfg.Store != DefaultStore || cfg.Listen != DefaultListen || cfg.History.Keep != DefaultKeep || cfg.Log.Format != LogAuto || cfg.Log.Level != LogInfo {
		t.Errorf("configuration starts from %+v", cfg)
	}
	if len(cfg.Warnings()) != 0 {
		t.Errorf("the defaults warn: %v", cfg.WarningLines())
	}
}

// A key with a zero value is not an absent key.
func TestExplicitZeros(t *testing.T) {
	cfg := mustParse(t, small+`
clusters:
  - match: {}
    mode: enforce
    recovery: {enforce_bans: false, progress_grace: 0s, starting_grace: 0s, reserve_slots: 0, max_groups: 0, after_capacity_error: 0}
  - match: {}
    mode: enforce
`)
	p := mustParse(t, small+`
clusters:
  - match: {}
    mode: enforce
    pools:
      - name: a
        role: TASK
        min: 0
        max: 9
        cooldown: {up: 0s, down: 0s}
        scale_up: [{name: u, metric: M, operator: gt, threshold: 0, cooldown: 0s, action: {type: set_min_target, target: 0}}]
        schedules: [{name: s, cron: 0 8 * * *, target: 0}]
    termination: {grace: 0s, policies: [{name: p, statements: [{metric: M, operator: lte, threshold: -1.5}]}]}
`).Clusters[0].Scaling
	pool, up := p.Pools[0], p.Pools[0].ScaleUp[0]
	if pool.Cooldown.Up != 0 || pool.Cooldown.Down != 0 || up.Cooldown == nil || *up.Cooldown != 0 || up.Threshold != 0 || up.Action.Target == nil || *up.Action.Target != 0 ||
		up.Action.Min != nil || pool.Schedules[0].Target == nil || pool.Schedules[0].Min != nil || p.Termination.Grace != 0 || p.Termination.Policies[0].Statements[0].Threshold != -1.5 {
		t.Errorf("%+v", p)
	}
	if up.Period != 5*time.Minute || up.Evaluations != 1 || up.Missing != scaling.Ignore || p.Termination.Mode != scaling.TerminationObserve {
		t.Errorf("defaults are missing: %+v", p)
	}
	r := cfg.Clusters[0].Recovery
	if r.EnforceBans || r.ProgressGrace != 0 || r.StartingGrace != 0 || r.ReserveSlots != 0 || r.MaxGroups != 0 || r.AfterCapacity != 0 {
		t.Errorf("%+v", r)
	}
	if r.After != 30*time.Minute || r.Chain != 3 {
		t.Errorf("the other keys lost their defaults: %+v", r)
	}
	if !cfg.Clusters[1].Recovery.EnforceBans {
		t.Error("one rule's settings reached the next")
	}
}

func TestMergeKeys(t *testing.T) {
	cfg := mustParse(t, small+`
clusters:
  - match: {names: [a]}
    mode: enforce
    recovery: &base {after: 45m, ban: 3h}
  - match: {names: [b]}
    mode: enforce
    recovery: {after: 50m, <<: *base}
  - match: {names: [c]}
    mode: enforce
    recovery: *base
`)
	for i, want := range []time.Duration{45 * time.Minute, 50 * time.Minute, 45 * time.Minute} {
		if r := cfg.Clusters[i].Recovery; r.After != want || r.Ban != 3*time.Hour {
			t.Errorf("clusters[%d]: after %s, ban %s", i, r.After, r.Ban)
		}
	}
}

func TestLaughs(t *testing.T) {
	var b strings.Builder
	b.WriteString(small + "clusters:\n  - &r\n    mode: enforce\n    match:\n      names: &n\n")
	for range 2000 {
		b.WriteString("        - a\n")
	}
	for range 2000 {
		b.WriteString("  - {<<: *r}\n")
	}
	began := time.Now()
	_, err := Parse("emrguard.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "aliases repeat more than") {
		t.Errorf("accepted after %s: %v", time.Since(began), err)
	}
	if strings.Count(err.Error(), "\n") > 5 {
		t.Errorf("too many words:\n%v", err)
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := Parse("emrguard.yaml", []byte(small+strings.Repeat("# comment\n", MaxSize/10))); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestManyProblems(t *testing.T) {
	if _, err := Parse("emrguard.yaml", []byte(small+"clusters: ["+strings.Repeat("{}, ", MaxRules+1)+"]\n")); err == nil || err.Error() != "emrguard.yaml: 1 scopes and 1001 rules; at most 1000 and 1000" {
		t.Error(err)
	}
	_, err := Parse("emrguard.yaml", []byte(small+"clusters: ["+strings.Repeat("{mode: x}, ", 500)+"]\n"))
	if err == nil || !strings.HasSuffix(err.Error(), "emrguard.yaml: and 900 more problems") {
		t.Errorf("%v", err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "emrguard.yaml")
	if _, err := Load(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(file, []byte(small+"store: sqlite:state/guard.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.StorePath(), filepath.Join(dir, "state", "guard.db"); got != want {
		t.Errorf("the store is at %s, not %s", got, want)
	}
	if got := mustParse(t, small+"store: sqlite:/var/lib/guard.db\n").StorePath(); got != "/var/lib/guard.db" {
		t.Errorf("an absolute path became %s", got)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a folder is no configuration")
	}
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	cfg, err := Parse(filepath.Join(dir, "emrguard.yaml"), []byte(small+"listen: 0.0.0.0:8470\nlisten_token_file: token\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		mode       fs.FileMode
		problem    string
	}{
		{"good", "0123456789abcdef\n", 0o600, ""},
		{"group may read", "0123456789abcdef", 0o640, ""},
		{"short", "0123456789abcde\n", 0o600, "fewer than 16"},
		{"open", "0123456789abcdef", 0o644, "open to everybody"},
		{"long", strings.Repeat("x", 5000), 0o600, "more than 4096"},
		{"two lines", "0123456789abcdef\n0123456789abcdef\n", 0o600, "on one line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, c.mode); err != nil {
				t.Fatal(err)
			}
			got, _, err := cfg.Tokens(os.Getenv)
			switch {
			case c.problem == "" && (err != nil || got != strings.TrimSpace(c.text)):
				t.Errorf("%q, %v", got, err)
			case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
				t.Errorf("%v", err)
			case err != nil && strings.Contains(err.Error(), "0123456789"):
				t.Errorf("the token is in the message: %v", err)
			}
		})
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cfg.Tokens(os.Getenv); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if got, _, err := mustParse(t, small).Tokens(os.Getenv); got != "" || err != nil {
		t.Errorf("without a token file: %q, %v", got, err)
	}
}

func TestListen(t *testing.T) {
	for listen, valid := range map[string]bool{
		"127.0.0.1:8470": true, "localhost:0": true, `"[::1]:80"`: true, "none": true, "127.5.0.1:1": true,
		"0.0.0.0:80": false, `":80"`: false, "example.com:80": false, `"[::]:80"`: false, "127.0.0.1": false, "localhost:http": false,
		"localhost:70000": false, `"a b:80"`: false, "10.0.0.1:80": false, "127.0.0.1.example.com:80": false,
	} {
		if _, err := Parse("emrguard.yaml", []byte(small+"listen: "+listen+"\n")); (err == nil) != valid {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for listen, valid := range map[string]bool{"0.0.0.0:80": true, `":80"`: true, "example.com:80": true, "none": false, "0.0.0.0:0": false} {
		if _, err := Parse("emrguard.yaml", []byte(small+"listen_token_file: t\nlisten: "+listen+"\n")); (err == nil) != valid {
			t.Errorf("%s with a token: %v", listen, err)
		}
	}
}

func TestWeb(t *testing.T) {
	const open, public = "listen: 127.0.0.1:8470\n", "listen: 0.0.0.0:8470\n"
	for text, problem := range map[string]string{
		open + "web: {open_orders: true}\n":                                                                            "",
		open + "web: {admin_token_env: ADMIN}\nlisten_token_env: READ\n":                                               "",
		public + "web: {admin_token_file: t, cert_file: c, key_file: k, public_url: 'https://emrguard.example.com'}\n": "",
		public + "web: {proxy_header: X-User, proxy_from: [10.0.0.1, 'fd00::/8'], proxy_admins: ['*']}\n":              "",
		public + "listen_token_env: READ\n":                                                                            "",
		public + "web: {public_url: 'https://emrguard.example.com'}\n":                                                 "can be reached from other machines",
		public + "web: {open_orders: true}\nlisten_token_file: t\n":                                                    "say who may give orders",
		open + "web: {admin_token_env: ADMIN, admin_token_file: t}\n":                                                  "give one of the two",
		open + "listen_token_env: 'A B'\n":                                                                             "no name of an environment variable",
		open + "web: {cert_file: c}\n":                                                                                 "a certificate needs its key",
		open + "web: {key_file: c}\n":                                                                                  "a certificate needs its key",
		open + "web: {proxy_header: X-User}\n":                                                                         "anybody could send it",
		open + "web: {proxy_header: 'X User', proxy_from: [10.0.0.1]}\n":                                               "no name of a header",
		open + "web: {proxy_from: [10.0.0.1]}\n":                                                                       "need proxy_header",
		open + "web: {proxy_header: X-User, proxy_from: [here]}\n":                                                     "no address and no network",
		open + "web: {public_url: emrguard.example.com}\n":                                                             "no http or https URL",
		open + "web: {public_url: 'https://example.com/emrguard'}\n":                                                   "without a path",
		open + "web: {orders: true}\n":                                                                                 "unknown key",
	} {
		switch _, err := Parse("emrguard.yaml", []byte(small+text)); {
		case problem == "" && err != nil, problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
			t.Errorf("%s: %v, want %q", text, err, problem)
		}
	}
	if w := mustParse(t, small+public+"listen_token_file: t\n").WarningLines(); !strings.Contains(strings.Join(w, " "), "without TLS") {
		t.Errorf("tokens that can be read on their way: %q", w)
	}
}

func TestTokensFromTheEnvironment(t *testing.T) {
	cfg := mustParse(t, small+"listen: 127.0.0.1:1\nlisten_token_env: READ\nweb: {admin_token_env: ADMIN}\n")
	env := map[string]string{"READ": "read-0123456789abcdef", "ADMIN": "admin-0123456789abcdef"}
	if read, admin, err := cfg.Tokens(func(name string) string { return env[name] }); err != nil || read != env["READ"] || admin != env["ADMIN"] {
		t.Errorf("%q, %q, %v", read, admin, err)
	}
	for read, problem := range map[string]string{"": "READ is not set", "short": "fewer than 16", "admin-0123456789abcdef": "who may read could give orders"} {
		env["READ"] = read
		if _, _, err := cfg.Tokens(func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%q: %v", read, err)
		}
	}
	if _, _, err := cfg.Tokens(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "READ") || !strings.Contains(err.Error(), "ADMIN") {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct{ region, role, partition, account string }{
		{"us-east-1", "arn:aws:iam::111122223333:role/path/emrguard", "aws", "111122223333"},
		{"cn-north-1", "arn:aws-cn:iam::111122223333:role/x", "aws-cn", "111122223333"},
		{"us-gov-west-1", "", "aws-us-gov", ""},
		{"eusc-de-east-1", "", "aws-eusc", ""},
		{"ap-southeast-7", "", "aws", ""},
	} {
		text := "scopes: [{name: a, region: " + c.region + ", role_arn: \"" + c.role + "\"}]\n"
		s := mustParse(t, text).Scopes[0]
		if s.Partition() != c.partition || s.Account() != c.account {
			t.Errorf("%s: partition %s, account %s", c.region, s.Partition(), s.Account())
		}
	}
	for endpoint, loopback := range map[string]bool{"": false, "http://127.0.0.1:4566": true, "http://[::1]:1/": true, "https://localhost": true, "https://emr.example.com": false, "http://127.0.0.1.example.com": false} {
		if got := (Scope{Endpoint: endpoint}).LoopbackEndpoint(); got != loopback {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}
