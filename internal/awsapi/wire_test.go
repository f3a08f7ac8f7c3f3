package awsapi

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/emrsim/wire"

	"github.com/google/go-cmp/cmp"
)

// world is a simulator over HTTP with one cluster whose clock is moved by hand, and a client of it.
type world struct {
	t       *testing.T
	sim     *emrsim.Sim
	clock   *wire.Clock
	client  *Client
	cluster emr.ClusterID
}

func ptr[T any](v T) *T { return &v }

// newWorld makes a cluster with 1 MASTER, 2 CORE and 6 TASK nodes, and capacity for no more of the task group's type.
func newWorld(t *testing.T, o emrsim.Options) *world {
	t.Helper()
	sim := emrsim.New(o)
	group := func(role, market string, count int) shapes.InstanceGroupConfig {
		return shapes.InstanceGroupConfig{InstanceRole: ptr(role), Name: ptr(role), Market: ptr(market), InstanceType: ptr("m5.xlarge"), InstanceCount: ptr(count)}
	}
	task := group("TASK", "SPOT", 6)
	task.EbsConfiguration = &shapes.EbsConfiguration{EbsOptimized: ptr(true), EbsBlockDeviceConfigs: []shapes.EbsBlockDeviceConfig{{
		VolumeSpecification: &shapes.VolumeSpecification{VolumeType: ptr("gp3"), SizeInGB: ptr(64), Iops: ptr(3000), Throughput: ptr(125)}, VolumesPerInstance: ptr(2),
	}}}
	task.Configurations = []shapes.Configuration{{Classification: ptr("yarn-site"), Properties: map[string]string{"k": "v"}}}
	id, err := sim.Place("us-east-1", &shapes.RunJobFlowInput{
		Name: ptr("etl"), ReleaseLabel: ptr("emr-7.1.0"), Tags: []shapes.Tag{{Key: ptr("team"), Value: ptr("data")}},
		Instances: &shapes.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: ptr(true),
			InstanceGroups:              []shapes.InstanceGroupConfig{group("MASTER", "ON_DEMAND", 1), group("CORE", "ON_DEMAND", 2), task},
		},
	}, emrsim.Placed{Ready: true, Who: "test"})
	if err != nil {
		t.Fatal(err)
	}
	clock := wire.NewManualClock(sim.Now())
	server := httptest.NewServer(wire.New(sim, wire.Options{Clock: clock}))
	t.Cleanup(server.Close)
	return &world{t: t, sim: sim, clock: clock, client: client(t, server.URL), cluster: emr.ClusterID(id)}
}

// do sends a call that must succeed.
func (w *world) do(call emr.Call) emr.Result {
	w.t.Helper()
	if call.Op != emr.ListClusters && !call.Op.CloudWatch() && call.Cluster == "" {
		call.Cluster = w.cluster
	}
	r := w.client.Do(context.Background(), call)
	if r.Err != nil {
		w.t.Fatalf("%v: %v", call, r.Err)
	}
	if want := w.sim.Now().Truncate(time.Second); !r.Date.Equal(want) {
		w.t.Errorf("%v: date %v, want the simulator's %v", call, r.Date, want)
	}
	return r
}

// group reads the group of the role that was made last.
func (w *world) group(role emr.Role) emr.Group {
	w.t.Helper()
	var out emr.Group
	for _, g := range w.do(emr.Call{Op: emr.ListInstanceGroups}).Groups {
		if g.Role == role && !g.Created.Before(out.Created) {
			out = g
		}
	}
	return out
}

