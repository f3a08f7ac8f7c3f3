package emrsim

import (
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// statistics is what is known of the values of one metric in one stretch of time.
type statistics struct {
	count, sum, low, high float64
}

// one is the statistics of one value.
func one(v float64) statistics { return statistics{1, v, v, v} }

// add puts two together.
func (a statistics) add(b statistics) statistics {
	if a.count == 0 {
		return b
	}
	return statistics{a.count + b.count, a.sum + b.sum, math.Min(a.low, b.low), math.Max(a.high, b.high)}
}

// statisticNames are CloudWatch's basic statistics.
var statisticNames = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

// get is one of them.
func (a statistics) get(name string) float64 {
	switch name {
	case "SampleCount":
		return a.count
	case "Sum":
		return a.sum
	case "Minimum":
		return a.low
	case "Maximum":
		return a.high
	}
	return a.sum / a.count
}

// datum is the values of a custom metric at one time, in one unit.
type datum struct {
	at   time.Time
	unit string
	statistics
}

// customMetric is one metric that somebody put.
type customMetric struct {
	shape shapes.Metric
	data  []datum // by time, then in the order they came
}

// point is one data point of an answer: the statistics of a period that begins at a time.
type point struct {
	at time.Time
	statistics
}

// window is what a read of a series asks for.
type window struct {
	from, to time.Time // to is excluded
	period   time.Duration
	unit     string // only values of it; empty: all
}

// resolution is the shortest period of points as old as t: CloudWatch keeps those of a minute for 15 days, of five minutes for 63 days and
// of an hour for 455 days (CloudWatch API reference, GetMetricData).
func resolution(t, now time.Time) time.Duration {
	switch age := now.Sub(t); {
	case age > 63*24*time.Hour:
		return time.Hour
	case age > 15*24*time.Hour:
		return 5 * time.Minute
	}
	return time.Minute
}

// points reads a series: the points of a metric that CloudWatch has at the time of now, oldest first, and the unit of its values. Periods begin
// at the window's start. A shorter period than CloudWatch keeps gives nothing.
func (r *region) points(m *shapes.Metric, w window, now time.Time) (points []point, unit string) {
	unit = "None"
	w.from = w.from.UTC().Truncate(resolution(w.from, now))
	if w.period < resolution(w.from, now) && now.Sub(w.from) > 3*time.Hour || w.period < time.Minute {
		return nil, unit
	}
	see := func(at time.Time, s statistics) {
		begin := w.from.Add(at.Sub(w.from).Truncate(w.period))
		if n := len(points); n > 0 && points[n-1].at.Equal(begin) {
			points[n-1].statistics = points[n-1].add(s)
			return
		}
		points = append(points, point{begin, s})
	}
	if x := r.custom[metricKey(m)]; x != nil {
		first := sort.Search(len(x.data), func(i int) bool { return !x.data[i].at.Before(w.from) })
		for _, d := range x.data[first:] {
			if !d.at.Before(w.to) {
				break
			}
			if w.unit == "" || w.unit == d.unit {
				unit = d.unit
				see(d.at, d.statistics)
			}
		}
		return points, unit
	}
	c, metric := r.reported(m)
	if c == nil || w.unit != "" && w.unit != metric.unit {
		return nil, unit
	}
	c.yarn.metrics.published(w.from, w.to, now, func(at time.Time, s *Sample) {
		if v, ok := metric.value(s); ok {
			see(at, one(v))
		}
	})
	return points, metric.unit
}

// reported finds the cluster and the metric of EMR that a metric names, nil for any other.
func (r *region) reported(m *shapes.Metric) (*cluster, *emrMetric) {
	if value(m.Namespace) != emrNamespace || len(m.Dimensions) != 1 || value(m.Dimensions[0].Name) != clusterDimension {
		return nil, nil
	}
	c, metric := r.clusters[value(m.Dimensions[0].Value)], emrMetricOf(value(m.MetricName))
	if c == nil || metric == nil {
		return nil, nil
	}
	return c, metric
}

// metricKey tells metrics apart: by namespace, name and dimensions in any order.
func metricKey(m *shapes.Metric) string {
	words := make([]string, 0, len(m.Dimensions))
	for _, d := range m.Dimensions {
		words = append(words, value(d.Name)+"\x00"+value(d.Value))
	}
	slices.Sort(words)
	return value(m.Namespace) + "\x00" + value(m.MetricName) + "\x00" + strings.Join(words, "\x00")
}
