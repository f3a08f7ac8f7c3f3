package wire_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

func TestWhatIsNotARequestIsRefusedClearly(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{MaxBody: 1000})
	tests := []struct {
		name   string
		op     string
		body   string
		edit   func(*http.Request)
		status int
		kind   string
		part   string // of the message
	}{
		{"malformed JSON", "ListClusters", `{"ClusterStates": [`, nil, 400, "SerializationException", "unexpected end of JSON input"},
		{"more than JSON", "ListClusters", `{} {}`, nil, 400, "SerializationException", "after top-level value"},
		{"not an object", "ListClusters", `[]`, nil, 400, "SerializationException", "array can not be converted to a structure"},
		{"wrong type", "DescribeCluster", `{"ClusterId": 7}`, nil, 400, "SerializationException", "number can not be converted to a string (member ClusterId)"},
		{"wrong type, nested", "ModifyInstanceGroups", `{"InstanceGroups": [{"InstanceCount": "5"}]}`, nil, 400, "SerializationException", "string can not be converted to an Integer"},
		{"a date as text", "ListClusters", `{"CreatedAfter": "2026-01-01"}`, nil, 400, "SerializationException", "is not a number of seconds since 1970"},
		{"required", "DescribeCluster", ``, nil, 400, "ValidationException", "1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null"},
		{"enum", "ListClusters", `{"ClusterStates": ["ASLEEP"]}`, nil, 400, "ValidationException", "Member must satisfy enum value set"},
		{"too large", "ListClusters", `{"Marker": "` + strings.Repeat("x", 1000) + `"}`, nil, 413, "RequestEntityTooLargeException", "too large"},
		{"unknown operation", "CreateStudio", `{}`, nil, 400, "UnknownOperationException", `operation "CreateStudio" is not simulated; served are: AddInstanceFleet, AddInstanceGroups`},
		{"other service", "", `{}`, header("X-Amz-Target", "DynamoDB_20120810.GetItem"), 400, "UnknownOperationException", `does not begin with "ElasticMapReduce."`},
		{"no target", "", `{}`, header("X-Amz-Target", ""), 400, "UnknownOperationException", "X-Amz-Target header is missing"},
		{"GET", "ListClusters", ``, func(r *http.Request) { r.Method = http.MethodGet }, 405, "UnknownOperationException", "method GET is not served; the API is at POST /"},
		{"path", "ListClusters", `{}`, func(r *http.Request) { r.URL.Path = "/emr" }, 404, "UnknownOperationException", "no such path: /emr"},
		{"content type", "ListClusters", `{}`, header("Content-Type", "application/json"), 415, "UnsupportedMediaTypeException", "EMR speaks application/x-amz-json-1.1"},
		{"no credentials", "ListClusters", `{}`, header("Authorization", ""), 400, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"basic credentials", "ListClusters", `{}`, header("Authorization", "Basic Zm9v"), 400, "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Basic'"},
		{"no scope", "ListClusters", `{}`, header("Authorization", "AWS4-HMAC-SHA256 Signature=0"), 400, "IncompleteSignatureException", "requires 'Credential' parameter"},
		{"short scope", "ListClusters", `{}`, header("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/us-east-1"), 400, "IncompleteSignatureException", "5 slash-delimited elements"},
		{"scope of another service", "ListClusters", `{}`, header("Authorization", strings.Replace(signed(region), "elasticmapreduce", "s3", 1)), 400, "InvalidSignatureException", "correct service: 'elasticmapreduce'"},
		{"no region", "ListClusters", `{}`, header("Authorization", signed("moon")), 400, "InvalidSignatureException", "valid region, got 'moon'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, body := s.post(t, test.op, test.body, test.edit)
			var e struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if resp.StatusCode != test.status || e.Type != test.kind || !strings.Contains(e.Message, test.part) {
				t.Errorf("got %d %s: %s\nwant %d %s with %q", resp.StatusCode, e.Type, e.Message, test.status, test.kind, test.part)
			}
			if resp.Header.Get("X-Amzn-Requestid") == "" || resp.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
				t.Errorf("headers %v", resp.Header)
			}
		})
	}
}

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(key)
		if value != "" {
			r.Header.Set(key, value)
		}
	}
}

func TestAnswersLookLikeEMRs(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 6}, wire.Options{})
	id := *s.run(t, "etl", 2)
	s.pass(t, time.Hour)
	tests := []struct{ name, op, body, want string }{
		{"operation without output", "SetTerminationProtection", `{"JobFlowIds":["` + id + `"],"TerminationProtected":false}`, ``},
		{"output without members", "PutAutoTerminationPolicy", `{"ClusterId":"` + id + `"}`, `{}`},
		{"nothing to show", "GetManagedScalingPolicy", `{"ClusterId":"` + id + `"}`, `{}`},
		{"default of the API", "GetAutoTerminationPolicy", `{"ClusterId":"` + id + `"}`, `{"AutoTerminationPolicy":{"IdleTimeout":3600}}`},
		{"unknown member in the request", "ListBootstrapActions", `{"ClusterId":"` + id + `","New":1}`, `{"BootstrapActions":[]}`},
		{"error with a code", "DescribeCluster", `{"ClusterId":"<j>"}`, `{"__type":"InvalidRequestException","ErrorCode":"NoSuchCluster","Message":"Cluster id '<j>' is not valid."}`},
		{"error without a code", "TerminateJobFlows", `{"JobFlowIds":["j-1"]}`, `{"__type":"ValidationException","message":"Specified job flow ID not valid."}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, body := s.post(t, test.op, test.body, nil)
			if body != test.want {
				t.Errorf("got  %s\nwant %s", body, test.want)
			}
			if resp.ContentLength != int64(len(test.want)) {
				t.Errorf("content length %d", resp.ContentLength)
			}
			if got, want := resp.Header.Get("Date"), "Mon, 05 Jan 2026 09:00:00 GMT"; got != want {
				t.Errorf("date %s, want the simulated %s", got, want)
			}
		})
	}
	_, body := s.post(t, "ListClusters", `{}`, nil)
	if !strings.Contains(body, `"CreationDateTime":1767600000.000`) {
		t.Errorf("no timestamp in seconds with milliseconds in %s", body)
	}
	_, body = s.post(t, "ListInstanceGroups", `{"ClusterId":"`+id+`"}`, nil)
	for _, part := range []string{`"Configurations":[]`, `"EbsBlockDevices":[]`, `"ShrinkPolicy":{}`, `"StateChangeReason":{"Message":""}`} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
}

func TestADefaultRegionServesUnsignedRequests(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 7}, wire.Options{DefaultRegion: region})
	id := *s.run(t, "etl", 1)
	_, body := s.post(t, "ListClusters", `{}`, header("Authorization", ""))
	if !strings.Contains(body, id) {
		t.Errorf("got %s", body)
	}
	if _, body = s.post(t, "ListClusters", `{}`, header("Authorization", signed("eu-west-1"))); strings.Contains(body, id) {
		t.Errorf("a signed request does not get its own region: %s", body)
	}
}

func TestASimulatorHasOnlySoManyRegions(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{})
	refused := 0
	for a := 'a'; a <= 'z'; a++ {
		for n := range 4 {
			name := "us-" + string(a) + "x-" + string(rune('1'+n))
			if resp, _ := s.post(t, "ListClusters", `{}`, header("Authorization", signed(name))); resp.StatusCode == 400 {
				refused++
			}
		}
	}
	if refused != 26*4-64 {
		t.Errorf("%d of 104 regions are refused, want all beyond 64", refused)
	}
}
