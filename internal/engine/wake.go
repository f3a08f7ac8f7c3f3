package engine

import (
	"cmp"
	"container/heap"
	"context"
	"strings"
	"time"

	"emrguard/internal/guard"
)

// wake decides for the clusters whose time has come.
func (s *scope) wake(ctx context.Context, now Now) {
	at := s.now(now)
	for len(s.wakes) > 0 && !s.wakes[0].wake.After(at) {
		c := s.wakes[0]
		c.sleep(time.Time{})
		c.decide(ctx, now, guard.Input{}, nil)
	}
}

// wakeHeap orders clusters by their next wake, then id.
type wakeHeap []*cluster

func (h wakeHeap) Len() int { return len(h) }

func (h wakeHeap) Less(i, j int) bool {
	return cmp.Or(h[i].wake.Compare(h[j].wake), strings.Compare(string(h[i].id), string(h[j].id))) < 0
}

func (h wakeHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

// Push implements heap.Interface.
func (h *wakeHeap) Push(x any) {
	c := x.(*cluster)
	c.heapAt = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *wakeHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	c.heapAt = -1
	return c
}

// sleep sets when the cluster is to be decided for again; the zero time: not by time.
func (c *cluster) sleep(until time.Time) {
	c.wake = until
	switch {
	case until.IsZero() && c.heapAt >= 0:
		heap.Remove(&c.s.wakes, c.heapAt)
	case until.IsZero():
	case c.heapAt >= 0:
		heap.Fix(&c.s.wakes, c.heapAt)
	default:
		heap.Push(&c.s.wakes, c)
	}
}
