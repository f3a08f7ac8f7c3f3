package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
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
