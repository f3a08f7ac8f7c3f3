package emrsim

import (
	"crypto/md5" //nolint:gosec // what SQS sends along with a body, so that clients see it is whole
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// sqsOperations are the operations of SQS on the queue of events.
func sqsOperations() []operation {
	return ofService(SQS, []operation{
		readOp("ReceiveMessage", (*request).receiveMessage),
		writeOnly("DeleteMessage", (*request).deleteMessage),
		writeOp("DeleteMessageBatch", (*request).deleteMessageBatch),
	})
}

// The settings of the queue, SQS's defaults, and the limits of its calls (SQS API reference).
const (
	visibility   = 30 * time.Second
	retention    = 4 * 24 * time.Hour
	maxReceived  = 10
	maxSeconds   = 20    // of WaitTimeSeconds
	maxInvisible = 43200 // seconds
)

// mailbox is a standard queue: a message that was received is invisible for a while and then comes again, until it is deleted.
type mailbox struct {
	messages []*message // in the order in which they came
	came     uint64
}

type message struct {
	id       string
	body     string
	came     time.Time
	visible  time.Time // from then on
	receives int
}

// next counts the messages that come.
func (b *mailbox) next() uint64 {
	b.came++
	return b.came
}

func (b *mailbox) put(now time.Time, id, body string) {
	b.expire(now)
	b.messages = append(b.messages, &message{id: id, body: body, came: now, visible: now})
}

// expire deletes what is older than the queue keeps.
func (b *mailbox) expire(now time.Time) {
	n := 0
	for n < len(b.messages) && now.Sub(b.messages[n].came) >= retention {
		n++
	}
	b.messages = slices.Delete(b.messages, 0, n)
}

// receipt is the handle of the last time a message was received.
func (m *message) receipt() string { return m.id + "#" + strconv.Itoa(m.receives) }

// remove deletes the message of a receipt. That of an earlier time is taken and deletes nothing, which SQS leaves open.
func (b *mailbox) remove(receipt string) *APIError {
	if _, _, ok := strings.Cut(receipt, "#"); !ok {
		return &APIError{Status: 400, Type: "ReceiptHandleIsInvalid", Message: fmt.Sprintf("The input receipt handle %q is not a valid receipt handle.", receipt)}
	}
	b.messages = slices.DeleteFunc(b.messages, func(m *message) bool { return m.receives > 0 && m.receipt() == receipt })
	return nil
}

// Waiting says whether the queue of events of a region has a message to give, or there is no queue that could ever have one.
func (s *Sim) Waiting(region string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.regions[region]
	return !s.opt.Events.On || r != nil && slices.ContainsFunc(r.bus.box.messages, func(m *message) bool { return !m.visible.After(s.now) })
}

// QueueURL is the address of a region's queue of events, as its messages are asked for; an endpoint other than AWS's may stand in front
// of its path.
func (s *Sim) QueueURL(endpoint string) string {
	return strings.TrimSuffix(endpoint, "/") + "/" + s.opt.Account + "/" + QueueName
}

// mailbox finds the queue that a call names: there is one.
func (c *request) mailbox(queue *string) (*mailbox, *APIError) {
	u, err := url.Parse(value(queue))
	if queue == nil || err != nil || path.Base(u.Path) != QueueName || !c.s.opt.Events.On {
		return nil, &APIError{Status: 400, Type: "QueueDoesNotExist", Message: "The specified queue does not exist."}
	}
	c.r.bus.box.expire(c.now())
	return &c.r.bus.box, nil
}

// receiveMessage gives what is visible. An empty answer comes only after the time that the caller waits for one.
func (c *request) receiveMessage(in *shapes.ReceiveMessageInput) (*shapes.ReceiveMessageOutput, *APIError) {
	box, apiErr := c.mailbox(in.QueueUrl)
	if apiErr != nil {
		return nil, apiErr
	}
	most, invisible, wait := 1, int(visibility/time.Second), 0
	for _, p := range []struct {
		name      string
		given     *int
		into      *int
		low, high int
	}{
		{"MaxNumberOfMessages", in.MaxNumberOfMessages, &most, 1, maxReceived}, {"VisibilityTimeout", in.VisibilityTimeout, &invisible, 0, maxInvisible},
		{"WaitTimeSeconds", in.WaitTimeSeconds, &wait, 0, maxSeconds},
	} {
		if p.given == nil {
			continue
		}
		if *p.given < p.low || *p.given > p.high {
			return nil, &APIError{Status: 400, Type: "InvalidParameterValue", Message: fmt.Sprintf("Value %d for parameter %s is invalid. Reason: Must be between %d and %d.", *p.given, p.name, p.low, p.high)}
		}
		*p.into = *p.given
	}
	out := &shapes.ReceiveMessageOutput{}
	for _, m := range box.messages {
		if len(out.Messages) == most {
			break
		}
		if m.visible.After(c.now()) {
			continue
		}
		m.receives++
		m.visible = c.now().Add(time.Duration(invisible) * time.Second)
		sum := md5.Sum([]byte(m.body)) //nolint:gosec // see the import
		out.Messages = append(out.Messages, shapes.QueueMessage{MessageId: ptr(m.id), ReceiptHandle: ptr(m.receipt()), MD5OfBody: ptr(hex.EncodeToString(sum[:])), Body: ptr(m.body)})
	}
	if len(out.Messages) == 0 {
		c.delay = time.Duration(wait) * time.Second
	}
	return out, nil
}

func (c *request) deleteMessage(in *shapes.DeleteMessageInput) *APIError {
	box, apiErr := c.mailbox(in.QueueUrl)
	if apiErr != nil {
		return apiErr
	}
	return box.remove(value(in.ReceiptHandle))
}

func (c *request) deleteMessageBatch(in *shapes.DeleteMessageBatchInput) (*shapes.DeleteMessageBatchOutput, *APIError) {
	box, apiErr := c.mailbox(in.QueueUrl)
	if apiErr != nil {
		return nil, apiErr
	}
	switch n := len(in.Entries); {
	case n == 0:
		return nil, &APIError{Status: 400, Type: "EmptyBatchRequest", Message: "There should be at least one DeleteMessageBatchRequestEntry in the request."}
	case n > maxReceived:
		return nil, &APIError{Status: 400, Type: "TooManyEntriesInBatchRequest", Message: fmt.Sprintf("Maximum number of entries per request are %d. You have sent %d.", maxReceived, n)}
	}
	out := &shapes.DeleteMessageBatchOutput{Successful: []shapes.DeleteMessageBatchResultEntry{}, Failed: []shapes.BatchResultErrorEntry{}}
	for i := range in.Entries {
		e := &in.Entries[i]
		if err := box.remove(value(e.ReceiptHandle)); err != nil {
			out.Failed = append(out.Failed, shapes.BatchResultErrorEntry{Id: e.Id, Code: &err.Type, Message: &err.Message, SenderFault: ptr(true)})
			continue
		}
		out.Successful = append(out.Successful, shapes.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}
