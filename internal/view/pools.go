package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/phrase"
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
	Pool         string    `json:"pool" doc:"id of the pool: that of its origin group; empty for a configured pool that the cluster has no group for"`
	Name         string    `json:"name" doc:"the origin's name; without one the configured pool's"`
	Configured   string    `json:"configured,omitempty" doc:"name of the configured pool that it is; absent when it is not scaled"`
	Bounds       *Bounds   `json:"bounds,omitempty" doc:"fewest and most instances it may want; absent when it is not scaled"`
	Role         string    `json:"role" doc:"CORE or TASK"`
	Wanted       int       `json:"wanted" doc:"instances wanted in all"`
	Requested    int       `json:"requested" doc:"instances asked of EMR, over all members"`
	Running      int       `json:"running" doc:"instances running, over all members"`
	Missing      int       `json:"missing" doc:"instances wanted and not running"`
	MissingSince time.Time `json:"missing_since,omitzero" doc:"since when it has been short without interruption, over all attempts"`
	AttemptSince time.Time `json:"attempt_since,omitzero" doc:"since when the oldest instance is missing that the present attempt asked for, where that is later: the clock of a group begins anew with a launch on another"`
	Change       string    `json:"change,omitempty" doc:"stuck, missing (short, and nothing resizes) or resizing (within its time); absent when it is whole"`
	ResizeUntil  time.Time `json:"resizing_until,omitzero" doc:"when a resize that is within its time counts as stuck"`
	Moved        int       `json:"moved" doc:"instances of the origin that other members are asked for in its place"`
	Members      []string  `json:"members" doc:"group ids: the origin, then the fallbacks by age"`
	Chain        int       `json:"chain" doc:"recoveries in a row without a completed resize"`
	Returns      *Returns  `json:"returns,omitempty" doc:"returns to the origin by itself failed, and the next waits"`
	Back         *Back     `json:"back,omitempty" doc:"the ban of the origin is over, and what runs on fallbacks comes back by hand"`
	Rest         *Rest     `json:"rest,omitempty" doc:"the pool takes no launches because recoveries keep failing"`
	Blocked      *Blocked  `json:"blocked,omitempty" doc:"instances are to be placed and no group takes them"`
	Contested    bool      `json:"contested" doc:"somebody else keeps raising a banned member"`
	Contest      *Contest  `json:"contest,omitempty" doc:"which member, while its ban lasts"`
	Last         *Scaling  `json:"last_scaling,omitempty" doc:"the last scaling operation of a configured pool"`
	Deferred     *Deferred `json:"deferred,omitempty" doc:"a schedule that is due and waits"`
	Unmade       *Unmade   `json:"unmade,omitempty" doc:"the group of a configured pool could not be made"`
}

// ByUrgency are pools with those in trouble first: who has no place, who rests, whose instances are missing, the longest first.
func ByUrgency(pools []PoolStatus) []PoolStatus {
	rank := func(p PoolStatus) int {
		switch {
		case p.Blocked != nil, p.Contested, p.Unmade != nil:
			return 0
		case p.Rest != nil:
			return 1
		case p.Missing > 0:
			return 2
		case p.Deferred != nil:
			return 3
		}
		return 4
	}
	out := slices.Clone(pools)
	slices.SortStableFunc(out, func(a, b PoolStatus) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.MissingSince.Compare(b.MissingSince))
	})
	return out
}

// Deferred is a schedule that is due and waits.
type Deferred struct {
	Schedule string    `json:"schedule" doc:"its name"`
	Due      time.Time `json:"due" doc:"when it was due"`
	Reason   string    `json:"reason,omitempty" doc:"why it waits"`

	told string // the reason in a few words, with the labels of groups
}

// Unmade says why a configured pool has no group.
type Unmade struct {
	Reason string    `json:"reason" doc:"why it could not be made"`
	Retry  time.Time `json:"retry" doc:"when it is tried again"`
}

// Rest is a pause of launches on a pool.
type Rest struct {
	Since  time.Time `json:"since" doc:"when it began"`
	Until  time.Time `json:"until" doc:"when the pool probes again"`
	Reason string    `json:"reason" doc:"why"`
	Cause  string    `json:"cause,omitempty" doc:"what EMR says keeps instances away, as far as it does: capacity, quota, addresses, bootstrap or price"`
	Tried  []string  `json:"tried" doc:"what the groups are called that got stuck one after another and are banned still"`
}

