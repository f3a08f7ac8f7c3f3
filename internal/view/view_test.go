package view

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/store"
)

func TestTables(t *testing.T) {
	w := testWorld(t)
	status := w.Status()
	var b strings.Builder
	for _, s := range status.Scopes {
		b.WriteString(s.Headline(status.Now) + "\n")
		for _, p := range s.Problems {
			b.WriteString("unreadable: " + p + "\n")
		}
		b.WriteString(text(t, s.Table(status.Now)))
	}
	golden(t, "status.txt", b.String())
	golden(t, "pools.txt", text(t, w.Pools().Table()))
	golden(t, "groups.txt", text(t, w.Groups().Table()))
	golden(t, "bans.txt", text(t, w.Bans().Table()))
	golden(t, "recoveries.txt", text(t, w.Recoveries(story()).Table()))
	golden(t, "policies.txt", text(t, w.Policies().Tables()...))
	golden(t, "history.txt", text(t, History{Now: noon, Records: w.Events(story())}.Table()))
}

func TestJSON(t *testing.T) {
	w := testWorld(t)
	golden(t, "status.json", asJSON(t, w.Status()))
	golden(t, "pools.json", asJSON(t, w.Pools()))
	golden(t, "groups.json", asJSON(t, w.Groups()))
	golden(t, "bans.json", asJSON(t, w.Bans()))
	golden(t, "recoveries.json", asJSON(t, w.Recoveries(story())))
	golden(t, "policies.json", asJSON(t, w.Policies()))
	golden(t, "history.json", asJSON(t, History{Now: noon, Records: w.Events(story())}))
}

// An empty world is lists, not null, for programs that range over them.
func TestEmpty(t *testing.T) {
	w := New(noon, nil)
	for _, v := range []any{w.Status(), w.Pools(), w.Groups(), w.Bans(), w.Recoveries(nil), w.Policies(), History{Now: noon, Records: w.Events(nil)}, report(w, nil)} {
		if s := asJSON(t, v); strings.Contains(s, "null") {
			t.Errorf("%T of nothing: %s", v, s)
		}
	}
}

// A guard that runs with --speed writes times that are ahead of the wall clock.
func TestNowFollowsTheGuard(t *testing.T) {
	s := stuckCluster(t)
	doc := document(t, s)
	doc.Saved = noon.Add(time.Hour)
	w := New(noon, []Scope{NewScope("prod", []store.Document{doc}, store.Lease{}, nil)})
	if !w.Now.Equal(doc.Saved) {
		t.Errorf("now is %s, want %s", w.Now, doc.Saved)
	}
}

func TestFind(t *testing.T) {
	w := testWorld(t)
	for _, c := range []struct {
		find func(string) (Found, error)
		ref  string
		want string // text of what is found, or of the error
	}{
		{w.FindCluster, "j-2", "etl (j-2 in scope prod)"},
		{w.FindCluster, "etl", "etl (j-2 in scope prod)"},
		{w.FindCluster, "", `no cluster "" in the store`},
		{w.FindCluster, "j-77", "`emrguard status` lists"},
		{w.FindGroup, "ig-22", "etl/task+r1-7 (ig-22 on j-2 in scope prod)"},
		{w.FindGroup, "task+r1-7", "ig-22"},
		{w.FindGroup, "etl/task", "ig-21 on j-2"},
		{w.FindGroup, "j-2/ig-21", "ig-21 on j-2"},
		{w.FindGroup, "etl/task+r1-7", "ig-22"},
		{w.FindGroup, "core", "ig-31"},
		{w.FindGroup, "task", "\"task\" names 4 groups; name one by its id, or as CLUSTER/GROUP:\n  etl/task (ig-21 on j-2 in scope prod)\n"},
		{w.FindGroup, "nosuch/task", "`emrguard groups` lists"},
		{w.FindPool, "reports/task", "ig-33"},
		{w.FindPool, "ig-22", "`emrguard pools` lists"},
		{w.FindPool, "master", "no pool"},
		{w.FindPool, "main", "queries/task (ig-71 on j-7 in scope prod)"},
		{w.FindPool, "queries/main", "ig-71"},
		{w.FindGroup, "j-7/main", "ig-71"},
		{w.FindPool, "queries/spot", "pool queries/spot: its group could not be made: invalid: Spot is not offered for m5.xlarge; tried again at 13:30 (in 1h30m)"},
		{w.FindPool, "queries/", "no pool"},
	} {
		f, err := c.find(c.ref)
		got := f.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%q: %s; want %s", c.ref, got, c.want)
		}
	}
}

