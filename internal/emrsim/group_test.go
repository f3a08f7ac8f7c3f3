package emrsim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// spot is a Spot task group of its own instance type.
func spot(name string, count int) shapes.InstanceGroupConfig {
	g := cfg(name, roleTask, count)
	g.Market, g.InstanceType = ptr(marketSpot), ptr("r5.xlarge")
	return g
}

var spotPool = Pool{"us-east-1a", "r5.xlarge", marketSpot}

// slow makes the parts of a start long and exact, so that a test can act between them.
func slow() Timing {
	return Timing{React: Fixed(5 * time.Second), Fulfil: Fixed(10 * time.Second), Retry: Fixed(time.Minute), Provision: Fixed(2 * time.Minute),
		Bootstrap: Fixed(3 * time.Minute), Decommission: Fixed(20 * time.Minute), Reconfigure: Fixed(time.Minute)}
}

func TestAStopWhileInstancesAreOnTheirWay(t *testing.T) {
	for _, c := range []struct {
		surplus        Surplus
		running, kills int
	}{{SurplusKeep, 7, 0}, {SurplusEndNewest, 6, 1}, {SurplusEndOldest, 6, 1}, {SurplusEndAny, 6, 1}} {
		t.Run(string(c.surplus), func(t *testing.T) {
			w := newWorld(t, Options{Timing: slow(), Unknowns: Unknowns{Surplus: c.surplus}}, spot("task", 6))
			old := w.truth("task").Instances[0].ID
			w.act(Action{Do: DoCapacity, Pool: spotPool, Parts: []int{7}})
			_ = w.modify("task", 9)
			w.wait(time.Minute) // one of three is starting
			if g := w.truth("task"); g.Starting != 1 || g.Awaiting != 2 {
				t.Fatalf("%+v", g)
			}
			_ = w.modify("task", 6)
			w.wait(10 * time.Second)
			w.check("task", stateRunning, 6, 6)
			if g := w.truth("task"); g.Starting != 1 || g.Awaiting != 0 {
				t.Fatalf("after the stop: %+v", g)
			}
			w.wait(10 * time.Minute)
			w.check("task", stateRunning, 6, c.running)
			g := w.truth("task")
			if g.Kills.Surplus != c.kills {
				t.Errorf("%d ended", g.Kills.Surplus)
			}
			if gone := g.Instances[0].ID != old; gone != (c.surplus == SurplusEndOldest) && c.surplus != SurplusEndAny {
				t.Errorf("oldest gone: %t", gone)
			}
			changes := w.Snapshot(east).Changes
			if last := changes[len(changes)-1]; last.Ended != c.kills || last.From != 9 || last.To != 6 || last.Running != 6 || last.Starting != 1 {
				t.Errorf("the stop's entry: %+v", last)
			}
		})
	}
}

func TestTheStuckRequestItselfIsStuck(t *testing.T) {
	for _, rebind := range []bool{false, true} {
		w := newWorld(t, Options{Timing: slow(), Unknowns: Unknowns{Rebind: rebind}}, spot("task", 0))
		w.act(Action{Do: DoCapacity, Pool: spotPool, Parts: []int{2, 40}})
		_ = w.modify("task", 2)
		w.wait(10 * time.Minute)
		_ = w.modify("task", 5)
		w.wait(2 * time.Hour)
		if got := w.truth("task").Running; got == 2 == rebind {
			t.Errorf("rebind %t: %d running", rebind, got)
		}
		w.act(Action{Do: DoAddGroup, Like: "task", Name: "new", To: 3})
		w.wait(10 * time.Minute)
		if got := w.truth("new").Running; got != 3 && !rebind {
			t.Errorf("the new group has %d", got)
		}
	}
}

func TestGracefulShrink(t *testing.T) {
	w := newWorld(t, Options{Timing: slow()}, spot("task", 6))
	_ = w.modify("task", 2)
	w.wait(10 * time.Minute)
	w.check("task", stateResizing, 2, 6) // a node that is leaving reads RUNNING
	if g := w.truth("task"); g.Leaving != 4 {
		t.Fatalf("%+v", g)
	}
	_ = w.modify("task", 4) // overrides at once: two are taken back
	w.wait(time.Minute)
	if g := w.truth("task"); g.Leaving != 2 {
		t.Fatalf("%+v", g)
	}
	w.wait(10 * time.Minute)
	w.check("task", stateRunning, 4, 4)
	if k := w.truth("task").Kills; k.Resize != 2 {
		t.Errorf("%+v", k)
	}
	w.must("ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &w.id, InstanceGroups: []shapes.InstanceGroupModifyConfig{{
		InstanceGroupId: ptr(w.truth("task").ID), InstanceCount: ptr(3),
		ShrinkPolicy: &shapes.ShrinkPolicy{DecommissionTimeout: ptr(30), InstanceResizePolicy: &shapes.InstanceResizePolicy{InstancesToTerminate: []string{w.truth("task").Instances[0].EC2}}}}}})
	first := w.truth("task").Instances[0].ID
	w.wait(40 * time.Second)
	w.check("task", stateRunning, 3, 3)
	if w.truth("task").Instances[0].ID == first {
		t.Error("the named instance is still there")
	}
}

