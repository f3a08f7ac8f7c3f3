package guard

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// takeMetrics keeps the data points of this input for the policies, and notes whether metrics can be read.
func (d *decider) takeMetrics(in Metrics) {
	d.metrics = &in
	if d.s.Blind != nil {
		d.record("metrics.read", Record{Reason: "metrics can be read again"})
		d.s.Blind = nil
	}
}

// metricsFailed notes that metrics cannot be read. No policy is judged meanwhile: that is missing data, whatever a policy makes of it.
func (d *decider) metricsFailed(err emr.Error) {
	if d.s.Blind == nil && err.Class != emr.Throttled && err.Class != emr.NotSent {
		d.s.Blind = &Blind{Since: d.env.Now, Reason: err.Error()}
		d.record("metrics.unread", Record{Reason: "no policy can be judged: " + err.Error()})
	}
}

// planMetrics asks for the series of the policies that are due next. Policies that could not act are not asked for: a suspended or paused
// cluster costs nothing.
func (d *decider) planMetrics() {
	conf := d.env.Scaling
	if conf == nil || !d.s.Ended.IsZero() {
		return
	}
	var wants []dueCondition
	for i := range conf.Pools {
		wants = append(wants, d.poolWants(&conf.Pools[i])...)
	}
	if t := d.termination(); t != nil && d.s.Terminating != nil && d.env.Trusted {
		for i := range t.Policies {
			pol := &t.Policies[i]
			due := pol.Due(verdict(&d.s.Terminating.Verdicts, pol.Name, d.env.Now).At)
			if d.s.Terminating.Notice == nil {
				due = later(due, d.s.Terminating.Until)
			}
			for _, c := range pol.Statements {
				wants = append(wants, dueCondition{due, c})
			}
		}
	}
	d.metricNeed = needOf(d.s.Cluster.ID, wants, d.env.Now)
}

// dueCondition is a condition and when it is judged next.
type dueCondition struct {
	due       time.Time
	condition scaling.Condition
}

// poolWants lists the conditions of a pool's policies, and when each is due.
func (d *decider) poolWants(conf *scaling.Pool) []dueCondition {
	s := d.s.Scaled(conf.Name)
	if s == nil || d.s.Pool(s.Origin) == nil {
		return nil
	}
	if !d.passive() && (d.s.Suspended != nil || d.paused() != "" || !d.env.Trusted || !d.s.Cluster.State.Modifiable()) {
		return nil
	}
	var out []dueCondition
	for _, pol := range conf.Policies() {
		out = append(out, dueCondition{d.policyDue(conf, s, pol.Policy, pol.Up), pol.Condition})
	}
	return out
}

// needOf asks for the series that are due first, each once. The window is the widest that one of them needs.
func needOf(cluster emr.ClusterID, wants []dueCondition, now time.Time) *MetricNeed {
	if len(wants) == 0 {
		return nil
	}
	need := MetricNeed{Due: slices.MinFunc(wants, func(a, b dueCondition) int { return a.due.Compare(b.due) }).due}
	for _, w := range wants {
		if w.due.After(need.Due) {
			continue
		}
		from, to := w.condition.Window(later(need.Due, now))
		if need.From.IsZero() || from.Before(need.From) {
			need.From = from
		}
		need.To = later(need.To, to)
		m := w.condition.Series().Of(cluster)
		at, found := slices.BinarySearchFunc(need.Metrics, m.Key(), func(o emr.Metric, key string) int { return strings.Compare(o.Key(), key) })
		if !found {
			need.Metrics = slices.Insert(need.Metrics, at, m)
		}
	}
	return &need
}
