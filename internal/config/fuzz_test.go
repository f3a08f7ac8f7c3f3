package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// roundTrip writes a valid configuration and reads it again: it has to be the same one.
func roundTrip(t interface{ Fatalf(string, ...any) }, cfg *Config) {
	text, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatalf("cannot be written: %v", err)
	}
	again, err := Parse(cfg.Name(), text)
	if err != nil {
		t.Fatalf("cannot be read again: %v\n%s", err, text)
	}
	insert(t, cfg.Name(), text, cfg.Clusters)
	if d := cmp.Diff(cfg, again, cmpopts.IgnoreUnexported(Config{}, scaling.Schedule{}), cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("differs after writing and reading (-before +after):\n%s\n%s", d, text)
	}
	if d := Diff(cfg, again); len(d) > 0 {
		t.Fatalf("Diff sees %v", d)
	}
}

// insert puts each rule before the others of a valid configuration: that works, or has to be done by hand.
func insert(t interface{ Fatalf(string, ...any) }, name string, text []byte, rules []ClusterRule) {
	for _, r := range rules[:min(len(rules), 3)] {
		out, _, err := InsertRule(name, text, r, map[string]string{"mode": "# a comment"})
		if err != nil {
			if errors.Is(err, ErrInsert) {
				continue
			}
			t.Fatalf("%v\n%s\ninto\n%s", err, RuleText(r, nil), text)
		}
		if again, err := Parse(name, out); err != nil || len(again.Clusters) != len(rules)+1 {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// FuzzParse: a file is valid, or there is an error with places in the file; and it never panics.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../emrguard.example.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(rules))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("emrguard.yaml", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 || cfg != nil {
				t.Fatalf("%v, %v", cfg, err)
			}
			lines := 2
			for _, b := range data {
				if b == '\n' || b == '\r' || b == 0x85 || b == 0xa8 || b == 0xa9 { // as the YAML library counts
					lines++
				}
			}
			for i, p := range e.Problems {
				if p.Text == "" || p.Line < 0 || p.Line > lines || p.Line > 0 && p.Column < 1 {
					t.Fatalf("a problem without a place: %+v", p)
				}
				if i > 0 && p.Line < e.Problems[i-1].Line {
					t.Fatalf("not in file order:\n%v", err)
				}
			}
			return
		}
		roundTrip(t, cfg)
		insert(t, "emrguard.yaml", data, cfg.Clusters)
		_ = cfg.WarningLines()
		for _, p := range cfg.IAMPolicies() {
			checkPolicy(t, p.Policy)
		}
		for _, s := range cfg.Scopes {
			c := cluster("j-A", "etl-1", nil)
			if e := cfg.For(s.Name, c); e.Mode != Off && !cfg.Candidate(s.Name, c.ClusterSummary) {
				t.Fatal("not off, and no candidate")
			}
		}
	})
}

// drawLadder draws a ladder in which every rung offers something of its own.
func drawLadder(t *rapid.T) []recovery.Rung {
	all := []recovery.Rung{{Same: true}, {Types: []string{"m5a.2xlarge", "r6gd.metal"}}, {Market: emr.OnDemand}, {Market: emr.Spot, BidPrice: "0.25"},
		{Types: []string{"c7i-flex.large"}, Market: emr.OnDemand}, {Types: []string{"u-6tb1.metal"}, Market: emr.Spot}}
	ladder := rapid.Permutation(all).Draw(t, "ladder")[:rapid.IntRange(1, len(all)).Draw(t, "rungs")]
	for i := range ladder {
		if rapid.Bool().Draw(t, "own after") {
			ladder[i].After = time.Duration(rapid.IntRange(1, 24*60).Draw(t, "rung's after")) * time.Minute
		}
		ladder[i].Max = rapid.SampledFrom([]int{0, 1, 2000}).Draw(t, "rung's max")
	}
	return ladder
}

