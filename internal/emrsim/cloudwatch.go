package emrsim

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// cloudWatchOperations are the operations of CloudWatch on metrics. Their texts are those seen in the wild where there are any.
func cloudWatchOperations() []operation {
	return ofService(CloudWatch, []operation{
		readOp("GetMetricData", (*request).getMetricData),
		readOp("GetMetricStatistics", (*request).getMetricStatistics),
		readOp("ListMetrics", (*request).listMetrics),
		writeOnly("PutMetricData", (*request).putMetricData),
	})
}

// The limits of GetMetricData and GetMetricStatistics (CloudWatch API reference).
const (
	maxQueries    = 500
	maxDatapoints = 100_800
	maxStatistics = 1440
)

// notSimulated ends the refusals of what CloudWatch can do and the simulator can't.
const notSimulated = "is not simulated"

// queryID is the form of a query's id (CloudWatch API reference, MetricDataQuery).
var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// getMetricData reads series, one after the other, until MaxDatapoints are reached: the rest is on the next page.
func (c *request) getMetricData(in *shapes.GetMetricDataInput) (*shapes.GetMetricDataOutput, *APIError) {
	if err := checkQueries(in); err != nil {
		return nil, err
	}
	most := maxDatapoints
	if in.MaxDatapoints != nil {
		most = *in.MaxDatapoints
	}
	p, err := c.readPage(in)
	if err != nil {
		return nil, err
	}
	out := &shapes.GetMetricDataOutput{MetricDataResults: []shapes.MetricDataResult{}, Messages: []shapes.MessageData{}}
	ascending := value(in.ScanBy) == "TimestampAscending"
	for i := p.query; i < len(in.MetricDataQueries); i++ {
		q := &in.MetricDataQueries[i]
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		stat := q.MetricStat
		points, _ := c.r.points(stat.Metric, window{in.StartTime.Time, in.EndTime.Time, seconds(stat.Period), value(stat.Unit)}, c.now().Add(-c.stale))
		if !ascending {
			slices.Reverse(points)
		}
		if i == p.query {
			points = p.after(points, ascending)
		}
		result := shapes.MetricDataResult{Id: q.Id, Label: q.Label, Timestamps: []shapes.Time{}, Values: []float64{}, StatusCode: ptr("Complete"), Messages: []shapes.MessageData{}}
		if q.Label == nil {
			result.Label = stat.Metric.MetricName
		}
		n := min(most, len(points))
		for _, x := range points[:n] {
			result.Timestamps = append(result.Timestamps, shapes.Time{Time: x.at})
			result.Values = append(result.Values, x.get(*stat.Stat))
		}
		most -= n
		if n < len(points) {
			result.StatusCode = ptr("PartialData")
			out.MetricDataResults = append(out.MetricDataResults, result)
			next := pageOfMetrics{query: i, at: p.at}
			if n > 0 {
				next.at = points[n-1].at
			} else if i != p.query {
				next.at = time.Time{}
			}
			out.NextToken = ptr(c.pageToken(in, next))
			return out, nil
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// pageOfMetrics is where a page of GetMetricData begins: in which query, and after the point of which time.
type pageOfMetrics struct {
	query int
	at    time.Time // zero: at its first point
}

// after drops the points of the pages before.
func (p pageOfMetrics) after(points []point, ascending bool) []point {
	if p.at.IsZero() {
		return points
	}
	i := slices.IndexFunc(points, func(x point) bool { return ascending && x.at.After(p.at) || !ascending && x.at.Before(p.at) })
	if i < 0 {
		return nil
	}
	return points[i:]
}

// pageToken and readPage write and read NextToken. It fits the request it was given for alone.
func (c *request) pageToken(in *shapes.GetMetricDataInput, p pageOfMetrics) string {
	at := int64(-1)
	if !p.at.IsZero() {
		at = p.at.Unix()
	}
	return fmt.Sprintf("%x.%d.%d", fingerprint(in), p.query, at)
}

func (c *request) readPage(in *shapes.GetMetricDataInput) (pageOfMetrics, *APIError) {
	if in.NextToken == nil || *in.NextToken == "" {
		return pageOfMetrics{}, nil
	}
	invalid := &APIError{Status: 400, Type: "InvalidNextToken", Message: "Invalid nextToken"}
	words := strings.Split(*in.NextToken, ".")
	if len(words) != 3 || words[0] != strconv.FormatUint(fingerprint(in), 16) {
		return pageOfMetrics{}, invalid
	}
	query, err := strconv.Atoi(words[1])
	at, err2 := strconv.ParseInt(words[2], 10, 64)
	if err != nil || err2 != nil || query < 0 || query >= len(in.MetricDataQueries) {
		return pageOfMetrics{}, invalid
	}
	if at < 0 {
		return pageOfMetrics{query: query}, nil
	}
	return pageOfMetrics{query, time.Unix(at, 0).UTC()}, nil
}

// fingerprint tells requests apart, their pages aside.
func fingerprint(in *shapes.GetMetricDataInput) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, in.StartTime.UnixMilli(), in.EndTime.UnixMilli(), value(in.ScanBy))
	for _, q := range in.MetricDataQueries {
		_, _ = fmt.Fprintf(h, "%q %q %q %d", value(q.Id), metricKey(q.MetricStat.Metric), value(q.MetricStat.Stat), value(q.MetricStat.Period))
	}
	return h.Sum64()
}

func seconds(period *int) time.Duration { return time.Duration(value(period)) * time.Second }

// checkQueries checks a GetMetricData beyond the API model.
func checkQueries(in *shapes.GetMetricDataInput) *APIError {
	switch n := len(in.MetricDataQueries); {
	case n == 0:
		return validation("The parameter MetricDataQueries is required.\n")
	case n > maxQueries:
		return validation("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case in.StartTime == nil || in.EndTime == nil:
		return validation("The parameters StartTime and EndTime are required.\n")
	case !in.StartTime.Before(in.EndTime.Time):
		return validation("The parameter StartTime must be less than the parameter EndTime.")
	case in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > maxDatapoints):
		return validation("The parameter MaxDatapoints must be between 1 and %d.", maxDatapoints)
	}
	seen, returned := map[string]bool{}, false
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		if err := checkQuery(q, fmt.Sprintf("MetricDataQueries.member.%d", i+1)); err != nil {
			return err
		}
		if seen[*q.Id] {
			return validation("The values for parameter id in MetricDataQueries are not unique.")
		}
		seen[*q.Id] = true
		returned = returned || q.ReturnData == nil || *q.ReturnData
	}
	if !returned {
		return validation("At least one query of MetricDataQueries must have ReturnData set to true.")
	}
	return nil
}

