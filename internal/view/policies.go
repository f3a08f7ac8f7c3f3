package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/scaling"
)

// Policies is what `emrguard policies` shows: by cluster, each list in the order of the configuration.
type Policies struct {
	Now          time.Time           `json:"now" doc:"the time all ages refer to"`
	Pools        []ScaledPool        `json:"pools" doc:"the configured pools"`
	Policies     []PolicyStatus      `json:"policies" doc:"their metric policies"`
	Schedules    []ScheduleStatus    `json:"schedules" doc:"their schedules"`
	Terminations []TerminationStatus `json:"terminations" doc:"termination policies"`
}

// ScaledPool is a configured pool.
type ScaledPool struct {
	Scope       string   `json:"scope" doc:"name of the scope"`
	Cluster     string   `json:"cluster" doc:"id of the cluster"`
	ClusterName string   `json:"cluster_name" doc:"name of the cluster"`
	Name        string   `json:"name" doc:"name in the configuration"`
	Pool        string   `json:"pool,omitempty" doc:"id of the pool that it stands for; absent while the cluster has none"`
	Bounds      *Bounds  `json:"bounds,omitempty" doc:"fewest and most instances it may want; absent before the first look"`
	Wanted      int      `json:"wanted" doc:"instances wanted in all"`
	Last        *Scaling `json:"last,omitempty" doc:"the last scaling operation"`
	Waits       string   `json:"waits,omitempty" doc:"why no scaling operation begins now, or no policy is judged"`
}

// Bounds are how many instances a pool may want.
type Bounds struct {
	Min int    `json:"min" doc:"fewest instances the pool may want"`
	Max int    `json:"max" doc:"most instances the pool may want"`
	By  string `json:"by" doc:"what set them: configuration, or a schedule or policy by its name"`
}

// Scaling is one scaling operation of a pool.
type Scaling struct {
	By       string    `json:"by" doc:"\"policy NAME\", \"schedule NAME\", \"min\", \"max\", or who asked by hand"`
	From     int       `json:"from" doc:"instances wanted before"`
	To       int       `json:"to" doc:"instances wanted after"`
	At       time.Time `json:"at" doc:"when it was decided"`
	Done     time.Time `json:"done,omitzero" doc:"when it was completed or given up; absent while it is open"`
	Recovery string    `json:"recovery,omitempty" doc:"id of the recovery that carried it out"`
}

// Judged is how a policy was judged last.
type Judged struct {
	Verdict string    `json:"verdict" doc:"holds, does not hold, no data, or not judged yet"`
	At      time.Time `json:"judged,omitzero" doc:"when; absent before the first time"`
	Newest  time.Time `json:"newest,omitzero" doc:"beginning of the newest period it was judged by; absent without data"`
	Reason  string    `json:"reason,omitempty" doc:"the data points and what they led to, in words"`
}

// The verdicts.
const (
	holds    = "holds"
	holdsNot = "does not hold"
	noData   = "no data"
	unjudged = "not judged yet"
)

// PolicyStatus is one metric policy of a pool.
type PolicyStatus struct {
	Scope        string    `json:"scope" doc:"name of the scope"`
	Cluster      string    `json:"cluster" doc:"id of the cluster"`
	ClusterName  string    `json:"cluster_name" doc:"name of the cluster"`
	Pool         string    `json:"pool" doc:"name of the configured pool"`
	Policy       string    `json:"policy" doc:"its name"`
	Direction    string    `json:"direction" doc:"up or down"`
	Condition    string    `json:"condition" doc:"its condition in words"`
	Action       string    `json:"action" doc:"what it does when the condition holds, in words"`
	Missing      string    `json:"missing_data" doc:"what periods without a data point mean: ignore or breaching"`
	Judged                 // flat
	Next         time.Time `json:"next,omitzero" doc:"when it is judged next, unless something holds it; absent while the cluster has no such pool"`
	CooldownEnd  time.Time `json:"cooldown_until,omitzero" doc:"end of its cooldown; absent when it has none or it is over"`
	CooldownLeft float64   `json:"cooldown_seconds,omitempty" doc:"what is left of it"`
}

