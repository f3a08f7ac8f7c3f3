package emrsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// instances lists what ListInstances shows as of a time, oldest first: active instances, and those that ended in the last 30 days. One that ended without
// ever having had an EC2 id is forgotten, and missing from the past, too.
func (c *cluster) instances(in *shapes.ListInstancesInput, unfulfilled Unfulfilled, at time.Time) []*node {
	var out []*node
	ended := 0
	for _, g := range c.parts() {
		if !g.matches(in) {
			continue
		}
		for _, list := range [][]*node{g.gone, g.nodes} {
			for _, n := range list {
				switch state := n.stateAt(at); {
				case state == "",
					len(in.InstanceStates) > 0 && !slices.Contains(in.InstanceStates, state),
					state == stateAwaiting && unfulfilled == UnfulfilledHidden,
					state == stateTerminated && n.expired(at):
					continue
				case state == stateTerminated:
					ended++
				}
				out = append(out, n)
			}
		}
	}
	slices.SortFunc(out, func(a, b *node) int { return cmp.Compare(a.seq, b.seq) })
	if over := len(out) - instanceLimit; over > 0 {
		over = min(over, ended)
		out = slices.DeleteFunc(out, func(n *node) bool {
			drop := over > 0 && n.stateAt(at) == stateTerminated
			if drop {
				over--
			}
			return drop
		})
		out = out[:min(len(out), instanceLimit)]
	}
	return out
}

// matches says whether a ListInstances asks for the group's instances.
func (g *group) matches(in *shapes.ListInstancesInput) bool {
	fleet := ""
	if g.fleet != nil {
		fleet = g.fleet.id
	}
	switch {
	case in.InstanceGroupId != nil && *in.InstanceGroupId != g.id,
		in.InstanceFleetId != nil && *in.InstanceFleetId != fleet,
		in.InstanceFleetType != nil && (g.fleet == nil || *in.InstanceFleetType != g.role),
		len(in.InstanceGroupTypes) > 0 && !slices.Contains(in.InstanceGroupTypes, g.role):
		return false
	}
	return true
}

// describe is the instance as ListInstances shows it in a state that it has or had. Why it waits for EC2 is said as of now.
func (n *node) describe(unfulfilled Unfulfilled, state string) shapes.Instance {
	g := n.g
	timeline, code, reason := &shapes.InstanceTimeline{CreationDateTime: shapes.At(n.created)}, "", ""
	switch state {
	case stateAwaiting:
		reason = g.instanceReason
		if unfulfilled == UnfulfilledUndated {
			timeline.CreationDateTime = nil
		}
	case stateRunning:
		timeline.ReadyDateTime = shapes.At(n.ready)
	case stateTerminated:
		timeline.ReadyDateTime, timeline.EndDateTime = shapes.At(n.ready), shapes.At(n.ended)
		code, reason = n.reasonCode, n.reasonText
	}
	out := shapes.Instance{
		Id: &n.id, Market: &g.market, InstanceType: &g.itype, EbsVolumes: []shapes.EbsVolume{},
		Status: &shapes.InstanceStatus{State: ptr(state), StateChangeReason: &shapes.InstanceStateChangeReason{Message: &reason}, Timeline: timeline},
	}
	if code != "" {
		out.Status.StateChangeReason.Code = &code
	}
	if g.fleet != nil {
		out.InstanceFleetId = &g.fleet.id
	} else {
		out.InstanceGroupId = &g.id
	}
	if state != stateAwaiting && n.ec2 != "" {
		out.Ec2InstanceId = ptr(n.ec2)
		out.PrivateIpAddress, out.PrivateDnsName = ptr(n.address("10", ".")), ptr("ip-"+n.address("10", "-")+".ec2.internal")
		out.PublicIpAddress, out.PublicDnsName = ptr(n.address("54", ".")), ptr(n.publicName())
		for i, v := range g.ebs {
			out.EbsVolumes = append(out.EbsVolumes, shapes.EbsVolume{Device: v.Device, VolumeId: ptr(fmt.Sprintf("vol-%s%02d", strings.TrimPrefix(n.ec2, "i-")[2:], i))})
		}
	}
	return out
}

func (n *node) address(first, sep string) string {
	return fmt.Sprintf("%s%s%d%s%d%s%d", first, sep, n.ip>>16&255, sep, n.ip>>8&255, sep, n.ip&255)
}

// publicName is the name that EC2 makes of a public address.
func (n *node) publicName() string { return "ec2-" + n.address("54", "-") + ".compute-1.amazonaws.com" }
