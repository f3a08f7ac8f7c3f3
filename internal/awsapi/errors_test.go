package awsapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

var modify = emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: 6}

func TestErrorAnswers(t *testing.T) {
	list := emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"}
	end := emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-1"}
	for _, tt := range []struct {
		name   string
		call   emr.Call
		status int
		body   string
		class  emr.Class
		code   string
		text   string // part of the message
	}{
		{"throttling", modify, 400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`, emr.Throttled, "ThrottlingException", "Rate exceeded"},
		{"throttling by another name", list, 503, `{"__type":"RequestLimitExceeded"}`, emr.Throttled, "RequestLimitExceeded", "no message"},
		{"429 without a known code", list, 429, `{"__type":"Slow"}`, emr.Throttled, "Slow", ""},
		{"denied", modify, 400, `{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/u is not authorized to perform: elasticmapreduce:ModifyInstanceGroups"}`, emr.Denied, "AccessDeniedException", "not authorized"},
		{"denied with a namespace", modify, 403, `{"__type":"com.amazon.coral.service#AccessDenied"}`, emr.Denied, "AccessDenied", ""},
		{"unknown client", list, 400, `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`, emr.Denied, "UnrecognizedClientException", "security token"},
		{"expired", list, 400, `{"__type":"ExpiredTokenException"}`, emr.Denied, "ExpiredTokenException", ""},
		{"signature", list, 400, `{"__type":"InvalidSignatureException","message":"Signature expired: 20261122T150000Z is now earlier than 20261122T155500Z"}`, emr.Denied, "InvalidSignatureException", ""},
		{"no such cluster", list, 400, `{"__type":"InvalidRequestException","ErrorCode":"NoSuchCluster","Message":"Cluster id 'j-1' is not valid."}`, emr.NotFound, "InvalidRequestException", "[NoSuchCluster]"},
		{"no such cluster, by text", list, 400, `{"__type":"InvalidRequestException","Message":"Cluster id 'j-1' is not valid."}`, emr.NotFound, "InvalidRequestException", "Cluster id"},
		{"no such group", modify, 400, `{"__type":"InvalidRequestException","Message":"Instance group id 'ig-1' is not valid"}`, emr.NotFound, "InvalidRequestException", ""},
		{"no such job flow", modify, 400, `{"__type":"ValidationException","message":"Specified job flow ID not valid."}`, emr.NotFound, "ValidationException", ""},
		{"fleets", list, 400, `{"__type":"InvalidRequestException","ErrorCode":"API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS","Message":"m"}`, emr.FleetsOnly, "InvalidRequestException", ""},
		{"fleets, by text", list, 400, `{"__type":"InvalidRequestException","Message":"Instance fleets and instance groups are mutually exclusive. The EMR cluster…"}`, emr.FleetsOnly, "InvalidRequestException", ""},
		{"not modifiable", modify, 400, `{"__type":"ValidationException","message":"An instance group may only be modified when the cluster is running or waiting"}`, emr.Invalid, "ValidationException", "running or waiting"},
		{"a protected cluster", end, 400, `{"__type":"ValidationException","message":"Could not shut down one or more job flows since they are termination protected."}`, emr.Invalid, "ValidationException", "termination protected"},
		{"an end of nothing", end, 400, `{"__type":"ValidationException","message":"Specified job flow ID not valid."}`, emr.NotFound, "ValidationException", ""},
		{"an end not allowed", end, 400, `{"__type":"AccessDeniedException"}`, emr.Denied, "AccessDeniedException", ""},
		{"an end nobody knows of", end, 400, `{"__type":"InternalServerError"}`, emr.Unavailable, "InternalServerError", ""},
		{"an invalid request on a change", modify, 400, `{"__type":"InvalidRequestException","Message":"m"}`, emr.Invalid, "InvalidRequestException", "m"},
		{"a valid word at the end", modify, 400, `{"__type":"ValidationException","message":"Instance type 'x' is not valid"}`, emr.Invalid, "ValidationException", ""},
		{"server error with status 400", modify, 400, `{"__type":"InternalServerError","message":"lost by the SDK"}`, emr.Unavailable, "InternalServerError", ""},
		{"server exception with status 400", list, 400, `{"__type":"InternalServerException","Message":"m"}`, emr.Unavailable, "InternalServerException", ""},
		{"server error", modify, 500, `{"__type":"InternalFailure"}`, emr.Unavailable, "InternalFailure", ""},
		{"an unknown server error", modify, 500, `{"__type":"Whatever"}`, emr.Unavailable, "Whatever", ""},
		{"unavailable", modify, 503, `{"__type":"ServiceUnavailable"}`, emr.Unavailable, "ServiceUnavailable", ""},
		{"no body", modify, 400, ``, emr.Unavailable, "UnknownError", ""},
		{"a code in place of a type", list, 400, `{"code":"ThrottlingException"}`, emr.Throttled, "ThrottlingException", ""},
		{"a proxy's page", modify, 502, `<html>Bad gateway</html>`, emr.Unavailable, "", "502"},
		{"a broken answer", modify, 200, `{"a`, emr.Unavailable, "", ""},
		{"a time as a text", list, 200, `{"InstanceGroups":[{"Status":{"Timeline":{"CreationDateTime":"2026-11-22"}}}]}`, emr.Unavailable, "", ""},
		{"a long text", modify, 400, `{"__type":"ValidationException","message":"` + strings.Repeat("é", 5000) + `"}`, emr.Invalid, "ValidationException", "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "a broken answer" { // EMR's answer to a change has no body, and the SDK reads none
				tt.call = emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge", Count: 3}}
			}
			got, _ := do(t, tt.call, tt.status, tt.body)
			if got.Err == nil {
				t.Fatal("no error")
			}
			if got.Err.Class != tt.class || got.Err.Code != tt.code || !strings.Contains(got.Err.Message, tt.text) {
				t.Errorf("got %q %q %q, want %q %q with %q", got.Err.Class, got.Err.Code, got.Err.Message, tt.class, tt.code, tt.text)
			}
			if got.RequestID != "req-1" {
				t.Errorf("request id %q", got.RequestID)
			}
			if !got.Date.Equal(answered1600) {
				t.Errorf("date %v", got.Date)
			}
			if tt.status != 200 && !strings.Contains(got.Err.Message, "req-1") && !strings.HasSuffix(got.Err.Message, "…") {
				t.Errorf("no request id in %q", got.Err.Message)
			}
		})
	}
}

