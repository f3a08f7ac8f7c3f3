package ledger

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

var states = []emr.GroupState{emr.GroupRunning, emr.GroupResizing, emr.GroupReconfiguring, emr.GroupSuspended, emr.GroupArrested, emr.GroupProvisioning}

// walk draws reads of a group one after another and hands each step to check.
func walk(t *rapid.T, draw func(t *rapid.T, before Ledger) emr.Group, check func(before, after Ledger, g emr.Group, d Delta)) {
	walkFrom(t, 0, draw, check)
}

// walkFrom is walk with gaps between the reads from the given number of seconds, below 0 to go back in time, to 20 minutes.
func walkFrom(t *rapid.T, gap int, draw func(t *rapid.T, before Ledger) emr.Group, check func(before, after Ledger, g emr.Group, d Delta)) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	for range rapid.IntRange(1, 60).Draw(t, "reads") {
		g := draw(t, l)
		now = now.Add(time.Duration(rapid.IntRange(gap, 1200).Draw(t, "gap")) * time.Second)
		ended := now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "took")) * time.Second)
		var dating Dating
		if rapid.IntRange(0, 3).Draw(t, "called") == 0 {
			dating.Call = now.Add(-time.Duration(rapid.IntRange(-30, 7200).Draw(t, "call")) * time.Second)
		}
		if rapid.IntRange(0, 3).Draw(t, "event") == 0 {
			dating.Event = now.Add(-time.Duration(rapid.IntRange(-30, 7200).Draw(t, "event at")) * time.Second)
		}
		before := clone(l)
		after, d := l.Observe(g, now, ended, dating)
		if !reflect.DeepEqual(l, before) {
			t.Fatalf("Observe changed the ledger it was called on:\n%+v\n%+v", before, l)
		}
		check(before, after, g, d)
		l = after
		if rapid.IntRange(0, 4).Draw(t, "settle") == 0 {
			before := clone(l)
			settled, report := l.Settle(instances(t, now))
			if !reflect.DeepEqual(l, before) {
				t.Fatalf("Settle changed the ledger it was called on")
			}
			if head, ok := l.Oldest(); ok && report.After.Before(head.Since.Add(-head.Slack)) {
				t.Fatalf("settling took the oldest entry from %+v to %v", head, report.After)
			}
			l = settled
			sound(t, l)
		}
	}
}

func clone(l Ledger) Ledger {
	l.Entries, l.Surplus, l.Steps = slices.Clone(l.Entries), slices.Clone(l.Surplus), slices.Clone(l.Steps)
	l.Arrivals, l.Spans = slices.Clone(l.Arrivals), slices.Clone(l.Spans)
	return l
}

func anyGroup(t *rapid.T, _ Ledger) emr.Group {
	return emr.Group{
		Requested: rapid.IntRange(0, 12).Draw(t, "requested"), Running: rapid.IntRange(0, 12).Draw(t, "running"),
		State: rapid.SampledFrom(states).Draw(t, "state"),
	}
}

func instances(t *rapid.T, now time.Time) []emr.Instance {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) emr.Instance {
		at := func(name string) time.Time {
			if rapid.Bool().Draw(t, name+" known") {
				return now.Add(-time.Duration(rapid.IntRange(-60, 7200).Draw(t, name)) * time.Second)
			}
			return time.Time{}
		}
		i := emr.Instance{State: emr.InstanceRunning, Created: at("created"), Ready: at("ready")}
		if i.Ready.IsZero() {
			i.State = emr.InstanceBootstrapping
		}
		return i
	}), 0, 12).Draw(t, "instances")
}

func sound(t *rapid.T, l Ledger) {
	t.Helper()
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Concat(l.Entries, l.Surplus) {
		if e.Since.After(l.Last.Ended) {
			t.Fatalf("entry %+v is later than the read that ended %v", e, l.Last.Ended)
		}
	}
}

