package emrsim

import (
	"strings"
	"time"
)

// tally integrates a count over virtual time, in whole instance-milliseconds.
type tally struct {
	since time.Time
	count int
	area  int64
}

// set books the count held until now and goes on with another.
func (t *tally) set(now time.Time, count int) {
	if t.count != 0 {
		t.area += int64(t.count) * now.Sub(t.since).Milliseconds()
	}
	t.since, t.count = now, count
}

// minutes is the integral up to now, in instance-minutes.
func (t tally) minutes(now time.Time) float64 {
	t.set(now, 0)
	return float64(t.area) / 60_000
}

// mark books what changed in a group: its missing instances, its cluster's, and what reads with a lag are going to show.
func (g *group) mark() {
	now, lack := g.sim().now, 0
	if !g.over() {
		lack = max(0, g.requested-g.running)
	}
	if d := lack - g.tally.count; d != 0 {
		g.tally.set(now, lack)
		g.c.missing.set(now, g.c.missing.count+d)
	}
	g.c.lack()
	g.remember(now)
	g.tellState()
	g.observed()
	g.c.yarn.update()
}

// runs books a node that began or ended to run.
func (g *group) runs(d int) {
	g.running += d
	g.usage.running.set(g.sim().now, g.running)
	if g.role != roleMaster {
		g.c.workers += d
	}
}

// want changes what the scenario and outside actors want a group to have.
func (g *group) want(count int) {
	if g.role != roleMaster {
		g.c.demand += count - g.demand
		g.demand = count
	}
}

// lack books how far the cluster is from what is wanted of it.
func (c *cluster) lack() {
	short := 0
	if c.live() && c.state != stateTerminating {
		short = max(0, c.demand-c.workers)
	}
	if short != c.short.count {
		c.short.set(c.sim().now, short)
	}
}

// view is what ListInstanceGroups shows of a group that changes, from a time on.
type view struct {
	at                 time.Time
	requested, running int
	state, code, text  string
	ready, ended       time.Time
}

// viewed is how long the past of a group is kept for reads with a lag.
const viewed = 30 * time.Minute

func (g *group) view() view {
	return view{g.sim().now, g.requested, g.running, g.state, g.code, g.text, g.ready, g.ended}
}

// remember adds the present to the past.
func (g *group) remember(now time.Time) {
	v := g.view()
	if n := len(g.views); n > 0 {
		last := g.views[n-1]
		last.at = now
		if last == v {
			return
		}
		if g.views[n-1].at.Equal(now) {
			g.views = g.views[:n-1]
		}
	}
	old := 0
	for old+1 < len(g.views) && now.Sub(g.views[old+1].at) > viewed {
		old++
	}
	if old > 0 {
		g.views = append(g.views[:0], g.views[old:]...)
	}
	g.views = append(g.views, v)
}

// viewAt is what a read of the time t showed, and false when the group did not exist yet. Beyond viewed it is the oldest known.
func (g *group) viewAt(t time.Time) (view, bool) {
	for i := len(g.views) - 1; i >= 0; i-- {
		if !g.views[i].at.After(t) {
			return g.views[i], true
		}
	}
	if g.created.After(t) || len(g.views) == 0 {
		return view{}, false
	}
	return g.views[0], true
}

// sizeUnits are EMR's normalized hours of an instance hour, by the last part of the type's name.
var sizeUnits = map[string]float64{"nano": 0.25, "micro": 0.5, "small": 1, "medium": 2, "large": 4, "xlarge": 8, "2xlarge": 16,
	"3xlarge": 24, "4xlarge": 32, "6xlarge": 48, "8xlarge": 64, "9xlarge": 72, "12xlarge": 96, "16xlarge": 128, "18xlarge": 144, "24xlarge": 192}

// hours are the normalized instance hours of a node until now.
func (g *group) hours(n *node) float64 {
	_, size, _ := strings.Cut(g.itype, ".")
	units, ok := sizeUnits[size]
	if !ok {
		units = 8
	}
	return units * g.sim().now.Sub(n.created).Hours()
}
