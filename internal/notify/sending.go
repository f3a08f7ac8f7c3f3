package notify

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Sender sends a message to one sink, once. An error that is no SendError is passing. It honours its context, is called by one goroutine at a
// time, and its errors hold no secret.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// courier takes messages to sinks, one at a time to each, in goroutines of its own. It keeps nothing: what it has under way is in the outboxes as
// begun. Its fields belong to the Notifier's goroutine.
type courier struct {
	senders map[string]Sender // by the name of the sink
	under   map[string]string // ids of the messages that are under way, by sink
	done    chan result
	workers sync.WaitGroup
}

// result is the answer to one send.
type result struct {
	sink, id string
	err      error
	took     time.Duration
}

func newCourier(senders map[string]Sender) *courier {
	return &courier{senders: senders, under: map[string]string{}, done: make(chan result)}
}

// reaches says whether there is a way to a sink.
func (c *courier) reaches(sink string) bool { return c.senders[sink] != nil }

// busy says whether a message is under way.
func (c *courier) busy() bool { return len(c.under) > 0 }

// carry begins to send a message to a sink that it reaches. Its answer comes from done, unless ctx ends before.
func (c *courier) carry(ctx context.Context, sink string, m Message) {
	sender := c.senders[sink]
	c.under[sink] = m.ID
	c.workers.Go(func() {
		limited, cancel := context.WithTimeout(ctx, sendTimeout)
		defer cancel()
		start := time.Now()
		err := attempt(limited, sender, m)
		select {
		case c.done <- result{sink, m.ID, err, time.Since(start)}:
		case <-ctx.Done():
		}
	})
}

// attempt sends a message once; a sender that breaks down has failed.
func attempt(ctx context.Context, s Sender, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the sink broke down: %v\n%s", p, debug.Stack())
		}
	}()
	return s.Send(ctx, m)
}

// send saves what happened and begins a try for each sink that has something due. Nothing is sent that is not saved as begun; if it cannot be
// saved, send says so.
func (n *Notifier) send(ctx context.Context, now time.Time) bool {
	var begun []*boxed
	var messages []Message
	for _, name := range n.state.names() {
		b := n.state.boxes[name]
		if !n.courier.reaches(name) {
			continue
		}
		if i := b.due(now); i >= 0 {
			messages = append(messages, b.begin(i, now))
			begun = append(begun, b)
			b.dirty = true
		}
	}
	if !n.save(ctx, now) {
		for _, b := range begun {
			b.unbegin()
		}
		return false
	}
	for i, m := range messages {
		n.courier.carry(ctx, begun[i].Sink, m)
	}
	return true
}

// answer notes what became of a send. A state that was lost meanwhile is found in the store again, where the message waits.
func (n *Notifier) answer(r result) {
	out := Outcome{Sink: r.sink, Message: r.id, Result: Sent, Err: r.err, Took: r.took}
	var b *boxed
	if n.state != nil {
		b = n.state.boxes[r.sink]
	}
	if r.err != nil {
		out.Result = Failed
		if Refused(r.err) {
			out.Result = Denied
		}
	}
	if b != nil {
		b.dirty = true
		if r.err == nil {
			b.sent(r.id)
		} else {
			out.Wait = b.failed(r.id, r.err, time.Now(), n.o.Chance())
		}
	}
	n.o.Watch.Notified(out)
}

// untried says whether there is a message that was not tried yet and that nothing keeps back.
func (n *Notifier) untried() bool {
	now := time.Now()
	for _, b := range n.state.boxes {
		if n.courier.reaches(b.Sink) && !waits(b.Until, now) && slices.ContainsFunc(b.Entries, func(e entry) bool { return e.Tries == 0 }) {
			return true
		}
	}
	return false
}
