package emrsim

import (
	"time"

	"emrguard/internal/emrsim/shapes"
)

// group is one instance group, or one half of a fleet.
type group struct {
	c        *cluster
	fleet    *fleet // nil for a group
	id       string
	name     string
	role     string
	market   string
	bid      string
	itype    string
	machine  machine
	most     float64 // dollars an hour that it pays for a Spot instance
	ami      string
	ebs      []shapes.EbsBlockDevice
	ebsOpt   *bool
	turn     int // which part of its pool answers its requests
	created  time.Time
	ready    time.Time
	ended    time.Time
	state    string
	code     string
	text     string
	acted    bool // EMR has begun to work on it
	launched bool // has been complete once

	replicas  int // of a core group: dfs.replication, below which no shrink completes; 0 for others
	requested int
	running   int // RUNNING instances, leaving ones too
	leaving   int
	draining  int
	counts    [4]int // of nodes by slot
	nodes     []*node
	gone      []*node

	told     string    // the state that the last event was of
	retold   bool      // EMR acted on another count, so that its state is told anew
	troubled time.Time // when an event last said why EC2 refuses instances

	resizing  bool      // EMR is at work on a resize: until running fits requested
	began     time.Time // when EMR began the resize
	resizes   int       // counts changes, so that a later one overrides an earlier one that EMR has not acted on
	change    int       // the last change of requested, an index into the region's log
	attempt   int       // counts attempts at EC2, so that there is one at a time
	stuck     bool      // its requests get nothing from EC2, whatever the pool holds
	lingering bool      // reads RESIZING although nothing is missing
	deaf      bool      // EMR shows new requested counts and does not act on them

	last           attempt // at EC2
	resizeReason   string  // EMR's text for it
	instanceReason string  // EC2's, for the instances that wait

	bootstrapFailures float64  // probability that an instance fails its bootstrap actions
	failed            []string // EC2 ids of the failures in a row

	configs      []shapes.Configuration
	version      int64
	lastGood     []shapes.Configuration
	goodVersion  int64
	reconfigures int  // batches still to do; 0: not reconfiguring
	toConfigure  bool // waits for a resize to end
	badConfigs   bool // the next reconfiguration fails

	shrinkPolicy *shapes.ShrinkPolicy
	autoScaling  *shapes.AutoScalingPolicyDescription

	kills  [6]int
	usage  usage
	views  []view // what reads with a lag may show, oldest first
	tally  tally
	demand int      // what the scenario and outside actors asked for
	known  GroupNow // what the observer knows
}

func (g *group) sim() *Sim { return g.c.r.s }

func (g *group) pool() *pool { return g.c.r.pool(g.poolName()) }

func (g *group) poolName() Pool { return Pool{g.c.zone, g.itype, g.market} }

// count is the number of nodes in a living state.
func (g *group) count(state string) int { return g.counts[slot(state)] }

// staying is the number of instances that exist or are asked for and will stay.
func (g *group) staying() int { return len(g.nodes) - g.leaving }

// enter changes the group's state; the code is left out of answers when empty, as EMR does in normal states.
func (g *group) enter(state, code, text string) { g.state, g.code, g.text = state, code, text }

// resize takes a new requested count. It shows at once; EMR acts on it a moment later, and a newer resize overrides this one
// (EMR Management Guide, emr-manage-resize).
func (g *group) resize(count, change int) {
	g.requested, g.change = count, change
	if g.deaf {
		g.mark()
		return
	}
	if g.sim().opt.Unknowns.Rebind {
		g.bind()
	}
	g.actSoon()
}

// actSoon lets EMR act on the requested count after its time of reaction.
func (g *group) actSoon() {
	g.resizes++
	mine := g.resizes
	g.sim().after(g.sim().opt.Timing.React.draw(g.c.rng), func() {
		if g.resizes == mine && !g.over() {
			g.act()
		}
	})
	g.mark()
}

// over says whether the group's life is.
func (g *group) over() bool { return g.state == stateTerminating || g.state == stateTerminated }

