package sink

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emrguard/internal/notify"
)

// message is one that a notifier would send.
func message(id string) notify.Message { return notify.TestMessage(id, time.Now()) }

// file is a secret's file.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// made is a sink of a configuration.
func made(t *testing.T, c notify.Sink, o Options) Sink {
	t.Helper()
	s, err := New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// taken is one request as a receiver got it.
type taken struct {
	header http.Header
	body   []byte
}

// receiver is an HTTP server that keeps what it gets and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []taken
	answer http.HandlerFunc
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, taken{req.Header, body})
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// say changes the answer.
func (r *receiver) say(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) all() []taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// verify is the recipe of docs/notifications.md.
func verify(secret []byte, h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Split(h.Get("Webhook-Signature"), " "), func(s string) bool { return hmac.Equal([]byte(s), []byte(want)) })
}

// TestStandardWebhooksVector is the example of the specification (standard-webhooks.md, "Signature scheme").
func TestStandardWebhooksVector(t *testing.T) {
	w := &webhook{}
	if err := w.key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", nil); err != nil {
		t.Fatal(err)
	}
	h := w.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h["Webhook-Signature"][0]; got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
}

func TestWebhook(t *testing.T) {
	r := newReceiver(t, nil)
	first, second := "the first secret of two", "whsec_"+base64.StdEncoding.EncodeToString([]byte("the second secret of two"))
	c := notify.Sink{Name: "w", Webhook: &notify.Webhook{URL: r.URL + "/hook", SecretFiles: []string{file(t, first+"\n")}, SecretEnvs: []string{"OLD"}}}
	s := made(t, c, Options{Env: func(string) string { return second }, Version: "v1.2.3"})
	m := message("n-1")
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := r.all()[0]
	var body notify.Message
	if err := json.Unmarshal(got.body, &body); err != nil || body.ID != "n-1" || body.Text != m.Text || got.header.Get("Webhook-Id") != "n-1" {
		t.Errorf("body %s, %v, id %q", got.body, err, got.header.Get("Webhook-Id"))
	}
	for secret, want := range map[string]bool{first: true, "the second secret of two": true, "another secret altogether": false} {
		if verify([]byte(secret), got.header, got.body) != want {
			t.Errorf("the signature with %q is not %v", secret, want)
		}
	}
	if verify([]byte(first), got.header, append(got.body, ' ')) {
		t.Error("a changed body is signed")
	}
	if got.header.Get("User-Agent") != "emrguard/v1.2.3" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", got.header)
	}
	if !strings.Contains(s.Where(), "signed with 2 secrets") {
		t.Errorf("Where is %q", s.Where())
	}
}

// TestAnswers: what each answer means, and that no secret of the URL or of the answer is told.
func TestAnswers(t *testing.T) {
	const key = "T0SECRET/B0SECRET"
	r := newReceiver(t, nil)
	c := notify.Sink{Name: "s", Slack: &notify.Slack{URLEnv: "URL"}}
	s := made(t, c, Options{Env: func(string) string { return r.URL + "/services/" + key + "?token=SECRET" }})
	for _, x := range []struct {
		status    int
		header    string
		permanent bool
		pause     time.Duration
	}{
		{200, "", false, 0},
		{204, "", false, 0},
		{301, "", true, 0},
		{307, "", true, 0},
		{400, "", true, 0},
		{401, "", true, 0},
		{404, "", true, 0},
		{408, "", false, 0},
		{410, "", true, 0},
		{425, "", false, 0},
		{429, "120", false, 2 * time.Minute},
		{500, "", false, 0},
		{502, "", false, 0},
		{503, "nonsense", false, 0},
		{503, "7", false, 7 * time.Second},
	} {
		r.say(func(w http.ResponseWriter, req *http.Request) {
			if x.header != "" {
				w.Header().Set("Retry-After", x.header)
			}
			w.Header().Set("Location", r.URL+"/elsewhere")
			w.WriteHeader(x.status)
			if x.status >= 300 {
				fmt.Fprintf(w, "cannot post to %s\nmore", req.URL)
			}
		})
		before := len(r.all())
		err := s.Send(t.Context(), message("n-1"))
		if n := len(r.all()) - before; n != 1 {
			t.Errorf("%d: %d requests", x.status, n)
		}
		if x.status < 300 {
			if err != nil {
				t.Errorf("%d: %v", x.status, err)
			}
			continue
		}
		e, ok := err.(*notify.SendError) //nolint:errorlint // the very type
		if !ok || e.Permanent != x.permanent || e.RetryAfter != x.pause {
			t.Errorf("%d: %#v", x.status, err)
			continue
		}
		if strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), fmt.Sprint(x.status)) {
			t.Errorf("%d is told as %q", x.status, err)
		}
	}
	r.Close()
	if err := s.Send(t.Context(), message("n-1")); err == nil || notify.Refused(err) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a closed port: %v", err)
	}
}

// TestSlowAndHuge: a receiver that does not answer is left when the context says so, and a huge answer is not read whole.
func TestSlowAndHuge(t *testing.T) {
	stop := make(chan struct{})
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-stop })
	s := made(t, notify.Sink{Name: "w", Webhook: &notify.Webhook{URL: r.URL}}, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, message("n-1")); err == nil || notify.Refused(err) {
		t.Errorf("no answer: %v", err)
	}
	close(stop)
	r.say(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		for range 1000 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return // as it should be
			}
		}
		t.Error("64 MB of an answer were read")
	})
	if err := s.Send(t.Context(), message("n-1")); err == nil || len(err.Error()) > 1000 {
		t.Errorf("a huge answer: %.100v", err)
	}
}

