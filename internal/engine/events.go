package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// The wants of a scope's queue of events.
const (
	receiveKey = "events"
	deleteKey  = "events delete"
)

// The waits between two calls of ReceiveMessage. SQS itself waits for a first message (emr.MaxWait), so that they need not be long.
const (
	emptyWait  = time.Second     // after an answer that came at once and had nothing
	failedWait = 5 * time.Second // after a failure that passes by itself
	refusedFor = time.Minute     // after any other
)

// ErrMessage is the fault of a message in the queue of events that is no event. It is deleted.
var ErrMessage = errors.New("a message in the queue of events cannot be read and is deleted")

// Fate is what became of one message of a queue of events.
type Fate string

// The fates. All but Kept are deleted from the queue.
const (
	Taken     Fate = "taken"     // decided on, and what it led to saved
	Unused    Fate = "unused"    // of a kind, or of a cluster, that emrguard has nothing to do with
	Malformed Fate = "malformed" // no event
	Kept      Fate = "kept"      // what it led to could not be saved: SQS gives it again
)

// Received is one message that came from a scope's queue.
type Received struct {
	Scope string
	Fate  Fate
}

// receive has the queue asked for messages, unless that is under way. Only the owner of the scope gets here.
func (s *scope) receive(due time.Time) {
	if s.Queue == "" || s.receiving {
		return
	}
	if _, ok := s.queue.Get(receiveKey); !ok {
		s.queue.Set(budget.Want{Key: receiveKey, Call: emr.Call{Op: emr.ReceiveMessage}, Class: budget.Hint, Due: due})
	}
}

// sendReceive asks for messages. The first time since the lease was taken SQS does not wait for any, so that a single pass need not.
func (s *scope) sendReceive() {
	if s.Queue == "" {
		return
	}
	ask := &emr.QueueCall{URL: s.Queue}
	if s.heard {
		ask.Wait = emr.MaxWait
	}
	s.receiving = true
	s.e.call(s, emr.Call{Op: emr.ReceiveMessage, Queue: ask}, flight{})
}

// completeReceive decides on the messages, one after the other, and has those deleted that led to something that is saved, or to nothing.
// A process that dies before that loses none: SQS gives each of them again, and one that was decided on already is known by its id and time.
func (s *scope) completeReceive(ctx context.Context, now Now, f flight, done Completion) {
	s.receiving, s.heard = false, true
	at := s.now(now)
	if err := done.Result.Err; err != nil {
		wait := failedWait
		if !passing(*err) {
			wait = refusedFor
			s.e.fault(s, "", fmt.Errorf("%s: %w", emr.ReceiveMessage, err))
		}
		s.receive(at.Add(wait))
		return
	}
	var receipts []string
	for _, m := range done.Result.Messages {
		fate := s.message(ctx, now, m)
		s.e.out.Received = append(s.e.out.Received, Received{Scope: s.id, Fate: fate})
		if !s.held { // a save failed in a way that leaves open what is in the store
			return
		}
		if fate != Kept {
			receipts = append(receipts, m.Receipt)
		}
	}
	if len(receipts) > 0 {
		s.deletes++
		s.queue.Set(budget.Want{Key: fmt.Sprintf("%s %09d", deleteKey, s.deletes), Class: budget.Hint, Due: at,
			Call: emr.Call{Op: emr.DeleteMessageBatch, Queue: &emr.QueueCall{URL: f.call.Queue.URL, Receipts: receipts}}})
	}
	if again := s.now(done.Began).Add(emptyWait); len(done.Result.Messages) == 0 && again.After(at) {
		at = again
	}
	s.receive(at)
}

// message decides on one message.
func (s *scope) message(ctx context.Context, now Now, m emr.Message) Fate {
	e, err := emr.ParseEvent([]byte(m.Body))
	if err != nil {
		s.e.fault(s, "", fmt.Errorf("%w: message %s: %w", ErrMessage, m.ID, err))
		return Malformed
	}
	c := s.clusters[e.Cluster]
	switch {
	case e.Kind == emr.EventUnknown || c == nil:
		return Unused
	case !c.decide(ctx, now, guard.Input{Event: &e}, nil):
		return Kept
	}
	return Taken
}

// completeDelete books a deletion. What it did not delete comes again and leads to nothing.
func (s *scope) completeDelete(done Completion) {
	if err := done.Result.Err; err != nil && !passing(*err) {
		s.e.fault(s, "", fmt.Errorf("%s: %w", emr.DeleteMessageBatch, err))
	}
}
