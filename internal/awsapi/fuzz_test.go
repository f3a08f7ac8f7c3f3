package awsapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"emrguard/internal/emr"
)

// Whatever the answer, a call ends in a result or an error of a known class, and the text shows no credential.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []struct {
		status int
		body   string
	}{
		{200, `{"InstanceGroups":[{"Id":"ig-1","Status":{"State":"RUNNING","Timeline":{"CreationDateTime":1.5e9}}}],"Marker":null}`},
		{200, ``}, {200, `null`}, {200, `[]`}, {200, `{"InstanceGroups":{}}`}, {200, `{"Cluster":{"Tags":[{}]}}`}, {200, `{"InstanceGroupIds":["ig-1"]}`},
		{400, `{"__type":"a#ThrottlingException:b","message":"` + keyID + `"}`}, {400, `{"__type":7}`}, {400, `{"__type":"` + keyID + `"}`}, {503, `<html>`}, {302, ``}, {199, ``},
		{200, "\xa1\x71MetricDataResults\x80"}, {200, "\xa1\x71MetricDataResults\x81\xa1\x62Id\x62m0"}, {400, "\xa1\x66__type\x6aThrottling"},
	} {
		for op := range emr.Ops {
			f.Add(op, seed.status, seed.body)
		}
	}
	calls := []emr.Call{
		{Op: emr.ListClusters}, {Op: emr.DescribeCluster, Cluster: "j-1"}, {Op: emr.ListInstanceGroups, Cluster: "j-1"}, {Op: emr.ListInstances, Cluster: "j-1"},
		{Op: emr.GetManagedScalingPolicy, Cluster: "j-1"}, modify,
		{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge"}},
		{Op: emr.TerminateJobFlows, Cluster: "j-1"}, idle(),
		{Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: "https://sqs.us-east-1.amazonaws.com/1/q"}},
		{Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: "https://sqs.us-east-1.amazonaws.com/1/q", Receipts: []string{"r"}}},
	}
	known := []emr.Class{emr.Throttled, emr.Denied, emr.Invalid, emr.NotFound, emr.Unavailable, emr.NotSent, emr.FleetsOnly}
	var answer http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer server.Close()
	f.Setenv("AWS_ACCESS_KEY_ID", keyID)
	f.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	c, err := New(f.Context(), Options{Region: "us-east-1", Endpoint: server.URL})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, op, status int, body string) {
		if status < 200 || status > 599 || op < 0 || op >= len(calls) {
			return // no answer that HTTP has, or no such call
		}
		answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
		r := c.Do(t.Context(), calls[op])
		switch {
		case r.Err == nil && status >= 300:
			t.Fatalf("status %d is no error", status)
		case r.Err == nil:
		case !slices.Contains(known, r.Err.Class) || r.Err.Class == emr.NotSent:
			t.Fatalf("class %q", r.Err.Class)
		case strings.Contains(r.Err.Error(), keyID) || strings.Contains(r.Err.Error(), secret):
			t.Fatalf("%q", r.Err)
		}
	})
}
