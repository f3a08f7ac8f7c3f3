package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

// counts are the spans that were sent and dropped.
type counts struct {
	mu            sync.Mutex
	sent, dropped int
}

func (c *counts) add(sent, dropped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent, c.dropped = c.sent+sent, c.dropped+dropped
}

func (c *counts) both() [2]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return [2]int{c.sent, c.dropped}
}

// receiver is a collector: OTLP over HTTP, in protobuf.
type receiver struct {
	mu       sync.Mutex
	path     string
	header   http.Header
	requests []*collector.ExportTraceServiceRequest
	fault    error
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.path, r.header = req.URL.Path, req.Header
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		body, r.fault = gzip.NewReader(req.Body)
	}
	text, err := io.ReadAll(body)
	message := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(text, message)
	}
	if err != nil {
		r.fault = err
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.requests = append(r.requests, message)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// decide has a Tracer tell n decisions.
func decide(t *Tracer, n int) {
	for range n {
		d := engine.Decided{Scope: "prod", Cluster: "j-1", Records: []store.Record{row("1-7", "recovery.open", "6 of 9 run")}}
		t.Stepped(engine.Out{Decided: []engine.Decided{d}}, at, in(1))
	}
}

// The environment switches traces on, and a collector understands what arrives.
func TestExportToACollector(t *testing.T) {
	var r receiver
	server := httptest.NewServer(&r)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=abc")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
	var c counts
	var log bytes.Buffer
	e := Start(t.Context(), Options{Env: os.Getenv, Version: "v1.2.3", Log: slog.New(slog.NewTextHandler(&log, nil)), Count: c.add})
	if e == nil || !strings.Contains(log.String(), "msg=trace.on endpoint="+server.URL) {
		t.Fatalf("%v\n%s", e, log.String())
	}
	e.Answered(call(1, list), emr.Result{RequestID: "q1"}, in(-1), at)
	d := engine.Decided{Scope: "prod", Cluster: "j-1", Causes: []uint64{1}, Records: []store.Record{row("1-7", "recovery.open", "6 of 9 run")}}
	e.Stepped(engine.Out{Decided: []engine.Decided{d}}, at, in(1))
	if err := e.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Close(t.Context())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil || len(r.requests) != 1 || r.path != "/v1/traces" || r.header.Get("X-Token") != "abc" {
		t.Fatalf("%d requests, the last to %s with %v: %v", len(r.requests), r.path, r.header, r.fault)
	}
	from := r.requests[0].GetResourceSpans()[0]
	resource := map[string]string{}
	for _, a := range from.GetResource().GetAttributes() {
		resource[a.GetKey()] = a.GetValue().GetStringValue()
	}
	if resource["service.name"] != "emrguard" || resource["service.version"] != "v1.2.3" || resource["deployment.environment"] != "test" {
		t.Errorf("the resource is %v", resource)
	}
	parents := map[string]string{}
	var root string
	for _, s := range from.GetScopeSpans()[0].GetSpans() {
		parents[s.GetName()] = string(s.GetParentSpanId())
		if s.GetName() == spanDecision {
			root = string(s.GetSpanId())
		}
		if s.GetName() == spanDecide && (len(s.GetEvents()) != 1 || s.GetEvents()[0].GetName() != "recovery.open") {
			t.Errorf("the events are %v", s.GetEvents())
		}
	}
	if len(parents) != 3 || parents[spanDecision] != "" || parents[spanDecide] != root || parents["EMR.ListInstanceGroups"] != root {
		t.Errorf("the spans' parents are %q, the root is %q", parents, root)
	}
	if got := c.both(); got != [2]int{3, 0} {
		t.Errorf("sent and dropped are %v", got)
	}
}

func TestWhereTracesGo(t *testing.T) {
	const endpoint, one = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for _, tt := range []struct {
		env       map[string]string
		to, fault string
	}{
		{nil, "", ""},
		{map[string]string{endpoint: "http://collector:4318"}, "http://collector:4318", ""},
		{map[string]string{endpoint: "http://a:1", one: "https://user:secret@b:2/path"}, "https://b:2", ""},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, "https://localhost:4318", ""},
		{map[string]string{endpoint: "http://a:1", "OTEL_TRACES_EXPORTER": "none"}, "", ""},
		{map[string]string{endpoint: "http://a:1", "OTEL_SDK_DISABLED": "true"}, "", ""},
		{map[string]string{endpoint: "http://a:1", "OTEL_TRACES_EXPORTER": "console"}, "", `OTEL_TRACES_EXPORTER is "console"`},
		{map[string]string{endpoint: "http://a:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"`},
		{map[string]string{endpoint: "http://a:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, "http://a:1", ""},
		{map[string]string{endpoint: "collector:4318"}, "", endpoint + " is no URL"},
		{map[string]string{one: "http://"}, "", one + " is no URL"},
	} {
		to, err := wanted(func(name string) string { return tt.env[name] })
		if to != tt.to || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%v: %q, %v", tt.env, to, err)
		}
	}
}

// What cannot be done is said, and the guard goes on without.
func TestUnusableVariablesSwitchTracesOff(t *testing.T) {
	var log bytes.Buffer
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
	e := Start(t.Context(), Options{Env: func(name string) string { return env[name] }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if e != nil || !strings.Contains(log.String(), "level=WARN msg=trace.off") {
		t.Errorf("%v\n%s", e, log.String())
	}
}

// stuck is a collector that takes a connection and never answers.
type stuck struct{ release chan struct{} }

func (s stuck) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	select {
	case <-s.release:
		return context.DeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (stuck) Shutdown(context.Context) error { return nil }

// A collector that hangs costs spans, which are counted, and no time; the end of the process waits for it only a moment.
func TestADeadCollectorDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c counts
		var log bytes.Buffer
		dead := stuck{make(chan struct{})}
		e := newExport(dead, nil, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Count: c.add})
		began := time.Now()
		const decisions = 5 * queue
		decide(e.Tracer, decisions)
		if took := time.Since(began); took != 0 {
			t.Errorf("telling took %s", took)
		}
		if got := c.both(); got != [2]int{0, 2*decisions - queue} { // two spans each, and what waits is not lost yet
			t.Errorf("sent and dropped are %v", got)
		}
		time.Sleep(10 * time.Minute) // each export is given up after a while
		if got := c.both(); got != [2]int{0, 2 * decisions} {
			t.Errorf("sent and dropped are %v", got)
		}
		decide(e.Tracer, 1)
		began = time.Now()
		e.Close(t.Context())
		if took := time.Since(began); took > flushFor {
			t.Errorf("the end took %s", took)
		}
		close(dead.release)
		synctest.Wait()                                                              // what was under way ends, and logs
		if n := strings.Count(log.String(), "msg=trace.dropped"); n == 0 || n > 11 { // in as many minutes
			t.Errorf("%d lines of log:\n%s", n, log.String())
		}
	})
}
