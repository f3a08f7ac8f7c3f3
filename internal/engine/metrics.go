package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// gather is how long a metric need that is due waits for those of other clusters. Policies are due together, shortly after the end of
// a period, but the decisions that say so are made one after the other; in a call of CloudWatch there is room for emr.MaxQueries series.
const gather = 5 * time.Second

// metricsKey is the key of the want that gathers the needs of a scope's clusters.
const metricsKey = "metrics"

// ask is one cluster's part in the reading of metrics: what it needs, and what has come so far.
type ask struct {
	c     *cluster
	need  guard.MetricNeed
	parts []guard.MetricSeries // by need.Metrics
	left  int                  // metrics whose call is not over
	began time.Time            // of the first call
	told  bool                 // CloudWatch said something of one of the metrics, be it that it cannot be read
}

// series is one metric of an ask as a part of a call.
type series struct {
	ask    *ask
	place  int // in need.Metrics
	points []emr.Point
	seen   bool
	err    *emr.Error
	call   bool // err is of the whole call, and says nothing of this series
}

func (q *series) metric() emr.Metric { return q.ask.need.Metrics[q.place] }

// metricsRead is one GetMetricData with all its pages.
type metricsRead struct {
	want   *emr.MetricsWant
	key    string // of its wants
	series []series
	began  time.Time
}

// planMetrics has the cluster's need read, unless a read for it is under way: that one leads to a decision, which plans anew.
func (c *cluster) planMetrics() {
	if c.need != nil && c.ask == nil {
		c.s.gatherAt(c.metricsDue().Add(gather))
	}
}

// metricsDue is when the cluster's need may be read. What was due already when the last answer was decided on waits for a pace: each
// series that is read costs money.
func (c *cluster) metricsDue() time.Time {
	due := c.need.Due
	if !c.told.IsZero() && !due.After(c.told) {
		due = c.told.Add(c.effective().Settings.Pace)
	}
	if t := c.notBefore(guard.Need{Op: emr.GetMetricData}); t.After(due) {
		return t
	}
	return due
}

// gatherAt has the needs gathered at that time, or before.
func (s *scope) gatherAt(due time.Time) {
	if old, ok := s.queue.Get(metricsKey); ok && !due.Before(old.Due) {
		return
	}
	s.queue.Set(budget.Want{Key: metricsKey, Call: emr.Call{Op: emr.GetMetricData}, Class: budget.Scaling, Due: due})
}

// sendMetrics uses a token for GetMetricData: for a call or page that waits, or for the first call of what is due by now.
func (s *scope) sendMetrics(at time.Time, w budget.Want) {
	call := w.Call
	if call.Metrics == nil {
		reads := readsOf(s.asks(at))
		if len(reads) == 0 {
			return
		}
		for _, r := range reads[1:] {
			s.queueMetrics(at, r, "")
		}
		s.reads[reads[0].want] = reads[0]
		call.Metrics = reads[0].want
	}
	s.e.call(s, call, flight{metrics: s.reads[call.Metrics]})
}

// queueMetrics has a call, or its page at the marker, wait for its token.
func (s *scope) queueMetrics(at time.Time, r *metricsRead, marker string) {
	if r.key == "" {
		s.readCount++
		r.key = fmt.Sprintf("%s %09d", metricsKey, s.readCount)
	}
	s.reads[r.want] = r
	s.queue.Set(budget.Want{Key: r.key, Call: emr.Call{Op: emr.GetMetricData, Metrics: r.want, Marker: marker}, Class: budget.Scaling, Due: at})
}

// asks takes up the needs that are due, in the order of their clusters' ids, and plans the next gathering.
func (s *scope) asks(at time.Time) []*ask {
	var out []*ask
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		c := s.clusters[id]
		switch {
		case c.need == nil || c.ask != nil:
		case c.metricsDue().After(at):
			s.gatherAt(c.metricsDue().Add(gather))
		default:
			c.ask = &ask{c: c, need: *c.need, parts: make([]guard.MetricSeries, len(c.need.Metrics)), left: len(c.need.Metrics)}
			out = append(out, c.ask)
		}
	}
	return out
}

