package awsapi

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attempt is what is seen of one request on the wire.
type attempt struct {
	left atomic.Bool // a byte of the request may have left this process
	date time.Time   // the answer's Date header
	id   string      // the answer's x-amzn-requestid header
}

// attemptKey finds the attempt in a context.
type attemptKey struct{}

// observe returns a context in which a request is seen by the attempt. net/http sends a request again by itself only
// if nothing of the first was written, so the attempt sees one request.
func (a *attempt) observe(ctx context.Context) context.Context {
	left := func() { a.left.Store(true) }
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { left() },
		WroteHeaders:     left,
		WroteRequest:     func(httptrace.WroteRequestInfo) { left() },
	})
	return context.WithValue(ctx, attemptKey{}, a)
}

// captureAnswer has every operation note the Date and the request id of its answer, errors included.
func captureAnswer(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("emrguardAnswer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if a, asked := ctx.Value(attemptKey{}).(*attempt); asked && ok && response != nil {
			if date, bad := http.ParseTime(response.Header.Get("Date")); bad == nil {
				a.date = date
			}
			a.id = response.Header.Get("X-Amzn-Requestid")
		}
		return out, metadata, err
	}), middleware.After)
}

// userAgent names emrguard in the User-Agent, so that CloudTrail tells its calls from others.
func userAgent(version string) func(*middleware.Stack) error {
	if version == "" {
		version = "dev"
	}
	return awsmiddleware.AddUserAgentKeyValue("emrguard", version)
}
