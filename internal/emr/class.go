package emr

import "strings"

// Refusal is an error answer of AWS as it came over the wire.
type Refusal struct {
	Code    string // the exception's name, without a namespace
	Detail  string // the ErrorCode that an InvalidRequestException carries beside its name
	Status  int    // of HTTP; 0: none was seen
	Message string
}

// Class is what the answer means for the caller. The code decides, not the status alone: EMR answers InternalServerError with status
// 400 (API reference of ModifyInstanceGroups). What is not known for a refusal leaves the outcome of a change open.
func (r Refusal) Class() Class {
	if class, ok := classes[r.Code]; ok {
		return class
	}
	switch {
	case strings.HasPrefix(r.Code, "AccessDenied"):
		return Denied
	case r.Status == 429: // Too Many Requests
		return Throttled
	case r.Status == 408 || r.Status < 400 || r.Status > 499: // 408: Request Timeout
		return Unavailable
	case r.Detail == "API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS",
		strings.Contains(r.Message, "Instance fleets and instance groups are mutually exclusive"):
		return FleetsOnly
	case r.Detail == "NoSuchCluster", unknownID(r.Message):
		return NotFound
	}
	return Invalid
}

// classes is the class of each code that says what it means; sources: EMR API reference, "Common Errors"; CloudWatch API reference,
// GetMetricData, by the names of both its protocols; and the throttle codes of AWS's SDKs.
var classes = map[string]Class{
	"ThrottlingException": Throttled, "Throttling": Throttled, "ThrottledException": Throttled,
	"TooManyRequestsException": Throttled, "RequestLimitExceeded": Throttled, "RequestThrottled": Throttled,
	"RequestThrottledException": Throttled, "EC2ThrottledException": Throttled, "BandwidthLimitExceeded": Throttled,
	"SlowDown": Throttled, "LimitExceededException": Throttled, "LimitExceededFault": Throttled, "LimitExceeded": Throttled,

	"UnrecognizedClientException": Denied, "InvalidClientTokenId": Denied, "ExpiredToken": Denied,
	"ExpiredTokenException": Denied, "SignatureDoesNotMatch": Denied, "InvalidSignatureException": Denied,
	"IncompleteSignature": Denied, "IncompleteSignatureException": Denied, "MissingAuthenticationToken": Denied,
	"MissingAuthenticationTokenException": Denied, "NotAuthorized": Denied, "OptInRequired": Denied,
	"RequestExpired": Denied, "AuthFailure": Denied, "UnauthorizedOperation": Denied,

	"InternalServerError": Unavailable, "InternalServerException": Unavailable, "InternalFailure": Unavailable,
	"InternalError": Unavailable, "ServiceUnavailable": Unavailable, "ServiceUnavailableException": Unavailable,
	"InternalServiceFault": Unavailable, "InternalServiceError": Unavailable, // CloudWatch
	"RequestTimeout": Unavailable, "RequestTimeoutException": Unavailable,

	"QueueDoesNotExist": NotFound, "AWS.SimpleQueueService.NonExistentQueue": NotFound, // SQS API reference, by its two protocols
	"UnknownError": Unavailable, // the SDK's word for an error answer that names none: nothing is known of a write
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
