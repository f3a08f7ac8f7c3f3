package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/app"
	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/emr"
)

// maxSkew is how far the local clock may be from AWS's: beyond it no recovery starts (rule R11).
const maxSkew = time.Minute

// scopeCheck is the check of one scope.
type scopeCheck struct {
	cfg    *config.Config
	scope  config.Scope
	client *awsapi.Client
	list   []finding
}

func checkScope(ctx context.Context, d *Deps, cfg *config.Config, s config.Scope, prices bool) []finding {
	c := &scopeCheck{cfg: cfg, scope: s}
	client, err := awsapi.New(ctx, app.ScopeOptions(s, d.Version))
	if err != nil {
		c.add(statusProblem, "credentials", "%v", err)
		return c.list
	}
	c.client = client
	if !c.identity(ctx) {
		return c.list // whatever else is asked would be refused for the same reason
	}
	if clusters, ok := c.clusters(ctx); ok {
		c.permissions(ctx, clusters)
	}
	c.queue(ctx)
	if prices {
		c.prices(ctx)
	}
	return c.list
}

func (c *scopeCheck) add(status, check, format string, args ...any) {
	c.list = append(c.list, finding{Status: status, Check: check, Scope: c.scope.Name, Text: fmt.Sprintf(format, args...)})
}

// next says what to do about the last finding.
func (c *scopeCheck) next(text string) { c.list[len(c.list)-1].Next = text }

// identity asks who the credentials are, and says whether there are any. A simulator need not know that.
func (c *scopeCheck) identity(ctx context.Context) bool {
	id, err := c.client.Identity(ctx)
	switch {
	case err != nil && c.client.Loopback():
		c.add(statusOK, "credentials", "%s is on this machine; it does not tell who asks", c.client.Endpoint())
	case err != nil:
		c.add(statusProblem, "credentials", "%v", err)
		c.next(cmp.Or(unanswered(err), credentialsStep(c.scope)))
		refused, ok := errors.AsType[*emr.Error](err)
		return !ok || refused.Class != emr.Denied // STS may be out of reach where EMR is not
	case c.scope.Account() != "" && id.Account != c.scope.Account():
		c.add(statusProblem, "credentials", "%s is in account %s, but role_arn names %s", id.ARN, id.Account, c.scope.Account())
	default:
		c.add(statusOK, "credentials", "%s in %s", id.ARN, c.client.Region())
	}
	return true
}

// clusters lists the clusters that a rule may match, first page only, and compares the clocks.
func (c *scopeCheck) clusters(ctx context.Context) ([]emr.ClusterSummary, bool) {
	early := time.Now()
	res := c.client.Do(ctx, emr.Call{Op: emr.ListClusters})
	late := time.Now()
	c.clock(res.Date, early, late)
	if res.Err != nil {
		about := "permission"
		if res.Err.Class == emr.NotSent || res.Err.Class == emr.Unavailable {
			about = "network"
		}
		c.add(statusProblem, about, "%s: %v", emr.ListClusters, res.Err)
		c.next(cmp.Or(unanswered(res.Err), permissionStep(c.cfg, c.scope, emr.ListClusters, res.Err)))
		return nil, false
	}
	matched := slices.DeleteFunc(slices.Clone(res.Clusters), func(s emr.ClusterSummary) bool { return !c.cfg.Candidate(c.scope.Name, s) })
	more := ""
	if res.Marker != "" {
		more = " on the first page"
	}
	c.add(statusOK, "permission", "%s: allowed; rules may match %d of %d clusters%s", emr.ListClusters, len(matched), len(res.Clusters), more)
	if len(matched) == 0 {
		c.list[len(c.list)-1].Status = statusWarning
		if len(c.cfg.Clusters) == 0 {
			c.next("there is no rule, so every cluster is left alone: begin with\nclusters:\n  - match: {} # every cluster\n    mode: observe # decides, records and shows, and changes nothing")
		} else {
			c.next(matchStep(c.client.Region(), res.Clusters))
		}
	}
	return matched, true
}

// clock compares the local time with the answer's Date header, which has whole seconds.
func (c *scopeCheck) clock(date, early, late time.Time) {
	var off time.Duration
	switch {
	case date.IsZero():
		return
	case date.After(late):
		off = date.Sub(late)
	case date.Add(time.Second).Before(early):
		off = date.Add(time.Second).Sub(early)
	}
	switch {
	case off.Abs() <= maxSkew:
		c.add(statusOK, "clock", "agrees with AWS's to %s", max(off.Abs(), time.Second).Round(time.Second))
	case c.client.Loopback():
		c.add(statusWarning, "clock", "%s is %s from local time; for a simulator use emrguard run --speed", c.client.Endpoint(), off.Round(time.Second))
	default:
		c.add(statusProblem, "clock", "local time is %s from AWS's; set it (NTP): no recovery starts while they disagree by over %s", off.Round(time.Second), maxSkew)
	}
}

