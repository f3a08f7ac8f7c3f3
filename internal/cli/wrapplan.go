package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// wrapWish is what the user says about the new rule.
type wrapWish struct {
	mode     config.Mode
	min, max *int // of every pool; nil: proposed from today's counts
}

// wrapPage is what `emrguard wrap` found and proposes.
type wrapPage struct {
	Scope       string      `json:"scope" doc:"name of the scope"`
	Cluster     string      `json:"cluster" doc:"id of the cluster"`
	Name        string      `json:"name" doc:"its name"`
	State       string      `json:"state" doc:"EMR's state of the cluster"`
	Groups      []wrapGroup `json:"groups" doc:"its instance groups: MASTER, CORE, TASK, the older first"`
	Pools       []wrapPool  `json:"pools" doc:"the proposed pools"`
	Today       string      `json:"today" doc:"what holds for the cluster now, and by which rule"`
	Permissions []string    `json:"permissions" doc:"IAM actions that the new rule needs and the file did not need before"`
	Warnings    []string    `json:"warnings" doc:"what is allowed and should be known"`
	Mode        string      `json:"mode" doc:"mode of the proposed rule: observe or enforce"`
	Rule        string      `json:"rule" doc:"the proposed rule, an entry of clusters"`
	Written     string      `json:"written,omitempty" doc:"file and line the rule was written to; absent when nothing was changed"`
}

// wrapGroup is one group and what will be done with it.
type wrapGroup struct {
	ID        string `json:"id" doc:"id of the group"`
	Role      string `json:"role" doc:"MASTER, CORE or TASK"`
	Name      string `json:"name" doc:"its name"`
	Type      string `json:"type" doc:"its instance type"`
	Market    string `json:"market" doc:"SPOT or ON_DEMAND"`
	State     string `json:"state" doc:"EMR's state of the group"`
	Requested int    `json:"requested" doc:"instances asked for"`
	Running   int    `json:"running" doc:"instances that run"`
	Pool      string `json:"pool,omitempty" doc:"the pool it belongs to; absent: not scaled"`
	Does      string `json:"does" doc:"what emrguard does with it"`
}

// wrapPool is one pool and what its bounds lead to.
type wrapPool struct {
	Name     string `json:"name" doc:"name of the pool"`
	Wanted   int    `json:"wanted" doc:"instances its groups are asked for now"`
	Min      int    `json:"min" doc:"fewest it will want"`
	Max      int    `json:"max" doc:"most it will want"`
	Launched int    `json:"launched" doc:"instances launched at once, because it has fewer than min"`
	Released int    `json:"released" doc:"instances released at once, because it has more than max"`
}

// wrapPlan is the page with the rule as a value.
type wrapPlan struct {
	wrapPage
	rule     config.ClusterRule
	comments map[string]string
}

// The bounds a pool is given when no flag says otherwise.
const (
	leastMax = 10   // so that a small group can grow
	mostMax  = 2000 // the configuration's limit
)

// refusals are the reasons why a cluster cannot be wrapped, each with the next step. The store is the id of this configuration's, empty
// when it has none yet.
func refusals(cfg *config.Config, r running, store string) []string {
	id := r.cluster.ID
	switch {
	case r.cluster.State.Ended():
		return []string{fmt.Sprintf("it has ended (%s), and a cluster that ended never runs again", r.cluster.State)}
	case r.cluster.Collection == emr.Fleets:
		return []string{"it is made of instance fleets: they have a resize timeout of their own, and emrguard changes instance groups only"}
	}
	var out []string
	if !r.cluster.State.Modifiable() {
		out = append(out, fmt.Sprintf("it is %s, and EMR changes the groups of clusters that are RUNNING or WAITING; try again then", r.cluster.State))
	}
	if r.managed {
		out = append(out, fmt.Sprintf("EMR managed scaling is attached and would undo what emrguard does; remove it with: aws emr remove-managed-scaling-policy --cluster-id %s", id))
	}
	if value := r.cluster.Tags[config.OptOutTag]; strings.EqualFold(strings.TrimSpace(value), string(config.Off)) {
		out = append(out, fmt.Sprintf("its tag %s=%s keeps emrguard away, whatever the file says; remove it with: aws emr remove-tags --resource-id %s --tag-keys %s",
			config.OptOutTag, value, id, config.OptOutTag))
	}
	if rule, i, ok := cfg.RuleFor(r.scope.Name, r.cluster); ok {
		e := cfg.For(r.scope.Name, r.cluster)
		where := fmt.Sprintf("%s:%d (clusters[%d], match %s)", cfg.Name(), e.Line, i, rule.Match)
		switch {
		case rule.Wrap || rule.Scales():
			out = append(out, "the rule in "+where+" wraps or scales it already; change that rule")
		case rule.Mode == config.Off:
			out = append(out, "the rule in "+where+" leaves it alone on purpose (mode: off); change or remove that rule")
		case slices.Contains(rule.Match.IDs, id):
			out = append(out, "the rule in "+where+" names it by its id; change that rule")
		}
	}
	for _, g := range r.groups {
		if g.State.Ended() {
			continue
		}
		_, token, ours := emr.ParseGroupName(g.Name)
		switch {
		case ours && token.Store != store:
			out = append(out, fmt.Sprintf("group %s was made by another emrguard (store %s), and two would repair the same groups; stop that one, then: emrguard adopt %s", g.ID, token.Store, id))
		case !ours && emr.IsReserved(g.Name):
			out = append(out, fmt.Sprintf("group %s has a name of emrguard's that this version cannot read: %s; a newer emrguard made it, or the name was edited", g.ID, printable(g.Name)))
		}
	}
	return out
}

