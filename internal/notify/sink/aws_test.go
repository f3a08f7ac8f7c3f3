package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"emrguard/internal/awsapi"
	"emrguard/internal/notify"
)

// withSDK are options with the AWS SDK.
func withSDK() Options {
	return Options{AWS: func(ctx context.Context, o AWSOptions) (AWS, error) {
		return awsapi.New(ctx, awsapi.Options{Region: o.Region, RoleARN: o.RoleARN, ExternalID: o.ExternalID, Endpoint: o.Endpoint, Timeout: 5 * time.Second})
	}}
}

// attributes reads the message attributes of SNS's query protocol.
func attributes(form url.Values) map[string]string {
	out := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("MessageAttributes.entry.%d.Name", i)); i++ {
		out[form.Get(fmt.Sprintf("MessageAttributes.entry.%d.Name", i))] = form.Get(fmt.Sprintf("MessageAttributes.entry.%d.Value.StringValue", i))
	}
	return out
}

// TestSNS publishes through the SDK to a server that speaks SNS's query protocol.
func TestSNS(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>94f20ce6</MessageId></PublishResult></PublishResponse>`)
	})
	for _, arn := range []string{"arn:aws:sns:eu-west-1:111122223333:emrguard", "arn:aws:sns:eu-west-1:111122223333:emrguard.fifo"} {
		s := made(t, notify.Sink{Name: "t", SNS: &notify.SNS{TopicARN: arn, Endpoint: r.URL}}, withSDK())
		m := message("n-abc-1")
		m.Title, m.Scope = "größe "+strings.Repeat("x", 200)+"\n", "prod"
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		all := r.all()
		got := all[len(all)-1]
		form, err := url.ParseQuery(string(got.body))
		if err != nil {
			t.Fatal(err)
		}
		if form.Get("Action") != "Publish" || form.Get("TopicArn") != arn || form.Get("Message") != m.Text {
			t.Errorf("published %v", form)
		}
		if subject := form.Get("Subject"); len(subject) != 99 || !strings.HasPrefix(subject, "gr??e xxx") {
			t.Errorf("subject %q of %d characters", subject, len(subject))
		}
		if a := attributes(form); a["id"] != "n-abc-1" || a["severity"] != "info" || a["scope"] != "prod" || a["topic"] != "test" {
			t.Errorf("attributes %v", a)
		}
		if fifo := strings.HasSuffix(arn, ".fifo"); form.Has("MessageDeduplicationId") != fifo || fifo && form.Get("MessageDeduplicationId") != "n-abc-1" {
			t.Errorf("deduplication id %q of %s", form.Get("MessageDeduplicationId"), arn)
		}
		if !strings.Contains(got.header.Get("Authorization"), "/eu-west-1/sns/") {
			t.Errorf("signed for %s", got.header.Get("Authorization"))
		}
	}
}

// TestSNSRefusals: what is for good and what passes.
func TestSNSRefusals(t *testing.T) {
	r := newReceiver(t, nil)
	s := made(t, notify.Sink{Name: "t", SNS: &notify.SNS{TopicARN: "arn:aws:sns:us-east-1:111122223333:x", Endpoint: r.URL}}, withSDK())
	for _, x := range []struct {
		status    int
		code      string
		permanent bool
	}{
		{403, "AuthorizationError", true},
		{404, "NotFound", true},
		{400, "InvalidParameter", true},
		{400, "Throttling", false},
		{500, "InternalError", false},
		{503, "ServiceUnavailable", false},
	} {
		r.say(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(x.status)
			fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`, x.code)
		})
		before := len(r.all())
		err := s.Send(t.Context(), message("n-1"))
		if err == nil || notify.Refused(err) != x.permanent || len(r.all()) != before+1 {
			t.Errorf("%d %s: permanent %v, %d requests, %v", x.status, x.code, notify.Refused(err), len(r.all())-before, err)
		}
	}
	r.Close()
	if err := s.Send(t.Context(), message("n-1")); err == nil || notify.Refused(err) {
		t.Errorf("a closed port: %v", err)
	}
}

// TestEventBridge puts events through the SDK on a bus of a server that speaks its JSON protocol.
func TestEventBridge(t *testing.T) {
	const arn = "arn:aws:events:eu-west-1:111122223333:event-bus/default"
	r := newReceiver(t, nil)
	s := made(t, notify.Sink{Name: "b", EventBridge: &notify.EventBridge{BusARN: arn, Endpoint: r.URL}}, withSDK())
	answer := func(status int, text string) {
		r.say(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		})
	}
	answer(200, `{"FailedEntryCount":0,"Entries":[{"EventId":"11710aed"}]}`)
	m := message("n-abc-1")
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var in struct {
		Entries []struct{ Source, DetailType, Detail, EventBusName string }
	}
	got := r.all()[0]
	if err := json.Unmarshal(got.body, &in); err != nil || len(in.Entries) != 1 {
		t.Fatalf("%v %s", err, got.body)
	}
	var detail notify.Message
	e := in.Entries[0]
	if err := json.Unmarshal([]byte(e.Detail), &detail); err != nil || detail.ID != "n-abc-1" || e.Source != "emrguard" || e.DetailType != "emrguard test" || e.EventBusName != arn {
		t.Errorf("event %+v, %v", e, err)
	}
	if !strings.HasSuffix(got.header.Get("X-Amz-Target"), "PutEvents") {
		t.Errorf("target %q", got.header.Get("X-Amz-Target"))
	}
	for _, x := range []struct {
		status    int
		text      string
		permanent bool
	}{
		{200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"try again"}]}`, false},
		{200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"Rate exceeded"}]}`, false},
		{200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}]}`, true},
		{200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"NotAuthorizedForSourceException","ErrorMessage":"no"}]}`, true},
		{200, `{"FailedEntryCount":0,"Entries":[]}`, false},
		{200, `{"FailedEntryCount":0,"Entries":[{}]}`, false},
		{400, `{"__type":"AccessDeniedException","Message":"no"}`, true},
		{400, `{"__type":"ThrottlingException","Message":"slow"}`, false},
		{500, `{"__type":"InternalException","Message":"oh"}`, false},
	} {
		answer(x.status, x.text)
		if err := s.Send(t.Context(), m); err == nil || notify.Refused(err) != x.permanent {
			t.Errorf("%d %s: permanent %v, %v", x.status, x.text, notify.Refused(err), err)
		}
	}
}

func TestAWSNeedsAClient(t *testing.T) {
	if _, err := New(t.Context(), notify.Sink{Name: "t", SNS: &notify.SNS{TopicARN: "arn:aws:sns:us-east-1:111122223333:x"}}, Options{}); err == nil {
		t.Error("a topic without a client was made")
	}
}
