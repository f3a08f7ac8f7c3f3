package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"emrguard/internal/emr"
)

// Policy is an IAM policy document.
type Policy struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Statement is one statement of a policy. Condition is operator, key, values; all have to hold.
type Statement struct {
	Sid       string                         `json:"Sid"`
	Effect    string                         `json:"Effect"`
	Action    []string                       `json:"Action"`
	Resource  []string                       `json:"Resource"`
	Condition map[string]map[string][]string `json:"Condition,omitempty"`
}

// JSON is the document as IAM takes it, indented, with a newline at its end.
func (p Policy) JSON() string {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return string(text) + "\n"
}

// PolicyFor is the policy of one principal.
type PolicyFor struct {
	Principal string // the role's ARN; empty: the credentials emrguard itself runs with
	Policy    Policy
}

// Extra is something beside the guard itself that a policy may allow.
type Extra string

// ForPrices is what `emrguard prices` asks: the price list, which has no resource to restrict and a region of AWS's choice, and the Spot prices of the scope's
// region (Service Authorization Reference, "… for AWS Price List": GetProducts; "… for Amazon EC2": DescribeSpotPriceHistory has no resource type).
const ForPrices Extra = "prices"

// The actions of ForPrices.
const (
	PriceListAction = "pricing:GetProducts"
	SpotPriceAction = "ec2:DescribeSpotPriceHistory"
)

// IAMPolicies returns the least-privilege policies for this configuration: one for the credentials emrguard runs with, if
// they need any permission, and one for each role it assumes, in the order of the scopes.
//
// Reads and writes are allowed for the clusters the rules can reach: by id and by tag where the rules select so, else for
// all clusters of the account and region, because a cluster's ARN does not hold its name. Writes are allowed only if a
// rule enforces, and TerminateJobFlows only for the clusters of rules whose termination enforces, too; both are denied for clusters
// whose own tag opts out (rule R12). ListClusters has no resource to restrict, so it is bound to the region; so is GetMetricData, which is
// allowed only if a rule needs metrics. A queue of events may be read and deleted from, and a topic
// and a bus of the notifications be sent to. Extras come last.
//
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic MapReduce":
// resource type cluster (arn:<partition>:elasticmapreduce:<region>:<account>:cluster/<id>) with the condition key
// elasticmapreduce:ResourceTag/<key>, for every action used here but ListClusters; "… for Amazon CloudWatch": GetMetricData has no
// resource type. EMR Management Guide,
// emr-cluster-deny-modifyinstancegroup: ModifyInstanceGroups is subject to a cluster's ARN and tags only if the request
// carries ClusterId. emrguard always sends it, and as nothing here allows a write on "*", a request without it is refused.
// Older editions of that guide say that ModifyInstanceGroups knows no tag keys at all; if AWS denies it to a rule that
// selects by tag, name the clusters by id.
func (c *Config) IAMPolicies(extras ...Extra) []PolicyFor {
	var out []PolicyFor
	for _, principal := range c.principals() {
		b := policyBuilder{cfg: c}
		for _, s := range c.Scopes {
			if s.RoleARN == principal {
				b.scope(s)
			}
		}
		b.notifications(principal)
		if slices.Contains(extras, ForPrices) {
			b.prices(principal)
		}
		if principal == "" {
			b.assume()
		}
		if len(b.statements) > 0 {
			out = append(out, PolicyFor{Principal: principal, Policy: Policy{Version: "2012-10-17", Statement: b.statements}})
		}
	}
	return out
}

// Allowing returns the statements of a scope's policy that allow an operation there, as they stand in IAMPolicies: without them AWS refuses it.
func (c *Config) Allowing(s Scope, op emr.Op) []Statement {
	return allowing(c.IAMPolicies(), s, action(op))
}

// AllowingPrices is Allowing for an action of ForPrices.
func (c *Config) AllowingPrices(s Scope, action string) []Statement {
	return allowing(c.IAMPolicies(ForPrices), s, action)
}

