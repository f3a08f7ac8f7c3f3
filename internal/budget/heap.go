package budget

import (
	"container/heap"
	"slices"
	"strings"
	"time"
)

// item is a Want with its place in its line.
type item struct {
	Want
	place int
}

// before is the order inside a class: the earlier due, then the smaller key.
func before(a, b Want) bool {
	if c := a.Due.Compare(b.Due); c != 0 {
		return c < 0
	}
	return strings.Compare(a.Key, b.Key) < 0
}

// line is a heap of the wants of one operation and class; its first item goes first.
type line []*item

func (l line) Len() int           { return len(l) }
func (l line) Less(i, j int) bool { return before(l[i].Want, l[j].Want) }
func (l line) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i, j
}

// Push is for container/heap.
func (l *line) Push(x any) {
	it := x.(*item)
	it.place = len(*l)
	*l = append(*l, it)
}

// Pop is for container/heap.
func (l *line) Pop() any {
	last := len(*l) - 1
	it := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return it
}

func (l *line) add(it *item)    { heap.Push(l, it) }
func (l *line) remove(it *item) { heap.Remove(l, it.place) }

// first appends the due times of the first n items, in order and none later than the horizon, to out. It looks at no
// more than 2n+1 items: the children of what it has taken.
func (l line) first(n int, horizon time.Time, out []time.Time) []time.Time {
	var room [2*mostHeld + 1]int
	open := room[:0]
	if len(l) > 0 {
		open = append(open, 0)
	}
	for ; n > 0 && len(open) > 0; n-- {
		best := 0
		for i := range open {
			if l.Less(open[i], open[best]) {
				best = i
			}
		}
		place := open[best]
		if l[place].Due.After(horizon) {
			break
		}
		out = append(out, l[place].Due)
		open = slices.Delete(open, best, best+1)
		for child := 2*place + 1; child <= 2*place+2 && child < len(l); child++ {
			open = append(open, child)
		}
	}
	return out
}
