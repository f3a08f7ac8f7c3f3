package wire

import (
	"bytes"
	"net/http"
	"reflect"

	"emrguard/internal/emrsim"
)

// ec2Space is the namespace of EC2's answers.
const ec2Space = "http://ec2.amazonaws.com/doc/2016-11-15/"

// encodeEC2 writes answers of EC2: the request id and the output structure's members, without an element around them.
func encodeEC2(buf *bytes.Buffer, op, requestID string, out any) {
	buf.WriteString("<" + op + `Response xmlns="` + ec2Space + `">`)
	textElement(buf, "requestId", requestID)
	structureXML(buf, reflect.Indirect(reflect.ValueOf(out)))
	buf.WriteString("</" + op + "Response>")
}

// failEC2 writes errors of EC2 (EC2 API reference, "Error codes").
func failEC2(buf *bytes.Buffer, requestID string, e *emrsim.APIError) {
	element(buf, "Response", func() {
		element(buf, "Errors", func() {
			element(buf, "Error", func() {
				textElement(buf, "Code", e.Type)
				textElement(buf, "Message", e.Message)
			})
		})
		textElement(buf, "RequestID", requestID)
	})
}

// ec2Errors are EC2's own codes and statuses for what the other services call otherwise (EC2 API reference, "Error codes").
var ec2Errors = map[string]emrsim.APIError{
	"ThrottlingException":       {Status: http.StatusServiceUnavailable, Type: "RequestLimitExceeded", Message: "Request limit exceeded."},
	"AccessDeniedException":     {Status: http.StatusForbidden, Type: "UnauthorizedOperation"},
	"UnknownOperationException": {Status: http.StatusBadRequest, Type: "InvalidAction"},
	"ValidationException":       {Status: http.StatusBadRequest, Type: "InvalidParameterValue"},
	"InternalFailure":           {Status: http.StatusInternalServerError, Type: "InternalError"},
}

// ec2Error is an error as EC2 answers it; nil stays nil.
func ec2Error(e *emrsim.APIError) *emrsim.APIError {
	if e == nil {
		return nil
	}
	own, ok := ec2Errors[e.Type]
	if !ok {
		return e
	}
	if own.Message == "" {
		own.Message = e.Message
	}
	return &own
}