// readsOf makes the fewest calls of the asks, whose windows are as alike as can be: a call has one window for all its series. The
// series of a call have one period, since CloudWatch counts periods from the window's start (see windowOf). A series that
// CloudWatch refused has calls of its own.
func readsOf(asks []*ask) []*metricsRead {
	var all []series
	for _, a := range asks {
		for i := range a.need.Metrics {
			all = append(all, series{ask: a, place: i})
		}
	}
	slices.SortStableFunc(all, func(a, b series) int {
		return cmp.Or(compareGroups(a, b), a.ask.need.From.Compare(b.ask.need.From), a.ask.need.To.Compare(b.ask.need.To))
	})
	var out []*metricsRead
	for len(all) > 0 {
		n := 1
		for n < min(len(all), emr.MaxQueries) && compareGroups(all[0], all[n]) == 0 {
			n++
		}
		out = append(out, newMetricsRead(all[:n:n]))
		all = all[n:]
	}
	return out
}

// compareGroups orders series by what may share a call: 0 says that they may.
func compareGroups(a, b series) int {
	apart := func(s series) string {
		if key := s.metric().Key(); slices.Contains(s.ask.c.apart, key) {
			return key
		}
		return ""
	}
	return cmp.Or(strings.Compare(apart(a), apart(b)), cmp.Compare(a.metric().Period, b.metric().Period))
}

func newMetricsRead(list []series) *metricsRead {
	r := &metricsRead{series: list, want: &emr.MetricsWant{Queries: make([]emr.MetricQuery, len(list))}}
	r.want.From, r.want.To = windowOf(list)
	for i := range list {
		r.want.Queries[i] = emr.MetricQuery{ID: "m" + strconv.Itoa(i), Metric: list[i].metric()}
	}
	return r
}

// windowOf holds the windows of all the series. It begins at a multiple of their period: CloudWatch stamps and aggregates from the start
// of the window on, so any other start would shift the periods of those whose own window begins elsewhere.
func windowOf(list []series) (from, to time.Time) {
	from, to = list[0].ask.need.From, list[0].ask.need.To
	for _, q := range list[1:] {
		if q.ask.need.From.Before(from) {
			from = q.ask.need.From
		}
		if q.ask.need.To.After(to) {
			to = q.ask.need.To
		}
	}
	return list[0].metric().Begin(from), to
}

// completeMetrics takes one page, asks for the next or hands out the whole.
//
// What CloudWatch refuses as a request is tried again in halves until the series that it does not take is alone: a mistake in one policy must
// not blind the others.
func (s *scope) completeMetrics(ctx context.Context, now Now, f flight, done Completion) {
	r, res, at := f.metrics, done.Result, s.now(now)
	if r.began.IsZero() {
		r.began = s.now(done.Began)
	}
	switch n := len(r.series); {
	case res.Err != nil && res.Err.Class == emr.Invalid && f.call.Marker == "" && n > 1:
		delete(s.reads, r.want)
		s.queueMetrics(at, newMetricsRead(r.series[:n/2:n/2]), "")
		s.queueMetrics(at, newMetricsRead(r.series[n/2:]), "")
		return
	case res.Err != nil:
		r.fail(s, *res.Err)
	default:
		r.take(s, res.Series)
		switch res.Marker {
		case "":
		case f.call.Marker:
			r.fail(s, emr.Error{Class: emr.Unavailable, Message: "CloudWatch names a page as its own successor"})
		default:
			s.queueMetrics(at, r, res.Marker)
			return
		}
	}
	delete(s.reads, r.want)
	for _, a := range r.close() {
		if s.held && s.clusters[a.c.id] == a.c {
			a.c.metricsRead(ctx, now, a)
		}
	}
}

// shared says whether the call is of more than one cluster.
func (r *metricsRead) shared() bool {
	return slices.ContainsFunc(r.series, func(q series) bool { return q.ask != r.series[0].ask })
}

