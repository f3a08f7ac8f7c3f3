// Package metrics counts what emrguard does and holds, for Prometheus; docs/metrics.md is generated from its catalog.
//
// Each part has a newX(Registerer) of its own, so that a test can look at one alone; Metrics puts them on a registry that is
// nobody else's.
package metrics

import (
	"cmp"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Metrics is every metric of one process. It is safe for concurrent use and is told by a telemetry.Observer.
type Metrics struct {
	registry *prometheus.Registry
	loop     *loop
	api      *api
	state    *state
	notices  *notified
	traces   *traces
	scopes   sync.Map // names of those whose counters have begun
}

// New returns the metrics of an emrguard of a version, all at zero.
func New(version string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build.gaugeVec(r).WithLabelValues(version, runtime.Version()).Set(1)
	return &Metrics{registry: r, loop: newLoop(r), api: newAPI(r), state: newState(r), traces: newTraces(r), notices: newNotified(r)}
}

// Handler serves the metrics in Prometheus's formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Stepped counts the records and faults of a step that ended at now and took real time.
func (m *Metrics) Stepped(out engine.Out, took time.Duration, now time.Time) {
	m.loop.stepped(out, took, now)
}

// Snapshot shows another snapshot in the gauges. The counters that alerts watch begin at 0 when their scope is first seen: Prometheus
// takes a counter that begins at 1 for one that did not rise.
func (m *Metrics) Snapshot(s engine.Snapshot) {
	for _, sc := range s.Scopes {
		if _, known := m.scopes.LoadOrStore(sc.Name, true); !known {
			m.loop.begin(sc.Name)
			m.api.begin(sc.Name)
		}
	}
	m.state.set(s)
}

// Called counts a call; class is empty after a success.
func (m *Metrics) Called(scope string, op emr.Op, class emr.Class, took time.Duration) {
	m.api.called(scope, op, class, took)
}

// Pruned counts deleted rows of history, and failures to delete them.
func (m *Metrics) Pruned(rows int, err error) { m.loop.prune(rows, err) }

// Traced counts spans that a collector took and spans that were dropped.
func (m *Metrics) Traced(sent, dropped int) { m.traces.traced(sent, dropped) }

// Certificate shows when the listener's TLS certificate ends, which is asked for whenever the metrics are. It is called once at most.
func (m *Metrics) Certificate(notAfter func() time.Time) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: namespace + certEnd.name, Help: certEnd.help},
		func() float64 { return float64(notAfter().Unix()) }))
}

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

// begin sets the counters of a scope that alerts watch to 0.
func (l *loop) begin(scope string) {
	l.opened.WithLabelValues(scope)
	for _, o := range outcomes {
		l.closed.WithLabelValues(scope, string(o))
	}
	for _, c := range faultClasses {
		l.faults.WithLabelValues(scope, c.name)
	}
}

func (l *loop) stepped(out engine.Out, took time.Duration, now time.Time) {
	l.took.WithLabelValues().Observe(took.Seconds())
	l.last.WithLabelValues().Set(float64(now.UnixNano()) / 1e9)
	for _, r := range out.Records {
		l.records.WithLabelValues(r.Scope, r.Kind).Inc()
		switch what, ok := strings.CutPrefix(r.Kind, "recovery."); {
		case ok && what == "open":
			l.opened.WithLabelValues(r.Scope).Inc()
		case ok && slices.Contains(outcomes, recovery.Outcome(what)):
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

// faultClasses sort faults by what a person would do about them: the first that fits counts, and the last fits every fault.
var faultClasses = []struct {
	name string
	is   func(error) bool
}{
	{"store_busy", wraps(store.ErrBusy)},
	{"store_full", wraps(store.ErrFull)},
	{"store_read_only", wraps(store.ErrReadOnly)},
	{"store_corrupt", wraps(store.ErrCorrupt)},
	{"store_newer", wraps(store.ErrNewer)},
	{"lease", wraps(store.ErrFenced)},
	{"conflict", wraps(store.ErrConflict)},
	{"api", func(err error) bool { e := (*emr.Error)(nil); return errors.As(err, &e) }},
	{"other", func(error) bool { return true }},
}

func wraps(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// faultClass is the class of a fault.
func faultClass(err error) string {
	for _, c := range faultClasses {
		if c.is(err) {
			return c.name
		}
	}
	return ""
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

// begin sets the counters of a scope that alerts watch to 0.
func (a *api) begin(scope string) {
	for _, op := range emr.Ops {
		a.calls.WithLabelValues(scope, string(op), string(emr.Denied))
		a.throttles.WithLabelValues(scope, string(op))
	}
}

func (a *api) called(scope string, op emr.Op, class emr.Class, took time.Duration) {
	result := cmp.Or(string(class), answered)
	a.calls.WithLabelValues(scope, string(op), result).Inc()
	if class == emr.Throttled {
		a.throttles.WithLabelValues(scope, string(op)).Inc()
	}
	if class != emr.NotSent {
		a.took.WithLabelValues(scope, string(op)).Observe(took.Seconds())
	}
}

// traces counts the spans of traces.
type traces struct{ sent, dropped prometheus.Counter }

func newTraces(r prometheus.Registerer) *traces {
	return &traces{sent: spansSent.counterVec(r).WithLabelValues(), dropped: spansLost.counterVec(r).WithLabelValues()}
}

func (t *traces) traced(sent, dropped int) {
	t.sent.Add(float64(sent))
	t.dropped.Add(float64(dropped))
}
