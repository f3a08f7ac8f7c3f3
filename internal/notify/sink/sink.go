// Package sink sends notifications: to Slack and other chats, to any HTTP receiver, by email, and through SNS and EventBridge.
//
// A sink makes one attempt a call and says whether another is of use; when that is made is the Notifier's to say. Secrets are read when a
// sink is made, from files or the environment, and no error or text that leaves the package holds one.
package sink

import (
	"context"
	"errors"
	"fmt"

	"emrguard/internal/notify"
)

// Options are what sinks take from the process they run in.
type Options struct {
	// Path makes a path of the configuration one of the process; nil leaves it.
	Path func(path string) string
	// Env looks up an environment variable; an unset one is empty.
	Env func(name string) string
	// AWS returns a client for a region. It is needed for SNS and EventBridge only.
	AWS func(ctx context.Context, o AWSOptions) (AWS, error)
	// Version is emrguard's own, for the User-Agent.
	Version string
}

// Sink is one place that messages go to.
type Sink interface {
	notify.Sender
	// Where says where messages go, without a secret.
	Where() string
	// Reach finds out as much as can be found out without sending anything, and says in a few words what that was.
	Reach(ctx context.Context) (found string, err error)
}

// New makes the sink of a valid configuration. It reads its secrets and connects to nothing.
func New(ctx context.Context, c notify.Sink, o Options) (Sink, error) {
	if o.Path == nil {
		o.Path = func(path string) string { return path }
	}
	s, err := o.make(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", c.Name, err)
	}
	return s, nil
}

func (o Options) make(ctx context.Context, c notify.Sink) (Sink, error) {
	switch {
	case c.Slack != nil:
		return o.slack(c.Slack)
	case c.Webhook != nil:
		return o.webhook(c.Webhook)
	case c.SMTP != nil:
		return o.smtp(c.SMTP)
	case c.SNS != nil:
		return o.sns(ctx, c.SNS)
	case c.EventBridge != nil:
		return o.eventBridge(ctx, c.EventBridge)
	}
	return nil, errors.New("nothing says where it goes")
}
