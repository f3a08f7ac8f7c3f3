package simtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store/memory"
)

var (
	scaledSeedFlag  = flag.Uint64("scaled-seed", 0, "play only this seed of TestR2_RandomScaledWorlds and print it")
	scaledSeedsFlag = flag.Int("scaled-seeds", 16, "how many seeds TestR2_RandomScaledWorlds plays")
	scaledFirstFlag = flag.Int("scaled-first", 1, "the first of them")
)

// TestR2_RandomScaledWorlds plays a day of load, policies, schedules and reloads from each seed, with everything that goes wrong in
// TestI2I3I5I6_RandomWorlds and with metrics that come late, not at all or cannot be read. It checks the gate (I4), bounds, cooldowns, schedules,
// data points, groups that are made, terminations, and once the world is quiet that what was deferred is carried out and everything ends.
func TestR2_RandomScaledWorlds(t *testing.T) {
	t.Parallel()
	if *scaledSeedFlag != 0 {
		playScaledSeed(t, *scaledSeedFlag, true)
		return
	}
	for i := range *scaledSeedsFlag {
		seed := uint64(*scaledFirstFlag + i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			playScaledSeed(t, seed, false)
		})
	}
}

// scaledFaults are what goes wrong with calls in these worlds.
var scaledFaults = []string{"* rate=0.03 throttle", "* rate=0.03 lose-answer", "* rate=0.03 refuse", "* rate=0.02 error=InternalFailure", "* rate=0.02 error-after=InternalServerError",
	"ListInstanceGroups rate=0.03 empty", "ListInstanceGroups rate=0.03 lose-groups=1", "ListInstanceGroups rate=0.05 low=2", "ModifyInstanceGroups rate=0.1 ignore",
	"ModifyInstanceGroups rate=0.05 hang", "AddInstanceGroups rate=0.2 late=2m", "AddInstanceGroups rate=0.3 lose-answer", "ListInstanceGroups rate=0.05 resizing", "* rate=0.05 delay=20s",
	"GetMetricData rate=0.2 throttle", "GetMetricData rate=0.1 error=InternalServiceFault", "GetMetricData rate=0.1 lose-answer", "GetMetricData rate=0.05 empty",
	"GetMetricData rate=0.2 delay=25s", "GetMetricData rate=0.1 fail-series=1", "GetMetricData rate=0.1 stale=10m", "GetMetricData rate=0.05 hang",
	"DescribeCluster rate=0.2 refuse", "GetManagedScalingPolicy rate=0.2 throttle"}

// scaledWorld is a world whose cluster has work and is scaled.
type scaledWorld struct {
	*World
	rng     *rand.Rand
	want    map[string]int
	backlog float64
	next    time.Time // when the next data points are published
	gap     time.Time // none are before this
	ends    bool      // the cluster may be terminated
	id      emr.ClusterID
}

func playScaledSeed(t *testing.T, seed uint64, verbose bool) {
	w := newScaledWorld(seed)
	w.misfortune()
	w.Start()
	for range 40 {
		w.befall()
		w.pass(time.Duration(w.rng.IntN(40)) * time.Minute)
	}
	since := w.calmDown()
	w.pass(13 * time.Hour)
	w.settled(since)
	if v := w.Violations(); len(v) > 0 {
		t.Errorf("seed %d; repeat with: go test ./internal/simtest -run RandomScaledWorlds -scaled-seed %d -v", seed, seed)
		for _, x := range v[:min(len(v), 10)] {
			t.Errorf("%s %s: %s", x.At.Format("02T15:04:05"), x.Property, x.Text)
		}
	}
	if verbose {
		w.dump(t)
	}
}

