package metrics

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/metrics.md")

// reference renders docs/metrics.md from the catalog, the alerts and the scrape configuration.
func reference(alerts []alert, scrape string) string {
	var b strings.Builder
	b.WriteString("# Metrics\n\nGenerated from `internal/telemetry/metrics` and `deploy/prometheus`; `go test ./internal/telemetry/metrics -update` writes it.\n\n" +
		"`/metrics` on the listener (`listen` in the configuration) serves these in Prometheus's text format, together with the usual `go_*` and\n" +
		"`process_*` metrics. All times are real, whatever `--speed` is. Gauges are at most a second old; those of a scope whose lease another\n" +
		"process holds are absent, except `emrguard_lease_held`. The counters that alerts watch are 0 from a scope's first second on.\n\n" +
		"| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range catalog() {
		labels := make([]string, len(m.labels))
		for i, l := range m.labels {
			labels[i] = "`" + l + "`"
		}
		fmt.Fprintf(&b, "| `%s%s` | %s | %s | %s |\n", namespace, m.name, m.kind, strings.Join(labels, ", "), m.help)
	}
	b.WriteString("\n## Scraping\n\n" +
		"On loopback everybody may read `/metrics`. A listener beyond it asks for the token for reading (`listen_token_file` or `listen_token_env`), from Prometheus, too;\n" +
		"the token for orders would do, but should not lie there. This is `deploy/prometheus/emrguard.scrape.yaml`:\n\n```yaml\n" + scrape + "```\n\n" +
		"- On Kubernetes the Helm chart has `serviceMonitor.enabled` and `prometheusRule.enabled` for a Prometheus Operator, which take the token from the chart's secret, and\n" +
		"  `networkPolicy.monitoringNamespace`, since its network policy lets in the pods of emrguard's own namespace alone.\n" +
		"- On ECS the Terraform module's `ingress_cidrs` lets Prometheus in. The module makes no name for the task, whose address is another after\n" +
		"  each deployment: have a discovery of ECS tasks give it to Prometheus.\n" +
		"- With `listen` on loopback, as the systemd unit has it, an agent on the same machine reads it without a token.\n" +
		"- An answer 401 is a missing or wrong token; after ten wrong ones an address gets 429 for a while. `up{job=\"emrguard\"}` is 0 in both cases.\n")
	b.WriteString("\n## Alerts worth having\n\n" +
		"`deploy/prometheus/emrguard.rules.yaml` has them as rules for Prometheus, with what to do in each alert's description; list that file under\n" +
		"`rule_files`. CI runs each in a story where it fires and in one where it stays silent (`deploy/prometheus/emrguard.rules.test.yaml`).\n\n" +
		"| alert | severity | when | means |\n|---|---|---|---|\n")
	for _, a := range alerts {
		when := "`" + strings.ReplaceAll(a.Expr, "|", "\\|") + "`"
		if a.For != "" {
			when += " for " + a.For
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.Alert, a.Labels["severity"], when, a.Annotations["summary"])
	}
	b.WriteString("\n## Dashboard\n\n`deploy/grafana/emrguard.json` is a dashboard for Grafana 10 and later: import it and choose the data source. It begins with what is stuck and what\n" +
		"emrguard does about it; the API budget, the sweep and the loop follow.\n")
	return b.String()
}

func TestReferenceIsCurrent(t *testing.T) {
	const file = "../../../docs/metrics.md"
	scrape, err := os.ReadFile(filepath.Join(rulesFolder, "emrguard.scrape.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := reference(alerts(t), string(scrape))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	has, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(has), got); d != "" {
		t.Errorf("%s is not current (-want +got); go test ./internal/telemetry/metrics -update rewrites it\n%s", file, d)
	}
}
