package awsapi

import (
	"testing"
	"time"

	"emrguard/internal/emr"

	"github.com/google/go-cmp/cmp"
)

func stamp(seconds int64, ms int) time.Time {
	return time.Unix(seconds, int64(ms)*int64(time.Millisecond)).UTC()
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		call emr.Call
		body string
		want emr.Result
	}{
		{
			"clusters", emr.Call{Op: emr.ListClusters},
			`{"Clusters":[{"Id":"j-1","Name":"etl","Status":{"State":"WAITING","StateChangeReason":{"Message":"Cluster ready to run steps."},"Timeline":{"CreationDateTime":1479413437.342,"ReadyDateTime":1479413914}},"NormalizedInstanceHours":9,"ClusterArn":"arn:x"},{"Id":"j-2"}],"Marker":"next"}`,
			emr.Result{Clusters: []emr.ClusterSummary{{ID: "j-1", Name: "etl", State: emr.ClusterWaiting, Created: stamp(1479413437, 342)}, {ID: "j-2"}}, Marker: "next"},
		},
		{
			"cluster", emr.Call{Op: emr.DescribeCluster, Cluster: "j-1"},
			`{"Cluster":{"Id":"j-1","Name":"etl","Status":{"State":"TERMINATED","Timeline":{"CreationDateTime":1,"EndDateTime":2.5}},"Ec2InstanceAttributes":{"Ec2AvailabilityZone":"us-east-1a"},"InstanceCollectionType":"INSTANCE_GROUP","ReleaseLabel":"emr-7.0.0","AutoTerminate":true,"TerminationProtected":true,"Tags":[{"Key":"emrguard","Value":"off"},{"Key":"empty"}],"Unknown":{}}}`,
			emr.Result{Cluster: &emr.Cluster{
				ClusterSummary: emr.ClusterSummary{ID: "j-1", Name: "etl", State: emr.ClusterTerminated, Created: stamp(1, 0), Ended: stamp(2, 500)},
				Collection:     emr.Groups, ReleaseLabel: "emr-7.0.0", Zone: "us-east-1a", AutoTerm: true, Protected: true, Tags: map[string]string{"emrguard": "off", "empty": ""},
			}},
		},
		{
			"a cluster with hardly anything", emr.Call{Op: emr.DescribeCluster, Cluster: "j-1"}, `{"Cluster":{"Id":"j-1","Tags":[],"Status":null}}`,
			emr.Result{Cluster: &emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-1"}}},
		},
		{
			"groups", emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"},
			`{"InstanceGroups":[{"Id":"ig-1","Name":"task","Market":"SPOT","InstanceGroupType":"TASK","BidPrice":"0.2","InstanceType":"r5.4xlarge","RequestedInstanceCount":9,"RunningInstanceCount":6,
			"Status":{"State":"RESIZING","StateChangeReason":{"Code":"INSTANCE_FAILURE","Message":"why"},"Timeline":{"CreationDateTime":1.6E9,"ReadyDateTime":1600000100.5}},
			"Configurations":[{"Classification":"a","Properties":{"k":"v"},"Configurations":[{"Classification":"b"}]}],"ConfigurationsVersion":2,
			"LastSuccessfullyAppliedConfigurations":[{"Classification":"c","Properties":{}}],"LastSuccessfullyAppliedConfigurationsVersion":1,
			"EbsBlockDevices":[{"VolumeSpecification":{"VolumeType":"gp3","SizeInGB":64,"Iops":3000,"Throughput":125},"Device":"/dev/sdb"},{"VolumeSpecification":{"VolumeType":"gp3","SizeInGB":64,"Iops":3000,"Throughput":125},"Device":"/dev/sdc"}],
			"EbsOptimized":true,"ShrinkPolicy":{},"AutoScalingPolicy":{"Status":{"State":"ATTACHED"},"Constraints":{"MinCapacity":1,"MaxCapacity":2},"Rules":[]},"CustomAmiId":"ami-1"},
			{"Id":"ig-2","Name":null,"InstanceGroupType":"CORE","Status":{"State":"BRAND_NEW","StateChangeReason":{"Message":""},"Timeline":{}},"Configurations":[],"EbsBlockDevices":[],"ShrinkPolicy":{},"AutoScalingPolicy":{"Status":{"State":"DETACHED"}}}]}`,
			emr.Result{Groups: []emr.Group{
				{
					ID: "ig-1", Name: "task", Role: emr.Task, Market: emr.Spot, BidPrice: "0.2", InstanceType: "r5.4xlarge", Requested: 9, Running: 6, State: emr.GroupResizing,
					ReasonCode: "INSTANCE_FAILURE", ReasonText: "why", Created: stamp(1600000000, 0), Ready: stamp(1600000100, 500),
					Configurations:        []emr.Configuration{{Classification: "a", Properties: map[string]string{"k": "v"}, Configurations: []emr.Configuration{{Classification: "b"}}}},
					ConfigurationsVersion: 2, LastGood: []emr.Configuration{{Classification: "c"}}, LastGoodVersion: 1,
					Volumes:      []emr.Volume{{Type: "gp3", Size: 64, Iops: 3000, Throughput: 125}, {Type: "gp3", Size: 64, Iops: 3000, Throughput: 125}},
					EbsOptimized: true, CustomAMI: "ami-1", CustomScaling: true,
				},
				{ID: "ig-2", Role: emr.Core, State: "BRAND_NEW"},
			}},
		},
		{"R11: an empty body is no groups", emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"}, ``, emr.Result{}},
		{
			"instances", emr.Call{Op: emr.ListInstances, Cluster: "j-1", Group: "ig-1"},
			`{"Instances":[{"Id":"ci-1","Ec2InstanceId":"i-1","InstanceGroupId":"ig-1","Status":{"State":"RUNNING","Timeline":{"CreationDateTime":1,"ReadyDateTime":2,"EndDateTime":3}}},{"Id":"ci-2","InstanceGroupId":"ig-1","Status":{"State":"AWAITING_FULFILLMENT","StateChangeReason":{"Code":"INTERNAL_ERROR","Message":"why"},"Timeline":null}},{"Id":"ci-3"}],"Marker":"m"}`,
			emr.Result{Instances: []emr.Instance{
				{ID: "ci-1", EC2: "i-1", Group: "ig-1", State: emr.InstanceRunning, Created: stamp(1, 0), Ready: stamp(2, 0)},
				{ID: "ci-2", Group: "ig-1", State: emr.InstanceAwaiting, ReasonCode: "INTERNAL_ERROR", ReasonText: "why"}, {ID: "ci-3"},
			}, Marker: "m"},
		},
		{"no managed scaling", emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: "j-1"}, `{}`, emr.Result{}},
		{
			"R12: managed scaling", emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: "j-1"},
			`{"ManagedScalingPolicy":{"ComputeLimits":{"UnitType":"Instances","MinimumCapacityUnits":1,"MaximumCapacityUnits":9}}}`, emr.Result{ManagedScaling: true},
		},
		{"a change", emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: 6}, ``, emr.Result{}},
		{"an end", emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-1"}, ``, emr.Result{}},
		{
			"a new group", emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge", Count: 3}},
			`{"JobFlowId":"j-1","InstanceGroupIds":["ig-9"],"ClusterArn":"arn:x"}`, emr.Result{Added: "ig-9"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := do(t, tt.call, 200, tt.body)
			tt.want.Date, tt.want.RequestID = answered1600, "req-1"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswersWithoutTheirObject(t *testing.T) {
	add := emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge", Count: 3}}
	for _, tt := range []struct {
		call emr.Call
		body string
	}{
		{add, ``},
		{add, `{"JobFlowId":"j-1","InstanceGroupIds":[]}`},
		{add, `{"JobFlowId":"j-1","InstanceGroupIds":["ig-1","ig-2"]}`},
		{emr.Call{Op: emr.DescribeCluster, Cluster: "j-1"}, `{}`},
	} {
		got, _ := do(t, tt.call, 200, tt.body)
		if !got.Err.OutcomeUnknown() || got.Added != "" || got.Cluster != nil {
			t.Errorf("%s answered by %q: %+v", tt.call.Op, tt.body, got)
		}
	}
}
