package budget

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

const list = emr.ListInstanceGroups // at the default share: 0.5 a second, 5 at once, one at the start

func want(key string, c Class, due float64) Want {
	return Want{Key: key, Call: emr.Call{Op: list, Cluster: emr.ClusterID(key)}, Class: c, Due: after(due)}
}

// run asks the queue whenever it wants to be asked until the end, and tells what went out when.
func run(t *testing.T, q *Queue, from, to float64) []string {
	t.Helper()
	var out []string
	for now := after(from); ; {
		for w, ok := q.Next(now); ok; w, ok = q.Next(now) {
			out = append(out, fmt.Sprintf("%s@%g", w.Key, now.Sub(epoch).Seconds()))
		}
		next, ok := q.NextAt(now)
		if !ok || next.After(after(to)) {
			return out
		}
		if !next.After(now) {
			t.Fatalf("NextAt(%v) says %v, and Next has nothing", now.Sub(epoch), next.Sub(epoch))
		}
		now = next
	}
}

func expect(t *testing.T, got []string, want string) {
	t.Helper()
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n got %s\nwant %s", s, want)
	}
}

func TestOrder(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	for _, w := range []Want{
		want("hint", Hint, 0), want("scaling", Scaling, 0), want("sweep-new", Sweep, -1), want("sweep-old", Sweep, -2),
		want("deferred", Deferred, 0), want("b", Deadline, 0), want("a", Deadline, 0), want("recovery", Recovery, 0),
	} {
		q.Set(w)
	}
	// The sweep gets the fifth token: at the fourth it gave way to nothing punctual any more.
	expect(t, run(t, q, 0, 60), "recovery@0 a@2 b@4 sweep-old@6 scaling@8 deferred@10 hint@12 sweep-new@14")
}

func TestADeadlineGoesOutExactlyWhenDue(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	for i := range 1000 {
		q.Set(want(fmt.Sprintf("s%04d", i), Sweep, float64(-1000+i)))
	}
	q.Set(want("deadline", Deadline, 4.5))
	expect(t, run(t, q, 0, 9), "s0000@0 s0001@2 deadline@4.5 s0002@6 s0003@8")
}

func TestTokensAreHeldForDeadlinesThatFallDueTogether(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	for i := range 100 {
		q.Set(want(fmt.Sprintf("s%02d", i), Sweep, -1))
	}
	for _, k := range []string{"a", "b", "c"} {
		q.Set(want(k, Deadline, 11))
	}
	expect(t, run(t, q, 0, 15), "s00@0 s01@2 s02@4 a@11 b@11 c@11 s03@12 s04@14")
}

func TestTheSweepGetsAQuarter(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	for i := range 100 {
		q.Set(want(fmt.Sprintf("s%02d", i), Sweep, -1))
		q.Set(want(fmt.Sprintf("h%02d", i), Hint, -1))
	}
	expect(t, run(t, q, 0, 18), "h00@0 h01@2 h02@4 s00@6 h03@8 h04@10 h05@12 s01@14 h06@16 h07@18")
	q = NewQueue(New(Options{}, epoch))
	for i := range 100 {
		q.Set(want(fmt.Sprintf("s%02d", i), Sweep, -1))
		q.Set(want(fmt.Sprintf("d%02d", i), Deadline, -1))
	}
	expect(t, run(t, q, 0, 28), "d00@0 d01@2 d02@4 d03@6 d04@8 d05@10 s00@12 d06@14 d07@16 d08@18 s01@20 d09@22 d10@24 d11@26 s02@28")
}

func TestOperationsDoNotWaitForEachOther(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	q.Set(want("a", Recovery, 0))
	q.Set(want("b", Recovery, 0))
	q.Set(Want{Key: "tags", Call: emr.Call{Op: emr.DescribeCluster}, Class: Hint, Due: epoch})
	expect(t, run(t, q, 0, 5), "a@0 tags@0 b@2")
}

func TestSetGetRemove(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	q.Set(want("a", Sweep, 100))
	q.Set(want("a", Hint, 50))
	if w, ok := q.Get("a"); !ok || w.Class != Hint || q.Len() != 1 {
		t.Errorf("Set did not replace: %+v, %d wants", w, q.Len())
	}
	if at, ok := q.NextAt(epoch); !ok || !at.Equal(after(50)) {
		t.Errorf("next at %v %v", at, ok)
	}
	if !q.Remove("a") || q.Remove("a") || q.Len() != 0 {
		t.Error("Remove")
	}
	if _, ok := q.Get("a"); ok {
		t.Error("a removed want is still there")
	}
	if _, ok := q.NextAt(epoch); ok {
		t.Error("an empty queue wants to be asked")
	}
	if _, ok := q.Next(epoch); ok {
		t.Error("an empty queue sends")
	}
}

func TestDueTimesFarAway(t *testing.T) {
	q := NewQueue(New(Options{}, epoch))
	q.Set(Want{Key: "never", Call: emr.Call{Op: list}, Class: Deadline, Due: time.Unix(1<<55, 0)})
	q.Set(Want{Key: "always", Call: emr.Call{Op: list}, Class: Sweep})
	q.Set(Want{Key: "also", Call: emr.Call{Op: list}, Class: Deadline})
	expect(t, run(t, q, 0, 100), "also@0 always@2")
	if at, ok := q.NextAt(after(100)); ok {
		t.Errorf("next at %v", at)
	}
}

func TestQueueLeavesPromisedTokens(t *testing.T) {
	b := New(Options{}, epoch)
	q := NewQueue(b)
	b.Reserve(list, "x", epoch, 0)
	q.Set(want("a", Recovery, 0))
	expect(t, run(t, q, 0, 1), "")
	if at, ok := q.NextAt(epoch); !ok || !at.Equal(after(2)) {
		t.Errorf("next at %v", at.Sub(epoch))
	}
	b.Release("x")
	expect(t, run(t, q, 0, 1), "a@0")
}

func TestClassesHaveNames(t *testing.T) {
	var names []string
	for c := range classes + 1 {
		names = append(names, c.String())
	}
	if want := []string{"recovery", "deadline", "scaling", "deferred", "hint", "sweep", "unknown"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if len(order) != int(classes) {
		t.Errorf("order has %d classes", len(order))
	}
}

func TestMisplacedWantPanics(t *testing.T) {
	for _, w := range []Want{{Call: emr.Call{Op: "RunJobFlow"}}, {Call: emr.Call{Op: list}, Class: classes}, {Call: emr.Call{Op: list}, Class: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %+v", w)
				}
			}()
			NewQueue(New(Options{}, time.Time{})).Set(w)
		}()
	}
}
