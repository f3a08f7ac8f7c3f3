package wire_test

import (
	"slices"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// everyOperation is a served simulator with a cluster, and the operations called so far.
type everyOperation struct {
	*served
	c      *emr.Client
	id     string // of the cluster of groups
	called []string
}

// ok notes a call and ends the test on its error.
func (e *everyOperation) ok(t *testing.T, op string, err error) {
	t.Helper()
	e.called = append(e.called, op)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
}

// Every operation of EMR that the simulator knows is called through the AWS SDK, which decodes what it answers.
func TestEveryOperationThroughTheSDK(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 4, Unthrottled: true}, wire.Options{})
	e := &everyOperation{served: s, c: s.client(region)}
	e.called = append(e.called, "RunJobFlow")
	e.id = s.cluster(t, e.c, "etl")
	t.Run("clusters", e.clusters)
	t.Run("groups", e.groups)
	t.Run("steps", e.steps)
	t.Run("policies", e.policies)
	t.Run("fleets", e.instanceFleets)
	t.Run("security", e.security)
	t.Run("releases", e.releases)
	t.Run("end", e.end)
	slices.Sort(e.called)
	if got, want := slices.Compact(e.called), s.sim.Operations(emrsim.EMR); !slices.Equal(got, want) {
		t.Errorf("called  %v\nserved %v", got, want)
	}
}

func (e *everyOperation) clusters(t *testing.T) {
	ctx, id := t.Context(), &e.id
	list, err := e.c.ListClusters(ctx, &emr.ListClustersInput{ClusterStates: []types.ClusterState{types.ClusterStateWaiting},
		CreatedAfter: aws.Time(e.clock.Now().Add(-2 * time.Hour))})
	e.ok(t, "ListClusters", err)
	if len(list.Clusters) != 1 {
		t.Errorf("%d clusters", len(list.Clusters))
	}
	_, err = e.c.AddTags(ctx, &emr.AddTagsInput{ResourceId: id, Tags: []types.Tag{{Key: aws.String("emrguard"), Value: aws.String("observe")}, {Key: aws.String("a"), Value: aws.String("")}}})
	e.ok(t, "AddTags", err)
	_, err = e.c.AddTags(ctx, &emr.AddTagsInput{ResourceId: id, Tags: []types.Tag{{Key: aws.String("emrguard"), Value: aws.String("off")}}})
	e.ok(t, "AddTags", err)
	_, err = e.c.RemoveTags(ctx, &emr.RemoveTagsInput{ResourceId: id, TagKeys: []string{"a", "none"}})
	e.ok(t, "RemoveTags", err)
	_, err = e.c.SetVisibleToAllUsers(ctx, &emr.SetVisibleToAllUsersInput{JobFlowIds: []string{e.id}, VisibleToAllUsers: aws.Bool(false)})
	e.ok(t, "SetVisibleToAllUsers", err)
	_, err = e.c.SetUnhealthyNodeReplacement(ctx, &emr.SetUnhealthyNodeReplacementInput{JobFlowIds: []string{e.id}, UnhealthyNodeReplacement: aws.Bool(true)})
	e.ok(t, "SetUnhealthyNodeReplacement", err)
	_, err = e.c.SetKeepJobFlowAliveWhenNoSteps(ctx, &emr.SetKeepJobFlowAliveWhenNoStepsInput{JobFlowIds: []string{e.id}, KeepJobFlowAliveWhenNoSteps: aws.Bool(true)})
	e.ok(t, "SetKeepJobFlowAliveWhenNoSteps", err)
	_, err = e.c.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: []string{e.id}, TerminationProtected: aws.Bool(true)})
	e.ok(t, "SetTerminationProtection", err)
	modified, err := e.c.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: id, StepConcurrencyLevel: aws.Int32(2)})
	e.ok(t, "ModifyCluster", err)
	if *modified.StepConcurrencyLevel != 2 {
		t.Errorf("step concurrency %d", *modified.StepConcurrencyLevel)
	}
	described, err := e.c.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: id})
	e.ok(t, "DescribeCluster", err)
	x := described.Cluster
	if len(x.Tags) != 1 || *x.Tags[0].Value != "off" || *x.VisibleToAllUsers || !*x.UnhealthyNodeReplacement || !*x.TerminationProtected || *x.AutoTerminate || *x.StepConcurrencyLevel != 2 {
		t.Errorf("DescribeCluster: %+v", x)
	}
	boot, err := e.c.ListBootstrapActions(ctx, &emr.ListBootstrapActionsInput{ClusterId: id})
	e.ok(t, "ListBootstrapActions", err)
	if len(boot.BootstrapActions) != 1 || *boot.BootstrapActions[0].ScriptPath != "s3://b/setup.sh" || boot.BootstrapActions[0].Args[0] != "x" {
		t.Errorf("ListBootstrapActions: %+v", boot.BootstrapActions)
	}
	flows, err := e.c.DescribeJobFlows(ctx, &emr.DescribeJobFlowsInput{JobFlowIds: []string{e.id}}) //nolint:staticcheck // deprecated, and served all the same
	e.ok(t, "DescribeJobFlows", err)
	if len(flows.JobFlows) != 1 || flows.JobFlows[0].ExecutionStatusDetail.State != types.JobFlowExecutionStateWaiting || *flows.JobFlows[0].Instances.InstanceCount != 6 ||
		len(flows.JobFlows[0].Instances.InstanceGroups) != 3 || len(flows.JobFlows[0].BootstrapActions) != 1 {
		t.Errorf("DescribeJobFlows: %+v", flows.JobFlows)
	}
}

