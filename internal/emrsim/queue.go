package emrsim

import (
	"container/heap"
	"time"
)

// queue holds what is going to happen, ordered by time, then by the order in which it was queued.
type queue struct {
	events []event
	seq    uint64
}

type event struct {
	at  time.Time
	seq uint64
	run func()
}

func (q *queue) Len() int { return len(q.events) }
func (q *queue) Less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.seq < b.seq
}
func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }
func (q *queue) Push(x any)    { q.events = append(q.events, x.(event)) }
func (q *queue) Pop() any {
	last := len(q.events) - 1
	e := q.events[last]
	q.events[last] = event{} // let go of the closure
	q.events = q.events[:last]
	return e
}

// after queues run for a time d from now; a negative d counts as 0.
func (s *Sim) after(d time.Duration, run func()) { s.at(s.now.Add(max(0, d)), run) }

// at queues run for t; a t in the past counts as now.
func (s *Sim) at(t time.Time, run func()) {
	if t.Before(s.now) {
		t = s.now
	}
	s.queue.seq++
	heap.Push(&s.queue, event{at: t, seq: s.queue.seq, run: run})
}

// drain runs every event up to and including t. Events may queue more, also for the same time.
func (s *Sim) drain(t time.Time) {
	for len(s.queue.events) > 0 && !s.queue.events[0].at.After(t) {
		e := heap.Pop(&s.queue).(event)
		if e.at.After(s.now) {
			s.now = e.at
		}
		e.run()
	}
}
