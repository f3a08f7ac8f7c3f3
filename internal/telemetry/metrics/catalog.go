package metrics

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"emrguard/internal/recovery"
)

// namespace begins the name of every metric.
const namespace = "emrguard_"

// kind is the type of a metric, in Prometheus's words.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// metric is one entry of the catalog: the metrics are made from it, and so is docs/metrics.md.
type metric struct {
	name   string // without namespace
	kind   kind
	labels []string
	help   string
}

// outcomes are the values of the label outcome.
var outcomes = []recovery.Outcome{
	recovery.Completed, recovery.Cleared, recovery.Chained, recovery.Rested, recovery.NoPlace, recovery.Overtaken, recovery.ClusterEnd, recovery.Withheld,
	recovery.Reported,
}

// answered is the result of a call that AWS answered without an error.
const answered = "ok"

// The metrics that are counted as things happen.
var (
	records   = metric{"records_total", counter, []string{"scope", "kind"}, "rows written to the history, by kind; docs/recovery.md explains what each stands for"}
	opened    = metric{"recoveries_opened_total", counter, []string{"scope"}, "recoveries and scaling operations opened, those asked for by hand included"}
	closed    = metric{"recoveries_closed_total", counter, []string{"scope", "outcome"}, "recoveries and scaling operations closed, by outcome: completed, cleared, chained, rested, blocked, overtaken, cluster_end, withheld, reported"}
	faults    = metric{"faults_total", counter, []string{"scope", "class"}, "problems outside the rules: with the store (store_busy, store_full, store_read_only, store_corrupt, store_newer), a lost lease (lease), a version conflict (conflict), an API of AWS (api), anything else (other)"}
	calls     = metric{"api_calls_total", counter, []string{"scope", "op", "result"}, "calls of the APIs of EMR, CloudWatch and SQS by operation and result: ok, throttled, denied, invalid, not_found, unavailable, fleets; not_sent never left the process"}
	series    = metric{"metric_series_total", counter, []string{"scope"}, "series of CloudWatch that GetMetricData calls were handed out for, each page's anew; CloudWatch charges by this number"}
	events    = metric{"events_total", counter, []string{"scope", "fate"}, "messages received from the scope's queue of EMR's events: taken (decided on and saved), unused (of another kind, or a cluster that is not watched), malformed (no event), kept (not saved; SQS gives it again)"}
	callTime  = metric{"api_call_duration_seconds", histogram, []string{"scope", "op"}, "real time from sending a call to its answer; a ReceiveMessage that finds nothing takes 20 s, since SQS waits for messages"}
	throttles = metric{"api_throttles_total", counter, []string{"scope", "op"}, "calls that AWS refused for their rate; each halves emrguard's own rate for a minute"}
	stepTime  = metric{"step_duration_seconds", histogram, nil, "real time of one step of the run loop, the store's writes included"}
	lastStep  = metric{"step_last_timestamp_seconds", gauge, nil, "when the last step ended, in real time; /healthz fails five minutes later"}
	pruned    = metric{"history_pruned_rows_total", counter, nil, "rows of history deleted because they were older than history.keep"}
	pruneFail = metric{"history_prune_failures_total", counter, nil, "deletions of old history that failed"}
	spansSent = metric{"trace_spans_sent_total", counter, nil, "spans of traces that the collector took; none while traces are off"}
	spansLost = metric{"trace_spans_dropped_total", counter, nil, "spans of traces that were dropped, because the collector did not take them in time"}
	certEnd   = metric{"certificate_not_after_timestamp_seconds", gauge, nil, "when the TLS certificate of the listener ends; absent without TLS"}
	build     = metric{"build_info", gauge, []string{"version", "go"}, "always 1; the labels tell the version"}
)

// counted lists them.
var counted = []metric{records, opened, closed, faults, calls, series, events, callTime, throttles, stepTime, lastStep, pruned, pruneFail, spansSent, spansLost, certEnd, build,
	notices, noticeTime, noticePending, noticeOldest}

// catalog is every metric, by name.
func catalog() []metric {
	all := slices.Clone(counted)
	for _, g := range gauges {
		all = append(all, g.metric)
	}
	slices.SortFunc(all, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (m metric) counterVec(r prometheus.Registerer) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: namespace + m.name, Help: m.help}, m.labels)
	r.MustRegister(v)
	return v
}

func (m metric) gaugeVec(r prometheus.Registerer) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: namespace + m.name, Help: m.help}, m.labels)
	r.MustRegister(v)
	return v
}

func (m metric) histogramVec(r prometheus.Registerer, buckets []float64) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: namespace + m.name, Help: m.help, Buckets: buckets}, m.labels)
	r.MustRegister(v)
	return v
}
