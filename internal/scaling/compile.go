package scaling

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/schedule"
)

// Compile checks the settings, fills what is empty with its default, and reads the cron expressions. It returns every problem, joined, each
// beginning with the yaml path of its key: "pools[0].scale_up[1].period: ...". Settings with a problem must not be used. What depends on the rest
// of the configuration (patterns of group names, pools that claim the same group) is checked there.
func (s *Settings) Compile() error {
	c := &checker{}
	if s.MaxInstances != 0 {
		c.count("max_instances", s.MaxInstances, 1, 20_000)
	}
	var names []string
	for i := range s.Pools {
		at := fmt.Sprintf("pools[%d]", i)
		names = c.unique(at+".name", s.Pools[i].Name, names, poolName, "a-z, 0-9 and -, at most 32 characters")
		c.pool(at, &s.Pools[i])
	}
	if s.Termination != nil {
		c.termination("termination", s.Termination)
	}
	return errors.Join(c.errs...)
}

var (
	poolName     = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	policyName   = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	instanceType = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)
	price        = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,6})?$`)
)

const policyNameWords = "a-z, 0-9, - and _, at most 64 characters"

// checker collects problems.
type checker struct{ errs []error }

func (c *checker) add(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (c *checker) count(path string, n, low, high int) {
	if n < low || n > high {
		c.add(path, "%d is outside %d to %d", n, low, high)
	}
}

// span checks a duration that may be a day at most.
func (c *checker) span(path string, d, low time.Duration) {
	if d < low || d > 24*time.Hour {
		c.add(path, "%s is outside %s to 24h", phrase.Duration(d), phrase.Duration(low))
	}
}

// unique checks a name and that it is none of those before it.
func (c *checker) unique(path, name string, before []string, form *regexp.Regexp, words string) []string {
	switch {
	case !form.MatchString(name):
		c.add(path, "%.80q is no name: %s", name, words)
	case slices.Contains(before, name):
		c.add(path, "%q is the name of another one, too; names tell them apart in commands and history", name)
	}
	return append(before, name)
}

// oneOf says whether v is known, and reports it if not.
func oneOf[T ~string](c *checker, path string, v T, known ...T) bool {
	if slices.Contains(known, v) {
		return true
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	last := len(words) - 1
	c.add(path, "%.80q is not known; write %s or %s", string(v), strings.Join(words[:last], ", "), words[last])
	return false
}

func (c *checker) pool(at string, p *Pool) {
	oneOf(c, at+".role", p.Role, emr.Task, emr.Core)
	least := 0
	if p.Role == emr.Core {
		least = 1 // HDFS lives there
	}
	c.count(at+".min", p.Min, least, 2000)
	c.count(at+".max", p.Max, 1, 2000)
	if p.Max < p.Min {
		c.add(at+".max", "%d is below min, which is %d", p.Max, p.Min)
	}
	if p.Group != nil {
		c.group(at+".group", p.Role, p.Group)
	}
	c.span(at+".cooldown.up", p.Cooldown.Up, 0)
	c.span(at+".cooldown.down", p.Cooldown.Down, 0)
	c.count(at+".max_step.up", p.MaxStep.Up, 0, 2000)
	c.count(at+".max_step.down", p.MaxStep.Down, 0, 2000)
	var names []string
	for _, list := range []struct {
		path     string
		policies []Policy
		up       bool
	}{{"scale_up", p.ScaleUp, true}, {"scale_down", p.ScaleDown, false}} {
		for i := range list.policies {
			at := fmt.Sprintf("%s.%s[%d]", at, list.path, i)
			names = c.unique(at+".name", list.policies[i].Name, names, policyName, policyNameWords)
			c.policy(at, &list.policies[i], list.up, least)
		}
	}
	names = nil
	for i := range p.Schedules {
		at := fmt.Sprintf("%s.schedules[%d]", at, i)
		names = c.unique(at+".name", p.Schedules[i].Name, names, policyName, policyNameWords)
		c.schedule(at, &p.Schedules[i], least)
	}
}

func (c *checker) group(at string, role emr.Role, g *Group) {
	if role == emr.Core {
		c.add(at, "a CORE group cannot be added to a running cluster; remove it")
	}
	if !instanceType.MatchString(g.InstanceType) {
		c.add(at+".type", "%.80q is no instance type; write for example m5.xlarge", g.InstanceType)
	}
	g.Market = cmp.Or(g.Market, emr.OnDemand)
	switch {
	case !oneOf(c, at+".market", g.Market, emr.Spot, emr.OnDemand), g.BidPrice == "":
	case g.Market != emr.Spot:
		c.add(at+".bid_price", "only Spot instances have one; write market: SPOT, or remove it")
	case !price.MatchString(g.BidPrice) || strings.Trim(g.BidPrice, "0.") == "":
		c.add(at+".bid_price", "%.40q is no price; write dollars per instance hour, for example 0.25", g.BidPrice)
	}
	for i := range g.Volumes {
		v, at := &g.Volumes[i], fmt.Sprintf("%s.volumes[%d]", at, i)
		v.Count = cmp.Or(v.Count, 1)
		known := oneOf(c, at+".type", v.Type, "gp3", "gp2", "io1", "st1", "sc1", "standard")
		c.count(at+".size", v.Size, 1, 16_384)
		c.count(at+".count", v.Count, 1, 25)
		switch {
		case v.Iops == 0 || !known:
		case v.Type != "gp3" && v.Type != "io1":
			c.add(at+".iops", "only gp3 and io1 volumes have it; remove it")
		default:
			c.count(at+".iops", v.Iops, 100, 64_000)
		}
		switch {
		case v.Throughput == 0 || !known:
		case v.Type != "gp3":
			c.add(at+".throughput", "only gp3 volumes have it; remove it")
		default:
			c.count(at+".throughput", v.Throughput, 125, 1000)
		}
	}
}

func (c *checker) policy(at string, p *Policy, up bool, least int) {
	c.condition(at, &p.Condition)
	p.Missing = cmp.Or(p.Missing, Ignore)
	oneOf(c, at+".missing_data", p.Missing, Ignore, Breaching)
	if p.Cooldown != nil {
		c.span(at+".cooldown", *p.Cooldown, 0)
	}
	c.action(at+".action", p.Action, up, least)
}

// units are CloudWatch's (CloudWatch API reference, MetricDatum).
var units = []string{"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits",
	"Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second",
	"Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None"}

func (c *checker) condition(at string, d *Condition) {
	d.Namespace = cmp.Or(d.Namespace, emr.MetricsNamespace)
	d.Statistic = cmp.Or(d.Statistic, emr.Average)
	d.Period = cmp.Or(d.Period, 5*time.Minute)
	d.Evaluations = cmp.Or(d.Evaluations, 1)
	c.text(at+".namespace", d.Namespace, 255, true)
	c.text(at+".metric", d.Metric, 255, false)
	if len(d.Dimensions) > 29 {
		c.add(at+".dimensions", "%d of them; CloudWatch takes 30, and JobFlowId is one", len(d.Dimensions))
	}
	var names []string
	for i, dim := range d.Dimensions {
		at := fmt.Sprintf("%s.dimensions[%d]", at, i)
		c.text(at+".name", dim.Name, 255, true)
		c.text(at+".value", dim.Value, 1024, false)
		if slices.Contains(names, dim.Name) {
			c.add(at+".name", "%q is given twice", dim.Name)
		}
		names = append(names, dim.Name)
	}
	oneOf(c, at+".statistic", d.Statistic, emr.Average, emr.Sum, emr.Minimum, emr.Maximum, emr.SampleCount)
	if d.Unit != "" && !slices.Contains(units, d.Unit) {
		c.add(at+".unit", "%.40q is no unit of CloudWatch; write for example Count or Percent, or leave it out to take every unit", d.Unit)
	}
	oneOf(c, at+".operator", d.Operator, GT, GTE, LT, LTE)
	if math.IsNaN(d.Threshold) || math.IsInf(d.Threshold, 0) {
		c.add(at+".threshold", "%v is no number to compare with", d.Threshold)
	}
	c.span(at+".period", d.Period, time.Minute)
	if d.Period > time.Minute && d.Period%time.Minute != 0 {
		c.add(at+".period", "%s is no whole number of minutes", phrase.Duration(d.Period))
	}
	c.count(at+".evaluation_periods", d.Evaluations, 1, maxEvaluations)
	if n := min(d.Evaluations, maxEvaluations); n > 1 && d.Period <= 24*time.Hour && time.Duration(n)*d.Period > 24*time.Hour {
		c.add(at+".evaluation_periods", "%d periods of %s are more than 24h", d.Evaluations, phrase.Duration(d.Period))
	}
}

// text checks a name of CloudWatch's: printable ASCII, and no colon at the beginning of a namespace or of a dimension's name (CloudWatch API
// reference, Dimension and GetMetricData).
func (c *checker) text(path, s string, most int, colonless bool) {
	switch {
	case strings.TrimSpace(s) == "" || len(s) > most:
		c.add(path, "%.40q: write 1 to %d characters", s, most)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }):
		c.add(path, "%.40q: CloudWatch takes printable ASCII characters alone", s)
	case s[0] == ':' && colonless:
		c.add(path, "%.40q: CloudWatch takes no colon at the beginning", s)
	}
}

// action checks that exactly what its type takes is given, and that it can do what its list is for.
func (c *checker) action(at string, a Action, up bool, least int) {
	takes := map[ActionType][]string{
		Adjustment: {"count"}, PercentageAdjustment: {"percent"}, SetMinTarget: {"target"}, SetMaxTarget: {"target"}, UpdateCapacity: {"target", "min", "max"},
	}[a.Type]
	if takes == nil {
		oneOf(c, at+".type", a.Type, Adjustment, PercentageAdjustment, SetMinTarget, SetMaxTarget, UpdateCapacity)
		return
	}
	switch {
	case up && a.Type == SetMaxTarget:
		c.add(at+".type", "set_max_target takes instances; it belongs to scale_down")
	case !up && a.Type == SetMinTarget:
		c.add(at+".type", "set_min_target adds instances; it belongs to scale_up")
	}
	given := 0
	for _, f := range []struct {
		name  string
		given bool
		check func(path string)
	}{
		{"count", a.Count != 0, func(path string) { c.count(path, a.Count, 1, 2000) }},
		{"percent", a.Percent != 0, func(path string) {
			if !(a.Percent > 0 && a.Percent <= 1000) {
				c.add(path, "%v is outside its range: above 0, at most 1000", a.Percent)
			}
		}},
		{"target", a.Target != nil, func(path string) { c.count(path, *a.Target, least, 2000) }},
		{"min", a.Min != nil, func(path string) { c.count(path, *a.Min, least, 2000) }},
		{"max", a.Max != nil, func(path string) { c.count(path, *a.Max, least, 2000) }},
	} {
		switch {
		case f.given && !slices.Contains(takes, f.name):
			c.add(at+"."+f.name, "%s does not take it; it takes %s", a.Type, strings.Join(takes, ", "))
		case f.given:
			given++
			f.check(at + "." + f.name)
		}
	}
	if given == 0 {
		c.add(at, "%s needs %s", a.Type, strings.Join(takes, ", or "))
	}
	c.within(at, a.Target, a.Min, a.Max)
}

// within checks that a target, min and max fit together.
func (c *checker) within(at string, target, low, high *int) {
	switch {
	case low != nil && high != nil && *low > *high:
		c.add(at+".max", "%d is below min, which is %d", *high, *low)
	case target != nil && low != nil && *target < *low:
		c.add(at+".target", "%d is below min, which is %d", *target, *low)
	case target != nil && high != nil && *target > *high:
		c.add(at+".target", "%d is above max, which is %d", *target, *high)
	}
}

func (c *checker) schedule(at string, s *Schedule, least int) {
	zone := s.Zone
	if _, err := schedule.Zone(zone); err != nil {
		c.add(at+".zone", "%v", err)
		zone = ""
	}
	var err error
	if s.times, err = schedule.Parse(s.Cron, zone); err != nil {
		c.add(at+".cron", "%v", err)
	}
	for _, f := range []struct {
		name string
		n    *int
	}{{"target", s.Target}, {"min", s.Min}, {"max", s.Max}} {
		if f.n != nil {
			c.count(at+"."+f.name, *f.n, least, 2000)
		}
	}
	if s.Target == nil && s.Min == nil && s.Max == nil {
		c.add(at, "a schedule needs target, min or max")
	}
	c.within(at, s.Target, s.Min, s.Max)
}

func (c *checker) termination(at string, t *Termination) {
	t.Mode = cmp.Or(t.Mode, TerminationObserve)
	oneOf(c, at+".mode", t.Mode, TerminationObserve, TerminationEnforce)
	c.span(at+".grace", t.Grace, 0)
	if len(t.Policies) == 0 {
		c.add(at+".policies", "at least one policy is needed")
	}
	var names []string
	for i := range t.Policies {
		p, at := &t.Policies[i], fmt.Sprintf("%s.policies[%d]", at, i)
		names = c.unique(at+".name", p.Name, names, policyName, policyNameWords)
		c.count(at+".statements", len(p.Statements), 1, 10)
		for j := range p.Statements {
			at := fmt.Sprintf("%s.statements[%d]", at, j)
			c.condition(at, &p.Statements[j])
			if n := p.Statements[j].Namespace; n != emr.MetricsNamespace {
				c.add(at+".namespace", "%.80q says nothing of the cluster's own work; only %s is taken", n, emr.MetricsNamespace)
			}
			if slices.ContainsFunc(p.Statements[j].Dimensions, func(dim emr.Dimension) bool { return dim.Name == emr.JobFlowID }) {
				c.add(at+".dimensions", "%s is the cluster's own; that another cluster is idle says nothing of this one", emr.JobFlowID)
			}
		}
	}
}
