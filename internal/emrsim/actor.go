package emrsim

import (
	"fmt"
	"slices"
	"time"
)

// ActorKind says how an outside controller decides.
type ActorKind string

// The kinds of outside controllers.
const (
	// Terraform puts the counts in Counts back, whatever changed them, each time it runs.
	Terraform ActorKind = "terraform"
	// Autoscaler reads a group's requested count and adds Add to it, up to Max. It does not look at what is running.
	Autoscaler ActorKind = "autoscaler"
	// CustomPolicy is EMR's own automatic scaling: like Autoscaler, but it waits while the group is not RUNNING (EMR Management
	// Guide, emr-automatic-scaling).
	CustomPolicy ActorKind = "custom-policy"
)

// ActorKinds lists every kind.
var ActorKinds = []ActorKind{Terraform, Autoscaler, CustomPolicy}

// Actor is a controller that is not emrguard and acts on a cluster again and again.
type Actor struct {
	Name    string         `json:"name"` // for the change log
	Kind    ActorKind      `json:"kind"`
	Cluster string         `json:"cluster"` // id or name
	Group   string         `json:"group,omitempty"`
	Counts  map[string]int `json:"counts,omitempty"` // of Terraform: group to count
	Every   time.Duration  `json:"every"`
	From    time.Time      `json:"from,omitzero"`
	Until   time.Time      `json:"until,omitzero"` // zero: for ever
	Add     int            `json:"add,omitempty"`  // negative: it takes away, down to Min
	Min     int            `json:"min,omitempty"`
	Max     int            `json:"max,omitempty"`
}

// Follow lets an actor begin its rounds, the first at From or one Every from now. Its mistakes are entries of the change log.
func (s *Sim) Follow(region string, a Actor) error {
	if a.Every < time.Second {
		return fmt.Errorf("actor %s: every %s is under a second", a.Name, a.Every)
	}
	if !slices.Contains(ActorKinds, a.Kind) {
		return fmt.Errorf("actor %s: kind %q is none of %v", a.Name, a.Kind, ActorKinds)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := a.From
	if first.IsZero() {
		first = s.now.Add(a.Every)
	}
	s.at(first, func() { s.round(region, a) })
	s.drain(s.now)
	return nil
}

// round is one look of an actor at its cluster; a dead cluster is its last.
func (s *Sim) round(region string, a Actor) {
	if !a.Until.IsZero() && !s.now.Before(a.Until) {
		return
	}
	c := &request{s: s, r: s.region(region), op: string(a.Kind), who: a.Name}
	x := c.r.find(a.Cluster)
	if x != nil && !x.live() {
		return
	}
	s.after(a.Every, func() { s.round(region, a) })
	if x == nil || !x.modifiable() {
		return
	}
	if a.Kind == Terraform {
		for _, ref := range sortedKeys(a.Counts) {
			if g := x.findGroup(ref); g != nil && g.requested != a.Counts[ref] {
				c.tryResize(g, a.Counts[ref])
			}
		}
		return
	}
	g := x.findGroup(a.Group)
	if g == nil || a.Kind == CustomPolicy && g.state != stateRunning {
		return
	}
	to := max(a.Min, g.requested+a.Add)
	if a.Max > 0 {
		to = min(to, a.Max)
	}
	if to != g.requested && (to > g.requested) == (a.Add > 0) {
		c.tryResize(g, to)
	}
}

func (c *request) tryResize(g *group, to int) {
	if err := c.actorResize(g, to); err != nil {
		c.log(g.c, g, g.requested, "failed: "+err.Error())
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
