package desk

import (
	"errors"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

// noon is the present of the tests.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// TestPeriodsEndNow holds that nothing is counted that is still to come.
func TestPeriodsEndNow(t *testing.T) {
	c := guard.State{Schema: guard.Schema, Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-1", Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups},
		Groups: []guard.Group{{Group: emr.Group{ID: "ig-1", Name: "task", Role: emr.Task, Market: emr.OnDemand, InstanceType: "m5.xlarge", Requested: 3, Running: 2}, Seen: noon.Add(-48 * time.Hour)}}}
	w := view.New(noon, []view.Scope{{Name: "prod", Clusters: []view.Cluster{{State: c}}}})
	d := Desk{Store: memory.New("abcdefgh"), Config: mustParse(t, oneScope)}
	from, to := noon.Add(-time.Hour), noon.Add(24*time.Hour)
	costs, err := d.Costs(t.Context(), w, view.Found{}, from, to)
	if err != nil || costs.Total.Running != 2 || costs.Total.Missing != 1 || !costs.To.Equal(noon) {
		t.Errorf("%v: %+v", err, costs)
	}
	capacity, err := d.Capacity(t.Context(), w, view.Found{}, from, to, 10)
	if err != nil || capacity.MissingFor() != 3600 || !capacity.To.Equal(noon) {
		t.Errorf("%v: %+v", err, capacity)
	}
	mistake := (*RequestError)(nil)
	if _, err := d.Costs(t.Context(), w, view.Found{}, noon.Add(time.Hour), to); !errors.As(err, &mistake) {
		t.Errorf("a period that is to come: %v", err)
	}
	if _, err := d.Capacity(t.Context(), w, view.Found{}, noon, to, 10); !errors.As(err, &mistake) {
		t.Errorf("a period that is to come: %v", err)
	}
}
