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

// The frame of a chart. Its paths are stretched to the width of the page, its texts are not: they stay as large as the page's. So what lies across is
// in units of its paths or in percent, what lies down in pixels.
const (
	fieldWide, fieldHigh = 1000, 126 // of the paths
	fieldTop             = 10        // above the paths
)

// chart is a capacity over time as the paths of an SVG picture.
type chart struct {
	Requested, Running, Short string // paths: the line of what is asked for, the area of what runs, the area between
	Y                         []tick // in pixels from the top
	Axes                      []axis
	Gaps                      []chartGap // of what is not known
	Sentence                  string
	Empty                     bool
}

// chartGap is where a time lies of which the counts are not known, in percent.
type chartGap struct {
	X, Width float64
	Text     string
}

// tick is a mark on an axis.
type tick struct {
	At     float64
	Text   string
	Anchor string // of its text: start, middle or end
}

// layout is how wide a picture is at least where it is used; style.css shows the one of its class that fits.
type layout struct {
	Class  string
	pixels float64 // of its width, at least
	times  int     // on an axis, at most
}

// The layouts of pictures: for pages wider than 760 pixels, and for phones.
var layouts = []layout{{"wide", 700, 10}, {"narrow", 288, 4}}

// axis is an axis of time in one layout; At of its ticks is in percent.
type axis struct {
	layout
	X []tick
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
	x := func(t time.Time) float64 { return fieldWide * min(1, max(0, float64(t.Sub(c.From))/float64(length))) }
	y := func(n int) float64 { return fieldHigh - fieldHigh*float64(n)/float64(top) }
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
		out.Y = append(out.Y, tick{At: fieldTop + y(n), Text: strconv.Itoa(n)})
	}
	for _, g := range c.Gaps {
		from, to := x(g.From)*100/fieldWide, x(g.To)*100/fieldWide
		out.Gaps = append(out.Gaps, chartGap{from, to - from, g.Text(c.Now)})
	}
	for _, l := range layouts {
		out.Axes = append(out.Axes, axis{l, l.ticks(c.From, c.To, func(t time.Time) float64 { return x(t) * 100 / fieldWide })})
	}
	return out
}

// ticks are some round times of an axis, and where at lies them in percent.
func (l layout) ticks(from, to time.Time, at func(time.Time) float64) []tick {
	format, wide := axisFormat(from, to)
	most := min(l.times, int(l.pixels/(wide+8)))
	var out []tick
	for _, t := range axisTimes(from, to, most) {
		out = append(out, tick{at(t), t.Format(format), l.anchor(at(t), wide)})
	}
	return out
}

// anchor lets a text of so many pixels that stands at so many percent lie within the picture.
func (l layout) anchor(at, wide float64) string {
	switch half := wide / 2 / l.pixels * 100; {
	case at < half:
		return "start"
	case at > 100-half:
		return "end"
	}
	return "middle"
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

// timeline is a view.Timeline as a picture.
type timeline struct {
	view.Timeline
	Lines []line // one for each layout
	Shown bool
}

// line is where on an axis of one layout each thing lies: across in percent, down in pixels.
type line struct {
	axis
	Marks []placedMark
	Bands []placedBand
	Now   float64 // where the present lies; below 0 if it is beyond the end
	Rows  int     // of labels
	High  int     // of the picture
}

type placedMark struct {
	view.Mark
	X      float64
	Row    int // of its label, so that no two lie on each other; below 0: there is no room for one
	LabelY int
	Anchor string // of its label: start, middle or end
}

type placedBand struct {
	view.Band
	X, Width float64
	Y        int
}

// The frame of a timeline in pixels.
const (
	linePad   = 12
	lineY     = 40
	rowHigh   = 16
	labelWide = 96 // at most, of a mark's label
	rowsMost  = 6  // of labels
)

// drawn places a timeline's marks and bands to scale, for each layout.
func drawn(t view.Timeline) timeline {
	out := timeline{Timeline: t, Shown: len(t.Marks) > 0}
	for _, l := range layouts {
		out.Lines = append(out.Lines, l.line(t))
	}
	return out
}

// line places a timeline's marks and bands in one layout. Where marks are many, those of arrivals and losses are the first to have no label; what is said
// of them stands below the picture all the same.
func (l layout) line(t view.Timeline) line {
	pad := linePad / l.pixels * 100
	x := func(at time.Time) float64 { return pad + (100-2*pad)*t.Place(at) }
	out := line{axis: axis{l, l.ticks(t.From, t.To, x)}, Now: -1}
	for _, m := range t.Marks {
		out.Marks = append(out.Marks, placedMark{Mark: m, X: x(m.At), Anchor: l.anchor(x(m.At), labelWide), Row: -1})
	}
	var rows [rowsMost][]float64 // where the labels of each row begin, in pixels
	for _, often := range []bool{false, true} {
		for i := range out.Marks {
			if p := &out.Marks[i]; often == p.Often() {
				p.label(p.X*l.pixels/100, &rows)
				out.Rows = max(out.Rows, p.Row+1)
			}
		}
	}
	for i, b := range t.Bands {
		from, to := x(b.From), x(b.To)
		out.Bands = append(out.Bands, placedBand{b, from, max(0.3, to-from), 8 + 7*(i%3)})
	}
	if !t.Now.Before(t.From) && !t.Now.After(t.To) {
		out.Now = x(t.Now)
	}
	out.High = lineY + 20 + rowHigh*out.Rows + 20
	return out
}

// label finds the first row in which a mark's label lies on no other; at is where the mark lies in pixels.
func (p *placedMark) label(at float64, rows *[rowsMost][]float64) {
	from := map[string]float64{"start": at, "middle": at - labelWide/2, "end": at - labelWide}[p.Anchor]
	for row := range rows {
		if !slices.ContainsFunc(rows[row], func(other float64) bool { return math.Abs(other-from) < labelWide }) {
			rows[row] = append(rows[row], from)
			p.Row, p.LabelY = row, lineY+20+rowHigh*row
			return
		}
	}
}

// Below is where the axis' labels stand.
func (l line) Below() int { return l.High - 6 }

// axisFormat is how times of an axis are written, by their days where they are many, and how many pixels one takes at most.
func axisFormat(from, to time.Time) (format string, wide float64) {
	if to.Sub(from) > 36*time.Hour {
		return "Jan 2 15:04", 80
	}
	return "15:04", 40
}

// axisTimes are some round times of an axis, at most so many.
func axisTimes(from, to time.Time, most int) []time.Time {
	var out []time.Time
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour, 365 * 24 * time.Hour} {
		if to.Sub(from) > time.Duration(most)*step {
			continue
		}
		for t := from.UTC().Truncate(step).Add(step); !t.After(to); t = t.Add(step) {
			out = append(out, t)
		}
		break
	}
	return out
}