// rest tells the rest of a pool with what was tried before it.
func (w World) rest(c Cluster, p pool.Pool) *Rest {
	if p.Rest == nil {
		return nil
	}
	out := &Rest{Since: p.Rest.From, Until: p.Rest.Until, Reason: p.Rest.Reason, Tried: []string{}}
	for _, m := range p.Members {
		if m.Banned(w.Now) && m.Ban.Recovery != "" {
			out.Tried, out.Cause = append(out.Tried, c.label(m.Group)), cmp.Or(m.Ban.Cause, out.Cause)
		}
	}
	return out
}

// sentence says until when nothing is launched, and why.
func (r Rest) sentence(of string, now time.Time) string {
	text := fmt.Sprintf("pool %s rests since %s until %s: %s", of, Since(r.Since, now), Until(r.Until, now), r.Reason)
	if len(r.Tried) > 0 {
		text += "; stopped and banned: " + strings.Join(r.Tried, ", ")
	}
	if r.Cause != "" {
		text += "; cause: " + r.Cause
	}
	return text
}

// Returns says that what is placed on fallbacks did not come back to the origin.
type Returns struct {
	Failed int       `json:"failed" doc:"how often in a row"`
	Until  time.Time `json:"until" doc:"the next begins then at the earliest"`
}

// Contest is a banned group that somebody else keeps raising.
type Contest struct {
	Group   string    `json:"group" doc:"id of the group"`
	Label   string    `json:"label" doc:"what it is called"`
	Growths int       `json:"growths" doc:"how often it was raised since its ban began"`
	Since   time.Time `json:"since" doc:"when its ban began"`
	Until   time.Time `json:"until" doc:"when its ban ends"`
}

// contest is the first member of a contested pool that is banned and keeps being raised, or nil.
func (w World) contest(c Cluster, p pool.Pool) *Contest {
	for _, m := range p.Members {
		if p.Contested && m.Banned(w.Now) && m.Ban.Contest {
			return &Contest{Group: string(m.Group), Label: c.label(m.Group), Growths: m.Ban.Growths, Since: m.Ban.From, Until: m.Ban.Until}
		}
	}
	return nil
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
		out.Pools = append(out.Pools, w.unbound(s.Name, c)...)
	})
	return out
}

// unbound are the configured pools that the cluster has no group for.
func (w World) unbound(scope string, c Cluster) []PoolStatus {
	var out []PoolStatus
	for _, s := range c.Scaling {
		if c.Pool(s.Origin) != nil {
			continue
		}
		row := PoolStatus{Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Name: s.Name, Members: []string{}}
		if c.How != nil {
			if conf := c.How.Pool(s.Name); conf != nil {
				row.Role = string(conf.Role)
			}
		}
		row.configured(c, s)
		out = append(out, row)
	}
	return out
}

// configured adds what is known of the configured pool.
func (p *PoolStatus) configured(c Cluster, s guard.Scaled) {
	p.Configured, p.Bounds, p.Last, p.Unmade = s.Name, bounds(s), lastOf(s), unmade(s)
	if d := s.Deferred; d != nil {
		p.Deferred = &Deferred{Schedule: d.Schedule, Due: d.Due, Reason: d.Reason, told: shortened(c.named(d.Reason))}
	}
}

// unmade says why the group of a configured pool could not be made, or is nil.
func unmade(s guard.Scaled) *Unmade {
	if s.Making == nil || s.Making.Refused == "" {
		return nil
	}
	return &Unmade{Reason: s.Making.Refused, Retry: s.Making.Until}
}

// sentence says why there is no group.
func (u *Unmade) sentence(now time.Time) string {
	if u.Retry.IsZero() {
		return "its group is not there: " + u.Reason
	}
	return fmt.Sprintf("its group could not be made: %s; tried again at %s", u.Reason, Until(u.Retry, now))
}

// sentence says since when the schedule waits, and why.
func (d *Deferred) sentence(now time.Time) string {
	text := fmt.Sprintf("schedule %s waits since %s", d.Schedule, Since(d.Due, now))
	if d.told != "" {
		text += ": " + d.told
	}
	return text
}

