package guard

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// takeMetrics keeps the data points of this input for the policies, and notes which series cannot be read.
func (d *decider) takeMetrics(in Metrics) {
	d.metrics = &in
	blind := Blind{Since: d.env.Now}
	if was := d.s.Blind; was != nil {
		blind.Since, blind.Series = was.Since, slices.Clone(was.Series)
	}
	known := len(blind.Series)
	for _, s := range in.Series {
		at, found := slices.BinarySearch(blind.Series, s.Metric.Key())
		switch {
		case s.Err == nil && found:
			blind.Series = slices.Delete(blind.Series, at, at+1)
		case s.Err != nil && !found && !passing(s.Err):
			blind.Series = slices.Insert(blind.Series, at, s.Metric.Key())
			blind.Reason = s.Err.Error()
		}
	}
	switch {
	case len(blind.Series) == 0 && d.s.Blind != nil:
		d.sees()
	case len(blind.Series) > 0:
		if blind.Reason != "" && (d.s.Blind == nil || len(blind.Series) > known) {
			d.record("metrics.unread", Record{Reason: "some policies cannot be judged: " + blind.Reason})
		}
		if blind.Reason == "" {
			blind.Reason = d.s.Blind.Reason
		}
		d.s.Blind = &blind
	}
}

// sees notes that every series can be read again.
func (d *decider) sees() {
	d.record("metrics.read", Record{Reason: "metrics can be read again"})
	d.s.Blind = nil
}

// forgetSeries drops the series that no policy looks at any more from those that cannot be read.
func (d *decider) forgetSeries() {
	if d.s.Blind == nil || len(d.s.Blind.Series) == 0 {
		return
	}
	var keys []string
	for _, c := range d.conditions() {
		keys = append(keys, c.Series().Of(d.s.Cluster.ID).Key())
	}
	blind := *d.s.Blind
	blind.Series = slices.DeleteFunc(slices.Clone(blind.Series), func(key string) bool { return !slices.Contains(keys, key) })
	if d.s.Blind = &blind; len(blind.Series) == 0 {
		d.s.Blind = nil
	}
}

// conditions lists what the policies of the cluster look at.
func (d *decider) conditions() []scaling.Condition {
	var out []scaling.Condition
	if d.env.Scaling != nil {
		for i := range d.env.Scaling.Pools {
			for _, pol := range d.env.Scaling.Pools[i].Policies() {
				out = append(out, pol.Condition)
			}
		}
	}
	if t := d.termination(); t != nil {
		for i := range t.Policies {
			out = append(out, t.Policies[i].Statements...)
		}
	}
	return out
}

// metricsFailed notes that metrics cannot be read. No policy is judged meanwhile: that is missing data, whatever a policy makes of it.
func (d *decider) metricsFailed(err emr.Error) {
	switch {
	case passing(&err):
	case d.s.Blind == nil:
		d.s.Blind = &Blind{Since: d.env.Now, Reason: err.Error()}
		d.record("metrics.unread", Record{Reason: "no policy can be judged: " + err.Error()})
	default: // of which series the call was is not told: they count as unread until a read brings them
		d.s.Blind = &Blind{Since: d.s.Blind.Since, Reason: err.Error()}
	}
}

// unreadable is why CloudWatch cannot read a condition's series, if this input says so and it does not pass by itself: the policy is not judged, and
// looked at again after its period. What passes is read again a pace later.
func (d *decider) unreadable(c scaling.Condition) string {
	if d.metrics == nil {
		return ""
	}
	key := c.Series().Of(d.s.Cluster.ID).Key()
	for _, s := range d.metrics.Series {
		if s.Err != nil && s.Metric.Key() == key && !passing(s.Err) && s.Err.Class != emr.Unavailable {
			return s.Err.Error()
		}
	}
	return ""
}

// planMetrics asks for the series of the policies that are due next. Policies that could not act are not asked for: a suspended or paused
// cluster costs nothing.
func (d *decider) planMetrics() {
	d.forgetSeries()
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
