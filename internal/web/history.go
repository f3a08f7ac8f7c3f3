package web

import (
	"cmp"
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/desk"
	"emrguard/internal/view"
)

// before is the record before which a page begins; 0 for the newest.
func (q *query) before() int64 { return q.number("before", 0, math.MaxInt64, 0) }

type historyBody struct {
	Fields  []filterField
	Set     string   // labels of the fields that restrict what is shown
	Wrong   []string // what is wrong with the request beside its fields
	Paged   bool
	Records []view.Event // the newest first
	Cut     bool         // the search has read its most, and may find more before that
	Older   string       // URL of the page before
	Newest  string       // URL of the first page of the same
	CSV     string
	NDJSON  string
	now     time.Time
	err     error // why nothing is shown
}

// AllClusters says whether a table of records names their clusters.
func (historyBody) AllClusters() bool { return true }

// Present is the time from which a table of records tells their ages.
func (b historyBody) Present() time.Time { return b.now }

// Mistaken says whether the request was not understood: its form is shown again, with what is wrong.
func (b historyBody) Mistaken() bool { return b.err != nil }

func (b historyBody) mistake() error { return b.err }

// filterField is one field of the form that filters the history, with what was typed.
type filterField struct {
	Name, Label, Value string
	Type               string // of the input
	Most               int    // characters
	Example            string
	Choices            []kindGroup // empty: anything may be typed
	Wrong              string      // what is wrong with the value
	First              bool        // of what is wrong
}

// Listed says whether the value is one of the choices, or none.
func (f filterField) Listed() bool {
	return f.Value == "" || slices.ContainsFunc(f.Choices, func(g kindGroup) bool { return f.Value == g.All || slices.Contains(g.Kinds, f.Value) })
}

// kindGroup is a beginning that kinds of records have in common, with these.
type kindGroup struct {
	All   string // as a filter has it: with a full stop
	Kinds []string
}

// kindGroups are all kinds of records.
func kindGroups() []kindGroup {
	var groups []kindGroup
	for _, all := range view.KindGroups() {
		groups = append(groups, kindGroup{all, slices.DeleteFunc(view.Kinds(), func(k string) bool { return !strings.HasPrefix(k, all) })})
	}
	return groups
}

// filterFields are the fields of the form. Scope and pool are among them where a link has given them.
func filterFields(q url.Values) []filterField {
	const example = "2026-01-05T14:05 or 2h"
	fields := []filterField{
		{Name: "q", Label: "Text", Type: "search", Most: 200},
		{Name: "scope", Label: "Scope", Most: 64},
		{Name: "cluster", Label: "Cluster", Most: 300},
		{Name: "group", Label: "Group", Most: 300},
		{Name: "pool", Label: "Pool", Most: 300},
		{Name: "recovery", Label: "Recovery", Most: 400},
		{Name: "kind", Label: "Kind", Choices: kindGroups()},
		{Name: "from", Label: "From (UTC)", Most: 40, Example: example},
		{Name: "to", Label: "To (UTC)", Most: 40, Example: example},
	}
	for i := range fields {
		fields[i].Value = q.Get(fields[i].Name)
		fields[i].Type = cmp.Or(fields[i].Type, "text")
	}
	return slices.DeleteFunc(fields, func(f filterField) bool { return f.Value == "" && (f.Name == "scope" || f.Name == "pool") })
}

// refused marks what is wrong with a request in its form.
func (b *historyBody) refused(err error) {
	b.err = err
	for _, e := range problemsOf(err) {
		name, text := "", e.Error()
		if in := (*desk.FilterError)(nil); errors.As(e, &in) {
			name = in.Field
		}
		if in := (parameterError{}); errors.As(e, &in) {
			name, text = in.name, in.text
		}
		at := slices.IndexFunc(b.Fields, func(f filterField) bool { return f.Name == name })
		if at < 0 {
			b.Wrong = append(b.Wrong, e.Error())
			continue
		}
		f := &b.Fields[at]
		f.Wrong = strings.TrimPrefix(f.Wrong+"; "+text, "; ")
	}
	if at := slices.IndexFunc(b.Fields, func(f filterField) bool { return f.Wrong != "" }); at >= 0 {
		b.Fields[at].First = true
	}
}

func (s *Server) historyPage(r *http.Request, v *query, now *snapshot) (string, any, error) {
	q := v.values
	body := historyBody{now: now.Now, Fields: filterFields(q), Paged: q.Get("before") != ""}
	var set []string
	for _, f := range body.Fields {
		if f.Value != "" {
			set = append(set, f.Label)
		}
	}
	body.Set = strings.Join(set, ", ")
	f, err := now.filter(r.Context(), v)
	var before int64
	if err == nil {
		body.Records, before, err = now.desk.Page(r.Context(), now.World, f)
	}
	if err != nil {
		if statusOf(err) >= http.StatusInternalServerError {
			return "", nil, err
		}
		body.refused(err)
		return "History", body, nil
	}
	body.Cut = before > 0 && len(body.Records) < pageSize
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
