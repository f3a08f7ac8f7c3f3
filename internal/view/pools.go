package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/pool"
)

// Pools is what `emrguard pools` shows.
type Pools struct {
	Now   time.Time    `json:"now" doc:"the time all ages refer to"`
	Pools []PoolStatus `json:"pools" doc:"by cluster name, then pool"`
}

// PoolStatus is one logical capacity: a group and the fallbacks made for it.
type PoolStatus struct {
	Scope        string    `json:"scope" doc:"name of the scope"`
	Cluster      string    `json:"cluster" doc:"id of the cluster"`
	ClusterName  string    `json:"cluster_name" doc:"name of the cluster"`
	Pool         string    `json:"pool" doc:"id of the pool: that of its origin group"`
	Name         string    `json:"name" doc:"the origin's name"`
	Role         string    `json:"role" doc:"CORE or TASK"`
	Wanted       int       `json:"wanted" doc:"instances wanted in all"`
	Requested    int       `json:"requested" doc:"instances asked of EMR, over all members"`
	Running      int       `json:"running" doc:"instances running, over all members"`
	Missing      int       `json:"missing" doc:"instances wanted and not running"`
	MissingSince time.Time `json:"missing_since,omitzero" doc:"since when the oldest of them is missing"`
	Moved        int       `json:"moved" doc:"instances placed on another member than the one they were asked of"`
	Members      []string  `json:"members" doc:"group ids: the origin, then the fallbacks by age"`
	Chain        int       `json:"chain" doc:"recoveries in a row without a completed resize"`
	Rest         *Rest     `json:"rest,omitempty" doc:"the pool takes no launches because recoveries keep failing"`
	Blocked      *Blocked  `json:"blocked,omitempty" doc:"instances are to be placed and no group takes them"`
	Contested    bool      `json:"contested" doc:"somebody else keeps raising a banned member"`
}

// Rest is a pause of launches on a pool.
type Rest struct {
	Since  time.Time `json:"since" doc:"when it began"`
	Until  time.Time `json:"until" doc:"when the pool probes again"`
	Reason string    `json:"reason" doc:"why"`
}

// Blocked says why nobody takes a pool's missing instances.
type Blocked struct {
	Since  time.Time `json:"since" doc:"since when"`
	Retry  time.Time `json:"retry" doc:"when it is tried again at the latest"`
	Reason string    `json:"reason" doc:"why each place is none"`
}

// Pools shows every pool.
func (w World) Pools() Pools {
	out := Pools{Now: w.Now, Pools: []PoolStatus{}}
	w.clusters(func(s Scope, c Cluster) {
		for _, p := range c.Pools {
			out.Pools = append(out.Pools, w.poolStatus(s.Name, c, p))
		}
	})
	return out
}

func (w World) poolStatus(scope string, c Cluster, p pool.Pool) PoolStatus {
	running, missing := c.running(p)
	row := PoolStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Pool: string(p.Origin), Name: p.Name, Role: string(p.Role),
		Wanted: p.Wanted, Requested: p.Requested(c.View()), Running: running, Missing: missing, MissingSince: c.missingSince(p), Chain: p.Chain,
		Contested: p.Contested,
	}
	for _, m := range p.Members {
		row.Members = append(row.Members, string(m.Group))
		row.Moved += m.Moved
	}
	if r := p.Rest; r != nil {
		row.Rest = &Rest{Since: r.From, Until: r.Until, Reason: r.Reason}
	}
	if b := p.Blocked; b != nil {
		row.Blocked = &Blocked{Since: b.Since, Retry: b.Retry, Reason: b.Reason}
	}
	return row
}

// title is what the pool is called in a sentence.
func (p PoolStatus) title() string {
	if p.Name == "" {
		return p.Pool
	}
	return fmt.Sprintf("%s (%s)", p.Name, p.Pool)
}

// troubles are sentences about why the pool gets no instances.
func (p PoolStatus) troubles(now time.Time) []string {
	var out []string
	if p.Rest != nil {
		out = append(out, fmt.Sprintf("pool %s rests until %s: %s", p.title(), Until(p.Rest.Until, now), p.Rest.Reason))
	}
	if p.Blocked != nil {
		out = append(out, fmt.Sprintf("pool %s is blocked since %s: %s; retried at %s", p.title(), Since(p.Blocked.Since, now), p.Blocked.Reason,
			Clock(p.Blocked.Retry, now)))
	}
	if p.Contested {
		out = append(out, fmt.Sprintf("pool %s is contested: somebody keeps raising a banned group", p.title()))
	}
	return out
}

// Table is the pools for people.
func (v Pools) Table() Table {
	t := Table{Head: []string{"CLUSTER", "POOL", "ID", "ROLE", "WANTED", "REQUESTED", "RUNNING", "MISSING", "MOVED", "GROUPS", "CHAIN", "NOTES"}}
	for _, p := range v.Pools {
		missing := strconv.Itoa(p.Missing)
		if !p.MissingSince.IsZero() {
			missing += " since " + Since(p.MissingSince, v.Now)
		}
		t.Add(orID(p.ClusterName, p.Cluster), orID(p.Name, p.Pool), p.Pool, p.Role, strconv.Itoa(p.Wanted), strconv.Itoa(p.Requested), strconv.Itoa(p.Running),
			missing, strconv.Itoa(p.Moved), strconv.Itoa(len(p.Members)), strconv.Itoa(p.Chain), strings.Join(p.troubles(v.Now), "\n"))
	}
	return t
}

func orID(name, id string) string {
	if name == "" {
		return id
	}
	return name
}
