package view

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test -update writes it anew):\n%s", name, diff)
	}
}

// noon is the present of the tests' world.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func group(id, name string, role emr.Role, requested, running int, missing ...ledger.Entry) guard.Group {
	state := emr.GroupRunning
	if len(missing) > 0 {
		state = emr.GroupResizing
	}
	return guard.Group{
		Group: emr.Group{ID: emr.GroupID(id), Name: name, Role: role, Market: emr.OnDemand, InstanceType: "m5.xlarge", Requested: requested, Running: running, State: state},
		Seen:  ago(24 * time.Hour),
		Ledger: ledger.Ledger{Entries: missing, First: ago(24 * time.Hour),
			Last: ledger.Read{Began: ago(time.Minute), Ended: ago(time.Minute), Requested: requested, Running: running, State: state}},
	}
}

func member(id string, expected int) pool.Member {
	return pool.Member{Group: emr.GroupID(id), Expected: []int{expected}}
}

func cluster(id, name string, groups []guard.Group, pools ...pool.Pool) guard.State {
	return guard.State{Schema: guard.Schema, Scope: "prod", Groups: groups, Pools: pools, Read: ago(time.Minute), Cluster: emr.Cluster{
		ClusterSummary: emr.ClusterSummary{ID: emr.ClusterID(id), Name: name, State: emr.ClusterWaiting, Created: ago(24 * time.Hour)}, Collection: emr.Groups}}
}

func fallbackName(t *testing.T, origin, cluster, originID, recoveryID string) string {
	t.Helper()
	name, err := emr.GroupName(origin, emr.Token{Store: "abcdefgh", Cluster: emr.ClusterID(cluster), Origin: emr.GroupID(originID), Recovery: recoveryID})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// stuckCluster has a pool between the stop of 9 to 6 and the arrival of 3 on a fallback.
func stuckCluster(t *testing.T) guard.State {
	t.Helper()
	s := cluster("j-2", "etl", []guard.Group{
		group("ig-20", "master", emr.Master, 1, 1),
		group("ig-21", "task", emr.Task, 6, 6),
		group("ig-22", fallbackName(t, "task", "j-2", "ig-21", "r1-7"), emr.Task, 3, 1, ledger.Entry{Since: ago(3 * time.Minute), Count: 2, Cause: ledger.Change, By: ledger.ByCall}),
	}, pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: 9, Chain: 1, Members: []pool.Member{
		{Group: "ig-21", Expected: []int{6}, Moved: 3, Ban: &pool.Ban{From: ago(5 * time.Minute), Until: noon.Add(115 * time.Minute), Recovery: "r1-7", Growths: 1,
			Reason: "6 of 9 run; the oldest missing instance is missing since 11:20:00; cause: quota", Cause: "quota"}},
		{Group: "ig-22", Rung: 2, Made: ago(3 * time.Minute), Recovery: "r1-7", Expected: []int{3}},
	}})
	s.Suspended = &guard.Suspension{Since: ago(40 * time.Minute), Reasons: []string{"recovery r1-7 of ig-21 is at watch"}}
	s.Recoveries = []recovery.Recovery{{ID: "r1-7", Pool: "ig-21", Group: "ig-21", Kind: recovery.Stuck, Step: recovery.StepWatch, Opened: ago(6 * time.Minute),
		Since: ago(40 * time.Minute), Reason: "6 of 9 run", Number: 1, Asked: 9, Ran: 6, Count: 6, Stopped: ago(5 * time.Minute), Placed: 3, Settings: recovery.Defaults(),
		Why:       recovery.Why{Cause: recovery.Quota, Text: "VcpuLimitExceeded: …"},
		Placement: recovery.Placement{Group: "ig-22", Count: 3, Target: 3, At: ago(3 * time.Minute)}}}
	return s
}

// troubledCluster has a core group that is short, and pools that rest, are blocked and are contested.
func troubledCluster() guard.State {
	s := cluster("j-3", "reports", []guard.Group{
		group("ig-30", "master", emr.Master, 1, 1),
		group("ig-31", "core", emr.Core, 2, 2),
		group("ig-32", "spot\x1b[31m", emr.Task, 4, 4),
		group("ig-33", "task", emr.Task, 2, 2),
	},
		pool.Pool{Origin: "ig-31", Name: "core", Role: emr.Core, Wanted: 5, Members: []pool.Member{{Group: "ig-31", Expected: []int{2}, Moved: 3}},
			Blocked: &pool.Blocked{Since: ago(20 * time.Minute), Retry: noon.Add(10 * time.Minute), Reason: "a new group: no task group slot of the cluster is free beyond reserve_slots"}},
		pool.Pool{Origin: "ig-32", Name: "spot\x1b[31m", Role: emr.Task, Wanted: 4, Contested: true, Members: []pool.Member{member("ig-32", 4)}},
		pool.Pool{Origin: "ig-33", Name: "task", Role: emr.Task, Wanted: 6, Chain: 4, Members: []pool.Member{member("ig-33", 2)},
			Returns: &pool.Backoff{Failed: 2, Until: noon.Add(3 * time.Hour), Length: pool.Duration(4 * time.Hour)},
			Rest:    &pool.Rest{From: ago(50 * time.Hour), Until: noon.Add(30 * time.Hour), Reason: "3 recoveries in a row did not complete a resize; still asked for: 4 instances"}})
	s.Recoveries = []recovery.Recovery{{ID: "r2-9", Pool: "ig-31", Group: "ig-31", Kind: recovery.Return, Step: recovery.StepPlace, Opened: ago(time.Minute), Since: ago(time.Minute),
		Reason: "asked for by hand", Author: "ann@desk", Hold: "paused by ann@desk", Settings: recovery.Defaults()}}
	s.Paused = &guard.Pause{Since: ago(90 * time.Second), Author: "ann@desk", Reason: "migration"}
	s.Unusable = &guard.Unusable{Since: ago(10 * time.Second), Reads: 2, Reason: "the answer lists no groups"}
	return s
}

