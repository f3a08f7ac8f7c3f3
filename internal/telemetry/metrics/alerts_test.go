package metrics

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"
)

const rulesFolder = "../../../deploy/prometheus"

// alert is one rule of emrguard.rules.yaml, in Prometheus's words.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// readYAML reads a file of deploy/prometheus and refuses keys that v has not.
func readYAML(t *testing.T, file string, v any) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(rulesFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(body))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

// alerts are the shipped alerts in their order.
func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(t, "emrguard.rules.yaml", &file)
	var out []alert
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

func TestAlertsAreExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.Alert] {
			t.Errorf("%s is there twice", a.Alert)
		}
		seen[a.Alert] = true
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has severity %q", a.Alert, s)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s says not what it means and what to do", a.Alert)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d alerts were read", len(seen))
	}
}

func TestAlertsAskForWhatIsServed(t *testing.T) {
	for _, a := range alerts(t) {
		_, problems := queryProblems(a.Expr)
		for _, p := range problems {
			t.Errorf("%s: %s", a.Alert, p)
		}
	}
}

// Each alert must be seen firing and seen silent; TestPromtool runs the stories.
func TestEachAlertHasTwoStories(t *testing.T) {
	var file struct {
		Files []string `yaml:"rule_files"`
		Every string   `yaml:"evaluation_interval"`
		Tests []struct {
			Name     string `yaml:"name"`
			Interval string `yaml:"interval"`
			Series   []struct {
				Series string `yaml:"series"`
				Values string `yaml:"values"`
			} `yaml:"input_series"`
			Alerts []struct {
				At     string `yaml:"eval_time"`
				Alert  string `yaml:"alertname"`
				Expect []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	readYAML(t, "emrguard.rules.test.yaml", &file)
	type stories struct{ fires, silent bool }
	have := map[string]stories{}
	for _, story := range file.Tests {
		for _, s := range story.Series { // a story about a series that is not served would prove nothing
			_, problems := queryProblems(s.Series)
			for _, p := range problems {
				t.Errorf("%s: %s", story.Name, p)
			}
		}
		for _, a := range story.Alerts {
			s := have[a.Alert]
			s.fires, s.silent = s.fires || len(a.Expect) > 0, s.silent || len(a.Expect) == 0
			have[a.Alert] = s
		}
	}
	for _, a := range alerts(t) {
		if s := have[a.Alert]; !s.fires || !s.silent {
			t.Errorf("%s: a story in which it fires: %v; one in which it is silent: %v", a.Alert, s.fires, s.silent)
		}
	}
}

// tlsScrape is the path of the scrape configuration with its lines for TLS.
func tlsScrape(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rulesFolder, "emrguard.scrape.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^    #(scheme|tls_config)`).ReplaceAll(text, []byte("    $1"))
	if bytes.Equal(whole, text) {
		t.Error("emrguard.scrape.yaml has no lines for TLS")
	}
	path := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPromtool has Prometheus's own tool check the scrape configuration and the rules, and play the rules' stories.
func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian package prometheus; ./test.sh install does it)")
	}
	for _, args := range [][]string{
		{"check", "rules", "emrguard.rules.yaml"}, {"test", "rules", "emrguard.rules.test.yaml"},
		{"check", "config", "--syntax-only", "emrguard.scrape.yaml"}, // the token is not here
		{"check", "config", "--syntax-only", tlsScrape(t)},
	} {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Dir = rulesFolder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s %s: %v\n%s", args[0], args[1], err, out)
		}
	}
}
