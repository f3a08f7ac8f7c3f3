package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/emr"
)

// TestTranscripts plays testdata/transcripts, which read like rules R1, R3 and R4: what is seen, and what the ledger says then.
// Times are of one day, 15:04 or 15:04:05. After an intended change: go test ./internal/ledger -run Transcripts -rewrite,
// and review the difference. Commands:
//
//	read 10:00 requested=9 running=6 state=RESIZING [took=2s] [call=9:59] [event=9:59]    one usable read
//	date 9:30 9:31               creation times of the instances that are not running yet
//	redate 10:04                 an event that came late
//	settle                       ListInstances, one instance a line: "running ready=10:10" or "starting created=10:05"
//	at 10:30 [after=30m]         ages and deadlines at a time
//	highest since=10:00          running counts
//	state                        the clocks that hang on the state
//	restart                      through the stored form and back
//	check requested=9 running=6  a ledger whose last read is edited by hand
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		var l Ledger
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			next, out := command(t, l, d)
			l = next
			return out
		})
	})
}

func command(t *testing.T, l Ledger, d *datadriven.TestData) (Ledger, string) {
	t.Helper()
	switch d.Cmd {
	case "read":
		var delta Delta
		began := clock(t, d.CmdArgs[0].Key)
		l, delta = l.Observe(emr.Group{Requested: number(t, d, "requested"), Running: number(t, d, "running"), State: emr.GroupState(text(d, "state"))},
			began, began.Add(span(t, d, "took")), Dating{Call: optional(t, d, "call"), Event: optional(t, d, "event")})
		return l, describe(delta) + show(l)
	case "date":
		var created []time.Time
		for _, a := range d.CmdArgs {
			created = append(created, clock(t, a.Key))
		}
		l = l.Date(created)
		return l, show(l)
	case "redate":
		l = l.Redate(clock(t, d.CmdArgs[0].Key))
		return l, show(l)
	case "settle":
		var report SettleReport
		l, report = l.Settle(list(t, d.Input))
		return l, fmt.Sprintf("hidden arrivals: %d, ahead of the read: %d\n", report.Hidden, report.Ahead) + show(l)
	case "at":
		return l, at(t, l, d)
	case "highest":
		from, to := l.Fell(optional(t, d, "since"))
		return l, fmt.Sprintf("highest %d, now %d\n", from, to)
	case "state":
		return l, fmt.Sprintf("running unmoved since %s, last arrival %s, idle since %s, suspended since %s (%d reads, %s)\n",
			day(l.Moved), day(l.LastArrival), day(l.IdleSince), day(l.SuspendedSince), l.SuspendedReads, l.SuspendedFor())
	case "restart":
		body, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back Ledger
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(l, back) {
			t.Fatalf("the stored form %s changes the ledger", body)
		}
		return back, show(back)
	case "check":
		l.Last.Requested, l.Last.Running = number(t, d, "requested"), number(t, d, "running")
		return l, fmt.Sprintln(l.Check())
	}
	t.Fatalf("unknown command %q", d.Cmd)
	return l, ""
}

func describe(d Delta) string {
	if d.Ignored {
		return "ignored: a newer read is known\n"
	}
	var s []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			s = append(s, fmt.Sprintf(format, args...))
		}
	}
	add(d.First, "first sight")
	add(d.ClockBack, "the clock was set back")
	add(d.RequestedBy != 0, "requested %+d", d.RequestedBy)
	add(d.RunningBy != 0, "running %+d", d.RunningBy)
	add(!d.First && d.From != d.To, "%s -> %s", d.From, d.To)
	add(d.Asked != 0, "asked %d", d.Asked)
	add(d.Arrived != 0, "arrived %d", d.Arrived)
	add(d.Lost != 0, "lost %d", d.Lost)
	add(d.Withdrawn != 0, "withdrawn %d", d.Withdrawn)
	add(d.Quiet(), "quiet")
	return strings.Join(s, ", ") + "\n"
}

func show(l Ledger) string {
	var b strings.Builder
	entries := func(word string, q []Entry) {
		for _, e := range q {
			slack := ""
			if e.Slack > 0 {
				slack = " ± " + e.Slack.String()
			}
			fmt.Fprintf(&b, "  %d %s since %s%s (%s, by %s)\n", e.Count, word, day(e.Since), slack, e.Cause, e.By)
		}
	}
	entries("missing", l.Entries)
	entries("too many", l.Surplus)
	if b.Len() == 0 {
		b.WriteString("  nothing missing\n")
	}
	if l.Undated {
		b.WriteString("  to be dated by ListInstances\n")
	}
	return b.String()
}

func at(t *testing.T, l Ledger, d *datadriven.TestData) string {
	t.Helper()
	now, after := clock(t, d.CmdArgs[0].Key), 30*time.Minute
	if d.HasArg("after") {
		after = span(t, d, "after")
	}
	age, deadline := l.Age(now), l.Deadline
	_, grow := l.Oldest()
	if _, shrink := l.Shrink(); shrink {
		age, deadline = l.ShrinkAge(now), l.ShrinkDeadline
	} else if !grow {
		return "nothing missing\n"
	}
	when, ok := deadline(after)
	due := "no deadline while RECONFIGURING"
	if ok {
		due = "deadline " + day(when)
		if !when.After(now) {
			due += ", passed"
		}
	}
	return fmt.Sprintf("age %s, %s, unfinished change: %v\n", age, due, l.HasChange())
}

func list(t *testing.T, input string) []emr.Instance {
	t.Helper()
	var out []emr.Instance
	for line := range strings.Lines(input) {
		var i emr.Instance
		for n, word := range strings.Fields(line) {
			if n == 0 {
				i.State = map[string]emr.InstanceState{"running": emr.InstanceRunning, "starting": emr.InstanceProvisioning}[word]
				continue
			}
			key, value, _ := strings.Cut(word, "=")
			*map[string]*time.Time{"created": &i.Created, "ready": &i.Ready}[key] = clock(t, value)
		}
		out = append(out, i)
	}
	return out
}

func text(d *datadriven.TestData, key string) string {
	if a, ok := d.Arg(key); ok {
		return a.Vals[0]
	}
	return ""
}

func number(t *testing.T, d *datadriven.TestData, key string) int {
	t.Helper()
	n, err := strconv.Atoi(text(d, key))
	if err != nil {
		t.Fatalf("%s: %v", d.Pos, err)
	}
	return n
}

func span(t *testing.T, d *datadriven.TestData, key string) time.Duration {
	t.Helper()
	if !d.HasArg(key) {
		return 0
	}
	v, err := time.ParseDuration(text(d, key))
	if err != nil {
		t.Fatalf("%s: %v", d.Pos, err)
	}
	return v
}

func optional(t *testing.T, d *datadriven.TestData, key string) time.Time {
	t.Helper()
	if !d.HasArg(key) {
		return time.Time{}
	}
	return clock(t, text(d, key))
}

func clock(t *testing.T, s string) time.Time {
	t.Helper()
	layout := "15:04"
	if strings.Count(s, ":") == 2 {
		layout = time.TimeOnly
	}
	v, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.AddDate(2026, 2, 0)
}

func day(v time.Time) string {
	if v.IsZero() {
		return "never"
	}
	return v.Format("15:04:05")
}
