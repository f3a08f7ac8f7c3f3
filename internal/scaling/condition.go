package scaling

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
)

// Lag is how long after the end of a period it is judged. A data point carries the beginning of its period and can be read only some time
// after the period's end: EMR's collector posts it, then CloudWatch has to show it. AWS gives no figure for either; a minute is enough for most
// points, and Late covers the others.
const Lag = time.Minute

// Late is how many periods the newest data point may be older than the newest period that ended. Points of EMR's metrics come late at times.
// Data older than that say nothing of the present, so then they are missing.
const Late = 2

// maxEvaluations bounds the periods that a condition looks at.
const maxEvaluations = 100

// Judgement is what a condition makes of data points. The JSON form is part of history records.
type Judgement struct {
	Holds   bool        `json:"holds"`
	Missing bool        `json:"missing,omitempty"` // data points that are needed are not there, and it is not only too early for them
	Points  []emr.Point `json:"points,omitempty"`  // the data points that were judged, oldest first
	Newest  time.Time   `json:"newest,omitzero"`   // beginning of the newest period that was judged; zero if none was
	Reason  string      `json:"reason"`            // in words, times in UTC
}

// Evidence is a condition in words and what it made of the data points.
type Evidence struct {
	Condition string `json:"condition"`
	Judgement
}

// Series is what is read of CloudWatch to judge the condition, without the cluster.
func (c Condition) Series() emr.Metric {
	return emr.Metric{Namespace: c.Namespace, Name: c.Metric, Dimensions: c.Dimensions, Statistic: c.Statistic, Unit: c.Unit, Period: c.Period}
}

// String is the condition in words: "Average ContainerPending over 5m > 10 for 2 periods".
func (c Condition) String() string { return c.subject() + c.symbol() + number(c.Threshold) + c.times() }

// subject names the series.
func (c Condition) subject() string {
	name := c.Metric
	if c.Namespace != emr.MetricsNamespace && c.Namespace != "" {
		name = c.Namespace + " " + name
	}
	if len(c.Dimensions) > 0 {
		var parts []string
		for _, d := range c.Dimensions {
			parts = append(parts, d.Name+"="+d.Value)
		}
		name += " (" + strings.Join(parts, ", ") + ")"
	}
	return fmt.Sprintf("%s %s over %s", c.Statistic, name, phrase.Duration(c.Period))
}

func (c Condition) symbol() string {
	switch c.Operator {
	case GT:
		return " > "
	case GTE:
		return " >= "
	case LT:
		return " < "
	case LTE:
		return " <= "
	}
	return " " + string(c.Operator) + " "
}

func (c Condition) times() string {
	if c.Evaluations <= 1 {
		return ""
	}
	return fmt.Sprintf(" for %d periods", c.Evaluations)
}

// Window is what to read to judge the condition at now: from the beginning of the oldest period that may count, late points included,
// to the end of the newest period that ended.
func (c Condition) Window(now time.Time) (from, to time.Time) {
	to = floor(now, c.Period)
	return to.Add(-time.Duration(c.Evaluations+Late) * c.Period), to
}

// Due is the first moment after the given one at which a new period can be judged: Lag after the period's end.
func (c Condition) Due(after time.Time) time.Time {
	return floor(after.Add(-Lag), c.Period).Add(c.Period + Lag)
}

// Enough is the first moment at which as many periods as the condition looks at have begun at or after since and can be judged.
func (c Condition) Enough(since time.Time) time.Time {
	return ceil(since, c.Period).Add(time.Duration(c.Evaluations)*c.Period + Lag)
}

