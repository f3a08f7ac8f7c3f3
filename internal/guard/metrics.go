package guard

import (
	"time"

	"emrguard/internal/emr"
)

// MetricNeed asks for series of CloudWatch, not before Due: their points from From (inclusive) to To (exclusive). The engine reads them
// together with those of other clusters, a little later than Due (see package engine), and gives them to the next decision as Metrics,
// or as Failed with Op GetMetricData. A need holds until the next decision, which gives another one or none.
//
// CloudWatch stamps a point with the beginning of its period, and the engine asks so that periods begin at multiples of their length
// (emr.Metric.Begin): From must not be after the beginning of the oldest period that is wanted, and a period that ends after To comes
// with what it has so far.
type MetricNeed struct {
	Due      time.Time
	From, To time.Time
	Metrics  []emr.Metric // each with the cluster's dimension (emr.Metric.Of), by Key, each once
}

// Metrics is what CloudWatch had for a MetricNeed.
type Metrics struct {
	Began    time.Time      // when the read began
	From, To time.Time      // as asked for
	Series   []MetricSeries // in the order of the need, one for each of its metrics
}

// MetricSeries are the points of one metric in the window, oldest first; none when CloudWatch has none there.
type MetricSeries struct {
	Metric emr.Metric
	Points []emr.Point
	Err    *emr.Error // why CloudWatch could not read it; not all series of one Metrics have one
}