// ScheduleStatus is one schedule of a pool.
type ScheduleStatus struct {
	Scope       string    `json:"scope" doc:"name of the scope"`
	Cluster     string    `json:"cluster" doc:"id of the cluster"`
	ClusterName string    `json:"cluster_name" doc:"name of the cluster"`
	Pool        string    `json:"pool" doc:"name of the configured pool"`
	Schedule    string    `json:"schedule" doc:"its name"`
	Cron        string    `json:"cron" doc:"when: minute, hour, day of month, month, day of week"`
	Zone        string    `json:"zone" doc:"time zone of cron"`
	Sets        string    `json:"sets" doc:"what it sets, in words"`
	Off         bool      `json:"off" doc:"it is kept and not followed"`
	Next        time.Time `json:"next,omitzero" doc:"when it is due next; absent when it is off or never again"`
	Due         time.Time `json:"due,omitzero" doc:"when it was due that is not carried out yet; absent when nothing waits"`
	Waits       string    `json:"waits,omitempty" doc:"why it waits since then"`

	told string // the same with the labels of groups
}

// TerminationStatus is one termination policy of a cluster.
type TerminationStatus struct {
	Scope       string    `json:"scope" doc:"name of the scope"`
	Cluster     string    `json:"cluster" doc:"id of the cluster"`
	ClusterName string    `json:"cluster_name" doc:"name of the cluster"`
	Policy      string    `json:"policy" doc:"its name"`
	Conditions  []string  `json:"conditions" doc:"its statements in words; all must hold"`
	Mode        string    `json:"mode" doc:"observe or enforce"`
	Grace       float64   `json:"grace_seconds" doc:"time between the notice and the termination"`
	Judged                // flat
	Next        time.Time `json:"next" doc:"when it is judged next"`
	Notice      *Notice   `json:"notice,omitempty" doc:"it holds, and the cluster is about to be terminated"`
}

// Notice says that a cluster is about to be terminated.
type Notice struct {
	Policy string    `json:"policy" doc:"the termination policy that holds"`
	Since  time.Time `json:"since" doc:"when the notice was given"`
	Until  time.Time `json:"until" doc:"end of the grace time: the first look after it that finds a policy holding terminates the cluster"`
	Sent   time.Time `json:"sent,omitzero" doc:"when EMR was asked to terminate it; absent before"`
	Reason string    `json:"reason" doc:"the data points it holds by, in words"`
	Stop   string    `json:"stop" doc:"the command that holds it"`
}

// Policies shows every policy and schedule of the configuration and how it stands.
func (w World) Policies() Policies {
	out := Policies{Now: w.Now, Pools: []ScaledPool{}, Policies: []PolicyStatus{}, Schedules: []ScheduleStatus{}, Terminations: []TerminationStatus{}}
	w.clusters(func(s Scope, c Cluster) {
		if c.How == nil {
			return
		}
		for i := range c.How.Pools {
			conf := &c.How.Pools[i]
			of := c.scaled(conf)
			out.Pools = append(out.Pools, w.scaledPool(s, c, of))
			for _, p := range conf.Policies() {
				out.Policies = append(out.Policies, w.policyStatus(s.Name, c, conf, of, p))
			}
			for j := range conf.Schedules {
				out.Schedules = append(out.Schedules, scheduleStatus(s.Name, c, of, &conf.Schedules[j]))
			}
		}
		if t := c.How.Termination; t != nil {
			for i := range t.Policies {
				out.Terminations = append(out.Terminations, w.terminationStatus(s.Name, c, t, &t.Policies[i]))
			}
		}
	})
	return out
}

// scaled is what is remembered of a configured pool. Of one that the guard has not looked at yet only the name is known.
func (c Cluster) scaled(conf *scaling.Pool) guard.Scaled {
	if s := c.Scaled(conf.Name); s != nil {
		return *s
	}
	return guard.Scaled{Name: conf.Name}
}

