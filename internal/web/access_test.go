package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	readToken  = "read-token-0123456789"
	adminToken = "admin-token-0123456789"
)

func TestIdentify(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	proxy := &Proxy{Header: "X-Auth-Request-Email", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, Admins: []string{"ann@example.com"}}
	tokens := &Access{ReadToken: readToken, AdminToken: adminToken, Now: func() time.Time { return now }}
	session := func(a *Access, role Role, until time.Time) string { return cookieName + "=" + a.session(role, until) }
	tampered := []byte(tokens.session(Reader, now.Add(time.Hour)))
	tampered[0] ^= 4
	for _, c := range []struct {
		name   string
		access *Access
		from   string
		header string
		want   Identity
	}{
		{"open", &Access{}, "127.0.0.1:1", "", Identity{"somebody at 127.0.0.1", Reader}},
		{"open for orders", &Access{Open: true}, "127.0.0.1:1", "", Identity{"somebody at 127.0.0.1", Admin}},
		{"a token where none is needed says nothing", &Access{Open: true}, "127.0.0.1:1", "Authorization: Bearer x", Identity{}},
		{"nothing", tokens, "10.1.1.1:1", "", Identity{}},
		{"the read token", tokens, "10.1.1.1:1", "Authorization: Bearer " + readToken, Identity{"read token at 10.1.1.1", Reader}},
		{"the admin token", tokens, "[fe80::1]:1", "Authorization: bearer " + adminToken, Identity{"admin token at fe80::1", Admin}},
		{"a wrong token", tokens, "10.1.1.1:1", "Authorization: Bearer " + adminToken + "0", Identity{}},
		{"part of a token", tokens, "10.1.1.1:1", "Authorization: Bearer " + adminToken[:20], Identity{}},
		{"no token", tokens, "10.1.1.1:1", "Authorization: Bearer ", Identity{}},
		{"another scheme", tokens, "10.1.1.1:1", "Authorization: Basic " + adminToken, Identity{}},
		{"an empty token where only the other is configured", &Access{AdminToken: adminToken}, "10.1.1.1:1", "Authorization: Bearer ", Identity{}},
		{"a session", tokens, "10.1.1.1:1", "Cookie: " + session(tokens, Reader, now.Add(time.Hour)), Identity{"reader session at 10.1.1.1", Reader}},
		{"an admin's session", tokens, "10.1.1.1:1", "Cookie: " + session(tokens, Admin, now.Add(time.Hour)), Identity{"admin session at 10.1.1.1", Admin}},
		{"a session that is over", tokens, "10.1.1.1:1", "Cookie: " + session(tokens, Admin, now), Identity{}},
		{"a session of another token", tokens, "10.1.1.1:1", "Cookie: " + session(&Access{AdminToken: "another-token-0123456789"}, Admin, now.Add(time.Hour)), Identity{}},
		{"a tampered session", tokens, "10.1.1.1:1", "Cookie: " + cookieName + "=" + string(tampered), Identity{}},
		{"a session of a role without a token", &Access{ReadToken: readToken, Now: tokens.Now}, "10.1.1.1:1", "Cookie: " + session(&Access{}, Admin, now.Add(time.Hour)), Identity{}},
		{"no session", tokens, "10.1.1.1:1", "Cookie: " + cookieName + "=!!", Identity{}},
		{"the proxy", &Access{Proxy: proxy}, "10.0.0.7:1", "X-Auth-Request-Email: bob@example.com", Identity{"bob@example.com", Reader}},
		{"an admin by the proxy", &Access{Proxy: proxy}, "10.0.0.7:1", "X-Auth-Request-Email: ann@example.com", Identity{"ann@example.com", Admin}},
		{"somebody who says to be the proxy", &Access{Proxy: proxy}, "10.0.1.7:1", "X-Auth-Request-Email: ann@example.com", Identity{}},
		{"the proxy names nobody", &Access{Proxy: proxy}, "10.0.0.7:1", "X-Auth-Request-Email: ", Identity{}},
		{"everybody is an admin by the proxy", &Access{Proxy: &Proxy{Header: "X-User", From: proxy.From, Admins: []string{"*"}}}, "10.0.0.7:1", "X-User: bob", Identity{"bob", Admin}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := (&lab{t: t}).request("GET", "/", "")
			r.RemoteAddr = c.from
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				r.Header.Set(name, value)
			}
			if c.access.Now == nil {
				c.access.Now = func() time.Time { return now }
			}
			if got := c.access.identify(r); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	two := (&lab{t: t}).request("GET", "/", "")
	two.RemoteAddr = "10.0.0.7:1"
	two.Header["X-Auth-Request-Email"] = []string{"bob@example.com", "ann@example.com"}
	if id := (&Access{Proxy: proxy}).identify(two); id.Role != Nobody {
		t.Errorf("a doubled header is believed: %+v", id)
	}
}

func TestHostsOfAnOpenListener(t *testing.T) {
	open, public, guarded := &Access{}, &Access{Hosts: []string{"emrguard.example.com"}}, &Access{ReadToken: readToken}
	for _, c := range []struct {
		access *Access
		host   string
		want   bool
	}{
		{open, "localhost:8470", true}, {open, "127.0.0.1:8470", true}, {open, "[::1]:8470", true}, {open, "[::1]", true}, {open, "LOCALHOST", true}, {open, "127.0.0.2", true},
		{open, "evil.example:8470", false}, {open, "10.0.0.1", false}, {open, "", false}, {open, "localhost.evil.example", false},
		{public, "emrguard.example.com", true}, {public, "evil.example", false}, {guarded, "anything", true},
	} {
		r := (&lab{t: t}).request("GET", "/", "")
		r.Host = c.host
		if got := c.access.known(r); got != c.want {
			t.Errorf("%q of %+v: %v", c.host, c.access, got)
		}
	}
}

// TestNothingIsChangedByStrangers is the table of what was tried to change something without being allowed to. Each is refused before anything is written.
func TestNothingIsChangedByStrangers(t *testing.T) {
	const ban = `{"kind":"ban","group":"web-logs/task","for":"1h"}`
	form := url.Values{"kind": {"pause"}, "scope": {"prod"}, "cluster": {"web-logs"}}.Encode()
	admin, reader := "Authorization: Bearer "+adminToken, "Authorization: Bearer "+readToken
	guarded(t, time.Minute, func(l *lab) {
		for _, c := range []struct {
			name         string
			access       Access
			method, path string
			body         string
			headers      []string
			status       int
		}{
			{"no token, API", Access{AdminToken: adminToken}, "POST", "/api/v1/orders", ban, nil, 401},
			{"no token, form", Access{AdminToken: adminToken}, "POST", "/act", form, nil, 401},
			{"a wrong token", Access{AdminToken: adminToken}, "POST", "/api/v1/orders", ban, []string{"Authorization: Bearer guess-guess-guess"}, 401},
			{"the read token, API", Access{ReadToken: readToken, AdminToken: adminToken}, "POST", "/api/v1/orders", ban, []string{reader}, 403},
			{"the read token, form", Access{ReadToken: readToken, AdminToken: adminToken}, "POST", "/act", form, []string{reader}, 403},
			{"a listener for reading", Access{}, "POST", "/api/v1/orders", ban, nil, 403},
			{"a listener for reading, form", Access{}, "POST", "/act", form, nil, 403},
			{"a page of another site, by Sec-Fetch-Site", Access{Open: true}, "POST", "/act", form, []string{"Sec-Fetch-Site: cross-site"}, 403},
			{"a page of a sister site", Access{Open: true}, "POST", "/act", form, []string{"Sec-Fetch-Site: same-site"}, 403},
			{"a page of another site, by Origin", Access{Open: true}, "POST", "/act", form, []string{"Origin: https://evil.example"}, 403},
			{"a page without an origin", Access{Open: true}, "POST", "/act", form, []string{"Origin: null"}, 403},
			{"a script of another site, API", Access{Open: true}, "POST", "/api/v1/orders", ban, []string{"Origin: https://evil.example"}, 403},
			{"a page of another site with the admin's session", Access{AdminToken: adminToken}, "POST", "/act", form,
				[]string{"Cookie: " + cookieName + "=" + (&Access{AdminToken: adminToken}).session(Admin, time.Now().Add(time.Hour)), "Origin: https://evil.example"}, 403},
			{"a name that leads to loopback (DNS rebinding)", Access{Open: true}, "POST", "/api/v1/orders", ban, []string{"Host: evil.example"}, 421},
			{"a huge body", Access{Open: true}, "POST", "/api/v1/orders", `{"kind":"pause","cluster":"web-logs","reason":"` + strings.Repeat("x", 2*maxBody) + `"}`, nil, 413},
			{"a huge form", Access{Open: true}, "POST", "/act", form + "&reason=" + strings.Repeat("x", 2*maxBody), nil, 400},
			{"a form for the API", Access{Open: true}, "POST", "/api/v1/orders", form, nil, 415},
			{"a change by reading", Access{Open: true}, "GET", "/act?" + form, "", nil, 405},
			{"a change by another method", Access{Open: true}, "PUT", "/api/v1/orders", ban, nil, 405},
			{"a method that is none", Access{AdminToken: adminToken}, "DELETE", "/clusters/prod/j-1WEBLOGS00001", "", []string{admin}, 405},
			{"a reader by another method", Access{ReadToken: readToken, AdminToken: adminToken}, "PUT", "/api/v1/orders", ban, []string{reader}, 403},
			{"a reader in the name of an admin", Access{ReadToken: readToken, AdminToken: adminToken}, "POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"1h","on_behalf_of":"admin token at 127.0.0.1"}`, []string{reader}, 403},
			{"a reader whose order holds by any tag", Access{ReadToken: readToken, AdminToken: adminToken}, "POST", "/api/v1/orders", ban, []string{reader, "If-Match: *"}, 403},
			{"an order that names its author", Access{AdminToken: adminToken}, "POST", "/api/v1/orders", `{"kind":"ban","group":"web-logs/task","for":"1h","author":"ann"}`, []string{admin}, 422},
			{"an order of what has changed", Access{AdminToken: adminToken}, "POST", "/api/v1/orders", ban, []string{admin, `If-Match: "1-00"`}, 412},
			{"a page of another site that asks for what is still so", Access{Open: true}, "POST", "/api/v1/orders", ban, []string{"Origin: https://evil.example", "If-Match: *"}, 403},
			{"a token where there is none", Access{Open: true}, "POST", "/api/v1/orders", ban, []string{admin}, 401},
			{"the proxy's header from elsewhere", Access{Proxy: &Proxy{Header: "X-User", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Admins: []string{"*"}}}, "POST", "/act", form, []string{"X-User: ann"}, 401},
		} {
			c.access.Now = time.Now
			l.admit(&c.access)
			w := l.do(c.method, c.path, c.body, c.headers...)
			if w.Code != c.status {
				t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
			}
			if strings.Contains(w.Body.String(), adminToken) || strings.Contains(w.Body.String(), readToken) {
				t.Errorf("%s: a token is in the answer: %s", c.name, w.Body)
			}
			orders, err := l.store.Orders(t.Context(), "prod")
			if err != nil || len(orders) > 0 {
				t.Errorf("%s: %v %v", c.name, orders, err)
			}
		}
		time.Sleep(3 * time.Second)
		l.admit(&Access{Open: true, Now: time.Now})
		if body := l.do("GET", "/api/v1/history?kind=order.", "").Body.String(); !strings.Contains(body, `"records":[]`) {
			t.Errorf("something was changed: %s", body)
		}
	})
}

// TestStrangersGuessInVain holds that whoever tries tokens waits longer and longer, learns nothing by it, and keeps nobody else out.
func TestStrangersGuessInVain(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		l.admit(&Access{ReadToken: readToken, AdminToken: adminToken, Now: time.Now})
		const pause = `{"kind":"pause","cluster":"web-logs"}`
		from := func(addr, method, path, body string, headers ...string) *httptest.ResponseRecorder {
			r, w := l.request(method, path, body, headers...), httptest.NewRecorder()
			r.RemoteAddr = addr
			l.server.ServeHTTP(w, r)
			return w
		}
		const stranger, person = "192.0.2.7:999", "192.0.2.8:999"
		login := func(addr, token string) *httptest.ResponseRecorder {
			return from(addr, "POST", "/login", url.Values{"token": {token}}.Encode(), "Accept: text/html")
		}
		cookie := login(stranger, adminToken).Result().Cookies()[0]
		session := "Cookie: " + cookie.Name + "=" + cookie.Value
		for i := range guessesAtOnce {
			guess := fmt.Sprintf("guess-%016d", i)
			var w *httptest.ResponseRecorder
			if i%2 > 0 {
				w = login(stranger, guess)
			} else {
				w = from(stranger, "POST", "/api/v1/orders", pause, "Authorization: Bearer "+guess)
			}
			if w.Code != 401 || w.Header().Get("Retry-After") != "" {
				t.Errorf("guess %d: %d %s", i, w.Code, w.Body)
			}
		}
		for name, w := range map[string]*httptest.ResponseRecorder{
			"another guess":               from(stranger, "GET", "/api/v1/fleet", "", "Authorization: Bearer guess-of-sixteen-bytes"),
			"the admin token":             from(stranger, "POST", "/api/v1/orders", pause, "Authorization: Bearer "+adminToken),
			"a login with the token":      login(stranger, adminToken),
			"another port, the same host": from("192.0.2.7:1", "GET", "/api/v1/fleet", "", "Authorization: Bearer "+readToken),
		} {
			if w.Code != 429 || w.Header().Get("Retry-After") != "6" || w.Header().Get("Set-Cookie") != "" || !strings.Contains(w.Body.String(), "looked at in 6 s") {
				t.Errorf("%s after too many: %d %v %s", name, w.Code, w.Header(), w.Body)
			}
		}
		for name, c := range map[string]struct {
			w    *httptest.ResponseRecorder
			want int
		}{
			"somebody else with the token":           {from(person, "GET", "/api/v1/fleet", "", "Authorization: Bearer "+readToken), 200},
			"somebody else who logs in":              {login(person, adminToken), 303},
			"whoever is logged in there":             {from(stranger, "GET", "/api/v1/fleet", "", session), 200},
			"a monitor there, with a token or not":   {from(stranger, "GET", "/healthz", "", "Authorization: Bearer guess-of-sixteen-bytes"), 200},
			"the page that asks for the token there": {from(stranger, "GET", "/login", "", "Authorization: Bearer "+adminToken), 200},
		} {
			if c.w.Code != c.want || strings.Contains(c.w.Body.String(), "admin token") {
				t.Errorf("%s: %d %s, want %d", name, c.w.Code, c.w.Body, c.want)
			}
		}
		time.Sleep(guessEvery)
		if w := login(stranger, adminToken); w.Code != 303 {
			t.Errorf("a login with the token, later: %d %s", w.Code, w.Body)
		}
		if orders, err := l.store.Orders(t.Context(), "prod"); err != nil || len(orders) > 0 {
			t.Errorf("%v %v", orders, err)
		}
	})
}

