package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
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
	f, err := filterOf(r.URL.Query())
	var now *snapshot
	if err == nil {
		now, err = s.fleet.now(ctx)
	}
	var q store.Query
	if err == nil {
		f.Limit = store.MaxPage
		q, err = now.desk.Query(ctx, now.World, f)
	}
	if err != nil {
		s.refuse(w, r, statusOf(err), err.Error())
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
func statusOf(err error) int {
	if e, ok := problem(err).(interface{ GetStatus() int }); ok {
		return e.GetStatus()
	}
	return http.StatusInternalServerError
}

// filterOf reads the filter of a history from a URL. All mistakes are told at once.
func filterOf(v url.Values) (desk.Filter, error) {
	f := desk.Filter{Scope: v.Get("scope"), Cluster: v.Get("cluster"), Group: v.Get("group"), Pool: v.Get("pool"), Recovery: v.Get("recovery"), Text: strings.TrimSpace(v.Get("q")), Limit: store.Page}
	for _, kinds := range v["kind"] {
		for k := range strings.SplitSeq(kinds, ",") {
			if k = strings.TrimSpace(k); k != "" {
				f.Kinds = append(f.Kinds, k)
			}
		}
	}
	var problems []string
	for name, to := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		var err error
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
			if *to, err = time.Parse(layout, text); err == nil {
				break
			}
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %q is no time; write 2026-01-05T14:05:00Z", name, text))
		}
	}
	if text := v.Get("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			problems = append(problems, fmt.Sprintf("before: %q is no number of a record", text))
		}
		f.Before = n
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return f, &desk.RequestError{Err: fmt.Errorf("%s", strings.Join(problems, "; "))}
	}
	return f, nil
}
