package budget

import (
	"testing"
	"time"

	"emrguard/internal/emr"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// drain takes every token and returns how many there were.
func drain(b *Budget, op emr.Op, now time.Time) int {
	n := 0
	for b.Take(op, now) {
		n++
	}
	return n
}

func TestPublishedCoversEveryOperation(t *testing.T) {
	sum := 0.0
	for _, op := range emr.Ops {
		r := Published(op)
		if r.Burst < 1 || r.PerSecond <= 0 {
			t.Errorf("%s: no rate", op)
		}
		if op.EMR() {
			sum += r.PerSecond
		}
	}
	if sum > 5 {
		t.Errorf("EMR's operations refill at %v a second: the account-wide bucket of an old account refills at 5", sum)
	}
	if Published("RunJobFlow") != (Rate{}) {
		t.Error("an operation that is not used has a rate")
	}
}

func TestStartsWithOneTokenAndFillsToItsShare(t *testing.T) {
	for _, tt := range []struct {
		op    emr.Op
		share float64
		full  int
		next  float64 // seconds from the first token to the second
	}{
		{emr.ListInstanceGroups, 0, 5, 2},
		{emr.ListInstanceGroups, 1, 10, 1},
		{emr.ListInstanceGroups, 7, 10, 1},
		{emr.AddInstanceGroups, 0.5, 2, 10},
		{emr.AddInstanceGroups, 0.1, 1, 50},
		{emr.AddInstanceGroups, -1, 1, 500},
	} {
		b := New(Options{Share: tt.share}, epoch)
		if n := drain(b, tt.op, epoch); n != 1 {
			t.Errorf("%s at %v: starts with %d tokens", tt.op, tt.share, n)
		}
		if at := b.ReadyAt(tt.op, epoch); !at.Equal(after(tt.next)) {
			t.Errorf("%s at %v: next token at %v, want %v", tt.op, tt.share, at.Sub(epoch), tt.next)
		}
		if b.Ready(tt.op, after(tt.next).Add(-1)) || !b.Ready(tt.op, after(tt.next)) {
			t.Errorf("%s at %v: not ready exactly when ReadyAt said", tt.op, tt.share)
		}
		if n := drain(b, tt.op, after(1e5)); n != tt.full {
			t.Errorf("%s at %v: fills to %d tokens, want %d", tt.op, tt.share, n, tt.full)
		}
	}
}

func TestRatesCanBeRaised(t *testing.T) {
	b := New(Options{Share: 1, Rates: map[emr.Op]Rate{emr.ListInstanceGroups: {Burst: 40, PerSecond: 4}}}, epoch)
	if n := drain(b, emr.ListInstanceGroups, after(100)); n != 40 {
		t.Errorf("burst %d, want 40", n)
	}
	if at := b.ReadyAt(emr.ListInstanceGroups, after(100)); !at.Equal(after(100.25)) {
		t.Errorf("next at %v", at.Sub(epoch))
	}
	if n := drain(b, emr.DescribeCluster, after(100)); n != 10 {
		t.Errorf("another operation's burst %d, want 10", n)
	}
}

func TestImpossibleRatesStillLimit(t *testing.T) {
	b := New(Options{Rates: map[emr.Op]Rate{emr.ListClusters: {Burst: -5, PerSecond: 0}, emr.ListInstances: {Burst: 1e300, PerSecond: 1e300}}}, epoch)
	if n := drain(b, emr.ListClusters, after(1e9)); n != 1 {
		t.Errorf("%d tokens", n)
	}
	if n := drain(b, emr.ListInstances, after(1e9)); n != 1000 {
		t.Errorf("%d tokens", n)
	}
}

func TestClockJumps(t *testing.T) {
	b := New(Options{}, epoch)
	drain(b, emr.ListInstanceGroups, epoch)
	back := epoch.Add(-time.Hour)
	if b.Take(emr.ListInstanceGroups, back) {
		t.Error("a step back made a token")
	}
	if !b.Take(emr.ListInstanceGroups, back.Add(2*time.Second)) {
		t.Error("a step back stopped the refill")
	}
	if at := b.ReadyAt(emr.ListInstanceGroups, back); !at.Equal(back.Add(2 * time.Second)) {
		t.Errorf("ready at %v", at.Sub(back))
	}
	if n := drain(b, emr.ListInstanceGroups, epoch.AddDate(200, 0, 0)); n != 5 {
		t.Errorf("a leap of two centuries made %d tokens, want the burst", n)
	}
}

func TestASetClockEarnsNothing(t *testing.T) {
	const op = emr.ListInstanceGroups // 0.5 a second
	for _, by := range []time.Duration{-time.Hour, -30 * time.Second, 30 * time.Second, 12 * time.Minute} {
		b := New(Options{}, epoch)
		drain(b, op, epoch)
		b.Reserve(op, "j-1", epoch, time.Minute)
		b.ClockSet(after(1), after(1).Add(by))
		if s := b.State(op, after(1).Add(by)); s.Tokens != 0.5 || s.Reserved != 1 {
			t.Errorf("a second passed and the clock was set by %s: %+v", by, s)
		}
		if at := b.ReservedAt(op, after(1).Add(by)); !at.Equal(after(2).Add(by)) {
			t.Errorf("set by %s: the promised token comes at %s", by, at.Sub(epoch))
		}
	}
}

func TestThrottledHalvesForAMinute(t *testing.T) {
	const op = emr.ListInstanceGroups // 0.5 a second, 5 at once
	b := New(Options{}, epoch)
	b.Throttled(op, after(20))
	if s := b.State(op, after(20)); s.Tokens != 0 || s.PerSecond != 0.25 || !s.Slowed {
		t.Errorf("just throttled: %+v", s)
	}
	if at := b.ReadyAt(op, after(20)); !at.Equal(after(24)) {
		t.Errorf("first token after %v, want 4s", at.Sub(after(20)))
	}
	b.Throttled(op, after(21)) // of a call that was on its way
	if s := b.State(op, after(21)); s.PerSecond != 0.25 {
		t.Errorf("a late refusal of the same moment halved again: %+v", s)
	}
	if s := b.State(op, after(80)); s.PerSecond != 0.25 || s.Tokens != 2.5 {
		t.Errorf("just before the minute is over: %+v", s)
	}
	if s := b.State(op, after(83)); s.PerSecond != 0.5 || s.Slowed || s.Tokens != 3.5 {
		t.Errorf("a minute after the last refusal: %+v", s)
	}
}

func TestThrottledHasAFloor(t *testing.T) {
	const op = emr.ModifyInstanceGroups // 0.25 a second
	b := New(Options{}, epoch)
	now := epoch
	for range 6 {
		now = b.ReadyAt(op, now)
		if !b.Take(op, now) {
			t.Fatalf("no token at %v", now.Sub(epoch))
		}
		b.Throttled(op, now)
	}
	if s := b.State(op, now); s.PerSecond != 0.25/8 {
		t.Errorf("rate %v, want an eighth", s.PerSecond)
	}
	for i, want := range []float64{0.25 / 8, 0.25 / 4, 0.25 / 2, 0.25} {
		if s := b.State(op, now.Add(time.Duration(i)*time.Minute)); s.PerSecond != want {
			t.Errorf("%d minutes later the rate is %v, want %v", i, s.PerSecond, want)
		}
	}
}

func TestTwoOperationsThrottledSlowTheAccount(t *testing.T) {
	b := New(Options{}, epoch)
	b.Throttled(emr.ListInstances, after(100))
	if s := b.State(emr.ListInstanceGroups, after(101)); s.Slowed {
		t.Error("one operation's refusal slowed another")
	}
	b.Throttled(emr.DescribeCluster, after(105))
	for _, op := range emr.Ops {
		s := b.State(op, after(105))
		if slowed := s.Slowed && s.Tokens <= 1; slowed != op.EMR() {
			t.Errorf("%s: %+v", op, s)
		}
	}
	b = New(Options{}, epoch)
	b.Throttled(emr.ListInstances, after(100))
	b.Throttled(emr.DescribeCluster, after(111))
	if s := b.State(emr.ListInstanceGroups, after(111)); s.Slowed {
		t.Error("refusals eleven seconds apart were laid to the account")
	}
}

// CloudWatch is another service: what it refuses says nothing of EMR's account-wide bucket, and the other way round.
func TestCloudWatchThrottledSlowsItselfOnly(t *testing.T) {
	b := New(Options{}, epoch)
	b.Throttled(emr.GetMetricData, after(100))
	b.Throttled(emr.DescribeCluster, after(101))
	b.Throttled(emr.GetMetricData, after(102))
	for _, op := range emr.Ops {
		if s := b.State(op, after(103)); s.Slowed != (op == emr.GetMetricData || op == emr.DescribeCluster) {
			t.Errorf("%s: %+v", op, s)
		}
	}
}

func TestUnknownOperationPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(Options{}, epoch).Take("RunJobFlow", epoch)
}

func TestChangeKeepsTokensPromisesAndHalvings(t *testing.T) {
	b := New(Options{Share: 1}, epoch)
	b.Reserve(list, "r", epoch, 0)
	b.Throttled(emr.ListInstances, after(100))
	b.Change(Options{Share: 0.4, Rates: map[emr.Op]Rate{add: {Burst: 50, PerSecond: 5}}}, after(100))
	if s := b.State(list, after(100)); s != (State{Tokens: 4, PerSecond: 0.4, Reserved: 1}) {
		t.Errorf("a smaller bucket: %+v", s)
	}
	if s := b.State(add, after(100)); s != (State{Tokens: 5, PerSecond: 2}) {
		t.Errorf("a larger bucket: %+v", s)
	}
	if s := b.State(emr.ListInstances, after(100)); s != (State{PerSecond: 0.1, Slowed: true}) {
		t.Errorf("a throttled bucket: %+v", s)
	}
}
