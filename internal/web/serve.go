package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// The limits of the listener, in real time and bytes.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = answerIn + 5*time.Second // streams and exports set their own
	idleTimeout   = time.Minute
	graceTimeout  = time.Second
	maxHeader     = 16 << 10
	connections   = 512 // open at once; the next one takes the place of one that waits for a request
)

// Serve accepts connections on ln until ctx ends, then gives requests under way a second and returns nil. Any other error is the
// listener's. When all connections are taken, a new one takes the place of one that waits for a request (gate). Broken connections are logged at level debug. With a certificate it speaks TLS.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, cert *Certificate, log *slog.Logger) error {
	at := newGate(ln, connections)
	srv := &http.Server{
		Handler: at.answering(h), ConnContext: at.context, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ln = at
	if cert != nil {
		srv.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get, NextProtos: []string{"h2", "http/1.1"}}
		ln = tls.NewListener(ln, srv.TLSConfig)
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close() // the grace is over
		}
	})
	err := srv.Serve(ln)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	stop()
	return err
}

// certificateFor is how long a certificate is used before its files are looked at again.
const certificateFor = 10 * time.Second

// Certificate is a TLS certificate in files. It is read again when they change; while they cannot be read, the last good one stays. Safe for concurrent use.
type Certificate struct {
	files func() (cert, key string)
	log   *slog.Logger

	mu     sync.Mutex
	last   *tls.Certificate
	looked time.Time
	state  []string // of the files when last was read
}

// NewCertificate reads the certificate that files names, and again whenever what it names has changed. When it names none any more, the last one stays.
func NewCertificate(files func() (cert, key string), log *slog.Logger) (*Certificate, error) {
	c := &Certificate{files: files, log: log}
	return c, c.read(time.Now())
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateFor {
		if err := c.read(now); err != nil {
			c.log.Error("web.certificate", slog.Any("error", err), slog.String("next", "the last good one stays in use; mend the files"))
		}
	}
	return c.last, nil
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
	if c.last != nil {
		c.log.Info("web.certificate", slog.String("file", cert))
	}
	c.last, c.state = &pair, state
	return nil
}
