package web

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// groupOf is the id of a group of a cluster, by the names of both.
func groupOf(l *lab, cluster, label string) string {
	for _, g := range ask[view.Groups](l, "GET", "/api/v1/groups?cluster="+cluster, "").Groups {
		if g.Label == label {
			return g.Group
		}
	}
	l.t.Fatalf("no group %s on %s", label, cluster)
	return ""
}

func TestOrdersDoWhatThePreviewSays(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		task := groupOf(l, "web-logs", "task")
		for _, c := range []struct{ body, text, undo string }{
			{fmt.Sprintf(`{"kind":"ban","group":"%s","for":"1h","reason":"drought"}`, task), "takes no launches until", "emrguard unban " + task},
			{`{"kind":"unban","group":"web-logs/task"}`, "may take launches again", "emrguard ban " + task + " --for 60m"},
			{`{"kind":"pause","cluster":"web-logs"}`, "changes nothing on this cluster", "emrguard resume j-1WEBLOGS00001"},
			{`{"kind":"resume","cluster":"j-1WEBLOGS00001"}`, "acts on this cluster again", "emrguard pause j-1WEBLOGS00001"},
			{`{"kind":"scale","group":"web-logs/task","to":5}`, "scale from 4 to 5", "emrguard scale " + task + " --to 4"},
			{`{"kind":"pause","scope":"prod"}`, "any cluster of the scope", "emrguard resume --all --scope prod"},
			{`{"kind":"resume","scope":"prod"}`, "clusters of the scope again", "emrguard pause --all --scope prod"},
		} {
			time.Sleep(2 * time.Second) // what was read before is a second old at most
			preview := ask[desk.Preview](l, "POST", "/api/v1/orders/preview", c.body)
			if preview.Refused || preview.Undo != c.undo {
				t.Errorf("preview of %s: %+v", c.body, preview)
			}
			receipt := ask[desk.Receipt](l, "POST", "/api/v1/orders", c.body)
			if receipt.State != desk.Done || !strings.Contains(receipt.Text+preview.Text, c.text) {
				t.Errorf("%s: preview %+v, answer %+v", c.body, preview, receipt)
			}
			if strings.HasPrefix(c.body, `{"kind":"scale"`) {
				if preview.Text[:len("scale from 4 to 5")] != receipt.Text[:len("scale from 4 to 5")] {
					t.Errorf("the preview says %q, the answer %q", preview.Text, receipt.Text)
				}
			}
		}
		time.Sleep(2 * time.Second)
		history := ask[view.History](l, "GET", "/api/v1/history?kind=order.", "")
		if n := len(history.Records); n != 7 || history.Records[0].Author != "somebody at 127.0.0.1" {
			t.Errorf("%d orders in the history: %+v", n, history.Records)
		}
	})
}

func TestOrdersThatAreRefused(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		for _, c := range []struct {
			body   string
			status int
			detail string
		}{
			{`{"kind":"unban","group":"web-logs/task"}`, 409, "is not banned"},
			{`{"kind":"ban","group":"web-logs/task","for":"1s"}`, 422, "a ban lasts 1m to 720h"},
			{`{"kind":"ban","group":"web-logs/task"}`, 422, "ban needs for, how long it lasts"},
			{`{"kind":"ban","group":"web-logs/task","for":"soon"}`, 422, "no length of time"},
			{`{"kind":"ban","group":"web-logs/nothing","for":"1h"}`, 404, "no group"},
			{`{"kind":"ban","for":"1h"}`, 422, "needs group"},
			{`{"kind":"ban","group":"task","for":"1h"}`, 422, "name one by its id"},
			{`{"kind":"scale","group":"web-logs/task"}`, 422, "scale needs to"},
			{`{"kind":"scale","group":"web-logs/task","to":99999}`, 422, "expected number <= 2000"},
			{`{"kind":"pause"}`, 422, "pause needs cluster"},
			{`{"kind":"adopt","scope":"prod"}`, 422, "adopt needs cluster"},
			{`{"kind":"pause","cluster":"nosuch"}`, 404, "nosuch"},
			{`{"kind":"pause","scope":"nosuch"}`, 404, "nosuch"},
			{`{"kind":"destroy","cluster":"web-logs"}`, 422, "expected value to be one of"},
			{`{"kind":"pause","cluster":"web-logs","colour":"red"}`, 422, "unexpected property"},
			{`{"kind":`, 400, "unexpected end"},
			{``, 400, "request body is required"},
			{`{"kind":"pause","cluster":"web-logs","reason":"` + strings.Repeat("x", 2000) + `"}`, 422, "expected length <= 1000"},
		} {
			w := l.do("POST", "/api/v1/orders", c.body)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.detail) || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s %s, want %d %s", c.body, w.Code, w.Header().Get("Content-Type"), w.Body, c.status, c.detail)
			}
		}
		if orders, err := l.store.Orders(t.Context(), "prod"); err != nil || len(orders) > 0 {
			t.Errorf("orders are left: %v %v", orders, err)
		}
	})
}

