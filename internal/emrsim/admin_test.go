package emrsim

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// adminWorld is a simulator with one ready cluster that has an auto-scaling role.
func adminWorld(t *testing.T) (*Sim, string) {
	t.Helper()
	s := New(Options{Seed: 1, Instant: true, Unthrottled: true})
	out, err := s.Do("", "RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("etl"), AutoScalingRole: ptr("role"), Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: ptr(true), InstanceGroups: []shapes.InstanceGroupConfig{
			{InstanceRole: ptr("MASTER"), InstanceType: ptr("m5.xlarge"), InstanceCount: ptr(1)},
			{InstanceRole: ptr("CORE"), InstanceType: ptr("m5.xlarge"), InstanceCount: ptr(1)},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	s.AdvanceTo(s.Now().Add(time.Hour))
	return s, *out.(*shapes.RunJobFlowOutput).JobFlowId
}

func TestAdministrativeOperationsRefuse(t *testing.T) {
	s, id := adminWorld(t)
	groups, apiErr := s.Do("", "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &id})
	if apiErr != nil {
		t.Fatal(apiErr)
	}
	master, core := groups.(*shapes.ListInstanceGroupsOutput).InstanceGroups[0].Id, groups.(*shapes.ListInstanceGroupsOutput).InstanceGroups[1].Id
	limits := func(unit string, low, high int) *shapes.ManagedScalingPolicy {
		return &shapes.ManagedScalingPolicy{ComputeLimits: &shapes.ComputeLimits{UnitType: &unit, MinimumCapacityUnits: &low, MaximumCapacityUnits: &high}}
	}
	policy := &shapes.AutoScalingPolicy{Constraints: &shapes.ScalingConstraints{MinCapacity: ptr(5), MaxCapacity: ptr(2)}, Rules: []shapes.ScalingRule{{Name: ptr("r")}}}
	step := shapes.StepConfig{Name: ptr("s"), HadoopJarStep: &shapes.HadoopJarStepConfig{Jar: ptr("j")}}
	fleet := &shapes.InstanceFleetConfig{InstanceFleetType: ptr("TASK"), InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: ptr("m5.xlarge")}}}
	tests := []struct {
		op   string
		in   any
		want string
	}{
		{"AddJobFlowSteps", &shapes.AddJobFlowStepsInput{JobFlowId: ptr("j-NONE"), Steps: []shapes.StepConfig{step}}, "ValidationException: Specified job flow ID not valid."},
		{"AddJobFlowSteps", &shapes.AddJobFlowStepsInput{JobFlowId: &id}, "ValidationException: At least one step must be specified."},
		{"AddJobFlowSteps", &shapes.AddJobFlowStepsInput{JobFlowId: &id, Steps: make([]shapes.StepConfig, 257)}, "ValidationException: Maximum number of active steps"},
		{"DescribeStep", &shapes.DescribeStepInput{ClusterId: &id, StepId: ptr("s-NONE")}, "InvalidRequestException: Step id 's-NONE' is not valid."},
		{"CancelSteps", &shapes.CancelStepsInput{ClusterId: &id, StepIds: []string{"s-NONE"}}, "InvalidRequestException: Step id 's-NONE' is not valid."},
		{"CancelSteps", &shapes.CancelStepsInput{ClusterId: &id}, "InvalidRequestException: Between 1 and 256 step ids"},
		{"ListSteps", &shapes.ListStepsInput{ClusterId: &id, StepIds: make([]string, 11)}, "InvalidRequestException: At most 10 step ids"},
		{"ListSteps", &shapes.ListStepsInput{ClusterId: &id, Marker: ptr("x")}, "InvalidRequestException: Marker 'x' is not valid."},
		{"AddTags", &shapes.AddTagsInput{ResourceId: &id, Tags: []shapes.Tag{{Key: ptr("aws:x")}}}, "InvalidRequestException: Tag keys that begin with aws: are reserved"},
		{"AddTags", &shapes.AddTagsInput{ResourceId: &id, Tags: []shapes.Tag{{}}}, "InvalidRequestException: Tag keys must have between 1 and 128"},
		{"ModifyCluster", &shapes.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: ptr(257)}, "InvalidRequestException: Step concurrency level must be between 1 and 256"},
		{"PutAutoTerminationPolicy", &shapes.PutAutoTerminationPolicyInput{ClusterId: &id, AutoTerminationPolicy: &shapes.AutoTerminationPolicy{IdleTimeout: ptr(int64(59))}}, "ValidationException: IdleTimeout must be between 60 and 604800"},
		{"PutManagedScalingPolicy", &shapes.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: limits("Instances", 5, 2)}, "ValidationException: MinimumCapacityUnits 5"},
		{"PutManagedScalingPolicy", &shapes.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: limits("InstanceFleetUnits", 1, 2)}, "ValidationException: Unit type InstanceFleetUnits does not fit"},
		{"PutManagedScalingPolicy", &shapes.PutManagedScalingPolicyInput{ClusterId: &id}, "ValidationException: Compute limits must be specified"},
		{"PutAutoScalingPolicy", &shapes.PutAutoScalingPolicyInput{ClusterId: &id, InstanceGroupId: ptr("ig-NONE"), AutoScalingPolicy: policy}, "ValidationException: Instance group id 'ig-NONE' is not valid."},
		{"PutAutoScalingPolicy", &shapes.PutAutoScalingPolicyInput{ClusterId: &id, InstanceGroupId: master, AutoScalingPolicy: policy}, "ValidationException: Automatic scaling policies are not supported for the master"},
		{"PutAutoScalingPolicy", &shapes.PutAutoScalingPolicyInput{ClusterId: &id, InstanceGroupId: core, AutoScalingPolicy: policy}, "ValidationException: MinCapacity 5 must not be"},
		{"ListInstanceFleets", &shapes.ListInstanceFleetsInput{ClusterId: &id}, "InvalidRequestException (API_DOES_NOT_SUPPORT_INSTANCE_GROUP_CLUSTERS): Instance fleets and instance groups are mutually exclusive."},
		{"AddInstanceFleet", &shapes.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: fleet}, "InvalidRequestException (API_DOES_NOT_SUPPORT_INSTANCE_GROUP_CLUSTERS)"},
		{"CreateSecurityConfiguration", &shapes.CreateSecurityConfigurationInput{Name: ptr("x"), SecurityConfiguration: ptr("{")}, "InvalidRequestException: Security configuration is not valid JSON."},
		{"DeleteSecurityConfiguration", &shapes.DeleteSecurityConfigurationInput{Name: ptr("x")}, "InvalidRequestException: Security configuration with name 'x' does not exist."},
		{"PutBlockPublicAccessConfiguration", &shapes.PutBlockPublicAccessConfigurationInput{BlockPublicAccessConfiguration: &shapes.BlockPublicAccessConfiguration{
			PermittedPublicSecurityGroupRuleRanges: []shapes.PortRange{{MinRange: ptr(9), MaxRange: ptr(1)}}}}, "InvalidRequestException: Port range 9-1 is not valid."},
		{"DescribeReleaseLabel", &shapes.DescribeReleaseLabelInput{ReleaseLabel: ptr("emr-0.1")}, "InvalidRequestException: The supplied release label is invalid: emr-0.1."},
		{"ListSupportedInstanceTypes", &shapes.ListSupportedInstanceTypesInput{ReleaseLabel: ptr("emr-0.1")}, "InvalidRequestException: The supplied release label is invalid"},
		{"DescribeJobFlows", &shapes.DescribeJobFlowsInput{JobFlowIds: []string{"j-NONE"}}, "ValidationException: Specified job flow ID not valid."},
		{"SetVisibleToAllUsers", &shapes.SetVisibleToAllUsersInput{JobFlowIds: []string{id, "j-NONE"}}, "ValidationException: Specified job flow ID not valid."},
	}
	for _, test := range tests {
		if _, err := s.Do("", test.op, test.in); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.op, err, test.want)
		}
	}
}

