package emrsim

import (
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// cfg is a group of a request.
func cfg(name, role string, count int) shapes.InstanceGroupConfig {
	return shapes.InstanceGroupConfig{Name: &name, InstanceRole: &role, InstanceType: ptr("m5.xlarge"), InstanceCount: &count}
}

// flow is a request for a cluster of one primary, two core and the given task groups.
func flow(name string, tasks ...shapes.InstanceGroupConfig) *shapes.RunJobFlowInput {
	groups := append([]shapes.InstanceGroupConfig{cfg("master", roleMaster, 1), cfg("core", roleCore, 2)}, tasks...)
	return &shapes.RunJobFlowInput{Name: &name, ReleaseLabel: ptr("emr-7.1.0"),
		Instances: &shapes.JobFlowInstancesConfig{InstanceGroups: groups, KeepJobFlowAliveWhenNoSteps: ptr(true)}}
}

const east = "us-east-1"

// world is a simulator with one ready cluster.
type world struct {
	*Sim
	t  *testing.T
	id string
}

func newWorld(t *testing.T, o Options, tasks ...shapes.InstanceGroupConfig) *world {
	t.Helper()
	w := &world{Sim: New(o), t: t}
	w.id = w.place("etl", tasks...)
	return w
}

func (w *world) place(name string, tasks ...shapes.InstanceGroupConfig) string {
	w.t.Helper()
	id, err := w.Place(east, flow(name, tasks...), Placed{Ready: true, Who: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) wait(d time.Duration) { w.AdvanceTo(w.Now().Add(d)) }

// truth is the group of that name as it is.
func (w *world) truth(name string) GroupTruth {
	w.t.Helper()
	for _, c := range w.Snapshot(east).Clusters {
		for _, g := range c.Groups {
			if c.ID == w.id && g.Name == name {
				return g
			}
		}
	}
	w.t.Fatalf("no group %s", name)
	return GroupTruth{}
}

// must makes a call that has to succeed.
func (w *world) must(op string, in any) any {
	w.t.Helper()
	out, err := w.Do(east, op, in)
	if err != nil {
		w.t.Fatalf("%s: %v", op, err)
	}
	return out
}

func (w *world) modify(name string, count int) *APIError {
	w.t.Helper()
	_, err := w.Do(east, "ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &w.id,
		InstanceGroups: []shapes.InstanceGroupModifyConfig{{InstanceGroupId: ptr(w.truth(name).ID), InstanceCount: &count}}})
	return err
}

func (w *world) act(a Action) {
	w.t.Helper()
	if a.Cluster == "" {
		a.Cluster = w.id
	}
	if err := w.Act(east, "test", a); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) list() []shapes.InstanceGroup {
	w.t.Helper()
	return w.must("ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id}).(*shapes.ListInstanceGroupsOutput).InstanceGroups
}

func (w *world) check(name, state string, requested, running int) {
	w.t.Helper()
	g := w.truth(name)
	if g.State != state || g.Requested != requested || g.Running != running {
		w.t.Fatalf("%s at %s: %s %d/%d, want %s %d/%d", name, w.Now().Sub(w.opt.Start), g.State, g.Running, g.Requested, state, running, requested)
	}
}

func TestGrowTakesMinutesAndCompletes(t *testing.T) {
	w := newWorld(t, Options{}, cfg("task", roleTask, 4))
	w.check("task", stateRunning, 4, 4)
	if err := w.modify("task", 8); err != nil {
		t.Fatal(err)
	}
	w.check("task", stateRunning, 8, 4) // the state follows a moment later
	w.wait(30 * time.Second)
	w.check("task", stateResizing, 8, 4)
	w.wait(10 * time.Minute)
	w.check("task", stateRunning, 8, 8)
}

func TestGrowWaitsForCapacity(t *testing.T) {
	w := newWorld(t, Options{}, cfg("task", roleTask, 6))
	pool := Pool{"us-east-1a", "m5.xlarge", marketOnDemand}
	w.act(Action{Do: DoCapacity, Pool: pool, Parts: []int{9}}) // primary 1, core 2, task 6
	if err := w.modify("task", 9); err != nil {
		t.Fatal(err)
	}
	w.wait(3 * time.Hour)
	w.check("task", stateResizing, 9, 6)
	w.act(Action{Do: DoCapacity, Pool: pool, Parts: []int{100}})
	w.wait(10 * time.Minute)
	w.check("task", stateRunning, 9, 9)
}

func TestRunJobFlowStarts(t *testing.T) {
	w := &world{Sim: New(Options{}), t: t}
	w.id = *w.must("RunJobFlow", flow("new", cfg("task", roleTask, 3))).(*shapes.RunJobFlowOutput).JobFlowId
	w.check("task", stateProvisioning, 3, 0)
	w.wait(20 * time.Minute)
	w.check("task", stateRunning, 3, 3)
	c := w.must("DescribeCluster", &shapes.DescribeClusterInput{ClusterId: &w.id}).(*shapes.DescribeClusterOutput).Cluster
	if *c.Status.State != stateWaiting || *c.MasterPublicDnsName == "" {
		t.Fatalf("cluster is %s", *c.Status.State)
	}
}

func TestInstant(t *testing.T) {
	w := newWorld(t, Options{Instant: true}, cfg("task", roleTask, 4))
	if err := w.modify("task", 8); err != nil {
		t.Fatal(err)
	}
	w.check("task", stateRunning, 8, 8)
	w.must("AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg("more", roleTask, 5)}})
	w.check("more", stateRunning, 5, 5)
	w.id = *w.must("RunJobFlow", flow("new", cfg("task", roleTask, 3))).(*shapes.RunJobFlowOutput).JobFlowId
	w.check("task", stateRunning, 3, 3)
}
