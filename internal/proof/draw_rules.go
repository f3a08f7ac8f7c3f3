package proof

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// configure puts a new configuration in force.
func (d *drawer) configure() {
	var b strings.Builder
	for _, names := range [][]string{{"etl-*"}, {"adhoc-*", "web-1*"}, nil} {
		if names == nil || d.chance(2) {
			r := d.rule()
			r.Match.Names = names
			b.WriteString(config.RuleText(r, nil))
		}
	}
	d.config = b.String()
	d.configs = append(d.configs, d.config)
	d.add("config", d.config)
}

// rule draws what holds for some clusters.
func (d *drawer) rule() config.ClusterRule {
	r := config.ClusterRule{Mode: config.Enforce, Recovery: d.settings(), Wrap: d.chance(8)}
	switch d.IntN(24) {
	case 0:
		r.Mode = config.Observe
	case 1:
		r.Mode = config.Off
	}
	if d.chance(2) || d.ends {
		r.Scaling = d.scaling(r.Wrap)
	}
	return r
}

// settings draws the figures of the recovery rules.
func (d *drawer) settings() recovery.Settings {
	s := recovery.Defaults()
	m := time.Minute
	if d.chance(4) {
		return s // the defaults are what most people run
	}
	s.After = one(d, 5*m, 10*m, 15*m, 30*m, 45*m)
	s.Ban = one(d, 10*m, 30*m, 60*m, 120*m, 240*m)
	s.Pace = one(d, 30*time.Second, m, m, 2*m)
	s.Settle = max(s.Pace, one(d, m, 2*m, 5*m, 5*m, 10*m))
	s.StartingGrace = one(d, 0, 5*m, 20*m, 20*m)
	s.ProgressGrace = one(d, 0, 0, 0, 3*m)
	if d.chance(3) {
		s.AfterCapacity = one(d, 2*m, s.After/2)
	}
	s.ShrinkAfter = one(d, 20*m, 90*m)
	s.Chain = 1 + d.IntN(4)
	s.RestMax = s.Ban * time.Duration(one(d, 1, 2, 4))
	s.MaxGroups = d.IntN(6)
	s.ReserveSlots = one(d, 8, 8, 0, 40)
	s.EnforceBans = !d.chance(3)
	if d.chance(5) {
		s.OutsideGrowth, s.Max = recovery.Add, 20+d.IntN(30)
	}
	if d.chance(4) {
		s.Max = 20 + d.IntN(48)
	}
	if d.chance(2) {
		s.Return = recovery.Auto
	}
	s.Fallback = d.ladder()
	return s
}

// ladder draws rungs: half of the ladders are the default.
func (d *drawer) ladder() []recovery.Rung {
	all := []recovery.Rung{
		{Same: true}, {Types: []string{"r5.xlarge", "c5.xlarge"}}, {Market: emr.OnDemand}, {Types: []string{"r5.xlarge", "m6g.xlarge"}, Market: emr.OnDemand},
		{Market: emr.Spot, BidPrice: "0.90"}, {Types: []string{"x9.unheard"}},
	}
	if d.chance(2) {
		return all[:1]
	}
	var out []recovery.Rung
	for range 1 + d.IntN(4) {
		i := d.IntN(len(all))
		r := all[i]
		all = append(all[:i:i], all[i+1:]...)
		r.After = one(d, 0, 0, 10*time.Minute, 50*time.Minute)
		r.Max = one(d, 0, 0, 1, 4)
		out = append(out, r)
	}
	return out
}

// scaling draws what is scaled, and how.
func (d *drawer) scaling(wrapped bool) scaling.Settings {
	s := scaling.Settings{}
	if d.chance(3) {
		s.MaxInstances = 8 + d.IntN(20)
	}
	for _, p := range []scaling.Pool{{Name: "tasks", Role: emr.Task, Groups: []string{"task*"}}, {Name: "core", Role: emr.Core},
		{Name: "more", Role: emr.Task, Groups: []string{"more"}},
		{Name: "fresh", Role: emr.Task, Groups: []string{"fresh*"}, Group: &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}}} {
		if !d.chance(3) && (p.Role == emr.Task || !wrapped) {
			s.Pools = append(s.Pools, d.pool(p))
		}
	}
	if d.ends || d.chance(3) {
		s.Termination = d.termination()
	}
	return s
}

func (d *drawer) pool(p scaling.Pool) scaling.Pool {
	m := time.Minute
	p.Min = d.IntN(4)
	if p.Role == emr.Core {
		p.Min++
	}
	p.Max = p.Min + 1 + d.IntN(14)
	p.Cooldown = scaling.Cooldown{Up: one(d, 0, 2*m, 5*m, 10*m, 30*m), Down: one(d, 0, 2*m, 5*m, 10*m, 30*m)}
	p.MaxStep = scaling.MaxStep{Up: d.IntN(6), Down: d.IntN(4)}
	for i := range d.IntN(3) {
		p.ScaleUp = append(p.ScaleUp, d.policy(fmt.Sprintf("up-%d", i), true, p))
	}
	for i := range d.IntN(3) {
		p.ScaleDown = append(p.ScaleDown, d.policy(fmt.Sprintf("down-%d", i), false, p))
	}
	for i := range d.IntN(3) {
		p.Schedules = append(p.Schedules, d.schedule(fmt.Sprintf("at-%d", i), p))
	}
	return p
}

