package emrsim

import (
	"fmt"
	"hash/fnv"
	"slices"

	"emrguard/internal/emrsim/shapes"
)

// The limits of a cluster (EMR Management Guide, emr-instance-group-configuration): 1 primary, 1 core and 48 task groups; and the
// default ceiling of instances in a group.
const (
	maxTaskGroups    = 48
	maxGroupInstance = 2000
)

// runJobFlow makes a cluster and begins to start it.
func (c *request) runJobFlow(in *shapes.RunJobFlowInput) (*shapes.RunJobFlowOutput, *APIError) {
	x, err := c.newCluster(in, "")
	if err != nil {
		return nil, err
	}
	c.log(x, nil, 0, x.name)
	for _, g := range x.parts() {
		g.want(g.requested)
		g.actSoon()
	}
	return &shapes.RunJobFlowOutput{JobFlowId: &x.id, ClusterArn: &x.arn}, nil
}

// newCluster checks a RunJobFlow and makes its cluster in STARTING, without any instance; an empty id is made up.
func (c *request) newCluster(in *shapes.RunJobFlowInput, id string) (*cluster, *APIError) {
	if in.Name == nil {
		return nil, missing("name")
	}
	if in.Instances == nil {
		return nil, missing("instances")
	}
	configs, err := groupConfigs(in.Instances)
	if err != nil {
		return nil, err
	}
	if err := checkFleets(in.Instances); err != nil {
		return nil, err
	}
	if id == "" {
		id = newID(c.r.ids, "j-")
	}
	if c.r.clusters[id] != nil {
		return nil, validation("Cluster id '%s' is taken.", id)
	}
	x := &cluster{
		r: c.r, id: id, name: *in.Name, arn: c.r.arn(id), zone: c.r.zone(in.Instances), subnet: c.r.subnetOf(in.Instances), rng: stream(c.s.opt.Seed, "cluster", c.r.name, id),
		state: stateStarting, reasonText: "Provisioning Amazon EC2 capacity", created: c.now(), collection: ofGroups, input: in,
		keepAlive: value(in.Instances.KeepJobFlowAliveWhenNoSteps), protected: value(in.Instances.TerminationProtected),
		replacement: value(in.Instances.UnhealthyNodeReplacement), visible: in.VisibleToAllUsers == nil || *in.VisibleToAllUsers,
		concurrency: max(1, value(in.StepConcurrencyLevel)), tags: slices.Clone(in.Tags), managedScaling: in.ManagedScalingPolicy,
		autoTerminate: in.AutoTerminationPolicy, turns: map[Pool]int{},
	}
	x.yarn = yarn{c: x, at: c.now(), metrics: newRecord(x)}
	for i := range configs {
		x.addGroup(&configs[i])
	}
	for i := range in.Instances.InstanceFleets {
		x.collection = ofFleets
		x.addFleet(&in.Instances.InstanceFleets[i])
	}
	for _, st := range in.Steps {
		x.addStep(st, value(in.StepExecutionRoleArn))
	}
	c.r.clusters[id] = x
	c.r.order = append(c.r.order, x)
	return x, nil
}

// groupConfigs returns the groups a request asks for, in either of the two ways it may.
func groupConfigs(in *shapes.JobFlowInstancesConfig) ([]shapes.InstanceGroupConfig, *APIError) {
	ways := 0
	for _, given := range []bool{len(in.InstanceGroups) > 0, len(in.InstanceFleets) > 0, in.MasterInstanceType != nil || in.InstanceCount != nil} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return nil, validation("Specify exactly one of instance groups, instance fleets, or instance count and master instance type.")
	}
	configs := in.InstanceGroups
	if len(in.InstanceGroups) == 0 && len(in.InstanceFleets) == 0 {
		configs = legacyGroups(in)
	}
	if len(in.InstanceFleets) > 0 {
		return nil, nil
	}
	roles := map[string]int{}
	for i := range configs {
		if err := checkGroup(&configs[i]); err != nil {
			return nil, err
		}
		role := *configs[i].InstanceRole
		roles[role]++
		if role != roleTask && *configs[i].InstanceCount < 1 {
			return nil, validation("An instance group must have at least one instance.")
		}
	}
	switch {
	case roles[roleMaster] != 1:
		return nil, validation("A job flow must have exactly one master instance group.")
	case roles[roleCore] > 1:
		return nil, validation("A job flow may have at most one core instance group.")
	case roles[roleTask] > 0 && roles[roleCore] == 0:
		return nil, validation("Task instance groups require a core instance group.")
	case roles[roleTask] > maxTaskGroups:
		return nil, tooManyGroups()
	}
	return configs, nil
}

// legacyGroups are the groups of the old way to ask: an instance count with two types, of which the first is the primary.
func legacyGroups(in *shapes.JobFlowInstancesConfig) []shapes.InstanceGroupConfig {
	count := max(1, value(in.InstanceCount))
	master, slave := in.MasterInstanceType, in.SlaveInstanceType
	if master == nil {
		master = slave
	}
	if slave == nil {
		slave = master
	}
	out := []shapes.InstanceGroupConfig{{Name: ptr("Master instance group"), InstanceRole: ptr(roleMaster), InstanceType: master, InstanceCount: ptr(1)}}
	if count > 1 {
		out = append(out, shapes.InstanceGroupConfig{Name: ptr("Core instance group"), InstanceRole: ptr(roleCore), InstanceType: slave, InstanceCount: ptr(count - 1)})
	}
	return out
}

