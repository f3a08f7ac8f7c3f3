package view

import (
	"fmt"
	"strconv"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// Groups is what `emrguard groups` shows.
type Groups struct {
	Now    time.Time     `json:"now" doc:"the time all ages refer to"`
	Groups []GroupStatus `json:"groups" doc:"by cluster name, then id"`
}

// GroupStatus is one instance group as last read, and its shortfall clock.
type GroupStatus struct {
	Scope        string    `json:"scope" doc:"name of the scope"`
	Cluster      string    `json:"cluster" doc:"id of the cluster"`
	ClusterName  string    `json:"cluster_name" doc:"name of the cluster"`
	Group        string    `json:"group" doc:"id"`
	Name         string    `json:"name" doc:"name in EMR"`
	Label        string    `json:"label" doc:"the name as tables show it: for a fallback the origin's name, a plus and the recovery that made it"`
	Pool         string    `json:"pool,omitempty" doc:"id of its pool; absent for MASTER and for groups of another emrguard"`
	Fallback     bool      `json:"fallback" doc:"emrguard made it for its pool"`
	Rung         int       `json:"rung,omitempty" doc:"of a fallback: its rung of the ladder, from 1; one more than there are for a group of no rung"`
	Role         string    `json:"role" doc:"MASTER, CORE or TASK"`
	InstanceType string    `json:"instance_type" doc:"EC2 instance type"`
	Market       string    `json:"market,omitempty" doc:"ON_DEMAND or SPOT"`
	State        string    `json:"state" doc:"EMR's state of the group"`
	Requested    int       `json:"requested" doc:"instances asked for"`
	Running      int       `json:"running" doc:"instances running"`
	Missing      int       `json:"missing" doc:"instances asked for and not running"`
	MissingSince time.Time `json:"missing_since,omitzero" doc:"since when the oldest of them is missing"`
	Change       string    `json:"change,omitempty" doc:"stuck, missing (short, and nothing resizes) or resizing (within its time); absent when it is whole"`
	ResizeUntil  time.Time `json:"resizing_until,omitzero" doc:"when a resize that is within its time counts as stuck"`
	Cause        string    `json:"cause,omitempty" doc:"why the oldest is missing: change or loss"`
	DatedBy      string    `json:"dated_by,omitempty" doc:"where that date comes from: call, event, instance, read or sight"`
	Slack        float64   `json:"slack_seconds,omitempty" doc:"the date may be off by so much"`
	BannedUntil  time.Time `json:"banned_until,omitzero" doc:"takes no launches before"`
}

// Groups shows every group.
func (w World) Groups() Groups {
	out := Groups{Now: w.Now, Groups: []GroupStatus{}}
	w.clusters(func(s Scope, c Cluster) {
		for _, g := range c.Groups {
			out.Groups = append(out.Groups, w.groupStatus(s.Name, c, g))
		}
	})
	return out
}

func (w World) groupStatus(scope string, c Cluster, g guard.Group) GroupStatus {
	row := GroupStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Group: string(g.ID), Name: g.Name, Label: c.label(g.ID), Role: string(g.Role),
		InstanceType: g.InstanceType, Market: string(g.Market), State: string(g.State), Requested: g.Requested, Running: g.Running, Missing: g.Missing(),
	}
	if e, ok := g.Ledger.Oldest(); ok {
		row.MissingSince, row.Cause, row.DatedBy, row.Slack = e.Since, string(e.Cause), string(e.By), e.Slack.Seconds()
	}
	if g.Role != emr.Master {
		row.Change, row.ResizeUntil = w.resizeOf(c, g).word(g.Missing())
	}
	if p := c.PoolOf(g.ID); p != nil {
		m := p.Member(g.ID)
		row.Pool, row.Fallback, row.Rung = string(p.Origin), g.ID != p.Origin, m.Rung
		if m.Banned(w.Now) {
			row.BannedUntil = m.Ban.Until
		}
	}
	return row
}

// Shortfall is how it stands with what is missing, as Change says it; empty when nothing is missing.
func (g GroupStatus) Shortfall() string { return worst(g.Missing, g.Change) }

// Table is the groups for people.
func (v Groups) Table() Table {
	t := Table{Head: []string{"CLUSTER", "GROUP", "ID", "ROLE", "TYPE", "MARKET", "STATE", "RUNNING", "MISSING SINCE", "BANNED UNTIL"}}
	for _, g := range v.Groups {
		since, ban := "", ""
		if !g.MissingSince.IsZero() {
			since = fmt.Sprintf("%s, %s", Since(g.MissingSince, v.Now), g.Cause)
		}
		if !g.BannedUntil.IsZero() {
			ban = Until(g.BannedUntil, v.Now)
		}
		t.Add(orID(g.ClusterName, g.Cluster), g.Label, g.Group, g.Role, g.InstanceType, g.Market, g.State,
			strconv.Itoa(g.Running)+"/"+strconv.Itoa(g.Requested), since, ban)
	}
	return t
}
