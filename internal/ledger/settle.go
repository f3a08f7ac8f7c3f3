package ledger

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// Date gives the shortfall found at first sight its dates: the creation times of the group's instances that are not
// running yet (ListInstances), the oldest for the longest missing. No entry becomes younger by it, entries that are dated
// otherwise stay, and where EMR lists fewer instances than are missing the rest keeps the time of first sight.
func (l Ledger) Date(created []time.Time) Ledger {
	if !l.Undated {
		return l
	}
	l.Undated = false
	created = slices.Clone(created)
	slices.SortFunc(created, time.Time.Compare)
	if extra := len(created) - l.Missing(); extra > 0 {
		created = created[extra:]
	}
	var q []Entry
	for _, e := range l.Entries {
		for e.By == BySight && e.Count > 0 && len(created) > 0 && created[0].Before(e.Since) {
			q = push(q, Entry{Since: created[0].Round(0).UTC(), Count: 1, Cause: e.Cause, By: ByInstance})
			created = created[1:]
			e.Count--
		}
		q = push(q, e)
	}
	l.Entries = q
	return l
}

// Redate takes an event into account that arrived after the read it explains: entries that only reads have dated, and
// that may have started at that time, start there. Entries of first sight become older by it, never younger.
func (l Ledger) Redate(at time.Time) Ledger {
	at = at.Round(0).UTC()
	redate := func(old []Entry) []Entry {
		var q []Entry
		for _, e := range old {
			if e.By == ByRead && at.Sub(e.Since).Abs() <= e.Slack || e.By == BySight && at.Before(e.Since) {
				e.Since, e.By, e.Slack = at, ByEvent, 0
			}
			q = push(q, e)
		}
		return q
	}
	l.Entries, l.Surplus = redate(l.Entries), redate(l.Surplus)
	l.Undated = l.Undated && slices.ContainsFunc(l.Entries, func(e Entry) bool { return e.By == BySight })
	return l
}

// SettleReport is what ListInstances added to the reads.
type SettleReport struct {
	Hidden int       `json:"hidden"`          // instances that arrived unseen, because as many were lost between the same reads
	Ahead  int       `json:"ahead"`           // instances that run according to the list and that the group's running count does not show yet
	Before time.Time `json:"before,omitzero"` // date of the oldest entry before
	After  time.Time `json:"after,omitzero"`  // and after; zero when nothing is missing
}

// Settle takes ListInstances of the group into account before a stop (rule R1). In a group that loses and gains instances
// all the time, the reads see the difference only, and the oldest entry looks older than any missing instance is. Instances
// that became ready after the oldest entry, other than those the reads saw arrive, pop it; as many losses are pushed. The sum
// stays what the newest read says, and no entry becomes older than the oldest may have been. The list must have begun after
// the newest read: what happened before that is settled afterwards and not looked at again. A read may have shown fewer than
// ran: an arrival that the reads saw after it hides none that the list shows.
//
// The list has no instances that ended (emr.Present), so the losses are dated by the newest read, the latest they can be, and
// an instance that came and went within the time hides nothing. With those that ended both would be exact; but EMR keeps them for
// thirty days, which makes up to 2,000 of one group, 40 pages, and at half of EMR's rate a page takes four seconds: the lists of one
// group that churns would hold up the recoveries of the whole scope for minutes.
func (l Ledger) Settle(instances []emr.Instance) (Ledger, SettleReport) {
	head, ok := l.Oldest()
	if !ok {
		return l, SettleReport{}
	}
	from, to := l.unsettled(head), l.Last.Ended
	var running, fresh int
	var ready []time.Time
	for _, i := range instances {
		if i.Ready.IsZero() {
			continue
		}
		if i.Ready.After(from) && !i.Ready.After(to) {
			ready = append(ready, i.Ready)
		}
		if i.State == emr.InstanceRunning {
			running++
			if i.Ready.After(to) {
				fresh++
			}
		}
	}
	slices.SortFunc(ready, time.Time.Compare)
	report := SettleReport{Ahead: max(0, running-l.Last.Running), Before: head.Since, After: head.Since}
	report.Hidden = max(0, unseen(ready, l.Arrivals, from)-max(0, report.Ahead-fresh))
	l.Settled = to
	if report.Hidden == 0 {
		return l, report
	}
	q := push(slices.Clone(l.Entries), Entry{Since: to, Count: report.Hidden, Cause: Loss, By: ByInstance})
	newest, begun := ready[len(ready)-1], 0
	for _, e := range l.Entries {
		if e.Cause == Change && e.Since.Add(e.Slack).After(newest) {
			begun += e.Count
		}
	}
	l.Entries = change(popOldest(q, report.Hidden), begun)
	report.After = l.Entries[0].Since
	return l, report
}

// change lets n of what is missing at least be missing by a change: it may have begun after all that arrived, so none of them is sure to have completed it.
func change(q []Entry, n int) []Entry {
	for _, e := range q {
		if e.Cause == Change {
			n -= e.Count
		}
	}
	var out []Entry
	for _, e := range q {
		if k := min(max(0, n), e.Count); e.Cause != Change && k > 0 {
			begun := e
			begun.Count, begun.Cause = k, Change
			out = push(out, begun)
			n, e.Count = n-k, e.Count-k
		}
		out = push(out, e)
	}
	return out
}

// unsettled is the moment from which arrivals have to be accounted for: the earliest the oldest entry may have begun, taken
// back to the read before where the arrivals seen on either side of it cannot be told apart. What was there at first
// sight, and what ListInstances was asked about before, is left out.
func (l Ledger) unsettled(head Entry) time.Time {
	from := head.Since.Add(-head.Slack)
	for _, m := range l.Arrivals {
		if m.From.Before(from) && m.At.After(from) {
			from = m.From
			break
		}
	}
	return later(later(from, l.First), l.Settled)
}

// unseen is how many of the instances that became ready after from (sorted) the reads did not see arrive. What a read saw arrive was ready by then, as
// far as AWS's dates and ours agree.
func unseen(ready []time.Time, arrivals []Mark, from time.Time) int {
	by, seen := 0, 0
	for _, m := range arrivals {
		if !m.At.After(from) {
			continue
		}
		for by < len(ready) && !ready[by].After(m.At.Add(imprecise)) {
			by++
		}
		seen = min(by, seen+m.Count)
	}
	return len(ready) - seen
}
