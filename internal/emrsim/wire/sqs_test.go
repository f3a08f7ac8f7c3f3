package wire_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queue is a client of the AWS SDK for SQS that sends each call once.
func (s *served) queue(in string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: in, BaseEndpoint: aws.String(s.url), Retryer: aws.NopRetryer{}, HTTPClient: wholeBody{&http.Client{Transport: &http.Transport{}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

// resized is a world with a queue, whose one cluster's task group was resized from 2 to 4 a while ago.
func resized(t testing.TB, in string) *served {
	t.Helper()
	s := serve(t, emrsim.Options{Seed: 7, Events: emrsim.EventTiming{On: true}}, wire.Options{})
	if _, err := s.sim.Do(in, "RunJobFlow", runJobFlow("etl", 2)); err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Hour)
	s.sim.AdvanceTo(s.clock.Now())
	if err := s.sim.Act(in, "test", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "TASK", To: 4}); err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Hour)
	return s
}

func TestTheQueueThroughTheSDK(t *testing.T) {
	s := resized(t, region)
	c, url := s.queue(region), aws.String(s.sim.QueueURL(s.url))
	var states []string
	for len(states) < 20 {
		out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		in := &sqs.DeleteMessageBatchInput{QueueUrl: url}
		for _, m := range out.Messages { // the SDK has checked their MD5
			var e struct {
				Detail struct {
					State, InstanceGroupID string
				} `json:"detail"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				t.Fatal(err)
			}
			states = append(states, e.Detail.State)
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
		}
		if deleted, err := c.DeleteMessageBatch(t.Context(), in); err != nil || len(deleted.Successful) != len(in.Entries) {
			t.Fatalf("%+v, %v", deleted, err)
		}
	}
	text := strings.Join(states, " ")
	if !strings.Contains(text, "WAITING") || !strings.Contains(text, "RESIZING RUNNING") {
		t.Errorf("the states that were told are %s", text)
	}
	s.pass(t, time.Hour)
	if out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url}); err != nil || len(out.Messages) > 0 {
		t.Errorf("deleted messages came again: %+v, %v", out, err)
	}
	_, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.url + "/111122223333/other")})
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue", "does not exist")
	_, err = c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
	wantCode(t, err, "InvalidParameterValue", "Must be between 1 and 10")
	_, err = c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("nobody's")})
	wantCode(t, err, "ReceiptHandleIsInvalid", "not a valid receipt handle")
	s.fault(t, "ReceiveMessage throttle")
	_, err = c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
	wantCode(t, err, "Throttling", "Rate exceeded")
}

// A message that is not deleted comes again after the visibility timeout, and its old receipt deletes nothing.
func TestAMessageComesAgain(t *testing.T) {
	s := resized(t, region)
	c, url := s.queue(region), aws.String(s.sim.QueueURL(s.url))
	receive := func() types.Message {
		t.Helper()
		out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: 60})
		if err != nil || len(out.Messages) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		return out.Messages[0]
	}
	first := receive()
	if second := receive(); *second.MessageId == *first.MessageId {
		t.Error("a message is given twice at once")
	}
	s.pass(t, 61*time.Second)
	again := receive()
	if *again.MessageId != *first.MessageId || *again.ReceiptHandle == *first.ReceiptHandle {
		t.Errorf("after its time came %s, want %s with another receipt", *again.MessageId, *first.MessageId)
	}
	for _, receipt := range []*string{first.ReceiptHandle, again.ReceiptHandle} {
		if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: receipt}); err != nil {
			t.Fatal(err)
		}
	}
	s.pass(t, 61*time.Second)
	if m := receive(); *m.MessageId == *first.MessageId {
		t.Error("a deleted message came again")
	}
}

// A call that waits gets a message as soon as there is one, and nothing once its time is over.
func TestReceiveWaits(t *testing.T) {
	clock, err := wire.NewClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), 1000)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, emrsim.Options{Seed: 7, Start: clock.Now(), Events: emrsim.EventTiming{On: true, Delay: emrsim.Fixed(5 * time.Second)}}, wire.Options{Clock: clock})
	c, url := s.queue(region), aws.String(s.sim.QueueURL(s.url))
	began := clock.Now()
	out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if waited := clock.Now().Sub(began); err != nil || len(out.Messages) > 0 || waited < 20*time.Second {
		t.Errorf("%d messages after %s, %v", len(out.Messages), waited, err)
	}
	got := make(chan int)
	go func() {
		n := 0
		for range 500 { // of 20 seconds, 20 ms in real time
			out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
			if err != nil || len(out.Messages) > 0 {
				n = len(out.Messages)
				break
			}
		}
		got <- n
	}()
	s.sim.AdvanceTo(clock.Now())
	if _, apiErr := s.sim.Do(region, "RunJobFlow", runJobFlow("etl", 2)); apiErr != nil {
		t.Fatal(apiErr)
	}
	if n := <-got; n == 0 {
		t.Error("no message came")
	}
}

// Version 1.45 of the CLI speaks awsJson to SQS, Debian's 2.9 the query protocol.
func TestTheAWSCLIReadsTheQueue(t *testing.T) {
	for i := range findCLIs(t, "") {
		s := resized(t, cliRegion)
		cli := findCLIs(t, s.url)[i]
		t.Run(cli.path, func(t *testing.T) {
			url := s.sim.QueueURL(s.url)
			type messages struct {
				Messages []struct{ MessageId, ReceiptHandle, MD5OfBody, Body string }
			}
			run := func(out any, args ...string) {
				t.Helper()
				stdout, stderr, err := cli.call(t, "sqs", args...)
				if strings.TrimSpace(stdout) == "" {
					out = nil
				}
				decodeCLI(t, out, args, stdout, stderr, err)
			}
			var got messages
			run(&got, "receive-message", "--queue-url", url, "--max-number-of-messages", "3", "--wait-time-seconds", "5")
			if len(got.Messages) != 3 || !strings.Contains(got.Messages[0].Body, `"source":"aws.emr"`) || len(got.Messages[0].MD5OfBody) != 32 {
				t.Fatalf("%+v", got)
			}
			run(nil, "delete-message", "--queue-url", url, "--receipt-handle", got.Messages[0].ReceiptHandle)
			var batch struct {
				Successful []struct{ Id string }
				Failed     []struct {
					Id, Code    string
					SenderFault bool
				}
			}
			run(&batch, "delete-message-batch", "--queue-url", url, "--entries", "Id=a,ReceiptHandle="+got.Messages[1].ReceiptHandle, "Id=b,ReceiptHandle=nobody")
			if len(batch.Successful) != 1 || batch.Successful[0].Id != "a" || len(batch.Failed) != 1 || batch.Failed[0].Code != "ReceiptHandleIsInvalid" || !batch.Failed[0].SenderFault {
				t.Errorf("%+v", batch)
			}
			s.pass(t, time.Minute)
			var again messages
			run(&again, "receive-message", "--queue-url", url)
			if len(again.Messages) != 1 || again.Messages[0].MessageId != got.Messages[2].MessageId {
				t.Errorf("what was not deleted does not come again: %+v", again)
			}
			if _, stderr, err := cli.call(t, "sqs", "receive-message", "--queue-url", s.url+"/111122223333/other"); err == nil ||
				!strings.Contains(stderr, "(AWS.SimpleQueueService.NonExistentQueue) when calling the ReceiveMessage operation") {
				t.Errorf("a queue that is not there: %v, %s", err, stderr)
			}
		})
	}
}
