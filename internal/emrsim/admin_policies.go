package emrsim

import (
	"cmp"
	"strings"

	"emrguard/internal/emrsim/shapes"
)

func (c *request) getAutoTerminationPolicy(in *shapes.GetAutoTerminationPolicyInput) (*shapes.GetAutoTerminationPolicyOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	return &shapes.GetAutoTerminationPolicyOutput{AutoTerminationPolicy: x.autoTerminate}, nil
}

// putAutoTerminationPolicy keeps the policy; idleness is not simulated. The idle timeout is in seconds, 1 minute to 7 days, 1 hour
// when absent (EMR API reference, AutoTerminationPolicy).
func (c *request) putAutoTerminationPolicy(in *shapes.PutAutoTerminationPolicyInput) (*shapes.PutAutoTerminationPolicyOutput, *APIError) {
	x, err := c.settable(in.ClusterId)
	if err != nil {
		return nil, err
	}
	timeout := int64(3600)
	if in.AutoTerminationPolicy != nil && in.AutoTerminationPolicy.IdleTimeout != nil {
		timeout = *in.AutoTerminationPolicy.IdleTimeout
	}
	if timeout < 60 || timeout > 604800 {
		return nil, validation("IdleTimeout must be between 60 and 604800 seconds, was %d.", timeout)
	}
	x.autoTerminate = &shapes.AutoTerminationPolicy{IdleTimeout: &timeout}
	return &shapes.PutAutoTerminationPolicyOutput{}, nil
}

func (c *request) removeAutoTerminationPolicy(in *shapes.RemoveAutoTerminationPolicyInput) (*shapes.RemoveAutoTerminationPolicyOutput, *APIError) {
	x, err := c.settable(in.ClusterId)
	if err != nil {
		return nil, err
	}
	x.autoTerminate = nil
	return &shapes.RemoveAutoTerminationPolicyOutput{}, nil
}

func (c *request) getManagedScalingPolicy(in *shapes.GetManagedScalingPolicyInput) (*shapes.GetManagedScalingPolicyOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	return &shapes.GetManagedScalingPolicyOutput{ManagedScalingPolicy: x.managedScaling}, nil
}

