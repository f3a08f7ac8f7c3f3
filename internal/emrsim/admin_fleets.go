package emrsim

import (
	"slices"

	"emrguard/internal/emrsim/shapes"
)

// fleetCluster is what an operation on fleets needs: a cluster made of fleets.
func (c *request) fleetCluster(id *string) (*cluster, *APIError) {
	x, err := c.cluster(id)
	if err != nil {
		return nil, err
	}
	if x.collection != ofFleets {
		return nil, invalidRequest("API_DOES_NOT_SUPPORT_INSTANCE_GROUP_CLUSTERS", "Instance fleets and instance groups are mutually exclusive. "+
			"The EMR cluster specified in the request uses instance groups. The %s operation does not support clusters that use instance groups. "+
			"Use the ListInstanceGroups operation instead.", c.op)
	}
	return x, nil
}

// listInstanceFleets shows all fleets on one page: a cluster has at most three.
func (c *request) listInstanceFleets(in *shapes.ListInstanceFleetsInput) (*shapes.ListInstanceFleetsOutput, *APIError) {
	x, err := c.fleetCluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	out := &shapes.ListInstanceFleetsOutput{InstanceFleets: []shapes.InstanceFleet{}}
	for _, f := range x.fleets {
		out.InstanceFleets = append(out.InstanceFleets, f.describe())
	}
	return out, nil
}

// addInstanceFleet adds the task fleet to a live cluster of fleets; there is one for each role (EMR Management Guide,
// emr-instance-fleet).
func (c *request) addInstanceFleet(in *shapes.AddInstanceFleetInput) (*shapes.AddInstanceFleetOutput, *APIError) {
	x, err := c.fleetCluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	config := in.InstanceFleet
	switch {
	case config == nil:
		return nil, missing("instanceFleet")
	case !x.modifiable():
		return nil, invalidRequest("", "An instance fleet may only be added when the cluster is running or waiting")
	case value(config.InstanceFleetType) != roleTask:
		return nil, invalidRequest("", "Only a task instance fleet may be added to a running cluster.")
	case slices.ContainsFunc(x.fleets, func(f *fleet) bool { return value(f.config.InstanceFleetType) == roleTask }):
		return nil, invalidRequest("", "A job flow may have at most one task instance fleet.")
	}
	if err := checkFleetTypes(config.InstanceTypeConfigs); err != nil {
		return nil, err
	}
	if err := checkCapacity(config.TargetOnDemandCapacity, config.TargetSpotCapacity); err != nil {
		return nil, err
	}
	f := x.addFleet(config)
	c.log(x, nil, 0, f.id)
	f.act()
	return &shapes.AddInstanceFleetOutput{ClusterId: &x.id, ClusterArn: &x.arn, InstanceFleetId: &f.id}, nil
}

func (c *request) modifyInstanceFleet(in *shapes.ModifyInstanceFleetInput) *APIError {
	x, err := c.fleetCluster(in.ClusterId)
	if err != nil {
		return err
	}
	if in.InstanceFleet == nil {
		return missing("instanceFleet")
	}
	m := in.InstanceFleet
	i := slices.IndexFunc(x.fleets, func(f *fleet) bool { return f.id == value(m.InstanceFleetId) })
	switch {
	case i < 0:
		return invalidRequest("", "Instance fleet id '%s' is not valid.", value(m.InstanceFleetId))
	case !x.modifiable():
		return invalidRequest("", "An instance fleet may only be modified when the cluster is running or waiting")
	case value(x.fleets[i].config.InstanceFleetType) == roleMaster:
		return invalidRequest("", "A master instance fleet may not be modified")
	}
	if err := checkCapacity(m.TargetOnDemandCapacity, m.TargetSpotCapacity); err != nil {
		return err
	}
	f := x.fleets[i]
	config := *f.config // answers share the old one
	if m.TargetOnDemandCapacity != nil {
		config.TargetOnDemandCapacity = m.TargetOnDemandCapacity
	}
	if m.TargetSpotCapacity != nil {
		config.TargetSpotCapacity = m.TargetSpotCapacity
	}
	if m.ResizeSpecifications != nil {
		config.ResizeSpecifications = m.ResizeSpecifications
	}
	if m.Context != nil {
		config.Context = m.Context
	}
	f.config = &config
	c.log(x, nil, 0, f.id)
	f.target(value(config.TargetOnDemandCapacity), value(config.TargetSpotCapacity))
	f.act()
	return nil
}

