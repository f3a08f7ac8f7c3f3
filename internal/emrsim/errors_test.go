package emrsim

import (
	"fmt"
	"testing"

	"emrguard/internal/emrsim/shapes"
)

// TestDocumentedErrors goes through the codes and texts seen in the wild.
func TestDocumentedErrors(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true}, cfg("task", roleTask, 4))
	lone := *w.must("RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("lone"), Instances: &shapes.JobFlowInstancesConfig{
		InstanceGroups: []shapes.InstanceGroupConfig{cfg("master", roleMaster, 1)}, KeepJobFlowAliveWhenNoSteps: ptr(true)}}).(*shapes.RunJobFlowOutput).JobFlowId
	fleets, err := w.Place(east, &shapes.RunJobFlowInput{Name: ptr("fleets"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true), InstanceFleets: []shapes.InstanceFleetConfig{
		{InstanceFleetType: ptr(roleMaster), TargetOnDemandCapacity: ptr(1), InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: ptr("m5.xlarge")}}}}}}, Placed{Ready: true})
	if err != nil {
		t.Fatal(err)
	}
	w.wait(1e12) // 1000 s: they run
	starting := *w.must("RunJobFlow", flow("starting", cfg("task", roleTask, 1))).(*shapes.RunJobFlowOutput).JobFlowId
	task, core, master := w.truth("task").ID, w.truth("core").ID, w.truth("master").ID
	change := func(cluster, group string, n int) *shapes.ModifyInstanceGroupsInput {
		return &shapes.ModifyInstanceGroupsInput{ClusterId: &cluster, InstanceGroups: []shapes.InstanceGroupModifyConfig{{InstanceGroupId: &group, InstanceCount: &n}}}
	}
	add := func(cluster string, groups ...shapes.InstanceGroupConfig) *shapes.AddInstanceGroupsInput {
		return &shapes.AddInstanceGroupsInput{JobFlowId: &cluster, InstanceGroups: groups}
	}
	twice := change(w.id, task, 5)
	twice.InstanceGroups = append(twice.InstanceGroups, twice.InstanceGroups[0])
	mixed := change(w.id, task, 7)
	mixed.InstanceGroups = append(mixed.InstanceGroups, shapes.InstanceGroupModifyConfig{InstanceGroupId: ptr("ig-NO"), InstanceCount: ptr(1)})
	ends := change(w.id, task, 3)
	ends.InstanceGroups[0].EC2InstanceIdsToTerminate = []string{"i-no"}
	huge, unheard := cfg("x", roleTask, 1), cfg("m", roleMaster, 1)
	huge.InstanceType, unheard.InstanceType = ptr("m5."), ptr("foo.bar")
	ofTypes := func(types ...string) *shapes.InstanceFleetConfig {
		fleet := &shapes.InstanceFleetConfig{InstanceFleetType: ptr(roleTask), TargetSpotCapacity: ptr(1)}
		for _, name := range types {
			fleet.InstanceTypeConfigs = append(fleet.InstanceTypeConfigs, shapes.InstanceTypeConfig{InstanceType: &name})
		}
		return fleet
	}
	primary := ofTypes("foo.bar")
	primary.InstanceFleetType = ptr(roleMaster)
	for _, c := range []struct {
		name, op string
		in       any
		want     string // Type(Code): Message
	}{
		{"starting cluster", "ModifyInstanceGroups", change(starting, task, 1), "ValidationException(): An instance group may only be modified when the cluster is running or waiting"},
		{"primary", "ModifyInstanceGroups", change(w.id, master, 2), "ValidationException(): A master instance group may not be modified"},
		{"core to 0", "ModifyInstanceGroups", change(w.id, core, 0), "ValidationException(): An instance group must have at least one instance."},
		{"unknown group", "ModifyInstanceGroups", change(w.id, "ig-NO", 1), "ValidationException(): Instance group id 'ig-NO' is not valid."},
		{"one of two unknown", "ModifyInstanceGroups", mixed, "ValidationException(): Instance group id 'ig-NO' is not valid."},
		{"no cluster, unknown group", "ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{InstanceGroups: change("", "ig-NO", 1).InstanceGroups}, "ValidationException(): Instance group id 'ig-NO' is not valid."},
		{"group of another cluster", "ModifyInstanceGroups", change(lone, task, 1), "ValidationException(): Instance group id '" + task + "' is not valid."},
		{"group twice", "ModifyInstanceGroups", twice, "ValidationException(): Instance group id '" + task + "' is given more than once."},
		{"negative", "ModifyInstanceGroups", change(w.id, task, -1), "ValidationException(): Instance count -1 is not between 0 and 2000."},
		{"unknown instance", "ModifyInstanceGroups", ends, "ValidationException(): Instance id 'i-no' is not valid."},
		{"unknown cluster", "ModifyInstanceGroups", change("j-NO", task, 1), "InvalidRequestException(NoSuchCluster): Cluster id 'j-NO' is not valid."},
		{"fleets", "ModifyInstanceGroups", change(fleets, task, 1), "InvalidRequestException(API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS): Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses instance fleets. The ModifyInstanceGroups operation does not support clusters that use instance fleets. Use the ListInstanceFleets operation instead."},
		{"unknown cluster", "DescribeCluster", &shapes.DescribeClusterInput{ClusterId: ptr("j-NO")}, "InvalidRequestException(NoSuchCluster): Cluster id 'j-NO' is not valid."},
		{"unknown cluster", "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: ptr("j-NO")}, "InvalidRequestException(NoSuchCluster): Cluster id 'j-NO' is not valid."},
		{"bad marker", "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id, Marker: ptr("x")}, "InvalidRequestException(): Marker 'x' is not valid."},
		{"unknown group", "ListInstances", &shapes.ListInstancesInput{ClusterId: &w.id, InstanceGroupId: ptr("ig-NO")}, "InvalidRequestException(): Instance group id 'ig-NO' is not valid"},
		{"unknown job flow", "AddInstanceGroups", add("j-NO", cfg("x", roleTask, 1)), "ValidationException(): Specified job flow ID not valid."},
		{"second core", "AddInstanceGroups", add(w.id, cfg("x", roleCore, 1)), "ValidationException(): Only task instance groups may be added to a running job flow."},
		{"master only", "AddInstanceGroups", add(lone, cfg("x", roleTask, 1)), "ValidationException(): Cannot add instance groups to a master only job flow"},
		{"type", "AddInstanceGroups", add(w.id, huge), "ValidationException(): Instance type 'm5.' is not supported."},
		{"type", "RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("x"), Instances: &shapes.JobFlowInstancesConfig{InstanceGroups: []shapes.InstanceGroupConfig{unheard}}}, "ValidationException(): Instance type 'foo.bar' is not supported."},
		{"type of the old way", "RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("x"), Instances: &shapes.JobFlowInstancesConfig{MasterInstanceType: ptr("m5"), InstanceCount: ptr(1)}}, "ValidationException(): Instance type 'm5' is not supported."},
		{"type of a fleet", "RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("x"), Instances: &shapes.JobFlowInstancesConfig{InstanceFleets: []shapes.InstanceFleetConfig{*primary}}}, "ValidationException(): Instance type 'foo.bar' is not supported."},
		{"second type", "AddInstanceFleet", &shapes.AddInstanceFleetInput{ClusterId: &fleets, InstanceFleet: ofTypes("m5.xlarge", "foo.bar")}, "ValidationException(): Instance type 'foo.bar' is not supported."},
		{"unknown job flow", "TerminateJobFlows", &shapes.TerminateJobFlowsInput{JobFlowIds: []string{w.id, "j-NO"}}, "ValidationException(): Specified job flow ID not valid."},
		{"no name", "RunJobFlow", &shapes.RunJobFlowInput{}, "ValidationException(): 1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"core 0", "RunJobFlow", &shapes.RunJobFlowInput{Name: ptr("x"), Instances: &shapes.JobFlowInstancesConfig{InstanceGroups: []shapes.InstanceGroupConfig{cfg("m", roleMaster, 1), cfg("c", roleCore, 0)}}}, "ValidationException(): An instance group must have at least one instance."},
		{"unknown op", "Frobnicate", nil, "UnknownOperationException(): Unknown operation: Frobnicate"},
		{"wrong input", "ListClusters", &shapes.RunJobFlowInput{}, "SerializationException(): ListClusters does not take a *shapes.RunJobFlowInput"},
	} {
		t.Run(c.op+"/"+c.name, func(t *testing.T) {
			_, err := w.Do(east, c.op, c.in)
			if err == nil {
				t.Fatal("accepted")
			}
			if got := fmt.Sprintf("%s(%s): %s", err.Type, err.Code, err.Message); got != c.want || err.Status != 400 {
				t.Errorf("%d %s\nwant %s", err.Status, got, c.want)
			}
		})
	}
	w.check("task", stateRunning, 4, 4) // no failed call changed anything
}

func TestTaskGroupsAreLimitedAndForEver(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true, Instant: true}, cfg("task", roleTask, 0))
	for i := range maxTaskGroups - 1 {
		w.must("AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg(fmt.Sprint("g", i), roleTask, 0)}})
	}
	_, err := w.Do(east, "AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg("one too many", roleTask, 0)}})
	if err == nil || err.Message != "A job flow may have at most 48 task instance groups." {
		t.Fatal(err)
	}
	if n := len(w.list()); n != 50 {
		t.Fatalf("%d groups in all", n)
	}
}

func TestAddWithNothingIsASwitch(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		w := newWorld(t, Options{Unknowns: Unknowns{RefuseEmptyAdd: refuse}}, cfg("task", roleTask, 1))
		_, err := w.Do(east, "AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg("x", roleTask, 0)}})
		if (err != nil) != refuse {
			t.Errorf("refuse %t: %v", refuse, err)
		}
		if !refuse {
			w.wait(60e9)
			w.check("x", stateRunning, 0, 0)
		}
	}
}

func TestTerminationProtection(t *testing.T) {
	w := newWorld(t, Options{}, cfg("task", roleTask, 1))
	other := w.place("other")
	w.must("SetTerminationProtection", &shapes.SetTerminationProtectionInput{JobFlowIds: []string{w.id}, TerminationProtected: ptr(true)})
	_, err := w.Do(east, "TerminateJobFlows", &shapes.TerminateJobFlowsInput{JobFlowIds: []string{w.id, other}})
	if err == nil || err.Type != "ValidationException" {
		t.Fatal(err)
	}
	w.wait(10 * 60e9)
	for _, c := range w.Snapshot(east).Clusters {
		want := stateWaiting
		if c.ID == other {
			want = stateTerminated
		}
		if c.State != want {
			t.Errorf("%s is %s", c.Name, c.State)
		}
		if c.ID == other && (c.Workers != 0 || c.ShortMinutes != 0) {
			t.Errorf("the ended cluster has %d workers and is short %v minutes", c.Workers, c.ShortMinutes)
		}
	}
}

func TestTokensRefillInVirtualTime(t *testing.T) {
	w := newWorld(t, Options{})
	in := &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg("x", roleTask, 0)}}
	for range 5 {
		w.must("AddInstanceGroups", in)
	}
	if _, err := w.Do(east, "AddInstanceGroups", in); err == nil || err.Type != "ThrottlingException" || err.Message != "Rate exceeded" || err.Status != 400 {
		t.Fatal(err)
	}
	if _, err := w.Do("eu-west-1", "ListClusters", &shapes.ListClustersInput{}); err != nil {
		t.Fatal("another region has buckets of its own:", err)
	}
	w.wait(5e9) // 0.2 a second
	w.must("AddInstanceGroups", in)
	if _, err := w.Do(east, "AddInstanceGroups", in); err == nil {
		t.Fatal("two tokens after five seconds")
	}
}

func TestOldAccountsHaveASmallBucketForEverything(t *testing.T) {
	w := newWorld(t, Options{OldAccount: true})
	taken := 0
	for _, op := range []string{"ListClusters", "DescribeCluster"} {
		for range 20 {
			var in any = &shapes.ListClustersInput{}
			if op == "DescribeCluster" {
				in = &shapes.DescribeClusterInput{ClusterId: &w.id}
			}
			if _, err := w.Do(east, op, in); err == nil {
				taken++
			}
		}
	}
	if taken != 25 {
		t.Errorf("%d calls went through at once", taken)
	}
}
