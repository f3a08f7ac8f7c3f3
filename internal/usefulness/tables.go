package usefulness

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
)

// table is a table of the page.
type table struct {
	head []string
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table in Markdown: the first column is text, the others are numbers.
func (t *table) String() string {
	var b strings.Builder
	for _, cells := range slices.Concat([][]string{t.head, append([]string{"---"}, slices.Repeat([]string{"---:"}, len(t.head)-1)...)}, t.rows) {
		b.WriteString(markdown(cells))
	}
	return b.String()
}

// markdown is one line of a table.
func markdown(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// delays are the delays of all jobs of a result.
type delays struct {
	sorted   []time.Duration
	sum      time.Duration
	finished int
	late     int // jobs that took half an hour longer, or more
}

func delaysOf(r, ref *result) delays {
	var d delays
	for c := range r.jobs {
		for j := range r.jobs[c] {
			x := r.delay(ref, c, j)
			d.sorted = append(d.sorted, x)
			d.sum += x
			if !r.jobs[c][j].Ended.IsZero() {
				d.finished++
			}
			if x >= 30*time.Minute {
				d.late++
			}
		}
	}
	slices.Sort(d.sorted)
	return d
}

// at is a quantile: the smallest delay that so large a share of the jobs does not exceed.
func (d delays) at(share float64) time.Duration {
	return d.sorted[max(0, int(math.Ceil(share*float64(len(d.sorted))))-1)]
}

// jobTable is what the jobs and the clusters saw.
func jobTable(ref *result, results []*result) *table {
	t := &table{head: []string{"", "job delay, hours in all", "p50", "p95", "p99", "longest", "jobs 30 m late or more", "jobs finished", "missing, instance-hours",
		"not wanted and running, instance-hours", "idle, instance-hours", "work lost with nodes, container-hours"}}
	for _, r := range results {
		d := delaysOf(r, ref)
		t.row(r.way.name, count(d.sum.Hours()), short(d.at(0.5)), short(d.at(0.95)), short(d.at(0.99)), short(d.at(1)), count(float64(d.late)),
			fmt.Sprintf("%s of %s", count(float64(d.finished)), count(float64(len(d.sorted)))), count(r.missing/60), count(r.unwanted/60), count(r.idle/60),
			count(r.redone/60))
	}
	return t
}

// metricPrice is what CloudWatch takes for one series in a GetMetricData call, in dollars: 0.01 for 1,000 (CloudWatch pricing page, us-east-1).
const metricPrice = 0.01 / 1000

// workTable is what it took.
func workTable(ref *result, results []*result) *table {
	t := &table{head: []string{"", "instances", "of it On-Demand beyond core and primary", "scaling operations", "scaling held up, cluster-hours", "resizes stopped", "groups made",
		"EMR changes", "EMR reads", "GetMetricData", "series read", "their price"}}
	for _, r := range results {
		t.row(r.way.name, money(r.dollars, 0), money(r.extraOnDemand(ref), 0), count(float64(r.ops)), count(r.held.Hours()), count(float64(r.stops)), count(float64(r.groups)),
			count(float64(r.writes())), count(float64(r.reads())), count(float64(r.calls[emr.GetMetricData])), count(float64(r.series)), money(float64(r.series)*metricPrice, 2))
	}
	return t
}

// extraOnDemand is what On-Demand cost beyond the nodes that are the same in every way.
func (r *result) extraOnDemand(ref *result) float64 {
	return (r.dollars - r.spot) - (ref.dollars - ref.spot)
}

// writes are the calls that change something, and reads EMR's others.
func (r *result) writes() int { return r.sum(func(op emr.Op) bool { return op.Writes() }) }
func (r *result) reads() int {
	return r.sum(func(op emr.Op) bool { return !op.Writes() && !op.CloudWatch() })
}

func (r *result) sum(of func(emr.Op) bool) int {
	n := 0
	for _, op := range emr.Ops {
		if of(op) {
			n += r.calls[op]
		}
	}
	return n
}

// shortTable is the main figures of some ways.
func shortTable(ref *result, results []*result) *table {
	t := &table{head: []string{"", "job delay, hours in all", "p95", "longest", "missing, instance-hours", "idle, instance-hours", "instances", "scaling operations"}}
	for _, r := range results {
		d := delaysOf(r, ref)
		t.row(r.way.name, count(d.sum.Hours()), short(d.at(0.95)), short(d.at(1)), count(r.missing/60), count(r.idle/60), money(r.dollars, 0), count(float64(r.ops)))
	}
	return t
}

// seedWays are the ways that the weeks of several seeds compare.
var seedWays = append([]way{eagerScript}, theFourWays...)

// seedRow is what the page tells of one seed's week.
type seedRow struct {
	seed    uint64
	delays  []delays // by seedWays
	dollars []float64
}

// playSeeds plays the weeks of seeds.
func playSeeds(seeds []uint64) []seedRow {
	var out []seedRow
	for _, seed := range seeds {
		ref, results := newWorld(seed).runs(seedWays...)
		row := seedRow{seed: seed}
		for _, r := range results {
			row.delays, row.dollars = append(row.delays, delaysOf(r, ref)), append(row.dollars, r.dollars)
		}
		out = append(out, row)
	}
	return out
}

// cells are the row in the table of seeds.
func (r seedRow) cells() []string {
	out := []string{strconv.FormatUint(r.seed, 10)}
	for i, d := range r.delays {
		out = append(out, fmt.Sprintf("%s h, longest %s; %s", count(d.sum.Hours()), short(d.at(1)), money(r.dollars[i], 0)))
	}
	return out
}

// seedTable has the delay of all jobs in each way by seed, the longest of a job, and what the instances cost.
func seedTable(rows []seedRow) *table {
	t := &table{head: []string{"seed"}}
	for _, w := range seedWays {
		t.head = append(t.head, w.name)
	}
	for _, r := range rows {
		t.row(r.cells()...)
	}
	return t
}

// meanTable has the means over the seeds.
func meanTable(rows []seedRow) *table {
	t := &table{head: []string{fmt.Sprintf("mean of %d weeks", len(rows)), "job delay, hours in all", "against the script that waits", "jobs 30 m late or more", "instances"}}
	mean := func(of func(seedRow) float64) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += of(r)
		}
		return sum / float64(len(rows))
	}
	hours := func(way int) float64 { return mean(func(r seedRow) float64 { return r.delays[way].sum.Hours() }) }
	base := slices.IndexFunc(seedWays, func(w way) bool { return w.name == script.name })
	for i, w := range seedWays {
		t.row(w.name, count(hours(i)), fmt.Sprintf("%+.0f %%", 100*(hours(i)/hours(base)-1)), count(mean(func(r seedRow) float64 { return float64(r.delays[i].late) })),
			money(mean(func(r seedRow) float64 { return r.dollars[i] }), 0))
	}
	return t
}

