package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/emrsim/wire"
)

// observed starts the demo's EMR and is a configuration that observes it.
func observed(t *testing.T) string {
	t.Helper()
	sc, err := scenario.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	sc.Start = time.Now()
	sim, err := sc.Build()
	if err != nil {
		t.Fatal(err)
	}
	emr := httptest.NewServer(wire.New(sim, wire.Options{}))
	t.Cleanup(emr.Close)
	file := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, file, "listen: none\nscopes: [{name: prod, region: us-east-1, endpoint: \""+emr.URL+"\"}]\nclusters: [{match: {}, mode: observe}]\n")
	return file
}

// A pass is over before the first batch of spans is due, so its end sends them, and waits for a collector that is slow.
func TestOnceSendsTracesAtItsEnd(t *testing.T) {
	var arrived atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Contains(body, []byte("EMR.ListInstanceGroups")) {
			t.Errorf("%v, %d bytes without a read", err, len(body))
		}
		time.Sleep(600 * time.Millisecond) // longer than the end of a daemon has; a real peer's time is real
		arrived.Add(1)
	}))
	defer collector.Close()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	file := observed(t)
	if got := runCLI(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}, "once", "-c", file); got.code != exitOK || !strings.Contains(got.errOut, "trace.on") || strings.Contains(got.errOut, "trace.dropped") {
		t.Fatalf("code %d:\n%s%s", got.code, got.out, got.errOut)
	}
	if arrived.Load() == 0 {
		t.Error("no span arrived before the end of the pass")
	}
}

// The variable alone makes the daemon send what it decided, and says so in the log.
func TestRunSendsTracesToTheCollector(t *testing.T) {
	var once sync.Once
	arrived := make(chan string)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { arrived <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") })
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20") // ms

	file := observed(t)
	d := startDaemon(t, file, os.Getenv)
	d.log.await(t, `"msg":"trace.on","endpoint":"`+collector.URL+`"`)
	select {
	case got := <-arrived:
		if got != "POST /v1/traces application/x-protobuf" {
			t.Errorf("the collector got %s", got)
		}
	case <-time.After(time.Minute):
		t.Error("no span arrived")
	}
	d.stop()
}