// Every configuration that keeps the ranges of the reference is valid.
func TestValidConfigurationsParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		between := func(name string, low, high time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(low/time.Millisecond), int64(high/time.Millisecond)).Draw(t, name)) * time.Millisecond
		}
		number := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
		chance := func(name string) bool { return rapid.Bool().Draw(t, name) }

		cfg := defaults()
		cfg.name = "emrguard.yaml"
		cfg.Store = "sqlite:" + rapid.StringMatching(`[a-z]{1,5}(/[a-z .:#]{0,5}[a-z])?`).Draw(t, "store")
		cfg.History.Keep = between("keep", 24*time.Hour, 87600*time.Hour)
		for i := range number("scopes", 1, 3) {
			s := defaultScope()
			s.Name = fmt.Sprintf("%s%d", rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8}[a-z])?`).Draw(t, "scope"), i)
			s.Region = fmt.Sprintf("%s-%d", rapid.SampledFrom([]string{"us-east", "ap-southeast", "us-gov-west"}).Draw(t, "region"), i+1)
			if chance("role") {
				s.RoleARN = fmt.Sprintf("arn:%s:iam::%012d:role/x", s.Partition(), i)
				s.ExternalID = rapid.StringMatching(`([a-zA-Z0-9+=,.@:/_-]{2,20})?`).Draw(t, "external id")
			}
			s.APIShare = rapid.Float64Range(0.001, 1).Draw(t, "share")
			s.Sweep = between("sweep", 10*time.Second, 24*time.Hour)
			if chance("rates") {
				s.APIRates = map[emr.Op]Rate{rapid.SampledFrom(emr.Ops).Draw(t, "op"): {Burst: number("burst", 1, 10000), PerSecond: rapid.Float64Range(0.001, 1000).Draw(t, "rate")}}
			}
			cfg.Scopes = append(cfg.Scopes, s)
		}
		for range number("rules", 0, 4) {
			r := ClusterRule{Mode: rapid.SampledFrom([]Mode{Enforce, Observe, Off}).Draw(t, "mode")}
			if chance("in scope") {
				r.Match.Scopes = []string{cfg.Scopes[number("which", 0, len(cfg.Scopes)-1)].Name}
			}
			r.Match.Names = rapid.SliceOfN(rapid.StringMatching(`([a-zA-Z0-9 *?:#~"'-]|\\[\[\]*?]){1,8}`), 0, 3).Draw(t, "names")
			r.Match.Tags = rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9 _.:/=+@-]{1,8}`), rapid.StringMatching(`[a-zA-Z0-9 _.:/=+@-]{0,8}`), 0, 3).Draw(t, "tags")
			for range number("ids", 0, 2) {
				r.Match.IDs = append(r.Match.IDs, emr.ClusterID(rapid.StringMatching(`j-[A-Z0-9]{1,13}`).Draw(t, "id")))
			}
			after, ban, pace := between("after", time.Minute, 24*time.Hour), between("ban", time.Minute, 168*time.Hour), between("pace", time.Second, 10*time.Minute)
			r.Recovery = recovery.Settings{
				After: after, Ban: ban, Pace: pace, Settle: between("settle", pace, time.Hour),
				StartingGrace: between("starting grace", 0, 2*time.Hour), ProgressGrace: between("progress grace", 0, 24*time.Hour),
				ShrinkAfter: between("shrink after", time.Minute, 24*time.Hour), Chain: number("chain", 1, 20), RestMax: between("rest max", ban, 720*time.Hour),
				MaxGroups: number("groups", 0, 47), ReserveSlots: number("slots", 0, 48), EnforceBans: chance("enforce bans"),
				OutsideGrowth: recovery.Repeat, Fallback: drawLadder(t), Return: rapid.SampledFrom([]recovery.ReturnMode{recovery.ByHand, recovery.Auto}).Draw(t, "return"), Max: number("max", 0, 2000),
			}
			if r.Recovery.Max > 0 && chance("add") {
				r.Recovery.OutsideGrowth = recovery.Add
			}
			if chance("scaled") {
				r.Scaling = anyScaling(t)
				r.Wrap = chance("wrap") && !slices.ContainsFunc(r.Scaling.Pools, func(p scaling.Pool) bool { return p.Role == emr.Core })
				r.Recovery.Max = 0
				r.Recovery.OutsideGrowth = recovery.Repeat
			}
			cfg.Clusters = append(cfg.Clusters, r)
		}
		roundTrip(t, cfg)
	})
}

// anyScaling draws pools and a termination that keep the ranges of the reference.
func anyScaling(t *rapid.T) scaling.Settings {
	number := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
	chance := func(name string) bool { return rapid.Bool().Draw(t, name) }
	minutes := func(name string, low, high int) time.Duration {
		return time.Duration(number(name, low, high)) * time.Minute
	}
	optional := func(name string, low, high int) *int {
		if !chance(name) {
			return nil
		}
		n := number(name, low, high)
		return &n
	}
	condition := func() scaling.Condition {
		c := scaling.DefaultCondition()
		c.Metric = rapid.StringMatching(`[A-Z][a-zA-Z]{1,12}`).Draw(t, "metric")
		c.Statistic = rapid.SampledFrom(emr.Statistics).Draw(t, "statistic")
		c.Operator = rapid.SampledFrom([]scaling.Operator{scaling.GT, scaling.GTE, scaling.LT, scaling.LTE}).Draw(t, "operator")
		c.Threshold = rapid.SampledFrom([]float64{0, -1, 0.5, 40, 1e9}).Draw(t, "threshold")
		c.Period, c.Evaluations = minutes("period", 1, 14), number("evaluations", 1, 100)
		return c
	}
	action := func() scaling.Action {
		n := number("amount", 2, 9)
		switch number("action", 0, 2) {
		case 0:
			return scaling.Action{Type: scaling.Adjustment, Count: n}
		case 1:
			return scaling.Action{Type: scaling.PercentageAdjustment, Percent: float64(n) / 2}
		}
		return scaling.Action{Type: scaling.UpdateCapacity, Target: &n, Min: optional("action's min", 1, 2)}
	}
	policies := func(name string) []scaling.Policy {
		var out []scaling.Policy
		for i := range number(name, 0, 2) {
			p := scaling.DefaultPolicy()
			p.Name, p.Condition, p.Action = fmt.Sprintf("%s-%d", name, i), condition(), action()
			p.Missing = rapid.SampledFrom([]scaling.Missing{scaling.Ignore, scaling.Breaching}).Draw(t, "missing")
			if p.Namespace = rapid.SampledFrom([]string{emr.MetricsNamespace, "Company/Jobs"}).Draw(t, "namespace"); p.Namespace != emr.MetricsNamespace {
				p.Dimensions = []emr.Dimension{{Name: "Queue", Value: rapid.StringMatching(`[a-z: #]{0,5}[a-z]`).Draw(t, "dimension")}}
			}
			if chance("own cooldown") {
				d := minutes("cooldown", 0, 1440)
				p.Cooldown = &d
			}
			out = append(out, p)
		}
		return out
	}
	var s scaling.Settings
	s.MaxInstances = number("max instances", 0, 20000)
	for i := range number("pools", 0, 3) {
		p := scaling.DefaultPool()
		p.Name, p.Role, p.Min, p.Max = fmt.Sprintf("pool-%d", i), emr.Task, number("min", 1, 2), number("max", 9, 2000)
		if i == 0 && chance("core") {
			p.Role = emr.Core
		} else {
			p.Groups = []string{fmt.Sprintf("%d-*", i)}
		}
		if p.Role == emr.Task && chance("group") {
			p.Group = &scaling.Group{InstanceType: "m5.xlarge", Market: emr.OnDemand}
			if chance("spot") {
				p.Group.Market, p.Group.BidPrice = emr.Spot, "0.50"
			}
			if chance("volumes") {
				p.Group.Volumes = []emr.VolumeConfig{{Volume: emr.Volume{Type: "gp3", Size: number("size", 10, 1000)}, Count: number("count", 1, 4)}}
			}
		}
		p.Cooldown = scaling.Cooldown{Up: minutes("up", 0, 1440), Down: minutes("down", 0, 1440)}
		p.MaxStep = scaling.MaxStep{Up: number("step up", 0, 2000), Down: number("step down", 0, 2000)}
		p.ScaleUp, p.ScaleDown = policies("up"), policies("down")
		if chance("schedule") {
			sched := scaling.DefaultSchedule()
			target := number("target", 2, 9)
			sched.Name, sched.Cron, sched.Target, sched.Off = "morning", "30 7 * * MON-FRI", &target, chance("off")
			sched.Zone = rapid.SampledFrom([]string{"UTC", "Europe/Berlin"}).Draw(t, "zone")
			p.Schedules = []scaling.Schedule{sched}
		}
		s.Pools = append(s.Pools, p)
	}
	if chance("termination") {
		term := scaling.DefaultTermination()
		term.Grace = minutes("grace", 0, 1440)
		term.Mode = rapid.SampledFrom([]scaling.TerminationMode{scaling.TerminationObserve, scaling.TerminationEnforce}).Draw(t, "termination mode")
		term.Policies = []scaling.TerminationPolicy{{Name: "idle", Statements: []scaling.Condition{condition()}}}
		s.Termination = &term
	}
	return s
}
