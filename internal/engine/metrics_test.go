package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// policies is a guard that asks for metrics beside what the real one decides: for each cluster a minute after each five minutes.
type policies struct {
	metrics func(emr.ClusterID) []emr.Metric
	window  func(emr.ClusterID) time.Duration // 0 or nil: 15 minutes
	skip    bool                              // a failed read is not wanted again before the next period
	due     map[emr.ClusterID]time.Time
	got     []judged
}

// judged is one input of metrics that reached the guard.
type judged struct {
	at      time.Time
	cluster emr.ClusterID
	metrics *guard.Metrics
	failed  *guard.Failed
}

const five = 5 * time.Minute

func (p *policies) decide(state guard.State, env guard.Env, in guard.Input) guard.Decision {
	dec := guard.Decide(state, env, in)
	id := state.Cluster.ID
	failed := in.Failed != nil && in.Failed.Op == emr.GetMetricData
	if in.Metrics != nil || failed {
		j := judged{at: env.Now, cluster: id, metrics: in.Metrics}
		if failed {
			j.failed = in.Failed
		}
		p.got = append(p.got, j)
	}
	if p.due == nil {
		p.due = map[emr.ClusterID]time.Time{}
	}
	if in.Metrics != nil || failed && p.skip || p.due[id].IsZero() {
		p.due[id] = env.Now.Truncate(five).Add(five + time.Minute)
	}
	window := 15 * time.Minute
	if p.window != nil {
		window = cmp.Or(p.window(id), window)
	}
	to := p.due[id].Truncate(five)
	dec.Metrics = nil
	if metrics := p.metrics(id); len(metrics) > 0 && dec.State.Ended.IsZero() {
		dec.Metrics = &guard.MetricNeed{Due: p.due[id], From: to.Add(-window), To: to, Metrics: metrics}
	}
	return dec
}

// first are n of EMR's metrics for a cluster.
func first(n int, id emr.ClusterID) []emr.Metric {
	var out []emr.Metric
	for i := range n {
		out = append(out, emr.Metric{Namespace: emr.MetricsNamespace, Name: fmt.Sprintf("M%02d", i), Statistic: emr.Average, Period: five}.Of(id))
	}
	return out
}

// valueOf is what cloudwatch has for a series at a time: it tells both.
func valueOf(m emr.Metric, at time.Time) float64 {
	n := 0
	for _, r := range m.Key() {
		n = (n*31 + int(r)) % 10007
	}
	return float64(n) + float64(at.Unix()%86400)/1e5
}

// cloudwatch answers a call whole, counting periods from the window's start as CloudWatch does.
func cloudwatch(c emr.Call) emr.Result {
	var r emr.Result
	for _, q := range c.Metrics.Queries {
		s := emr.Series{ID: q.ID}
		for at := c.Metrics.From; at.Before(c.Metrics.To); at = at.Add(q.Metric.Period) {
			s.Points = append(s.Points, emr.Point{At: at, Value: valueOf(q.Metric, at)})
		}
		r.Series = append(r.Series, s)
	}
	return r
}

// newMetricsLab is a lab whose one scope has so many clusters with policies.
func newMetricsLab(t *testing.T, clusters int, p *policies) *lab {
	t.Helper()
	l := newLab(t, memory.New("storeaaa"), "prod")
	l.engine.decide = p.decide
	l.cloudwatch(clusters, cloudwatch)
	return l
}

// cloudwatch has GetMetricData answered by the function, everything else as for healthy clusters.
func (l *lab) cloudwatch(clusters int, answer func(emr.Call) emr.Result) {
	l.aws = func(scope string, c emr.Call) emr.Result {
		if c.Op == emr.GetMetricData {
			return answer(c)
		}
		return answerer{perScope: clusters}.answer(scope, c)
	}
}

