package emrsim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/emrsim/shapes"
)

// ofCluster is a metric of EMR.
func ofCluster(name, id string) *shapes.Metric {
	return &shapes.Metric{Namespace: ptr(emrNamespace), MetricName: &name, Dimensions: []shapes.Dimension{{Name: ptr(clusterDimension), Value: &id}}}
}

// query is one query of GetMetricData.
func query(id string, m *shapes.Metric, stat string, period time.Duration) shapes.MetricDataQuery {
	return shapes.MetricDataQuery{Id: &id, MetricStat: &shapes.MetricStat{Metric: m, Stat: &stat, Period: ptr(int(period / time.Second))}}
}

// ask is a GetMetricData between two times since the start.
func (w *world) ask(from, to time.Duration, queries ...shapes.MetricDataQuery) *shapes.GetMetricDataInput {
	return &shapes.GetMetricDataInput{StartTime: shapes.At(w.opt.Start.Add(from)), EndTime: shapes.At(w.opt.Start.Add(to)), MetricDataQueries: queries,
		ScanBy: ptr("TimestampAscending")}
}

func (w *world) data(in *shapes.GetMetricDataInput) *shapes.GetMetricDataOutput {
	w.t.Helper()
	return w.must("GetMetricData", in).(*shapes.GetMetricDataOutput)
}

// values are the points of one series, as "minute:value".
func (w *world) values(r shapes.MetricDataResult) string {
	var words []string
	for i, v := range r.Values {
		words = append(words, fmt.Sprintf("%g:%s", r.Timestamps[i].Sub(w.opt.Start).Minutes(), strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)))
	}
	return strings.Join(words, " ")
}

func (p *player) metrics(d *datadriven.TestData, arg func(string) string) string {
	at := func(key string, def time.Duration) time.Duration {
		if arg(key) == "" {
			return def
		}
		return time.Duration(span(p.t, arg(key)))
	}
	in := p.ask(at("from", 0), at("to", p.Now().Sub(p.opt.Start)))
	for i, name := range strings.Fields(d.Input) {
		q := query(fmt.Sprint("q", i), ofCluster(name, p.id), cmp.Or(arg("stat"), "Average"), at("period", 5*time.Minute))
		if unit := arg("unit"); unit != "" {
			q.MetricStat.Unit = &unit
		}
		in.MetricDataQueries = append(in.MetricDataQueries, q)
	}
	out, err := p.Do(east, "GetMetricData", in)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, r := range out.(*shapes.GetMetricDataOutput).MetricDataResults {
		fmt.Fprintf(&b, "%s: %s\n", *r.Label, p.values(r))
	}
	return b.String()
}

