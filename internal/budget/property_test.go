package budget

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"

	"pgregory.net/rapid"
)

// clock draws times that mostly move on and sometimes jump. passed counts only the steps forward.
type clock struct {
	now    time.Time
	passed time.Duration
}

func (c *clock) move(t *rapid.T) {
	step := time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "step"))
	if rapid.IntRange(0, 9).Draw(t, "jump") == 0 {
		step = time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "by"))
	}
	c.now = c.now.Add(step)
	c.passed += max(0, step)
}

func drawOptions(t *rapid.T) (Options, Rate) {
	o := Options{Share: rapid.Float64Range(0.05, 1).Draw(t, "share")}
	rate := Published(list)
	if rapid.Bool().Draw(t, "raised") {
		rate = Rate{Burst: rapid.Float64Range(1, 50).Draw(t, "burst"), PerSecond: rapid.Float64Range(0.1, 10).Draw(t, "rate")}
		o.Rates = map[emr.Op]Rate{list: rate}
	}
	return o, Rate{Burst: max(1, rate.Burst*o.Share), PerSecond: rate.PerSecond * o.Share}
}

// In any window, whatever the clock, the queue, reservations and refusals do, no more tokens go out than the burst and what the
// time that passed in it refills.
func TestPropertyRateIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, rate := drawOptions(t)
		c := &clock{now: epoch}
		b := New(o, c.now)
		q := NewQueue(b)
		var taken []time.Duration
		for i := range 200 {
			c.move(t)
			id := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "id"))
			switch rapid.IntRange(0, 6).Draw(t, "do") {
			case 0:
				for b.Take(list, c.now) {
					taken = append(taken, c.passed)
				}
			case 1:
				b.Reserve(list, id, c.now, time.Duration(rapid.IntRange(0, 300).Draw(t, "within"))*time.Second)
			case 2:
				if b.TakeReserved(list, id, c.now) {
					taken = append(taken, c.passed)
				}
			case 3:
				b.Release(id)
			case 4:
				b.Throttled(list, c.now)
			case 5:
				q.Set(Want{Key: id, Call: emr.Call{Op: list}, Class: Class(rapid.IntRange(0, int(Sweep)).Draw(t, "class")), Due: c.now})
			case 6:
				if _, ok := q.Next(c.now); ok {
					taken = append(taken, c.passed)
				}
			}
			if s := b.State(list, c.now); s.Tokens < 0 || s.Tokens > rate.Burst+1e-6 {
				t.Fatalf("step %d: %v tokens of %v", i, s.Tokens, rate.Burst)
			}
		}
		// A bucket that begins full and never runs below zero has seen no window with more than burst + rate × time.
		level, last := rate.Burst, time.Duration(0)
		for i, at := range taken {
			level = min(rate.Burst, level+rate.PerSecond*(at-last).Seconds()) - 1
			last = at
			if level < -1e-6 {
				t.Fatalf("token %d at %v is one too many for %+v", i, at, rate)
			}
		}
	})
}

// A Take succeeds exactly from the time on that ReadyAt told, if nothing else happens.
func TestPropertyReadyAtIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, _ := drawOptions(t)
		c := &clock{now: epoch}
		b := New(o, c.now)
		for i := range 50 {
			c.move(t)
			switch rapid.IntRange(0, 2).Draw(t, "do") {
			case 0:
				b.Take(list, c.now)
			case 1:
				b.Throttled(list, c.now)
			case 2:
				b.Reserve(list, fmt.Sprint(i), c.now, time.Duration(rapid.IntRange(0, 60).Draw(t, "within"))*time.Second)
				b.Release(fmt.Sprint(i - rapid.IntRange(1, 5).Draw(t, "ago")))
			}
			at := b.ReadyAt(list, c.now)
			if at.IsZero() {
				if b.Ready(list, c.now.Add(24*time.Hour)) {
					t.Fatal("ready, though ReadyAt said never")
				}
				return
			}
			if b.Ready(list, c.now) != at.Equal(c.now) {
				t.Fatalf("Ready is %v, ReadyAt %v later", b.Ready(list, c.now), at.Sub(c.now))
			}
			if at.After(c.now) && b.Ready(list, at.Add(-1)) {
				t.Fatal("ready before ReadyAt")
			}
			if !b.Ready(list, at) {
				t.Fatal("not ready at ReadyAt")
			}
			c.now = at
		}
	})
}

