package engine

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store/memory"
)

// scaledPolicy enforces four policies on a task pool of each cluster. None ever asks for anything.
type scaledPolicy struct{ settings *scaling.Settings }

// newScaledPolicy has the four policies look at so many metrics.
func newScaledPolicy(tb testing.TB, metrics int) scaledPolicy {
	tb.Helper()
	policy := func(i int) scaling.Policy {
		p := scaling.DefaultPolicy()
		p.Name, p.Metric, p.Operator, p.Threshold, p.Evaluations = fmt.Sprint("p", i), fmt.Sprint("M", i%metrics), scaling.GT, 1e9, 2
		p.Action = scaling.Action{Type: scaling.Adjustment, Count: 1}
		return p
	}
	pool := scaling.DefaultPool()
	pool.Name, pool.Role, pool.Groups, pool.Max = "tasks", emr.Task, []string{"group 1"}, 50
	pool.ScaleUp, pool.ScaleDown = []scaling.Policy{policy(0), policy(1)}, []scaling.Policy{policy(2), policy(3)}
	s := scaling.Settings{Pools: []scaling.Pool{pool}}
	if err := s.Compile(); err != nil {
		tb.Fatal(err)
	}
	return scaledPolicy{&s}
}

func (scaledPolicy) Candidate(string, emr.ClusterSummary) bool { return true }

func (p scaledPolicy) For(string, emr.Cluster) Effective {
	return Effective{Mode: guard.Enforce, Settings: recovery.Defaults(), Scaling: p.settings, Why: "test"}
}

// The real guard's policies are due together, a minute after a period's end, and each series of a cluster is asked for once however many
// policies look at it.
func TestPoliciesOfTheGuardShareCalls(t *testing.T) {
	for metrics, calls := range map[int]int{1: 1, 2: 1, 4: 2} { // every five minutes, for 250 clusters
		t.Run(fmt.Sprintf("%d metrics", metrics), func(t *testing.T) {
			l := newLab(t, memory.New("storeaaa"), "prod")
			l.engine.SetPolicy(newScaledPolicy(t, metrics))
			l.cloudwatch(250, cloudwatch)
			l.run(20 * time.Minute)
			l.sent = nil
			l.run(time.Hour)
			series := 0
			for _, s := range l.sent {
				if s.call.Op == emr.GetMetricData {
					series += len(s.call.Metrics.Queries)
				}
			}
			if n := l.count("", emr.GetMetricData); n != 12*calls || series != 12*250*metrics {
				t.Errorf("%d calls and %d series in an hour, want %d and %d", n, series, 12*calls, 12*250*metrics)
			}
			if n := l.count("", emr.ModifyInstanceGroups) + l.count("", emr.AddInstanceGroups); n > 0 || len(l.faults) > 0 {
				t.Errorf("%d changes, faults %v", n, l.faults)
			}
			for id, c := range l.engine.scopes[0].clusters {
				for _, v := range c.state.Scaling[0].Verdicts {
					if age := l.engine.scopes[0].now(l.now).Sub(v.At); age > 7*time.Minute || v.Missing {
						t.Fatalf("%s, policy %s: judged %s ago: %s", id, v.Policy, age, v.Reason)
					}
				}
			}
		})
	}
}

// BenchmarkMetrics1000 is what judging four policies on four metrics each costs for 1,000 clusters, every five minutes: one step that takes
// the answers of all calls, decides for each cluster and saves (in memory). The sweep's reads and CloudWatch's own time are not in it.
func BenchmarkMetrics1000(b *testing.B) {
	const clusters = 1000
	e := New(Options{Store: memory.New("storeaaa"), Policy: newScaledPolicy(b, 4), Owner: "bench", Scopes: []Scope{{Name: "prod", Sweep: five, Share: 1}}})
	now := Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	var done, metrics []Completion
	step := func() Out {
		out := e.Step(b.Context(), now, done)
		done = nil
		for _, c := range out.Calls {
			answer := Completion{ID: c.ID, Began: now, Ended: now.Add(50 * time.Millisecond)}
			if c.Call.Op != emr.GetMetricData {
				answer.Result = answerer{clusters}.answer(c.Scope, c.Call)
				done = append(done, answer)
				continue
			}
			answer.Result = cloudwatch(c.Call)
			metrics = append(metrics, answer)
		}
		next := max(out.Next.Mono, now.Mono+time.Millisecond)
		if len(done)+len(metrics) > 0 {
			next = now.Mono + 50*time.Millisecond
		}
		now = now.Add(next - now.Mono)
		return out
	}
	for now.Mono < 40*time.Minute { // every cluster is listed, described, read and judged
		done, metrics = append(done, metrics...), nil
		step()
	}
	done = append(done, metrics...)
	metrics = nil
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for len(metrics) == 0 {
			step()
		}
		for e.scopes[0].queue.Len() > 0 && len(e.scopes[0].reads) > len(metrics) { // tokens for the rest
			step()
		}
		answers := slices.Concat(done, metrics)
		done, metrics = nil, nil
		runtime.GC()
		b.StartTimer()
		out := e.Step(b.Context(), now, answers)
		b.StopTimer()
		for _, c := range out.Calls {
			done = append(done, Completion{ID: c.ID, Result: answerer{clusters}.answer(c.Scope, c.Call), Began: now, Ended: now})
		}
		b.StartTimer()
	}
}

// BenchmarkGather1000 is the making of the calls for 4,000 series of 1,000 clusters.
func BenchmarkGather1000(b *testing.B) {
	e := New(Options{Store: memory.New("storeaaa"), Policy: steadyPolicy{}, Owner: "bench"})
	s := &scope{e: e, clusters: map[emr.ClusterID]*cluster{}}
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for i := range 1000 {
		id := emr.ClusterID(fmt.Sprintf("j-%05d", i))
		s.clusters[id] = &cluster{s: s, id: id, need: &guard.MetricNeed{Due: at, From: at.Add(-15 * time.Minute), To: at, Metrics: first(4, id)}}
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(readsOf(s.asks(at))); n != 8 {
			b.Fatal(n)
		}
		for _, c := range s.clusters {
			c.ask = nil
		}
	}
}
