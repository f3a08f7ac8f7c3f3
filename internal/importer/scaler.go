package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// converter turns one mrScaler into one rule.
type converter struct {
	mode     config.Mode
	root     node
	rule     config.ClusterRule
	comments map[string]string
	sources  map[string]string // where in the JSON text a path of the rule comes from
	notes    []Note
}

func (c *converter) leave(n node, format string, args ...any) {
	c.notes = append(c.notes, Note{c.at(n), true, fmt.Sprintf(format, args...)})
}

func (c *converter) note(n node, format string, args ...any) {
	c.notes = append(c.notes, Note{c.at(n), false, fmt.Sprintf(format, args...)})
}

// at is a path for people; the top of the text has none.
func (c *converter) at(n node) string {
	if n.path == "" {
		return "(the object)"
	}
	return n.path
}

// rest names the keys of an object that nothing was said of.
func (c *converter) rest(n node, known ...string) {
	for _, key := range n.keys() {
		if v := n.get(key); !slices.Contains(known, key) && !v.empty() {
			c.leave(v, "this key is not known here")
		}
	}
}

// object says whether a given value is an object and names it if not.
func (c *converter) object(n node) bool {
	if !n.given() {
		return false
	}
	if _, ok := n.value.(map[string]any); !ok {
		c.leave(n, "%v", n.wrong("an object"))
		return false
	}
	return true
}

// each calls f for the entries of a list.
func (c *converter) each(n node, f func(node)) {
	if !n.given() {
		return
	}
	if _, ok := n.value.([]any); !ok {
		c.leave(n, "%v", n.wrong("a list"))
		return
	}
	for _, entry := range n.list() {
		if c.object(entry) {
			f(entry)
		}
	}
}

// scaler converts the object. It is false when no pool and no termination came of it.
func (c *converter) scaler(n node) (Rule, bool) {
	c.root, c.comments, c.rule = n, map[string]string{}, config.NewRule()
	c.rule.Mode = c.mode
	if !c.object(n) {
		return Rule{}, false
	}
	c.match(n)
	c.pools(n)
	c.termination(n.get("terminationPolicies"))
	c.cluster(n.get("cluster"))
	if v := n.get("region"); v.given() {
		c.note(v, "a rule has no region: the cluster's scope says it is in %s", show(v.value))
	}
	c.rest(n, "id", "name", "description", "region", "strategy", "compute", "cluster", "scaling", "coreScaling", "scheduling", "terminationPolicies", "createdAt", "updatedAt")
	if !c.settle() {
		return Rule{}, false
	}
	c.comment(n)
	return Rule{c.rule, c.comments}, true
}

// comment tells above the rule where it comes from.
func (c *converter) comment(n node) {
	var words []string
	for _, key := range []string{"id", "name", "description"} {
		if s, err := n.get(key).text(); err == nil && strings.TrimSpace(s) != "" {
			words = append(words, oneLine(s))
		}
	}
	c.comments[""] = strings.TrimSpace("# mrScaler " + strings.Join(words, ", "))
	if c.mode == config.Observe {
		c.comments["mode"] = "# records what it would do; enforce does it"
	}
}

// oneLine is a text that can stand in a comment: printable characters, at most 200.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xfff0 && r <= 0xffff {
			return ' '
		}
		return r
	}, s)
	if r := []rune(strings.TrimSpace(s)); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return strings.TrimSpace(s)
}

var clusterID = regexp.MustCompile(`^j-[A-Z0-9]{1,30}$`)

// unmatched stands where nothing says which cluster is meant; no cluster has the name.
const unmatched = "CHANGE-ME"

// match says which cluster the rule is for: the wrapped one by id, one that the product made by its name.
func (c *converter) match(n node) {
	strategy := n.get("strategy")
	if c.object(strategy) {
		c.rest(strategy, "wrapping", "cloning", "new", "provisioningTimeout")
		for _, key := range []string{"cloning", "new", "provisioningTimeout"} {
			if v := strategy.get(key); v.given() {
				c.leave(v, "emrguard makes no clusters")
			}
		}
		wrapping := strategy.get("wrapping")
		if id := wrapping.get("sourceClusterId"); c.object(wrapping) {
			c.rest(wrapping, "sourceClusterId")
			s, err := id.text()
			switch {
			case err != nil:
				c.leave(id, "%v", err)
			case !clusterID.MatchString(s):
				c.leave(id, "%s is not a cluster's id", show(s))
			default:
				c.rule.Wrap, c.rule.Match.IDs = true, []emr.ClusterID{emr.ClusterID(s)}
				return
			}
		}
	}
	c.sources["match"] = c.at(n.get("name"))
	name, err := n.get("name").text()
	if err != nil || strings.TrimSpace(name) == "" {
		c.rule.Match.Names = []string{unmatched}
		c.comments["match"] = "# no cluster is known: say which"
		c.note(n.get("name"), "there is neither a wrapped cluster nor a name: the rule matches nothing until its match is edited")
		return
	}
	c.rule.Match.Names = []string{config.LiteralPattern(name)}
	c.comments["match"] = "# clusters of this name; check it"
	c.note(n.get("name"), "there is no wrapped cluster: the rule matches clusters of this name")
}

