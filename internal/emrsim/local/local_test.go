package local_test

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/emrsim/shapes"
)

const region = "eu-west-1"

func p[T any](v T) *T { return &v }

// world returns a simulator with one cluster whose task group is named "task" and has 3 Spot instances with two volumes each.
func world(t *testing.T, o emrsim.Options) (*emrsim.Sim, *local.Client, emr.ClusterID) {
	t.Helper()
	o.Instant = true
	sim := emrsim.New(o)
	out, err := sim.Do(region, "RunJobFlow", &shapes.RunJobFlowInput{
		Name: p("etl"), ReleaseLabel: p("emr-7.5.0"), Tags: []shapes.Tag{{Key: p("team"), Value: p("data")}},
		Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: p(true), InstanceGroups: []shapes.InstanceGroupConfig{
			{InstanceRole: p("MASTER"), InstanceType: p("m5.xlarge"), InstanceCount: p(1)},
			{InstanceRole: p("CORE"), InstanceType: p("m5.xlarge"), InstanceCount: p(2)},
			{Name: p("task"), InstanceRole: p("TASK"), InstanceType: p("m5.2xlarge"), InstanceCount: p(3), Market: p("SPOT"), BidPrice: p("0.4"),
				Configurations: []shapes.Configuration{{Classification: p("yarn-site"), Properties: map[string]string{"a": "b"}}},
				EbsConfiguration: &shapes.EbsConfiguration{EbsOptimized: p(true), EbsBlockDeviceConfigs: []shapes.EbsBlockDeviceConfig{
					{VolumeSpecification: &shapes.VolumeSpecification{VolumeType: p("gp3"), SizeInGB: p(100), Throughput: p(250)}, VolumesPerInstance: p(2)}}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sim.AdvanceTo(sim.Now().Add(time.Hour))
	return sim, local.New(sim, region), emr.ClusterID(*out.(*shapes.RunJobFlowOutput).JobFlowId)
}

// do executes a call that must succeed.
func do(t *testing.T, c *local.Client, call emr.Call) emr.Result {
	t.Helper()
	a := c.Do(call)
	if a.Result.Err != nil {
		t.Fatalf("%s: %v", call, a.Result.Err)
	}
	if a.Result.Date.IsZero() || a.RequestID == "" {
		t.Errorf("%s: no date or request id: %+v", call, a)
	}
	return a.Result
}

// task returns the cluster's group of that name.
func task(t *testing.T, c *local.Client, id emr.ClusterID, name string) emr.Group {
	t.Helper()
	for _, g := range do(t, c, emr.Call{Op: emr.ListInstanceGroups, Cluster: id}).Groups {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no group %q", name)
	return emr.Group{}
}

func TestReadsCarryEverythingThatTheCoreUses(t *testing.T) {
	sim, c, id := world(t, emrsim.Options{})
	list := do(t, c, emr.Call{Op: emr.ListClusters})
	if len(list.Clusters) != 1 || list.Clusters[0].ID != id || list.Clusters[0].State != emr.ClusterWaiting || list.Clusters[0].Created.IsZero() {
		t.Errorf("ListClusters: %+v", list.Clusters)
	}
	cluster := do(t, c, emr.Call{Op: emr.DescribeCluster, Cluster: id}).Cluster
	if cluster.Collection != emr.Groups || cluster.Tags["team"] != "data" || cluster.ReleaseLabel != "emr-7.5.0" || cluster.Zone == "" || cluster.AutoTerm {
		t.Errorf("DescribeCluster: %+v", cluster)
	}
	g := task(t, c, id, "task")
	if g.Role != emr.Task || g.Market != emr.Spot || g.BidPrice != "0.4" || g.Requested != 3 || g.Running != 3 || g.State != emr.GroupRunning ||
		g.Ready.IsZero() || !g.EbsOptimized || len(g.Volumes) != 2 || g.Volumes[1] != (emr.Volume{Type: "gp3", Size: 100, Throughput: 250}) ||
		len(g.Configurations) != 1 || g.Configurations[0].Properties["a"] != "b" {
		t.Errorf("ListInstanceGroups: %+v", g)
	}
	instances := do(t, c, emr.Call{Op: emr.ListInstances, Cluster: id, Group: g.ID}).Instances
	if len(instances) != 3 || instances[0].Group != g.ID || instances[0].EC2 == "" || instances[0].State != emr.InstanceRunning || instances[0].Ready.IsZero() {
		t.Errorf("ListInstances: %+v", instances)
	}
	if do(t, c, emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: id}).ManagedScaling {
		t.Error("a managed scaling policy that nobody attached")
	}
	if err := sim.Act(region, "person", emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 1, To: 9}); err != nil {
		t.Fatal(err)
	}
	if !do(t, c, emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: id}).ManagedScaling {
		t.Error("the attached managed scaling policy is not seen")
	}
}

func TestACopiedGroupIsTheSame(t *testing.T) {
	sim, c, id := world(t, emrsim.Options{})
	g := task(t, c, id, "task")
	config := emr.Copy(g, "copy", 0)
	added := do(t, c, emr.Call{Op: emr.AddInstanceGroups, Cluster: id, Config: &config}).Added
	do(t, c, emr.Call{Op: emr.ModifyInstanceGroups, Cluster: id, Group: added, Count: 2})
	do(t, c, emr.Call{Op: emr.ModifyInstanceGroups, Cluster: id, Group: g.ID, Count: 0})
	sim.AdvanceTo(sim.Now().Add(2 * time.Hour))
	copied := task(t, c, id, "copy")
	if copied.ID != added || copied.Running != 2 {
		t.Errorf("the copy: %+v, want %s with 2 running", copied, added)
	}
	if again := emr.Copy(copied, "copy", 0); !equalConfig(again, config) {
		t.Errorf("the copy of the copy differs:\n%+v\n%+v", again, config)
	}
	if emptied := task(t, c, id, "task"); emptied.Requested != 0 || emptied.Running != 0 {
		t.Errorf("a count of zero did not arrive: %+v", emptied)
	}
}

func equalConfig(a, b emr.GroupConfig) bool {
	return a.InstanceType == b.InstanceType && a.Market == b.Market && a.BidPrice == b.BidPrice && a.EbsOptimized == b.EbsOptimized &&
		len(a.Volumes) == 1 && len(b.Volumes) == 1 && a.Volumes[0] == b.Volumes[0] && len(a.Configurations) == len(b.Configurations)
}

func TestErrorsHaveTheirClass(t *testing.T) {
	_, c, id := world(t, emrsim.Options{})
	master := do(t, c, emr.Call{Op: emr.ListInstanceGroups, Cluster: id}).Groups[0]
	tests := []struct {
		call  emr.Call
		class emr.Class
		code  string
	}{
		{emr.Call{Op: emr.DescribeCluster, Cluster: "j-NONE"}, emr.NotFound, "InvalidRequestException"},
		{emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-NONE", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge"}}, emr.NotFound, "ValidationException"},
		{emr.Call{Op: emr.ModifyInstanceGroups, Cluster: id, Group: "ig-NONE"}, emr.NotFound, "ValidationException"},
		{emr.Call{Op: emr.ModifyInstanceGroups, Cluster: id, Group: master.ID, Count: 2}, emr.Invalid, "ValidationException"},
		{emr.Call{Op: emr.DescribeCluster}, emr.Invalid, "ValidationException"},
		{emr.Call{Op: emr.AddInstanceGroups, Cluster: id}, emr.Invalid, ""},
		{emr.Call{Op: "CreateStudio"}, emr.Invalid, ""},
	}
	for _, test := range tests {
		err := c.Do(test.call).Result.Err
		if err == nil || err.Class != test.class || err.Code != test.code {
			t.Errorf("%s: got %+v, want class %s, code %s", test.call, err, test.class, test.code)
		}
	}
}

func TestFaultsAreSeenAsACallerSeesThem(t *testing.T) {
	tests := []struct {
		fault string
		class emr.Class // empty: success
		delay time.Duration
	}{
		{"ListInstanceGroups throttle", emr.Throttled, 0},
		{"ListInstanceGroups error=AccessDeniedException", emr.Denied, 0},
		{"ListInstanceGroups error=InternalServerError", emr.Unavailable, 0},
		{"ListInstanceGroups error=SomethingNew/502", emr.Unavailable, 0},
		{"ListInstanceGroups lose-answer", emr.Unavailable, 0},
		{"ListInstanceGroups hang", emr.Unavailable, 10 * time.Minute},
		{"ListInstanceGroups delay=7s", "", 7 * time.Second},
		{"ListInstanceGroups empty", "", 0},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			sim, c, id := world(t, emrsim.Options{})
			f, err := emrsim.ParseFault(test.fault)
			if err != nil {
				t.Fatal(err)
			}
			sim.AddFault(f)
			a := c.Do(emr.Call{Op: emr.ListInstanceGroups, Cluster: id})
			got := emr.Class("")
			if a.Result.Err != nil {
				got = a.Result.Err.Class
			}
			if got != test.class || a.Delay != test.delay {
				t.Errorf("got class %q after %s, want %q after %s", got, a.Delay, test.class, test.delay)
			}
			if test.fault == "ListInstanceGroups empty" && len(a.Result.Groups) != 0 {
				t.Error("an empty body has groups")
			}
		})
	}
}

