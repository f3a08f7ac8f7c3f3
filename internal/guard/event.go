package guard

import (
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/recovery"
)

// Heard is what EMR's events said of a group, or of the cluster as a whole (rule R11).
type Heard struct {
	Newest time.Time `json:"newest,omitzero"` // time of the newest event; older ones are dropped
	IDs    []string  `json:"ids,omitempty"`   // of the events of that second, so that duplicates are dropped

	// Of a group: a resize that an event told of and no read has shown yet.
	Started time.Time `json:"started,omitzero"`
	Asked   int       `json:"asked,omitempty"` // the requested count that the event stated

	// Of a group: the requested count that reads showed before the present one, and when the last of those reads began.
	Before   int       `json:"before,omitempty"`
	BeforeAt time.Time `json:"before_at,omitzero"`

	// Of a group: why instances are missing, as the newest event that says so has it, and when EMR last reported insufficient capacity,
	// by an event or by the state change reason. Both hold for the shortfall they fall into; see Group.told.
	Why      recovery.Why `json:"why,omitzero"`
	WhyAt    time.Time    `json:"why_at,omitzero"`
	Capacity time.Time    `json:"capacity,omitzero"`
}

// The bounds of what is taken from events.
const (
	// ahead is how far an event may lie in the future by time that AWS's answers correct.
	ahead = time.Minute
	// shows is how long reads may go on to show the state from before an event: what a read from later than that does not show is over.
	shows = 5 * time.Minute
	// mostIDs bounds the ids that are kept of one second.
	mostIDs = 8
)

// take says whether the event is news, and remembers it: it is not older than the newest, and none that was seen before. The slice is
// replaced, not changed: clones of the state share it.
func (h *Heard) take(e emr.Event) bool {
	switch {
	case e.Time.Before(h.Newest), e.Time.Equal(h.Newest) && slices.Contains(h.IDs, e.ID):
		return false
	case e.Time.After(h.Newest):
		h.Newest, h.IDs = e.Time, []string{e.ID}
	case len(h.IDs) < mostIDs:
		h.IDs = append(slices.Clone(h.IDs), e.ID)
	}
	return true
}

// takeEvent books one of EMR's events. It never changes a count: it dates what a read shows, or is going to show, and books that read.
// What cannot be used is left aside without a trace, except an event from the future, which somebody should know of.
func (d *decider) takeEvent(e emr.Event) {
	if e.Cluster != d.s.Cluster.ID || !d.s.Ended.IsZero() || d.s.Cluster.Collection == emr.Fleets {
		return
	}
	if e.Time.After(d.env.Now.Add(ahead)) {
		d.record("event.dropped", Record{Group: e.Group, Pool: d.poolID(e.Group), Reason: fmt.Sprintf("an event of %s, which is in the future: %s", e.Time.UTC().Format(time.RFC3339), e)})
		return
	}
	if e.Kind == emr.EventClusterState {
		d.clusterEvent(e)
		return
	}
	g := d.s.Group(e.Group)
	switch {
	case d.s.Read.IsZero():
		return // the first read is on its way
	case g == nil:
		d.hint(e, "a group that no read has shown yet")
		return
	case g.State.Ended() || !g.Heard.take(e):
		return
	}
	switch {
	case e.Kind == emr.EventGroupTrouble:
		d.troubleEvent(g, e)
	case e.Starts() && d.env.Trusted:
		d.startEvent(g, e)
	case e.Kind == emr.EventGroupState:
		if e.GroupState != emr.GroupResizing {
			g.Heard.Started, g.Heard.Asked = time.Time{}, 0 // whatever began before is over
		}
		if e.GroupState != g.State || e.Counts == nil || e.Counts.Requested != g.Requested || e.Counts.Running != g.Running {
			d.hint(e, "not what was read last")
		}
	}
}

