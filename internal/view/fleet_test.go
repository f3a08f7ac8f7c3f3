package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"emrguard/internal/guard"
)

func fleetWorld(t *testing.T) World {
	t.Helper()
	clusters := []Cluster{{State: stuckCluster(t)}, {State: troubledCluster()}}
	for i := range 5 {
		clusters = append(clusters, Cluster{State: cluster(fmt.Sprintf("j-5%d", i), fmt.Sprintf("quiet-%d", i), []guard.Group{})})
	}
	return New(noon, []Scope{{Name: "prod", Clusters: clusters}, {Name: "test", Clusters: []Cluster{{State: cluster("j-9", "alone", nil)}}}})
}

func TestFleet(t *testing.T) {
	w := fleetWorld(t)
	for _, c := range []struct {
		name     string
		filter   FleetFilter
		clusters string
		matching int
	}{
		{"the most urgent first", FleetFilter{Limit: 10}, "reports etl alone quiet-0 quiet-1 quiet-2 quiet-3 quiet-4", 8},
		{"by name", FleetFilter{Limit: 10, ByName: true}, "alone etl quiet-0 quiet-1 quiet-2 quiet-3 quiet-4 reports", 8},
		{"a page", FleetFilter{Limit: 2, Offset: 1}, "etl alone", 8},
		{"beyond the end", FleetFilter{Limit: 2, Offset: 100}, "", 8},
		{"before the beginning", FleetFilter{Limit: 1, Offset: -3}, "reports", 8},
		{"part of a name, in any case", FleetFilter{Limit: 10, Text: "QUIET-3"}, "quiet-3", 1},
		{"part of an id", FleetFilter{Limit: 10, Text: "j-2"}, "etl", 1},
		{"a condition", FleetFilter{Limit: 10, Condition: "recovering"}, "reports etl", 2},
		{"another condition", FleetFilter{Limit: 10, Condition: "paused"}, "reports", 1},
		{"a scope", FleetFilter{Limit: 10, Scope: "test"}, "alone", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := w.Fleet(c.filter)
			var names []string
			for _, row := range f.Clusters {
				names = append(names, row.Name)
			}
			if got := strings.Join(names, " "); got != c.clusters || f.Matching != c.matching {
				t.Errorf("got %s (%d), want %s (%d)", got, f.Matching, c.clusters, c.matching)
			}
		})
	}
	f := w.Fleet(FleetFilter{Limit: 1})
	if f.Totals.Clusters != 8 || f.Totals.Wanted != 24 || f.Totals.Missing == 0 || len(f.Scopes) != 2 || f.Scopes[0].Clusters != 7 {
		t.Errorf("totals %+v, scopes %+v", f.Totals, f.Scopes)
	}
	for _, c := range f.Totals.Conditions {
		if !slices.Contains(Conditions(), c.Condition) {
			t.Errorf("unknown condition %q", c.Condition)
		}
	}
}
