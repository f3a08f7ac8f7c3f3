package emrsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// Effect is what a Fault does to a call.
type Effect string

// The effects. Those with an argument are written effect=argument.
const (
	Throttle    Effect = "throttle"     // ThrottlingException; nothing happens
	Fail        Effect = "error"        // =Type or =Type/status: this error; nothing happens
	FailAfter   Effect = "error-after"  // =Type or =Type/status: this error, although the call took effect
	Refuse      Effect = "refuse"       // the connection breaks before the call takes effect
	LoseAnswer  Effect = "lose-answer"  // the connection breaks after the call took effect
	Hang        Effect = "hang"         // the call takes effect at once; the connection breaks only after 10 minutes
	Late        Effect = "late"         // =duration: the connection breaks, and the call takes effect that much later
	Delay       Effect = "delay"        // =duration: the answer takes that long
	Empty       Effect = "empty"        // HTTP 200 with an empty body, although the call took effect
	Ignore      Effect = "ignore"       // HTTP 200, and nothing happens; only for operations without output
	Stale       Effect = "stale"        // =duration: ListInstanceGroups and ListInstances show the state of that long ago (at most 30 m); metrics as known then
	Low         Effect = "low"          // =n: ListInstanceGroups shows running counts n too low, but not below 0
	Resizing    Effect = "resizing"     // ListInstanceGroups shows every group that is RUNNING as RESIZING
	LoseGroups  Effect = "lose-groups"  // =n: ListInstanceGroups leaves the last n groups of a page out
	LosePages   Effect = "lose-pages"   // lists, and GetMetricData, end after their first page
	RepeatPages Effect = "repeat-pages" // each page of EMR's lists comes twice: its Marker leads to the same page, as that is by then
	FailSeries  Effect = "fail-series"  // =n: GetMetricData says of the last n series of a page that it could not read them: InternalError
)

// Effects lists every effect.
var Effects = []Effect{Throttle, Fail, FailAfter, Refuse, LoseAnswer, Hang, Late, Delay, Empty, Ignore, Stale, Low, Resizing, LoseGroups, LosePages, RepeatPages, FailSeries}

// hangs is how long a Hang keeps its caller waiting.
const hangs = 10 * time.Minute

// Fault is one thing that goes wrong with calls, as ParseFault reads it.
type Fault struct {
	Op      string        // the operation, or "*" for every one
	Cluster string        // only calls that name this cluster, by id or name; empty: any
	Group   string        // only calls that name this group, by id or name; empty: any
	First   int           // only from this matching call on, counted from 1; 0: from the first
	Last    int           // and only to this one; 0: to the last
	Rate    float64       // only this share of the matching calls, drawn by lot; 0: all
	From    time.Duration // only from this time since Options.Start on
	Until   time.Duration // and before this one; 0: for ever
	Effect  Effect
	Error   string        // of Fail and FailAfter
	Status  int           // HTTP status of Error
	Time    time.Duration // of Late, Delay and Stale
	Count   int           // of Low, LoseGroups and FailSeries
}

// faults are the faults of a Sim, in the order they were added.
type faults struct {
	list []*fault
	next int
}

type fault struct {
	Fault
	id, seen, hits int
	rng            *rand.Rand // of its own, so that one fault's calls don't change what befalls another's
}

// FaultStatus is an added fault with what it did so far.
type FaultStatus struct {
	ID   int    `json:"id"`
	Line string `json:"line"` // as ParseFault reads it
	Seen int    `json:"seen"` // matching calls
	Hits int    `json:"hits"` // calls it did something to
}

// AddFault puts a fault in force and returns its id.
func (s *Sim) AddFault(f Fault) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addFault(f)
}

func (s *Sim) addFault(f Fault) int {
	s.faults.next++
	s.faults.list = append(s.faults.list, &fault{Fault: f, id: s.faults.next, rng: stream(s.opt.Seed, "fault", strconv.Itoa(s.faults.next))})
	return s.faults.next
}

// RemoveFault takes a fault out of force and says whether it was in.
func (s *Sim) RemoveFault(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.faults.list)
	s.faults.list = slices.DeleteFunc(s.faults.list, func(f *fault) bool { return f.id == id })
	return len(s.faults.list) < before
}

// Faults lists the faults in force, the oldest first.
func (s *Sim) Faults() []FaultStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FaultStatus, 0, len(s.faults.list))
	for _, f := range s.faults.list {
		out = append(out, FaultStatus{f.id, f.String(), f.seen, f.hits})
	}
	return out
}

// hit lists the faults that befall a call.
func (s *Sim) hit(c *request, in any) []*fault {
	var out []*fault
	for _, f := range s.faults.list {
		since := s.now.Sub(s.opt.Start)
		if f.Op != "*" && f.Op != c.op || since < f.From || f.Until > 0 && since >= f.Until || !c.names(in, f.Cluster, f.Group) {
			continue
		}
		f.seen++
		if f.seen < f.First || f.Last > 0 && f.seen > f.Last || f.Rate > 0 && f.rng.Float64() >= f.Rate {
			continue
		}
		f.hits++
		out = append(out, f)
	}
	return out
}

// execute runs the handler and what the faults make of it.
func (s *Sim) execute(c *request, o operation, in any, out Outcome) Outcome {
	hit := s.hit(c, in)
	for _, f := range hit {
		switch f.Effect {
		case Throttle:
			out.Err = throttled()
		case Fail:
			out.Err = f.apiError()
		case Refuse:
			out.Drop = true
		case Late:
			out.Drop = true
			s.after(f.Time, func() { _, _ = o.do(c, in) })
		case Stale:
			c.stale = max(c.stale, f.Time)
		case Delay:
			out.Delay = max(out.Delay, f.Time)
		case Ignore:
			if o.newOut() == nil {
				return out
			}
		}
		if out.Err != nil || out.Drop {
			return out
		}
	}
	out.Out, out.Err = o.do(c, in)
	out.Delay = max(out.Delay, c.delay)
	for _, f := range hit {
		f.after(c, &out)
	}
	return out
}

// after is what a fault makes of an answer.
func (f *fault) after(c *request, out *Outcome) {
	switch f.Effect {
	case FailAfter:
		out.Out, out.Err = nil, f.apiError()
	case LoseAnswer:
		out.Drop = true
	case Hang:
		out.Drop, out.Delay = true, hangs
	case Empty:
		out.Empty = out.Err == nil
	case RepeatPages:
		if out.Err == nil && c.again != nil {
			setMarker(out.Out, c.again)
		}
	case Low, Resizing, LoseGroups, LosePages, FailSeries:
		if out.Err == nil {
			f.spoil(out.Out)
		}
	}
}

func (f *fault) apiError() *APIError {
	return &APIError{Status: f.Status, Type: f.Error, Message: fmt.Sprintf("simulated fault %d", f.id)}
}
