package sink

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/notify"
)

// The bounds of an answer, in bytes: what is read of it, and what of that an error shows.
const (
	maxAnswer = 64 << 10
	maxShown  = 200
)

// poster sends JSON to one URL, which may be a secret.
type poster struct {
	client *http.Client
	url    *url.URL
	agent  string
}

// poster makes the poster of a URL.
func (o Options) poster(text string) (*poster, error) {
	u, err := notify.CheckURL(text)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.IdleConnTimeout = 1, 30*time.Second
	return &poster{
		client: &http.Client{
			Transport: transport,
			// A redirect would carry the message, and for some receivers its secret, to a place that nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		url: u, agent: "emrguard/" + cmp.Or(o.Version, "dev"),
	}, nil
}

// host is where the poster sends to, as far as it is no secret.
func (p *poster) host() string { return p.url.Scheme + "://" + p.url.Host }

// Reach implements Sink: it connects and says nothing, since nobody knows what a receiver does with a request that is no message.
func (p *poster) Reach(ctx context.Context) (string, error) {
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: p.url}); err == nil && proxy != nil {
		return "behind the proxy " + proxy.Host + ", not tried", nil
	}
	address := p.url.Host
	if p.url.Port() == "" {
		address = net.JoinHostPort(p.url.Hostname(), p.url.Scheme)
	}
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	found := "it accepts connections"
	if p.url.Scheme == "https" {
		dialer, found = &tls.Dialer{}, "it accepts connections, and its certificate is good"
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.host(), err)
	}
	_ = conn.Close()
	return found, nil
}

// post sends a body and judges the answer's status.
func (p *poster) post(ctx context.Context, body []byte, header http.Header) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), bytes.NewReader(body))
	if err != nil {
		return &notify.SendError{Permanent: true, Err: errors.New("the URL cannot be used")}
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", p.agent)
	answer, err := p.client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the URL
		}
		return &notify.SendError{Err: fmt.Errorf("%s: %s", p.host(), p.hide(err.Error()))}
	}
	defer answer.Body.Close()                                          //nolint:errcheck // only read
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))      // a status alone tells enough
	return p.judge(answer.StatusCode, answer.Header, text, time.Now()) //nolint:wrapcheck // made here
}

// judge says what a status means.
func (p *poster) judge(status int, header http.Header, body []byte, now time.Time) error {
	if status >= 200 && status < 300 {
		return nil
	}
	text := fmt.Sprintf("%s answered %d %s", p.host(), status, http.StatusText(status))
	if said := firstLine(body); said != "" {
		text += ": " + p.hide(said)
	}
	e := &notify.SendError{Err: errors.New(text)}
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		e.RetryAfter = retryAfter(header.Get("Retry-After"), now)
	case status >= 300 && status < 400:
		e.Permanent, e.Err = true, errors.New(text+"; redirects are not followed, give the address itself")
	default:
		e.Permanent = true
	}
	return e
}

// hide takes the secret parts of the URL out of a text.
func (p *poster) hide(text string) string {
	for _, part := range []string{p.url.String(), p.url.RequestURI(), p.url.Path, p.url.RawQuery} {
		if len(part) > 1 {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return text
}

// firstLine is the beginning of an answer's text.
func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(string(body), "?")), "\n")
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, line)
	if runes := []rune(line); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return line
}

// retryAfter reads the header: seconds or a date (RFC 9110, 10.2.3). 0: there is none.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