func TestACoreShrinkBelowReplicationNeverCompletes(t *testing.T) {
	w := &world{Sim: New(Options{Timing: slow()}), t: t}
	id, err := w.Place(east, &shapes.RunJobFlowInput{Name: ptr("hdfs"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true),
		InstanceGroups: []shapes.InstanceGroupConfig{cfg("master", roleMaster, 1), cfg("core", roleCore, 5)}}}, Placed{Ready: true})
	if err != nil {
		t.Fatal(err)
	}
	w.id = id
	_ = w.modify("core", 1)
	w.wait(5 * time.Hour)
	w.check("core", stateResizing, 1, 2)
}

func TestNamedInstancesEndAtOnce(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 4))
	g := w.truth("task")
	w.must("ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{InstanceGroups: []shapes.InstanceGroupModifyConfig{{
		InstanceGroupId: &g.ID, EC2InstanceIdsToTerminate: []string{g.Instances[1].EC2}}}}) // without ClusterId
	w.check("task", stateRunning, 3, 3)
	w.wait(time.Hour)
	w.check("task", stateRunning, 3, 3)
	if k := w.truth("task").Kills; k.Request != 1 || k.Resize != 0 {
		t.Errorf("%+v", k)
	}
}

func TestSuspended(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 4))
	w.act(Action{Do: DoBootstrap, Rate: 1})
	_ = w.modify("task", 6)
	w.wait(time.Hour)
	w.check("task", stateSuspended, 6, 4)
	if g := w.list()[2]; *g.Status.StateChangeReason.Code != "INSTANCE_FAILURE" || !strings.HasPrefix(*g.Status.StateChangeReason.Message, "On 4 slave instances (including i-") {
		t.Errorf("%s %s", *g.Status.StateChangeReason.Code, *g.Status.StateChangeReason.Message)
	}
	w.act(Action{Do: DoInterrupt, Group: "task", Count: 1}) // nothing is added while it is suspended
	w.wait(time.Hour)
	w.check("task", stateSuspended, 6, 3)
	_ = w.modify("task", 3) // to what runs
	w.wait(time.Minute)
	w.check("task", stateRunning, 3, 3)
	_ = w.modify("task", 5)
	w.wait(time.Hour)
	w.check("task", stateSuspended, 5, 3)
	w.act(Action{Do: DoBootstrap, Rate: 0})
	w.act(Action{Do: DoStep, Name: "a step resumes it"})
	w.wait(time.Hour)
	w.check("task", stateRunning, 5, 5)
	w.act(Action{Do: DoBootstrap, Rate: 1})
	w.act(Action{Do: DoAddGroup, Like: "task", Name: "new", To: 1}) // the bootstrap action is the cluster's
	w.wait(time.Hour)
	w.check("new", stateSuspended, 1, 0)
}

func TestBootstrapFailureEndsAStartingCluster(t *testing.T) {
	w := &world{Sim: New(Options{}), t: t}
	w.id = *w.must("RunJobFlow", flow("new")).(*shapes.RunJobFlowOutput).JobFlowId
	w.act(Action{Do: DoBootstrap, Rate: 1})
	w.wait(time.Hour)
	c := w.must("DescribeCluster", &shapes.DescribeClusterInput{ClusterId: &w.id}).(*shapes.DescribeClusterOutput).Cluster
	if *c.Status.State != stateTerminatedErrors || *c.Status.StateChangeReason.Code != "BOOTSTRAP_FAILURE" {
		t.Errorf("%s %s", *c.Status.State, *c.Status.StateChangeReason.Code)
	}
}

func TestSpotLoss(t *testing.T) {
	for _, resizes := range []bool{false, true} {
		w := newWorld(t, Options{Timing: slow(), Unknowns: Unknowns{LossResizes: resizes}}, spot("task", 6))
		w.act(Action{Do: DoInterrupt, Group: "task", Count: 2})
		state := stateRunning
		if resizes {
			state = stateResizing
		}
		w.check("task", state, 6, 4)
		w.wait(10 * time.Minute)
		w.check("task", stateRunning, 6, 6)
		w.act(Action{Do: DoCapacity, Pool: spotPool, Parts: []int{3}, Reclaim: true})
		w.wait(10 * time.Minute)
		w.check("task", state, 6, 3)
		if k := w.truth("task").Kills; k.Spot != 5 {
			t.Errorf("%+v", k)
		}
	}
}