// newScaledWorld makes the world of a seed.
func newScaledWorld(seed uint64) *scaledWorld {
	rng := rand.New(rand.NewPCG(seed, 2))
	w := &scaledWorld{rng: rng, want: map[string]int{}}
	o := Options{Sim: emrsim.Options{Seed: seed}, Store: memory.New("storeaaa"), Settings: recovery.Defaults()}
	o.Sim.Unknowns.Surplus = emrsim.Surpluses[rng.IntN(len(emrsim.Surpluses))]
	o.Sim.Unknowns.Unfulfilled = emrsim.UnfulfilledKinds[rng.IntN(len(emrsim.UnfulfilledKinds))]
	o.Sim.Unknowns.LossResizes = rng.IntN(2) == 0
	o.Sim.Unknowns.RefuseEmptyAdd = rng.IntN(4) == 0
	o.Sim.Unknowns.Rebind = rng.IntN(2) == 0
	o.Sim.Unknowns.HideReasons = rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		o.Sim.Unknowns.ReadLag, _ = emrsim.ParseDist("0s..10s..90s")
	}
	if rng.IntN(4) == 0 {
		o.Sim.Timing.SpotLife, _ = emrsim.ParseDist("30m..4h..20h")
	}
	if rng.IntN(2) == 0 {
		o.Sim.Timing.Decommission, _ = emrsim.ParseDist("10s..1m..4m")
	}
	if rng.IntN(2) == 0 {
		o.Sim.Metrics.LateRate, o.Sim.Metrics.GapRate = 0.1, 0.02
		o.Sim.Metrics.Late, _ = emrsim.ParseDist("1m..6m..20m")
		o.Sim.Metrics.Gap, _ = emrsim.ParseDist("5m..20m..2h")
	}
	o.Sweep = time.Duration(1+rng.IntN(5)) * time.Minute
	o.Settings.EnforceBans = rng.IntN(3) > 0
	o.Settings.Chain, o.Settings.MaxGroups = 1+rng.IntN(4), 1+rng.IntN(5)
	if rng.IntN(2) == 0 {
		o.Settings.Ban = time.Hour
	}
	o.Settings.RestMax = 2 * time.Hour
	o.Settings.Fallback = drawLadder(rng.IntN)
	o.DryRun = rng.IntN(20) == 0
	w.ends = rng.IntN(4) == 0
	o.Scaling, o.Wrapped = w.settings(), rng.IntN(6) == 0
	w.World = New(o)
	w.Watch()
	w.id = emr.ClusterID(w.Cluster("etl", Group{Name: "core", Role: emr.Core, Count: 2 + rng.IntN(3)}, Group{Name: "task", Role: emr.Task, Market: emr.Spot, Count: rng.IntN(10)},
		Group{Name: "more", Role: emr.Task, Type: "m5.2xlarge", Count: 3}))
	w.work()
	w.next = w.Now().Truncate(5 * time.Minute)
	return w
}

// work lets jobs arrive.
func (w *scaledWorld) work() {
	load := emrsim.Load{Scheduler: emrsim.Schedulers[w.rng.IntN(2)], HDFS: w.rng.IntN(400)}
	if w.rng.IntN(4) > 0 && !w.ends {
		load.Streams = []emrsim.JobStream{{Name: "steady", Rate: float64(1 + w.rng.IntN(20)), Weekend: 1, Work: emrsim.Dist{Min: 10 * time.Minute, Mode: time.Hour, Max: 8 * time.Hour},
			Width: emrsim.Between{Min: 1 + w.rng.IntN(4), Max: 10 + w.rng.IntN(30)}}}
	}
	if w.rng.IntN(2) == 0 || load.Streams == nil {
		load.Bursts = []emrsim.JobBurst{{Name: "burst", At: time.Duration(w.rng.IntN(90)) * time.Minute, Every: time.Duration(2+w.rng.IntN(6)) * time.Hour, Jobs: 1 + w.rng.IntN(8),
			Over: 20 * time.Minute, Work: emrsim.Dist{Min: time.Hour, Mode: 6 * time.Hour, Max: 20 * time.Hour}, Width: emrsim.Between{Min: 10, Max: 60}}}
	}
	if err := w.Sim.SetLoad(Region, "etl", load); err != nil {
		panic(err)
	}
}

// misfortune lets some kinds of calls go wrong, and processes die.
func (w *scaledWorld) misfortune() {
	for _, line := range scaledFaults {
		if w.rng.IntN(4) == 0 {
			f, err := emrsim.ParseFault(line)
			if err != nil {
				panic(err)
			}
			w.Sim.AddFault(f)
		}
	}
	if w.rng.IntN(2) == 0 {
		rate := 20 + w.rng.IntN(200)
		w.Kill = func(Boundary) bool { return w.rng.IntN(rate) == 0 }
	}
}

// pass lets time pass: processes that were killed start again, and somebody publishes a metric of theirs.
func (w *scaledWorld) pass(d time.Duration) {
	until := w.Now().Add(d)
	for w.Now().Before(until) {
		if !w.Now().Before(w.next) {
			w.publish()
		}
		rest := min(until.Sub(w.Now()), w.next.Sub(w.Now()))
		if !w.Running() {
			if w.World.Run(min(time.Duration(w.rng.IntN(600))*time.Second, rest)); w.Now().Before(until) && w.rng.IntN(3) > 0 {
				w.Start()
			}
			continue
		}
		w.World.Run(rest)
	}
}

