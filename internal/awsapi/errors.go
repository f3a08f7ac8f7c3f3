package awsapi

import (
	"context"
	"errors"
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
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if class := answered(err, api); class == emr.Throttled || class == emr.Unavailable {
			return emr.NotSent
		}
		return emr.Denied
	}
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok && operation.Service() == "STS" {
		return emr.NotSent
	}
	return emr.Denied
}

// answered is the class of an error that AWS answered with. The SDK's types are not asked: they differ between its versions.
func answered(err error, api smithy.APIError) emr.Class {
	r := emr.Refusal{Code: api.ErrorCode(), Detail: detail(err), Message: api.ErrorMessage()}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		r.Status = response.HTTPStatusCode()
	}
	return r.Class()
}

// detail is the finer code that an InvalidRequestException carries, empty for none.
func detail(err error) string {
	if request, ok := errors.AsType[*types.InvalidRequestException](err); ok {
		return aws.ToString(request.ErrorCode_)
	}
	return ""
}

// apiText is AWS's own text, with the finer code that an InvalidRequestException carries.
func apiText(api smithy.APIError) string {
	text := api.ErrorMessage()
	if code := detail(api); code != "" {
		text += " [" + code + "]"
	}
	if text == "" || text == "UnknownError" { // the SDK's word for none
		return "no message"
	}
	return text
}

// plain is the error without the SDK's "operation error EMR: …," in front, which the call's log line repeats.
func plain(err error) string {
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
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
