package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// takeRead books one ListInstanceGroups. An unusable read changes nothing but the note that it was one (rule R11).
func (d *decider) takeRead(in Read) {
	switch early := d.s.Read.Sub(in.Began); {
	case d.env.SetBack > 0:
		d.setBack(in.Began, d.env.SetBack)
	case d.s.Read.IsZero() || early <= 0:
	case d.env.Unread || early > reordered:
		d.setBack(in.Began, early)
	default:
		return
	}
	d.env.Unread, d.env.SetBack = false, 0
	in.Groups = once(in.Groups)
	if reason := d.unusable(in); reason != "" {
		d.takeUnusable(in.Began, reason)
		return
	}
	if d.s.Unusable != nil {
		d.record("read.usable", Record{Reason: fmt.Sprintf("reads are usable again after %d that were not", d.s.Unusable.Reads)})
		d.s.Unusable = nil
	}
	d.s.Read, d.s.ReadEnded = in.Began, in.Ended
	if !in.Began.Before(d.s.Hinted) {
		d.s.Hinted = time.Time{}
	}
	groups := slices.Clone(in.Groups)
	slices.SortFunc(groups, func(a, b emr.Group) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, g := range groups {
		if d.s.Group(g.ID) == nil {
			d.meet(g, in)
			continue
		}
		d.observe(g, in)
	}
	d.joinMembers()
	for i := range d.s.Pools {
		d.clampMoved(&d.s.Pools[i])
	}
}

// clampMoved bounds what was placed elsewhere by what the pool wants. A scaling operation that has not begun may be undone, so what it takes from
// wanted is no bound yet.
func (d *decider) clampMoved(p *pool.Pool) {
	p.ClampMoved(d.s.View(), d.undoable(p, func(r *recovery.Recovery) bool { return !d.begun(r) }))
}

// undoable is what the open scaling operations of a pool that of says took from wanted.
func (d *decider) undoable(p *pool.Pool, of func(*recovery.Recovery) bool) int {
	sum := 0
	for i := range d.s.Recoveries {
		if r := &d.s.Recoveries[i]; r.Pool == p.Origin && r.Kind == recovery.Scale && of(r) {
			sum += max(0, -r.Delta)
		}
	}
	return sum
}

// reordered is how much earlier than the newest read an overtaken one may have begun. A read from further back means that the
// clock was set back (the ledger draws the same line).
const reordered = 5 * time.Minute

// setBack takes what lies after t back to t: the clock was set back, and what waits for a read from after such a moment would wait
// for as long as it was wrong. What was read before the next change (R4) is read again: nobody knows its age. Bans and rests keep their ends.
func (d *decider) setBack(t time.Time, by time.Duration) {
	d.record("clock.back", Record{Reason: fmt.Sprintf("the clock was set back by %s; waiting times begin again", phrase.Duration(by.Round(time.Second)))})
	back := func(at *time.Time, limit time.Time) {
		if at.After(limit) {
			*at = limit
		}
	}
	for _, at := range []*time.Time{&d.s.Read, &d.s.ReadEnded, &d.s.LastWrite, &d.s.Resumed, &d.s.Hinted, &d.s.HintedState} {
		back(at, t)
	}
	old := t.Add(-recentReads * d.env.Settings.Pace)
	back(&d.s.Described, old)
	back(&d.s.ManagedAt, old)
	for i := range d.s.Scaling {
		d.s.Scaling[i].setBack(back, t)
	}
	if d.s.Terminating != nil {
		d.s.Terminating.setBack(back, t)
	}
	for i := range d.s.Groups {
		d.s.Groups[i].Ledger = d.s.Groups[i].Ledger.SetBack(t)
		back(&d.s.Groups[i].InstancesBegan, old)
		back(&d.s.Groups[i].Granted.Read, t)
		back(&d.s.Groups[i].Called.At, t)
		back(&d.s.Groups[i].Called.Loose, t.Add(recovery.LandsWithin))
	}
	for i := range d.s.Recoveries {
		r := &d.s.Recoveries[i]
		for _, at := range []*time.Time{&r.From, &r.Stopped, &r.Sent, &r.Shown, &r.Unstoppable, &r.Placement.At, &r.Placement.Lost, &r.Placement.Absent} {
			back(at, t)
		}
		back(&r.SettleBy, t.Add(r.Settings.Settle))
		back(&r.NextTry, t.Add(recovery.RetryAfter(r.Tries, r.Settings.Pace)))
	}
	for i := range d.s.Pools {
		for j := range d.s.Pools[i].Members {
			m := &d.s.Pools[i].Members[j]
			back(&m.Seen, t)
			for k := range m.Left {
				back(&m.Left[k].At, t)
			}
		}
	}
}

func (d *decider) unusable(in Read) string {
	if len(in.Groups) == 0 {
		return "the answer lists no groups"
	}
	master := false
	seen := make([]emr.GroupID, 0, len(in.Groups))
	for _, g := range in.Groups {
		master = master || g.Role == emr.Master
		if g.Requested < 0 || g.Running < 0 {
			return fmt.Sprintf("group %s has a negative count", g.ID)
		}
		if slices.Contains(seen, g.ID) {
			return fmt.Sprintf("group %s is listed twice, with different values", g.ID)
		}
		seen = append(seen, g.ID)
	}
	if !master {
		return "the answer lists no MASTER group"
	}
	for _, g := range d.s.Groups {
		if !slices.Contains(seen, g.ID) {
			return fmt.Sprintf("group %s is missing; groups cannot be deleted", g.ID)
		}
	}
	return ""
}

func (d *decider) takeUnusable(began time.Time, reason string) {
	if d.s.Unusable == nil {
		d.s.Unusable = &Unusable{Since: d.env.Now, Reason: reason}
		d.record("read.unusable", Record{Reason: "no decision is made on this read: " + reason})
	} else {
		u := *d.s.Unusable
		d.s.Unusable = &u
	}
	d.s.Unusable.Reads++
	d.s.Unusable.Last, d.s.Unusable.Reason = began, reason
}

// meet takes a group that was not known: an origin makes a pool; one of our own names is adopted or rebuilt (rules R7, R12).
func (d *decider) meet(g emr.Group, in Read) {
	entry := Group{Group: g, Seen: d.env.Now}
	dating := ledger.Dating{}
	_, token, ours := emr.ParseGroupName(g.Name)
	ours = ours && token.Cluster == d.s.Cluster.ID
	var owner *recovery.Recovery
	if ours && (token.Store == d.env.Store || slices.Contains(d.s.Adopted, token.Store)) {
		if owner = d.s.Recovery(token.Recovery); owner != nil && !owner.Placement.At.IsZero() {
			dating.Call = owner.Placement.At
			entry.Called = Called{Count: g.Requested, At: owner.Placement.At, By: owner.ID}
		}
	}
	entry.Ledger, _ = entry.Ledger.Observe(g, in.Began, in.Ended, dating)
	at, _ := slices.BinarySearchFunc(d.s.Groups, g.ID, func(o Group, id emr.GroupID) int { return strings.Compare(string(o.ID), string(id)) })
	d.s.Groups = slices.Insert(d.s.Groups, at, entry)

	switch {
	case g.Role == emr.Master:
	case ours && token.Store != d.env.Store && !slices.Contains(d.s.Adopted, token.Store):
		d.foreign(g, token.Store)
	case emr.IsReserved(g.Name) && !ours && token.Cluster == "":
		d.foreign(g, "of an unknown version")
	case ours:
		d.record("group.ours", Record{Group: g.ID, Pool: token.Origin, Recovery: token.Recovery,
			Reason: fmt.Sprintf("the group carries the token of recovery %s for %s: %d requested, %d running", token.Recovery, token.Origin, g.Requested, g.Running), Data: counts(g)})
		if owner != nil && owner.Placement.Group == "" && owner.Fill == "" && owner.Placement.Name == g.Name {
			why := "a read shows the group before the answer"
			if owner.Placement.Unknown {
				why = "a read shows the group whose answer was missing"
			}
			d.adopt(owner, g.ID, why)
		}
		if p := d.s.PoolOf(g.ID); p != nil { // made by a call of ours that was answered: somebody may have been faster than this read
			d.judge(p, g, in)
		}
	default:
		d.addPool(g)
		d.record("group.seen", Record{Group: g.ID, Pool: g.ID, Reason: fmt.Sprintf("first seen: %s group %q of %s, %s, %d of %d run", g.Role, g.Name, g.InstanceType, g.State, g.Running, g.Requested), Data: counts(g)})
	}
}

// counts is what a read said of a group, for its record.
func counts(g emr.Group) map[string]any {
	data := map[string]any{"role": g.Role, "type": g.InstanceType, "market": g.Market, "requested": g.Requested, "running": g.Running, "state": g.State}
	if !g.Created.IsZero() {
		data["created"] = g.Created
	}
	return data
}

func (d *decider) addPool(g emr.Group) {
	at, found := slices.BinarySearchFunc(d.s.Pools, g.ID, func(p pool.Pool, id emr.GroupID) int { return strings.Compare(string(p.Origin), string(id)) })
	if !found {
		p := pool.New(g)
		p.Name = groupName(g)
		d.s.Pools = slices.Insert(d.s.Pools, at, p)
	}
}

func (d *decider) foreign(g emr.Group, store string) {
	if !slices.Contains(d.s.Foreign, store) {
		d.s.Foreign = append(d.s.Foreign, store)
		slices.Sort(d.s.Foreign)
	}
	d.record("group.foreign", Record{Group: g.ID, Reason: fmt.Sprintf("the group %q was made by another emrguard store", g.Name)})
}

// joinMembers makes every group with our token a member of its origin's pool. That happens when an answer was lost, and to all
// of them when the store was lost: wanted is then what the members ask for, and what the fallbacks hold was moved (rule R10).
func (d *decider) joinMembers() {
	for i := range d.s.Groups {
		g := &d.s.Groups[i]
		_, token, ok := emr.ParseGroupName(g.Name)
		if !ok || token.Cluster != d.s.Cluster.ID || (token.Store != d.env.Store && !slices.Contains(d.s.Adopted, token.Store)) || d.s.PoolOf(g.ID) != nil {
			continue
		}
		p := d.s.Pool(token.Origin)
		if p == nil {
			d.joinMade(g, token)
			continue
		}
		d.join(p, pool.Member{Group: g.ID, Made: g.Created, Recovery: token.Recovery, Expected: []int{g.Requested}}, recovery.ShapeOf(g.Group))
		if slices.Contains(p.Repeated, token.Recovery) {
			d.twin(p, g, token.Recovery)
			continue
		}
		p.Wanted += g.Requested
		p.Member(p.Origin).Moved += g.Requested
		d.record("pool.rebuilt", Record{Group: g.ID, Pool: p.Origin, Recovery: token.Recovery, Reason: fmt.Sprintf(
			"a fallback whose recovery this store does not know: it joins its pool, which wants %d in all", p.Wanted)})
	}
}

// joinMade makes the group of a configured pool, or one whose origin is not a group of this cluster, the origin of a pool. The second group of
// one token joins the first: its call landed late, or again, and what it asks for is released.
func (d *decider) joinMade(g *Group, token emr.Token) {
	for i := range d.s.Pools {
		p := &d.s.Pools[i]
		if origin := d.s.Group(p.Origin); token.Origin == configured && origin != nil && origin.Name == g.Name {
			d.join(p, pool.Member{Group: g.ID, Made: g.Created, Recovery: token.Recovery, Expected: []int{g.Requested}}, recovery.ShapeOf(g.Group))
			d.twin(p, g, token.Recovery)
			return
		}
	}
	d.addPool(g.Group)
}

// twin is the group of an AddInstanceGroups that took effect after it was repeated, or after its recovery was closed: what it asks
// for beyond wanted is released.
func (d *decider) twin(p *pool.Pool, g *Group, id string) {
	if r := d.s.Recovery(id); r != nil && r.Step == recovery.StepPlace && r.Placement.Group == "" && g.Requested > 0 {
		r.Placement = recovery.Placement{Group: g.ID, Name: g.Name, Count: g.Requested, Target: g.Requested, At: d.env.Now}
		r.Placed += g.Requested
	}
	d.record("group.twin", Record{Group: g.ID, Pool: p.Origin, Recovery: id, Reason: fmt.Sprintf(
		"a call whose outcome was not known took effect late: one group more, with %d requested; the pool still wants %d", g.Requested, p.Wanted)})
}

// observe books a read of a known group: its clock, and whose change it shows.
func (d *decider) observe(g emr.Group, in Read) {
	known := d.s.Group(g.ID)
	dating := ledger.Dating{}
	if known.Called.Count == g.Requested && d.begins(g) {
		dating.Call = known.Called.At
	}
	if known.Heard.Asked == g.Requested && d.env.Trusted {
		dating.Event = known.Heard.Started
	}
	var delta ledger.Delta
	was, before, changing := known.State, known.Ledger.Last, known.Ledger.HasChange()
	known.Ledger, delta = known.Ledger.Observe(g, in.Began, in.Ended, dating)
	known.Group = g
	if g.Running <= g.Requested {
		known.Overrun = 0
	}
	if known.Ledger.Missing() == 0 {
		known.Granted = recovery.Grants{}
	}
	known.Heard.shown(delta, before, in.Began)
	d.reasonRead(known, in.Began)
	if known.Reported != g.State || delta.RequestedBy != 0 {
		known.Reported = ""
	}
	if !delta.Quiet() || was != g.State {
		d.record("group.read", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: describeRead(g, was, delta),
			Data: map[string]any{"delta": delta, "requested": g.Requested, "running": g.Running, "state": g.State, "shortfall": known.Ledger.Entries}})
	}
	p := d.s.PoolOf(g.ID)
	if p == nil || g.State.Ended() {
		return
	}
	m := p.Member(g.ID)
	if changing && delta.Arrived > 0 && delta.Withdrawn == 0 && known.Ledger.Missing() == 0 && !m.Banned(d.env.Now) {
		p.Recovered()
	}
	if m.Kept != nil && g.Running < m.Kept.Running {
		m.Kept = nil // EMR ends nodes there again
	}
	if before.Requested != g.Requested {
		m.Leave(before.Requested, in.Began, d.lag())
	}
	if !in.Began.Before(known.Called.At) {
		m.Show(g.Requested, in.Began, d.lag())
	}
	if len(m.Expected) > 1 && !in.Began.Before(later(known.Called.At.Add(d.env.Settings.Settle), known.Called.Loose)) && (d.s.Pending == nil || d.s.Pending.Call.Group != g.ID) {
		if m.Ours(g.Requested) {
			m.Settled(g.Requested)
		} else {
			m.NeverShown(before.Requested)
		}
	}
	d.judge(p, g, in)
}