// take adds one page.
func (r *metricsRead) take(s *scope, page []emr.Series) {
	for _, p := range page {
		i, err := strconv.Atoi(strings.TrimPrefix(p.ID, "m"))
		if err != nil || i < 0 || i >= len(r.series) {
			continue
		}
		q := &r.series[i]
		q.seen = true
		q.points = append(q.points, p.Points...)
		if p.Err != nil && q.err == nil {
			q.err = &emr.Error{Class: p.Err.Class, Code: p.Err.Code, Message: q.metric().String() + ": " + p.Err.Message}
			if !passing(*p.Err) {
				s.e.fault(s, string(q.ask.c.id), fmt.Errorf("%s: %w", emr.GetMetricData, q.err))
			}
		}
	}
}

// fail books the failure of the whole call.
func (r *metricsRead) fail(s *scope, err emr.Error) {
	for i := range r.series {
		r.series[i].err, r.series[i].call = &err, len(r.series) > 1 || err.Class != emr.Invalid
	}
	switch {
	case passing(err):
	case r.shared():
		s.e.fault(s, "", fmt.Errorf("%s of %d series: %w", emr.GetMetricData, len(r.series), &err))
	default:
		s.e.fault(s, string(r.series[0].ask.c.id), fmt.Errorf("%s: %w", emr.GetMetricData, &err))
	}
}

// close ends the call and returns the asks that have everything now, in the order of their clusters' ids.
func (r *metricsRead) close() []*ask {
	var out []*ask
	for i := range r.series {
		q := &r.series[i]
		if q.err == nil && !q.seen {
			q.err = &emr.Error{Class: emr.Unavailable, Message: q.metric().String() + ": CloudWatch's answer does not mention the series"}
		}
		a := q.ask
		a.told = a.told || !q.call
		a.parts[q.place] = guard.MetricSeries{Metric: q.metric(), Points: within(q.points, a.need.From, a.need.To), Err: q.err}
		if a.began.IsZero() || r.began.Before(a.began) {
			a.began = r.began
		}
		if a.left--; a.left == 0 {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *ask) int { return strings.Compare(string(a.c.id), string(b.c.id)) })
	return out
}

// within are the points of a window, oldest first and each moment once, whatever pages they came on.
func within(points []emr.Point, from, to time.Time) []emr.Point {
	points = slices.DeleteFunc(points, func(p emr.Point) bool { return p.At.Before(from) || !p.At.Before(to) })
	slices.SortStableFunc(points, func(a, b emr.Point) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(points, func(a, b emr.Point) bool { return a.At.Equal(b.At) })
}

// metricsRead decides on what CloudWatch had for the cluster. After calls that failed as a whole it is not asked again before a pace has passed,
// and what does not pass by itself not before the next routine look. Of single series that failed the guard says when they are wanted again.
func (c *cluster) metricsRead(ctx context.Context, now Now, a *ask) {
	c.ask = nil
	c.refused = slices.DeleteFunc(c.refused, func(f refusal) bool { return f.op == emr.GetMetricData })
	for _, s := range a.parts {
		key := s.Metric.Key()
		switch {
		case s.Err == nil:
			c.apart = slices.DeleteFunc(c.apart, func(k string) bool { return k == key })
		case s.Err.Class == emr.Invalid && !slices.Contains(c.apart, key):
			c.apart = append(c.apart, key)
		}
	}
	if a.told {
		in := &guard.Metrics{Began: a.began, From: a.need.From, To: a.need.To, Series: a.parts}
		c.decide(ctx, now, guard.Input{Metrics: in}, nil)
		return
	}
	err, wait := *a.parts[0].Err, c.effective().Settings.Pace
	if !passing(err) {
		wait = max(wait, c.s.Sweep)
	}
	c.refused = append(c.refused, refusal{op: emr.GetMetricData, until: c.s.now(now).Add(wait)})
	c.decide(ctx, now, guard.Input{Failed: &guard.Failed{Op: emr.GetMetricData, Began: a.began, Err: err}}, nil)
}
