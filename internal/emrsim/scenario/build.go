package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

const (
	defaultRegion  = "us-east-1"
	defaultType    = "m5.xlarge"
	defaultRelease = "emr-7.1.0"
)

// Parse reads one scenario. name is for messages. The error is a *FileError with everything that is wrong, never only the first.
func Parse(name string, data []byte) (*Scenario, error) {
	s := &Scenario{}
	d := &decoder{places: map[string]*yaml.Node{}}
	d.parse(data, s)
	if len(d.places) > 0 { // what could be read is checked too
		c := &checker{decoder: d, s: s, parts: map[string]int{}, refs: map[string][]*Cluster{}}
		c.scenario()
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Path, b.Path))
		})
		return nil, &FileError{File: name, List: d.problems}
	}
	return s, nil
}

// Options are the simulator's options that the scenario asks for.
func (s *Scenario) Options() emrsim.Options {
	t, u := s.Timing, s.Unknowns
	return emrsim.Options{
		Seed: s.Seed, Start: s.Start, Account: s.Account, Instant: s.Instant, Unthrottled: s.Unthrottled, OldAccount: s.OldAccount,
		GroupPage: s.GroupPage,
		Timing: emrsim.Timing{
			React: t.React, Fulfil: t.Fulfil, Retry: t.Retry, Provision: t.Provision, Bootstrap: t.Bootstrap, Decommission: t.Decommission,
			Reconfigure: t.Reconfigure, Terminate: t.Terminate, Step: t.Step, SpotLife: t.SpotLife, SuspendAfter: t.SuspendAfter,
		},
		Metrics: emrsim.MetricTiming(s.Metrics),
		Events:  emrsim.EventTiming(s.EventsQueue),
		Unknowns: emrsim.Unknowns{
			Surplus: emrsim.Surplus(u.Surplus), LossResizes: u.LossResizes, ReadLag: u.ReadLag, Unfulfilled: emrsim.Unfulfilled(u.Unfulfilled),
			RefuseEmptyAdd: u.RefuseEmptyAdd, Rebind: u.Rebind, HideReasons: u.HideReasons,
		},
	}
}

// Build makes a simulator of the scenario, its clock at the scenario's start.
func (s *Scenario) Build() (*emrsim.Sim, error) {
	sim := emrsim.New(s.Options())
	if err := s.Apply(sim); err != nil {
		return nil, err
	}
	return sim, nil
}

// Apply puts the scenario's capacity, clusters, faults, actors and events into a simulator, counted from its present time.
func (s *Scenario) Apply(sim *emrsim.Sim) error {
	start := sim.Now()
	for i := range s.Capacity {
		if err := s.Capacity[i].apply(sim, start, s.Region); err != nil {
			return err
		}
	}
	for i := range s.Clusters {
		c := &s.Clusters[i]
		region := s.regionOf(c.Region)
		id, err := sim.Place(region, c.input(region), emrsim.Placed{ID: c.ID, Ready: !c.Starting, Who: "scenario"})
		if err == nil && c.Load != nil {
			err = sim.SetLoad(region, id, c.Load.load())
		}
		if err != nil {
			return fmt.Errorf("clusters[%d]: %w", i, err)
		}
	}
	for i, line := range s.Faults {
		f, err := emrsim.ParseFault(line)
		if err != nil {
			return fmt.Errorf("faults[%d]: %w", i, err)
		}
		sim.AddFault(f)
	}
	for _, a := range s.Actors {
		if err := sim.Follow(s.regionOf(a.Region), a.actor(start)); err != nil {
			return err
		}
	}
	for _, e := range s.Events {
		sim.Plan(start.Add(e.At), s.regionOf(e.Region), e.who(), e.action())
	}
	return nil
}

func (s *Scenario) regionOf(own string) string { return cmp.Or(own, s.Region, defaultRegion) }

// apply sets or plans a capacity and what it refills to.
func (c *Capacity) apply(sim *emrsim.Sim, start time.Time, region string) error {
	region = cmp.Or(c.Region, region, defaultRegion)
	base := c.Parts
	if c.Capacity != nil {
		base = []Amount{*c.Capacity}
	}
	action := emrsim.Action{Do: emrsim.DoCapacity, Pool: c.Pool, Parts: amounts(base), Reclaim: c.Reclaim}
	if c.At == 0 {
		if err := sim.Act(region, "ec2", action); err != nil {
			return err
		}
	} else {
		sim.Plan(start.Add(c.At), region, "ec2", action)
	}
	if c.Refill == nil {
		return nil
	}
	parts := amounts(base)
	for n := 1; n <= maxRefills; n++ {
		grown := false
		for i, have := range parts {
			if have != emrsim.Unlimited && have < c.Refill.UpTo {
				parts[i], grown = min(c.Refill.UpTo, have+c.Refill.Add), true
			}
		}
		if !grown {
			break
		}
		sim.Plan(start.Add(c.At+time.Duration(n)*c.Refill.Every), region, "ec2", emrsim.Action{Do: emrsim.DoCapacity, Pool: c.Pool, Parts: slices.Clone(parts)})
	}
	return nil
}

func amounts(list []Amount) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = int(n)
	}
	return out
}

func (a *Actor) actor(start time.Time) emrsim.Actor {
	out := emrsim.Actor{Name: cmp.Or(a.Name, a.Kind), Kind: emrsim.ActorKind(a.Kind), Cluster: a.Cluster, Group: a.Group, Counts: a.Counts,
		Every: a.Every, Add: a.Add, Min: a.Min, Max: a.Max}
	if a.From > 0 {
		out.From = start.Add(a.From)
	}
	if a.Until > 0 {
		out.Until = start.Add(a.Until)
	}
	return out
}

