package usefulness

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/scaling"
	"emrguard/internal/simtest"
)

// autoscaler is the usual script that a team writes for itself and runs every five minutes: it reads the metrics and the groups, and sets the
// requested count of the task group. It judges the same policies as emrguard does, with the same code, so that it scales no worse
// while nothing is stuck; it remembers when it changed a cluster last and nothing else.
type autoscaler struct {
	w      *simtest.World
	client *local.Client
	waits  bool // it does nothing on a cluster where a group's requested and running counts differ
	pools  []scaled
	calls  map[emr.Op]int
	series int           // asked of CloudWatch
	held   time.Duration // cluster-time for which it did nothing because of that
}

// scaled is a cluster that an autoscaler scales.
type scaled struct {
	id   emr.ClusterID
	conf *scaling.Pool
	last time.Time // it was changed
}

func newAutoscaler(w *simtest.World, cfg *config.Config, ids []string, waits bool) *autoscaler {
	a := &autoscaler{w: w, client: local.New(w.Sim, simtest.Region), waits: waits, calls: map[emr.Op]int{}}
	for i, c := range fleet() {
		a.pools = append(a.pools, scaled{id: emr.ClusterID(ids[i]), conf: c.pool(cfg)})
	}
	return a
}

// every is how often an autoscaler runs.
const every = 5 * time.Minute

// run is one run over all clusters.
func (a *autoscaler) run() {
	points := a.metrics()
	for i := range a.pools {
		p := &a.pools[i]
		a.w.Run(time.Second)
		res := a.do(emr.Call{Op: emr.ListInstanceGroups, Cluster: p.id})
		if res.Err != nil {
			continue
		}
		at := slices.IndexFunc(res.Groups, func(g emr.Group) bool { return g.Name == taskGroup })
		if a.waits && slices.ContainsFunc(res.Groups, func(g emr.Group) bool { return g.Requested != g.Running }) {
			a.held += every
			continue
		}
		g := res.Groups[at]
		if to, ok := a.target(p, g.Requested, points[p.id]); ok && to != g.Requested {
			if a.do(emr.Call{Op: emr.ModifyInstanceGroups, Cluster: p.id, Group: g.ID, Count: to}).Err == nil {
				p.last = a.w.Now()
			}
		}
	}
}

// do sends a call and counts it.
func (a *autoscaler) do(c emr.Call) emr.Result {
	a.calls[c.Op]++
	return a.client.Do(c).Result
}

// metrics reads the series of all policies of all clusters, by cluster and series.
func (a *autoscaler) metrics() map[emr.ClusterID]map[string][]emr.Point {
	out := map[emr.ClusterID]map[string][]emr.Point{}
	want := emr.MetricsWant{To: a.w.Now().Truncate(every)}
	type place struct {
		cluster emr.ClusterID
		key     string
	}
	places := map[string]place{}
	for _, p := range a.pools {
		out[p.id] = map[string][]emr.Point{}
		for _, pol := range p.conf.Policies() {
			if from, _ := pol.Window(a.w.Now()); want.From.IsZero() || from.Before(want.From) {
				want.From = from
			}
			key := pol.Series().Key()
			if slices.ContainsFunc(want.Queries, func(q emr.MetricQuery) bool { return places[q.ID] == place{p.id, key} }) {
				continue
			}
			id := fmt.Sprintf("m%d", len(want.Queries))
			places[id] = place{p.id, key}
			want.Queries = append(want.Queries, emr.MetricQuery{ID: id, Metric: pol.Series().Of(p.id)})
		}
	}
	for marker := ""; ; {
		res := a.do(emr.Call{Op: emr.GetMetricData, Metrics: &want, Marker: marker})
		a.series += len(want.Queries)
		for _, s := range res.Series {
			at := places[s.ID]
			out[at.cluster][at.key] = append(out[at.cluster][at.key], s.Points...)
		}
		if marker = res.Marker; marker == "" {
			return out
		}
	}
}

// target is what the policies ask for; false if they ask for nothing.
func (a *autoscaler) target(p *scaled, requested int, points map[string][]emr.Point) (int, bool) {
	now, bounds := a.w.Now(), p.conf.Bounds()
	var asks []scaling.Ask
	for _, pol := range p.conf.Policies() {
		if now.Sub(p.last) < p.conf.Wait(pol.Policy, pol.Up) {
			continue
		}
		j := pol.Judge(points[pol.Series().Key()], pol.Missing, now, time.Time{})
		if !j.Holds {
			continue
		}
		if ask, ok := p.conf.PolicyAsk(pol.Policy, pol.Up, requested, bounds, j); ok {
			asks = append(asks, ask)
		}
	}
	chosen, _ := scaling.Choose(asks, requested)
	if chosen < 0 {
		return 0, false
	}
	return asks[chosen].Target, true
}