func (e *everyOperation) groups(t *testing.T) {
	ctx, id := t.Context(), &e.id
	groups, err := e.c.ListInstanceGroups(ctx, &emr.ListInstanceGroupsInput{ClusterId: id})
	e.ok(t, "ListInstanceGroups", err)
	if len(groups.InstanceGroups) != 3 {
		t.Errorf("%d groups", len(groups.InstanceGroups))
	}
	added, err := e.c.AddInstanceGroups(ctx, &emr.AddInstanceGroupsInput{JobFlowId: id, InstanceGroups: []types.InstanceGroupConfig{
		{InstanceRole: types.InstanceRoleTypeTask, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(1), Market: types.MarketTypeSpot, BidPrice: aws.String("0.2"),
			Configurations: []types.Configuration{{Classification: aws.String("yarn-site"), Properties: map[string]string{"a": "<&>"}}},
			EbsConfiguration: &types.EbsConfiguration{EbsBlockDeviceConfigs: []types.EbsBlockDeviceConfig{
				{VolumeSpecification: &types.VolumeSpecification{VolumeType: aws.String("gp3"), SizeInGB: aws.Int32(50)}, VolumesPerInstance: aws.Int32(2)}}}}}})
	e.ok(t, "AddInstanceGroups", err)
	g := group(t, e.c, e.id, types.InstanceGroupTypeTask)
	if *g.Id != added.InstanceGroupIds[0] || *g.BidPrice != "0.2" || g.Market != types.MarketTypeSpot || len(g.EbsBlockDevices) != 2 || g.Configurations[0].Properties["a"] != "<&>" {
		t.Errorf("the added group: %+v", g)
	}
	_, err = e.c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{ClusterId: id, InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: g.Id, InstanceCount: aws.Int32(2)}}})
	e.ok(t, "ModifyInstanceGroups", err)
	e.pass(t, time.Hour)
	instances, err := e.c.ListInstances(ctx, &emr.ListInstancesInput{ClusterId: id, InstanceGroupId: g.Id})
	e.ok(t, "ListInstances", err)
	if len(instances.Instances) != 2 || len(instances.Instances[0].EbsVolumes) != 2 {
		t.Errorf("ListInstances: %+v", instances.Instances)
	}
}

