package awsapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"emrguard/internal/emr"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// doFunc is an HTTP client made of a function.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// sdkRequest is a request as the SDK hands it to its HTTP client.
func sdkRequest(t *testing.T, body string) *http.Request {
	t.Helper()
	r, err := smithyhttp.NewStackRequest().(*smithyhttp.Request).SetStream(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(body))
	return r.Build(t.Context())
}

// The SDK closes the body it made when it has the answer, which may be before net/http has looked for the body's end. What net/http
// holds by then must still end as a body ends, without an error. The same with the SDK's own body shows the defect that wholeBody is
// for; if that part fails after an upgrade of the SDK, wholeBody can go.
func TestABodyEndsWellAfterTheSDKClosedIt(t *testing.T) {
	var kept io.Reader
	keep := doFunc(func(r *http.Request) (*http.Response, error) {
		if r.ContentLength != 4 || r.GetBody != nil {
			t.Errorf("length %d, GetBody %v", r.ContentLength, r.GetBody != nil)
		}
		kept = r.Body
		if got, err := io.ReadAll(io.LimitReader(r.Body, r.ContentLength)); string(got) != "body" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		return nil, nil
	})
	for _, tt := range []struct {
		name string
		do   func(*http.Request) (*http.Response, error)
		want error
	}{{"whole", wholeBody{keep}.Do, nil}, {"the SDK's", keep, io.EOF}} {
		t.Run(tt.name, func(t *testing.T) {
			r := sdkRequest(t, "body")
			original := r.Body
			_, err := tt.do(r) //nolint:bodyclose // there is no response
			if err != nil {
				t.Fatal(err)
			}
			_ = original.Close()
			_ = r.Body.Close()
			if n, err := io.Copy(io.Discard, kept); n != 0 || !errors.Is(err, tt.want) {
				t.Errorf("%d more bytes, %v, want none and %v", n, err, tt.want)
			}
		})
	}
}

func TestARequestWithoutABodyStaysSo(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	_, err := wholeBody{doFunc(func(r *http.Request) (*http.Response, error) {
		if r.Body != http.NoBody || r.ContentLength != 0 {
			t.Errorf("%v, length %d", r.Body, r.ContentLength)
		}
		return nil, nil
	})}.Do(r) //nolint:bodyclose // there is no response
	if err != nil {
		t.Error(err)
	}
}

// A server that answers at once must never read as unavailable. This is the race itself, with all the real parts; the test above
// is the sure one.
func TestFastAnswersAllArrive(t *testing.T) {
	s := serve(t, reply(200, `{}`))
	c := client(t, s.URL)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if r := c.Do(t.Context(), modify); r.Err != nil {
					t.Errorf("%v", r.Err)
					return
				}
				if r := c.Do(t.Context(), emr.Call{Op: emr.ListInstanceGroups, Cluster: "j-1"}); r.Err != nil {
					t.Errorf("%v", r.Err)
					return
				}
			}
		})
	}
	wg.Wait()
}
