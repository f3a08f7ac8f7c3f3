package emrsim

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// drainQueue receives and deletes everything that is in the queue.
func drainQueue(t *testing.T, s *Sim) []eventMessage {
	t.Helper()
	var out []eventMessage
	url := s.QueueURL("https://sqs.us-east-1.amazonaws.com")
	for {
		got, apiErr := s.Do("us-east-1", "ReceiveMessage", &shapes.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: ptr(10)})
		if apiErr != nil {
			t.Fatal(apiErr)
		}
		list := got.(*shapes.ReceiveMessageOutput).Messages
		if len(list) == 0 {
			return out
		}
		for _, m := range list {
			var e eventMessage
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				t.Fatal(err)
			}
			out = append(out, e)
			if _, apiErr := s.Do("us-east-1", "DeleteMessage", &shapes.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); apiErr != nil {
				t.Fatal(apiErr)
			}
		}
	}
}

// resizes is a world in which a task group grows by one, ten times, and each completes.
func resizes(t *testing.T, timing EventTiming) *Sim {
	t.Helper()
	s := New(Options{Seed: 3, Events: timing, Unthrottled: true})
	group := func(role string, count int) shapes.InstanceGroupConfig {
		return shapes.InstanceGroupConfig{InstanceRole: ptr(role), Name: ptr(role), InstanceType: ptr("m5.xlarge"), InstanceCount: ptr(count)}
	}
	if _, err := s.Place("us-east-1", &shapes.RunJobFlowInput{Name: ptr("etl"), ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: ptr(true), InstanceGroups: []shapes.InstanceGroupConfig{group("MASTER", 1), group("CORE", 2), group("TASK", 6)}}}, Placed{Ready: true, Who: "test"}); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := s.Act("us-east-1", "test", Action{Do: DoResize, Cluster: "etl", Group: "TASK", To: 7 + i}); err != nil {
			t.Fatal(err)
		}
		s.AdvanceTo(s.Now().Add(30 * time.Minute))
	}
	s.AdvanceTo(s.Now().Add(24 * time.Hour))
	return s
}

func TestEventsComeAsTheOptionsSay(t *testing.T) {
	all := drainQueue(t, resizes(t, EventTiming{On: true}))
	if len(all) != 20 {
		t.Fatalf("ten resizes are told in %d events", len(all))
	}
	for i, e := range all {
		d := e.Detail.(map[string]any)
		if state := []string{"RESIZING", "RUNNING"}[i%2]; d["state"] != state || e.Source != "aws.emr" || e.DetailType != "EMR Instance Group State Change" {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if n := len(drainQueue(t, resizes(t, EventTiming{On: true, LossRate: 1}))); n > 0 {
		t.Errorf("%d events although all are lost", n)
	}
	twice := drainQueue(t, resizes(t, EventTiming{On: true, DupRate: 1}))
	ids := map[string]int{}
	for _, e := range twice {
		ids[e.ID]++
	}
	if len(twice) != 40 || len(ids) != 20 {
		t.Errorf("%d messages of %d events, want each twice", len(twice), len(ids))
	}
	late := drainQueue(t, resizes(t, EventTiming{On: true, Delay: Dist{time.Second, time.Hour, 2 * time.Hour}}))
	if slices.IsSortedFunc(late, func(a, b eventMessage) int { return strings.Compare(a.Time, b.Time) }) {
		t.Error("events with delays of up to two hours come in their order")
	}
}

// Events change nothing in the world but the queue: everything else happens at the same moments with and without them.
func TestEventsChangeNothingElse(t *testing.T) {
	with, without := resizes(t, EventTiming{On: true, DupRate: 0.5, LossRate: 0.5}), resizes(t, EventTiming{})
	a, errA := json.Marshal(with.Snapshot("us-east-1"))
	b, errB := json.Marshal(without.Snapshot("us-east-1"))
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Error("a world with events is another than the same without")
	}
	url := without.QueueURL("http://127.0.0.1:1")
	if _, err := without.Do("us-east-1", "ReceiveMessage", &shapes.ReceiveMessageInput{QueueUrl: &url}); err == nil || err.Type != "QueueDoesNotExist" {
		t.Errorf("a world without events has a queue: %v", err)
	}
}
