package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

// reader takes what a stream writes, as a browser would.
type reader struct {
	http.ResponseWriter
	lines  chan string
	header http.Header
	status int
}

func (r *reader) Header() http.Header { return r.header }
func (r *reader) WriteHeader(n int)   { r.status = n }
func (r *reader) Flush()              {}
func (r *reader) Write(b []byte) (int, error) {
	s := bufio.NewScanner(strings.NewReader(string(b)))
	for s.Scan() {
		r.lines <- s.Text()
	}
	return len(b), nil
}

// listen opens a stream; what it says comes through the channel until stop is called.
func (l *lab) listen() (lines chan string, stop func()) {
	request := l.request("GET", "/api/v1/events", "")
	ctx, cancel := context.WithCancel(request.Context())
	r := &reader{lines: make(chan string, 1000), header: http.Header{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.server.ServeHTTP(r, request.WithContext(ctx))
	}()
	return r.lines, func() { cancel(); <-ended }
}

// told drains what came so far and returns the data of its events.
func told(lines chan string) (news []string, beats int) {
	for {
		select {
		case line := <-lines:
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				news = append(news, data)
			}
			if strings.HasPrefix(line, ":") {
				beats++
			}
		default:
			return news, beats
		}
	}
}

func TestStreamTellsOfChanges(t *testing.T) {
	guarded(t, 50*time.Minute, func(l *lab) {
		ctx, cancel := context.WithCancel(l.t.Context())
		ended := make(chan struct{})
		go func() { l.server.Run(ctx); close(ended) }()
		lines, stop := l.listen()
		synctest.Wait()
		first, _ := told(lines)
		var n struct{ Tag string }
		if len(first) != 1 || json.Unmarshal([]byte(first[0]), &n) != nil || n.Tag != l.do("GET", "/api/v1/fleet", "").Header().Get("ETag") {
			t.Fatalf("at first it tells %q", first)
		}
		ask[map[string]any](l, "POST", "/api/v1/orders", `{"kind":"pause","cluster":"web-logs"}`)
		time.Sleep(3 * time.Second)
		if news, _ := told(lines); len(news) == 0 || strings.Contains(news[len(news)-1], n.Tag) {
			t.Errorf("of an order it tells %q", news)
		}
		time.Sleep(time.Minute)
		if _, beats := told(lines); beats < 2 {
			t.Errorf("%d signs of life in a minute", beats)
		}
		stop()
		if n := l.server.streams.count(); n != 0 {
			t.Errorf("%d listeners are left", n)
		}
		_, stop = l.listen()
		synctest.Wait()
		cancel()
		<-ended
		stop()
		if w := l.do("GET", "/api/v1/events", ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("after the end: %d", w.Code)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		var stops []func()
		for range streamsMost {
			_, stop := l.listen()
			stops = append(stops, stop)
		}
		synctest.Wait()
		if w := l.do("GET", "/api/v1/events", ""); w.Code != 503 {
			t.Errorf("one more stream: %d", w.Code)
		}
		if w := l.page("/"); w.Code != 200 {
			t.Errorf("a page beside all the streams: %d", w.Code)
		}
		for _, stop := range stops {
			stop()
		}
	})
}

func TestTooMuchAtOnce(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		for range maxWorking {
			l.server.working <- struct{}{}
		}
		if w := l.do("GET", "/api/v1/fleet", ""); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := l.do("GET", "/healthz", ""); w.Code != 200 {
			t.Errorf("/healthz of a guard that is well, beside many readers: %d", w.Code)
		}
		<-l.server.working
		if w := l.do("GET", "/api/v1/fleet", ""); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzRequests asks for anything: no request is answered with a mistake of the server's, and none of somebody who may only read changes anything. An admin
// asks for the same, and leaves no order but one that is told to wait, since nobody guards here.
func FuzzRequests(f *testing.F) {
	for _, s := range [][4]string{
		{"GET", "/?q=x&offset=-3&condition=missing", "", ""}, {"GET", "/clusters/prod/j-1", "", ""}, {"GET", "/api/v1/history?before=9999999999&kind=call.", "", ""}, {"POST", "/act", "kind=pause&scope=prod", "Origin: null"},
		{"POST", "/api/v1/orders", `{"kind":"ban"}`, "Idempotency-Key: \x00"}, {"GET", "/confirm?kind=scale&to=1e9", "", "Accept: text/html"}, {"GET", "/api/v1/history.csv?from=2026-01-05", "", ""}, {"PATCH", "/login", "\xff", "Cookie: emrguard_session=AA"},
		{"GET", "/explain/%2e%2e%2f", "", "Accept: text/html"}, {"HEAD", "/report?days=99999999999999999999", "", "If-None-Match: *"}, {"GET", "/api/v1/capacity?points=2&from=0001-01-01T00:00:00Z", "", ""},
		{"GET", "/history?from=soon&to=9999999d&kind=cal.,&scope=%00", "", "Accept: text/html"}, {"DELETE", "/api/v1/orders/preview", "", ""}, {"GET", "/api/v1/report?from=1d&to=2d", "", ""}, {"OPTIONS", "*", "", ""},
		{"POST", "/api/v1/orders", `{"kind":"pause","cluster":"etl"}`, `If-Match: "0-00"`}, {"GET", "/api/v1/orders/o-\xff", "", ""},
		{"POST", "/api/v1/orders", anOrder, "Idempotency-Key: 7"}, {"POST", "/api/v1/orders", `{"kind":"scale","pool":"000-etl/task-0","by":-1}`, "Idempotency-Key: 8"}, {"POST", "/api/v1/orders/preview", `{"kind":"ban","group":"001-web/task-3","for":"1h"}`, ""},
		{"POST", "/act", "kind=unban&scope=prod&cluster=j-CROWD000000&group=x&for=99999999h", "Accept: text/html"}, {"POST", "/api/v1/orders", `{"kind":"resume","scope":"prod","on_behalf_of":"\u202e"}`, ""},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	docs, cfg := benchDocs(f)
	l := newLab(nil, memory.New("abcdefgh"), cfg)
	l.admit(&Access{Now: time.Now})
	crowd(f, l.store, docs, 3)
	f.Fuzz(func(t *testing.T, method, target, body, header string) {
		if r := anyRequest(t, method, target, body, header); r == nil || !strings.HasPrefix(target, "/") || r.Host != "localhost" || r.URL.Path == "/api/v1/events" {
			t.Skip()
		}
		answered(t, l, method, target, body, header)
		if method == http.MethodPost {
			askedByAdmin(t, docs, cfg, method, target, body, header)
		}
		if orders, err := l.store.Orders(t.Context(), "prod"); err != nil || len(orders) > 0 {
			t.Errorf("%s %s left %v, %v", method, target, orders, err)
		}
	})
}

// anOrder is one that can be carried out on the clusters of FuzzRequests.
const anOrder = `{"kind":"pause","scope":"prod","cluster":"j-CROWD000000","reason":"seen"}`

// anyRequest is a request of FuzzRequests; nil if there can be none like it.
func anyRequest(t *testing.T, method, target, body, header string) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+target, strings.NewReader(body))
	if err != nil {
		return nil
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(target, apiPath) {
		r.Header.Set("Content-Type", "application/json")
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		r.Header.Set(name, value)
	}
	return r
}

// answered sends it, and holds that the answer is one that is described.
func answered(t *testing.T, l *lab, method, target, body, header string) *httptest.ResponseRecorder {
	r, w := anyRequest(t, method, target, body, header), httptest.NewRecorder()
	l.server.ServeHTTP(w, r)
	if w.Code >= 500 {
		t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
	}
	listed(t, r, w.Code)
	return w
}

// askedByAdmin sends it to a server of its own as somebody who may give orders, in the time of a bubble: nobody answers them.
func askedByAdmin(t *testing.T, docs []store.Document, cfg *config.Config, method, target, body, header string) (status, left int) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, memory.New("abcdefgh"), cfg)
		crowd(t, l.store, docs, 3)
		status = answered(t, l, method, target, body, header).Code
		orders, err := l.store.Orders(t.Context(), "prod")
		if left = len(orders); err != nil || left > 1 || left == 1 && status != http.StatusAccepted && status != http.StatusSeeOther {
			t.Errorf("%s %s: %d, and left %v, %v", method, target, status, orders, err)
		}
	})
	return status, left
}

