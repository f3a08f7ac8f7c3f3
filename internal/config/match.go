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
	return len(m.Names) == 0 || slices.ContainsFunc(m.Names, func(pattern string) bool { return matchName(pattern, c.Name) })
}

// matchName says whether the whole name matches the pattern: * any characters, ? one, \ takes the next as it is. Unlike a
// shell's patterns, * crosses a slash: cluster names are no paths. Its cost is at most the product of the two lengths.
func matchName(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, j, star, resume := 0, 0, -1, 0
	for j < len(n) {
		if i < len(p) {
			switch {
			case p[i] == '*':
				star, resume = i, j
				i++
				continue
			case p[i] == '\\' && i+1 < len(p) && p[i+1] == n[j]:
				i, j = i+2, j+1
				continue
			case p[i] == '?', p[i] == n[j] && p[i] != '\\':
				i, j = i+1, j+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		resume++
		i, j = star+1, resume
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
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
