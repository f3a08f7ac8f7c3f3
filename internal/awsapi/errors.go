package awsapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// longest is the number of characters of an error text that are kept.
const longest = 600

// explain turns the SDK's error into one of a class; left says whether a byte of the request may have left the process.
// The text holds AWS's request id and no credential.
func (c *Client) explain(err error, left bool) *emr.Error {
	out := &emr.Error{}
	var credential *credentialError
	var api smithy.APIError
	var invalid smithy.InvalidParamsError
	switch {
	case errors.As(err, &credential):
		for errors.As(credential.err, &credential) { // those that a role is assumed with
		}
		out.Class, out.Message = credentialClass(credential.err), credential.Error()
		if errors.As(credential.err, &api) {
			out.Code = api.ErrorCode()
		}
	case errors.As(err, &api):
		out.Class, out.Code, out.Message = answered(err, api), api.ErrorCode(), apiText(api)
	case errors.As(err, &invalid):
		out.Class, out.Message = emr.Invalid, invalid.Error()
	case left:
		out.Class, out.Message = emr.Unavailable, plain(err)
	default:
		out.Class, out.Message = emr.NotSent, plain(err)
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.RequestID != "" && !strings.Contains(out.Message, response.RequestID) {
		out.Message += " (request " + response.RequestID + ")"
	}
	out.Code, out.Message = shorten(c.secrets.hide(out.Code)), shorten(c.secrets.hide(out.Message))
	return out
}

// credentialClass is the class of a call that was not sent for want of credentials: denied unless that is a passing fault, of
// the way to STS or of STS itself. What is not from STS is a search for credentials that found none.
func credentialClass(err error) emr.Class {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return emr.NotSent
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if class := answered(err, api); class == emr.Throttled || class == emr.Unavailable {
			return emr.NotSent
		}
		return emr.Denied
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) && operation.Service() == "STS" {
		return emr.NotSent
	}
	return emr.Denied
}

// answered is the class of an error that AWS answered with. The code decides, not the SDK's type, which differs between
// its versions, nor the status alone: EMR answers InternalServerError with status 400 (API reference of
// ModifyInstanceGroups).
func answered(err error, api smithy.APIError) emr.Class {
	code, text := api.ErrorCode(), api.ErrorMessage()
	if class, ok := classes[code]; ok {
		return class
	}
	if strings.HasPrefix(code, "AccessDenied") {
		return emr.Denied
	}
	status := 0
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	switch {
	case status == http.StatusTooManyRequests:
		return emr.Throttled
	case status == http.StatusRequestTimeout || status < 400 || status > 499:
		return emr.Unavailable
	}
	var request *types.InvalidRequestException
	detail := ""
	if errors.As(err, &request) {
		detail = aws.ToString(request.ErrorCode_)
	}
	switch {
	case detail == "API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS",
		strings.Contains(text, "Instance fleets and instance groups are mutually exclusive"):
		return emr.FleetsOnly
	case detail == "NoSuchCluster", unknownID(text):
		return emr.NotFound
	}
	return emr.Invalid
}

// classes is the class of each code that says what it means; sources: EMR API reference, "Common Errors", and the throttle
// codes of AWS's SDKs.
var classes = map[string]emr.Class{
	"ThrottlingException": emr.Throttled, "Throttling": emr.Throttled, "ThrottledException": emr.Throttled,
	"TooManyRequestsException": emr.Throttled, "RequestLimitExceeded": emr.Throttled, "RequestThrottled": emr.Throttled,
	"RequestThrottledException": emr.Throttled, "EC2ThrottledException": emr.Throttled, "BandwidthLimitExceeded": emr.Throttled,
	"SlowDown": emr.Throttled,

	"UnrecognizedClientException": emr.Denied, "InvalidClientTokenId": emr.Denied, "ExpiredToken": emr.Denied,
	"ExpiredTokenException": emr.Denied, "SignatureDoesNotMatch": emr.Denied, "InvalidSignatureException": emr.Denied,
	"IncompleteSignature": emr.Denied, "IncompleteSignatureException": emr.Denied, "MissingAuthenticationToken": emr.Denied,
	"MissingAuthenticationTokenException": emr.Denied, "NotAuthorized": emr.Denied, "OptInRequired": emr.Denied,
	"RequestExpired": emr.Denied, "AuthFailure": emr.Denied, "UnauthorizedOperation": emr.Denied,

	"InternalServerError": emr.Unavailable, "InternalServerException": emr.Unavailable, "InternalFailure": emr.Unavailable,
	"InternalError": emr.Unavailable, "ServiceUnavailable": emr.Unavailable, "ServiceUnavailableException": emr.Unavailable,
	"RequestTimeout": emr.Unavailable, "RequestTimeoutException": emr.Unavailable,
	"UnknownError": emr.Unavailable, // the SDK's word for an error answer that names none: nothing is known of a write
}

// unknownID says whether the text is one of those for an id that the account and region do not have: "Cluster id 'j-1' is not
// valid.", "Instance group id 'ig-1' is not valid", "Specified job flow ID not valid."
func unknownID(text string) bool {
	text = strings.TrimSuffix(strings.ToLower(text), ".")
	if !strings.HasSuffix(text, " not valid") {
		return false
	}
	return strings.HasPrefix(text, "cluster id ") || strings.HasPrefix(text, "instance group id ") || strings.HasPrefix(text, "specified job flow id")
}

// apiText is AWS's own text, with the finer code that an InvalidRequestException carries.
func apiText(api smithy.APIError) string {
	text := api.ErrorMessage()
	var request *types.InvalidRequestException
	if errors.As(api, &request) && aws.ToString(request.ErrorCode_) != "" {
		text += " [" + *request.ErrorCode_ + "]"
	}
	if text == "" || text == "UnknownError" { // the SDK's word for none
		return "no message"
	}
	return text
}

// plain is the error without the SDK's "operation error EMR: …," in front, which the call's log line repeats.
func plain(err error) string {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return operation.Err.Error()
	}
	return err.Error()
}

// shorten cuts a text that a proxy made a page of.
func shorten(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	if len(runes) <= longest {
		return string(runes)
	}
	return string(runes[:longest]) + "…"
}
