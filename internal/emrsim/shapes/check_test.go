package shapes

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func p[T any](v T) *T { return &v }

func TestCheckNamesEveryViolationInTheServicesWords(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"nothing wrong", &ListInstanceGroupsInput{ClusterId: p("j-1")}, ""},
		{"required", &ListInstanceGroupsInput{},
			"1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null"},
		{"nested, twice", &AddInstanceGroupsInput{JobFlowId: p("j-1"), InstanceGroups: []InstanceGroupConfig{
			{InstanceRole: p("TASK"), InstanceType: p("m5.xlarge"), InstanceCount: p(0)},
			{InstanceRole: p("WORKER"), InstanceType: p("")}}},
			"3 validation errors detected: Value 'WORKER' at 'instanceGroups.2.member.instanceRole' failed to satisfy constraint: Member must satisfy enum value set: [MASTER, CORE, TASK]; " +
				"Value '' at 'instanceGroups.2.member.instanceType' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value null at 'instanceGroups.2.member.instanceCount' failed to satisfy constraint: Member must not be null"},
		{"element of a list", &ListClustersInput{ClusterStates: []string{"RUNNING", "ASLEEP"}},
			"1 validation error detected: Value '[ASLEEP]' at 'clusterStates' failed to satisfy constraint: Member must satisfy constraint: " +
				"[Member must satisfy enum value set: [STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS]]"},
		{"range", &ModifyInstanceFleetInput{ClusterId: p("j-1"), InstanceFleet: &InstanceFleetModifyConfig{InstanceFleetId: p("if-1"), TargetSpotCapacity: p(-1)}},
			"1 validation error detected: Value '-1' at 'instanceFleet.targetSpotCapacity' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"more volumes than an instance takes", &AddInstanceFleetInput{ClusterId: p("j-1"), InstanceFleet: &InstanceFleetConfig{InstanceFleetType: p("TASK"),
			InstanceTypeConfigs: []InstanceTypeConfig{{InstanceType: p("m5.xlarge"), EbsConfiguration: &EbsConfiguration{EbsBlockDeviceConfigs: make([]EbsBlockDeviceConfig, 26)}}}}},
			"1 validation error detected: Value '[26 elements]' at 'instanceFleet.instanceTypeConfigs.1.member.ebsConfiguration.ebsBlockDeviceConfigs' " +
				"failed to satisfy constraint: Member must have length less than or equal to 25"},
		{"control character", &AddInstanceGroupsInput{JobFlowId: p("j-\x01"), InstanceGroups: []InstanceGroupConfig{}},
			"1 validation error detected: Value 'j-\x01' at 'jobFlowId' failed to satisfy constraint: Member must satisfy regular expression pattern: " + textPattern},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := Check(test.in); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestCheckBoundsItsText(t *testing.T) {
	err := Check(&AddInstanceGroupsInput{JobFlowId: p("j-1"), InstanceGroups: make([]InstanceGroupConfig, 5000)})
	var ce *ConstraintError
	if !errors.As(err, &ce) || len(ce.Violations) != maxViolations {
		t.Fatalf("got %v, want %d violations", err, maxViolations)
	}
}

// Every line of constraints.txt must belong to a member that exists, or it would never be checked.
func TestConstraintsBelongToMembers(t *testing.T) {
	known := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for s.Kind() == reflect.Pointer || s.Kind() == reflect.Slice || s.Kind() == reflect.Map {
			s = s.Elem()
		}
		if s.Kind() != reflect.Struct || s == reflect.TypeFor[Time]() || known[s.Name()] {
			return
		}
		known[s.Name()] = true
		for i := range s.NumField() {
			known[s.Name()+"."+s.Field(i).Name] = true
			walk(s.Field(i).Type)
		}
	}
	for _, in := range everyInput {
		walk(reflect.TypeOf(in))
	}
	for key := range constraints() {
		if !known[key] {
			t.Errorf("constraints.txt: no operation takes a %s", key)
		}
	}
}

// everyInput names one input structure of each operation the simulator serves.
var everyInput = []any{
	RunJobFlowInput{}, DescribeClusterInput{}, DescribeJobFlowsInput{}, ListClustersInput{}, TerminateJobFlowsInput{},
	SetTerminationProtectionInput{}, SetVisibleToAllUsersInput{}, SetKeepJobFlowAliveWhenNoStepsInput{}, SetUnhealthyNodeReplacementInput{},
	ListInstanceGroupsInput{}, AddInstanceGroupsInput{}, ModifyInstanceGroupsInput{}, ListInstancesInput{}, ListInstanceFleetsInput{},
	AddInstanceFleetInput{}, ModifyInstanceFleetInput{}, ModifyClusterInput{}, PutAutoScalingPolicyInput{}, RemoveAutoScalingPolicyInput{},
	GetManagedScalingPolicyInput{}, PutManagedScalingPolicyInput{}, RemoveManagedScalingPolicyInput{}, GetAutoTerminationPolicyInput{},
	PutAutoTerminationPolicyInput{}, RemoveAutoTerminationPolicyInput{}, ListBootstrapActionsInput{}, AddJobFlowStepsInput{}, ListStepsInput{},
	DescribeStepInput{}, CancelStepsInput{}, AddTagsInput{}, RemoveTagsInput{}, CreateSecurityConfigurationInput{},
	DescribeSecurityConfigurationInput{}, ListSecurityConfigurationsInput{}, DeleteSecurityConfigurationInput{},
	GetBlockPublicAccessConfigurationInput{}, PutBlockPublicAccessConfigurationInput{}, ListReleaseLabelsInput{}, DescribeReleaseLabelInput{},
	ListSupportedInstanceTypesInput{}, GetMetricDataInput{}, GetMetricStatisticsInput{}, ListMetricsInput{}, PutMetricDataInput{},
	ReceiveMessageInput{}, DeleteMessageInput{}, DeleteMessageBatchInput{},
	DescribeSpotPriceHistoryInput{},
}

func TestAbsentAndEmptyAreDifferent(t *testing.T) {
	b, err := json.Marshal(InstanceGroup{RequestedInstanceCount: p(0), Configurations: []Configuration{}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"RequestedInstanceCount":0,"Configurations":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTimeIsANumberOfSecondsWithMilliseconds(t *testing.T) {
	var at Time
	if err := json.Unmarshal([]byte("1479413437.342"), &at); err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(at); err != nil || string(b) != "1479413437.342" {
		t.Errorf("got %s, %v", b, err)
	}
	for _, bad := range []string{`"2026-01-01T00:00:00Z"`, "-1", "1e300", "true"} {
		if err := json.Unmarshal([]byte(bad), &at); err == nil || !strings.Contains(err.Error(), "number of seconds") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
