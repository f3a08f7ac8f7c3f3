package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
)

const region = "us-west-2"

// served is a simulator behind a server, with a clock that the test moves.
type served struct {
	sim   *emrsim.Sim
	clock *wire.Clock
	url   string
}

// serve starts a server; without a clock in w it is moved by hand.
func serve(t testing.TB, o emrsim.Options, w wire.Options) *served {
	t.Helper()
	sim := emrsim.New(o)
	if w.Clock == nil {
		w.Clock = wire.NewManualClock(sim.Now())
	}
	ts := httptest.NewServer(wire.New(sim, w))
	t.Cleanup(ts.Close)
	return &served{sim: sim, clock: w.Clock, url: ts.URL}
}

// pass lets simulated time pass.
func (s *served) pass(t testing.TB, d time.Duration) {
	t.Helper()
	if _, err := s.clock.Advance(d); err != nil {
		t.Fatal(err)
	}
}

// fault puts a fault in force.
func (s *served) fault(t testing.TB, line string) {
	t.Helper()
	f, err := emrsim.ParseFault(line)
	if err != nil {
		t.Fatal(err)
	}
	s.sim.AddFault(f)
}

// client is a client of the AWS SDK that sends each call once.
func (s *served) client(in string) *emr.Client {
	return emr.New(emr.Options{
		Region: in, BaseEndpoint: aws.String(s.url), Retryer: aws.NopRetryer{}, HTTPClient: wholeBody{&http.Client{Transport: &http.Transport{}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

// wholeBody sends a request's body from memory. The SDK's own body reader, once closed, answers WriteTo with io.EOF; it is closed as
// soon as an answer is there, which over loopback may be while net/http still looks for the body's end: that then counts as a failed
// write, and the connection is closed under the answer, "use of closed network connection" (smithy-go 1.28.8, net/http of Go 1.26).
type wholeBody struct{ *http.Client }

// Do implements the SDK's HTTPClient.
func (c wholeBody) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return c.Client.Do(r)
}

// cluster makes a cluster of 1 primary, 2 core and 3 task instances and waits until it is ready.
func (s *served) cluster(t testing.TB, c *emr.Client, name string) string {
	t.Helper()
	out, err := c.RunJobFlow(t.Context(), &emr.RunJobFlowInput{
		Name: &name, ReleaseLabel: aws.String("emr-7.5.0"), AutoScalingRole: aws.String("EMR_AutoScaling_DefaultRole"),
		Instances: &types.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: aws.Bool(true), InstanceGroups: []types.InstanceGroupConfig{
			{InstanceRole: types.InstanceRoleTypeMaster, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(1)},
			{InstanceRole: types.InstanceRoleTypeCore, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(2)},
			{InstanceRole: types.InstanceRoleTypeTask, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(3), Name: aws.String("task")},
		}},
		BootstrapActions: []types.BootstrapActionConfig{{Name: aws.String("setup"),
			ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: aws.String("s3://b/setup.sh"), Args: []string{"x"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Hour)
	return *out.JobFlowId
}

// group finds a cluster's group by role, the last one.
func group(t testing.TB, c *emr.Client, id string, role types.InstanceGroupType) types.InstanceGroup {
	t.Helper()
	out, err := c.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: &id})
	if err != nil {
		t.Fatal(err)
	}
	var found types.InstanceGroup
	for _, g := range out.InstanceGroups {
		if g.InstanceGroupType == role {
			found = g
		}
	}
	if found.Id == nil {
		t.Fatalf("no %s group", role)
	}
	return found
}

// wantCode checks an API error's code, which is the exception's name, and a part of its message.
func wantCode(t testing.TB, err error, code, part string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got %v, want an API error %s", err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), part) {
		t.Errorf("got %s: %s, want %s with %q", api.ErrorCode(), api.ErrorMessage(), code, part)
	}
}

// signed is an Authorization header as SigV4 makes them, for a region.
func signed(in string) string {
	return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260105/" + in + "/elasticmapreduce/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
}

// plainClient sends raw requests over kept connections.
var plainClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// post sends one raw API request and returns the answer with its body.
func (s *served) post(t testing.TB, op, body string, edit func(*http.Request)) (reply, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "ElasticMapReduce."+op)
	r.Header.Set("Authorization", signed(region))
	if edit != nil {
		edit(r)
	}
	return answer(t, r)
}

// reply is what a test looks at of an answer besides its body.
type reply struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// answer sends a request and reads the whole answer.
func answer(t testing.TB, r *http.Request) (reply, string) {
	t.Helper()
	resp, err := plainClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, resp.ContentLength}, string(b)
}

// runJobFlow is a request for a cluster of 1 primary, 1 core and so many task instances.
func runJobFlow(name string, tasks int) *shapes.RunJobFlowInput {
	return &shapes.RunJobFlowInput{Name: &name, Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: aws.Bool(true), InstanceGroups: []shapes.InstanceGroupConfig{
			{InstanceRole: aws.String("MASTER"), InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int(1)},
			{InstanceRole: aws.String("CORE"), InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int(1)},
			{InstanceRole: aws.String("TASK"), InstanceType: aws.String("m5.xlarge"), InstanceCount: &tasks},
		}}}
}

// run makes a cluster without HTTP and returns its id.
func (s *served) run(t testing.TB, name string, tasks int) *string {
	t.Helper()
	out, err := s.sim.Do(region, "RunJobFlow", runJobFlow(name, tasks))
	if err != nil {
		t.Fatal(err)
	}
	return out.(*shapes.RunJobFlowOutput).JobFlowId
}
