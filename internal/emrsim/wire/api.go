package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

// targetPrefix is what X-Amz-Target carries before the operation's name.
const targetPrefix = "ElasticMapReduce."

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
	region, op, in, refusal := s.parse(w, r, buf)
	s.sim.AdvanceTo(s.clock.Now())
	if refusal != nil {
		out := emrsim.Outcome{Err: refusal, Date: s.clock.Now(), RequestID: s.refusedID()}
		s.log.add(region, op, nil, out)
		s.answer(w, out)
		return
	}
	out := s.sim.Call(region, op, in)
	s.log.add(region, op, in, out)
	s.rouse()
	if out.Delay > 0 && !s.delay(w, r, out) || out.Drop {
		panic(http.ErrAbortHandler) // net/http's way to break a connection without an answer
	}
	s.answer(w, out)
}

// delay holds an answer back for its simulated delay; false: the client or the server gave up first.
func (s *Server) delay(w http.ResponseWriter, r *http.Request, out emrsim.Outcome) bool {
	// A delayed answer has its own deadline. The error is of no use: a writer without deadlines has nothing to extend.
	_ = http.NewResponseController(w).SetWriteDeadline(s.clock.writeDeadline(out.Delay))
	return s.clock.Wait(r.Context(), out.Date.Add(out.Delay)) == nil
}

// parse reads a request as far as the simulator: region, operation and checked input structure. buf takes the body.
func (s *Server) parse(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) (region, op string, in any, err *emrsim.APIError) {
	if err := s.addressed(w, r); err != nil {
		return "", "", nil, err
	}
	target := r.Header.Get("X-Amz-Target")
	op, ok := strings.CutPrefix(target, targetPrefix)
	if ok = ok && s.sim.Service(op) == emrsim.EMR; ok {
		in, ok = s.sim.NewInput(op)
	}
	if !ok {
		return "", clip(target), nil, s.unknownOperation(target)
	}
	region, err = regionOf(r.Header, s.opt.DefaultRegion)
	if err == nil {
		err = s.regions.admit(region)
	}
	if err != nil {
		return "", op, nil, err
	}
	if err := s.readBody(w, r, buf); err != nil {
		return region, op, nil, err
	}
	if err := decode(buf.Bytes(), in); err != nil {
		return region, op, nil, err
	}
	if err := shapes.Check(in); err != nil {
		return region, op, nil, clientError("ValidationException", err.Error())
	}
	return region, op, in, nil
}

// addressed says what is wrong with a request's path, method or content type.
func (s *Server) addressed(w http.ResponseWriter, r *http.Request) *emrsim.APIError {
	if r.URL.Path != "/" {
		return &emrsim.APIError{Status: http.StatusNotFound, Type: "UnknownOperationException",
			Message: fmt.Sprintf("no such path: %s; the API is at POST /%s", clip(r.URL.Path), s.adminHint())}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &emrsim.APIError{Status: http.StatusMethodNotAllowed, Type: "UnknownOperationException",
			Message: fmt.Sprintf("method %s is not served; the API is at POST /%s", clip(r.Method), s.adminHint())}
	}
	if contentType := r.Header.Get("Content-Type"); contentType != jsonType {
		if media, _, err := mime.ParseMediaType(contentType); err != nil || media != jsonType {
			return &emrsim.APIError{Status: http.StatusUnsupportedMediaType, Type: "UnsupportedMediaTypeException",
				Message: fmt.Sprintf("content type %q is not served; EMR speaks %s", clip(contentType), jsonType)}
		}
	}
	return nil
}

func (s *Server) adminHint() string {
	if s.opt.NoAdmin {
		return ""
	}
	return ", the simulator's own pages are listed at GET /_sim/"
}

func (s *Server) unknownOperation(target string) *emrsim.APIError {
	served := strings.Join(s.sim.Operations(emrsim.EMR), ", ")
	op, ok := strings.CutPrefix(target, targetPrefix)
	message := fmt.Sprintf("operation %q is not simulated; served are: %s", clip(op), served)
	if target == "" {
		message = "the X-Amz-Target header is missing; it names the operation, for example " + targetPrefix + "ListClusters; served are: " + served
	} else if !ok {
		message = fmt.Sprintf("X-Amz-Target %q does not begin with %q; served are: %s", clip(target), targetPrefix, served)
	}
	return clientError("UnknownOperationException", message)
}

// decode reads a request body into its input structure. An empty body is an empty structure, as AWS takes it.
func decode(body []byte, in any) *emrsim.APIError {
	if len(body) == 0 {
		return nil
	}
	err := json.Unmarshal(body, in)
	if err == nil {
		return nil
	}
	message := err.Error()
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		message = fmt.Sprintf("%s can not be converted to %s", mismatch.Value, wireType(mismatch))
		if mismatch.Field != "" {
			message += " (member " + mismatch.Field + ")"
		}
	}
	return clientError("SerializationException", message)
}

// wireType is the API's name for what a member should have been.
func wireType(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); kind {
	case "struct", "map":
		return "a structure"
	case "slice":
		return "a list"
	case "bool":
		return "a Boolean"
	case "int", "int64":
		return "an Integer"
	case "float64":
		return "a Double"
	default:
		return "a " + kind
	}
}

// refusedID makes the request id of an answer that the simulator did not see.
func (s *Server) refusedID() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.refused.Add(1))
}
