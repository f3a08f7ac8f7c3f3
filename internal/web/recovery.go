package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

type recoveriesBody struct {
	view.Recoveries
	Which  string // the name of the cluster whose recoveries these are; empty: all
	Pager  pager  // of the open ones
	Older  string // URL of the closed ones before these
	Newest string // URL of the first page
	Begin  bool   // this is it
}

func (s *Server) recoveriesPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	scope, cluster, offset, before := q.text("scope", 64), q.text("cluster", 300), q.offset(), q.before()
	w, found, err := Which{scope, cluster}.world(now)
	if err := q.err(err); err != nil {
		return "", nil, err
	}
	closed, err := now.desk.History(r.Context(), store.Query{Scope: found.Scope, Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: pageSize, Before: before})
	if err != nil {
		return "", nil, err
	}
	open := w.Recoveries(nil).Recoveries
	body := recoveriesBody{Recoveries: w.Recoveries(closed), Which: found.Name, Newest: q.with(r.URL.Path, "before", ""), Begin: before == 0}
	body.Recoveries.Recoveries = body.Recoveries.Recoveries[len(open):]
	if before == 0 {
		open, body.Pager = pageOf(open, q, r.URL.Path, offset, pageSize)
		body.Recoveries.Recoveries = append(slices.Clone(open), body.Recoveries.Recoveries...)
	}
	if len(closed) == pageSize {
		body.Older = q.with(r.URL.Path, "before", numeral(closed[len(closed)-1].Seq))
	}
	return "Recoveries", body, nil
}

// storyPart leads through a long story, whose newest part comes first.
type storyPart struct {
	view.Explanation
	Parts  []part
	Older  string // URL of the part before; empty at the beginning
	Newest string // URL of the newest part; empty if this is it
}

func partOf(r *http.Request, q *query, e view.Explanation) storyPart {
	out := storyPart{Explanation: e, Parts: turns(e.Sections)}
	if e.Older > 0 {
		out.Older = q.with(r.URL.Path, "before", numeral(e.Older))
	}
	if q.before() > 0 {
		out.Newest = q.with(r.URL.Path, "before", "")
	}
	return out
}

type recoveryBody struct {
	desk.Recovery
	Part     storyPart
	Timeline timeline
}

func (s *Server) recoveryPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	part := desk.Part{Before: q.before(), Limit: pageSize}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	key := store.RecoveryKey{Key: store.Key{Scope: r.PathValue("scope"), Cluster: r.PathValue("cluster")}, Recovery: r.PathValue("recovery")}
	page, err := now.desk.RecoveryPage(r.Context(), now.World, key, part)
	page.Next = slices.DeleteFunc(slices.Clone(page.Next), func(n view.Next) bool { return !n.Of(page.Status.Pool) }) // the rest is on the cluster's page
	return "Recovery " + key.Recovery, recoveryBody{page, partOf(r, q, page.Story), drawn(page.Timeline)}, err
}

func (s *Server) explainPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	part := desk.Part{Before: q.before(), Limit: pageSize}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	e, err := now.desk.Explain(r.Context(), now.World, "", r.PathValue("id"), part)
	if e.Subject != "record" && e.Subject != "recovery" { // these two are told in order, as stories are; what goes on and on, from its end
		for i := range e.Sections {
			slices.Reverse(e.Sections[i].Events)
			e.Sections[i].Title += ", the newest first"
		}
	}
	return e.Title, partOf(r, q, e), err
}

// findRecovery leads from an id alone, as commands and logs have it, to the recovery's page; one that several clusters have, to a choice of them.
func (s *Server) findRecovery(w http.ResponseWriter, r *http.Request) {
	now, err := s.fleet.now(r.Context())
	if err != nil {
		s.refuse(w, r, http.StatusServiceUnavailable, "the store does not answer now: "+err.Error())
		return
	}
	if err := queryOf(r).err(); err != nil {
		s.refuseFor(w, r, err)
		return
	}
	id := r.PathValue("recovery")
	key, err := now.desk.FindRecovery(r.Context(), "", id)
	several := (*view.AmbiguousError)(nil)
	switch {
	case errors.As(err, &several):
		http.Redirect(w, r, "/history?"+url.Values{"recovery": {id}, "kind": {"recovery.open"}}.Encode(), http.StatusFound)
	case err != nil:
		s.refuseFor(w, r, err)
	default:
		http.Redirect(w, r, recoveryURL(key.Scope, key.Cluster, key.Recovery), http.StatusFound)
	}
}

// recoveryURL is the page of a recovery.
func recoveryURL(scope, cluster, id string) string {
	return view.RecoveryPath(store.RecoveryKey{Key: store.Key{Scope: scope, Cluster: cluster}, Recovery: id})
}