// addGroup makes a group in PROVISIONING; EMR has not acted on it yet.
func (c *cluster) addGroup(in *shapes.InstanceGroupConfig) *group {
	g := c.newGroup(in)
	c.groups = append(c.groups, g)
	return g
}

func (c *cluster) newGroup(in *shapes.InstanceGroupConfig) *group {
	m, _ := machineOf(*in.InstanceType) // checked before
	g := &group{
		c: c, id: newID(c.rng, "ig-"), name: value(in.Name), role: *in.InstanceRole, market: value(in.Market), bid: value(in.BidPrice),
		itype: *in.InstanceType, ami: value(in.CustomAmiId), created: c.sim().now, state: stateProvisioning, requested: *in.InstanceCount,
		machine: m, most: ceiling(value(in.BidPrice), m), change: -1, configs: in.Configurations, lastGood: in.Configurations, bootstrapFailures: c.bootFailures,
	}
	if g.role == roleCore {
		g.replicas = replication(g.requested)
	}
	if g.market == "" {
		g.market = marketOnDemand
	}
	if len(g.configs) > 0 {
		g.version, g.goodVersion = 1, 1
	}
	if e := in.EbsConfiguration; e != nil {
		g.ebsOpt, g.ebs = e.EbsOptimized, blockDevices(e.EbsBlockDeviceConfigs)
	}
	if p := in.AutoScalingPolicy; p != nil {
		g.autoScaling = &shapes.AutoScalingPolicyDescription{
			Status:      &shapes.AutoScalingPolicyStatus{State: ptr("ATTACHED"), StateChangeReason: &shapes.AutoScalingPolicyStateChangeReason{Message: ptr("")}},
			Constraints: p.Constraints, Rules: p.Rules,
		}
	}
	g.bind()
	return g
}

// replication is dfs.replication by the number of core nodes at the start (EMR Release Guide, HDFS configuration).
func replication(core int) int {
	switch {
	case core >= 10:
		return 3
	case core >= 4:
		return 2
	}
	return 1
}

// blockDevices lists one entry for each volume of an instance, as answers do.
func blockDevices(in []shapes.EbsBlockDeviceConfig) []shapes.EbsBlockDevice {
	var out []shapes.EbsBlockDevice
	for _, c := range in {
		for range max(1, value(c.VolumesPerInstance)) {
			device := "/dev/sd" + string(rune('b'+len(out)%25))
			out = append(out, shapes.EbsBlockDevice{VolumeSpecification: c.VolumeSpecification, Device: &device})
		}
	}
	return out
}

// addFleet makes a fleet of its first instance type.
func (c *cluster) addFleet(in *shapes.InstanceFleetConfig) *fleet {
	f := &fleet{id: newID(c.rng, "if-"), c: c, config: in, created: c.sim().now}
	f.target(value(in.TargetOnDemandCapacity), value(in.TargetSpotCapacity))
	c.fleets = append(c.fleets, f)
	return f
}

// weight is the capacity of one instance of the fleet.
func (f *fleet) weight() int { return max(1, value(f.config.InstanceTypeConfigs[0].WeightedCapacity)) }

// target sets how much the fleet wants of both markets, in units of capacity; the caller lets the parts act.
func (f *fleet) target(onDemand, spot int) {
	for _, p := range []struct {
		half   **group
		market string
		units  int
	}{{&f.onDemand, marketOnDemand, onDemand}, {&f.spot, marketSpot, spot}} {
		count := (p.units + f.weight() - 1) / f.weight()
		switch {
		case *p.half != nil:
			(*p.half).requested = count
		case count > 0:
			first := f.config.InstanceTypeConfigs[0]
			*p.half = f.c.newGroup(&shapes.InstanceGroupConfig{
				Name: f.config.Name, Market: &p.market, InstanceRole: f.config.InstanceFleetType, InstanceType: first.InstanceType,
				InstanceCount: &count, EbsConfiguration: first.EbsConfiguration, CustomAmiId: first.CustomAmiId,
			})
			(*p.half).fleet = f
		}
	}
}

// subnetOf is the subnet of a cluster's instances: the one it names, else the default one of its zone, whose id is made up.
func (r *region) subnetOf(in *shapes.JobFlowInstancesConfig) string {
	if in.Ec2SubnetId != nil && *in.Ec2SubnetId != "" {
		return *in.Ec2SubnetId
	}
	if len(in.Ec2SubnetIds) > 0 {
		return in.Ec2SubnetIds[0]
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.zone(in)))
	return fmt.Sprintf("subnet-0%016x", h.Sum64())
}

// zone is where a cluster is placed: the zone it names, else one made of its subnet's id.
func (r *region) zone(in *shapes.JobFlowInstancesConfig) string {
	if p := in.Placement; p != nil {
		if p.AvailabilityZone != nil {
			return *p.AvailabilityZone
		}
		if len(p.AvailabilityZones) > 0 {
			return p.AvailabilityZones[0]
		}
	}
	subnet := value(in.Ec2SubnetId)
	if subnet == "" && len(in.Ec2SubnetIds) > 0 {
		subnet = in.Ec2SubnetIds[0]
	}
	if subnet == "" {
		return r.name + "a"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(subnet))
	return fmt.Sprintf("%s%c", r.name, 'a'+rune(h.Sum32()%3))
}
