package awsapi

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueable says what is missing in a call of SQS that must not be sent.
func queueable(op emr.Op, q *emr.QueueCall) error {
	switch {
	case q == nil || q.URL == "":
		return fmt.Errorf("%s: no queue", op)
	case op == emr.ReceiveMessage && (q.Wait < 0 || q.Wait > emr.MaxWait || q.Wait%time.Second != 0):
		return fmt.Errorf("%s: SQS cannot wait for %s", op, q.Wait)
	case op == emr.DeleteMessageBatch && (len(q.Receipts) == 0 || len(q.Receipts) > emr.MaxMessages):
		return fmt.Errorf("%s: %d messages, and SQS takes 1 to %d", op, len(q.Receipts), emr.MaxMessages)
	}
	return nil
}

// receive asks for messages. How long they stay invisible to others is the queue's own setting.
func (c *Client) receive(ctx context.Context, q *emr.QueueCall) (emr.Result, error) {
	out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(q.URL), MaxNumberOfMessages: emr.MaxMessages, WaitTimeSeconds: int32(q.Wait / time.Second),
	})
	if err != nil {
		return emr.Result{}, err
	}
	return emr.Result{Messages: each(out.Messages, func(m types.Message) emr.Message {
		return emr.Message{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body)}
	})}, nil
}

// remove deletes messages. The first that SQS does not delete is the error.
func (c *Client) remove(ctx context.Context, q *emr.QueueCall) (emr.Result, error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(q.URL)}
	for i, receipt := range q.Receipts {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(receipt)})
	}
	out, err := c.sqs.DeleteMessageBatch(ctx, in)
	if err != nil {
		return emr.Result{}, err
	}
	if len(out.Failed) == 0 {
		return emr.Result{}, nil
	}
	f, class := out.Failed[0], emr.Unavailable
	if f.SenderFault {
		class = emr.Invalid
	}
	text := shorten(c.secrets.hide(aws.ToString(f.Message)))
	return emr.Result{Err: &emr.Error{Class: class, Code: shorten(c.secrets.hide(aws.ToString(f.Code))), Message: text}}, nil
}

// nobodysReceipt is a receipt of no message: SQS says so, if the caller may delete at all.
const nobodysReceipt = "emrguard-permission-probe"

// ProbeQueue finds out whether the credentials may receive and delete the messages of a queue; err is what SQS said. It takes nothing
// away: a message that it receives is hidden from others for a second, the least that the SDK can ask for, and what it deletes is nobody's.
// A queue that does not exist is emr.NotFound, and not Refused.
func (c *Client) ProbeQueue(ctx context.Context, op emr.Op, queue string) (Access, *emr.Error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var a attempt
	var err error
	if op == emr.DeleteMessageBatch {
		_, err = c.sqs.DeleteMessageBatch(a.observe(ctx), &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(queue), Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("0"), ReceiptHandle: aws.String(nobodysReceipt)}}})
	} else {
		_, err = c.sqs.ReceiveMessage(a.observe(ctx), &sqs.ReceiveMessageInput{QueueUrl: aws.String(queue), MaxNumberOfMessages: 1, VisibilityTimeout: 1}) // 0 is left out by the SDK, and the queue's own holds
	}
	if err != nil {
		return access(c.explain(err, a.left.Load()))
	}
	return access(nil)
}