func (w World) scaledPool(s Scope, c Cluster, of guard.Scaled) ScaledPool {
	row := ScaledPool{Scope: s.Name, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Name: of.Name, Pool: string(of.Origin), Bounds: bounds(of), Last: lastOf(of)}
	if p := c.Pool(of.Origin); p != nil {
		row.Wanted = p.Wanted
	}
	row.Waits = w.waits(s, c, of)
	return row
}

// bounds are those in force, or nil when the guard has not looked at the pool yet.
func bounds(of guard.Scaled) *Bounds {
	switch {
	case of.Bounds.Max == 0:
		return nil
	case of.BoundsBy == "":
		return &Bounds{of.Bounds.Min, of.Bounds.Max, "configuration"}
	}
	return &Bounds{of.Bounds.Min, of.Bounds.Max, of.BoundsBy}
}

func lastOf(of guard.Scaled) *Scaling {
	if of.Last == nil {
		return nil
	}
	return &Scaling{By: of.Last.By, From: of.Last.From, To: of.Last.To, At: of.Last.At, Done: of.Last.Done, Recovery: of.Last.Recovery}
}

// waits says why nothing is scaled now on a configured pool.
func (w World) waits(s Scope, c Cluster, of guard.Scaled) string {
	p := c.Pool(of.Origin)
	switch {
	case c.Mode == string(guard.Off):
		return "the cluster is left alone"
	case p == nil && of.Making != nil && of.Making.Refused != "":
		return unmade(of).sentence(w.Now)
	case p == nil && of.Making != nil && of.Making.Name != "":
		return "its group is being made"
	case p == nil:
		return "the cluster has no group for it"
	case c.Paused != nil:
		return "paused by " + c.Paused.Author
	case s.Paused != nil:
		return "the scope is paused by " + s.Paused.Author
	case !c.Cluster.State.Modifiable():
		return "the cluster is " + string(c.Cluster.State)
	case c.Suspended != nil:
		return "scaling suspended since " + Since(c.Suspended.Since, w.Now) + c.why(c.Suspended.Reasons)
	case c.Unusable != nil:
		return "reads of the groups are unusable"
	case c.Blind != nil && len(c.Blind.Series) == 0:
		return fmt.Sprintf("metrics cannot be read since %s: %s", Since(c.Blind.Since, w.Now), c.Blind.Reason)
	case p.Rest != nil:
		return "it takes no launches until " + Until(p.Rest.Until, w.Now)
	case p.Blocked != nil:
		return "it is blocked: " + p.Blocked.Reason
	case c.Withheld != "":
		return "observed only: " + c.Withheld
	}
	return ""
}

func (w World) policyStatus(scope string, c Cluster, conf *scaling.Pool, of guard.Scaled, p scaling.Directed) PolicyStatus {
	row := PolicyStatus{Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Pool: conf.Name, Policy: p.Name, Direction: "down", Condition: p.Condition.String(),
		Action: action(p.Action, p.Up), Missing: string(p.Missing), Judged: judged(of.Verdicts, p.Name)}
	if p.Up {
		row.Direction = "up"
	}
	if c.Pool(of.Origin) == nil {
		return row
	}
	next, cool := c.PolicyDue(&of, conf, p.Policy, p.Up, seen(of.Verdicts, p.Name, w.Now))
	row.Next = next
	if cool.After(w.Now) {
		row.CooldownEnd, row.CooldownLeft = cool, cool.Sub(w.Now).Seconds()
	}
	return row
}

// judged is a policy's last verdict.
func judged(list []guard.Verdict, policy string) Judged {
	i := slices.IndexFunc(list, func(v guard.Verdict) bool { return v.Policy == policy })
	if i < 0 || list[i].Reason == "" {
		return Judged{Verdict: unjudged}
	}
	v := list[i]
	out := Judged{Verdict: holdsNot, At: v.At, Newest: v.Newest, Reason: v.Reason}
	switch {
	case v.Holds:
		out.Verdict = holds
	case v.Missing:
		out.Verdict = noData
	}
	return out
}

