package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Cluster is everything about one cluster.
type Cluster struct {
	Now        time.Time             `json:"now" doc:"the time all ages refer to"`
	Status     view.ClusterStatus    `json:"status" doc:"how it stands"`
	Notes      []string              `json:"notes" doc:"what a person should know of it, most urgent first"`
	Groups     []view.GroupStatus    `json:"groups" doc:"its instance groups as last read, by id"`
	Pools      []view.PoolStatus     `json:"pools" doc:"its pools"`
	Bans       []view.BanStatus      `json:"bans" doc:"the bans that stand, the first to end first"`
	Recoveries []view.RecoveryStatus `json:"recoveries" doc:"open ones, then the last ten closed"`
	Policies   view.Policies         `json:"policies" doc:"its metric policies, schedules and termination policies"`
	Timelines  []view.Timeline       `json:"timelines" doc:"the resize and its repair, to scale: of the pools to which something happened lately, of six at most, those in trouble first"`
}

// The bounds of timelines: of how many pools a cluster's page draws one, and how many records one is drawn from, the newest.
const (
	timelinesMost = 6
	timelineFrom  = 2000
)

// storyOf is how long a pool's timeline goes back where nothing is open.
const storyOf = 6 * time.Hour

// ClusterPage tells everything about a cluster of the world, by its id or its name. One that is not watched is a RequestError.
func (d Desk) ClusterPage(ctx context.Context, w view.World, scope, ref string) (Cluster, error) {
	at := slices.IndexFunc(w.Scopes, func(s view.Scope) bool { return s.Name == scope })
	if at < 0 {
		return Cluster{}, &RequestError{&view.UnknownError{What: "scope", Ref: scope}}
	}
	w.Scopes = w.Scopes[at : at+1]
	found, err := w.FindCluster(ref)
	if err != nil || found.Scope != scope {
		return Cluster{}, &RequestError{&view.UnknownError{What: "cluster", Ref: ref}}
	}
	only := w.Only(found)
	closed, err := d.History(ctx, store.Query{Scope: scope, Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: 10})
	if err != nil {
		return Cluster{}, err
	}
	page := Cluster{
		Now: w.Now, Status: only.Status().Scopes[0].Clusters[0], Groups: only.Groups().Groups, Pools: only.Pools().Pools, Bans: only.Bans().Bans,
		Recoveries: only.Recoveries(closed).Recoveries, Policies: only.Policies(), Timelines: []view.Timeline{},
	}
	page.Notes = page.Status.Notes(w.Now)
	for _, p := range view.ByUrgency(page.Pools) {
		if p.Pool == "" {
			continue
		}
		if len(page.Timelines) == timelinesMost {
			break
		}
		story, err := d.Latest(ctx, store.Query{Scope: scope, Cluster: string(found.Cluster), Pool: p.Pool, Kinds: view.TimelineKinds(), From: since(page, p, w.Now), Limit: timelineFrom})
		if err != nil {
			return Cluster{}, err
		}
		if t := only.Timeline(p.Name, story, of(p.Pool, page.Status.Next)); len(t.Marks) > 0 {
			page.Timelines = append(page.Timelines, t)
		}
	}
	return page, nil
}

// of is what follows on a pool and on the cluster as a whole.
func of(pool string, next []view.Next) []view.Next {
	out := []view.Next{}
	for _, n := range next {
		if n.Of(pool) {
			out = append(out, n)
		}
	}
	return out
}

// since is when what goes on in a pool began, a little before.
func since(page Cluster, p view.PoolStatus, now time.Time) time.Time {
	from := now.Add(-storyOf)
	for _, r := range page.Recoveries {
		if r.Pool == p.Pool && r.Open && !r.Since.IsZero() && r.Since.Before(from) {
			from = r.Since
		}
	}
	if !p.MissingSince.IsZero() && p.MissingSince.Before(from) {
		from = p.MissingSince
	}
	return from.Add(-time.Minute)
}

// Recovery is one recovery as a story.
type Recovery struct {
	Now      time.Time           `json:"now" doc:"the time all ages refer to"`
	Status   view.RecoveryStatus `json:"status" doc:"how it stands, or how it ended"`
	Story    view.Explanation    `json:"story" doc:"what was seen, decided and done, in order"`
	Timeline view.Timeline       `json:"timeline" doc:"the same, to scale"`
	Next     []view.Next         `json:"next" doc:"what follows on its cluster, the earliest first"`
}

