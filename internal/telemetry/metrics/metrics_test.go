package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/notify"
	"emrguard/internal/store"
)

var at = time.Date(2026, 1, 5, 8, 30, 0, 0, time.UTC)

// want compares metrics with their text.
func want(t *testing.T, r prometheus.Gatherer, text string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(r, strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}

func record(kind string) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Kind: kind}
}

func TestLoop(t *testing.T) {
	r := prometheus.NewRegistry()
	l := newLoop(r)
	l.stepped(engine.Out{
		Records: []store.Record{record("recovery.open"), record("recovery.open"), record("recovery.step"), record("recovery.cause"), record("recovery.completed"), record("read.unusable")},
		Calls: []engine.Call{
			{Scope: "prod", Call: emr.Call{Op: emr.ListClusters}},
			{Scope: "prod", Call: emr.Call{Op: emr.GetMetricData, Metrics: &emr.MetricsWant{Queries: make([]emr.MetricQuery, 500)}}},
			{Scope: "prod", Call: emr.Call{Op: emr.GetMetricData, Metrics: &emr.MetricsWant{Queries: make([]emr.MetricQuery, 7)}}},
		},
		Received: []engine.Received{{Scope: "prod", Fate: engine.Taken}, {Scope: "prod", Fate: engine.Malformed}, {Scope: "prod", Fate: engine.Taken}},
		Faults: []engine.Fault{
			{Scope: "prod", Err: fmt.Errorf("save: %w", store.ErrFull)}, {Scope: "prod", Err: fmt.Errorf("save: %w", store.ErrFenced)},
			{Scope: "prod", Err: fmt.Errorf("ListClusters: %w", &emr.Error{Class: emr.Denied})}, {Scope: "prod", Err: errors.New("odd")},
		},
	}, 2*time.Millisecond, at)
	l.prune(7, nil)
	l.prune(0, store.ErrBusy)
	want(t, r, `
# HELP emrguard_records_total rows written to the history, by kind; docs/recovery.md explains what each stands for
# TYPE emrguard_records_total counter
emrguard_records_total{kind="read.unusable",scope="prod"} 1
emrguard_records_total{kind="recovery.cause",scope="prod"} 1
emrguard_records_total{kind="recovery.completed",scope="prod"} 1
emrguard_records_total{kind="recovery.open",scope="prod"} 2
emrguard_records_total{kind="recovery.step",scope="prod"} 1
# HELP emrguard_recoveries_opened_total recoveries and scaling operations opened, those asked for by hand included
# TYPE emrguard_recoveries_opened_total counter
emrguard_recoveries_opened_total{scope="prod"} 2
# HELP emrguard_recoveries_closed_total recoveries and scaling operations closed, by outcome: completed, cleared, chained, rested, blocked, overtaken, cluster_end, withheld, reported
# TYPE emrguard_recoveries_closed_total counter
emrguard_recoveries_closed_total{outcome="completed",scope="prod"} 1
# HELP emrguard_metric_series_total series of CloudWatch that GetMetricData calls were handed out for, each page's anew; CloudWatch charges by this number
# TYPE emrguard_metric_series_total counter
emrguard_metric_series_total{scope="prod"} 507
# HELP emrguard_step_last_timestamp_seconds when the last step ended, in real time; /healthz fails five minutes later
# TYPE emrguard_step_last_timestamp_seconds gauge
emrguard_step_last_timestamp_seconds 1.7676018e+09
# HELP emrguard_history_pruned_rows_total rows of history deleted because they were older than history.keep
# TYPE emrguard_history_pruned_rows_total counter
emrguard_history_pruned_rows_total 7
# HELP emrguard_history_prune_failures_total deletions of old history that failed
# TYPE emrguard_history_prune_failures_total counter
emrguard_history_prune_failures_total 1
`, "emrguard_records_total", "emrguard_recoveries_opened_total", "emrguard_recoveries_closed_total", "emrguard_metric_series_total", "emrguard_step_last_timestamp_seconds",
		"emrguard_history_pruned_rows_total", "emrguard_history_prune_failures_total")
	for _, class := range []string{"store_full", "lease", "api", "other"} {
		if n := testutil.ToFloat64(l.faults.WithLabelValues("prod", class)); n != 1 {
			t.Errorf("%g faults of class %s", n, class)
		}
	}
	if n := testutil.ToFloat64(l.events.WithLabelValues("prod", "taken")); n != 2 {
		t.Errorf("%g messages taken", n)
	}
	if n := testutil.CollectAndCount(l.took); n != 1 {
		t.Errorf("%d histograms of steps", n)
	}
}

