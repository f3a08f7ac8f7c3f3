package emr

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// EventKind says what an event is about.
type EventKind string

// The kinds, by EventBridge's detail-types (EMR Management Guide, emr-manage-cloudwatch-events).
const (
	EventGroupState   EventKind = "group_state"   // "EMR Instance Group State Change"
	EventClusterState EventKind = "cluster_state" // "EMR Cluster State Change"
	EventGroupTrouble EventKind = "group_trouble" // "EMR Instance Group Resize" and "… Provisioning": EC2 does not give what is asked for
	EventUnknown      EventKind = "unknown"       // everything else: fleets, steps, other sources, what AWS adds later
)

// Event is one of EMR's events. EventBridge delivers as best effort: late, twice, in any order, or not at all.
type Event struct {
	ID           string       // the same for each delivery of an event
	Kind         EventKind    //
	Time         time.Time    // when EMR sent it, by AWS's clock; EventBridge's resolution is a second
	Cluster      ClusterID    // not of EventUnknown
	Group        GroupID      // of a group's event
	GroupState   GroupState   // EventGroupState: as sent
	ClusterState ClusterState // EventClusterState: as sent
	Counts       *Counts      // nil when the event does not state both
	Severity     string       // INFO, WARN, WARNING, ERROR or CRITICAL, as sent
	Code         string       // EventGroupTrouble: its eventCode, as sent; AWS spells them differently from page to page
}

// Counts are a group's counts.
type Counts struct {
	Requested int `json:"requested"`
	Running   int `json:"running"`
}

// Starts says whether the event tells of the start of a resize: a group in RESIZING whose stated counts differ.
//
// The event of a resize that is stuck has the same state and, as far as the published samples tell, the same counts; it is told from a
// start by its severity alone.
func (e Event) Starts() bool {
	return e.Kind == EventGroupState && e.GroupState == GroupResizing && e.Severity == "INFO" && e.Counts != nil && e.Counts.Requested != e.Counts.Running
}

// String is the event as a history record shows it.
func (e Event) String() string {
	switch {
	case e.Kind == EventClusterState:
		return "the cluster is " + string(e.ClusterState)
	case e.Kind == EventGroupTrouble:
		return strconv.Quote(e.Code)
	case e.Counts != nil:
		return fmt.Sprintf("%s, %d of %d run", e.GroupState, e.Counts.Running, e.Counts.Requested)
	}
	return string(e.GroupState)
}

// maxEventText bounds the texts that are taken from an event, in bytes. AWS's own are far below it.
const maxEventText = 200

// eventBody is what is read of an event's JSON. Fields with more than one form in AWS's own samples and schemas are taken raw.
type eventBody struct {
	ID         string `json:"id"`
	DetailType string `json:"detail-type"`
	Source     string `json:"source"`
	Time       string `json:"time"`
	Detail     struct {
		ClusterID string          `json:"clusterId"`
		GroupID   string          `json:"instanceGroupId"`
		State     string          `json:"state"`
		Severity  string          `json:"severity"`
		Code      string          `json:"eventCode"`
		Requested json.RawMessage `json:"requestedInstanceCount"`
		Running   json.RawMessage `json:"runningInstanceCount"`
	} `json:"detail"`
}

// ParseEvent reads an event as EventBridge puts it into a queue. An event of a kind that emrguard has no use for is an EventUnknown and no
// error; one of a known kind that lacks its time or whom it is about is an error, as is what is no JSON object. Counts that are no
// numbers count as not stated. The text of the message is not read: AWS may change it (EventBridge reference, EMR events).
func ParseEvent(body []byte) (Event, error) {
	var head struct {
		DetailType string `json:"detail-type"`
		Source     string `json:"source"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return Event{}, fmt.Errorf("not an event: %w", err)
	}
	kind := kindOf(head.Source, head.DetailType)
	if kind == EventUnknown {
		return Event{Kind: EventUnknown}, nil
	}
	var b eventBody
	if err := json.Unmarshal(body, &b); err != nil {
		return Event{}, fmt.Errorf("%s: %w", head.DetailType, err)
	}
	at, err := time.Parse(time.RFC3339, b.Time)
	if err != nil {
		return Event{}, fmt.Errorf("%s: time: %w", head.DetailType, err)
	}
	for _, text := range []string{b.ID, b.Detail.ClusterID, b.Detail.GroupID, b.Detail.State, b.Detail.Severity, b.Detail.Code} {
		if len(text) > maxEventText {
			return Event{}, fmt.Errorf("%s: a text of %d bytes where AWS has at most %d", head.DetailType, len(text), maxEventText)
		}
	}
	e := Event{ID: b.ID, Kind: kind, Time: at.UTC(), Cluster: ClusterID(b.Detail.ClusterID), Severity: strings.ToUpper(b.Detail.Severity), Code: b.Detail.Code}
	switch {
	case e.Cluster == "":
		return Event{}, fmt.Errorf("%s: no clusterId", head.DetailType)
	case kind == EventClusterState:
		e.ClusterState = ClusterState(b.Detail.State)
		if e.ClusterState == "" {
			return Event{}, fmt.Errorf("%s: no state", head.DetailType)
		}
		return e, nil
	case b.Detail.GroupID == "":
		return Event{}, fmt.Errorf("%s: no instanceGroupId", head.DetailType)
	}
	e.Group = GroupID(b.Detail.GroupID)
	requested, errRequested := countOf(b.Detail.Requested)
	running, errRunning := countOf(b.Detail.Running)
	if errRequested == nil && errRunning == nil {
		e.Counts = &Counts{Requested: requested, Running: running}
	}
	if kind == EventGroupState {
		e.GroupState = GroupState(b.Detail.State)
		if e.GroupState == "" {
			return Event{}, fmt.Errorf("%s: no state", head.DetailType)
		}
	}
	return e, nil
}

// kindOf is the kind of an event by its source and detail-type.
func kindOf(source, detailType string) EventKind {
	if source != "aws.emr" {
		return EventUnknown
	}
	switch detailType {
	case "EMR Instance Group State Change":
		return EventGroupState
	case "EMR Cluster State Change":
		return EventClusterState
	case "EMR Instance Group Resize", "EMR Instance Group Provisioning":
		return EventGroupTrouble
	}
	return EventUnknown
}

// countOf reads a count, which the published samples have as text and EventBridge's schema as a number.
func countOf(raw json.RawMessage) (int, error) {
	text := strings.Trim(string(raw), `"`)
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = errors.New("a negative count")
	}
	return n, err
}
