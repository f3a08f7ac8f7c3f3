package wire

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"emrguard/internal/emrsim"
)

// Options are the settings of a Server; the zero value is ready to use.
type Options struct {
	// Clock maps real to simulated time. Default: a clock at the simulator's time that runs as fast as real time.
	Clock *Clock
	// DefaultRegion serves requests without an Authorization header. Empty: they get AWS's MissingAuthenticationTokenException.
	DefaultRegion string
	// MaxBody is the largest request body that is read, in bytes. Default: 1 MiB.
	MaxBody int64
	// NoAdmin leaves out everything under /_sim/.
	NoAdmin bool
	// Logger gets what net/http reports of broken connections, at debug level. Default: nothing is logged.
	Logger *slog.Logger
}

// The limits of a connection, in real time.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	graceTimeout  = 2 * time.Second
	maxHeader     = 64 << 10
)

// Server serves one simulator over HTTP. Safe for concurrent use.
type Server struct {
	sim     *emrsim.Sim
	clock   *Clock
	opt     Options
	admins  http.Handler // nil: no administration
	regions regions
	log     requestLog
	refused atomic.Uint64 // requests that never reached the simulator, for their request ids
	wake    chan struct{} // tells the driver that the next event may have changed
}

// New returns a server of sim.
func New(sim *emrsim.Sim, o Options) *Server {
	if o.Clock == nil {
		o.Clock = &Clock{speed: 1, base: sim.Now(), real: time.Now()}
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{sim: sim, clock: o.Clock, opt: o, wake: make(chan struct{}, 1)}
	if !o.NoAdmin {
		s.admins = s.adminHandler()
	}
	return s
}

// ServeHTTP answers one request: the API at POST /, the administration under /_sim/. The simulator is first moved to the clock's
// time. Without Serve nothing moves it between two requests, which a client can't tell.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.admins != nil && strings.HasPrefix(r.URL.Path, adminPrefix) {
		s.admins.ServeHTTP(w, r)
		return
	}
	s.api(w, r)
}

// Serve accepts connections on ln and moves the simulator as its events fall due, until ctx ends. Then it stops accepting, gives
// requests under way two seconds, and returns nil with every goroutine of its own ended. Any other error is that of the listener.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	driven := make(chan struct{})
	go func() {
		defer close(driven)
		s.drive(ctx)
	}()
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.opt.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		grace, end := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
		defer end()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close() // the grace is over: cut the rest off; the listener is closed already
		}
	}()
	err := srv.Serve(ln)
	cancel()
	<-stopped
	<-driven
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// drive moves the simulator to the clock's time whenever its next event falls due.
func (s *Server) drive(ctx context.Context) {
	if s.clock.Manual() {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		s.sim.AdvanceTo(s.clock.Now())
		timer.Stop()
		if next, ok := s.sim.NextEvent(); ok {
			timer.Reset(s.clock.Until(next))
		}
	}
}

// rouse makes the driver look at the queue again, because something may have been queued before the event it waits for.
func (s *Server) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// readBody reads a request's body up to the limit; a longer one is an APIError with status 413.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, into io.Writer) *emrsim.APIError {
	body := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" { // as SDKs send a large PutMetricData
		unpacked, err := gzip.NewReader(http.MaxBytesReader(w, body, s.opt.MaxBody))
		if err != nil {
			return clientError("SerializationException", "The request body is not gzip, as its Content-Encoding says")
		}
		body = unpacked
	}
	_, err := io.Copy(into, http.MaxBytesReader(w, body, s.opt.MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &emrsim.APIError{Status: http.StatusRequestEntityTooLarge, Type: "RequestEntityTooLargeException", Message: "Request body is too large"}
	}
	if err != nil {
		return clientError("SerializationException", "The request body ended early")
	}
	return nil
}
