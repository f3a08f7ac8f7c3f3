package awsapi

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// Publish publishes a text to an SNS topic, once. The id is an attribute of the message with the others; a FIFO topic tells repetitions by it
// for five minutes (SNS Developer Guide, "Message deduplication for FIFO topics"). The error is an *emr.Error.
func (c *Client) Publish(ctx context.Context, topic, subject, text, id string, attributes map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in := &sns.PublishInput{
		TopicArn: aws.String(topic), Subject: optional(subject), Message: aws.String(text), MessageAttributes: map[string]snstypes.MessageAttributeValue{"id": attribute(id)},
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		in.MessageAttributes[name] = attribute(attributes[name])
	}
	if strings.HasSuffix(topic, ".fifo") {
		in.MessageGroupId, in.MessageDeduplicationId = aws.String("emrguard"), aws.String(id)
	}
	var a attempt
	if _, err := c.sns.Publish(a.observe(ctx), in); err != nil {
		return c.explain(err, a.left.Load())
	}
	return nil
}

func attribute(text string) snstypes.MessageAttributeValue {
	return snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(text)}
}

// PutEvent puts one event on an EventBridge bus, once. The detail is JSON. The error is an *emr.Error; PutEvents answers with success even if
// it did not take an entry, and says so in the entry, which is an error here.
func (c *Client) PutEvent(ctx context.Context, bus, source, detailType string, detail []byte, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var a attempt
	out, err := c.events.PutEvents(a.observe(ctx), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: aws.String(bus), Source: aws.String(source), DetailType: aws.String(detailType), Detail: aws.String(string(detail)), Time: aws.Time(at),
	}}})
	if err != nil {
		return c.explain(err, a.left.Load())
	}
	if len(out.Entries) != 1 {
		return &emr.Error{Class: emr.Unavailable, Message: emptyAnswerError{"entry"}.Error()}
	}
	e := out.Entries[0]
	if e.ErrorCode == nil && e.EventId != nil {
		return nil
	}
	r := emr.Refusal{Code: aws.ToString(e.ErrorCode), Message: aws.ToString(e.ErrorMessage), Status: 400}
	class := r.Class()
	if r.Code == "InternalFailure" || r.Code == "InternalException" || r.Code == "" {
		class = emr.Unavailable
	}
	return &emr.Error{Class: class, Code: shorten(c.secrets.hide(r.Code)), Message: shorten(c.secrets.hide(r.Message))}
}
