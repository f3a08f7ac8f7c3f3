package config

import (
	"slices"
	"strings"

	"emrguard/internal/emr"
)

// Matches says whether the rule's match holds for the cluster in the scope, with the tags the cluster carries.
func (r *ClusterRule) Matches(scope string, cluster emr.Cluster) bool {
	if !r.Match.holdsWithoutTags(scope, cluster.ClusterSummary) {
		return false
	}
	for tag, value := range r.Match.Tags {
		if has, ok := cluster.Tags[tag]; !ok || has != value {
			return false
		}
	}
	return true
}

// holdsWithoutTags checks all but the tags.
func (m Match) holdsWithoutTags(scope string, c emr.ClusterSummary) bool {
	if len(m.Scopes) > 0 && !slices.Contains(m.Scopes, scope) {
		return false
	}
	if len(m.IDs) > 0 && !slices.Contains(m.IDs, c.ID) {
		return false
	}
	return len(m.Names) == 0 || slices.ContainsFunc(m.Names, func(pattern string) bool { return emr.Like(pattern, c.Name) })
}

// badPattern says what is wrong with a name pattern, or "".
func badPattern(pattern string) string {
	if pattern == "" {
		return "an empty pattern matches nothing; * matches everything"
	}
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case strings.ContainsRune("[]{}", r):
			return "patterns know * and ? only; to match the character " + string(r) + ` itself write \` + string(r)
		}
	}
	if escaped {
		return `the pattern ends with \; to match a backslash write \\`
	}
	return ""
}

// LiteralPattern is the pattern that matches exactly this name.
func LiteralPattern(name string) string {
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`*?\[]{}`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