// RecoveryPage tells a recovery, with a part of its story. One that there is not is a RequestError.
func (d Desk) RecoveryPage(ctx context.Context, w view.World, key store.RecoveryKey, part Part) (Recovery, error) {
	if known, err := d.recorded(ctx, key.Query()); err != nil {
		return Recovery{}, err
	} else if !known {
		return Recovery{}, &RequestError{&view.UnknownError{What: "recovery", Ref: key.String()}}
	}
	closed, err := d.closing(ctx, key)
	if err != nil {
		return Recovery{}, err
	}
	all := w.Recoveries(closed).Recoveries
	page := Recovery{Now: w.Now, Next: []view.Next{}}
	for _, r := range all {
		if r.Key() == key {
			page.Status = r
			break // the open one, if there is one, comes first
		}
	}
	for _, s := range w.Status().Scopes {
		for _, c := range s.Clusters {
			if page.Status.Open && s.Scope == page.Status.Scope && c.Cluster == page.Status.Cluster {
				page.Next = c.Next
			}
		}
	}
	if page.Story, err = d.explainRecovery(ctx, w, key, part); err != nil {
		return Recovery{}, err
	}
	drawn, _, err := d.recovery(ctx, w, key, Part{Limit: timelineFrom}, view.TimelineKinds()...)
	if n := len(drawn); err == nil && n > 0 && drawn[n-1].Kind == "pool.rest" { // when it was over belongs to no recovery
		var over []store.Record
		over, err = d.History(ctx, store.Query{Scope: key.Scope, Cluster: key.Cluster, Pool: drawn[n-1].Pool, Kinds: view.RestEnds(), After: drawn[n-1].Seq, Oldest: true, Limit: 1})
		drawn = append(drawn, over...)
	}
	page.Timeline = w.Timeline(key.Recovery, drawn, of(page.Status.Pool, page.Next))
	return page, err
}

// known is the end of a period as far as anything can be known of it. One that is still to come is a RequestError.
func known(w view.World, from, to time.Time) (time.Time, error) {
	if !from.Before(w.Now) {
		return to, mistake("from %s: the period begins in the future", from.UTC().Format(time.RFC3339))
	}
	if to.After(w.Now) {
		to = w.Now
	}
	return to, nil
}

// Costs are the hours and amounts of from <= t < to, of what found names, up to now; a price file that cannot be used is a SetupError. It costs what Capacity costs.
func (d Desk) Costs(ctx context.Context, w view.World, found view.Found, from, to time.Time) (view.Costs, error) {
	file, err := d.Config.ReadPrices()
	if err != nil {
		return view.Costs{}, &SetupError{fmt.Errorf("the price file cannot be used; mend it, no restart is needed: %w", err)}
	}
	if to, err = known(w, from, to); err != nil {
		return view.Costs{}, err
	}
	levels, err := d.levels(ctx, found, from)
	if err != nil {
		return view.Costs{}, err
	}
	if file == nil {
		return levels.Costs(w, from, to, within(found), nil, ""), nil
	}
	costs := levels.Costs(w, from, to, within(found), func(scope, instanceType string) (view.Price, bool) {
		p, ok := file.Of(d.Config.Region(scope), instanceType)
		return view.Price{OnDemand: p.OnDemand, Spot: p.Spot, EMR: p.EMR}, ok
	}, file.Currency)
	costs.Note = file.Note
	return costs, nil
}

// levels reads the counts of what found names from a time on, and what was under way then.
func (d Desk) levels(ctx context.Context, found view.Found, from time.Time) (*view.Levels, error) {
	levels := view.NewLevels()
	of := store.Query{Scope: found.Scope, Cluster: string(found.Cluster)}
	lead, period, watch := of, of, of
	lead.Kinds, lead.From, lead.To = view.LevelLeadKinds(), from.Add(-view.Lead), from
	period.Kinds, period.From = view.LevelKinds(), from
	queries := []store.Query{lead, period}
	if found.Cluster != "" { // what is of the whole scope concerns the cluster, too
		watch.Cluster, watch.Kinds, watch.From = "", view.WatchKinds(), lead.From
		queries = append(queries, watch)
	}
	for _, q := range queries {
		if _, err := d.Stream(ctx, q, func(r store.Record) error {
			levels.Add(r)
			return nil
		}); err != nil {
			return levels, err
		}
	}
	return levels, nil
}

// within says which clusters found names; the zero Found names all.
func within(found view.Found) func(store.Key) bool {
	return func(k store.Key) bool {
		return (found.Scope == "" || k.Scope == found.Scope) && (found.Cluster == "" || k.Cluster == string(found.Cluster))
	}
}

// Capacity is how many instances were asked for and ran from one time to another, of what found names, up to now. It costs a read of the records of
// counts of that time.
func (d Desk) Capacity(ctx context.Context, w view.World, found view.Found, from, to time.Time, points int) (view.Capacity, error) {
	to, err := known(w, from, to)
	if err != nil {
		return view.Capacity{}, err
	}
	levels, err := d.levels(ctx, found, from)
	return levels.Capacity(w, from, to, points, within(found)), err
}
