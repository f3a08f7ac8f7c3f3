package emr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MetricsNamespace is the CloudWatch namespace of EMR's own metrics. They have the one dimension JobFlowId, come every five minutes, and
// are missing while the primary node or its metrics daemon is unreachable (EMR Management Guide, UsingEMR_ViewingMetrics).
const MetricsNamespace = "AWS/ElasticMapReduce"

// JobFlowID is the dimension that names the cluster in EMR's metrics.
const JobFlowID = "JobFlowId"

// Statistic is one of CloudWatch's basic statistics.
type Statistic string

// The statistics of the CloudWatch API.
const (
	Average     Statistic = "Average"
	Sum         Statistic = "Sum"
	Minimum     Statistic = "Minimum"
	Maximum     Statistic = "Maximum"
	SampleCount Statistic = "SampleCount"
)

// Statistics lists them in the order of the CloudWatch API.
var Statistics = []Statistic{SampleCount, Average, Sum, Minimum, Maximum}

// Dimension is one of a metric's dimensions.
type Dimension struct {
	Name  string `json:"name" yaml:"name" range:"1 to 255 characters" doc:"the dimension's name"`
	Value string `json:"value" yaml:"value" range:"1 to 1024 characters" doc:"the dimension's value"`
}

// Metric is one series of CloudWatch: a metric with all its dimensions, aggregated by Statistic over each Period.
type Metric struct {
	Namespace  string        `json:"namespace"`
	Name       string        `json:"name"`
	Dimensions []Dimension   `json:"dimensions,omitempty"` // by name, see Of
	Statistic  Statistic     `json:"statistic"`
	Unit       string        `json:"unit,omitempty"` // empty: whatever unit the points have
	Period     time.Duration `json:"period"`         // a multiple of a minute
}

// Of returns the metric for a cluster: JobFlowId names it, unless the dimension is given already, and the dimensions are in order.
func (m Metric) Of(cluster ClusterID) Metric {
	m.Dimensions = slices.Clone(m.Dimensions)
	if !slices.ContainsFunc(m.Dimensions, func(d Dimension) bool { return d.Name == JobFlowID }) {
		m.Dimensions = append(m.Dimensions, Dimension{JobFlowID, string(cluster)})
	}
	slices.SortFunc(m.Dimensions, func(a, b Dimension) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return m
}

// Key tells metrics apart: equal keys are the same series.
func (m Metric) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %s %q %d", m.Namespace, m.Name, m.Statistic, m.Unit, m.Period/time.Second)
	for _, d := range m.Dimensions {
		fmt.Fprintf(&b, " %q=%q", d.Name, d.Value)
	}
	return b.String()
}

// Begin is the beginning of the period in which t lies: periods begin at multiples of their length since 1970-01-01 UTC.
func (m Metric) Begin(t time.Time) time.Time {
	length, s := int64(max(m.Period, time.Second)/time.Second), t.Unix()
	into := s % length
	if into < 0 {
		into += length
	}
	return time.Unix(s-into, 0).UTC()
}

// String is the metric as people read it, without its cluster.
func (m Metric) String() string {
	return fmt.Sprintf("%s %s over %s", m.Statistic, m.Name, m.Period)
}

// MetricQuery asks for one series in a GetMetricData call. IDs are unique in a call and match ^[a-z][a-zA-Z0-9_]*$.
type MetricQuery struct {
	ID     string `json:"id"`
	Metric Metric `json:"metric"`
}

// MetricsWant is what one GetMetricData call asks for: at most MaxQueries series, each with its points from From (inclusive) to To
// (exclusive).
type MetricsWant struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Queries []MetricQuery `json:"queries"`
}

// MaxQueries is how many series one GetMetricData call may ask for (CloudWatch API reference, GetMetricData).
const MaxQueries = 500

// Point is one data point: At is the beginning of its period.
type Point struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// Series is the answer to one MetricQuery: the points it has, oldest first. A page of an answer may hold part of a series. Err says that
// CloudWatch could not read this one; the other series of the answer are good all the same.
type Series struct {
	ID     string  `json:"id"`
	Points []Point `json:"points"`
	Err    *Error  `json:"err,omitempty"`
}
