package ledger

import (
	"slices"
	"time"
)

// oldest is the head of a queue.
func oldest(q []Entry) (Entry, bool) {
	if len(q) == 0 {
		return Entry{}, false
	}
	return q[0], true
}

// count is the number of instances in a queue.
func count(q []Entry) int {
	n := 0
	for _, e := range q {
		n += e.Count
	}
	return n
}

// push adds e in the order of its date, behind entries of the same date. It works in place: q must be the caller's own.
func push(q []Entry, e Entry) []Entry {
	if e.Count <= 0 {
		return q
	}
	i := len(q)
	for i > 0 && e.Since.Before(q[i-1].Since) {
		i--
	}
	if i > 0 {
		if p := &q[i-1]; p.Since.Equal(e.Since) && p.Cause == e.Cause && p.By == e.By && p.Slack == e.Slack {
			p.Count += e.Count
			return q
		}
	}
	return bounded(slices.Insert(q, i, e))
}

// bounded merges the two neighbours that are closest in time when q holds more than maxEntries. The merged entry takes
// the later date, so that nothing is called stuck before its time, and Change wins over the other causes, so that an
// unfinished change is not forgotten. The oldest entry is left out: its clock never restarts by this.
func bounded(q []Entry) []Entry {
	if len(q) <= maxEntries {
		return q
	}
	at := 2
	for i := 3; i < len(q); i++ {
		if q[i].Since.Sub(q[i-1].Since) < q[at].Since.Sub(q[at-1].Since) {
			at = i
		}
	}
	q[at].Count += q[at-1].Count
	if q[at-1].Cause == Change {
		q[at].Cause = Change
	}
	return slices.Delete(q, at-1, at)
}

// popOldest takes n instances from the head, as many as there are. In place.
func popOldest(q []Entry, n int) []Entry {
	for n > 0 && len(q) > 0 {
		if q[0].Count > n {
			q[0].Count -= n
			return q
		}
		n -= q[0].Count
		q = q[1:]
	}
	return q
}

// popNewest takes n instances from the tail, as many as there are. In place.
func popNewest(q []Entry, n int) []Entry {
	for n > 0 && len(q) > 0 {
		e := &q[len(q)-1]
		if e.Count > n {
			e.Count -= n
			return q
		}
		n -= e.Count
		q = q[:len(q)-1]
	}
	return q
}

// flow is what one read does to a queue, in instances. On the way in, asked and lost are what the counts of the group
// rose and fell by; on the way out, what of that went through the queue.
type flow struct{ asked, served, lost, undone int }

// turn is the effect of f on the queue q, which becomes need long. opposite is the length of the opposite queue before:
// losses, then what is newly asked for, use that up first. asked and lost date what is pushed. Losses are pushed before
// what is undone pops the newest, so that nodes taken away together with the demand for them leave the older entries
// alone. But where what is undone may have ended the whole queue, what was lost counts as lost afterwards: which came
// first no read tells, and nothing is called older than it may be.
func turn(q []Entry, need, opposite int, asked, lost Entry, f flow) ([]Entry, flow) {
	q = slices.Clone(q)
	lost.Count = max(0, f.lost-opposite)
	asked.Count = max(0, f.asked-max(0, opposite-f.lost))
	q = push(q, asked)
	have := count(q)
	q = popOldest(q, f.served)
	f.served = have - count(q)
	have = count(q)
	if f.undone < have {
		q = popNewest(push(q, lost), f.undone)
	} else {
		lost.Count = max(0, lost.Count-(f.undone-have)) // the others were lost without being missed
		q, f.undone = push(nil, lost), have
	}
	f.asked, f.lost = asked.Count, lost.Count
	// The queue is need long now, unless it did not fit the read before, as in a document that was edited by hand.
	q = popNewest(q, count(q)-need)
	lost.Count = need - count(q)
	q = push(q, lost)
	if len(q) == 0 {
		return nil, f
	}
	return q, f
}

// clamp returns q with no date after t.
func clamp(q []Entry, t time.Time) []Entry {
	q = slices.Clone(q)
	for i := range q {
		if q[i].Since.After(t) {
			q[i].Since = t
		}
	}
	return q
}
