package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"emrguard/internal/config"
)

// The time is a simulator's only if every scope is on this machine and what answers there is one.
func TestSimulatorNow(t *testing.T) {
	answers := func(page string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/_sim/clock" || page == "" {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(page))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	sim := answers(`{"now":"2026-01-05T08:00:00Z","speed":60}`)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct {
		name      string
		endpoints []string
		want      bool
	}{
		{"a simulator", []string{sim}, true},
		{"a simulator that ends in a slash", []string{sim + "/"}, true},
		{"two regions of it", []string{sim, sim}, true},
		{"AWS", []string{""}, false},
		{"a simulator and AWS", []string{sim, ""}, false},
		{"a simulator and another machine", []string{sim, "https://vpce-1.elasticmapreduce.us-east-1.vpce.amazonaws.com"}, false},
		{"something else", []string{answers("")}, false},
		{"something else that answers everything", []string{answers("<html>")}, false},
		{"nobody", []string{gone.URL}, false},
		{"no scope", nil, false},
	} {
		cfg := &config.Config{}
		for _, e := range c.endpoints {
			cfg.Scopes = append(cfg.Scopes, config.Scope{Name: "sim", Region: "us-east-1", Endpoint: e})
		}
		got, ok := SimulatorNow(t.Context(), cfg)
		if ok != c.want || ok && !got.Equal(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %v %v", c.name, got, ok)
		}
	}
}
