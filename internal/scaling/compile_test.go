package scaling

import (
	"math"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// full is settings with everything in them, and no problem.
func full() Settings {
	minute := time.Minute
	backlog := Condition{Namespace: "Company/Jobs", Metric: "Backlog", Dimensions: []emr.Dimension{{Name: "Queue", Value: "a"}}, Statistic: emr.Maximum,
		Unit: "Count", Operator: GTE, Threshold: -1.5, Period: time.Minute, Evaluations: 3}
	task := DefaultPool()
	task.Name, task.Role, task.Min, task.Max, task.Groups, task.MaxStep = "tasks", emr.Task, 0, 50, []string{"task-*"}, MaxStep{10, 5}
	task.Group = &Group{InstanceType: "m5.2xlarge", Market: emr.Spot, BidPrice: "0.25", Volumes: []emr.VolumeConfig{
		{Volume: emr.Volume{Type: "gp3", Size: 100, Iops: 4000, Throughput: 250}, Count: 2}, {Volume: emr.Volume{Type: "st1", Size: 500}}}}
	task.ScaleUp = []Policy{
		{Name: "more", Condition: memory(), Action: Action{Type: Adjustment, Count: 3}},
		{Name: "half_more", Condition: backlog, Missing: Breaching, Cooldown: &minute, Action: Action{Type: PercentageAdjustment, Percent: 50}},
		{Name: "floor", Condition: memory(), Action: Action{Type: SetMinTarget, Target: n(4)}},
	}
	task.ScaleDown = []Policy{
		{Name: "ceiling", Condition: memory(), Action: Action{Type: SetMaxTarget, Target: n(0)}},
		{Name: "reset", Condition: memory(), Action: Action{Type: UpdateCapacity, Target: n(0), Min: n(0), Max: n(10)}},
	}
	task.Schedules = []Schedule{
		{Name: "morning", Cron: "0 8 * * mon-fri", Zone: "Europe/Berlin", Target: n(10), Min: n(5)},
		{Name: "night", Cron: "0 20 * * *", Max: n(0), Off: true},
	}
	core := DefaultPool()
	core.Name, core.Role, core.Min, core.Max = "core", emr.Core, 2, 10
	end := DefaultTermination()
	end.Policies = []TerminationPolicy{{Name: "idle", Statements: []Condition{
		{Metric: "AppsRunning", Statistic: emr.Sum, Operator: LTE, Period: 5 * time.Minute, Evaluations: 3}, {Metric: "AppsPending", Operator: LTE}}}}
	return Settings{MaxInstances: 60, Pools: []Pool{task, core}, Termination: &end}
}

func TestCompile(t *testing.T) {
	s := full()
	if err := s.Compile(); err != nil {
		t.Fatal(err)
	}
	up, end := s.Pools[0].ScaleUp, s.Termination.Policies[0].Statements
	switch {
	case up[0].Missing != Ignore || up[1].Missing != Breaching || up[1].Period != time.Minute || up[1].Namespace != "Company/Jobs":
		t.Errorf("%+v", up)
	case end[0].Namespace != emr.MetricsNamespace || end[1].Statistic != emr.Average || end[1].Period != 5*time.Minute || end[1].Evaluations != 1 || end[0].Evaluations != 3:
		t.Errorf("%+v", end)
	case s.Pools[0].Group.Volumes[1].Count != 1:
		t.Errorf("%+v", s.Pools[0].Group)
	}
	morning := &s.Pools[0].Schedules[0]
	if got := morning.Next(noon); !got.Equal(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)) || morning.Spec() != "0 8 * * mon-fri Europe/Berlin" {
		t.Errorf("%s %q", got, morning.Spec())
	}
	if got, ok := morning.Last(noon.AddDate(0, 0, -7), noon); !ok || !got.Equal(time.Date(2026, 2, 27, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("%s %t", got, ok)
	}
	if (&Settings{}).Compile() != nil {
		t.Error("nothing is no problem")
	}
	empty := Settings{Pools: []Pool{{Name: "a", Role: emr.Task, Max: 1, Group: &Group{InstanceType: "m5.xlarge"}}}, Termination: &Termination{
		Policies: []TerminationPolicy{{Name: "idle", Statements: []Condition{{Metric: "IsIdle", Operator: GTE, Threshold: 1}}}}}}
	if err := empty.Compile(); err != nil || empty.Pools[0].Group.Market != emr.OnDemand || empty.Termination.Mode != TerminationObserve {
		t.Errorf("%v %+v", err, empty)
	}
}

// TestCompileProblems changes one thing of full and wants one problem, with its path.
func TestCompileProblems(t *testing.T) {
	up := func(s *Settings) *Policy { return &s.Pools[0].ScaleUp[0] }
	down := func(s *Settings) *Policy { return &s.Pools[0].ScaleDown[0] }
	group := func(s *Settings) *Group { return s.Pools[0].Group }
	day := func(s *Settings) *Schedule { return &s.Pools[0].Schedules[0] }
	for _, c := range []struct {
		change func(s *Settings)
		want   string
	}{
		{func(s *Settings) { s.MaxInstances = -1 }, "max_instances: -1 is outside 1 to 20000"},
		{func(s *Settings) { s.MaxInstances = 20_001 }, "max_instances: 20001 is outside 1 to 20000"},
		{func(s *Settings) { s.Pools[0].Name = "Tasks" }, `pools[0].name: "Tasks" is no name: a-z, 0-9 and -, at most 32 characters`},
		{func(s *Settings) { s.Pools[0].Name = strings.Repeat("a", 33) }, `pools[0].name: "aaa`},
		{func(s *Settings) { s.Pools[1].Name = "tasks" }, `pools[1].name: "tasks" is the name of another one, too`},
		{func(s *Settings) { s.Pools[0].Role = emr.Master }, `pools[0].role: "MASTER" is not known; write TASK or CORE`},
		{func(s *Settings) { s.Pools[0].Min = -1 }, "pools[0].min: -1 is outside 0 to 2000"},
		{func(s *Settings) { s.Pools[1].Min = 0 }, "pools[1].min: 0 is outside 1 to 2000"},
		{func(s *Settings) { s.Pools[0].Max = 0 }, "pools[0].max: 0 is outside 1 to 2000"},
		{func(s *Settings) { s.Pools[0].Max = 2001 }, "pools[0].max: 2001 is outside 1 to 2000"},
		{func(s *Settings) { s.Pools[0].Min = 51 }, "pools[0].max: 50 is below min, which is 51"},
		{func(s *Settings) { s.Pools[0].Cooldown.Up = -time.Second }, "pools[0].cooldown.up: -1s is outside 0s to 24h"},
		{func(s *Settings) { s.Pools[0].Cooldown.Down = 25 * time.Hour }, "pools[0].cooldown.down: 25h is outside 0s to 24h"},
		{func(s *Settings) { s.Pools[0].MaxStep.Up = -1 }, "pools[0].max_step.up: -1 is outside 0 to 2000"},
		{func(s *Settings) { s.Pools[0].MaxStep.Down = 2001 }, "pools[0].max_step.down: 2001 is outside 0 to 2000"},

		{func(s *Settings) { s.Pools[1].Group = &Group{InstanceType: "m5.xlarge"} }, "pools[1].group: a CORE group cannot be added to a running cluster; remove it"},
		{func(s *Settings) { group(s).InstanceType = "m5" }, `pools[0].group.type: "m5" is no instance type; write for example m5.xlarge`},
		{func(s *Settings) { group(s).Market = "spot" }, `pools[0].group.market: "spot" is not known; write SPOT or ON_DEMAND`},
		{func(s *Settings) { group(s).Market = emr.OnDemand }, "pools[0].group.bid_price: only Spot instances have one"},
		{func(s *Settings) { group(s).BidPrice = "0.00" }, `pools[0].group.bid_price: "0.00" is no price`},
		{func(s *Settings) { group(s).BidPrice = "$1" }, `pools[0].group.bid_price: "$1" is no price`},
		{func(s *Settings) { group(s).Volumes[0].Type = "gp9" }, `pools[0].group.volumes[0].type: "gp9" is not known`},
		{func(s *Settings) { group(s).Volumes[0].Size = 0 }, "pools[0].group.volumes[0].size: 0 is outside 1 to 16384"},
		{func(s *Settings) { group(s).Volumes[0].Count = 26 }, "pools[0].group.volumes[0].count: 26 is outside 1 to 25"},
		{func(s *Settings) { group(s).Volumes[0].Iops = 50 }, "pools[0].group.volumes[0].iops: 50 is outside 100 to 64000"},
		{func(s *Settings) { group(s).Volumes[0].Throughput = 50 }, "pools[0].group.volumes[0].throughput: 50 is outside 125 to 1000"},
		{func(s *Settings) { group(s).Volumes[1].Iops = 500 }, "pools[0].group.volumes[1].iops: only gp3 and io1 volumes have it"},
		{func(s *Settings) { group(s).Volumes[1].Throughput = 500 }, "pools[0].group.volumes[1].throughput: only gp3 volumes have it"},

		{func(s *Settings) { up(s).Name = "" }, `pools[0].scale_up[0].name: "" is no name: a-z, 0-9, - and _, at most 64 characters`},
		{func(s *Settings) { down(s).Name = "more" }, `pools[0].scale_down[0].name: "more" is the name of another one, too`},
		{func(s *Settings) { up(s).Missing = "never" }, `pools[0].scale_up[0].missing_data: "never" is not known; write ignore or breaching`},
		{func(s *Settings) { *s.Pools[0].ScaleUp[1].Cooldown = -1 }, "pools[0].scale_up[1].cooldown: -1ns is outside 0s to 24h"},
		{func(s *Settings) { up(s).Namespace = ":a" }, `pools[0].scale_up[0].namespace: ":a": CloudWatch takes no colon at the beginning`},
		{func(s *Settings) { up(s).Metric = "" }, `pools[0].scale_up[0].metric: "": write 1 to 255 characters`},
		{func(s *Settings) { up(s).Metric = "Größe" }, `pools[0].scale_up[0].metric: "Größe": CloudWatch takes printable ASCII characters alone`},
		{func(s *Settings) {
			for i := range 30 {
				up(s).Dimensions = append(up(s).Dimensions, emr.Dimension{Name: string(rune('A' + i)), Value: "a"})
			}
		}, "pools[0].scale_up[0].dimensions: 30 of them; CloudWatch takes 30, and JobFlowId is one"},
		{func(s *Settings) { up(s).Dimensions = []emr.Dimension{{Name: " ", Value: "a"}} }, `pools[0].scale_up[0].dimensions[0].name: " ": write 1 to 255 characters`},
		{func(s *Settings) { up(s).Dimensions = []emr.Dimension{{Name: "a", Value: ""}} }, `pools[0].scale_up[0].dimensions[0].value: "": write 1 to 1024 characters`},
		{func(s *Settings) {
			up(s).Dimensions = []emr.Dimension{{Name: "a", Value: "a"}, {Name: "a", Value: "b"}}
		}, `pools[0].scale_up[0].dimensions[1].name: "a" is given twice`},
		{func(s *Settings) { up(s).Statistic = "average" }, `pools[0].scale_up[0].statistic: "average" is not known; write Average, Sum, Minimum, Maximum or SampleCount`},
		{func(s *Settings) { up(s).Unit = "count" }, `pools[0].scale_up[0].unit: "count" is no unit of CloudWatch`},
		{func(s *Settings) { up(s).Operator = ">" }, `pools[0].scale_up[0].operator: ">" is not known; write gt, gte, lt or lte`},
		{func(s *Settings) { up(s).Threshold = math.Inf(1) }, "pools[0].scale_up[0].threshold: +Inf is no number to compare with"},
		{func(s *Settings) { up(s).Period = 30 * time.Second }, "pools[0].scale_up[0].period: 30s is outside 1m to 24h"},
		{func(s *Settings) { up(s).Period = 90 * time.Second }, "pools[0].scale_up[0].period: 1m30s is no whole number of minutes"},
		{func(s *Settings) { up(s).Period = -time.Minute }, "pools[0].scale_up[0].period: -1m is outside 1m to 24h"},
		{func(s *Settings) { up(s).Period = 48 * time.Hour }, "pools[0].scale_up[0].period: 48h is outside 1m to 24h"},
		{func(s *Settings) { up(s).Evaluations = -1 }, "pools[0].scale_up[0].evaluation_periods: -1 is outside 1 to 100"},
		{func(s *Settings) { up(s).Period, up(s).Evaluations = time.Minute, 101 }, "pools[0].scale_up[0].evaluation_periods: 101 is outside 1 to 100"},
		{func(s *Settings) { up(s).Period, up(s).Evaluations = time.Hour, 25 }, "pools[0].scale_up[0].evaluation_periods: 25 periods of 1h are more than 24h"},

		{func(s *Settings) { up(s).Action = Action{} }, `pools[0].scale_up[0].action.type: "" is not known; write adjustment, percentage_adjustment,`},
		{func(s *Settings) { up(s).Action.Count = 0 }, "pools[0].scale_up[0].action: adjustment needs count"},
		{func(s *Settings) { up(s).Action.Count = -3 }, "pools[0].scale_up[0].action.count: -3 is outside 1 to 2000"},
		{func(s *Settings) { up(s).Action.Percent = 3 }, "pools[0].scale_up[0].action.percent: adjustment does not take it; it takes count"},
		{func(s *Settings) { up(s).Action = Action{Type: PercentageAdjustment, Percent: math.NaN()} }, "pools[0].scale_up[0].action.percent: NaN is outside its range"},
		{func(s *Settings) { up(s).Action = Action{Type: PercentageAdjustment, Percent: 1001} }, "pools[0].scale_up[0].action.percent: 1001 is outside its range: above 0, at most 1000"},
		{func(s *Settings) { up(s).Action = Action{Type: SetMaxTarget, Target: n(1)} }, "pools[0].scale_up[0].action.type: set_max_target takes instances; it belongs to scale_down"},
		{func(s *Settings) { down(s).Action = Action{Type: SetMinTarget, Target: n(1)} }, "pools[0].scale_down[0].action.type: set_min_target adds instances; it belongs to scale_up"},
		{func(s *Settings) { down(s).Action = Action{Type: UpdateCapacity} }, "pools[0].scale_down[0].action: update_capacity needs target, or min, or max"},
		{func(s *Settings) { down(s).Action = Action{Type: UpdateCapacity, Min: n(3), Max: n(2)} }, "pools[0].scale_down[0].action.max: 2 is below min, which is 3"},
		{func(s *Settings) { down(s).Action = Action{Type: UpdateCapacity, Target: n(3), Max: n(2)} }, "pools[0].scale_down[0].action.target: 3 is above max, which is 2"},
		{func(s *Settings) { down(s).Action = Action{Type: UpdateCapacity, Target: n(3), Min: n(4)} }, "pools[0].scale_down[0].action.target: 3 is below min, which is 4"},
		{func(s *Settings) {
			s.Pools[1].ScaleDown = []Policy{{Name: "d", Condition: memory(), Action: Action{Type: SetMaxTarget, Target: n(0)}}}
		}, "pools[1].scale_down[0].action.target: 0 is outside 1 to 2000"},

		{func(s *Settings) { day(s).Name = "Day" }, `pools[0].schedules[0].name: "Day" is no name`},
		{func(s *Settings) { s.Pools[0].Schedules[1].Name = "morning" }, `pools[0].schedules[1].name: "morning" is the name of another one, too`},
		{func(s *Settings) { day(s).Cron = "0 25 * * *" }, `pools[0].schedules[0].cron: cron "0 25 * * *": hour "25": 25 is outside 0 to 23`},
		{func(s *Settings) { s.Pools[0].Schedules[1].Cron = "0 0 30 2 *" }, `pools[0].schedules[1].cron: cron "0 0 30 2 *" never fires`}, // though it is off
		{func(s *Settings) { day(s).Zone = "Berlin" }, `pools[0].schedules[0].zone: zone "Berlin" is not in the IANA database`},
		{func(s *Settings) { day(s).Target = n(2001) }, "pools[0].schedules[0].target: 2001 is outside 0 to 2000"},
		{func(s *Settings) { day(s).Target, day(s).Min = nil, nil }, "pools[0].schedules[0]: a schedule needs target, min or max"},
		{func(s *Settings) { day(s).Min = n(11) }, "pools[0].schedules[0].target: 10 is below min, which is 11"},

		{func(s *Settings) { s.Termination.Mode = "off" }, `termination.mode: "off" is not known; write observe or enforce`},
		{func(s *Settings) { s.Termination.Grace = -1 }, "termination.grace: -1ns is outside 0s to 24h"},
		{func(s *Settings) { s.Termination.Policies = nil }, "termination.policies: at least one policy is needed"},
		{func(s *Settings) { s.Termination.Policies[0].Name = "a b" }, `termination.policies[0].name: "a b" is no name`},
		{func(s *Settings) { s.Termination.Policies[0].Statements = nil }, "termination.policies[0].statements: 0 is outside 1 to 10"},
		{func(s *Settings) { s.Termination.Policies[0].Statements[1].Namespace = "Company/Jobs" },
			`termination.policies[0].statements[1].namespace: "Company/Jobs" says nothing of the cluster's own work; only AWS/ElasticMapReduce is taken`},
		{func(s *Settings) {
			s.Termination.Policies[0].Statements[1].Dimensions = []emr.Dimension{{Name: emr.JobFlowID, Value: "j-OTHER"}}
		}, "termination.policies[0].statements[1].dimensions: JobFlowId is the cluster's own"},
		{func(s *Settings) { s.Termination.Policies[0].Statements[1].Operator = "" }, `termination.policies[0].statements[1].operator: "" is not known`},
	} {
		s := full()
		c.change(&s)
		if err := s.Compile(); err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// TestCompileFindsEveryProblem wants all problems in one go, each with its path, a bad zone beside a bad expression included.
func TestCompileFindsEveryProblem(t *testing.T) {
	s := full()
	s.MaxInstances = -1
	s.Pools[0].ScaleUp[1].Period, s.Pools[0].ScaleDown[1].Action.Count = time.Second, 3
	s.Pools[0].Schedules[0].Cron, s.Pools[0].Schedules[0].Zone = "0 8 * *", "Local"
	s.Pools[1].Role = ""
	err := s.Compile()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range joined.Unwrap() {
		path, _, _ := strings.Cut(e.Error(), ": ")
		paths = append(paths, path)
	}
	if got, want := strings.Join(paths, " "), "max_instances pools[0].scale_up[1].period pools[0].scale_down[1].action.count "+
		"pools[0].schedules[0].zone pools[0].schedules[0].cron pools[1].role"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
