package notify

import (
	"errors"
	"time"
)

// The times of sending.
const (
	sendTimeout = 20 * time.Second // of one try, connecting included
	firstWait   = 5 * time.Second  // after the first failure of a sink; it doubles
	longestBack = 10 * time.Minute // up to this
	refusedWait = 15 * time.Minute // before a refused message is tried again: somebody has to mend something first
	longestWait = time.Hour        // the most that a Retry-After is heeded
)

// SendError is a failure to deliver a message. Its text holds no secret.
type SendError struct {
	Permanent  bool          // the sink refused the message, or cannot be addressed so: trying again at once is of no use
	RetryAfter time.Duration // the sink asked for this pause; 0: it did not
	Err        error
}

// Error implements error.
func (e *SendError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *SendError) Unwrap() error { return e.Err }

// Refused says whether an error is permanent.
func Refused(err error) bool {
	e, ok := errors.AsType[*SendError](err)
	return ok && e.Permanent
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*SendError](err); ok {
		return e.RetryAfter
	}
	return 0
}

// backoff is the pause after so many failures in a row; chance, from 0 to 1, spreads it over its upper half.
func backoff(failures int, chance float64) time.Duration {
	d := longestBack
	if n := failures - 1; n < 10 {
		d = min(d, firstWait<<max(0, n))
	}
	return jitter(d, chance)
}

func jitter(d time.Duration, chance float64) time.Duration {
	return d/2 + time.Duration(chance*float64(d)/2)
}
