package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// exportIn is how long the export of a history may take.
const exportIn = 10 * time.Minute

// isExport says whether a request is for an export, which may take long.
func isExport(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiPath+"/history.") }

// exportHead is the head of an exported table.
var exportHead = []string{"seq", "id", "at", "scope", "cluster", "cluster_name", "word", "kind", "group", "group_label", "pool", "recovery", "author", "reason", "data"}

// exportCSV writes a filtered history as a table. What a spreadsheet would take for a formula gets an apostrophe.
func (s *Server) exportCSV(w http.ResponseWriter, r *http.Request) {
	out := csv.NewWriter(w)
	s.export(w, r, "text/csv; charset=utf-8", "csv", func() error { return out.Write(exportHead) }, func(e view.Event) error {
		row := []string{
			strconv.FormatInt(e.Seq, 10), e.ID, e.At.UTC().Format(time.RFC3339Nano), e.Scope, e.Cluster, e.ClusterName, e.Word, e.Kind, e.Group, e.GroupLabel,
			e.Pool, e.Recovery, e.Author, e.Reason, string(e.Data),
		}
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && i > 0 {
				row[i] = "'" + cell
			}
		}
		return out.Write(row)
	}, func() error { out.Flush(); return out.Error() })
}

// exportJSON writes a filtered history as one JSON object a line.
func (s *Server) exportJSON(w http.ResponseWriter, r *http.Request) {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	s.export(w, r, "application/x-ndjson", "ndjson", func() error { return nil }, func(e view.Event) error { return out.Encode(e) }, func() error { return nil })
}

// export streams the records that a request wants, oldest first. An error after the first row breaks the connection off, so that nobody takes a part for the whole; so does a
// reader that takes no data for ten seconds, so that a few of them do not keep everybody else out.
func (s *Server) export(w http.ResponseWriter, r *http.Request, kind, ending string, head func() error, row func(view.Event) error, end func() error) {
	ctx := r.Context()
	now, err := s.fleet.now(ctx)
	var f desk.Filter
	if err == nil {
		f, err = now.filter(ctx, queryOf(r, filterNames...))
	}
	var q store.Query
	if err == nil {
		f.Limit = store.MaxPage
		q, err = now.desk.Query(ctx, now.World, f)
	}
	if err != nil {
		s.refuseFor(w, r, err)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="emrguard-history-%s.%s"`, now.Now.UTC().Format("20060102T150405Z"), ending))
	w.Header().Set("Cache-Control", "no-store")
	to := http.NewResponseController(w)
	damage, err := error(nil), head()
	if err == nil {
		damage, err = now.desk.Stream(ctx, q, func(rec store.Record) error {
			_ = to.SetWriteDeadline(time.Now().Add(writeIn)) // a writer without deadlines has none
			if e := now.Events([]store.Record{rec})[0]; f.Text == "" || e.Says(f.Text) {
				return row(e)
			}
			return nil
		})
	}
	if err == nil {
		err = end()
	}
	if err != nil || damage != nil {
		s.o.Log.WarnContext(ctx, "web.export", slog.Any("error", err), slog.Any("damage", damage))
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int { return problem(err).Status }

// filterNames are the parameters by which a history is filtered.
var filterNames = []string{"scope", "cluster", "group", "pool", "recovery", "kind", "q", "from", "to"}

// filter reads the filter of a history from a query string, which may have a parameter before. Beside other mistakes it tells of names that there are
// not; without any, whoever uses the filter finds them.
func (s *snapshot) filter(ctx context.Context, v *query) (desk.Filter, error) {
	f := desk.Filter{
		Scope: v.text("scope", 64), Cluster: v.text("cluster", 300), Group: v.text("group", 300), Pool: v.text("pool", 300), Recovery: v.text("recovery", 400),
		Text: v.text("q", 200), From: v.time("from", s.Now), To: v.time("to", s.Now), Before: v.number("before", 0, math.MaxInt64, 0), Limit: pageSize,
	}
	for k := range strings.SplitSeq(v.text("kind", 2000), ",") {
		if k = strings.TrimSpace(k); k != "" {
			f.Kinds = append(f.Kinds, k)
		}
	}
	if len(v.wrong) == 0 {
		return f, nil
	}
	_, err := s.desk.Query(ctx, s.World, f)
	if mistake := (*desk.RequestError)(nil); err != nil && !errors.As(err, &mistake) {
		return f, err
	}
	return f, v.err(err)
}