// fleetTable is the fleet, and how many jobs it gets in a week.
func fleetTable(cfg *config.Config, ref *result) *table {
	t := &table{head: []string{"cluster", "core nodes", "task nodes", "task instance type", "jobs", "work, container-hours"}}
	for i, c := range fleet() {
		work := 0.0
		for _, j := range ref.jobs[i] {
			work += j.Work / 60
		}
		t.row(c.name, strconv.Itoa(c.core), fmt.Sprintf("%d to %d", c.pool(cfg).Min, c.pool(cfg).Max), c.kind, count(float64(len(ref.jobs[i]))), count(work))
	}
	return t
}

// spellTable is the weather: how many spells of each kind, and how much of the time of those that can be struck they take.
func spellTable(spells []spell) *table {
	t := &table{head: []string{"", "spells", "hours in all", "shortest", "longest"}}
	for _, k := range spellKinds {
		n, sum, low, high := 0, time.Duration(0), time.Duration(math.MaxInt64), time.Duration(0)
		for _, s := range spells {
			if s.kind != k {
				continue
			}
			d := s.to.Sub(s.from)
			n, sum, low, high = n+1, sum+d, min(low, d), max(high, d)
		}
		t.row(k.says(), strconv.Itoa(n), count(sum.Hours()), short(low), short(high))
	}
	return t
}

// count is a number with its thousands apart, without a fraction.
func count(f float64) string {
	s := fmt.Sprintf("%.0f", math.Abs(math.Round(f)))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if math.Round(f) < 0 {
		s = "-" + s
	}
	return s
}

// money is an amount of dollars.
func money(f float64, digits int) string {
	if digits == 0 {
		return "$" + count(f)
	}
	return fmt.Sprintf("$%.*f", digits, f)
}

// short is a duration to the minute.
func short(d time.Duration) string {
	sign := ""
	if d = d.Round(time.Minute); d < 0 {
		sign, d = "-", -d
	}
	switch h, m := int(d.Hours()), int(d.Minutes())%60; {
	case h == 0:
		return fmt.Sprintf("%s%d m", sign, m)
	case m == 0:
		return fmt.Sprintf("%s%d h", sign, h)
	default:
		return fmt.Sprintf("%s%d h %d m", sign, h, m)
	}
}
