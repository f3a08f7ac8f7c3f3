package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestIdleConnectionsKeepNobodyOut holds that strangers with more connections than there is room for stop neither probes nor what is being answered.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	const strangers = connections + 88
	for name, c := range map[string]struct {
		send   string // of each stranger
		answer bool   // it waits for one
		secure bool
	}{
		"they say nothing":               {},
		"they ask now and then":          {send: "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", answer: true},
		"they ask by bytes":              {send: "GET /healthz HTTP/1.1\r\nHost: loc"},
		"they order by bytes":            {send: "POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n{"},
		"they begin TLS and say no more": {send: "\x16\x03\x01", secure: true},
	} {
		t.Run(name, func(t *testing.T) {
			var cert *Certificate
			scheme := "http"
			if c.secure {
				pair := newKeyPair(t)
				pair.write(t, 1)
				var err error
				if cert, err = NewCertificate(pair.files, slog.New(slog.DiscardHandler)); err != nil {
					t.Fatal(err)
				}
				scheme = "https"
			}
			told := make(chan string)
			mux := http.NewServeMux()
			mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
			mux.HandleFunc("/orders", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) })
			mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
				for text := range told {
					fmt.Fprintln(w, text)
					_ = http.NewResponseController(w).Flush()
				}
			})
			address, stop := serving(t, mux, cert)
			defer stop()
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a test's own certificate
			ask := func(path string) *http.Response {
				t.Helper()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				res, err := client.Do(req)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				return res
			}
			go func() { told <- "first" }()
			stream := ask("/stream")
			lines := bufio.NewScanner(stream.Body)
			if !lines.Scan() || lines.Text() != "first" {
				t.Fatalf("the stream says %q", lines.Text())
			}
			var dialer net.Dialer
			for i := range strangers {
				conn, err := dialer.DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Fatalf("stranger %d: %v", i, err)
				}
				defer conn.Close()
				if _, err := io.WriteString(conn, c.send); err != nil {
					t.Fatalf("stranger %d: %v", i, err)
				}
				if c.answer {
					if _, err := conn.Read(make([]byte, 1)); err != nil {
						t.Fatalf("stranger %d: %v", i, err)
					}
				}
			}
			for range 3 {
				res := ask("/healthz")
				if body, err := io.ReadAll(res.Body); err != nil || string(body) != "well" {
					t.Errorf("/healthz beside %d strangers: %v %q", strangers, err, body)
				}
				_ = res.Body.Close()
			}
			told <- "second"
			if !lines.Scan() || lines.Text() != "second" {
				t.Errorf("the stream says %q: %v", lines.Text(), lines.Err())
			}
			close(told)
			_ = stream.Body.Close()
		})
	}
}

// serving serves h on loopback until the function that it returns is called.
func serving(t *testing.T, h http.Handler, cert *Certificate) (address string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, h, cert, slog.New(slog.DiscardHandler)) }()
	return ln.Addr().String(), func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	}
}

// arrivals is a listener whose connections come from the addresses that are sent to it.
type arrivals struct {
	from chan string
	done chan struct{}
}

// arrival is a connection of which only the address matters.
type arrival struct {
	net.Conn
	address string
	shut    bool
}

func (a *arrival) RemoteAddr() net.Addr { return addr(a.address) }

func (a *arrival) Close() error {
	a.shut = true
	return nil
}

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

