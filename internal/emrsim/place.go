package emrsim

import (
	"fmt"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// Placed says how Place puts a cluster into the world.
type Placed struct {
	ID    string // "j-…"; empty: made up
	Ready bool   // it has been running for a while: everything there is capacity for runs at once
	Who   string // for the change log
}

// Place makes a cluster without a call of the API, as a scenario does, and returns its id. The input is checked like that of
// RunJobFlow. A ready cluster is an hour old, WAITING or RUNNING, and what its pools can't give it is missing since now.
func (s *Sim) Place(region string, in *shapes.RunJobFlowInput, p Placed) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &request{s: s, r: s.region(region), op: "Place", who: p.Who}
	x, apiErr := c.newCluster(in, p.ID)
	if apiErr != nil {
		return "", fmt.Errorf("placing cluster %q: %w", value(in.Name), apiErr)
	}
	c.log(x, nil, 0, x.name)
	if x.silent = p.Ready; p.Ready {
		x.created = s.now.Add(-aged)
	}
	for _, g := range x.parts() {
		g.want(g.requested)
		if !p.Ready {
			g.actSoon()
			continue
		}
		g.settle()
	}
	x.checkStarted()
	if p.Ready {
		x.ready = x.created
	}
	if p.Ready && !x.modifiable() {
		x.enter(stateWaiting, "", "Cluster ready to run steps.")
		x.runSteps()
	}
	x.silent = false
	for _, g := range x.parts() {
		g.changed()
	}
	s.drain(s.now)
	return x.id, nil
}

// aged is how long a cluster that is placed ready has been there.
const aged = time.Hour

// settle gives a group what its pool has, as if for a while; the rest is missing and asked for now.
func (g *group) settle() {
	g.acted, g.launched, g.created, g.ready = true, true, g.c.created, g.c.created
	for range g.requested {
		n := g.newNode()
		if why := g.obtain(); why != granted {
			g.resizing, g.began = true, g.sim().now
			g.refused(why)
			continue
		}
		n.ec2 = hexID(g.c.rng, "i-")
		n.ip = uint32(g.c.rng.UintN(1 << 20))
		n.enter(stateRunning)
		n.created, n.ready = g.created, g.created
		g.pays(1)
		g.runs(1)
		if life := g.sim().opt.Timing.SpotLife; g.market == marketSpot && !life.Zero() {
			n.lives(life.draw(g.c.rng))
		}
	}
	if g.resizing {
		g.askSoon(g.sim().opt.Timing.Retry)
	}
}
