package simtest

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// rate is one of AWS's token buckets: so many calls at once, so many a second.
type rate struct{ burst, second float64 }

// published are AWS's figures for an account and region (AWS General Reference, EMR endpoints and quotas; CloudWatch service quotas).
var published = map[emr.Op]rate{
	emr.ListClusters: {20, 0.5}, emr.DescribeCluster: {10, 1}, emr.ListInstanceGroups: {10, 1}, emr.ListInstances: {10, 0.5}, emr.GetManagedScalingPolicy: {5, 0.5},
	emr.ModifyInstanceGroups: {5, 0.5}, emr.AddInstanceGroups: {5, 0.2}, emr.TerminateJobFlows: {10, 0.5}, emr.GetMetricData: {50, 50},
}

// share is the part of them that the processes of a world may use together.
const share = 0.5

// spending is one operation's bucket, as the oracle reckons it.
type spending struct {
	tokens float64
	at     time.Time
}

// tenure is the present ownership of the scope, as its owner was told of it.
type tenure struct {
	process    string
	generation int64
	early      bool // a clock was wrong when it began: the owner before may not know yet
}

// acquired notes that a process was given the lease. One that it did not have before brings one token of each operation.
func (o *oracle) acquired(p *Process, l store.Lease) {
	if o.tenure.process == p.name && o.tenure.generation == l.Generation {
		return
	}
	o.tenure = tenure{process: p.name, generation: l.Generation, early: o.clockWrong()}
	for _, b := range o.spent {
		b.tokens++
	}
}

// leaves checks that a call keeps to the budget.
//
// Budget: the calls of an operation, of all processes together, never exceed the token bucket of the configured share of AWS's rates, whatever the
// clocks show. A process that takes the scope over brings one token of each. One token is left for the seconds to which AWS's Date header is rounded.
// Left out are the calls of a process from which another took the scope while a clock was wrong: it reads on until it comes to renew its lease, and
// neither can know what the other spends.
func (o *oracle) leaves(p *Process, c emr.Call) {
	o.time = o.w.Now()
	if o.first[p.name].IsZero() {
		o.first[p.name] = o.time
	}
	o.agreed[p.name] = o.agreed[p.name] || p.Ahead.Abs() <= clockSlack+time.Second
	if c.Op.SQS() {
		return // SQS limits neither receiving nor deleting
	}
	if o.tenure.early && o.tenure.process != p.name {
		return
	}
	r := published[c.Op]
	most := max(1, r.burst*share)
	b := o.spent[c.Op]
	if b == nil {
		b = &spending{tokens: most + 1, at: o.time}
		o.spent[c.Op] = b
	}
	b.tokens, b.at = min(max(b.tokens, most+1), b.tokens+o.time.Sub(b.at).Seconds()*r.second*share), o.time
	if b.tokens--; b.tokens < -1e-9 {
		o.violate("budget", "%s goes beyond the budget by %.2f calls", c, -b.tokens)
		b.tokens = 0
	}
}
