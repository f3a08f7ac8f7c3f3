package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

// truth is a group that gains and loses instances at known times, with the shortfall as an all-seeing clock has it.
type truth struct {
	requested int
	running   []emr.Instance
	made      int
	fleeting  bool        // one that came after the beginning was lost: no list shows its arrival any more
	missing   []time.Time // oldest first
}

func (w *truth) arrive(at time.Time) {
	w.made++
	w.running = append(w.running, emr.Instance{ID: emr.InstanceID(fmt.Sprint("ci-", w.made)), EC2: "i", State: emr.InstanceRunning, Ready: at})
	if len(w.missing) > 0 {
		w.missing = w.missing[1:]
	}
}

func (w *truth) lose(which int, at time.Time) {
	w.fleeting = w.fleeting || w.running[which].Ready.After(began)
	w.running = slices.Delete(w.running, which, which+1)
	w.missing = append(w.missing, at)
}

// began is when the groups of the tests are read first.
var began = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// R1: in a group that loses and gains instances between reads, the ledger alone errs towards too old. Settled by ListInstances before a stop it makes
// no instance older than it is, as long as the list shows what arrived.
func TestR1SettleMakesNothingTooOld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := began
		w := truth{}
		for range rapid.IntRange(0, 6).Draw(t, "running at first") {
			w.arrive(at)
		}
		w.requested = len(w.running)
		var l Ledger
		call := time.Time{}
		widest, late := time.Duration(0), 0 // the longest time between two reads; the losses that a list dated late
		read := func() {
			if l.Seen() {
				widest = max(widest, at.Sub(l.Last.Ended))
			}
			l, _ = l.Observe(emr.Group{Requested: w.requested, Running: len(w.running), State: emr.GroupResizing}, at, at, Dating{Call: call})
		}
		read()
		at = at.Add(time.Minute)
		call = at
		for range rapid.IntRange(1, 6).Draw(t, "asked for") {
			w.requested++
			w.missing = append(w.missing, at)
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "gap")) * time.Second)
			switch what := rapid.SampledFrom([]string{"arrive", "lose", "read", "settle"}).Draw(t, "what"); {
			case what == "arrive" && len(w.missing) > 0:
				w.arrive(at)
			case what == "lose" && len(w.running) > 0:
				w.lose(rapid.IntRange(0, len(w.running)-1).Draw(t, "which"), at)
			case what == "read":
				read()
			case what == "settle":
				read()
				var report SettleReport
				l, report = l.Settle(w.running)
				late += report.Hidden
			}
		}
		read()
		// Where a change and a loss fall between the same two reads, their order is unknown: half of that time either way.
		settled, report := l.Settle(w.running)
		if before, ok := l.Oldest(); ok && late == 0 && before.Since.After(w.missing[0].Add(widest/2)) {
			t.Fatalf("before settling the oldest is %v, truly %v: too young", before, w.missing[0])
		}
		i := 0
		for _, e := range settled.Entries {
			for range e.Count {
				if w.missing[i].Sub(e.Since) > widest/2 && !w.fleeting {
					t.Fatalf("after settling instance %d is missing since %v, truly since %v (%+v)\n%+v\n%+v\n%v",
						i, e.Since, w.missing[i], report, l, settled.Entries, w)
				}
				i++
			}
		}
		if again, _ := settled.Settle(w.running); again.Missing() != settled.Missing() || !slices.Equal(again.Entries, settled.Entries) {
			t.Fatalf("settling twice changes %+v to %+v", settled.Entries, again.Entries)
		}
	})
}
