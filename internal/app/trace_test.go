package app

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"emrguard/internal/store"
	"emrguard/internal/telemetry/traces"
)

// told is one trace: the spans by name, the root's among them.
type told map[string][]tracetest.SpanStub

// traced groups spans by trace.
func traced(spans tracetest.SpanStubs) []told {
	byID := map[string]told{}
	var out []told
	for _, s := range spans {
		id := s.SpanContext.TraceID().String()
		if byID[id] == nil {
			byID[id] = told{}
			out = append(out, byID[id])
		}
		byID[id][s.Name] = append(byID[id][s.Name], s)
	}
	return out
}

// attribute is the text of an attribute of a span.
func attribute(s tracetest.SpanStub, key string) string {
	for _, a := range s.Attributes {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

// Whatever the guard did can be followed from the reads to AWS's answer, and nothing it wrote down is missing.
func TestTracesTellEveryDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, exporter := newWorld(t, "demo"), tracetest.NewInMemoryExporter()
		tracer := traces.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)))
		stop := start(t, w.app(t, oneScope, func(o *Options) { o.Trace = tracer }))
		time.Sleep(100 * time.Minute)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		tracer.End()

		var ids []string
		changes, answers, stops := 0, 0, 0
		for _, tr := range traced(exporter.GetSpans()) {
			decide := tr["decide"][0]
			for _, e := range decide.Events {
				for _, a := range e.Attributes {
					if a.Key == "emrguard.record" {
						ids = append(ids, a.Value.AsString())
					}
				}
				if strings.HasPrefix(e.Name, "answer.") {
					answers++
					if links := tr["decision"][0].Links; len(links) != 1 {
						t.Errorf("%s has %d links to its call", e.Name, len(links))
					}
				}
				if e.Name != "call.stop" {
					continue
				}
				stops++
				reads, calls := tr["EMR.ListInstanceGroups"], tr["EMR.ModifyInstanceGroups"]
				if len(reads)+len(tr["EMR.ListInstances"]) == 0 || len(calls) != 1 {
					t.Errorf("a stop rests on %d reads and led to %d calls", len(reads), len(calls))
					continue
				}
				if r := attribute(calls[0], "emrguard.record"); !strings.Contains(attribute(decide, "emrguard.record"), r) || attribute(calls[0], "emrguard.recovery") == "" {
					t.Errorf("the call of a stop is of record %q and recovery %q", r, attribute(calls[0], "emrguard.recovery"))
				}
				if root := tr["decision"][0]; root.StartTime.After(decide.StartTime) || !root.EndTime.Equal(calls[0].EndTime) {
					t.Errorf("the trace lasts from %s to %s, its call to %s", root.StartTime, root.EndTime, calls[0].EndTime)
				}
			}
			changes += len(tr["EMR.ModifyInstanceGroups"]) + len(tr["EMR.AddInstanceGroups"])
		}
		if n := len(w.changes()); changes != n || answers != n || stops == 0 {
			t.Errorf("the traces tell %d changes, %d of them stops, and %d answers; %d changes were sent", changes, stops, answers, n)
		}
		rows, err := w.store.History(t.Context(), store.Query{Limit: 10000})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(ids)
		for _, r := range rows {
			if _, there := slices.BinarySearch(ids, r.ID); r.Cluster != "" && !there {
				t.Errorf("no trace tells %s %s", r.ID, r.Kind)
			}
		}
	})
}