func TestTheErrorHeaderOverridesTheBody(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ThrottlingException:http://internal.amazon.com/")
		w.WriteHeader(400)
		io.WriteString(w, `{"__type":"ValidationException"}`)
	})
	if r := client(t, s.URL).Do(t.Context(), modify); r.Err == nil || r.Err.Class != emr.Throttled {
		t.Errorf("%+v", r.Err)
	}
}

func TestNoRetryWhateverTheEnvironmentSays(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		reply(500, `{"__type":"InternalFailure"}`),
		reply(400, `{"__type":"ThrottlingException"}`),
		func(w http.ResponseWriter, _ *http.Request) { hangUp(t, w) },
	} {
		s := serve(t, answer)
		isolate(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "5")
		t.Setenv("AWS_RETRY_MODE", "adaptive")
		c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		c.Do(t.Context(), modify)
		c.Do(t.Context(), emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"})
		c.Do(t.Context(), emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-1"})
		c.Do(t.Context(), idle())
		if n := len(s.seen()); n != 4 {
			t.Errorf("%d requests for four calls", n)
		}
	}
}

// hangUp closes the connection without an answer.
func hangUp(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Errorf("hijack: %v", err)
		return
	}
	conn.Close()
}

func TestABrokenConnectionLeavesTheOutcomeUnknown(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { hangUp(t, w) })
	r := client(t, s.URL).Do(t.Context(), modify)
	if !r.Err.OutcomeUnknown() || !r.Date.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestATimeoutAfterTheRequestLeavesTheOutcomeUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		cancel() // the request has been read whole
		<-release
	})
	r := client(t, s.URL).Do(ctx, modify)
	close(release)
	if !r.Err.OutcomeUnknown() {
		t.Errorf("%+v", r.Err)
	}
}

func TestNotSent(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and says nothing: a TLS handshake never ends
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s := serve(t, reply(200, ``))
	for _, tt := range []struct {
		name     string
		endpoint string
		ctx      context.Context
		timeout  time.Duration
	}{
		{"nobody listens", "http://" + closed.Addr().String(), t.Context(), 0},
		{"no TLS", strings.Replace(s.URL, "http:", "https:", 1), t.Context(), 0},
		{"TLS handshake too slow", "https://" + mute.Addr().String(), t.Context(), 50 * time.Millisecond},
		{"cancelled before", s.URL, ended, 0},
		{"out of time before", s.URL, t.Context(), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			isolate(t)
			c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: tt.endpoint, Timeout: tt.timeout})
			if err != nil {
				t.Fatal(err)
			}
			if r := c.Do(tt.ctx, modify); r.Err == nil || r.Err.Class != emr.NotSent || r.Err.OutcomeUnknown() {
				t.Errorf("%+v", r.Err)
			}
		})
	}
	if n := len(s.seen()); n != 0 {
		t.Errorf("%d requests came", n)
	}
}