func TestSlackBody(t *testing.T) {
	r := newReceiver(t, nil)
	s := made(t, notify.Sink{Name: "s", Slack: &notify.Slack{URLFile: file(t, r.URL+"/services/T/B/X\n")}}, Options{})
	m := message("n-1")
	m.Title, m.Missed = "<!channel> R&D", 2
	m.Events[0].ClusterName, m.Events[0].Cluster = "*etl* <http://evil.example|here>", "j-1"
	m.Events[0].Why = strings.Repeat("<&>", 2000)
	m.Events[0].Undo, m.Events[0].Undoing = "emrguard unban `ig-1` --scope prod", "lets it launch"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var body slackBody
	if err := json.Unmarshal(r.all()[0].body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Text != "&lt;!channel&gt; R&amp;D" {
		t.Errorf("text %q", body.Text)
	}
	whole := ""
	for _, b := range body.Blocks {
		for _, e := range append(slices.Clone(b.Elements), text{}) {
			whole += e.Text
		}
		if b.Text != nil {
			whole += b.Text.Text + "\n"
			if n := len([]rune(b.Text.Text)); n > maxSection || n == 0 {
				t.Errorf("a section of %d characters", n)
			}
		}
	}
	if strings.ContainsAny(whole, "<>") || strings.Contains(strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(whole), "&") {
		t.Errorf("not escaped: %.300s", whole)
	}
	for _, want := range []string{"2 earlier messages", "emrguard n-1", "(j-1)"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the blocks do not say %q", want)
		}
	}
	short := message("n-2")
	short.Events[0].Undo, short.Events[0].Undoing = "emrguard unban ig-1 --scope prod", "lets it launch"
	if err := s.Send(t.Context(), short); err != nil || !strings.Contains(string(r.all()[1].body), "way back: `emrguard unban ig-1 --scope prod` lets it launch") {
		t.Errorf("%v %s", err, r.all()[1].body)
	}
}

func TestSecrets(t *testing.T) {
	open := file(t, "https://hooks.example.org/x")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	for name, c := range map[string]struct {
		sink notify.Sink
		want string
	}{
		"open":      {notify.Sink{Slack: &notify.Slack{URLFile: open}}, "open to everybody"},
		"missing":   {notify.Sink{Slack: &notify.Slack{URLFile: filepath.Join(t.TempDir(), "no")}}, "no such file"},
		"empty":     {notify.Sink{Slack: &notify.Slack{URLFile: file(t, "\n")}}, "is empty"},
		"two lines": {notify.Sink{Slack: &notify.Slack{URLFile: file(t, "https://a.example/SECRET\nx")}}, "more than one line"},
		"huge":      {notify.Sink{Slack: &notify.Slack{URLFile: file(t, strings.Repeat("SECRET", 1000))}}, "more than 4096 bytes"},
		"no URL":    {notify.Sink{Slack: &notify.Slack{URLFile: file(t, "SECRET")}}, "want an https URL"},
		"plain":     {notify.Sink{Webhook: &notify.Webhook{URLFile: file(t, "http://example.org/SECRET")}}, "plain http"},
		"unset":     {notify.Sink{Webhook: &notify.Webhook{URLEnv: "HOOK"}}, "HOOK is not set"},
		"short":     {notify.Sink{Webhook: &notify.Webhook{URL: "https://a.example/", SecretFiles: []string{file(t, "SECRET")}}}, "6 bytes, fewer than 16"},
		"base64":    {notify.Sink{Webhook: &notify.Webhook{URL: "https://a.example/", SecretFiles: []string{file(t, "whsec_SECRET?SECRET?SECRET")}}}, "not base64"},
		"nothing":   {notify.Sink{}, "nothing says"},
	} {
		c.sink.Name = "x"
		_, err := New(t.Context(), c.sink, Options{Env: none})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 5, 11, 54, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "1.5": 0, "Mon, 05 Jan 2026 11:59:00 GMT": 5 * time.Minute, "Mon, 05 Jan 2026 11:00:00 GMT": 0, "soon": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("Retry-After %q is %s, want %s", text, got, want)
		}
	}
}

// TestReach: whether a receiver can be reached is found out without a request.
func TestReach(t *testing.T) {
	for _, k := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(k, "")
	}
	r := newReceiver(t, nil)
	s := made(t, notify.Sink{Name: "w", Webhook: &notify.Webhook{URL: r.URL}}, Options{})
	if found, err := s.Reach(t.Context()); err != nil || found != "it accepts connections" || len(r.all()) > 0 {
		t.Errorf("%q, %v, %d requests", found, err, len(r.all()))
	}
	r.Close()
	if _, err := s.Reach(t.Context()); err == nil {
		t.Error("a closed port can be reached")
	}
	encrypted := httptest.NewTLSServer(http.NotFoundHandler())
	defer encrypted.Close()
	s = made(t, notify.Sink{Name: "w", Webhook: &notify.Webhook{URL: encrypted.URL}}, Options{})
	if _, err := s.Reach(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody knows: %v", err)
	}
}
