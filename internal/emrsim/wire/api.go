package wire

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

// buffers are reused for request and answer bodies; those grown beyond 256 KiB are left to the collector.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func getBuffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func putBuffer(b *bytes.Buffer) {
	const keep = 256 << 10
	if b.Cap() <= keep {
		buffers.Put(b)
	}
}

// api answers one API request.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	buf := getBuffer()
	defer putBuffer(buf)
	c, refusal := s.parse(w, r, buf)
	s.sim.AdvanceTo(s.clock.Now())
	if refusal != nil {
		out := emrsim.Outcome{Err: refusal, Date: s.clock.Now(), RequestID: s.refusedID()}
		s.log.add(c.region, c.op, nil, out)
		s.answer(w, r, c, out)
		return
	}
	if in, ok := c.in.(*shapes.ReceiveMessageInput); ok && s.await(r.Context(), c.region, in) != nil {
		panic(http.ErrAbortHandler)
	}
	out := s.sim.Call(c.region, c.op, c.in)
	s.log.add(c.region, c.op, c.in, out)
	s.rouse()
	if out.Delay > 0 && !s.delay(w, r, out) || out.Drop {
		panic(http.ErrAbortHandler) // net/http's way to break a connection without an answer
	}
	s.answer(w, r, c, out)
}

// delay holds an answer back for its simulated delay; false: the client or the server gave up first.
func (s *Server) delay(w http.ResponseWriter, r *http.Request, out emrsim.Outcome) bool {
	// A delayed answer has its own deadline. The error is of no use: a writer without deadlines has nothing to extend.
	_ = http.NewResponseController(w).SetWriteDeadline(s.clock.writeDeadline(out.Delay))
	return s.clock.Wait(r.Context(), out.Date.Add(out.Delay)) == nil
}

// pollEvery is how often, in simulated time, a ReceiveMessage that waits for a message looks for one.
const pollEvery = time.Second

// await returns once the queue has a message, or the time is over for which the call waits for one. After that there is nothing left
// to wait for. The error is that of a client or a server that gave up first.
func (s *Server) await(ctx context.Context, region string, in *shapes.ReceiveMessageInput) error {
	if in.WaitTimeSeconds == nil || *in.WaitTimeSeconds < 1 || *in.WaitTimeSeconds > 20 { // the operation refuses what is no such time
		return nil
	}
	until := s.clock.Now().Add(time.Duration(*in.WaitTimeSeconds) * time.Second)
	in.WaitTimeSeconds = nil
	for {
		now := s.clock.Now()
		s.sim.AdvanceTo(now)
		if s.sim.Waiting(region) || !now.Before(until) {
			return nil
		}
		next := now.Add(pollEvery)
		if until.Before(next) {
			next = until
		}
		if err := s.clock.Wait(ctx, next); err != nil {
			return err
		}
	}
}

// call is one API request as far as it could be read.
type call struct {
	*protocol
	region string // empty: not known
	op     string // or what stands in its place
	in     any    // the checked input structure
}

// parse reads a request as far as the simulator. buf takes the body.
func (s *Server) parse(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) (call, *emrsim.APIError) {
	c := call{protocol: protocolOf(r)}
	if err := s.addressed(w, r, c.protocol); err != nil {
		return c, err
	}
	name, early := c.protocol.name(r)
	if early { // the operation's name is in the body
		if err := s.readBody(w, r, buf); err != nil {
			return c, err
		}
		name = actionOf(buf.Bytes())
	}
	op, ok := strings.CutPrefix(name, c.prefix)
	if ok = ok && s.sim.Service(op) == c.service; ok {
		c.in, ok = s.sim.NewInput(op)
	}
	if !ok {
		c.op = clip(name)
		return c, s.unknownOperation(c.protocol, name)
	}
	c.op = op
	region, err := regionOf(r.Header, c.scope, s.opt.DefaultRegion)
	if err == nil {
		err = s.regions.admit(region)
	}
	if err != nil {
		return c, err
	}
	c.region = region
	if !early {
		if err := s.readBody(w, r, buf); err != nil {
			return c, err
		}
	}
	if err := c.decode(buf.Bytes(), c.in); err != nil {
		return c, clientError("SerializationException", err.Error())
	}
	if err := shapes.Check(c.in); err != nil {
		return c, clientError("ValidationException", err.Error())
	}
	return c, nil
}

// addressed says what is wrong with a request's path, method or content type.
func (s *Server) addressed(w http.ResponseWriter, r *http.Request, p *protocol) *emrsim.APIError {
	if r.URL.Path != "/" && p != rpcCBOR {
		return &emrsim.APIError{Status: http.StatusNotFound, Type: "UnknownOperationException",
			Message: fmt.Sprintf("no such path: %s; the API is at POST /%s", clip(r.URL.Path), s.adminHint())}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &emrsim.APIError{Status: http.StatusMethodNotAllowed, Type: "UnknownOperationException",
			Message: fmt.Sprintf("method %s is not served; the API is at POST /%s", clip(r.Method), s.adminHint())}
	}
	if media := mediaOf(r); !slices.Contains(p.takes, media) {
		return &emrsim.APIError{Status: http.StatusUnsupportedMediaType, Type: "UnsupportedMediaTypeException",
			Message: fmt.Sprintf("content type %q is not served; %s speaks %s", clip(r.Header.Get("Content-Type")), p.service, p.takes[0])}
	}
	return nil
}

func (s *Server) adminHint() string {
	if s.opt.NoAdmin {
		return ""
	}
	return ", the simulator's own pages are listed at GET /_sim/"
}

func (s *Server) unknownOperation(p *protocol, name string) *emrsim.APIError {
	served := strings.Join(s.sim.Operations(p.service), ", ")
	op, ok := strings.CutPrefix(name, p.prefix)
	message := fmt.Sprintf("operation %q is not simulated; served are: %s", clip(op), served)
	if name == "" {
		message = fmt.Sprintf("%s is missing; it names the operation, for example %s; served are: %s", p.place, p.prefix+p.example, served)
	} else if !ok {
		message = fmt.Sprintf("X-Amz-Target %q does not begin with %q; served are: %s", clip(name), p.prefix, served)
	}
	return clientError("UnknownOperationException", message)
}

// refusedID makes the request id of an answer that the simulator did not see.
func (s *Server) refusedID() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.refused.Add(1))
}