func TestAnOrderIsCarriedOutOnce(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		const ban, key = `{"kind":"ban","group":"web-logs/task","for":"1h"}`, "Idempotency-Key: k1"
		first := ask[desk.Receipt](l, "POST", "/api/v1/orders", ban, key)
		if again := ask[desk.Receipt](l, "POST", "/api/v1/orders", ban, key); again != first {
			t.Errorf("again: %+v, first %+v", again, first)
		}
		if w := l.do("POST", "/api/v1/orders", `{"kind":"unban","group":"web-logs/task"}`, key); w.Code != 422 || !strings.Contains(w.Body.String(), "another order was sent with it before") {
			t.Errorf("another order with the key: %d %s", w.Code, w.Body)
		}
		const mended = "Idempotency-Key: k2"
		if w := l.do("POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"1s"}`, mended); w.Code != 422 || !strings.Contains(w.Body.String(), "1m to 720h") {
			t.Errorf("an order with a mistake: %d %s", w.Code, w.Body)
		}
		if r := ask[desk.Receipt](l, "POST", "/api/v1/orders", `{"kind":"unban","group":"web-logs/task"}`, mended); r.State != desk.Done {
			t.Errorf("the mended order with its key: %+v", r)
		}
		l = newLab(l.t, l.store, l.server.o.Desk().Config) // a restart
		if again := ask[desk.Receipt](l, "POST", "/api/v1/orders", `{ "for":"1h", "group":"web-logs/task", "kind":"ban", "force":false }`, key); again != first {
			t.Errorf("after a restart, written in another way: %+v, first %+v", again, first)
		}
		for _, other := range []string{
			`{"kind":"unban","group":"web-logs/task"}`, `{"kind":"ban","group":"web-logs/task","for":"2h"}`, `{"kind":"ban","group":"web-logs/core","for":"1h"}`,
			`{"kind":"ban","group":"web-logs/task","for":"1h","reason":"rush"}`, `{"kind":"ban","group":"no-such/task","for":"1h"}`,
		} {
			if w := l.do("POST", "/api/v1/orders", other, key); w.Code != 422 || !strings.Contains(w.Body.String(), "another order was sent with it before") {
				t.Errorf("another order with the key after a restart, %s: %d %s", other, w.Code, w.Body)
			}
		}
		if n := len(ask[view.History](l, "GET", "/api/v1/history?kind=order.ban", "").Records); n != 1 {
			t.Errorf("%d bans in the history", n)
		}
		if a := ask[answer](l, "GET", "/api/v1/orders/"+first.Order, ""); a.State != desk.Done || a.Text != first.Text {
			t.Errorf("the answer later: %+v", a)
		}
		if w := l.do("GET", "/api/v1/orders/o-nosuch", ""); w.Code != 404 {
			t.Errorf("an order that there is not: %d", w.Code)
		}
	})
}

