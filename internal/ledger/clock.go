package ledger

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// still says whether the clock stands still now: the newest read shows RECONFIGURING.
func (l Ledger) still() bool { return l.Last.State == emr.GroupReconfiguring && len(l.Spans) > 0 }

func (l Ledger) age(q []Entry, now time.Time) time.Duration {
	if len(q) == 0 {
		return 0
	}
	since := q[0].Since
	age := now.Sub(since)
	for i, s := range l.Spans {
		to := s.To
		if i == len(l.Spans)-1 && l.still() {
			to = later(to, now)
		}
		if d := earlier(to, now).Sub(later(s.From, since)); d > 0 {
			age -= d
		}
	}
	return max(0, age)
}

func (l Ledger) deadline(q []Entry, after time.Duration) (time.Time, bool) {
	if len(q) == 0 {
		return time.Time{}, false
	}
	at := q[0].Since.Add(after)
	for i, s := range l.Spans {
		if !s.From.Before(at) {
			break
		}
		if i == len(l.Spans)-1 && l.still() {
			return time.Time{}, false
		}
		if d := s.To.Sub(later(s.From, q[0].Since)); d > 0 {
			at = at.Add(d)
		}
	}
	return at, true
}

// reconfigured notes what the step from the read before to l.Last says about RECONFIGURING. A border between two reads
// is put in the middle, like every date.
func (l *Ledger) reconfigured(before Read) {
	was, is := before.State == emr.GroupReconfiguring, l.Last.State == emr.GroupReconfiguring
	if !was && !is {
		l.forgetSpans()
		return
	}
	l.Spans = slices.Clone(l.Spans)
	switch n := len(l.Spans); {
	case was && n > 0 && is:
		l.Spans[n-1].To = l.Last.Ended
	case was && n > 0:
		l.Spans[n-1].To = later(l.Spans[n-1].From, middle(before.Began, l.Last.Ended))
	case is && before.Began.IsZero():
		l.Spans = append(l.Spans, Span{From: l.Last.Ended, To: l.Last.Ended})
	case is:
		from := middle(before.Began, l.Last.Ended)
		if n > 0 {
			from = later(from, l.Spans[n-1].To) // reads overlap
		}
		l.Spans = append(l.Spans, Span{From: from, To: l.Last.Ended})
	}
	if len(l.Spans) > maxSpans {
		l.foldSpan()
	}
	l.forgetSpans()
}

// foldSpan turns the oldest span into a shift of the dates before its end. Ages stay what they were.
func (l *Ledger) foldSpan() {
	s := l.Spans[0]
	l.Spans = l.Spans[1:]
	fold := func(q []Entry) []Entry {
		q = slices.Clone(q)
		for i, e := range q {
			if d := s.To.Sub(later(s.From, e.Since)); d > 0 {
				q[i].Since = e.Since.Add(d)
			}
		}
		return q
	}
	l.Entries, l.Surplus = fold(l.Entries), fold(l.Surplus)
}

// forgetSpans drops the spans that no entry reaches back to. The open one stays.
func (l *Ledger) forgetSpans() {
	for len(l.Spans) > 0 && (len(l.Spans) > 1 || !l.still()) {
		to := l.Spans[0].To
		if len(l.Entries) > 0 && l.Entries[0].Since.Before(to) || len(l.Surplus) > 0 && l.Surplus[0].Since.Before(to) {
			return
		}
		l.Spans = l.Spans[1:]
	}
	if len(l.Spans) == 0 {
		l.Spans = nil
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// middle is the moment half way between a and b.
func middle(a, b time.Time) time.Time { return a.Add(b.Sub(a) / 2) }
