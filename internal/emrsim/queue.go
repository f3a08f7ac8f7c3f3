package emrsim

import "time"

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

func (q *queue) before(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	if c := a.at.Compare(b.at); c != 0 {
		return c < 0
	}
	return a.seq < b.seq
}

// push adds an event. It is container/heap's algorithm without its boxing of every element.
func (q *queue) push(e event) {
	q.events = append(q.events, e)
	for i := len(q.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.before(i, parent) {
			break
		}
		q.events[i], q.events[parent] = q.events[parent], q.events[i]
		i = parent
	}
}

// pop removes the first event; there must be one.
func (q *queue) pop() event {
	first, last := q.events[0], len(q.events)-1
	q.events[0] = q.events[last]
	q.events[last] = event{} // let go of the closure
	q.events = q.events[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.before(child, least) {
				least = child
			}
		}
		if least == i {
			return first
		}
		q.events[i], q.events[least] = q.events[least], q.events[i]
		i = least
	}
}

// after queues run for a time d from now; a negative d counts as 0.
func (s *Sim) after(d time.Duration, run func()) { s.at(s.now.Add(max(0, d)), run) }

// at queues run for t; a t in the past counts as now.
func (s *Sim) at(t time.Time, run func()) {
	if t.Before(s.now) {
		t = s.now
	}
	s.queue.seq++
	s.queue.push(event{at: t, seq: s.queue.seq, run: run})
}

// drain runs every event up to and including t. Events may queue more, also for the same time.
func (s *Sim) drain(t time.Time) {
	for len(s.queue.events) > 0 && !s.queue.events[0].at.After(t) {
		e := s.queue.pop()
		if e.at.After(s.now) {
			s.now = e.at
		}
		e.run()
	}
}
