// Package awsapi sends emrguard's calls to Amazon EMR, CloudWatch and SQS, its notifications to SNS and EventBridge, and its questions for prices, through
// the AWS SDK and turns the answers into the values of package emr. It makes one attempt and one page a call and decides nothing: pacing, retries and paging belong to its caller.
//
// It is the only package that knows the SDK.
package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	sdk "github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// The defaults of Options.
const (
	DefaultTimeout         = 20 * time.Second
	DefaultSessionName     = "emrguard"
	DefaultSessionDuration = time.Hour
)

// Options says which scope a Client speaks for. What is not given comes from where the AWS CLI takes it: the environment
// (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EMR, …), the shared configuration files, the machine's role.
type Options struct {
	Region          string        // needed unless the environment or a profile names one
	RoleARN         string        // the role to assume; empty: the credentials found are used as they are
	ExternalID      string        // what the role's trust policy asks for
	SessionName     string        // of the assumed role, as CloudTrail shows it; DefaultSessionName
	SessionDuration time.Duration // of the assumed role's credentials, 15m to 12h; DefaultSessionDuration
	Endpoint        string        // an absolute http or https URL in place of AWS's, EMR's, CloudWatch's and SQS's (but see ofEMR)
	Version         string        // emrguard's, for the User-Agent
	Timeout         time.Duration // of one call, credentials included; DefaultTimeout
}

// Client sends calls for one scope: one account and region. It is safe for concurrent use.
//
// There is no way to put in another HTTP client: telling a request that was never sent from one whose outcome is unknown
// relies on what net/http reports while it writes.
type Client struct {
	emr        *sdk.Client
	cloudwatch *cloudwatch.Client
	sqs        *sqs.Client
	sns        *sns.Client
	events     *eventbridge.Client
	pricing    *pricing.Client
	sts        *sts.Client
	ec2        ec2
	secrets    *secrets
	region     string
	endpoint   string
	timeout    time.Duration
}

// New returns a client. It reads configuration files and the environment, and sends nothing to AWS; wrong credentials show
// at the first call.
//
// If the endpoint is on this machine's loopback interface, no role is assumed, and fixed dummy credentials are used when
// none are found, so that a simulator needs no set-up. That is safe because nothing signed so can reach AWS, and AWS would refuse it.
func New(ctx context.Context, o Options) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	httpClient := awshttp.NewBuildableClient()
	cfg, err := load(ctx, o, httpClient)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region: set region in the scope, or AWS_REGION")
	}
	c := &Client{region: cfg.Region, timeout: o.Timeout, secrets: &secrets{}}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	ofEMRs := func(eo *sdk.Options) { replace(&eo.BaseEndpoint, o.Endpoint) }
	c.endpoint = aws.ToString(sdk.NewFromConfig(cfg, ofEMRs).Options().BaseEndpoint)
	rehearsal := "" // what stands for every service: a rehearsal asks nothing of AWS
	if c.Loopback() {
		if cfg, err = load(ctx, o, httpClient, withoutMachineRole); err != nil {
			return nil, err
		}
		cfg.Credentials = orDummy(cfg.Credentials)
		rehearsal = c.endpoint
	}
	cfg.Credentials = c.secrets.watch(cfg.Credentials)
	cfg = oneAttempt(cfg, o.Version)
	ofSTS := func(so *sts.Options) { replace(&so.BaseEndpoint, rehearsal) }
	if o.RoleARN != "" && rehearsal == "" {
		cfg.Credentials = c.secrets.watch(assumeRole(sts.NewFromConfig(cfg, ofSTS), o))
		c.secrets.add(o.ExternalID)
	}
	given := cmp.Or(rehearsal, o.Endpoint) // what stands for a service that the options' endpoint is meant for
	beside := given                        // and for one that does not answer where EMR's own endpoint is
	if rehearsal == "" && ofEMR(o.Endpoint) {
		beside = ""
	}
	c.emr = sdk.NewFromConfig(cfg, ofEMRs)
	c.cloudwatch = cloudwatch.NewFromConfig(cfg, func(co *cloudwatch.Options) { replace(&co.BaseEndpoint, beside) })
	c.sqs = sqs.NewFromConfig(cfg, func(qo *sqs.Options) { replace(&qo.BaseEndpoint, beside) })
	c.sns = sns.NewFromConfig(cfg, func(so *sns.Options) { replace(&so.BaseEndpoint, given) })
	c.events = eventbridge.NewFromConfig(cfg, func(eo *eventbridge.Options) { replace(&eo.BaseEndpoint, given) })
	c.pricing = pricing.NewFromConfig(cfg, func(po *pricing.Options) {
		po.Region = pricingRegion(cfg.Region)
		replace(&po.BaseEndpoint, rehearsal)
	})
	c.sts = sts.NewFromConfig(cfg, ofSTS)
	if c.ec2, err = newEC2(ctx, cfg, rehearsal, o.Version); err != nil {
		return nil, err
	}
	return c, nil
}

