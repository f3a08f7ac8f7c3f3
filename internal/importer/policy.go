package importer

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// policies takes the policies up and down of a pool that will have the index.
func (c *converter) policies(p *scaling.Pool, at int, n node) {
	if !c.object(n) {
		return
	}
	c.rest(n, "up", "down")
	var names []string
	for _, list := range []struct {
		key, ours string
		up        bool
		into      *[]scaling.Policy
	}{{"up", "scale_up", true, &p.ScaleUp}, {"down", "scale_down", false, &p.ScaleDown}} {
		c.each(n.get(list.key), func(entry node) {
			policy, err := c.policy(entry, list.up)
			if err != nil {
				c.leave(entry, "%v", err)
				return
			}
			fallback := list.key
			if policy.Metric != "" {
				fallback += "-" + policy.Metric
			}
			name, _ := entry.get("policyName").text()
			policy.Name = unique(name, fallback, names)
			if name != "" && name != policy.Name {
				c.note(entry.get("policyName"), "%q is %q here: a name has a-z, 0-9, - and _, and is there once", name, policy.Name)
			}
			names = append(names, policy.Name)
			c.sources[fmt.Sprintf("pools[%d].%s[%d]", at, list.ours, len(*list.into))] = entry.path
			*list.into = append(*list.into, policy)
		})
	}
}

// notInName is what a policy's name cannot hold.
var notInName = regexp.MustCompile(`[^a-z0-9_]+`)

// unique is a name as a rule takes it, unlike those before it.
func unique(name, fallback string, before []string) string {
	slug := func(s string) string {
		s = strings.Trim(notInName.ReplaceAllString(strings.ToLower(s), "-"), "-")
		return strings.Trim(s[:min(len(s), 58)], "-") // leaves room for a number
	}
	base := slug(name)
	if base == "" {
		base = slug(fallback)
	}
	out := base
	for n := 2; slices.Contains(before, out); n++ {
		out = fmt.Sprintf("%s-%d", base, n)
	}
	return out
}

// policy converts one. The error is why it is left out whole.
func (c *converter) policy(n node, up bool) (scaling.Policy, error) {
	p := scaling.DefaultPolicy()
	c.rest(n, "policyName", "namespace", "metricName", "dimensions", "statistic", "unit", "threshold", "operator", "period", "evaluationPeriods", "cooldown", "action",
		"adjustment", "isEnabled", "minTargetCapacity", "maxTargetCapacity")
	if v := n.get("isEnabled"); v.given() {
		if on, err := v.truth(); err != nil || !on {
			return p, because("it is not enabled, and a policy here is in force or absent")
		}
	}
	standard := scaling.GTE
	if !up {
		standard = scaling.LTE
	}
	var err error
	if p.Condition, err = c.condition(n, emr.Average, standard); err != nil {
		return p, err
	}
	if v := n.get("cooldown"); v.given() {
		d, err := seconds(v)
		if err != nil {
			return p, because("cooldown: %v", err)
		}
		p.Cooldown = &d
	}
	p.Action, err = action(n, up)
	return p, err
}

// condition converts what a policy or a statement compares. The statistic and the operator stand for those not given.
func (c *converter) condition(n node, statistic emr.Statistic, operator scaling.Operator) (d scaling.Condition, err error) {
	d = scaling.DefaultCondition()
	d.Statistic = statistic
	if v := n.get("namespace"); !v.empty() {
		if d.Namespace, err = v.text(); err != nil {
			return d, because("namespace: %v", err)
		}
	}
	if d.Metric, err = n.get("metricName").text(); err != nil {
		return d, because("metricName: %v", err)
	}
	if v := n.get("statistic"); !v.empty() {
		if d.Statistic, err = statisticOf(v); err != nil {
			return d, because("statistic: %v", err)
		}
	}
	if v := n.get("unit"); !v.empty() {
		s, err := v.text()
		if err != nil {
			return d, because("unit: %v", err)
		}
		d.Unit = unitOf(s)
	}
	if d.Threshold, err = n.get("threshold").number(); err != nil {
		return d, because("threshold: %v", err)
	}
	d.Operator = operator
	if v := n.get("operator"); !v.empty() {
		s, err := v.text()
		if err != nil {
			return d, because("operator: %v", err)
		}
		d.Operator = scaling.Operator(strings.ToLower(s))
	} else {
		c.note(v, "not given: it is %s, as the product takes it", operator)
	}
	if v := n.get("period"); v.given() {
		if d.Period, err = seconds(v); err != nil {
			return d, because("period: %v", err)
		}
	}
	if v := n.get("evaluationPeriods"); v.given() {
		if d.Evaluations, err = v.whole(); err != nil {
			return d, because("evaluationPeriods: %v", err)
		}
	}
	d.Dimensions, err = c.dimensions(n.get("dimensions"))
	if d.Namespace == emr.MetricsNamespace && err == nil && !emr.KnownMetric(d.Metric) {
		c.note(n.get("metricName"), "%s is none of the metrics that AWS documents for EMR; check its spelling", show(d.Metric))
	}
	return d, err
}

