package scenario

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

func load(t *testing.T, name string) *emrsim.Sim {
	t.Helper()
	s, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := s.Build()
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// TestShippedScenariosRun runs each for twelve hours, twice: nothing fails, nothing hangs, and it is the same world again.
func TestShippedScenariosRun(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			var before string
			for range 2 {
				sim := load(t, name)
				start := sim.Now()
				sim.AdvanceTo(start.Add(12 * time.Hour))
				truth := sim.Snapshot("us-east-1")
				for _, c := range truth.Changes {
					if strings.HasPrefix(c.Note, "failed") {
						t.Errorf("at %s %s %s: %s", c.At.Sub(start), c.Who, c.Op, c.Note)
					}
				}
				b, err := json.Marshal(truth)
				if err != nil {
					t.Fatal(err)
				}
				if before != "" && before != string(b) {
					t.Error("the second run differs")
				}
				before = string(b)
			}
		})
	}
}

// count is requested, running and state of a cluster's group.
func count(t *testing.T, sim *emrsim.Sim, cluster, group string) emrsim.GroupTruth {
	t.Helper()
	for _, c := range sim.Snapshot("us-east-1").Clusters {
		for _, g := range c.Groups {
			if c.Name == cluster && g.Name == group {
				return g
			}
		}
	}
	t.Fatalf("no group %s/%s", cluster, group)
	return emrsim.GroupTruth{}
}

func TestDemoStaysStuckWhenLeftAlone(t *testing.T) {
	sim := load(t, "demo")
	sim.AdvanceTo(sim.Now().Add(10 * time.Hour))
	for _, want := range []struct {
		cluster            string
		requested, running int
		state              string
	}{{"web-logs", 8, 8, "RUNNING"}, {"etl", 9, 6, "RESIZING"}, {"reports", 10, 7, "RESIZING"}} {
		g := count(t, sim, want.cluster, "task")
		if g.Requested != want.requested || g.Running != want.running || g.State != want.state {
			t.Errorf("%s: %s %d/%d", want.cluster, g.State, g.Running, g.Requested)
		}
	}
}

// TestDemoStory does by hand what a guard does 30 minutes after each resize began.
func TestDemoStory(t *testing.T) {
	sim := load(t, "demo")
	start := sim.Now()
	move := func(cluster, from, name string, at time.Duration) {
		t.Helper()
		sim.AdvanceTo(start.Add(at))
		g := count(t, sim, cluster, from)
		missing := g.Requested - g.Running
		id := map[string]string{"etl": "j-2ETL000000002", "reports": "j-3REPORTS00003"}[cluster]
		if missing == 0 {
			t.Fatalf("%s/%s is not stuck at %s", cluster, from, at)
		}
		if _, err := sim.Do("us-east-1", "ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &id,
			InstanceGroups: []shapes.InstanceGroupModifyConfig{{InstanceGroupId: &g.ID, InstanceCount: &g.Running}}}); err != nil {
			t.Fatal(err)
		}
		sim.AdvanceTo(start.Add(at + time.Minute))
		if g := count(t, sim, cluster, from); g.State != "RUNNING" {
			t.Errorf("%s/%s stopped: %s", cluster, from, g.State)
		}
		if _, err := sim.Do("us-east-1", "AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &id,
			InstanceGroups: []shapes.InstanceGroupConfig{{Name: &name, InstanceRole: ptr("TASK"), InstanceType: &g.Type, Market: &g.Market, InstanceCount: &missing}}}); err != nil {
			t.Fatal(err)
		}
	}
	move("etl", "task", "fallback 1", 33*time.Minute)
	move("reports", "task", "fallback 1", 35*time.Minute)
	sim.AdvanceTo(start.Add(45 * time.Minute))
	if g := count(t, sim, "etl", "fallback 1"); g.Running != 3 {
		t.Errorf("etl's replacement has %d of 3", g.Running)
	}
	if g := count(t, sim, "reports", "fallback 1"); g.Running != 1 || g.State != "RESIZING" {
		t.Errorf("the first replacement of reports: %s with %d of 3", g.State, g.Running)
	}
	move("reports", "fallback 1", "fallback 2", 66*time.Minute)
	sim.AdvanceTo(start.Add(80 * time.Minute))
	if g := count(t, sim, "reports", "fallback 2"); g.Running != 2 {
		t.Errorf("the second replacement of reports has %d of 2", g.Running)
	}
	for _, c := range sim.Snapshot("us-east-1").Clusters {
		if c.Workers != c.Demand {
			t.Errorf("%s: %d of %d at the end", c.Name, c.Workers, c.Demand)
		}
	}
}