// Judge says whether the condition holds at now by the given data points of its series, in any order.
//
// It looks at the newest Evaluations periods in a row. A period counts once it has ended. Periods begin at multiples of their length since
// 1970-01-01 UTC, as CloudWatch aligns them; a point belongs to the period in which it lies. The newest period that is judged is the newest
// with a data point, and at most Late periods older than the newest that ended. A value that is no number is no data point.
//
// Periods that begin before since never count (rule R2 of docs/recovery.md): until enough have begun, the condition does not hold.
// Of a period without a data point missing says what it means: Ignore: the condition does not hold. Breaching: the period holds, once it is Late
// periods older than the newest that ended.
func (c Condition) Judge(points []emr.Point, missing Missing, now, since time.Time) Judgement {
	n := max(1, c.Evaluations)
	ended := floor(now, c.Period).Add(-c.Period) // beginning of the newest period that ended
	begins := func(i int) time.Time { return ended.Add(-time.Duration(i) * c.Period) }
	values := c.byPeriod(points, ended, n+Late)

	newest := slices.IndexFunc(values[:Late+1], func(v float64) bool { return !math.IsNaN(v) })
	none := newest < 0
	if none {
		newest = Late
	}
	j := Judgement{}
	if first := ceil(since, c.Period); begins(newest + n - 1).Before(first) {
		have := 0
		for i := newest; !none && i < newest+n && !begins(i).Before(first); i++ {
			have++
		}
		j.Reason = fmt.Sprintf("%s: waits for %s at or after %s", c.subject(), more(n-have), clock(since))
		return j
	}
	if none && missing != Breaching {
		j.Missing = true
		j.Reason = fmt.Sprintf("%s: no data point since %s", c.subject(), clock(begins(Late)))
		return j
	}
	j.Newest = begins(newest)
	j.Points = make([]emr.Point, 0, n)
	holding := 0
	for i := newest + n - 1; i >= newest; i-- {
		switch {
		case !math.IsNaN(values[i]):
			j.Points = append(j.Points, emr.Point{At: begins(i), Value: values[i]})
			if c.holds(values[i]) {
				holding++
			}
		case missing == Breaching && i >= Late:
			holding++
		case missing == Breaching:
			j.Missing = true
			j.Reason = fmt.Sprintf("%s: no data point for %s yet; from %s on that counts as breaching", c.subject(), clock(begins(i)), clock(begins(i).Add((Late+1)*c.Period)))
			return j
		default:
			j.Missing = true
			j.Reason = fmt.Sprintf("%s: no data point for %s", c.subject(), clock(begins(i)))
			return j
		}
	}
	j.Holds = holding == n
	j.Reason = c.because(values[newest:newest+n], j)
	return j
}

// byPeriod sorts the points into the newest count periods, the newest first: not a number where there is none. Of several points of a period the
// latest counts, of several at the same moment the largest, so that their order does not.
func (c Condition) byPeriod(points []emr.Point, ended time.Time, count int) []float64 {
	values := make([]float64, count)
	for i := range values {
		values[i] = math.NaN()
	}
	var at [maxEvaluations + Late]time.Duration // within the period
	for _, p := range points {
		age := ended.Sub(floor(p.At, c.Period))
		i := int(age / c.Period)
		if age < 0 || i >= min(count, len(at)) || math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			continue
		}
		within := p.At.Sub(ended) + age
		if math.IsNaN(values[i]) || within > at[i] || within == at[i] && p.Value > values[i] {
			values[i], at[i] = p.Value, within
		}
	}
	return values
}

func (c Condition) holds(v float64) bool {
	switch c.Operator {
	case GT:
		return v > c.Threshold
	case GTE:
		return v >= c.Threshold
	case LT:
		return v < c.Threshold
	case LTE:
		return v <= c.Threshold
	}
	return false
}

// shownValues is how many values a reason lists; the record has all.
const shownValues = 10

// because says why the condition holds or does not. values are the newest first.
func (c Condition) because(values []float64, j Judgement) string {
	var b strings.Builder
	b.WriteString(c.subject())
	b.WriteString(": ")
	if len(values) > shownValues {
		b.WriteString("..., ")
	}
	for i := min(len(values), shownValues) - 1; i >= 0; i-- {
		if math.IsNaN(values[i]) {
			b.WriteString("none")
		} else {
			b.WriteString(number(values[i]))
		}
		if i > 0 {
			b.WriteString(", ")
		}
	}
	switch {
	case j.Holds:
	case len(values) == 1:
		b.WriteString(" is not")
	default:
		b.WriteString(" are not all")
	}
	b.WriteString(c.symbol())
	b.WriteString(number(c.Threshold))
	if j.Holds {
		b.WriteString(c.times())
	}
	b.WriteString(", newest ")
	b.WriteString(clock(j.Newest))
	return b.String()
}

func more(n int) string {
	if n == 1 {
		return "1 more data point that begins"
	}
	return strconv.Itoa(n) + " more data points that begin"
}

// floor is the beginning of the period in which t lies.
func floor(t time.Time, period time.Duration) time.Time { return emr.Metric{Period: period}.Begin(t) }

// ceil is the beginning of the first period that begins at t or later.
func ceil(t time.Time, period time.Duration) time.Time {
	if b := floor(t, period); b.Before(t) {
		return b.Add(period)
	}
	return t.UTC()
}

// clock is a time of day as reasons have it, in UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// number is a value as people write it: 0.1, 12, 1000000, 72.0588. A long fraction is cut to six digits; the record has the exact value.
func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	exact := strconv.FormatFloat(v, 'f', -1, 64)
	if _, fraction, _ := strings.Cut(exact, "."); len(fraction) <= 6 {
		return exact
	}
	return strconv.FormatFloat(v, 'f', max(4, 5-int(math.Floor(math.Log10(math.Abs(v))))), 64)
}
