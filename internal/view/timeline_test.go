package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/store"
)

// TestATimelineInAFewWords holds that the words for a picture stay few, however much happened.
func TestATimelineInAFewWords(t *testing.T) {
	line := Timeline{Now: noon}
	for i := range 5000 {
		line.Marks = append(line.Marks, Mark{At: ago(time.Duration(6000-i) * time.Second), Kind: MarkArrived, Text: "1 arrived"})
	}
	line.Marks = append(line.Marks, Mark{At: ago(time.Minute), Kind: MarkStuck}, Mark{At: noon.Add(time.Hour), Kind: MarkDue, Text: strings.Repeat("it is stopped ", 100)})
	said := line.Sentence()
	if len(said) > 250 || !strings.HasPrefix(said, "arrived 5000 times from 10:20 to 11:43; stuck 11:59; due 13:00 (in 1h): it is stopped") {
		t.Errorf("%q", said)
	}
}

func TestTimeline(t *testing.T) {
	w := New(noon, nil)
	rec := func(before time.Duration, kind, group, data string) store.Record {
		return store.Record{ID: kind, Kind: kind, At: ago(before), Group: group, Reason: "of " + group, Data: json.RawMessage(data)}
	}
	read := func(before time.Duration, delta string) store.Record {
		return rec(before, "group.read", "ig-1", `{"delta":`+delta+`}`)
	}
	ban := func(before time.Duration, group string) store.Record {
		return rec(before, "ban.set", group, `{"until":"2026-01-05T14:00:00Z"}`)
	}
	due := func(in time.Duration) Next { return Next{At: noon.Add(in), Text: "it is stopped"} }
	for _, c := range []struct {
		name     string
		story    []store.Record
		due      []Next
		marks    []string // kind, and minutes before noon
		bands    []string // whose, and when it ends
		from, to time.Duration
	}{
		{name: "nothing happened", due: []Next{due(time.Minute)}},
		{name: "a record without a mark", story: []store.Record{rec(time.Hour, "pool.wanted", "ig-1", "{}")}, due: []Next{due(time.Minute)}},
		{name: "asked when the ledger says, not when it was seen", story: []store.Record{read(10*time.Minute, `{"asked":3,"since":"2026-01-05T11:40:00Z"}`)},
			marks: []string{"asked 20m0s"}, from: -20 * time.Minute},
		{name: "one read shows several things", story: []store.Record{read(10*time.Minute, `{"asked":3,"arrived":2,"lost":1,"since":"2026-01-05T11:40:00Z"}`)},
			marks: []string{"asked 20m0s", "arrived 10m0s", "lost 10m0s"}, from: -20 * time.Minute},
		{name: "data that cannot be read", story: []store.Record{read(10*time.Minute, `7`), rec(10*time.Minute, "ban.set", "ig-1", `7`)}},
		{name: "what ended ends the axis", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "call.stop", "ig-1", "{}"),
			rec(45*time.Minute, "call.launch", "ig-2", "{}"), rec(30*time.Minute, "recovery.completed", "ig-1", "{}")},
			marks: []string{"stuck 1h0m0s", "stop 50m0s", "launch 45m0s", "done 30m0s"}, from: -time.Hour, to: -30 * time.Minute},
		{name: "what began after the end of another goes on", story: []store.Record{rec(60*time.Minute, "recovery.completed", "ig-1", "{}"), rec(10*time.Minute, "recovery.open", "ig-1", "{}")},
			marks: []string{"done 1h0m0s", "stuck 10m0s"}, from: -time.Hour},
		{name: "what is due lengthens the axis", story: []store.Record{rec(10*time.Minute, "recovery.open", "ig-1", "{}")}, due: []Next{due(20 * time.Minute), due(-time.Minute), {Text: "some time"}},
			marks: []string{"stuck 10m0s", "due -20m0s"}, from: -10 * time.Minute, to: 20 * time.Minute},
		{name: "what is due in a long time does not", story: []store.Record{rec(10*time.Minute, "recovery.open", "ig-1", "{}")}, due: []Next{due(21 * time.Minute)},
			marks: []string{"stuck 10m0s"}, from: -10 * time.Minute},
		{name: "a ban that is lifted ends, another group's goes on", story: []store.Record{rec(30*time.Minute, "recovery.open", "ig-1", "{}"), ban(20*time.Minute, "ig-1"), ban(20*time.Minute, "ig-2"),
			rec(5*time.Minute, "order.unban", "ig-1", "{}")},
			marks: []string{"stuck 30m0s"}, bands: []string{"banned until 14:00 UTC: no launches go there 11:55", "banned until 14:00 UTC: no launches go there 14:00"}, from: -30 * time.Minute},
		{name: "what failed is not done, and what AWS refused is told", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", `{"kind":"stuck"}`), rec(50*time.Minute, "call.add", "ig-1", "{}"),
			rec(49*time.Minute, "answer.add", "ig-1", `{"error":{"class":"invalid","message":"no such type"}}`), rec(48*time.Minute, "answer.launch", "ig-1", `{"error":null}`), rec(30*time.Minute, "recovery.chained", "ig-1", "{}"),
			rec(20*time.Minute, "recovery.rested", "ig-1", "{}"), rec(10*time.Minute, "recovery.overtaken", "ig-1", "{}")},
			marks: []string{"stuck 1h0m0s", "launch 50m0s", "refused 49m0s", "failed 30m0s", "failed 20m0s", "ended 10m0s"}, from: -time.Hour},
		{name: "a return begins, and nothing is stuck", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", `{"kind":"return"}`), rec(30*time.Minute, "recovery.completed", "ig-1", "{}")},
			marks: []string{"began 1h0m0s", "done 30m0s"}, from: -time.Hour, to: -30 * time.Minute},
		{name: "a rest has a bar until it is over", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "pool.rest", "ig-1", "{}"), rec(20*time.Minute, "pool.rested", "ig-1", "{}"),
			rec(10*time.Minute, "pool.rest", "ig-1", "{}")},
			marks: []string{"stuck 1h0m0s"}, bands: []string{"the pool of ig-1 11:40", "the pool of ig-1 12:00"}, from: -time.Hour},
		{name: "a ban that lapses is told", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "order.ban", "ig-1", `{"order":{"for":1200000000000}}`)},
			marks: []string{"stuck 1h0m0s", "over 30m0s"}, bands: []string{"banned by hand: of ig-1 11:30"}, from: -time.Hour},
		{name: "the end of a ban is told once, as of when it was", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "order.ban", "ig-1", `{"order":{"for":1200000000000}}`),
			rec(10*time.Minute, "ban.over", "ig-1", `{"until":"2026-01-05T11:30:00Z"}`)},
			marks: []string{"stuck 1h0m0s", "over 30m0s"}, bands: []string{"banned by hand: of ig-1 11:30"}, from: -time.Hour},
		{name: "the end of a ban of which nothing else is known", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(10*time.Minute, "ban.over", "ig-1", `7`)},
			marks: []string{"stuck 1h0m0s", "over 10m0s"}, from: -time.Hour},
		{name: "the end of one ban is not that of the next", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "order.ban", "ig-1", `{"order":{"for":600000000000}}`),
			rec(35*time.Minute, "ban.over", "ig-1", `{"until":"2026-01-05T11:20:00Z"}`), rec(30*time.Minute, "order.ban", "ig-1", `{"order":{"for":600000000000}}`)},
			marks: []string{"stuck 1h0m0s", "over 40m0s", "over 20m0s"}, bands: []string{"banned by hand: of ig-1 11:20", "banned by hand: of ig-1 11:40"}, from: -time.Hour},
		{name: "after what is done, the end of a ban goes on with nothing", story: []store.Record{rec(60*time.Minute, "recovery.open", "ig-1", "{}"), rec(50*time.Minute, "order.ban", "ig-1", `{"order":{"for":1200000000000}}`),
			rec(45*time.Minute, "recovery.completed", "ig-1", "{}"), rec(28*time.Minute, "ban.over", "ig-1", `{"until":"2026-01-05T11:30:00Z"}`)},
			marks: []string{"stuck 1h0m0s", "done 45m0s", "over 30m0s"}, bands: []string{"banned by hand: of ig-1 11:30"}, from: -time.Hour, to: -30 * time.Minute},
		{name: "a ban by hand", story: []store.Record{rec(30*time.Minute, "recovery.open", "ig-1", "{}"), rec(20*time.Minute, "order.ban", "ig-1", `{"order":{"for":3600000000000}}`)},
			marks: []string{"stuck 30m0s"}, bands: []string{"banned by hand: of ig-1 12:40"}, from: -30 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := w.Timeline("task", c.story, c.due)
			var marks, bands []string
			for _, m := range line.Marks {
				marks = append(marks, m.Kind+" "+noon.Sub(m.At).String())
			}
			for i, b := range line.Bands {
				bands = append(bands, b.Text+" "+b.To.Format("15:04"))
				if b.From.After(b.To) {
					t.Errorf("band %d ends before it begins", i)
				}
			}
			if diff := cmp.Diff(c.marks, marks); diff != "" {
				t.Errorf("marks:\n%s", diff)
			}
			if diff := cmp.Diff(c.bands, bands); diff != "" {
				t.Errorf("bands:\n%s", diff)
			}
			if len(c.marks) == 0 {
				return
			}
			if !line.From.Equal(noon.Add(c.from)) || !line.To.Equal(noon.Add(c.to)) {
				t.Errorf("the axis goes from %s to %s", line.From, line.To)
			}
			if line.Place(line.From.Add(-time.Hour)) != 0 || line.Place(line.To.Add(time.Hour)) != 1 || line.Sentence() == "" {
				t.Errorf("what is beyond the axis does not lie at its ends, or it has no words")
			}
		})
	}
}

// TestAsGoodAsTheReads: a time between two reads is told with how far it may be off, one that is known without.
func TestAsGoodAsTheReads(t *testing.T) {
	for by, want := range map[string]float64{"read": 30, "call": 0, "event": 0} {
		line := New(noon, nil).Timeline("task", []store.Record{{Kind: "group.read", At: ago(time.Hour), Data: json.RawMessage(`{"delta":{"asked":3,"since":"2026-01-05T10:59:30Z","by":"` + by + `"}}`)}}, nil)
		if len(line.Marks) != 1 || line.Marks[0].Slack != want {
			t.Errorf("by %s: %+v", by, line.Marks)
		}
	}
}
