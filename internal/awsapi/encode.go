package awsapi

import (
	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// liveClusters is emr.Live for the SDK.
var liveClusters = each(emr.Live, func(s emr.ClusterState) types.ClusterState { return types.ClusterState(s) })

// liveInstances is emr.Present for the SDK.
var liveInstances = each(emr.Present, func(s emr.InstanceState) types.InstanceState { return types.InstanceState(s) })

// groupConfig is a new group for AddInstanceGroups. What the configuration does not give is left out, so that EMR applies its
// defaults: above all a Spot group without a bid, whose ceiling is then the On-Demand price.
func groupConfig(g emr.GroupConfig) types.InstanceGroupConfig {
	return types.InstanceGroupConfig{
		Name: optional(g.Name), InstanceRole: types.InstanceRoleType(g.Role), Market: types.MarketType(g.Market), BidPrice: optional(g.BidPrice),
		InstanceType: aws.String(g.InstanceType), InstanceCount: aws.Int32(int32(g.Count)), Configurations: each(g.Configurations, configurationIn),
		EbsConfiguration: ebsConfiguration(g), CustomAmiId: optional(g.CustomAMI),
	}
}

// ebsConfiguration is nil for a group with EMR's default volumes and no wish for EBS optimisation.
func ebsConfiguration(g emr.GroupConfig) *types.EbsConfiguration {
	if len(g.Volumes) == 0 && !g.EbsOptimized {
		return nil
	}
	out := &types.EbsConfiguration{EbsBlockDeviceConfigs: each(g.Volumes, func(v emr.VolumeConfig) types.EbsBlockDeviceConfig {
		return types.EbsBlockDeviceConfig{
			VolumeSpecification: &types.VolumeSpecification{
				VolumeType: aws.String(v.Type), SizeInGB: aws.Int32(int32(v.Size)), Iops: positive(v.Iops), Throughput: positive(v.Throughput),
			},
			VolumesPerInstance: aws.Int32(int32(v.Count)),
		}
	})}
	if g.EbsOptimized {
		out.EbsOptimized = aws.Bool(true)
	}
	return out
}

func configurationIn(c emr.Configuration) types.Configuration {
	return types.Configuration{
		Classification: optional(c.Classification), Properties: c.Properties, Configurations: each(c.Configurations, configurationIn),
	}
}

// each maps a slice, nil to nil.
func each[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// optional leaves an empty string out.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// positive leaves zero, "not given", out.
func positive(n int) *int32 {
	if n <= 0 {
		return nil
	}
	return aws.Int32(int32(n))
}
