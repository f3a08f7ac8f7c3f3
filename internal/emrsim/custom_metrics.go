package emrsim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// The limits of PutMetricData (CloudWatch API reference), and how many metrics of their own a region's users may have here.
const (
	maxData     = 1000
	maxValues   = 150
	maxCustom   = 100_000
	putPast     = 14 * 24 * time.Hour
	putFuture   = 2 * time.Hour
	keptCustom  = 63 * 24 * time.Hour
	metricsPage = 500
)

// putMetricData takes values of metrics that are nobody's but the caller's. They are there at once; CloudWatch takes up to two minutes,
// and fifteen for a new metric.
func (c *request) putMetricData(in *shapes.PutMetricDataInput) *APIError {
	switch {
	case in.Namespace == nil:
		return missingParameter("Namespace")
	case strings.HasPrefix(*in.Namespace, "AWS/"):
		return invalidParameter("The value AWS/ for parameter Namespace is invalid.")
	case strings.HasPrefix(*in.Namespace, ":"):
		return invalidParameter("The value %s for parameter Namespace is invalid.", *in.Namespace)
	case len(in.MetricData) == 0:
		return missingParameter("MetricData")
	case len(in.MetricData) > maxData:
		return invalidParameter("The collection MetricData must not have a size greater than %d.", maxData)
	}
	data := make([][]datum, len(in.MetricData))
	for i := range in.MetricData {
		d, err := c.data(&in.MetricData[i], fmt.Sprintf("MetricData.member.%d", i+1))
		if err != nil {
			return err
		}
		data[i] = d
	}
	for i, list := range data {
		d := &in.MetricData[i]
		m := shapes.Metric{Namespace: in.Namespace, MetricName: d.MetricName, Dimensions: d.Dimensions}
		key := metricKey(&m)
		x := c.r.custom[key]
		if x == nil {
			if len(c.r.custom) >= maxCustom {
				return invalidParameter("The region has %d metrics already.", maxCustom)
			}
			x = &customMetric{shape: m}
			c.r.custom[key] = x
		}
		x.put(list, c.now())
	}
	return nil
}

// data reads one datum of a request, which may hold several values.
func (c *request) data(d *shapes.MetricDatum, path string) ([]datum, *APIError) {
	at := c.now()
	if d.Timestamp != nil {
		at = d.Timestamp.Time
	}
	ways := 0
	for _, given := range []bool{d.Value != nil, d.StatisticValues != nil, len(d.Values) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case d.MetricName == nil:
		return nil, missingParameter(path + ".MetricName")
	case ways == 0:
		return nil, missingParameter(path + ".Value")
	case ways > 1:
		return nil, &APIError{Status: 400, Type: "InvalidParameterCombinationException",
			Message: fmt.Sprintf("The parameters %s.Value, StatisticValues and Values are mutually exclusive and you have specified more than one.", path)}
	case len(d.Values) > maxValues:
		return nil, invalidParameter("The collection %s.Values must not have a size greater than %d.", path, maxValues)
	case len(d.Counts) > 0 && len(d.Counts) != len(d.Values):
		return nil, invalidParameter("The collections %s.Values and %s.Counts must have the same size.", path, path)
	case at.Sub(c.now()) > putFuture:
		return nil, invalidParameter("The parameter %s.Timestamp must specify a time no more than two hours in the future.", path)
	case c.now().Sub(at) > putPast:
		return nil, invalidParameter("The parameter %s.Timestamp must specify a time within the past two weeks.", path)
	}
	list, err := statisticsOf(d, path)
	if err != nil {
		return nil, err
	}
	out := make([]datum, len(list))
	for i, s := range list {
		out[i] = datum{at.UTC().Truncate(time.Minute), cmp.Or(value(d.Unit), "None"), s}
	}
	return out, nil
}

