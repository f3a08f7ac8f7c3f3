package awsapi

import (
	"time"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func clusterSummary(s types.ClusterSummary) emr.ClusterSummary {
	out := emr.ClusterSummary{ID: emr.ClusterID(aws.ToString(s.Id)), Name: aws.ToString(s.Name)}
	clusterStatus(&out, s.Status)
	return out
}

func clusterStatus(out *emr.ClusterSummary, s *types.ClusterStatus) {
	if s == nil {
		return
	}
	out.State = emr.ClusterState(s.State)
	if t := s.Timeline; t != nil {
		out.Created, out.Ended = at(t.CreationDateTime), at(t.EndDateTime)
	}
}

func clusterOf(c *types.Cluster) *emr.Cluster {
	out := &emr.Cluster{
		ClusterSummary: emr.ClusterSummary{ID: emr.ClusterID(aws.ToString(c.Id)), Name: aws.ToString(c.Name)},
		Collection:     emr.Collection(c.InstanceCollectionType), ReleaseLabel: aws.ToString(c.ReleaseLabel), AutoTerm: aws.ToBool(c.AutoTerminate),
		Protected: aws.ToBool(c.TerminationProtected),
	}
	clusterStatus(&out.ClusterSummary, c.Status)
	if c.Ec2InstanceAttributes != nil {
		out.Zone = aws.ToString(c.Ec2InstanceAttributes.Ec2AvailabilityZone)
	}
	if len(c.Tags) > 0 {
		out.Tags = make(map[string]string, len(c.Tags))
		for _, tag := range c.Tags {
			out.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return out
}

func groupOf(g types.InstanceGroup) emr.Group {
	out := emr.Group{
		ID: emr.GroupID(aws.ToString(g.Id)), Name: aws.ToString(g.Name), Role: emr.Role(g.InstanceGroupType), Market: emr.Market(g.Market),
		BidPrice: aws.ToString(g.BidPrice), InstanceType: aws.ToString(g.InstanceType),
		Requested: int(aws.ToInt32(g.RequestedInstanceCount)), Running: int(aws.ToInt32(g.RunningInstanceCount)),
		Configurations: some(g.Configurations, configurationOut), ConfigurationsVersion: aws.ToInt64(g.ConfigurationsVersion),
		LastGood:        some(g.LastSuccessfullyAppliedConfigurations, configurationOut),
		LastGoodVersion: aws.ToInt64(g.LastSuccessfullyAppliedConfigurationsVersion),
		Volumes:         some(g.EbsBlockDevices, volumeOf), EbsOptimized: aws.ToBool(g.EbsOptimized), CustomAMI: aws.ToString(g.CustomAmiId),
		CustomScaling: attached(g.AutoScalingPolicy),
	}
	if s := g.Status; s != nil {
		out.State = emr.GroupState(s.State)
		if r := s.StateChangeReason; r != nil {
			out.ReasonCode, out.ReasonText = string(r.Code), aws.ToString(r.Message)
		}
		if t := s.Timeline; t != nil {
			out.Created, out.Ready = at(t.CreationDateTime), at(t.ReadyDateTime)
		}
	}
	return out
}

// attached says whether an automatic scaling policy may act on the group: one is there and has not been removed.
func attached(p *types.AutoScalingPolicyDescription) bool {
	return p != nil && (p.Status == nil || p.Status.State != types.AutoScalingPolicyStateDetached)
}

func volumeOf(d types.EbsBlockDevice) emr.Volume {
	v := d.VolumeSpecification
	if v == nil {
		return emr.Volume{}
	}
	return emr.Volume{
		Type: aws.ToString(v.VolumeType), Size: int(aws.ToInt32(v.SizeInGB)),
		Iops: int(aws.ToInt32(v.Iops)), Throughput: int(aws.ToInt32(v.Throughput)),
	}
}

func configurationOut(c types.Configuration) emr.Configuration {
	out := emr.Configuration{Classification: aws.ToString(c.Classification), Configurations: some(c.Configurations, configurationOut)}
	if len(c.Properties) > 0 {
		out.Properties = c.Properties
	}
	return out
}

func instanceOf(i types.Instance) emr.Instance {
	out := emr.Instance{
		ID: emr.InstanceID(aws.ToString(i.Id)), EC2: aws.ToString(i.Ec2InstanceId), Group: emr.GroupID(aws.ToString(i.InstanceGroupId)),
	}
	if s := i.Status; s != nil {
		out.State = emr.InstanceState(s.State)
		if r := s.StateChangeReason; r != nil {
			out.ReasonCode, out.ReasonText = string(r.Code), aws.ToString(r.Message)
		}
		if t := s.Timeline; t != nil {
			out.Created, out.Ready = at(t.CreationDateTime), at(t.ReadyDateTime)
		}
	}
	return out
}

// some maps a slice, empty to nil: EMR answers with empty lists where it means none.
func some[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	return each(in, f)
}

// at is the time in UTC, zero for none.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
