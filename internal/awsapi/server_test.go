package awsapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// request is one request as the server saw it.
type request struct {
	target string
	body   string
	header http.Header
}

// server answers like EMR and records what it was asked.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

// serve starts a server with the given answers. It takes what an EMR request must have for granted after checking it.
func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("request body: %v", err)
		}
		s.mu.Lock()
		s.requests = append(s.requests, request{r.Header.Get("X-Amz-Target"), string(body), r.Header})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// isolate keeps a test from the machine's own AWS set-up and from the network.
func isolate(t *testing.T) {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	} {
		t.Setenv(name, "")
	}
}

// client returns a client of the endpoint.
func client(t *testing.T, endpoint string) *Client {
	t.Helper()
	isolate(t)
	c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: endpoint, Version: "1.2.3", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reply is a handler that answers with the status and body.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("Date", "Sun, 22 Nov 2026 16:00:00 GMT")
		w.Header().Set("X-Amzn-Requestid", "req-1")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

var answered1600 = time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)

// do sends the call to a server with the one answer, and returns the result and the only request.
func do(t *testing.T, call emr.Call, status int, body string) (emr.Result, request) {
	t.Helper()
	s := serve(t, reply(status, body))
	result := client(t, s.URL).Do(context.Background(), call)
	seen := s.seen()
	if len(seen) != 1 {
		t.Fatalf("%d requests, want 1", len(seen))
	}
	return result, seen[0]
}

// compact is a JSON text without white space, keys in order.
func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
