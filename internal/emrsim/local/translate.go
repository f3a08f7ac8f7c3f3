package local

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim/shapes"
)

func clusterSummary(c *shapes.ClusterSummary) emr.ClusterSummary {
	return summary(c.Id, c.Name, c.Status)
}

func summary(id, name *string, status *shapes.ClusterStatus) emr.ClusterSummary {
	s := emr.ClusterSummary{ID: emr.ClusterID(deref(id)), Name: deref(name)}
	if status != nil {
		s.State = emr.ClusterState(deref(status.State))
		timeline := deref(status.Timeline)
		s.Created, s.Ended = at(timeline.CreationDateTime), at(timeline.EndDateTime)
	}
	return s
}

func cluster(c *shapes.Cluster) *emr.Cluster {
	out := &emr.Cluster{
		ClusterSummary: summary(c.Id, c.Name, c.Status), Collection: emr.Collection(deref(c.InstanceCollectionType)),
		ReleaseLabel: deref(c.ReleaseLabel), AutoTerm: deref(c.AutoTerminate), Protected: deref(c.TerminationProtected),
	}
	if c.Ec2InstanceAttributes != nil {
		out.Zone = deref(c.Ec2InstanceAttributes.Ec2AvailabilityZone)
	}
	if len(c.Tags) > 0 {
		out.Tags = make(map[string]string, len(c.Tags))
		for _, t := range c.Tags {
			out.Tags[deref(t.Key)] = deref(t.Value)
		}
	}
	return out
}

func group(g *shapes.InstanceGroup) emr.Group {
	status := deref(g.Status)
	reason, timeline := deref(status.StateChangeReason), deref(status.Timeline)
	out := emr.Group{
		ID: emr.GroupID(deref(g.Id)), Name: deref(g.Name), Role: emr.Role(deref(g.InstanceGroupType)), Market: emr.Market(deref(g.Market)),
		BidPrice: deref(g.BidPrice), InstanceType: deref(g.InstanceType), Requested: deref(g.RequestedInstanceCount),
		Running: deref(g.RunningInstanceCount), State: emr.GroupState(deref(status.State)),
		ReasonCode: deref(reason.Code), ReasonText: deref(reason.Message),
		Created: at(timeline.CreationDateTime), Ready: at(timeline.ReadyDateTime),
		Configurations: configurations(g.Configurations), ConfigurationsVersion: deref(g.ConfigurationsVersion),
		LastGood:        configurations(g.LastSuccessfullyAppliedConfigurations),
		LastGoodVersion: deref(g.LastSuccessfullyAppliedConfigurationsVersion),
		EbsOptimized:    deref(g.EbsOptimized), CustomAMI: deref(g.CustomAmiId), CustomScaling: attached(g.AutoScalingPolicy),
	}
	for _, d := range g.EbsBlockDevices {
		spec := deref(d.VolumeSpecification)
		out.Volumes = append(out.Volumes, emr.Volume{
			Type: deref(spec.VolumeType), Size: deref(spec.SizeInGB), Iops: deref(spec.Iops), Throughput: deref(spec.Throughput),
		})
	}
	return out
}

// attached says whether an automatic scaling policy may act on the group: one is there and has not been removed.
func attached(p *shapes.AutoScalingPolicyDescription) bool {
	return p != nil && deref(deref(p.Status).State) != "DETACHED"
}

func instance(i *shapes.Instance) emr.Instance {
	status := deref(i.Status)
	reason, timeline := deref(status.StateChangeReason), deref(status.Timeline)
	return emr.Instance{
		ID: emr.InstanceID(deref(i.Id)), EC2: deref(i.Ec2InstanceId), Group: emr.GroupID(deref(i.InstanceGroupId)),
		State:   emr.InstanceState(deref(status.State)),
		Created: at(timeline.CreationDateTime), Ready: at(timeline.ReadyDateTime),
		ReasonCode: deref(reason.Code), ReasonText: deref(reason.Message),
	}
}

func configurations(list []shapes.Configuration) []emr.Configuration {
	var out []emr.Configuration
	for _, c := range list {
		out = append(out, emr.Configuration{
			Classification: deref(c.Classification), Properties: c.Properties, Configurations: configurations(c.Configurations),
		})
	}
	return out
}

// groupConfig is the request structure for a new group; what is not given is left out, except the count.
func groupConfig(c emr.GroupConfig) shapes.InstanceGroupConfig {
	out := shapes.InstanceGroupConfig{
		Name: text(c.Name), Market: text(c.Market), InstanceRole: text(c.Role), BidPrice: text(c.BidPrice),
		InstanceType: text(c.InstanceType), InstanceCount: &c.Count, CustomAmiId: text(c.CustomAMI),
		Configurations: requestConfigurations(c.Configurations),
	}
	if len(c.Volumes) > 0 || c.EbsOptimized {
		out.EbsConfiguration = &shapes.EbsConfiguration{EbsOptimized: &c.EbsOptimized}
	}
	for _, v := range c.Volumes {
		out.EbsConfiguration.EbsBlockDeviceConfigs = append(out.EbsConfiguration.EbsBlockDeviceConfigs, shapes.EbsBlockDeviceConfig{
			VolumeSpecification: &shapes.VolumeSpecification{VolumeType: text(v.Type), SizeInGB: &v.Size, Iops: number(v.Iops), Throughput: number(v.Throughput)},
			VolumesPerInstance:  &v.Count,
		})
	}
	return out
}

func requestConfigurations(list []emr.Configuration) []shapes.Configuration {
	var out []shapes.Configuration
	for _, c := range list {
		out = append(out, shapes.Configuration{
			Classification: text(c.Classification), Properties: c.Properties, Configurations: requestConfigurations(c.Configurations),
		})
	}
	return out
}

// number is an optional number of a volume: absent when 0.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func at(t *shapes.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
