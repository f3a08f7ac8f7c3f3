package telemetry

import (
	"encoding/json"
	"net/http"
	"time"
)

// Handler serves /metrics, /healthz and /readyz. Who may ask is the server's to say.
func Handler(health *Health, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		ok, reason := health.Live(time.Now())
		answer(w, ok, healthPage{OK: ok, Reason: reason})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ok, scopes := health.Ready()
		answer(w, ok, readyPage{OK: ok, Scopes: scopes})
	})
	return mux
}

// healthPage is the answer of /healthz.
type healthPage struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// readyPage is the answer of /readyz.
type readyPage struct {
	OK     bool             `json:"ok"`
	Scopes []ScopeReadiness `json:"scopes,omitempty"` // none: no step has ended yet
}

func answer(w http.ResponseWriter, ok bool, page any) {
	body, err := json.Marshal(page)
	if err != nil {
		http.Error(w, "the page cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(body, '\n')) // whoever asked may be gone
}