// lag is how old a read may be. Where settle is short a stop is repeated early, but reads are no younger for it.
func (d *decider) lag() pool.Lag {
	return pool.Lag{Pace: d.env.Settings.Pace, Bound: max(d.env.Settings.Settle, recovery.LandsWithin)}
}

// begins says whether the requested count that a read shows may be the beginning of what our last call asked for: no read has shown it yet, and the count is
// still ours. Else somebody set the same count again, or a stale read came between, which nobody can tell: nothing is called older than it may be.
func (d *decider) begins(g emr.Group) bool {
	p := d.s.PoolOf(g.ID)
	if p == nil {
		return true
	}
	m := p.Member(g.ID)
	return !m.Shown && m.Ours(g.Requested)
}

// judge finds out whether somebody else changed what a member is asked for (rule R10).
func (d *decider) judge(p *pool.Pool, g emr.Group, in Read) {
	change := p.Observe(g.ID, g.Requested, in.Began, pool.Outside{
		Adds: d.env.Settings.OutsideGrowth == recovery.Add, Enforce: d.env.Settings.EnforceBans && !d.passive(), Max: d.env.Settings.Max, Pace: d.env.Settings.Pace})
	d.outside(p, p.Member(g.ID), change)
}

func (d *decider) poolID(id emr.GroupID) emr.GroupID {
	if p := d.s.PoolOf(id); p != nil {
		return p.Origin
	}
	return ""
}

