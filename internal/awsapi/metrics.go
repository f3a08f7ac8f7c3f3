package awsapi

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// readable says what is missing in a GetMetricData call that must not be sent.
func readable(op emr.Op, want *emr.MetricsWant) error {
	switch {
	case want == nil || len(want.Queries) == 0:
		return fmt.Errorf("%s: no series", op)
	case len(want.Queries) > emr.MaxQueries:
		return fmt.Errorf("%s: %d series, and CloudWatch takes at most %d", op, len(want.Queries), emr.MaxQueries)
	case !want.From.Before(want.To):
		return fmt.Errorf("%s: the window from %s to %s is empty", op, want.From.Format(time.RFC3339), want.To.Format(time.RFC3339))
	}
	for _, q := range want.Queries {
		if p := q.Metric.Period; p < time.Minute || p%time.Minute != 0 || p/time.Second > math.MaxInt32 {
			return fmt.Errorf("%s: %s: the period is no whole number of minutes", op, q.Metric)
		}
	}
	return nil
}

// metricData reads one page, oldest points first.
func (c *Client) metricData(ctx context.Context, want *emr.MetricsWant, marker *string) (emr.Result, error) {
	out, err := c.cloudwatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(want.From), EndTime: aws.Time(want.To), ScanBy: types.ScanByTimestampAscending, NextToken: marker,
		MetricDataQueries: each(want.Queries, metricQuery),
	})
	if err != nil {
		return emr.Result{}, err
	}
	if out.MetricDataResults == nil { // the SDK decodes an empty body as that; CloudWatch lists each query, if without points
		return emr.Result{}, emptyAnswerError{"series"}
	}
	next := aws.ToString(out.NextToken)
	series := make([]emr.Series, len(out.MetricDataResults))
	for i := range out.MetricDataResults {
		series[i] = c.seriesOf(&out.MetricDataResults[i], next != "")
	}
	return emr.Result{Series: series, Marker: next}, nil
}

// metricQuery asks for the points of one series.
func metricQuery(q emr.MetricQuery) types.MetricDataQuery {
	return types.MetricDataQuery{
		Id: aws.String(q.ID), ReturnData: aws.Bool(true),
		MetricStat: &types.MetricStat{
			Metric: &types.Metric{
				Namespace: aws.String(q.Metric.Namespace), MetricName: aws.String(q.Metric.Name),
				Dimensions: each(q.Metric.Dimensions, func(d emr.Dimension) types.Dimension {
					return types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)}
				}),
			},
			Period: aws.Int32(int32(q.Metric.Period / time.Second)), Stat: aws.String(string(q.Metric.Statistic)), Unit: types.StandardUnit(q.Metric.Unit),
		},
	}
}

// seriesOf is the answer to one query; more says that another page follows. Only a series that is known to be complete, or to go on,
// has no error: one without points means that CloudWatch has none.
func (c *Client) seriesOf(r *types.MetricDataResult, more bool) emr.Series {
	out := emr.Series{ID: aws.ToString(r.Id)}
	fail := func(class emr.Class, why string) emr.Series {
		texts := []string{why}
		for _, m := range r.Messages {
			texts = append(texts, aws.ToString(m.Code)+": "+aws.ToString(m.Value))
		}
		text := shorten(c.secrets.hide(strings.Join(texts, "; ")))
		return emr.Series{ID: out.ID, Err: &emr.Error{Class: class, Code: string(r.StatusCode), Message: text}}
	}
	switch {
	case r.StatusCode == types.StatusCodeForbidden:
		return fail(emr.Denied, "CloudWatch does not show the series to these credentials")
	case r.StatusCode == types.StatusCodeInternalError:
		return fail(emr.Unavailable, "CloudWatch could not read the series")
	case r.StatusCode == types.StatusCodePartialData && !more:
		return fail(emr.Unavailable, "the series is incomplete and no page follows")
	case r.StatusCode != types.StatusCodeComplete && r.StatusCode != types.StatusCodePartialData:
		return fail(emr.Unavailable, "an unknown status of the series")
	case len(r.Timestamps) != len(r.Values):
		return fail(emr.Unavailable, fmt.Sprintf("the series has %d times for %d values", len(r.Timestamps), len(r.Values)))
	case slices.ContainsFunc(r.Values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }):
		return fail(emr.Unavailable, "the series has a value that is no number")
	}
	out.Points = make([]emr.Point, len(r.Values))
	for i, v := range r.Values {
		out.Points[i] = emr.Point{At: r.Timestamps[i].UTC(), Value: v}
	}
	return out
}