func TestNothingIsShownToStrangers(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		l.admit(&Access{ReadToken: readToken, AdminToken: adminToken, Now: time.Now})
		for path, status := range map[string]int{
			"/healthz": 200, "/readyz": 200, "/metrics": 401, assetURL("style.css"): 200, "/api/v1/fleet": 401, "/api/v1/openapi.json": 401, "/api/v1/events": 401, "/api/v1/history.csv": 401, "/nowhere": 401,
		} {
			if w := l.do("GET", path, ""); w.Code != status {
				t.Errorf("%s: %d, want %d", path, w.Code, status)
			}
		}
		if w := l.page("/history?cluster=web-logs"); w.Code != 303 || w.Header().Get("Location") != "/login?to=%2Fhistory%3Fcluster%3Dweb-logs" {
			t.Errorf("a browser is led to %d %s", w.Code, w.Header().Get("Location"))
		}
		if w := l.do("POST", "/login", "token=guess&to=/", "Accept: text/html"); w.Code != 401 || w.Header().Get("Set-Cookie") != "" || !strings.Contains(w.Body.String(), "none of the tokens") {
			t.Errorf("a wrong login: %d %s", w.Code, w.Body)
		}
		w := l.do("POST", "/login", url.Values{"token": {adminToken + "\n"}, "to": {"/recoveries"}}.Encode(), "Accept: text/html")
		cookie := w.Result().Cookies()
		if w.Code != 303 || w.Header().Get("Location") != "/recoveries" || len(cookie) != 1 || !cookie[0].HttpOnly || cookie[0].SameSite != http.SameSiteLaxMode {
			t.Fatalf("the login: %d %v", w.Code, w.Header())
		}
		session := "Cookie: " + cookie[0].Name + "=" + cookie[0].Value
		if w := l.page("/", session); w.Code != 200 || !strings.Contains(w.Body.String(), "admin session") || !strings.Contains(w.Body.String(), "Log out") {
			t.Errorf("with the session: %d %s", w.Code, w.Body)
		}
		if w := l.do("POST", "/act", url.Values{"kind": {"pause"}, "scope": {"prod"}, "cluster": {"web-logs"}}.Encode(), session, "Sec-Fetch-Site: same-origin"); w.Code != 303 {
			t.Errorf("an order with the session: %d %s", w.Code, w.Body)
		}
		if w := l.do("POST", "/logout", "", session); w.Code != 303 || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("logout: %d %v", w.Code, w.Header())
		}
	})
}