// TestDiurnal plays the working day without anybody who scales: jobs wait by day, and nodes idle at night.
func TestDiurnal(t *testing.T) {
	sim := load(t, "diurnal")
	start := sim.Now()
	sim.AdvanceTo(start.Add(14 * time.Hour))
	for _, want := range []struct {
		cluster           string
		least, most       int     // jobs
		delay, idle, cost float64 // at least; minutes, minutes, dollars
	}{{"reporting", 150, 300, 1000, 100, 20}, {"etl", 100, 160, 1000, 500, 20}, {"ad-hoc", 150, 300, 100, 100, 5}, {"night-only", 1, 1, 0, 1000, 5}} {
		i := slices.IndexFunc(sim.Snapshot("us-east-1").Clusters, func(c emrsim.ClusterTruth) bool { return c.Name == want.cluster })
		c := sim.Snapshot("us-east-1").Clusters[i]
		cost := 0.0
		for _, u := range c.Usage {
			cost += u.Dollars
		}
		if n := c.Load.Submitted; n < want.least || n > want.most || c.Load.Delay < want.delay || c.IdleMinutes < want.idle || cost < want.cost {
			t.Errorf("%s: %+v, %g of %g worker minutes idle, %g dollars", want.cluster, c.Load, c.IdleMinutes, c.WorkerMinutes, cost)
		}
	}
}