func describeRead(g emr.Group, was emr.GroupState, delta ledger.Delta) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d run, %s", g.Running, g.Requested, g.State)
	if was != g.State {
		fmt.Fprintf(&text, " (was %s)", was)
	}
	for _, part := range []struct {
		n    int
		what string
	}{{delta.Asked, "asked for"}, {delta.Arrived, "arrived"}, {delta.Withdrawn, "no longer asked for"}, {delta.Lost, "lost"}} {
		if part.n > 0 {
			fmt.Fprintf(&text, ", %d %s", part.n, part.what)
		}
	}
	return text.String()
}

// outside acts on what an outsider did to a member (rule R10). A fall ends what is open: nobody places any more what was stopped, or releases what an
// order took from wanted. But what both the origin and its fallbacks are asked for, for the time of a return, is wanted once.
func (d *decider) outside(p *pool.Pool, m *pool.Member, c pool.Change) {
	if c.Kind == pool.None {
		return
	}
	data := map[string]any{"change": c, "wanted": p.Wanted}
	if c.Kind == pool.Shrunk {
		most := p.Wanted + d.undoable(p, func(*recovery.Recovery) bool { return true })
		if d.closePool(p, recovery.Overtaken, c.Reason) {
			asked := p.Requested(d.s.View())
			p.Wanted = min(asked, most)
			data["wanted"] = p.Wanted
			if asked > most {
				c.Reason += fmt.Sprintf("; a recovery was open, and its members are asked for %d, but the pool wants no more than %d", asked, most)
			} else {
				c.Reason += fmt.Sprintf("; a recovery was open, so the pool now wants the %d that its members are asked for", asked)
			}
		}
	}
	d.record("pool."+strings.TrimSuffix(string(c.Kind), "?"), Record{Group: m.Group, Pool: p.Origin, Reason: c.Reason, Data: data})
	if c.Kind == pool.Enforce && m.Ban.Growths >= 3 && !m.Ban.Contest {
		m.Ban.Contest, p.Contested = true, true
		d.record("pool.contested", Record{Group: m.Group, Pool: p.Origin, Reason: fmt.Sprintf(
			"somebody keeps raising this banned group, %d times so far; stop it there, or lift the ban with `emrguard unban %s`, or hold emrguard with `emrguard pause %s`",
			m.Ban.Growths, m.Group, d.s.Cluster.ID)})
	}
}

