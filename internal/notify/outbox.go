package notify

import (
	"slices"
	"time"
)

// maxEntries bounds the messages that wait for a sink; beyond, the oldest is dropped.
const maxEntries = 100

// box is what is kept of one sink: its open groups and its outbox. It is one document of the store.
type box struct {
	Schema   int       `json:"schema"`
	Sink     string    `json:"sink"`
	Groups   []group   `json:"groups,omitempty"`
	Entries  []entry   `json:"entries,omitempty"`    // in the order they were made
	Failures int       `json:"failures,omitempty"`   // in a row
	Until    time.Time `json:"until,omitzero"`       // nothing is sent before
	Dropped  int       `json:"dropped,omitempty"`    // messages, not told yet
	Error    string    `json:"last_error,omitempty"` // of the last failure, empty after a success

	sending string // id of the message that is on its way; not kept
}

// entry is a message that was not delivered yet.
type entry struct {
	Message Message   `json:"message"`
	Tries   int       `json:"tries,omitempty"` // begun, with or without an answer
	Next    time.Time `json:"next,omitzero"`   // not tried before
	Error   string    `json:"error,omitempty"` // of the last try
}

// put adds a message, which tells of what was dropped before, and drops the oldest beyond maxEntries.
func (b *box) put(m Message) (dropped int) {
	b.Dropped = 0
	b.Entries = append(b.Entries, entry{Message: m})
	for len(b.Entries) > maxEntries {
		i := slices.IndexFunc(b.Entries, func(e entry) bool { return e.Message.ID != b.sending })
		if i < 0 {
			break // all are the one on its way: somebody else wrote the document
		}
		dropped++
		b.drop(i)
	}
	return dropped
}

// drop forgets a message that was never delivered. What it would have told of others is told by the next.
func (b *box) drop(i int) {
	b.Dropped += 1 + b.Entries[i].Message.Missed
	b.Entries = slices.Delete(b.Entries, i, i+1)
}

// expire drops what is older than the settings allow, but for the message that is on its way, and says what went.
func (b *box) expire(now time.Time, after time.Duration) (gone []entry) {
	for i := 0; i < len(b.Entries); {
		e := b.Entries[i]
		if e.Message.ID == b.sending || now.Sub(e.Message.Created) < after {
			i++
			continue
		}
		gone = append(gone, e)
		b.drop(i)
	}
	return gone
}

// due returns the message to try now, and its index; -1 without one. Of several that are due it is the one tried least, so that one that
// the sink refuses does not keep the others back.
func (b *box) due(now time.Time) int {
	if b.sending != "" || waits(b.Until, now) {
		return -1
	}
	best := -1
	for i, e := range b.Entries {
		if waits(e.Next, now) {
			continue
		}
		if best < 0 || e.Tries < b.Entries[best].Tries {
			best = i
		}
	}
	return best
}

// waits says whether a time is still to come. One that is further ahead than any wait is long past: the clock was set back.
func waits(t, now time.Time) bool { return t.After(now) && t.Sub(now) <= longestWait }

// nextTry is when due has something; zero if nothing waits, or one is on its way.
func (b *box) nextTry() time.Time {
	var first time.Time
	if b.sending != "" {
		return first
	}
	for _, e := range b.Entries {
		at := e.Next
		if at.IsZero() {
			at = e.Message.Created
		}
		if b.Until.After(at) {
			at = b.Until
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// index finds a message by its id; -1 if it is gone.
func (b *box) index(id string) int {
	return slices.IndexFunc(b.Entries, func(e entry) bool { return e.Message.ID == id })
}

// begin notes a try. Whoever finds the message after a crash waits until this one cannot be under way any more.
func (b *box) begin(i int, now time.Time) Message {
	e := &b.Entries[i]
	e.Tries++
	e.Next = now.Add(sendTimeout + sendTimeout/2)
	b.sending = e.Message.ID
	m := e.Message
	m.compose()
	return m
}

// unbegin takes a try back that was never sent.
func (b *box) unbegin() {
	if i := b.index(b.sending); i >= 0 {
		b.Entries[i].Tries--
		b.Entries[i].Next = time.Time{}
	}
	b.sending = ""
}

// sent takes a message out that was delivered.
func (b *box) sent(id string) {
	b.sending = ""
	b.Failures, b.Until, b.Error = 0, time.Time{}, ""
	if i := b.index(id); i >= 0 {
		b.Entries = slices.Delete(b.Entries, i, i+1)
	}
}

// failed notes a failure and when to try again: a refused message waits by itself, a sink that cannot be reached waits as a whole.
func (b *box) failed(id string, err error, now time.Time, chance float64) (wait time.Duration) {
	b.sending = ""
	text := shorten(err.Error(), maxReason)
	i := b.index(id)
	if i >= 0 {
		b.Entries[i].Error, b.Entries[i].Next = text, now
	}
	b.Error = text
	if Refused(err) {
		wait = jitter(refusedWait, chance)
		if i >= 0 {
			b.Entries[i].Next = now.Add(wait)
		}
		return wait
	}
	b.Failures++
	wait = max(backoff(b.Failures, chance), min(retryAfter(err), longestWait))
	b.Until = now.Add(wait)
	return wait
}

// hurry lets everything be tried now: the configuration was mended.
func (b *box) hurry() {
	b.Failures, b.Until = 0, time.Time{}
	for i := range b.Entries {
		b.Entries[i].Next = time.Time{}
	}
}
