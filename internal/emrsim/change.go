package emrsim

import (
	"slices"
	"time"
)

// Change is one entry of a region's log: who changed what, when. A call that changes several groups makes an entry for each.
type Change struct {
	At        time.Time `json:"at"`
	Who       string    `json:"who"`                  // "api", the name of an outside actor, or "ec2"
	RequestID string    `json:"request_id,omitempty"` // of the API call
	Op        string    `json:"op"`                   // the API operation or the action
	Cluster   string    `json:"cluster,omitempty"`
	Group     string    `json:"group,omitempty"`
	From      int       `json:"from"`           // requested count before
	To        int       `json:"to"`             // and after
	Running   int       `json:"running"`        // running count at the time
	Starting  int       `json:"starting"`       // instances with an EC2 id on their way, at the time
	Ended     int       `json:"ended"`          // running instances that ended because of this change so far
	Note      string    `json:"note,omitempty"` // for people
}

// Changes returns the entries of a region's log from the given index on, oldest first; a negative index counts as 0. Entries
// never move, but Ended may still rise. It is what Snapshot's Changes holds, without the cost of the rest.
func (s *Sim) Changes(region string, from int) []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.regions[region]
	if r == nil || from >= len(r.changes) {
		return nil
	}
	return slices.Clone(r.changes[max(0, from):])
}

// log adds an entry for a group (nil: none) and returns its index.
func (c *request) log(x *cluster, g *group, to int, note string) int {
	e := Change{At: c.now(), Who: c.who, RequestID: c.id, Op: c.op, Note: note}
	if x != nil {
		e.Cluster = x.id
	}
	if g != nil {
		e.Group, e.From, e.To = g.id, g.requested, to
		e.Running, e.Starting = g.running, g.count(stateProvisioning)+g.count(stateBootstrapping)
	}
	c.r.changes = append(c.r.changes, e)
	if o := c.s.observer; o != nil {
		o.Change(c.r.name, len(c.r.changes)-1, e)
	}
	return len(c.r.changes) - 1
}