func (w *world) wait(d time.Duration) {
	w.t.Helper()
	if _, err := w.clock.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

func TestWireReads(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	clusters := w.do(emr.Call{Op: emr.ListClusters}).Clusters
	if len(clusters) != 1 || clusters[0].ID != w.cluster || clusters[0].Name != "etl" || !clusters[0].State.Modifiable() || clusters[0].Created.IsZero() {
		t.Errorf("clusters %+v", clusters)
	}
	c := w.do(emr.Call{Op: emr.DescribeCluster}).Cluster
	if c.ClusterSummary != clusters[0] || c.Collection != emr.Groups || c.ReleaseLabel != "emr-7.1.0" || c.Zone == "" || c.Tags["team"] != "data" {
		t.Errorf("cluster %+v", c)
	}
	g := w.group(emr.Task)
	want := emr.Group{
		ID: g.ID, Name: "TASK", Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge", Requested: 6, Running: 6, State: emr.GroupRunning, Created: g.Created, Ready: g.Ready,
		ReasonText: g.ReasonText, Configurations: []emr.Configuration{{Classification: "yarn-site", Properties: map[string]string{"k": "v"}}},
		ConfigurationsVersion: g.ConfigurationsVersion, LastGood: g.LastGood, LastGoodVersion: g.LastGoodVersion,
		Volumes:      []emr.Volume{{Type: "gp3", Size: 64, Iops: 3000, Throughput: 125}, {Type: "gp3", Size: 64, Iops: 3000, Throughput: 125}},
		EbsOptimized: true,
	}
	if diff := cmp.Diff(want, g); diff != "" || g.Ready.IsZero() {
		t.Errorf("group: %s", diff)
	}
	nodes := w.do(emr.Call{Op: emr.ListInstances, Group: g.ID}).Instances
	if len(nodes) != 6 {
		t.Fatalf("%d instances", len(nodes))
	}
	for _, n := range nodes {
		if n.ID == "" || n.EC2 == "" || n.Group != g.ID || n.State != emr.InstanceRunning || n.Ready.IsZero() {
			t.Errorf("instance %+v", n)
		}
	}
	if all := w.do(emr.Call{Op: emr.ListInstances}).Instances; len(all) != 9 {
		t.Errorf("%d instances in the cluster", len(all))
	}
	if w.do(emr.Call{Op: emr.GetManagedScalingPolicy}).ManagedScaling {
		t.Error("managed scaling")
	}
	if err := w.sim.Act("us-east-1", "test", emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 2, To: 9}); err != nil {
		t.Fatal(err)
	}
	if !w.do(emr.Call{Op: emr.GetManagedScalingPolicy}).ManagedScaling {
		t.Error("no managed scaling")
	}
}

// A stuck grow is stopped and the missing instances go to a copy of the group, call by call.
func TestWireStopAndPlace(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	if err := w.sim.Act("us-east-1", "test", emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "TASK"}); err != nil {
		t.Fatal(err)
	}
	origin := w.group(emr.Task)
	w.do(emr.Call{Op: emr.ModifyInstanceGroups, Group: origin.ID, Count: 9})
	w.wait(30 * time.Minute)
	if g := w.group(emr.Task); g.State != emr.GroupResizing || g.Requested != 9 || g.Running != 6 {
		t.Fatalf("not stuck: %+v", g)
	}
	w.do(emr.Call{Op: emr.ModifyInstanceGroups, Group: origin.ID, Count: 6})
	w.wait(5 * time.Minute)
	if g := w.group(emr.Task); g.State != emr.GroupRunning || g.Requested != 6 || g.Running != 6 {
		t.Fatalf("not stopped: %+v", g)
	}
	config := emr.Copy(origin, "emrguard/1 TASK test", 3)
	added := w.do(emr.Call{Op: emr.AddInstanceGroups, Config: &config}).Added
	w.wait(30 * time.Minute)
	g := w.group(emr.Task)
	if g.ID != added || g.Requested != 3 || g.Running != 3 || g.State != emr.GroupRunning {
		t.Fatalf("the copy %s: %+v", added, g)
	}
	if diff := cmp.Diff(emr.Copy(origin, "", 0), emr.Copy(g, "", 0)); diff != "" {
		t.Errorf("R7: the copy differs: %s", diff)
	}
	w.do(emr.Call{Op: emr.ModifyInstanceGroups, Group: added, Count: 0})
	w.wait(2 * time.Hour)
	if g := w.group(emr.Task); g.Requested != 0 || g.Running != 0 {
		t.Errorf("zero was not sent: %+v", g)
	}
}

