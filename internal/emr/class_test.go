package emr

import "testing"

func TestRefusalClass(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    Refusal
		want Class
	}{
		{"throttling", Refusal{Code: "ThrottlingException", Status: 400, Message: "Rate exceeded"}, Throttled},
		{"throttling with a server's status", Refusal{Code: "RequestLimitExceeded", Status: 503}, Throttled},
		{"too many requests by the status", Refusal{Code: "Slow", Status: 429}, Throttled},
		{"denied", Refusal{Code: "AccessDeniedException", Status: 400}, Denied},
		{"denied by another name", Refusal{Code: "AccessDeniedByBoundary", Status: 403}, Denied},
		{"denied by a server's error", Refusal{Code: "AccessDenied", Status: 500}, Denied},
		{"expired credentials", Refusal{Code: "ExpiredTokenException", Status: 400}, Denied},
		{"a signature", Refusal{Code: "InvalidSignatureException", Status: 400}, Denied},
		{"a server's error with status 400", Refusal{Code: "InternalServerError", Status: 400}, Unavailable},
		{"CloudWatch's fault with status 400", Refusal{Code: "InternalServiceFault", Status: 400}, Unavailable},
		{"CloudWatch's limit", Refusal{Code: "LimitExceededException", Status: 400}, Throttled},
		{"no name", Refusal{Code: "UnknownError", Status: 400}, Unavailable},
		{"a server's error", Refusal{Code: "Whatever", Status: 500}, Unavailable},
		{"a proxy's", Refusal{Status: 599}, Unavailable},
		{"out of time", Refusal{Code: "Whatever", Status: 408}, Unavailable},
		{"no status", Refusal{Code: "ValidationException"}, Unavailable},
		{"a redirect", Refusal{Code: "ValidationException", Status: 399}, Unavailable},
		{"first of the refusals", Refusal{Code: "ValidationException", Status: 400}, Invalid},
		{"last of the refusals", Refusal{Code: "ValidationException", Status: 499}, Invalid},
		{"no cluster", Refusal{Code: "InvalidRequestException", Detail: "NoSuchCluster", Status: 400}, NotFound},
		{"no cluster by the text", Refusal{Code: "InvalidRequestException", Status: 400, Message: "Cluster id 'j-1' is not valid."}, NotFound},
		{"no group", Refusal{Code: "ValidationException", Status: 400, Message: "Instance group id 'ig-1' is not valid"}, NotFound},
		{"no job flow", Refusal{Code: "ValidationException", Status: 400, Message: "Specified job flow ID not valid."}, NotFound},
		{"another id", Refusal{Code: "ValidationException", Status: 400, Message: "Instance type 'x' is not valid"}, Invalid},
		{"a text that goes on", Refusal{Code: "ValidationException", Status: 400, Message: "Cluster id 'j-1' is not valid for this."}, Invalid},
		{"no cluster from a broken server", Refusal{Detail: "NoSuchCluster", Status: 500}, Unavailable},
		{"fleets", Refusal{Code: "InvalidRequestException", Detail: "API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS", Status: 400}, FleetsOnly},
		{"fleets by the text", Refusal{Code: "InvalidRequestException", Status: 400, Message: "Instance fleets and instance groups are mutually exclusive. The …"}, FleetsOnly},
		{"nothing", Refusal{}, Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.r.Class(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
