package emrsim

import "time"

// Observer is told of everything that happens to the groups of all clusters, in the order in which it happens. It is what somebody needs
// who keeps books of the truth and cannot afford a Snapshot after every event.
//
// Its methods are called under the Sim's mutex: they must not call the Sim.
type Observer interface {
	// Group is called after a group's requested, running or starting count or its state changed, and for a new group.
	Group(GroupNow)
	// Change is called for an entry of the change log, before the change takes effect. Index is its place in the region's log.
	Change(region string, index int, c Change)
	// End is called when a RUNNING instance ends, before the Group that shows it.
	End(End)
}

// GroupNow is a group at a moment.
type GroupNow struct {
	At          time.Time
	Cluster     string
	ClusterName string
	Group       string
	Name        string
	Role        string
	Requested   int
	Running     int
	Starting    int // with an EC2 id, not RUNNING yet
	State       string
}

// End is the end of one instance that was RUNNING.
type End struct {
	At      time.Time
	Cluster string
	Group   string
	EC2     string
	Ready   time.Time // since when it was RUNNING
	Change  int       // the entry of the region's log because of which it ended; -1: none
	Why     EndReason
}

// EndReason says why a RUNNING instance ended.
type EndReason string

// The reasons, in the words of Kills.
const (
	EndedByResize  EndReason = "resize"
	EndedBySurplus EndReason = "surplus"
	EndedByRequest EndReason = "request"
	EndedBySpot    EndReason = "spot"
	EndedByCluster EndReason = "cluster"
)

var endReasons = map[kill]EndReason{killedByResize: EndedByResize, killedBySurplus: EndedBySurplus, killedByRequest: EndedByRequest, killedBySpot: EndedBySpot,
	killedByCluster: EndedByCluster}

// Observe lets o see everything from now on, in place of who did before; nil ends it. What is there already is told at once, by Group, in
// the order of its making.
func (s *Sim) Observe(o Observer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observer = o
	for _, name := range s.names {
		for _, c := range s.regions[name].order {
			for _, g := range c.parts() {
				g.known = GroupNow{}
				g.observed()
			}
		}
	}
}

// observed shows the observer a group if it changed.
func (g *group) observed() {
	o := g.sim().observer
	if o == nil {
		return
	}
	starting := g.counts[slot(stateProvisioning)] + g.counts[slot(stateBootstrapping)]
	if t := &g.known; t.Group != "" && t.Requested == g.requested && t.Running == g.running && t.Starting == starting && t.State == g.state {
		return
	}
	g.known = GroupNow{At: g.sim().now, Cluster: g.c.id, ClusterName: g.c.name, Group: g.id, Name: g.name, Role: g.role, Requested: g.requested, Running: g.running, Starting: starting, State: g.state}
	o.Group(g.known)
}