func TestHeaders(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		for _, path := range []string{"/", "/api/v1/fleet", assetURL("live.js"), "/nowhere", "/healthz"} {
			h := l.page(path).Header()
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Strict-Transport-Security") != "" {
				t.Errorf("%s: %v", path, h)
			}
		}
		l.admit(&Access{Open: true, Secure: true, Now: time.Now})
		if l.page("/").Header().Get("Strict-Transport-Security") == "" {
			t.Error("with TLS a browser is not told to stay with it")
		}
	})
}

// TestWhoIsToAskHow holds that whoever is not let in is told what this listener takes.
func TestWhoIsToAskHow(t *testing.T) {
	l := newLab(t, nil, nil)
	for _, c := range []struct {
		access Access
		want   string
	}{
		{Access{}, "no token is configured here, so none can be right; ask without the header Authorization, or give listen_token_file or web.admin_token_file one"},
		{Access{AdminToken: adminToken}, `send the token as \"Authorization: Bearer …\"`},
		{Access{Proxy: &Proxy{Header: "X-User"}}, "ask through the proxy that logs people in; web.proxy_header and web.proxy_from say which requests are its"},
	} {
		c.access.Now = time.Now
		l.admit(&c.access)
		if w := l.do("GET", "/api/v1/whoami", "", "Authorization: Bearer guess-guess-guess"); w.Code != 401 || !strings.Contains(w.Body.String(), `"detail":"`+c.want+`"`) {
			t.Errorf("%d %s, want %s", w.Code, w.Body, c.want)
		}
	}
}
