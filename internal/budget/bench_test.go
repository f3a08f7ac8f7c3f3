package budget

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"
)

func BenchmarkTake(b *testing.B) {
	g := New(Options{}, epoch)
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		g.Take(list, now)
	}
}

// 10,000 clusters wait to be swept and 100 deadlines are to come; one read goes out and is wanted again each time.
func BenchmarkQueue10000(b *testing.B) {
	q := NewQueue(New(Options{}, epoch))
	const clusters = 10000
	for i := range clusters {
		q.Set(want(fmt.Sprint("j-", i), Sweep, float64(i)/100))
	}
	for i := range 100 {
		q.Set(want(fmt.Sprint("d-", i), Deadline, float64(i*20)))
	}
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		now, _ = q.NextAt(now)
		w, ok := q.Next(now)
		if !ok {
			b.Fatal("nothing to send")
		}
		w.Due = w.Due.Add(5 * time.Hour)
		q.Set(w)
	}
}

// The same queue asked when there is nothing to send, as a run loop does on every wake-up.
func BenchmarkQueueIdle(b *testing.B) {
	q := NewQueue(New(Options{}, epoch))
	for i := range 10000 {
		q.Set(want(fmt.Sprint("j-", i), Sweep, float64(1000+i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := q.Next(epoch); ok {
			b.Fatal("something to send")
		}
		q.NextAt(epoch)
	}
}

// Thirty placements hold a promise while tokens are asked for.
func BenchmarkTakeWithReservations(b *testing.B) {
	g := New(Options{}, epoch)
	for i := range 30 {
		g.Reserve(emr.AddInstanceGroups, fmt.Sprint(i), epoch, 5*time.Minute)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Ready(emr.AddInstanceGroups, epoch)
	}
}
