package emr

import (
	"fmt"
	"time"
)

// Op is the name of an operation of EMR's API, of CloudWatch's or of SQS's.
type Op string

// The operations emrguard uses. The limits are AWS's token buckets per account and region, burst then refill a second
// (EMR endpoints and quotas, General Reference): ListClusters 20/0.5, DescribeCluster 10/1, ListInstanceGroups 10/1,
// ListInstances 10/0.5, GetManagedScalingPolicy 5/0.5, ModifyInstanceGroups 5/0.5, AddInstanceGroups 5/0.2, TerminateJobFlows 10/0.5.
// GetMetricData is CloudWatch's: 50 a second (CloudWatch service quotas). ReceiveMessage and DeleteMessageBatch are SQS's, which limits neither
// on a standard queue (SQS quotas).
const (
	ListClusters            Op = "ListClusters"
	DescribeCluster         Op = "DescribeCluster"
	ListInstanceGroups      Op = "ListInstanceGroups"
	ListInstances           Op = "ListInstances"
	GetManagedScalingPolicy Op = "GetManagedScalingPolicy"
	ModifyInstanceGroups    Op = "ModifyInstanceGroups"
	AddInstanceGroups       Op = "AddInstanceGroups"
	TerminateJobFlows       Op = "TerminateJobFlows"
	GetMetricData           Op = "GetMetricData"
	ReceiveMessage          Op = "ReceiveMessage"
	DeleteMessageBatch      Op = "DeleteMessageBatch"
)

// Ops lists every operation in a fixed order.
var Ops = []Op{ListClusters, DescribeCluster, ListInstanceGroups, ListInstances, GetManagedScalingPolicy, ModifyInstanceGroups, AddInstanceGroups,
	TerminateJobFlows, GetMetricData, ReceiveMessage, DeleteMessageBatch}

// CloudWatch says whether the operation is CloudWatch's and not EMR's: another service, with limits and permissions of its own.
func (o Op) CloudWatch() bool { return o == GetMetricData }

// SQS says whether the operation is one on a scope's queue of events: another service again.
func (o Op) SQS() bool { return o == ReceiveMessage || o == DeleteMessageBatch }

// EMR says whether the operation is EMR's own.
func (o Op) EMR() bool { return !o.CloudWatch() && !o.SQS() }

// Writes says whether the operation changes the cluster.
func (o Op) Writes() bool {
	return o == ModifyInstanceGroups || o == AddInstanceGroups || o == TerminateJobFlows
}

// Call is one request to the API of EMR, CloudWatch or SQS as a value: one page of a list, or one change. One Call takes one API token.
type Call struct {
	Op      Op           `json:"op"`
	Cluster ClusterID    `json:"cluster,omitempty"` // EMR's, all but ListClusters
	Group   GroupID      `json:"group,omitempty"`   // ModifyInstanceGroups; ListInstances: only this group
	Count   int          `json:"count"`             // ModifyInstanceGroups: the new requested count; 0 is sent as 0
	Config  *GroupConfig `json:"config,omitempty"`  // AddInstanceGroups: the one group to add
	Marker  string       `json:"marker,omitempty"`  // lists: where the page starts
	Metrics *MetricsWant `json:"metrics,omitempty"` // GetMetricData: the series to read
	Queue   *QueueCall   `json:"queue,omitempty"`   // SQS's
}

// String is the call as a log line shows it.
func (c Call) String() string {
	switch c.Op {
	case ModifyInstanceGroups:
		return fmt.Sprintf("%s %s %s count=%d", c.Op, c.Cluster, c.Group, c.Count)
	case AddInstanceGroups:
		if c.Config != nil {
			return fmt.Sprintf("%s %s %q %s count=%d", c.Op, c.Cluster, c.Config.Name, c.Config.InstanceType, c.Config.Count)
		}
	case GetMetricData:
		if c.Metrics != nil {
			return fmt.Sprintf("%s of %d series", c.Op, len(c.Metrics.Queries))
		}
	case ReceiveMessage:
		return string(c.Op)
	case DeleteMessageBatch:
		if c.Queue != nil {
			return fmt.Sprintf("%s of %d messages", c.Op, len(c.Queue.Receipts))
		}
	case ListInstances:
		return fmt.Sprintf("%s %s %s", c.Op, c.Cluster, c.Group)
	}
	return fmt.Sprintf("%s %s", c.Op, c.Cluster)
}

// Result is the answer to one Call. Exactly the field of its operation is set when Err is nil.
type Result struct {
	Err            *Error           `json:"err,omitempty"`
	Clusters       []ClusterSummary `json:"clusters,omitempty"`
	Cluster        *Cluster         `json:"cluster,omitempty"`
	Groups         []Group          `json:"groups,omitempty"`
	Instances      []Instance       `json:"instances,omitempty"`
	ManagedScaling bool             `json:"managed_scaling,omitempty"` // GetManagedScalingPolicy: a policy is attached
	Added          GroupID          `json:"added,omitempty"`           // AddInstanceGroups: the new group
	Series         []Series         `json:"series,omitempty"`          // GetMetricData
	Messages       []Message        `json:"messages,omitempty"`        // ReceiveMessage: at most MaxMessages, in any order; none is no error
	Marker         string           `json:"marker,omitempty"`          // lists: there is another page
	Date           time.Time        `json:"date,omitzero"`             // the answer's Date header, zero without one; resolution 1 s
	RequestID      string           `json:"request_id,omitempty"`      // AWS's name of the request, for its support and for CloudTrail; empty without an answer
}

// Class says what an error means for the caller.
type Class string

// The error classes.
const (
	Throttled   Class = "throttled"   // refused for its rate; nothing happened
	Denied      Class = "denied"      // refused for permissions or credentials; nothing happened
	Invalid     Class = "invalid"     // refused as a request; nothing happened
	NotFound    Class = "not_found"   // the cluster or group does not exist for this account and region
	Unavailable Class = "unavailable" // a server error or a broken connection: a change may or may not have happened
	NotSent     Class = "not_sent"    // never left this process: the lease, the deadline or a shutdown came first
	FleetsOnly  Class = "fleets"      // a group operation on a cluster that is made of instance fleets
)

// Error is a failed Call: EMR's code and text, and what class it belongs to.
type Error struct {
	Class   Class  `json:"class"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code == "" {
		return string(e.Class) + ": " + e.Message
	}
	return e.Code + ": " + e.Message
}

// OutcomeUnknown says whether a change that failed so may have taken effect all the same.
func (e *Error) OutcomeUnknown() bool { return e != nil && e.Class == Unavailable }