// howScaled is the configuration of scaledCluster.
func howScaled(t *testing.T) *scaling.Settings {
	t.Helper()
	five, two, ten := 5, 2, 10
	conf := &scaling.Settings{
		Pools: []scaling.Pool{
			{Name: "main", Role: emr.Task, Groups: []string{"task*"}, Min: 2, Max: 20, Cooldown: scaling.Cooldown{Up: 10 * time.Minute, Down: 30 * time.Minute},
				ScaleUp: []scaling.Policy{{Name: "busy", Condition: scaling.Condition{Metric: "ContainerPending", Operator: scaling.GT, Threshold: 10, Evaluations: 2},
					Action: scaling.Action{Type: scaling.Adjustment, Count: 3}}},
				ScaleDown: []scaling.Policy{
					{Name: "idle", Condition: scaling.Condition{Metric: "YARNMemoryAvailablePercentage", Operator: scaling.GTE, Threshold: 80}, Missing: scaling.Breaching,
						Action: scaling.Action{Type: scaling.PercentageAdjustment, Percent: 12.5}},
					{Name: "quiet", Condition: scaling.Condition{Metric: "AppsRunning", Operator: scaling.LTE}, Action: scaling.Action{Type: scaling.SetMaxTarget, Target: &five}}},
				Schedules: []scaling.Schedule{{Name: "morning", Cron: "30 7 * * mon-fri", Zone: "Europe/Berlin", Target: &ten, Min: &two}, {Name: "night", Cron: "0 22 * * *", Max: &ten},
					{Name: "sale", Cron: "0 0 1 12 *", Min: &ten, Off: true}}},
			{Name: "spot", Role: emr.Task, Groups: []string{"spot*"}, Min: 0, Max: 8, Group: &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot},
				ScaleUp: []scaling.Policy{{Name: "burst", Condition: scaling.Condition{Metric: "AppsPending", Operator: scaling.GT}, Action: scaling.Action{Type: scaling.SetMinTarget, Target: &two}}}},
		},
		Termination: &scaling.Termination{Mode: scaling.TerminationEnforce, Grace: 15 * time.Minute, Policies: []scaling.TerminationPolicy{
			{Name: "unused", Statements: []scaling.Condition{{Metric: "IsIdle", Operator: scaling.GTE, Threshold: 1, Evaluations: 6}, {Metric: "AppsPending", Operator: scaling.LTE}}}}},
	}
	if err := conf.Compile(); err != nil {
		t.Fatal(err)
	}
	return conf
}

