package emrsim

import "time"

// node is one instance of a group.
type node struct {
	g                     *group
	id                    string // EMR's
	seq                   int    // the order of making in its cluster
	ec2                   string // EC2's; empty in AWAITING_FULFILLMENT
	ip                    uint32 // last three bytes of its private address, once it has an EC2 id
	state                 string
	reasonCode            string
	reasonText            string
	created, ready, ended time.Time
	granted, booting      time.Time // when it got its EC2 id, and when its bootstrap actions began; zero: it was placed running
	leaving               bool      // in graceful decommissioning: still reads RUNNING, there is no state for it in the API
	draining              bool      // leaving, and its containers have not finished what they had
	cut                   bool      // leaving, and ended before its work is done
	change                int       // the change that made it leave; -1: none
	turn                  int       // the part of its pool it holds
	epoch                 int       // counts what happened to it, so that an event queued before is void
}

// kill says why a running node ended.
type kill int

const (
	killedByResize    kill = iota // a lower requested count, after its work was done or its time was up
	killedBySurplus               // it was beyond the requested count when it arrived
	killedByRequest               // EC2InstanceIdsToTerminate
	killedBySpot                  // EC2 took it back
	killedByCluster               // the cluster ended
	killedByBootstrap             // it never ran
)

// newNode adds an instance that waits for EC2.
func (g *group) newNode() *node {
	g.c.made++
	n := &node{g: g, seq: g.c.made, id: newID(g.c.rng, "ci-"), state: stateAwaiting, created: g.sim().now, change: -1, turn: g.turn}
	g.nodes = append(g.nodes, n)
	g.counts[slot(stateAwaiting)]++
	return n
}

// slot is the place of a state in group.counts.
func slot(state string) int {
	switch state {
	case stateAwaiting:
		return 0
	case stateProvisioning:
		return 1
	case stateBootstrapping:
		return 2
	}
	return 3
}

// enter moves a node to another living state.
func (n *node) enter(state string) {
	n.g.counts[slot(n.state)]--
	n.g.counts[slot(state)]++
	n.state = state
	n.epoch++
}

// stateAt is the state of the node at a time that is not in the future; empty before it was made.
func (n *node) stateAt(t time.Time) string {
	since := func(moment time.Time) bool { return !moment.IsZero() && !moment.After(t) }
	switch {
	case n.created.After(t):
		return ""
	case since(n.ended):
		return stateTerminated
	case since(n.ready):
		return stateRunning
	case since(n.booting):
		return stateBootstrapping
	case since(n.granted):
		return stateProvisioning
	}
	return stateAwaiting
}

// later queues run for the node unless something else happens to it before.
func (n *node) later(d time.Duration, run func()) {
	epoch := n.epoch
	n.g.sim().after(d, func() {
		if n.epoch == epoch {
			run()
		}
	})
}

// launch is EC2's answer: the instance exists and is on its way, whatever EMR asks for from now on.
func (n *node) launch() {
	t := &n.g.sim().opt.Timing
	rng := n.g.c.rng
	n.ec2 = hexID(rng, "i-")
	n.ip = uint32(rng.UintN(1 << 20))
	n.turn, n.granted = n.g.turn, n.g.sim().now
	n.g.pays(1)
	n.enter(stateProvisioning)
	n.later(t.Provision.draw(rng), func() {
		n.enter(stateBootstrapping)
		n.booting = n.g.sim().now
		n.later(t.Bootstrap.draw(rng), n.booted)
		n.g.changed()
	})
}

// booted is the end of the bootstrap actions.
func (n *node) booted() {
	g := n.g
	if rate := g.bootstrapFailures; rate > 0 && g.c.rng.Float64() < rate {
		g.bootstrapFailed(n)
		return
	}
	g.failed = nil
	n.enter(stateRunning)
	n.ready = g.sim().now
	g.runs(1)
	if life := g.sim().opt.Timing.SpotLife; g.market == marketSpot && !life.Zero() {
		n.lives(life.draw(g.c.rng))
	}
	g.arrived()
}

// lives ends a Spot node after d, decommissioning or not.
func (n *node) lives(d time.Duration) {
	n.g.sim().after(d, func() {
		if n.state == stateRunning && !n.g.sim().spared {
			n.g.interrupt(n)
		}
	})
}

// decommission lets a running node finish its work, at most an hour or what the group's shrink policy says (EMR Management
// Guide, emr-scaledown-behavior).
func (n *node) decommission(change int) {
	g := n.g
	n.leaving, n.change = true, change
	n.epoch++
	g.leaving++
	n.drain()
	if g.running-g.leaving < g.replicas {
		return // HDFS has nowhere to put its last replicas: this shrink never completes
	}
	d := g.sim().opt.Timing.Decommission.draw(g.c.rng)
	most := time.Hour
	if p := g.shrinkPolicy; p != nil && p.DecommissionTimeout != nil {
		most = min(most, time.Duration(*p.DecommissionTimeout)*time.Second)
	}
	n.cut = d > most
	n.later(min(d, most), func() {
		g.endNode(n, "", "Instance was terminated because of a resize.", killedByResize)
		g.changed()
	})
}

// recommission takes a leaving node back: a new resize overrides the running one at once.
func (n *node) recommission() {
	n.leaving, n.change, n.cut = false, -1, false
	n.epoch++
	n.g.leaving--
	n.drained()
}

// drain lets the containers of a leaving node finish what they have: half a task on average.
func (n *node) drain() {
	g := n.g
	task := g.c.yarn.load.Task
	if task == 0 || g.role == roleMaster {
		return
	}
	n.draining = true
	g.draining++
	n.later(task/2, func() {
		n.drained()
		g.c.yarn.update()
	})
}

// drained is the end of that.
func (n *node) drained() {
	if n.draining {
		n.draining = false
		n.g.draining--
	}
}

// endNode ends an instance in any state.
func (g *group) endNode(n *node, code, text string, why kill) {
	g.counts[slot(n.state)]--
	n.epoch++
	if n.ec2 != "" {
		g.giveBack(n.turn)
		g.pays(-1)
		g.c.nodeHours += g.hours(n)
	}
	if n.state == stateRunning {
		if g.role != roleMaster {
			g.c.yarn.ended(n, why == killedByResize && !n.cut)
		}
		g.runs(-1)
		g.kills[why]++
		if n.change >= 0 {
			g.c.r.changes[n.change].Ended++
		}
		if o := g.sim().observer; o != nil {
			o.End(End{At: g.sim().now, Cluster: g.c.id, Group: g.id, EC2: n.ec2, Ready: n.ready, Change: n.change, Why: endReasons[why]})
		}
	}
	if n.leaving {
		g.leaving--
		n.leaving = false
		n.drained()
	}
	n.state, n.reasonCode, n.reasonText, n.ended = stateTerminated, code, text, g.sim().now
	for i, x := range g.nodes {
		if x == n {
			g.nodes = append(g.nodes[:i], g.nodes[i+1:]...)
			break
		}
	}
	if n.ec2 != "" { // EMR shows no trace of what EC2 never gave
		g.keep(n)
	}
}

// remembered is how long ListInstances shows ended instances (API model: 30 days).
const remembered = 30 * 24 * time.Hour

// keep remembers an ended instance and forgets those of long ago.
func (g *group) keep(n *node) {
	old := 0
	for old < len(g.gone) && g.sim().now.Sub(g.gone[old].ended) > remembered {
		old++
	}
	g.gone = append(g.gone[old:], n)
}
