package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// CloudWatch's answers as CBOR: a denial, and one series without points.
const (
	cborDenied = "\xa2\x66__type\x6cAccessDenied\x67message\x6enot authorized"
	cborEmpty  = "\xa1\x71MetricDataResults\x81\xa4\x62Id\x64idle\x6aStatusCode\x68Complete\x6aTimestamps\x80\x66Values\x80"
)

// Check tries the calls on a queue of events, and takes no message from it.
func TestCheckTriesTheQueue(t *testing.T) {
	sim := emrsim.New(emrsim.Options{Events: emrsim.EventTiming{On: true}})
	server := httptest.NewServer(wire.New(sim, wire.Options{}))
	defer server.Close()
	for name, tt := range map[string]struct {
		queue string
		code  int
		text  string
	}{
		"there":     {sim.QueueURL(server.URL), exitOK, "ReceiveMessage, DeleteMessageBatch on " + sim.QueueURL(server.URL) + ": allowed"},
		"not there": {server.URL + "/111122223333/other", exitFindings, "problem permission sim ReceiveMessage: there is no queue " + server.URL + "/111122223333/other"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "emrguard.yaml")
			writeFile(t, path, fmt.Sprintf("store: sqlite:guard.db\nscopes: [{name: sim, region: us-east-1, endpoint: %q, events_queue: %q}]\nclusters: [{match: {}, mode: observe}]\n", server.URL, tt.queue))
			got := runCLI(t, nil, "check", "-c", path)
			if out := strings.Join(strings.Fields(got.out), " "); got.code != tt.code || !strings.Contains(out, tt.text) {
				t.Errorf("code %d, want %d with %q:\n%s%s", got.code, tt.code, tt.text, got.out, got.errOut)
			}
		})
	}
}

