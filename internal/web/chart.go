package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/view"
)

// The frame of a chart in SVG's units; style.css lets it grow with the page.
const (
	chartWidth, chartHeight = 960, 160
	chartLeft, chartBottom  = 44, 24
	chartTop, chartRight    = 10, 8
)

// chart is a capacity over time as the paths of an SVG picture.
type chart struct {
	Requested, Running, Short string // paths: the line of what is asked for, the area of what runs, the area between
	X, Y                      []tick
	Sentence                  string
	Empty                     bool
}

// tick is a mark on an axis.
type tick struct {
	At   float64
	Text string
}

// capacityChart draws a capacity in steps: counts hold from one point to the next.
func capacityChart(c view.Capacity) chart {
	out := chart{Sentence: c.Sentence(), Empty: len(c.Points) == 0}
	if out.Empty {
		return out
	}
	top := 1
	for _, p := range c.Points {
		top = max(top, p.Requested, p.Running)
	}
	step := niceStep(top)
	top = (top + step - 1) / step * step
	length := max(c.To.Sub(c.From), time.Second)
	x := func(t time.Time) float64 {
		return chartLeft + (chartWidth-chartLeft-chartRight)*min(1, max(0, float64(t.Sub(c.From))/float64(length)))
	}
	y := func(n int) float64 {
		return chartHeight - chartBottom - (chartHeight-chartBottom-chartTop)*float64(n)/float64(top)
	}
	var asked, running, short strings.Builder
	var back []string
	fmt.Fprintf(&running, "M%.1f %.1f", x(c.From), y(0))
	for i, p := range c.Points {
		end := c.To
		if i+1 < len(c.Points) {
			end = c.Points[i+1].At
		}
		a, b := x(p.At), x(end)
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		fmt.Fprintf(&asked, "%s%.1f %.1fL%.1f %.1f", verb, a, y(p.Requested), b, y(p.Requested))
		fmt.Fprintf(&running, "L%.1f %.1fL%.1f %.1f", a, y(p.Running), b, y(p.Running))
		// What is missing is counted group by group, so it stands on top of what is asked for less it.
		fmt.Fprintf(&short, "%s%.1f %.1fL%.1f %.1f", verb, a, y(p.Requested), b, y(p.Requested))
		back = append(back, fmt.Sprintf("L%.1f %.1fL%.1f %.1f", b, y(p.Requested-p.Missing), a, y(p.Requested-p.Missing)))
	}
	fmt.Fprintf(&running, "L%.1f %.1fZ", x(c.To), y(0))
	for i := len(back) - 1; i >= 0; i-- {
		short.WriteString(back[i])
	}
	short.WriteString("Z")
	out.Requested, out.Running, out.Short = asked.String(), running.String(), short.String()
	for n := 0; n <= top; n += step {
		out.Y = append(out.Y, tick{y(n), strconv.Itoa(n)})
	}
	for _, t := range axisTimes(c.From, c.To) {
		out.X = append(out.X, tick{x(t), t.Format(axisFormat(c.From, c.To))})
	}
	return out
}

// niceStep is the distance of the lines of a scale up to n: 1, 2 or 5 times a power of ten, four lines or fewer.
func niceStep(n int) int {
	power := math.Pow10(int(math.Floor(math.Log10(max(1, float64(n)/4)))))
	for _, f := range []float64{1, 2, 5, 10} {
		if step := int(power * f); float64(n) <= 4*float64(step) {
			return step
		}
	}
	return n
}

// timeline is a view.Timeline as a picture: where on an axis of lineWidth units each thing lies.
type timeline struct {
	view.Timeline
	Marks []placedMark
	Bands []placedBand
	X     []tick
	Now   float64 // where the present lies; below 0 if it is beyond the end
	Rows  int     // of labels
	High  int     // of the picture
	Shown bool
}

type placedMark struct {
	view.Mark
	X      float64
	Row    int // of its label, so that no two lie on each other; below 0: there is no room for one
	LabelY int
	Anchor string // of its label: start, middle or end
	Due    bool
}

type placedBand struct {
	view.Band
	X, Width float64
	Y        int
}

// The frame of a timeline in SVG's units.
const (
	lineWidth = 960
	linePad   = 20
	lineY     = 40
	rowHigh   = 16
	labelWide = 130 // at most, of a mark's label
	rowsMost  = 6   // of labels
)

// drawn places a timeline's marks and bands to scale. Where marks are many, those of arrivals and losses are the first to have no label; what is said
// of them stands below the picture all the same.
func drawn(t view.Timeline) timeline {
	out := timeline{Timeline: t, Shown: len(t.Marks) > 0}
	x := func(at time.Time) float64 { return linePad + (lineWidth-2*linePad)*t.Place(at) }
	for _, m := range t.Marks {
		p := placedMark{Mark: m, X: x(m.At), Anchor: "middle", Due: m.Kind == view.MarkDue, Row: -1}
		switch {
		case p.X < labelWide/2:
			p.Anchor = "start"
		case p.X > lineWidth-labelWide/2:
			p.Anchor = "end"
		}
		out.Marks = append(out.Marks, p)
	}
	var rows [rowsMost][]float64 // where the labels of each row begin
	for _, often := range []bool{false, true} {
		for i := range out.Marks {
			if p := &out.Marks[i]; often == (p.Kind == view.MarkArrived || p.Kind == view.MarkLost) {
				p.label(&rows)
				out.Rows = max(out.Rows, p.Row+1)
			}
		}
	}
	for i, b := range t.Bands {
		from, to := x(b.From), x(b.To)
		out.Bands = append(out.Bands, placedBand{b, from, max(2, to-from), 8 + 7*(i%3)})
	}
	out.Now = -1
	if !t.Now.Before(t.From) && !t.Now.After(t.To) && out.Shown {
		out.Now = x(t.Now)
	}
	axis := lineY + 20 + rowHigh*out.Rows + 6
	out.High = axis + 14
	for _, at := range axisTimes(t.From, t.To) {
		out.X = append(out.X, tick{x(at), at.Format(axisFormat(t.From, t.To))})
	}
	return out
}

// label finds the first row in which a mark's label lies on no other.
func (p *placedMark) label(rows *[rowsMost][]float64) {
	from := map[string]float64{"start": p.X, "middle": p.X - labelWide/2, "end": p.X - labelWide}[p.Anchor]
	for row := range rows {
		if !slices.ContainsFunc(rows[row], func(other float64) bool { return math.Abs(other-from) < labelWide }) {
			rows[row] = append(rows[row], from)
			p.Row, p.LabelY = row, lineY+20+rowHigh*row
			return
		}
	}
}

// axisFormat is how times of an axis are written: by their days where they are many.
func axisFormat(from, to time.Time) string {
	if to.Sub(from) > 36*time.Hour {
		return "Jan 2 15:04"
	}
	return "15:04"
}

// axisTimes are some round times of an axis.
func axisTimes(from, to time.Time) []time.Time {
	var out []time.Time
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 365 * 24 * time.Hour} {
		if to.Sub(from) > 10*step {
			continue
		}
		for t := from.UTC().Truncate(step).Add(step); !t.After(to); t = t.Add(step) {
			out = append(out, t)
		}
		break
	}
	return out
}

// Below is where the axis' labels stand.
func (t timeline) Below() int { return t.High - 2 }
