package emr

import "time"

// QueueCall is what a call of SQS asks for.
type QueueCall struct {
	URL      string        `json:"url"`
	Wait     time.Duration `json:"wait,omitempty"`     // ReceiveMessage: how long SQS may wait for a first message; whole seconds, at most MaxWait
	Receipts []string      `json:"receipts,omitempty"` // DeleteMessageBatch: the receipts of at most MaxMessages messages
}

// The limits of SQS's calls (SQS API reference, ReceiveMessage and DeleteMessageBatch).
const (
	MaxWait     = 20 * time.Second
	MaxMessages = 10
)

// Message is one message of a queue, as one receipt of it.
type Message struct {
	ID      string `json:"id"`
	Receipt string `json:"receipt"` // what deletes it; another one for each time it is received
	Body    string `json:"body"`
}
