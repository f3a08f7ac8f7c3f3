package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

func fleetWorld(t *testing.T) World {
	t.Helper()
	clusters := []Cluster{{State: stuckCluster(t)}, {State: troubledCluster()}}
	for i := range 5 {
		clusters = append(clusters, Cluster{State: cluster(fmt.Sprintf("j-5%d", i), fmt.Sprintf("quiet-%d", i), []guard.Group{})})
	}
	return New(noon, []Scope{{Name: "prod", Clusters: clusters}, {Name: "test", Clusters: []Cluster{{State: cluster("j-9", "alone", nil)}}}})
}

// TestStuck holds which clusters count as stuck where no repair is open: those that only are observed, too.
func TestStuck(t *testing.T) {
	short := cluster("j-1", "short", []guard.Group{group("ig-1", "task", emr.Task, 9, 6, ledger.Entry{Since: ago(40 * time.Minute), Count: 3, Cause: ledger.Change, By: ledger.ByCall})},
		pool.Pool{Origin: "ig-1", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-1", 9)}})
	scaled := short
	scaled.Recoveries = []recovery.Recovery{{ID: "r1", Pool: "ig-1", Group: "ig-1", Kind: recovery.Scale, Step: recovery.StepWatch, Opened: ago(time.Minute), Settings: recovery.Defaults()}}
	for _, c := range []struct {
		state guard.State
		after time.Duration
		want  bool
	}{{short, 30 * time.Minute, true}, {short, time.Hour, false}, {short, 0, false}, {scaled, time.Hour, false}, {stuckCluster(t), time.Hour, true}, {troubledCluster(), time.Hour, true}, {scaledCluster(), time.Hour, false}} {
		of := Cluster{State: c.state, Rule: Rule{Settings: recovery.Settings{After: c.after}}}
		if got := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{of}}}).Status().Scopes[0].Clusters[0].Stuck; got != c.want {
			t.Errorf("%s after %s: stuck %t", c.state.Cluster.Name, c.after, got)
		}
	}
}

// A pause of the whole scope and a ban by hand show on every cluster they concern, though nothing is missing there.
func TestHeldByHand(t *testing.T) {
	one := func(change func(*Cluster)) Cluster {
		c := Cluster{State: cluster("j-1", "etl", []guard.Group{group("ig-2", "task", emr.Task, 9, 9)},
			pool.Pool{Origin: "ig-2", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-2", 9)}})}
		change(&c)
		return c
	}
	for _, c := range []struct {
		name, condition, note string
		scope                 Scope
	}{
		{"the scope is paused", "paused", "the whole scope is paused since 11:00 (1h) by ann: quarter end", Scope{Name: "prod", Paused: &guard.Pause{Since: ago(time.Hour), Author: "ann", Reason: "quarter end"},
			Clusters: []Cluster{one(func(*Cluster) {})}}},
		{"a ban", "banned", "task banned until 13:00 (in 1h) by ann: no Spot", Scope{Name: "prod", Clusters: []Cluster{one(func(c *Cluster) {
			c.Pools[0].Members[0].Ban = &pool.Ban{From: noon, Until: noon.Add(time.Hour), Author: "ann", Reason: "no Spot"}
		})}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := New(noon, []Scope{c.scope}).Fleet(FleetFilter{Limit: 1, Condition: c.condition})
			if len(f.Clusters) != 1 || !slices.Equal(f.Clusters[0].Conditions, []string{c.condition}) || !slices.Equal(f.Clusters[0].Notes(noon), []string{c.note}) {
				t.Errorf("%+v", f.Clusters)
			}
		})
	}
}

func TestFleet(t *testing.T) {
	w := fleetWorld(t)
	for _, c := range []struct {
		name     string
		filter   FleetFilter
		clusters string
		matching int
	}{
		{"the most urgent first", FleetFilter{Limit: 10}, "reports etl alone quiet-0 quiet-1 quiet-2 quiet-3 quiet-4", 8},
		{"by name", FleetFilter{Limit: 10, Sort: "name"}, "alone etl quiet-0 quiet-1 quiet-2 quiet-3 quiet-4 reports", 8},
		{"most missing first", FleetFilter{Limit: 3, Sort: "missing"}, "reports etl alone", 8},
		{"the longest missing first, nothing missing last", FleetFilter{Limit: 3, Sort: "since"}, "reports etl alone", 8},
		{"the one read longest ago first", FleetFilter{Limit: 1, Sort: "read"}, "alone", 8},
		{"only stuck", FleetFilter{Limit: 10, Condition: Stuck}, "reports etl", 2},
		{"a page", FleetFilter{Limit: 2, Offset: 1}, "etl alone", 8},
		{"beyond the end", FleetFilter{Limit: 2, Offset: 100}, "", 8},
		{"before the beginning", FleetFilter{Limit: 1, Offset: -3}, "reports", 8},
		{"part of a name, in any case", FleetFilter{Limit: 10, Text: "QUIET-3"}, "quiet-3", 1},
		{"part of an id", FleetFilter{Limit: 10, Text: "j-2"}, "etl", 1},
		{"a condition", FleetFilter{Limit: 10, Condition: "recovering"}, "reports etl", 2},
		{"another condition", FleetFilter{Limit: 10, Condition: "paused"}, "reports", 1},
		{"a scope", FleetFilter{Limit: 10, Scope: "test"}, "alone", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := w.Fleet(c.filter)
			var names []string
			for _, row := range f.Clusters {
				names = append(names, row.Name)
			}
			if got := strings.Join(names, " "); got != c.clusters || f.Matching != c.matching {
				t.Errorf("got %s (%d), want %s (%d)", got, f.Matching, c.clusters, c.matching)
			}
		})
	}
	f := w.Fleet(FleetFilter{Limit: 1})
	if f.Totals.Clusters != 8 || f.Totals.Wanted != 24 || f.Totals.Missing == 0 || f.Totals.Stuck != 2 || len(f.Scopes) != 2 || f.Scopes[0].Clusters != 7 {
		t.Errorf("totals %+v, scopes %+v", f.Totals, f.Scopes)
	}
	for _, c := range f.Totals.Conditions {
		if !slices.Contains(Conditions(), c.Condition) {
			t.Errorf("unknown condition %q", c.Condition)
		}
	}
}

// What holds for most clusters of a scope is told once, with the scope, and not in both columns of each row.
func TestObservedIsToldOnce(t *testing.T) {
	observed := func(id, reason string) Cluster {
		c := Cluster{State: cluster(id, id, nil), Rule: Rule{Mode: "observe"}}
		c.Withheld, c.Read = reason, ago(time.Minute)
		return c
	}
	const rule = "mode observe by emrguard.yaml:4"
	w := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{observed("j-1", rule), observed("j-2", rule), observed("j-3", "EMR managed scaling is in charge"), observed("j-4", rule)}}})
	s := w.Status().Scopes[0]
	if got, want := s.Headline(noon), "scope prod: no emrguard runs; 3 of 4 clusters are only observed (mode observe by emrguard.yaml:4), and what emrguard would do is in the history"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for i, want := range []string{"healthy", "healthy", "observed only: EMR managed scaling is in charge", "healthy"} {
		c := s.Clusters[i]
		if got := strings.Join(c.Notes(noon), "\n"); got != want {
			t.Errorf("%s: got %q, want %q", c.Cluster, got, want)
		}
		if next := c.First(); (next == nil) != (want == "healthy") {
			t.Errorf("%s: what follows is %+v", c.Cluster, next)
		}
		if c.Withheld == "" || len(c.Next) != 1 {
			t.Errorf("%s: programs are not told: %+v", c.Cluster, c)
		}
	}
	w.Scopes[0].Clusters = w.Scopes[0].Clusters[:1]
	s = w.Status().Scopes[0]
	if s.Observed != nil || s.Clusters[0].Notes(noon)[0] != "observed only: "+rule {
		t.Errorf("one cluster: %+v", s)
	}
	w.Scopes[0].Clusters = []Cluster{observed("j-1", rule), observed("j-2", rule)}
	if got := w.Status().Scopes[0].Headline(noon); !strings.Contains(got, "; all 2 clusters are only observed (") {
		t.Error(got)
	}
}

