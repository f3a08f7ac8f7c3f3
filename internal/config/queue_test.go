package config

import (
	"strings"
	"testing"
)

func TestEventsQueue(t *testing.T) {
	for name, c := range map[string]struct {
		scopes string
		want   string // "" for none
	}{
		"a queue":            {`[{name: a, region: us-east-1, events_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/emr-events"}]`, ""},
		"one of China":       {`[{name: a, region: cn-north-1, events_queue: "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/emr-events"}]`, ""},
		"the simulator's":    {`[{name: a, region: us-east-1, endpoint: "http://127.0.0.1:4566", events_queue: "http://127.0.0.1:4566/111122223333/emr-events"}]`, ""},
		"a VPC endpoint":     {`[{name: a, region: us-east-1, events_queue: "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/111122223333/q"}]`, ""},
		"no URL":             {`[{name: a, region: us-east-1, events_queue: emr-events}]`, "want the https URL of an SQS queue; for example https://sqs.us-east-1.amazonaws.com/"},
		"an ARN":             {`[{name: a, region: us-east-1, events_queue: "arn:aws:sqs:us-east-1:111122223333:q"}]`, "want the https URL"},
		"no TLS":             {`[{name: a, region: us-east-1, events_queue: "http://sqs.us-east-1.amazonaws.com/111122223333/q"}]`, "want the https URL"},
		"no name":            {`[{name: a, region: us-east-1, events_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/"}]`, "does not end with the account and the name"},
		"first in first out": {`[{name: a, region: us-east-1, events_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/q.fifo"}]`, "of a standard queue"},
		"another region":     {`[{name: a, region: us-east-1, events_queue: "https://sqs.us-west-2.amazonaws.com/111122223333/q"}]`, "the queue is in region us-west-2, and the scope in us-east-1"},
		"shared": {`[{name: a, region: us-east-1, events_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/q"},
  {name: b, region: us-east-1, events_queue: "https://sqs.us-east-1.amazonaws.com/111122223333/q"}]`, "scope b has the same queue"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("emrguard.yaml", []byte("scopes: "+c.scopes+"\n"))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
