package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"emrguard/internal/emrsim"
)

// The content types of awsJson, in both directions: EMR speaks 1.1, CloudWatch and SQS 1.0.
const (
	jsonType   = "application/x-amz-json-1.1"
	jsonType10 = "application/x-amz-json-1.0"
)

// decodeJSON reads a request body into its input structure. An empty body is an empty structure, as AWS takes it.
func decodeJSON(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	err := json.Unmarshal(body, in)
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		where := ""
		if mismatch.Field != "" {
			where = " (member " + mismatch.Field + ")"
		}
		return fmt.Errorf("%s can not be converted to %s%s", mismatch.Value, wireType(mismatch.Type), where)
	}
	return err
}

// wireType is the API's name for what a member should have been.
func wireType(t reflect.Type) string {
	switch kind := t.Kind().String(); kind {
	case "struct", "map":
		return "a structure"
	case "slice":
		return "a list"
	case "bool":
		return "a Boolean"
	case "int", "int64":
		return "an Integer"
	case "float64":
		return "a Double"
	default:
		return "a " + kind
	}
}

// encodeJSON writes an output structure; an operation without one has no body.
func encodeJSON(buf *bytes.Buffer, _, _ string, out any) {
	if out != nil {
		encode(buf, out)
	}
}

// encode appends v to buf without a final newline and without HTML escapes, which AWS does not use either.
func encode(buf *bytes.Buffer, v any) {
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("emrsim/wire: a structure of the API does not encode: " + err.Error())
	}
	buf.Truncate(buf.Len() - 1)
}

// modelledError is the body of the errors that the API's model describes: their member is called Message.
type modelledError struct {
	Type    string `json:"__type"`
	Code    string `json:"ErrorCode,omitempty"`
	Message string `json:"Message"`
}

// commonError is the body of all others.
type commonError struct {
	Type    string `json:"__type"`
	Message string `json:"message,omitempty"`
}

func errorBody(e *emrsim.APIError) any {
	switch {
	case e.Type == "InvalidRequestException", e.Type == "InternalServerException", e.Code != "":
		return modelledError{Type: e.Type, Code: e.Code, Message: e.Message}
	case e.Type == "InternalServerError": // a structure without members (API model)
		return commonError{Type: e.Type}
	}
	return commonError{Type: e.Type, Message: e.Message}
}
