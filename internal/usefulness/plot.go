package usefulness

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// The measures of the drawing, in pixels.
const (
	plotWidth  = 960
	plotLeft   = 52 // of it, for the numbers of the axes
	plotRight  = 14
	bandHeight = 96 // of one way's instances
	bandGap    = 34
	sumHeight  = 190 // of the delays
	plotTop    = 64
)

// style has the drawing's colours, in light and in dark. The lines of the ways differ in their dashes, too.
const style = `<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .small { font-size: 11px; fill: #59636e }
.paper { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1; fill: none } .dry { fill: #d4a72c; fill-opacity: .22 }
.runs { fill: #2f81f7; fill-opacity: .45 } .wants { stroke: #cf222e; stroke-width: 1.2; fill: none }
.line { fill: none; stroke-width: 2 }
.way0 { stroke: #57606a } .way1 { stroke: #bc4c00; stroke-dasharray: 2 3 } .way2 { stroke: #8250df; stroke-dasharray: 7 3 } .way3 { stroke: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 } .paper { fill: #0d1117 } .grid { stroke: #30363d }
.dry { fill: #d29922 } .runs { fill: #58a6ff } .wants { stroke: #ff7b72 }
.way0 { stroke: #b1bac4 } .way1 { stroke: #f0883e } .way2 { stroke: #bc8cff } .way3 { stroke: #3fb950 }
}
</style>
`

// drawing is an SVG under construction.
type drawing struct {
	strings.Builder
	from, to time.Time
}