func TestFindClusterByAnAmbiguousName(t *testing.T) {
	a, b := stuckCluster(t), stuckCluster(t)
	b.Cluster.ID = "j-7"
	w := New(noon, []Scope{NewScope("prod", []store.Document{document(t, a), document(t, b)}, store.Lease{}, nil)})
	_, err := w.FindCluster("etl")
	ambiguous := (*AmbiguousError)(nil)
	if !errors.As(err, &ambiguous) || len(ambiguous.Matches) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Span(45 * time.Second), "45s"}, {Span(36*time.Minute + 40*time.Second), "36m"}, {Span(65 * time.Minute), "1h05m"}, {Span(2 * time.Hour), "2h"}, {Span(51 * time.Hour), "2d3h"}, {Span(7*24*time.Hour + time.Minute), "7d"}, {Span(-1), "0s"},
		{Since(ago(36*time.Minute), noon), "11:24 (36m)"}, {Since(ago(26*time.Hour), noon), "2026-01-04 10:00 (1d2h)"}, {Since(time.Time{}, noon), "-"},
		{Until(noon.Add(84*time.Minute), noon), "13:24 (in 1h24m)"}, {Until(ago(time.Minute), noon), "11:59 (over)"}, {Until(time.Time{}, noon), "-"},
		{Word("group.read"), "seen"}, {Word("pool.outside_grow"), "seen"}, {Word("pool.rest"), "decided"}, {Word("recovery.open"), "decided"},
		{Word("recovery.completed"), "done"}, {Word("call.stop"), "called"}, {Word("answer.stop"), "answered"}, {Word("order.ban"), "asked"},
		{Word("scaling.suspended"), "decided"}, {Word("cluster.withheld"), "decided"}, {Word("cluster.ended"), "seen"}, {Word("odd"), "seen"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// The JSON names are an interface: snake_case, each explained.
func TestFieldsAreExplained(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for _, v := range []any{Status{}, Pools{}, Groups{}, Bans{}, Recoveries{}, History{}, Explanation{}, Report{}, Policies{}} {
		fields := Fields(v)
		if len(fields) == 0 {
			t.Errorf("%T has no fields", v)
		}
		for _, f := range fields {
			last := strings.TrimSuffix(f.Name[strings.LastIndex(f.Name, ".")+1:], "[]")
			if f.Doc == "" || !snake.MatchString(last) || f.Type == "" {
				t.Errorf("%T: %+v", v, f)
			}
		}
		var shown map[string]any
		if err := json.Unmarshal([]byte(asJSON(t, v)), &shown); err != nil {
			t.Fatal(err)
		}
		for name := range shown {
			known := false
			for _, f := range fields {
				known = known || f.Name == name
			}
			if !known {
				t.Errorf("%s: %s is not in the list of fields", reflect.TypeOf(v), name)
			}
		}
	}
}

// TestMissingSince: since when a pool has been short is told over all attempts, and the present attempt apart from it.
func TestMissingSince(t *testing.T) {
	since := func(at time.Duration) ledger.Entry {
		return ledger.Entry{Since: ago(at), Count: 3, Cause: ledger.Change, By: ledger.ByCall}
	}
	for name, c := range map[string]struct {
		fallback       []ledger.Entry
		running        int
		short          time.Duration
		missing, again string
	}{
		"whole":                        {nil, 3, 0, "healthy", ""},
		"the third attempt":            {[]ledger.Entry{since(34 * time.Minute)}, 0, 4*time.Hour + 30*time.Minute, "resizing: 3 missing since 07:30 (4h30m), the present attempt since 11:26 (34m)", "11:26"},
		"the first attempt":            {[]ledger.Entry{since(34 * time.Minute)}, 0, 34*time.Minute + 20*time.Second, "resizing: 3 missing since 11:25 (34m)", ""},
		"between two attempts":         {nil, 3, 2 * time.Hour, "3 missing since 10:00 (2h)", ""},
		"stored before it was written": {[]ledger.Entry{since(34 * time.Minute)}, 0, 0, "resizing: 3 missing since 11:26 (34m)", ""},
	} {
		wanted, asked := 9, 3
		if name == "between two attempts" {
			wanted = 12
		}
		p := pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: wanted, Members: []pool.Member{member("ig-21", 6), member("ig-22", asked)}}
		if c.short > 0 {
			p.Short.Since = ago(c.short)
		}
		s := cluster("j-2", "etl", []guard.Group{group("ig-21", "task", emr.Task, 6, 6), group("ig-22", "task2", emr.Task, asked, c.running, c.fallback...)}, p)
		status := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: s}}}}).Status().Scopes[0].Clusters[0]
		if notes := status.Notes(noon); notes[0] != c.missing {
			t.Errorf("%s: %q, want %q", name, notes[0], c.missing)
		}
		if again := map[bool]string{false: status.AttemptSince.UTC().Format("15:04")}[status.AttemptSince.IsZero()]; again != c.again {
			t.Errorf("%s: attempt %q, want %q", name, again, c.again)
		}
	}
}