func allowing(policies []PolicyFor, s Scope, action string) []Statement {
	var out []Statement
	for _, p := range policies {
		for _, statement := range p.Policy.Statement {
			if p.Principal == s.RoleARN && statement.Effect == "Allow" && slices.Contains(statement.Action, action) && statement.in(s.Region) {
				out = append(out, statement)
			}
		}
	}
	return out
}

// in says whether the statement is about a region, by its condition or its ARNs.
func (s Statement) in(region string) bool {
	if only := s.Condition["StringEquals"]["aws:RequestedRegion"]; len(only) > 0 {
		return slices.Contains(only, region)
	}
	return slices.ContainsFunc(s.Resource, func(arn string) bool { return arn == "*" || strings.Contains(arn, ":"+region+":") })
}

// principals are the identities that the scopes and sinks use: emrguard's own first, then each role once.
func (c *Config) principals() []string {
	out := []string{""}
	add := func(role string) {
		if !slices.Contains(out, role) {
			out = append(out, role)
		}
	}
	for _, s := range c.Scopes {
		add(s.RoleARN)
	}
	for _, s := range c.Notify.Sinks {
		if s.SNS != nil {
			add(s.SNS.RoleARN)
		}
		if s.EventBridge != nil {
			add(s.EventBridge.RoleARN)
		}
	}
	return out
}

type policyBuilder struct {
	cfg        *Config
	statements []Statement
}

func (b *policyBuilder) add(sid, effect string, actions, resources []string, condition map[string]map[string][]string) {
	sid = fmt.Sprintf("%s%d", sid, len(b.statements)) // IAM wants them unique, letters and digits
	b.statements = append(b.statements, Statement{Sid: sid, Effect: effect, Action: actions, Resource: resources, Condition: condition})
}

// assume allows emrguard's own credentials to take the roles.
func (b *policyBuilder) assume() {
	if roles := b.cfg.principals()[1:]; len(roles) > 0 {
		b.add("AssumeRoles", "Allow", []string{"sts:AssumeRole"}, roles, nil)
	}
}

// notifications allows a principal to send to its sinks, each topic and bus once (Service Authorization Reference, "… for Amazon SNS": Publish on
// a topic; "… for Amazon EventBridge": PutEvents on an event bus).
func (b *policyBuilder) notifications(principal string) {
	var topics, buses []string
	for _, s := range b.cfg.Notify.Sinks {
		switch {
		case s.SNS != nil && s.SNS.RoleARN == principal:
			topics = append(topics, s.SNS.TopicARN)
		case s.EventBridge != nil && s.EventBridge.RoleARN == principal:
			buses = append(buses, s.EventBridge.BusARN)
		}
	}
	for _, st := range []struct {
		sid, action string
		resources   []string
	}{{"NotifyTopic", "sns:Publish", topics}, {"NotifyBus", "events:PutEvents", buses}} {
		if len(st.resources) > 0 {
			slices.Sort(st.resources)
			b.add(st.sid, "Allow", []string{st.action}, slices.Compact(st.resources), nil)
		}
	}
}

