package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"emrguard/internal/emrsim"
)

// jsonType is the content type of awsJson 1.1 in both directions.
const jsonType = "application/x-amz-json-1.1"

// answer writes one outcome. Every answer carries the request id and simulated time as its Date.
func (s *Server) answer(w http.ResponseWriter, out emrsim.Outcome) {
	buf := getBuffer()
	defer putBuffer(buf)
	status := http.StatusOK
	switch {
	case out.Err != nil:
		status = out.Err.Status
		if !out.Empty {
			encode(buf, errorBody(out.Err))
		}
	case out.Out != nil && !out.Empty:
		encode(buf, out.Out)
	}
	h := w.Header()
	h["X-Amzn-Requestid"] = []string{out.RequestID}
	h["Content-Type"] = []string{jsonType}
	h["Content-Length"] = []string{strconv.Itoa(buf.Len())}
	h["Date"] = []string{out.Date.UTC().Format(http.TimeFormat)}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a client that is gone has no use for the error
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