func (e *everyOperation) steps(t *testing.T) {
	ctx, id := t.Context(), &e.id
	var steps []types.StepConfig
	for _, name := range []string{"one", "two", "three"} {
		steps = append(steps, types.StepConfig{Name: &name, HadoopJarStep: &types.HadoopJarStepConfig{Jar: aws.String("command-runner.jar"), Args: []string{"true"},
			Properties: []types.KeyValue{{Key: aws.String("k"), Value: aws.String("v")}}}})
	}
	added, err := e.c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: id, Steps: steps, ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/step")})
	e.ok(t, "AddJobFlowSteps", err)
	list, err := e.c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: id})
	e.ok(t, "ListSteps", err)
	if len(list.Steps) != 3 || *list.Steps[0].Name != "three" || list.Steps[0].Status.State != types.StepStatePending || list.Steps[2].Status.State != types.StepStateRunning {
		t.Errorf("the newest step does not come first, or not two of them run: %+v", list.Steps)
	}
	cancelled, err := e.c.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: id, StepIds: added.StepIds[2:]})
	e.ok(t, "CancelSteps", err)
	if cancelled.CancelStepsInfoList[0].Status != types.CancelStepsRequestStatusSubmitted {
		t.Errorf("CancelSteps: %+v", cancelled.CancelStepsInfoList)
	}
	e.pass(t, time.Hour)
	step, err := e.c.DescribeStep(ctx, &emr.DescribeStepInput{ClusterId: id, StepId: &added.StepIds[0]})
	e.ok(t, "DescribeStep", err)
	if x := step.Step; x.Status.State != types.StepStateCompleted || x.ActionOnFailure != types.ActionOnFailureContinue || x.Config.Properties["k"] != "v" ||
		*x.ExecutionRoleArn != "arn:aws:iam::111122223333:role/step" || !x.Status.Timeline.EndDateTime.After(*x.Status.Timeline.StartDateTime) {
		t.Errorf("DescribeStep: %+v", x)
	}
	again, err := e.c.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: id, StepIds: added.StepIds[:1]})
	e.ok(t, "CancelSteps", err)
	if again.CancelStepsInfoList[0].Status != types.CancelStepsRequestStatusFailed {
		t.Errorf("a completed step was cancelled: %+v", again.CancelStepsInfoList)
	}
	done, err := e.c.ListSteps(ctx, &emr.ListStepsInput{ClusterId: id, StepStates: []types.StepState{types.StepStateCompleted}, StepIds: added.StepIds})
	e.ok(t, "ListSteps", err)
	if len(done.Steps) != 2 {
		t.Errorf("%d completed steps", len(done.Steps))
	}
}