// cluster names what belongs to making a cluster.
func (c *converter) cluster(n node) {
	if !c.object(n) {
		return
	}
	for _, key := range n.keys() {
		v := n.get(key)
		protected, err := v.truth()
		switch {
		case v.empty():
		case key == "terminationProtected" && err == nil && protected:
			c.note(v, "emrguard does not terminate a cluster that is protected, and says so")
		default:
			c.leave(v, "emrguard makes no clusters")
		}
	}
}

// making are the parts of compute that belong to making a cluster.
var making = []string{"availabilityZones", "tags", "configurations", "ebsRootVolumeSize", "emrManagedMasterSecurityGroup", "emrManagedSlaveSecurityGroup",
	"serviceAccessSecurityGroup", "additionalMasterSecurityGroups", "additionalSlaveSecurityGroups", "customAmiId", "repoUpgradeOnBoot", "ec2KeyName",
	"applications", "bootstrapActions", "steps", "additionalPrimarySecurityGroups", "additionalReplicaSecurityGroups"}

// pools makes the pools of the TASK and the CORE groups.
func (c *converter) pools(n node) {
	compute := n.get("compute")
	if c.object(compute) {
		for _, key := range making {
			if v := compute.get(key); !v.empty() {
				c.leave(v, "emrguard makes no clusters; a group it makes is like the pool's origin")
			}
		}
		if v := compute.get("instanceWeights"); !v.empty() {
			c.leave(v, "emrguard counts instances, not vCPUs")
		}
		c.rest(compute, append([]string{"instanceGroups", "instanceWeights"}, making...)...)
	}
	groups := compute.get("instanceGroups")
	if c.object(groups) {
		c.rest(groups, "masterGroup", "coreGroup", "taskGroup")
		if v := groups.get("masterGroup"); v.given() {
			c.leave(v, "emrguard never changes MASTER")
		}
	}
	c.task(n, groups.get("taskGroup"))
	c.core(n, groups.get("coreGroup"))
}

// task makes the pool of the TASK groups.
func (c *converter) task(n, group node) {
	up, tasks := n.get("scaling"), n.get("scheduling")
	if !group.given() && up.empty() && tasks.empty() {
		return
	}
	p := scaling.DefaultPool()
	p.Name, p.Role = "task", emr.Task
	from := group
	if c.object(group) {
		c.rest(group, "instanceTypes", "capacity", "lifeCycle", "ebsConfiguration", "configurations")
		c.group(&p, group)
	} else {
		from = up
	}
	weighed := !c.capacity(&p, group)
	if weighed {
		if !up.empty() {
			c.leave(up, "its capacities are in vCPUs")
		}
		if !tasks.empty() {
			c.leave(tasks, "its capacities are in vCPUs")
		}
		return
	}
	at := len(c.rule.Scaling.Pools)
	c.sources[fmt.Sprintf("pools[%d]", at)] = c.at(from)
	c.policies(&p, at, up)
	c.schedules(&p, at, tasks)
	c.rule.Scaling.Pools = append(c.rule.Scaling.Pools, p)
}

// core makes the pool of the CORE group, where it is scaled at all.
func (c *converter) core(n, group node) {
	up := n.get("coreScaling")
	if up.empty() {
		if group.given() {
			c.leave(group, "there is no coreScaling, so nothing scales CORE")
		}
		return
	}
	if c.rule.Wrap {
		c.leave(up, "CORE is not managed in a wrapped cluster")
		if group.given() {
			c.leave(group, "CORE is not managed in a wrapped cluster")
		}
		return
	}
	p := scaling.DefaultPool()
	p.Name, p.Role = "core", emr.Core
	if c.object(group) {
		c.rest(group, "instanceTypes", "target", "capacity", "lifeCycle", "ebsConfiguration", "configurations")
		for _, key := range []string{"instanceTypes", "lifeCycle", "ebsConfiguration", "configurations"} {
			if v := group.get(key); !v.empty() {
				c.leave(v, "a cluster's CORE group is made with it")
			}
		}
		if v := group.get("target"); v.given() {
			c.leave(v, "the pool begins with what the group is asked for today")
		}
	}
	if !c.capacity(&p, group) {
		c.leave(up, "its capacities are in vCPUs")
		return
	}
	if p.Min < 1 {
		p.Min = 1
		c.note(group.get("capacity").get("minimum"), "min is 1: HDFS lives on CORE")
	}
	at := len(c.rule.Scaling.Pools)
	c.sources[fmt.Sprintf("pools[%d]", at)] = c.at(up)
	c.policies(&p, at, up)
	c.rule.Scaling.Pools = append(c.rule.Scaling.Pools, p)
}