func (l arrivals) Accept() (net.Conn, error) {
	select {
	case a := <-l.from:
		return &arrival{address: a}, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l arrivals) Close() error {
	close(l.done)
	return nil
}

func (l arrivals) Addr() net.Addr { return addr("here") }

func TestWhoGivesWay(t *testing.T) {
	// Each step is "+ADDRESS", a connection, "!NAME", a request of one that is to be answered, ".NAME", its end, or "xNAME", one that hangs up. The names are a, b, c as they come.
	for name, c := range map[string]struct {
		steps string
		left  string // of a gate for four, in the order that they went, hanging up included
	}{
		"there is room": {"+192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1", ""},
		"one address: the one that waits longest":     {"+192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1", "ab"},
		"what has just been answered waits anew":      {"+192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 !a .a +192.0.2.1 +192.0.2.1", "bc"},
		"what is being answered stays":                {"+192.0.2.1 !a +192.0.2.1 !b +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1", "cde"},
		"two requests on one: the last one counts":    {"+192.0.2.1 !a !a .a +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1", "b"},
		"the address with the most":                   {"+192.0.2.9 +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.2", "bc"},
		"many addresses: the one that waits longest":  {"+192.0.2.1 +192.0.2.2 +192.0.2.3 +192.0.2.4 +192.0.2.5", "a"},
		"a network of IPv6 is one address":            {"+192.0.2.1 +[2001:db8::1] +[2001:db8::2] +[2001:db8:0:1::1] +192.0.2.2", "b"},
		"what is being answered is no reason to wait": {"+192.0.2.1 !a +192.0.2.1 !b +192.0.2.2 +192.0.2.2 +192.0.2.1", "c"},
		"who hangs up makes room":                     {"+192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1 xc +192.0.2.1", "c"},
		"who hangs up while it is being answered":     {"+192.0.2.1 !a +192.0.2.1 xa .a +192.0.2.1 +192.0.2.1 +192.0.2.1 +192.0.2.1", "ab"},
		"all are being answered: a new one waits":     {"+192.0.2.1 !a +192.0.2.1 !b +192.0.2.1 !c +192.0.2.1 !d +192.0.2.1 .b", "b"},
		"all are being answered, one hangs up":        {"+192.0.2.1 !a +192.0.2.1 !b +192.0.2.1 !c +192.0.2.1 !d +192.0.2.1 xd", "d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := arrivals{make(chan string), make(chan struct{})}
				g := newGate(ln, 4)
				var peers []*peer
				ended := make(chan error, 1)
				go func() {
					for {
						conn, err := g.Accept()
						if err != nil {
							ended <- err
							return
						}
						peers = append(peers, conn.(*peer))
					}
				}()
				left, seen := "", map[*peer]bool{}
				came := 0
				for step := range strings.FieldsSeq(c.steps) {
					switch what, rest := step[0], step[1:]; what {
					case '+':
						ln.from <- rest + ":4711"
						came++
					case '!':
						if !peers[rest[0]-'a'].begin() {
							t.Errorf("%s is not let in", step)
						}
					case '.':
						peers[rest[0]-'a'].end()
					case 'x':
						_ = peers[rest[0]-'a'].Close()
					}
					synctest.Wait()
					for i, p := range peers {
						if p.Conn.(*arrival).shut && !seen[p] {
							seen[p] = true
							left += string(rune('a' + i))
						}
					}
				}
				if left != c.left || len(peers) != came || g.open != came-len(left) {
					t.Errorf("%q left, want %q; %d of %d came in, %d are open", left, c.left, len(peers), came, g.open)
				}
				_ = g.Close()
				if err := <-ended; err == nil {
					t.Error("a closed gate lets connections in")
				}
				for _, p := range peers {
					_ = p.Close()
				}
				if g.open != 0 || g.waiting.Len() > 0 || len(g.of) > 0 {
					t.Errorf("when all are gone: %d open, %d wait, %v", g.open, g.waiting.Len(), g.of)
				}
			})
		})
	}
}

// TestAGateThatIsFullEnds holds that a gate whose newest connection waits for room can be closed.
func TestAGateThatIsFullEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := arrivals{make(chan string), make(chan struct{})}
		g := newGate(ln, 1)
		ended := make(chan error, 1)
		go func() {
			conn, err := g.Accept()
			if err == nil && conn.(*peer).begin() {
				_, err = g.Accept()
			}
			ended <- err
		}()
		ln.from <- "192.0.2.1:1"
		ln.from <- "192.0.2.1:2"
		synctest.Wait()
		_ = g.Close()
		if err := <-ended; err == nil {
			t.Error("no error")
		}
	})
}

// TestARequestWhoseConnectionGaveWayIsNotBegun holds that no order is carried out whose answer nobody could get.
func TestARequestWhoseConnectionGaveWayIsNotBegun(t *testing.T) {
	g := newGate(arrivals{}, 1)
	p := &peer{Conn: &arrival{}, gate: g}
	g.open++
	g.wait(p)
	begun := false
	h := g.answering(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun = true }))
	r, err := http.NewRequestWithContext(g.context(t.Context(), p), http.MethodPost, "http://localhost/act", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(nil, r)
	if !begun || p.at == nil {
		t.Errorf("a request of a connection that is open: begun %v, waits then %v", begun, p.at != nil)
	}
	begun = false
	_ = p.Close()
	defer func() {
		if v := recover(); v != any(http.ErrAbortHandler) || begun {
			t.Errorf("%v; begun %v", v, begun)
		}
	}()
	h.ServeHTTP(nil, r)
}

// TestStrangersDoNotUseUpTheWork holds that whoever is not logged in keeps nobody from being served who is, and none who asks for health.
func TestStrangersDoNotUseUpTheWork(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		l.admit(&Access{ReadToken: readToken, AdminToken: adminToken, Now: time.Now})
		slowly, send := io.Pipe()
		done := make(chan int)
		for range strangersMost {
			go func() {
				r := l.request("POST", "/login", "token=x")
				r.Body = slowly
				w := httptest.NewRecorder()
				l.server.ServeHTTP(w, r)
				done <- w.Code
			}()
		}
		synctest.Wait()
		for _, c := range []struct {
			method, path, body, header string
			want                       int
		}{
			{"GET", "/api/v1/fleet", "", "Authorization: Bearer " + readToken, 200},
			{"GET", "/healthz", "", "Accept: */*", 200},
			{"GET", "/login", "", "Accept: text/html", 503},
		} {
			if w := l.do(c.method, c.path, c.body, c.header); w.Code != c.want {
				t.Errorf("%s beside %d slow logins: %d, want %d", c.path, strangersMost, w.Code, c.want)
			}
		}
		_ = send.Close()
		var codes []int
		for range strangersMost {
			codes = append(codes, <-done)
		}
		slices.Sort(codes)
		if codes[0] != 400 && codes[0] != 401 {
			t.Errorf("the logins are answered with %v", codes)
		}
		if w := l.do("GET", "/login", "", "Accept: text/html"); w.Code != 200 {
			t.Errorf("the login afterwards: %d", w.Code)
		}
	})
}