func statisticsOf(d *shapes.MetricDatum, path string) ([]statistics, *APIError) {
	bad := func(member string, v float64) *APIError {
		return invalidParameter("The value %g for parameter %s.%s is invalid.", v, path, member)
	}
	if d.Value != nil {
		if !good(*d.Value) {
			return nil, bad("Value", *d.Value)
		}
		return []statistics{one(*d.Value)}, nil
	}
	if s := d.StatisticValues; s != nil {
		x := statistics{value(s.SampleCount), value(s.Sum), value(s.Minimum), value(s.Maximum)}
		for _, v := range []float64{x.count, x.sum, x.low, x.high} {
			if !good(v) {
				return nil, bad("StatisticValues", v)
			}
		}
		if x.count <= 0 || x.low > x.high {
			return nil, bad("StatisticValues.SampleCount", x.count)
		}
		return []statistics{x}, nil
	}
	var out []statistics
	for i, v := range d.Values {
		times := 1.0
		if len(d.Counts) > 0 {
			times = d.Counts[i]
		}
		if !good(v) || !good(times) || times <= 0 {
			return nil, bad(fmt.Sprintf("Values.member.%d", i+1), v)
		}
		out = append(out, statistics{times, v * times, v, v})
	}
	return out, nil
}

// good says whether CloudWatch takes a value: a number between -2^360 and 2^360.
func good(v float64) bool { return math.Abs(v) <= math.Ldexp(1, 360) }

// put adds data in the order of time and forgets what is older than CloudWatch keeps.
func (x *customMetric) put(list []datum, now time.Time) {
	for _, d := range list {
		i, _ := slices.BinarySearchFunc(x.data, d, func(a, b datum) int {
			if a.at.After(b.at) {
				return 1
			}
			return -1 // equal ones stay before
		})
		x.data = slices.Insert(x.data, i, d)
	}
	old := 0
	for old < len(x.data) && now.Sub(x.data[old].at) > keptCustom {
		old++
	}
	x.data = slices.Delete(x.data, 0, old)
}

// listed is how long a metric without new values is listed, and recently that of RecentlyActive (CloudWatch API reference, ListMetrics).
const (
	listed   = 14 * 24 * time.Hour
	recently = 3 * time.Hour
)

// listMetrics lists the metrics that have values, by namespace, name and dimensions.
func (c *request) listMetrics(in *shapes.ListMetricsInput) (*shapes.ListMetricsOutput, *APIError) {
	since := c.now().Add(-listed)
	if in.RecentlyActive != nil {
		since = c.now().Add(-recently)
	}
	var all []shapes.Metric
	for _, x := range c.r.custom {
		if n := len(x.data); n > 0 && !x.data[n-1].at.Before(since) && fits(&x.shape, in) {
			all = append(all, x.shape)
		}
	}
	for _, x := range c.r.order {
		all = append(all, x.listed(since, in)...)
	}
	slices.SortFunc(all, func(a, b shapes.Metric) int { return strings.Compare(metricKey(&a), metricKey(&b)) })
	list, next, err := page(c, all, in.NextToken, "all", metricsPage)
	if err != nil {
		return nil, invalidParameter("The value %s for parameter NextToken is invalid.", *in.NextToken)
	}
	return &shapes.ListMetricsOutput{Metrics: listOf(list), NextToken: next}, nil
}

// listed are the metrics of EMR that a cluster has had values of since a time, those that fit the request.
func (x *cluster) listed(since time.Time, in *shapes.ListMetricsInput) []shapes.Metric {
	if in.Namespace != nil && *in.Namespace != emrNamespace {
		return nil
	}
	now := x.sim().now
	seen := make([]bool, len(emrMetrics))
	x.yarn.metrics.published(since, now.Add(time.Second), now, func(_ time.Time, s *Sample) {
		for i := range emrMetrics {
			if !seen[i] {
				_, seen[i] = emrMetrics[i].value(s)
			}
		}
	})
	var out []shapes.Metric
	for i := range emrMetrics {
		m := shapes.Metric{Namespace: ptr(emrNamespace), MetricName: &emrMetrics[i].name,
			Dimensions: []shapes.Dimension{{Name: ptr(clusterDimension), Value: &x.id}}}
		if seen[i] && fits(&m, in) {
			out = append(out, m)
		}
	}
	return out
}

// fits says whether a metric is one of those a ListMetrics asks for.
func fits(m *shapes.Metric, in *shapes.ListMetricsInput) bool {
	if in.Namespace != nil && *in.Namespace != *m.Namespace || in.MetricName != nil && *in.MetricName != *m.MetricName {
		return false
	}
	for _, f := range in.Dimensions {
		if !slices.ContainsFunc(m.Dimensions, func(d shapes.Dimension) bool {
			return value(d.Name) == value(f.Name) && (f.Value == nil || *f.Value == value(d.Value))
		}) {
			return false
		}
	}
	return true
}
