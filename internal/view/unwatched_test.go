package view

import (
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
)

// watching is a record of the scope.
func watching(kind string, before time.Duration) store.Record {
	return store.Record{Key: store.Key{Scope: "prod"}, Kind: kind, At: ago(before)}
}

func TestUnwatched(t *testing.T) {
	scope := Scope{Name: "prod"}
	lapsed := Scope{Name: "prod", Lease: store.Lease{Scope: "prod", Generation: 3, Expires: ago(20 * time.Minute)}}
	unread := Scope{Name: "prod", Troubles: []Trouble{{Kind: "scope.unread", Since: ago(15 * time.Minute)}}}
	for _, c := range []struct {
		name    string
		scope   Scope
		records []store.Record
		want    string
	}{
		{"always", scope, nil, ""},
		{"no emrguard ran", scope, []store.Record{watching("scope.unwatched", 3*time.Hour), watching("scope.watched", 100*time.Minute)}, "09:00 to 10:20"},
		{"and EMR did not answer for a part of it", scope, []store.Record{watching("scope.unread", 190*time.Minute), watching("scope.unwatched", 3*time.Hour), watching("scope.watched", 100*time.Minute), watching("scope.read", 90*time.Minute)}, "08:50 to 10:30"},
		{"it began before the period", scope, []store.Record{watching("scope.unwatched", 9*time.Hour), watching("scope.watched", 3*time.Hour)}, "08:00 to 09:00"},
		{"its beginning is not in the history", scope, []store.Record{watching("scope.watched", 3*time.Hour)}, "08:00 to 09:00"},
		{"it goes on", lapsed, nil, "11:40 to 12:00"},
		{"EMR does not answer", unread, []store.Record{watching("scope.unread", 15*time.Minute)}, "11:45 to 12:00"},
		{"two times", scope, []store.Record{watching("scope.unwatched", 3*time.Hour), watching("scope.watched", 2*time.Hour), watching("scope.unread", time.Hour), watching("scope.read", 50*time.Minute)}, "09:00 to 10:00, 11:00 to 11:10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l lookout
			for _, r := range c.records {
				if !l.add(r) {
					t.Errorf("%s is not taken", r.Kind)
				}
			}
			var got []string
			for _, u := range l.of(c.scope, noon, ago(4*time.Hour), noon) {
				got = append(got, u.From.Format("15:04")+" to "+u.To.Format("15:04"))
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

// What nobody watched is marked wherever hours are added up: in the report, the costs and the chart, also in those of one cluster.
func TestUnwatchedIsMarked(t *testing.T) {
	w := World{Now: noon, Scopes: []Scope{{Name: "prod"}, {Name: "dev"}}}
	records := []store.Record{counted("group.seen", "ig-1", ago(4*time.Hour), 9, 6, 0, 0), watching("scope.unwatched", 3*time.Hour), watching("scope.watched", 100*time.Minute)}
	all, levels := NewTally(ago(4*time.Hour), noon, noon, w), NewLevels()
	for _, r := range records {
		all.Add(r)
		levels.Add(r)
	}
	r := all.Report(w, nil)
	if got, want := r.Summary[2], "Needs a look: not watched: 1h20m, for which all counts as it was read last."; got != want {
		t.Errorf("the report says %q, want %q", got, want)
	}
	if r.Total.Missing != 3*240*minute {
		t.Errorf("%g are missing", r.Total.Missing)
	}
	c := levels.Costs(w, ago(4*time.Hour), noon, everything, nil, "")
	if got, want := c.Headline(), "2026-01-05 08:00 to 2026-01-05 12:00 UTC (4h); not watched: 1h20m"; got != want {
		t.Errorf("the costs say %q, want %q", got, want)
	}
	chart := levels.Capacity(w, ago(4*time.Hour), noon, 100, func(k store.Key) bool { return k.Cluster == "j-1" })
	if got, want := chart.Sentence(), "6 of 9 run; at most 3 were missing, at 08:00; 12.0 instance-hours were missing since 08:00 (4h). From 09:00 to 10:20 (1h20m): not watched."; got != want {
		t.Errorf("the chart says %q, want %q", got, want)
	}
	levels.Forget(ago(30 * time.Minute))
	if gaps := levels.Capacity(w, ago(30*time.Minute), noon, 100, everything).Gaps; len(gaps) > 0 {
		t.Errorf("gaps of another time: %v", gaps)
	}
}

func TestUnwatchedInWords(t *testing.T) {
	u := func(scope string, minutes int) Unwatched {
		return Unwatched{scope, noon, noon.Add(time.Duration(minutes) * time.Minute)}
	}
	for want, all := range map[string][]Unwatched{
		"":                       {{"prod", noon, noon.Add(20 * time.Second)}},
		"1h20m":                  {u("prod", 30), u("prod", 50)},
		"1h20m (prod), 5m (dev)": {u("dev", 5), u("prod", 80)},
		"4m (d), 3m (c), 2m (b), and 1 more scope": {u("a", 1), u("b", 2), u("c", 3), u("d", 4)},
	} {
		if got := unwatched(all); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
