package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/telemetry"
	"emrguard/internal/telemetry/metrics"
	"emrguard/internal/web"
)

// pipes is a listener whose connections stay in the process, so that virtual time may pass while they are open.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8470} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// hangingStore is a store whose disk stops answering.
type hangingStore struct {
	*memory.Store
	mu   sync.Mutex
	hang chan struct{} // closed when it answers again; nil: it does
}

func (s *hangingStore) stop() (again func()) {
	hang := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = hang
	return func() { close(hang) }
}

func (s *hangingStore) wait(ctx context.Context) error {
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang == nil {
		return nil
	}
	select {
	case <-hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *hangingStore) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error) {
	if err := s.wait(ctx); err != nil {
		return store.Lease{}, err
	}
	return s.Store.Acquire(ctx, scope, owner, note, now, ttl)
}

// failingStore gives no lease while it fails.
type failingStore struct {
	store.Store
	fails atomic.Bool
}

func (s *failingStore) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error) {
	if s.fails.Load() {
		return store.Lease{}, store.ErrBusy
	}
	return s.Store.Acquire(ctx, scope, owner, note, now, ttl)
}

// A guard whose store fails for minutes says that it is not well, once it could do nothing for five; one that waits for another does not.
func TestHealthFailsWhileTheStoreDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, quiet := newWorld(t, "demo"), slog.New(slog.DiscardHandler)
		failing := &failingStore{Store: w.store}
		watched := func(s store.Store) (handler http.Handler, stop func() (time.Duration, error)) {
			health, counters := telemetry.NewHealth(time.Now()), metrics.New("test")
			watch := telemetry.NewObserver(quiet, counters, health)
			return telemetry.Handler(health, counters.Handler()), start(t, w.app(t, oneScope, func(o *Options) { o.Store, o.Watch = s, watch }))
		}
		ask := func(h http.Handler, path string, code int, text string) {
			t.Helper()
			r := httptest.NewRecorder()
			h.ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
			if body := r.Body.String(); r.Code != code || !strings.Contains(body, text) {
				t.Errorf("%s: %d %s, want %d %s", path, r.Code, body, code, text)
			}
		}
		owner, stopOwner := watched(failing)
		time.Sleep(10 * time.Minute)
		ask(owner, "/healthz", 200, `{"ok":true}`)
		failing.fails.Store(true)
		time.Sleep(5 * time.Minute) // the lease was good for a part of it
		ask(owner, "/healthz", 200, `{"ok":true}`)
		ask(owner, "/readyz", 503, `"state":"standby"`)
		time.Sleep(time.Minute)
		ask(owner, "/healthz", 503, "the store fails, and so no scope could be guarded for 5m")

		other, stopOther := watched(w.store)
		time.Sleep(time.Minute)
		ask(other, "/readyz", 200, `"state":"ready"`)
		failing.fails.Store(false)
		time.Sleep(10 * time.Minute)
		ask(owner, "/healthz", 200, `{"ok":true}`)
		ask(owner, "/readyz", 503, `"state":"standby"`)
		for _, stop := range []func() (time.Duration, error){stopOwner, stopOther} {
			if _, err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A loop that hangs in a step is seen from outside, by whoever asks the real server, and so is its return.
func TestHealthFailsWhileTheLoopStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, quiet := newWorld(t, "demo"), slog.New(slog.DiscardHandler)
		hanging := &hangingStore{Store: w.store}
		health, counters := telemetry.NewHealth(time.Now()), metrics.New("test")
		watch := telemetry.NewObserver(quiet, counters, health)
		stop := start(t, w.app(t, oneScope, func(o *Options) { o.Store, o.Watch = hanging, watch }))

		ctx, cancel := context.WithCancel(t.Context())
		ln := newPipes()
		page := web.New(web.Options{
			Access: func() *web.Access { return &web.Access{Now: time.Now} }, Health: telemetry.Handler(health, counters.Handler()), Log: quiet,
		})
		served := make(chan error, 1)
		go func() { served <- web.Serve(ctx, ln, page, nil, quiet) }()
		client := &http.Client{Transport: &http.Transport{DialContext: ln.dial, DisableKeepAlives: true}}
		ask := func(path string, code int, text string) {
			t.Helper()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:8470"+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != code || !strings.Contains(string(body), text) {
				t.Errorf("%s: %d %.200s %v, want %d %s", path, res.StatusCode, body, err, code, text)
			}
		}

		time.Sleep(10 * time.Minute)
		ask("/healthz", 200, `{"ok":true}`)
		ask("/readyz", 200, `"state":"ready"`)
		again := hanging.stop()
		time.Sleep(4*time.Minute + 45*time.Second)
		ask("/healthz", 200, `{"ok":true}`)
		time.Sleep(time.Minute)
		ask("/healthz", 503, "no step ended for 5m")
		ask("/metrics", 200, "emrguard_step_last_timestamp_seconds") // the alert needs it
		again()
		time.Sleep(time.Minute)
		ask("/healthz", 200, `{"ok":true}`)

		if _, err := stop(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}