// check says what is wrong with the points that were given to a decision.
func (j judged) check(metrics []emr.Metric, window time.Duration) error {
	if j.failed != nil {
		return fmt.Errorf("%s: failed: %v", j.cluster, j.failed.Err)
	}
	if len(j.metrics.Series) != len(metrics) {
		return fmt.Errorf("%s: %d series", j.cluster, len(j.metrics.Series))
	}
	for i, s := range j.metrics.Series {
		if s.Metric.Key() != metrics[i].Key() {
			return fmt.Errorf("%s: series %d is %s", j.cluster, i, s.Metric.Key())
		}
		if len(s.Points) != int(window/s.Metric.Period) {
			return fmt.Errorf("%s: %d points of %s", j.cluster, len(s.Points), s.Metric)
		}
		for k, p := range s.Points {
			if want := j.metrics.From.Add(time.Duration(k) * s.Metric.Period); !p.At.Equal(want) || p.Value != valueOf(s.Metric, want) {
				return fmt.Errorf("%s: point %d of %s is %v %v, want %v %v", j.cluster, k, s.Metric, p.At, p.Value, want, valueOf(s.Metric, want))
			}
		}
	}
	return nil
}

func TestMetricsOfAllClustersShareCalls(t *testing.T) {
	for _, tt := range []struct{ clusters, policies, calls int }{
		{1, 4, 1}, {125, 4, 1}, {126, 4, 2}, {1000, 1, 2}, {300, 3, 2}, {1000, 4, 8}, {3, 501, 4}, {5, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d clusters, %d policies", tt.clusters, tt.policies), func(t *testing.T) {
			p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(tt.policies, id) }}
			l := newMetricsLab(t, tt.clusters, p)
			l.run(40 * time.Minute) // every cluster has been met
			l.sent, p.got = nil, nil
			l.run(five)
			if n := l.count("", emr.GetMetricData); n != tt.calls {
				t.Errorf("%d calls in five minutes, want %d", n, tt.calls)
			}
			if tt.policies == 0 {
				return
			}
			if len(p.got) != tt.clusters {
				t.Fatalf("%d of %d clusters were judged", len(p.got), tt.clusters)
			}
			seen := map[string]bool{}
			for _, s := range l.sent {
				if s.call.Op != emr.GetMetricData {
					continue
				}
				if len(s.call.Metrics.Queries) > emr.MaxQueries {
					t.Errorf("%d series in one call", len(s.call.Metrics.Queries))
				}
				for _, q := range s.call.Metrics.Queries {
					if key := q.Metric.Key(); seen[key] {
						t.Errorf("%s was asked for twice", key)
					} else {
						seen[key] = true
					}
				}
			}
			for _, j := range p.got {
				if err := j.check(first(tt.policies, j.cluster), 15*time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			inOrder := func(a, b judged) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.cluster, b.cluster)) }
			if tt.calls < 5 && !slices.IsSortedFunc(p.got, inOrder) { // of one answer; several come in one step
				t.Error("not judged in the order of the clusters' ids")
			}
			if len(l.faults) > 0 {
				t.Errorf("faults: %v", l.faults)
			}
		})
	}
}

func TestMetricsGatherForAMoment(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
	l := newMetricsLab(t, 3, p)
	l.run(time.Minute)
	base := l.now.Wall.Truncate(time.Minute).Add(10 * time.Minute)
	for i, late := range []time.Duration{0, 4 * time.Second, 6 * time.Second} {
		p.due[emr.ClusterID(fmt.Sprintf("j-prod%05d", i))] = base.Add(late)
	}
	l.run(10*time.Minute + 30*time.Second) // a read of each cluster tells the engine before
	var calls []string
	start := l.now.Wall.Add(-l.now.Mono)
	for _, s := range l.sent {
		if s.call.Op == emr.GetMetricData {
			calls = append(calls, fmt.Sprintf("%d at %s", len(s.call.Metrics.Queries), start.Add(s.at).Sub(base).Round(time.Second)))
		}
	}
	if len(calls) < 2 || calls[0] != "2 at 5s" || calls[1] != "1 at 11s" {
		t.Errorf("calls: %v, want 2 at 5s and 1 at 11s", calls)
	}
}

