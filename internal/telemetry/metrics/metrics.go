// Package metrics counts what emrguard does and holds, for Prometheus; docs/metrics.md is generated from its catalog.
//
// Each part has a newX(Registerer) of its own, so that a test can look at one alone; Metrics puts them on a registry that is
// nobody else's.
package metrics

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

// Metrics is every metric of one process. It is safe for concurrent use and is told by a telemetry.Observer.
type Metrics struct {
	registry *prometheus.Registry
	loop     *loop
	api      *api
	state    *state
	notices  *notified
}

// New returns the metrics of an emrguard of a version, all at zero.
func New(version string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build.gaugeVec(r).WithLabelValues(version, runtime.Version()).Set(1)
	return &Metrics{registry: r, loop: newLoop(r), api: newAPI(r), state: newState(r), notices: newNotified(r)}
}

// Handler serves the metrics in Prometheus's formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Stepped counts the records and faults of a step that ended at now and took real time.
func (m *Metrics) Stepped(out engine.Out, took time.Duration, now time.Time) {
	m.loop.stepped(out, took, now)
}

// Snapshot shows another snapshot in the gauges.
func (m *Metrics) Snapshot(s engine.Snapshot) { m.state.set(s) }

// Called counts a call; class is empty after a success.
func (m *Metrics) Called(scope string, op emr.Op, class emr.Class, took time.Duration) {
	m.api.called(scope, op, class, took)
}

// Pruned counts deleted rows of history, and failures to delete them.
func (m *Metrics) Pruned(rows int, err error) { m.loop.prune(rows, err) }

// loop counts what the run loop does.
type loop struct {
	records, opened, closed, faults, series, events, pruned, pruneFail *prometheus.CounterVec
	took                                                               *prometheus.HistogramVec
	last                                                               *prometheus.GaugeVec
}

func newLoop(r prometheus.Registerer) *loop {
	l := &loop{
		records: records.counterVec(r), opened: opened.counterVec(r), closed: closed.counterVec(r), faults: faults.counterVec(r), series: series.counterVec(r),
		events: events.counterVec(r), pruned: pruned.counterVec(r), pruneFail: pruneFail.counterVec(r),
		took: stepTime.histogramVec(r, prometheus.ExponentialBuckets(0.0001, 4, 9)), last: lastStep.gaugeVec(r),
	}
	l.pruned.WithLabelValues()
	l.pruneFail.WithLabelValues()
	return l
}

func (l *loop) stepped(out engine.Out, took time.Duration, now time.Time) {
	l.took.WithLabelValues().Observe(took.Seconds())
	l.last.WithLabelValues().Set(float64(now.UnixNano()) / 1e9)
	for _, r := range out.Records {
		l.records.WithLabelValues(r.Scope, r.Kind).Inc()
		switch what, ok := strings.CutPrefix(r.Kind, "recovery."); {
		case !ok, what == "step":
		case what == "open":
			l.opened.WithLabelValues(r.Scope).Inc()
		default:
			l.closed.WithLabelValues(r.Scope, what).Inc()
		}
	}
	for _, c := range out.Calls {
		if c.Call.Metrics != nil {
			l.series.WithLabelValues(c.Scope).Add(float64(len(c.Call.Metrics.Queries)))
		}
	}
	for _, r := range out.Received {
		l.events.WithLabelValues(r.Scope, string(r.Fate)).Inc()
	}
	for _, f := range out.Faults {
		l.faults.WithLabelValues(f.Scope, faultClass(f.Err)).Inc()
	}
}

// faultClass sorts a fault by what a person would do about it.
func faultClass(err error) string {
	for _, c := range []struct {
		is   error
		name string
	}{
		{store.ErrBusy, "store_busy"}, {store.ErrFull, "store_full"}, {store.ErrReadOnly, "store_read_only"}, {store.ErrCorrupt, "store_corrupt"},
		{store.ErrNewer, "store_newer"}, {store.ErrFenced, "lease"}, {store.ErrConflict, "conflict"},
	} {
		if errors.Is(err, c.is) {
			return c.name
		}
	}
	if e := (*emr.Error)(nil); errors.As(err, &e) {
		return "api"
	}
	return "other"
}

func (l *loop) prune(rows int, err error) {
	l.pruned.WithLabelValues().Add(float64(rows))
	if err != nil {
		l.pruneFail.WithLabelValues().Inc()
	}
}

// api counts calls of AWS's APIs.
type api struct {
	calls, throttles *prometheus.CounterVec
	took             *prometheus.HistogramVec
}

func newAPI(r prometheus.Registerer) *api {
	return &api{
		calls: calls.counterVec(r), throttles: throttles.counterVec(r),
		took: callTime.histogramVec(r, []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}),
	}
}

func (a *api) called(scope string, op emr.Op, class emr.Class, took time.Duration) {
	result := string(class)
	if class == "" {
		result = "ok"
	}
	a.calls.WithLabelValues(scope, string(op), result).Inc()
	if class == emr.Throttled {
		a.throttles.WithLabelValues(scope, string(op)).Inc()
	}
	if class != emr.NotSent {
		a.took.WithLabelValues(scope, string(op)).Observe(took.Seconds())
	}
}
