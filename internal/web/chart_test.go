package web

import (
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
	out := drawn(line)
	labels := map[int][]placedMark{}
	for _, m := range out.Marks {
		if m.Row >= 0 {
			labels[m.Row] = append(labels[m.Row], m)
		}
		if m.Kind != view.MarkArrived && m.Row != 0 {
			t.Errorf("the label of %s is in row %d", m.Kind, m.Row)
		}
	}
	if len(labels) != rowsMost || out.Rows != rowsMost || out.High > 200 {
		t.Errorf("%d rows of labels, %d high", len(labels), out.High)
	}
	for row, marks := range labels {
		for i, a := range marks {
			for _, b := range marks[i+1:] {
				if a.Anchor == b.Anchor && max(a.X-b.X, b.X-a.X) < labelWide {
					t.Errorf("in row %d the labels of %s and %s lie on each other", row, a.At, b.At)
				}
			}
		}
	}
}

func TestAxisTimes(t *testing.T) {
	from := time.Date(2026, 1, 5, 11, 7, 0, 0, time.UTC)
	for length, first := range map[time.Duration]string{
		5 * time.Minute: "11:08", time.Hour: "11:10", 24 * time.Hour: "12:00", 60 * 24 * time.Hour: "Jan 12 00:00", 5 * 365 * 24 * time.Hour: "",
	} {
		times := axisTimes(from, from.Add(length))
		if len(times) == 0 || len(times) > 10 {
			t.Errorf("an axis of %s has %d times", length, len(times))
			continue
		}
		if got := times[0].Format(axisFormat(from, from.Add(length))); first != "" && got != first {
			t.Errorf("an axis of %s begins with %s, want %s", length, got, first)
		}
	}
}