// void makes EMR forget what it was going to do with the group.
func (g *group) void() {
	g.resizes++
	g.attempt++
	g.reconfigures, g.toConfigure, g.resizing = 0, false, false
	for _, n := range g.nodes {
		n.epoch++
	}
}

// act carries out the requested count, in either direction. A running reconfiguration comes first: the two wait for each other
// (EMR Release Guide, emr-configure-apps-running-cluster).
func (g *group) act() {
	if g.reconfigures > 0 {
		return // at its end
	}
	if g.state == stateSuspended {
		g.enter(stateRunning, "", "")
		g.failed = nil
	}
	g.acted, g.lingering, g.began = true, false, g.sim().now
	g.refused(granted)
	g.shrink()
	g.refill()
	if !g.satisfied() {
		g.resizing, g.retold = true, true
	}
	g.changed()
}

// satisfied says whether a resize has nothing left to do.
func (g *group) satisfied() bool {
	return g.leaving == 0 && g.running >= g.requested
}

// refill asks EC2 for what is missing, after taking back nodes that are leaving.
func (g *group) refill() {
	if g.state == stateSuspended || g.over() {
		return
	}
	for i := 0; i < len(g.nodes) && g.staying() < g.requested; i++ {
		if n := g.nodes[i]; n.leaving {
			n.recommission()
		}
	}
	for g.staying() < g.requested {
		g.newNode()
	}
	if g.counts[slot(stateAwaiting)] > 0 {
		g.askSoon(g.sim().opt.Timing.Fulfil)
	}
}

// askSoon queues the next attempt at EC2.
func (g *group) askSoon(d Dist) {
	g.attempt++
	mine := g.attempt
	g.sim().after(d.draw(g.c.rng), func() {
		if g.attempt == mine {
			g.ask()
		}
	})
}

// ask tries to get every waiting instance from the group's part of its pool. What EC2 does not give is tried again: EMR keeps
// trying without end, and the resize resumes by itself (EMR Management Guide, emr-events-response-insuff-capacity).
func (g *group) ask() {
	why := granted
	for _, n := range g.nodes {
		if n.state != stateAwaiting {
			continue
		}
		if why = g.obtain(); why != granted {
			break
		}
		n.launch()
	}
	g.refused(why)
	if g.counts[slot(stateAwaiting)] > 0 {
		g.askSoon(g.sim().opt.Timing.Retry)
	}
	g.changed()
}

// bind gives the group the next turn among the parts of its pool.
func (g *group) bind() {
	name := g.poolName()
	g.c.r.pool(name) // known from now on
	g.turn = g.c.turns[name]
	g.c.turns[name]++
}

// arrived is called when a node has become RUNNING.
func (g *group) arrived() {
	if g.running-g.leaving > g.requested && g.state != stateTerminating {
		g.surplus()
	}
	g.changed()
	g.c.checkStarted()
}

// changed is called after everything that happens to a group: it derives the state and books what reads and Truth show.
func (g *group) changed() {
	g.refreshState()
	g.mark()
}

// refreshState derives the state of a group from what it is doing.
func (g *group) refreshState() {
	if g.over() || g.state == stateSuspended {
		return
	}
	if g.resizing && g.satisfied() {
		g.resizing = false
		if g.toConfigure {
			g.startReconfiguring()
		}
	}
	if g.acted && !g.launched && g.satisfied() {
		g.launched, g.ready = true, g.sim().now
	}
	switch {
	case g.reconfigures > 0:
		g.enter(stateReconfiguring, "", "")
	case g.launched && (g.resizing || g.lingering):
		g.enter(stateResizing, "", g.cause())
	case g.launched:
		g.enter(stateRunning, "", "")
	case g.running > 0:
		g.enter(stateResizing, "", g.cause())
	case g.counts[slot(stateBootstrapping)] > 0:
		g.enter(stateBootstrapping, "", g.cause())
	default:
		g.enter(stateProvisioning, "", g.cause())
	}
}