func TestAnswersWithoutWhatTheyAreFor(t *testing.T) {
	for _, test := range []struct {
		call  emr.Call
		class emr.Class // empty: success
	}{
		{emr.Call{Op: emr.ListClusters}, ""},
		{emr.Call{Op: emr.DescribeCluster}, emr.Unavailable},
		{emr.Call{Op: emr.ListInstances}, ""},
		{emr.Call{Op: emr.GetManagedScalingPolicy}, ""},
		{emr.Call{Op: emr.AddInstanceGroups, Config: &emr.GroupConfig{Name: "x", Role: emr.Task, InstanceType: "m5.xlarge", Count: 1}}, emr.Unavailable},
	} {
		t.Run(string(test.call.Op), func(t *testing.T) {
			sim, c, id := world(t, emrsim.Options{})
			f, err := emrsim.ParseFault(string(test.call.Op) + " empty")
			if err != nil {
				t.Fatal(err)
			}
			sim.AddFault(f)
			if test.call.Op != emr.ListClusters {
				test.call.Cluster = id
			}
			r := c.Do(test.call).Result
			got := emr.Class("")
			if r.Err != nil {
				got = r.Err.Class
			}
			if got != test.class || r.Cluster != nil || r.Added != "" || len(r.Instances)+len(r.Clusters) > 0 {
				t.Errorf("got class %q and %+v, want %q", got, r, test.class)
			}
		})
	}
}

