package emrsim

import (
	"maps"
	"slices"
	"time"
)

// Truth is a region as it really is, whatever reads show. It shares nothing with the simulator and has a stable JSON form: two
// runs with the same seed and the same calls give the same bytes.
type Truth struct {
	Now      time.Time      `json:"now"`
	Region   string         `json:"region"`
	Clusters []ClusterTruth `json:"clusters"` // oldest first
	Pools    []PoolTruth    `json:"pools"`    // by name
	Limits   []LimitTruth   `json:"limits"`   // quotas by market, then subnets by id
	Changes  []Change       `json:"changes"`  // oldest first
}

// ClusterTruth is one cluster. Minutes are instance-minutes since the cluster was made.
type ClusterTruth struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Zone    string `json:"zone"`
	Workers int    `json:"workers"` // RUNNING instances beside the primary

	// Demand is the sum over the groups of what the scenario and outside actors asked for last. Calls of the API do not change it,
	// except RunJobFlow: what a guard moves between groups is not new demand.
	Demand         int          `json:"demand"`
	ShortMinutes   float64      `json:"short_minutes"`   // of instances that Demand has more than Workers
	MissingMinutes float64      `json:"missing_minutes"` // of instances requested and not running, group by group
	WorkerMinutes  float64      `json:"worker_minutes"`  // of RUNNING instances beside the primary
	IdleMinutes    float64      `json:"idle_minutes"`    // of those, the share whose containers did nothing
	GroupsAdded    int          `json:"groups_added"`    // task groups made since the cluster's first
	Usage          []Usage      `json:"usage"`           // by market and type
	Load           LoadTruth    `json:"load,omitzero"`
	Groups         []GroupTruth `json:"groups"` // in the order of their making; of a fleet: its halves
}

// GroupTruth is one group.
type GroupTruth struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Role           string          `json:"role"`
	Market         string          `json:"market"`
	Type           string          `json:"type"`
	State          string          `json:"state"`
	Reason         string          `json:"reason,omitempty"`
	Refused        string          `json:"refused,omitempty"` // EC2's error code for the last attempt; "none": it got nothing and no error
	Requested      int             `json:"requested"`
	Running        int             `json:"running"`
	Starting       int             `json:"starting"` // with an EC2 id, not RUNNING yet
	Awaiting       int             `json:"awaiting"` // asked of EC2 and not given
	Leaving        int             `json:"leaving"`  // RUNNING, in graceful decommissioning
	Replicas       int             `json:"replicas"` // of a core group: dfs.replication; 0 for others
	Demand         int             `json:"demand"`
	Part           int             `json:"part"` // which part of its pool answers its requests
	Created        time.Time       `json:"created"`
	MissingMinutes float64         `json:"missing_minutes"`
	Kills          Kills           `json:"kills"`
	Instances      []InstanceTruth `json:"instances"` // living ones, oldest first
}

// Kills counts the running instances of a group that ended, by why.
type Kills struct {
	Resize  int `json:"resize"`  // gracefully, for a lower requested count
	Surplus int `json:"surplus"` // when nodes arrived that nobody asked for any more
	Request int `json:"request"` // named in EC2InstanceIdsToTerminate
	Spot    int `json:"spot"`    // taken back by EC2
	Cluster int `json:"cluster"` // with their cluster
}

// InstanceTruth is one living instance.
type InstanceTruth struct {
	ID      string    `json:"id"`
	EC2     string    `json:"ec2,omitempty"`
	State   string    `json:"state"`
	Created time.Time `json:"created"`
	Ready   time.Time `json:"ready,omitzero"`
	Leaving bool      `json:"leaving,omitempty"`
}

// PoolTruth is the capacity of one pool.
type PoolTruth struct {
	Pool  Pool        `json:"pool"`
	Parts []PartTruth `json:"parts"`
	Price float64     `json:"price,omitempty"` // the Spot price that somebody set, in dollars an hour
}