// seen is when a policy was judged last, or first seen.
func seen(list []guard.Verdict, policy string, now time.Time) time.Time {
	if i := slices.IndexFunc(list, func(v guard.Verdict) bool { return v.Policy == policy }); i >= 0 {
		return list[i].At
	}
	return now
}

func scheduleStatus(scope string, c Cluster, of guard.Scaled, conf *scaling.Schedule) ScheduleStatus {
	row := ScheduleStatus{Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Pool: of.Name, Schedule: conf.Name, Cron: conf.Cron, Zone: conf.Zone,
		Sets: sets(conf.Target, conf.Min, conf.Max), Off: conf.Off}
	if row.Zone == "" {
		row.Zone = "UTC"
	}
	if i := slices.IndexFunc(of.Ticks, func(t guard.Tick) bool { return t.Schedule == conf.Name }); i >= 0 {
		row.Next = of.Ticks[i].Next
	}
	if d := of.Deferred; d != nil && d.Schedule == conf.Name {
		row.Due, row.Waits, row.told = d.Due, d.Reason, c.named(d.Reason)
	}
	return row
}

func (w World) terminationStatus(scope string, c Cluster, conf *scaling.Termination, p *scaling.TerminationPolicy) TerminationStatus {
	row := TerminationStatus{Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Policy: p.Name, Conditions: []string{}, Mode: string(conf.Mode), Grace: conf.Grace.Seconds(),
		Judged: judged(nil, p.Name), Next: p.Due(w.Now)}
	for _, s := range p.Statements {
		row.Conditions = append(row.Conditions, s.String())
	}
	t := c.Terminating
	if t == nil {
		return row
	}
	row.Judged = judged(t.Verdicts, p.Name)
	row.Next = p.Due(seen(t.Verdicts, p.Name, w.Now))
	if t.Notice == nil && t.Until.After(row.Next) {
		row.Next = t.Until
	}
	if n := c.notice(); n != nil && n.Policy == p.Name {
		row.Notice = n
	}
	return row
}

// notice is the notice of termination that stands, or nil.
func (c Cluster) notice() *Notice {
	if c.Terminating == nil || c.Terminating.Notice == nil {
		return nil
	}
	n := c.Terminating.Notice
	return &Notice{Policy: n.Policy, Since: n.Since, Until: n.Until, Sent: n.Sent, Reason: n.Reason, Stop: "emrguard pause " + string(c.Cluster.ID)}
}

// action is what a policy does, in words.
func action(a scaling.Action, up bool) string {
	sign := "-"
	if up {
		sign = "+"
	}
	switch a.Type {
	case scaling.Adjustment:
		return sign + strconv.Itoa(a.Count)
	case scaling.PercentageAdjustment:
		return sign + strconv.FormatFloat(a.Percent, 'f', -1, 64) + "%"
	case scaling.SetMinTarget:
		return "at least " + given(a.Target)
	case scaling.SetMaxTarget:
		return "at most " + given(a.Target)
	}
	return sets(a.Target, a.Min, a.Max)
}

// sets lists those that are given.
func sets(target, low, high *int) string {
	var parts []string
	for _, c := range []struct {
		name string
		n    *int
	}{{"target", target}, {"min", low}, {"max", high}} {
		if c.n != nil {
			parts = append(parts, c.name+" "+given(c.n))
		}
	}
	return strings.Join(parts, ", ")
}

func given(n *int) string {
	if n == nil {
		return "?"
	}
	return strconv.Itoa(*n)
}

