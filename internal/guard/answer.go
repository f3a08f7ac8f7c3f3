package guard

import (
	"fmt"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// takeAnswer books what became of the pending call.
func (d *decider) takeAnswer(in Answer) {
	pending := d.s.Pending
	if pending == nil || pending.ID != in.ID {
		return // answered already: the state was loaded by another owner meanwhile
	}
	d.s.Pending = nil
	d.s.LastWrite = d.env.Now
	if g := d.s.Group(pending.Call.Group); g != nil && in.Err != nil && in.Err.OutcomeUnknown() {
		g.Called.Loose = d.env.Now.Add(recovery.LandsWithin)
	}
	d.record("answer."+string(pending.Purpose), Record{Group: pending.Call.Group, Pool: pending.Pool, Recovery: pending.Recovery, Reason: answerReason(pending, in),
		Data: map[string]any{"call": pending.ID, "sent": pending.At, "error": in.Err, "added": in.Added}})
	switch pending.Purpose {
	case ForMake:
		d.makeAnswered(pending, in)
		return
	case ForTerminate:
		d.terminateAnswered(in)
		return
	}
	r, p := d.s.Recovery(pending.Recovery), d.s.Pool(pending.Pool)
	if p == nil {
		return
	}
	if m := p.Member(pending.Call.Group); m != nil && pending.Call.Op == emr.ModifyInstanceGroups && in.Err != nil && in.Err.OutcomeUnknown() {
		m.Unanswered(pending.Call.Count, d.env.Now.Add(recovery.LandsWithin+d.env.Settings.Settle))
	}
	if r == nil {
		d.answerWithout(p, pending, in)
		return
	}
	switch pending.Purpose {
	case ForStop, ForKeep:
		d.stopAnswered(r, p, pending, in.Err)
	case ForLaunch:
		d.launchAnswered(r, p, pending, in.Err)
	case ForAdd:
		d.addAnswered(r, p, in, pending)
	case ForRelease:
		if in.Err == nil || in.Err.OutcomeUnknown() {
			return
		}
		d.unexpect(p, pending)
		if !passing(in.Err) {
			d.rest(r, p, "EMR refused a release: "+in.Err.Error())
		}
	}
}

func answerReason(c *Call, in Answer) string {
	switch {
	case in.Err == nil && in.Added != "":
		return fmt.Sprintf("%s answered: %s", c.Call.Op, in.Added)
	case in.Err == nil:
		return fmt.Sprintf("%s answered", c.Call.Op)
	case in.Err.OutcomeUnknown():
		return fmt.Sprintf("%s: nobody knows whether it took effect: %s", c.Call.Op, in.Err)
	}
	return fmt.Sprintf("%s did not happen: %s", c.Call.Op, in.Err)
}

// passing says whether a refused call may simply be sent again: it did not happen, and not because of what it asked.
func passing(err *emr.Error) bool { return err.Class == emr.Throttled || err.Class == emr.NotSent }

func (d *decider) unexpect(p *pool.Pool, c *Call) {
	if m := p.Member(c.Call.Group); m != nil {
		m.Unexpect(c.Call.Count)
	}
}

// answerWithout books an answer whose recovery was closed while the call was on its way.
func (d *decider) answerWithout(p *pool.Pool, c *Call, in Answer) {
	if in.Err != nil && !in.Err.OutcomeUnknown() {
		d.unexpect(p, c)
		m := p.Member(c.Call.Group)
		if m == nil {
			return
		}
		if m.NotAsked(); m.Ban != nil && m.Ban.From.Equal(c.At) {
			m.TakeBack(c.Recovery)
		}
		return
	}
	if in.Added != "" {
		g := c.Call.Config
		d.join(p, pool.Member{Group: in.Added, Made: c.At, Recovery: c.Recovery, Expected: []int{g.Count}}, recovery.ShapeOf(emr.Group{InstanceType: g.InstanceType, Market: g.Market, BidPrice: g.BidPrice}))
	}
}

func (d *decider) stopAnswered(r *recovery.Recovery, p *pool.Pool, c *Call, err *emr.Error) {
	first := r.Stopped.Equal(r.Sent)
	switch {
	case err == nil || err.OutcomeUnknown():
		r.Step, r.Unsure = recovery.StepSettle, err != nil
		if first {
			d.count(r, p)
		}
	case passing(err):
		d.unexpect(p, c)
		if first { // everything is confirmed once more
			r.Step, r.From = recovery.StepConfirm, d.env.Now
			d.unstop(r, p)
			return
		}
		r.Step, r.Unsure, r.SettleBy = recovery.StepSettle, true, d.env.Now
	default:
		d.unexpect(p, c)
		if first {
			d.unstop(r, p)
			d.liftBan(r, p)
		}
		d.rest(r, p, "EMR refused the stop: "+err.Error())
	}
}

// count takes a recovery into the chain of its pool (R8): one that found nothing to stop is none.
func (d *decider) count(r *recovery.Recovery, p *pool.Pool) {
	if !r.Kind.Counts() {
		return
	}
	if m := p.Member(r.Group); m != nil {
		p.Try(*m)
	}
	if p.Wanted <= p.Requested(d.s.View()) { // the others are asked for all that is wanted: nothing failed
		return
	}
	p.Chain++
	r.Number = p.Chain
	if r.Kind == recovery.Suspended {
		p.Suspended++
	} else {
		p.Suspended = 0
	}
}

// unstop takes back that a stop was sent: nothing happened.
func (d *decider) unstop(r *recovery.Recovery, p *pool.Pool) {
	p.Wanted = max(0, p.Wanted-r.Kept)
	r.Kept = 0
	d.clampMoved(p) // nothing was taken from the group
	r.Stopped, r.Sent, r.SettleBy, r.Count = time.Time{}, time.Time{}, time.Time{}, 0
}

func (d *decider) liftBan(r *recovery.Recovery, p *pool.Pool) {
	if m := p.Member(r.Group); m != nil && m.TakeBack(r.ID) {
		why := "nothing was stopped"
		if m.Banned(d.env.Now) {
			why += "; the ban from before stands, until " + stamp(m.Ban.Until)
		}
		d.record("ban.lifted", Record{Group: r.Group, Pool: r.Pool, Recovery: r.ID, Reason: why})
	}
}

func (d *decider) launchAnswered(r *recovery.Recovery, p *pool.Pool, c *Call, err *emr.Error) {
	if err == nil || err.OutcomeUnknown() {
		r.Step = recovery.StepWatch
		return
	}
	d.unexpect(p, c)
	if m := p.Member(c.Call.Group); m != nil && r.Fill == c.Call.Group { // the launch that it repeats may still show
		m.MayLand(c.Call.Count, d.env.Now.Add(r.Settings.Settle))
	}
	d.unplace(r, p, c.Call.Group)
	if !passing(err) {
		r.Refused = append(r.Refused, recovery.Refusal{Group: c.Call.Group, Reason: err.Error()})
		if m := p.Member(c.Call.Group); m != nil && p.Chain > 0 {
			p.Try(*m)
		}
	}
}

// unplace takes a launch back that did not happen.
func (d *decider) unplace(r *recovery.Recovery, p *pool.Pool, id emr.GroupID) {
	count := r.Placement.Count
	r.Placed -= count
	if m := p.Member(id); m != nil {
		m.NotAsked()
	}
	r.Placement = recovery.Placement{}
}

func (d *decider) addAnswered(r *recovery.Recovery, p *pool.Pool, in Answer, c *Call) {
	if r.Placement.Name == "" || r.Step != recovery.StepPlace || r.Fill != "" {
		d.answerWithout(p, c, in) // a read showed the group before the answer came
		return
	}
	switch {
	case in.Err == nil && in.Added != "":
		d.adopt(r, in.Added, "made")
	case in.Err == nil || in.Err.OutcomeUnknown():
		if r.Placement.Unknown = true; r.Placement.Lost.IsZero() {
			r.Placement.Lost = d.env.Now
		}
	case !passing(in.Err) && r.Placement.Empty: // EMR takes no empty group
		r.Placement.Unknown, r.Placement.Empty, r.Placement.Denied = true, false, true
	case passing(in.Err) && r.Placement.Empty: // the first of two calls is still in the dark
		r.Placement.Unknown, r.Placement.Empty = true, false
	default:
		shape := d.placedShape(r, p)
		r.Placement = recovery.Placement{}
		if !passing(in.Err) {
			r.Refused = append(r.Refused, recovery.Refusal{Shape: shape, Reason: in.Err.Error()})
			if p.Chain > 0 {
				p.TryShape(shape.String())
			}
		}
	}
}

// takeLost books that no answer to the pending call will come: the process that sent it is gone.
func (d *decider) takeLost() {
	if d.s.Pending == nil {
		return
	}
	pending := *d.s.Pending
	d.takeAnswer(Answer{ID: pending.ID, Err: &emr.Error{Class: emr.Unavailable, Message: "the process that sent the call is gone"}})
	if r := d.s.Recovery(pending.Recovery); r != nil && r.Placement.Unknown && pending.Generation != d.env.Generation {
		r.Placement.Foreign, r.Placement.Lost = true, d.env.Now
	}
	if s := d.making(&pending); s != nil && s.Making.Unknown && pending.Generation != d.env.Generation {
		s.Making.Wait = d.env.Now.Add(recovery.ForeignAdd)
	}
}
