package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/pool"
)

// Bans is what `emrguard bans` shows.
type Bans struct {
	Now  time.Time   `json:"now" doc:"the time all ages refer to"`
	Bans []BanStatus `json:"bans" doc:"the bans that stand, the first to end first"`
}

// BanStatus keeps launches away from one group until a time.
type BanStatus struct {
	Scope       string    `json:"scope" doc:"name of the scope"`
	Cluster     string    `json:"cluster" doc:"id of the cluster"`
	ClusterName string    `json:"cluster_name" doc:"name of the cluster"`
	Group       string    `json:"group" doc:"id of the group"`
	Label       string    `json:"label" doc:"its name as tables show it"`
	Pool        string    `json:"pool" doc:"id of its pool"`
	Since       time.Time `json:"since" doc:"when it began"`
	Until       time.Time `json:"until" doc:"when it ends"`
	Remaining   float64   `json:"remaining_seconds" doc:"what is left of it"`
	Reason      string    `json:"reason" doc:"why"`
	Cause       string    `json:"cause,omitempty" doc:"why it got stuck, as far as EMR said: capacity, quota, addresses, bootstrap or price. Launches that would fail the same way are barred while the ban lasts"`
	Author      string    `json:"author" doc:"who set it; emrguard for its own"`
	Recovery    string    `json:"recovery,omitempty" doc:"the recovery that set it"`
	Growths     int       `json:"growths" doc:"how often somebody else raised the group during the ban"`
	Contested   bool      `json:"contested" doc:"that was so often that it was reported"`
}

// Bans shows every ban that stands.
func (w World) Bans() Bans {
	out := Bans{Now: w.Now, Bans: []BanStatus{}}
	w.clusters(func(s Scope, c Cluster) {
		for _, p := range c.Pools {
			for _, m := range p.Members {
				if m.Banned(w.Now) {
					out.Bans = append(out.Bans, w.banStatus(s.Name, c, p, m))
				}
			}
		}
	})
	slices.SortStableFunc(out.Bans, func(a, b BanStatus) int { return a.Until.Compare(b.Until) })
	return out
}

func (w World) banStatus(scope string, c Cluster, p pool.Pool, m pool.Member) BanStatus {
	return BanStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Group: string(m.Group), Label: c.label(m.Group), Pool: string(p.Origin),
		Since: m.Ban.From, Until: m.Ban.Until, Remaining: m.Ban.Until.Sub(w.Now).Seconds(), Reason: m.Ban.Reason, Cause: m.Ban.Cause, Author: cmp.Or(m.Ban.Author, "emrguard"),
		Recovery: m.Ban.Recovery, Growths: m.Ban.Growths, Contested: m.Ban.Contest,
	}
}

// sentence says until when the group takes no launches, by whom and why.
func (b BanStatus) sentence(now time.Time) string {
	text := fmt.Sprintf("%s banned until %s by %s", b.Label, Until(b.Until, now), b.Author)
	if b.Recovery != "" { // it tells the rest
		head, _, _ := strings.Cut(b.Reason, ";")
		if ran, ok := strings.CutSuffix(head, " run"); ok { // then, and not now
			head = ran + " ran"
		}
		return text + ": " + shortened(head)
	}
	if b.Reason != "" {
		text += ": " + shortened(b.Reason)
	}
	return text
}

// Table is the bans for people.
func (v Bans) Table() Table {
	t := Table{Head: []string{"CLUSTER", "GROUP", "ID", "UNTIL", "BY", "GROWTHS", "REASON"}}
	for _, b := range v.Bans {
		t.Add(orID(b.ClusterName, b.Cluster), b.Label, b.Group, Until(b.Until, v.Now), b.Author, strconv.Itoa(b.Growths), b.Reason)
	}
	return t
}