func (w World) poolStatus(scope string, c Cluster, p pool.Pool) PoolStatus {
	running, missing := c.running(p)
	row := PoolStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), ClusterName: c.Cluster.Name, Pool: string(p.Origin), Name: p.Name, Role: string(p.Role),
		Wanted: p.Wanted, Requested: p.Requested(c.View()), Running: running, Missing: missing, Chain: p.Chain,
		Contested: p.Contested, Contest: w.contest(c, p),
	}
	row.MissingSince, row.AttemptSince = c.missingSince(p)
	row.Change, row.ResizeUntil = w.resizeIn(c, p).word(missing)
	row.Back = w.back(c, p)
	row.Moved = p.Elsewhere(c.View())
	for _, m := range p.Members {
		row.Members = append(row.Members, string(m.Group))
	}
	row.Rest = w.rest(c, p)
	if r := p.Returns; r != nil {
		row.Returns = &Returns{Failed: r.Failed, Until: r.Until}
	}
	if b := p.Blocked; b != nil {
		row.Blocked = &Blocked{Since: b.Since, Retry: b.Retry, Reason: b.Reason}
	}
	for _, s := range c.Scaling {
		if s.Origin == p.Origin {
			row.configured(c, s)
		}
	}
	return row
}

// Shortfall is how it stands with what is missing, as Change says it; empty when nothing is missing.
func (p PoolStatus) Shortfall() string { return worst(p.Missing, p.Change) }

// title is what the pool is called in a sentence.
func (p PoolStatus) title() string {
	switch "" {
	case p.Name:
		return p.Pool
	case p.Pool:
		return p.Name
	}
	return fmt.Sprintf("%s (%s)", p.Name, p.Pool)
}

// troubles are sentences about why the pool gets no instances.
func (p PoolStatus) troubles(now time.Time) []string {
	var out []string
	if p.Rest != nil {
		out = append(out, p.Rest.sentence(p.title(), now))
	}
	if p.Blocked != nil {
		out = append(out, fmt.Sprintf("pool %s is blocked since %s: %s; retried at %s", p.title(), Since(p.Blocked.Since, now), p.Blocked.Reason,
			Until(p.Blocked.Retry, now)))
	}
	if c := p.Contest; c != nil {
		out = append(out, fmt.Sprintf("pool %s is contested: somebody raised %s, which is banned, %s since %s, and emrguard stopped it each time; its ban lasts until %s", p.title(), c.Label, phrase.Times(c.Growths),
			Since(c.Since, now), Until(c.Until, now)))
	} else if p.Contested {
		out = append(out, fmt.Sprintf("pool %s is contested: somebody kept raising a banned group", p.title()))
	}
	if p.Returns != nil {
		out = append(out, fmt.Sprintf("pool %s: %s to the origin failed; the next begins at %s at the earliest", p.title(), phrase.Count(p.Returns.Failed, "return"), Until(p.Returns.Until, now)))
	}
	if p.Back != nil {
		out = append(out, fmt.Sprintf("pool %s: %s", p.title(), p.Back.sentence(now)))
	}
	if p.Unmade != nil {
		out = append(out, fmt.Sprintf("pool %s: %s", p.title(), p.Unmade.sentence(now)))
	}
	if p.Deferred != nil {
		out = append(out, fmt.Sprintf("pool %s: %s", p.title(), p.Deferred.sentence(now)))
	}
	return out
}

// troubled says whether a person should know of the pool.
func (p PoolStatus) troubled() bool {
	return p.Rest != nil || p.Blocked != nil || p.Contested || p.Unmade != nil || p.Deferred != nil || p.Back != nil
}

// scaled is the configured pool in a few words: its name and what it may want.
func (p PoolStatus) scaled() string {
	if p.Bounds == nil {
		return p.Configured
	}
	return fmt.Sprintf("%s, %d to %d", p.Configured, p.Bounds.Min, p.Bounds.Max)
}

// Table is the pools for people.
func (v Pools) Table() Table {
	t := Table{Head: []string{"CLUSTER", "POOL", "ID", "ROLE", "WANTED", "REQUESTED", "RUNNING", "MISSING", "MOVED", "GROUPS", "CHAIN", "CONFIGURED", "NOTES"}}
	for _, p := range v.Pools {
		missing := strconv.Itoa(p.Missing)
		if !p.MissingSince.IsZero() {
			missing += " since " + Since(p.MissingSince, v.Now) + strings.Replace(attempted(p.AttemptSince, v.Now), ", ", "\n", 1)
		}
		t.Add(orID(p.ClusterName, p.Cluster), orID(p.Name, p.Pool), p.Pool, p.Role, strconv.Itoa(p.Wanted), strconv.Itoa(p.Requested), strconv.Itoa(p.Running),
			missing, strconv.Itoa(p.Moved), strconv.Itoa(len(p.Members)), strconv.Itoa(p.Chain), p.scaled(), strings.Join(p.troubles(v.Now), "\n"))
	}
	return t
}

func orID(name, id string) string {
	if name == "" {
		return id
	}
	return name
}
