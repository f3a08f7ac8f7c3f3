package wire_test

import (
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// The story of a cluster through the AWS SDK: made, resized, a group added and emptied, ended.
func TestTheSDKTellsTheStoryOfACluster(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 1}, wire.Options{})
	c := s.client(region)
	ctx := t.Context()
	id := s.cluster(t, c, "etl")

	described, err := c.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		t.Fatal(err)
	}
	if described.Cluster.Status.State != types.ClusterStateWaiting || described.Cluster.InstanceCollectionType != types.InstanceCollectionTypeInstanceGroup {
		t.Errorf("after an hour the cluster is %s of %s", described.Cluster.Status.State, described.Cluster.InstanceCollectionType)
	}
	if got := described.Cluster.Status.Timeline.CreationDateTime; !got.Equal(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("made at %s", got)
	}
	task := group(t, c, id, types.InstanceGroupTypeTask)
	if _, err := c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{ClusterId: &id, InstanceGroups: []types.InstanceGroupModifyConfig{
		{InstanceGroupId: task.Id, InstanceCount: aws.Int32(5)}}}); err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Minute)
	if g := group(t, c, id, types.InstanceGroupTypeTask); g.Status.State != types.InstanceGroupStateResizing || *g.RequestedInstanceCount != 5 || *g.RunningInstanceCount != 3 {
		t.Errorf("a minute after the resize: %s, %d of %d", g.Status.State, *g.RunningInstanceCount, *g.RequestedInstanceCount)
	}
	s.pass(t, 20*time.Minute)
	if g := group(t, c, id, types.InstanceGroupTypeTask); g.Status.State != types.InstanceGroupStateRunning || *g.RunningInstanceCount != 5 {
		t.Errorf("after the resize: %s, %d running", g.Status.State, *g.RunningInstanceCount)
	}

	added, err := c.AddInstanceGroups(ctx, &emr.AddInstanceGroupsInput{JobFlowId: &id, InstanceGroups: []types.InstanceGroupConfig{
		{InstanceRole: types.InstanceRoleTypeTask, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(0), Name: aws.String("spare")}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(added.InstanceGroupIds) != 1 || *added.JobFlowId != id {
		t.Errorf("added %v to %s", added.InstanceGroupIds, *added.JobFlowId)
	}
	s.pass(t, 10*time.Minute)
	if g := group(t, c, id, types.InstanceGroupTypeTask); *g.Id != added.InstanceGroupIds[0] || g.RequestedInstanceCount == nil || *g.RequestedInstanceCount != 0 {
		t.Errorf("a count of zero does not survive: %+v", g)
	}
	if _, err := c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{InstanceGroups: []types.InstanceGroupModifyConfig{
		{InstanceGroupId: task.Id, InstanceCount: aws.Int32(0)}}}); err != nil {
		t.Fatal(err)
	}
	s.pass(t, 2*time.Hour)
	out, err := c.ListInstances(ctx, &emr.ListInstancesInput{ClusterId: &id, InstanceGroupId: task.Id, InstanceStates: []types.InstanceState{types.InstanceStateRunning}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Instances) != 0 {
		t.Errorf("%d instances run in an emptied group", len(out.Instances))
	}

	if _, err := c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}}); err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Hour)
	list, err := c.ListClusters(ctx, &emr.ListClustersInput{ClusterStates: []types.ClusterState{types.ClusterStateTerminated}})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Clusters) != 1 || list.Clusters[0].Status.StateChangeReason.Code != types.ClusterStateChangeReasonCodeUserRequest {
		t.Errorf("ended clusters: %+v", list.Clusters)
	}
}

func TestPaginatorsSeeEverythingOnce(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 2, Unthrottled: true, GroupPage: 2}, wire.Options{})
	c := s.client(region)
	const many = 120
	for range many {
		s.run(t, "small", 1)
	}
	id := *s.run(t, "big", 130)
	s.pass(t, time.Hour)

	clusters := map[string]bool{}
	pages := 0
	for p := emr.NewListClustersPaginator(c, &emr.ListClustersInput{}); p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out.Clusters {
			clusters[*x.Id] = true
		}
	}
	if len(clusters) != many+1 || pages != 3 {
		t.Errorf("%d clusters on %d pages, want %d on 3", len(clusters), pages, many+1)
	}
	instances := map[string]bool{}
	for p := emr.NewListInstancesPaginator(c, &emr.ListInstancesInput{ClusterId: &id}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Instances) > 50 {
			t.Errorf("a page of %d instances", len(out.Instances))
		}
		for _, x := range out.Instances {
			instances[*x.Id] = true
		}
	}
	if len(instances) != 132 {
		t.Errorf("%d instances, want 132", len(instances))
	}
	groups := 0
	for p := emr.NewListInstanceGroupsPaginator(c, &emr.ListInstanceGroupsInput{ClusterId: &id}); p.HasMorePages(); {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		groups += len(out.InstanceGroups)
	}
	if groups != 3 {
		t.Errorf("%d groups, want 3", groups)
	}
	_, err := c.ListClusters(t.Context(), &emr.ListClustersInput{Marker: aws.String("made up")})
	wantCode(t, err, "InvalidRequestException", "Marker 'made up' is not valid.")
}

func TestRegionsAreWorldsOfTheirOwn(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 3}, wire.Options{})
	id := s.cluster(t, s.client("eu-central-1"), "here")
	_, err := s.client("eu-central-2").DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &id})
	wantCode(t, err, "InvalidRequestException", "Cluster id '"+id+"' is not valid.")
}
