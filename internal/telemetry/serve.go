package telemetry

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// The limits of the listener, in real time and bytes.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	graceTimeout  = time.Second
	maxHeader     = 16 << 10
)

// Handler serves /metrics, /healthz and /readyz. If token is not empty, every request has to carry it as "Authorization: Bearer …".
func Handler(health *Health, metrics http.Handler, token string) http.Handler {
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
	if token == "" {
		return mux
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		// Hashes have one length, so the comparison tells nothing about the token's.
		got := sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="emrguard"`)
			http.Error(w, "this listener needs the token of listen_token_file as \"Authorization: Bearer …\"", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
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

// Serve accepts connections on ln until ctx ends, then gives requests under way a second and returns nil. Any other error is the
// listener's. Broken connections are logged at level debug.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close() // the grace is over
		}
	})
	err := srv.Serve(ln)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	stop()
	return err
}