// A call has one window and CloudWatch counts periods from its start: clusters with other windows and periods must get their own points.
func TestMetricsWindowsAndPeriods(t *testing.T) {
	period := []time.Duration{time.Minute, 7 * time.Minute, time.Hour}
	p := &policies{
		metrics: func(id emr.ClusterID) []emr.Metric {
			m := first(2, id)
			for i := range m {
				m[i].Period = period[(int(id[len(id)-1])+i)%3]
			}
			return m
		},
		window: func(id emr.ClusterID) time.Duration { return time.Duration(1+int(id[len(id)-1]-'0')) * time.Hour },
	}
	l := newMetricsLab(t, 9, p)
	l.run(time.Hour)
	if n := l.count("", emr.GetMetricData); n < 30 || n > 36 {
		t.Errorf("%d calls in an hour, want three every five minutes: one for each period", n)
	}
	if len(p.got) < 9*10 {
		t.Fatalf("%d judgements", len(p.got))
	}
	for _, s := range l.sent {
		if s.call.Op == emr.GetMetricData {
			for _, q := range s.call.Metrics.Queries {
				if from := s.call.Metrics.From; q.Metric.Period != s.call.Metrics.Queries[0].Metric.Period || from.Unix()%int64(q.Metric.Period/time.Second) != 0 {
					t.Fatalf("a period of %s in a call of %s from %s", q.Metric.Period, s.call.Metrics.Queries[0].Metric.Period, from)
				}
			}
		}
	}
	for _, j := range p.got {
		for i, s := range j.metrics.Series {
			begin := s.Metric.Begin(j.metrics.From)
			if begin.Before(j.metrics.From) {
				begin = begin.Add(s.Metric.Period)
			}
			n := 0
			for at := begin; at.Before(j.metrics.To); at = at.Add(s.Metric.Period) {
				if n >= len(s.Points) || !s.Points[n].At.Equal(at) || s.Points[n].Value != valueOf(s.Metric, at) {
					t.Fatalf("%s, series %d: %d points from %s, none at %s", j.cluster, i, len(s.Points), j.metrics.From, at)
				}
				n++
			}
			if n != len(s.Points) {
				t.Fatalf("%s, series %d: %d points, want %d", j.cluster, i, len(s.Points), n)
			}
		}
	}
}

func TestMetricsPagesMakeOneRead(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(2, id) }}
	l := newMetricsLab(t, 2, p)
	pages, broken := 0, 0
	l.cloudwatch(2, func(c emr.Call) emr.Result {
		whole := cloudwatch(c)
		pages++
		switch c.Marker {
		case "":
			for i := range whole.Series {
				whole.Series[i].Points = whole.Series[i].Points[:2]
			}
			whole.Series = append(whole.Series, emr.Series{ID: "m99"}, emr.Series{ID: "other"}) // nobody's
			whole.Marker = "2"
		case "2":
			whole.Series, whole.Marker = whole.Series[:1], "3" // the last point again, with the one before
		case "3":
			if broken++; broken == 1 {
				return emr.Result{Err: &emr.Error{Class: emr.Invalid, Code: "InvalidNextToken", Message: "gone"}}
			}
			for i := range whole.Series {
				whole.Series[i].Points = whole.Series[i].Points[2:]
			}
		}
		return whole
	})
	l.run(20 * time.Minute)
	if len(p.got) < 4 || p.got[0].failed == nil || p.got[1].failed == nil || p.got[0].failed.Err.Code != "InvalidNextToken" {
		t.Fatalf("%+v", p.got)
	}
	for _, j := range p.got[2:] {
		if err := j.check(first(2, j.cluster), 15*time.Minute); err != nil {
			t.Error(err)
		}
	}
	if n := l.count("", emr.GetMetricData); n != pages || n%3 != 0 || n/3 != broken {
		t.Errorf("%d calls, %d answers, %d last pages", n, pages, broken)
	}
}

func TestMetricsPagesEnd(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
	l := newMetricsLab(t, 1, p)
	l.cloudwatch(1, func(emr.Call) emr.Result { return emr.Result{Series: []emr.Series{}, Marker: "again"} })
	l.run(10 * time.Minute)
	if len(p.got) == 0 || p.got[0].failed == nil || p.got[0].failed.Err.Class != emr.Unavailable {
		t.Errorf("%+v", p.got)
	}
	if n := l.count("", emr.GetMetricData); n > 20 {
		t.Errorf("%d calls", n)
	}
}

