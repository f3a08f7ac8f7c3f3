package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/store/memory"
)

// TestQueryStrings holds that what a query string has too much or wrong is an answer that names all of it, and what there is instead.
func TestQueryStrings(t *testing.T) {
	docs, cfg := watchedDocs(t)
	l := newLab(t, memory.New("abcdefgh"), cfg)
	crowd(t, l.store, docs, 3)
	for _, c := range []struct {
		path string
		want []string
	}{
		{"/?nosuch=1&sort=size&offset=-3&condition=hungry", []string{"nosuch: unknown parameter; there are scope, q, condition, sort, offset", `sort: "size" is none of urgency, name, missing`, `offset: "-3" is no whole number from 0`, `condition: "hungry" is none of blocked, stuck, contested`}},
		{"/?scope=nosuch&offset=x", []string{`no scope "nosuch"; there are prod`, `offset: "x"`}},
		{"/?q=a&q=b", []string{"q: given 2 times"}},
		{"/?q=%zz", []string{"cannot be read"}},
		{"/clusters/prod/j-CROWD000000?nosuch=1", []string{"nosuch: unknown parameter"}},
		{"/recoveries?before=x&nosuch=1", []string{"nosuch: unknown parameter; there are scope, cluster, offset, before", `before: "x"`}},
		{"/recoveries/r1?nosuch=1", []string{"nosuch: unknown parameter"}},
		{"/history?from=soon&to=late&kind=odd&cluster=nobody&nosuch=1", []string{`id="wrong-from">"soon" is no time`, `id="wrong-to">"late" is no time`, `no kind "odd"; one that ends with a full stop`, `no cluster "nobody"`, "nosuch: unknown parameter; there are scope, cluster,"}},
		{"/history?from=2026-01-06&to=2026-01-05", []string{"the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-05T00:00:00Z; give the earlier time first"}},
		{"/history?scope=nosuch", []string{`no scope "nosuch"`}},
		{"/explain/000-etl?nosuch=1", []string{"nosuch: unknown parameter"}},
		{"/report?days=0", []string{`days: "0" is no whole number from 1 to 92`}},
		{"/costs?days=x&nosuch=1", []string{`days: "x"`, "nosuch: unknown parameter; there are days"}},
		{"/confirm?kind=pause&scope=prod&nosuch=1", []string{"nosuch: unknown parameter; there are kind, scope"}},
		{"/login?nosuch=1", []string{"nosuch: unknown parameter; there are to"}},
		{"/api/v1/history.csv?before=7&from=x&kind=odd,strange", []string{"before: unknown parameter; there are scope, cluster", `from: "x" is no time`, `no kind "odd", no kind "strange"; one that ends with a full stop stands for all that begin with it: answer., api.,`}},
		{"/api/v1/history.ndjson?cluster=nobody&group=nothing", []string{`no cluster "nobody"`, `no group "nothing"`}},
		{"/api/v1/events?nosuch=1", []string{"nosuch: unknown parameter; there are none here"}},
		{"/api/v1/fleet?nosuch=1&sort=size&limit=0", []string{"unknown parameter; there are scope, q, condition", "urgency, name", "query.limit"}},
		{"/api/v1/history?kind=a&kind=b&limit=x", []string{"given 2 times", "query.limit"}},
		{"/api/v1/whoami?nosuch=1", []string{"unknown parameter"}},
		{"/api/v1/report?nosuch=1&from=x", []string{"unknown parameter; there are scope, cluster, from, to", `"x" is no time; write 14:05, 2026-01-05, 2026-01-05T14:05:00Z (RFC 3339; UTC unless it says otherwise) or an age such as 2h or 7d","location":"query.from"`}},
		{"/api/v1/history?kind=cal.", []string{`no kind "cal." (did you mean "call."?); one that ends with a full stop stands for all that begin with it: answer., api., ban., call.,`}},
		{"/api/v1/history?from=2026-01-06&to=2026-01-05", []string{"the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-05T00:00:00Z; give the earlier time first"}},
		{"/api/v1/history.csv?from=2026-01-06&to=2026-01-05", []string{"the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-05T00:00:00Z; give the earlier time first"}},
		{"/api/v1/history.ndjson?from=2026-01-06&to=2026-01-06", []string{"the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-06T00:00:00Z; give the earlier time first"}},
		{"/api/v1/costs?from=2h&to=1d", []string{", which is not before its end, "}},
	} {
		headers := []string{"Accept: text/html"}
		if strings.HasPrefix(c.path, "/api/") {
			headers = nil
		}
		w := l.do("GET", c.path, "", headers...)
		if w.Code != 422 && w.Code != 404 {
			t.Errorf("%s: %d", c.path, w.Code)
		}
		body := strings.ReplaceAll(strings.ReplaceAll(w.Body.String(), "&#34;", `"`), `\"`, `"`)
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q: %s", c.path, want, body)
			}
		}
		if headers == nil {
			var told huma.ErrorModel
			if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || told.Status != w.Code || len(c.want) > 1 && len(told.Errors) < len(c.want) {
				t.Errorf("%s: %v %s", c.path, err, w.Body)
			}
		}
	}
	for _, path := range []string{"/?q=&condition=&scope=&sort=&offset=", "/history?q=&cluster=&group=&recovery=&kind=&from=&to=", "/report?days=", "/?order=o-1", "/costs?order=o-1"} {
		if w := l.page(path); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := l.do("POST", "/api/v1/orders?nosuch=1", `{"kind":"pause","scope":"prod"}`); w.Code != 422 || !strings.Contains(w.Body.String(), "unknown parameter; there are none here") {
		t.Errorf("an order with a parameter: %d %s", w.Code, w.Body)
	}
	if orders, err := l.store.Orders(t.Context(), "prod"); err != nil || len(orders) > 0 {
		t.Errorf("it left %v, %v", orders, err)
	}
}