// planWrap proposes a rule for a cluster that can be wrapped.
func planWrap(cfg *config.Config, r running, wish wrapWish) wrapPlan {
	p := wrapPlan{comments: map[string]string{}}
	p.Permissions, p.Warnings = []string{}, []string{}
	p.Scope, p.Cluster, p.Name, p.State = r.scope.Name, string(r.cluster.ID), r.cluster.Name, string(r.cluster.State)
	p.Mode = string(wish.mode)
	p.rule = config.NewRule()
	p.rule.Match.IDs, p.rule.Mode, p.rule.Wrap = []emr.ClusterID{r.cluster.ID}, wish.mode, true
	p.today(cfg, r)
	p.groups(r)
	if len(p.Pools) == 0 {
		p.makeGroup(r)
	}
	p.bounds(wish)
	p.comments["match"] = "# " + printable(r.cluster.Name)
	if wish.mode == config.Observe {
		p.comments["mode"] = "# records what it would do; enforce does it"
	}
	p.Rule = config.RuleText(p.rule, p.comments)
	return p
}

// today tells what holds now; the figures of a rule that is replaced go on.
func (p *wrapPlan) today(cfg *config.Config, r running) {
	e := cfg.For(r.scope.Name, r.cluster)
	p.Today = e.Why
	rule, _, ok := cfg.RuleFor(r.scope.Name, r.cluster)
	if !ok {
		return
	}
	p.rule.Recovery = rule.Recovery
	if rule.Mode == config.Enforce && p.rule.Mode == config.Observe {
		p.warn("today a stuck group of this cluster is repaired (%s); with mode observe it would only be recorded: give --mode enforce to keep that", e.Why)
	}
	if value, tagged := r.cluster.Tags[config.OptOutTag]; tagged && e.Mode == config.Observe {
		p.warn("the cluster's tag %s=%s beats the rule: emrguard only observes until the tag is gone", config.OptOutTag, value)
	}
}