func (e *everyOperation) policies(t *testing.T) {
	ctx, id := t.Context(), &e.id
	limits := &types.ComputeLimits{UnitType: types.ComputeLimitsUnitTypeInstances, MinimumCapacityUnits: aws.Int32(2), MaximumCapacityUnits: aws.Int32(10)}
	none, err := e.c.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: id})
	e.ok(t, "GetManagedScalingPolicy", err)
	if none.ManagedScalingPolicy != nil {
		t.Errorf("a policy that nobody put: %+v", none.ManagedScalingPolicy)
	}
	_, err = e.c.PutManagedScalingPolicy(ctx, &emr.PutManagedScalingPolicyInput{ClusterId: id, ManagedScalingPolicy: &types.ManagedScalingPolicy{ComputeLimits: limits}})
	e.ok(t, "PutManagedScalingPolicy", err)
	managed, err := e.c.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: id})
	e.ok(t, "GetManagedScalingPolicy", err)
	if *managed.ManagedScalingPolicy.ComputeLimits.MaximumCapacityUnits != 10 {
		t.Errorf("GetManagedScalingPolicy: %+v", managed.ManagedScalingPolicy)
	}
	_, err = e.c.RemoveManagedScalingPolicy(ctx, &emr.RemoveManagedScalingPolicyInput{ClusterId: id})
	e.ok(t, "RemoveManagedScalingPolicy", err)

	_, err = e.c.PutAutoTerminationPolicy(ctx, &emr.PutAutoTerminationPolicyInput{ClusterId: id, AutoTerminationPolicy: &types.AutoTerminationPolicy{IdleTimeout: aws.Int64(7200)}})
	e.ok(t, "PutAutoTerminationPolicy", err)
	idle, err := e.c.GetAutoTerminationPolicy(ctx, &emr.GetAutoTerminationPolicyInput{ClusterId: id})
	e.ok(t, "GetAutoTerminationPolicy", err)
	if *idle.AutoTerminationPolicy.IdleTimeout != 7200 {
		t.Errorf("GetAutoTerminationPolicy: %+v", idle.AutoTerminationPolicy)
	}
	_, err = e.c.RemoveAutoTerminationPolicy(ctx, &emr.RemoveAutoTerminationPolicyInput{ClusterId: id})
	e.ok(t, "RemoveAutoTerminationPolicy", err)

	g := group(t, e.c, e.id, types.InstanceGroupTypeTask)
	put, err := e.c.PutAutoScalingPolicy(ctx, &emr.PutAutoScalingPolicyInput{ClusterId: id, InstanceGroupId: g.Id, AutoScalingPolicy: &types.AutoScalingPolicy{
		Constraints: &types.ScalingConstraints{MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(8)},
		Rules: []types.ScalingRule{{Name: aws.String("out"),
			Action: &types.ScalingAction{SimpleScalingPolicyConfiguration: &types.SimpleScalingPolicyConfiguration{ScalingAdjustment: aws.Int32(1)}},
			Trigger: &types.ScalingTrigger{CloudWatchAlarmDefinition: &types.CloudWatchAlarmDefinition{ComparisonOperator: types.ComparisonOperatorLessThan,
				MetricName: aws.String("YARNMemoryAvailablePercentage"), Period: aws.Int32(300), Threshold: aws.Float64(15),
				Dimensions: []types.MetricDimension{{Key: aws.String("JobFlowId"), Value: aws.String("${emr.clusterId}")}}}}}}}})
	e.ok(t, "PutAutoScalingPolicy", err)
	alarm := put.AutoScalingPolicy.Rules[0].Trigger.CloudWatchAlarmDefinition
	if put.AutoScalingPolicy.Status.State != types.AutoScalingPolicyStateAttached || *alarm.Dimensions[0].Value != e.id || alarm.Statistic != types.StatisticAverage ||
		*alarm.EvaluationPeriods != 1 || *alarm.Namespace != "AWS/ElasticMapReduce" {
		t.Errorf("PutAutoScalingPolicy: %+v", put.AutoScalingPolicy)
	}
	if group(t, e.c, e.id, types.InstanceGroupTypeTask).AutoScalingPolicy == nil {
		t.Error("the attached policy is not listed")
	}
	_, err = e.c.RemoveAutoScalingPolicy(ctx, &emr.RemoveAutoScalingPolicyInput{ClusterId: id, InstanceGroupId: g.Id})
	e.ok(t, "RemoveAutoScalingPolicy", err)
}

