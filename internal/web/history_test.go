package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAWrongFilterKeepsTheForm holds that a mistake in the filters of the history loses nothing that was typed, and is told where it is.
func TestAWrongFilterKeepsTheForm(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		for _, c := range []struct {
			query  string
			status int
			wrong  map[string]string // what is said below a field, by its name
			alert  string
		}{
			{"q=rush&cluster=web-logs&from=soon", 422, map[string]string{"from": `"soon" is no time; write 14:05, 2026-01-05, 2026-01-05T14:05:00Z (RFC 3339; UTC unless it says otherwise) or an age such as 2h or 7d`},
				"Nothing was searched: mend what is marked in the filters."},
			{"group=web-logs%2Ftask&from=2026-01-06&to=2026-01-05", 422, map[string]string{"from": "the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-05T00:00:00Z; give the earlier time first"},
				"Nothing was searched: mend what is marked in the filters."},
			{"cluster=nobody&recovery=r0&q=%3Cb%3E&to=14%3A05", 404, map[string]string{
				"cluster":  `no cluster "nobody" in the store; <code>emrguard status</code> lists the clusters, and one that ended is found by its id`,
				"recovery": `no recovery "r0" in the store; <code>emrguard recoveries --all</code> lists the recoveries`,
			}, "Nothing was searched: mend what is marked in the filters."},
			{"kind=cal.&scope=prdo&pool=none", 404, map[string]string{"kind": `no kind "cal." (did you mean "call."?); one that ends with a full stop stands for all that begin with it: `, "scope": `no scope "prdo"`, "pool": `no pool "none"`},
				"Nothing was searched: mend what is marked in the filters."},
			{"cluster=web-logs&colour=red&before=x", 422, nil,
				`Nothing was searched: colour: unknown parameter; there are scope, cluster, group, pool, recovery, kind, q, from, to, before, order; before: "x" is no whole number from 0.`},
		} {
			w := l.page("/history?" + c.query)
			body := strings.NewReplacer("&#34;", `"`, "&lt;", "<", "&gt;", ">").Replace(w.Body.String())
			if w.Code != c.status || !strings.Contains(body, "<h1>History</h1>") || !strings.Contains(body, `<details class="fold" open>`) || strings.Contains(body, " data-live") || strings.Contains(body, "history.csv") {
				t.Errorf("%s: %d %s", c.query, w.Code, body)
			}
			if !strings.Contains(body, `role="alert">`+c.alert+"</p>") {
				t.Errorf("%s does not say %q: %s", c.query, c.alert, body)
			}
			for pair := range strings.SplitSeq(c.query, "&") {
				name, value, _ := strings.Cut(pair, "=")
				value = strings.NewReplacer("%2F", "/", "%3A", ":", "%3C", "<", "%3E", ">").Replace(value)
				kept := strings.Contains(body, `name="`+name+`" value="`+value+`"`) || strings.Contains(body, "<option selected>"+value+"</option>")
				if !kept && name != "colour" && name != "before" {
					t.Errorf("%s loses %s: %s", c.query, pair, body)
				}
			}
			var marked []string
			for _, m := range regexp.MustCompile(`name="([a-z]+)"[^>]* aria-invalid="true" aria-describedby="wrong-([a-z]+)"`).FindAllStringSubmatch(body, -1) {
				if m[1] != m[2] {
					t.Errorf("%s: %s is described by what is wrong with %s", c.query, m[1], m[2])
				}
				marked = append(marked, m[1])
			}
			for name, text := range c.wrong {
				if !slices.Contains(marked, name) || !strings.Contains(body, `<p class="wrong" id="wrong-`+name+`">`+text) {
					t.Errorf("%s: %s is not marked with %q: %s", c.query, name, text, body)
				}
			}
			if len(marked) != len(c.wrong) || strings.Count(body, " autofocus") != min(1, len(c.wrong)) {
				t.Errorf("%s: %v are marked, %d have the focus", c.query, marked, strings.Count(body, " autofocus"))
			}
			if w := l.do("GET", "/history?"+c.query, ""); w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s for a program: %d %v", c.query, w.Code, w.Header())
			}
		}
	})
}