func TestWireErrors(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	master := w.group(emr.Master).ID
	for _, tt := range []struct {
		call  emr.Call
		class emr.Class
	}{
		{emr.Call{Op: emr.DescribeCluster, Cluster: "j-NOSUCH"}, emr.NotFound},
		{emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-NOSUCH"}, emr.NotFound},
		{emr.Call{Op: emr.ModifyInstanceGroups, Cluster: w.cluster, Group: "ig-NOSUCH", Count: 1}, emr.NotFound},
		{emr.Call{Op: emr.ModifyInstanceGroups, Cluster: w.cluster, Group: master, Count: 3}, emr.Invalid},
		{emr.Call{Op: emr.AddInstanceGroups, Cluster: "j-NOSUCH", Config: &emr.GroupConfig{Role: emr.Task, InstanceType: "m5.xlarge", Count: 1}}, emr.NotFound},
	} {
		if r := w.client.Do(t.Context(), tt.call); r.Err == nil || r.Err.Class != tt.class || r.Date.IsZero() {
			t.Errorf("%v: %+v, want %s", tt.call, r.Err, tt.class)
		}
	}
	for line, class := range map[string]emr.Class{
		"ModifyInstanceGroups call=1 throttle":                      emr.Throttled,
		"ModifyInstanceGroups call=1 error=AccessDeniedException":   emr.Denied,
		"ModifyInstanceGroups call=1 error=InternalServerError/400": emr.Unavailable,
		"ModifyInstanceGroups call=1 lose-answer":                   emr.Unavailable,
		"ModifyInstanceGroups call=1 refuse":                        emr.Unavailable, // after it was written: nobody can know
	} {
		f, err := emrsim.ParseFault(line)
		if err != nil {
			t.Fatal(err)
		}
		id := w.sim.AddFault(f)
		r := w.client.Do(t.Context(), emr.Call{Op: emr.ModifyInstanceGroups, Cluster: w.cluster, Group: w.group(emr.Task).ID, Count: 6})
		if r.Err == nil || r.Err.Class != class {
			t.Errorf("%s: %+v", line, r.Err)
		}
		w.sim.RemoveFault(id)
	}
}

func TestWirePages(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true, GroupPage: 2})
	for i := range 3 {
		w.do(emr.Call{Op: emr.AddInstanceGroups, Config: &emr.GroupConfig{Name: fmt.Sprint(i), Role: emr.Task, InstanceType: "m5.xlarge"}})
	}
	seen, pages, call := map[emr.GroupID]bool{}, 0, emr.Call{Op: emr.ListInstanceGroups}
	for {
		r := w.do(call)
		pages++
		for _, g := range r.Groups {
			seen[g.ID] = true
		}
		if call.Marker = r.Marker; r.Marker == "" {
			break
		}
	}
	if len(seen) != 6 || pages != 3 {
		t.Errorf("%d groups on %d pages", len(seen), pages)
	}
}

func TestWireTerminate(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	protect := func(on bool) {
		if _, err := w.sim.Do("us-east-1", "SetTerminationProtection", &shapes.SetTerminationProtectionInput{
			JobFlowIds: []string{string(w.cluster)}, TerminationProtected: ptr(on),
		}); err != nil {
			t.Fatal(err)
		}
	}
	end := emr.Call{Op: emr.TerminateJobFlows, Cluster: w.cluster}
	protect(true)
	if !w.do(emr.Call{Op: emr.DescribeCluster}).Cluster.Protected {
		t.Error("not shown as protected")
	}
	if r := w.client.Do(t.Context(), end); r.Err == nil || r.Err.Class != emr.Invalid {
		t.Errorf("protected: %+v", r.Err)
	}
	protect(false)
	if c := w.do(emr.Call{Op: emr.DescribeCluster}).Cluster; c.Protected || c.State.Ended() {
		t.Errorf("%+v", c)
	}
	w.do(end)
	if c := w.do(emr.Call{Op: emr.DescribeCluster}).Cluster; c.State != emr.ClusterTerminating {
		t.Errorf("%s", c.State)
	}
	w.do(end) // again
	w.wait(time.Hour)
	w.do(end) // when it is gone
	if c := w.do(emr.Call{Op: emr.DescribeCluster}).Cluster; c.State != emr.ClusterTerminated {
		t.Errorf("%s", c.State)
	}
	if r := w.client.Do(t.Context(), emr.Call{Op: emr.TerminateJobFlows, Cluster: "j-NOSUCH"}); r.Err == nil || r.Err.Class != emr.NotFound {
		t.Errorf("no such cluster: %+v", r.Err)
	}
}