func TestAPI(t *testing.T) {
	r := prometheus.NewRegistry()
	a := newAPI(r)
	a.called("prod", emr.ListInstanceGroups, "", 20*time.Millisecond)
	a.called("prod", emr.ListInstanceGroups, emr.Throttled, 20*time.Millisecond)
	a.called("prod", emr.ModifyInstanceGroups, emr.NotSent, 0)
	want(t, r, `
# HELP emrguard_api_calls_total calls of the APIs of EMR, CloudWatch and SQS by operation and result: ok, throttled, denied, invalid, not_found, unavailable, fleets; not_sent never left the process
# TYPE emrguard_api_calls_total counter
emrguard_api_calls_total{op="ListInstanceGroups",result="ok",scope="prod"} 1
emrguard_api_calls_total{op="ListInstanceGroups",result="throttled",scope="prod"} 1
emrguard_api_calls_total{op="ModifyInstanceGroups",result="not_sent",scope="prod"} 1
# HELP emrguard_api_throttles_total calls that AWS refused for their rate; each halves emrguard's own rate for a minute
# TYPE emrguard_api_throttles_total counter
emrguard_api_throttles_total{op="ListInstanceGroups",scope="prod"} 1
# HELP emrguard_api_call_duration_seconds real time from sending a call to its answer; a ReceiveMessage that finds nothing takes 20 s, since SQS waits for messages
# TYPE emrguard_api_call_duration_seconds histogram
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="0.005"} 0
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="0.025"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="0.1"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="0.25"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="0.5"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="1"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="2.5"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="5"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="10"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="30"} 2
emrguard_api_call_duration_seconds_bucket{op="ListInstanceGroups",scope="prod",le="+Inf"} 2
emrguard_api_call_duration_seconds_sum{op="ListInstanceGroups",scope="prod"} 0.04
emrguard_api_call_duration_seconds_count{op="ListInstanceGroups",scope="prod"} 2
`)
}

// An alert on an increase needs the value before it.
func TestWatchedCountersBeginAtZero(t *testing.T) {
	m := New("v1.2.3")
	for range 2 {
		m.Snapshot(engine.Snapshot{Scopes: []engine.ScopeSnapshot{{Name: "prod"}}})
	}
	for _, c := range []struct {
		got  prometheus.Counter
		what string
	}{
		{m.loop.closed.WithLabelValues("prod", "reported"), "reported"}, {m.loop.faults.WithLabelValues("prod", "store_full"), "store_full"},
		{m.api.calls.WithLabelValues("prod", string(emr.ListClusters), string(emr.Denied)), "denied"}, {m.api.throttles.WithLabelValues("prod", string(emr.ListClusters)), "throttles"},
	} {
		if n := testutil.ToFloat64(c.got); n != 0 {
			t.Errorf("%s begins at %g", c.what, n)
		}
	}
	for _, n := range []struct{ got, want int }{
		{testutil.CollectAndCount(m.loop.closed), len(outcomes)}, {testutil.CollectAndCount(m.loop.faults), len(faultClasses)},
		{testutil.CollectAndCount(m.api.throttles), len(emr.Ops)}, {testutil.CollectAndCount(m.api.calls), len(emr.Ops)},
	} {
		if n.got != n.want {
			t.Errorf("%d series begin at 0, want %d", n.got, n.want)
		}
	}
}

func TestTraces(t *testing.T) {
	r := prometheus.NewRegistry()
	newTraces(r).traced(5, 2)
	want(t, r, `
# HELP emrguard_trace_spans_dropped_total spans of traces that were dropped, because the collector did not take them in time
# TYPE emrguard_trace_spans_dropped_total counter
emrguard_trace_spans_dropped_total 2
# HELP emrguard_trace_spans_sent_total spans of traces that the collector took; none while traces are off
# TYPE emrguard_trace_spans_sent_total counter
emrguard_trace_spans_sent_total 5
`)
}

// full is a snapshot with another number in every place.
var full = engine.ScopeSnapshot{
	Name: "prod", Held: true, Listed: true, Generation: 3, Paused: true, Unread: true, Deaf: true, Skew: -90 * time.Second, Clusters: 10, Broken: 1, Withheld: 2, Suspended: 3,
	Unusable: 4, Blind: 15, Noticed: 16, Deferred: 17, InFlight: 5, Recoveries: 6, Shortfall: 7, Banned: 8, Resting: 9, Blocked: 11, Contested: 12, OldestRead: 13 * time.Minute, Late: 14,
	Tokens: map[emr.Op]float64{emr.ListInstanceGroups: 2.5},
}

