package emrsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

func TestReadsMayLag(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true, Timing: slow(), Unknowns: Unknowns{ReadLag: Fixed(time.Minute)}}, spot("task", 4))
	w.wait(time.Hour)
	_ = w.modify("task", 6)
	w.must("AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &w.id, InstanceGroups: []shapes.InstanceGroupConfig{cfg("new", roleTask, 1)}})
	w.wait(59 * time.Second)
	if groups := w.list(); len(groups) != 3 || *groups[2].RequestedInstanceCount != 4 {
		t.Errorf("59 s after: %d groups, %d requested", len(groups), *groups[2].RequestedInstanceCount)
	}
	w.wait(time.Second)
	if groups := w.list(); len(groups) != 4 || *groups[2].RequestedInstanceCount != 6 || *groups[2].Status.State != stateRunning {
		t.Errorf("60 s after: %d groups, %d requested, %s", len(groups), *groups[2].RequestedInstanceCount, *groups[2].Status.State)
	}
}

// TestAnOldListOfInstances shows an instance in each state of its life as it was a while ago, with what was known of it then.
func TestAnOldListOfInstances(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true, Timing: slow()}, spot("task", 1))
	w.wait(time.Hour)
	began := w.Now()
	_ = w.modify("task", 2)
	list := func(states ...string) []shapes.Instance {
		in := &shapes.ListInstancesInput{ClusterId: &w.id, InstanceGroupId: ptr(w.truth("task").ID), InstanceStates: states}
		return w.must("ListInstances", in).(*shapes.ListInstancesOutput).Instances
	}
	shown := func() string {
		var text strings.Builder
		for _, n := range list() {
			fmt.Fprintf(&text, "%s ec2=%t ready=%t ended=%t; ", *n.Status.State, n.Ec2InstanceId != nil, n.Status.Timeline.ReadyDateTime != nil, n.Status.Timeline.EndDateTime != nil)
		}
		return text.String()
	}
	fresh := map[time.Duration]string{} // by the time since the change
	for range 120 {
		w.wait(10 * time.Second)
		fresh[w.Now().Sub(began)] = shown()
		if w.truth("task").Running == 2 {
			break
		}
	}
	w.act(Action{Do: DoInterrupt, Group: "task", Count: 1})
	fresh[w.Now().Sub(began)] = shown()
	w.wait(time.Minute)
	states := map[string]bool{}
	for since, want := range fresh {
		ago := w.Now().Sub(began.Add(since))
		w.act(Action{Do: DoClearFaults})
		w.act(Action{Do: DoFault, Fault: "ListInstances stale=" + ago.String()})
		if got := shown(); got != want {
			t.Errorf("%s ago, %s after the change: %s, then it was %s", ago, since, got, want)
		}
		states[want] = true
	}
	if len(states) < 4 {
		t.Errorf("only these were shown: %v", slices.Collect(maps.Keys(states)))
	}
	for fault, want := range map[string]int{"ListInstances stale=59s": 1, "ListInstances stale=61s": 0} {
		w.act(Action{Do: DoClearFaults})
		w.act(Action{Do: DoFault, Fault: fault})
		if n := len(list(stateTerminated)); n != want {
			t.Errorf("%s: %d have ended, want %d", fault, n, want)
		}
	}
}

func TestInstancesAreListedInPagesAndByState(t *testing.T) {
	for _, kind := range UnfulfilledKinds {
		w := newWorld(t, Options{Unthrottled: true, Unknowns: Unknowns{Unfulfilled: kind}}, spot("task", 120))
		w.act(Action{Do: DoCapacity, Pool: spotPool, Parts: []int{100}, Reclaim: true})
		w.wait(time.Minute)
		var all []shapes.Instance
		var marker *string
		pages := 0
		for {
			out := w.must("ListInstances", &shapes.ListInstancesInput{ClusterId: &w.id, InstanceGroupId: ptr(w.truth("task").ID), Marker: marker}).(*shapes.ListInstancesOutput)
			all = append(all, out.Instances...)
			pages++
			w.act(Action{Do: DoInterrupt, Group: "task", Count: 1}) // the list changes meanwhile
			if marker = out.Marker; marker == nil {
				break
			}
		}
		seen, awaiting := map[string]bool{}, 0
		for _, n := range all {
			if seen[*n.Id] {
				t.Fatalf("%s twice", *n.Id)
			}
			seen[*n.Id] = true
			if *n.Status.State == stateAwaiting {
				awaiting++
				if (n.Status.Timeline.CreationDateTime != nil) != (kind == UnfulfilledDated) || n.Ec2InstanceId != nil {
					t.Errorf("%s: %+v", kind, n.Status.Timeline)
				}
			}
		}
		if pages < 3 || (awaiting >= 20) != (kind != UnfulfilledHidden) {
			t.Errorf("%s: %d pages, %d awaiting", kind, pages, awaiting)
		}
		out := w.must("ListInstances", &shapes.ListInstancesInput{ClusterId: &w.id, InstanceGroupTypes: []string{roleCore}, InstanceStates: []string{stateRunning}}).(*shapes.ListInstancesOutput)
		if len(out.Instances) != 2 {
			t.Errorf("%d core nodes", len(out.Instances))
		}
	}
}