func TestFailedMetricsAreToldAndSpacedOut(t *testing.T) {
	for class, every := range map[emr.Class]time.Duration{
		emr.Unavailable: time.Minute, emr.Throttled: time.Minute, emr.NotSent: time.Minute, emr.Denied: five,
	} {
		t.Run(string(class), func(t *testing.T) {
			p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(4, id) }}
			l := newMetricsLab(t, 3, p)
			l.cloudwatch(3, func(emr.Call) emr.Result {
				return emr.Result{Err: &emr.Error{Class: class, Code: "Code", Message: "why"}}
			})
			l.run(time.Hour)
			last := map[emr.ClusterID]time.Time{}
			for _, j := range p.got {
				if j.failed == nil || j.failed.Err.Class != class || j.failed.Began.IsZero() || j.failed.Began.After(j.at) {
					t.Fatalf("%+v", j)
				}
				if before := last[j.cluster]; !before.IsZero() && j.at.Sub(before) < every {
					t.Fatalf("%s was told twice within %s", j.cluster, j.at.Sub(before))
				}
				last[j.cluster] = j.at
			}
			lowest := int(50 * time.Minute / (every + 15*time.Second))
			if len(p.got) < 3*lowest {
				t.Errorf("told %d times", len(p.got))
			}
			if passes := class != emr.Denied; passes == (len(l.faults) > 0) {
				t.Errorf("faults: %v", l.faults)
			}
			blind := map[bool]int{true: 3}[class != emr.Throttled && class != emr.NotSent]
			if n := l.engine.Snapshot(l.now).Scopes[0].Blind; n != blind {
				t.Errorf("%d clusters are shown as blind, want %d", n, blind)
			}
			l.cloudwatch(3, cloudwatch)
			l.run(2 * five)
			if j := p.got[len(p.got)-1]; j.failed != nil || l.engine.Snapshot(l.now).Scopes[0].Blind != 0 {
				t.Errorf("does not recover: %+v", j)
			}
		})
	}
}

func TestMetricsThatStayDueAreSpacedOut(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
	l := newMetricsLab(t, 2, p)
	l.engine.decide = func(s guard.State, env guard.Env, in guard.Input) guard.Decision {
		dec := p.decide(s, env, in)
		if dec.Metrics != nil {
			dec.Metrics.Due = env.Now.Add(-time.Hour)
		}
		return dec
	}
	l.run(time.Hour)
	if n := l.count("", emr.GetMetricData); n < 50 || n > 61 {
		t.Errorf("%d calls in an hour, want one each pace", n)
	}
}

func TestThrottledMetricsSlowCloudWatchOnly(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
	l := newMetricsLab(t, 3, p)
	l.cloudwatch(3, func(emr.Call) emr.Result {
		return emr.Result{Err: &emr.Error{Class: emr.Throttled, Code: "Throttling"}}
	})
	l.run(7 * time.Minute)
	s := l.engine.scopes[0]
	for _, op := range emr.Ops {
		if s.budget.State(op, s.now(l.now)).Slowed != (op == emr.GetMetricData) {
			t.Errorf("%s", op)
		}
	}
	if !slices.Contains(l.kinds, "api.throttled") {
		t.Error("not noted")
	}
}