// scaledCluster is a cluster that emrguard scales: a schedule waits for a resize, a pool has no group, and a termination is near.
func scaledCluster() guard.State {
	s := cluster("j-7", "queries", []guard.Group{
		group("ig-70", "master", emr.Master, 1, 1),
		group("ig-71", "task", emr.Task, 9, 7, ledger.Entry{Since: ago(8 * time.Minute), Count: 2, Cause: ledger.Change, By: ledger.ByCall}),
	}, pool.Pool{Origin: "ig-71", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-71", 9)}})
	s.Suspended, s.Resumed = &guard.Suspension{Since: ago(8 * time.Minute), Reasons: []string{"ig-71 is RESIZING, 7 of 9 run"}}, ago(5*time.Hour)
	s.Scaling = []guard.Scaled{
		{Name: "main", Origin: "ig-71", Bounds: scaling.Bounds{Min: 2, Max: 10}, Config: scaling.Bounds{Min: 2, Max: 20}, BoundsBy: "schedule night",
			Ticks:    []guard.Tick{{Schedule: "morning", Next: noon.Add(18*time.Hour + 30*time.Minute)}, {Schedule: "night", Next: noon.Add(10 * time.Hour)}},
			Deferred: &guard.Deferred{Schedule: "morning", Due: ago(5 * time.Minute), Reason: "scaling is suspended: ig-71 is RESIZING, 7 of 9 run"},
			Last:     &guard.Operation{By: "policy busy", Recovery: "r7-2", From: 6, To: 9, At: ago(8 * time.Minute)},
			Verdicts: []guard.Verdict{
				{Policy: "busy", At: ago(8 * time.Minute), Newest: ago(15 * time.Minute), Holds: true, Reason: "Average ContainerPending over 5m: 12, 31 > 10 for 2 periods, newest 11:45:00"},
				{Policy: "idle", At: ago(8 * time.Minute), Newest: ago(15 * time.Minute), Reason: "Average YARNMemoryAvailablePercentage over 5m: 7.5 is not >= 80, newest 11:45:00"},
				{Policy: "quiet", At: ago(8 * time.Minute), Missing: true, Reason: "Average AppsRunning over 5m: no data point since 11:35:00"}}},
		{Name: "spot", Bounds: scaling.Bounds{Max: 8}, Config: scaling.Bounds{Max: 8},
			Making: &guard.Making{Name: "emrguard/1 spot", Refused: "invalid: Spot is not offered for m5.xlarge", Until: noon.Add(90 * time.Minute)}},
	}
	s.Blind = &guard.Blind{Since: ago(4 * time.Minute), Reason: "denied: cloudwatch:GetMetricData is not allowed"}
	s.Terminating = &guard.Terminating{Verdicts: []guard.Verdict{{Policy: "unused", At: ago(4 * time.Minute), Newest: ago(10 * time.Minute), Holds: true, Reason: "Average IsIdle over 5m: 1, 1, 1, 1, 1, 1 >= 1 for 6 periods, newest 11:50:00"}},
		Notice: &guard.Notice{Policy: "unused", Since: ago(4 * time.Minute), Until: noon.Add(11 * time.Minute), Reason: "Average IsIdle over 5m: 1, 1, 1, 1, 1, 1 >= 1 for 6 periods, newest 11:50:00"}}
	return s
}

// testWorld holds every state that is shown, in two scopes.
func testWorld(t *testing.T) World {
	t.Helper()
	healthy := cluster("j-1", "web-logs", []guard.Group{group("ig-10", "master", emr.Master, 1, 1), group("ig-11", "task", emr.Task, 8, 8)},
		pool.Pool{Origin: "ig-11", Name: "task", Role: emr.Task, Wanted: 8, Members: []pool.Member{member("ig-11", 8)}})
	observed := cluster("j-4", "", []guard.Group{group("ig-40", "master", emr.Master, 1, 1), group("ig-41", "", emr.Core, 3, 2,
		ledger.Entry{Since: ago(45 * time.Second), Count: 1, Cause: ledger.Loss, By: ledger.ByRead, Slack: 30 * time.Second})},
		pool.Pool{Origin: "ig-41", Role: emr.Core, Wanted: 3, Members: []pool.Member{member("ig-41", 3)}})
	observed.Withheld = "EMR managed scaling is in charge"
	fresh := cluster("j-5", "adhoc", nil)
	fresh.Read = time.Time{}
	off := cluster("j-6", "sandbox", nil)
	how := howScaled(t)
	rules := func(_ string, c emr.Cluster) Rule {
		switch c.Name {
		case "sandbox":
			return Rule{Mode: "off", Why: "no rule matches"}
		case "queries":
			return Rule{Mode: "enforce", Why: "mode enforce by emrguard.yaml:30 (clusters[1])", How: how}
		}
		return Rule{Mode: "enforce", Why: "mode enforce by emrguard.yaml:9 (clusters[0])"}
	}
	prod := NewScope("prod", []store.Document{document(t, healthy), document(t, stuckCluster(t)), document(t, troubledCluster()), document(t, observed), document(t, scaledCluster()),
		{Key: store.Key{Scope: "prod", Cluster: "j-8"}, Version: 3, Body: store.Text(`{"schema":99}`)}, {Key: store.Key{Scope: "prod", Cluster: "j-9"}, Version: 1, Body: store.Text(`[`)}},
		store.Lease{Scope: "prod", Owner: "k3j2", Generation: 7, Expires: noon.Add(20 * time.Second), Note: "guard-1, pid 812"}, rules)
	test := NewScope("test", []store.Document{{Key: store.Key{Scope: "test", Cluster: "*"}, Version: 1, Body: store.Text(`{"paused":{"since":"2026-01-05T11:00:00Z","author":"bob@desk","reason":"quarter end"}}`)},
		document(t, fresh), document(t, off)}, store.Lease{Scope: "test", Owner: "old", Generation: 2, Expires: ago(time.Hour)}, rules)
	w := New(noon, []Scope{test, prod})
	w.Term = 30 * time.Second
	return w
}

func document(t *testing.T, s guard.State) store.Document {
	t.Helper()
	body, err := store.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return store.Document{Key: store.Key{Scope: "prod", Cluster: string(s.Cluster.ID)}, Version: 1, Body: body, Saved: ago(time.Minute)}
}

func text(t *testing.T, tables ...Table) string {
	t.Helper()
	var b strings.Builder
	for _, table := range tables {
		if err := table.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}