// hint books a read because an event tells of something that no read has shown. A read that began so long after the event that it must
// show it makes another one needless.
func (d *decider) hint(e emr.Event, why string) {
	if d.s.Read.After(e.Time.Add(shows)) {
		return
	}
	if d.s.Hinted.IsZero() {
		d.s.Hinted = d.env.Now
	}
	d.record("group.event", Record{Group: e.Group, Pool: d.poolID(e.Group), Reason: fmt.Sprintf("EMR's event of %s: %s; %s, so it is read again", stamp(e.Time), e, why)})
}

// startEvent takes the start of a resize. If the last read shows that resize, what only reads have dated of it is dated anew; else a
// read is booked for the time at which it is needed (heardDue), and is dated by the event then. No read is spent before.
func (d *decider) startEvent(g *Group, e emr.Event) {
	if e.Counts.Requested == g.Requested && (g.Ledger.Missing() > 0 || len(g.Ledger.Surplus) > 0) {
		d.redate(g, e)
		return
	}
	h := &g.Heard
	switch {
	case d.s.Read.After(e.Time.Add(shows)):
		return // over before the read, which must have shown it
	case h.Before == e.Counts.Requested && h.BeforeAt.After(e.Time):
		return // reads showed it before they showed another count
	case g.Called.Count != e.Counts.Requested && g.Called.At.After(e.Time):
		return // a call of ours put an end to it
	}
	if goesOn := !h.Started.IsZero() && e.Counts.Running < h.Asked && g.Running < h.Asked; !goesOn {
		h.Started = e.Time // else the instances that the earlier start asked for are still missing: it is their date that counts
	}
	h.Asked = e.Counts.Requested
	d.record("group.event", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: fmt.Sprintf("EMR's event of %s: a resize from %d to %d began; it is dated %s and read by %s",
		stamp(e.Time), e.Counts.Running, e.Counts.Requested, stamp(h.Started), stamp(d.heardDue(g))), Data: map[string]any{"event": e.ID, "counts": e.Counts}})
}

// redate lets an event that arrived after the read date what the read found. What first sight found is dated by ListInstances instead: an
// event from before may be of a resize that ended long ago.
func (d *decider) redate(g *Group, e emr.Event) {
	if slices.ContainsFunc(g.Ledger.Entries, func(x ledger.Entry) bool { return x.By == ledger.BySight }) {
		return
	}
	after := g.Ledger.Redate(e.Time)
	if slices.Equal(after.Entries, g.Ledger.Entries) && slices.Equal(after.Surplus, g.Ledger.Surplus) {
		return
	}
	g.Ledger = after
	d.record("group.dated", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: fmt.Sprintf("its resize began at %s (%s)", stamp(e.Time), ledger.ByEvent),
		Data: map[string]any{"event": e.ID, "shortfall": after.Entries}})
}

// troubleEvent takes EMR's word for why instances are missing.
func (d *decider) troubleEvent(g *Group, e emr.Event) {
	why := recovery.CauseOfCode(e.Code)
	if why.Cause == recovery.Unknown {
		return
	}
	was, short := g.told().Cause, d.settingsOf(g.ID)
	if g.Heard.sinceStart(g.Heard.WhyAt) {
		was = g.Heard.Why.Cause
	}
	g.Heard.Why, g.Heard.WhyAt = why, e.Time
	if why.Cause == recovery.Capacity {
		g.Heard.Capacity = e.Time
	}
	if was == why.Cause {
		return // EMR repeats it while it lasts
	}
	d.record("group.trouble", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: fmt.Sprintf("EMR's event of %s says why instances are missing: %s", stamp(e.Time), why) + d.shortened(g, short)})
}

// reasonRead takes the same from the state change reason of a group that was read. Only the shorter limit needs that it is remembered.
func (d *decider) reasonRead(g *Group, began time.Time) {
	if d.env.Settings.AfterCapacity == 0 {
		return
	}
	why := recovery.CauseOf(g.Group, g.Instances)
	if why.Cause != recovery.Capacity {
		return
	}
	known, short := g.refused(), d.settingsOf(g.ID)
	g.Heard.Capacity = began
	if !known {
		d.record("group.trouble", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: "EMR says why instances are missing: " + why.String() + d.shortened(g, short)})
	}
}