func (d *drawing) f(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// x is where a time is.
func (d *drawing) x(t time.Time) float64 {
	return plotLeft + (plotWidth-plotLeft-plotRight)*float64(t.Sub(d.from))/float64(d.to.Sub(d.from))
}

// px is a coordinate as the file has it.
func px(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

// plot draws one cluster's instances in the four ways, and the delay of all jobs as it adds up.
func plot(ref *result, results []*result, spells []spell) string {
	c := latest(ref, results)
	d := &drawing{from: results[0].from, to: results[0].to}
	height := plotTop + len(results)*(bandHeight+bandGap) + sumHeight + 52
	d.f("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", plotWidth, height, plotWidth, height)
	name := fleet()[c].name
	d.f("<title>A week of the cluster %s in four ways, and the delay of all jobs</title>\n%s", name, style)
	d.f("<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", plotWidth, height)
	d.f("<text class=\"title\" x=\"%d\" y=\"20\">Task instances of the cluster %s</text>\n", plotLeft, name)
	d.legend()
	most := 0
	for _, r := range results {
		for _, m := range r.curves[c] {
			most = max(most, m.wanted, m.running)
		}
	}
	y := float64(plotTop)
	for i, r := range results {
		d.band(y, i, r, c, most, spells)
		y += bandHeight + bandGap
	}
	d.sums(y, ref, results)
	d.f("</svg>\n")
	return d.String()
}

// latest is the cluster whose jobs came latest in the first of the ways.
func latest(ref *result, results []*result) int {
	most, at := time.Duration(math.MinInt64), 0
	for c := range results[0].jobs {
		sum := time.Duration(0)
		for j := range results[0].jobs[c] {
			sum += results[0].delay(ref, c, j)
		}
		if sum > most {
			most, at = sum, c
		}
	}
	return at
}

func (d *drawing) legend() {
	d.f("<rect class=\"runs\" x=\"%d\" y=\"30\" width=\"22\" height=\"10\"/><text class=\"small\" x=\"%d\" y=\"39\">running</text>\n", plotLeft, plotLeft+28)
	d.f("<path class=\"wants\" d=\"M%d 35h22\"/><text class=\"small\" x=\"%d\" y=\"39\">wanted</text>\n", plotLeft+90, plotLeft+118)
	d.f("<rect class=\"dry\" x=\"%d\" y=\"30\" width=\"22\" height=\"10\"/><text class=\"small\" x=\"%d\" y=\"39\">EC2 has nothing for new requests of the task group</text>\n", plotLeft+178, plotLeft+206)
}

// frame draws the axes of one panel.
func (d *drawing) frame(y, height float64, top float64, days bool) {
	for t := d.from; !t.After(d.to); t = t.Add(24 * time.Hour) {
		d.f("<path class=\"grid\" d=\"M%s %sv%s\"/>\n", px(d.x(t)), px(y), px(height))
		if days && t.Before(d.to) {
			d.f("<text class=\"small\" x=\"%s\" y=\"%s\">%s</text>\n", px(d.x(t)+4), px(y+height+14), t.Format("Mon"))
		}
	}
	for _, v := range []float64{0, top} {
		at := y + height - height*v/top
		d.f("<path class=\"grid\" d=\"M%d %sH%d\"/><text class=\"small\" x=\"%d\" y=\"%s\" text-anchor=\"end\">%s</text>\n", plotLeft, px(at), plotWidth-plotRight, plotLeft-6, px(at+4), count(v))
	}
}

// band draws one way's instances of a cluster.
func (d *drawing) band(y float64, i int, r *result, c, most int, spells []spell) {
	curve := r.curves[c]
	height := func(n int) float64 { return y + bandHeight*(1-float64(n)/float64(most)) }
	for _, s := range spells {
		if s.dries(fleet()[c]) && s.from.Before(d.to) {
			to := s.to
			if to.After(d.to) {
				to = d.to
			}
			d.f("<rect class=\"dry\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%d\"/>\n", px(d.x(s.from)), px(y), px(d.x(to)-d.x(s.from)), bandHeight)
		}
	}
	d.frame(y, bandHeight, float64(most), false)
	d.f("<text x=\"%d\" y=\"%s\">%s</text>\n", plotLeft, px(y-6), plain(r.way.name))
	d.f("<path class=\"line way%d\" d=\"M%d %sh26\"/>\n", i, plotWidth-plotRight-26, px(y-10))
	runs := d.staircase(curve, func(m moment) float64 { return height(m.running) })
	d.f("<path class=\"runs\" d=\"%sV%sH%sZ\"/>\n", runs, px(height(0)), px(d.x(curve[0].at)))
	d.f("<path class=\"wants\" d=\"%s\"/>\n", d.staircase(curve, func(m moment) float64 { return height(m.wanted) }))
}

// dries says whether a spell leaves a cluster's first task group without new instances.
func (s spell) dries(c cluster) bool {
	switch s.kind {
	case hung:
		return s.cluster == c.name
	case spotDry:
		return true
	case request:
		return s.pool.Type == c.kind && s.part == 0
	case typeDry, reclaim:
		return s.pool.Type == c.kind
	default:
		return false
	}
}

// staircase is the path of a value that holds from each moment to the next.
func (d *drawing) staircase(curve []moment, y func(moment) float64) string {
	var b strings.Builder
	last := ""
	for i, m := range curve {
		at := px(y(m))
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", px(d.x(m.at)), at)
		case at != last:
			fmt.Fprintf(&b, "H%sV%s", px(d.x(m.at)), at)
		}
		last = at
	}
	fmt.Fprintf(&b, "H%s", px(d.x(d.to)))
	return b.String()
}

// sums draws how the delay of all jobs adds up, by the hour in which they end.
func (d *drawing) sums(y float64, ref *result, results []*result) {
	hours := int(d.to.Sub(d.from) / time.Hour)
	lines, most := make([][]float64, len(results)), 1.0
	for i, r := range results {
		lines[i] = make([]float64, hours+1)
		for c := range r.jobs {
			for j, job := range r.jobs[c] {
				end := job.Ended
				if end.IsZero() {
					end = d.to
				}
				lines[i][min(hours, int(math.Ceil(end.Sub(d.from).Hours())))] += r.delay(ref, c, j).Hours()
			}
		}
		for h := range hours {
			lines[i][h+1] += lines[i][h]
		}
		most = max(most, slices.Max(lines[i]))
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	most = math.Ceil(most/step) * step
	d.f("<text class=\"title\" x=\"%d\" y=\"%s\">Delay of all jobs of the fleet until then, in hours</text>\n", plotLeft, px(y-6))
	d.frame(y, sumHeight, most, true)
	for i, line := range lines {
		var b strings.Builder
		for h, v := range line {
			fmt.Fprintf(&b, "%s%s %s", map[bool]string{true: "M", false: "L"}[h == 0], px(d.x(d.from.Add(time.Duration(h)*time.Hour))), px(y+sumHeight*(1-v/most)))
		}
		d.f("<path class=\"line way%d\" d=\"%s\"/>\n", i, b.String())
	}
}

// plain is a name without the marks of Markdown.
func plain(name string) string { return strings.ReplaceAll(name, "`", "") }
