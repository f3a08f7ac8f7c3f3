package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// caller is a simulator that shares the test's time.
type caller struct{ sim *emrsim.Sim }

func (c caller) Do(_ context.Context, call emr.Call) emr.Result {
	c.sim.AdvanceTo(time.Now())
	a := local.New(c.sim, "us-east-1").Do(call)
	time.Sleep(a.Delay)
	return a.Result
}

const oneScope = "listen: none\nscopes: [{name: prod, region: us-east-1, api_share: 1}]\nclusters: [{match: {}, mode: enforce}]\n"

// lab is a server over the store of a guard that runs beside a simulator, all in the virtual time of a bubble.
type lab struct {
	t      *testing.T
	store  store.Store
	server *Server
	sim    *emrsim.Sim // of guarded

	mu     sync.Mutex // streams ask for the access while a test changes it
	access *Access
}

// admit changes who may do what.
func (l *lab) admit(a *Access) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.access = a
}

// present is who may do what.
func (l *lab) present() *Access {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.access
}

// guarded runs f beside a guard that has watched the demo's story for so long.
func guarded(t *testing.T, watched time.Duration, f func(l *lab)) {
	t.Helper()
	guardedIn(t, demo(t), watched, f)
}

// demo is the demo's story.
func demo(t *testing.T) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// guardedIn runs f beside a guard that has watched a story for so long.
func guardedIn(t *testing.T, sc *scenario.Scenario, watched time.Duration, f func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sc.Start = time.Now()
		sim, err := sc.Build()
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Parse("emrguard.yaml", []byte(oneScope))
		if err != nil {
			t.Fatal(err)
		}
		s := memory.New("abcdefgh")
		guard, err := app.New(t.Context(), app.Options{Config: cfg, Store: s, Note: "host a, pid 1", Dial: func(context.Context, config.Scope) (app.Caller, error) { return caller{sim}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- guard.Run(ctx) }()
		l := newLab(t, s, cfg)
		l.sim = sim
		time.Sleep(watched)
		f(l)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := guard.Close(); err != nil {
			t.Error(err)
		}
	})
}

// newLab makes a server over a store.
func newLab(t *testing.T, s store.Store, cfg *config.Config) *lab {
	l := &lab{t: t, store: s, access: &Access{Open: true, Now: time.Now}}
	d := desk.Desk{Store: s, Config: cfg, Term: app.LeaseTerm, Now: func(context.Context) time.Time { return time.Now().UTC() }}
	health := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "health of "+r.URL.Path) })
	l.server = New(Options{Desk: func() desk.Desk { return d }, Access: l.present, Health: health, Log: slog.New(slog.DiscardHandler), Version: "test"})
	return l
}

// request is what is asked of the lab's server; headers come as "Name: value".
func (l *lab) request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(l.t.Context(), method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8470", "127.0.0.1:5555"
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	return r
}

// do asks the server.
func (l *lab) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), l.request(method, target, body, headers...)
	l.server.ServeHTTP(w, r)
	listed(l.t, r, w.Code)
	return w
}

// listed holds that docs/openapi.json lists the status that a request of the API got. What has no operation there is not looked at, and 405 says that.
func listed(t testing.TB, r *http.Request, status int) {
	t.Helper()
	operations, statuses := describedStatuses(t)
	if _, pattern := operations.Handler(r); pattern != "" && status != http.StatusMethodNotAllowed && !statuses[pattern][strconv.Itoa(status)] {
		t.Errorf("%s %s: the API's description does not list %d for %q", r.Method, r.URL, status, pattern)
	}
}

var describedOnce struct {
	sync.Once
	operations *http.ServeMux
	statuses   map[string]map[string]bool
}

// describedStatuses are the operations of docs/openapi.json, as patterns, and what each may answer with. TestDescriptionIsCurrent holds the file to the server.
func describedStatuses(t testing.TB) (operations *http.ServeMux, statuses map[string]map[string]bool) {
	t.Helper()
	d := &describedOnce
	d.Do(func() {
		data, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.json"))
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Paths map[string]map[string]struct {
				Responses map[string]any `json:"responses"`
			} `json:"paths"`
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		d.operations, d.statuses = http.NewServeMux(), map[string]map[string]bool{}
		for path, methods := range doc.Paths {
			for method, operation := range methods {
				pattern := strings.ToUpper(method) + " " + path
				d.operations.Handle(pattern, http.NotFoundHandler())
				d.statuses[pattern] = map[string]bool{}
				for status := range operation.Responses {
					d.statuses[pattern][status] = true
				}
			}
		}
	})
	return d.operations, d.statuses
}

// page asks for a page as a browser does.
func (l *lab) page(target string, headers ...string) *httptest.ResponseRecorder {
	return l.do("GET", target, "", append([]string{"Accept: text/html"}, headers...)...)
}

// get asks the API for a body of T.
func ask[T any](l *lab, method, target, body string, headers ...string) T {
	l.t.Helper()
	w := l.do(method, target, body, headers...)
	var out T
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code >= 300 {
		l.t.Fatalf("%s %s: %d %v: %s", method, target, w.Code, err, w.Body)
	}
	return out
}
