package emrsim

import (
	"slices"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// maxJobFlows bounds one answer of DescribeJobFlows, which has no pages; by default it looks two weeks back (EMR API reference).
const (
	maxJobFlows    = 512
	jobFlowHistory = 14 * 24 * time.Hour
)

// describeJobFlows is the older API's view of clusters, newest first. Without a filter it shows those that live and those made in
// the last two weeks.
func (c *request) describeJobFlows(in *shapes.DescribeJobFlowsInput) (*shapes.DescribeJobFlowsOutput, *APIError) {
	for i := range in.JobFlowIds {
		if _, err := c.jobFlow(&in.JobFlowIds[i]); err != nil {
			return nil, err
		}
	}
	out := &shapes.DescribeJobFlowsOutput{JobFlows: []shapes.JobFlowDetail{}}
	for _, x := range slices.Backward(c.r.order) {
		if len(out.JobFlows) == maxJobFlows {
			break
		}
		if x.fitsJobFlows(in, c.now()) {
			out.JobFlows = append(out.JobFlows, x.jobFlowDetail())
		}
	}
	return out, nil
}

func (c *cluster) fitsJobFlows(in *shapes.DescribeJobFlowsInput, now time.Time) bool {
	switch {
	case len(in.JobFlowIds) > 0 && !slices.Contains(in.JobFlowIds, c.id),
		len(in.JobFlowStates) > 0 && !slices.Contains(in.JobFlowStates, c.jobFlowState()),
		in.CreatedAfter != nil && !c.created.After(in.CreatedAfter.Time),
		in.CreatedBefore != nil && !c.created.Before(in.CreatedBefore.Time):
		return false
	}
	filtered := len(in.JobFlowIds)+len(in.JobFlowStates) > 0 || in.CreatedAfter != nil || in.CreatedBefore != nil
	return filtered || c.live() || now.Sub(c.created) <= jobFlowHistory
}

// jobFlowState is the older API's name of a cluster's state: SHUTTING_DOWN for TERMINATING; an ended one is COMPLETED after its last
// step, FAILED after an error, else TERMINATED.
func (c *cluster) jobFlowState() string {
	switch {
	case c.state == stateTerminating:
		return "SHUTTING_DOWN"
	case c.state == stateTerminatedErrors:
		return "FAILED"
	case c.state == stateTerminated && c.reasonCode == "ALL_STEPS_COMPLETED":
		return "COMPLETED"
	}
	return c.state
}

func (c *cluster) jobFlowDetail() shapes.JobFlowDetail {
	in := c.input
	d := shapes.JobFlowDetail{
		JobFlowId: &c.id, Name: &c.name, LogUri: in.LogUri, LogEncryptionKmsKeyId: in.LogEncryptionKmsKeyId, AmiVersion: in.AmiVersion,
		ExecutionStatusDetail: &shapes.JobFlowExecutionStatusDetail{
			State: ptr(c.jobFlowState()), CreationDateTime: shapes.At(c.created), ReadyDateTime: shapes.At(c.ready), StartDateTime: shapes.At(c.ready),
			EndDateTime: shapes.At(c.ended), LastStateChangeReason: optional(c.reasonText),
		},
		Instances: c.jobFlowInstances(), Steps: []shapes.StepDetail{}, BootstrapActions: []shapes.BootstrapActionDetail{},
		SupportedProducts: listOf(in.SupportedProducts), VisibleToAllUsers: ptr(c.visible), JobFlowRole: in.JobFlowRole, ServiceRole: in.ServiceRole,
		AutoScalingRole: in.AutoScalingRole, ScaleDownBehavior: in.ScaleDownBehavior,
	}
	for _, st := range c.steps {
		d.Steps = append(d.Steps, shapes.StepDetail{StepConfig: &st.config, ExecutionStatusDetail: &shapes.StepExecutionStatusDetail{
			State: ptr(st.state), CreationDateTime: shapes.At(st.created), StartDateTime: shapes.At(st.started), EndDateTime: shapes.At(st.ended),
			LastStateChangeReason: optional(st.reason),
		}})
	}
	for i := range in.BootstrapActions {
		d.BootstrapActions = append(d.BootstrapActions, shapes.BootstrapActionDetail{BootstrapActionConfig: &in.BootstrapActions[i]})
	}
	return d
}

func (c *cluster) jobFlowInstances() *shapes.JobFlowInstancesDetail {
	given := value(c.input.Instances)
	d := &shapes.JobFlowInstancesDetail{
		InstanceCount: ptr(0), MasterInstanceType: ptr(""), SlaveInstanceType: ptr(""), InstanceGroups: []shapes.InstanceGroupDetail{},
		Ec2KeyName: given.Ec2KeyName, Ec2SubnetId: given.Ec2SubnetId, Placement: &shapes.PlacementType{AvailabilityZone: &c.zone},
		KeepJobFlowAliveWhenNoSteps: ptr(c.keepAlive), TerminationProtected: ptr(c.protected), UnhealthyNodeReplacement: ptr(c.replacement),
		HadoopVersion: given.HadoopVersion,
	}
	for _, g := range c.parts() {
		*d.InstanceCount += g.requested
		switch g.role {
		case roleMaster:
			d.MasterInstanceType = &g.itype
		case roleCore:
			d.SlaveInstanceType = &g.itype
		}
	}
	for _, g := range c.groups {
		d.InstanceGroups = append(d.InstanceGroups, shapes.InstanceGroupDetail{
			InstanceGroupId: &g.id, Name: &g.name, Market: &g.market, InstanceRole: &g.role, BidPrice: optional(g.bid), InstanceType: &g.itype,
			InstanceRequestCount: ptr(g.requested), InstanceRunningCount: ptr(g.running), State: ptr(g.state), LastStateChangeReason: optional(g.text),
			CreationDateTime: shapes.At(g.created), StartDateTime: shapes.At(g.ready), ReadyDateTime: shapes.At(g.ready), EndDateTime: shapes.At(g.ended),
			CustomAmiId: optional(g.ami),
		})
	}
	return d
}