// One cluster's series that CloudWatch cannot read, does not mention or refuses as a request must not take those of the others along.
func TestOnePoisonedSeriesHurtsNoOtherCluster(t *testing.T) {
	const bad = emr.ClusterID("j-prod00017")
	poisoned := func(q emr.MetricQuery) bool {
		return q.Metric.Name == "M02" && slices.Contains(q.Metric.Dimensions, emr.Dimension{Name: emr.JobFlowID, Value: string(bad)})
	}
	for _, tt := range []struct {
		name   string
		answer func(emr.Call) emr.Result
		class  emr.Class
		calls  int // in five minutes
	}{
		{"cannot be read", func(c emr.Call) emr.Result {
			r := cloudwatch(c)
			for i, q := range c.Metrics.Queries {
				if poisoned(q) {
					r.Series[i] = emr.Series{ID: q.ID, Err: &emr.Error{Class: emr.Denied, Code: "Forbidden", Message: "no"}}
				}
			}
			return r
		}, emr.Denied, 1},
		{"is not mentioned", func(c emr.Call) emr.Result {
			r := cloudwatch(c)
			r.Series = slices.DeleteFunc(r.Series, func(s emr.Series) bool {
				var i int
				_, err := fmt.Sscanf(s.ID, "m%d", &i)
				return err == nil && poisoned(c.Metrics.Queries[i])
			})
			return r
		}, emr.Unavailable, 1},
		{"is refused as a request", func(c emr.Call) emr.Result {
			if slices.ContainsFunc(c.Metrics.Queries, poisoned) {
				return emr.Result{Err: &emr.Error{Class: emr.Invalid, Code: "ValidationError", Message: "member.17 is invalid"}}
			}
			return cloudwatch(c)
		}, emr.Invalid, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(4, id) }, skip: true}
			l := newMetricsLab(t, 100, p)
			l.engine.scopes[0].Sweep = time.Minute
			l.cloudwatch(100, tt.answer)
			l.run(20 * time.Minute)
			if n := l.count("", emr.GetMetricData); n > 30 {
				t.Errorf("%d calls in all", n)
			}
			l.sent, p.got = nil, nil
			l.run(five)
			if n := l.count("", emr.GetMetricData); n != tt.calls {
				t.Errorf("%d calls in five minutes, want %d", n, tt.calls)
			}
			good := 0
			for _, j := range p.got {
				if j.cluster == bad { // of its four series only the one
					if j.metrics == nil {
						t.Fatalf("%+v", j)
					}
					for i, s := range j.metrics.Series {
						if poisoned := s.Metric.Name == "M02"; poisoned != (s.Err != nil) || poisoned && s.Err.Class != tt.class || poisoned == (len(s.Points) > 0) {
							t.Errorf("series %d: %+v", i, s)
						}
					}
					continue
				}
				good++
				if err := j.check(first(4, j.cluster), 15*time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			if good != 99 {
				t.Errorf("%d good clusters were judged", good)
			}
			l.cloudwatch(100, cloudwatch)
			l.run(2 * five)
			l.sent = nil
			l.run(five)
			if n := l.count("", emr.GetMetricData); n != 1 {
				t.Errorf("%d calls in five minutes after it was mended", n)
			}
		})
	}
}

func TestMetricsAreSteppedAlike(t *testing.T) {
	var texts []string
	for range 2 {
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(3, id) }}
		l := newMetricsLab(t, 400, p)
		l.run(30 * time.Minute)
		var b strings.Builder
		for _, s := range l.sent {
			if s.call.Op == emr.GetMetricData {
				fmt.Fprintln(&b, s.at, *s.call.Metrics)
			}
		}
		for _, j := range p.got {
			fmt.Fprintln(&b, j.at, j.cluster, *j.metrics)
		}
		texts = append(texts, b.String())
	}
	if texts[0] != texts[1] || texts[0] == "" {
		t.Error("two runs differ")
	}
}

