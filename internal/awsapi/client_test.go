package awsapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

func TestOptionsAreChecked(t *testing.T) {
	isolate(t)
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{}, "no AWS region"},
		{Options{Region: "r", Endpoint: "127.0.0.1:4566"}, "endpoint"},
		{Options{Region: "r", Endpoint: "ftp://host"}, "endpoint"},
		{Options{Region: "r", Endpoint: "http://"}, "endpoint"},
		{Options{Region: "r", Endpoint: "http://user:hunter2-hunter2@host"}, "password would end up in logs"},
		{Options{Region: "r", RoleARN: "emrguard"}, "role_arn"},
		{Options{Region: "r", SessionDuration: time.Minute}, "session duration"},
		{Options{Region: "r", Timeout: -1}, "timeout"},
	} {
		_, err := New(t.Context(), tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v, want %q", tt.o, err, tt.want)
		}
	}
	if _, err := New(t.Context(), Options{Endpoint: "x", RoleARN: "y"}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://localhost:1")
	c, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Region() != "eu-west-1" || c.Endpoint() != "http://localhost:1" || !c.Loopback() {
		t.Errorf("%q %q %v", c.Region(), c.Endpoint(), c.Loopback())
	}
	t.Setenv("AWS_ENDPOINT_URL_EMR", "https://emr.example")
	if c, err = New(t.Context(), Options{}); err != nil || c.Endpoint() != "https://emr.example" || c.Loopback() {
		t.Errorf("%v %q", err, c.Endpoint())
	}
	if c, err = New(t.Context(), Options{Region: "us-west-2", Endpoint: "http://[::1]:2"}); err != nil || c.Region() != "us-west-2" || !c.Loopback() {
		t.Errorf("%v: the options do not beat the environment: %q", err, c.Endpoint())
	}
}

// Whatever the environment says, each service gets a request once, under emrguard's name.
func TestEveryServiceIsAskedOnce(t *testing.T) {
	s := serve(t, reply(http.StatusInternalServerError, `{"__type":"InternalFailure"}`))
	isolate(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "5")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: s.URL, Version: "1.2"})
	if err != nil {
		t.Fatal(err)
	}
	for service, ask := range map[string]func() error{
		"EMR":        func() error { return c.Do(t.Context(), modify).Err },
		"CloudWatch": func() error { return c.Do(t.Context(), idle()).Err },
		"SQS": func() error {
			return c.Do(t.Context(), emr.Call{Op: emr.ReceiveMessage, Queue: &emr.QueueCall{URL: s.URL + "/1/q"}}).Err
		},
		"SNS": func() error {
			return c.Publish(t.Context(), "arn:aws:sns:us-east-1:111122223333:t", "", "text", "n-1", nil)
		},
		"EventBridge": func() error { return c.PutEvent(t.Context(), "default", "emrguard", "x", []byte("{}"), time.Now()) },
		"price list":  func() error { _, err := c.Price(t.Context(), "m5.xlarge"); return err },
		"STS":         func() error { _, err := c.Identity(t.Context()); return err },
		"EC2":         func() error { _, _, err := c.SpotPrices(t.Context(), nil, time.Now(), time.Now(), ""); return err },
	} {
		before := len(s.seen())
		err := ask()
		seen := s.seen()[before:]
		if err == nil || len(seen) != 1 || !strings.Contains(seen[0].header.Get("User-Agent"), "emrguard/1.2") {
			t.Errorf("%s: %v after %d requests", service, err, len(seen))
		}
	}
}

func TestLoopback(t *testing.T) {
	isolate(t)
	for endpoint, want := range map[string]bool{
		"": false, "http://127.0.0.1:4566": true, "http://127.9.9.9": true, "http://[::1]": true, "http://localhost": true,
		"http://localhost.example": false, "http://10.0.0.1": false, "https://elasticmapreduce.us-east-1.amazonaws.com": false, "http://127.0.0.1.example": false,
	} {
		c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: endpoint})
		if err != nil {
			t.Fatal(err)
		}
		if c.Loopback() != want {
			t.Errorf("%q: loopback is %v", endpoint, !want)
		}
	}
}