func TestProblemsAreAllToldWithTheirPlaces(t *testing.T) {
	const text = `seeed: 1
unknowns: {surplus: keeep}
timing: {react: 5s..1s, boostrap: 1m}
clusters:
  - name: etl
    zone: eu-west-1a
    groups:
      - {role: MASTER, count: 1}
      - {role: CORE, count: 0}
      - {role: TASK, type: huge, market: spot, bid: "0.2", count: three, countt: 4}
      - {name: task, role: TASK, count: 1, count: 2}
capacity:
  - {pool: us-east-1a/m5.xlarge, capacity: 4}
  - {pool: us-east-1a/m5.xlarge/SPOT, parts: [4, -1]}
faults:
  - ListInstanceGroup rate=0.1 throttle
  - ListInstanceGroups rate=7 throttle
actors:
  - {kind: terraform, cluster: etk, every: 10m, counts: {task: 3}}
  - {kind: autoscaler, cluster: etl, group: tusk, every: 10m, add: 1}
events:
  - {at: 10m, do: resize, group: etl/task}
  - {at: -1m, do: rezise, group: etl/task, to: 1}
  - {at: 1m, do: terminate, cluster: etl, to: 3}
  - {at: 1m, do: submit, cluster: etl, work: 0s, width: 3, count: 0}
  - {at: 1m, do: surge, cluster: etl, rate: 101}
  - {at: 1m, do: lag, cluster: etl, time: 25h}
  - {at: 1m, do: quota, market: spot, limit: -4}
  - {at: 1m, do: addresses, limit: 4}
  - {at: 1m, do: price, pool: eu-west-1a/m5.xlarge/SPOT, price: -0.1}
  - {at: 1m, do: price, pool: us-east-1a/m5.xlarge/ON_DEMAND, price: 0.1}
`
	_, err := Parse("x.yaml", []byte(text))
	if err == nil {
		t.Fatal("accepted")
	}
	got := err.Error()
	for _, want := range []string{
		"x.yaml:1:1: seeed: unknown key; did you mean seed?",
		`x.yaml:2:21: unknowns.surplus: "keeep" is none of keep, end-newest, end-oldest, end-any; did you mean keep?`,
		`x.yaml:3:17: timing.react: durations of "5s..1s" do not rise`,
		"x.yaml:3:25: timing.boostrap: unknown key; did you mean bootstrap?",
		"x.yaml:6:11: clusters[0].zone: zone eu-west-1a is not in region us-east-1",
		"x.yaml:9:29: clusters[0].groups[1].count: 0 is not between 1 and 2000",
		`x.yaml:10:28: clusters[0].groups[2].type: "huge" is not of the form m5.xlarge`,
		`x.yaml:10:42: clusters[0].groups[2].market: "spot" is none of ON_DEMAND, SPOT; did you mean SPOT?`,
		"x.yaml:10:53: clusters[0].groups[2].bid: a bid needs market SPOT",
		`x.yaml:10:67: clusters[0].groups[2].count: "three" is not a whole number`,
		"x.yaml:10:74: clusters[0].groups[2].countt: unknown key; did you mean count?",
		"x.yaml:11:44: clusters[0].groups[3].count: given twice",
		`x.yaml:13:12: capacity[0].pool: pool "us-east-1a/m5.xlarge" is not zone/type/market, for example us-east-1a/m5.xlarge/SPOT`,
		`x.yaml:14:50: capacity[1].parts[1]: "-1" is neither a number from 0 nor unlimited`,
		"x.yaml:16:5: faults[0]: there is no operation ListInstanceGroup; did you mean ListInstanceGroups?",
		`x.yaml:17:24: faults[1]: rate "7" is not over 0 and at most 1`,
		`x.yaml:19:32: actors[0].cluster: there is no cluster "etk" in region us-east-1; did you mean etl?`,
		`x.yaml:20:45: actors[1].group: cluster etl has no group "tusk"; did you mean task?`,
		"x.yaml:22:5: events[0].to: resize needs to",
		`x.yaml:23:10: events[1].at: "-1m" is not a duration such as 90s, 10m or 2h`,
		"x.yaml:23:19: events[1].do: \"rezise\" is none of resize, ",
		"x.yaml:24:47: events[2].to: terminate takes no to",
		"x.yaml:25:46: events[3].work: 0s: a job needs work",
		"x.yaml:25:67: events[3].count: 0 is not between 1 and 2000",
		"x.yaml:26:45: events[4].rate: 101 is not between 0 and 100",
		"x.yaml:27:43: events[5].time: 25h0m0s is over 24h0m0s",
		`x.yaml:28:33: events[6].market: "spot" is none of ON_DEMAND, SPOT; did you mean SPOT?`,
		`x.yaml:28:46: events[6].limit: "-4" is neither a number from 0 nor unlimited`,
		"x.yaml:29:5: events[7].cluster: addresses needs cluster",
		"x.yaml:30:31: events[8].pool: zone eu-west-1a is not in region us-east-1",
		"x.yaml:30:65: events[8].price: -0.1 is not between 0 and 1000 dollars an hour",
		"x.yaml:31:31: events[9].pool: a price needs a pool of the market SPOT",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestProblemsOfALoadHaveTheirPlaces(t *testing.T) {
	const text = `metrics: {late_rate: 2, gap: 10m}
clusters:
  - name: etl
    groups: [{role: MASTER, count: 1}, {role: CORE, count: 2}]
    load:
      scheduler: fare
      container: 12
      streams:
        - {rate: 0, daily: [1, 2], work: 1h, width: 4..2}
        - {rate: 3, work: 1h..2h, width: 4, weekday: 2}
      bursts:
        - {at: 1h, jobs: 0, work: 1h, width: 4}
      jobs:
        - {at: 1h, work: 0s, width: 4}
  - name: idle
    groups: [{role: MASTER, count: 1}, {role: CORE, count: 2}]
    load: {task: 1m}
`
	_, err := Parse("x.yaml", []byte(text))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"x.yaml:1:22: metrics.late_rate: 2 is not between 0 and 1",
		"x.yaml:1:10: metrics.late: metrics.late_rate needs a time: metrics.late",
		"x.yaml:1:10: metrics.gap_rate: metrics.gap needs a rate: metrics.gap_rate",
		`x.yaml:6:18: clusters[0].load.scheduler: "fare" is none of [fifo fair]`,
		"x.yaml:7:18: clusters[0].load.container: 12 is not between 128 and",
		"x.yaml:9:18: clusters[0].load.streams[0].rate: 0 is not over 0",
		"x.yaml:9:28: clusters[0].load.streams[0].daily: 2 factors: want one for each of the 24 hours",
		`x.yaml:9:53: clusters[0].load.streams[0].width: "4..2" is neither a number nor a range`,
		"x.yaml:10:45: clusters[0].load.streams[1].weekday: unknown key; known are daily, name, rate",
		"x.yaml:12:26: clusters[0].load.bursts[0].jobs: 0 is not between 1 and",
		"x.yaml:14:26: clusters[0].load.jobs[0].work: 0s: a job needs work",
		"x.yaml:17:11: clusters[1].load: a load needs streams, bursts or jobs",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "the file is empty",
		"# nothing\n":                    "the file is empty",
		"- a\n":                          "want a mapping, not a list",
		"seed: [1\n":                     "not YAML",
		"seed: 1\n---\nseed: 2\n":        "a second document",
		"clusters: &x []\nactors: *x\n":  "anchors and aliases",
		"seed:\n":                        "a value is missing",
		"start: yesterday\n":             "is not a time",
		"clusters: {name: x}\n":          "want a list, not a mapping",
		"instant: yes\n":                 "neither true nor false",
		"? [a]\n: 1\n":                   "a key is a plain word",
		"unknowns: {read_lag: 0s..2h}\n": "for 30m only",
		"clusters: [{name: x, groups: [{role: MASTER, type: m5.huge, count: 1}]}]\n": `instance type "m5.huge" is not supported`,
	} {
		if _, err := Parse("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestUnknownScenario(t *testing.T) {
	if _, err := Load("demoo"); err == nil || !strings.Contains(err.Error(), "did you mean demo?") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		data, err := Source(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("clusters: [{name: x, groups: [{role: MASTER, count: 1}]}]\nfaults: [\"* throttle\"]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		s, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		sim, err := s.Build() // what is accepted can be built
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			next, ok := sim.NextEvent()
			if !ok {
				break
			}
			sim.AdvanceTo(next)
		}
	})
}

func TestEveryEventIsDescribed(t *testing.T) {
	for _, do := range emrsim.Dos {
		if _, ok := takes[do]; !ok {
			t.Errorf("events can't do %s", do)
		}
	}
	if len(takes) != len(emrsim.Dos) {
		t.Errorf("%d of %d", len(takes), len(emrsim.Dos))
	}
}

func TestAGroupIsMadeAsWritten(t *testing.T) {
	sim := load(t, "demo")
	sim.AdvanceTo(sim.Now().Add(time.Minute))
	id := "j-2ETL000000002"
	out, err := sim.Do("us-east-1", "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &id})
	if err != nil {
		t.Fatal(err)
	}
	g := out.(*shapes.ListInstanceGroupsOutput).InstanceGroups[2]
	if *g.BidPrice != "0.25" || len(g.EbsBlockDevices) != 2 || *g.EbsBlockDevices[1].Device != "/dev/sdc" ||
		*g.EbsBlockDevices[0].VolumeSpecification.SizeInGB != 64 || *g.Configurations[0].Classification != "spark-defaults" {
		t.Errorf("%+v", g)
	}
}

// TestTheExampleOfThePage reads the YAML of docs/simulator.md and lets it run.
func TestTheExampleOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no YAML")
	}
	s, err := Parse("simulator.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sim, err := s.Build()
	if err != nil {
		t.Fatal(err)
	}
	sim.AdvanceTo(sim.Now().Add(7 * time.Hour))
	truth := sim.Snapshot("us-east-1")
	for _, c := range truth.Changes {
		if strings.HasPrefix(c.Note, "failed") {
			t.Errorf("%s: %s", c.Op, c.Note)
		}
	}
	if l := truth.Clusters[0].Load; l.Submitted < 30 || l.Completed == 0 {
		t.Errorf("%+v", l)
	}
}