func checkQuery(q *shapes.MetricDataQuery, path string) *APIError {
	switch {
	case q.Id == nil:
		return validation("The parameter %s.Id is required.\n", path)
	case !queryID.MatchString(*q.Id):
		return validation("The value %s for parameter %s.Id does not match the pattern %s.", *q.Id, path, queryID)
	case q.Expression != nil && q.MetricStat != nil:
		return validation("The parameters %s.Expression and %s.MetricStat can not be given together.", path, path)
	case q.Expression != nil:
		return validation("The expression '%s' of %s: metric math and Metrics Insights %s; ask for the metrics themselves.", *q.Expression, path, notSimulated)
	case q.MetricStat == nil:
		return validation("The parameter %s.MetricStat is required.\n", path)
	case q.MetricStat.Metric == nil || q.MetricStat.Period == nil || q.MetricStat.Stat == nil:
		return validation("The parameters %s.MetricStat.Metric, Period and Stat are required.\n", path)
	case q.MetricStat.Metric.Namespace == nil:
		return validation("The parameter %s.MetricStat.Metric.Namespace is required.\n", path)
	case q.MetricStat.Metric.MetricName == nil:
		return validation("The parameter %s.MetricStat.Metric.MetricName is required.\n", path)
	case !slices.Contains(statisticNames, *q.MetricStat.Stat):
		return validation("The statistic '%s' of %s.MetricStat.Stat %s; there are %s.", *q.MetricStat.Stat, path, notSimulated, strings.Join(statisticNames, ", "))
	case !goodPeriod(*q.MetricStat.Period):
		return validation("The parameter %s.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.", path)
	}
	return nil
}