// LimitTruth is what an account may have in a region: vCPUs of a market (Kind "quota") or addresses of a subnet (Kind "addresses").
type LimitTruth struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	PartTruth
}

// PartTruth is one part of a pool: Capacity instances in all, or Unlimited, of which Used are taken.
type PartTruth struct {
	Capacity int `json:"capacity"`
	Used     int `json:"used"`
}

// Snapshot returns the truth of a region.
func (s *Sim) Snapshot(region string) Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Truth{Now: s.now, Region: region, Clusters: []ClusterTruth{}, Pools: []PoolTruth{}, Limits: []LimitTruth{}, Changes: []Change{}}
	r := s.regions[region]
	if r == nil {
		return out
	}
	out.Clusters = r.truths()
	for name, p := range r.pools {
		t := PoolTruth{Pool: name, Price: r.prices[name]}
		for _, x := range p.parts {
			t.Parts = append(t.Parts, PartTruth{x.capacity, x.used})
		}
		out.Pools = append(out.Pools, t)
	}
	slices.SortFunc(out.Pools, func(a, b PoolTruth) int { return comparePools(a.Pool, b.Pool) })
	for _, market := range slices.Sorted(maps.Keys(r.quotas)) {
		out.Limits = append(out.Limits, LimitTruth{string(DoQuota), market, PartTruth{r.quotas[market].capacity, r.quotas[market].used}})
	}
	for _, id := range slices.Sorted(maps.Keys(r.subnets)) {
		out.Limits = append(out.Limits, LimitTruth{string(DoAddresses), id, PartTruth{r.subnets[id].capacity, r.subnets[id].used}})
	}
	out.Changes = append(out.Changes, r.changes...)
	return out
}

// Clusters returns the clusters of a region as Snapshot does, without the rest: what a Snapshot costs grows with the changes that were made.
func (s *Sim) Clusters(region string) []ClusterTruth {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.regions[region]; r != nil {
		return r.truths()
	}
	return nil
}

func (r *region) truths() []ClusterTruth {
	out := make([]ClusterTruth, 0, len(r.order))
	for _, c := range r.order {
		out = append(out, c.truth())
	}
	return out
}

// Regions lists the regions that were used, in the order of their first use.
func (s *Sim) Regions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names)
}

func (c *cluster) truth() ClusterTruth {
	now := c.sim().now
	t := ClusterTruth{
		ID: c.id, Name: c.name, State: c.state, Reason: c.reasonText, Zone: c.zone, Workers: c.workers, Demand: c.demand,
		ShortMinutes: c.short.minutes(now), MissingMinutes: c.missing.minutes(now), Usage: c.usage(), Load: c.yarn.truth(), Groups: []GroupTruth{},
	}
	t.WorkerMinutes, t.IdleMinutes = c.yarn.minutes()
	for _, g := range c.parts() {
		if g.role == roleTask && g.created.After(c.created) {
			t.GroupsAdded++
		}
		t.Groups = append(t.Groups, g.truth())
	}
	return t
}

func (g *group) truth() GroupTruth {
	t := GroupTruth{
		ID: g.id, Name: g.name, Role: g.role, Market: g.market, Type: g.itype, State: g.state, Reason: g.text, Refused: string(g.last.why), Requested: g.requested,
		Running: g.running, Starting: g.count(stateProvisioning) + g.count(stateBootstrapping), Awaiting: g.count(stateAwaiting),
		Leaving: g.leaving, Replicas: g.replicas, Demand: g.demand, Part: g.turn % len(g.pool().parts), Created: g.created,
		MissingMinutes: g.tally.minutes(g.sim().now), Instances: []InstanceTruth{},
		Kills: Kills{g.kills[killedByResize], g.kills[killedBySurplus], g.kills[killedByRequest], g.kills[killedBySpot], g.kills[killedByCluster]},
	}
	for _, n := range g.nodes {
		t.Instances = append(t.Instances, InstanceTruth{n.id, n.ec2, n.state, n.created, n.ready, n.leaving})
	}
	return t
}
