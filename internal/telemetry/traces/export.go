package traces

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	queue    = 2048                   // spans that wait for the collector; more are dropped
	flushFor = 400 * time.Millisecond // how long the end of a daemon waits for the collector: SIGTERM ends it in five seconds
	logEvery = time.Minute            // a collector that is away is logged so often
)

// Options say where traces go and who is told about it.
type Options struct {
	Env     func(name string) string // where OpenTelemetry's variables are looked up to see whether traces are wanted
	Version string                   // emrguard's
	Log     *slog.Logger
	Count   func(sent, dropped int) // spans; from any goroutine. nil: they are not counted
	Flush   time.Duration           // how long Close waits for the collector; 0: 0.4 s
}

// Export sends the spans of a Tracer to a collector, from a goroutine of its own.
type Export struct {
	*Tracer
	provider *sdktrace.TracerProvider
	flush    time.Duration
}

// Start begins to export as the environment asks for it, by the names of OpenTelemetry's specification, and returns nil if it does not: then
// nothing is traced. Nothing is sent yet. Variables that ask for what emrguard cannot do are logged, and nothing is traced: a collector's
// trouble must not keep a cluster unguarded.
func Start(ctx context.Context, o Options) *Export {
	to, err := wanted(o.Env)
	if err != nil {
		o.Log.Warn("trace.off", slog.String("reason", err.Error()))
		return nil
	}
	if to == "" {
		return nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		o.Log.Warn("trace.off", slog.String("reason", err.Error()))
		return nil
	}
	from, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "emrguard"), attribute.String("service.version", o.Version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil { // a part of OTEL_RESOURCE_ATTRIBUTES; the rest is there
		o.Log.Warn("trace.resource", slog.String("reason", err.Error()))
	}
	e := newExport(exporter, from, o)
	o.Log.Info("trace.on", slog.String("endpoint", to))
	return e
}

// newExport puts a bounded queue between the spans and the exporter.
func newExport(exporter sdktrace.SpanExporter, from *resource.Resource, o Options) *Export {
	if o.Count == nil {
		o.Count = func(int, int) {}
	}
	g := &gate{count: o.Count}
	x := &counted{SpanExporter: exporter, gate: g, log: o.Log}
	g.SpanProcessor = sdktrace.NewBatchSpanProcessor(x, sdktrace.WithMaxQueueSize(queue))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(g), sdktrace.WithResource(from))
	return &Export{Tracer: New(provider), provider: provider, flush: cmp.Or(o.Flush, flushFor)}
}

// Close ends open traces and gives the collector Options.Flush to take what waits, also if ctx has ended. The loop must have ended.
func (e *Export) Close(ctx context.Context) {
	e.End()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.flush)
	defer cancel()
	_ = e.provider.Shutdown(ctx) // what was not taken by now is lost, and nobody is there to be told
}

// wanted says where traces go; empty: nowhere.
func wanted(env func(string) string) (string, error) {
	first := func(names ...string) (name, value string) {
		for _, n := range names {
			if v := env(n); v != "" {
				return n, v
			}
		}
		return "", ""
	}
	exporter := env("OTEL_TRACES_EXPORTER")
	name, endpoint := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	switch {
	case env("OTEL_SDK_DISABLED") == "true", exporter == "none", exporter == "" && endpoint == "":
		return "", nil
	case exporter != "" && exporter != "otlp":
		return "", fmt.Errorf("OTEL_TRACES_EXPORTER is %q, and emrguard has only otlp; set it to otlp, or to none", exporter)
	}
	if name, protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return "", fmt.Errorf("%s is %q, and emrguard speaks only http/protobuf; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to that and the endpoint to the collector's HTTP port, 4318 as a rule", name, protocol)
	}
	if endpoint == "" {
		return "https://localhost:4318", nil // OpenTelemetry's default
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%s is no URL with http or https and a host; http://collector:4318 is one", name)
	}
	return u.Scheme + "://" + u.Host, nil
}

// gate drops spans while too many wait, and counts them. The processor behind it has room for all that it lets in.
type gate struct {
	sdktrace.SpanProcessor
	waiting atomic.Int64
	count   func(sent, dropped int)
}

// OnEnd implements sdktrace.SpanProcessor. It never waits.
func (g *gate) OnEnd(s sdktrace.ReadOnlySpan) {
	switch {
	case !s.SpanContext().IsSampled():
	case g.waiting.Add(1) > queue:
		g.waiting.Add(-1)
		g.count(0, 1)
	default:
		g.SpanProcessor.OnEnd(s)
	}
}

// counted is an exporter that counts what it sent and what it could not send.
type counted struct {
	sdktrace.SpanExporter
	gate   *gate
	log    *slog.Logger
	logged time.Time // exports follow each other
}

// ExportSpans implements sdktrace.SpanExporter. An error ends here: OpenTelemetry would write it past the log.
func (c *counted) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	c.gate.waiting.Add(int64(-len(spans)))
	if err == nil {
		c.gate.count(len(spans), 0)
		return nil
	}
	c.gate.count(0, len(spans))
	if now := time.Now(); now.Sub(c.logged) >= logEvery {
		c.logged = now
		c.log.Warn("trace.dropped", slog.Int("spans", len(spans)), slog.Any("error", err))
	}
	return nil
}