// R1: the counts sum to max(0, requested - running), the queues are in order, and what a read changed adds up.
func TestR1Sum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, anyGroup, func(before, after Ledger, g emr.Group, d Delta) {
			sound(t, after)
			if after.Missing() != g.Missing() {
				t.Fatalf("ledger says %d missing, the read %d", after.Missing(), g.Missing())
			}
			if got := before.Missing() + d.Asked + d.Lost - d.Arrived - d.Withdrawn; got != after.Missing() {
				t.Fatalf("%d missing and %+v make %d, not %d", before.Missing(), d, got, after.Missing())
			}
			if len(after.Steps) > maxSteps || len(after.Arrivals) > maxMarks || len(after.Spans) > maxSpans || len(after.Entries) > maxEntries {
				t.Fatalf("out of bounds: %+v", after)
			}
		})
	})
}

// R1: while something is missing at every read, only arrivals make the oldest entry younger, and a fall by all that was missing: a
// retarget every few minutes cannot postpone recovery for ever.
func TestR1I1_RetargetStorm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(t *rapid.T, l Ledger) emr.Group {
			running := rapid.IntRange(0, 9).Draw(t, "running")
			if l.Seen() && rapid.Bool().Draw(t, "unmoved") {
				running = l.Last.Running
			}
			return emr.Group{Running: running, Requested: running + rapid.IntRange(1, 9).Draw(t, "missing"), State: emr.GroupResizing}
		}
		walk(t, draw, func(before, after Ledger, g emr.Group, d Delta) {
			old, ok := before.Oldest()
			if now, _ := after.Oldest(); ok && d.RunningBy <= 0 && d.Withdrawn < before.Missing() && now.Since.After(old.Since) {
				t.Fatalf("the oldest entry went from %v to %v without an arrival: %+v", old.Since, now.Since, d)
			}
			if ok && d.Arrived > max(0, d.RunningBy) {
				t.Fatalf("%d arrivals popped entries, running rose by %d", d.Arrived, d.RunningBy)
			}
		})
	})
}

// R1: a fresh request is not blamed for an old one: nothing that this read pushes is dated further back than the lag
// before the last read without it.
func TestR1FreshRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, anyGroup, func(before, after Ledger, _ emr.Group, d Delta) {
			if !before.Seen() || d.Since.IsZero() {
				return
			}
			if d.Since.Before(before.Last.Began.Add(-lag)) {
				t.Fatalf("pushed with date %v, the read before began %v", d.Since, before.Last.Began)
			}
		})
	})
}

// R1, I7: a restart changes nothing.
func TestR1I7_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walk(t, anyGroup, func(_, after Ledger, _ emr.Group, _ Delta) {
			body, err := json.Marshal(after)
			if err != nil {
				t.Fatal(err)
			}
			var back Ledger
			if err := json.Unmarshal(body, &back); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(after, back) {
				t.Fatalf("round trip changed\n%+v\nto\n%+v\nby %s", after, back, body)
			}
		})
	})
}

// R1: the deadline is the moment at which the age reaches the limit, whatever time went by in RECONFIGURING.
func TestR1DeadlineIsAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := time.Duration(rapid.IntRange(1, 7200).Draw(t, "limit")) * time.Second
		walk(t, anyGroup, func(_, after Ledger, _ emr.Group, _ Delta) {
			at, ok := after.Deadline(limit)
			if after.Missing() == 0 || !ok {
				return
			}
			if got := after.Age(at); got != limit {
				t.Fatalf("age at the deadline %v is %v, not %v: %+v", at, got, limit, after)
			}
			if got := after.Age(at.Add(-time.Second)); got >= limit {
				t.Fatalf("age a second before the deadline %v is %v: %+v", at, got, after)
			}
		})
	})
}

// R4: the highest running count is never below what any read of the window showed.
func TestR4I6_Highest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type seen struct {
			ended   time.Time
			running int
		}
		var all []seen
		walk(t, anyGroup, func(_, after Ledger, g emr.Group, _ Delta) {
			all = append(all, seen{after.Last.Ended, g.Running})
			since := after.Last.Ended.Add(-time.Duration(rapid.IntRange(0, 3600).Draw(t, "window")) * time.Second)
			want := g.Running
			for _, s := range all {
				if !s.ended.Before(since) {
					want = max(want, s.running)
				}
			}
			if got := after.Highest(since); got != want {
				t.Fatalf("highest since %v is %d, the reads say %d", since, got, want)
			}
		})
	})
}

