package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store/memory"
)

// steadyPolicy enforces the defaults everywhere.
type steadyPolicy struct{}

func (steadyPolicy) Candidate(string, emr.ClusterSummary) bool { return true }

func (steadyPolicy) For(string, emr.Cluster) Effective {
	return Effective{Mode: guard.Enforce, Settings: recovery.Defaults(), Why: "benchmark"}
}

// quietGroups is a healthy cluster of five groups.
func quietGroups(c emr.ClusterID) []emr.Group {
	groups := []emr.Group{{ID: emr.GroupID(string(c) + "-M"), Role: emr.Master, Requested: 1, Running: 1, State: emr.GroupRunning, InstanceType: "m5.xlarge"}}
	for i, role := range []emr.Role{emr.Core, emr.Task, emr.Task, emr.Task} {
		groups = append(groups, emr.Group{ID: emr.GroupID(fmt.Sprintf("%s-%d", c, i)), Name: fmt.Sprintf("group %d", i), Role: role, Market: emr.Spot, Requested: 8, Running: 8,
			State: emr.GroupRunning, InstanceType: "m5.xlarge", Volumes: []emr.Volume{{Type: "gp3", Size: 64}, {Type: "gp3", Size: 64}}})
	}
	return groups
}

// answerer answers every call at once for a fleet of healthy clusters.
type answerer struct{ perScope int }

func (a answerer) answer(scope string, c emr.Call) emr.Result {
	switch c.Op {
	case emr.ListClusters:
		var at int
		_, _ = fmt.Sscan(c.Marker, &at)
		var r emr.Result
		for i := at; i < min(at+50, a.perScope); i++ {
			r.Clusters = append(r.Clusters, emr.ClusterSummary{ID: emr.ClusterID(fmt.Sprintf("j-%s%05d", scope, i)), Name: "etl", State: emr.ClusterWaiting})
		}
		if at+50 < a.perScope {
			r.Marker = fmt.Sprint(at + 50)
		}
		return r
	case emr.DescribeCluster:
		return emr.Result{Cluster: &emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: c.Cluster, Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups}}
	case emr.ListInstanceGroups:
		return emr.Result{Groups: quietGroups(c.Cluster)}
	}
	return emr.Result{}
}

// BenchmarkFleet steps 10,000 healthy clusters over 40 scopes in virtual time. One op is one minute of the fleet's life: the
// reads that 40 budgets allow, their decisions, and their saves (in memory). Virtual seconds a second are printed.
func BenchmarkFleet(b *testing.B) {
	const scopes, perScope = 40, 250
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	o := Options{Store: memory.New("storeaaa"), Policy: steadyPolicy{}, Owner: "bench"}
	for i := range scopes {
		o.Scopes = append(o.Scopes, Scope{Name: fmt.Sprintf("s%02d", i), Sweep: 5 * time.Minute})
	}
	e := New(o)
	a := answerer{perScope}
	now := Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	reads := 0
	run := func(d time.Duration) {
		until := now.Mono + d
		var done []Completion
		for now.Mono < until {
			out := e.Step(context.Background(), now, done)
			done = done[:0]
			for _, c := range out.Calls {
				if c.Call.Op == emr.ListInstanceGroups {
					reads++
				}
				done = append(done, Completion{ID: c.ID, Result: a.answer(c.Scope, c.Call), Began: now, Ended: now.Add(50 * time.Millisecond)})
			}
			next := out.Next
			if len(done) > 0 {
				next = now.Add(50 * time.Millisecond)
			}
			if next.Mono <= now.Mono {
				next = now.Add(time.Millisecond)
			}
			now = next
		}
	}
	run(20 * time.Minute) // every cluster is listed, described and read once
	runtime.GC()
	runtime.ReadMemStats(&after)
	reads = 0
	b.ReportAllocs()
	for b.Loop() {
		run(time.Minute)
	}
	b.ReportMetric(float64(reads)/float64(b.N), "reads/op")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(scopes*perScope/1000)/(1<<20), "MiB/1000clusters")
	b.ReportMetric(60*float64(b.N)/b.Elapsed().Seconds(), "virtual-s/s")
}
