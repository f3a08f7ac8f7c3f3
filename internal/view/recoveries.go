package view

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Recoveries is what `emrguard recoveries` shows.
type Recoveries struct {
	Now        time.Time        `json:"now" doc:"the time all ages refer to"`
	Recoveries []RecoveryStatus `json:"recoveries" doc:"open ones by opening, then closed ones, the last closed first"`
}

// RecoveryStatus is one recovery, open or closed.
type RecoveryStatus struct {
	Scope         string    `json:"scope" doc:"name of the scope"`
	Cluster       string    `json:"cluster" doc:"id of the cluster"`
	ClusterName   string    `json:"cluster_name,omitempty" doc:"name of the cluster, if it is still known"`
	Recovery      string    `json:"recovery" doc:"id"`
	Kind          string    `json:"kind" doc:"stuck, suspended, idle, shrink, enforce, retry, scale, surplus or return"`
	Group         string    `json:"group" doc:"id of the stuck group; of the origin for one asked for by hand"`
	GroupLabel    string    `json:"group_label,omitempty" doc:"its name as tables show it"`
	Pool          string    `json:"pool" doc:"id of the pool"`
	Open          bool      `json:"open" doc:"not closed yet"`
	Step          string    `json:"step,omitempty" doc:"confirm, stop, settle, place, release or watch; open ones only"`
	Hold          string    `json:"hold,omitempty" doc:"why it waits; open ones only"`
	Outcome       string    `json:"outcome,omitempty" doc:"completed, cleared, chained, rested, blocked, overtaken, cluster_end, withheld or reported; closed ones only"`
	Opened        time.Time `json:"opened,omitzero" doc:"when it was opened"`
	Closed        time.Time `json:"closed,omitzero" doc:"when it was closed; closed ones only"`
	Since         time.Time `json:"since,omitzero" doc:"since when the oldest instance of the group was missing"`
	ShortSince    time.Time `json:"short_since,omitzero" doc:"since when the pool was short without interruption, over all attempts"`
	Missing       int       `json:"missing" doc:"instances the pool misses; of a closed one, when it was closed"`
	Number        int       `json:"number,omitempty" doc:"in the chain of recoveries without a completed resize, from 1"`
	Asked         int       `json:"asked" doc:"requested count of the group when it was opened"`
	Ran           int       `json:"ran" doc:"running count of the group when it was opened"`
	StopCount     int       `json:"stop_count" doc:"count the group was stopped at; 0 before"`
	Stopped       time.Time `json:"stopped,omitzero" doc:"when the group was stopped first"`
	BannedUntil   time.Time `json:"banned_until,omitzero" doc:"end of the ban that it set on the group; absent of an open one whose ban is over"`
	Placed        int       `json:"placed" doc:"instances launched for it"`
	PlacedOn      string    `json:"placed_on,omitempty" doc:"id of the group that took them"`
	PlacedOnLabel string    `json:"placed_on_label,omitempty" doc:"its name as tables show it"`
	Cause         string    `json:"cause,omitempty" doc:"why the group got stuck, as far as EMR said: capacity, quota, addresses, bootstrap or price"`
	CauseText     string    `json:"cause_text,omitempty" doc:"the words by which EMR said it"`
	Author        string    `json:"author,omitempty" doc:"who asked for it; absent for emrguard's own"`
	Reason        string    `json:"reason" doc:"open: why it was opened; closed: how it ended"`

	told  string // the reason with the labels of groups
	ended string // of a closed one: how it ended, for people
	ban   string // of a closed one: how its ban stands
}

// Key names the recovery.
func (r RecoveryStatus) Key() store.RecoveryKey {
	return store.RecoveryKey{Key: store.Key{Scope: r.Scope, Cluster: r.Cluster}, Recovery: r.Recovery}
}

// RecoveryPath is where the dashboard has a recovery's page.
func RecoveryPath(key store.RecoveryKey) string {
	return "/recoveries/" + url.PathEscape(key.Scope) + "/" + url.PathEscape(key.Cluster) + "/" + url.PathEscape(key.Recovery)
}

// Outcomes are the kinds of the records that close a recovery.
func Outcomes() []string {
	var kinds []string
	for _, o := range []recovery.Outcome{recovery.Completed, recovery.Cleared, recovery.Chained, recovery.Rested, recovery.NoPlace, recovery.Overtaken,
		recovery.ClusterEnd, recovery.Withheld, recovery.Reported} {
		kinds = append(kinds, "recovery."+string(o))
	}
	return kinds
}

// Recoveries shows the open recoveries, and the closed ones whose records are given.
func (w World) Recoveries(closed []store.Record) Recoveries {
	out := Recoveries{Now: w.Now, Recoveries: []RecoveryStatus{}}
	w.clusters(func(s Scope, c Cluster) {
		for _, r := range c.Recoveries {
			out.Recoveries = append(out.Recoveries, w.openRecovery(s.Name, c, r))
		}
	})
	slices.SortStableFunc(out.Recoveries, func(a, b RecoveryStatus) int { return a.Opened.Compare(b.Opened) })
	for _, r := range closed {
		if slices.Contains(Outcomes(), r.Kind) {
			out.Recoveries = append(out.Recoveries, w.closedRecovery(r))
		}
	}
	return out
}