func TestClustersAreListedInPagesNewestFirst(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true, GroupPage: 2}, cfg("a", roleTask, 0))
	for i := range 120 {
		w.wait(time.Second)
		w.place(fmt.Sprint("c", i))
	}
	var ids []string
	var marker *string
	for {
		out := w.must("ListClusters", &shapes.ListClustersInput{Marker: marker, ClusterStates: []string{stateWaiting}}).(*shapes.ListClustersOutput)
		for _, c := range out.Clusters {
			ids = append(ids, *c.Id)
		}
		w.place("later") // a newer one does not move the pages
		if marker = out.Marker; marker == nil {
			break
		}
		if len(out.Clusters) != 50 {
			t.Fatalf("page of %d", len(out.Clusters))
		}
	}
	if len(ids) != 121 || ids[120] != w.id {
		t.Errorf("%d clusters, the last %s", len(ids), ids[len(ids)-1])
	}
	first := w.must("ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id}).(*shapes.ListInstanceGroupsOutput)
	second := w.must("ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id, Marker: first.Marker}).(*shapes.ListInstanceGroupsOutput)
	if len(first.InstanceGroups) != 2 || len(second.InstanceGroups) != 1 || second.Marker != nil {
		t.Errorf("pages of %d and %d", len(first.InstanceGroups), len(second.InstanceGroups))
	}
}

// TestPagesComeTwice reads lists whose pages are repeated: each comes a second time, as it is by then, and the list still ends.
func TestPagesComeTwice(t *testing.T) {
	w := newWorld(t, Options{Unthrottled: true, GroupPage: 2, Timing: slow()}, spot("task", 60))
	w.wait(time.Hour)
	w.act(Action{Do: DoFault, Fault: "* repeat-pages"})
	var got []string
	var marker *string
	for pages := 1; ; pages++ {
		out := w.must("ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id, Marker: marker}).(*shapes.ListInstanceGroupsOutput)
		for _, g := range out.InstanceGroups {
			got = append(got, fmt.Sprintf("%s %d", *g.Name, *g.RequestedInstanceCount))
		}
		if marker = out.Marker; marker == nil {
			break
		}
		if pages == 3 {
			_ = w.modify("task", 61)
		}
	}
	if want := []string{"master 1", "core 2", "master 1", "core 2", "task 60", "task 61"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	times := map[string]int{}
	for marker = nil; ; {
		out := w.must("ListInstances", &shapes.ListInstancesInput{ClusterId: &w.id, InstanceGroupId: ptr(w.truth("task").ID), InstanceStates: []string{stateRunning}, Marker: marker}).(*shapes.ListInstancesOutput)
		for _, n := range out.Instances {
			times[*n.Id]++
		}
		if marker = out.Marker; marker == nil {
			break
		}
	}
	for id, n := range times {
		if n != 2 {
			t.Errorf("%s comes %d times", id, n)
		}
	}
	clusters := 0
	for marker = nil; ; {
		out := w.must("ListClusters", &shapes.ListClustersInput{Marker: marker}).(*shapes.ListClustersOutput)
		clusters += len(out.Clusters)
		if marker = out.Marker; marker == nil {
			break
		}
	}
	if len(times) != 60 || clusters != 2 {
		t.Errorf("%d instances, %d clusters", len(times), clusters)
	}
}
