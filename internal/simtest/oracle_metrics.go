package simtest

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// metrics notes the data points of an answer, and compares those that were published here with what was published.
func (o *oracle) metrics(c completion) {
	for _, s := range c.done.Result.Series {
		i := slices.IndexFunc(c.call.Metrics.Queries, func(q emr.MetricQuery) bool { return q.ID == s.ID })
		if i < 0 || s.Err != nil {
			continue
		}
		m := c.call.Metrics.Queries[i].Metric
		key := m.Key()
		if o.series[key] == nil {
			o.series[key], o.newer[key] = map[time.Time]float64{}, map[time.Time]int{}
		}
		for _, p := range s.Points {
			newer := int(slices.MaxFunc(s.Points, func(a, b emr.Point) int { return a.At.Compare(b.At) }).At.Sub(p.At) / m.Period)
			if n, given := o.newer[key][p.At.UTC()]; !given || newer < n {
				o.newer[key][p.At.UTC()] = newer
			}
			if !m.Begin(p.At).Equal(p.At) {
				o.violate("data points", "%s: the point of %s does not begin where a period does", m, p.At)
			}
			o.series[key][p.At.UTC()] = p.Value
			if !o.published(m, p) {
				o.violate("data points", "%s: nobody published what the point of %s says: %g", m, p.At.Format(time.TimeOnly), p.Value)
			}
		}
	}
}

// publish notes a data point that was published for a cluster, in whatever namespace, under a beginning of five minutes.
func (o *oracle) publish(cluster emr.ClusterID, metric string, at time.Time, value float64) {
	key := putKey(cluster, metric)
	if o.put[key] == nil {
		o.put[key] = map[time.Time][]float64{}
	}
	o.put[key][at.UTC()] = append(o.put[key][at.UTC()], value)
}

func putKey(cluster emr.ClusterID, metric string) string { return string(cluster) + " " + metric }

// published says whether a point can come of what was published. A metric that nobody publishes here is the simulator's own.
func (o *oracle) published(m emr.Metric, p emr.Point) bool {
	i := slices.IndexFunc(m.Dimensions, func(d emr.Dimension) bool { return d.Name == emr.JobFlowID })
	if i < 0 {
		return true
	}
	points := o.put[putKey(emr.ClusterID(m.Dimensions[i].Value), m.Name)]
	low, high, n := 0.0, 0.0, 0
	for at, values := range points {
		if at.Before(p.At) || !at.Before(p.At.Add(m.Period)) {
			continue
		}
		for _, v := range values {
			if n++; n == 1 {
				low, high = v, v
			}
			low, high = min(low, v), max(high, v)
		}
	}
	return points == nil || n > 0 && p.Value >= low-1e-9 && p.Value <= high+1e-9
}

// judged checks the decision of a metric policy: its cooldown, and the data points it was made on.
func (x *watched) judged(r store.Record, s *guard.Scaled, conf *scaling.Pool, name string, ask scaling.Ask, wanted int) {
	pol := conf.Policy(name)
	if pol == nil || len(ask.Evidence) != 1 {
		x.violate("policies", "%s: there is no such policy, or no evidence", r.Reason)
		return
	}
	up := slices.ContainsFunc(conf.ScaleUp, func(o scaling.Policy) bool { return o.Name == name })
	if up && ask.Target < wanted || !up && ask.Target > wanted {
		x.violate("policies", "%s: it goes the wrong way from %d", r.Reason, wanted)
	}
	wait, step := conf.Cooldown.Down, conf.MaxStep.Down
	if up {
		wait, step = conf.Cooldown.Up, conf.MaxStep.Up
	}
	if by := max(ask.Target-wanted, wanted-ask.Target); step > 0 && by > step && pol.Action.Type != scaling.UpdateCapacity && wanted >= s.Bounds.Min && wanted <= s.Bounds.Max {
		x.violate("bounds", "%s: it changes %d by %d, max_step is %d", r.Reason, wanted, by, step)
	}
	if pol.Cooldown != nil {
		wait = *pol.Cooldown
	}
	if end, ok := x.ended[s.Name]; ok && x.now().Before(end.Add(wait)) {
		x.violate("cooldown", "%s: the last operation of pool %s was over at %s, and %s waits %s", r.Reason, s.Name, end.Format(time.TimeOnly), name, wait)
	}
	for id, op := range x.ops {
		if op.pool == s.Name && id != r.Recovery {
			x.violate("cooldown", "%s: operation %s of pool %s is under way", r.Reason, id, s.Name)
		}
	}
	points := ask.Evidence[0].Points
	if len(points) == 0 && pol.Missing != scaling.Breaching {
		x.violate("data points", "%s: it was made on none", r.Reason)
		return
	}
	key := pol.Series().Of(x.id).Key()
	for _, p := range points {
		if v, ok := x.o.series[key][p.At.UTC()]; !ok || v != p.Value {
			x.violate("data points", "%s: CloudWatch gave no %g for %s", r.Reason, p.Value, p.At.Format(time.TimeOnly))
		}
		if !holds(pol.Condition, p.Value) {
			x.violate("data points", "%s: %g does not hold", r.Reason, p.Value)
		}
	}
	x.recent(r, pol, points, ask.Evidence[0].Newest)
}

// recent checks that the periods of a decision are as many as the policy looks at, in a row, not too old, and from after the last resize.
func (x *watched) recent(r store.Record, pol *scaling.Policy, points []emr.Point, newest time.Time) {
	oldest := newest.Add(-time.Duration(pol.Evaluations-1) * pol.Period)
	if pol.Missing != scaling.Breaching && (len(points) != pol.Evaluations || !points[0].At.Equal(oldest) || !points[len(points)-1].At.Equal(newest)) {
		x.violate("data points", "%s: %d periods in a row are needed up to %s", r.Reason, pol.Evaluations, newest.Format(time.TimeOnly))
	}
	if age := x.now().Sub(newest); age > (scaling.Late+2)*pol.Period+2*time.Minute {
		x.violate("data points", "%s: the newest is %s old", r.Reason, age)
	}
	if newest.Add(pol.Period).After(x.now().Add(clockSlack)) {
		x.violate("data points", "%s: the period of %s has not ended", r.Reason, newest.Format(time.TimeOnly))
	}
	if oldest.Before(x.resumed.Truncate(time.Second)) {
		x.violate("I4", "%s: the data point of %s begins before the suspension ended, at %s", r.Reason, oldest.Format(time.TimeOnly), x.resumed.Format(time.TimeOnly))
	}
	if oldest.Before(x.resize.at) {
		x.violate("I4", "%s: the data point of %s begins before the read of %s, by which %s", r.Reason, oldest.Format(time.TimeOnly), x.resize.at.Format(time.TimeOnly), x.resize.why)
	}
}

func holds(c scaling.Condition, v float64) bool {
	switch c.Operator {
	case scaling.GT:
		return v > c.Threshold
	case scaling.GTE:
		return v >= c.Threshold
	case scaling.LT:
		return v < c.Threshold
	}
	return v <= c.Threshold
}
