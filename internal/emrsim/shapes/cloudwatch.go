package shapes

// These are structures of CloudWatch's API 2010-08-01. Comments state what its model says, as for EMR's.

// GetMetricDataInput is the API structure of that name.
type GetMetricDataInput struct {
	MetricDataQueries []MetricDataQuery `json:"MetricDataQueries,omitzero"` // required
	StartTime         *Time             `json:"StartTime,omitzero"`         // required
	EndTime           *Time             `json:"EndTime,omitzero"`           // required
	NextToken         *string           `json:"NextToken,omitzero"`
	ScanBy            *string           `json:"ScanBy,omitzero"` // TimestampDescending|TimestampAscending
	MaxDatapoints     *int              `json:"MaxDatapoints,omitzero"`
	LabelOptions      *LabelOptions     `json:"LabelOptions,omitzero"`
}

// LabelOptions is the API structure of that name.
type LabelOptions struct {
	Timezone *string `json:"Timezone,omitzero"`
}

// MetricDataQuery is the API structure of that name.
type MetricDataQuery struct {
	Id         *string     `json:"Id,omitzero"` // required
	MetricStat *MetricStat `json:"MetricStat,omitzero"`
	Expression *string     `json:"Expression,omitzero"`
	Label      *string     `json:"Label,omitzero"`
	ReturnData *bool       `json:"ReturnData,omitzero"`
	Period     *int        `json:"Period,omitzero"`
	AccountId  *string     `json:"AccountId,omitzero"`
}

// MetricStat is the API structure of that name.
type MetricStat struct {
	Metric *Metric `json:"Metric,omitzero"` // required
	Period *int    `json:"Period,omitzero"` // required
	Stat   *string `json:"Stat,omitzero"`   // required
	Unit   *string `json:"Unit,omitzero"`
}

// Metric is the API structure of that name.
type Metric struct {
	Namespace  *string     `json:"Namespace,omitzero"`
	MetricName *string     `json:"MetricName,omitzero"`
	Dimensions []Dimension `json:"Dimensions,omitzero"`
}

// Dimension is the API structure of that name.
type Dimension struct {
	Name  *string `json:"Name,omitzero"`  // required
	Value *string `json:"Value,omitzero"` // required
}

// GetMetricDataOutput is the API structure of that name.
type GetMetricDataOutput struct {
	MetricDataResults []MetricDataResult `json:"MetricDataResults,omitzero"`
	NextToken         *string            `json:"NextToken,omitzero"`
	Messages          []MessageData      `json:"Messages,omitzero"`
}

// MetricDataResult is the API structure of that name.
type MetricDataResult struct {
	Id         *string       `json:"Id,omitzero"`
	Label      *string       `json:"Label,omitzero"`
	Timestamps []Time        `json:"Timestamps,omitzero"`
	Values     []float64     `json:"Values,omitzero"`
	StatusCode *string       `json:"StatusCode,omitzero"` // Complete|InternalError|PartialData|Forbidden
	Messages   []MessageData `json:"Messages,omitzero"`
}

// MessageData is the API structure of that name.
type MessageData struct {
	Code  *string `json:"Code,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// GetMetricStatisticsInput is the API structure of that name.
type GetMetricStatisticsInput struct {
	Namespace          *string     `json:"Namespace,omitzero"`  // required
	MetricName         *string     `json:"MetricName,omitzero"` // required
	Dimensions         []Dimension `json:"Dimensions,omitzero"`
	StartTime          *Time       `json:"StartTime,omitzero"`  // required
	EndTime            *Time       `json:"EndTime,omitzero"`    // required
	Period             *int        `json:"Period,omitzero"`     // required
	Statistics         []string    `json:"Statistics,omitzero"` // SampleCount|Average|Sum|Minimum|Maximum
	ExtendedStatistics []string    `json:"ExtendedStatistics,omitzero"`
	Unit               *string     `json:"Unit,omitzero"`
}

// GetMetricStatisticsOutput is the API structure of that name.
type GetMetricStatisticsOutput struct {
	Label      *string     `json:"Label,omitzero"`
	Datapoints []Datapoint `json:"Datapoints,omitzero"`
}

// Datapoint is the API structure of that name.
type Datapoint struct {
	Timestamp   *Time    `json:"Timestamp,omitzero"`
	SampleCount *float64 `json:"SampleCount,omitzero"`
	Average     *float64 `json:"Average,omitzero"`
	Sum         *float64 `json:"Sum,omitzero"`
	Minimum     *float64 `json:"Minimum,omitzero"`
	Maximum     *float64 `json:"Maximum,omitzero"`
	Unit        *string  `json:"Unit,omitzero"`
}

// ListMetricsInput is the API structure of that name.
type ListMetricsInput struct {
	Namespace             *string           `json:"Namespace,omitzero"`
	MetricName            *string           `json:"MetricName,omitzero"`
	Dimensions            []DimensionFilter `json:"Dimensions,omitzero"`
	NextToken             *string           `json:"NextToken,omitzero"`
	RecentlyActive        *string           `json:"RecentlyActive,omitzero"` // PT3H
	IncludeLinkedAccounts *bool             `json:"IncludeLinkedAccounts,omitzero"`
	OwningAccount         *string           `json:"OwningAccount,omitzero"`
}

// DimensionFilter is the API structure of that name.
type DimensionFilter struct {
	Name  *string `json:"Name,omitzero"` // required
	Value *string `json:"Value,omitzero"`
}

// ListMetricsOutput is the API structure of that name.
type ListMetricsOutput struct {
	Metrics   []Metric `json:"Metrics,omitzero"`
	NextToken *string  `json:"NextToken,omitzero"`
}

// PutMetricDataInput is the API structure of that name. Entities, which no metric of the simulator has, are left out.
type PutMetricDataInput struct {
	Namespace  *string       `json:"Namespace,omitzero"` // required
	MetricData []MetricDatum `json:"MetricData,omitzero"`
}

// MetricDatum is the API structure of that name.
type MetricDatum struct {
	MetricName        *string       `json:"MetricName,omitzero"` // required
	Dimensions        []Dimension   `json:"Dimensions,omitzero"`
	Timestamp         *Time         `json:"Timestamp,omitzero"`
	Value             *float64      `json:"Value,omitzero"`
	StatisticValues   *StatisticSet `json:"StatisticValues,omitzero"`
	Values            []float64     `json:"Values,omitzero"`
	Counts            []float64     `json:"Counts,omitzero"`
	Unit              *string       `json:"Unit,omitzero"`
	StorageResolution *int          `json:"StorageResolution,omitzero"`
}

// StatisticSet is the API structure of that name.
type StatisticSet struct {
	SampleCount *float64 `json:"SampleCount,omitzero"` // required
	Sum         *float64 `json:"Sum,omitzero"`         // required
	Minimum     *float64 `json:"Minimum,omitzero"`     // required
	Maximum     *float64 `json:"Maximum,omitzero"`     // required
}
