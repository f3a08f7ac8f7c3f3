package web

import (
	"math"
	"testing"
	"time"

	"emrguard/internal/view"
)

func TestDrawnLabels(t *testing.T) {
	begin := time.Date(2026, 1, 5, 11, 0, 0, 0, time.UTC)
	line := view.Timeline{Title: "task", From: begin, To: begin.Add(time.Hour), Now: begin.Add(time.Hour)}
	mark := func(in time.Duration, kind string) {
		line.Marks = append(line.Marks, view.Mark{At: begin.Add(in), Kind: kind})
	}
	for i := range 200 { // a Spot pool on a bad day
		mark(time.Duration(i)*time.Second, view.MarkArrived)
	}
	mark(5*time.Minute, view.MarkStop)
	mark(time.Hour, view.MarkDue)
	for i, out := range drawn(line).Lines {
		labels := map[int][]placedMark{}
		for _, m := range out.Marks {
			if m.Row >= 0 {
				labels[m.Row] = append(labels[m.Row], m)
			}
			if m.Kind != view.MarkArrived && m.Row < 0 || out.Class == "wide" && m.Kind != view.MarkArrived && m.Row > 0 {
				t.Errorf("%s: the label of %s is in row %d", out.Class, m.Kind, m.Row)
			}
		}
		if len(labels) != rowsMost || out.Rows != rowsMost || out.High > 200 {
			t.Errorf("%s: %d rows of labels, %d high", out.Class, len(labels), out.High)
		}
		for row, marks := range labels {
			for i, a := range marks {
				for _, b := range marks[i+1:] {
					if a.Anchor == b.Anchor && max(a.X-b.X, b.X-a.X)*out.pixels/100 < labelWide {
						t.Errorf("%s: in row %d the labels of %s and %s lie on each other", out.Class, row, a.At, b.At)
					}
				}
			}
		}
		if out.Class != layouts[i].Class || len(out.X) == 0 {
			t.Errorf("layout %s has the axis %v", out.Class, out.X)
		}
	}
}

// What is not known is no line at 0, and no line that goes on: a bar lies over it, which says why.
func TestAChartHasGaps(t *testing.T) {
	end := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	c := view.Capacity{Now: end, From: end.Add(-4 * time.Hour), To: end, Points: []view.CapacityPoint{{At: end.Add(-4 * time.Hour), Requested: 9, Running: 9}},
		Gaps: []view.CapacityGap{{From: end.Add(-3 * time.Hour), To: end.Add(-100 * time.Minute), Reason: "not watched"}}}
	got := capacityChart(c).Gaps
	if len(got) != 1 || math.Abs(got[0].X-25) > 1e-9 || math.Abs(got[0].Width-100./3) > 1e-9 || got[0].Text != "From 09:00 to 10:20 (1h20m): not watched" {
		t.Errorf("got %+v", got)
	}
}

func TestAxisTimes(t *testing.T) {
	from := time.Date(2026, 1, 5, 11, 7, 0, 0, time.UTC)
	for length, first := range map[time.Duration]string{
		5 * time.Minute: "11:08", time.Hour: "11:10", 24 * time.Hour: "12:00", 60 * 24 * time.Hour: "Jan 12 00:00", 5 * 365 * 24 * time.Hour: "",
	} {
		for _, l := range layouts {
			if ticks := l.ticks(from, from.Add(length), func(time.Time) float64 { return 50 }); len(ticks) > l.times {
				t.Errorf("an axis of %s has %d times (%s)", length, len(ticks), l.Class)
			}
		}
		times := axisTimes(from, from.Add(length), 10)
		if len(times) == 0 {
			t.Errorf("an axis of %s has no times", length)
			continue
		}
		format, _ := axisFormat(from, from.Add(length))
		if got := times[0].Format(format); first != "" && got != first {
			t.Errorf("an axis of %s begins with %s, want %s", length, got, first)
		}
	}
}
