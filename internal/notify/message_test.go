package notify

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

// TestMessageTexts compares what people read with testdata/messages.txt; -update writes it anew.
func TestMessageTexts(t *testing.T) {
	l := newLab(t)
	at := time.Date(2026, 1, 5, 11, 54, 0, 0, time.UTC)
	row := func(kind, cluster, reason, data string) store.Record {
		r := store.Record{Key: store.Key{Scope: "prod", Cluster: cluster}, ID: "2-7", At: at, Kind: kind, Reason: reason, Data: []byte(data)}
		if cluster != "" {
			r.Group, r.Pool, r.Recovery = "ig-21", "ig-21", "r1-7"
		}
		return r
	}
	var drought []store.Record
	for i := range 12 {
		r := row("recovery.open", fmt.Sprintf("j-%d", i), fmt.Sprintf("6 of 9 run; the oldest missing instance is missing since 11:%02d:00", i+10), `{"kind":"stuck","inputs":{"members":[{"group":"ig-1","requested":2,"running":2},{"group":"ig-21","requested":9,"running":6}]}}`)
		r.At = at.Add(time.Duration(i) * time.Second)
		drought = append(drought, r)
	}
	by := row("order.pause", "", "emrguard changes nothing until it is resumed", `{}`)
	by.Author = "ann@desk"
	var b strings.Builder
	for _, c := range []struct {
		what    string
		missed  int
		records []store.Record
	}{
		{"one stuck group", 0, drought[:1]},
		{"a drought, after an outage of the receiver", 3, append(drought, row("recovery.chained", "j-3", "7 of 9 run after another 30m", `{"kind":"stuck"}`))},
		{"an operation that is no repair", 0, []store.Record{row("recovery.open", "j-1", "scale from 4 to 9", `{"kind":"scale"}`)}},
		{"a recovery that moved instances", 0, []store.Record{row("recovery.completed", "j-1", "all 9 run", `{"kind":"stuck","placed":3}`)}},
		{"a recovery that moved nothing", 0, []store.Record{row("recovery.completed", "j-1", "all 9 run", `{"kind":"stuck","placed":0}`)}},
		{"observed only", 0, []store.Record{row("would.recover", "j-1", "6 of 9 run; would stop task at 6 and place 3 (mode observe)", `{}`)}},
		{"a pause of the scope by hand", 0, []store.Record{by}},
		{"the scope's clock", 0, []store.Record{row("clock.skew", "", "AWS's clock is 90s ahead", `{}`)}},
		{"damaged data", 0, []store.Record{row("recovery.open", "j-1", "6 of 9 run", `{"kind":`)}},
	} {
		found, err := events(t.Context(), l.store, c.records, "")
		if err != nil {
			t.Fatal(err)
		}
		box, s := &box{}, Defaults()
		for _, e := range found {
			box.collect(e, at, &s)
		}
		m := box.Groups[0].message("n-abcdefgh-1", at, c.missed)
		m.compose()
		fmt.Fprintf(&b, "=== %s\n%s\n", c.what, m.Text)
	}
	test := TestMessage("n-test-1", at)
	fmt.Fprintf(&b, "=== a test\n%s", test.Text)
	const file = "testdata/messages.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("the texts changed (-want +got)\n%s", d)
	}
}

// TestCommandsAreComplete: no command has a gap or a placeholder left, and a record without what it needs has none.
func TestCommandsAreComplete(t *testing.T) {
	for _, k := range kinds {
		full := store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: "2-7", Kind: k.name, Group: "ig-1", Pool: "ig-2", Recovery: "r1-7",
			At: time.Date(2026, 1, 5, 11, 54, 0, 0, time.UTC), Data: json.RawMessage(`{"was":4,"lifted":{"until":"2026-01-05T14:00:00Z"}}`)}
		switch c := k.command(full); {
		case k.undo == "" && c != "":
			t.Errorf("%s has the command %q", k.name, c)
		case k.undo != "" && (strings.ContainsAny(c, "{}") || !strings.HasPrefix(c, "emrguard ") || !strings.HasSuffix(c, " --scope prod") && !strings.Contains(c, " prod/j-1/")):
			t.Errorf("%s has the command %q", k.name, c)
		}
		bare := store.Record{Key: store.Key{Scope: "prod"}, Kind: k.name}
		if c := k.command(bare); strings.Contains(c, "  ") || strings.ContainsAny(c, "{}") {
			t.Errorf("%s without ids has the command %q", k.name, c)
		}
	}
}