// R1, R11: reads that overtake each other and a clock that is set back leave a sound ledger, with no date in its future.
func TestR1BackInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		walkFrom(t, -1200, anyGroup, func(before, after Ledger, g emr.Group, d Delta) {
			sound(t, after)
			if d.Ignored {
				if !reflect.DeepEqual(before, after) {
					t.Fatalf("an ignored read changed\n%+v\nto\n%+v", before, after)
				}
				return
			}
			if after.Missing() != g.Missing() {
				t.Fatalf("ledger says %d missing, the read %d", after.Missing(), g.Missing())
			}
			end := after.Last.Ended
			for _, at := range []time.Time{after.First, after.Moved, after.LastArrival, after.IdleSince, after.SuspendedSince, after.Settled} {
				if at.After(end) {
					t.Fatalf("%v is later than the read that ended %v: %+v", at, end, after)
				}
			}
			for _, s := range after.Spans {
				if s.To.After(end) || s.From.After(s.To) {
					t.Fatalf("span %+v, the read ended %v", s, end)
				}
			}
			for _, s := range after.Steps {
				if s.Until.After(end) {
					t.Fatalf("step %+v, the read ended %v", s, end)
				}
			}
			for _, m := range after.Arrivals {
				if m.At.After(end) {
					t.Fatalf("arrivals %+v, the read ended %v", m, end)
				}
			}
		})
	})
}

// R4: beyond the bound the highest running count errs upward, so that a stop never asks for less than was read.
func TestR4Bounded(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	for i := range 3 * maxSteps {
		l, _ = l.Observe(emr.Group{Requested: 20, Running: 1 + i%7, State: emr.GroupResizing}, at, at, Dating{})
		at = at.Add(10 * time.Second)
		if got := l.Highest(l.First); got != min(7, i+1) {
			t.Fatalf("after %d reads the highest is %d", i+1, got)
		}
	}
	if len(l.Steps) > maxSteps || len(l.Arrivals) > maxMarks {
		t.Errorf("%d steps, %d marks", len(l.Steps), len(l.Arrivals))
	}
}

// R1: however many reads saw arrivals, settling tells them from hidden ones.
func TestR1SettleManyArrivals(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	var list []emr.Instance
	for i := range 3 * maxMarks {
		l, _ = l.Observe(emr.Group{Requested: 200, Running: i, State: emr.GroupResizing}, at, at, Dating{})
		list = append(list, emr.Instance{State: emr.InstanceRunning, Ready: at.Add(10 * time.Second)})
		at = at.Add(20 * time.Second)
	}
	list = list[:len(list)-1]
	settled, report := l.Settle(list)
	if report.Hidden != 0 || !reflect.DeepEqual(settled.Entries, l.Entries) {
		t.Errorf("seen arrivals count as hidden: %+v", report)
	}
	// One more that no read saw, and the loss that hid it.
	list = append(list[1:], emr.Instance{State: emr.InstanceRunning, Ready: l.Last.Ended.Add(-2 * time.Second)})
	settled, report = l.Settle(list)
	newest := settled.Entries[len(settled.Entries)-1]
	if report.Hidden != 1 || newest.Cause != Loss || !newest.Since.Equal(l.Last.Ended) || settled.Check() != nil {
		t.Errorf("hidden %d, newest entry %+v, %v", report.Hidden, newest, settled.Check())
	}
}

// R2: merging entries forgets no unfinished change.
func TestR2MergeKeepsChange(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var q []Entry
	for i := range maxEntries + 1 {
		e := Entry{Since: at.Add(time.Duration(i) * time.Minute), Count: 1, Cause: Loss, By: ByRead}
		if i == 5 {
			e.Cause = Change
			e.Since = e.Since.Add(59 * time.Second) // nearest to the next
		}
		q = push(q, e)
	}
	if len(q) != maxEntries || count(q) != maxEntries+1 || q[5].Cause != Change || q[5].Count != 2 || !q[5].Since.Equal(at.Add(6*time.Minute)) {
		t.Errorf("%d entries, %d instances, the merged one is %+v", len(q), count(q), q[5])
	}
}