func (w World) openRecovery(scope string, c Cluster, r recovery.Recovery) RecoveryStatus {
	row := RecoveryStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Recovery: r.ID, Kind: string(r.Kind), Group: string(r.Group),
		GroupLabel: c.label(r.Group), Pool: string(r.Pool), Open: true, Step: string(r.Step), Hold: r.Hold, Opened: r.Opened, Since: r.Since, Number: r.Number,
		Asked: r.Asked, Ran: r.Ran, Stopped: r.Stopped, StopCount: r.Count, Placed: r.Placed, PlacedOn: string(r.Placement.Group), Cause: string(r.Why.Cause), CauseText: r.Why.Text, Author: r.Author, Reason: r.Reason, told: c.Labelled(r.Reason),
	}
	if row.PlacedOn != "" {
		row.PlacedOnLabel = c.label(r.Placement.Group)
	}
	if p := c.Pool(r.Pool); p != nil {
		_, row.Missing = c.running(*p)
		row.ShortSince, _ = c.missingSince(*p)
	}
	if p := c.PoolOf(r.Group); p != nil {
		if m := p.Member(r.Group); m.Banned(w.Now) && m.Ban.Recovery == r.ID {
			row.BannedUntil = m.Ban.Until
		}
	}
	return row
}

func (w World) closedRecovery(r store.Record) RecoveryStatus {
	row := RecoveryStatus{Scope: r.Scope, Cluster: r.Cluster, Recovery: r.Recovery, Group: r.Group, Pool: r.Pool, Outcome: r.Kind[len("recovery."):], Closed: r.At,
		Author: r.Author, Reason: r.Reason, told: r.Reason, ended: Said(r)}
	var data struct {
		Kind     string       `json:"kind"`
		Opened   time.Time    `json:"opened"`
		Since    time.Time    `json:"since"`
		Short    time.Time    `json:"short_since"`
		Number   int          `json:"number"`
		Asked    int          `json:"asked"`
		Ran      int          `json:"ran"`
		Count    int          `json:"stop_count"`
		Stopped  time.Time    `json:"stopped"`
		Banned   time.Time    `json:"banned_until"`
		Placed   int          `json:"placed"`
		PlacedOn string       `json:"placed_on"`
		Cause    recovery.Why `json:"cause"`
		Inputs   struct {
			Wanted  int `json:"wanted"`
			Members []struct {
				Running int `json:"running"`
			} `json:"members"`
		} `json:"inputs"`
	}
	if json.Unmarshal(r.Data, &data) == nil { // the inputs of a record may be damaged; the rest of it still tells
		row.Kind, row.Opened, row.Asked, row.Ran, row.StopCount, row.Placed = data.Kind, data.Opened, data.Asked, data.Ran, data.Count, data.Placed
		row.Cause, row.CauseText = string(data.Cause.Cause), data.Cause.Text
		row.Since, row.ShortSince, row.Number, row.Stopped, row.BannedUntil, row.PlacedOn = data.Since, data.Short, data.Number, data.Stopped, data.Banned, data.PlacedOn
		row.Missing = data.Inputs.Wanted
		for _, m := range data.Inputs.Members {
			row.Missing = max(0, row.Missing-m.Running)
		}
	}
	if c := w.cluster(r.Scope, r.Cluster); c != nil {
		row.ClusterName, row.GroupLabel, row.told, row.ended = c.Cluster.Name, labelOf(c, r.Group), c.Labelled(r.Reason), c.named(Said(r))
		row.PlacedOnLabel, row.ban = labelOf(c, row.PlacedOn), w.banNow(*c, row)
	}
	return row
}

// banNow is how the ban of a closed recovery stands; empty where it is as it was set.
func (w World) banNow(c Cluster, r RecoveryStatus) string {
	p := c.PoolOf(emr.GroupID(r.Group))
	switch {
	case r.BannedUntil.IsZero() || p == nil:
	case !w.Now.Before(r.BannedUntil):
		return "over"
	case !p.Member(emr.GroupID(r.Group)).Banned(w.Now):
		return "lifted since"
	}
	return ""
}

// Table is the recoveries for people.
func (v Recoveries) Table() Table {
	t := Table{Head: []string{"RECOVERY", "CLUSTER", "GROUP", "KIND", "OPENED", "STATE", "COUNTS", "REASON"}}
	for _, r := range v.Recoveries {
		state := r.Outcome + " " + Clock(r.Closed, v.Now)
		if r.Open {
			state = r.Stage()
			if r.Hold != "" {
				state += "\nwaiting: " + r.Hold
			}
		}
		counts := fmt.Sprintf("%d of %d ran", r.Ran, r.Asked)
		if r.StopCount > 0 {
			counts += fmt.Sprintf("\nstopped at %d", r.StopCount)
		}
		if r.Cause != "" {
			state += "\ncause: " + r.Cause
		}
		if r.Placed > 0 {
			counts += fmt.Sprintf("\n%d placed", r.Placed)
		}
		opened := Since(r.Opened, v.Now)
		if !r.Open {
			opened = Clock(r.Opened, v.Now)
		}
		t.Add(r.Recovery, orID(r.ClusterName, r.Cluster), orID(r.GroupLabel, r.Group), r.Kind, opened, state, counts, r.told)
	}
	return t
}