func TestWireProbeChangesNothing(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	before := w.sim.Snapshot("us-east-1")
	for _, op := range emr.Ops {
		want := Allowed
		if op == emr.TerminateJobFlows || op.SQS() {
			want = Unclear
		}
		if got, err := w.client.Probe(t.Context(), op, w.cluster); got != want {
			t.Errorf("%s: %s %v", op, got, err)
		}
	}
	if diff := cmp.Diff(before, w.sim.Snapshot("us-east-1")); diff != "" {
		t.Errorf("a probe changed: %s", diff)
	}
}

func TestWireMetrics(t *testing.T) {
	w := newWorld(t, emrsim.Options{Unthrottled: true})
	w.wait(25 * time.Hour)
	const five = 5 * time.Minute
	to := w.clock.Now().Truncate(five).Add(-five) // by then every value has come
	metric := func(id, name string, s emr.Statistic) emr.MetricQuery {
		return emr.MetricQuery{ID: id, Metric: emr.Metric{Namespace: emr.MetricsNamespace, Name: name, Statistic: s, Period: five}.Of(w.cluster)}
	}
	want := emr.MetricsWant{From: to.Add(-time.Hour), To: to, Queries: []emr.MetricQuery{
		metric("core", "CoreNodesRunning", emr.Average), metric("idle", "IsIdle", emr.Minimum), metric("none", "NoSuchMetric", emr.Sum), metric("count", "IsIdle", emr.SampleCount),
	}}
	call := emr.Call{Op: emr.GetMetricData, Metrics: &want}
	series := w.do(call).Series
	if len(series) != 4 {
		t.Fatalf("%d series", len(series))
	}
	for i, value := range []float64{2, 1, -1, 1} {
		s := series[i]
		switch {
		case s.ID != want.Queries[i].ID || s.Err != nil:
			t.Errorf("series %d: %+v", i, s)
		case value < 0 && len(s.Points) != 0, value >= 0 && len(s.Points) != 12:
			t.Errorf("%s: %d points", s.ID, len(s.Points))
		}
		for k, p := range s.Points {
			if at := want.From.Add(time.Duration(k) * five); !p.At.Equal(at) || p.At.Location() != time.UTC || p.Value != value {
				t.Errorf("%s: point %d is %v, want %v at %s", s.ID, k, p, value, at)
			}
		}
	}

	// 500 series of a day are more than a page holds.
	day := emr.MetricsWant{From: to.Add(-24 * time.Hour), To: to}
	for i := range emr.MaxQueries {
		day.Queries = append(day.Queries, metric(fmt.Sprint("m", i), "IsIdle", emr.Average))
	}
	pages, points := 0, map[string]int{}
	for next := (emr.Call{Op: emr.GetMetricData, Metrics: &day}); pages == 0 || next.Marker != ""; pages++ {
		r := w.do(next)
		for _, s := range r.Series {
			if s.Err != nil {
				t.Fatalf("%+v", s)
			}
			points[s.ID] += len(s.Points)
		}
		next.Marker = r.Marker
	}
	if pages != 2 || len(points) != emr.MaxQueries {
		t.Errorf("%d series on %d pages", len(points), pages)
	}
	for id, n := range points {
		if n != 288 {
			t.Errorf("%s: %d points", id, n)
		}
	}

	for line, class := range map[string]emr.Class{
		"GetMetricData call=1 throttle":                   emr.Throttled,
		"GetMetricData call=1 error=AccessDenied":         emr.Denied,
		"GetMetricData call=1 error=InternalServiceFault": emr.Unavailable,
		"GetMetricData call=1 lose-answer":                emr.Unavailable,
		"GetMetricData call=1 empty":                      emr.Unavailable,
		"GetMetricData call=1 error=InvalidNextToken":     emr.Invalid,
	} {
		f, err := emrsim.ParseFault(line)
		if err != nil {
			t.Fatal(err)
		}
		id := w.sim.AddFault(f)
		if r := w.client.Do(t.Context(), call); r.Err == nil || r.Err.Class != class || r.Series != nil {
			t.Errorf("%s: %+v", line, r.Err)
		}
		w.sim.RemoveFault(id)
	}
	f, err := emrsim.ParseFault("GetMetricData fail-series=1")
	if err != nil {
		t.Fatal(err)
	}
	w.sim.AddFault(f)
	failed := 0
	for _, s := range w.do(call).Series {
		if s.Err != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d series failed, want one", failed)
	}
}
