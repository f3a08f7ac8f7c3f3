package emrsim

import (
	"time"

	"emrguard/internal/emrsim/shapes"
)

// groupOperations are the operations on instance groups and instances.
func groupOperations() []operation {
	return []operation{
		readOp("ListInstanceGroups", (*request).listInstanceGroups),
		writeOp("AddInstanceGroups", (*request).addInstanceGroups),
		writeOnly("ModifyInstanceGroups", (*request).modifyInstanceGroups),
		readOp("ListInstances", (*request).listInstances),
	}
}

func (c *request) listInstanceGroups(in *shapes.ListInstanceGroupsInput) (*shapes.ListInstanceGroupsOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if x.collection == ofFleets {
		return nil, fleetsOnly(c.op)
	}
	start, err := c.marker(in.Marker, x.id, 0)
	if err != nil {
		return nil, err
	}
	lag := c.stale + c.s.opt.Unknowns.ReadLag.draw(c.r.read)
	out := &shapes.ListInstanceGroupsOutput{InstanceGroups: make([]shapes.InstanceGroup, 0, max(0, min(len(x.groups)-start, c.s.opt.GroupPage)))}
	for i := start; i < len(x.groups); i++ {
		g := x.groups[i]
		v := g.view()
		if lag > 0 {
			past, existed := g.viewAt(c.now().Add(-lag))
			if !existed {
				continue
			}
			v = past
		}
		if len(out.InstanceGroups) == c.s.opt.GroupPage {
			out.Marker = c.mark(x.id, i)
			break
		}
		out.InstanceGroups = append(out.InstanceGroups, g.describe(v))
	}
	return out, nil
}

// describe is the group as ListInstanceGroups shows it, with what changes taken from v. No timestamp says when the group
// entered its state.
func (g *group) describe(v view) shapes.InstanceGroup {
	out := shapes.InstanceGroup{
		Id: &g.id, Name: &g.name, Market: &g.market, InstanceGroupType: &g.role, InstanceType: &g.itype,
		RequestedInstanceCount: &v.requested, RunningInstanceCount: &v.running,
		Status: &shapes.InstanceGroupStatus{
			State: &v.state, StateChangeReason: &shapes.InstanceGroupStateChangeReason{Message: &v.text},
			Timeline: &shapes.InstanceGroupTimeline{CreationDateTime: shapes.At(g.created), ReadyDateTime: shapes.At(v.ready), EndDateTime: shapes.At(v.ended)},
		},
		Configurations: g.configs, ConfigurationsVersion: ptr(g.version), LastSuccessfullyAppliedConfigurations: g.lastGood,
		LastSuccessfullyAppliedConfigurationsVersion: ptr(g.goodVersion), EbsBlockDevices: g.ebs, EbsOptimized: g.ebsOpt,
		ShrinkPolicy: g.shrinkPolicy, AutoScalingPolicy: g.autoScaling,
	}
	if v.code != "" {
		out.Status.StateChangeReason.Code = &v.code
	}
	if g.bid != "" {
		out.BidPrice = &g.bid
	}
	if g.ami != "" {
		out.CustomAmiId = &g.ami
	}
	if out.Configurations == nil {
		out.Configurations = []shapes.Configuration{}
	}
	if out.LastSuccessfullyAppliedConfigurations == nil {
		out.LastSuccessfullyAppliedConfigurations = []shapes.Configuration{}
	}
	if out.EbsBlockDevices == nil {
		out.EbsBlockDevices = []shapes.EbsBlockDevice{}
	}
	if out.ShrinkPolicy == nil {
		out.ShrinkPolicy = &shapes.ShrinkPolicy{}
	}
	return out
}

// addInstanceGroups adds task groups to a live cluster. The call is not idempotent and names need not be unique.
func (c *request) addInstanceGroups(in *shapes.AddInstanceGroupsInput) (*shapes.AddInstanceGroupsOutput, *APIError) {
	x, err := c.jobFlow(in.JobFlowId)
	if err != nil {
		return nil, err
	}
	if err := c.checkAdd(x, in.InstanceGroups); err != nil {
		return nil, err
	}
	out := &shapes.AddInstanceGroupsOutput{JobFlowId: &x.id, ClusterArn: &x.arn}
	for i := range in.InstanceGroups {
		g := x.addGroup(&in.InstanceGroups[i])
		count := g.requested
		g.requested = 0 // the log's From
		change := c.log(x, g, count, g.name)
		g.resize(count, change)
		out.InstanceGroupIds = append(out.InstanceGroupIds, g.id)
	}
	return out, nil
}

func (c *request) checkAdd(x *cluster, groups []shapes.InstanceGroupConfig) *APIError {
	if len(groups) == 0 {
		return missing("instanceGroups")
	}
	if x.collection == ofFleets {
		return fleetsOnly(c.op)
	}
	if !x.modifiable() {
		return validation("An instance group may only be added when the cluster is running or waiting")
	}
	if x.findGroup(roleCore) == nil {
		return validation("Cannot add instance groups to a master only job flow")
	}
	tasks := 0
	for _, g := range x.groups {
		if g.role == roleTask {
			tasks++
		}
	}
	for i := range groups {
		if err := checkGroup(&groups[i]); err != nil {
			return err
		}
		if *groups[i].InstanceRole != roleTask {
			return validation("Only task instance groups may be added to a running job flow.")
		}
		if *groups[i].InstanceCount == 0 && c.s.opt.Unknowns.RefuseEmptyAdd {
			return validation("An instance group must have at least one instance.")
		}
	}
	if tasks+len(groups) > maxTaskGroups {
		return tooManyGroups()
	}
	return nil
}

// instancePage and instanceLimit are what one ListInstances gives: 50 a page, 2,000 in all (API model).
const (
	instancePage  = 50
	instanceLimit = 2000
)

func (c *request) listInstances(in *shapes.ListInstancesInput) (*shapes.ListInstancesOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if id := in.InstanceGroupId; id != nil && x.group(*id) == nil {
		return nil, invalidRequest("", "Instance group id '%s' is not valid", *id)
	}
	start, err := c.marker(in.Marker, x.id, 0)
	if err != nil {
		return nil, err
	}
	out := &shapes.ListInstancesOutput{Instances: []shapes.Instance{}}
	unknowns := &c.s.opt.Unknowns
	at := c.now().Add(-c.stale - unknowns.ReadLag.draw(c.r.listed))
	for _, n := range x.instances(in, unknowns.Unfulfilled, at) {
		if n.seq <= start {
			continue
		}
		if len(out.Instances) == instancePage {
			out.Marker = c.mark(x.id, start)
			break
		}
		start = n.seq
		out.Instances = append(out.Instances, n.describe(unknowns.Unfulfilled, n.stateAt(at)))
	}
	return out, nil
}

// expired says whether an ended instance is too old to be listed.
func (n *node) expired(now time.Time) bool { return now.Sub(n.ended) > remembered }