// shortened says that the limit of a group is shorter than it was.
func (d *decider) shortened(g *Group, was recovery.Settings) string {
	if now := d.settingsOf(g.ID); now.After < was.After {
		return fmt.Sprintf("; it is stuck after %s now, not after %s", now.After, was.After)
	}
	return ""
}

// told is the cause that events gave for what the group misses; none once that has arrived, and for what went missing after they were sent.
func (g *Group) told() recovery.Why {
	if !g.during(g.Heard.WhyAt) {
		return recovery.Why{}
	}
	return g.Heard.Why
}

// refused says whether EMR reported insufficient capacity for what the group misses.
func (g *Group) refused() bool { return g.during(g.Heard.Capacity) }

// during says whether a moment falls into the group's shortfall: not before its oldest missing instance may have been asked for.
func (g *Group) during(t time.Time) bool {
	oldest, missing := g.Ledger.Oldest()
	return missing && !t.IsZero() && !t.Before(oldest.Since.Add(-oldest.Slack).Truncate(time.Second))
}

// cause is why the group misses instances, as far as EMR says: by its state change reasons, else by its events.
func (g *Group) cause() recovery.Why {
	if why := recovery.CauseOf(g.Group, g.Instances); why.Cause != recovery.Unknown {
		return why
	}
	return g.told()
}

// heardDue is when the groups are read because of a resize that an event told of; zero when there is none. That is when it would be stuck, or
// earlier by the time for which instances that start count as arriving: from then on lists have to date those (R4), and only a read leads
// to a list.
func (d *decider) heardDue(g *Group) time.Time {
	h, s := g.Heard, d.settingsOf(g.ID)
	switch {
	case h.Started.IsZero():
		return time.Time{}
	case h.Asked < g.Running:
		return h.Started.Add(s.ShrinkAfter)
	case h.sinceStart(h.Capacity):
		s = s.Refused()
	}
	if s.StartingGrace < s.After {
		return h.Started.Add(s.After - s.StartingGrace)
	}
	return h.Started.Add(s.After)
}

// sinceStart says whether a moment falls into the resize that an event told of and no read has shown.
func (h Heard) sinceStart(t time.Time) bool { return !h.Started.IsZero() && !t.Before(h.Started) }

// shown forgets the start that an event told of once a read has shown it, or must have. before is the read before that one.
func (h *Heard) shown(delta ledger.Delta, before ledger.Read, began time.Time) {
	if delta.RequestedBy != 0 {
		h.Before, h.BeforeAt = before.Requested, before.Began
	}
	if delta.RequestedBy != 0 || delta.Asked > 0 || delta.Lost > 0 || began.After(h.Started.Add(shows)) {
		h.Started, h.Asked = time.Time{}, 0
	}
}

// clusterEvent has the cluster described if the event says that it ended or may be changed, or not, and that is not known.
func (d *decider) clusterEvent(e emr.Event) {
	if !d.s.Heard.take(e) || d.s.Described.IsZero() || d.s.Described.After(e.Time.Add(shows)) {
		return
	}
	if was := d.s.Cluster.State; e.ClusterState.Ended() == was.Ended() && e.ClusterState.Modifiable() == was.Modifiable() {
		return
	}
	if d.s.HintedState.IsZero() {
		d.s.HintedState = d.env.Now
	}
	d.record("cluster.event", Record{Reason: fmt.Sprintf("EMR's event of %s: %s; it was %s, so it is described again", stamp(e.Time), e, d.s.Cluster.State)})
}

// planHints asks for the reads that events booked: hints at most once a pace.
func (d *decider) planHints() {
	if !d.s.Hinted.IsZero() {
		d.need(emr.ListInstanceGroups, "", later(d.s.Hinted, d.s.Read.Add(d.env.Settings.Pace)), ClassHint)
	}
	if !d.s.HintedState.IsZero() {
		d.need(emr.DescribeCluster, "", later(d.s.HintedState, d.s.Described.Add(d.env.Settings.Pace)), ClassHint)
	}
}
