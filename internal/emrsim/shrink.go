package emrsim

import (
	"slices"
)

// shrink removes what is beyond the requested count: first instances EC2 has not given, then running ones, gracefully. What EC2
// has given already and is still starting can't be recalled: it lands.
func (g *group) shrink() {
	for i := len(g.nodes) - 1; i >= 0 && g.staying() > g.requested; i-- {
		if n := g.nodes[i]; n.state == stateAwaiting {
			g.endNode(n, "", "", killedByResize)
		}
	}
	excess := g.running - g.leaving - g.requested
	for _, n := range g.victims() {
		if excess <= 0 {
			break
		}
		excess--
		n.decommission(g.change)
	}
}

// victims lists the running nodes a graceful shrink takes, in its order: those the shrink policy names, then the newest, and
// those it protects last.
func (g *group) victims() []*node {
	var first, mid, last []*node
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		switch {
		case n.state != stateRunning || n.leaving:
		case g.named(n, true):
			first = append(first, n)
		case g.named(n, false):
			last = append(last, n)
		default:
			mid = append(mid, n)
		}
	}
	return append(append(first, mid...), last...)
}

// named says whether the shrink policy names a node to be terminated or to be protected.
func (g *group) named(n *node, terminate bool) bool {
	if g.shrinkPolicy == nil || g.shrinkPolicy.InstanceResizePolicy == nil {
		return false
	}
	list := g.shrinkPolicy.InstanceResizePolicy.InstancesToProtect
	if terminate {
		list = g.shrinkPolicy.InstanceResizePolicy.InstancesToTerminate
	}
	return slices.Contains(list, n.ec2)
}

// surplus answers the question what becomes of nodes nobody asks for any more (Unknowns.Surplus).
func (g *group) surplus() {
	if g.deaf {
		return
	}
	var alive []*node
	for _, n := range g.nodes {
		if n.state == stateRunning && !n.leaving {
			alive = append(alive, n)
		}
	}
	for len(alive) > g.requested {
		i := len(alive) - 1
		switch g.sim().opt.Unknowns.Surplus {
		case SurplusKeep:
			return
		case SurplusEndOldest:
			i = 0
		case SurplusEndAny:
			i = g.c.rng.IntN(len(alive))
		}
		alive[i].change = g.change
		g.endNode(alive[i], "", "Instance was terminated because of a resize.", killedBySurplus)
		alive = append(alive[:i], alive[i+1:]...)
	}
}
