package emrsim

import (
	"fmt"
	"strings"
)

// interrupt is EC2 taking a node back. EMR replaces it; without its primary the cluster ends.
func (g *group) interrupt(n *node) {
	if n.state == stateAwaiting || n.state == stateTerminated {
		return
	}
	leaving := n.leaving
	if g.role == roleMaster {
		g.c.fail("INSTANCE_FAILURE", fmt.Sprintf("The master instance (%s) was terminated", n.ec2))
	}
	g.endNode(n, "INSTANCE_FAILURE", "Instance was terminated by Amazon EC2: Spot instance interruption.", killedBySpot)
	if !leaving {
		g.refill()
		if g.sim().opt.Unknowns.LossResizes && g.launched && !g.satisfied() {
			g.resizing, g.began = true, g.sim().now
			g.refused(granted)
		}
	}
	g.changed()
}

// bootstrapFailed ends a node whose bootstrap actions failed; too many in a row end the resize: SUSPENDED (EMR Management Guide,
// emr-manage-resize). A cluster that is still starting ends instead when its primary or core nodes fail.
func (g *group) bootstrapFailed(n *node) {
	g.failed = append(g.failed, n.ec2)
	g.endNode(n, "BOOTSTRAP_FAILURE", "bootstrap action 1 returned a non-zero return code", killedByBootstrap)
	switch {
	case g.role != roleTask && !g.c.modifiable():
		g.c.fail("BOOTSTRAP_FAILURE", g.bootstrapText())
		return
	case len(g.failed) >= g.sim().opt.Timing.SuspendAfter:
		g.suspend("INSTANCE_FAILURE", g.bootstrapText())
	default:
		g.refill()
	}
	g.changed()
}

// bootstrapText is EMR's text for the instances that failed in a row, as its troubleshooting page quoted it for clusters.
func (g *group) bootstrapText() string {
	if g.role == roleMaster {
		return fmt.Sprintf("On the master instance (%s), bootstrap action 1 returned a non-zero return code", g.failed[len(g.failed)-1])
	}
	return fmt.Sprintf("On %d slave instances (including %s), bootstrap action 1 returned a non-zero return code",
		len(g.failed), strings.Join(g.failed[max(0, len(g.failed)-2):], " and "))
}

// suspend stops a resize that could not complete: running instances go on, none can be added or removed.
func (g *group) suspend(code, text string) {
	g.resizes++
	g.attempt++
	g.resizing, g.reconfigures, g.toConfigure = false, 0, false
	for i := len(g.nodes) - 1; i >= 0; i-- {
		switch n := g.nodes[i]; {
		case n.state != stateRunning:
			g.endNode(n, "INSTANCE_FAILURE", "Instance was terminated because the resize was suspended.", killedByBootstrap)
		case n.leaving:
			n.recommission()
		}
	}
	g.enter(stateSuspended, code, text)
}

// resume leaves SUSPENDED as documented: EMR tries again and no running node is restarted.
func (g *group) resume() { g.actSoon() }