// publish publishes a data point of the metric Backlog in the namespace Jobs, now or a while late, unless there is a gap.
func (w *scaledWorld) publish() {
	at := w.next.Add(-time.Duration(w.rng.IntN(3)/2) * 5 * time.Minute)
	w.next = w.next.Add(5 * time.Minute)
	if w.Now().Before(w.gap) {
		return
	}
	if w.rng.IntN(40) == 0 {
		w.gap = w.Now().Add(time.Duration(w.rng.IntN(90)) * time.Minute)
	}
	w.backlog = max(-5, min(60, w.backlog+float64(w.rng.IntN(13)-6)))
	if _, there := w.oracle.put[putKey(w.id, "Backlog")][at.UTC()]; there {
		return
	}
	w.oracle.publish(w.id, "Backlog", at, w.backlog)
	in := &shapes.PutMetricDataInput{Namespace: ptr("Jobs"), MetricData: []shapes.MetricDatum{{MetricName: ptr("Backlog"), Value: ptr(w.backlog), Timestamp: &shapes.Time{Time: at},
		Dimensions: []shapes.Dimension{{Name: ptr(emr.JobFlowID), Value: ptr(string(w.id))}}}}}
	for range 5 {
		if _, err := w.Sim.Do(Region, "PutMetricData", in); err == nil {
			return
		}
	}
}

// befall lets one thing happen.
func (w *scaledWorld) befall() {
	switch n := w.rng.IntN(20); n {
	case 0, 1, 2:
		w.reload(w.settings(), w.rng.IntN(8) == 0, guard.Enforce)
	case 3:
		w.reload(w.o.Scaling, w.o.Wrapped, []guard.Mode{guard.Observe, guard.Observe, guard.Off, guard.Enforce}[w.rng.IntN(4)])
	case 4:
		w.reload(w.o.Scaling, w.o.Wrapped, guard.Enforce)
	case 5:
		w.Act(emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 1, To: 20 * w.rng.IntN(2)})
	case 6:
		w.Act(emrsim.Action{Do: emrsim.DoTag, Cluster: "etl", Name: "emrguard", Value: []string{"", "", "", "observe", "off", "enforce"}[w.rng.IntN(6)]})
	case 7:
		w.Act(emrsim.Action{Do: []emrsim.Do{emrsim.DoMute, emrsim.DoUnmute, emrsim.DoUnmute}[w.rng.IntN(3)], Cluster: "etl"})
	case 8:
		w.Act(emrsim.Action{Do: emrsim.DoLag, Cluster: "etl", Time: emrsim.Span([]time.Duration{0, 0, 4 * time.Minute, 20 * time.Minute}[w.rng.IntN(4)])})
	case 9:
		w.Act(emrsim.Action{Do: emrsim.DoSurge, Cluster: "etl", Rate: []float64{0, 1, 5}[w.rng.IntN(3)]})
	case 10:
		_ = w.Sim.Act(Region, "a person", emrsim.Action{Do: emrsim.DoSubmit, Cluster: "etl", Name: "adhoc", Count: 1 + w.rng.IntN(6), Work: emrsim.Span(time.Duration(1+w.rng.IntN(10)) * time.Hour), Width: 8})
	case 11:
		_ = w.Sim.Act(Region, "a person", emrsim.Action{Do: emrsim.DoStep, Cluster: "etl", Name: "report"})
	case 12:
		w.protect(w.rng.IntN(2) == 0)
	case 13:
		w.limit(w.rng)
	default:
		if truth := w.Truth("etl"); truth.State == "RUNNING" || truth.State == "WAITING" {
			w.disturb(w.rng, w.want)
		}
	}
}

// reload changes the configuration.
func (w *scaledWorld) reload(s *scaling.Settings, wrapped bool, mode guard.Mode) {
	w.SetScaling(s, wrapped)
	w.SetSettings(mode, w.o.Settings)
}

// protect switches termination protection.
func (w *scaledWorld) protect(on bool) {
	_, _ = w.Sim.Do(Region, "SetTerminationProtection", &shapes.SetTerminationProtectionInput{JobFlowIds: []string{string(w.id)}, TerminationProtected: &on})
}

