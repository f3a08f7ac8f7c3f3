// Package traces tells the way from reads to a decision to its call as OpenTelemetry traces, and sends them to a collector.
//
// One trace is one decision: its reads, what it wrote down with the reasons, and the call it led to with AWS's answer. The decision that
// takes that answer is another trace, with a link back. The spans are made here, after the fact, from what a step of the engine says of
// itself (engine.Decided); what decides knows nothing of them.
package traces

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
)

// The names of the spans that are no calls. The span of a call has the name of its service and operation, EMR.ListInstanceGroups for example.
const (
	spanDecision = "decision" // from the first read to the answer of the call: the whole
	spanDecide   = "decide"   // the step in which it was decided and saved, with an event for each record
)

// The attributes. Those of calls are named by OpenTelemetry's conventions for the AWS SDK where these have a name.
const (
	attrScope    = "emrguard.scope"
	attrCluster  = "emrguard.cluster"
	attrGroup    = "emrguard.group"
	attrPool     = "emrguard.pool"
	attrRecovery = "emrguard.recovery"
	attrRecord   = "emrguard.record" // the id of a history row; all ids on a decision
	attrReason   = "emrguard.reason"
	attrCall     = "emrguard.call" // the call as the log shows it
	attrSystem   = "rpc.system"
	attrService  = "rpc.service"
	attrMethod   = "rpc.method"
	attrRequest  = "aws.request_id"
	attrError    = "error.type" // the class of the error
)

// remembered is how many answers are kept for the decisions that will rest on them; the oldest are forgotten.
const remembered = 8192

// oldest is how long before a decision a read may have ended to be a span of its trace: a cluster is described every six hours.
const oldest = 10 * time.Minute

// Tracer makes the spans. It is safe for concurrent use, and never waits for anything.
type Tracer struct {
	tracer trace.Tracer

	mu      sync.Mutex
	answers map[uint64]answer
	order   []uint64             // of answers, the oldest first
	open    map[uint64]*decision // whose call is not answered yet, by call
}

// answer is a call that was answered, without the rest of either, which may be large.
type answer struct {
	op                    emr.Op
	scope, cluster, group string
	text, request         string // the call as the log shows it, and AWS's name of it
	err                   *emr.Error
	began, ended          time.Time
	span                  trace.SpanContext // of a change: where it was told already
}

// decision is a trace whose call is under way.
type decision struct {
	ctx              context.Context //nolint:containedctx // it holds the parent of the call's span, which begins in another goroutine
	span             trace.Span
	record, recovery string // of the call
}

// New returns a Tracer whose spans go to a provider.
func New(to trace.TracerProvider) *Tracer {
	return &Tracer{tracer: to.Tracer("emrguard"), answers: map[uint64]answer{}, open: map[uint64]*decision{}}
}

// Answered notes what became of a call, in real time, before the engine takes its answer. The call of a decision ends that decision's trace.
func (t *Tracer) Answered(c engine.Call, r emr.Result, began, ended time.Time) {
	a := answer{
		op: c.Call.Op, scope: c.Scope, cluster: string(c.Call.Cluster), group: string(c.Call.Group), text: c.Call.String(), request: r.RequestID, err: r.Err,
		began: began, ended: ended,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.open[c.ID]; d != nil {
		delete(t.open, c.ID)
		a.span = t.tell(d.ctx, a, attribute.String(attrRecord, d.record), attribute.String(attrRecovery, d.recovery))
		if r.Err != nil {
			d.span.SetStatus(codes.Error, string(r.Err.Class))
		}
		d.span.End(trace.WithTimestamp(ended))
	}
	if _, known := t.answers[c.ID]; !known {
		t.order = append(t.order, c.ID)
	}
	t.answers[c.ID] = a
	for len(t.order) > remembered {
		delete(t.answers, t.order[0])
		t.order = t.order[1:]
	}
}

// Stepped tells the decisions of a step that took place in real time.
func (t *Tracer) Stepped(out engine.Out, began, ended time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range out.Decided {
		t.decided(d, began, ended)
	}
}

// decided tells one decision. It stays open until its call is answered.
func (t *Tracer) decided(d engine.Decided, began, ended time.Time) {
	start := began
	var links []trace.Link
	var causes []answer
	for _, id := range d.Causes {
		a, known := t.answers[id]
		switch {
		case !known, a.ended.Before(began.Add(-oldest)):
			continue
		case a.span.IsValid():
			links = append(links, trace.Link{SpanContext: a.span})
			continue
		}
		causes = append(causes, a)
		if a.began.Before(start) {
			start = a.began
		}
	}
	var ids []string
	var recovery, call string
	for _, r := range d.Records {
		ids = append(ids, r.ID)
		recovery = cmp.Or(recovery, r.Recovery)
		if strings.HasPrefix(r.Kind, "call.") {
			call = r.ID
		}
	}
	about := present(attribute.String(attrScope, d.Scope), attribute.String(attrCluster, string(d.Cluster)), attribute.StringSlice(attrRecord, ids),
		attribute.String(attrRecovery, recovery))
	ctx, root := t.tracer.Start(context.Background(), spanDecision, trace.WithNewRoot(), trace.WithTimestamp(start), trace.WithLinks(links...), about)
	for _, a := range causes {
		t.tell(ctx, a)
	}
	_, span := t.tracer.Start(ctx, spanDecide, trace.WithTimestamp(began), about)
	for _, r := range d.Records {
		span.AddEvent(r.Kind, trace.WithTimestamp(ended), present(attribute.String(attrRecord, r.ID), attribute.String(attrRecovery, r.Recovery),
			attribute.String(attrGroup, r.Group), attribute.String(attrPool, r.Pool), attribute.String(attrReason, r.Reason)))
	}
	span.End(trace.WithTimestamp(ended))
	if d.Call == 0 {
		root.End(trace.WithTimestamp(ended))
		return
	}
	t.open[d.Call] = &decision{ctx: ctx, span: root, record: call, recovery: recovery}
}

// tell makes the span of a call.
func (t *Tracer) tell(ctx context.Context, a answer, more ...attribute.KeyValue) trace.SpanContext {
	service := "EMR"
	switch {
	case a.op.CloudWatch():
		service = "CloudWatch"
	case a.op.SQS():
		service = "SQS"
	}
	attrs := slices.Concat(more, []attribute.KeyValue{
		attribute.String(attrSystem, "aws-api"), attribute.String(attrService, service), attribute.String(attrMethod, string(a.op)),
		attribute.String(attrScope, a.scope), attribute.String(attrCluster, a.cluster), attribute.String(attrGroup, a.group),
		attribute.String(attrCall, a.text), attribute.String(attrRequest, a.request),
	})
	_, span := t.tracer.Start(ctx, service+"."+string(a.op), trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(a.began), present(attrs...))
	if err := a.err; err != nil {
		span.SetAttributes(attribute.String(attrError, string(err.Class)))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End(trace.WithTimestamp(a.ended))
	return span.SpanContext()
}

// End ends the traces whose calls nobody waits for any more.
func (t *Tracer) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, d := range t.open {
		d.span.SetStatus(codes.Error, "emrguard ended before the answer")
		d.span.End()
		delete(t.open, id)
	}
}

// present are the attributes that say something.
func present(attrs ...attribute.KeyValue) trace.SpanStartEventOption {
	kept := attrs[:0:0]
	for _, a := range attrs {
		if a.Value.Type() != attribute.STRING || a.Value.AsString() != "" {
			kept = append(kept, a)
		}
	}
	return trace.WithAttributes(kept...)
}
