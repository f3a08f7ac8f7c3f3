package emrsim

import (
	"slices"
	"strings"

	"emrguard/internal/emrsim/shapes"
)

// maxTags is the number of tags a cluster may carry (EMR Management Guide, emr-plan-tags).
const maxTags = 50

func (c *request) addTags(in *shapes.AddTagsInput) (*shapes.AddTagsOutput, *APIError) {
	x, err := c.cluster(in.ResourceId)
	if err != nil {
		return nil, err
	}
	tags := slices.Clone(x.tags) // answers share the old list
	for _, t := range in.Tags {
		key := value(t.Key)
		switch {
		case key == "" || len(key) > 128:
			return nil, invalidRequest("", "Tag keys must have between 1 and 128 characters.")
		case len(value(t.Value)) > 256:
			return nil, invalidRequest("", "Tag values must have at most 256 characters.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, invalidRequest("", "Tag keys that begin with aws: are reserved: '%s'", key)
		}
		tag := shapes.Tag{Key: &key, Value: ptr(value(t.Value))}
		if i := slices.IndexFunc(tags, func(o shapes.Tag) bool { return value(o.Key) == key }); i >= 0 {
			tags[i] = tag
		} else {
			tags = append(tags, tag)
		}
	}
	if len(tags) > maxTags {
		return nil, invalidRequest("", "A resource may have at most %d tags.", maxTags)
	}
	x.tags = tags
	return &shapes.AddTagsOutput{}, nil
}

// removeTags ignores keys that the cluster does not carry.
func (c *request) removeTags(in *shapes.RemoveTagsInput) (*shapes.RemoveTagsOutput, *APIError) {
	x, err := c.cluster(in.ResourceId)
	if err != nil {
		return nil, err
	}
	x.tags = slices.DeleteFunc(slices.Clone(x.tags), func(t shapes.Tag) bool { return slices.Contains(in.TagKeys, value(t.Key)) })
	return &shapes.RemoveTagsOutput{}, nil
}

func (c *request) listBootstrapActions(in *shapes.ListBootstrapActionsInput) (*shapes.ListBootstrapActionsOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	out := &shapes.ListBootstrapActionsOutput{BootstrapActions: []shapes.Command{}} // at most 16: one page
	for _, b := range x.input.BootstrapActions {
		script := value(b.ScriptBootstrapAction)
		out.BootstrapActions = append(out.BootstrapActions, shapes.Command{Name: b.Name, ScriptPath: script.Path, Args: listOf(script.Args)})
	}
	return out, nil
}

// modifyCluster changes the step concurrency, 1 to 256 (EMR API reference, ModifyCluster).
func (c *request) modifyCluster(in *shapes.ModifyClusterInput) (*shapes.ModifyClusterOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if !x.live() || x.state == stateTerminating {
		return nil, invalidRequest("", "Cluster '%s' cannot be modified in state %s.", x.id, x.state)
	}
	if n := in.StepConcurrencyLevel; n != nil {
		if *n < 1 || *n > 256 {
			return nil, invalidRequest("", "Step concurrency level must be between 1 and 256, was %d.", *n)
		}
		x.concurrency = *n
		x.runSteps()
	}
	return &shapes.ModifyClusterOutput{StepConcurrencyLevel: ptr(x.concurrency), ExtendedSupport: in.ExtendedSupport}, nil
}

func (c *request) setVisibleToAllUsers(in *shapes.SetVisibleToAllUsersInput) *APIError {
	return c.set(in.JobFlowIds, func(x *cluster) { x.visible = value(in.VisibleToAllUsers) })
}

func (c *request) setUnhealthyNodeReplacement(in *shapes.SetUnhealthyNodeReplacementInput) *APIError {
	return c.set(in.JobFlowIds, func(x *cluster) { x.replacement = value(in.UnhealthyNodeReplacement) })
}