// calmDown ends everything that disturbs, and returns the time from which on schedules are carried out.
func (w *scaledWorld) calmDown() time.Time {
	w.Kill = nil
	w.Act(emrsim.Action{Do: emrsim.DoClearFaults})
	for _, g := range w.Truth("etl").Groups {
		for _, do := range []emrsim.Do{emrsim.DoUnstick, emrsim.DoUndeafen} {
			_ = w.Sim.Act(Region, "somebody", emrsim.Action{Do: do, Cluster: "etl", Group: g.ID})
		}
		_ = w.Sim.Act(Region, "somebody", emrsim.Action{Do: emrsim.DoBootstrap, Cluster: "etl", Group: g.ID, Rate: 0})
	}
	w.Act(emrsim.Action{Do: emrsim.DoAddresses, Cluster: "etl", Limit: ptr(emrsim.Unlimited)})
	for _, market := range []string{"SPOT", "ON_DEMAND"} {
		w.Act(emrsim.Action{Do: emrsim.DoQuota, Market: market, Limit: ptr(emrsim.Unlimited)})
		for _, kind := range []string{"m5.xlarge", "m5.2xlarge", "r5.xlarge", "c5.xlarge"} {
			p := emrsim.Pool{Zone: "us-east-1a", Type: kind, Market: market}
			w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: p, Parts: []int{emrsim.Unlimited}})
			if market == "SPOT" {
				w.Act(emrsim.Action{Do: emrsim.DoPrice, Pool: p})
			}
		}
	}
	w.Act(emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl"})
	w.Act(emrsim.Action{Do: emrsim.DoTag, Cluster: "etl", Name: "emrguard"})
	w.Act(emrsim.Action{Do: emrsim.DoUnmute, Cluster: "etl"})
	w.Act(emrsim.Action{Do: emrsim.DoLag, Cluster: "etl"})
	w.reload(w.o.Scaling, w.o.Wrapped, guard.Enforce)
	for range 7 * 6 { // a cluster that was off is looked at again after six hours; until then no order reaches it
		if w.submit(guard.Order{Kind: guard.OrderResume}, string(w.id)); w.oracle.of(w.id).doc().Paused == nil {
			break
		}
		w.pass(10 * time.Minute)
	}
	return w.Now().Add(9 * time.Hour) // a rest may have begun a moment ago, and tags are read again after six hours
}

// settled checks what holds in a quiet world: within some hours there is a moment at which nothing is open and all is as it is wanted.
func (w *scaledWorld) settled(since time.Time) {
	x := w.oracle.of(w.id)
	x.madeTwins()
	if !w.o.Sim.Timing.SpotLife.Zero() || w.o.DryRun || !x.doc().Ended.IsZero() {
		return
	}
	x.late(since, 2*time.Hour)
	before := len(w.oracle.violations)
	for range 6 * 60 {
		w.oracle.violations = w.oracle.violations[:before]
		w.Quiet("etl")
		for _, text := range x.calm() {
			x.violate("liveness", "%s", text)
		}
		if len(w.oracle.violations) == before || !x.doc().Ended.IsZero() {
			w.oracle.violations = w.oracle.violations[:before]
			return
		}
		w.pass(time.Minute)
	}
}

// settings draws what is scaled, and how.
func (w *scaledWorld) settings() *scaling.Settings {
	s := &scaling.Settings{}
	if w.rng.IntN(3) == 0 {
		s.MaxInstances = 8 + w.rng.IntN(20)
	}
	for _, p := range []scaling.Pool{{Name: "tasks", Role: emr.Task, Groups: []string{"task*"}}, {Name: "core", Role: emr.Core},
		{Name: "more", Role: emr.Task, Groups: []string{"more"}},
		{Name: "fresh", Role: emr.Task, Groups: []string{"fresh*"}, Group: &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}}} {
		if w.rng.IntN(3) > 0 {
			s.Pools = append(s.Pools, w.pool(p))
		}
	}
	if w.ends || w.rng.IntN(3) == 0 {
		s.Termination = w.termination()
	}
	return s
}

func (w *scaledWorld) pool(p scaling.Pool) scaling.Pool {
	spans := []time.Duration{0, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute}
	p.Min = w.rng.IntN(4)
	if p.Role == emr.Core {
		p.Min++
	}
	p.Max = p.Min + 1 + w.rng.IntN(14)
	p.Cooldown = scaling.Cooldown{Up: spans[w.rng.IntN(5)], Down: spans[w.rng.IntN(5)]}
	p.MaxStep = scaling.MaxStep{Up: w.rng.IntN(6), Down: w.rng.IntN(4)}
	for i := range w.rng.IntN(3) {
		p.ScaleUp = append(p.ScaleUp, w.policy(fmt.Sprintf("up-%d", i), true, p))
	}
	for i := range w.rng.IntN(3) {
		p.ScaleDown = append(p.ScaleDown, w.policy(fmt.Sprintf("down-%d", i), false, p))
	}
	for i := range w.rng.IntN(3) {
		p.Schedules = append(p.Schedules, w.schedule(fmt.Sprintf("at-%d", i), p))
	}
	return p
}