func TestGauges(t *testing.T) {
	r := prometheus.NewRegistry()
	s := newState(r)
	want(t, r, "") // nothing before the first snapshot
	s.set(engine.Snapshot{Scopes: []engine.ScopeSnapshot{full, {Name: "standby"}}})
	var text strings.Builder
	line := func(name string, values ...string) {
		i := slices.IndexFunc(gauges, func(g gaugeOf) bool { return g.name == name })
		fmt.Fprintf(&text, "# HELP emrguard_%s %s\n# TYPE emrguard_%s gauge\n", name, gauges[i].help, name)
		for _, v := range values {
			fmt.Fprintf(&text, "emrguard_%s{%s\n", name, v)
		}
	}
	line("lease_held", `scope="prod"} 1`, `scope="standby"} 0`)
	line("scope_listed", `scope="prod"} 1`)
	line("scope_paused", `scope="prod"} 1`)
	line("scope_unread", `scope="prod"} 1`)
	line("events_unread", `scope="prod"} 1`)
	line("clusters_watched", `scope="prod"} 10`)
	line("clusters_broken", `scope="prod"} 1`)
	line("clusters_withheld", `scope="prod"} 2`)
	line("clusters_suspended", `scope="prod"} 3`)
	line("clusters_unusable", `scope="prod"} 4`)
	line("clusters_blind", `scope="prod"} 15`)
	line("clusters_noticed", `scope="prod"} 16`)
	line("schedules_deferred", `scope="prod"} 17`)
	line("api_calls_in_flight", `scope="prod"} 5`)
	line("recoveries_open", `scope="prod"} 6`)
	line("shortfall_instances", `scope="prod"} 7`)
	line("members_banned", `scope="prod"} 8`)
	line("pools_resting", `scope="prod"} 9`)
	line("pools_blocked", `scope="prod"} 11`)
	line("pools_contested", `scope="prod"} 12`)
	line("sweep_oldest_read_seconds", `scope="prod"} 780`)
	line("sweep_late_clusters", `scope="prod"} 14`)
	line("clock_skew_seconds", `scope="prod"} -90`)
	var ops []string
	for _, op := range emr.Ops {
		ops = append(ops, fmt.Sprintf(`op=%q,scope="prod"} %g`, op, full.Tokens[op]))
	}
	slices.Sort(ops)
	line("api_tokens", ops...)
	want(t, r, text.String())
}

// used is a Metrics in which everything happened once.
func used() *Metrics {
	m := New("v1.2.3")
	m.Stepped(engine.Out{Records: []store.Record{record("recovery.open"), record("recovery.completed")}, Calls: []engine.Call{{Scope: "prod", Call: emr.Call{Op: emr.GetMetricData, Metrics: &emr.MetricsWant{}}}}, Received: []engine.Received{{Scope: "prod", Fate: engine.Unused}}, Faults: []engine.Fault{{Scope: "prod", Err: store.ErrBusy}}}, time.Millisecond, at)
	m.Called("prod", emr.ListClusters, emr.Throttled, time.Millisecond)
	m.Pruned(1, nil)
	m.Certificate(func() time.Time { return at })
	m.Notified(notify.Outcome{Sink: "ops", Result: notify.Sent})
	m.Waiting([]notify.Waiting{{Sink: "ops", Pending: 2, Oldest: at.Add(-time.Minute)}}, at)
	m.Snapshot(engine.Snapshot{Scopes: []engine.ScopeSnapshot{full}})
	return m
}

func TestCatalogIsWhatIsServed(t *testing.T) {
	families, err := used().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]string{}
	for _, f := range families {
		if name, ours := strings.CutPrefix(f.GetName(), namespace); ours {
			served[name] = strings.ToLower(f.GetType().String()) + ": " + f.GetHelp()
		}
	}
	listed := map[string]string{}
	for _, m := range catalog() {
		listed[m.name] = string(m.kind) + ": " + m.help
	}
	if d := cmp.Diff(listed, served); d != "" {
		t.Errorf("the catalog and what is served differ (-catalog +served)\n%s", d)
	}
}

func TestNamesFollowPrometheusRules(t *testing.T) {
	w := httptest.NewRecorder()
	used().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `emrguard_build_info{go="go`) {
		t.Fatalf("%d\n%s", w.Code, w.Body.String())
	}
	problems, err := promlint.New(strings.NewReader(w.Body.String())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, namespace) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// What promlint does not look at: https://prometheus.io/docs/practices/naming/ on units and labels.
func TestUnitsAndLabelsFollowPrometheusRules(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, m := range catalog() {
		if !snake.MatchString(m.name) {
			t.Errorf("%s is not in snake case", m.name)
		}
		if (m.kind == counter) != strings.HasSuffix(m.name, "_total") {
			t.Errorf("%s is a %s: counters and nothing else end in _total", m.name, m.kind)
		}
		if m.kind == histogram && !strings.HasSuffix(m.name, "_duration_seconds") {
			t.Errorf("%s: durations are in seconds and say so", m.name)
		}
		for _, l := range m.labels {
			if !snake.MatchString(l) || slices.Contains(scraped, l) || l == "le" || l == "quantile" {
				t.Errorf("%s has a label %q, which is not in snake case or is Prometheus's own", m.name, l)
			}
			if l == "cluster" || l == "group" || l == "pool" || l == "recovery" || l == "message" {
				t.Errorf("%s has a label %q: its values come and go without end", m.name, l)
			}
		}
	}
}
