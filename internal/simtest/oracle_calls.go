package simtest

import (
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// change checks a change that is about to be sent: it must be in the document, and keep to the properties.
func (o *oracle) change(p *Process, c emr.Call) {
	o.time = o.w.Now()
	o.sending = &sentCall{at: o.time, process: p.name, call: c}
	o.owner(p, c)
	o.of(c.Cluster).change(o.sending)
}

func (x *watched) change(sent *sentCall) {
	s, c := x.doc(), sent.call
	if !s.Ended.IsZero() {
		return // it ended between the decision and now; EMR refuses
	}
	if s.Pending == nil || s.Pending.Call.String() != c.String() {
		x.violate("journal", "%s is sent and not written down", c)
		return
	}
	sent.pending = *s.Pending
	x.onTheWay = append(x.onTheWay, sent)
	sent.read = x.began
	if b, g := x.groups[c.Group], x.shown[c.Group]; b != nil {
		sent.right = b.right(g, x.began)
		if i := b.at(x.began); i >= 0 {
			sent.arrived = b.views[i].arrived
		}
	}
	x.written(sent)
	x.behaves(sent)
	x.repeated(sent)
	x.wants.sent(x, sent)
	x.bans(sent)
	if sent.pending.Purpose == guard.ForLaunch {
		x.launched(sent)
	}
	if b := x.groups[c.Group]; b != nil {
		b.own(sent.at, b.Requested, x.shown[c.Group].Requested, c.Count)
	}
	x.sent(c, s)
	if s.Pending.Purpose == guard.ForMake || s.Pending.Purpose == guard.ForTerminate {
		return // for no pool that is there yet
	}
	p := s.Pool(s.Pending.Pool)
	pending := s.Pending
	if p == nil {
		x.violate("journal", "%s is for no pool", c)
		return
	}
	if g := s.Group(c.Group); g != nil && g.Role == emr.Master {
		x.violate("R6", "%s touches the MASTER", c)
	}
	switch pending.Purpose {
	case guard.ForLaunch, guard.ForAdd:
		if r := s.Recovery(pending.Recovery); r != nil {
			x.rungMax(s, p, r.Settings.Fallback, c)
		}
	case guard.ForStop, guard.ForKeep:
		if highest := x.ranLately(pending); c.Count < highest {
			x.violate("I6", "%s asks for less than the %d that ran within the last two paces", c, highest)
		}
	}
}

// ranLately is the highest running count of the group of a call that was read in the last two paces.
func (x *watched) ranLately(c *guard.Call) int {
	highest, pace := 0, x.rule().Settings.Pace
	if r := x.doc().Recovery(c.Recovery); r != nil {
		pace = r.Settings.Pace
	}
	for _, r := range x.seen[c.Call.Group] {
		if x.now().Sub(r.at) <= 2*pace {
			highest = max(highest, r.running)
		}
	}
	return highest
}

// rungMax checks that a launch does not take the members of a rung over their max, by the ladder of its recovery (R6).
func (x *watched) rungMax(s *guard.State, p *pool.Pool, ladder []recovery.Rung, c emr.Call) {
	origin := recovery.ShapeOf(s.Group(p.Origin).Group)
	rungOf := func(id emr.GroupID) int {
		if g := s.Group(id); g != nil && id != p.Origin {
			return recovery.RungOf(ladder, origin, recovery.ShapeOf(g.Group))
		}
		return 0
	}
	rung, asked := rungOf(c.Group), 0
	if c.Config != nil {
		rung, asked = recovery.RungOf(ladder, origin, recovery.Shape{Type: c.Config.InstanceType, Market: c.Config.Market, Bid: c.Config.BidPrice}), c.Config.Count
	}
	if rung < 1 || rung > len(ladder) || ladder[rung-1].Max == 0 {
		return
	}
	for _, m := range p.Members {
		if seen, ok := s.View()(m.Group); ok && rungOf(m.Group) == rung {
			asked += seen.Requested
		}
	}
	if asked > ladder[rung-1].Max {
		x.violate("R6", "%s takes rung %d to %d, its max is %d", c, rung, asked, ladder[rung-1].Max)
	}
}

// added is what an AddInstanceGroups asks for: a launch on a member is in the member's expected count already.
func added(c *guard.Call) int {
	if c.Purpose == guard.ForAdd {
		return c.Call.Config.Count
	}
	return 0
}
