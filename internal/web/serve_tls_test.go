package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// keyPair is a certificate in files, as somebody who renews it writes them.
type keyPair struct{ cert, key string }

func newKeyPair(t *testing.T) keyPair {
	dir := t.TempDir()
	return keyPair{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
}

func (p keyPair) files() (cert, key string) { return p.cert, p.key }

// write issues a certificate with a serial number, for localhost.
func (p keyPair) write(t *testing.T, serial int64) {
	t.Helper()
	p.writeFor(t, serial, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
}

// writeFor issues a certificate that is good from a time to another.
func (p keyPair) writeFor(t *testing.T, serial int64, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{p.cert: {Type: "CERTIFICATE", Bytes: cert}, p.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serial is the number of the certificate that a client would get now.
func serial(t *testing.T, c *Certificate) int64 {
	t.Helper()
	pair, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber.Int64()
}

func TestCertificateIsReadAgain(t *testing.T) {
	pair, other := newKeyPair(t), newKeyPair(t)
	pair.write(t, 1)
	other.write(t, 4)
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		files := pair.files
		c, err := NewCertificate(func() (string, string) { return files() }, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			name   string
			change func()
			want   int64
			says   string
		}{
			{"nothing changed", func() {}, 1, ""},
			{"renewed", func() { pair.write(t, 20) }, 20, "level=INFO msg=web.certificate"},
			{"the key is not there yet", func() { remove(t, pair.key) }, 20, "the last good one stays in use"},
			{"a key of another certificate", func() { copyFile(t, other.key, pair.key) }, 20, "the last good one stays in use"},
			{"renewed after trouble", func() { pair.write(t, 300) }, 300, "level=INFO msg=web.certificate"},
			{"a reload names other files", func() { files = other.files }, 4, "level=INFO msg=web.certificate"},
			{"a reload names none: that takes a restart", func() { files = keyPair{}.files }, 4, ""},
		} {
			log.Reset()
			before := serial(t, c)
			step.change()
			if got := serial(t, c); got != before {
				t.Errorf("%s: the files are looked at again at once", step.name)
			}
			time.Sleep(certificateFor)
			if got := serial(t, c); got != step.want || !strings.Contains(log.String(), step.says) || step.says == "" && log.Len() > 0 {
				t.Errorf("%s: certificate %d, want %d; log %q, want %q", step.name, got, step.want, log.String(), step.says)
			}
		}
	})
}

// TestTheEndOfACertificateIsTold holds that one that has ended, or soon will, is told when it is read; and that it takes no good one's place.
func TestTheEndOfACertificateIsTold(t *testing.T) {
	const day = 24 * time.Hour
	pair := newKeyPair(t)
	synctest.Test(t, func(t *testing.T) {
		now := time.Now() // 2000-01-01 in every bubble
		var log strings.Builder
		logger := slog.New(slog.NewTextHandler(&log, nil))
		for _, c := range []struct {
			from, to time.Duration // from now
			refused  bool
			text     string // FILE stands for the file
		}{
			{-day, 90 * day, false, ""},
			{-80 * day, 14*day - time.Second, false, "the certificate FILE ends at 2000-01-14T23:59:59Z: renew it"},
			{-80 * day, 14 * day, false, ""},
			{-10 * time.Hour, 14 * time.Hour, false, ""},
			{-20 * time.Hour, 4 * time.Hour, false, "the certificate FILE ends at 2000-01-01T04:00:00Z: renew it"},
			{-90 * day, 0, true, "the certificate FILE ended at 2000-01-01T00:00:00Z, so clients refuse it: renew it"},
			{day, 90 * day, true, "the certificate FILE begins at 2000-01-02T00:00:00Z, so clients refuse it until then: look at the clock of this machine"},
		} {
			log.Reset()
			pair.writeFor(t, 1, now.Add(c.from), now.Add(c.to))
			cert, err := NewCertificate(pair.files, logger)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.text, "FILE", pair.cert)
			if text, refused := cert.Problem(now); text != want || refused != c.refused {
				t.Errorf("%v to %v: %q %v, want %q", c.from, c.to, text, refused, want)
			}
			if told := strings.Contains(log.String(), "msg=web.certificate.end") && strings.Contains(log.String(), want); told != (want != "") {
				t.Errorf("%v to %v: the log has %q", c.from, c.to, log.String())
			}
			if end := cert.NotAfter(); !end.Equal(now.Add(c.to)) {
				t.Errorf("%v to %v: it ends at %v", c.from, c.to, end)
			}
		}
		pair.writeFor(t, 1, now.Add(-day), now.Add(90*day))
		cert, err := NewCertificate(pair.files, logger)
		if err != nil {
			t.Fatal(err)
		}
		pair.writeFor(t, 200, now.Add(-90*day), now.Add(-day))
		log.Reset()
		time.Sleep(certificateFor)
		if got := serial(t, cert); got != 1 || !strings.Contains(log.String(), "ended at 1999-12-31T00:00:00Z, so clients refuse it") || !strings.Contains(log.String(), "the last good one stays in use") {
			t.Errorf("one that has ended took the place of a good one: %d\n%s", got, log.String())
		}
		pair.writeFor(t, 30000, now.Add(-day), now.Add(30*day))
		time.Sleep(certificateFor)
		if end := cert.NotAfter(); serial(t, cert) != 30000 || !end.Equal(now.Add(30*day)) {
			t.Errorf("a renewed one is not seen without a client: it ends at %v", end)
		}
	})
}

func TestCertificateHasToBeGoodAtTheStart(t *testing.T) {
	pair := newKeyPair(t)
	if _, err := NewCertificate(pair.files, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "web.cert_file") {
		t.Errorf("files that are not there: %v", err)
	}
}

func TestServeTLS(t *testing.T) {
	pair := newKeyPair(t)
	pair.write(t, 7)
	log := slog.New(slog.DiscardHandler)
	cert, err := NewCertificate(pair.files, log)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ln, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), cert, log)
	}()
	text, err := os.ReadFile(pair.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	ask := func(scheme string, version uint16) (status, protocol int, peer int64, err error) {
		transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MaxVersion: version}} //nolint:gosec // a version that is too old is refused
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+ln.Addr().String()+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			return 0, 0, 0, err
		}
		defer res.Body.Close()
		if res.TLS != nil {
			peer = res.TLS.PeerCertificates[0].SerialNumber.Int64()
		}
		return res.StatusCode, res.ProtoMajor, peer, nil
	}
	if status, protocol, peer, err := ask("https", 0); err != nil || status != http.StatusOK || protocol != 2 || peer != 7 {
		t.Errorf("%v: %d by HTTP/%d with certificate %d", err, status, protocol, peer)
	}
	if _, _, _, err := ask("https", tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if status, _, _, err := ask("http", 0); err != nil || status != http.StatusBadRequest {
		t.Errorf("a request without TLS: %v, %d", err, status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