// TestAKeyOutlivesWhatItsOrderNamed holds that a request that is sent again gets its answer, also when its names name nothing any more.
func TestAKeyOutlivesWhatItsOrderNamed(t *testing.T) {
	var left store.Store
	var first desk.Receipt
	const pause, key = `{"kind":"pause","cluster":"web-logs"}`, "Idempotency-Key: k1"
	guarded(t, time.Minute, func(l *lab) {
		left, first = l.store, ask[desk.Receipt](l, "POST", "/api/v1/orders", pause, key)
		lease, err := left.Leases(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		doc, err := left.Load(t.Context(), store.Key{Scope: "prod", Cluster: "j-1WEBLOGS00001"})
		if err != nil {
			t.Fatal(err)
		}
		doc.Ended = true
		if err := left.Save(t.Context(), store.Save{Lease: lease[0], Docs: []store.Document{doc}}); err != nil {
			t.Fatal(err)
		}
		l = newLab(l.t, left, l.server.o.Desk().Config)
		if w := l.do("POST", "/api/v1/orders", pause); w.Code != 404 {
			t.Errorf("the cluster is still there: %d %s", w.Code, w.Body)
		}
		if again := ask[desk.Receipt](l, "POST", "/api/v1/orders", pause, key); again != first {
			t.Errorf("again %+v, first %+v", again, first)
		}
	})
}

func TestAnOrderWaitsForAGuard(t *testing.T) {
	var left store.Store
	var cfg *config.Config
	guarded(t, time.Minute, func(l *lab) { left, cfg = l.store, l.server.o.Desk().Config })
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, left, cfg)
		w := l.do("POST", "/api/v1/orders", `{"kind":"pause","cluster":"web-logs"}`)
		if w.Code != 202 || !strings.Contains(w.Body.String(), `"state":"waiting"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		orders, err := l.store.Orders(t.Context(), "prod")
		if err != nil || len(orders) != 1 {
			t.Fatalf("%v %v", orders, err)
		}
		for id, want := range map[string]string{orders[0].ID: "has no answer yet", "o-NOSUCH": "there is no order o-NOSUCH"} {
			if w := l.do("GET", "/api/v1/orders/"+id, ""); w.Code != 404 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %d %s, want %s", id, w.Code, w.Body, want)
			}
		}
		if w := l.do("GET", "/api/v1/clusters/nope/j-1WEBLOGS00001", ""); w.Code != 404 || !strings.Contains(w.Body.String(), `no scope \"nope\"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestConfirmAndAct(t *testing.T) {
	guarded(t, 40*time.Minute, func(l *lab) {
		w := l.page("/confirm?kind=scale&scope=prod&cluster=web-logs&group=web-logs/task&to=12&reason=rush&back=/clusters/prod/j-1WEBLOGS00001")
		for _, want := range []string{"What will happen", "scale from 8 to 12", "scale web-logs/task", "To take it back", `action="/act"`} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("the question has no %q: %s", want, w.Body)
			}
		}
		form := url.Values{"kind": {"scale"}, "scope": {"prod"}, "cluster": {"web-logs"}, "group": {"web-logs/task"}, "to": {"12"}, "reason": {"rush"}, "key": {"K"}, "back": {"/clusters/prod/j-1WEBLOGS00001"}}
		w = l.do("POST", "/act", form.Encode(), "Accept: text/html", "Sec-Fetch-Site: same-origin")
		to := w.Header().Get("Location")
		if w.Code != 303 || !strings.HasPrefix(to, "/clusters/prod/j-1WEBLOGS00001?order=o-") {
			t.Fatalf("%d %s %s", w.Code, to, w.Body)
		}
		if w = l.page(to); !strings.Contains(w.Body.String(), "Done: scale from 8 to 12 (recovery ") || !strings.Contains(w.Body.String(), "11 / 15") {
			t.Errorf("the page does not tell the answer: %s", w.Body)
		}
		if w := l.page("/confirm?kind=ban&for=1h&scope=prod&cluster=web-logs&group=" + groupOf(l, "web-logs", "task")); !strings.Contains(w.Body.String(), "Yes, ban web-logs/task") {
			t.Errorf("a group is not called by its name: %s", w.Body)
		}
		w = l.page("/confirm?kind=unban&scope=prod&cluster=web-logs&group=web-logs/task")
		if !strings.Contains(w.Body.String(), "It would be refused") || strings.Contains(w.Body.String(), `action="/act"`) {
			t.Errorf("an order that would be refused can be given: %s", w.Body)
		}
		if w = l.page("/confirm?kind=scale&scope=prod&cluster=web-logs&group=web-logs/task&to=many"); !strings.Contains(w.Body.String(), "is no number") {
			t.Errorf("%s", w.Body)
		}
	})
}

// TestAskedAgain holds that nobody agrees to what has become something else since: the question is asked anew.
func TestAskedAgain(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		ban := func(length string) {
			t.Helper()
			ask[desk.Receipt](l, "POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"`+length+`"}`)
		}
		hidden := func(body string) url.Values {
			form := url.Values{}
			_, question, _ := strings.Cut(body, `action="/act"`)
			for _, m := range regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`).FindAllStringSubmatch(question, -1) {
				form.Set(m[1], m[2])
			}
			return form
		}
		give := func(form url.Values) *httptest.ResponseRecorder {
			return l.do("POST", "/act", form.Encode(), "Accept: text/html", "Sec-Fetch-Site: same-origin")
		}
		ban("1h")
		form := hidden(l.page("/confirm?kind=unban&scope=prod&cluster=web-logs&group=web-logs/task").Body.String())
		ban("5h")
		w := give(form)
		to := w.Header().Get("Location")
		if w.Code != 303 || !strings.HasPrefix(to, "/confirm?") {
			t.Fatalf("%d %s", w.Code, to)
		}
		w = l.page(to)
		if !strings.Contains(w.Body.String(), "has changed since you were asked") || !strings.Contains(w.Body.String(), "may take launches again, before its ban ends at") {
			t.Errorf("it is not asked again: %s", w.Body)
		}
		form = hidden(w.Body.String())
		time.Sleep(5 * time.Minute) // alone changes nothing
		for range 2 {               // nor does a second click
			if w := give(form); w.Code != 303 || !strings.Contains(w.Header().Get("Location"), "order=o-") {
				t.Errorf("the question that still holds: %d %v", w.Code, w.Header())
			}
		}
		time.Sleep(2 * time.Second)
		if n := len(ask[view.History](l, "GET", "/api/v1/history?kind=order.unban", "").Records); n != 1 {
			t.Errorf("%d unbans", n)
		}
	})
}

func TestBackLeadsNowhereElse(t *testing.T) {
	for path, want := range map[string]string{
		"/clusters/a/b?x=1": "/clusters/a/b?x=1", "": "/", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "javascript:alert(1)": "/", "clusters": "/", "/%zz": "/",
	} {
		if got := back(path); got != want {
			t.Errorf("back(%q) is %q, want %q", path, got, want)
		}
	}
}
