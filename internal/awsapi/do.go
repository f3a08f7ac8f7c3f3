package awsapi

import (
	"context"
	"fmt"
	"math"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Do sends the call once and waits for its answer, at most for the client's timeout or until ctx ends. The error's class
// says what is known: for a write, anything but emr.Unavailable means that it did not happen.
//
// ListClusters asks for clusters in the states of emr.Live. ListInstances asks for instances that are not terminated,
// since EMR would add those of the last thirty days; without a group it asks for the whole cluster. TerminateJobFlows names the one
// cluster. EMR accepts it for a cluster that is ending or has ended, too, and refuses it for a protected one, which is emr.Invalid
// (ValidationException, "Could not shut down one or more job flows since they are termination protected.").
//
// ReceiveMessage and DeleteMessageBatch go to SQS. No message is no error; a message that could not be deleted is one, though others of its
// call may have been.
//
// GetMetricData goes to CloudWatch. A series that it could not read has an error of its own; the others of the page are good.
func (c *Client) Do(ctx context.Context, call emr.Call) emr.Result {
	if err := sendable(call); err != nil {
		return emr.Result{Err: &emr.Error{Class: emr.Invalid, Message: err.Error()}}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var a attempt
	result, err := c.send(a.observe(ctx), call)
	if err != nil {
		result = emr.Result{Err: c.explain(err, a.left.Load())}
	}
	result.Date, result.RequestID = a.date, a.id
	return result
}

// sendable says what is missing in a call that must not be sent. ModifyInstanceGroups always carries the cluster: without it
// IAM policies for single clusters do not apply, and it could change any cluster of the account.
func sendable(call emr.Call) error {
	if call.Op != emr.ListClusters && call.Op.EMR() && call.Cluster == "" {
		return fmt.Errorf("%s: no cluster", call.Op)
	}
	switch call.Op {
	case emr.ListClusters, emr.DescribeCluster, emr.ListInstanceGroups, emr.ListInstances, emr.GetManagedScalingPolicy, emr.TerminateJobFlows:
	case emr.GetMetricData:
		return readable(call.Op, call.Metrics)
	case emr.ReceiveMessage, emr.DeleteMessageBatch:
		return queueable(call.Op, call.Queue)
	case emr.ModifyInstanceGroups:
		if call.Group == "" {
			return fmt.Errorf("%s: no group", call.Op)
		}
		return countable(call.Op, call.Count)
	case emr.AddInstanceGroups:
		if call.Config == nil {
			return fmt.Errorf("%s: no configuration", call.Op)
		}
		return countable(call.Op, call.Config.Count)
	default:
		return fmt.Errorf("%q is not an operation that emrguard uses", call.Op)
	}
	return nil
}

// countable refuses what does not fit the API's integer.
func countable(op emr.Op, n int) error {
	if n < 0 || n > math.MaxInt32 {
		return fmt.Errorf("%s: impossible count %d", op, n)
	}
	return nil
}

// send makes the SDK's call.
func (c *Client) send(ctx context.Context, call emr.Call) (emr.Result, error) {
	cluster, marker := aws.String(string(call.Cluster)), optional(call.Marker)
	switch call.Op {
	case emr.ListClusters:
		out, err := c.emr.ListClusters(ctx, &sdk.ListClustersInput{ClusterStates: liveClusters, Marker: marker})
		if err != nil {
			return emr.Result{}, err
		}
		return emr.Result{Clusters: each(out.Clusters, clusterSummary), Marker: aws.ToString(out.Marker)}, nil
	case emr.DescribeCluster:
		out, err := c.emr.DescribeCluster(ctx, &sdk.DescribeClusterInput{ClusterId: cluster})
		if err != nil {
			return emr.Result{}, err
		}
		if out.Cluster == nil {
			return emr.Result{}, emptyAnswerError{"cluster"}
		}
		return emr.Result{Cluster: clusterOf(out.Cluster)}, nil
	case emr.ListInstanceGroups:
		out, err := c.emr.ListInstanceGroups(ctx, &sdk.ListInstanceGroupsInput{ClusterId: cluster, Marker: marker})
		if err != nil {
			return emr.Result{}, err
		}
		return emr.Result{Groups: each(out.InstanceGroups, groupOf), Marker: aws.ToString(out.Marker)}, nil
	case emr.ListInstances:
		out, err := c.emr.ListInstances(ctx, &sdk.ListInstancesInput{
			ClusterId: cluster, InstanceGroupId: optional(string(call.Group)), InstanceStates: liveInstances, Marker: marker,
		})
		if err != nil {
			return emr.Result{}, err
		}
		return emr.Result{Instances: each(out.Instances, instanceOf), Marker: aws.ToString(out.Marker)}, nil
	case emr.GetManagedScalingPolicy:
		out, err := c.emr.GetManagedScalingPolicy(ctx, &sdk.GetManagedScalingPolicyInput{ClusterId: cluster})
		if err != nil {
			return emr.Result{}, err
		}
		return emr.Result{ManagedScaling: out.ManagedScalingPolicy != nil}, nil
	case emr.ModifyInstanceGroups:
		_, err := c.emr.ModifyInstanceGroups(ctx, &sdk.ModifyInstanceGroupsInput{
			ClusterId:      cluster,
			InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: aws.String(string(call.Group)), InstanceCount: aws.Int32(int32(call.Count))}},
		})
		return emr.Result{}, err
	case emr.TerminateJobFlows:
		_, err := c.emr.TerminateJobFlows(ctx, &sdk.TerminateJobFlowsInput{JobFlowIds: []string{string(call.Cluster)}})
		return emr.Result{}, err
	case emr.GetMetricData:
		return c.metricData(ctx, call.Metrics, marker)
	case emr.ReceiveMessage:
		return c.receive(ctx, call.Queue)
	case emr.DeleteMessageBatch:
		return c.remove(ctx, call.Queue)
	default: // sendable left only this one
		out, err := c.emr.AddInstanceGroups(ctx, &sdk.AddInstanceGroupsInput{
			JobFlowId: cluster, InstanceGroups: []types.InstanceGroupConfig{groupConfig(*call.Config)},
		})
		if err != nil {
			return emr.Result{}, err
		}
		if len(out.InstanceGroupIds) != 1 {
			return emr.Result{}, emptyAnswerError{"group id"}
		}
		return emr.Result{Added: emr.GroupID(out.InstanceGroupIds[0])}, nil
	}
}

// emptyAnswerError is an answer of success without what was asked for: the SDK decodes an empty body as that.
type emptyAnswerError struct{ what string }

func (e emptyAnswerError) Error() string { return "the answer holds no " + e.what }
