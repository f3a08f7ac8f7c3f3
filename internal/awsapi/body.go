package awsapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wholeBody sends each request's body from memory.
//
// The SDK's own body reader, once closed, answers WriteTo with io.EOF, and the SDK closes it as soon as it has the answer. Over a
// fast connection net/http may then still be looking for the body's end; it takes the io.EOF for a failed write and closes the
// connection under the answer: a change that was carried out would read as one of unknown outcome (smithy-go 1.28.8, net/http
// of Go 1.26).
//
// The request gets no GetBody: with one, net/http would follow a redirect and send a signed change to another host.
type wholeBody struct{ aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.HTTPClient.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close() // it is read from memory
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return c.HTTPClient.Do(r)
}
