package usefulness

import (
	_ "embed"
	"slices"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/scaling"
	"emrguard/internal/simtest"
)

//go:embed emrguard.yaml
var configText []byte

// fleetConfig reads the fleet's configuration, which is part of the program.
func fleetConfig() *config.Config {
	cfg, err := config.Parse("emrguard.yaml", configText)
	if err != nil {
		panic(err)
	}
	return cfg
}

// cluster is one cluster of the fleet: a fixed number of On-Demand core nodes of m5.2xlarge, and a Spot task group that scales.
type cluster struct {
	name string
	core int
	kind string // instance type of the task group
	load emrsim.Load
}

const (
	coreKind  = "m5.2xlarge"
	taskGroup = "task"
)

// The hours of a day, as factors of a stream's rate.
var (
	office  = []float64{0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.5, 1, 1.8, 2.2, 2.4, 2.2, 1.6, 1.9, 2.1, 1.9, 1.4, 0.9, 0.5, 0.3, 0.2, 0.1, 0.1, 0.1}
	evening = []float64{0.6, 0.4, 0.3, 0.2, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1, 1.1, 1, 1, 1.1, 1.3, 1.6, 1.9, 2, 1.9, 1.6, 1.2, 0.9}
)

// fleet lists the clusters. Nothing of them is measured anywhere: they are made up, to be of several sizes and rhythms.
func fleet() []cluster {
	h, m := time.Hour, time.Minute
	dist := func(low, mode, high time.Duration) emrsim.Dist { return emrsim.Dist{Min: low, Mode: mode, Max: high} }
	wide := func(low, high int) emrsim.Between { return emrsim.Between{Min: low, Max: high} }
	return []cluster{
		{"reporting", 3, "r5.2xlarge", emrsim.Load{Scheduler: emrsim.SchedulerFair, Streams: []emrsim.JobStream{
			{Name: "report", Rate: 14, Daily: office, Weekend: 0.2, Work: dist(1*h, 4*h, 14*h), Width: wide(8, 40)}}}},
		{"etl", 4, "m5.2xlarge", emrsim.Load{
			Streams: []emrsim.JobStream{{Name: "feed", Rate: 6, Work: dist(1*h, 2*h, 5*h), Width: wide(6, 20)}},
			Bursts: []emrsim.JobBurst{
				{Name: "hourly", At: 35 * m, Every: 1 * h, Jobs: 4, Over: 5 * m, Work: dist(1*h, 3*h, 6*h), Width: wide(10, 30)},
				{Name: "night", At: 1 * h, Every: 24 * h, Jobs: 30, Over: 30 * m, Work: dist(6*h, 12*h, 20*h), Width: wide(20, 60)}}}},
		{"ad-hoc", 2, "m5.2xlarge", emrsim.Load{Scheduler: emrsim.SchedulerFair, Streams: []emrsim.JobStream{
			{Name: "query", Rate: 45, Daily: office, Weekend: 0.15, Work: dist(2*m, 20*m, 3*h), Width: wide(2, 24)}}}},
		{"features", 2, "c5.4xlarge", emrsim.Load{Bursts: []emrsim.JobBurst{
			{Name: "train", At: 3 * h, Every: 6 * h, Jobs: 12, Over: 20 * m, Work: dist(4*h, 8*h, 16*h), Width: wide(30, 80)}}}},
		{"sessions", 3, "m5.4xlarge", emrsim.Load{Streams: []emrsim.JobStream{
			{Name: "sessions", Rate: 26, Daily: evening, Weekend: 1.3, Work: dist(30*m, 2*h, 8*h), Width: wide(6, 40)}}}},
		{"closing", 2, "r5.4xlarge", emrsim.Load{
			Streams: []emrsim.JobStream{{Name: "booking", Rate: 3, Daily: office, Weekend: 0.1, Work: dist(30*m, 1*h, 3*h), Width: wide(4, 16)}},
			Bursts: []emrsim.JobBurst{
				{Name: "close of business", At: 17 * h, Every: 24 * h, Jobs: 20, Over: 30 * m, Work: dist(5*h, 10*h, 20*h), Width: wide(30, 100)}}}},
		{"sandbox", 2, "m5.xlarge", emrsim.Load{Scheduler: emrsim.SchedulerFair, Streams: []emrsim.JobStream{
			{Name: "notebook", Rate: 8, Daily: office, Weekend: 0.1, Work: dist(10*m, 1*h, 4*h), Width: wide(2, 16)}}}},
		{"ingest", 4, "m5.xlarge", emrsim.Load{
			Streams: []emrsim.JobStream{{Name: "batch", Rate: 40, Daily: evening, Work: dist(20*m, 1*h, 3*h), Width: wide(4, 16)}},
			Bursts: []emrsim.JobBurst{
				{Name: "compaction", At: 2 * h, Every: 3 * h, Jobs: 6, Over: 10 * m, Work: dist(2*h, 4*h, 8*h), Width: wide(10, 30)}}}},
	}
}

// pool is the cluster's scaled pool by the configuration.
func (c cluster) pool(cfg *config.Config) *scaling.Pool {
	rule, _, ok := cfg.RuleFor(simtest.ScopeName, emr.Cluster{ClusterSummary: emr.ClusterSummary{Name: c.name}})
	if !ok || len(rule.Scaling.Pools) != 1 {
		panic("the configuration has not one pool for " + c.name)
	}
	return &rule.Scaling.Pools[0]
}

// kinds lists the instance types that the cluster's groups may have, the task group's first.
func (c cluster) kinds(cfg *config.Config) []string {
	rule, _, _ := cfg.RuleFor(simtest.ScopeName, emr.Cluster{ClusterSummary: emr.ClusterSummary{Name: c.name}})
	out := []string{c.kind}
	for _, r := range rule.Recovery.Fallback {
		out = append(out, r.Types...)
	}
	return out
}

// fleetKinds lists the instance types of the fleet's task groups and of the rungs, sorted.
func fleetKinds(cfg *config.Config) []string {
	var out []string
	for _, c := range fleet() {
		out = append(out, c.kinds(cfg)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
