package notify

import (
	"context"
	"time"

	"emrguard/internal/store"
)

// Pending is what `emrguard notify pending` shows.
type Pending struct {
	Now   time.Time     `json:"now" doc:"the time all ages refer to"`
	Since time.Time     `json:"since,omitzero" doc:"when the notifications were last saved; absent if they never were"`
	Sinks []SinkPending `json:"sinks" doc:"by name: those of the configuration, and those that messages wait for"`
}

// SinkPending is what waits for one sink.
type SinkPending struct {
	Sink     string    `json:"sink" doc:"name of the sink"`
	Unknown  bool      `json:"unknown,omitempty" doc:"true: the configuration has no such sink; its messages wait until they are too old"`
	Open     int       `json:"open" doc:"events that wait for others of their kind, and are in no message yet"`
	Dropped  int       `json:"dropped" doc:"messages that were dropped, which the next message tells"`
	Failures int       `json:"failures" doc:"failed attempts in a row"`
	Error    string    `json:"last_error,omitempty" doc:"why the last attempt failed"`
	Until    time.Time `json:"until,omitzero" doc:"nothing is sent to the sink before"`
	Messages []Held    `json:"messages" doc:"messages that wait, oldest first"`
}

// Held is a message that waits.
type Held struct {
	ID       string    `json:"id" doc:"of the message"`
	Created  time.Time `json:"created" doc:"when it was made"`
	Severity Severity  `json:"severity" doc:"info, warning or critical"`
	Title    string    `json:"title" doc:"the message in one line"`
	Tries    int       `json:"tries" doc:"attempts so far"`
	Next     time.Time `json:"next,omitzero" doc:"no attempt before"`
	Error    string    `json:"error,omitempty" doc:"why the last attempt failed"`
}

// ReadPending reads what waits from a store, whether or not a process sends.
func ReadPending(ctx context.Context, s store.Store, settings Settings, now time.Time) (Pending, error) {
	out := Pending{Now: now.UTC(), Sinks: []SinkPending{}}
	kept, _, err := load(ctx, s, time.Time{})
	if err != nil {
		return out, err
	}
	out.Since = kept.saved
	known := map[string]bool{}
	for i := range settings.Sinks {
		known[settings.Sinks[i].Name] = true
		kept.box(settings.Sinks[i].Name)
	}
	for _, name := range kept.names() {
		b := kept.boxes[name]
		p := SinkPending{Sink: name, Unknown: !known[name], Dropped: b.Dropped, Failures: b.Failures, Error: b.Error, Until: b.Until, Messages: []Held{}}
		for _, g := range b.Groups {
			p.Open += g.Total
		}
		for _, e := range b.Entries {
			e.Message.compose()
			p.Messages = append(p.Messages, Held{ID: e.Message.ID, Created: e.Message.Created, Severity: e.Message.Severity, Title: e.Message.Title, Tries: e.Tries, Next: e.Next, Error: e.Error})
		}
		if !p.Unknown || p.Open+p.Dropped+len(p.Messages) > 0 {
			out.Sinks = append(out.Sinks, p)
		}
	}
	return out, nil
}
