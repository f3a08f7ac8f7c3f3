package telemetry

import (
	"context"
	"log/slog"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
)

// Metrics is what an Observer counts with.
type Metrics interface {
	Stepped(out engine.Out, took time.Duration, now time.Time)
	Snapshot(s engine.Snapshot)
	Called(scope string, op emr.Op, class emr.Class, took time.Duration)
	Pruned(rows int, err error)
}

// Observer writes the log, counts, and keeps the health of one run loop. Called may come from several goroutines at once, the
// other methods from one.
type Observer struct {
	log     *slog.Logger
	metrics Metrics // nil: nothing is counted
	health  *Health
	faults  faultLog
	scopes  map[string]ScopeState // as last written
}

// NewObserver returns an Observer; metrics may be nil.
func NewObserver(log *slog.Logger, metrics Metrics, health *Health) *Observer {
	return &Observer{log: log, metrics: metrics, health: health, scopes: map[string]ScopeState{}}
}

// Stepped logs the records and faults of a step.
func (o *Observer) Stepped(out engine.Out, took time.Duration) {
	now, ctx := time.Now(), context.Background()
	o.health.Stepped(now)
	for _, r := range out.Records {
		if level := levelOf(r.Kind); o.log.Enabled(ctx, level) {
			o.log.LogAttrs(ctx, level, r.Kind, recordAttrs(r)...) //nolint:sloglint // the kinds of records are constants of the packages that write them
		}
	}
	for _, c := range out.Calls {
		o.log.LogAttrs(ctx, slog.LevelDebug, "call", slog.String("scope", c.Scope), slog.String("call", c.Call.String()))
	}
	for _, f := range out.Faults {
		more, ok := o.faults.admit(f, now)
		if !ok {
			continue
		}
		attrs := []slog.Attr{slog.String("scope", f.Scope), slog.String("error", f.Err.Error())}
		if f.Cluster != "" {
			attrs = append(attrs, slog.String("cluster", f.Cluster))
		}
		if more > 0 {
			attrs = append(attrs, slog.Int("repeated", more))
		}
		o.log.LogAttrs(ctx, slog.LevelError, "fault", attrs...)
	}
	if o.metrics != nil {
		o.metrics.Stepped(out, took, now)
	}
}

// Snapshot logs when a scope is taken, lost or waited for.
func (o *Observer) Snapshot(s engine.Snapshot) {
	o.health.Snapshot(s, time.Now())
	_, states := o.health.Ready()
	for i, r := range states {
		was, now, sc := o.scopes[r.Scope], r.State, s.Scopes[i]
		o.scopes[r.Scope] = now
		scope := slog.String("scope", r.Scope)
		switch {
		case now == was:
		case now == Ready:
			o.log.Info("scope.ready", scope, slog.Int("clusters", sc.Clusters), slog.Int64("generation", sc.Generation))
		case now == Starting:
			o.log.Info("scope.taken", scope, slog.Int64("generation", sc.Generation))
		case was == "":
			o.log.Info("scope.standby", scope, slog.String("reason", "another process holds the lease, or the store cannot give it; nothing is done here until it is held"))
		default:
			o.log.Warn("scope.lost", scope, slog.String("reason", "the lease is not held any more; nothing is done here until it is held again"))
		}
	}
	if o.metrics != nil {
		o.metrics.Snapshot(s)
	}
}

// Called counts a call.
func (o *Observer) Called(scope string, op emr.Op, class emr.Class, took time.Duration) {
	if o.metrics != nil {
		o.metrics.Called(scope, op, class, took)
	}
}

// Pruned logs that old history went.
func (o *Observer) Pruned(rows int, err error) {
	switch {
	case err != nil:
		o.log.Error("history.prune", slog.Int("rows", rows), slog.Any("error", err))
	case rows > 0:
		o.log.Info("history.prune", slog.Int("rows", rows))
	}
	if o.metrics != nil {
		o.metrics.Pruned(rows, err)
	}
}

// Failed logs that the loop broke down.
func (o *Observer) Failed(err error) {
	o.health.Failed(err)
	o.log.Error("loop.failed", slog.Any("error", err))
}
