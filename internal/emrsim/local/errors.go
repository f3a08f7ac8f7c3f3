package local

import (
	"net/http"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

// failure translates an error answer. Code is the exception's name, as the SDK shows it.
func failure(e *emrsim.APIError) *emr.Error {
	return &emr.Error{Class: class(e), Code: e.Type, Message: e.Message}
}

// classes is the class of each exception that says by its name what it means (EMR API reference, "Common Errors").
var classes = map[string]emr.Class{
	"ThrottlingException": emr.Throttled, "Throttling": emr.Throttled, "TooManyRequestsException": emr.Throttled, "RequestLimitExceeded": emr.Throttled,

	"AccessDeniedException": emr.Denied, "AccessDenied": emr.Denied, "UnrecognizedClientException": emr.Denied, "InvalidClientTokenId": emr.Denied,
	"ExpiredTokenException": emr.Denied, "InvalidSignatureException": emr.Denied, "IncompleteSignatureException": emr.Denied,
	"MissingAuthenticationTokenException": emr.Denied, "OptInRequired": emr.Denied,

	"InternalServerError":     emr.Unavailable, // EMR answers it with status 400 (API reference of ModifyInstanceGroups)
	"InternalServerException": emr.Unavailable, "InternalFailure": emr.Unavailable, "ServiceUnavailable": emr.Unavailable,
}

// class says what an error answer means for the caller.
func class(e *emrsim.APIError) emr.Class {
	if known, ok := classes[e.Type]; ok {
		return known
	}
	switch {
	case e.Status == http.StatusTooManyRequests:
		return emr.Throttled
	case e.Status == http.StatusRequestTimeout || e.Status > 499:
		return emr.Unavailable
	case e.Code == "API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS":
		return emr.FleetsOnly
	case e.Code == "NoSuchCluster", unknownID(e.Message):
		return emr.NotFound
	}
	return emr.Invalid
}

// unknownID recognises the texts with which EMR says that an id names nothing in this account and region: "Cluster id 'j-1' is not
// valid.", "Instance group id 'ig-1' is not valid", "Specified job flow ID not valid."
func unknownID(message string) bool {
	message = strings.TrimSuffix(message, ".")
	if message == "Specified job flow ID not valid" {
		return true
	}
	names := strings.HasPrefix(message, "Cluster id '") || strings.HasPrefix(message, "Instance group id '")
	return names && strings.HasSuffix(message, "' is not valid")
}