// takeInstances books a ListInstances: it dates what was found missing at first sight and settles the ledger before a stop (R1).
func (d *decider) takeInstances(in Instances) {
	g := d.s.Group(in.Group)
	if g == nil || in.Began.Before(g.InstancesBegan) {
		return
	}
	in.Instances = newest(in.Instances)
	g.Granted = g.Granted.Observe(g.ID, in.Instances, in.Began)
	r := d.confirming(in.Group)
	if r != nil && in.Began.Before(g.Ledger.Last.Began) {
		return // a newer read of the counts came between: the list can't say what that read hides, so it is read again
	}
	g.Instances, g.InstancesBegan = in.Instances, in.Began
	if g.Ledger.Undated {
		var created []time.Time
		for _, i := range in.Instances {
			if i.State != emr.InstanceRunning && i.State != emr.InstanceTerminated && !i.Created.IsZero() {
				created = append(created, i.Created)
			}
		}
		g.Ledger = g.Ledger.Date(created)
		if oldest, ok := g.Ledger.Oldest(); ok {
			d.record("group.dated", Record{Group: g.ID, Pool: d.poolID(g.ID), Reason: fmt.Sprintf("its oldest missing instance is missing since %s (%s)", stamp(oldest.Since), oldest.By),
				Data: map[string]any{"shortfall": g.Ledger.Entries}})
		}
	}
	if r != nil {
		ledgerAfter, report := g.Ledger.Settle(in.Instances)
		g.Ledger = ledgerAfter
		if report.Hidden > 0 {
			d.record("group.settled", Record{Group: g.ID, Pool: r.Pool, Recovery: r.ID, Reason: fmt.Sprintf(
				"%d instances arrived unseen while as many were lost", report.Hidden), Data: map[string]any{"before": report.Before, "after": report.After}})
		}
	}
}

// confirming returns the recovery of a group that is about to stop it, or nil.
func (d *decider) confirming(id emr.GroupID) *recovery.Recovery {
	for i := range d.s.Recoveries {
		if r := &d.s.Recoveries[i]; r.Group == id && r.Step == recovery.StepConfirm && r.Kind.Stops() {
			return r
		}
	}
	return nil
}
