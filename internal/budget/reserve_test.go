package budget

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"
)

const add = emr.AddInstanceGroups // at the default share: 0.1 a second, 2.5 at once, one at the start

func TestR4ReservationsAreCounted(t *testing.T) {
	b := New(Options{}, epoch)
	n := 0
	for b.Reserve(add, fmt.Sprint("r", n), epoch, 5*time.Minute) {
		n++
	}
	if n != 31 {
		t.Errorf("%d promises in five minutes, want the token there is and the 30 that come", n)
	}
	if !b.Reserve(add, "r0", epoch, 0) {
		t.Error("a second Reserve of the same id failed")
	}
	if !b.Reserved(add, "r30") || b.Reserved(add, "r31") || b.Reserved(emr.ModifyInstanceGroups, "r0") || b.Reserved("none", "r0") {
		t.Error("Reserved tells something else than Reserve")
	}
	if b.Take(add, epoch) {
		t.Error("Take took a promised token")
	}
	if !b.TakeReserved(add, "r7", epoch) || b.TakeReserved(add, "r7", epoch) {
		t.Error("the token in the bucket is for the first holder that asks, once")
	}
	if b.TakeReserved(add, "r8", after(9)) || !b.TakeReserved(add, "r8", after(10)) {
		t.Error("the next holder gets the next token")
	}
	if s := b.State(add, after(10)); s.Reserved != 29 {
		t.Errorf("%d still promised", s.Reserved)
	}
}

func TestReleaseFreesEveryPromiseOfAnID(t *testing.T) {
	b := New(Options{}, epoch)
	b.Reserve(add, "r", epoch, 0)
	b.Reserve(emr.ModifyInstanceGroups, "r", epoch, 0)
	if b.Take(add, epoch) || b.Take(emr.ModifyInstanceGroups, epoch) {
		t.Error("a promised token was taken")
	}
	b.Release("r")
	b.Release("r")
	if !b.Take(add, epoch) || !b.Take(emr.ModifyInstanceGroups, epoch) {
		t.Error("a released token was not free")
	}
	if b.TakeReserved(add, "r", after(100)) {
		t.Error("a released promise was kept")
	}
}

func TestTakeUsesWhatComesBackInTime(t *testing.T) {
	b := New(Options{}, epoch)
	b.Reserve(add, "r", epoch, 10*time.Second)
	if !b.Take(add, epoch) {
		t.Error("the token that comes in ten seconds is enough for the promise")
	}
	if b.Reserve(add, "s", after(1), 10*time.Second) {
		t.Error("two promises on one token")
	}
	if b.Take(add, after(11)) || !b.TakeReserved(add, "r", after(11)) {
		t.Error("the promised token went elsewhere")
	}
}

func TestReadyAtCountsPromises(t *testing.T) {
	b := New(Options{}, epoch)
	b.Reserve(add, "r", epoch, 5*time.Second)
	if at := b.ReadyAt(add, epoch); !at.Equal(after(10)) || b.Ready(add, after(10).Add(-1)) || !b.Ready(add, after(10)) {
		t.Errorf("with one token promised the next free one is at %v", at.Sub(epoch))
	}
	b.Reserve(add, "s", epoch, time.Minute)
	b.Reserve(add, "u", epoch, time.Minute)
	if at := b.ReadyAt(add, after(100)); !at.IsZero() {
		t.Errorf("three promises and room for 2.5 tokens: free at %v", at)
	}
	if at := b.ReservedAt(add, epoch); !at.Equal(epoch) {
		t.Errorf("a promised token is there at %v", at)
	}
}

func TestAClockThatStepsBackKeepsPromises(t *testing.T) {
	b := New(Options{}, epoch)
	b.Reserve(add, "r", epoch, 20*time.Second)
	b.Reserve(add, "s", epoch, 20*time.Second)
	b.Reserve(add, "u", epoch, 20*time.Second)
	back := epoch.Add(-time.Hour)
	if b.Reserve(add, "v", back, 20*time.Second) {
		t.Error("the step back made room")
	}
	for i, id := range []string{"r", "s", "u"} {
		if !b.TakeReserved(add, id, back.Add(time.Duration(i)*10*time.Second)) {
			t.Errorf("%s waits", id)
		}
	}
}
