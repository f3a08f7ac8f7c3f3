package config

import (
	"fmt"
	"strconv"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/scaling"
)

// ruleWords is a rule in a few words, without its match.
func ruleWords(r ClusterRule) string {
	parts := []string{"mode " + string(r.Mode)}
	if r.Wrap {
		parts = append(parts, "wrapped")
	}
	for _, p := range r.Scaling.Pools {
		parts = append(parts, fmt.Sprintf("pool %s (%s)", p.Name, poolWords(p)))
	}
	if t := r.Scaling.Termination; t != nil {
		parts = append(parts, fmt.Sprintf("termination (%s)", t.Mode))
	}
	return strings.Join(parts, ", ")
}

// poolWords is a pool in a few words, without its name.
func poolWords(p scaling.Pool) string {
	parts := []string{fmt.Sprintf("%s, %d to %d instances", p.Role, p.Min, p.Max)}
	for _, list := range []struct {
		n         int
		one, many string
	}{
		{len(p.ScaleUp), "policy up", "policies up"},
		{len(p.ScaleDown), "policy down", "policies down"},
		{len(p.Schedules), "schedule", "schedules"},
	} {
		switch {
		case list.n == 1:
			parts = append(parts, "1 "+list.one)
		case list.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", list.n, list.many))
		}
	}
	return strings.Join(parts, ", ")
}

// policyWords is what a policy does and when.
func policyWords(p scaling.Policy) string {
	return actionWords(p.Action) + " when " + conditionWords(p.Condition)
}

func actionWords(a scaling.Action) string {
	switch a.Type {
	case scaling.Adjustment:
		return fmt.Sprintf("by %d", a.Count)
	case scaling.PercentageAdjustment:
		return fmt.Sprintf("by %v%%", a.Percent)
	case scaling.SetMinTarget:
		return "to at least " + given(a.Target)
	case scaling.SetMaxTarget:
		return "to at most " + given(a.Target)
	case scaling.UpdateCapacity:
	}
	return "to " + scaling.Capacity(a.Target, a.Min, a.Max)
}

func given(n *int) string {
	if n == nil {
		return "nothing"
	}
	return strconv.Itoa(*n)
}

// operatorWords are the operators as a sentence has them.
var operatorWords = map[scaling.Operator]string{scaling.GT: "above", scaling.GTE: "at least", scaling.LT: "below", scaling.LTE: "at most"}

func conditionWords(c scaling.Condition) string {
	metric := c.Metric
	if c.Namespace != emr.MetricsNamespace {
		metric = c.Namespace + " " + metric
	}
	text := fmt.Sprintf("%s %s is %s %v for ", c.Statistic, metric, operatorWords[c.Operator], c.Threshold)
	if c.Evaluations == 1 {
		return text + phrase.Duration(c.Period)
	}
	return fmt.Sprintf("%s%d periods of %s", text, c.Evaluations, phrase.Duration(c.Period))
}

func scheduleWords(s scaling.Schedule) string {
	text := fmt.Sprintf("%s at %q", scaling.Capacity(s.Target, s.Min, s.Max), s.Cron)
	if s.Zone != "" {
		text += " in " + s.Zone
	}
	if s.Off {
		text += ", off"
	}
	return text
}

func statementWords(statements []scaling.Condition) string {
	parts := make([]string, len(statements))
	for i, c := range statements {
		parts[i] = conditionWords(c)
	}
	return strings.Join(parts, " and ")
}