func (w *scaledWorld) policy(name string, up bool, p scaling.Pool) scaling.Policy {
	conditions := []scaling.Condition{
		{Metric: "YARNMemoryAvailablePercentage", Operator: scaling.GT, Threshold: 60}, {Metric: "ContainerPending", Operator: scaling.LTE, Threshold: 0},
		{Namespace: "Jobs", Metric: "Backlog", Operator: scaling.LT, Threshold: 10}, {Metric: "AppsRunning", Operator: scaling.LTE, Threshold: 1, Statistic: emr.Maximum}}
	if up {
		conditions = []scaling.Condition{
			{Metric: "YARNMemoryAvailablePercentage", Operator: scaling.LT, Threshold: 20}, {Metric: "ContainerPendingRatio", Operator: scaling.GTE, Threshold: 0.5},
			{Metric: "ContainerPending", Operator: scaling.GT, Threshold: 4, Statistic: emr.Minimum}, {Namespace: "Jobs", Metric: "Backlog", Operator: scaling.GT, Threshold: 12, Statistic: emr.Maximum}}
	}
	pol := scaling.Policy{Name: name, Condition: conditions[w.rng.IntN(len(conditions))], Action: w.action(up, p)}
	pol.Period = []time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, time.Minute}[w.rng.IntN(6)]
	pol.Evaluations = 1 + w.rng.IntN(3)
	if w.rng.IntN(4) == 0 {
		pol.Missing = scaling.Breaching
	}
	if w.rng.IntN(4) == 0 {
		pol.Cooldown = ptr(time.Duration(w.rng.IntN(60)) * time.Minute)
	}
	return pol
}

func (w *scaledWorld) action(up bool, p scaling.Pool) scaling.Action {
	target := p.Min + w.rng.IntN(p.Max-p.Min+1)
	switch w.rng.IntN(5) {
	case 0, 1:
		return scaling.Action{Type: scaling.Adjustment, Count: 1 + w.rng.IntN(5)}
	case 2:
		return scaling.Action{Type: scaling.PercentageAdjustment, Percent: float64(5 + w.rng.IntN(80))}
	case 3:
		if up {
			return scaling.Action{Type: scaling.SetMinTarget, Target: &target}
		}
		return scaling.Action{Type: scaling.SetMaxTarget, Target: &target}
	}
	a := scaling.Action{Type: scaling.UpdateCapacity}
	low, high := max(p.Min, target-w.rng.IntN(3)), target+w.rng.IntN(5)
	for a.Target == nil && a.Min == nil && a.Max == nil {
		if w.rng.IntN(2) == 0 {
			a.Target = &target
		}
		if w.rng.IntN(3) == 0 {
			a.Min = &low
		}
		if w.rng.IntN(3) == 0 {
			a.Max = ptr(max(1, high))
		}
	}
	return a
}

func (w *scaledWorld) schedule(name string, p scaling.Pool) scaling.Schedule {
	crons := []string{"*/7 * * * *", "*/20 * * * *", "0 * * * *", "0 * * * *", "15 9-18 * * *", "30 */2 * * *", "0 3 * * mon-fri", "5 1,13 * * *"}
	a := w.action(true, p)
	for a.Type != scaling.UpdateCapacity {
		a = w.action(true, p)
	}
	return scaling.Schedule{Name: name, Cron: crons[w.rng.IntN(len(crons))], Zone: []string{"", "Europe/Berlin", "America/St_Johns"}[w.rng.IntN(3)], Target: a.Target, Min: a.Min, Max: a.Max, Off: w.rng.IntN(8) == 0}
}

func (w *scaledWorld) termination() *scaling.Termination {
	t := &scaling.Termination{Grace: time.Duration(w.rng.IntN(40)) * time.Minute, Mode: scaling.TerminationObserve}
	if w.ends {
		t.Mode = scaling.TerminationEnforce
	}
	t.Policies = []scaling.TerminationPolicy{{Name: "idle", Statements: []scaling.Condition{
		{Metric: "IsIdle", Statistic: emr.Minimum, Operator: scaling.GTE, Threshold: 1, Evaluations: 1 + w.rng.IntN(4)},
		{Metric: "AppsPending", Statistic: emr.Maximum, Operator: scaling.LTE, Threshold: 0, Evaluations: 1 + w.rng.IntN(3)}}}}
	if w.rng.IntN(2) == 0 {
		t.Policies = append(t.Policies, scaling.TerminationPolicy{Name: "quiet", Statements: []scaling.Condition{{Metric: "AppsRunning", Statistic: emr.Maximum, Operator: scaling.LTE, Threshold: 0, Evaluations: 3}}})
	}
	return t
}
