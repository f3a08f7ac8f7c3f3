package wire

import (
	"net/http"
	"regexp"
	"strings"
	"sync"

	"emrguard/internal/emrsim"
)

// regionPattern is the form of every region AWS has: us-east-1, us-gov-west-1, ap-southeast-4.
var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$`)

// regionOf reads the region from the credential scope of a SigV4 Authorization header for a service. The signature is not checked. fallback is
// used for a request without the header; when it is empty too, the answer is AWS's MissingAuthenticationTokenException.
func regionOf(h http.Header, service, fallback string) (string, *emrsim.APIError) {
	auth := h.Get("Authorization")
	if auth == "" {
		if fallback != "" {
			return fallback, nil
		}
		return "", clientError("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	scheme, rest, _ := strings.Cut(auth, " ")
	if scheme != "AWS4-HMAC-SHA256" {
		return "", clientError("IncompleteSignatureException", "Unsupported AWS 'algorithm': '"+clip(scheme)+"'.")
	}
	credential := ""
	for part := range strings.SplitSeq(rest, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "Credential="); ok {
			credential = v
		}
	}
	if credential == "" {
		return "", clientError("IncompleteSignatureException", "Authorization header requires 'Credential' parameter.")
	}
	scope := strings.Split(credential, "/") // key/date/region/service/aws4_request
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return "", clientError("IncompleteSignatureException",
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '"+clip(credential)+"'")
	}
	if scope[3] != service {
		return "", clientError("InvalidSignatureException", "Credential should be scoped to correct service: '"+service+"'. ")
	}
	return scope[2], nil
}

func clientError(kind, message string) *emrsim.APIError {
	return &emrsim.APIError{Status: http.StatusBadRequest, Type: kind, Message: message}
}

// clip keeps a stranger's text short inside an error message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// maxRegions bounds how many regions one simulator grows; AWS has fewer than 50.
const maxRegions = 64

// regions remembers the regions that were asked for. The zero value is ready.
type regions struct {
	mu   sync.Mutex
	seen map[string]bool
}

// admit refuses a name that is no region's, and a new region beyond maxRegions.
func (r *regions) admit(name string) *emrsim.APIError {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[name] {
		return nil
	}
	if !regionPattern.MatchString(name) || len(r.seen) >= maxRegions {
		return clientError("InvalidSignatureException", "Credential should be scoped to a valid region, got '"+clip(name)+"'. ")
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[name] = true
	return nil
}