func TestReconfigurationAndResizeWaitForEachOther(t *testing.T) {
	w := newWorld(t, Options{Timing: slow()}, spot("task", 4))
	id := w.truth("task").ID
	configure := func(heap string) {
		w.must("ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &w.id, InstanceGroups: []shapes.InstanceGroupModifyConfig{{
			InstanceGroupId: &id, Configurations: []shapes.Configuration{{Classification: ptr("spark"), Properties: map[string]string{"heap": heap}}}}}})
	}
	shown := func() string {
		g := w.list()[2]
		heap := func(c []shapes.Configuration) string {
			if len(c) == 0 {
				return "-"
			}
			return c[0].Properties["heap"]
		}
		return fmt.Sprintf("%s %d:%s good %d:%s", *g.Status.State, *g.ConfigurationsVersion, heap(g.Configurations),
			*g.LastSuccessfullyAppliedConfigurationsVersion, heap(g.LastSuccessfullyAppliedConfigurations))
	}
	expect := func(want string) {
		t.Helper()
		if got := shown(); got != want {
			t.Errorf("at %s: %s, want %s", w.Now().Sub(w.opt.Start), got, want)
		}
	}
	configure("1g")
	w.wait(10 * time.Second)
	expect("RECONFIGURING 1:1g good 0:-")
	_ = w.modify("task", 6) // waits
	w.wait(3 * time.Minute)
	w.check("task", stateReconfiguring, 6, 4)
	w.wait(2 * time.Minute) // four batches of a minute
	w.check("task", stateResizing, 6, 4)
	configure("2g") // waits too
	w.wait(time.Minute)
	expect("RESIZING 2:2g good 1:1g")
	w.wait(5 * time.Minute)
	expect("RECONFIGURING 2:2g good 1:1g")
	w.wait(10 * time.Minute)
	expect("RUNNING 2:2g good 2:2g")
	w.act(Action{Do: DoBadConfig, Group: "task"})
	configure("bad")
	w.wait(20 * time.Minute)
	expect("RUNNING 4:2g good 4:2g")
}

func TestDeafAndStuckGroups(t *testing.T) {
	w := newWorld(t, Options{Timing: slow()}, spot("task", 4))
	w.act(Action{Do: DoStick, Group: "task"})
	_ = w.modify("task", 6)
	w.wait(time.Hour)
	w.check("task", stateResizing, 6, 4)
	w.act(Action{Do: DoDeafen, Group: "task"})
	w.act(Action{Do: DoUnstick, Group: "task"})
	_ = w.modify("task", 4) // a stop that EMR does not act on
	w.wait(time.Hour)
	w.check("task", stateRunning, 4, 6)
	w.act(Action{Do: DoUndeafen, Group: "task"})
	w.wait(time.Hour)
	w.check("task", stateRunning, 4, 4)
}

func TestTruthMeasuresWhatIsMissing(t *testing.T) {
	w := newWorld(t, Options{Timing: slow()}, spot("task", 6))
	w.act(Action{Do: DoStick, Group: "task"})
	w.act(Action{Do: DoResize, Group: "task", To: 9})
	w.wait(10 * time.Minute)
	_ = w.modify("task", 6) // a guard's stop: no longer requested, still wanted
	w.wait(10 * time.Minute)
	c := w.Snapshot(east).Clusters[0]
	if c.Demand != 2+9 || c.Workers != 2+6 || c.MissingMinutes != 30 || c.ShortMinutes != 60 || c.Groups[2].MissingMinutes != 30 {
		t.Errorf("demand %d workers %d missing %v short %v", c.Demand, c.Workers, c.MissingMinutes, c.ShortMinutes)
	}
}

