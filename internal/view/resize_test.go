package view

import (
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

// TestResizing holds apart a resize as it is in health, one that is stuck, and a shortfall that no resize ends: in the words of the page, the API and the commands.
func TestResizing(t *testing.T) {
	changed := func(since time.Duration) ledger.Entry {
		return ledger.Entry{Since: ago(since), Count: 3, Cause: ledger.Change, By: ledger.ByCall}
	}
	task := func(c *Cluster) *guard.Group { return &c.Groups[0] }
	long := func(c *Cluster) { task(c).Ledger.Entries[0].Since = ago(31 * time.Minute) }
	open := func(kind recovery.Kind, hold string) func(*Cluster) {
		return func(c *Cluster) {
			c.Recoveries = []recovery.Recovery{{ID: "r1", Pool: "ig-1", Group: "ig-1", Kind: kind, Step: recovery.StepConfirm, Opened: ago(time.Minute), Hold: hold, Settings: recovery.Defaults()}}
		}
	}
	counts := func(requested, running int, state emr.GroupState, entries ...ledger.Entry) func(*Cluster) {
		return func(c *Cluster) {
			g := group("ig-1", "task", emr.Task, requested, running, entries...)
			g.State, g.Ledger.Last.State = state, state
			c.Groups = []guard.Group{g}
		}
	}
	shrink := func(since time.Duration) func(*Cluster) {
		return func(c *Cluster) {
			counts(4, 9, emr.GroupResizing)(c)
			c.Pools[0].Wanted = 4
			task(c).Ledger.Surplus, task(c).Ledger.Moved = []ledger.Entry{{Since: ago(since), Count: 5, Cause: ledger.Change, By: ledger.ByCall}}, ago(since)
		}
	}
	for _, c := range []struct {
		name       string
		change     func(*Cluster)
		conditions string
		until      string // HH:MM
		shortfall  string
		note       string
	}{
		{"a resize of ten minutes", nil, "resizing", "12:20", Resizing, "resizing until 12:20 (in 20m): 3 missing since 11:50 (10m)"},
		{"one that is past its time", long, "stuck", "", Stuck, "stuck: 3 missing since 11:29 (31m)"},
		{"one that nobody times", func(c *Cluster) { c.Settings = recovery.Settings{}; long(c) }, "resizing", "", Resizing, "resizing: 3 missing since 11:29 (31m)"},
		{"a shorter time since EMR told of a lack", func(c *Cluster) { c.Settings.AfterCapacity, task(c).Heard.Capacity = 5*time.Minute, ago(9*time.Minute) }, "stuck", "", Stuck, "stuck: 3 missing since 11:50 (10m)"},
		{"a rung with a time of its own", func(c *Cluster) {
			c.Pools[0].Members[0].Rung, c.Settings.Fallback = 1, []recovery.Rung{{Same: true, After: 15 * time.Minute}}
		}, "resizing", "12:05", Resizing, "resizing until 12:05 (in 5m): 3 missing since 11:50 (10m)"},
		{"losses that nothing replaces", counts(9, 6, emr.GroupRunning, ledger.Entry{Since: ago(10 * time.Minute), Count: 3, Cause: ledger.Loss}), "missing", "", Missing, "3 missing since 11:50 (10m)"},
		{"losses that EMR replaces", counts(9, 6, emr.GroupResizing, ledger.Entry{Since: ago(10 * time.Minute), Count: 3, Cause: ledger.Loss}), "resizing", "12:20", Resizing, "resizing until 12:20 (in 20m): 3 missing since 11:50 (10m)"},
		{"losses for too long", counts(9, 6, emr.GroupRunning, ledger.Entry{Since: ago(time.Hour), Count: 3, Cause: ledger.Loss}), "stuck", "", Stuck, "stuck: 3 missing since 11:00 (1h)"},
		{"a group that EMR reconfigures", counts(9, 6, emr.GroupReconfiguring, changed(10*time.Minute)), "resizing", "", Resizing, "resizing: 3 missing since 11:50 (10m)"},
		{"given up by EMR, seen once", func(c *Cluster) {
			counts(9, 6, emr.GroupSuspended, changed(10*time.Minute))(c)
			task(c).Ledger.SuspendedSince = ago(0)
		}, "missing", "", Missing, "3 missing since 11:50 (10m)"},
		{"given up by EMR", func(c *Cluster) {
			counts(9, 6, emr.GroupSuspended, changed(10*time.Minute))(c)
			l := &task(c).Ledger
			l.SuspendedSince, l.SuspendedReads = ago(5*time.Minute), 2
		}, "stuck", "", Stuck, "stuck: 3 missing since 11:50 (10m)"},
		{"a shrink", shrink(20 * time.Minute), "resizing", "13:10", "", "resizing until 13:10 (in 1h10m): 5 run beyond what is asked for"},
		{"a shrink that does not move", shrink(2 * time.Hour), "stuck", "", "", "stuck: 5 run beyond what is asked for"},
		{"RESIZING with nothing missing", func(c *Cluster) { counts(9, 9, emr.GroupResizing)(c); task(c).Ledger.IdleSince = ago(10 * time.Minute) }, "resizing", "12:20", "", "resizing until 12:20 (in 20m): nothing is missing"},
		{"that for too long", func(c *Cluster) { counts(9, 9, emr.GroupResizing)(c); task(c).Ledger.IdleSince = ago(time.Hour) }, "stuck", "", "", "stuck: nothing is missing"},
		{"that, and it was told that nobody can help it", func(c *Cluster) {
			counts(9, 9, emr.GroupResizing)(c)
			task(c).Ledger.IdleSince, task(c).Reported = ago(time.Hour), emr.GroupResizing
		}, "", "", "", "healthy"},
		{"a repair is open", open(recovery.Stuck, ""), "stuck recovering", "", Stuck, "stuck: 3 missing since 11:50 (10m)"},
		{"an operation that asks EMR next", func(c *Cluster) { counts(6, 6, emr.GroupRunning)(c); open(recovery.Scale, "")(c) }, "resizing", "", Resizing, "resizing: 3 missing"},
		{"an operation that is held", func(c *Cluster) { counts(6, 6, emr.GroupRunning)(c); open(recovery.Scale, "paused by ann")(c) }, "missing", "", Missing, "3 missing"},
		{"an operation on a paused cluster", func(c *Cluster) {
			counts(6, 6, emr.GroupRunning)(c)
			open(recovery.Scale, "")(c)
			c.Paused = &guard.Pause{Since: ago(time.Minute), Author: "ann"}
		}, "missing paused", "", Missing, "paused since 11:59 (1m) by ann"},
		{"a return whose launch is stuck", func(c *Cluster) { long(c); open(recovery.Return, "")(c) }, "stuck recovering", "", Stuck, "stuck: 3 missing since 11:29 (31m)"},
		{"a rest", func(c *Cluster) { c.Pools[0].Rest = &pool.Rest{From: ago(time.Minute), Until: noon.Add(time.Hour)} }, "stuck resting", "", Stuck, "stuck: 3 missing since 11:50 (10m)"},
		{"no place", func(c *Cluster) {
			c.Pools[0].Blocked = &pool.Blocked{Since: ago(time.Minute), Retry: noon.Add(time.Hour)}
		}, "blocked stuck", "", Stuck, "stuck: 3 missing since 11:50 (10m)"},
		{"a group of another emrguard", func(c *Cluster) { c.Pools = nil }, "resizing", "12:20", Resizing, "resizing until 12:20 (in 20m): 3 missing"},
		{"a pool that is stuck beside one that is not", func(c *Cluster) {
			c.Groups = append(c.Groups, group("ig-2", "spot", emr.Task, 4, 1, changed(time.Hour)))
			c.Pools = append(c.Pools, pool.Pool{Origin: "ig-2", Name: "spot", Role: emr.Task, Wanted: 4, Members: []pool.Member{member("ig-2", 4)}})
		}, "stuck resizing", "12:20", Stuck, "stuck: 6 missing since 11:00 (1h)"},
		{"nothing is missing", counts(9, 9, emr.GroupRunning), "", "", "", "healthy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			of := Cluster{Rule: Rule{Mode: "enforce", Settings: recovery.Defaults()}, State: cluster("j-1", "etl", []guard.Group{group("ig-1", "task", emr.Task, 9, 6, changed(10*time.Minute))},
				pool.Pool{Origin: "ig-1", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-1", 9)}})}
			if c.change != nil {
				c.change(&of)
			}
			w := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{of}}})
			f := w.Fleet(FleetFilter{Limit: 1})
			row, until := f.Clusters[0], ""
			if !row.ResizeUntil.IsZero() {
				until = row.ResizeUntil.Format("15:04")
			}
			if got := strings.Join(row.Conditions, " "); got != c.conditions || until != c.until || row.Shortfall() != c.shortfall || f.Totals.Shortfall() != c.shortfall || row.Stuck != strings.Contains(got, Stuck) {
				t.Errorf("%s until %q, short: %q, stuck: %t", got, until, row.Shortfall(), row.Stuck)
			}
			if notes := row.Notes(noon); notes[0] != c.note {
				t.Errorf("%q, want %q", notes[0], c.note)
			}
			for _, word := range row.Conditions {
				if w.Fleet(FleetFilter{Limit: 1, Condition: word}).Matching != 1 || !slices.Contains(Conditions(), word) {
					t.Errorf("nobody finds it by %s", word)
				}
			}
			words := []string{w.Groups().Groups[0].Change}
			for _, p := range w.Pools().Pools {
				words = append(words, p.Change)
				if p.Shortfall() != "" && p.Shortfall() != p.Change {
					t.Errorf("the figure of the pool says %s, its word is %s", p.Shortfall(), p.Change)
				}
			}
			for _, word := range words {
				if word != "" && !slices.Contains([]string{Stuck, Missing, Resizing}, word) || word != "" && len(row.Conditions) == 0 {
					t.Errorf("groups and pools: %q", words)
				}
			}
		})
	}
}