// putManagedScalingPolicy keeps the policy; the scaling itself is left to outside actors.
func (c *request) putManagedScalingPolicy(in *shapes.PutManagedScalingPolicyInput) (*shapes.PutManagedScalingPolicyOutput, *APIError) {
	x, err := c.settable(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if in.ManagedScalingPolicy == nil || in.ManagedScalingPolicy.ComputeLimits == nil {
		return nil, validation("Compute limits must be specified in the managed scaling policy.")
	}
	limits := in.ManagedScalingPolicy.ComputeLimits
	low, high := value(limits.MinimumCapacityUnits), value(limits.MaximumCapacityUnits)
	if low < 1 || high < low {
		return nil, validation("MinimumCapacityUnits %d must be at least 1 and not greater than MaximumCapacityUnits %d.", low, high)
	}
	if fleets := value(limits.UnitType) == "InstanceFleetUnits"; fleets != (x.collection == ofFleets) {
		return nil, validation("Unit type %s does not fit a cluster of type %s.", value(limits.UnitType), x.collection)
	}
	x.managedScaling = in.ManagedScalingPolicy
	return &shapes.PutManagedScalingPolicyOutput{}, nil
}

func (c *request) removeManagedScalingPolicy(in *shapes.RemoveManagedScalingPolicyInput) (*shapes.RemoveManagedScalingPolicyOutput, *APIError) {
	x, err := c.settable(in.ClusterId)
	if err != nil {
		return nil, err
	}
	x.managedScaling = nil
	return &shapes.RemoveManagedScalingPolicyOutput{}, nil
}

// putAutoScalingPolicy attaches a custom policy to a group. It is kept and shown; nothing evaluates it. The cluster must have been
// made with an AutoScalingRole (EMR Management Guide, emr-automatic-scaling).
func (c *request) putAutoScalingPolicy(in *shapes.PutAutoScalingPolicyInput) (*shapes.PutAutoScalingPolicyOutput, *APIError) {
	x, g, err := c.scalable(in.ClusterId, in.InstanceGroupId, "PutAutoScalingPolicy")
	if err != nil {
		return nil, err
	}
	if value(x.input.AutoScalingRole) == "" {
		return nil, validation("AutoScalingRole must be specified on the cluster to use an automatic scaling policy.")
	}
	policy, err := describePolicy(x.id, in.AutoScalingPolicy)
	if err != nil {
		return nil, err
	}
	g.autoScaling = policy
	return &shapes.PutAutoScalingPolicyOutput{ClusterId: &x.id, InstanceGroupId: &g.id, ClusterArn: &x.arn, AutoScalingPolicy: policy}, nil
}

func (c *request) removeAutoScalingPolicy(in *shapes.RemoveAutoScalingPolicyInput) (*shapes.RemoveAutoScalingPolicyOutput, *APIError) {
	_, g, err := c.scalable(in.ClusterId, in.InstanceGroupId, "RemoveAutoScalingPolicy")
	if err != nil {
		return nil, err
	}
	g.autoScaling = nil
	return &shapes.RemoveAutoScalingPolicyOutput{}, nil
}

// settable finds a cluster whose policies can still be changed.
func (c *request) settable(id *string) (*cluster, *APIError) {
	x, err := c.cluster(id)
	if err != nil {
		return nil, err
	}
	if !x.live() || x.state == stateTerminating {
		return nil, validation("The cluster '%s' is in state %s; its policies cannot be changed.", x.id, x.state)
	}
	return x, nil
}

// scalable finds a group that may have an automatic scaling policy: core or task (EMR Management Guide, emr-automatic-scaling).
func (c *request) scalable(id, group *string, op string) (*cluster, *group, *APIError) {
	x, err := c.settable(id)
	if err != nil {
		return nil, nil, err
	}
	if x.collection == ofFleets {
		return nil, nil, fleetsOnly(op)
	}
	g := x.group(value(group))
	if g == nil {
		return nil, nil, validation("Instance group id '%s' is not valid.", value(group))
	}
	if g.role == roleMaster {
		return nil, nil, validation("Automatic scaling policies are not supported for the master instance group.")
	}
	return x, g, nil
}

// describePolicy returns a policy as reads show it: attached, with the defaults of the API reference filled in and the cluster's id
// in place of ${emr.clusterId}.
func describePolicy(cluster string, p *shapes.AutoScalingPolicy) (*shapes.AutoScalingPolicyDescription, *APIError) {
	if p == nil || p.Constraints == nil || len(p.Rules) == 0 {
		return nil, validation("An automatic scaling policy must have constraints and at least one rule.")
	}
	low, high := value(p.Constraints.MinCapacity), value(p.Constraints.MaxCapacity)
	if low < 0 || high < low {
		return nil, validation("MinCapacity %d must not be negative nor greater than MaxCapacity %d.", low, high)
	}
	out := &shapes.AutoScalingPolicyDescription{
		Status:      &shapes.AutoScalingPolicyStatus{State: ptr("ATTACHED"), StateChangeReason: &shapes.AutoScalingPolicyStateChangeReason{Code: ptr("USER_REQUEST"), Message: ptr("Updated by user request")}},
		Constraints: p.Constraints,
	}
	for _, rule := range p.Rules {
		out.Rules = append(out.Rules, describeRule(cluster, rule))
	}
	return out, nil
}

// describeRule copies a rule before it fills in defaults: the request stays as it was.
func describeRule(cluster string, rule shapes.ScalingRule) shapes.ScalingRule {
	if rule.Action != nil && rule.Action.SimpleScalingPolicyConfiguration != nil {
		simple := *rule.Action.SimpleScalingPolicyConfiguration
		simple.AdjustmentType = ptr(cmp.Or(value(simple.AdjustmentType), "CHANGE_IN_CAPACITY"))
		simple.CoolDown = ptr(value(simple.CoolDown))
		rule.Action = &shapes.ScalingAction{Market: rule.Action.Market, SimpleScalingPolicyConfiguration: &simple}
	}
	if rule.Trigger != nil && rule.Trigger.CloudWatchAlarmDefinition != nil {
		alarm := *rule.Trigger.CloudWatchAlarmDefinition
		alarm.EvaluationPeriods = ptr(cmp.Or(value(alarm.EvaluationPeriods), 1))
		alarm.Namespace = ptr(cmp.Or(value(alarm.Namespace), "AWS/ElasticMapReduce"))
		alarm.Statistic = ptr(cmp.Or(value(alarm.Statistic), "AVERAGE"))
		alarm.Dimensions = dimensions(cluster, alarm.Dimensions)
		rule.Trigger = &shapes.ScalingTrigger{CloudWatchAlarmDefinition: &alarm}
	}
	return rule
}

// dimensions resolves the placeholder, which AWS's own samples spell in two ways; without dimensions the cluster's is meant.
func dimensions(cluster string, given []shapes.MetricDimension) []shapes.MetricDimension {
	if len(given) == 0 {
		return []shapes.MetricDimension{{Key: ptr("JobFlowId"), Value: &cluster}}
	}
	var out []shapes.MetricDimension
	for _, d := range given {
		if strings.EqualFold(value(d.Value), "${emr.clusterId}") {
			d.Value = &cluster
		}
		out = append(out, d)
	}
	return out
}
