package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/suggest"
)

// metricsEvery is how often EMR writes its metrics (EMR Management Guide, UsingEMR_ViewingMetrics).
const metricsEvery = 5 * time.Minute

// scaling checks what a rule says of scaling.
func (w *warner) scaling(path string, r *ClusterRule) {
	s := &r.Scaling
	if s.MaxInstances > 0 && len(s.Pools) == 0 {
		w.warn(path+".max_instances", "has no effect: the rule has no pools")
	}
	least := 1 // MASTER
	for i, p := range s.Pools {
		least += p.Min
		w.pool(fmt.Sprintf("%s.pools[%d]", path, i), p)
	}
	if s.MaxInstances > 0 && s.MaxInstances < least {
		w.warn(path+".max_instances", "%d is less than MASTER and the pools' min together (%d): they are never reached", s.MaxInstances, least)
	}
	if r.Recovery.OutsideGrowth == recovery.Add && len(s.Pools) > 0 {
		w.warn(path+".recovery.outside_growth", "add: two decide how large a pool is, its policies and whoever adds to what it reads; with pools, repeat is safer")
	}
	if t := s.Termination; t != nil {
		w.termination(path+".termination", r, t)
	}
}

// pool checks one pool.
func (w *warner) pool(path string, p scaling.Pool) {
	switch {
	case len(p.ScaleUp) > 0 && len(p.ScaleDown) == 0 && len(p.Schedules) == 0:
		w.warn(path+".scale_up", "nothing takes away what these policies add: there is no scale_down and no schedule")
	case len(p.ScaleDown) > 0 && len(p.ScaleUp) == 0 && len(p.Schedules) == 0:
		w.warn(path+".scale_down", "nothing adds again what these policies take: there is no scale_up and no schedule")
	}
	if p.Min == p.Max && len(p.ScaleUp)+len(p.ScaleDown) > 0 {
		w.warn(path+".max", "%d is min, too: policies have nothing to decide", p.Max)
	}
	for _, step := range []struct {
		key string
		n   int
	}{{"up", p.MaxStep.Up}, {"down", p.MaxStep.Down}} {
		if step.n > p.Max-p.Min {
			w.warn(path+".max_step."+step.key, "%d never bounds anything: the pool has room for steps of %d at most", step.n, p.Max-p.Min)
		}
	}
	for i, up := range p.ScaleUp {
		at := fmt.Sprintf("%s.scale_up[%d]", path, i)
		w.policy(at, up, p.Cooldown.Up, path+".cooldown.up")
		for j, down := range p.ScaleDown {
			if overlap(up.Condition, down.Condition) {
				w.warn(at+".threshold", "holds together with scale_down[%d] (%q, line %d) for some values of %s; leave a gap between the two thresholds",
					j, down.Name, place(w.cfg.pos, fmt.Sprintf("%s.scale_down[%d]", path, j)).line, up.Metric)
			}
		}
	}
	w.outOfBounds(path, p)
	for i, down := range p.ScaleDown {
		w.policy(fmt.Sprintf("%s.scale_down[%d]", path, i), down, p.Cooldown.Down, path+".cooldown.down")
	}
}

// outOfBounds finds targets that the pool's bounds cut, unless something of the pool sets other bounds.
func (w *warner) outOfBounds(path string, p scaling.Pool) {
	type aim struct {
		path              string
		target, low, high *int
	}
	var aims []aim
	for i, s := range p.Schedules {
		aims = append(aims, aim{fmt.Sprintf("%s.schedules[%d].target", path, i), s.Target, s.Min, s.Max})
	}
	for i, u := range p.ScaleUp {
		aims = append(aims, aim{fmt.Sprintf("%s.scale_up[%d].action.target", path, i), u.Action.Target, u.Action.Min, u.Action.Max})
	}
	for i, d := range p.ScaleDown {
		aims = append(aims, aim{fmt.Sprintf("%s.scale_down[%d].action.target", path, i), d.Action.Target, d.Action.Min, d.Action.Max})
	}
	otherLow := slices.ContainsFunc(aims, func(a aim) bool { return a.low != nil })
	otherHigh := slices.ContainsFunc(aims, func(a aim) bool { return a.high != nil })
	for _, a := range aims {
		switch {
		case a.target == nil:
		case !otherHigh && *a.target > p.Max:
			w.warn(a.path, "%d is lowered to the pool's max (%d)", *a.target, p.Max)
		case !otherLow && *a.target < p.Min:
			w.warn(a.path, "%d is raised to the pool's min (%d)", *a.target, p.Min)
		}
	}
}