// Check tries what the price file needs where it is told to. It is optional, so a refusal is a warning with the statement that lacks.
func TestCheckTriesPrices(t *testing.T) {
	sim := emrsim.New(emrsim.Options{})
	server := httptest.NewServer(wire.New(sim, wire.Options{}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, path, fmt.Sprintf("store: sqlite:guard.db\nscopes: [{name: sim, region: us-east-1, endpoint: %q}]\nclusters: [{match: {}, mode: observe}]\n", server.URL))
	if got := runCLI(t, nil, "check", "-c", path); got.code != exitOK || strings.Contains(got.out, "Spot") {
		t.Errorf("without --prices: code %d\n%s%s", got.code, got.out, got.errOut)
	}
	if got := runCLI(t, nil, "check", "--prices", "-c", path); got.code != exitOK || !strings.Contains(got.out, "ec2:DescribeSpotPriceHistory: allowed") {
		t.Errorf("code %d\n%s%s", got.code, got.out, got.errOut)
	}
	denial, err := emrsim.ParseFault("DescribeSpotPriceHistory error=AccessDeniedException")
	if err != nil {
		t.Fatal(err)
	}
	sim.AddFault(denial)
	got := runCLI(t, nil, "check", "--prices", "-c", path)
	for _, part := range []string{"warning", "without it emrguard prices writes no Spot prices", "of what emrguard iam-policy --prices -c", `"aws:RequestedRegion": [`} {
		if got.code != exitOK || !strings.Contains(got.out, part) {
			t.Errorf("code %d, no %q\n%s%s", got.code, part, got.out, got.errOut)
		}
	}
	policy := runCLI(t, nil, "iam-policy", "--prices", "-c", path)
	if plain := runCLI(t, nil, "iam-policy", "-c", path); !strings.Contains(policy.out, "ec2:DescribeSpotPriceHistory") || strings.Contains(plain.out, "ec2:") {
		t.Errorf("with and without --prices:\n%s%s", policy.out, plain.out)
	}
}

// Check asks for what the rules need, and for nothing else; above all it never sends TerminateJobFlows.
func TestCheckAsksForWhatTheRulesNeed(t *testing.T) {
	const (
		idle = "policies: [{name: idle, statements: [{metric: IsIdle, operator: gte, threshold: 1, evaluation_periods: 6}]}]"
		up   = "scale_up: [{name: up, metric: ContainerPending, operator: gt, threshold: 10, action: {type: adjustment, count: 1}}]"
	)
	for _, tt := range []struct {
		name, rule string
		denied     bool // by CloudWatch
		code       int
		asked      []string // operations, of those in question
		text       []string
		without    string
	}{
		{"recovery only", "{match: {}, mode: enforce}", true, exitOK, nil, []string{"ModifyInstanceGroups, AddInstanceGroups: allowed"}, "GetMetricData"},
		{"policies", "{match: {}, mode: observe, pools: [{name: task, role: TASK, min: 0, max: 9, " + up + "}]}", false, exitOK, []string{"GetMetricData"}, []string{"GetManagedScalingPolicy, GetMetricData: allowed"}, "TerminateJobFlows"},
		{"policies elsewhere", "{match: {scopes: [other]}, mode: observe, pools: [{name: task, role: TASK, min: 0, max: 9, " + up + "}]}", true, exitOK, nil, nil, "GetMetricData"},
		{"termination that is not allowed to read", "{match: {}, mode: enforce, termination: {mode: enforce, " + idle + "}}", true, exitFindings, []string{"GetMetricData"}, []string{
			"problem permission sim GetMetricData: AccessDenied: not authorized; policies by metrics need cloudwatch:GetMetricData",
			"warning permission sim TerminateJobFlows: not tried, since a request that EMR accepts ends a cluster",
		}, ""},
		{"observed termination", "{match: {}, mode: enforce, termination: {mode: observe, " + idle + "}}", false, exitOK, []string{"GetMetricData"}, nil, "TerminateJobFlows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			asked := map[string]int{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
				if strings.HasSuffix(r.URL.Path, "/operation/GetMetricData") {
					op = "GetMetricData"
				}
				here := strings.Contains(r.Header.Get("Authorization"), "/us-east-1/") // the scope in question
				if here {
					mu.Lock()
					asked[op]++
					mu.Unlock()
				}
				switch {
				case op == "GetMetricData" && tt.denied && here:
					w.WriteHeader(http.StatusForbidden)
					io.WriteString(w, cborDenied)
				case op == "GetMetricData":
					io.WriteString(w, cborEmpty)
				case op == "ListClusters":
					io.WriteString(w, `{"Clusters":[{"Id":"j-1","Name":"etl"}]}`)
				case op == "DescribeCluster":
					io.WriteString(w, `{"Cluster":{"Id":"j-1"}}`)
				default:
					io.WriteString(w, `{}`)
				}
			}))
			defer server.Close()
			path := filepath.Join(t.TempDir(), "emrguard.yaml")
			writeFile(t, path, fmt.Sprintf("store: sqlite:guard.db\nscopes: [{name: sim, region: us-east-1, endpoint: %q}, {name: other, region: us-east-2, endpoint: %q}]\nclusters: [%s]\n",
				server.URL, server.URL, strings.ReplaceAll(tt.rule, "match: {}", "match: {scopes: [sim]}")))
			got := runCLI(t, nil, "check", "-c", path)
			if got.code != tt.code {
				t.Errorf("code %d, want %d: %s", got.code, tt.code, got.errOut)
			}
			out := strings.Join(strings.Fields(got.out), " ")
			for _, text := range tt.text {
				if !strings.Contains(out, text) {
					t.Errorf("no %q in\n%s", text, got.out)
				}
			}
			for line := range strings.Lines(got.out) {
				if tt.without != "" && strings.Contains(line, " sim ") && strings.Contains(line, tt.without) {
					t.Errorf("%s in %s", tt.without, line)
				}
			}
			for _, op := range []string{"GetMetricData", "TerminateJobFlows"} {
				if want := strings.Contains(strings.Join(tt.asked, " "), op); want != (asked[op] > 0) {
					t.Errorf("%s was sent %d times", op, asked[op])
				}
			}
		})
	}
}