func TestTerminatedInstancesAreNotListed(t *testing.T) {
	sim, c, id := world(t, emrsim.Options{})
	g := task(t, c, id, "task")
	do(t, c, emr.Call{Op: emr.ModifyInstanceGroups, Cluster: id, Group: g.ID, Count: 1})
	sim.AdvanceTo(sim.Now().Add(2 * time.Hour))
	list := do(t, c, emr.Call{Op: emr.ListInstances, Cluster: id, Group: g.ID}).Instances
	if len(list) != 1 || list[0].State != emr.InstanceRunning {
		t.Errorf("got %+v, want the one that runs", list)
	}
}

func TestAGroupOperationOnAClusterOfFleets(t *testing.T) {
	sim := emrsim.New(emrsim.Options{Instant: true})
	out, apiErr := sim.Do(region, "RunJobFlow", &shapes.RunJobFlowInput{Name: p("fleets"), Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: p(true),
		InstanceFleets: []shapes.InstanceFleetConfig{{InstanceFleetType: p("MASTER"), TargetOnDemandCapacity: p(1),
			InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: p("m5.xlarge")}}}},
	}})
	if apiErr != nil {
		t.Fatal(apiErr)
	}
	id := emr.ClusterID(*out.(*shapes.RunJobFlowOutput).JobFlowId)
	c := local.New(sim, region)
	if err := c.Do(emr.Call{Op: emr.ListInstanceGroups, Cluster: id}).Result.Err; err == nil || err.Class != emr.FleetsOnly {
		t.Errorf("got %+v, want class %s", err, emr.FleetsOnly)
	}
	if cluster := do(t, c, emr.Call{Op: emr.DescribeCluster, Cluster: id}).Cluster; cluster.Collection != emr.Fleets {
		t.Errorf("got %+v", cluster)
	}
}

