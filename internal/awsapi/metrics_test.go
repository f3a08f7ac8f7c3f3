package awsapi

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
)

// form is a value of CloudWatch's protocol as CBOR has it.
func form(t *testing.T, v any) cbor.Value {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return &cbor.Nil{}
	case string:
		return cbor.String(v)
	case float64:
		return cbor.Float64(v)
	case time.Time:
		return &cbor.Tag{ID: 1, Value: cbor.Uint(uint64(v.Unix()))}
	case []any:
		list := cbor.List{}
		for _, item := range v {
			list = append(list, form(t, item))
		}
		return list
	case map[string]any:
		m := cbor.Map{}
		for key, item := range v {
			m[key] = form(t, item)
		}
		return m
	}
	t.Fatalf("no form for %T", v)
	return nil
}

type obj = map[string]any

// replyCBOR is a handler that answers as CloudWatch does; nil is an empty body.
func replyCBOR(t *testing.T, status int, body any, headers ...string) http.HandlerFunc {
	text := ""
	if body != nil {
		text = string(cbor.Encode(form(t, body)))
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Date", "Sun, 22 Nov 2026 16:00:00 GMT")
		w.Header().Set("X-Amzn-Requestid", "req-1")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// idle asks for two series of a quarter of an hour.
func idle() emr.Call {
	m := emr.Metric{Namespace: emr.MetricsNamespace, Name: "IsIdle", Statistic: emr.Average, Period: 5 * time.Minute}
	memory := emr.Metric{Namespace: "Mine", Name: "Memory", Statistic: emr.Maximum, Unit: "Percent", Period: time.Minute, Dimensions: []emr.Dimension{{Name: "Queue", Value: "q"}}}
	return emr.Call{Op: emr.GetMetricData, Metrics: &emr.MetricsWant{
		From: answered1600.Add(-15 * time.Minute), To: answered1600,
		Queries: []emr.MetricQuery{{ID: "m0", Metric: m.Of("j-1")}, {ID: "m1", Metric: memory.Of("j-2")}},
	}}
}

func TestMetricsRequest(t *testing.T) {
	s := serve(t, replyCBOR(t, 200, obj{"MetricDataResults": []any{}}))
	call := idle()
	call.Marker = "page-2"
	if r := client(t, s.URL).Do(t.Context(), call); r.Err != nil {
		t.Fatal(r.Err)
	}
	seen := s.seen()
	if len(seen) != 1 {
		t.Fatalf("%d requests", len(seen))
	}
	for name, want := range map[string]string{
		"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Amz-Sdk-Request": "attempt=1; max=1",
		"User-Agent": "emrguard/1.2.3", "Authorization": "/us-east-1/monitoring/aws4_request",
	} {
		if !strings.Contains(seen[0].header.Get(name), want) {
			t.Errorf("%s is %q, want %q in it", name, seen[0].header.Get(name), want)
		}
	}
	got, err := cbor.Decode([]byte(seen[0].body))
	if err != nil {
		t.Fatal(err)
	}
	stamp := func(at time.Time) cbor.Value { return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(at.Unix()))} }
	want := cbor.Map{
		"StartTime": stamp(call.Metrics.From), "EndTime": stamp(call.Metrics.To), "ScanBy": cbor.String("TimestampAscending"), "NextToken": cbor.String("page-2"),
		"MetricDataQueries": cbor.List{
			cbor.Map{"Id": cbor.String("m0"), "ReturnData": cbor.Bool(true), "MetricStat": cbor.Map{
				"Metric": cbor.Map{
					"Namespace": cbor.String("AWS/ElasticMapReduce"), "MetricName": cbor.String("IsIdle"),
					"Dimensions": cbor.List{cbor.Map{"Name": cbor.String("JobFlowId"), "Value": cbor.String("j-1")}},
				},
				"Period": cbor.Uint(300), "Stat": cbor.String("Average"),
			}},
			cbor.Map{"Id": cbor.String("m1"), "ReturnData": cbor.Bool(true), "MetricStat": cbor.Map{
				"Metric": cbor.Map{
					"Namespace": cbor.String("Mine"), "MetricName": cbor.String("Memory"),
					"Dimensions": cbor.List{cbor.Map{"Name": cbor.String("JobFlowId"), "Value": cbor.String("j-2")}, cbor.Map{"Name": cbor.String("Queue"), "Value": cbor.String("q")}},
				},
				"Period": cbor.Uint(60), "Stat": cbor.String("Maximum"), "Unit": cbor.String("Percent"),
			}},
		},
	}
	if diff := cmp.Diff(cbor.Value(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestMetricsAnswers(t *testing.T) {
	at := func(minutes int) time.Time { return answered1600.Add(time.Duration(minutes) * time.Minute) }
	result := func(id, status string, more ...any) obj {
		out := obj{"Id": id, "Label": id, "StatusCode": status, "Timestamps": []any{}, "Values": []any{}}
		for i := 0; i+1 < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	for _, tt := range []struct {
		name string
		body obj
		want emr.Result
		errs []emr.Class // by series, empty for none
	}{
		{
			"points", obj{"Messages": []any{}, "MetricDataResults": []any{
				result("m0", "Complete", "Timestamps", []any{at(-10), at(-5)}, "Values", []any{0.0, 1.5}), result("m1", "Complete"),
			}},
			emr.Result{Series: []emr.Series{{ID: "m0", Points: []emr.Point{{At: at(-10)}, {At: at(-5), Value: 1.5}}}, {ID: "m1", Points: []emr.Point{}}}},
			[]emr.Class{"", ""},
		},
		{
			"a page", obj{"NextToken": "more", "MetricDataResults": []any{result("m0", "PartialData", "Timestamps", []any{at(-10)}, "Values", []any{-2.0})}},
			emr.Result{Series: []emr.Series{{ID: "m0", Points: []emr.Point{{At: at(-10), Value: -2}}}}, Marker: "more"}, []emr.Class{""},
		},
		{
			"a page of nothing", obj{"NextToken": "more", "MetricDataResults": []any{}},
			emr.Result{Series: []emr.Series{}, Marker: "more"}, nil,
		},
		{
			"one that cannot be read hurts no other", obj{"MetricDataResults": []any{
				result("m0", "InternalError"), result("m1", "Complete", "Timestamps", []any{at(-5)}, "Values", []any{7.0}), result("m2", "Forbidden"),
			}},
			emr.Result{Series: []emr.Series{{ID: "m0"}, {ID: "m1", Points: []emr.Point{{At: at(-5), Value: 7}}}, {ID: "m2"}}},
			[]emr.Class{emr.Unavailable, "", emr.Denied},
		},
		{
			"what cannot be used", obj{"MetricDataResults": []any{
				result("partial", "PartialData", "Timestamps", []any{at(-5)}, "Values", []any{7.0}), result("status", ""), result("new status", "Perhaps"), nil,
				result("count", "Complete", "Timestamps", []any{at(-5)}), result("number", "Complete", "Timestamps", []any{at(-5)}, "Values", []any{math.NaN()}),
				result("finite", "Complete", "Timestamps", []any{at(-5)}, "Values", []any{math.Inf(-1)}),
			}},
			emr.Result{Series: []emr.Series{{ID: "partial"}, {ID: "status"}, {ID: "new status"}, {}, {ID: "count"}, {ID: "number"}, {ID: "finite"}}},
			[]emr.Class{emr.Unavailable, emr.Unavailable, emr.Unavailable, emr.Unavailable, emr.Unavailable, emr.Unavailable, emr.Unavailable},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, replyCBOR(t, 200, tt.body))
			got := client(t, s.URL).Do(t.Context(), idle())
			for i := range got.Series {
				want := tt.errs[i]
				switch err := got.Series[i].Err; {
				case want == "" && err != nil, want != "" && (err == nil || err.Class != want || err.Message == ""):
					t.Errorf("series %d: %+v, want %q", i, err, want)
				}
				got.Series[i].Err = nil
			}
			tt.want.Date, tt.want.RequestID = answered1600, "req-1"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFailedSeriesShowsCloudWatchsText(t *testing.T) {
	s := serve(t, replyCBOR(t, 200, obj{"MetricDataResults": []any{obj{
		"Id": "m0", "StatusCode": "Forbidden", "Messages": []any{obj{"Code": "Forbidden", "Value": "not for you"}},
	}}}))
	r := client(t, s.URL).Do(t.Context(), idle())
	if r.Err != nil || len(r.Series) != 1 || !strings.Contains(r.Series[0].Err.Error(), "not for you") {
		t.Errorf("%+v", r)
	}
}

// The SDK reads an empty body, or one without the list, as an answer without series. That must not pass for "no data".
func TestMetricsAnswersWithoutTheirList(t *testing.T) {
	for _, body := range []any{nil, obj{}, obj{"Messages": []any{}}, obj{"NextToken": "more"}} {
		s := serve(t, replyCBOR(t, 200, body))
		if r := client(t, s.URL).Do(t.Context(), idle()); r.Err == nil || r.Err.Class != emr.Unavailable || r.Series != nil || r.Marker != "" || !r.Date.Equal(answered1600) {
			t.Errorf("%v: %+v", body, r)
		}
	}
	for _, text := range []string{"{}", "<html>", "\xa1", "\xa1\x71MetricDataResults\x9f"} {
		s := serve(t, reply(200, text))
		if r := client(t, s.URL).Do(t.Context(), idle()); r.Err == nil || r.Err.Class != emr.Unavailable {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func TestMetricsErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		kind   string
		query  string // the X-Amzn-Query-Error header
		class  emr.Class
		code   string
	}{
		{"throttled", 400, "com.amazonaws.cloudwatch#ThrottlingException", "Throttling;Sender", emr.Throttled, "Throttling"},
		{"throttled, the new name only", 400, "ThrottlingException", "", emr.Throttled, "ThrottlingException"},
		{"too many", 429, "Whatever", "", emr.Throttled, "Whatever"},
		{"a limit", 400, "com.amazonaws.cloudwatch#LimitExceededException", "", emr.Throttled, "LimitExceededException"},
		{"a limit, by its old name", 400, "com.amazonaws.cloudwatch#LimitExceededFault", "LimitExceeded;Sender", emr.Throttled, "LimitExceeded"},
		{"denied", 403, "com.amazon.coral.service#AccessDenied", "AccessDenied;Sender", emr.Denied, "AccessDenied"},
		{"expired", 403, "com.amazon.coral.service#ExpiredToken", "", emr.Denied, "ExpiredToken"},
		{"a fault", 500, "com.amazonaws.cloudwatch#InternalServiceFault", "InternalServiceError;Receiver", emr.Unavailable, "InternalServiceError"},
		{"a fault with a client's status", 400, "com.amazonaws.cloudwatch#InternalServiceFault", "", emr.Unavailable, "InternalServiceFault"},
		{"unavailable", 503, "ServiceUnavailable", "", emr.Unavailable, "ServiceUnavailable"},
		{"a parameter", 400, "com.amazonaws.cloudwatch#InvalidParameterValueException", "InvalidParameterValue;Sender", emr.Invalid, "InvalidParameterValue"},
		{"a page that is gone", 400, "com.amazonaws.cloudwatch#InvalidNextToken", "InvalidNextToken;Sender", emr.Invalid, "InvalidNextToken"},
		{"validation", 400, "ValidationError", "", emr.Invalid, "ValidationError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, replyCBOR(t, tt.status, obj{"__type": tt.kind, "message": "why", "Message": "why"}, "X-Amzn-Query-Error", tt.query))
			r := client(t, s.URL).Do(t.Context(), idle())
			if r.Err == nil || r.Err.Class != tt.class || r.Err.Code != tt.code || !strings.Contains(r.Err.Message, "why") || !strings.Contains(r.Err.Message, "req-1") {
				t.Errorf("%+v, want %s %s", r.Err, tt.class, tt.code)
			}
			if !r.Date.Equal(answered1600) || len(s.seen()) != 1 {
				t.Errorf("date %v, %d requests", r.Date, len(s.seen()))
			}
		})
	}
	for status, want := range map[int]emr.Class{400: emr.Unavailable, 502: emr.Unavailable} {
		s := serve(t, reply(status, "<html>Bad gateway</html>"))
		if r := client(t, s.URL).Do(t.Context(), idle()); r.Err == nil || r.Err.Class != want {
			t.Errorf("a proxy's page with %d: %+v", status, r.Err)
		}
	}
}

func TestMetricsNeverSent(t *testing.T) {
	s := serve(t, replyCBOR(t, 200, obj{"MetricDataResults": []any{}}))
	c := client(t, s.URL)
	for name, change := range map[string]func(*emr.Call){
		"nothing wanted": func(call *emr.Call) { call.Metrics = nil },
		"no series":      func(call *emr.Call) { call.Metrics.Queries = nil },
		"too many":       func(call *emr.Call) { call.Metrics.Queries = make([]emr.MetricQuery, emr.MaxQueries+1) },
		"no window":      func(call *emr.Call) { call.Metrics.To = call.Metrics.From },
		"no period":      func(call *emr.Call) { call.Metrics.Queries[1].Metric.Period = 0 },
		"90 seconds":     func(call *emr.Call) { call.Metrics.Queries[1].Metric.Period = 90 * time.Second },
		"for ever":       func(call *emr.Call) { call.Metrics.Queries[1].Metric.Period = 1 << 27 * time.Minute },
	} {
		call := idle()
		change(&call)
		if r := c.Do(t.Context(), call); r.Err == nil || r.Err.Class != emr.Invalid {
			t.Errorf("%s: %+v", name, r.Err)
		}
	}
	if n := len(s.seen()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestCloudWatchEndpoint(t *testing.T) {
	isolate(t)
	for _, tt := range []struct{ endpoint, want string }{
		{"", ""},
		{"http://127.0.0.1:1", "http://127.0.0.1:1"},
		{"https://aws.example", "https://aws.example"},
		{"https://vpce-1.elasticmapreduce.us-east-1.vpce.amazonaws.com", ""},
	} {
		c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: tt.endpoint})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if base := c.cloudwatch.Options().BaseEndpoint; base != nil {
			got = *base
		}
		if got != tt.want || c.Endpoint() != tt.endpoint {
			t.Errorf("%q: CloudWatch at %q, want %q; EMR at %q", tt.endpoint, got, tt.want, c.Endpoint())
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "https://cloudwatch.example")
	c, err := New(t.Context(), Options{Region: "us-east-1"})
	if err != nil || *c.cloudwatch.Options().BaseEndpoint != "https://cloudwatch.example" {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_EMR", "http://localhost:1")
	if c, err = New(t.Context(), Options{Region: "us-east-1"}); err != nil || *c.cloudwatch.Options().BaseEndpoint != "http://localhost:1" {
		t.Errorf("a rehearsal would ask AWS: %v", err)
	}
}
