package cli

import (
	"errors"

	"emrguard/internal/emr"
)

// unanswered says what to do about a call of AWS that failed for another reason than a refusal, so that nothing is known of the permission for it; empty for a refusal,
// and for what a further try does not change.
func unanswered(err error) string {
	e, ok := errors.AsType[*emr.Error](err)
	if !ok {
		return ""
	}
	switch e.Class {
	case emr.NotSent:
		return "the call did not reach AWS, so this says nothing of permissions: look at the way from this machine to it (DNS, proxy, route, VPC endpoint, firewall), and at the region"
	case emr.Unavailable:
		return "AWS did not answer, so this says nothing of permissions: try again, and look at the way from this machine to it (proxy, firewall) if it lasts"
	case emr.Throttled:
		return "AWS had no rate left for this account and region, so this says nothing of permissions: try again in a minute"
	case emr.Denied, emr.Invalid, emr.NotFound, emr.FleetsOnly:
	}
	return ""
}
