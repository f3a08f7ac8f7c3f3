package view

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Fleet is all clusters in numbers, and one page of them.
type Fleet struct {
	Now      time.Time       `json:"now" doc:"the time all ages refer to"`
	Totals   Totals          `json:"totals" doc:"of the clusters of the scope that is asked for, or of all"`
	Scopes   []ScopeHead     `json:"scopes" doc:"by name"`
	Matching int             `json:"matching" doc:"clusters that match the filter, on all pages"`
	Offset   int             `json:"offset" doc:"how many of these come before this page"`
	Clusters []ClusterStatus `json:"clusters" doc:"this page of them"`
}

// Totals are a fleet's numbers.
type Totals struct {
	Clusters   int              `json:"clusters" doc:"clusters that have not ended"`
	Wanted     int              `json:"wanted" doc:"instances wanted in all pools"`
	Requested  int              `json:"requested" doc:"instances asked of EMR, as last read"`
	Running    int              `json:"running" doc:"instances running that are wanted"`
	Missing    int              `json:"missing" doc:"instances wanted and not running"`
	Stuck      int              `json:"stuck" doc:"clusters on which a resize is stuck"`
	Recoveries int              `json:"recoveries" doc:"open recoveries, scaling operations included"`
	Conditions []ConditionCount `json:"conditions" doc:"each condition and how many clusters it is the matter with, the most urgent first"`

	shortfall []string // how it stands with what is missing, cluster by cluster
}

// Shortfall is how it stands with what is missing: stuck, missing or resizing, the worst of them; empty when nothing is missing.
func (t Totals) Shortfall() string { return worst(t.Missing, t.shortfall...) }

// ConditionCount is how often something is the matter.
type ConditionCount struct {
	Condition string `json:"condition" doc:"blocked, stuck, contested, unusable, terminating, missing, recovering, resting, resizing, suspended, paused, banned or observed"`
	Clusters  int    `json:"clusters" doc:"clusters"`
}

// ScopeHead is a scope without its clusters.
type ScopeHead struct {
	Scope    string    `json:"scope" doc:"name of the scope"`
	Clusters int       `json:"clusters" doc:"clusters that have not ended"`
	Headline string    `json:"headline" doc:"who acts on the scope, in a sentence"`
	Owner    *Owner    `json:"owner,omitempty" doc:"the emrguard that acts on the scope; absent when none does"`
	Paused   *Paused   `json:"paused,omitempty" doc:"emrguard changes nothing in the whole scope"`
	Troubles []Trouble `json:"troubles,omitempty" doc:"what is wrong with the scope as a whole"`
	Problems []string  `json:"problems,omitempty" doc:"what of the scope could not be read"`
}

// FleetFilter says which clusters a page of the fleet has.
type FleetFilter struct {
	Scope     string // empty: all
	Text      string // part of the name or the id, upper and lower case being the same
	Condition string // one of Conditions; empty: any
	Sort      string // one of Sorts; empty: the first of them
	Offset    int    // at least 0
	Limit     int    // at least 1
}

// Sorts are the orders of clusters: the most urgent first; by name; most missing first; the longest missing first; the one read longest ago first.
func Sorts() []string { return []string{"urgency", "name", "missing", "since", "read"} }

// Fleet shows the totals and the clusters that match, a page of them.
func (w World) Fleet(f FleetFilter) Fleet {
	out := Fleet{Now: w.Now, Scopes: []ScopeHead{}, Clusters: []ClusterStatus{}, Offset: max(0, f.Offset)}
	counts := map[string]int{}
	var rows []ClusterStatus
	text := strings.ToLower(f.Text)
	for _, s := range w.Status().Scopes {
		out.Scopes = append(out.Scopes, ScopeHead{Scope: s.Scope, Clusters: len(s.Clusters), Headline: s.Headline(w.Now), Owner: s.Owner, Paused: s.Paused, Troubles: s.Troubles, Problems: s.Problems})
		if f.Scope != "" && f.Scope != s.Scope {
			continue
		}
		for _, c := range s.Clusters {
			out.Totals.add(c, counts)
			if (text == "" || strings.Contains(strings.ToLower(c.Name), text) || strings.Contains(strings.ToLower(c.Cluster), text)) &&
				(f.Condition == "" || slices.Contains(c.Conditions, f.Condition)) {
				rows = append(rows, c)
			}
		}
	}
	out.Totals.Conditions = []ConditionCount{}
	for _, word := range Conditions() {
		out.Totals.Conditions = append(out.Totals.Conditions, ConditionCount{word, counts[word]})
	}
	slices.SortStableFunc(rows, func(a, b ClusterStatus) int {
		first := 0
		switch f.Sort {
		case "name":
		case "missing":
			first = cmp.Compare(b.Missing, a.Missing)
		case "since":
			first = earliest(a.MissingSince, b.MissingSince)
		case "read":
			first = a.LastRead.Compare(b.LastRead)
		default:
			first = cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(b.Missing, a.Missing))
		}
		return cmp.Or(first, cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Cluster, b.Cluster))
	})
	out.Matching = len(rows)
	begin := min(out.Offset, len(rows))
	out.Clusters = append(out.Clusters, rows[begin:min(len(rows), begin+max(1, f.Limit))]...)
	return out
}

func (t *Totals) add(c ClusterStatus, counts map[string]int) {
	t.Clusters++
	t.Wanted += c.Wanted
	t.Requested += c.Requested
	t.Running += c.Running
	t.Missing += c.Missing
	t.Recoveries += len(c.Recoveries)
	t.shortfall = append(t.shortfall, c.Shortfall())
	if c.Stuck {
		t.Stuck++
	}
	for _, word := range c.Conditions {
		counts[word]++
	}
}

// earliest compares times, of which none comes last.
func earliest(a, b time.Time) int {
	switch {
	case a.IsZero() == b.IsZero():
		return a.Compare(b)
	case a.IsZero():
		return 1
	}
	return -1
}

// urgency is the place of a cluster's first condition among all; smaller is more urgent.
func urgency(c ClusterStatus) int {
	all := Conditions()
	if len(c.Conditions) == 0 {
		return len(all)
	}
	return slices.Index(all, c.Conditions[0])
}
