package web

import (
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"emrguard/internal/view"
)

// before is the record before which a page begins; 0 for the newest.
func (q *query) before() int64 { return q.number("before", 0, math.MaxInt64, 0) }

type historyBody struct {
	Query   url.Values
	Kinds   []string
	Records []view.Event // the newest first
	Cut     bool         // the search has read its most, and may find more before that
	Older   string       // URL of the page before
	Newest  string       // URL of the first page of the same
	CSV     string
	NDJSON  string
	now     time.Time
}

// AllClusters says whether a table of records names their clusters.
func (historyBody) AllClusters() bool { return true }

// Present is the time from which a table of records tells their ages.
func (b historyBody) Present() time.Time { return b.now }

func (s *Server) historyPage(r *http.Request, v *query, now *snapshot) (string, any, error) {
	f, err := now.filter(r.Context(), v)
	if err != nil {
		return "", nil, err
	}
	q := v.values
	records, before, err := now.desk.Page(r.Context(), now.World, f)
	if err != nil {
		return "", nil, err
	}
	body := historyBody{now: now.Now, Query: q, Kinds: view.Kinds(), Records: records, Cut: before > 0 && len(records) < pageSize}
	if before > 0 {
		older := maps.Clone(q)
		older.Set("before", strconv.FormatInt(before, 10))
		body.Older = "/history?" + older.Encode()
	}
	all := url.Values{}
	for name, v := range q {
		if name != "before" && len(v) > 0 && v[0] != "" {
			all[name] = v
		}
	}
	body.Newest = "/history?" + all.Encode()
	body.CSV, body.NDJSON = apiPath+"/history.csv?"+all.Encode(), apiPath+"/history.ndjson?"+all.Encode()
	return "History", body, nil
}
