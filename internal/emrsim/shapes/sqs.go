package shapes

// These are structures of SQS's API 2012-11-05. Comments state what its model says, as for EMR's. A tag query is the name of a list's
// elements in the query protocol, where SQS's lists are flat.

// ReceiveMessageInput is the API structure of that name.
type ReceiveMessageInput struct {
	QueueUrl            *string `json:"QueueUrl,omitzero"` // required
	MaxNumberOfMessages *int    `json:"MaxNumberOfMessages,omitzero"`
	VisibilityTimeout   *int    `json:"VisibilityTimeout,omitzero"`
	WaitTimeSeconds     *int    `json:"WaitTimeSeconds,omitzero"`
}

// ReceiveMessageOutput is the API structure of that name.
type ReceiveMessageOutput struct {
	Messages []QueueMessage `json:"Messages,omitzero" query:"Message"`
}

// QueueMessage is the API structure Message.
type QueueMessage struct {
	MessageId     *string `json:"MessageId,omitzero"`
	ReceiptHandle *string `json:"ReceiptHandle,omitzero"`
	MD5OfBody     *string `json:"MD5OfBody,omitzero"`
	Body          *string `json:"Body,omitzero"`
}

// DeleteMessageInput is the API structure of that name.
type DeleteMessageInput struct {
	QueueUrl      *string `json:"QueueUrl,omitzero"`      // required
	ReceiptHandle *string `json:"ReceiptHandle,omitzero"` // required
}

// DeleteMessageBatchInput is the API structure of that name.
type DeleteMessageBatchInput struct {
	QueueUrl *string                          `json:"QueueUrl,omitzero"` // required
	Entries  []DeleteMessageBatchRequestEntry `json:"Entries,omitzero" query:"DeleteMessageBatchRequestEntry"`
}

// DeleteMessageBatchRequestEntry is the API structure of that name.
type DeleteMessageBatchRequestEntry struct {
	Id            *string `json:"Id,omitzero"`            // required
	ReceiptHandle *string `json:"ReceiptHandle,omitzero"` // required
}

// DeleteMessageBatchOutput is the API structure of that name.
type DeleteMessageBatchOutput struct {
	Successful []DeleteMessageBatchResultEntry `json:"Successful,omitzero" query:"DeleteMessageBatchResultEntry"`
	Failed     []BatchResultErrorEntry         `json:"Failed,omitzero" query:"BatchResultErrorEntry"`
}

// DeleteMessageBatchResultEntry is the API structure of that name.
type DeleteMessageBatchResultEntry struct {
	Id *string `json:"Id,omitzero"`
}

// BatchResultErrorEntry is the API structure of that name.
type BatchResultErrorEntry struct {
	Id          *string `json:"Id,omitzero"`
	SenderFault *bool   `json:"SenderFault,omitzero"`
	Code        *string `json:"Code,omitzero"`
	Message     *string `json:"Message,omitzero"`
}
