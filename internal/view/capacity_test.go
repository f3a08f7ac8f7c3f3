package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/store"
)

// counted is a record of a group's counts.
func counted(kind, group string, at time.Time, requested, running, byRequested, byRunning int) store.Record {
	data, err := json.Marshal(map[string]any{"requested": requested, "running": running, "delta": ledger.Delta{RequestedBy: byRequested, RunningBy: byRunning}})
	if err != nil {
		panic(err)
	}
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Kind: kind, Group: group, Pool: group, At: at, Data: data}
}

// returning is a record of a return to ig-1, which is asked for 6.
func returning(kind string, at time.Time) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Kind: kind, Group: "ig-1", Pool: "ig-1", At: at,
		Data: json.RawMessage(`{"kind":"return","inputs":{"members":[{"group":"ig-1","requested":6,"running":6},{"group":"ig-2","requested":3,"running":3}]}}`)}
}

// line is a capacity in words.
func line(c Capacity) string {
	var b strings.Builder
	for _, p := range c.Points {
		fmt.Fprintf(&b, "%s %d/%d -%d; ", p.At.UTC().Format("15:04"), p.Running, p.Requested, p.Missing)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func everything(store.Key) bool { return true }

func TestCapacity(t *testing.T) {
	master := counted("group.seen", "ig-9", ago(3*time.Hour), 1, 1, 0, 0)
	master.Data = json.RawMessage(`{"role":"MASTER","requested":1,"running":1}`)
	apart := counted("group.read", "ig-8", ago(3*time.Hour), 1, 1, 0, 1)
	apart.Pool = ""
	end := store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Kind: "cluster.ended", At: ago(30 * time.Minute)}
	for _, c := range []struct {
		name    string
		world   World
		records []store.Record
		want    string
	}{
		{"a return asks for what runs elsewhere, and misses what is lost meanwhile", World{Now: noon}, []store.Record{counted("group.seen", "ig-2", ago(4*time.Hour), 3, 3, 0, 0), returning("recovery.open", ago(2*time.Hour)),
			counted("group.read", "ig-1", ago(2*time.Hour), 9, 6, 3, 0), counted("group.read", "ig-1", ago(110*time.Minute), 9, 7, 0, 1), counted("group.read", "ig-1", ago(100*time.Minute), 9, 5, 0, -2),
			counted("group.read", "ig-1", ago(90*time.Minute), 9, 9, 0, 4), returning("recovery.completed", ago(90*time.Minute)), counted("group.read", "ig-2", ago(80*time.Minute), 0, 0, -3, -3),
			counted("group.read", "ig-1", ago(time.Hour), 9, 8, 0, -1)},
			"08:00 9/9 -0; 10:00 9/9 -0; 10:10 10/10 -0; 10:20 8/9 -1; 10:30 12/12 -0; 10:40 9/9 -0; 11:00 8/9 -1"},
		{"a return that gets stuck misses nothing until it is stopped", World{Now: noon}, []store.Record{returning("recovery.open", ago(2*time.Hour)), counted("group.read", "ig-1", ago(2*time.Hour), 9, 6, 3, 0),
			returning("recovery.chained", ago(90*time.Minute)), counted("group.read", "ig-1", ago(80*time.Minute), 6, 6, -3, 0), counted("group.read", "ig-1", ago(time.Hour), 9, 6, 3, 0)},
			"08:00 6/6 -0; 10:00 6/6 -0; 10:40 6/6 -0; 11:00 6/9 -3"},
		{"a return that was read before it launched", World{Now: noon}, []store.Record{returning("recovery.open", ago(2*time.Hour)), counted("group.read", "ig-1", ago(119*time.Minute), 6, 6, 0, 0),
			counted("group.read", "ig-1", ago(110*time.Minute), 9, 6, 3, 0)}, "08:00 6/6 -0; 10:01 6/6 -0; 10:10 6/6 -0"},
		{"a return from before the records", World{Now: noon}, []store.Record{returning("recovery.open", ago(5*time.Hour)), counted("group.read", "ig-1", ago(2*time.Hour), 9, 7, 0, 1)}, "08:00 6/6 -0; 10:00 7/7 -0"},
		{"nothing", World{Now: noon}, nil, "08:00 0/0 -0"},
		{"what was before the first record follows from what it changed", World{Now: noon}, []store.Record{counted("group.read", "ig-1", ago(2*time.Hour), 9, 6, 3, 0), counted("group.read", "ig-1", ago(time.Hour), 9, 9, 0, 3)},
			"08:00 6/6 -0; 10:00 6/9 -3; 11:00 9/9 -0"},
		{"nothing is known before the first sight", World{Now: noon}, []store.Record{counted("group.seen", "ig-1", ago(2*time.Hour), 6, 6, 0, 0)}, "10:00 6/6 -0"},
		{"MASTER and groups without a pool are left out", World{Now: noon}, []store.Record{master, apart}, "08:00 0/0 -0"},
		{"what runs too much on one group fills no gap on another", World{Now: noon},
			[]store.Record{counted("group.seen", "ig-1", ago(2*time.Hour), 6, 8, 0, 0), counted("group.seen", "ig-2", ago(2*time.Hour), 6, 4, 0, 0)}, "10:00 12/12 -2"},
		{"an ended cluster has none", World{Now: noon}, []store.Record{counted("group.seen", "ig-1", ago(2*time.Hour), 6, 6, 0, 0), end}, "10:00 6/6 -0; 11:30 0/0 -0"},
		{"a group without a record is as it is now", New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: cluster("j-1", "etl", []guard.Group{
			group("ig-9", "master", emr.Master, 1, 1), group("ig-1", "task", emr.Task, 6, 6)})}}}}), nil, "08:00 6/6 -0"},
		{"damaged records and others tell nothing", World{Now: noon}, []store.Record{{Kind: "group.read", Group: "ig-1", Pool: "ig-1", Data: json.RawMessage(`{"requested":"x"}`)},
			{Kind: "group.settled", Group: "ig-1", Data: json.RawMessage(`{"requested":3,"running":3}`)}, {Kind: "group.made", Group: "ig-1", Pool: "ig-1", Data: json.RawMessage(`{"requested":3}`)}}, "08:00 0/0 -0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLevels()
			for _, r := range c.records {
				l.Add(r)
			}
			if got := line(l.Capacity(c.world, ago(4*time.Hour), noon, 100, everything)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			l.Forget(ago(4 * time.Hour))
			if got := line(l.Capacity(c.world, ago(4*time.Hour), noon, 100, everything)); got != c.want {
				t.Errorf("after forgetting: got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCapacityForgets(t *testing.T) {
	l := NewLevels()
	for i := range 10 {
		l.Add(counted("group.read", "ig-1", ago(10*time.Hour-time.Duration(i)*time.Hour), i+1, i, 1, 1))
	}
	l.Forget(ago(2*time.Hour + time.Minute))
	if got, want := line(l.Capacity(World{Now: noon}, ago(2*time.Hour+time.Minute), noon, 100, everything)), "09:59 7/8 -1; 10:00 8/9 -1; 11:00 9/10 -1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := len(l.groups[groupKey{store.Key{Scope: "prod", Cluster: "j-1"}, "ig-1"}].changes); n != 2 {
		t.Errorf("%d changes are kept", n)
	}
	end := counted("group.read", "ig-1", noon, 0, 0, -10, -9)
	l.Add(end)
	l.Forget(noon.Add(time.Minute))
	if len(l.groups) != 0 || len(l.order) != 0 {
		t.Errorf("a group without instances is kept: %v", l.order)
	}
}

// TestCapacityIsThinned holds that a capacity with few points says nothing that was not so: each point is one of those with all, the worst and the last are
// there, what holds at the end of a part of the time is not what was worst in it, and the sums do not depend on the points.
func TestCapacityIsThinned(t *testing.T) {
	l := NewLevels()
	for i := range 1000 {
		missing := 0
		if i == 777 {
			missing = 5
		}
		l.Add(counted("group.read", "ig-1", ago(time.Hour).Add(time.Duration(i)*time.Second), 10+i, 10+i-missing, 1, 1))
	}
	all := l.Capacity(World{Now: noon}, ago(time.Hour), noon, 2000, everything)
	if all.Hours != 5/3600. || all.Worst.Missing != 5 || !all.Worst.At.Equal(ago(time.Hour).Add(777*time.Second)) {
		t.Errorf("%f hours, worst %+v", all.Hours, all.Worst)
	}
	for n := 2; n < 60; n++ {
		c := l.Capacity(World{Now: noon}, ago(time.Hour), noon, n, everything)
		if len(c.Points) > n || c.Points[0] != all.Points[0] || c.Points[len(c.Points)-1] != all.Points[len(all.Points)-1] {
			t.Errorf("%d points, from %+v to %+v", len(c.Points), c.Points[0], c.Points[len(c.Points)-1])
		}
		worst := 0
		for i, p := range c.Points {
			worst = max(worst, p.Missing)
			if !slices.Contains(all.Points, p) || i > 0 && !p.At.After(c.Points[i-1].At) {
				t.Errorf("%d points: %+v was never so, or is not in order", n, p)
			}
		}
		if n > 2 && worst != 5 || c.Hours != all.Hours || c.Worst != all.Worst || c.Sentence() != all.Sentence() {
			t.Errorf("%d points: %d missing at worst, %f hours, %q", n, worst, c.Hours, c.Sentence())
		}
	}
}

// TestACapacityEndsAsItIs holds that a shortfall which ended is not carried on to the end, however few points there are.
func TestACapacityEndsAsItIs(t *testing.T) {
	l := NewLevels()
	for i, running := range []int{6, 7, 8, 9} { // all within the first hour of three
		l.Add(counted("group.read", "ig-1", ago(3*time.Hour-time.Duration(i)*10*time.Minute), 9, running, map[bool]int{true: 3}[i == 0], min(i, 1)))
	}
	if got, want := line(l.Capacity(World{Now: noon}, ago(4*time.Hour), noon, 3, everything)), "08:00 6/6 -0; 09:00 6/9 -3; 09:30 9/9 -0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCapacityInWords(t *testing.T) {
	l := NewLevels()
	l.Add(counted("group.read", "ig-1", ago(2*time.Hour), 9, 6, 3, 0))
	c := l.Capacity(World{Now: noon}, ago(4*time.Hour), noon, 100, everything)
	if got, want := c.Sentence(), "6 of 9 run; at most 3 were missing, at 10:00; 6.0 instance-hours were missing since 08:00 (4h)."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// firstSight is the first record of a group that EMR made at a time.
func firstSight(cluster string, at, created time.Time, running int) store.Record {
	data, err := json.Marshal(map[string]any{"requested": running, "running": running, "created": created})
	if err != nil {
		panic(err)
	}
	return store.Record{Key: store.Key{Scope: "prod", Cluster: cluster}, Kind: "group.seen", Group: "ig-" + cluster, Pool: "ig-" + cluster, At: at, Data: data}
}

// Clusters that emrguard starts to watch together have been there before: what was not read yet is not 0, so there is no sum until each was.
func TestCapacityOfClustersReadForTheFirstTime(t *testing.T) {
	long := ago(30 * 24 * time.Hour)
	sum := func(records ...store.Record) Capacity {
		l := NewLevels()
		for _, r := range records {
			l.Add(r)
		}
		return l.Capacity(World{Now: noon}, ago(4*time.Hour), noon, 100, everything)
	}
	first := []store.Record{firstSight("j-1", ago(3*time.Hour), long, 10), firstSight("j-2", ago(178*time.Minute), long, 20), firstSight("j-3", ago(175*time.Minute), long, 30)}
	c := sum(first...)
	if got, want := line(c), "09:05 60/60 -0"; got != want || len(c.Gaps) != 0 || !c.From.Equal(ago(175*time.Minute)) {
		t.Errorf("got  %s from %s, gaps %v\nwant %s", got, c.From, c.Gaps, want)
	}
	c = sum(append(first, firstSight("j-4", ago(2*time.Hour), ago(121*time.Minute), 5))...) // a new cluster ran nothing before
	if got, want := line(c), "09:05 60/60 -0; 10:00 65/65 -0"; got != want || len(c.Gaps) != 0 {
		t.Errorf("got  %s, gaps %v\nwant %s", got, c.Gaps, want)
	}
	c = sum(append(first, firstSight("j-4", ago(2*time.Hour), long, 5), firstSight("j-5", ago(118*time.Minute), long, 5))...) // a rule more
	if got, want := c.Sentence(), "70 of 70 run; nothing was missing since 09:05 (2h55m). From 10:00 to 10:02 (2m): clusters read for the first time."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