func TestMetricsOfClusters(t *testing.T) {
	sim, c, id := world(t, emrsim.Options{})
	if err := sim.SetLoad(region, "etl", emrsim.Load{Jobs: []emrsim.Job{{Name: "job", At: 4 * time.Minute, Work: 100 * time.Hour, Width: 40}}}); err != nil {
		t.Fatal(err)
	}
	start := sim.Now()
	sim.AdvanceTo(start.Add(21 * time.Minute))
	metric := func(name string) emr.Metric {
		return emr.Metric{Namespace: emr.MetricsNamespace, Name: name, Statistic: emr.Average, Period: 5 * time.Minute}.Of(id)
	}
	want := emr.MetricsWant{From: start, To: start.Add(time.Hour), Queries: []emr.MetricQuery{
		{ID: "idle", Metric: metric("IsIdle")}, {ID: "pending", Metric: metric("ContainerPending")}, {ID: "none", Metric: metric("TotalLoad")}}}
	r := do(t, c, emr.Call{Op: emr.GetMetricData, Metrics: &want})
	if len(r.Series) != 3 || r.Marker != "" || r.Series[0].ID != "idle" || len(r.Series[2].Points) != 0 {
		t.Fatalf("got %+v", r)
	}
	idle, pending := r.Series[0].Points, r.Series[1].Points
	if len(idle) < 4 || idle[0].Value != 1 || idle[len(idle)-1].Value != 0 || !idle[0].At.Before(idle[1].At) {
		t.Errorf("IsIdle: %+v", idle)
	}
	// 2 core nodes of 4 containers and 3 task nodes (m5.2xlarge) of 8: 32.
	if last := pending[len(pending)-1]; last.Value != 8 || last.At.Location() != time.UTC {
		t.Errorf("ContainerPending: %+v", pending)
	}
	for _, test := range []struct {
		fault string
		class emr.Class
		code  string
	}{
		{"GetMetricData throttle", emr.Throttled, "Throttling"},
		{"GetMetricData error=InternalServiceFault", emr.Unavailable, "InternalServiceError"},
		{"GetMetricData lose-answer", emr.Unavailable, ""},
		{"GetMetricData empty", emr.Unavailable, ""},
	} {
		f, err := emrsim.ParseFault(test.fault)
		if err != nil {
			t.Fatal(err)
		}
		fault := sim.AddFault(f)
		if err := c.Do(emr.Call{Op: emr.GetMetricData, Metrics: &want}).Result.Err; err == nil || err.Class != test.class || err.Code != test.code {
			t.Errorf("%s: got %+v", test.fault, err)
		}
		sim.RemoveFault(fault)
	}
	f, err := emrsim.ParseFault("GetMetricData fail-series=1")
	if err != nil {
		t.Fatal(err)
	}
	sim.AddFault(f)
	if r := do(t, c, emr.Call{Op: emr.GetMetricData, Metrics: &want}); r.Series[1].Err != nil || r.Series[2].Err == nil || r.Series[2].Err.Class != emr.Unavailable {
		t.Errorf("a series that could not be read: %+v", r.Series)
	}
	for _, bad := range []*emr.MetricsWant{nil, {}, {From: want.To, To: want.From, Queries: want.Queries}, {From: want.From, To: want.To, Queries: []emr.MetricQuery{{ID: "X", Metric: metric("IsIdle")}}}} {
		if err := c.Do(emr.Call{Op: emr.GetMetricData, Metrics: bad}).Result.Err; err == nil || err.Class != emr.Invalid {
			t.Errorf("%+v: got %+v", bad, err)
		}
	}
}

func TestAnEndIsRefusedToAProtectedCluster(t *testing.T) {
	sim, c, id := world(t, emrsim.Options{})
	protect := func(on bool) {
		if _, err := sim.Do(region, "SetTerminationProtection", &shapes.SetTerminationProtectionInput{JobFlowIds: []string{string(id)}, TerminationProtected: &on}); err != nil {
			t.Fatal(err)
		}
		if got := do(t, c, emr.Call{Op: emr.DescribeCluster, Cluster: id}).Cluster.Protected; got != on {
			t.Errorf("Protected is %t, want %t", got, on)
		}
	}
	protect(true)
	err := c.Do(emr.Call{Op: emr.TerminateJobFlows, Cluster: id}).Result.Err
	if err == nil || err.Class != emr.Invalid || err.Code != "ValidationException" || err.Message != "Could not shut down one or more job flows since they are termination protected." {
		t.Errorf("got %+v", err)
	}
	protect(false)
	do(t, c, emr.Call{Op: emr.TerminateJobFlows, Cluster: id})
	sim.AdvanceTo(sim.Now().Add(time.Minute))
	if got := do(t, c, emr.Call{Op: emr.DescribeCluster, Cluster: id}).Cluster.State; got != emr.ClusterTerminated {
		t.Errorf("the cluster is %s", got)
	}
	if err := c.Do(emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-NONE"}).Result.Err; err == nil || err.Class != emr.NotFound {
		t.Errorf("got %+v", err)
	}
}
