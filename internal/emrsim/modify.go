package emrsim

import (
	"maps"
	"slices"

	"emrguard/internal/emrsim/shapes"
)

// modifyInstanceGroups checks every group of the call before it changes any: the call succeeds or fails as a whole (API model).
func (c *request) modifyInstanceGroups(in *shapes.ModifyInstanceGroupsInput) *APIError {
	x, err := c.modified(in)
	if err != nil {
		return err
	}
	if x.collection == ofFleets {
		return fleetsOnly(c.op)
	}
	if !x.modifiable() {
		return validation("An instance group may only be modified when the cluster is running or waiting")
	}
	seen := map[string]bool{}
	for i := range in.InstanceGroups {
		m := &in.InstanceGroups[i]
		if err := c.checkModify(x, m); err != nil {
			return err
		}
		if seen[*m.InstanceGroupId] {
			return validation("Instance group id '%s' is given more than once.", *m.InstanceGroupId)
		}
		seen[*m.InstanceGroupId] = true
	}
	for i := range in.InstanceGroups {
		m := &in.InstanceGroups[i]
		c.modify(x.group(*m.InstanceGroupId), m)
	}
	return nil
}

// modified finds the cluster of a call, which need not name it: then the first group does.
func (c *request) modified(in *shapes.ModifyInstanceGroupsInput) (*cluster, *APIError) {
	if len(in.InstanceGroups) == 0 {
		return nil, validation("At least one instance group must be given.")
	}
	if in.ClusterId != nil {
		return c.cluster(in.ClusterId)
	}
	id := in.InstanceGroups[0].InstanceGroupId
	if id == nil {
		return nil, missing("instanceGroups.1.member.instanceGroupId")
	}
	for _, x := range c.r.order {
		if x.group(*id) != nil {
			return x, nil
		}
	}
	return nil, noSuchGroup(*id)
}

func noSuchGroup(id string) *APIError { return validation("Instance group id '%s' is not valid.", id) }

func (c *request) checkModify(x *cluster, m *shapes.InstanceGroupModifyConfig) *APIError {
	if m.InstanceGroupId == nil {
		return missing("instanceGroups.1.member.instanceGroupId")
	}
	g := x.group(*m.InstanceGroupId)
	if g == nil {
		return noSuchGroup(*m.InstanceGroupId)
	}
	if g.role == roleMaster && (m.InstanceCount != nil || len(m.EC2InstanceIdsToTerminate) > 0 || m.ShrinkPolicy != nil) {
		return validation("A master instance group may not be modified")
	}
	if m.ShrinkPolicy != nil && x.input.ReleaseLabel == nil {
		return validation("Shrink Policy is supported only for release-label  and above")
	}
	if n := m.InstanceCount; n != nil {
		if *n < 0 || *n > maxGroupInstance {
			return badCount(*n)
		}
		if *n == 0 && g.role != roleTask {
			return validation("An instance group must have at least one instance.")
		}
	}
	for _, id := range m.EC2InstanceIdsToTerminate {
		if g.instance(id) == nil {
			return validation("Instance id '%s' is not valid.", id)
		}
	}
	return nil
}

// instance finds a living instance by its EC2 id.
func (g *group) instance(ec2 string) *node {
	for _, n := range g.nodes {
		if n.ec2 == ec2 && ec2 != "" {
			return n
		}
	}
	return nil
}

// modify carries out one checked modification.
func (c *request) modify(g *group, m *shapes.InstanceGroupModifyConfig) {
	count := g.requested
	if m.InstanceCount != nil {
		count = *m.InstanceCount
	}
	if m.InstanceCount == nil {
		count = max(0, count-len(m.EC2InstanceIdsToTerminate))
	}
	note := ""
	if m.Configurations != nil {
		note = "configurations"
	}
	change := c.log(g.c, g, count, note)
	if m.ShrinkPolicy != nil {
		g.shrinkPolicy = m.ShrinkPolicy
	}
	// These end at once, whatever runs on them, and are not replaced (API model).
	for _, id := range m.EC2InstanceIdsToTerminate {
		n := g.instance(id)
		n.change = change
		g.endNode(n, "", "Instance was terminated by user request.", killedByRequest)
	}
	if m.Configurations != nil {
		g.reconfigure(m.Configurations, value(m.ReconfigurationType) == "MERGE")
	}
	if m.InstanceCount != nil || len(m.EC2InstanceIdsToTerminate) > 0 {
		g.resize(count, change)
	}
	g.mark()
}

// reconfigure takes new configurations: they show at once with a new version, and EMR applies them batch by batch once no resize
// is running (EMR Release Guide, emr-configure-apps-running-cluster).
func (g *group) reconfigure(configs []shapes.Configuration, merge bool) {
	if merge {
		configs = mergeConfigurations(g.configs, configs)
	}
	g.configs = configs
	g.version++
	g.toConfigure = true
	version := g.version
	g.sim().after(g.sim().opt.Timing.React.draw(g.c.rng), func() {
		if g.version != version || g.over() || g.resizing {
			return
		}
		if g.state == stateSuspended {
			g.enter(stateRunning, "", "")
		}
		g.startReconfiguring()
		g.changed()
	})
}

// mergeConfigurations puts the properties of the new classifications over those of the old.
func mergeConfigurations(old, added []shapes.Configuration) []shapes.Configuration {
	out := slices.Clone(old)
	for _, a := range added {
		i := slices.IndexFunc(out, func(o shapes.Configuration) bool { return value(o.Classification) == value(a.Classification) })
		if i < 0 {
			out = append(out, a)
			continue
		}
		merged := shapes.Configuration{Classification: a.Classification, Properties: maps.Clone(out[i].Properties),
			Configurations: mergeConfigurations(out[i].Configurations, a.Configurations)}
		if merged.Properties == nil {
			merged.Properties = map[string]string{}
		}
		maps.Copy(merged.Properties, a.Properties)
		out[i] = merged
	}
	return out
}

// startReconfiguring begins the rolling batches: about a tenth of the group's instances at a time.
func (g *group) startReconfiguring() {
	g.toConfigure = false
	batch := max(1, g.running/10)
	g.reconfigures = max(1, (g.running+batch-1)/batch)
	g.nextBatch(g.version)
}

func (g *group) nextBatch(version int64) {
	g.sim().after(g.sim().opt.Timing.Reconfigure.draw(g.c.rng), func() {
		if g.over() || g.reconfigures == 0 || g.version != version {
			return
		}
		g.reconfigures--
		switch {
		case g.badConfigs:
			// A failed reconfiguration goes back to the last that was applied successfully.
			g.reconfigures, g.badConfigs = 0, false
			g.configs, g.version = g.lastGood, g.version+1
			g.goodVersion = g.version
		case g.reconfigures > 0:
			g.nextBatch(version)
			return
		default:
			g.lastGood, g.goodVersion = g.configs, g.version
		}
		g.changed()
		g.act() // what was asked for meanwhile
	})
}
