package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/config"
	"emrguard/internal/emr"
)

// Who has no configuration yet gets one that works, for the region of the environment.
func TestCheckBeginsWithAConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "emrguard.yaml")
	got := runCLI(t, []string{"AWS_REGION=eu-west-1"}, "check", "-c", path)
	if got.code != exitFindings || !strings.Contains(got.out, path+": there is no such file yet") {
		t.Fatalf("code %d: %s%s", got.code, got.out, got.errOut)
	}
	_, text, _ := strings.Cut(got.out, "\n\nscopes:")
	text, _, _ = strings.Cut("scopes:"+text, "\n\nIf there")
	cfg, err := config.Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if cfg.Scopes[0].Region != "eu-west-1" || cfg.Clusters[0].Mode != config.Observe || len(cfg.Warnings()) > 0 {
		t.Errorf("%+v, warnings %v", cfg, cfg.WarningLines())
	}
	var page checkPage
	if got := runCLI(t, []string{"AWS_REGION=; rm -rf /"}, "check", "-c", path, "-o", "json"); got.code != exitFindings {
		t.Errorf("json: code %d", got.code)
	} else if err := json.Unmarshal([]byte(got.out), &page); err != nil || page.OK || !strings.Contains(page.Findings[0].Next, "region: us-east-1") {
		t.Errorf("%v: %+v", err, page)
	}
}

// Without credentials there is one problem, with where they come from, and not one for every call.
func TestCheckWithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	empty := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", empty)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", empty)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	path := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, path, "scopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n")
	got := runCLI(t, nil, "check", "-c", path)
	if got.code != exitFindings || !strings.Contains(got.errOut, "1 problem was found") || strings.Contains(got.out, "ListClusters") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.errOut)
	}
	if !strings.Contains(got.out, "1. credentials of scope prod: ") || !strings.Contains(got.out, "aws sts get-caller-identity") {
		t.Errorf("no way on: %s", got.out)
	}
}

// emrAnswers is an EMR with one list of clusters that refuses one operation, "" for none.
func emrAnswers(t *testing.T, clusters, denied, message string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch op {
		case denied:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"AccessDeniedException","Message":%q}`, message)
		case "ListClusters":
			fmt.Fprintf(w, `{"Clusters":[%s]}`, clusters)
		case "DescribeCluster":
			io.WriteString(w, `{"Cluster":{"Id":"j-1"}}`)
		default:
			io.WriteString(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCheckSaysWhatToDo(t *testing.T) {
	const (
		etl  = `{"Id":"j-1","Name":"etl"}`
		many = `{"Id":"j-1","Name":"web"},{"Id":"j-2","Name":"ad-hoc"},{"Id":"j-3","Name":"ad-hoc"}`
		no   = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform this"
	)
	for name, c := range map[string]struct {
		clusters, denied, message, rule string
		code                            int
		text                            []string
	}{
		"all well": {etl, "", "", "{match: {names: [etl]}, mode: observe}", exitOK, []string{"Next: emrguard run -c "}},
		"list": {
			etl, "ListClusters", no, "{match: {}, mode: observe}", exitFindings,
			[]string{"1. permission of scope prod: the policy of the credentials emrguard runs with lacks Find0 of what emrguard iam-policy -c ", `"elasticmapreduce:ListClusters"`},
		},
		"read": {etl, "ListInstanceGroups", no, "{match: {}, mode: observe}", exitFindings, []string{"lacks Watch2 of", `"elasticmapreduce:ListInstanceGroups"`}},
		"write": {
			etl, "ModifyInstanceGroups", no, "{match: {ids: [j-1]}, mode: enforce}, {match: {tags: {team: data}}, mode: enforce}", exitFindings,
			[]string{"lacks Repair4, Repair5 of", `"elasticmapreduce:ResourceTag/team"`},
		},
		"explicit deny": {etl, "ListInstances", no + " with an explicit deny in a service control policy", "{match: {}, mode: observe}", exitFindings, []string{"an explicit deny refuses this"}},
		"no match":      {many, "", "", `{match: {names: ["etl-*"]}, mode: observe}`, exitOK, []string{"change match of a rule. The clusters there are called: ad-hoc, web."}},
		"no rule":       {many, "", "", "", exitOK, []string{"there is no rule, so every cluster is left alone: begin with\nclusters:\n  - match: {} # every cluster\n    mode: observe"}},
		"no cluster":    {"", "", "", "{match: {}, mode: observe}", exitOK, []string{"no cluster is up in us-east-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "emrguard.yaml")
			writeFile(t, path, fmt.Sprintf("scopes: [{name: prod, region: us-east-1, endpoint: %q}]\nclusters: [%s]\n", emrAnswers(t, c.clusters, c.denied, c.message), c.rule))
			got := runCLI(t, nil, "check", "-c", path)
			if got.code != c.code {
				t.Errorf("code %d, want %d", got.code, c.code)
			}
			for _, text := range c.text {
				if !strings.Contains(got.out, text) {
					t.Errorf("no %q in\n%s", text, got.out)
				}
			}
		})
	}
}

func TestStepsNameRoleAndQueue(t *testing.T) {
	s := config.Scope{Name: "prod", Region: "us-east-1", RoleARN: "arn:aws:iam::111122223333:role/emrguard", ExternalID: "x1", EventsQueue: "https://sqs.us-east-1.amazonaws.com/111122223333/emr-events"}
	if text := credentialsStep(s); !strings.Contains(text, "the trust policy of "+s.RoleARN) || !strings.Contains(text, "external id") {
		t.Error(text)
	}
	if text := queueStep(s); !strings.Contains(text, "--queue-name emr-events ") {
		t.Error(text)
	}
	var list []emr.ClusterSummary
	for i := range 10 {
		list = append(list, emr.ClusterSummary{Name: fmt.Sprintf("c%d", i)})
	}
	if text := matchStep("us-east-1", list); !strings.Contains(text, "c7 and 2 more.") {
		t.Error(text)
	}
}
