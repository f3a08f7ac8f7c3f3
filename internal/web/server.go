package web

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/desk"
)

// The limits of the server.
const (
	maxBody       = 64 << 10         // bytes of a request's body
	maxWorking    = 64               // requests that are worked on at once; streams are counted apart
	strangersMost = 16               // and of people who are not logged in, who see the login and its style alone: they keep nobody else out
	answerIn      = 30 * time.Second // a page or an answer of the API takes no longer; exports and streams have their own limits
)

// Options say what a Server shows and to whom.
type Options struct {
	// Desk is the store under the present configuration.
	Desk func() desk.Desk
	// Access says who may do what; it may change between requests.
	Access func() *Access
	// Health serves /healthz, /readyz and /metrics. The first two need no credentials: they tell nothing of the fleet.
	Health http.Handler
	Log    *slog.Logger
	// Version is emrguard's own.
	Version string
	// DryRun says so on every page.
	DryRun bool
	// Speed is how many times faster than real time the guard's clock runs; 0 stands for 1.
	Speed float64
}

// Server is the page and the API. Its Run follows the history for streams and charts; it serves before Run, too.
type Server struct {
	o       Options
	fleet   *fleet
	streams *streams
	levels  levels
	guesses *guesses
	working chan struct{}
	unknown chan struct{} // working, for strangers
	handler http.Handler
}

// New returns a server.
func New(o Options) *Server {
	s := &Server{o: o, guesses: newGuesses(), working: make(chan struct{}, maxWorking), unknown: make(chan struct{}, strangersMost)}
	s.fleet = newFleet(o.Desk, o.Speed)
	s.streams = newStreams(s.fleet)
	mux := http.NewServeMux()
	s.routeHealth(mux)
	s.routeAssets(mux)
	s.routeAPI(mux)
	s.routePages(mux)
	s.routeNowhere(mux)
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "this change was asked for by another site's page; send it from emrguard's own page, or with a program that sends no Origin header")
	}))
	s.handler = s.caught(s.headed(s.admitted(cross.Handler(s.limited(mux)))))
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Run follows the store until ctx ends.
func (s *Server) Run(ctx context.Context) { s.streams.run(ctx) }

// routeHealth mounts what monitors ask for.
func (s *Server) routeHealth(mux *http.ServeMux) {
	if s.o.Health == nil {
		return
	}
	for _, path := range monitored {
		mux.Handle("GET "+path, s.o.Health)
	}
}

// monitored are the paths of Options.Health. They are quick and never touch the store.
var monitored = []string{"/healthz", "/readyz", "/metrics"}

func isMonitored(path string) bool { return slices.Contains(monitored, path) }

// caught turns a panic of a handler into an answer.
func (s *Server) caught(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint,err113 // the sentinel itself is thrown
					panic(v)
				}
				s.o.Log.Error("web.panic", slog.String("path", r.URL.Path), slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
				s.refuse(w, r, http.StatusInternalServerError, "emrguard made a mistake here; its log tells more")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// headed sets what tells browsers to be strict.
func (s *Server) headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.o.Access().Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// admitted finds out who asks and turns away who may not.
func (s *Server) admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access := s.o.Access()
		if !access.known(r) {
			s.refuse(w, r, http.StatusMisdirectedRequest, fmt.Sprintf("emrguard is not called %q; ask for it by localhost, or give web.public_url", r.Host))
			return
		}
		id, wait := access.identify(r), time.Duration(0)
		if access.offers(r) {
			if wait = s.weigh(r, access, id); wait > 0 {
				id = Identity{} // whatever it is: an answer would tell
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), identityKey{}, id))
		changes := r.Method != http.MethodGet && r.Method != http.MethodHead
		switch path := r.URL.Path; {
		case path == "/healthz" || path == "/readyz" || path == "/login" || strings.HasPrefix(path, "/assets/"):
		case wait > 0:
			slow(w, wait)
			s.refuse(w, r, http.StatusTooManyRequests, tooMany(wait))
			return
		case id.Role == Nobody:
			s.askWho(w, r)
			return
		case changes && path != "/logout" && id.Role < Admin:
			s.refuse(w, r, http.StatusForbidden, s.whyNoChange(access))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// weigh counts a token that was compared against the address it came from, and says how long that has to wait until one counts; 0: this one does.
func (s *Server) weigh(r *http.Request, a *Access, id Identity) time.Duration {
	wait, told := s.guesses.admit(origin(r), a.Now(), id.Role > Nobody)
	if told {
		s.o.Log.WarnContext(r.Context(), "web.login.refused", slog.String("address", address(r)))
	}
	return wait
}

// slow tells a client when to come again: in whole seconds, at least one.
func slow(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// tooMany says why a token is not looked at.
func tooMany(wait time.Duration) string {
	return fmt.Sprintf("too many wrong tokens came from this address; the next one is looked at in %.0f s", math.Ceil(wait.Seconds()))
}

// whyNoChange says why somebody who may read may not give orders, and what to do.
func (s *Server) whyNoChange(a *Access) string {
	switch {
	case a.AdminToken != "":
		return "giving orders needs the admin token"
	case a.Proxy != nil:
		return "you may read; web.proxy_admins names who may give orders"
	}
	return "this listener is for reading; give web.admin_token_file a token, or use the commands (emrguard ban, pause, scale …)"
}

// askWho answers a request without credentials: a browser is led to the login, a program gets 401.
func (s *Server) askWho(w http.ResponseWriter, r *http.Request) {
	access := s.o.Access()
	if isPage(r) && r.Method == http.MethodGet && (access.ReadToken != "" || access.AdminToken != "") {
		http.Redirect(w, r, "/login?to="+urlQuery(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	how := `send the token as "Authorization: Bearer …"`
	switch {
	case access.open():
		how = "no token is configured here, so none can be right; ask without the header Authorization, or give listen_token_file or web.admin_token_file one"
	case access.ReadToken == "" && access.AdminToken == "":
		how = "ask through the proxy that logs people in; web.proxy_header and web.proxy_from say which requests are its"
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="emrguard"`)
	s.refuse(w, r, http.StatusUnauthorized, how)
}

// limited bounds bodies and the work at once.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+1024) // the API counts for itself, to say it in its own words
		if isStream(r) || isMonitored(r.URL.Path) {
			next.ServeHTTP(w, r) // streams are counted there; a monitor must not take many readers for a guard that stalls
			return
		}
		working := s.working
		if who(r.Context()).Role == Nobody {
			working = s.unknown
		}
		select {
		case working <- struct{}{}:
			defer func() { <-working }()
		case <-r.Context().Done():
			return
		default:
			w.Header().Set("Retry-After", "1")
			s.refuse(w, r, http.StatusServiceUnavailable, "too many requests at once; try again in a second")
			return
		}
		limit := answerIn
		if isExport(r) {
			limit = exportIn
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