// prices allows a principal to ask for the prices of its scopes.
func (b *policyBuilder) prices(principal string) {
	var regions []string
	for _, s := range b.cfg.Scopes {
		if s.RoleARN == principal {
			regions = append(regions, s.Region)
		}
	}
	if len(regions) == 0 {
		return
	}
	slices.Sort(regions)
	b.add("PriceList", "Allow", []string{PriceListAction}, []string{"*"}, nil)
	b.add("SpotPrices", "Allow", []string{SpotPriceAction}, []string{"*"}, map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": slices.Compact(regions)}})
}

// action is the IAM name of an operation.
func action(op emr.Op) string {
	switch {
	case op.CloudWatch():
		return "cloudwatch:" + string(op)
	case op == emr.DeleteMessageBatch: // has no action of its own (Service Authorization Reference, "… for Amazon SQS")
		return "sqs:DeleteMessage"
	case op.SQS():
		return "sqs:" + string(op)
	}
	return "elasticmapreduce:" + string(op)
}

// scope adds what one scope needs.
func (b *policyBuilder) scope(s Scope) {
	var reached, enforced, terminating []ClusterRule
	metrics := false
	for _, r := range b.cfg.Clusters {
		if r.Mode == Off || !r.In(s.Name) {
			continue
		}
		reached = append(reached, r)
		metrics = metrics || r.ReadsMetrics()
		if r.Mode == Enforce {
			enforced = append(enforced, r)
		}
		if r.Terminates() {
			terminating = append(terminating, r)
		}
	}
	here := map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": {s.Region}}}
	b.add("Find", "Allow", []string{action(emr.ListClusters)}, []string{"*"}, here)
	if s.EventsQueue != "" {
		b.add("Events", "Allow", []string{action(emr.ReceiveMessage), action(emr.DeleteMessageBatch)}, []string{s.queueARN()}, nil)
	}
	if len(reached) == 0 {
		return
	}
	// Whether a rule that selects by tag holds is only known after DescribeCluster, so that one is not bound to tags.
	var reads, writes []string
	for _, op := range emr.Ops {
		switch {
		case op == emr.ListClusters, op == emr.DescribeCluster, op == emr.TerminateJobFlows, !op.EMR():
		case op.Writes():
			writes = append(writes, action(op))
		default:
			reads = append(reads, action(op))
		}
	}
	b.add("Describe", "Allow", []string{action(emr.DescribeCluster)}, resources(s, reached), nil)
	b.clusters("Watch", s, reads, reached)
	if metrics {
		b.add("Metrics", "Allow", []string{action(emr.GetMetricData)}, []string{"*"}, here)
	}
	if len(enforced) == 0 {
		return
	}
	b.clusters("Repair", s, writes, enforced)
	if len(terminating) > 0 {
		b.clusters("Terminate", s, []string{action(emr.TerminateJobFlows)}, terminating)
		writes = append(writes, action(emr.TerminateJobFlows))
	}
	b.add("OptOut", "Deny", writes, []string{arn(s, "*")}, map[string]map[string][]string{
		"StringEqualsIgnoreCase": {"elasticmapreduce:ResourceTag/" + OptOutTag: {string(Off), string(Observe)}},
	})
}

// clusters allows the actions for the clusters of the rules: one statement for all rules that no tag restricts, and one
// for each set of tags.
func (b *policyBuilder) clusters(sid string, s Scope, actions []string, rules []ClusterRule) {
	var order []string
	byTags := map[string][]ClusterRule{}
	for _, r := range rules {
		key := Match{Tags: r.Match.Tags}.String()
		if _, ok := byTags[key]; !ok {
			order = append(order, key)
		}
		byTags[key] = append(byTags[key], r)
	}
	const untagged = "{}"
	if open := byTags[untagged]; len(open) > 0 && slices.Contains(resources(s, open), arn(s, "*")) {
		order = []string{untagged} // it allows whatever the others would
	}
	for _, key := range order {
		b.add(sid, "Allow", actions, resources(s, byTags[key]), tagCondition(byTags[key][0].Match.Tags))
	}
}

func tagCondition(tags map[string]string) map[string]map[string][]string {
	if len(tags) == 0 {
		return nil
	}
	equal := map[string][]string{}
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		equal["elasticmapreduce:ResourceTag/"+tag] = []string{tags[tag]}
	}
	return map[string]map[string][]string{"StringEquals": equal}
}

// resources are the ARNs of the clusters that the rules can match, each once.
func resources(s Scope, rules []ClusterRule) []string {
	var out []string
	for _, r := range rules {
		if len(r.Match.IDs) == 0 {
			return []string{arn(s, "*")}
		}
		for _, id := range r.Match.IDs {
			out = append(out, arn(s, string(id)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// arn is the ARN of a cluster; an account that the file does not tell is *.
func arn(s Scope, cluster string) string {
	account := s.Account()
	if account == "" {
		account = "*"
	}
	return strings.Join([]string{"arn", s.Partition(), "elasticmapreduce", s.Region, account, "cluster/" + cluster}, ":")
}
