package proof

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"emrguard/internal/simtest"
)

// Options narrow what a seed may draw.
type Options struct {
	Duration time.Duration // of the part of a run in which things go wrong; 0: the seed draws it, 4 hours to 2 weeks
	Clusters int           // at the start; 0: the seed draws them, 1 to 50
	Faults   Level         // empty: the seed draws it
}

// Level is how much goes wrong with calls, the store and the processes of a run.
type Level string

// The levels.
const (
	None Level = "none" // nothing
	Few  Level = "few"  // a call in a hundred, a crash now and then
	Many Level = "many" // storms of everything
)

// Levels lists every level.
var Levels = []Level{None, Few, Many}

// drawer draws one run.
type drawer struct {
	*rand.Rand
	o        Options
	script   []simtest.Command
	clusters []*cluster
	config   string   // in force
	configs  []string // every one so far
	procs    int      // started so far
	length   time.Duration
	now      time.Duration // since the world's start
	ends     bool          // the configuration may terminate clusters
	wide     bool          // clusters may have many groups
	actors   int
	most     int // clusters at the end
}

// cluster is what the script knows of one.
type cluster struct {
	name   string
	groups []group
	ended  bool
	want   map[string]int
}

type group struct {
	name, role, market, kind string
	count                    int
}

// Draw makes the script of a seed: a world, what befalls it and, at the end, quiet. The same seed and options give the same script.
func Draw(seed uint64, o Options) []simtest.Command {
	d := &drawer{Rand: rand.New(rand.NewPCG(seed, 4)), o: o}
	levels := []Level{None, Few, Few, Many, Many, Many}
	d.o.Faults = cmp.Or(o.Faults, levels[d.IntN(len(levels))])
	d.length = cmp.Or(o.Duration, d.drawLength())
	d.ends = d.chance(8)
	d.world(seed)
	for range d.size() {
		d.cluster()
	}
	d.most = len(d.clusters) + 1 + d.IntN(3)
	d.add("watch", "")
	d.configure()
	for _, c := range d.clusters {
		d.work(c)
	}
	d.start()
	d.misfortune()
	d.repeats(seed)
	d.oldLists(seed)
	for d.now < d.length {
		d.befall()
		d.pass(d.upTo(d.gap()))
	}
	d.script = append(d.script, quiet()...)
	return d.script
}

// drawLength is how long things go wrong: mostly a day, sometimes weeks.
func (d *drawer) drawLength() time.Duration {
	switch d.IntN(12) {
	case 0:
		return 14 * 24 * time.Hour
	case 1, 2:
		return 4 * 24 * time.Hour
	}
	return time.Duration(4+d.IntN(22)) * time.Hour
}

// size is the number of clusters at the start.
func (d *drawer) size() int {
	if d.o.Clusters > 0 {
		return d.o.Clusters
	}
	switch d.IntN(16) {
	case 0:
		if d.length <= 12*time.Hour {
			return 20 + d.IntN(31)
		}
	case 1, 2:
		if d.length <= 26*time.Hour {
			return 4 + d.IntN(6)
		}
	case 3, 4, 5, 6:
		return 2 + d.IntN(2)
	}
	return 1
}

// gap is the mean time between two things that befall the fleet, roughly: half an hour for each cluster, more on long runs.
func (d *drawer) gap() time.Duration {
	g := 40 * time.Minute
	if d.length > 2*24*time.Hour {
		g = 2 * time.Hour
	}
	return max(2*time.Minute, g/time.Duration(len(d.clusters)))
}

func (d *drawer) chance(n int) bool { return d.IntN(n) == 0 }

// upTo is a duration in whole seconds.
func (d *drawer) upTo(most time.Duration) time.Duration {
	return time.Duration(1+d.Int64N(int64(most/time.Second))) * time.Second
}

func one[T any](d *drawer, of ...T) T { return of[d.IntN(len(of))] }

// add appends a command, as one line of a script, with the lines under it.
func (d *drawer) add(line, input string) {
	c, err := simtest.ParseCommand(line)
	if err != nil {
		panic(err)
	}
	c.Input = input
	d.script = append(d.script, c)
}

func (d *drawer) addf(format string, args ...any) { d.add(fmt.Sprintf(format, args...), "") }

// pass lets time pass.
func (d *drawer) pass(t time.Duration) {
	d.addf("run %s", t)
	d.now += t
}

