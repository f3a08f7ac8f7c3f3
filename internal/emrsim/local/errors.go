package local

import (
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

// failure translates an error answer. Code is the exception's name, as the SDK shows it.
func failure(e *emrsim.APIError) *emr.Error {
	return &emr.Error{Class: class(e), Code: e.Type, Message: e.Message}
}

// class says what an error answer means for the caller.
func class(e *emrsim.APIError) emr.Class {
	switch e.Code {
	case "NoSuchCluster":
		return emr.NotFound
	case "API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS":
		return emr.FleetsOnly
	}
	switch e.Type {
	case "ThrottlingException":
		return emr.Throttled
	case "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException":
		return emr.Denied
	case "InternalServerError": // EMR answers it with status 400 (API reference of ModifyInstanceGroups)
		return emr.Unavailable
	case "ValidationException", "InvalidRequestException":
		if notValidID(e.Message) {
			return emr.NotFound
		}
	}
	if e.Status >= 500 {
		return emr.Unavailable
	}
	return emr.Invalid
}

// notValidID recognises the texts with which EMR says that an id names nothing in this account and region: "Cluster id 'j-1' is not
// valid.", "Instance group id 'ig-1' is not valid", "Specified job flow ID not valid."
func notValidID(message string) bool {
	if message == "Specified job flow ID not valid." {
		return true
	}
	names := strings.HasPrefix(message, "Cluster id '") || strings.HasPrefix(message, "Instance group id '")
	return names && strings.HasSuffix(strings.TrimSuffix(message, "."), "' is not valid")
}
