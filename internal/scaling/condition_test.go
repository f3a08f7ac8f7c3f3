package scaling

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// noon is 12:00 of a day; the tests' times are minutes after it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// memory is the condition of most tests: two periods of five minutes.
func memory() Condition {
	c := DefaultCondition()
	c.Metric, c.Operator, c.Threshold, c.Evaluations = "YARNMemoryAvailablePercentage", LT, 15, 2
	return c
}

func at(t time.Time, v float64) emr.Point { return emr.Point{At: t, Value: v} }

// series gives the points of periods that begin five minutes apart, the last at the given minute; NaN leaves a gap.
func series(last float64, values ...float64) []emr.Point {
	var out []emr.Point
	for i, v := range values {
		if !math.IsNaN(v) {
			out = append(out, emr.Point{At: after(last - 5*float64(len(values)-1-i)), Value: v})
		}
	}
	return out
}

var gap = math.NaN()

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Condition)
		points []emr.Point
		now    float64 // minutes after noon
		want   Judgement
	}{
		{"holds", nil, series(5, 12.5, 14), 11,
			Judgement{Holds: true, Points: series(5, 12.5, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12.5, 14 < 15 for 2 periods, newest 12:05:00"}},
		{"one does not", nil, series(5, 15, 14), 11,
			Judgement{Points: series(5, 15, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 15, 14 are not all < 15, newest 12:05:00"}},
		{"older ones do not matter", nil, series(5, 99, 99, 12, 14), 11,
			Judgement{Holds: true, Points: series(5, 12, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12, 14 < 15 for 2 periods, newest 12:05:00"}},
		{"a period that has not ended does not count", nil, series(10, 12, 14, 99), 14.9,
			Judgement{Holds: true, Points: series(5, 12, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12, 14 < 15 for 2 periods, newest 12:05:00"}},
		{"it counts once it ended", nil, series(10, 12, 14, 99), 15,
			Judgement{Points: series(10, 14, 99), Newest: after(10),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 14, 99 are not all < 15, newest 12:10:00"}},
		{"a point from the future does not count", nil, series(60, 99), 11,
			Judgement{Missing: true, Reason: "Average YARNMemoryAvailablePercentage over 5m: no data point since 11:55:00"}},
		{"two periods late", nil, series(-5, 12, 14), 11,
			Judgement{Holds: true, Points: series(-5, 12, 14), Newest: after(-5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12, 14 < 15 for 2 periods, newest 11:55:00"}},
		{"three periods late", nil, series(-10, 12, 14), 11,
			Judgement{Missing: true, Reason: "Average YARNMemoryAvailablePercentage over 5m: no data point since 11:55:00"}},
		{"nothing", nil, nil, 11,
			Judgement{Missing: true, Reason: "Average YARNMemoryAvailablePercentage over 5m: no data point since 11:55:00"}},
		{"a gap", nil, series(5, 12, gap, 14), 11,
			Judgement{Missing: true, Newest: after(5), Reason: "Average YARNMemoryAvailablePercentage over 5m: no data point for 12:00:00"}},
		{"a gap in front does not matter", nil, series(5, gap, 12, 14), 11,
			Judgement{Holds: true, Points: series(5, 12, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12, 14 < 15 for 2 periods, newest 12:05:00"}},
		{"no numbers", nil, []emr.Point{at(after(0), 12), at(after(5), math.Inf(-1)), at(after(-5), 14), at(after(5), math.NaN())}, 11,
			Judgement{Holds: true, Points: []emr.Point{at(after(-5), 14), at(after(0), 12)}, Newest: after(0),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 14, 12 < 15 for 2 periods, newest 12:00:00"}},
		{"points between the beginnings of periods", nil, []emr.Point{at(after(1), 12), at(after(9.99), 14)}, 11,
			Judgement{Holds: true, Points: series(5, 12, 14), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 12, 14 < 15 for 2 periods, newest 12:05:00"}},
		{"two values of one moment: the larger", func(c *Condition) { c.Evaluations = 1 }, []emr.Point{at(after(5), 14), at(after(5), 16), at(after(5), 12)}, 11,
			Judgement{Points: series(5, 16), Newest: after(5), Reason: "Average YARNMemoryAvailablePercentage over 5m: 16 is not < 15, newest 12:05:00"}},
		{"periods of an odd length begin at multiples since 1970", func(c *Condition) { c.Period, c.Evaluations = 7*time.Minute, 1 },
			[]emr.Point{at(after(1), 99), at(after(4), 14)}, 11, // 12:00 is one
			Judgement{Holds: true, Points: []emr.Point{at(after(0), 14)}, Newest: after(0),
				Reason: "Average YARNMemoryAvailablePercentage over 7m: 14 < 15, newest 12:00:00"}},
		{"one period", func(c *Condition) { c.Evaluations = 1 }, series(5, 15), 11,
			Judgement{Points: series(5, 15), Newest: after(5), Reason: "Average YARNMemoryAvailablePercentage over 5m: 15 is not < 15, newest 12:05:00"}},
		{"at most", func(c *Condition) { c.Operator = LTE }, series(5, 15, 15), 11,
			Judgement{Holds: true, Points: series(5, 15, 15), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 15, 15 <= 15 for 2 periods, newest 12:05:00"}},
		{"more than 0", func(c *Condition) { c.Operator, c.Threshold = GT, 0 }, series(5, 0, 1), 11,
			Judgement{Points: series(5, 0, 1), Newest: after(5), Reason: "Average YARNMemoryAvailablePercentage over 5m: 0, 1 are not all > 0, newest 12:05:00"}},
		{"at least 0", func(c *Condition) { c.Operator, c.Threshold = GTE, 0 }, series(5, 0, 1), 11,
			Judgement{Holds: true, Points: series(5, 0, 1), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: 0, 1 >= 0 for 2 periods, newest 12:05:00"}},
		{"below a negative number", func(c *Condition) { c.Threshold = -0.5 }, series(5, -0.50001, -1e18), 11,
			Judgement{Holds: true, Points: series(5, -0.50001, -1e18), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: -0.50001, -1e+18 < -0.5 for 2 periods, newest 12:05:00"}},
		{"other series", func(c *Condition) {
			c.Namespace, c.Metric, c.Statistic, c.Period, c.Evaluations = "Company/Jobs", "Backlog", emr.Sum, time.Hour, 1
			c.Dimensions = []emr.Dimension{{Name: "Queue", Value: "a"}, {Name: "Stage", Value: "b"}}
		}, []emr.Point{at(after(-60), 3)}, 11,
			Judgement{Holds: true, Points: []emr.Point{at(after(-60), 3)}, Newest: after(-60),
				Reason: "Sum Company/Jobs Backlog (Queue=a, Stage=b) over 1h: 3 < 15, newest 11:00:00"}},
		{"many periods", func(c *Condition) { c.Evaluations = 12 }, series(5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 11,
			Judgement{Holds: true, Points: series(5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), Newest: after(5),
				Reason: "Average YARNMemoryAvailablePercentage over 5m: ..., 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 < 15 for 12 periods, newest 12:05:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := memory()
			if c.change != nil {
				c.change(&m)
			}
			if got := m.Judge(c.points, Ignore, after(c.now), time.Time{}); !same(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// same compares judgements; no points are no points.
func same(a, b Judgement) bool {
	if len(a.Points) == 0 && len(b.Points) == 0 {
		a.Points, b.Points = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// TestR2_OnlyPointsThatBeginAfterTheResizeCount: after a resize a policy waits for data points that begin after it ended.
func TestR2_OnlyPointsThatBeginAfterTheResizeCount(t *testing.T) {
	for _, c := range []struct {
		name    string
		points  []emr.Point
		missing Missing
		since   float64
		now     float64
		holds   bool
		gone    bool
		reason  string
	}{
		{"all before", series(5, 12, 14), Ignore, 10, 11, false, false, "waits for 2 more data points that begin at or after 12:10:00"},
		{"one before", series(5, 12, 14), Ignore, 4, 11, false, false, "waits for 1 more data point that begins at or after 12:04:00"},
		{"a period that began a second before", series(5, 12, 14), Ignore, 1. / 60, 11, false, false, "waits for 1 more data point"},
		{"a period that began at that moment", series(5, 12, 14), Ignore, 0, 11, true, false, "12, 14 < 15 for 2 periods"},
		{"none yet, and it is early", nil, Ignore, 0, 6, false, false, "waits for 2 more data points"},
		{"none yet, and it is late", nil, Ignore, 0, 30, false, true, "no data point since 12:15:00"},
		{"one of two, the second is late", series(0, 12), Ignore, 0, 14, false, false, "waits for 1 more data point"},
		{"breaching: periods before do not count", nil, Breaching, 10, 29.9, false, false, "waits for 2 more"},
		{"breaching: two that are two periods late", nil, Breaching, 10, 30, true, false, "none, none < 15 for 2 periods, newest 12:15:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := memory().Judge(c.points, c.missing, after(c.now), after(c.since))
			if j.Holds != c.holds || j.Missing != c.gone || !strings.Contains(j.Reason, c.reason) {
				t.Errorf("%+v", j)
			}
		})
	}
}