func (d *drawer) policy(name string, up bool, p scaling.Pool) scaling.Policy {
	conditions := []scaling.Condition{
		{Metric: "YARNMemoryAvailablePercentage", Operator: scaling.GT, Threshold: 60}, {Metric: "ContainerPending", Operator: scaling.LTE, Threshold: 0},
		{Namespace: "Jobs", Metric: "Backlog", Operator: scaling.LT, Threshold: 10}, {Metric: "AppsRunning", Operator: scaling.LTE, Threshold: 1, Statistic: emr.Maximum}}
	if up {
		conditions = []scaling.Condition{
			{Metric: "YARNMemoryAvailablePercentage", Operator: scaling.LT, Threshold: 20}, {Metric: "ContainerPendingRatio", Operator: scaling.GTE, Threshold: 0.5},
			{Metric: "ContainerPending", Operator: scaling.GT, Threshold: 4, Statistic: emr.Minimum}, {Namespace: "Jobs", Metric: "Backlog", Operator: scaling.GT, Threshold: 12, Statistic: emr.Maximum}}
	}
	m := time.Minute
	out := scaling.Policy{Name: name, Condition: full(one(d, conditions...)), Action: d.action(up, p), Missing: scaling.Ignore}
	out.Period = one(d, 5*m, 5*m, 5*m, 10*m, 15*m, m)
	out.Evaluations = 1 + d.IntN(3)
	if d.chance(4) {
		out.Missing = scaling.Breaching
	}
	if d.chance(4) {
		c := time.Duration(d.IntN(60)) * time.Minute
		out.Cooldown = &c
	}
	return out
}

// full is a condition with what a configuration file has by default.
func full(c scaling.Condition) scaling.Condition {
	c.Namespace = cmp.Or(c.Namespace, emr.MetricsNamespace)
	c.Statistic = cmp.Or(c.Statistic, emr.Average)
	c.Period = cmp.Or(c.Period, 5*time.Minute)
	c.Evaluations = cmp.Or(c.Evaluations, 1)
	return c
}

func (d *drawer) action(up bool, p scaling.Pool) scaling.Action {
	target := p.Min + d.IntN(p.Max-p.Min+1)
	switch d.IntN(5) {
	case 0, 1:
		return scaling.Action{Type: scaling.Adjustment, Count: 1 + d.IntN(5)}
	case 2:
		return scaling.Action{Type: scaling.PercentageAdjustment, Percent: float64(5 + d.IntN(80))}
	case 3:
		if up {
			return scaling.Action{Type: scaling.SetMinTarget, Target: &target}
		}
		return scaling.Action{Type: scaling.SetMaxTarget, Target: &target}
	}
	a := scaling.Action{Type: scaling.UpdateCapacity}
	low, high := max(p.Min, target-d.IntN(3)), max(1, target+d.IntN(5))
	for a.Target == nil && a.Min == nil && a.Max == nil {
		if d.chance(2) {
			a.Target = &target
		}
		if d.chance(3) {
			a.Min = &low
		}
		if d.chance(3) {
			a.Max = &high
		}
	}
	return a
}

func (d *drawer) schedule(name string, p scaling.Pool) scaling.Schedule {
	a := d.action(true, p)
	for a.Type != scaling.UpdateCapacity {
		a = d.action(true, p)
	}
	return scaling.Schedule{Name: name, Cron: one(d, "*/7 * * * *", "*/20 * * * *", "0 * * * *", "0 * * * *", "15 9-18 * * *", "30 */2 * * *", "0 3 * * mon-fri", "5 1,13 * * *"),
		Zone: one(d, "", "Europe/Berlin", "America/St_Johns"), Target: a.Target, Min: a.Min, Max: a.Max, Off: d.chance(8)}
}

func (d *drawer) termination() *scaling.Termination {
	t := &scaling.Termination{Grace: time.Duration(max(0, d.IntN(40)-6)) * time.Minute, Mode: scaling.TerminationObserve}
	if d.ends {
		t.Mode = scaling.TerminationEnforce
	}
	t.Policies = []scaling.TerminationPolicy{{Name: "idle", Statements: []scaling.Condition{
		{Metric: "IsIdle", Statistic: emr.Minimum, Operator: scaling.GTE, Threshold: 1, Evaluations: 1 + d.IntN(4)},
		{Metric: "AppsPending", Statistic: emr.Maximum, Operator: scaling.LTE, Threshold: 0, Evaluations: 1 + d.IntN(3)}}}}
	if d.chance(2) {
		t.Policies = append(t.Policies, scaling.TerminationPolicy{Name: "quiet", Statements: []scaling.Condition{
			{Metric: "AppsRunning", Statistic: emr.Maximum, Operator: scaling.LTE, Threshold: 0, Evaluations: 3}}})
	}
	for _, p := range t.Policies {
		for i, c := range p.Statements {
			p.Statements[i] = full(c)
		}
	}
	return t
}
