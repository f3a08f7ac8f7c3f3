package emrsim

import "time"

// bucket is one token bucket. It starts full.
type bucket struct {
	tokens, burst, perSecond float64
	filled                   time.Time
}

type rate struct{ burst, perSecond float64 }

// rates are the published token buckets per account and region (AWS General Reference, "EMR endpoints and quotas").
// Operations that are not listed there take only from the whole-account bucket.
var rates = map[string]rate{
	"AddInstanceFleet": {5, 0.5}, "AddInstanceGroups": {5, 0.2}, "AddJobFlowSteps": {10, 0.5}, "AddTags": {5, 0.5},
	"CancelSteps": {10, 0.5}, "CreateSecurityConfiguration": {5, 0.5}, "DeleteSecurityConfiguration": {5, 0.5},
	"DescribeCluster": {10, 1}, "DescribeJobFlows": {20, 0.2}, "DescribeSecurityConfiguration": {5, 0.5}, "DescribeStep": {10, 0.5},
	"GetAutoTerminationPolicy": {5, 0.5}, "GetBlockPublicAccessConfiguration": {5, 0.5}, "GetClusterSessionCredentials": {5, 0.5},
	"GetManagedScalingPolicy": {5, 0.5}, "ListBootstrapActions": {10, 1}, "ListClusters": {20, 0.5}, "ListInstanceFleets": {5, 0.5},
	"ListInstanceGroups": {10, 1}, "ListInstances": {10, 0.5}, "ListReleaseLabels": {5, 0.5}, "ListSecurityConfigurations": {5, 0.5},
	"ListSteps": {10, 0.5}, "ListSupportedInstanceTypes": {5, 0.5}, "ModifyCluster": {10, 0.5}, "ModifyInstanceFleet": {5, 0.5},
	"ModifyInstanceGroups": {5, 0.5}, "PutAutoScalingPolicy": {5, 0.5}, "PutAutoTerminationPolicy": {5, 0.5},
	"PutBlockPublicAccessConfiguration": {5, 0.5}, "PutManagedScalingPolicy": {5, 0.5}, "RemoveAutoScalingPolicy": {5, 0.5},
	"RemoveAutoTerminationPolicy": {5, 0.5}, "RemoveManagedScalingPolicy": {5, 0.5}, "RemoveTags": {5, 0.5}, "RunJobFlow": {10, 0.5},
	"SetKeepJobFlowAliveWhenNoSteps": {5, 0.5}, "SetTerminationProtection": {5, 0.2}, "SetVisibleToAllUsers": {5, 0.2},
	"TerminateJobFlows": {10, 0.5},
}

// cloudWatchRates are CloudWatch's quotas of requests a second (CloudWatch User Guide, cloudwatch_limits); how many may come at once it
// does not say, and a second's worth is assumed. They have nothing to do with the whole-account bucket of EMR.
var cloudWatchRates = map[string]rate{"GetMetricData": {50, 50}, "GetMetricStatistics": {400, 400}, "ListMetrics": {25, 25}, "PutMetricData": {500, 500}}

// wholeAccount names the bucket that every operation takes from as well.
const wholeAccount = "*"

func (r *region) bucket(name string) *bucket {
	if b := r.buckets[name]; b != nil {
		return b
	}
	limit, ok := rates[name]
	if r, other := cloudWatchRates[name]; other {
		limit, ok = r, true
	}
	switch {
	case name == wholeAccount && r.s.opt.OldAccount:
		limit = rate{25, 5}
	case name == wholeAccount || !ok:
		limit = rate{200, 50}
	}
	b := &bucket{tokens: limit.burst, burst: limit.burst, perSecond: limit.perSecond, filled: r.s.now}
	r.buckets[name] = b
	return b
}

// take takes one token from the operation's bucket and, for EMR, one from the account's; a refused call takes none.
func (r *region) take(o operation, now time.Time) bool {
	from := []*bucket{r.bucket(o.name)}
	if o.service == EMR {
		from = append(from, r.bucket(wholeAccount))
	}
	for _, b := range from {
		if b.fill(now); b.tokens < 1 {
			return false
		}
	}
	for _, b := range from {
		b.tokens--
	}
	return true
}

func (b *bucket) fill(now time.Time) {
	b.tokens = min(b.burst, b.tokens+now.Sub(b.filled).Seconds()*b.perSecond)
	b.filled = now
}
