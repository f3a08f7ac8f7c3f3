package config

import (
	"fmt"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// OptOutTag is the cluster tag that beats the configuration (rule R12). It can only reduce what a rule allows: off and
// observe do, in upper or lower case; enforce and an empty value change nothing; any other value counts as observe,
// because whoever set it wanted something other than the configuration.
const OptOutTag = "emrguard"

// Effective is what holds for one cluster, and why.
type Effective struct {
	Mode     Mode
	Settings recovery.Settings // the defaults when no rule matches
	Scaling  *scaling.Settings // the rule's, shared by its clusters and never changed; nil when the rule has no pools and no termination
	Wrapped  bool              // only the TASK groups are managed (rule R12)
	Rule     int               // index in Clusters, -1 when no rule matches
	Line     int               // of the rule in the file, 0 when no rule matches
	Why      string            // one sentence that names file, line and rule, and the tag if it decided
}

// RuleFor returns the first rule that matches, its index and true; without one nil, -1 and false.
func (c *Config) RuleFor(scope string, cluster emr.Cluster) (*ClusterRule, int, bool) {
	for i := range c.Clusters {
		if c.Clusters[i].Matches(scope, cluster) {
			return &c.Clusters[i], i, true
		}
	}
	return nil, -1, false
}

// For says what holds for a cluster whose tags are known (DescribeCluster): the first rule that matches, reduced by the
// cluster's own tag. Without a matching rule the mode is off.
func (c *Config) For(scope string, cluster emr.Cluster) Effective {
	rule, i, ok := c.RuleFor(scope, cluster)
	if !ok {
		return Effective{Mode: Off, Settings: recovery.Defaults(), Rule: -1, Why: "no rule of " + c.name + " matches: the cluster is left alone"}
	}
	e := Effective{Mode: rule.Mode, Settings: rule.Recovery, Rule: i, Line: c.pos[fmt.Sprintf("clusters[%d]", i)].line, Wrapped: rule.Wrap}
	if rule.Scales() {
		e.Scaling = &rule.Scaling
	}
	e.Why = fmt.Sprintf("mode %s by %s:%d (clusters[%d])", rule.Mode, c.name, e.Line, i)
	value, tagged := cluster.Tags[OptOutTag]
	if !tagged {
		return e
	}
	if allowed, understood := tagAllows(value); strictness(allowed) > strictness(e.Mode) {
		e.Mode = allowed
		e.Why = fmt.Sprintf("mode %s by the cluster's tag %s=%s, which beats mode %s of %s:%d (clusters[%d])",
			allowed, OptOutTag, value, rule.Mode, c.name, e.Line, i)
		if !understood {
			e.Why += "; the value is none of off, observe and enforce and counts as observe"
		}
	}
	return e
}

// Candidate says whether a cluster may need attention as far as ListClusters tells, which has no tags. If so, it takes
// one DescribeCluster for the tags and then For decides; if not, For would answer off whatever the tags are.
func (c *Config) Candidate(scope string, cluster emr.ClusterSummary) bool {
	for i := range c.Clusters {
		r := &c.Clusters[i]
		if !r.Match.holdsWithoutTags(scope, cluster) {
			continue
		}
		if r.Mode != Off {
			return true
		}
		if len(r.Match.Tags) == 0 {
			return false
		}
	}
	return false
}

// tagAllows is the most that a value of the opt-out tag allows, and whether the value is one of the known ones.
func tagAllows(value string) (Mode, bool) {
	switch m := Mode(strings.ToLower(strings.TrimSpace(value))); m {
	case Off, Observe, Enforce:
		return m, true
	case "":
		return Enforce, true
	}
	return Observe, false
}

// strictness orders the modes by how little they allow.
func strictness(m Mode) int {
	switch m {
	case Enforce:
		return 0
	case Observe:
		return 1
	}
	return 2
}