// Each filter of the fleet shows in its rows since when it is so and until when, and why: it is the list of what rests, is blocked or contested.
func TestEachConditionSaysSinceWhenAndUntilWhen(t *testing.T) {
	p := pool.Pool{Origin: "ig-2", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-2", 9)}}
	with := func(change func(*pool.Pool)) pool.Pool {
		q := p.Clone()
		change(&q)
		return q
	}
	ban := pool.Ban{From: ago(2 * time.Hour), Until: noon.Add(time.Hour), Growths: 3, Contest: true}
	for _, c := range []struct {
		condition, note string
		pool            pool.Pool
	}{
		{"resting", "pool task (ig-2) rests since 11:30 (30m) until 13:30 (in 1h30m): 3 recoveries in a row did not complete a resize", with(func(p *pool.Pool) {
			p.Rest = &pool.Rest{From: ago(30 * time.Minute), Until: noon.Add(90 * time.Minute), Reason: "3 recoveries in a row did not complete a resize"}
		})},
		{"blocked", "pool task (ig-2) is blocked since 11:40 (20m): no slot is free; retried at 12:10 (in 10m)", with(func(p *pool.Pool) {
			p.Blocked = &pool.Blocked{Since: ago(20 * time.Minute), Reason: "no slot is free", Retry: noon.Add(10 * time.Minute)}
		})},
		{"contested", "pool task (ig-2) is contested: somebody raised task, which is banned, 3 times since 10:00 (2h), and emrguard stopped it each time; its ban lasts until 13:00 (in 1h)", with(func(p *pool.Pool) {
			p.Contested, p.Members[0].Ban = true, &ban
		})},
	} {
		of := Cluster{State: cluster("j-1", "etl", []guard.Group{group("ig-2", "task", emr.Task, 9, 9)}, c.pool)}
		f := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{of}}}).Fleet(FleetFilter{Limit: 10, Condition: c.condition})
		if len(f.Clusters) != 1 || !slices.Contains(f.Clusters[0].Notes(noon), c.note) {
			t.Errorf("%s: got %+v, want %q", c.condition, f.Clusters, c.note)
		}
	}
}