func (e *Event) who() string {
	switch emrsim.Do(e.Do) {
	case emrsim.DoResize, emrsim.DoTerminate, emrsim.DoAddGroup, emrsim.DoManaged, emrsim.DoTag, emrsim.DoStep, emrsim.DoSubmit:
		return cmp.Or(e.Who, "somebody")
	}
	return cmp.Or(e.Who, "ec2")
}

func (e *Event) action() emrsim.Action {
	cluster, group := e.names()
	a := emrsim.Action{Do: emrsim.Do(e.Do), Cluster: cluster, Group: group, Like: e.Like, Name: e.Name, Value: e.Value, Fault: e.Fault,
		Pool: e.Pool, Parts: amounts(e.Parts), Reclaim: e.Reclaim, Market: e.Market,
		Work: emrsim.Span(e.Work), Time: emrsim.Span(e.Time)}
	if e.Width != nil {
		a.Width = *e.Width
	}
	if a.Do == emrsim.DoSubmit && e.Count == nil {
		a.Count = 1
	}
	if e.Limit != nil {
		a.Limit = ptr(int(*e.Limit))
	}
	if e.Price != nil {
		a.Price = *e.Price
	}
	if e.To != nil {
		a.To = *e.To
	}
	if e.Count != nil {
		a.Count = *e.Count
	}
	if e.Rate != nil {
		a.Rate = *e.Rate
	}
	return a
}

// input is the RunJobFlow that would make the cluster.
func (c *Cluster) input(region string) *shapes.RunJobFlowInput {
	in := &shapes.RunJobFlowInput{
		Name: &c.Name, ReleaseLabel: ptr(cmp.Or(c.Release, defaultRelease)), ServiceRole: ptr("EMR_DefaultRole"),
		JobFlowRole: ptr("EMR_EC2_DefaultRole"), Applications: []shapes.Application{{Name: ptr("Spark")}, {Name: ptr("Hadoop")}},
		Instances: &shapes.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: ptr(!c.Ends), TerminationProtected: &c.Protected, Ec2SubnetId: optional(c.Subnet),
			Placement: &shapes.PlacementType{AvailabilityZone: ptr(cmp.Or(c.Zone, region+"a"))},
		},
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		in.Tags = append(in.Tags, shapes.Tag{Key: ptr(key), Value: ptr(c.Tags[key])})
	}
	if m := c.ManagedScaling; m != nil {
		in.ManagedScalingPolicy = &shapes.ManagedScalingPolicy{ComputeLimits: &shapes.ComputeLimits{
			UnitType: ptr("Instances"), MinimumCapacityUnits: &m.Min, MaximumCapacityUnits: &m.Max}}
	}
	for i := range c.Groups {
		in.Instances.InstanceGroups = append(in.Instances.InstanceGroups, c.Groups[i].config())
	}
	for i := range c.Fleets {
		in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, c.Fleets[i].config())
	}
	return in
}

// load is the simulator's.
func (l *Work) load() emrsim.Load {
	out := emrsim.Load{Scheduler: emrsim.Scheduler(l.Scheduler), Container: l.Container, Task: l.Task, HDFS: l.HDFS}
	for _, s := range l.Streams {
		out.Streams = append(out.Streams, emrsim.JobStream(s))
	}
	for _, b := range l.Bursts {
		out.Bursts = append(out.Bursts, emrsim.JobBurst(b))
	}
	for _, j := range l.Jobs {
		out.Jobs = append(out.Jobs, emrsim.Job(j))
	}
	return out
}

// named is the group's name.
func (g *Group) named() string { return cmp.Or(g.Name, strings.ToLower(g.Role)) }

func (g *Group) config() shapes.InstanceGroupConfig {
	out := shapes.InstanceGroupConfig{
		Name: ptr(g.named()), InstanceRole: &g.Role, InstanceType: ptr(cmp.Or(g.Type, defaultType)), Market: ptr(cmp.Or(g.Market, "ON_DEMAND")),
		InstanceCount: &g.Count, BidPrice: optional(g.Bid), CustomAmiId: optional(g.AMI),
	}
	if len(g.Volumes) > 0 || g.EBSOptimized {
		out.EbsConfiguration = &shapes.EbsConfiguration{EbsOptimized: &g.EBSOptimized}
	}
	for _, v := range g.Volumes {
		spec := &shapes.VolumeSpecification{VolumeType: ptr(cmp.Or(v.Type, "gp3")), SizeInGB: ptr(v.Size)}
		if v.Iops > 0 {
			spec.Iops = ptr(v.Iops)
		}
		if v.Throughput > 0 {
			spec.Throughput = ptr(v.Throughput)
		}
		out.EbsConfiguration.EbsBlockDeviceConfigs = append(out.EbsConfiguration.EbsBlockDeviceConfigs,
			shapes.EbsBlockDeviceConfig{VolumeSpecification: spec, VolumesPerInstance: ptr(max(1, v.Count))})
	}
	for _, c := range g.Configurations {
		out.Configurations = append(out.Configurations, shapes.Configuration{Classification: ptr(c.Classification), Properties: c.Properties})
	}
	return out
}

func (f *Fleet) config() shapes.InstanceFleetConfig {
	return shapes.InstanceFleetConfig{
		Name: ptr(cmp.Or(f.Name, strings.ToLower(f.Role))), InstanceFleetType: &f.Role, TargetOnDemandCapacity: &f.OnDemand,
		TargetSpotCapacity:  &f.Spot,
		InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: ptr(cmp.Or(f.Type, defaultType)), WeightedCapacity: ptr(max(1, f.Weight))}},
	}
}

func ptr[T any](v T) *T { return &v }

// optional is nil for an empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