// policy checks one policy. The pool's cooldown and its path stand for a policy without its own.
func (w *warner) policy(path string, p scaling.Policy, cooldown time.Duration, at string) {
	if p.Cooldown != nil {
		cooldown, at = *p.Cooldown, path+".cooldown"
	}
	if cooldown < p.Period {
		if !w.given(at) {
			at = path
		}
		w.warn(at, "cooldown %s is shorter than the period of %q (%s): it may act again before the metric shows what it did", phrase.Duration(cooldown), p.Name, phrase.Duration(p.Period))
	}
	w.condition(path, p.Condition)
}

// condition checks one comparison.
func (w *warner) condition(path string, c scaling.Condition) {
	if c.Namespace != emr.MetricsNamespace {
		return
	}
	if !emr.KnownMetric(c.Metric) {
		text := "see the list in the EMR Management Guide, UsingEMR_ViewingMetrics"
		if like := suggest.Nearest(c.Metric, emr.MetricNames); like != "" {
			text = "did you mean " + like + "?"
		}
		w.warn(path+".metric", "%.60q is none of the metrics that AWS documents for clusters without managed scaling, so it may never have a data point; %s", c.Metric, text)
	}
	if c.Period < metricsEvery {
		w.warn(path+".period", "%s: EMR writes its metrics every %s, so most periods have no data point", phrase.Duration(c.Period), phrase.Duration(metricsEvery))
	}
}

// overlap says whether one value can meet both conditions. Conditions on different series tell nothing of each other.
func overlap(a, b scaling.Condition) bool {
	if a.Namespace != b.Namespace || a.Metric != b.Metric || a.Statistic != b.Statistic || a.Unit != b.Unit || !sameDimensions(a.Dimensions, b.Dimensions) {
		return false
	}
	above := func(c scaling.Condition) bool { return c.Operator == scaling.GT || c.Operator == scaling.GTE }
	if above(a) == above(b) {
		return true
	}
	if above(b) {
		a, b = b, a
	}
	return a.Threshold < b.Threshold || a.Threshold == b.Threshold && a.Operator == scaling.GTE && b.Operator == scaling.LTE
}

// sameDimensions compares without regard to order.
func sameDimensions(a, b []emr.Dimension) bool {
	set := func(list []emr.Dimension) map[emr.Dimension]bool {
		out := map[emr.Dimension]bool{}
		for _, d := range list {
			out[d] = true
		}
		return out
	}
	return reflect.DeepEqual(set(a), set(b))
}

// termination checks when clusters are terminated.
func (w *warner) termination(path string, r *ClusterRule, t *scaling.Termination) {
	if t.Mode == scaling.TerminationEnforce && r.Mode == Observe {
		w.warn(path+".mode", "enforce has no effect: the rule's mode is observe")
	}
	if r.Wrap && t.Mode == scaling.TerminationEnforce {
		w.warn(path+".mode", "enforce ends the whole cluster, although wrap leaves MASTER and CORE alone otherwise")
	}
	for i, p := range t.Policies {
		longest := time.Duration(0)
		for j, c := range p.Statements {
			w.condition(fmt.Sprintf("%s.policies[%d].statements[%d]", path, i, j), c)
			longest = max(longest, c.Period*time.Duration(c.Evaluations))
		}
		if longest < 2*metricsEvery {
			w.warn(fmt.Sprintf("%s.policies[%d].statements", path, i), "%s of metrics is enough to terminate: a cluster between two steps looks as idle as that", phrase.Duration(longest))
		}
	}
}
