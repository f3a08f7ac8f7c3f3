package scaling

import (
	"testing"
	"time"

	"emrguard/internal/emr"
)

// week is a pool with four policies of two periods each, and data points by which one of them holds.
func week(b *testing.B) (*Pool, map[string][]emr.Point) {
	policy := func(name, metric string, op Operator, threshold float64, a Action) Policy {
		p := DefaultPolicy()
		p.Name, p.Metric, p.Operator, p.Threshold, p.Evaluations, p.Action = name, metric, op, threshold, 2, a
		return p
	}
	pool := DefaultPool()
	pool.Name, pool.Role, pool.Max = "tasks", emr.Task, 50
	pool.ScaleUp = []Policy{
		policy("memory", "YARNMemoryAvailablePercentage", LT, 15, Action{Type: PercentageAdjustment, Percent: 20}),
		policy("pending", "ContainerPendingRatio", GT, 0.75, Action{Type: Adjustment, Count: 4}),
	}
	pool.ScaleDown = []Policy{
		policy("idle", "YARNMemoryAvailablePercentage", GT, 75, Action{Type: Adjustment, Count: 2}),
		policy("empty", "AppsRunning", LTE, 0, Action{Type: SetMaxTarget, Target: n(0)}),
	}
	s := Settings{Pools: []Pool{pool}}
	if err := s.Compile(); err != nil {
		b.Fatal(err)
	}
	return &s.Pools[0], map[string][]emr.Point{
		"YARNMemoryAvailablePercentage": series(5, 40, 30, 12.5, 14), "ContainerPendingRatio": series(5, 0, 0, 0.1, 0.4), "AppsRunning": series(5, 3, 3, 4, 4)}
}

func BenchmarkJudge(b *testing.B) {
	c, points, now := memory(), series(5, 40, 30, 12.5, 14), after(11)
	b.ReportAllocs()
	for b.Loop() {
		if !c.Judge(points, Ignore, now, noon).Holds {
			b.Fatal("it does not hold")
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	asks := []Ask{{Kind: AskDown, By: "policy a", Target: 4}, {Kind: AskUp, By: "policy b", Target: 9}, {Kind: AskUp, By: "policy c", Target: 8}, {Kind: AskSchedule, By: "schedule d", Target: 8}}
	b.ReportAllocs()
	for b.Loop() {
		if i, _ := Choose(asks, 6); i != 3 {
			b.Fatal(i)
		}
	}
}

// BenchmarkFourPolicies is what one cluster costs in each period, beside reading its metrics: four policies are judged, one asks, it is chosen.
func BenchmarkFourPolicies(b *testing.B) {
	pool, points := week(b)
	now := after(11)
	b.ReportAllocs()
	for b.Loop() {
		var asks []Ask
		for _, pol := range pool.Policies() {
			if now.Before(pol.Due(after(6))) {
				b.Fatal("not due")
			}
			j := pol.Judge(points[pol.Metric], pol.Missing, now, time.Time{})
			if ask, ok := pool.PolicyAsk(pol.Policy, pol.Up, 6, pool.Bounds(), j); ok {
				asks = append(asks, ask)
			}
		}
		if i, _ := Choose(asks, 6); i < 0 || asks[i].Target != 7 {
			b.Fatal(asks)
		}
	}
}

func BenchmarkTermination(b *testing.B) {
	p, points := idle(), series(5, 0, 0)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Judge(func(Condition) []emr.Point { return points }, after(11), noon).Holds {
			b.Fatal("it does not hold")
		}
	}
}