// Tables are the pools, policies, schedules and termination policies for people. Those without rows are left out.
func (v Policies) Tables() []Table {
	pools := Table{Head: []string{"CLUSTER", "POOL", "ID", "WANTED", "MIN", "MAX", "BY", "LAST SCALED", "WAITS"}}
	for _, p := range v.Pools {
		low, high, by := "", "", ""
		if b := p.Bounds; b != nil {
			low, high, by = strconv.Itoa(b.Min), strconv.Itoa(b.Max), b.By
		}
		pools.Add(orID(p.ClusterName, p.Cluster), p.Name, p.Pool, strconv.Itoa(p.Wanted), low, high, by, p.Last.sentence(v.Now), p.Waits)
	}
	held := func(p PolicyStatus) bool {
		return slices.ContainsFunc(v.Pools, func(of ScaledPool) bool {
			return of.Scope == p.Scope && of.Cluster == p.Cluster && of.Name == p.Pool && of.Waits != ""
		})
	}
	policies := Table{Head: []string{"CLUSTER", "POOL", "POLICY", "WHEN", "DOES", "JUDGED", "NEXT", "BECAUSE"}}
	for _, p := range v.Policies {
		next := ""
		if !p.Next.IsZero() {
			next = due(p.Next, v.Now)
		}
		if next == "now" && held(p) {
			next = "held"
		}
		if p.CooldownLeft > 0 {
			next += "\ncools down until " + Until(p.CooldownEnd, v.Now)
		}
		policies.Add(orID(p.ClusterName, p.Cluster), p.Pool, p.Policy, p.Condition, p.Action, p.Judged.sentence(v.Now), next, p.Reason)
	}
	schedules := Table{Head: []string{"CLUSTER", "POOL", "SCHEDULE", "WHEN", "SETS", "NEXT", "WAITS"}}
	for _, s := range v.Schedules {
		next, waits := due(s.Next, v.Now), ""
		if s.Off {
			next = "off"
		}
		if !s.Due.IsZero() {
			waits = "since " + Since(s.Due, v.Now)
			if s.told != "" {
				waits += ": " + s.told
			}
		}
		schedules.Add(orID(s.ClusterName, s.Cluster), s.Pool, s.Schedule, s.Cron+" "+s.Zone, s.Sets, next, waits)
	}
	terminations := Table{Head: []string{"CLUSTER", "TERMINATION", "WHEN", "MODE", "GRACE", "JUDGED", "NEXT", "BECAUSE"}}
	for _, t := range v.Terminations {
		because := t.Reason
		if t.Notice != nil {
			because = strings.TrimPrefix(because+"\n"+t.Notice.sentence(v.Now), "\n")
		}
		terminations.Add(orID(t.ClusterName, t.Cluster), t.Policy, strings.Join(t.Conditions, " and\n"), t.Mode, seconds(t.Grace), t.Judged.sentence(v.Now), due(t.Next, v.Now), because)
	}
	return slices.DeleteFunc([]Table{pools, policies, schedules, terminations}, func(t Table) bool { return len(t.Rows) == 0 })
}

// sentence says what the operation did, and when.
func (s *Scaling) sentence(now time.Time) string {
	if s == nil {
		return ""
	}
	text := fmt.Sprintf("%d to %d at %s by %s", s.From, s.To, Clock(s.At, now), s.By)
	if s.Done.IsZero() {
		text += ", under way"
	}
	return text
}

// sentence is the verdict and when it was found.
func (j Judged) sentence(now time.Time) string {
	if j.At.IsZero() {
		return j.Verdict
	}
	return j.Verdict + " " + Since(j.At, now)
}

// sentence says what happens to the cluster, when, and how to stop it.
func (n *Notice) sentence(now time.Time) string {
	switch {
	case !n.Sent.IsZero():
		return fmt.Sprintf("EMR was asked at %s to terminate the cluster, by policy %s", Clock(n.Sent, now), n.Policy)
	case n.Until.After(now):
		return fmt.Sprintf("the cluster is terminated after %s unless policy %s stops holding; `%s` holds it", Until(n.Until, now), n.Policy, n.Stop)
	}
	return fmt.Sprintf("the cluster is terminated at the next look that finds policy %s still holding; `%s` holds it", n.Policy, n.Stop)
}
