package cli

import (
	"errors"
	"slices"
	"strings"

	"emrguard/internal/emr"
)

// unanswered says what to do about a call of AWS that failed for another reason than a refusal, so that nothing is known of the permission for it; empty for a refusal,
// and for what a further try does not change. A refusal of the clock is told as that.
func unanswered(err error) string {
	e, ok := errors.AsType[*emr.Error](err)
	if !ok {
		return ""
	}
	if ofClock(e) {
		return "AWS refuses the time that the request was signed at, so this says nothing of permissions: set the clock of this machine (NTP). AWS allows five minutes"
	}
	switch e.Class {
	case emr.NotSent:
		return `the call did not reach AWS, so this says nothing of permissions: look at the way from this machine to it (DNS, proxy, route, firewall), and at the region.
A private subnet needs a NAT gateway, or an interface VPC endpoint for each of elasticmapreduce and sts (and monitoring, sqs where they are used) that lets in port 443.
Behind a proxy set HTTPS_PROXY for emrguard, and NO_PROXY=169.254.169.254,169.254.170.2,169.254.170.23 for the addresses that credentials come from.`
	case emr.Unavailable:
		return "AWS did not answer, so this says nothing of permissions: try again, and look at the way from this machine to it (proxy, firewall) if it lasts"
	case emr.Throttled:
		return "AWS had no rate left for this account and region, so this says nothing of permissions: try again in a minute"
	case emr.Denied, emr.Invalid, emr.NotFound, emr.FleetsOnly:
	}
	return ""
}

// clockCodes are the refusals of the time that a request was signed at. Source: AWS Signature Version 4, "Troubleshooting"; S3 and EC2 have words of their own.
var clockCodes = []string{"RequestTimeTooSkewed", "RequestExpired"}

// ofClock says whether AWS refused the time of a request. The codes of a wrong signature stand for that, too, and their text tells.
func ofClock(e *emr.Error) bool {
	return slices.Contains(clockCodes, e.Code) || strings.Contains(e.Message, "Signature expired") || strings.Contains(e.Message, "Signature not yet current")
}
