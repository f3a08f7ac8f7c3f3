package budget

import (
	"math"
	"time"

	"emrguard/internal/emr"
)

// Rate is one of AWS's token buckets: at most Burst calls at once, refilled at PerSecond tokens a second.
type Rate struct {
	Burst     float64 `yaml:"burst" json:"burst"`           // tokens; at least 1
	PerSecond float64 `yaml:"per_second" json:"per_second"` // tokens a second; above 0
}

// Published returns what AWS grants an account and region for the operation (AWS General Reference, "Amazon EMR
// endpoints and quotas"): the sum over all who call there, before any share. An operation emrguard does not use has none.
//
// The sum of EMR's refills, 4.7 a second, stays below the account-wide bucket of even an old account (25 at once, 5 a
// second; newer ones have 200 and 50), so that bucket needs no tokens of its own here: see [Budget.Throttled].
//
// GetMetricData is not in that sum: CloudWatch is another service and allows 50 calls a second of it (CloudWatch User Guide,
// "CloudWatch service quotas"), which is taken for a bucket of 50. Nor are the operations of SQS, whose standard queues take a nearly
// unlimited number of calls a second (SQS Developer Guide, quotas): ten a second are the bound of emrguard's own, a hundred events a second.
func Published(op emr.Op) Rate {
	switch op {
	case emr.ListClusters:
		return Rate{Burst: 20, PerSecond: 0.5}
	case emr.DescribeCluster, emr.ListInstanceGroups:
		return Rate{Burst: 10, PerSecond: 1}
	case emr.ListInstances:
		return Rate{Burst: 10, PerSecond: 0.5}
	case emr.GetManagedScalingPolicy, emr.ModifyInstanceGroups:
		return Rate{Burst: 5, PerSecond: 0.5}
	case emr.AddInstanceGroups:
		return Rate{Burst: 5, PerSecond: 0.2}
	case emr.TerminateJobFlows:
		return Rate{Burst: 10, PerSecond: 0.5}
	case emr.GetMetricData:
		return Rate{Burst: 50, PerSecond: 50}
	case emr.ReceiveMessage, emr.DeleteMessageBatch:
		return Rate{Burst: 10, PerSecond: 10}
	}
	return Rate{}
}

// The limits that keep the arithmetic of a bucket far from overflow; no account comes near them.
const (
	slowest  = 1e-4 // tokens a second
	fastest  = 1e3
	greatest = 1e3 // tokens at once
)

// newBucket is the bucket of one operation at a share of its rate, holding one token.
func newBucket(r Rate, share float64, at time.Duration) bucket {
	perSecond := within(r.PerSecond*share, slowest, fastest)
	cost := int64(math.Ceil(float64(time.Second)/perSecond)) << deepest
	full := int64(within(r.Burst*share, 1, greatest) * float64(cost))
	return bucket{cost: cost, full: max(full, cost), credit: cost, at: at}
}

// within limits v to [low, high]; what is not a number counts as low.
func within(v, low, high float64) float64 {
	if !(v > low) {
		return low
	}
	return min(v, high)
}
