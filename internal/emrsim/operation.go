package emrsim

import (
	"fmt"
	"slices"
	"time"
)

// operation is one operation of the API. Handlers run under the Sim's mutex.
type operation struct {
	name    string
	service Service
	newIn   func() any // a fresh *shapes.XInput
	newOut  func() any // a fresh *shapes.XOutput; returns nil for an operation without output
	writes  bool       // changes something: its request ids come from the writes' own counter
	do      func(c *request, in any) (any, *APIError)
}

// Service is an AWS service of which the simulator has operations.
type Service string

// The services. No operation of one has the name of another's.
const (
	EMR        Service = "EMR"
	CloudWatch Service = "CloudWatch"
	SQS        Service = "SQS"
	EC2        Service = "EC2"
)

// ofService marks operations as a service's.
func ofService(service Service, list []operation) []operation {
	for i := range list {
		list[i].service = service
	}
	return list
}

// readOp and writeOp make an operation of a typed handler; writeOnly makes one without an output structure.
func readOp[I, O any](name string, do func(*request, *I) (*O, *APIError)) operation {
	return typed(name, false, do)
}

func writeOp[I, O any](name string, do func(*request, *I) (*O, *APIError)) operation {
	return typed(name, true, do)
}

func writeOnly[I any](name string, do func(*request, *I) *APIError) operation {
	return operation{
		name: name, writes: true,
		newIn:  func() any { return new(I) },
		newOut: func() any { return nil },
		do: func(c *request, in any) (any, *APIError) {
			typed, ok := in.(*I)
			if !ok || typed == nil {
				return nil, wrongInput(name, in)
			}
			return nil, do(c, typed)
		},
	}
}

func typed[I, O any](name string, writes bool, do func(*request, *I) (*O, *APIError)) operation {
	return operation{
		name: name, writes: writes,
		newIn:  func() any { return new(I) },
		newOut: func() any { return new(O) },
		do: func(c *request, in any) (any, *APIError) {
			typed, ok := in.(*I)
			if !ok || typed == nil {
				return nil, wrongInput(name, in)
			}
			out, err := do(c, typed)
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

func wrongInput(name string, in any) *APIError {
	return &APIError{Status: 400, Type: "SerializationException", Message: fmt.Sprintf("%s does not take a %T", name, in)}
}

// register adds operations; a name given twice is a mistake of this package.
func (s *Sim) register(ops []operation) {
	for _, o := range ops {
		if _, ok := s.ops[o.name]; ok {
			panic("emrsim: operation registered twice: " + o.name)
		}
		s.ops[o.name] = o
	}
}

// Operations returns the names of all operations the simulator knows, sorted; of the given services, or of all without any.
func (s *Sim) Operations(of ...Service) []string {
	names := make([]string, 0, len(s.ops)) // s.ops does not change after New
	for name, o := range s.ops {
		if len(of) == 0 || slices.Contains(of, o.service) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Service returns whose operation op is; empty for an unknown one.
func (s *Sim) Service(op string) Service { return s.ops[op].service }

// NewInput returns a fresh pointer to the operation's input structure, to decode a request into, and false for an unknown op.
func (s *Sim) NewInput(op string) (any, bool) {
	o, ok := s.ops[op]
	if !ok {
		return nil, false
	}
	return o.newIn(), true
}

// request is one call while it is executed: who asks for what, where.
type request struct {
	s   *Sim
	r   *region
	op  string
	id  string // request id
	who string // for the change log: "api", or the name of an outside actor

	stale time.Duration // how old the state is that a read must show, beside Unknowns.ReadLag
	delay time.Duration // how long the answer takes by what the operation itself does
	again *string       // the Marker under which the page that is asked for comes once more; nil: it is no page, or comes for the second time
}

// now is the virtual time.
func (c *request) now() time.Time { return c.s.now }

// cluster finds the cluster of an operation that says ClusterId.
func (c *request) cluster(id *string) (*cluster, *APIError) {
	if id == nil {
		return nil, missing("clusterId")
	}
	if x := c.r.clusters[*id]; x != nil {
		return x, nil
	}
	return nil, noSuchCluster(*id)
}

// jobFlow finds the cluster of an operation that says JobFlowId, whose error is another one.
func (c *request) jobFlow(id *string) (*cluster, *APIError) {
	if id == nil {
		return nil, missing("jobFlowId")
	}
	if x := c.r.clusters[*id]; x != nil {
		return x, nil
	}
	return nil, noSuchJobFlow()
}

// call executes one call under the mutex: tokens, faults, the handler, then what the faults make of its answer.
func (s *Sim) call(regionName, op string, in any) Outcome {
	r := s.region(regionName)
	o, known := s.ops[op]
	c := &request{s: s, r: r, op: op, who: "api", id: r.requestID(known && o.writes)}
	out := Outcome{RequestID: c.id, Date: s.now}
	if !known {
		out.Err = &APIError{Status: 400, Type: "UnknownOperationException", Message: "Unknown operation: " + op}
		return out
	}
	if !s.opt.Unthrottled && !r.take(o, s.now) {
		out.Err = throttled()
		return out
	}
	return s.execute(c, o, in, out)
}
