package awsapi

import (
	"context"
	"time"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Identity is whom the credentials belong to.
type Identity struct {
	Account string // twelve digits
	ARN     string // of the user or the assumed role
}

// Identity asks STS who the client is. No permission is needed for that. For a loopback endpoint it asks the endpoint, which
// may not know STS. The error is an *emr.Error.
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var a attempt
	out, err := c.sts.GetCallerIdentity(a.observe(ctx), &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, c.explain(err, a.left.Load())
	}
	return Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}, nil
}

// Access is what a Probe found.
type Access string

// The findings of a Probe.
const (
	Allowed Access = "allowed" // EMR answered, or refused for something else than permissions
	Refused Access = "denied"  // EMR, or the credentials, refused
	Unclear Access = "unknown" // no answer that tells: throttled, unavailable, not sent, not tried
)

// The ids of a Probe that are nobody's: EMR's ids have no hyphen after the first and are much shorter.
const (
	NoCluster = emr.ClusterID("j-EMRGUARD-PERMISSION-PROBE")
	NoGroup   = emr.GroupID("ig-EMRGUARD-PERMISSION-PROBE")
)

// Probe finds out whether the credentials may use the operation, without changing anything; err is what EMR said. It
// takes an API token like any call. The cluster is one to ask about; NoCluster will do, but then a policy for single clusters
// or tags refuses.
//
// Reads are made for real: GetMetricData asks for one point of one of the cluster's series, which costs what that costs. EMR has no dry run, so a write is sent that cannot change anything even if everything in it
// were accepted: ModifyInstanceGroups names a group that cannot exist and gives no count, no configuration and no policy;
// AddInstanceGroups always goes to NoCluster, with no instances. AWS checks permissions before it looks anything up, so
// a refusal of the id shows that the permission is there. AWS does not document that order for EMR: Allowed is a strong hint, no proof.
//
// TerminateJobFlows is not tried and always Unclear: the one field it has is the cluster, so nothing can be left out of a request
// that would make it harmless to a cluster that exists. SQS's operations are asked about by ProbeQueue.
func (c *Client) Probe(ctx context.Context, op emr.Op, cluster emr.ClusterID) (Access, *emr.Error) {
	switch {
	case op == emr.TerminateJobFlows:
		return access(&emr.Error{Class: emr.NotSent, Message: "it cannot be tried without effect"})
	case op.SQS():
		return access(&emr.Error{Class: emr.NotSent, Message: "it needs a queue"})
	case op == emr.GetMetricData:
		return access(c.probeMetrics(ctx, cluster))
	case !op.Writes():
		return access(c.Do(ctx, emr.Call{Op: op, Cluster: cluster}).Err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var a attempt
	if err := c.probeWrite(a.observe(ctx), op, cluster); err != nil {
		return access(c.explain(err, a.left.Load()))
	}
	return access(nil)
}

// probeMetrics asks for the last point of a series that every cluster has.
func (c *Client) probeMetrics(ctx context.Context, cluster emr.ClusterID) *emr.Error {
	const period = 5 * time.Minute // of EMR's metrics
	to := time.Now().UTC().Truncate(period)
	idle := emr.Metric{Namespace: emr.MetricsNamespace, Name: "IsIdle", Statistic: emr.Average, Period: period}
	r := c.Do(ctx, emr.Call{Op: emr.GetMetricData, Metrics: &emr.MetricsWant{
		From: to.Add(-period), To: to, Queries: []emr.MetricQuery{{ID: "idle", Metric: idle.Of(cluster)}},
	}})
	if r.Err == nil && len(r.Series) > 0 {
		return r.Series[0].Err
	}
	return r.Err
}

// probeWrite sends the write that changes nothing.
func (c *Client) probeWrite(ctx context.Context, op emr.Op, cluster emr.ClusterID) error {
	if op == emr.ModifyInstanceGroups {
		_, err := c.emr.ModifyInstanceGroups(ctx, &sdk.ModifyInstanceGroupsInput{
			ClusterId: aws.String(string(cluster)), InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: aws.String(string(NoGroup))}},
		})
		return err
	}
	_, err := c.emr.AddInstanceGroups(ctx, &sdk.AddInstanceGroupsInput{
		JobFlowId: aws.String(string(NoCluster)),
		InstanceGroups: []types.InstanceGroupConfig{{
			Name: aws.String("emrguard permission probe"), InstanceRole: types.InstanceRoleTypeTask,
			InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(0),
		}},
	})
	return err
}

// access is what an error says of permissions.
func access(err *emr.Error) (Access, *emr.Error) {
	if err == nil {
		return Allowed, nil
	}
	switch err.Class {
	case emr.NotFound, emr.Invalid, emr.FleetsOnly:
		return Allowed, err
	case emr.Denied:
		return Refused, err
	}
	return Unclear, err
}
