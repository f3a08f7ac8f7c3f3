package importer

import (
	"fmt"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// schedules takes the scheduled tasks of a pool that will have the index. The product's cron expressions are in UTC.
func (c *converter) schedules(p *scaling.Pool, at int, n node) {
	if !c.object(n) {
		return
	}
	c.rest(n, "tasks")
	c.each(n.get("tasks"), func(entry node) {
		s, err := c.schedule(entry)
		if err != nil {
			c.leave(entry, "%v", err)
			return
		}
		s.Name = fmt.Sprintf("task-%s", strings.Trim(entry.path[strings.LastIndex(entry.path, "["):], "[]"))
		c.sources[fmt.Sprintf("pools[%d].schedules[%d]", at, len(p.Schedules))] = entry.path
		p.Schedules = append(p.Schedules, s)
	})
}

func (c *converter) schedule(n node) (scaling.Schedule, error) {
	s := scaling.DefaultSchedule()
	c.rest(n, "isEnabled", "taskType", "instanceGroupType", "cronExpression", "targetCapacity", "minCapacity", "maxCapacity")
	for _, f := range []struct{ key, want string }{{"taskType", "setCapacity"}, {"instanceGroupType", "task"}} {
		v := n.get(f.key)
		if got, err := v.text(); v.given() && (err != nil || !strings.EqualFold(got, f.want)) {
			return s, because("%s: %s, and only %s is known", f.key, show(v.value), f.want)
		}
	}
	if v := n.get("isEnabled"); v.given() {
		on, err := v.truth()
		if err != nil {
			return s, because("isEnabled: %v", err)
		}
		s.Off = !on
	}
	cron, err := n.get("cronExpression").text()
	if err != nil {
		return s, because("cronExpression: %v", err)
	}
	s.Cron = strings.Join(strings.Fields(cron), " ")
	for _, f := range []struct {
		key  string
		into **int
	}{{"targetCapacity", &s.Target}, {"minCapacity", &s.Min}, {"maxCapacity", &s.Max}} {
		v := n.get(f.key)
		if !v.given() {
			continue
		}
		got, err := v.whole()
		if err != nil {
			return s, because("%s: %v", f.key, err)
		}
		*f.into = &got
	}
	return s, nil
}

// termination takes the termination policies. A policy of which one statement is not understood is left out: without it the others would end
// clusters sooner.
func (c *converter) termination(n node) {
	var out []scaling.TerminationPolicy
	c.each(n, func(entry node) {
		c.rest(entry, "statements")
		at := fmt.Sprintf("termination.policies[%d]", len(out))
		p := scaling.TerminationPolicy{Name: "policy-" + strings.Trim(entry.path[strings.LastIndex(entry.path, "["):], "[]")}
		whole := true
		statements := entry.get("statements")
		if _, ok := statements.value.([]any); !ok {
			c.leave(entry, "it has no list of statements")
			return
		}
		for _, st := range statements.list() {
			c.rest(st, "namespace", "metricName", "statistic", "unit", "threshold", "operator", "period", "evaluationPeriods")
			d, err := c.condition(st, emr.Sum, scaling.GTE)
			if err != nil {
				c.leave(st, "%v", err)
				whole = false
				continue
			}
			p.Statements = append(p.Statements, d)
		}
		if !whole {
			c.leave(entry, "a statement of it is left out, and the others alone would terminate clusters sooner")
			return
		}
		c.sources[at] = entry.path
		out = append(out, p)
	})
	if len(out) == 0 {
		return
	}
	t := scaling.DefaultTermination()
	t.Policies = out
	c.rule.Scaling.Termination = &t
	c.comments["termination"] = "# records what it would end; mode: enforce does it"
	c.note(n, "emrguard records what it would terminate until termination.mode is enforce")
}
