package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/store"
)

// row is a record of cluster j-2 at noon less ago.
func row(before time.Duration, kind, group, data string) store.Record {
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-2"}, At: ago(before), Kind: kind, Group: group, Pool: "ig-21", Data: json.RawMessage(data)}
}

// tally adds records up for the four hours before noon.
func tally(t *testing.T, w World, records ...store.Record) Figures {
	t.Helper()
	all := NewTally(ago(4*time.Hour), noon, noon, w)
	for _, r := range records {
		all.Add(r)
	}
	return all.Report(w, nil).Total
}

// asksAgain is the begin of a return to ig-21, which is asked for 6.
func asksAgain(before time.Duration) store.Record {
	return row(before, "recovery.open", "ig-21", `{"kind":"return","inputs":{"members":[{"group":"ig-21","requested":6,"running":6},{"group":"ig-22","requested":3,"running":3}]}}`)
}

const minute = 60.0

func TestTally(t *testing.T) {
	byHand := row(time.Hour, "recovery.open", "ig-21", `{"kind":"scale","inputs":{"wanted":6,"requested":9}}`)
	byHand.Author = "ann@desk"
	scope := row(time.Hour, "order.refused", "", "")
	scope.Cluster = ""
	for _, c := range []struct {
		name    string
		records []store.Record
		want    func(f *Figures)
	}{
		{"nothing", nil, func(*Figures) {}},
		{"what was before the period and what is after it count nowhere", []store.Record{row(5*time.Hour, "ban.set", "ig-21", ""), row(-time.Minute, "ban.set", "ig-21", ""), row(0, "ban.set", "ig-21", "")}, func(*Figures) {}},
		{"the first moment is of the period", []store.Record{row(4*time.Hour, "ban.set", "ig-21", "")}, func(f *Figures) { f.Bans = 1 }},
		{"what tells nothing", []store.Record{row(time.Hour, "group.dated", "ig-21", ""), row(time.Hour, "nonsense", "ig-21", "")}, func(*Figures) {}},

		{"a recovery that completed", []store.Record{row(2*time.Hour, "recovery.open", "ig-21", `{"kind":"stuck"}`), row(time.Hour, "recovery.completed", "ig-21", `{"kind":"stuck","placed":3}`)},
			func(f *Figures) {
				f.Recoveries, f.Placed = []RecoveryFigures{{Kind: "stuck", Opened: 1, Completed: 1, Placed: 3}}, 3
			}},
		{"a chain: both launches count", []store.Record{row(2*time.Hour, "recovery.chained", "ig-21", `{"kind":"stuck","placed":3}`), row(time.Hour, "recovery.rested", "ig-21", `{"kind":"suspended","placed":1}`)},
			func(f *Figures) {
				f.Recoveries, f.Placed = []RecoveryFigures{{Kind: "stuck", Chained: 1, Placed: 3}, {Kind: "suspended", Rested: 1, Placed: 1}}, 4
			}},
		{"a return places nothing elsewhere", []store.Record{row(time.Hour, "recovery.completed", "ig-21", `{"kind":"return","placed":2}`)},
			func(f *Figures) { f.Recoveries = []RecoveryFigures{{Kind: "return", Completed: 1, Placed: 2}} }},
		{"causes of what was repaired, and would have been", []store.Record{row(2*time.Hour, "recovery.completed", "ig-21", `{"kind":"stuck","cause":{"cause":"quota","text":"…"}}`),
			row(time.Hour, "recovery.completed", "ig-21", `{"kind":"scale","cause":{"cause":"price"}}`), row(time.Hour, "would.recover", "ig-21", `{"kind":"stuck","cause":{"cause":"capacity"}}`),
			row(time.Hour, "pool.return_failed", "ig-21", "")}, func(f *Figures) {
			f.Recoveries, f.ReturnsFailed = []RecoveryFigures{{Kind: "stuck", Completed: 1, Would: 1}, {Kind: "scale", Completed: 1}}, 1
			f.Causes = []CauseFigures{{Cause: "capacity", Would: 1}, {Cause: "quota", Count: 1}}
		}},
		{"damaged data", []store.Record{row(time.Hour, "recovery.completed", "ig-21", `[`), row(time.Hour, "scaling.decided", "", `{"ask":[]}`)},
			func(f *Figures) { f.Recoveries = []RecoveryFigures{{Kind: "unknown", Completed: 1}} }},
		{"would-be recoveries", []store.Record{row(3*time.Hour, "would.recover", "ig-21", `{"kind":"stuck","requested":9,"running":6,"stop_count":7}`), row(time.Hour, "would.recover", "ig-21", `{"kind":"idle","requested":9,"stop_count":9}`)},
			func(f *Figures) {
				f.Recoveries, f.WouldPlace = []RecoveryFigures{{Kind: "stuck", Would: 1}, {Kind: "idle", Would: 1}}, 2
			}},

		{"a suspension", []store.Record{row(2*time.Hour, "scaling.suspended", "", ""), row(90*time.Minute, "scaling.resumed", "", "")},
			func(f *Figures) { f.Suspensions, f.Suspended = 1, 30*minute }},
		{"one that began before the period", []store.Record{row(5*time.Hour, "scaling.suspended", "", ""), row(3*time.Hour, "scaling.resumed", "", "")},
			func(f *Figures) { f.Suspended = 60 * minute }},
		{"one whose begin is not in the history", []store.Record{row(3*time.Hour, "scaling.resumed", "", "")}, func(f *Figures) { f.Suspended = 60 * minute }},
		{"one that goes on", []store.Record{row(time.Hour, "scaling.suspended", "", "")}, func(f *Figures) { f.Suspensions, f.Suspended = 1, 60*minute }},
		{"one that the end of the cluster ended", []store.Record{row(time.Hour, "scaling.suspended", "", ""), row(50*time.Minute, "cluster.ended", "", "")},
			func(f *Figures) { f.Suspensions, f.Suspended, f.Ended = 1, 10*minute, 1 }},
		{"one over the whole period", []store.Record{row(5*time.Hour, "scaling.suspended", "", "")}, func(f *Figures) { f.Suspended = 240 * minute }},

		{"missing instances", []store.Record{row(2*time.Hour, "group.read", "ig-21", `{"requested":9,"running":6}`), row(110*time.Minute, "group.read", "ig-21", `{"requested":9,"running":8}`),
			row(100*time.Minute, "group.read", "ig-21", `{"requested":9,"running":9}`)}, func(f *Figures) { f.Missing = 3*10*minute + 1*10*minute }},
		{"two groups", []store.Record{row(20*time.Minute, "group.read", "ig-21", `{"requested":9,"running":6}`), row(10*time.Minute, "group.read", "ig-22", `{"requested":1,"running":0}`)},
			func(f *Figures) { f.Missing = 3*20*minute + 1*10*minute }},

		{"a return asks for what runs on the fallbacks: nothing is missing but what is lost", []store.Record{row(2*time.Hour, "group.read", "ig-21", `{"requested":6,"running":6}`), asksAgain(100 * time.Minute),
			row(99*time.Minute, "group.read", "ig-21", `{"requested":9,"running":6}`), row(80*time.Minute, "group.read", "ig-21", `{"requested":9,"running":8}`), row(70*time.Minute, "group.read", "ig-21", `{"requested":9,"running":5}`),
			row(60*time.Minute, "group.read", "ig-21", `{"requested":9,"running":9}`), row(time.Hour, "recovery.completed", "ig-21", `{"kind":"return","placed":3}`), row(30*time.Minute, "group.read", "ig-21", `{"requested":9,"running":7}`)},
			func(f *Figures) {
				f.Missing, f.Recoveries = 1*10*minute+2*30*minute, []RecoveryFigures{{Kind: "return", Opened: 1, Completed: 1, Placed: 3}}
			}},
		{"a return that began before the period", []store.Record{asksAgain(5 * time.Hour), row(5*time.Hour-time.Minute, "group.read", "ig-21", `{"requested":9,"running":6}`), row(time.Hour, "group.read", "ig-21", `{"requested":9,"running":7}`)},
			func(*Figures) {}},
		{"a return that got stuck goes on until it is stopped", []store.Record{asksAgain(100 * time.Minute), row(99*time.Minute, "group.read", "ig-21", `{"requested":9,"running":6}`), row(70*time.Minute, "recovery.chained", "ig-21", `{"kind":"return"}`),
			row(69*time.Minute, "group.read", "ig-21", `{"requested":9,"running":6,"state":"RESIZING"}`), row(60*time.Minute, "group.read", "ig-21", `{"requested":6,"running":6}`), row(10*time.Minute, "group.read", "ig-21", `{"requested":9,"running":6}`)},
			func(f *Figures) {
				f.Missing, f.Recoveries = 3*10*minute, []RecoveryFigures{{Kind: "return", Opened: 1, Chained: 1}}
			}},
		{"a rest ends a block", []store.Record{row(2*time.Hour, "pool.blocked", "", ""), row(time.Hour, "pool.rest", "ig-21", ""), row(30*time.Minute, "pool.rested", "", "")},
			func(f *Figures) { f.Blocks, f.Blocked, f.Rests, f.Resting = 1, 60*minute, 1, 30*minute }},
		{"a launch that completed ends a block", []store.Record{row(2*time.Hour, "pool.blocked", "", ""), row(time.Hour, "recovery.completed", "ig-21", `{"kind":"retry","placed":2}`)},
			func(f *Figures) {
				f.Blocks, f.Blocked, f.Placed, f.Recoveries = 1, 60*minute, 2, []RecoveryFigures{{Kind: "retry", Completed: 1, Placed: 2}}
			}},
		{"a block that ended by itself, and one whose begin nobody knows", []store.Record{row(3*time.Hour, "pool.unblocked", "", ""), row(2*time.Hour, "pool.blocked", "", ""), row(time.Hour, "pool.unblocked", "", "")},
			func(f *Figures) { f.Blocks, f.Blocked = 1, 120*minute }},
		{"a group that is short at first sight", []store.Record{row(time.Hour, "group.seen", "ig-21", `{"requested":9,"running":7,"state":"RESIZING"}`), row(30*time.Minute, "group.read", "ig-21", `{"requested":9,"running":9}`)},
			func(f *Figures) { f.Missing = 2 * 30 * minute }},
		{"unban ends a block", []store.Record{row(2*time.Hour, "pool.blocked", "", ""), row(time.Hour, "order.unban", "ig-21", "")},
			func(f *Figures) { f.Blocks, f.Blocked, f.Orders, f.BansLifted = 1, 60*minute, 1, 1 }},
		{"metrics and reads", []store.Record{row(3*time.Hour, "metrics.unread", "", ""), row(2*time.Hour, "metrics.read", "", ""), row(time.Hour, "read.unusable", "", ""), row(30*time.Minute, "read.usable", "", "")},
			func(f *Figures) { f.Unread, f.Blind, f.Unusable, f.UnusableFor = 1, 60*minute, 1, 30*minute }},

		{"scaling by policies", []store.Record{row(3*time.Hour, "scaling.decided", "", `{"ask":{"by":"policy busy","kind":"up","target":9},"wanted":6}`), row(2*time.Hour, "scaling.decided", "", `{"ask":{"by":"policy busy","kind":"up","target":10},"wanted":9}`),
			row(time.Hour, "scaling.decided", "", `{"ask":{"by":"policy idle","kind":"down","target":4},"wanted":10}`)}, func(f *Figures) {
			f.Scaling = []ScalingFigures{{By: "policy busy", Up: 2, UpInstances: 4}, {By: "policy idle", Down: 1, DownInstances: 6}}
		}},
		{"scaling by hand; the recovery of a policy's operation counts once", []store.Record{byHand, row(time.Hour, "recovery.open", "ig-21", `{"kind":"scale","inputs":{"wanted":9,"requested":6}}`)}, func(f *Figures) {
			f.Scaling, f.Recoveries = []ScalingFigures{{By: "ann@desk", Down: 1, DownInstances: 3}}, []RecoveryFigures{{Kind: "scale", Opened: 2}}
		}},
		{"would scale", []store.Record{row(time.Hour, "would.scale", "", `{"ask":{"by":"policy busy","target":9},"wanted":6}`), row(time.Hour, "would.scale", "", `{"ask":{"by":"policy busy","target":2},"wanted":6}`)}, func(f *Figures) {
			f.Scaling = []ScalingFigures{{By: "policy busy", WouldUp: 1, WouldUpInstances: 3, WouldDown: 1, WouldDownInstances: 4}}
		}},
		{"a new group misses all it was made with", []store.Record{row(60*time.Minute, "group.made", "ig-22", `{"requested":3,"running":0}`), row(59*time.Minute, "group.ours", "ig-22", `{"requested":3,"running":0}`),
			row(50*time.Minute, "group.read", "ig-22", `{"requested":3,"running":2}`), row(40*time.Minute, "group.read", "ig-22", `{"requested":2,"running":2}`)}, func(f *Figures) { f.Missing = 3*10*minute + 1*10*minute }},
		{"would stay", []store.Record{row(time.Hour, "would.scale", "", `{"ask":{"by":"schedule night","target":6},"wanted":6}`)}, func(*Figures) {}},
		{"schedules", []store.Record{row(3*time.Hour, "scaling.deferred", "", `null`), row(2*time.Hour, "scaling.superseded", "", ""),
			row(time.Hour, "scaling.decided", "", `{"ask":{"by":"schedule night","kind":"schedule","target":6},"wanted":6,"due":"2026-01-05T10:30:00Z"}`),
			row(30*time.Minute, "scaling.decided", "", `{"ask":{"by":"schedule day","kind":"schedule","target":8},"wanted":6,"due":"2026-01-05T11:29:59Z"}`), row(time.Minute, "scaling.dropped", "", "")}, func(f *Figures) {
			f.Schedules = ScheduleFigures{Applied: 2, Waited: 1, Late: 1, LateFor: 30 * minute, Latest: 30 * minute, Superseded: 1, Dropped: 1}
			f.Scaling = []ScalingFigures{{By: "schedule day", Up: 1, UpInstances: 2}, {By: "schedule night", Same: 1}}
		}},
		{"a policy that waits", []store.Record{row(time.Hour, "scaling.deferred", "", `{"ask":{"by":"policy busy"}}`)}, func(f *Figures) { f.NotFollowed = 1 }},
		{"terminations", []store.Record{row(3*time.Hour, "termination.notice", "", ""), row(2*time.Hour, "termination.withdrawn", "", ""), row(time.Hour, "termination.held", "", ""), row(time.Hour, "would.terminate", "", ""),
			row(time.Hour, "answer.terminate", "", `{"error":null}`), row(time.Hour, "answer.terminate", "", `{"error":{"class":"denied"}}`)}, func(f *Figures) {
			f.Terminations = TerminationFigures{Notices: 1, Withdrawn: 1, Held: 1, Would: 1, Done: 1}
		}},
		{"groups of configured pools", []store.Record{row(time.Hour, "would.make", "", ""), row(time.Hour, "scaling.unmade", "", ""), row(time.Hour, "answer.make", "", `{}`)},
			func(f *Figures) { f.WouldMake, f.Unmade, f.Made = 1, 1, 1 }},
		{"orders, bans and troubles", []store.Record{row(time.Hour, "order.ban", "ig-21", ""), row(time.Hour, "order.pause", "", ""), scope, row(time.Hour, "ban.set", "ig-21", ""), row(time.Hour, "ban.lifted", "ig-21", ""),
			row(time.Hour, "pool.contested", "ig-21", ""), row(time.Hour, "api.throttled", "", ""), row(time.Hour, "clock.back", "", ""), row(time.Hour, "clock.skew", "", "")}, func(f *Figures) {
			f.Orders, f.BansByHand, f.Refused, f.Bans, f.BansLifted, f.Contested, f.Throttled, f.ClockDisagreed = 2, 1, 1, 1, 1, 1, 1, 2
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := Figures{Recoveries: []RecoveryFigures{}, Causes: []CauseFigures{}, Scaling: []ScalingFigures{}}
			c.want(&want)
			if diff := cmp.Diff(want, tally(t, World{Now: noon}, c.records...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What has been under way since before the records is known from the stored state; a record of it says more.
func TestTallyOfWhatIsUnderWay(t *testing.T) {
	s := stuckCluster(t) // suspended for 40 minutes, 2 missing for 3
	s.Pools[0].Rest, s.Pools[0].Blocked = nil, nil
	w := New(noon, []Scope{NewScope("prod", []store.Document{document(t, s)}, store.Lease{}, nil)})
	if f := tally(t, w); f.Suspended != 40*minute || f.Missing != 2*3*minute || f.Suspensions != 0 {
		t.Errorf("by the state alone: suspended %g, missing %g", f.Suspended, f.Missing)
	}
	f := tally(t, w, row(time.Hour, "scaling.suspended", "", ""), row(50*time.Minute, "scaling.resumed", "", ""), row(40*time.Minute, "scaling.suspended", "", ""),
		row(3*time.Minute, "group.read", "ig-22", `{"requested":3,"running":0}`), row(time.Minute, "group.read", "ig-22", `{"requested":3,"running":1}`))
	if f.Suspended != 50*minute || f.Missing != 3*2*minute+2*minute || f.Suspensions != 2 {
		t.Errorf("with records: suspended %g, missing %g", f.Suspended, f.Missing)
	}
	troubled := New(noon, []Scope{NewScope("prod", []store.Document{document(t, troubledCluster())}, store.Lease{}, nil)})
	if f := tally(t, troubled); f.Resting != 240*minute || f.Blocked != 20*minute || f.UnusableFor != 10 {
		t.Errorf("troubled: resting %g, blocked %g, unusable %g", f.Resting, f.Blocked, f.UnusableFor)
	}
}

// A return that is under way is no shortage while the pool runs what is wanted.
func TestTallyOfAReturnUnderWay(t *testing.T) {
	s := cluster("j-2", "etl", []guard.Group{
		group("ig-21", "task", emr.Task, 9, 7, ledger.Entry{Since: ago(20 * time.Minute), Count: 2, Cause: ledger.Change}),
		group("ig-22", fallbackName(t, "task", "j-2", "ig-21", "r1-1"), emr.Task, 3, 2, ledger.Entry{Since: ago(10 * time.Minute), Count: 1, Cause: ledger.Loss})},
		pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-21", 9), member("ig-22", 3)}})
	for wanted, want := range map[int]float64{9: 0, 10: 10 * minute, 11: 10*minute + 20*minute} {
		s.Pools[0].Wanted = wanted
		w := New(noon, []Scope{NewScope("prod", []store.Document{document(t, s)}, store.Lease{}, nil)})
		if f := tally(t, w); f.Missing != want {
			t.Errorf("of %d wanted %g are missing, want %g", wanted, f.Missing, want)
		}
		c := NewLevels().Capacity(w, ago(time.Hour), noon, 10, everything)
		if got := c.Points[len(c.Points)-1].Missing; got != wanted-9 {
			t.Errorf("of %d wanted the chart misses %d", wanted, got)
		}
	}
}

// TestTallyOfDays is a property: the figures of a period are those of its days added up, whatever happened.
func TestTallyOfDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const days = 5
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		records := someHistory(t, begin, days)
		sum := func(from, to time.Time) Figures {
			all := NewTally(from, to, to, World{})
			for _, r := range records {
				all.Add(r)
			}
			return all.Report(World{Now: to}, nil).Total
		}
		whole, parts := sum(begin, begin.AddDate(0, 0, days)), Figures{Recoveries: []RecoveryFigures{}, Causes: []CauseFigures{}, Scaling: []ScalingFigures{}}
		for day := range days {
			f := sum(begin.AddDate(0, 0, day), begin.AddDate(0, 0, day+1))
			parts.add(&f)
		}
		if diff := cmp.Diff(whole, parts, cmpopts.EquateApprox(0, 0.01)); diff != "" {
			t.Errorf("-whole +days\n%s", diff)
		}
		for _, s := range []float64{whole.Suspended, whole.Resting, whole.Blocked, whole.Blind, whole.UnusableFor} {
			if limit := (days * 24 * time.Hour).Seconds() * 6; s < 0 || s > limit || math.IsNaN(s) {
				t.Errorf("%g seconds for six pools", s)
			}
		}
	})
}

// someHistory is a history of three clusters with two pools each, in which whatever ends has begun.
func someHistory(t *rapid.T, begin time.Time, days int) []store.Record {
	pairs := map[string]string{"scaling.suspended": "scaling.resumed", "metrics.unread": "metrics.read", "read.unusable": "read.usable", "pool.rest": "pool.rested", "pool.blocked": "pool.unblocked"}
	kinds := slices.Concat(slices.Sorted(maps.Keys(pairs)), Outcomes(), []string{"recovery.open", "ban.set", "order.ban", "order.unban", "order.refused", "pool.contested", "would.recover", "would.scale",
		"scaling.decided", "scaling.deferred", "scaling.superseded", "termination.notice", "would.terminate", "group.read", "group.read", "cluster.ended", "api.throttled"})
	under := map[string]bool{}
	at, records := begin, []store.Record(nil)
	for n := rapid.IntRange(0, 120).Draw(t, "records"); n > 0; n-- {
		at = at.Add(time.Duration(rapid.Int64Range(0, int64(time.Duration(days)*24*time.Hour)/60).Draw(t, "later")))
		r := store.Record{Key: store.Key{Scope: "prod", Cluster: rapid.SampledFrom([]string{"j-1", "j-2", "j-3"}).Draw(t, "cluster")}, At: at, Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		r.Pool = r.Cluster + rapid.SampledFrom([]string{"-a", "-b"}).Draw(t, "pool")
		r.Group, r.Author = r.Pool, rapid.SampledFrom([]string{"", "ann@desk"}).Draw(t, "author")
		of := r.Cluster
		if r.Kind == "pool.rest" || r.Kind == "pool.blocked" {
			of = r.Pool
		}
		if end, lasts := pairs[r.Kind]; lasts {
			key := of + " " + r.Kind
			if under[key] {
				r.Kind = end
			}
			under[key] = !under[key]
		}
		if r.Kind == "cluster.ended" {
			for key := range under {
				if key[:3] == r.Cluster {
					delete(under, key)
				}
			}
		}
		r.Data = json.RawMessage(fmt.Sprintf(`{"kind":%q,"cause":{"cause":%q},"placed":%d,"requested":9,"running":%d,"stop_count":%d,"wanted":6,"ask":{"by":%q,"target":%d},"due":%q}`,
			rapid.SampledFrom([]string{"stuck", "shrink", "scale", "retry", "return", "odd"}).Draw(t, "of"), rapid.SampledFrom([]string{"", "quota", "price"}).Draw(t, "cause"), rapid.IntRange(0, 5).Draw(t, "placed"), rapid.IntRange(0, 12).Draw(t, "running"),
			rapid.IntRange(0, 9).Draw(t, "stop"), rapid.SampledFrom([]string{"policy up", "policy down", "min"}).Draw(t, "by"), rapid.IntRange(0, 12).Draw(t, "target"),
			at.Add(-time.Duration(rapid.IntRange(0, 3600).Draw(t, "late"))*time.Second).Format(time.RFC3339Nano)))
		records = append(records, r)
	}
	return records
}
