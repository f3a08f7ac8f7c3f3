package web

import (
	"net/http"

	"emrguard/internal/view"
)

// rowsShown is how many rows of each table a report shows at once.
const rowsShown = 100

// paged takes the rows of a page out of each table; those that end before it are left out. The pager is that of the longest.
func paged(tables []view.Table, q *query, path string, offset int) ([]view.Table, pager) {
	longest := 0
	for _, t := range tables {
		longest = max(longest, len(t.Rows))
	}
	offset = lastPage(offset, longest, rowsShown)
	var out []view.Table
	for _, t := range tables {
		if offset < len(t.Rows) {
			t.Rows = t.Rows[offset:min(len(t.Rows), offset+rowsShown)]
			out = append(out, t)
		}
	}
	return out, q.pager(path, offset, min(longest, offset+rowsShown), longest, rowsShown)
}

type reportBody struct {
	view.Report
	Days   int
	Tables []view.Table
	Pager  pager
}

// days is how many days a page looks back; seven unless it says so.
func (q *query) days() int { return int(q.number("days", 1, 92, 7)) }

type costsBody struct {
	view.Costs
	Days   int
	Tables []view.Table
	Pager  pager
}

func (s *Server) costsPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	days, offset := q.days(), q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	costs, err := now.desk.Costs(r.Context(), now.World, view.Found{}, now.Now.AddDate(0, 0, -days), now.Now)
	tables, pager := paged(costs.Tables(), q, r.URL.Path, offset)
	return "Costs", costsBody{costs, days, tables, pager}, err
}

func (s *Server) reportPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	days, offset := q.days(), q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	report, err := now.desk.Report(r.Context(), now.World, view.Found{}, now.Now.AddDate(0, 0, -days), now.Now, nil)
	tables, pager := paged(report.Tables(), q, r.URL.Path, offset)
	return "Report", reportBody{report, days, tables, pager}, err
}