// TestAnAdminsRequestsReachTheInbox holds that FuzzRequests looks at more than refusals.
func TestAnAdminsRequestsReachTheInbox(t *testing.T) {
	docs, cfg := benchDocs(t)
	if status, left := askedByAdmin(t, docs, cfg, "POST", "/api/v1/orders", anOrder, "Idempotency-Key: 7"); status != http.StatusAccepted || left != 1 {
		t.Errorf("%d, and left %d orders", status, left)
	}
}

// TestNothingIsMissedAtTheBeginning holds that a reader listens before the state is read that it is told first.
func TestNothingIsMissedAtTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, memory.New("abcdefgh"), nil)
		listeners, d := -1, l.server.o.Desk()
		d.Config = &config.Config{}
		l.server.fleet.desk = func() desk.Desk {
			listeners = l.server.streams.count()
			return d
		}
		_, stop := l.listen()
		synctest.Wait()
		stop()
		if listeners != 1 {
			t.Errorf("%d listeners while the state is read", listeners)
		}
	})
}

// TestAStreamEndsWithItsSession holds that whoever may not read any more is not told any more.
func TestAStreamEndsWithItsSession(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		_, stop := l.listen()
		synctest.Wait()
		l.admit(&Access{ReadToken: "a token that was not sent", Now: time.Now})
		time.Sleep(beatEvery)
		synctest.Wait()
		if n := l.server.streams.count(); n != 0 {
			t.Errorf("%d streams without credentials", n)
		}
		stop()
	})
}

// TestAGuardThatRunsIsNotOverdue holds that what is shown of a lease is not older than what is shown of the fleet.
func TestAGuardThatRunsIsNotOverdue(t *testing.T) {
	guarded(t, 100*time.Minute, func(l *lab) {
		time.Sleep(5 * time.Second) // between two renewals
		for range 60 {
			time.Sleep(time.Second)
			for _, s := range ask[view.Fleet](l, "GET", "/api/v1/fleet?limit=1", "").Scopes {
				if s.Owner == nil || !s.Owner.LastSeen.IsZero() {
					t.Fatalf("%s: %s", time.Now(), s.Headline)
				}
			}
		}
	})
}