// world draws the simulator: what nobody outside AWS knows about EMR is drawn, too.
func (d *drawer) world(seed uint64) {
	words := []string{"world", fmt.Sprintf("seed=%d", seed), fmt.Sprintf("sweep=%dm", 1+d.IntN(5)), "surplus=" + one(d, "keep", "end-newest", "end-oldest", "end-any")}
	for _, w := range []string{"loss-resizes", "hide-reasons", "refuse-empty", "rebind"} {
		if d.chance(2) && (w != "refuse-empty" || d.chance(2)) {
			words = append(words, w)
		}
	}
	words = append(words, one(d, []string{}, []string{"hidden"}, []string{"undated"})...)
	if d.chance(2) {
		words = append(words, "lag="+one(d, "0s..5s..30s", "0s..10s..90s"))
	}
	if d.chance(3) {
		words = append(words, "spot-life="+one(d, "30m..4h..20h", "2h..12h..48h"))
	}
	if d.chance(2) {
		words = append(words, "decommission=10s..1m..4m")
	}
	if d.chance(3) {
		words = append(words, "late-metrics="+one(d, "1m..6m..20m", "5m..20m..2h"))
	}
	if d.wide = d.chance(16); !d.wide && d.chance(4) { // a list of 46 groups by twos would take longer than a read may be old
		words = append(words, fmt.Sprintf("page=%d", one(d, 2, 3, 7)))
	}
	if d.chance(2) {
		words = append(words, "events", "event-delay="+one(d, "1s..5s..1m", "10s..5m..40m"), fmt.Sprintf("event-loss=%g", one(d, 0, 0.1, 0.5)), fmt.Sprintf("event-dup=%g", one(d, 0, 0.1, 0.5)))
	}
	if d.chance(24) {
		words = append(words, "dry-run")
	}
	d.add(strings.Join(words, " "), "")
}

// cluster places a cluster that has been running for a while.
func (d *drawer) cluster() {
	c := &cluster{name: fmt.Sprintf("%s-%d", one(d, "etl", "adhoc", "web"), len(d.clusters)+1), want: map[string]int{}}
	c.groups = []group{{"core", "CORE", "ON_DEMAND", "m5.xlarge", 1 + d.IntN(5)}}
	names := []string{"task", "more", "extra", "burst"}
	n := 1 + d.IntN(4)
	if d.wide && d.chance(2) { // few of the 48 slots are left
		n = 36 + d.IntN(11)
	}
	for i := range n {
		g := group{name: fmt.Sprintf("t%d", i), role: "TASK", market: one(d, "SPOT", "SPOT", "ON_DEMAND"), kind: one(d, "m5.xlarge", "m5.xlarge", "m5.2xlarge", "r5.xlarge"), count: d.IntN(10)}
		if i < len(names) {
			g.name = names[i]
		}
		switch {
		case n > len(names):
			g.count = d.IntN(2)
		case d.chance(12):
			g.count = 30 + d.IntN(70)
		}
		c.groups = append(c.groups, g)
	}
	var lines strings.Builder
	for _, g := range c.groups {
		fmt.Fprintf(&lines, "%s %s %d %s %s", g.name, g.role, g.count, g.market, g.kind)
		if g.market == "SPOT" && d.chance(6) {
			lines.WriteString(" 0.50")
		}
		lines.WriteByte('\n')
		c.want[g.name] = g.count
	}
	d.clusters = append(d.clusters, c)
	d.add("cluster "+c.name, lines.String())
}

// work lets jobs arrive.
func (d *drawer) work(c *cluster) {
	if len(d.clusters) > 12 && !d.chance(4) {
		return
	}
	var lines strings.Builder
	if d.chance(2) && !d.ends {
		fmt.Fprintf(&lines, "stream rate=%d weekend=1 work=10m..1h..8h width=%d..%d\n", 1+d.IntN(20), 1+d.IntN(4), 10+d.IntN(30))
	}
	if d.chance(2) {
		fmt.Fprintf(&lines, "burst jobs=%d at=%dm every=%dh over=20m work=1h..6h..20h width=10..60\n", 1+d.IntN(8), d.IntN(90), 2+d.IntN(6))
	}
	if lines.Len() > 0 {
		d.add(fmt.Sprintf("load cluster=%s scheduler=%s hdfs=%d", c.name, one(d, "fifo", "fair"), d.IntN(400)), lines.String())
	}
}

// start lets a process start. Some runs have two.
func (d *drawer) start() {
	d.add("start", "")
	d.procs++
	if d.o.Faults != None && d.chance(3) {
		d.add("start", "")
		d.procs++
	}
}

// quiet ends everything that disturbs, and asks whether everything comes to rest as it is wanted.
func quiet() []simtest.Command {
	return []simtest.Command{{Name: "calm"}, {Name: "settle", Args: []simtest.Arg{{Key: "48h"}}}, {Name: "check"}}
}
