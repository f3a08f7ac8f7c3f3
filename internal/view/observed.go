package view

import (
	"fmt"

	"emrguard/internal/phrase"
)

// Observed says that most clusters of a scope are only observed, and for one reason, so that it is told once and not with each of them.
type Observed struct {
	Clusters int    `json:"clusters" doc:"how many"`
	Reason   string `json:"reason" doc:"why"`
}

// observe finds the reason for which more than half of the clusters, 2 or more, are only observed, and marks those.
func (s *ScopeStatus) observe() {
	counts := map[string]int{}
	for _, c := range s.Clusters {
		if c.Withheld != "" {
			counts[c.Withheld]++
		}
	}
	for i := range s.Clusters {
		c := &s.Clusters[i]
		if n := counts[c.Withheld]; n >= 2 && 2*n > len(s.Clusters) {
			s.Observed = &Observed{Clusters: n, Reason: c.Withheld}
			c.alike = true
		}
	}
}

// sentence says it of a scope with so many clusters.
func (o *Observed) sentence(clusters int) string {
	which := fmt.Sprintf("%d of %s", o.Clusters, phrase.Count(clusters, "cluster"))
	if o.Clusters == clusters {
		which = fmt.Sprintf("all %d clusters", clusters)
	}
	return fmt.Sprintf("%s are only observed (%s), and what emrguard would do is in the history", which, o.Reason)
}
