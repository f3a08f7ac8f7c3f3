package awsapi

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// withoutMachineRole keeps a client of a loopback endpoint from asking the instance metadata service, which off EC2 takes
// seconds to fail.
func withoutMachineRole(o *config.LoadOptions) error {
	o.EC2IMDSClientEnableState = imds.ClientDisabled
	return nil
}

// orDummy gives fixed credentials where the provider finds none. Only for loopback endpoints.
func orDummy(p aws.CredentialsProvider) aws.CredentialsProvider {
	dummy := credentials.NewStaticCredentialsProvider("emrguard", "loopback", "")
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		if got, err := p.Retrieve(ctx); err == nil || ctx.Err() != nil {
			return got, err
		}
		return dummy.Retrieve(ctx)
	}))
}

// assumeRole provides the role's credentials, renewed five minutes before they end.
func assumeRole(client *sts.Client, o Options) aws.CredentialsProvider {
	role := stscreds.NewAssumeRoleProvider(client, o.RoleARN, func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = cmp.Or(o.SessionName, DefaultSessionName)
		a.Duration = cmp.Or(o.SessionDuration, DefaultSessionDuration)
		if o.ExternalID != "" {
			a.ExternalID = aws.String(o.ExternalID)
		}
	})
	return aws.NewCredentialsCache(role, func(c *aws.CredentialsCacheOptions) { c.ExpiryWindow = 5 * time.Minute })
}

// credentialError is a failure to get credentials: the call they were for was not sent.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return "credentials: " + e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// secrets remembers the credentials in use, so that no text that leaves this package holds one. Safe for concurrent use.
type secrets struct {
	mu    sync.Mutex
	words []string
}

// kept is the number of secret words remembered: those of the last renewals. Older ones have expired.
const kept = 24

// shortest is the length from which a word is a secret; shorter ones would blot out plain words.
const shortest = 8

// add remembers words that must not be shown.
func (s *secrets) add(words ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range words {
		if len(w) >= shortest && w != "emrguard" && w != "loopback" && !slices.Contains(s.words, w) {
			s.words = append(s.words, w)
		}
	}
	s.words = slices.Clone(s.words[max(0, len(s.words)-kept):])
}

// watch is the provider, with every credential it hands out remembered and every failure marked as one of credentials.
func (s *secrets) watch(p aws.CredentialsProvider) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := p.Retrieve(ctx)
		if err != nil {
			return got, &credentialError{err}
		}
		s.add(got.AccessKeyID, got.SecretAccessKey, got.SessionToken)
		return got, nil
	})
}

// secretShapes is what looks like a credential whoever it belongs to: access key ids, and the headers that AWS's
// SignatureDoesNotMatch quotes from the request.
var secretShapes = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|(?i:x-amz-security-token|authorization|signature|credential)\s*[:=]\s*\S+`)

// hide blots out credentials in a text.
func (s *secrets) hide(text string) string {
	s.mu.Lock()
	words := slices.Clone(s.words)
	s.mu.Unlock()
	for _, w := range words {
		text = strings.ReplaceAll(text, w, "[hidden]")
	}
	return secretShapes.ReplaceAllString(text, "[hidden]")
}
