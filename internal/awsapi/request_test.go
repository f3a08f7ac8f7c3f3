package awsapi

import (
	"math"
	"strings"
	"testing"

	"emrguard/internal/emr"
)

func TestRequests(t *testing.T) {
	nested := []emr.Configuration{{
		Classification: "hadoop-env", Properties: map[string]string{},
		Configurations: []emr.Configuration{{Classification: "export", Properties: map[string]string{"A": "1", "B": ""}}},
	}}
	for _, tt := range []struct {
		name string
		call emr.Call
		want string
	}{
		{"clusters", emr.Call{Op: emr.ListClusters}, `{"ClusterStates":["STARTING","BOOTSTRAPPING","RUNNING","WAITING","TERMINATING"]}`},
		{"a further page", emr.Call{Op: emr.ListClusters, Marker: "m"}, `{"ClusterStates":["STARTING","BOOTSTRAPPING","RUNNING","WAITING","TERMINATING"],"Marker":"m"}`},
		{"cluster", emr.Call{Op: emr.DescribeCluster, Cluster: "j-1"}, `{"ClusterId":"j-1"}`},
		{"groups", emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1", Marker: "m"}, `{"ClusterId":"j-1","Marker":"m"}`},
		{
			"instances of a group", emr.Call{Op: emr.ListInstances, Cluster: "j-1", Group: "ig-1"},
			`{"ClusterId":"j-1","InstanceGroupId":"ig-1","InstanceStates":["AWAITING_FULFILLMENT","PROVISIONING","BOOTSTRAPPING","RUNNING"]}`,
		},
		{
			"instances of a cluster", emr.Call{Op: emr.ListInstances, Cluster: "j-1", Marker: "m"},
			`{"ClusterId":"j-1","InstanceStates":["AWAITING_FULFILLMENT","PROVISIONING","BOOTSTRAPPING","RUNNING"],"Marker":"m"}`,
		},
		{"managed scaling", emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: "j-1"}, `{"ClusterId":"j-1"}`},
		{"an end", emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-1"}, `{"JobFlowIds":["j-1"]}`},
		{"zero is sent", emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1"}, `{"ClusterId":"j-1","InstanceGroups":[{"InstanceCount":0,"InstanceGroupId":"ig-1"}]}`},
		{"a count", emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: 6}, `{"ClusterId":"j-1","InstanceGroups":[{"InstanceCount":6,"InstanceGroupId":"ig-1"}]}`},
		{
			"a plain group with no instances", emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{
				Name: "n", Role: emr.Task, Market: emr.OnDemand, InstanceType: "m5.xlarge",
			}},
			`{"JobFlowId":"j-1","InstanceGroups":[{"InstanceCount":0,"InstanceRole":"TASK","InstanceType":"m5.xlarge","Market":"ON_DEMAND","Name":"n"}]}`,
		},
		{
			"R7: Spot without a bid has no BidPrice", emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{
				Name: "n", Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge", Count: 3, EbsOptimized: true,
			}},
			`{"JobFlowId":"j-1","InstanceGroups":[{"EbsConfiguration":{"EbsOptimized":true},"InstanceCount":3,"InstanceRole":"TASK","InstanceType":"m5.xlarge","Market":"SPOT","Name":"n"}]}`,
		},
		{
			"R7: everything", emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{
				Name: "emrguard/1 task s.j-1.ig-1.r", Role: emr.Task, Market: emr.Spot, BidPrice: "0.15", InstanceType: "r5.4xlarge", Count: 3, Configurations: nested, CustomAMI: "ami-1",
				Volumes: []emr.VolumeConfig{
					{Volume: emr.Volume{Type: "gp2", Size: 32}, Count: 2}, {Volume: emr.Volume{Type: "gp3", Size: 100, Iops: 4000, Throughput: 250}, Count: 1},
				},
			}},
			`{"JobFlowId":"j-1","InstanceGroups":[{"BidPrice":"0.15","Configurations":[{"Classification":"hadoop-env","Configurations":[{"Classification":"export","Properties":{"A":"1","B":""}}],"Properties":{}}],` +
				`"CustomAmiId":"ami-1","EbsConfiguration":{"EbsBlockDeviceConfigs":[{"VolumeSpecification":{"SizeInGB":32,"VolumeType":"gp2"},"VolumesPerInstance":2},` +
				`{"VolumeSpecification":{"Iops":4000,"SizeInGB":100,"Throughput":250,"VolumeType":"gp3"},"VolumesPerInstance":1}]},` +
				`"InstanceCount":3,"InstanceRole":"TASK","InstanceType":"r5.4xlarge","Market":"SPOT","Name":"emrguard/1 task s.j-1.ig-1.r"}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := do(t, tt.call, 200, `{}`)
			if compact(t, got.body) != compact(t, tt.want) {
				t.Errorf("\n got %s\nwant %s", got.body, tt.want)
			}
			if want := "ElasticMapReduce." + string(tt.call.Op); got.target != want {
				t.Errorf("target %q, want %q", got.target, want)
			}
		})
	}
}

func TestRequestHeaders(t *testing.T) {
	_, got := do(t, emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"}, 200, `{}`)
	for name, want := range map[string]string{
		"Content-Type":    "application/x-amz-json-1.1",
		"Amz-Sdk-Request": "attempt=1; max=1",
		"User-Agent":      "emrguard/1.2.3",
		"Authorization":   "/us-east-1/elasticmapreduce/aws4_request",
	} {
		if !strings.Contains(got.header.Get(name), want) {
			t.Errorf("%s is %q, want %q in it", name, got.header.Get(name), want)
		}
	}
}

func TestWhatIsNeverSent(t *testing.T) {
	s := serve(t, reply(200, `{}`))
	c := client(t, s.URL)
	for _, call := range []emr.Call{
		{},
		{Op: "RunJobFlow", Cluster: "j-1"},
		{Op: emr.TerminateJobFlows},
		{Op: emr.ListInstanceGroups},
		{Op: emr.ModifyInstanceGroups, Group: "ig-1", Count: 1},
		{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Count: 1},
		{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: -1},
		{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-1", Count: math.MaxInt32 + 1},
		{Op: emr.AddInstanceGroups, Cluster: "j-1"},
		{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge", Count: -1}},
		{Op: emr.AddInstanceGroups, Cluster: "j-1", Config: &emr.GroupConfig{InstanceType: "m5.xlarge", Count: 1}}, // refused by the SDK
	} {
		if r := c.Do(t.Context(), call); r.Err == nil || r.Err.Class != emr.Invalid || r.Err.OutcomeUnknown() {
			t.Errorf("%v: %+v", call, r.Err)
		}
	}
	if seen := s.seen(); len(seen) != 0 {
		t.Errorf("sent: %+v", seen)
	}
}
