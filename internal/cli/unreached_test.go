package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/emr"
)

// A broken way to AWS is not told as a permission that is missing.
func TestABrokenWayToAWSIsNoRefusal(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // its port takes no connection any more
	path := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, path, fmt.Sprintf("store: sqlite:guard.db\nscopes: [{name: prod, region: us-east-1, endpoint: %q}]\nclusters: [{match: {}, mode: observe}]\n", server.URL))
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"prices", "-c", path, "--type", "m5.xlarge"}, exitFailure},
		{[]string{"check", "-c", path}, exitFindings},
		{[]string{"check", "--prices", "-c", path}, exitFindings},
	} {
		got := runCLI(t, nil, c.args...)
		if all := got.out + got.errOut; got.code != c.code || !strings.Contains(all, "the call did not reach AWS, so this says nothing of permissions: look at the way") ||
			strings.Contains(all, "needs pricing:") || strings.Contains(all, "lacks") || c.args[0] == "check" && !strings.Contains(all, "network of scope prod: the call did not reach AWS") {
			t.Errorf("%v: code %d\n%s", c.args, got.code, all)
		}
	}
}

func TestUnanswered(t *testing.T) {
	for class, want := range map[emr.Class]string{
		emr.NotSent: "the call did not reach AWS", emr.Unavailable: "AWS did not answer", emr.Throttled: "AWS had no rate left", emr.Denied: "", emr.Invalid: "", emr.NotFound: "",
	} {
		got := unanswered(fmt.Errorf("the price of m5.xlarge: %w", &emr.Error{Class: class, Message: "no"}))
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", class, got)
		}
	}
	for _, e := range []*emr.Error{
		{Class: emr.Denied, Code: "InvalidSignatureException", Message: "Signature expired: 20260105T120000Z is now earlier than 20260105T121000Z"},
		{Class: emr.Denied, Code: "SignatureDoesNotMatch", Message: "Signature not yet current: 20260105T121000Z is still later than 20260105T120500Z"},
		{Class: emr.Denied, Code: "RequestExpired", Message: "Request has expired."}, {Class: emr.Invalid, Code: "RequestTimeTooSkewed"},
	} {
		if got := unanswered(e); !strings.Contains(got, "set the clock of this machine (NTP)") {
			t.Errorf("%v: %q", e, got)
		}
	}
	if got := unanswered(&emr.Error{Class: emr.Denied, Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match"}); got != "" {
		t.Errorf("a wrong secret: %q", got)
	}
	if got := unanswered(errors.New("the disk is full")); got != "" {
		t.Errorf("an error that is none of AWS's: %q", got)
	}
}
