package emr

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is one of the events that AWS publishes as examples (EMR Management Guide, emr-manage-cloudwatch-events).
func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "events", "event-amazon-emr-"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestPublishedEvents(t *testing.T) {
	for name, want := range map[string]Event{
		"instance-group-state-change": {ID: "999cccaa-eaaa-0000-1111-123456789012", Kind: EventGroupState, Time: time.Date(2016, 12, 16, 20, 57, 47, 0, time.UTC),
			Cluster: "j-123456789ABCD", Group: "ig-ABCDEFGHIJKL", GroupState: GroupRunning, Counts: &Counts{2, 2}, Severity: "INFO"},
		"cluster-state-change-starting": {ID: "999cccaa-eaaa-0000-1111-123456789012", Kind: EventClusterState, Time: time.Date(2016, 12, 16, 20, 43, 5, 0, time.UTC),
			Cluster: "j-123456789ABCD", ClusterState: ClusterStarting, Severity: "INFO"},
		"cluster-state-change-terminated": {ID: "1234abb0-f87e-1234-b7b6-000000123456", Kind: EventClusterState, Time: time.Date(2016, 12, 16, 21, 0, 23, 0, time.UTC),
			Cluster: "j-123456789ABCD", ClusterState: ClusterTerminated, Severity: "INFO"},
		"step-status-change":               {Kind: EventUnknown},
		"auto-scaling-policy-state-change": {Kind: EventUnknown},
	} {
		got, err := ParseEvent(sample(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

// groupEvent is an event of a group's state with a detail of one's own.
func groupEvent(detail string) []byte {
	return []byte(`{"id":"e-1","source":"aws.emr","detail-type":"EMR Instance Group State Change","time":"2026-01-15T10:30:00Z","detail":{"clusterId":"j-1","instanceGroupId":"ig-1",` + detail + `}}`)
}

func TestCountsOfEvents(t *testing.T) {
	for name, c := range map[string]struct {
		detail string
		want   *Counts
		starts bool
	}{
		"texts":        {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":"9","runningInstanceCount":"6"`, &Counts{9, 6}, true},
		"numbers":      {`"state":"RESIZING","severity":"info","requestedInstanceCount":9,"runningInstanceCount":6`, &Counts{9, 6}, true},
		"a shrink":     {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":2,"runningInstanceCount":6`, &Counts{2, 6}, true},
		"stuck":        {`"state":"RESIZING","severity":"WARNING","requestedInstanceCount":9,"runningInstanceCount":6`, &Counts{9, 6}, false},
		"complete":     {`"state":"RUNNING","severity":"INFO","requestedInstanceCount":9,"runningInstanceCount":9`, &Counts{9, 9}, false},
		"still called": {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":9,"runningInstanceCount":9`, &Counts{9, 9}, false},
		"none":         {`"state":"RESIZING","severity":"INFO"`, nil, false},
		"one":          {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":"9"`, nil, false},
		"words":        {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":"nine","runningInstanceCount":"6"`, nil, false},
		"negative":     {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":-1,"runningInstanceCount":6`, nil, false},
		"null":         {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":null,"runningInstanceCount":6`, nil, false},
		"a list":       {`"state":"RESIZING","severity":"INFO","requestedInstanceCount":[9],"runningInstanceCount":6`, nil, false},
	} {
		e, err := ParseEvent(groupEvent(c.detail))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, e.Counts); diff != "" || e.Starts() != c.starts {
			t.Errorf("%s: %s starts %v", name, diff, e.Starts())
		}
	}
}

func TestTroubleEvents(t *testing.T) {
	const body = `{"_note":"built from the documented members","source":"aws.emr","detail-type":"EMR Instance Group Resize","time":"2026-01-15T10:30:00Z","detail":{"severity":"WARNING",` +
		`"eventCode":"EC2 provisioning - Insufficient Instance Capacity","instanceGroupType":"TASK","instanceGroupId":"ig-1","clusterId":"j-1","message":"…"}}`
	for _, detailType := range []string{"EMR Instance Group Resize", "EMR Instance Group Provisioning"} {
		e, err := ParseEvent([]byte(strings.Replace(body, "EMR Instance Group Resize", detailType, 1)))
		if err != nil || e.Kind != EventGroupTrouble || e.Group != "ig-1" || e.Code != "EC2 provisioning - Insufficient Instance Capacity" {
			t.Errorf("%s: %+v, %v", detailType, e, err)
		}
	}
}

func TestWhatIsNoEvent(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "not an event",
		"hello":                                 "not an event",
		"[]":                                    "not an event",
		`{"source":7}`:                          "not an event",
		`{"source":"aws.emr","detail-type":[]}`: "not an event",
		string(groupEvent(`"state":""`)):        "no state",
		string(groupEvent(`"state":"RUNNING","severity":7`)):                                     "EMR Instance Group State Change",
		strings.Replace(string(groupEvent(`"state":"RUNNING"`)), "2026-01-15T", "yesterday ", 1): "time",
		strings.Replace(string(groupEvent(`"state":"RUNNING"`)), `"j-1"`, `""`, 1):               "no clusterId",
		strings.Replace(string(groupEvent(`"state":"RUNNING"`)), `"ig-1"`, `""`, 1):              "no instanceGroupId",
		string(groupEvent(`"state":"` + strings.Repeat("X", maxEventText+1) + `"`)):              "a text of 201 bytes",
	} {
		if e, err := ParseEvent([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %+v, %v, want %q", text, e, err, want)
		}
	}
}

// FuzzParseEvent: whatever a message holds, it is an event of a kind with what the kind has, or an error.
func FuzzParseEvent(f *testing.F) {
	for _, name := range []string{"instance-group-state-change", "cluster-state-change-terminated", "step-status-change"} {
		f.Add(sample(f, name))
	}
	f.Add(groupEvent(`"state":"RESIZING","requestedInstanceCount":9,"runningInstanceCount":"6"`))
	f.Add([]byte(`{"source":"aws.emr","detail-type":"EMR Instance Group Resize","detail":{"eventCode":"–"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseEvent(body)
		switch {
		case err != nil:
			if e != (Event{}) {
				t.Errorf("an error and %+v", e)
			}
			return
		case e.Kind == EventUnknown:
			return
		case e.Cluster == "" || e.Time.IsZero() && e.Time.Year() != 1:
			t.Errorf("%+v", e)
		case e.Kind == EventClusterState && e.ClusterState == "" || e.Kind == EventGroupState && (e.GroupState == "" || e.Group == "") || e.Kind == EventGroupTrouble && e.Group == "":
			t.Errorf("%+v", e)
		case e.Counts != nil && (e.Counts.Requested < 0 || e.Counts.Running < 0):
			t.Errorf("%+v", e.Counts)
		}
		_, _ = e.String(), e.Starts()
	})
}
