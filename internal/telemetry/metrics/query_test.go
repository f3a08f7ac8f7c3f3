package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/notify"
)

// scraped are the labels that Prometheus adds to what it scrapes.
var scraped = []string{"instance", "job"}

// valuesOf are the values that a label of a series may have; nil: any.
func valuesOf(series, label string) []string {
	var out []string
	switch label {
	case "op":
		for _, op := range emr.Ops {
			out = append(out, string(op))
		}
	case "outcome":
		for _, o := range outcomes {
			out = append(out, string(o))
		}
	case "class":
		for _, c := range faultClasses {
			out = append(out, c.name)
		}
	case "fate":
		for _, f := range []engine.Fate{engine.Taken, engine.Unused, engine.Malformed, engine.Kept} {
			out = append(out, string(f))
		}
	case "result":
		if series == namespace+notices.name {
			for _, r := range []notify.Result{notify.Sent, notify.Failed, notify.Denied, notify.Dropped, notify.Fault} {
				out = append(out, string(r))
			}
			return out
		}
		out = append(out, answered)
		for _, c := range []emr.Class{emr.Throttled, emr.Denied, emr.Invalid, emr.NotFound, emr.Unavailable, emr.FleetsOnly, emr.NotSent} {
			out = append(out, string(c))
		}
	}
	return out
}

// labelsOf are the labels of a series, nil if no metric of the catalog has it.
func labelsOf(series string) []string {
	for _, m := range catalog() {
		name := namespace + m.name
		switch {
		case m.kind != histogram && series == name, m.kind == histogram && (series == name+"_sum" || series == name+"_count"):
			return slices.Concat(m.labels, scraped)
		case m.kind == histogram && series == name+"_bucket":
			return slices.Concat(m.labels, scraped, []string{"le"})
		}
	}
	return nil
}

// queryProblems says what is wrong with a query: it cannot be parsed, or names a metric, a label or a value that does not exist.
func queryProblems(query string) (series, problems []string) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, []string{err.Error()}
	}
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			series = append(series, n.Name)
			has := labelsOf(n.Name)
			if has == nil {
				complain("there is no series %q", n.Name)
				return nil
			}
			for _, m := range n.LabelMatchers {
				switch values := valuesOf(n.Name, m.Name); {
				case m.Name == model.MetricNameLabel:
				case !slices.Contains(has, m.Name):
					complain("%s has no label %q", n.Name, m.Name)
				case values != nil && m.Value != "" && !slices.ContainsFunc(values, m.Matches):
					complain("%s of %s is never as in %s", m.Name, n.Name, m)
				}
			}
		case *parser.AggregateExpr:
			problems = append(problems, strangers(n.Grouping, n.Expr)...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				problems = append(problems, strangers(slices.Concat(n.VectorMatching.MatchingLabels, n.VectorMatching.Include), n)...)
			}
		}
		return nil
	})
	return series, problems
}

// strangers are the labels by which an expression is grouped and that one of its series does not have.
func strangers(by []string, expr parser.Node) (problems []string) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			for _, l := range by {
				if !slices.Contains(labelsOf(v.Name), l) {
					problems = append(problems, fmt.Sprintf("%s has no label %q to group by", v.Name, l))
				}
			}
		}
		return nil
	})
	return problems
}

// What a metric's help says of the values of its labels is all of them.
func TestHelpNamesTheValuesOfLabels(t *testing.T) {
	for _, m := range catalog() {
		for _, l := range m.labels {
			for _, v := range valuesOf(namespace+m.name, l) {
				if l != "op" && !strings.Contains(m.help, v) {
					t.Errorf("the help of %s does not name %s, a value of %s", m.name, v, l)
				}
			}
		}
	}
}

func TestQueryProblemsAreFound(t *testing.T) {
	for query, want := range map[string]string{
		`sum by (scope) (rate(emrguard_api_call_duration_seconds_bucket{op="ListClusters",le="+Inf"}[5m]))`: "",
		`emrguard_faults_total{class=~"store_.*"}`:                                                          "",
		`sum(`:                                 "unclosed left parenthesis",
		`emrguard_pools_stuck > 0`:             "no series",
		`emrguard_api_call_duration_seconds`:   "no series",
		`emrguard_pools_blocked{pool="x"}`:     `no label "pool"`,
		`sum by (op) (emrguard_pools_blocked)`: "to group by",
		`emrguard_pools_blocked / on (op) emrguard_clusters_watched`:                     "to group by",
		`emrguard_recoveries_closed_total{outcome="given_up"}`:                           "is never as in",
		`rate(emrguard_recoveries_closed_total{outcome=~"reported|blocked|nobody"}[1h])`: "",
	} {
		_, problems := queryProblems(query)
		if got := strings.Join(problems, "; "); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}
