package web

import (
	"maps"
	"net/http"
	"net/url"

	"emrguard/internal/view"
)

type overview struct {
	view.Fleet
	Filter    view.FleetFilter
	Capacity  chart
	Pager     pager
	NotesMost int
	Chips     []chip            // filters of one click
	Sorts     map[string]string // the URL of each order
	All       string            // the URL without filters
}

// chip is a filter of the overview, and how many clusters it finds.
type chip struct {
	Word  string
	Count int
	URL   string
	On    bool // the list is filtered by it
}

func (s *Server) overviewPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	f := view.FleetFilter{
		Scope: q.text("scope", 64), Text: q.text("q", 200), Condition: q.choice("condition", view.Conditions()...), Sort: q.choice("sort", view.Sorts()...),
		Offset: q.offset(), Limit: pageSize,
	}
	if _, err := now.scope(f.Scope); err != nil && f.Scope != "" {
		return "", nil, q.err(err)
	}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	body := overview{Fleet: now.Fleet(f), Filter: f, NotesMost: 4}
	if f.Condition != "" { // what is looked for is among the notes
		body.NotesMost = 20
	}
	if last := lastPage(f.Offset, body.Matching, pageSize); last != f.Offset { // clusters have ended meanwhile
		f.Offset = last
		body.Fleet = now.Fleet(f)
	}
	body.Pager = q.pager("/", f.Offset, f.Offset+len(body.Clusters), body.Matching, pageSize)
	body.choices(q)
	c, err := s.levels.capacity(r.Context(), now, f.Scope, "")
	body.Capacity = capacityChart(c)
	return "Overview", body, err
}

// choices are the links to other views of the same list. Each keeps what else is chosen.
func (o *overview) choices(q *query) {
	o.All, o.Sorts = "/", map[string]string{}
	if o.Filter.Scope != "" {
		o.All = "/?scope=" + url.QueryEscape(o.Filter.Scope)
	}
	first := *q // a choice begins at the first page
	first.values = maps.Clone(q.values)
	first.values.Del("offset")
	for _, c := range o.Totals.Conditions {
		on := o.Filter.Condition == c.Condition
		if c.Clusters == 0 && !on && c.Condition != view.Stuck {
			continue
		}
		to := c.Condition
		if on {
			to = "" // once more, and it is taken away
		}
		o.Chips = append(o.Chips, chip{c.Condition, c.Clusters, first.with("/", "condition", to), on})
	}
	for _, name := range view.Sorts() {
		o.Sorts[name] = first.with("/", "sort", name)
	}
}
