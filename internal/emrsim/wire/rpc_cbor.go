package wire

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"emrguard/internal/emrsim"
)

// Smithy's RPC v2 with CBOR bodies (smithy.io, additional-specs/protocols/smithy-rpc-v2).
const (
	cborType = "application/cbor"
	rpcName  = "rpc-v2-cbor"
)

// cborReader takes what strangers send: names as they are written, and no deeper than the API's structures are.
var cborReader = must(cbor.DecOptions{FieldNameMatching: cbor.FieldNameMatchingCaseSensitive, MaxNestedLevels: 16}.DecMode())

var cborWriter = must(cbor.EncOptions{}.EncMode())

func must[T any](v T, err error) T {
	if err != nil {
		panic("emrsim/wire: " + err.Error())
	}
	return v
}

// decodeCBOR reads a request body into its input structure. An empty body is an empty structure.
func decodeCBOR(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	if err := cborReader.Unmarshal(body, in); err != nil {
		return fmt.Errorf("the body is not the CBOR of a request: %w", err)
	}
	return nil
}

// encodeCBOR writes an output structure; an operation without one has no body.
func encodeCBOR(buf *bytes.Buffer, _, _ string, out any) {
	if out != nil {
		writeCBOR(buf, out)
	}
}

func writeCBOR(buf *bytes.Buffer, v any) {
	body, err := cborWriter.Marshal(v)
	if err != nil {
		panic("emrsim/wire: a structure of the API does not encode: " + err.Error())
	}
	buf.Write(body)
}

func failCBOR(buf *bytes.Buffer, _ string, e *emrsim.APIError) { writeCBOR(buf, metricsError(e)) }

// metricsErrorBody is the body of CloudWatch's errors in its newer protocols.
type metricsErrorBody struct {
	Type    string `json:"__type"`
	Message string `json:"message,omitempty"`
	Fault   string `json:"Message,omitempty"` // the member's name in InternalServiceFault
}

func metricsError(e *emrsim.APIError) metricsErrorBody {
	body := metricsErrorBody{Type: "com.amazonaws.cloudwatch#" + e.Type, Message: e.Message}
	if e.Type == "InternalServiceFault" {
		body.Message, body.Fault = "", e.Message
	}
	return body
}
