package wire

import (
	"reflect"
	"sync"
	"time"

	"emrguard/internal/emrsim"
)

// logSize is how many requests GET /_sim/log remembers.
const logSize = 1000

// Request is one line of GET /_sim/log: an API request and what was answered.
type Request struct {
	Seq       uint64    `json:"seq"`     // counts from 1
	Time      time.Time `json:"time"`    // simulated
	Region    string    `json:"region"`  // empty: refused before it was known
	Op        string    `json:"op"`      // the operation, or the X-Amz-Target that names none
	Cluster   string    `json:"cluster"` // ClusterId, JobFlowId or ResourceId of the request, if it has one
	RequestID string    `json:"request_id"`
	Status    int       `json:"status"` // HTTP status; 0: the connection was broken without an answer
	Error     string    `json:"error,omitempty"`
	Delay     string    `json:"delay,omitempty"` // simulated, of an injected fault
}

// requestLog is a ring of the last requests. Safe for concurrent use; the zero value is ready.
type requestLog struct {
	mu   sync.Mutex
	seq  uint64
	ring [logSize]entry
}

// entry is a Request before it is made readable, so that the hot path only copies pointers.
type entry struct {
	region, op string
	cluster    *string
	out        emrsim.Outcome
}

func (l *requestLog) add(region, op string, in any, out emrsim.Outcome) {
	e := entry{region: region, op: op, cluster: clusterOf(in), out: out}
	e.out.Out = nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.seq%logSize] = e
	l.seq++
}

// after returns the remembered requests with a sequence number over seq, oldest first.
func (l *requestLog) after(seq uint64) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seq > logSize {
		seq = max(seq, l.seq-logSize)
	}
	list := []Request{}
	for ; seq < l.seq; seq++ {
		list = append(list, l.ring[seq%logSize].readable(seq+1))
	}
	return list
}

func (e *entry) readable(seq uint64) Request {
	r := Request{Seq: seq, Time: e.out.Date, Region: e.region, Op: e.op, RequestID: e.out.RequestID, Status: 200}
	if e.cluster != nil {
		r.Cluster = *e.cluster
	}
	if e.out.Err != nil {
		r.Status, r.Error = e.out.Err.Status, e.out.Err.Error()
	}
	if e.out.Drop {
		r.Status = 0
	}
	if e.out.Delay > 0 {
		r.Delay = e.out.Delay.String()
	}
	return r
}

// clusterOf finds the cluster that an input structure names.
func clusterOf(in any) *string {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Pointer {
		return nil
	}
	for _, name := range [...]string{"ClusterId", "JobFlowId", "ResourceId"} {
		if f := v.Elem().FieldByName(name); f.IsValid() && !f.IsNil() {
			id, _ := f.Interface().(*string)
			return id
		}
	}
	return nil
}
