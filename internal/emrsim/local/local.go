// Package local is a client of the simulator in the same process: it executes emr.Call values in virtual time, without HTTP.
//
// GetMetricData goes to the simulator's CloudWatch, ReceiveMessage and DeleteMessageBatch to its queue of events. It shows a caller what package awsapi would show: an empty list reads as "nothing there", an answer without the one thing it is for and
// a broken connection as errors of class emr.Unavailable, and members that EMR leaves out as zero values.
package local

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

// Client sends calls to one region of a simulator. Safe for concurrent use.
type Client struct {
	sim    *emrsim.Sim
	region string
}

// New returns a client of sim's region.
func New(sim *emrsim.Sim, region string) *Client { return &Client{sim: sim, region: region} }

// Answer is what comes of one call, and when.
type Answer struct {
	Result emr.Result
	// Delay is the virtual time from the call until the caller has the Result, or notices that the connection broke. A change has
	// taken effect at the start of it, so that a caller with a shorter deadline does not know its outcome.
	Delay time.Duration
	// RequestID is what the simulator's own record of changes carries for this call.
	RequestID string
}

// Do executes one call at the simulator's present time. It does not wait for the Answer's Delay: virtual time is the caller's.
func (c *Client) Do(call emr.Call) Answer {
	in, err := input(call)
	if err != nil {
		return Answer{Result: emr.Result{Err: err}}
	}
	if err := shapes.Check(in); err != nil {
		return Answer{Result: emr.Result{Err: failure(call.Op, &emrsim.APIError{Status: 400, Type: "ValidationException", Message: err.Error()})}}
	}
	out := c.sim.Call(c.region, string(call.Op), in)
	a := Answer{Delay: out.Delay, RequestID: out.RequestID}
	if out.Drop {
		a.Result.Err = &emr.Error{Class: emr.Unavailable, Message: "the connection broke before the answer"}
		return a
	}
	switch {
	case out.Err != nil:
		a.Result.Err = failure(call.Op, out.Err)
	case out.Empty:
		a.Result = result(call.Op, nil)
	default:
		a.Result = result(call.Op, out.Out)
	}
	a.Result.Date = out.Date.Truncate(time.Second) // the resolution of a Date header
	return a
}

// input makes the request structure of a call. A call that no client could send is emr.Invalid.
func input(call emr.Call) (any, *emr.Error) {
	cluster, marker := text(call.Cluster), text(call.Marker)
	switch call.Op {
	case emr.ListClusters:
		return &shapes.ListClustersInput{ClusterStates: each(emr.Live, wire), Marker: marker}, nil
	case emr.DescribeCluster:
		return &shapes.DescribeClusterInput{ClusterId: cluster}, nil
	case emr.ListInstanceGroups:
		return &shapes.ListInstanceGroupsInput{ClusterId: cluster, Marker: marker}, nil
	case emr.ListInstances:
		return &shapes.ListInstancesInput{
			ClusterId: cluster, InstanceGroupId: text(call.Group), InstanceStates: each(emr.Present, wire), Marker: marker,
		}, nil
	case emr.GetManagedScalingPolicy:
		return &shapes.GetManagedScalingPolicyInput{ClusterId: cluster}, nil
	case emr.ModifyInstanceGroups:
		count := call.Count
		return &shapes.ModifyInstanceGroupsInput{ClusterId: cluster, InstanceGroups: []shapes.InstanceGroupModifyConfig{
			{InstanceGroupId: text(call.Group), InstanceCount: &count},
		}}, nil
	case emr.AddInstanceGroups:
		if call.Config == nil {
			return nil, &emr.Error{Class: emr.Invalid, Message: "AddInstanceGroups without a configuration"}
		}
		return &shapes.AddInstanceGroupsInput{JobFlowId: cluster, InstanceGroups: []shapes.InstanceGroupConfig{groupConfig(*call.Config)}}, nil
	case emr.TerminateJobFlows:
		return &shapes.TerminateJobFlowsInput{JobFlowIds: []string{string(call.Cluster)}}, nil
	case emr.ReceiveMessage, emr.DeleteMessageBatch:
		if call.Queue == nil {
			return nil, &emr.Error{Class: emr.Invalid, Message: string(call.Op) + " without a queue"}
		}
		return queueInput(call.Op, *call.Queue), nil
	case emr.GetMetricData:
		if call.Metrics == nil || len(call.Metrics.Queries) == 0 {
			return nil, &emr.Error{Class: emr.Invalid, Message: "GetMetricData without queries"}
		}
		return metricData(call.Metrics, marker), nil
	}
	return nil, &emr.Error{Class: emr.Invalid, Message: "no such operation: " + string(call.Op)}
}

// result translates an output structure, nil for an answer without a body. One without members that emr knows is an empty Result.
func result(op emr.Op, out any) emr.Result {
	switch out := out.(type) {
	case *shapes.ListClustersOutput:
		return emr.Result{Clusters: each(out.Clusters, clusterSummary), Marker: deref(out.Marker)}
	case *shapes.DescribeClusterOutput:
		if out.Cluster != nil {
			return emr.Result{Cluster: cluster(out.Cluster)}
		}
	case *shapes.ListInstanceGroupsOutput:
		return emr.Result{Groups: each(out.InstanceGroups, group), Marker: deref(out.Marker)}
	case *shapes.ListInstancesOutput:
		return emr.Result{Instances: each(out.Instances, instance), Marker: deref(out.Marker)}
	case *shapes.GetManagedScalingPolicyOutput:
		return emr.Result{ManagedScaling: out.ManagedScalingPolicy != nil}
	case *shapes.AddInstanceGroupsOutput:
		if len(out.InstanceGroupIds) == 1 {
			return emr.Result{Added: emr.GroupID(out.InstanceGroupIds[0])}
		}
	case *shapes.ReceiveMessageOutput:
		return emr.Result{Messages: each(out.Messages, message)}
	case *shapes.DeleteMessageBatchOutput:
		return deleted(out)
	case *shapes.GetMetricDataOutput:
		next := deref(out.NextToken)
		return emr.Result{Series: each(out.MetricDataResults, func(r *shapes.MetricDataResult) emr.Series { return series(r, next != "") }), Marker: next}
	}
	switch op {
	case emr.DescribeCluster:
		return emr.Result{Err: empty("cluster")}
	case emr.AddInstanceGroups:
		return emr.Result{Err: empty("group id")}
	case emr.GetMetricData:
		return emr.Result{Err: empty("series")}
	}
	return emr.Result{}
}

// wire is a state as requests hold it.
func wire[S ~string](s *S) string { return string(*s) }

// text is an optional string member: absent when empty.
func text[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

// deref is the zero value for an absent member.
func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

func each[A, B any](list []A, f func(*A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(&list[i])
	}
	return out
}
