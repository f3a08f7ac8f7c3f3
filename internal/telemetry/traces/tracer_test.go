package traces

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

var at = time.Date(2026, 1, 5, 8, 30, 0, 0, time.UTC)

// in is the moment n seconds after at.
func in(n int) time.Time { return at.Add(time.Duration(n) * time.Second) }

// recorder returns a Tracer and what it told: a line for each span in the order of their beginnings, a trace's indented below its root.
func recorder() (t *Tracer, told func() string) {
	exporter := tracetest.NewInMemoryExporter()
	return New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))), func() string { return text(exporter.GetSpans()) }
}

func text(spans tracetest.SpanStubs) string {
	var roots, children []tracetest.SpanStub
	names := map[string]string{} // of spans, by id
	for _, s := range spans {
		names[s.SpanContext.SpanID().String()] = s.Name
		if s.Parent.IsValid() {
			children = append(children, s)
		} else {
			roots = append(roots, s)
		}
	}
	byStart := func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) }
	slices.SortStableFunc(roots, byStart)
	slices.SortStableFunc(children, byStart)
	var b strings.Builder
	line := func(indent string, s tracetest.SpanStub) {
		fmt.Fprintf(&b, "%s%s %g to %g s%s", indent, s.Name, s.StartTime.Sub(at).Seconds(), s.EndTime.Sub(at).Seconds(), attrs(s.Attributes))
		for _, l := range s.Links {
			fmt.Fprintf(&b, " after %s", names[l.SpanContext.SpanID().String()])
		}
		if s.Status.Description != "" {
			fmt.Fprintf(&b, " failed: %s", s.Status.Description)
		}
		b.WriteString("\n")
		for _, e := range s.Events {
			fmt.Fprintf(&b, "%s  - %s%s\n", indent, e.Name, attrs(e.Attributes))
		}
	}
	for _, r := range roots {
		line("", r)
		for _, c := range children {
			if c.SpanContext.TraceID() == r.SpanContext.TraceID() {
				if c.Parent.SpanID() != r.SpanContext.SpanID() {
					b.WriteString("a stranger: ")
				}
				line("  ", c)
			}
		}
	}
	return b.String()
}

func attrs(list []attribute.KeyValue) string {
	var b strings.Builder
	for _, a := range list {
		if a.Key != attrSystem && a.Key != attrService && a.Key != attrMethod {
			fmt.Fprintf(&b, " %s=%s", strings.TrimPrefix(string(a.Key), "emrguard."), a.Value.String())
		}
	}
	return b.String()
}

func call(id uint64, c emr.Call) engine.Call { return engine.Call{ID: id, Scope: "prod", Call: c} }

func row(id, kind, reason string) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: id, Kind: kind, Group: "ig-A", Pool: "ig-A", Recovery: "r1", Reason: reason}
}

var (
	list = emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"}
	stop = emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-A", Count: 6}
)

// One trace tells the reads, the decision with its reasons and ids, and the call with its answer; the next begins where that ended.
func TestOneTraceTellsOneDecision(t *testing.T) {
	tracer, told := recorder()
	tracer.Answered(call(1, list), emr.Result{RequestID: "q1", Marker: "more"}, in(1), in(2))
	tracer.Stepped(engine.Out{}, in(2), in(2))
	tracer.Answered(call(2, list), emr.Result{RequestID: "q2"}, in(3), in(4))
	decided := engine.Decided{Scope: "prod", Cluster: "j-1", Causes: []uint64{1, 2}, Call: 3,
		Records: []store.Record{row("1-7", "recovery.open", "6 of 9 run"), row("1-8", "call.stop", "ends the resize")}}
	tracer.Stepped(engine.Out{Decided: []engine.Decided{decided}}, in(5), in(6))
	tracer.Answered(call(3, stop), emr.Result{RequestID: "q3"}, in(7), in(8))
	answered := engine.Decided{Scope: "prod", Cluster: "j-1", Causes: []uint64{3}, Records: []store.Record{row("1-9", "answer.stop", "EMR took it")}}
	tracer.Stepped(engine.Out{Decided: []engine.Decided{answered}}, in(9), in(10))
	want := `decision 1 to 8 s scope=prod cluster=j-1 record=["1-7","1-8"] recovery=r1
  EMR.ListInstanceGroups 1 to 2 s scope=prod cluster=j-1 call=ListInstanceGroups j-1 aws.request_id=q1
  EMR.ListInstanceGroups 3 to 4 s scope=prod cluster=j-1 call=ListInstanceGroups j-1 aws.request_id=q2
  decide 5 to 6 s scope=prod cluster=j-1 record=["1-7","1-8"] recovery=r1
    - recovery.open record=1-7 recovery=r1 group=ig-A pool=ig-A reason=6 of 9 run
    - call.stop record=1-8 recovery=r1 group=ig-A pool=ig-A reason=ends the resize
  EMR.ModifyInstanceGroups 7 to 8 s record=1-8 recovery=r1 scope=prod cluster=j-1 group=ig-A call=ModifyInstanceGroups j-1 ig-A count=6 aws.request_id=q3
decision 9 to 10 s scope=prod cluster=j-1 record=["1-9"] recovery=r1 after EMR.ModifyInstanceGroups
  decide 9 to 10 s scope=prod cluster=j-1 record=["1-9"] recovery=r1
    - answer.stop record=1-9 recovery=r1 group=ig-A pool=ig-A reason=EMR took it
`
	if d := cmp.Diff(want, told()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestFailuresAndTheEndAreTold(t *testing.T) {
	tracer, told := recorder()
	refused := &emr.Error{Class: emr.Throttled, Code: "ThrottlingException", Message: "Rate exceeded"}
	for id := range uint64(2) {
		tracer.Stepped(engine.Out{Decided: []engine.Decided{{Scope: "prod", Cluster: "j-1", Call: id + 1}}}, in(1), in(1))
	}
	tracer.Answered(call(1, stop), emr.Result{Err: refused}, in(2), in(3))
	tracer.End()
	got := told()
	for _, want := range []string{
		"decision 1 to 3 s scope=prod cluster=j-1 record=[] failed: throttled\n",
		"EMR.ModifyInstanceGroups 2 to 3 s scope=prod cluster=j-1 group=ig-A call=ModifyInstanceGroups j-1 ig-A count=6 error.type=throttled failed: ThrottlingException: Rate exceeded\n",
		"failed: emrguard ended before the answer\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not told in\n%s", want, got)
		}
	}
}

// A decision may rest on what was read long ago. Its trace begins when it was due.
func TestOldReadsAreNoPartOfATrace(t *testing.T) {
	tracer, told := recorder()
	tracer.Answered(call(1, list), emr.Result{}, at, at)
	tracer.Stepped(engine.Out{Decided: []engine.Decided{{Scope: "prod", Cluster: "j-1", Causes: []uint64{1}}}}, in(601), in(602))
	if got := told(); !strings.HasPrefix(got, "decision 601 to 602 s") || strings.Contains(got, "ListInstanceGroups") {
		t.Error(got)
	}
}

func TestAnswersAreForgotten(t *testing.T) {
	tracer, _ := recorder()
	for id := range uint64(3 * remembered) {
		tracer.Answered(call(id+1, list), emr.Result{}, at, at)
	}
	if n := len(tracer.answers); n != remembered || len(tracer.order) != remembered {
		t.Errorf("%d answers are remembered", n)
	}
}