// group takes the configuration of a TASK group to make, and further instance types as a rung of the ladder.
func (c *converter) group(p *scaling.Pool, n node) {
	if v := n.get("configurations"); !v.empty() {
		c.leave(v, "a group that emrguard makes has the cluster's configurations")
	}
	types := n.get("instanceTypes")
	var names []string
	if types.given() {
		if _, ok := types.value.([]any); !ok {
			c.leave(types, "%v", types.wrong("a list"))
		}
	}
	for _, t := range types.list() {
		s, err := t.text()
		if err != nil {
			c.leave(t, "%v", err)
			continue
		}
		names = append(names, s)
	}
	if len(names) == 0 {
		for _, key := range []string{"lifeCycle", "ebsConfiguration"} {
			if v := n.get(key); !v.empty() {
				c.leave(v, "without an instance type there is no group to make")
			}
		}
		return
	}
	g := scaling.DefaultGroup()
	g.InstanceType = names[0]
	if v := n.get("lifeCycle"); v.given() {
		switch s, _ := v.text(); strings.ToUpper(s) {
		case string(emr.Spot):
			g.Market = emr.Spot
		case string(emr.OnDemand):
		default:
			c.leave(v, "%s is neither SPOT nor ON_DEMAND; the group to make is ON_DEMAND", show(v.value))
		}
	}
	g.Volumes = c.volumes(n.get("ebsConfiguration"))
	p.Group = &g
	if len(names) > 1 {
		c.rule.Recovery.Fallback = []recovery.Rung{{Same: true}, {Types: names[1:]}}
		c.sources["recovery.fallback"] = c.at(types)
		c.note(types, "a group to make is %s; the other types are where a stuck group's missing instances go (recovery.fallback)", show(names[0]))
	}
}

// volumes takes the EBS volumes of each instance.
func (c *converter) volumes(n node) (out []emr.VolumeConfig) {
	if !c.object(n) {
		return nil
	}
	c.rest(n, "ebsOptimized", "ebsBlockDeviceConfigs")
	if v := n.get("ebsOptimized"); v.given() {
		c.leave(v, "EMR's default for the instance type holds")
	}
	c.each(n.get("ebsBlockDeviceConfigs"), func(entry node) {
		spec := entry.get("volumeSpecification")
		if !c.object(spec) {
			if !spec.given() {
				c.leave(entry, "it has no volumeSpecification")
			}
			return
		}
		c.rest(entry, "volumeSpecification", "volumesPerInstance")
		c.rest(spec, "volumeType", "sizeInGB", "iops", "throughput", "dynamicVolumeSize")
		if v := spec.get("dynamicVolumeSize"); !v.empty() {
			c.leave(v, "the size of a volume does not follow the instance type here")
		}
		v, err := volume(entry, spec)
		if err != nil {
			c.leave(entry, "%v", err)
			return
		}
		out = append(out, v)
	})
	return out
}

func volume(entry, spec node) (v emr.VolumeConfig, err error) {
	v.Count = 1
	kind, err := spec.get("volumeType").text()
	if err != nil {
		return v, because("volumeType: %v", err)
	}
	v.Type = strings.ToLower(kind)
	for _, f := range []struct {
		n        node
		into     *int
		required bool
	}{{spec.get("sizeInGB"), &v.Size, true}, {spec.get("iops"), &v.Iops, false}, {spec.get("throughput"), &v.Throughput, false}, {entry.get("volumesPerInstance"), &v.Count, false}} {
		if !f.required && !f.n.given() {
			continue
		}
		if *f.into, err = f.n.whole(); err != nil {
			return v, because("%s: %v", f.n.path[strings.LastIndex(f.n.path, ".")+1:], err)
		}
	}
	return v, nil
}

// The bounds of a pool whose capacity is not given.
const (
	assumedMin = 0
	assumedMax = 100
)

// capacity takes min and max. It is false when they are no instances.
func (c *converter) capacity(p *scaling.Pool, group node) bool {
	n := group.get("capacity")
	if n.given() && c.object(n) {
		c.rest(n, "unit", "target", "minimum", "maximum")
		if unit := n.get("unit"); !unit.empty() {
			if s, _ := unit.text(); !strings.EqualFold(s, "instance") {
				c.leave(n, "its unit is %s, and emrguard counts instances", show(unit.value))
				return false
			}
		}
		if v := n.get("target"); v.given() {
			c.leave(v, "the pool begins with what its groups are asked for today; emrguard scale sets another target")
		}
	}
	p.Min, p.Max = assumedMin, assumedMax
	for _, f := range []struct {
		key, word string
		into      *int
	}{{"minimum", "min", &p.Min}, {"maximum", "max", &p.Max}} {
		v := n.get(f.key)
		if !v.given() {
			c.note(v, "not given: %s is %d; edit it", f.word, *f.into)
			continue
		}
		got, err := v.whole()
		if err != nil {
			c.leave(v, "%v; %s is %d, edit it", err, f.word, *f.into)
			continue
		}
		*f.into = got
	}
	return true
}