// permissions tries each call that the rules need. Where no cluster is there to ask about, an id that is nobody's stands in, which
// a policy for single clusters or tags refuses.
func (c *scopeCheck) permissions(ctx context.Context, clusters []emr.ClusterSummary) {
	cluster, stand := awsapi.NoCluster, true
	if len(clusters) > 0 {
		cluster, stand = clusters[0].ID, false
	}
	var allowed []string
	for _, op := range emr.Ops {
		if op.SQS() || !c.needs(op) {
			continue
		}
		if op == emr.TerminateJobFlows {
			c.add(statusWarning, "permission", "%s: not tried, since a request that EMR accepts ends a cluster; emrguard iam-policy prints what is needed", op)
			continue
		}
		access, err := c.client.Probe(ctx, op, cluster)
		switch {
		case access == awsapi.Allowed:
			allowed = append(allowed, string(op))
		case access == awsapi.Refused && op.CloudWatch():
			c.add(statusProblem, "permission", "%s: %v; policies by metrics need cloudwatch:%s, which no ARN restricts", op, err, op)
			c.next(permissionStep(c.cfg, c.scope, op, err))
		case access == awsapi.Refused && stand:
			c.add(statusWarning, "permission", "%s: refused for a cluster that does not exist, which a policy for single clusters or tags does, too: %v", op, err)
			c.next(permissionStep(c.cfg, c.scope, op, err))
		case access == awsapi.Refused:
			c.add(statusProblem, "permission", "%s on %s: %v", op, cluster, err)
			c.next(permissionStep(c.cfg, c.scope, op, err))
		default:
			c.add(statusWarning, "permission", "%s: no answer that tells: %v", op, err)
			c.next(unanswered(err))
		}
	}
	if len(allowed) > 0 {
		c.add(statusOK, "permission", "%s: allowed", strings.Join(allowed, ", "))
	}
}

// queue tries the calls on the scope's queue of events.
func (c *scopeCheck) queue(ctx context.Context) {
	queue := c.scope.EventsQueue
	if queue == "" {
		c.add(statusOK, "events", "no events_queue: resizes are seen by reading, at worst a sweep later; a queue is optional, docs/events.md sets one up")
		return
	}
	var allowed []string
	for _, op := range []emr.Op{emr.ReceiveMessage, emr.DeleteMessageBatch} {
		access, err := c.client.ProbeQueue(ctx, op, queue)
		switch {
		case err != nil && err.Class == emr.NotFound:
			c.add(statusProblem, "permission", "%s: there is no queue %s, or it is not shown to these credentials: %v", op, queue, err)
			c.next(queueStep(c.scope))
			return
		case access == awsapi.Allowed:
			allowed = append(allowed, string(op))
		case access == awsapi.Refused:
			c.add(statusProblem, "permission", "%s on %s: %v", op, queue, err)
			c.next(permissionStep(c.cfg, c.scope, op, err))
		default:
			c.add(statusWarning, "permission", "%s: no answer that tells: %v", op, err)
			c.next(unanswered(err))
		}
	}
	if len(allowed) > 0 {
		c.add(statusOK, "permission", "%s on %s: allowed", strings.Join(allowed, ", "), queue)
	}
}

// prices tries what emrguard prices asks. A simulator has no price list.
func (c *scopeCheck) prices(ctx context.Context) {
	type question struct {
		action, without string
		probe           func(context.Context) (awsapi.Access, *emr.Error)
	}
	list := question{config.PriceListAction, "emrguard prices cannot write a price file", c.client.ProbePriceList}
	spot := question{config.SpotPriceAction, "emrguard prices writes no Spot prices", c.client.ProbeSpotPrices}
	questions := []question{list, spot}
	if c.client.Loopback() {
		questions = []question{spot}
	}
	for _, q := range questions {
		switch access, err := q.probe(ctx); access {
		case awsapi.Allowed:
			c.add(statusOK, "permission", "%s: allowed", q.action)
		case awsapi.Refused:
			c.add(statusWarning, "permission", "%s: %v; without it %s", q.action, err, q.without)
			c.next(pricesStep(c.cfg, c.scope, q.action, err))
		case awsapi.Unclear:
			c.add(statusWarning, "permission", "%s: no answer that tells: %v", q.action, err)
			c.next(unanswered(err))
		}
	}
}

// needs says whether a rule needs the operation in this scope and it has not been asked for before.
func (c *scopeCheck) needs(op emr.Op) bool {
	return op != emr.ListClusters && slices.ContainsFunc(c.cfg.Clusters, func(r config.ClusterRule) bool {
		switch {
		case !r.In(c.scope.Name):
			return false
		case op.CloudWatch():
			return r.ReadsMetrics()
		case op == emr.TerminateJobFlows:
			return r.Terminates()
		case op.Writes():
			return r.Mode == config.Enforce
		}
		return true
	})
}