// dimensions leaves JobFlowId out, which is the cluster's own here, unless it names another cluster.
func (c *converter) dimensions(n node) (out []emr.Dimension, err error) {
	if !n.given() {
		return nil, nil
	}
	if _, ok := n.value.([]any); !ok {
		return nil, because("dimensions: %v", n.wrong("a list"))
	}
	for _, entry := range n.list() {
		name, err := entry.get("name").text()
		if err != nil {
			return nil, because("dimensions: name: %v", err)
		}
		value := entry.get("value")
		s, err := value.text()
		switch {
		case name == emr.JobFlowID && (err != nil || !clusterID.MatchString(s)):
			if value.given() {
				c.note(value, "JobFlowId is the cluster's own")
			}
			continue
		case name == emr.JobFlowID && len(c.rule.Match.IDs) == 1 && s == string(c.rule.Match.IDs[0]):
			continue
		case err != nil:
			return nil, because("dimensions: value of %s: %v", show(name), err)
		}
		out = append(out, emr.Dimension{Name: name, Value: s})
	}
	return out, nil
}

// seconds is a time in whole seconds.
func seconds(n node) (time.Duration, error) {
	s, err := n.whole()
	if err != nil {
		return 0, err
	}
	if s < 0 {
		return 0, n.wrong("a number of seconds")
	}
	return time.Duration(s) * time.Second, nil
}

func statisticOf(n node) (emr.Statistic, error) {
	s, err := n.text()
	if err != nil {
		return "", err
	}
	for _, known := range emr.Statistics {
		if strings.EqualFold(s, string(known)) {
			return known, nil
		}
	}
	return "", because("%s is none of CloudWatch's", show(s))
}

// unitOf writes a unit as CloudWatch does: the product has "percent" and "bytes/second", CloudWatch "Percent" and "Bytes/Second".
func unitOf(s string) string {
	parts := strings.Split(strings.ToLower(s), "/")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "/")
}

// action converts what a policy does.
func action(n node, up bool) (a scaling.Action, err error) {
	act := n.get("action")
	kind := ""
	if act.given() {
		if _, ok := act.value.(map[string]any); !ok {
			return a, because("action: %v", act.wrong("an object"))
		}
		if v := act.get("type"); !v.empty() {
			if kind, err = v.text(); err != nil {
				return a, because("action.type: %v", err)
			}
		}
	}
	// Older policies have their figures beside the action.
	figure := func(key string) node {
		if v := act.get(key); v.given() {
			return v
		}
		return n.get(key)
	}
	if kind == "" && figure("adjustment").given() {
		kind = "adjustment"
	}
	switch kind {
	case "adjustment":
		v, err := change(figure("adjustment"), up)
		if err != nil {
			return a, because("action.adjustment: %v", err)
		}
		if v != math.Trunc(v) || v > mostInt {
			return a, because("action.adjustment: %v is not a whole number", v)
		}
		return scaling.Action{Type: scaling.Adjustment, Count: int(v)}, nil
	case "percentageAdjustment":
		v, err := change(figure("adjustment"), up)
		if err != nil {
			return a, because("action.adjustment: %v", err)
		}
		return scaling.Action{Type: scaling.PercentageAdjustment, Percent: v}, nil
	case "setMinTarget":
		return target(scaling.SetMinTarget, figure("minTargetCapacity"))
	case "setMaxTarget":
		return target(scaling.SetMaxTarget, figure("maxTargetCapacity"))
	case "updateCapacity":
		a.Type = scaling.UpdateCapacity
		for _, f := range []struct {
			key  string
			into **int
		}{{"target", &a.Target}, {"minimum", &a.Min}, {"maximum", &a.Max}} {
			v := act.get(f.key)
			if !v.given() {
				continue
			}
			got, err := v.whole()
			if err != nil {
				return a, because("action.%s: %v", f.key, err)
			}
			*f.into = &got
		}
		return a, nil
	case "":
		return a, because("it has no action")
	}
	return a, because("action.type: %s is not known", show(kind))
}

// change is how much an adjustment adds or takes. A sign that contradicts the list is an error.
func change(n node, up bool) (float64, error) {
	v, err := n.number()
	switch {
	case err != nil:
		return 0, err
	case v < 0 && up:
		return 0, because("%s takes instances, and this is a policy up", show(n.value))
	case v == 0:
		return 0, because("0 changes nothing")
	}
	return math.Abs(v), nil
}

func target(kind scaling.ActionType, n node) (scaling.Action, error) {
	v, err := n.whole()
	if err != nil {
		return scaling.Action{}, because("action.%s: %v", n.path[strings.LastIndex(n.path, ".")+1:], err)
	}
	return scaling.Action{Type: kind, Target: &v}, nil
}
