package telemetry

import (
	"context"
	"log/slog"
	"time"

	"emrguard/internal/engine"
	"emrguard/internal/notify"
)

// NotifyMetrics is what Notifications counts with.
type NotifyMetrics interface {
	Notified(o notify.Outcome)
	Waiting(sinks []notify.Waiting, now time.Time)
}

// Notifications writes the log of the notifications and counts them. It is told by one goroutine.
type Notifications struct {
	log     *slog.Logger
	metrics NotifyMetrics // nil: nothing is counted
	faults  faultLog
}

// NewNotifications returns a Notifications; metrics may be nil.
func NewNotifications(log *slog.Logger, metrics NotifyMetrics) *Notifications {
	return &Notifications{log: log, metrics: metrics}
}

// Notified logs what became of a message. Whatever repeats itself is written once a minute.
func (n *Notifications) Notified(o notify.Outcome) {
	if n.metrics != nil {
		n.metrics.Notified(o)
	}
	attrs := []slog.Attr{}
	if o.Sink != "" {
		attrs = append(attrs, slog.String("sink", o.Sink))
	}
	if o.Message != "" {
		attrs = append(attrs, slog.String("message", o.Message))
	}
	if o.Wait > 0 {
		attrs = append(attrs, slog.String("again_in", o.Wait.Round(time.Second).String()))
	}
	if o.Err != nil {
		more, ok := n.faults.admit(engine.Fault{Scope: o.Sink, Err: o.Err}, time.Now())
		if !ok {
			return
		}
		attrs = append(attrs, slog.String("error", o.Err.Error()))
		if more > 0 {
			attrs = append(attrs, slog.Int("repeated", more))
		}
	}
	ctx := context.Background()
	switch o.Result {
	case notify.Sent:
		n.log.LogAttrs(ctx, slog.LevelInfo, "notify.sent", attrs...)
	case notify.Failed:
		n.log.LogAttrs(ctx, slog.LevelWarn, "notify.failed", attrs...)
	case notify.Denied:
		n.log.LogAttrs(ctx, slog.LevelError, "notify.refused", attrs...)
	case notify.Dropped:
		n.log.LogAttrs(ctx, slog.LevelError, "notify.dropped", attrs...)
	case notify.Fault:
		n.log.LogAttrs(ctx, slog.LevelError, "notify.fault", attrs...)
	}
}

// Waiting counts what was not delivered yet.
func (n *Notifications) Waiting(sinks []notify.Waiting, now time.Time) {
	if n.metrics != nil {
		n.metrics.Waiting(sinks, now)
	}
}