// R1: folding the oldest of too many spans of RECONFIGURING into the dates changes no age.
func TestR1FoldKeepsAges(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	for i := range 60 {
		state := emr.GroupResizing
		if i%2 == 1 {
			state = emr.GroupReconfiguring
		}
		l, _ = l.Observe(emr.Group{Requested: 9, Running: 6, State: state}, at, at, Dating{})
		at = at.Add(time.Minute)
	}
	// Reads at 0, 2, 4 … show RESIZING, those between RECONFIGURING: half of the time stands still.
	if got, want := l.Age(l.Last.Ended), 29*time.Minute+30*time.Second; got != want {
		t.Errorf("age %v, want %v", got, want)
	}
	if len(l.Spans) > maxSpans {
		t.Errorf("%d spans are kept", len(l.Spans))
	}
}

// R1: beyond the bound neighbours merge, the sum and the oldest entry stay, and no entry becomes older.
func TestR1Bounded(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	for i := range 3 * maxEntries {
		l, _ = l.Observe(emr.Group{Requested: 1 + i, State: emr.GroupResizing}, at, at, Dating{})
		at = at.Add(time.Minute)
	}
	if err := l.Check(); err != nil {
		t.Error(err)
	}
	if len(l.Entries) != maxEntries {
		t.Errorf("%d entries, want %d", len(l.Entries), maxEntries)
	}
	if head, _ := l.Oldest(); !head.Since.Equal(l.First) || head.Count != 1 {
		t.Errorf("the oldest entry became %+v", head)
	}
	total := 0
	for _, e := range l.Entries {
		total += e.Count
		if latest := l.First.Add(time.Duration(total-1) * time.Minute); e.Since.Before(latest.Add(-30 * time.Second)) {
			t.Errorf("instance %d was asked at %v and is dated %v", total, latest, e.Since)
		}
	}
}

func BenchmarkQuietRead(b *testing.B) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	g := emr.Group{Requested: 9, Running: 6, State: emr.GroupResizing}
	l, _ := Ledger{}.Observe(g, at, at, Dating{})
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Minute)
		l, _ = l.Observe(g, at, at.Add(time.Second), Dating{})
	}
}

func BenchmarkBusyRead(b *testing.B) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		at = at.Add(time.Minute)
		l, _ = l.Observe(emr.Group{Requested: 9 + i%3, Running: 4 + i%4, State: emr.GroupResizing}, at, at.Add(time.Second), Dating{})
	}
}

// FuzzStored: whatever a stored ledger holds, if Check finds nothing wrong it can be used and stays sound.
func FuzzStored(f *testing.F) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l Ledger
	for i, running := range []int{6, 7, 5, 9} {
		l, _ = l.Observe(emr.Group{Requested: 8, Running: running, State: states[i]}, at.Add(time.Duration(i)*time.Minute), at.Add(time.Duration(i)*time.Minute), Dating{})
		body, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, 9, 6, int64(600))
	}
	f.Fuzz(func(t *testing.T, body []byte, requested, running int, seconds int64) {
		var l Ledger
		if json.Unmarshal(body, &l) != nil || l.Check() != nil || max(requested, running) > 5000 || min(requested, running) < 0 {
			return
		}
		now := at.Add(time.Duration(seconds%1e6) * time.Second)
		l.Age(now)
		l.Deadline(30 * time.Minute)
		l = l.Date([]time.Time{now, at}).Redate(now)
		l, _ = l.Settle([]emr.Instance{{State: emr.InstanceRunning, Ready: now}, {State: emr.InstanceRunning, Ready: at}})
		l, _ = l.Observe(emr.Group{Requested: requested, Running: running, State: emr.GroupResizing}, now, now, Dating{Call: at})
		if err := l.Check(); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if got, want := l.Missing(), max(0, l.Last.Requested-l.Last.Running); got != want {
			t.Fatalf("%d missing, want %d", got, want)
		}
	})
}