// goodPeriod says whether CloudWatch takes a period; those under a minute are for high-resolution metrics, of which there are none here.
func goodPeriod(seconds int) bool {
	return seconds > 0 && seconds%60 == 0 || slices.Contains([]int{1, 5, 10, 20, 30}, seconds)
}

// getMetricStatistics reads one series with several statistics. Its points are in no order in CloudWatch; here they are oldest first.
func (c *request) getMetricStatistics(in *shapes.GetMetricStatisticsInput) (*shapes.GetMetricStatisticsOutput, *APIError) {
	if err := checkStatistics(in); err != nil {
		return nil, err
	}
	m := &shapes.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}
	points, unit := c.r.points(m, window{in.StartTime.Time, in.EndTime.Time, seconds(in.Period), value(in.Unit)}, c.now().Add(-c.stale))
	out := &shapes.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []shapes.Datapoint{}}
	for _, p := range points {
		d := shapes.Datapoint{Timestamp: &shapes.Time{Time: p.at}, Unit: ptr(unit)}
		for _, name := range in.Statistics {
			into := map[string]**float64{"SampleCount": &d.SampleCount, "Average": &d.Average, "Sum": &d.Sum, "Minimum": &d.Minimum, "Maximum": &d.Maximum}[name]
			*into = ptr(p.get(name))
		}
		out.Datapoints = append(out.Datapoints, d)
	}
	return out, nil
}

// checkStatistics checks a GetMetricStatistics beyond the API model.
func checkStatistics(in *shapes.GetMetricStatisticsInput) *APIError {
	for _, p := range []struct {
		name  string
		given bool
	}{{"Namespace", in.Namespace != nil}, {"MetricName", in.MetricName != nil}, {"StartTime", in.StartTime != nil}, {"EndTime", in.EndTime != nil}, {"Period", in.Period != nil}} {
		if !p.given {
			return missingParameter(p.name)
		}
	}
	switch {
	case !in.StartTime.Before(in.EndTime.Time):
		return invalidParameter("The parameter StartTime must be less than the parameter EndTime.")
	case !goodPeriod(*in.Period):
		return invalidParameter("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
	case len(in.ExtendedStatistics) > 0:
		return invalidParameter("The statistic '%s' %s; there are %s.", in.ExtendedStatistics[0], notSimulated, strings.Join(statisticNames, ", "))
	case len(in.Statistics) == 0:
		return &APIError{Status: 400, Type: "InvalidParameterCombinationException", Message: "Must specify either Statistics or ExtendedStatistics"}
	}
	for _, name := range in.Statistics {
		if !slices.Contains(statisticNames, name) {
			return invalidParameter("The value %s for parameter Statistics is invalid.", name)
		}
	}
	if n := int(in.EndTime.Sub(in.StartTime.Time) / seconds(in.Period)); n > maxStatistics {
		return &APIError{Status: 400, Type: "InvalidParameterCombinationException", Message: fmt.Sprintf("You have requested up to %d datapoints, which exceeds "+
			"the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxStatistics)}
	}
	return nil
}

func invalidParameter(format string, args ...any) *APIError {
	return &APIError{Status: 400, Type: "InvalidParameterValueException", Message: fmt.Sprintf(format, args...)}
}

func missingParameter(name string) *APIError {
	return &APIError{Status: 400, Type: "MissingRequiredParameterException", Message: fmt.Sprintf("The parameter %s is required.", name)}
}

// QueryCode is the code that the older protocol of CloudWatch and SQS has for an error type, and clients of the newer ones show as well
// (X-Amzn-Query-Error): InvalidParameterValue for InvalidParameterValueException. A type without another code is its own.
func QueryCode(errorType string) string {
	if code, ok := queryCodes[errorType]; ok {
		return code
	}
	return errorType
}

// queryCodes are those that differ from their types (CloudWatch API model; ThrottlingException and ValidationException: seen in the wild; InvalidAction: Common Errors).
var queryCodes = map[string]string{
	"InvalidParameterValueException": "InvalidParameterValue", "MissingRequiredParameterException": "MissingParameter",
	"InvalidParameterCombinationException": "InvalidParameterCombination", "InternalServiceFault": "InternalServiceError",
	"ThrottlingException": "Throttling", "ValidationException": "ValidationError", "UnknownOperationException": "InvalidAction",
	"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue", "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest", // SQS API model
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
}
