package emrsim

import "fmt"

// The texts are those seen in the wild where there are any; EMR documents few of them.

func validation(format string, args ...any) *APIError {
	return &APIError{Status: 400, Type: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

func invalidRequest(code, format string, args ...any) *APIError {
	return &APIError{Status: 400, Type: "InvalidRequestException", Code: code, Message: fmt.Sprintf(format, args...)}
}

// missing says that a required member was not given.
func missing(member string) *APIError {
	return validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func noSuchCluster(id string) *APIError {
	return invalidRequest("NoSuchCluster", "Cluster id '%s' is not valid.", id)
}

func noSuchJobFlow() *APIError { return validation("Specified job flow ID not valid.") }

// throttled is the answer to a call without a token (repost.aws, emr-cluster-status-throttling-error).
func throttled() *APIError {
	return &APIError{Status: 400, Type: "ThrottlingException", Message: "Rate exceeded"}
}

// fleetsOnly is the answer of a group operation to a cluster of instance fleets.
func fleetsOnly(op string) *APIError {
	return invalidRequest("API_DOES_NOT_SUPPORT_INSTANCE_FLEET_CLUSTERS", "Instance fleets and instance groups are mutually exclusive. "+
		"The EMR cluster specified in the request uses instance fleets. The %s operation does not support clusters that use instance fleets. "+
		"Use the ListInstanceFleets operation instead.", op)
}
