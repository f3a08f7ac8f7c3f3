package emrsim

import (
	"math/rand/v2"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// cluster is one cluster. Structures of package shapes in it are never changed in place, only replaced, because answers share them.
type cluster struct {
	r      *region
	id     string
	name   string
	arn    string
	zone   string
	subnet string     // of its instances; that of DescribeCluster, or one made up for the zone
	rng    *rand.Rand // everything random in this cluster

	state                 string
	told                  string // the state that the last event was of
	silent                bool   // nothing of it is told: it is being placed as it has been for a while
	reasonCode            string
	reasonText            string
	created, ready, ended time.Time

	collection     string                  // ofGroups or ofFleets
	input          *shapes.RunJobFlowInput // as it was given; bootstrap actions and the rest of the configuration are read from here
	keepAlive      bool
	protected      bool
	replacement    bool // of unhealthy nodes
	visible        bool
	concurrency    int // of steps
	tags           []shapes.Tag
	managedScaling *shapes.ManagedScalingPolicy
	autoTerminate  *shapes.AutoTerminationPolicy
	groups         []*group // in the order of their making; never removed
	fleets         []*fleet
	steps          []*step // oldest first
	turns          map[Pool]int
	made           int     // instances ever
	bootFailures   float64 // probability that an instance of a new group fails its bootstrap actions
	nodeHours      float64 // normalized, of instances that ended

	workers int // RUNNING instances beside the primary
	demand  int // the sum of the groups'
	yarn    yarn
	missing tally
	short   tally
}

// fleet is one instance fleet, modelled as up to two groups that no API call lists: its On-Demand and its Spot part, each of the
// fleet's first instance type.
type fleet struct {
	id       string
	c        *cluster
	config   *shapes.InstanceFleetConfig
	onDemand *group // nil when the fleet never wanted On-Demand capacity
	spot     *group
	created  time.Time
}

func (c *cluster) sim() *Sim { return c.r.s }

// live says whether the cluster still owns instances or will.
func (c *cluster) live() bool { return c.state != stateTerminated && c.state != stateTerminatedErrors }

// modifiable says whether EMR accepts changes of the cluster's groups.
func (c *cluster) modifiable() bool { return c.state == stateRunning || c.state == stateWaiting }

// group finds a group of the cluster by id.
func (c *cluster) group(id string) *group {
	for _, g := range c.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

// findGroup finds a group by id, else by name, else by role: the oldest that fits.
func (c *cluster) findGroup(ref string) *group {
	for _, fits := range []func(*group) bool{
		func(g *group) bool { return g.id == ref },
		func(g *group) bool { return g.name == ref },
		func(g *group) bool { return g.role == ref },
	} {
		for _, g := range c.groups {
			if fits(g) {
				return g
			}
		}
	}
	return nil
}

// parts lists every group of the cluster, those behind its fleets too.
func (c *cluster) parts() []*group {
	if len(c.fleets) == 0 {
		return c.groups
	}
	out := append([]*group(nil), c.groups...)
	for _, f := range c.fleets {
		for _, g := range []*group{f.onDemand, f.spot} {
			if g != nil {
				out = append(out, g)
			}
		}
	}
	return out
}

// enter changes the cluster's state; an empty code is left out of answers, as EMR does in WAITING.
func (c *cluster) enter(state, code, text string) {
	c.state, c.reasonCode, c.reasonText = state, code, text
	c.tellState()
}

// checkStarted moves a starting cluster on: BOOTSTRAPPING once the primary is there, RUNNING or WAITING once primary and core are
// complete. Task groups are not waited for.
func (c *cluster) checkStarted() {
	if c.state != stateStarting && c.state != stateBootstrapping {
		return
	}
	booting, complete := true, true
	for _, g := range c.parts() {
		if g.role == roleTask {
			continue
		}
		if g.running < g.requested {
			complete = false
		}
		if g.role == roleMaster && g.running == 0 && g.count(stateBootstrapping) == 0 {
			booting = false
		}
	}
	if booting && c.state == stateStarting {
		c.enter(stateBootstrapping, "", "Running bootstrap actions")
	}
	if !complete {
		return
	}
	c.ready = c.sim().now
	c.enter(stateWaiting, "", "Cluster ready to run steps.")
	for _, g := range c.parts() {
		g.refreshState()
	}
	c.runSteps()
	c.yarn.update()
}

// fail ends a cluster because of itself, not because of a request.
func (c *cluster) fail(code, text string) { c.terminate(code, text, stateTerminatedErrors) }

// terminate begins the end of a cluster: TERMINATING now, its groups too, and final when its instances are gone.
func (c *cluster) terminate(code, text, final string) {
	if c.state == stateTerminating || !c.live() {
		return
	}
	s := c.sim()
	c.enter(stateTerminating, code, text)
	c.yarn.stop()
	for _, st := range c.steps {
		st.cancel("Job terminated")
	}
	for _, g := range c.parts() {
		g.void()
		g.enter(stateTerminating, "CLUSTER_TERMINATED", "Job flow terminated")
		g.mark()
	}
	s.after(s.opt.Timing.Terminate.draw(c.rng), func() { c.end(final) })
}

func (c *cluster) end(final string) {
	for _, g := range c.parts() {
		for len(g.nodes) > 0 {
			g.endNode(g.nodes[len(g.nodes)-1], "CLUSTER_TERMINATED", "Cluster was terminated.", killedByCluster)
		}
		g.requested = 0
		g.ended = c.sim().now
		g.enter(stateTerminated, "CLUSTER_TERMINATED", "Job flow terminated")
		g.mark()
	}
	c.ended = c.sim().now
	c.enter(final, c.reasonCode, c.reasonText)
}
