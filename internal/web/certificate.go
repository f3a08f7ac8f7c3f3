package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// certificateFor is how long a certificate is used before its files are looked at again.
const certificateFor = 10 * time.Second

// endsSoon is how long before its end a certificate is told to end soon; of one that is issued for a short time it is the last quarter of that.
const endsSoon = 14 * 24 * time.Hour

// Certificate is a TLS certificate in files. It is read again when they change; while they cannot be read, or hold one that clients refuse for its time, the last good one stays. Safe for concurrent use.
type Certificate struct {
	files func() (cert, key string)
	log   *slog.Logger

	mu     sync.Mutex
	last   *tls.Certificate
	looked time.Time
	file   string   // of last
	state  []string // of the files when last was read
}

// NewCertificate reads the certificate that files names, and again whenever what it names has changed. When it names none any more, the last one stays.
func NewCertificate(files func() (cert, key string), log *slog.Logger) (*Certificate, error) {
	c := &Certificate{files: files, log: log}
	return c, c.read(time.Now())
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.present(), nil }

// NotAfter is when the certificate that is in use ends.
func (c *Certificate) NotAfter() time.Time { return c.present().Leaf.NotAfter }

// Problem says what is wrong at a time with the certificate that is in use, and whether clients refuse it for that; empty if nothing is.
func (c *Certificate) Problem(now time.Time) (text string, refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return problemOf(c.file, c.last.Leaf, now)
}

func problemOf(file string, leaf *x509.Certificate, now time.Time) (text string, refused bool) {
	from, to := leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	switch left := to.Sub(now); {
	case left <= 0:
		return fmt.Sprintf("the certificate %s ended at %s, so clients refuse it: renew it", file, to.Format(time.RFC3339)), true
	case now.Before(from):
		return fmt.Sprintf("the certificate %s begins at %s, so clients refuse it until then: look at the clock of this machine", file, from.Format(time.RFC3339)), true
	case left < min(endsSoon, to.Sub(from)/4):
		return fmt.Sprintf("the certificate %s ends at %s: renew it", file, to.Format(time.RFC3339)), false
	}
	return "", false
}

// present is the certificate that is in use, from files that are looked at again when that is due.
func (c *Certificate) present() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateFor {
		if err := c.read(now); err != nil {
			c.log.Error("web.certificate", slog.Any("error", err), slog.String("next", "the last good one stays in use; mend the files"))
		}
	}
	return c.last
}

// read takes the files if they differ from what was read last.
func (c *Certificate) read(now time.Time) error {
	c.looked = now
	cert, key := c.files()
	if cert == "" && c.last != nil {
		return nil
	}
	var state []string
	for _, path := range []string{cert, key} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("web.cert_file: %w", err)
		}
		state = append(state, fmt.Sprint(path, info.ModTime().UnixNano(), info.Size()))
	}
	if slices.Equal(state, c.state) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("web.cert_file %s, key_file %s: %w", cert, key, err)
	}
	text, refused := problemOf(cert, pair.Leaf, now)
	if c.last != nil && refused {
		if _, old := problemOf(c.file, c.last.Leaf, now); !old {
			return errors.New(text)
		}
	}
	if c.last != nil {
		c.log.Info("web.certificate", slog.String("file", cert))
	}
	switch {
	case refused:
		c.log.Error("web.certificate.end", slog.String("reason", text))
	case text != "":
		c.log.Warn("web.certificate.end", slog.String("reason", text))
	}
	c.last, c.file, c.state = &pair, cert, state
	return nil
}