// Settings of a cluster that ended stay as they were.
func TestAnEndedClusterKeepsItsPolicies(t *testing.T) {
	s, id := adminWorld(t)
	if _, err := s.Do("", "TerminateJobFlows", &shapes.TerminateJobFlowsInput{JobFlowIds: []string{id}}); err != nil {
		t.Fatal(err)
	}
	for op, in := range map[string]any{
		"RemoveManagedScalingPolicy":  &shapes.RemoveManagedScalingPolicyInput{ClusterId: &id},
		"RemoveAutoTerminationPolicy": &shapes.RemoveAutoTerminationPolicyInput{ClusterId: &id},
		"ModifyCluster":               &shapes.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: ptr(2)},
	} {
		if _, err := s.Do("", op, in); err == nil {
			t.Errorf("%s of an ended cluster is accepted", op)
		}
	}
}

func TestStepsComeInPagesNewestFirst(t *testing.T) {
	s, id := adminWorld(t)
	var want []string
	for i := range 120 {
		out, err := s.Do("", "AddJobFlowSteps", &shapes.AddJobFlowStepsInput{JobFlowId: &id, Steps: []shapes.StepConfig{
			{Name: ptr(strconv.Itoa(i)), HadoopJarStep: &shapes.HadoopJarStepConfig{Jar: ptr("j")}}}})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{out.(*shapes.AddJobFlowStepsOutput).StepIds[0]}, want...)
	}
	var got []string
	in := &shapes.ListStepsInput{ClusterId: &id}
	for {
		out, err := s.Do("", "ListSteps", in)
		if err != nil {
			t.Fatal(err)
		}
		page := out.(*shapes.ListStepsOutput)
		if len(page.Steps) > stepPage {
			t.Errorf("a page of %d steps", len(page.Steps))
		}
		for _, st := range page.Steps {
			got = append(got, *st.Id)
		}
		if page.Marker == nil {
			break
		}
		in = &shapes.ListStepsInput{ClusterId: &id, Marker: page.Marker}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %d steps in another order than the %d added, newest first", len(got), len(want))
	}
}

func TestJobFlowsHaveTheOlderAPIsStates(t *testing.T) {
	s, id := adminWorld(t)
	state := func() string {
		out, err := s.Do("", "DescribeJobFlows", &shapes.DescribeJobFlowsInput{JobFlowIds: []string{id}})
		if err != nil {
			t.Fatal(err)
		}
		return *out.(*shapes.DescribeJobFlowsOutput).JobFlows[0].ExecutionStatusDetail.State
	}
	if got := state(); got != "WAITING" {
		t.Errorf("got %s", got)
	}
	if _, err := s.Do("", "SetKeepJobFlowAliveWhenNoSteps", &shapes.SetKeepJobFlowAliveWhenNoStepsInput{JobFlowIds: []string{id}, KeepJobFlowAliveWhenNoSteps: ptr(false)}); err != nil {
		t.Fatal(err)
	}
	s.AdvanceTo(s.Now().Add(time.Minute))
	if got := state(); got != "COMPLETED" {
		t.Errorf("after its last step: %s", got)
	}
	s.AdvanceTo(s.Now().Add(15 * 24 * time.Hour))
	out, err := s.Do("", "DescribeJobFlows", &shapes.DescribeJobFlowsInput{})
	if err != nil || len(out.(*shapes.DescribeJobFlowsOutput).JobFlows) != 0 {
		t.Errorf("two weeks later: %+v, %v", out, err)
	}
}