func checkFleetTypes(types []shapes.InstanceTypeConfig) *APIError {
	if len(types) == 0 {
		return invalidRequest("", "An instance fleet must have at least one instance type.")
	}
	return checkTypes(types)
}

func checkCapacity(onDemand, spot *int) *APIError {
	for _, units := range []int{value(onDemand), value(spot)} {
		if units < 0 || units > 2*maxGroupInstance {
			return invalidRequest("", "Target capacities must be between 0 and %d, got %d.", 2*maxGroupInstance, units)
		}
	}
	return nil
}

// halves are the parts of the fleet that exist.
func (f *fleet) halves() []*group {
	return slices.DeleteFunc([]*group{f.onDemand, f.spot}, func(g *group) bool { return g == nil })
}

// act lets EMR act on new targets.
func (f *fleet) act() {
	for _, g := range f.halves() {
		g.actSoon()
	}
}

// provisioned is the capacity that a half of the fleet has running.
func (f *fleet) provisioned(g *group) *int {
	if g == nil {
		return ptr(0)
	}
	return ptr(g.running * f.weight())
}

func (f *fleet) describe() shapes.InstanceFleet {
	status := f.status()
	out := shapes.InstanceFleet{
		Id: &f.id, Name: ptr(value(f.config.Name)), Status: &status, InstanceFleetType: f.config.InstanceFleetType,
		TargetOnDemandCapacity: ptr(value(f.config.TargetOnDemandCapacity)), TargetSpotCapacity: ptr(value(f.config.TargetSpotCapacity)),
		ProvisionedOnDemandCapacity: f.provisioned(f.onDemand), ProvisionedSpotCapacity: f.provisioned(f.spot),
		LaunchSpecifications: f.config.LaunchSpecifications, ResizeSpecifications: f.config.ResizeSpecifications, Context: f.config.Context,
		InstanceTypeSpecifications: []shapes.InstanceTypeSpecification{},
	}
	for _, t := range f.config.InstanceTypeConfigs {
		spec := shapes.InstanceTypeSpecification{
			InstanceType: t.InstanceType, WeightedCapacity: ptr(max(1, value(t.WeightedCapacity))), BidPrice: t.BidPrice,
			BidPriceAsPercentageOfOnDemandPrice: t.BidPriceAsPercentageOfOnDemandPrice, Configurations: listOf(t.Configurations),
			EbsBlockDevices: []shapes.EbsBlockDevice{}, CustomAmiId: t.CustomAmiId, Priority: t.Priority,
		}
		if e := t.EbsConfiguration; e != nil {
			spec.EbsOptimized, spec.EbsBlockDevices = e.EbsOptimized, listOf(blockDevices(e.EbsBlockDeviceConfigs))
		}
		out.InstanceTypeSpecifications = append(out.InstanceTypeSpecifications, spec)
	}
	return out
}

// fleetStates orders what the two halves may show: the fleet shows the first that one of them is in.
var fleetStates = []string{
	stateTerminating, stateSuspended, stateProvisioning, stateBootstrapping, stateResizing, stateReconfiguring, stateTerminated,
}

// status derives the fleet's state from its halves'. A fleet without any capacity is RUNNING.
func (f *fleet) status() shapes.InstanceFleetStatus {
	state, reason, timeline := stateRunning, "", &shapes.InstanceFleetTimeline{CreationDateTime: shapes.At(f.created)}
	if !f.c.live() {
		state = stateTerminated
		timeline.EndDateTime = shapes.At(f.c.ended)
	}
	halves := f.halves()
	for i := len(fleetStates) - 1; i >= 0; i-- {
		for _, g := range halves {
			if g.state == fleetStates[i] {
				state, reason = g.state, g.text
			}
		}
	}
	for _, g := range halves {
		if timeline.ReadyDateTime == nil || g.ready.Before(timeline.ReadyDateTime.Time) {
			timeline.ReadyDateTime = shapes.At(g.ready)
		}
	}
	return shapes.InstanceFleetStatus{State: &state, StateChangeReason: &shapes.InstanceFleetStateChangeReason{Message: &reason}, Timeline: timeline}
}
