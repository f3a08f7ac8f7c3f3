package web

import (
	"context"
	"encoding/json"
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
	"emrguard/internal/store/memory"
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
			{`{"kind":"pause","cluster":"web-logs","colour":"red"}`, 422, `there is no field \"colour\"; there are by, cluster, for, force, group, kind, on_behalf_of, reason, scope, to`},
			{`{"kind":"unban","gruop":"web-logs/task"}`, 422, `there is no field \"gruop\" (did you mean \"group\"?); there are by, cluster`},
			{`{"kind":"unban","pool":"web-logs/task","author":"ann"}`, 422, `body.author: there is no field \"author\"; there are by, cluster, for, force, group, kind, on_behalf_of, reason, scope, to; body.pool: there is no field \"pool\"`},
			{`{"kind":"ban"}`, 422, `"errors":[{"message":"ban needs group: a group or pool by its id, its name or as CLUSTER/NAME"},{"message":"ban needs for, how long it lasts, as in 90m or 2h; 1m to 720h"}]`},
			{`{"kind":"ban","group":"web-logs/task","for":"0s"}`, 422, "a ban lasts 1m to 720h, not 0s"},
			{`{"kind":"pause","scope":"prod","group":"web-logs/task"}`, 422, "pause takes no group: it is about a whole cluster, or with scope alone about a whole scope"},
			{`{"kind":"pause","cluster":"web-logs","for":"1h"}`, 422, "pause takes no for: only a ban lasts for a given time"},
			{`{"kind":"ban","group":"web-logs/task","for":"1h","to":3,"by":1,"force":true}`, 422, "ban takes no to: only scale has a number of instances; ban takes no by: only scale has a number of instances; who asked for it is on_behalf_of; ban takes no force: no suspension holds it back"},
			{`{"kind":"scale","group":"web-logs/task","by":2}`, 422, "by needs the header Idempotency-Key: sent again without one, the order would be carried out twice"},
			{`{"kind":"unban","group":"web-logs/task","by":"ann"}`, 422, "body.by: expected integer"},
			{`{"kind":"unban","group":"web-logs/task","on_behalf_of":"ann\nsomebody at 127.0.0.1"}`, 422, "on_behalf_of: \\\"ann\\\\nsomebody at 127.0.0.1\\\" is no name"},
			{`{"kind":"unban","group":"web-logs/task","on_behalf_of":"ann\u202e"}`, 422, "is no name: it has characters that cannot be printed, or a space at an end"},
			{`{"kind":"unban","group":"web-logs/task","on_behalf_of":"` + strings.Repeat("x", 101) + `"}`, 422, "expected length <= 100"},
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
		at := "/api/v1/orders/" + orders[0].ID
		if w.Header().Get("Location") != at || w.Header().Get("Retry-After") != "1" {
			t.Errorf("the receipt does not say where the answer will be: %v", w.Header())
		}
		if body := l.do("GET", at, "").Body.String(); body != `{"order":"`+orders[0].ID+`","state":"waiting","text":"order `+orders[0].ID+` has no answer yet: it waits in the store for an emrguard that holds scope prod"}`+"\n" {
			t.Errorf("the order that waits: %s", body)
		}
		if w := l.do("GET", "/api/v1/orders/o-NOSUCH", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "there is no order o-NOSUCH") {
			t.Errorf("an order that there is not: %d %s", w.Code, w.Body)
		}
		for id, want := range map[string]string{orders[0].ID: "The order waits: nobody has answered it yet.", "o-NOSUCH": "There is no order of this id."} {
			if body := l.page("/?order=" + id).Body.String(); !strings.Contains(body, want) {
				t.Errorf("the page of order %s does not say %q", id, want)
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

// TestScaleBy holds that an order may say how many instances more a pool is to want, and that sent again it is not carried out again.
func TestScaleBy(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		const more, key = `{"kind":"scale","group":"web-logs/task","by":1}`, "Idempotency-Key: k1"
		if p := ask[desk.Preview](l, "POST", "/api/v1/orders/preview", more); p.Refused || !strings.HasPrefix(p.Text, "scale from 4 to 5") {
			t.Errorf("the preview: %+v", p)
		}
		for _, c := range []struct{ body, detail string }{
			{`{"kind":"scale","group":"web-logs/task","by":0}`, "by: 0 changes nothing"},
			{`{"kind":"scale","group":"web-logs/task","by":1,"to":5}`, "scale takes either to or by, not both"},
			{`{"kind":"scale","group":"web-logs/task","by":-5}`, "pool web-logs/task wants 4: by -5 leaves less than none"},
		} {
			if w := l.do("POST", "/api/v1/orders", c.body, "Idempotency-Key: "+c.body); w.Code != 422 || !strings.Contains(w.Body.String(), c.detail) {
				t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
			}
		}
		for range 2 {
			if r := ask[desk.Receipt](l, "POST", "/api/v1/orders", more, key); !strings.HasPrefix(r.Text, "scale from 4 to 5") {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestOnBehalfOf holds that the name an order gives stands in the history after that of whoever gave it, whatever it is, and takes nobody's place.
func TestOnBehalfOf(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		l.admit(&Access{ReadToken: readToken, AdminToken: adminToken, Now: time.Now})
		admin := "Authorization: Bearer " + adminToken
		for _, c := range []struct{ name, want string }{
			{"ann@example.com", `admin token at 127.0.0.1, on behalf of "ann@example.com"`},
			{`ann\", on behalf of \"bob`, `admin token at 127.0.0.1, on behalf of "ann\", on behalf of \"bob"`},
			{"reader session at 10.0.0.1", `admin token at 127.0.0.1, on behalf of "reader session at 10.0.0.1"`},
			{"<script>", `admin token at 127.0.0.1, on behalf of "<script>"`},
		} {
			ask[desk.Receipt](l, "POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"1h","on_behalf_of":"`+c.name+`"}`, admin)
			time.Sleep(2 * time.Second)
			if e := ask[view.History](l, "GET", "/api/v1/history?kind=order.ban&limit=1", "", admin).Records[0]; e.Author != c.want {
				t.Errorf("%s: the history names %s, want %s", c.name, e.Author, c.want)
			}
		}
		if body := l.page("/history?kind=order.ban", admin).Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "on behalf of &#34;&lt;script&gt;&#34;") {
			t.Errorf("the page: %s", body)
		}
		if w := l.do("POST", "/api/v1/orders", `{"kind":"unban","group":"web-logs/task","on_behalf_of":"admin token at 127.0.0.1"}`, "Authorization: Bearer "+readToken); w.Code != 403 {
			t.Errorf("a reader gives an order in the name of an admin: %d %s", w.Code, w.Body)
		}
	})
}

// TestIfMatch holds that an order with the tag of its preview is carried out only if it still leads to what the preview said.
func TestIfMatch(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		const unban = `{"kind":"unban","group":"web-logs/task"}`
		ban := func(length string) {
			t.Helper()
			ask[desk.Receipt](l, "POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"`+length+`"}`)
		}
		previewed := func(body string) string {
			t.Helper()
			tag := l.do("POST", "/api/v1/orders/preview", body).Header().Get("ETag")
			if !strings.HasPrefix(tag, `"`) {
				t.Fatalf("a preview has the tag %q", tag)
			}
			return tag
		}
		ban("1h")
		time.Sleep(2 * time.Second)
		old := previewed(unban)
		ban("5h")
		state := l.do("GET", "/api/v1/fleet", "").Header().Get("ETag")
		time.Sleep(2 * time.Second)
		tag := previewed(unban)
		time.Sleep(5 * time.Minute) // alone changes nothing
		for name, c := range map[string]struct{ body, tag string }{
			"the state has changed": {unban, old}, "a weak tag": {unban, "W/" + tag}, "the tag of a state": {unban, state}, "nonsense": {unban, `tag, "", "`},
			"another order": {`{"kind":"unban","group":"web-logs/core"}`, tag}, "another kind": {`{"kind":"pause","cluster":"web-logs"}`, tag},
		} {
			w := l.do("POST", "/api/v1/orders", c.body, "If-Match: "+c.tag)
			if w.Code != 412 || !strings.Contains(w.Body.String(), "something else would happen by now than If-Match stands for, so nothing was done") {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		if w := l.do("POST", "/api/v1/orders", `{"kind":"unban","group":"web-logs/nothing"}`, "If-Match: "+tag); w.Code != 404 {
			t.Errorf("a group that there is not: %d %s", w.Code, w.Body)
		}
		for range 2 { // once, and sent again
			if w := l.do("POST", "/api/v1/orders", unban, "If-Match: "+old+", "+tag, "Idempotency-Key: k1"); w.Code != 200 {
				t.Errorf("what still holds: %d %s", w.Code, w.Body)
			}
		}
		time.Sleep(2 * time.Second)
		if n := len(ask[view.History](l, "GET", "/api/v1/history?kind=order.unban", "").Records); n != 1 {
			t.Errorf("%d unbans", n)
		}
		ban("1h")
		if w := l.do("POST", "/api/v1/orders", unban, "If-Match: *"); w.Code != 200 {
			t.Errorf("any: %d %s", w.Code, w.Body)
		}
	})
}

// FuzzPreviews asks what any order would lead to, and whether that is what any tag stands for: neither is a mistake of the server's, and nothing is left of it.
func FuzzPreviews(f *testing.F) {
	for _, s := range [][2]string{
		{`{"kind":"ban","group":"000-etl/task","for":"1h","reason":"x"}`, `"1767614400000000000-00"`}, {`{"kind":"scale","group":"task","cluster":"000-etl","by":-2147483648}`, "*"}, {`{"kind":"scale","group":"000-etl/task","by":2}`, `W/"x"`},
		{`{"kind":"pause","scope":"prod"}`, `"9223372036854775807-"`}, {`{"kind":"resume","scope":"prod","on_behalf_of":"\u0000"}`, `"-9223372036854775808-", "1-2"`}, {`{"kind":"return","group":"000-etl/task","force":true,"nosuch":[{}]}`, `"`}, {`[]`, ","},
		{`{"kind":"adopt","cluster":"000-etl","for":"-1ns","to":1e3}`, `"0-"`},
	} {
		f.Add(s[0], s[1])
	}
	docs, cfg := benchDocs(f)
	l := newLab(nil, memory.New("abcdefgh"), cfg)
	crowd(f, l.store, docs, 2)
	f.Fuzz(func(t *testing.T, body, tags string) {
		l.t = t
		w := l.do("POST", "/api/v1/orders/preview", body, "Content-Type: application/json")
		if w.Code >= 500 || w.Code == 200 && !strings.HasPrefix(w.Header().Get("ETag"), `"`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
		ctx := context.WithValue(t.Context(), identityKey{}, Identity{Name: "ann", Role: Admin})
		var order orderBody
		if w.Code == 200 && json.Unmarshal([]byte(body), &order) == nil {
			if same, err := l.server.matches(ctx, w.Header().Get("ETag"), "", order); err != nil || !same {
				t.Errorf("%s does not lead to what it was just said to: %v", body, err)
			}
			if _, err := l.server.matches(ctx, tags, "", order); err != nil {
				t.Errorf("%s with %s: %v", body, tags, err)
			}
		}
		if orders, err := l.store.Orders(t.Context(), "prod"); err != nil || len(orders) > 0 {
			t.Errorf("%s left %v, %v", body, orders, err)
		}
	})
}
