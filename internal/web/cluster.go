package web

import (
	"net/http"
	"slices"
	"time"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// What a cluster's page shows of lists that may be long. Most clusters have less.
const (
	poolsShown     = 8 // at once, with their groups, bans and recoveries
	timelinesShown = 2
	notesShown     = 12
	nextShown      = 8
	policiesShown  = 20
	recordsShown   = 25
)

type clusterBody struct {
	desk.Cluster
	Capacity  chart
	Timelines []timeline
	Records   []view.Event
	Pager     pager // of the pools
	Closed    int   // recoveries that are closed and shown
	// How many are not shown.
	MoreNotes, MoreNext, MorePolicies, MoreSchedules int
}

// AllClusters says whether a table of records names their clusters.
func (clusterBody) AllClusters() bool { return false }

// Present is the time from which a table of records tells their ages.
func (b clusterBody) Present() time.Time { return b.Now }

func (s *Server) clusterPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	offset := q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	page, err := now.desk.ClusterPage(r.Context(), now.World, r.PathValue("scope"), r.PathValue("cluster"))
	if err != nil {
		return "", nil, err
	}
	c, err := s.levels.capacity(r.Context(), now, page.Status.Scope, page.Status.Cluster)
	if err != nil {
		return "", nil, err
	}
	records, err := now.desk.History(r.Context(), store.Query{Scope: page.Status.Scope, Cluster: page.Status.Cluster, Limit: recordsShown})
	body := clusterBody{Cluster: page, Capacity: capacityChart(c), Records: now.Events(records)}
	body.cut(q, r.URL.Path, offset)
	for _, t := range page.Timelines[:min(len(page.Timelines), timelinesShown)] {
		body.Timelines = append(body.Timelines, drawn(t))
	}
	return nameOf(page.Status.Name, page.Status.Cluster), body, err
}

// cut leaves of long lists what a page shows: of many pools those most in trouble, with what belongs to them.
func (b *clusterBody) cut(q *query, path string, offset int) {
	b.Notes, b.MoreNotes = first(b.Notes, notesShown)
	b.Status.Next, b.MoreNext = first(b.Status.Next, nextShown)
	b.Policies.Policies, b.MorePolicies = first(b.Policies.Policies, policiesShown)
	b.Policies.Schedules, b.MoreSchedules = first(b.Policies.Schedules, policiesShown)
	if len(b.Pools) <= poolsShown {
		b.Pager = pager{From: 1, To: len(b.Pools), Of: len(b.Pools)}
		return
	}
	b.Pools, b.Pager = pageOf(view.ByUrgency(b.Pools), q, path, offset, poolsShown)
	apart := func(pool string) bool {
		return !slices.ContainsFunc(b.Pools, func(p view.PoolStatus) bool { return p.Pool != "" && p.Pool == pool })
	}
	b.Groups = slices.DeleteFunc(slices.Clone(b.Groups), func(g view.GroupStatus) bool { return apart(g.Pool) && (g.Pool != "" || b.Pager.From > 1) })
	b.Bans = slices.DeleteFunc(slices.Clone(b.Bans), func(s view.BanStatus) bool { return apart(s.Pool) })
	b.Recoveries = slices.DeleteFunc(slices.Clone(b.Recoveries), func(r view.RecoveryStatus) bool { return apart(r.Pool) })
}

// first are the first rows of a list, and how many more there are.
func first[T any](rows []T, most int) (shown []T, more int) {
	n := min(len(rows), most)
	return rows[:n], len(rows) - n
}
