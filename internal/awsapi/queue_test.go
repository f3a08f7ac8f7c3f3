package awsapi

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/emrsim/wire"
)

func TestQueueCallsThatAreNotSent(t *testing.T) {
	const url = "https://sqs.us-east-1.amazonaws.com/111122223333/q"
	for name, call := range map[string]emr.Call{
		"no queue":         {Op: emr.ReceiveMessage},
		"no URL":           {Op: emr.ReceiveMessage, Queue: &emr.QueueCall{}},
		"too long":         {Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: url, Wait: emr.MaxWait + time.Second}},
		"half a second":    {Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: url, Wait: time.Second / 2}},
		"nothing to do":    {Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: url}},
		"too much at once": {Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: url, Receipts: make([]string, 11)}},
	} {
		c := client(t, "http://127.0.0.1:1") // nobody listens there
		if r := c.Do(t.Context(), call); r.Err == nil || r.Err.Class != emr.Invalid {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

func TestWireQueue(t *testing.T) {
	sim := emrsim.New(emrsim.Options{Seed: 4, Events: emrsim.EventTiming{On: true}})
	clock := wire.NewManualClock(sim.Now())
	server := httptest.NewServer(wire.New(sim, wire.Options{Clock: clock}))
	t.Cleanup(server.Close)
	c, url := client(t, server.URL), sim.QueueURL(server.URL)
	group := func(role string, count int) shapes.InstanceGroupConfig {
		return shapes.InstanceGroupConfig{InstanceRole: ptr(role), Name: ptr(role), InstanceType: ptr("m5.xlarge"), InstanceCount: ptr(count)}
	}
	id, err := sim.Place("us-east-1", &shapes.RunJobFlowInput{Name: ptr("etl"), ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: ptr(true), InstanceGroups: []shapes.InstanceGroupConfig{group("MASTER", 1), group("CORE", 2), group("TASK", 6)}}}, emrsim.Placed{Ready: true, Who: "test"})
	if err != nil {
		t.Fatal(err)
	}
	receive := func() []emr.Message {
		t.Helper()
		r := c.Do(t.Context(), emr.Call{Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: url}})
		if r.Err != nil || r.Date.IsZero() {
			t.Fatalf("%+v", r)
		}
		return r.Messages
	}
	if got := receive(); len(got) > 0 {
		t.Errorf("a queue in which nothing is gives %v", got)
	}
	if err := sim.Act("us-east-1", "test", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "TASK", To: 9}); err != nil {
		t.Fatal(err)
	}
	if _, err := clock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, op := range []emr.Op{emr.ReceiveMessage, emr.DeleteMessageBatch} {
		if access, err := c.ProbeQueue(t.Context(), op, url); access != Allowed || err != nil {
			t.Errorf("a probe of %s: %s, %v", op, access, err)
		}
		if access, err := c.ProbeQueue(t.Context(), op, server.URL+"/111122223333/other"); access != Allowed || err == nil || err.Class != emr.NotFound {
			t.Errorf("a probe of %s on a queue that is not there: %s, %v", op, access, err)
		}
	}
	if _, err := clock.Advance(2 * time.Second); err != nil { // what a probe received is hidden for one
		t.Fatal(err)
	}
	var states []emr.GroupState
	messages := receive()
	del := emr.Call{Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: url}}
	for _, m := range messages {
		e, err := emr.ParseEvent([]byte(m.Body))
		if err != nil || e.Cluster != emr.ClusterID(id) {
			t.Errorf("%+v, %v", e, err)
		}
		states = append(states, e.GroupState)
		del.Queue.Receipts = append(del.Queue.Receipts, m.Receipt)
	}
	slices.Sort(states)
	if !slices.Equal(states, []emr.GroupState{emr.GroupResizing, emr.GroupRunning}) {
		t.Errorf("a resize that completed is told as %v: a probe took a message away", states)
	}
	if r := c.Do(t.Context(), del); r.Err != nil {
		t.Errorf("%+v", r.Err)
	}
	if _, err := clock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := receive(); len(got) > 0 {
		t.Errorf("deleted messages came again: %v", got)
	}
	if r := c.Do(t.Context(), emr.Call{Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: url, Receipts: []string{"nobody's"}}}); r.Err == nil || r.Err.Class != emr.Invalid {
		t.Errorf("a receipt that is none: %+v", r.Err)
	}
	if r := c.Do(t.Context(), emr.Call{Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: server.URL + "/111122223333/other"}}); r.Err == nil || r.Err.Class != emr.NotFound {
		t.Errorf("a queue that is not there: %+v", r.Err)
	}
}