func (e *everyOperation) instanceFleets(t *testing.T) {
	ctx := t.Context()
	fleet := func(role types.InstanceFleetType, onDemand, spot int32) types.InstanceFleetConfig {
		return types.InstanceFleetConfig{InstanceFleetType: role, TargetOnDemandCapacity: &onDemand, TargetSpotCapacity: &spot,
			InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: aws.String("m5.xlarge")}}}
	}
	run, err := e.c.RunJobFlow(ctx, &emr.RunJobFlowInput{Name: aws.String("fleets"), Instances: &types.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: aws.Bool(true),
		InstanceFleets: []types.InstanceFleetConfig{fleet(types.InstanceFleetTypeMaster, 1, 0), fleet(types.InstanceFleetTypeCore, 1, 1)}}})
	e.ok(t, "RunJobFlow", err)
	id := run.JobFlowId
	e.pass(t, time.Hour)
	task := fleet(types.InstanceFleetTypeTask, 0, 2)
	added, err := e.c.AddInstanceFleet(ctx, &emr.AddInstanceFleetInput{ClusterId: id, InstanceFleet: &task})
	e.ok(t, "AddInstanceFleet", err)
	e.pass(t, time.Hour)
	_, err = e.c.ModifyInstanceFleet(ctx, &emr.ModifyInstanceFleetInput{ClusterId: id, InstanceFleet: &types.InstanceFleetModifyConfig{InstanceFleetId: added.InstanceFleetId, TargetSpotCapacity: aws.Int32(4), TargetOnDemandCapacity: aws.Int32(1)}})
	e.ok(t, "ModifyInstanceFleet", err)
	e.pass(t, time.Minute)
	list, err := e.c.ListInstanceFleets(ctx, &emr.ListInstanceFleetsInput{ClusterId: id})
	e.ok(t, "ListInstanceFleets", err)
	if f := list.InstanceFleets[2]; f.Status.State == types.InstanceFleetStateRunning || *f.TargetSpotCapacity != 4 || *f.ProvisionedSpotCapacity != 2 {
		t.Errorf("a minute after the change: %+v, %s", f, f.Status.State)
	}
	e.pass(t, time.Hour)
	list, err = e.c.ListInstanceFleets(ctx, &emr.ListInstanceFleetsInput{ClusterId: id})
	e.ok(t, "ListInstanceFleets", err)
	if f := list.InstanceFleets[2]; f.Status.State != types.InstanceFleetStateRunning || *f.ProvisionedSpotCapacity != 4 || *f.ProvisionedOnDemandCapacity != 1 {
		t.Errorf("an hour after the change: %+v, %s", f, f.Status.State)
	}
	_, err = e.c.ListInstanceGroups(ctx, &emr.ListInstanceGroupsInput{ClusterId: id})
	wantCode(t, err, "InvalidRequestException", "Instance fleets and instance groups are mutually exclusive.")
	_, err = e.c.ListInstanceFleets(ctx, &emr.ListInstanceFleetsInput{ClusterId: &e.id})
	wantCode(t, err, "InvalidRequestException", "uses instance groups")
}

func (e *everyOperation) security(t *testing.T) {
	ctx, name := t.Context(), aws.String("tls")
	_, err := e.c.CreateSecurityConfiguration(ctx, &emr.CreateSecurityConfigurationInput{Name: name, SecurityConfiguration: aws.String(`{"EncryptionConfiguration": {}}`)})
	e.ok(t, "CreateSecurityConfiguration", err)
	_, err = e.c.CreateSecurityConfiguration(ctx, &emr.CreateSecurityConfigurationInput{Name: name, SecurityConfiguration: aws.String(`{}`)})
	wantCode(t, err, "InvalidRequestException", "already exists")
	described, err := e.c.DescribeSecurityConfiguration(ctx, &emr.DescribeSecurityConfigurationInput{Name: name})
	e.ok(t, "DescribeSecurityConfiguration", err)
	if *described.SecurityConfiguration != `{"EncryptionConfiguration": {}}` {
		t.Errorf("DescribeSecurityConfiguration: %+v", described)
	}
	list, err := e.c.ListSecurityConfigurations(ctx, &emr.ListSecurityConfigurationsInput{})
	e.ok(t, "ListSecurityConfigurations", err)
	if len(list.SecurityConfigurations) != 1 {
		t.Errorf("ListSecurityConfigurations: %+v", list.SecurityConfigurations)
	}
	_, err = e.c.DeleteSecurityConfiguration(ctx, &emr.DeleteSecurityConfigurationInput{Name: name})
	e.ok(t, "DeleteSecurityConfiguration", err)
	_, err = e.c.DescribeSecurityConfiguration(ctx, &emr.DescribeSecurityConfigurationInput{Name: name})
	wantCode(t, err, "InvalidRequestException", "does not exist")

	before, err := e.c.GetBlockPublicAccessConfiguration(ctx, &emr.GetBlockPublicAccessConfigurationInput{})
	e.ok(t, "GetBlockPublicAccessConfiguration", err)
	if !*before.BlockPublicAccessConfiguration.BlockPublicSecurityGroupRules || before.BlockPublicAccessConfigurationMetadata.CreatedByArn == nil {
		t.Errorf("the default: %+v", before.BlockPublicAccessConfiguration)
	}
	_, err = e.c.PutBlockPublicAccessConfiguration(ctx, &emr.PutBlockPublicAccessConfigurationInput{BlockPublicAccessConfiguration: &types.BlockPublicAccessConfiguration{BlockPublicSecurityGroupRules: aws.Bool(false)}})
	e.ok(t, "PutBlockPublicAccessConfiguration", err)
	after, err := e.c.GetBlockPublicAccessConfiguration(ctx, &emr.GetBlockPublicAccessConfigurationInput{})
	e.ok(t, "GetBlockPublicAccessConfiguration", err)
	if *after.BlockPublicAccessConfiguration.BlockPublicSecurityGroupRules {
		t.Errorf("after the change: %+v", after.BlockPublicAccessConfiguration)
	}
}

