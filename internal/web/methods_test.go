package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/store/memory"
)

// TestWrongMethods holds that what is there by another method says by which, and that what is not there at all says so.
func TestWrongMethods(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"DELETE", "/api/v1/fleet", 405, "GET, HEAD"},
		{"PUT", "/api/v1/orders", 405, "POST"},
		{"GET", "/api/v1/orders", 405, "POST"},
		{"HEAD", "/api/v1/orders", 405, "POST"},
		{"GET", "/api/v1/orders/preview", 405, "POST"},
		{"DELETE", "/api/v1/orders/o-ABC", 405, "GET, HEAD"},
		{"POST", "/api/v1/clusters/prod/j-1", 405, "GET, HEAD"},
		{"PATCH", "/api/v1/history.csv", 405, "GET, HEAD"},
		{"POST", "/api/v1/events", 405, "GET, HEAD"},
		{"POST", "/api/v1/openapi.json", 405, "GET, HEAD"},
		{"OPTIONS", "/api/v1/fleet", 405, "GET, HEAD"},
		{"DELETE", "/healthz", 405, "GET, HEAD"},
		{"GET", "/act", 405, "POST"},
		{"PUT", "/login", 405, "GET, HEAD, POST"},
		{"DELETE", "/clusters/prod/j-1", 405, "GET, HEAD"},
		{"GET", "/api/v1/nowhere", 404, ""},
		{"DELETE", "/api/v1/nowhere", 404, ""},
		{"POST", "/nowhere", 404, ""},
	} {
		w := l.do(c.method, c.path, "")
		var told huma.ErrorModel
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != c.status || told.Status != c.status || w.Header().Get("Allow") != c.allow || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d, Allow %q, %v: %s", c.method, c.path, w.Code, w.Header().Get("Allow"), err, w.Body)
		}
		if want := c.path + " takes " + c.allow + ", not " + c.method; c.status == 405 && told.Detail != want {
			t.Errorf("%s %s: %q, want %q", c.method, c.path, told.Detail, want)
		}
	}
	if w := l.page("/act"); w.Code != 405 || !strings.Contains(w.Body.String(), "/act takes POST, not GET") {
		t.Errorf("a browser: %d %s", w.Code, w.Body)
	}
}
