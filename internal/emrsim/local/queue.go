package local

import (
	"strconv"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim/shapes"
)

// queueInput is the request structure for messages, or for their deletion.
func queueInput(op emr.Op, call emr.QueueCall) any {
	if op == emr.ReceiveMessage {
		most, wait := emr.MaxMessages, int(call.Wait/time.Second)
		return &shapes.ReceiveMessageInput{QueueUrl: &call.URL, MaxNumberOfMessages: &most, WaitTimeSeconds: &wait}
	}
	in := &shapes.DeleteMessageBatchInput{QueueUrl: &call.URL}
	for i, receipt := range call.Receipts {
		id := strconv.Itoa(i)
		in.Entries = append(in.Entries, shapes.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: &receipt})
	}
	return in
}

func message(m *shapes.QueueMessage) emr.Message {
	return emr.Message{ID: deref(m.MessageId), Receipt: deref(m.ReceiptHandle), Body: deref(m.Body)}
}

// deleted is the answer to a deletion: the first message that could not be deleted is its error.
func deleted(out *shapes.DeleteMessageBatchOutput) emr.Result {
	if len(out.Failed) == 0 {
		return emr.Result{}
	}
	f, class := out.Failed[0], emr.Unavailable
	if deref(f.SenderFault) {
		class = emr.Invalid
	}
	return emr.Result{Err: &emr.Error{Class: class, Code: deref(f.Code), Message: deref(f.Message)}}
}
