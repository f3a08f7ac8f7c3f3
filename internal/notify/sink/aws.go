package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/notify"
)

// AWS sends to SNS and EventBridge in one region, once a call. Its errors are of type *emr.Error where AWS was asked, and hold no secret.
type AWS interface {
	// Publish publishes to a topic. The id is an attribute of the message with the others, and what a FIFO topic tells repetitions by.
	Publish(ctx context.Context, topic, subject, text, id string, attributes map[string]string) error
	// PutEvent puts one event on a bus. An entry that EventBridge did not take is an error.
	PutEvent(ctx context.Context, bus, source, detailType string, detail []byte, at time.Time) error
}

// AWSOptions say which client is wanted.
type AWSOptions struct {
	Region, RoleARN, ExternalID, Endpoint string
}

// untried is said of what AWS gives no way to try.
const untried = "the permission cannot be tried without sending"

// Source is the source of emrguard's events on a bus.
const Source = "emrguard"

// aws makes the client of a sink.
func (o Options) aws(ctx context.Context, arn, role, externalID, endpoint string) (AWS, error) {
	if o.AWS == nil {
		return nil, errors.New("no AWS client")
	}
	return o.AWS(ctx, AWSOptions{Region: notify.Region(arn), RoleARN: role, ExternalID: externalID, Endpoint: endpoint})
}

// judge says whether an error of AWS is for good.
func judge(err error) error {
	if err == nil {
		return nil
	}
	out := &notify.SendError{Err: err}
	if e, ok := errors.AsType[*emr.Error](err); ok {
		out.Permanent = e.Class == emr.Denied || e.Class == emr.Invalid || e.Class == emr.NotFound
	}
	return out
}

// topic publishes to SNS.
type topic struct {
	client AWS
	arn    string
}

func (o Options) sns(ctx context.Context, c *notify.SNS) (Sink, error) {
	client, err := o.aws(ctx, c.TopicARN, c.RoleARN, c.ExternalID, c.Endpoint)
	if err != nil {
		return nil, err
	}
	return &topic{client, c.TopicARN}, nil
}

// Where implements Sink.
func (t *topic) Where() string { return "SNS topic " + t.arn }

// Reach implements Sink. SNS has no dry run.
func (t *topic) Reach(context.Context) (string, error) { return untried, nil }

// Send implements notify.Sender. The attributes are those that a subscription's filter policy may look at.
func (t *topic) Send(ctx context.Context, m notify.Message) error {
	attributes := map[string]string{"severity": string(m.Severity), "topic": m.Topic}
	if m.Scope != "" {
		attributes["scope"] = m.Scope
	}
	return judge(t.client.Publish(ctx, t.arn, subject(m.Title), m.Text, m.ID, attributes))
}

// maxSubject is the length of a subject (SNS API reference, Publish: ASCII, begins with a letter, number or punctuation mark, no line
// breaks or control characters, less than 100 characters).
const maxSubject = 99

// subject is a title as SNS takes it.
func subject(title string) string {
	out := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, title)
	return out[:min(len(out), maxSubject)]
}

// bus puts events on EventBridge.
type bus struct {
	client AWS
	arn    string
}

func (o Options) eventBridge(ctx context.Context, c *notify.EventBridge) (Sink, error) {
	client, err := o.aws(ctx, c.BusARN, c.RoleARN, c.ExternalID, c.Endpoint)
	if err != nil {
		return nil, err
	}
	return &bus{client, c.BusARN}, nil
}

// Where implements Sink.
func (b *bus) Where() string { return "EventBridge bus " + b.arn }

// Reach implements Sink. EventBridge has no dry run.
func (b *bus) Reach(context.Context) (string, error) { return untried, nil }

// Send implements notify.Sender. The detail is the message as a webhook gets it; the detail type says the topic.
func (b *bus) Send(ctx context.Context, m notify.Message) error {
	detail, err := json.Marshal(m)
	if err != nil {
		return &notify.SendError{Permanent: true, Err: err}
	}
	return judge(b.client.PutEvent(ctx, b.arn, Source, fmt.Sprintf("emrguard %s", m.Topic), detail, m.Created))
}