func (e *everyOperation) releases(t *testing.T) {
	ctx := t.Context()
	labels, err := e.c.ListReleaseLabels(ctx, &emr.ListReleaseLabelsInput{Filters: &types.ReleaseLabelFilter{Prefix: aws.String("emr-6"), Application: aws.String("spark@3.4.1")}, MaxResults: aws.Int32(1)})
	e.ok(t, "ListReleaseLabels", err)
	if len(labels.ReleaseLabels) != 1 || labels.ReleaseLabels[0] != "emr-6.15.0" || labels.NextToken == nil {
		t.Errorf("ListReleaseLabels: %v, next %v", labels.ReleaseLabels, labels.NextToken)
	}
	release, err := e.c.DescribeReleaseLabel(ctx, &emr.DescribeReleaseLabelInput{ReleaseLabel: aws.String("emr-7.5.0")})
	e.ok(t, "DescribeReleaseLabel", err)
	if len(release.Applications) != 3 {
		t.Errorf("DescribeReleaseLabel: %+v", release.Applications)
	}
	seen := map[string]bool{}
	for p := emr.NewListSupportedInstanceTypesPaginator(e.c, &emr.ListSupportedInstanceTypesInput{ReleaseLabel: aws.String("emr-7.5.0")}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		e.ok(t, "ListSupportedInstanceTypes", err)
		for _, x := range page.SupportedInstanceTypes {
			seen[*x.Type] = true
		}
	}
	if !seen["m5.xlarge"] || len(seen) < 60 {
		t.Errorf("%d instance types", len(seen))
	}
}

func (e *everyOperation) end(t *testing.T) {
	ctx := t.Context()
	_, err := e.c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{e.id}})
	wantCode(t, err, "ValidationException", "termination protected")
	_, err = e.c.SetTerminationProtection(ctx, &emr.SetTerminationProtectionInput{JobFlowIds: []string{e.id}, TerminationProtected: aws.Bool(false)})
	e.ok(t, "SetTerminationProtection", err)
	_, err = e.c.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{e.id}})
	e.ok(t, "TerminateJobFlows", err)
	_, err = e.c.AddJobFlowSteps(ctx, &emr.AddJobFlowStepsInput{JobFlowId: &e.id, Steps: []types.StepConfig{{Name: aws.String("late"), HadoopJarStep: &types.HadoopJarStepConfig{Jar: aws.String("x.jar")}}}})
	wantCode(t, err, "ValidationException", "may not be modified")
}