func TestGetMetricDataRefuses(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	good := func() *shapes.GetMetricDataInput {
		return w.ask(0, time.Hour, query("a", ofCluster("IsIdle", w.id), "Average", 5*time.Minute))
	}
	for _, test := range []struct {
		change func(in *shapes.GetMetricDataInput)
		want   string
	}{
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries = nil }, "ValidationException: The parameter MetricDataQueries is required."},
		{func(in *shapes.GetMetricDataInput) { in.StartTime = nil }, "ValidationException: The parameters StartTime and EndTime are required."},
		{func(in *shapes.GetMetricDataInput) { in.EndTime = in.StartTime }, "The parameter StartTime must be less than the parameter EndTime."},
		{func(in *shapes.GetMetricDataInput) { in.MaxDatapoints = ptr(100_801) }, "The parameter MaxDatapoints must be between 1 and 100800."},
		{func(in *shapes.GetMetricDataInput) {
			in.MetricDataQueries = slices.Repeat(in.MetricDataQueries, 501)
		}, "The collection MetricDataQueries must not have a size greater than 500."},
		{func(in *shapes.GetMetricDataInput) {
			in.MetricDataQueries = slices.Repeat(in.MetricDataQueries, 2)
		}, "The values for parameter id in MetricDataQueries are not unique."},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].Id = ptr("A") }, "The value A for parameter MetricDataQueries.member.1.Id does not match"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat = nil }, "The parameter MetricDataQueries.member.1.MetricStat is required."},
		{func(in *shapes.GetMetricDataInput) {
			in.MetricDataQueries[0] = shapes.MetricDataQuery{Id: ptr("a"), Expression: ptr("m1/m2")}
		}, "The expression 'm1/m2' of MetricDataQueries.member.1: metric math and Metrics Insights is not simulated"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].Expression = ptr("m1") }, "can not be given together"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].ReturnData = ptr(false) }, "At least one query"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = nil }, "Period and Stat are required"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = ptr("p99") }, "The statistic 'p99' of MetricDataQueries.member.1.MetricStat.Stat is not simulated"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = ptr(90) }, "must be 1, 5, 10, 20, 30 or a multiple of 60"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Metric.Namespace = nil }, "Metric.Namespace is required"},
		{func(in *shapes.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Metric.MetricName = nil }, "Metric.MetricName is required"},
		{func(in *shapes.GetMetricDataInput) { in.NextToken = ptr("x") }, "InvalidNextToken: Invalid nextToken"},
		{func(in *shapes.GetMetricDataInput) { in.NextToken = ptr(w.token(in, "9")) }, "InvalidNextToken: Invalid nextToken"},
	} {
		in := good()
		test.change(in)
		if _, err := w.Do(east, "GetMetricData", in); err == nil || err.Status != 400 || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// token is a NextToken of the request's own that begins in another query.
func (w *world) token(in *shapes.GetMetricDataInput, query string) string {
	return fmt.Sprintf("%x.%s.-1", fingerprint(in), query)
}

// TestPagesOfMetrics reads the same series in pages of every size, in both orders.
func TestPagesOfMetrics(t *testing.T) {
	w := newWorld(t, Options{Seed: 3, Unthrottled: true}, spot("task", 1))
	w.wait(time.Hour)
	queries := []shapes.MetricDataQuery{
		query("a", ofCluster("IsIdle", w.id), "Average", 5*time.Minute),
		query("none", ofCluster("IsIdle", "j-NONE"), "Average", 5*time.Minute),
		query("b", ofCluster("MemoryTotalMB", w.id), "Maximum", 5*time.Minute),
		query("hidden", ofCluster("MemoryTotalMB", w.id), "Maximum", 5*time.Minute),
	}
	queries[3].ReturnData = ptr(false)
	for _, scan := range []string{"TimestampAscending", "TimestampDescending"} {
		whole := w.ask(0, time.Hour, queries...)
		whole.ScanBy = &scan
		want := map[string]string{}
		for _, r := range w.data(whole).MetricDataResults {
			want[*r.Id] = w.values(r)
			if *r.StatusCode != "Complete" {
				t.Errorf("%s is %s", *r.Id, *r.StatusCode)
			}
		}
		if len(strings.Fields(want["a"])) < 10 || want["none"] != "" || len(want) != 3 {
			t.Fatalf("%s: %v", scan, want)
		}
		for most := 1; most < 30; most++ {
			in, got, pages := *whole, map[string]string{}, 0
			in.MaxDatapoints = &most
			for {
				pages++
				out, points := w.data(&in), 0
				for _, r := range out.MetricDataResults {
					got[*r.Id] = strings.TrimSpace(got[*r.Id] + " " + w.values(r))
					points += len(r.Values)
				}
				last := out.MetricDataResults[len(out.MetricDataResults)-1]
				if points > most || (out.NextToken == nil) != (*last.StatusCode == "Complete") {
					t.Fatalf("%d points a page: %d, and the last is %s", most, points, *last.StatusCode)
				}
				if out.NextToken == nil {
					break
				}
				in.NextToken = out.NextToken
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s, %d points a page, %d pages:\n%v\n%v", scan, most, pages, got, want)
			}
		}
	}
}

// TestMetricsComeLateOrNot compares what CloudWatch shows with the truth behind it.
func TestMetricsComeLateOrNot(t *testing.T) {
	w := newWorld(t, Options{Seed: 5, Metrics: MetricTiming{Delay: Fixed(time.Minute), LateRate: 0.2, Late: Fixed(20 * time.Minute), GapRate: 0.03, Gap: Dist{time.Minute, 10 * time.Minute, time.Hour}}},
		spot("task", 1))
	shown := func() int {
		return len(w.data(w.ask(0, 48*time.Hour, query("a", ofCluster("MRTotalNodes", w.id), "Average", 5*time.Minute))).MetricDataResults[0].Values)
	}
	w.wait(24 * time.Hour)
	at := w.Now()
	if total, points := len(w.Samples(east, "etl", w.opt.Start, w.Now())), shown(); total != 288 || points < 200 || points > 275 {
		t.Errorf("%d of %d points", points, total)
	}
	before := shown()
	w.act(Action{Do: DoMute}) // from now on nothing is new
	w.wait(21 * time.Minute)
	if after := shown(); after < before || after > before+4 {
		t.Errorf("%d points, %d before the daemon died", after, before)
	}
	w.wait(3 * time.Hour)
	settled := shown()
	w.act(Action{Do: DoUnmute})
	w.act(Action{Do: DoLag, Time: Span(30 * time.Minute)})
	w.wait(25 * time.Minute)
	if now := shown(); now != settled {
		t.Errorf("%d points, %d before: they have a lag of 30 minutes", now, settled)
	}
	w.wait(2 * time.Hour)
	if now := shown(); now < settled+10 {
		t.Errorf("%d points, %d before", now, settled)
	}
	for _, s := range w.Samples(east, "etl", at, w.Now()) {
		if muted := s.At.After(at) && s.At.Before(at.Add(3*time.Hour+21*time.Minute)); s.Up == muted {
			t.Errorf("%s: up %t", s.At, s.Up)
		}
	}
}

// TestAClusterWithoutItsPrimaryHasNoMetrics ends the primary, and with it the cluster.
func TestAClusterWithoutItsPrimaryHasNoMetrics(t *testing.T) {
	w := newWorld(t, Options{Seed: 5}, spot("task", 1))
	w.wait(30 * time.Minute)
	w.act(Action{Do: DoInterrupt, Group: roleMaster, Count: 1})
	w.wait(2 * time.Hour)
	r := w.data(w.ask(0, 3*time.Hour, query("a", ofCluster("IsIdle", w.id), "Average", 5*time.Minute))).MetricDataResults[0]
	if n := len(r.Values); n < 5 || n > 7 {
		t.Errorf("%d points: %s", n, w.values(r))
	}
}

func TestCustomMetrics(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	at := func(d time.Duration) *shapes.Time { return shapes.At(w.opt.Start.Add(d)) }
	queue := []shapes.Dimension{{Name: ptr("Queue"), Value: ptr("etl")}, {Name: ptr("Env"), Value: ptr("prod")}}
	w.wait(time.Hour)
	w.must("PutMetricData", &shapes.PutMetricDataInput{Namespace: ptr("Mine"), MetricData: []shapes.MetricDatum{
		{MetricName: ptr("Depth"), Dimensions: queue, Timestamp: at(10*time.Minute + 40*time.Second), Value: ptr(4.0)},
		{MetricName: ptr("Depth"), Dimensions: queue, Timestamp: at(11 * time.Minute), Values: []float64{1, 7}, Counts: []float64{3, 1}, Unit: ptr("Count")},
		{MetricName: ptr("Depth"), Dimensions: []shapes.Dimension{queue[1], queue[0]}, Timestamp: at(5 * time.Minute),
			StatisticValues: &shapes.StatisticSet{SampleCount: ptr(2.0), Sum: ptr(10.0), Minimum: ptr(2.0), Maximum: ptr(8.0)}, Unit: ptr("Count")},
		{MetricName: ptr("Now"), Value: ptr(-1.5)},
	}})
	depth := &shapes.Metric{Namespace: ptr("Mine"), MetricName: ptr("Depth"), Dimensions: queue}
	for _, test := range []struct {
		stat, unit string
		period     time.Duration
		want       string
	}{
		{"Sum", "", 5 * time.Minute, "5:10 10:14"},
		{"Average", "", 5 * time.Minute, "5:5 10:2.8"},
		{"Minimum", "", 5 * time.Minute, "5:2 10:1"},
		{"Maximum", "", 10 * time.Minute, "0:8 10:7"},
		{"SampleCount", "", time.Minute, "5:2 10:1 11:4"},
		{"Sum", "Count", time.Minute, "5:10 11:10"},
		{"Sum", "None", time.Minute, "10:4"},
		{"Sum", "Bytes", time.Minute, ""},
	} {
		q := query("a", depth, test.stat, test.period)
		if test.unit != "" {
			q.MetricStat.Unit = &test.unit
		}
		if got := w.values(w.data(w.ask(0, time.Hour, q)).MetricDataResults[0]); got != test.want {
			t.Errorf("%s of %s over %s: %s, want %s", test.stat, test.unit, test.period, got, test.want)
		}
	}
	now := w.data(w.ask(0, 2*time.Hour, query("a", &shapes.Metric{Namespace: ptr("Mine"), MetricName: ptr("Now")}, "Sum", time.Minute))).MetricDataResults[0]
	if got := w.values(now); got != "60:-1.5" {
		t.Errorf("a value without a time: %s", got)
	}
	stats := w.must("GetMetricStatistics", &shapes.GetMetricStatisticsInput{Namespace: ptr("Mine"), MetricName: ptr("Depth"), Dimensions: queue,
		StartTime: at(0), EndTime: at(time.Hour), Period: ptr(300), Statistics: statisticNames}).(*shapes.GetMetricStatisticsOutput)
	if len(stats.Datapoints) != 2 || *stats.Label != "Depth" {
		t.Fatalf("%+v", stats)
	}
	if d := stats.Datapoints[1]; *d.SampleCount != 5 || *d.Sum != 14 || *d.Average != 2.8 || *d.Minimum != 1 || *d.Maximum != 7 || *d.Unit != "Count" {
		t.Errorf("%+v", d)
	}
}

func TestCustomMetricsRefuse(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	datum := shapes.MetricDatum{MetricName: ptr("M"), Value: ptr(1.0)}
	for _, test := range []struct {
		change func(in *shapes.PutMetricDataInput)
		want   string
	}{
		{func(in *shapes.PutMetricDataInput) { in.Namespace = nil }, "MissingRequiredParameterException: The parameter Namespace is required."},
		{func(in *shapes.PutMetricDataInput) { in.Namespace = ptr("AWS/EC2") }, "InvalidParameterValueException: The value AWS/ for parameter Namespace is invalid."},
		{func(in *shapes.PutMetricDataInput) { in.Namespace = ptr(":x") }, "for parameter Namespace is invalid"},
		{func(in *shapes.PutMetricDataInput) { in.MetricData = nil }, "The parameter MetricData is required."},
		{func(in *shapes.PutMetricDataInput) { in.MetricData = slices.Repeat(in.MetricData, 1001) }, "must not have a size greater than 1000"},
		{func(in *shapes.PutMetricDataInput) { in.MetricData[0].MetricName = nil }, "The parameter MetricData.member.1.MetricName is required."},
		{func(in *shapes.PutMetricDataInput) { in.MetricData[0].Value = nil }, "The parameter MetricData.member.1.Value is required."},
		{func(in *shapes.PutMetricDataInput) { in.MetricData[0].Values = []float64{1} }, "are mutually exclusive"},
		{func(in *shapes.PutMetricDataInput) { in.MetricData[0].Value = ptr(math.NaN()) }, "The value NaN for parameter MetricData.member.1.Value is invalid."},
		{func(in *shapes.PutMetricDataInput) { in.MetricData[0].Value = ptr(math.Inf(-1)) }, "MetricData.member.1.Value is invalid."},
		{func(in *shapes.PutMetricDataInput) {
			in.MetricData[0].Value, in.MetricData[0].Values, in.MetricData[0].Counts = nil, []float64{1, 2}, []float64{1}
		}, "must have the same size"},
		{func(in *shapes.PutMetricDataInput) {
			in.MetricData[0].Value, in.MetricData[0].Values = nil, make([]float64, 151)
		}, "must not have a size greater than 150"},
		{func(in *shapes.PutMetricDataInput) {
			in.MetricData[0].Value, in.MetricData[0].StatisticValues = nil, &shapes.StatisticSet{}
		}, "StatisticValues.SampleCount is invalid"},
		{func(in *shapes.PutMetricDataInput) {
			in.MetricData[0].Timestamp = shapes.At(w.Now().Add(3 * time.Hour))
		}, "no more than two hours in the future"},
		{func(in *shapes.PutMetricDataInput) {
			in.MetricData[0].Timestamp = shapes.At(w.Now().Add(-15 * 24 * time.Hour))
		}, "within the past two weeks"},
	} {
		in := &shapes.PutMetricDataInput{Namespace: ptr("Mine"), MetricData: []shapes.MetricDatum{datum}}
		test.change(in)
		if _, err := w.Do(east, "PutMetricData", in); err == nil || err.Status != 400 || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	if got := w.must("ListMetrics", &shapes.ListMetricsInput{Namespace: ptr("Mine")}).(*shapes.ListMetricsOutput).Metrics; len(got) != 0 {
		t.Errorf("refused values made %v", got)
	}
}

func TestStatisticsRefuse(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	for _, test := range []struct {
		change func(in *shapes.GetMetricStatisticsInput)
		want   string
	}{
		{func(in *shapes.GetMetricStatisticsInput) { in.Period = nil }, "MissingRequiredParameterException: The parameter Period is required."},
		{func(in *shapes.GetMetricStatisticsInput) { in.EndTime = in.StartTime }, "InvalidParameterValueException: The parameter StartTime must be less than the parameter EndTime."},
		{func(in *shapes.GetMetricStatisticsInput) { in.Period = ptr(61) }, "The parameter Period must be"},
		{func(in *shapes.GetMetricStatisticsInput) { in.Statistics = nil }, "InvalidParameterCombinationException: Must specify either Statistics or ExtendedStatistics"},
		{func(in *shapes.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"p50"} }, "The statistic 'p50' is not simulated"},
		{func(in *shapes.GetMetricStatisticsInput) { in.Statistics = []string{"Mean"} }, "The value Mean for parameter Statistics is invalid."},
		{func(in *shapes.GetMetricStatisticsInput) { in.EndTime = shapes.At(in.StartTime.Add(25 * time.Hour)) },
			"You have requested up to 1500 datapoints, which exceeds the limit of 1440."},
	} {
		in := &shapes.GetMetricStatisticsInput{Namespace: ptr("Mine"), MetricName: ptr("M"), StartTime: shapes.At(w.Now()), EndTime: shapes.At(w.Now().Add(time.Hour)),
			Period: ptr(60), Statistics: []string{"Sum"}}
		test.change(in)
		if _, err := w.Do(east, "GetMetricStatistics", in); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestListMetrics(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true}, spot("task", 1))
	list := func(in *shapes.ListMetricsInput) []string {
		var names []string
		for {
			out := w.must("ListMetrics", in).(*shapes.ListMetricsOutput)
			if len(out.Metrics) > metricsPage {
				t.Fatalf("a page of %d", len(out.Metrics))
			}
			for _, m := range out.Metrics {
				names = append(names, *m.Namespace+" "+*m.MetricName)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return names
			}
		}
	}
	if got := list(&shapes.ListMetricsInput{}); len(got) != 0 {
		t.Errorf("before the first pull: %v", got)
	}
	for i := range 20 {
		w.place(fmt.Sprint("c", i))
	}
	w.wait(time.Hour)
	w.must("PutMetricData", &shapes.PutMetricDataInput{Namespace: ptr("Mine"), MetricData: []shapes.MetricDatum{{MetricName: ptr("M"), Value: ptr(1.0)}}})
	if got := list(&shapes.ListMetricsInput{}); len(got) != len(emrMetrics)+20*(len(emrMetrics)-2)+1 || !slices.IsSorted(got) { // the new ones have no task group
		t.Errorf("%d metrics", len(got))
	}
	own := []shapes.DimensionFilter{{Name: ptr(clusterDimension), Value: &w.id}}
	if got := list(&shapes.ListMetricsInput{Namespace: ptr(emrNamespace), Dimensions: own}); len(got) != len(emrMetrics) {
		t.Errorf("%d metrics of the cluster", len(got))
	}
	if got := list(&shapes.ListMetricsInput{MetricName: ptr("IsIdle"), Dimensions: []shapes.DimensionFilter{{Name: ptr(clusterDimension)}}}); len(got) != 21 {
		t.Errorf("%d clusters", len(got))
	}
	w.act(Action{Do: DoTerminate})
	w.wait(4 * time.Hour)
	if got := list(&shapes.ListMetricsInput{RecentlyActive: ptr("PT3H"), Dimensions: own}); len(got) != 0 {
		t.Errorf("an ended cluster's: %v", got)
	}
	if got := list(&shapes.ListMetricsInput{Dimensions: own}); len(got) != len(emrMetrics) {
		t.Errorf("%d metrics of the ended cluster", len(got))
	}
	w.wait(15 * 24 * time.Hour)
	if got := list(&shapes.ListMetricsInput{Dimensions: own}); len(got) != 0 {
		t.Errorf("two weeks later: %v", got)
	}
	if _, err := w.Do(east, "ListMetrics", &shapes.ListMetricsInput{NextToken: ptr("x")}); err == nil || err.Type != "InvalidParameterValueException" {
		t.Errorf("a bad token: %v", err)
	}
}

func TestTheOldestPointsAreKeptInLongPeriods(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	w.wait(70 * 24 * time.Hour)
	points := func(ago, period time.Duration) int {
		from := w.Now().Sub(w.opt.Start) - ago
		return len(w.data(w.ask(from, from+6*time.Hour, query("a", ofCluster("IsIdle", w.id), "Average", period))).MetricDataResults[0].Values)
	}
	for _, test := range []struct {
		ago, period time.Duration
		want        bool
	}{
		{24 * time.Hour, time.Minute, true}, {20 * 24 * time.Hour, time.Minute, false}, {20 * 24 * time.Hour, 5 * time.Minute, true},
		{64 * 24 * time.Hour, 5 * time.Minute, false}, {64 * 24 * time.Hour, time.Hour, true},
	} {
		if n := points(test.ago, test.period); n > 0 != test.want {
			t.Errorf("%s ago, every %s: %d points", test.ago, test.period, n)
		}
	}
}

func TestMetricCallsHaveTheirOwnQuota(t *testing.T) {
	w := newWorld(t, Options{OldAccount: true}, spot("task", 1)) // 25 calls of EMR at once
	in := w.ask(0, time.Hour, query("a", ofCluster("IsIdle", w.id), "Average", 5*time.Minute))
	for range 50 {
		w.data(in)
	}
	if _, err := w.Do(east, "GetMetricData", in); err == nil || err.Type != "ThrottlingException" || QueryCode(err.Type) != "Throttling" {
		t.Errorf("the 51st call in a second: %v", err)
	}
	w.list() // EMR has its own
	w.wait(time.Second)
	w.data(in)
}

func TestFaultsOfMetricCalls(t *testing.T) {
	w := newWorld(t, Options{Seed: 2}, spot("task", 1))
	w.wait(2 * time.Hour)
	in := w.ask(0, 3*time.Hour, query("a", ofCluster("IsIdle", w.id), "Average", 5*time.Minute), query("b", ofCluster("IsIdle", w.id), "Average", 5*time.Minute))
	fault := func(line string) func() {
		f, err := ParseFault(line)
		if err != nil {
			t.Fatal(err)
		}
		id := w.AddFault(f)
		return func() { w.RemoveFault(id) }
	}
	all := len(w.data(in).MetricDataResults[0].Values)
	end := fault("GetMetricData cluster=etl call=2 lose-answer")
	for call := 1; call <= 3; call++ {
		if _, err := w.Do(east, "GetMetricData", in); (err != nil) != (call == 2) {
			t.Errorf("call %d: %v", call, err)
		}
	}
	end()
	end = fault("GetMetricData cluster=other throttle")
	w.data(in)
	end()
	end = fault("GetMetricData group=task throttle")
	w.data(in)
	end()
	end = fault("GetMetricData stale=30m")
	if n := len(w.data(in).MetricDataResults[0].Values); n < all-7 || n > all-5 {
		t.Errorf("%d points 30 minutes ago, %d now", n, all)
	}
	end()
	end = fault("GetMetricData fail-series=1")
	out := w.data(in)
	if a, b := out.MetricDataResults[0], out.MetricDataResults[1]; *a.StatusCode != "Complete" || *b.StatusCode != "InternalError" || len(b.Values) != 0 || len(b.Messages) != 1 {
		t.Errorf("%+v", out)
	}
	end()
	end = fault("GetMetricData lose-pages")
	in.MaxDatapoints = ptr(3)
	if out := w.data(in); out.NextToken != nil {
		t.Error("there is another page")
	}
	end()
	end = fault("GetMetricData error=InternalServiceFault")
	if _, err := w.Do(east, "GetMetricData", in); err == nil || err.Status != 500 {
		t.Errorf("got %v", err)
	}
	end()
}