func TestOutsideActors(t *testing.T) {
	w := newWorld(t, Options{Timing: slow()}, spot("task", 4), cfg("other", roleTask, 1))
	for _, a := range []Actor{
		{Name: "terraform", Kind: Terraform, Cluster: "etl", Counts: map[string]int{"task": 4}, Every: 30 * time.Minute},
		{Name: "scaler", Kind: Autoscaler, Cluster: "etl", Group: "other", Every: 10 * time.Minute, Add: 2, Max: 6},
	} {
		if err := w.Follow(east, a); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.modify("task", 2)
	w.wait(29 * time.Minute)
	if g := w.truth("task"); g.Requested != 2 {
		t.Errorf("%+v", g)
	}
	w.wait(time.Minute)
	if g := w.truth("task"); g.Requested != 4 {
		t.Errorf("%+v", g)
	}
	if g := w.truth("other"); g.Requested != 6 {
		t.Errorf("%+v", g)
	}
	if err := w.Follow(east, Actor{Kind: "x", Every: time.Hour}); err == nil {
		t.Error("kind x accepted")
	}
	if err := w.Act(east, "test", Action{Do: DoResize, Cluster: "nobody"}); err == nil {
		t.Error("unknown cluster accepted")
	}
	w.Plan(w.Now().Add(time.Minute), east, "clumsy", Action{Do: DoResize, Cluster: "etl", Group: "master", To: 3})
	w.wait(time.Minute)
	changes := w.Snapshot(east).Changes
	if last := changes[len(changes)-1]; last.Who != "clumsy" || !strings.Contains(last.Note, "A master instance group may not be modified") {
		t.Errorf("%+v", last)
	}
}

func TestALingeringGroupReadsResizing(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 4))
	w.act(Action{Do: DoLinger, Group: "task"})
	w.wait(2 * time.Hour)
	w.check("task", stateResizing, 4, 4)
	_ = w.modify("task", 4)
	w.wait(time.Minute)
	w.check("task", stateRunning, 4, 4)
	n := len(w.Snapshot(east).Changes)
	if got := w.Changes(east, n-1); len(got) != 1 || got[0].Op != "ModifyInstanceGroups" || got[0].RequestID == "" {
		t.Errorf("%+v", got)
	}
	if got := len(w.Changes(east, -1)); got != n || w.Changes("eu-west-1", 0) != nil {
		t.Errorf("%d of %d changes", got, n)
	}
}

func TestAClusterEndsWithItsPrimary(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 4))
	w.act(Action{Do: DoInterrupt, Group: "master", Count: 1})
	w.wait(10 * time.Minute)
	c := w.Snapshot(east).Clusters[0]
	if c.State != stateTerminatedErrors || c.Workers != 0 {
		t.Errorf("%s with %d workers", c.State, c.Workers)
	}
	if err := w.Act(east, "test", Action{Do: DoSuspend, Cluster: w.id, Group: "task"}); err == nil {
		t.Error("a group that ended is suspended")
	}
}

func TestLimitsAndPricesThatCannotBe(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	for _, a := range []Action{
		{Do: DoQuota, Market: marketSpot},
		{Do: DoQuota, Market: "spot", Limit: ptr(3)},
		{Do: DoQuota, Market: marketSpot, Limit: ptr(-2)},
		{Do: DoAddresses, Cluster: w.id},
		{Do: DoAddresses, Cluster: "j-NONE", Limit: ptr(1)},
		{Do: DoPrice, Pool: spotPool, Price: -1},
		{Do: DoPrice, Pool: Pool{"us-east-1a", "m5.xlarge", marketOnDemand}, Price: 1},
	} {
		if err := w.Act(east, "test", a); err == nil {
			t.Errorf("%+v is accepted", a)
		}
	}
}

func TestAPriceHitsThoseThatBidLess(t *testing.T) {
	bid := func(name, price string) shapes.InstanceGroupConfig {
		g := spot(name, 2)
		g.BidPrice = &price
		return g
	}
	w := newWorld(t, Options{}, bid("low", "0.1"), bid("high", "0.3"), spot("none", 2)) // without a bid it is the On-Demand price, $0.252
	w.act(Action{Do: DoPrice, Pool: spotPool, Price: 0.2})
	w.wait(time.Hour)
	w.check("low", stateRunning, 2, 0)
	w.check("high", stateRunning, 2, 2)
	w.check("none", stateRunning, 2, 2)
	if g := w.truth("low"); g.Refused != "SpotMaxPriceTooLow" || g.Kills.Spot != 2 {
		t.Errorf("got %+v", g)
	}
	w.act(Action{Do: DoPrice, Pool: spotPool, Price: 0.1})
	w.wait(time.Hour)
	w.check("low", stateRunning, 2, 2)
}

// A subnet's addresses are shared by the clusters in it, and others have their own.
func TestAddressesAreASubnetsOwn(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	place := func(name, subnet string) string {
		in := flow(name, spot("task", 1))
		in.Instances.Ec2SubnetId = &subnet
		id, err := w.Place(east, in, Placed{Ready: true})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first, second := place("first", "subnet-a"), place("second", "subnet-a")
	w.act(Action{Do: DoAddresses, Cluster: first, Limit: ptr(9)})
	for _, id := range []string{w.id, second, first} {
		w.id = id
		if err := w.modify("task", 2); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Hour)
	}
	for id, want := range map[string]string{second: "", first: "InsufficientFreeAddressesInSubnet"} {
		if w.id = id; w.truth("task").Refused != want {
			t.Errorf("cluster %s: %q, want %q", id, w.truth("task").Refused, want)
		}
	}
}
