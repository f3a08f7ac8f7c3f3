package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"emrguard/internal/emr"
)

// SpotPrice is a Spot price of an instance type in a zone, in US dollars an hour, from a time until the next one of both.
type SpotPrice struct {
	Type, Zone string
	At         time.Time
	Price      float64
}

// linux is the product whose Spot prices EMR's instances have.
const linux = "Linux/UNIX"

// maxAnswer bounds an answer of EC2's in bytes; a page of 1,000 prices has a third of a million.
const maxAnswer = 8 << 20

// SpotPrices asks EC2 for the Spot prices of instance types in the client's region between two times, at most 90 days ago, and for each type and zone
// the one that held at the first of them (ec2:DescribeSpotPriceHistory). It is one page, in no order; next is the token of the following one, empty after the
// last. The error is an *emr.Error.
func (c *Client) SpotPrices(ctx context.Context, types []string, from, to time.Time, token string) (prices []SpotPrice, next string, err error) {
	form := url.Values{
		"ProductDescription.1": {linux}, "StartTime": {from.UTC().Format(time.RFC3339)}, "EndTime": {to.UTC().Format(time.RFC3339)},
	}
	for i, t := range types {
		form.Set("InstanceType."+strconv.Itoa(i+1), t)
	}
	if token != "" {
		form.Set("NextToken", token)
	}
	var out struct {
		Items []struct {
			Type  string    `xml:"instanceType"`
			Zone  string    `xml:"availabilityZone"`
			Price string    `xml:"spotPrice"`
			At    time.Time `xml:"timestamp"`
		} `xml:"spotPriceHistorySet>item"`
		Next string `xml:"nextToken"`
	}
	if failed := c.spotHistory(ctx, form, &out); failed != nil {
		return nil, "", failed
	}
	for _, i := range out.Items {
		price, bad := strconv.ParseFloat(i.Price, 64)
		if bad != nil || !(price >= 0) || i.At.IsZero() {
			return nil, "", &emr.Error{Class: emr.Unavailable, Message: fmt.Sprintf("EC2's Spot price of %s in %s cannot be read: %q at %s", i.Type, i.Zone, shorten(i.Price), i.At)}
		}
		prices = append(prices, SpotPrice{i.Type, i.Zone, i.At.UTC(), price})
	}
	return prices, out.Next, nil
}

// spotHistory sends a DescribeSpotPriceHistory by EC2's query protocol ("Query requests" of the EC2 Developer Guide), signed by the SDK, and reads the answer.
//
// It does without the SDK's client of EC2: the program would be 30 MB larger, three quarters more, for one read.
func (c *Client) spotHistory(ctx context.Context, form url.Values, out any) *emr.Error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	form.Set("Action", "DescribeSpotPriceHistory")
	form.Set("Version", "2016-11-15")
	var a attempt
	answer, err := c.ec2.post(a.observe(ctx), form)
	if err == nil {
		err = xml.Unmarshal(answer, out)
	}
	if err != nil {
		return c.explain(err, a.left.Load())
	}
	return nil
}

// ec2 is what a request to EC2 needs.
type ec2 struct {
	cfg      aws.Config
	endpoint string
	agent    string
}

// newEC2 finds EC2's endpoint: the given one, else that of the environment or a profile, else AWS's own, whose name is EMR's but for the service.
func newEC2(ctx context.Context, cfg aws.Config, given, version string) (ec2, error) {
	e := ec2{cfg: cfg, endpoint: given, agent: "emrguard/" + version}
	if e.endpoint == "" {
		e.endpoint = configured(ctx, cfg, "EC2")
	}
	if e.endpoint != "" {
		return e, nil
	}
	options := sdk.NewFromConfig(cfg).Options().EndpointOptions
	own, err := sdk.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sdk.EndpointParameters{
		Region: aws.String(cfg.Region), UseFIPS: aws.Bool(options.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(options.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return e, fmt.Errorf("region %s: %w", cfg.Region, err)
	}
	e.endpoint = strings.Replace(own.URI.String(), "//elasticmapreduce", "//ec2", 1)
	return e, nil
}

// configured is the endpoint that AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL or their likes in a profile name for a service, as the SDK's clients find theirs.
func configured(ctx context.Context, cfg aws.Config, service string) string {
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(ctx context.Context) (bool, bool, error)
		}); ok {
			if ignored, found, err := s.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignored {
				return ""
			}
		}
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, service string) (string, bool, error)
		}); ok {
			if named, found, err := s.GetServiceBaseEndpoint(ctx, service); err == nil && found {
				return named
			}
		}
	}
	return aws.ToString(cfg.BaseEndpoint)
}

// post sends a form, signed, and returns the body of the answer. What EC2 refuses is an error as the SDK's clients return it.
func (e ec2) post(ctx context.Context, form url.Values) ([]byte, error) {
	credentials, err := e.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	body := []byte(form.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(e.endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.GetBody = nil // a signed request is not for the host that a redirect names
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("User-Agent", e.agent)
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(hash[:]), "ec2", e.cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	answer, err := e.cfg.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close() // it is read
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case answer.StatusCode != http.StatusOK:
		return nil, refusal(answer, text)
	}
	return text, nil
}

// refusal is the error of an answer of EC2's that is none ("Error codes for the Amazon EC2 API").
func refusal(answer *http.Response, text []byte) error {
	var body struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
		ID      string `xml:"RequestID"`
	}
	if xml.Unmarshal(text, &body) != nil || body.Code == "" {
		body.Code, body.Message = "UnknownError", answer.Status // as the SDK has it
	}
	return &awshttp.ResponseError{RequestID: body.ID, ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: answer}, Err: &smithy.GenericAPIError{Code: body.Code, Message: body.Message},
	}}
}

// ProbePriceList finds out whether the credentials may ask the price list, by asking it for one price; err is what it said.
func (c *Client) ProbePriceList(ctx context.Context) (Access, *emr.Error) {
	_, err := c.listed(ctx, "AmazonEC2", onDemand(c.region, "m5.xlarge"))
	failed, _ := err.(*emr.Error) //nolint:errorlint // the type is the contract
	return access(failed)
}

// ProbeSpotPrices finds out whether the credentials may ask for Spot prices, with EC2's own dry run; err is what EC2 said.
func (c *Client) ProbeSpotPrices(ctx context.Context) (Access, *emr.Error) {
	var out struct{}
	err := c.spotHistory(ctx, url.Values{"DryRun": {"true"}}, &out)
	if err != nil && err.Code == "DryRunOperation" {
		return Allowed, nil
	}
	return access(err)
}
