package emrsim

import (
	"fmt"
	"sync"
	"time"
)

// Sim is one simulated AWS account: EMR in every region of it, and the EC2 capacity below. Make it with New.
// All methods are safe for concurrent use; one mutex guards the whole world and nothing slow happens under it.
type Sim struct {
	mu      sync.Mutex
	opt     Options
	now     time.Time
	queue   queue
	regions map[string]*region
	names   []string // of regions, in the order of their first use
	ops     map[string]operation
	faults  faults
	spared  bool // Spot lives do not end by themselves any more

	observer Observer // nil without
}

// New returns a simulator whose clock stands at o.Start. Zero fields of o get their defaults.
func New(o Options) *Sim {
	o = o.withDefaults()
	s := &Sim{opt: o, now: o.Start, regions: map[string]*region{}, ops: map[string]operation{}}
	s.register(ofService(EMR, clusterOperations()))
	s.register(ofService(EMR, groupOperations()))
	s.register(ofService(EMR, adminOperations()))
	s.register(cloudWatchOperations())
	s.register(sqsOperations())
	s.register(ec2Operations())
	return s
}

// Now returns the virtual time.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// AdvanceTo processes every queued event up to and including t, in the order of (time, sequence), and leaves the clock at t.
// A t before Now changes nothing: time never goes back.
func (s *Sim) AdvanceTo(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drain(t)
	if t.After(s.now) {
		s.now = t
	}
}

// NextEvent returns the time of the earliest queued event, so that a driver can jump to it, and false when nothing is queued.
// It is always after Now: every method leaves nothing undone that is due.
func (s *Sim) NextEvent() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue.events) == 0 {
		return time.Time{}, false
	}
	return s.queue.events[0].at, true
}

// APIError is an error answer of the API.
type APIError struct {
	Status  int    // HTTP status; 0: there was no answer at all (only from Do)
	Type    string // the exception's name, for example ValidationException
	Code    string // ErrorCode member of the body, for example NoSuchCluster; may be empty
	Message string
}

// Error implements error.
func (e *APIError) Error() string {
	if e.Code != "" {
		return fmt.Sprintf("%s (%s): %s", e.Type, e.Code, e.Message)
	}
	return e.Type + ": " + e.Message
}

// Outcome is everything a caller can observe of one call.
type Outcome struct {
	Out       any           // *shapes.XOutput; nil for an operation without output, and on an error
	Err       *APIError     // nil: HTTP 200
	RequestID string        // for the x-amzn-requestid header; a change in Snapshot's log carries the same
	Date      time.Time     // EMR's time when it answered, for the Date header
	Delay     time.Duration // virtual time until the answer (or the loss of it) reaches the caller; the effect does not wait for it
	Drop      bool          // no answer: the connection breaks after Delay; Out and Err must not be shown
	Empty     bool          // HTTP 200 with an empty body
}

// Call executes one API call at the virtual time of now: op is the operation's name as in X-Amz-Target without its prefix, in a
// pointer to its input structure (shapes.XInput). The caller must not change in afterwards, nor anything in Outcome.Out.
// Tokens are taken from the region's buckets unless Options.Unthrottled is set. An unknown op is an UnknownOperationException.
func (s *Sim) Call(region, op string, in any) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.call(region, op, in)
	s.drain(s.now)
	return o
}

// Do is Call for callers in the same process: a dropped answer is an APIError with status 0 and type NoAnswer, an empty body a
// fresh output structure, and a delay is not waited for.
func (s *Sim) Do(region, op string, in any) (any, *APIError) {
	o := s.Call(region, op, in)
	switch {
	case o.Drop:
		return nil, &APIError{Type: "NoAnswer", Message: "the connection broke before the answer"}
	case o.Err != nil:
		return nil, o.Err
	case o.Empty:
		return s.ops[op].newOut(), nil
	}
	return o.Out, nil
}
