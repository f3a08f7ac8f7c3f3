package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	keyID   = "AKIAIOSFODNN7EXAMPLE"
	secret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	roleKey = "ASIAROLEROLEROLEROLE"
	roleTok = "role-session-token-0123456789"
)

// remote is a client whose endpoint is not loopback, so that the rules for real AWS apply. Every connection goes to the
// servers of this test: EMR's through the endpoint's port, STS's through its own variable.
func remote(t *testing.T, o Options, stsURL string) *Client {
	t.Helper()
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_ENDPOINT_URL_STS", stsURL)
	o.Region = "us-east-1"
	c, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoopbackNeedsNoCredentials(t *testing.T) {
	r, got := do(t, emr.Call{Op: emr.ListClusters}, 200, `{}`)
	if r.Err != nil || !strings.Contains(got.header.Get("Authorization"), "Credential=emrguard/") {
		t.Errorf("%+v, signed %q", r.Err, got.header.Get("Authorization"))
	}
}

func TestLoopbackUsesCredentialsThatAreThere(t *testing.T) {
	s := serve(t, reply(200, `{}`))
	c := remote(t, Options{Endpoint: s.URL, RoleARN: "arn:aws:iam::1:role/emrguard"}, "http://sts.invalid")
	if r := c.Do(t.Context(), emr.Call{Op: emr.ListClusters}); r.Err != nil {
		t.Fatalf("a role was assumed for a loopback endpoint: %v", r.Err)
	}
	if auth := s.seen()[0].header.Get("Authorization"); !strings.Contains(auth, "Credential="+keyID+"/") {
		t.Errorf("signed %q", auth)
	}
}

func TestOffLoopbackMissingCredentialsAreDenied(t *testing.T) {
	isolate(t)
	c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: "http://emr.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Do(t.Context(), modify); r.Err == nil || r.Err.Class != emr.Denied || !strings.HasPrefix(r.Err.Message, "credentials: ") {
		t.Errorf("%+v", r.Err)
	}
}

// assumed answers AssumeRole.
const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>` + roleKey + `</AccessKeyId><SecretAccessKey>role-secret-0123456789</SecretAccessKey><SessionToken>` + roleTok + `</SessionToken>
<Expiration>2096-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

func TestRoleIsAssumed(t *testing.T) {
	s := serve(t, reply(200, assumed))
	c := remote(t, Options{Endpoint: "http://emr.invalid", RoleARN: "arn:aws:iam::1:role/emrguard", ExternalID: "external-0123"}, s.URL)
	got, err := c.emr.Options().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessKeyID != roleKey || got.SessionToken != roleTok {
		t.Errorf("%+v", got)
	}
	if _, err = c.emr.Options().Credentials.Retrieve(t.Context()); err != nil || len(s.seen()) != 1 {
		t.Errorf("%v; the role was assumed %d times", err, len(s.seen()))
	}
	body := s.seen()[0].body
	for _, want := range []string{"Action=AssumeRole", "DurationSeconds=3600", "ExternalId=external-0123", "RoleSessionName=emrguard", "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Femrguard"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

func TestRoleThatCannotBeAssumed(t *testing.T) {
	xml := func(code, text string) string {
		return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>sts-1</RequestId></ErrorResponse>`, code, text)
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		class  emr.Class
		code   string
	}{
		{"denied", reply(403, xml("AccessDenied", "User: arn is not authorized to perform: sts:AssumeRole with external-0123")), emr.Denied, "AccessDenied"},
		{"wrong key", reply(403, xml("InvalidClientTokenId", "The security token is invalid: "+keyID)), emr.Denied, "InvalidClientTokenId"},
		{"throttled", reply(400, xml("Throttling", "Rate exceeded")), emr.NotSent, "Throttling"},
		{"down", reply(503, xml("ServiceUnavailable", "")), emr.NotSent, "ServiceUnavailable"},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { hangUp(t, w) }, emr.NotSent, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.answer)
			c := remote(t, Options{Endpoint: "http://emr.invalid", RoleARN: "arn:aws:iam::1:role/emrguard", ExternalID: "external-0123"}, s.URL)
			r := c.Do(t.Context(), modify)
			if r.Err == nil || r.Err.Class != tt.class || r.Err.Code != tt.code {
				t.Fatalf("%+v", r.Err)
			}
			for _, word := range []string{keyID, secret, "external-0123"} {
				if strings.Contains(r.Err.Error(), word) {
					t.Errorf("%q shows %q", r.Err, word)
				}
			}
			if n := len(s.seen()); n != 1 {
				t.Errorf("%d requests to STS", n)
			}
		})
	}
}

func TestRoleWithoutCredentialsToAssumeItWith(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://sts.invalid")
	c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: "http://emr.invalid", RoleARN: "arn:aws:iam::1:role/emrguard"})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Do(t.Context(), modify); r.Err == nil || r.Err.Class != emr.Denied {
		t.Errorf("%+v", r.Err)
	}
}

func TestNoCredentialInAnyText(t *testing.T) {
	const token = "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDA"
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_SESSION_TOKEN", token)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"__type":"SignatureDoesNotMatch","message":"The Canonical String was 'POST\n/\n\nauthorization:%s\nx-amz-security-token:%s\n' %s %s ASIAOTHEROTHEROTHER1"}`,
			r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token"), keyID, secret)
	})
	c, err := New(t.Context(), Options{Region: "us-east-1", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := c.Do(t.Context(), modify)
	if r.Err == nil || r.Err.Class != emr.Denied {
		t.Fatalf("%+v", r.Err)
	}
	if auth := s.seen()[0].header.Get("Authorization"); !strings.Contains(auth, keyID) {
		t.Fatalf("the test's credentials were not used: %q", auth)
	}
	for _, word := range []string{keyID, secret, token, "ASIAOTHER"} {
		if strings.Contains(r.Err.Error(), word) {
			t.Errorf("%q shows %q", r.Err, word)
		}
	}
	if !strings.Contains(r.Err.Message, "Canonical String") {
		t.Errorf("nothing left of %q", r.Err.Message)
	}
}

func TestSecretsForgetTheOldest(t *testing.T) {
	var s secrets
	s.add("", "short", "emrguard", "loopback")
	for i := range 100 {
		s.add(fmt.Sprintf("secret-%03d", i), "secret-099")
	}
	if got := s.hide("short emrguard loopback secret-098 secret-099"); got != "short emrguard loopback [hidden] [hidden]" {
		t.Errorf("%q", got)
	}
	if len(s.words) > kept {
		t.Errorf("%d words kept", len(s.words))
	}
}

func TestDummyOnlyWhenNoneAreFound(t *testing.T) {
	broken := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, io.ErrUnexpectedEOF })
	if got, err := orDummy(broken).Retrieve(t.Context()); err != nil || got.AccessKeyID != "emrguard" {
		t.Errorf("%+v %v", got, err)
	}
	var s secrets
	_, err := s.watch(broken).Retrieve(t.Context())
	var credential *credentialError
	if !errors.As(err, &credential) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}