// TestWaysBackOfOrders holds that the command that takes an order back restores what was before it, and that none is named where that is not known.
func TestWaysBackOfOrders(t *testing.T) {
	at := time.Date(2026, 1, 5, 11, 54, 0, 0, time.UTC)
	for _, c := range []struct{ kind, data, want string }{
		{"order.scale", `{"was":4}`, "emrguard scale ig-2 --to 4 --scope prod"},
		{"order.scale", `{"was":0}`, "emrguard scale ig-2 --to 0 --scope prod"},
		{"order.scale", `{}`, ""},
		{"order.scale", `{"was":"many"}`, ""},
		{"order.unban", `{"lifted":{"until":"2026-01-05T13:24:20Z"}}`, "emrguard ban ig-1 --for 90m --scope prod"},
		{"order.unban", `{"lifted":{"until":"2026-01-05T11:54:20Z"}}`, "emrguard ban ig-1 --for 1m --scope prod"},
		{"order.unban", ``, ""},
	} {
		k, ok := classify(store.Record{Kind: c.kind})
		if !ok {
			t.Fatalf("%s is not notified", c.kind)
		}
		if got := k.command(store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, At: at, Kind: c.kind, Group: "ig-1", Pool: "ig-2", Data: json.RawMessage(c.data)}); got != c.want {
			t.Errorf("%s with %s: %q, want %q", c.kind, c.data, got, c.want)
		}
	}
}

func TestPageOf(t *testing.T) {
	for _, c := range []struct {
		site, recovery, want string
	}{
		{"", "r1", ""},
		{"https://guard.example.com", "r1", "https://guard.example.com/recoveries/prod/j-1/r1"},
		{"https://guard.example.com/", "", "https://guard.example.com/explain/d%2F1"},
	} {
		e := Event{What: "it began", Page: pageOf(c.site, store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: "d/1", Recovery: c.recovery})}
		if e.Page != c.want {
			t.Errorf("at %q: %s, want %s", c.site, e.Page, c.want)
		}
		if lines := e.Lines(); (lines[len(lines)-1] == Line{Head: "page", Text: c.want}) != (c.want != "") {
			t.Errorf("at %q it says %v", c.site, lines)
		}
	}
}

// TestWhatTheBeginTellsIsNotToldAgain: a sink that takes the begin of a recovery gets EMR's cause and the chain with it; one that asks for these alone gets them.
func TestWhatTheBeginTellsIsNotToldAgain(t *testing.T) {
	for name, c := range map[string]struct {
		route  Route
		kind   string
		folded bool
	}{
		"all of it":                     {Route{Severity: Info}, "recovery.cause", true},
		"warnings":                      {Route{}, "recovery.chained", true},
		"all kinds of recoveries":       {Route{Kinds: []string{"recovery."}}, "recovery.chained", true},
		"causes alone":                  {Route{Kinds: []string{"recovery.cause"}}, "recovery.cause", false},
		"chains alone":                  {Route{Kinds: []string{"recovery.chained"}}, "recovery.chained", false},
		"what needs a person":           {Route{Severity: Critical, Kinds: []string{"recovery."}}, "recovery.cause", false},
		"what tells something else":     {Route{Severity: Info}, "recovery.completed", false},
		"the begins of other clusters":  {Route{Kinds: []string{"recovery.open"}, Clusters: []string{"web-*"}}, "recovery.cause", false},
		"the begins of this cluster":    {Route{Kinds: []string{"recovery.open"}, Clusters: []string{"etl-*"}}, "recovery.cause", true},
		"the begins of another scope's": {Route{Severity: Info, Scopes: []string{"dev"}}, "recovery.cause", false},
	} {
		c.route.Sinks = []string{"chat"}
		s := to("chat", "other")
		s.Routes = []Route{c.route}
		e := Event{Kind: c.kind, Severity: byName[c.kind].severity, Scope: "prod", Cluster: "j-1", ClusterName: "etl-1"}
		if got := s.folded(&e, "chat"); got != c.folded {
			t.Errorf("%s: %t", name, got)
		}
		if s.folded(&e, "other") {
			t.Errorf("%s: the other sink takes no begins", name)
		}
	}
}

// TestClip: a text is cut between two characters and says so.
func TestClip(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"abcdefgh", "abcdefgh"}, {"abcdefghi", "abcde…"}, {"ab, defghi", "ab, d…"}, {"abcd, ghi", "abcd…"}, {"äöüäöü", "äö…"}} {
		if got := clip(c.text, 8); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