// Whoever holds a promise waits for its token at most as long as promised from the moment it asks, whatever others take
// (rule R4).
func TestPropertyR4PromisesAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const within = 5 * time.Minute
		b := New(Options{Share: rapid.Float64Range(0.1, 1).Draw(t, "share")}, epoch)
		now := epoch
		holds := map[string]bool{}
		asking := map[string]time.Time{}
		for i := range 300 {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "step")))
			if rapid.Bool().Draw(t, "reserve") {
				id := fmt.Sprint(i)
				if b.Reserve(add, id, now, within) {
					holds[id] = true
				}
			}
			if rapid.Bool().Draw(t, "greedy") {
				drain(b, add, now)
			}
			for j := range i {
				id := fmt.Sprint(j)
				if _, ok := asking[id]; !ok && holds[id] && rapid.IntRange(0, 30).Draw(t, "ask") == 0 {
					asking[id] = now
				}
				since, ok := asking[id]
				if !ok || !holds[id] {
					continue
				}
				if b.TakeReserved(add, id, now) {
					delete(holds, id)
					continue
				}
				if now.Sub(since) > within {
					t.Fatalf("%s waits since %v, %v were promised", id, now.Sub(since), within)
				}
			}
			for id := range holds {
				if !b.Reserved(add, id) {
					t.Fatalf("the promise to %s is gone", id)
				}
			}
		}
	})
}

// A deadline that is known one refill early, and alone within the time the bucket needs to fill, goes out exactly when due; the
// sweep gets its quarter; nothing goes out early, out of its line's order, or never.
func TestPropertyQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := New(Options{}, epoch)
		q := NewQueue(b)
		now := epoch
		nextDeadline := epoch.Add(10 * time.Second)
		others, sweeps, added, sent := 0, 0, 0, 0
		for i := range 60 {
			for j := range rapid.IntRange(0, 6).Draw(t, "arrivals") {
				class := Class(rapid.IntRange(int(Scaling), int(Sweep)).Draw(t, "class"))
				due := now.Add(time.Duration(rapid.IntRange(-20, 20).Draw(t, "due")) * time.Second)
				q.Set(Want{Key: fmt.Sprintf("w%d-%d", i, j), Call: emr.Call{Op: list}, Class: class, Due: due})
				added++
			}
			if nextDeadline.Sub(now) < 30*time.Second && nextDeadline.Sub(now) >= 2*time.Second {
				q.Set(Want{Key: fmt.Sprint("deadline", i), Call: emr.Call{Op: list}, Class: Deadline, Due: nextDeadline})
				nextDeadline = nextDeadline.Add(time.Duration(rapid.IntRange(11, 40).Draw(t, "apart")) * time.Second)
				added++
			}
			end := now.Add(time.Duration(rapid.Int64Range(1, int64(10*time.Second)).Draw(t, "step")))
			for {
				next, ok := q.NextAt(now)
				if !ok || next.After(end) {
					break
				}
				now = next
				var heads [classes]Want
				for c, l := range q.lines[slot(list)] {
					if len(l) > 0 {
						heads[c] = l[0].Want
					}
				}
				sweepDue := heads[Sweep].Key != "" && !heads[Sweep].Due.After(now)
				w, ok := q.Next(now)
				if !ok {
					t.Fatal("NextAt told a time at which Next has nothing")
				}
				sent++
				if w.Due.After(now) {
					t.Fatalf("%+v went out early", w)
				}
				if w != heads[w.Class] {
					t.Fatalf("%+v overtook %+v", w, heads[w.Class])
				}
				if w.Class == Deadline && !w.Due.Equal(now) {
					t.Fatalf("%s went out %v late", w.Key, now.Sub(w.Due))
				}
				switch {
				case w.Class == Sweep:
					sweeps++
				case sweepDue:
					others++
				}
				if n := others + sweeps; 4*sweeps < n-sweepForced {
					t.Fatalf("of %d tokens %d went to the sweep", n, sweeps)
				}
			}
			now = end
		}
		for {
			next, ok := q.NextAt(now)
			if !ok {
				break
			}
			now = next
			if _, ok := q.Next(now); ok {
				sent++
			}
		}
		if sent != added || q.Len() != 0 {
			t.Fatalf("%d of %d wants went out, %d left", sent, added, q.Len())
		}
	})
}