func (p *wrapPlan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// groups decides which TASK group becomes which pool.
func (p *wrapPlan) groups(r running) {
	origins := 0
	for _, g := range r.groups {
		if _, origin := origin(g); g.Role == emr.Task && origin == "" && !g.State.Ended() {
			origins++
		}
	}
	pools := map[emr.GroupID]int{} // by origin
	named := map[string]emr.GroupID{}
	for _, g := range r.groups {
		if g.State.Ended() {
			continue
		}
		row := wrapGroup{ID: string(g.ID), Role: string(g.Role), Name: g.Name, Type: g.InstanceType, Market: string(g.Market), State: string(g.State),
			Requested: g.Requested, Running: g.Running}
		name, of := origin(g)
		older, taken := named[name]
		switch {
		case g.Role == emr.Master:
			row.Does = "left alone"
		case g.Role == emr.Core:
			row.Does = "left alone; scaling waits while it resizes, and a stuck resize is reported"
		case of != "":
			if at, ok := pools[of]; ok {
				p.Pools[at].Wanted += g.Requested
				row.Pool, row.Does = p.Pools[at].Name, "fallback of pool "+p.Pools[at].Name
			} else {
				row.Does = "left alone: a fallback made for " + string(of)
			}
		case taken:
			row.Does = fmt.Sprintf("repaired, not scaled: %s has the same name and is older, and a rule tells groups apart by name", older)
		default:
			named[name] = g.ID
			pool := scaling.DefaultPool()
			pool.Name, pool.Role = p.poolName(name), emr.Task
			if origins > 1 && name != "" {
				pool.Groups = []string{config.LiteralPattern(name)}
			}
			pools[g.ID] = len(p.Pools)
			p.rule.Scaling.Pools = append(p.rule.Scaling.Pools, pool)
			p.Pools = append(p.Pools, wrapPool{Name: pool.Name, Wanted: g.Requested})
			row.Pool, row.Does = pool.Name, "pool "+pool.Name
		}
		if g.CustomScaling && g.Role != emr.Master {
			p.warn("group %s has an automatic scaling policy of EMR's, which goes on changing its count; remove it with: aws emr remove-auto-scaling-policy --cluster-id %s --instance-group-id %s",
				g.ID, p.Cluster, g.ID)
		}
		p.Groups = append(p.Groups, row)
	}
}

// origin is the name by which rules know a group, and the group it is a fallback of, or "". A group that emrguard made for a pool of the
// configuration has that pool's name and is no fallback.
func origin(g emr.Group) (name string, of emr.GroupID) {
	name, token, ok := emr.ParseGroupName(g.Name)
	switch {
	case !ok:
		return g.Name, ""
	case !strings.HasPrefix(string(token.Origin), "ig-"):
		return name, ""
	}
	return g.Name, token.Origin
}

// notInName is what a pool's name cannot hold.
var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// poolName makes a group's name a pool's, unlike those before it.
func (p *wrapPlan) poolName(group string) string {
	base := strings.Trim(notInName.ReplaceAllString(strings.ToLower(group), "-"), "-")
	base = strings.Trim(base[:min(len(base), 28)], "-") // leaves room for a number
	if base == "" {
		base = "task"
	}
	name := base
	for n := 2; slices.ContainsFunc(p.Pools, func(w wrapPool) bool { return w.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// makeGroup proposes a pool whose group is to be made, since there is no TASK group.
func (p *wrapPlan) makeGroup(r running) {
	like := slices.IndexFunc(r.groups, func(g emr.Group) bool { return g.Role == emr.Core })
	if like < 0 {
		like = slices.IndexFunc(r.groups, func(g emr.Group) bool { return g.Role == emr.Master })
	}
	pool := scaling.DefaultPool()
	pool.Name, pool.Role, pool.Group = "task", emr.Task, &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}
	if like >= 0 {
		pool.Group.InstanceType = r.groups[like].InstanceType
		p.comments["pools[0].group"] = fmt.Sprintf("# made when instances are wanted; of the type of the %s group, edit it", r.groups[like].Role)
	}
	p.rule.Scaling.Pools = []scaling.Pool{pool}
	p.Pools = []wrapPool{{Name: pool.Name}}
	p.warn("the cluster has no TASK group of its own: one like the rule's is made as soon as the pool wants instances, and EMR can never delete it; edit its type and market first")
}

// bounds sets min and max and says what they lead to.
func (p *wrapPlan) bounds(wish wrapWish) {
	for i := range p.Pools {
		pool, today := &p.rule.Scaling.Pools[i], &p.Pools[i]
		pool.Max = min(max(leastMax, 2*today.Wanted), mostMax)
		if most := p.rule.Recovery.Max; most > 0 {
			pool.Max = min(pool.Max, most)
		}
		if wish.min != nil {
			pool.Min = *wish.min
			pool.Max = max(pool.Max, pool.Min)
		}
		if wish.max != nil {
			pool.Max = *wish.max
		}
		today.Min, today.Max = pool.Min, pool.Max
		today.Launched, today.Released = max(0, pool.Min-today.Wanted), max(0, today.Wanted-pool.Max)
	}
}

// addedPermissions are the IAM actions that a configuration needs and an earlier one did not, for the principal of a scope.
func addedPermissions(before, after *config.Config, s config.Scope) []string {
	actions := func(cfg *config.Config) (out []string) {
		for _, p := range cfg.IAMPolicies() {
			for _, st := range p.Policy.Statement {
				if p.Principal == s.RoleARN && st.Effect == "Allow" {
					out = append(out, st.Action...)
				}
			}
		}
		return out
	}
	had, added := actions(before), []string{}
	for _, a := range actions(after) {
		if !slices.Contains(had, a) && !slices.Contains(added, a) {
			added = append(added, a)
		}
	}
	return added
}
