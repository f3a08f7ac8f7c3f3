package wire

import (
	"net/http"
	"strconv"

	"emrguard/internal/emrsim"
)

// answer writes one outcome. Every answer carries the request id and simulated time as its Date.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c call, out emrsim.Outcome) {
	buf := getBuffer()
	defer putBuffer(buf)
	h, status := w.Header(), http.StatusOK
	if c.protocol == ec2Query {
		out.Err = ec2Error(out.Err)
	}
	switch {
	case out.Err != nil:
		status = out.Err.Status
		if !out.Empty {
			c.fail(buf, out.RequestID, out.Err)
		}
		if (c.protocol == rpcCBOR || c.protocol == metricsJSON || c.protocol == sqsJSON) && r.Header.Get("X-Amzn-Query-Mode") == "true" {
			h["X-Amzn-Query-Error"] = []string{emrsim.QueryCode(out.Err.Type) + ";" + faultOf(out.Err)}
		}
	case !out.Empty:
		c.encode(buf, c.op, out.RequestID, out.Out)
	}
	if c.protocol == rpcCBOR {
		h["Smithy-Protocol"] = []string{rpcName}
	}
	h["X-Amzn-Requestid"] = []string{out.RequestID}
	if buf.Len() > 0 || c.protocol != rpcCBOR { // its bodies have a type only where there is one
		h["Content-Type"] = []string{c.gives}
	}
	h["Content-Length"] = []string{strconv.Itoa(buf.Len())}
	h["Date"] = []string{out.Date.UTC().Format(http.TimeFormat)}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a client that is gone has no use for the error
}

// faultOf says whose mistake an error is, in the words of AWS's older protocol.
func faultOf(e *emrsim.APIError) string {
	if e.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