// oneAttempt is a configuration whose services, whichever they are, send each request once, whole, under emrguard's name, and note its answer.
func oneAttempt(cfg aws.Config, version string) aws.Config {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.RetryMaxAttempts = 1 // against AWS_MAX_ATTEMPTS
	cfg.HTTPClient = wholeBody{cfg.HTTPClient}
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), userAgent(version), captureAnswer)
	return cfg
}

// replace puts an endpoint, if there is one, in place of the service's.
func replace(base **string, endpoint string) {
	if endpoint != "" {
		*base = aws.String(endpoint)
	}
}

// load reads the SDK's configuration: no retries, one connection pool.
func load(ctx context.Context, o Options, httpClient *awshttp.BuildableClient, more ...func(*config.LoadOptions) error) (aws.Config, error) {
	fns := append([]func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithHTTPClient(httpClient),
		config.WithLogger(logging.Nop{}), // the SDK's own lines would pass by the program's log and the hiding of credentials
	}, more...)
	if o.Region != "" {
		fns = append(fns, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, fns...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return cfg, nil
}

// check returns what is wrong with the options themselves.
func (o Options) check() error {
	var errs []error
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		switch {
		case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
			errs = append(errs, errors.New("endpoint: not an http or https URL with a host"))
		case u.User != nil:
			errs = append(errs, errors.New("endpoint: a URL with a user name or password would end up in logs"))
		}
	}
	if o.RoleARN != "" && !strings.HasPrefix(o.RoleARN, "arn:") {
		errs = append(errs, fmt.Errorf("role_arn: %q is no ARN: those begin with %q", o.RoleARN, "arn:"))
	}
	if d := o.SessionDuration; d != 0 && (d < 15*time.Minute || d > 12*time.Hour) {
		errs = append(errs, fmt.Errorf("session duration: %s is outside 15m to 12h, which STS accepts", d))
	}
	if o.Timeout < 0 {
		errs = append(errs, fmt.Errorf("timeout: %s is negative", o.Timeout))
	}
	return errors.Join(errs...)
}

// Region is the region the client speaks to.
func (c *Client) Region() string { return c.region }

// Endpoint is the URL that stands in for AWS's own, empty without one.
func (c *Client) Endpoint() string { return c.endpoint }

// ofEMR says whether the endpoint's host names EMR, as its VPC endpoints do ("vpce-….elasticmapreduce.us-east-1.vpce.amazonaws.com"):
// CloudWatch and SQS do not answer there.
func ofEMR(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && slices.Contains(strings.Split(u.Hostname(), "."), "elasticmapreduce")
}

// Loopback says whether the endpoint is on this machine: localhost, 127.0.0.0/8 or ::1.
func (c *Client) Loopback() bool { return IsLoopback(c.endpoint) }

// IsLoopback says whether a URL's host is this machine.
func IsLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