// A need that goes away, with its cluster, its rule or its lease, is not read; one that changes while a read is under way comes next.
func TestMetricNeedsComeAndGo(t *testing.T) {
	t.Run("an ended cluster", func(t *testing.T) {
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
		l := newMetricsLab(t, 2, p)
		l.run(2 * time.Minute)
		l.cloudwatch(1, cloudwatch)
		inner := l.aws
		l.aws = func(scope string, c emr.Call) emr.Result {
			if c.Op == emr.DescribeCluster && c.Cluster == "j-prod00001" {
				return emr.Result{Cluster: &emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: c.Cluster, State: emr.ClusterTerminated}, Collection: emr.Groups}}
			}
			return inner(scope, c)
		}
		l.run(2 * five)
		for _, j := range p.got {
			if j.cluster == "j-prod00001" {
				t.Error("the ended cluster was judged")
			}
		}
		if len(p.got) == 0 {
			t.Error("the other was not judged")
		}
	})
	t.Run("a rule without policies", func(t *testing.T) {
		on := true
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric {
			if on {
				return first(1, id)
			}
			return nil
		}}
		l := newMetricsLab(t, 2, p)
		l.run(five + 2*time.Minute)
		on = false
		l.run(five)
		l.sent = nil
		l.run(time.Hour)
		if n := l.count("", emr.GetMetricData); n > 0 {
			t.Errorf("%d calls for nobody", n)
		}
		if _, ok := l.engine.scopes[0].queue.Get(metricsKey); ok {
			t.Error("a gathering is still planned")
		}
	})
	t.Run("a lost lease", func(t *testing.T) {
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
		l := newMetricsLab(t, 2, p)
		lose := true
		l.cloudwatch(2, func(c emr.Call) emr.Result {
			if lose { // before the answer is back
				lose = false
				l.engine.scopes[0].drop()
			}
			return cloudwatch(c)
		})
		l.run(2 * five)
		if lose || len(p.got) == 0 {
			t.Fatalf("lost %t, judged %d", !lose, len(p.got))
		}
		for _, j := range p.got {
			if err := j.check(first(1, j.cluster), 15*time.Minute); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("another need meanwhile", func(t *testing.T) {
		n := 1
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(n, id) }}
		l := newMetricsLab(t, 1, p)
		l.cloudwatch(1, func(c emr.Call) emr.Result {
			if n == 1 { // the guard decides on something else before the answer is back
				n = 2
				c := l.engine.scopes[0].clusters["j-prod00000"]
				c.decide(t.Context(), l.now, guard.Input{}, nil)
			}
			return cloudwatch(c)
		})
		l.run(3 * five)
		if len(p.got) < 2 || len(p.got[0].metrics.Series) != 1 || len(p.got[1].metrics.Series) != 2 {
			t.Errorf("%+v", p.got)
		}
	})
	t.Run("a decision that cannot be saved", func(t *testing.T) {
		p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(1, id) }}
		l := newMetricsLab(t, 1, p)
		decide, tried := l.engine.decide, 0
		l.engine.decide = func(s guard.State, env guard.Env, in guard.Input) guard.Decision {
			due := p.due[s.Cluster.ID]
			dec := decide(s, env, in)
			if in.Metrics != nil {
				if tried++; tried < 3 {
					p.due[s.Cluster.ID] = due // what was not saved did not happen
				}
				dec.Records = append(dec.Records, guard.Record{ID: fmt.Sprint("r", tried), At: env.Now, Kind: "metrics.judged"})
			}
			return dec
		}
		l.store.fail = func(s store.Save) error {
			if len(s.Records) > 0 && s.Records[0].Kind == "metrics.judged" && tried < 3 {
				return fmt.Errorf("save: %w", store.ErrFull)
			}
			return nil
		}
		l.run(8 * time.Minute)
		if tried != 3 || !slices.Contains(l.kinds, "metrics.judged") {
			t.Errorf("judged %d times: %v", tried, l.kinds)
		}
	})
}

// A single pass is over when the metrics that are due have been read.
func TestAPassWaitsForItsMetrics(t *testing.T) {
	p := &policies{metrics: func(id emr.ClusterID) []emr.Metric { return first(2, id) }, due: map[emr.ClusterID]time.Time{}}
	l := newMetricsLab(t, 3, p)
	for i := range 3 {
		p.due[emr.ClusterID(fmt.Sprintf("j-prod%05d", i))] = l.now.Wall.Add(-time.Minute)
	}
	for range 600 {
		l.run(100 * time.Millisecond)
		l.engine.Refresh(l.now)
		if len(l.done) == 0 && l.engine.Idle(l.now) {
			break
		}
	}
	if !l.engine.Idle(l.now) || len(p.got) != 3 {
		t.Errorf("after %s: idle %t, %d of 3 clusters judged", l.now.Mono, l.engine.Idle(l.now), len(p.got))
	}
}
