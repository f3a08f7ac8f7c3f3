package emr

import (
	"testing"
	"time"
)

func TestMetricsOfACluster(t *testing.T) {
	m := Metric{Namespace: MetricsNamespace, Name: "IsIdle", Statistic: Average, Period: 5 * time.Minute}
	given := m
	given.Dimensions = []Dimension{{"Queue", "q"}, {JobFlowID, "j-2"}}
	for _, tt := range []struct {
		name string
		m    Metric
		want string
	}{
		{"the cluster", m, `"AWS/ElasticMapReduce" "IsIdle" Average "" 300 "JobFlowId"="j-1"`},
		{"a cluster given", given, `"AWS/ElasticMapReduce" "IsIdle" Average "" 300 "JobFlowId"="j-2" "Queue"="q"`},
	} {
		if got := tt.m.Of("j-1").Key(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if len(m.Dimensions) != 0 || given.Dimensions[0].Name != "Queue" {
		t.Error("Of changed its receiver")
	}
}

func TestBeginOfAPeriod(t *testing.T) {
	for _, tt := range []struct {
		period time.Duration
		at     time.Time
		want   time.Time
	}{
		{5 * time.Minute, time.Date(2026, 1, 5, 8, 4, 59, 999, time.UTC), time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)},
		{5 * time.Minute, time.Date(2026, 1, 5, 8, 5, 0, 0, time.UTC), time.Date(2026, 1, 5, 8, 5, 0, 0, time.UTC)},
		{24 * time.Hour, time.Date(2026, 1, 5, 8, 5, 0, 0, time.FixedZone("", 3600)), time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)},
		{7 * time.Minute, time.Unix(7*60*1000+1, 0), time.Unix(7*60*1000, 0).UTC()},
		{time.Hour, time.Unix(-1, 0), time.Unix(-3600, 0).UTC()},
		{0, time.Unix(7, 5), time.Unix(7, 0).UTC()},
	} {
		if got := (Metric{Period: tt.period}).Begin(tt.at); !got.Equal(tt.want) || got.Location() != time.UTC {
			t.Errorf("%s at %s: %s, want %s", tt.period, tt.at, got, tt.want)
		}
	}
}
