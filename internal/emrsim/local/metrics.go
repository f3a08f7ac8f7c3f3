package local

import (
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim/shapes"
)

// metricData is the request structure for series, oldest points first.
func metricData(want *emr.MetricsWant, marker *string) *shapes.GetMetricDataInput {
	order := "TimestampAscending"
	return &shapes.GetMetricDataInput{
		StartTime: &shapes.Time{Time: want.From}, EndTime: &shapes.Time{Time: want.To}, ScanBy: &order, NextToken: marker,
		MetricDataQueries: each(want.Queries, func(q *emr.MetricQuery) shapes.MetricDataQuery {
			m, returned, seconds := q.Metric, true, int(q.Metric.Period/time.Second)
			return shapes.MetricDataQuery{Id: &q.ID, ReturnData: &returned, MetricStat: &shapes.MetricStat{
				Period: &seconds, Stat: text(m.Statistic), Unit: text(m.Unit),
				Metric: &shapes.Metric{Namespace: text(m.Namespace), MetricName: text(m.Name), Dimensions: each(m.Dimensions, func(d *emr.Dimension) shapes.Dimension {
					return shapes.Dimension{Name: text(d.Name), Value: text(d.Value)}
				})},
			}}
		}),
	}
}

// series is the answer to one query; more says that another page follows. One that is neither complete nor goes on has an error.
func series(r *shapes.MetricDataResult, more bool) emr.Series {
	out := emr.Series{ID: deref(r.Id)}
	if status := deref(r.StatusCode); status != "Complete" && (status != "PartialData" || !more) {
		why := []string{"the series could not be read"}
		for _, m := range r.Messages {
			why = append(why, deref(m.Code)+": "+deref(m.Value))
		}
		out.Err = &emr.Error{Class: emr.Unavailable, Code: status, Message: strings.Join(why, "; ")}
		return out
	}
	out.Points = make([]emr.Point, len(r.Values))
	for i, v := range r.Values {
		out.Points[i] = emr.Point{At: r.Timestamps[i].UTC(), Value: v}
	}
	return out
}
