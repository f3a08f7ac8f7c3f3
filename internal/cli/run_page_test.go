package cli

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// answered is an answer of the page.
type answered struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	text    string
}

// TestPageOfADaemon goes through the page of `emrguard run` with tokens from files: a login, roles, and a reload that changes a token.
func TestPageOfADaemon(t *testing.T) {
	const readToken, adminToken, otherToken = "reads-and-nothing-else", "gives-orders-for-now", "gives-orders-from-now-on"
	dir := t.TempDir()
	file, admin := filepath.Join(dir, "emrguard.yaml"), filepath.Join(dir, "admin")
	writeFile(t, filepath.Join(dir, "read"), readToken+"\n")
	writeFile(t, admin, adminToken+"\n")
	const good = "listen: 127.0.0.1:0\nlisten_token_file: read\nweb: {admin_token_file: admin}\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"
	writeFile(t, file, good)
	d := startDaemon(t, file, noEnv)
	at := regexp.MustCompile(`"page":"(http://[^"]+)/"`).FindStringSubmatch(d.log.String())
	if at == nil {
		t.Fatalf("the log does not say where the page is:\n%s", d.log.String())
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, body string, headers ...string) answered {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, at[1]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answered{res.StatusCode, res.Header, res.Cookies(), string(text)}
	}
	is := func(credentials string, status int, role string) {
		t.Helper()
		if a := ask("GET", "/api/v1/whoami", "", credentials); a.status != status || !strings.Contains(a.text, role) {
			t.Errorf("with %s: %d %s; want %d with %s", credentials, a.status, a.text, status, role)
		}
	}

	if a := ask("GET", "/history?kind=call.", "", "Accept: text/html"); a.status != 303 || a.header.Get("Location") != "/login?to=%2Fhistory%3Fkind%3Dcall." {
		t.Errorf("a stranger's browser gets %d %v", a.status, a.header)
	}
	is("X-Nothing: at all", 401, "Bearer")
	is("Authorization: Bearer "+readToken, 200, `"role":"reader"`)
	if a := ask("POST", "/api/v1/orders", `{"kind":"pause","scope":"prod"}`, "Content-Type: application/json", "Authorization: Bearer "+readToken); a.status != 403 {
		t.Errorf("a reader's order: %d %s", a.status, a.text)
	}
	login := ask("POST", "/login", url.Values{"token": {adminToken}, "to": {"/history"}}.Encode(), "Content-Type: application/x-www-form-urlencoded")
	if login.status != 303 || login.header.Get("Location") != "/history" || len(login.cookies) != 1 || login.cookies[0].Secure {
		t.Fatalf("the login: %d %v", login.status, login.header)
	}
	session := "Cookie: " + login.cookies[0].Name + "=" + login.cookies[0].Value
	is(session, 200, `"role":"admin"`)
	if a := ask("GET", "/", "", session, "Accept: text/html"); a.status != 200 || !strings.Contains(a.text, "Pause the whole scope") {
		t.Errorf("an admin's page: %d %s", a.status, a.text)
	}

	writeFile(t, admin, "short")
	d.hangUp(`"msg":"reload.refused"`)
	is(session, 200, `"role":"admin"`)

	writeFile(t, admin, otherToken)
	writeFile(t, file, strings.Replace(good, "admin_token_file: admin", "admin_token_file: admin, cert_file: tls.crt, key_file: tls.key", 1))
	d.hangUp(`"msg":"reload","config"`)
	d.log.await(t, "web.cert_file: tls.crt, was none; takes effect after a restart")
	is(session, 401, "Unauthorized")
	is("Authorization: Bearer "+adminToken, 401, "Unauthorized")
	is("Authorization: Bearer "+otherToken, 200, `"role":"admin"`)
	if a := ask("POST", "/login", url.Values{"token": {otherToken}}.Encode(), "Content-Type: application/x-www-form-urlencoded"); len(a.cookies) != 1 || a.cookies[0].Secure {
		t.Errorf("without TLS a login gets a cookie that browsers do not send: %v", a.header)
	}

	d.stop()
	if text := d.log.String(); strings.Contains(text, readToken) || strings.Contains(text, adminToken) || strings.Contains(text, otherToken) {
		t.Error("the log tells a token")
	}
}
