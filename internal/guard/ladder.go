package guard

import (
	"fmt"
	"slices"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// taskGroups is how many TASK groups a cluster may have; groups cannot be deleted (EMR Management Guide, emr-instance-group-configuration).
const taskGroups = 48

// rungs says of which rung each member is, by its own configuration and today's ladder: so a reload, an adoption and a lost store
// cannot leave it wrong. A group that no read has shown yet keeps what was noted when it was made.
func (d *decider) rungs() {
	for i := range d.s.Pools {
		d.rank(&d.s.Pools[i], d.env.Settings.Fallback)
	}
}

// rank says of which rung of a ladder each member is.
func (d *decider) rank(p *pool.Pool, ladder []recovery.Rung) {
	origin, ok := d.shapeOf(p.Origin)
	if !ok {
		return
	}
	for i := range p.Members {
		m := &p.Members[i]
		shape, ok := d.shapeOf(m.Group)
		switch {
		case !ok:
			continue
		case m.Group == p.Origin:
			m.Rung = 0
		default:
			m.Rung = recovery.RungOf(ladder, origin, shape)
		}
		if m.Shape == "" { // EMR fixes it when the group is made
			m.Shape = shape.String()
		}
	}
}

func (d *decider) shapeOf(id emr.GroupID) (recovery.Shape, bool) {
	g := d.s.Group(id)
	if g == nil {
		return recovery.Shape{}, false
	}
	return recovery.ShapeOf(g.Group), true
}

// settingsOf are the settings as they hold for a group.
func (d *decider) settingsOf(id emr.GroupID) recovery.Settings {
	return d.s.SettingsOf(id, d.env.Settings)
}

// SettingsOf are settings as they hold for a group of the cluster: its rung may have an after of its own, and insufficient capacity may shorten it.
func (s *State) SettingsOf(id emr.GroupID, of Settings) Settings {
	if p := s.PoolOf(id); p != nil {
		of = of.On(p.Member(id).Rung)
	}
	if g := s.Group(id); g != nil && g.refused() {
		of = of.Refused()
	}
	return of
}

// places orders the places for a launch of the pool under the settings; r, if not nil, is the recovery for which EMR may have refused some.
func (d *decider) places(p pool.Pool, r *recovery.Recovery, s recovery.Settings) ([]pool.Candidate, []pool.Rejection) {
	p = p.Clone()
	d.rank(&p, s.Fallback) // those of an open recovery may be older than today's
	return p.Candidates(d.env.Now, d.s.View(), d.limits(p, r, s))
}

// room bounds a launch on a member by the max of its rung.
func (d *decider) room(p *pool.Pool, id emr.GroupID, s recovery.Settings, missing int) int {
	ranked := p.Clone()
	d.rank(&ranked, s.Fallback)
	n, bounded := ranked.Room(ranked.Member(id).Rung, d.s.View(), d.limits(ranked, nil, s))
	if !bounded {
		return missing
	}
	return min(n, missing)
}

// freeSlots is how many task groups may still be added to the cluster, after the reserve.
func (d *decider) freeSlots(s recovery.Settings) int {
	used := 0
	for _, g := range d.s.Groups {
		if g.Role == emr.Task {
			used++
		}
	}
	for i := range d.s.Pools {
		for _, m := range d.s.Pools[i].Members {
			if d.s.Group(m.Group) == nil {
				used++ // made, and not in a read yet
			}
		}
	}
	return taskGroups - s.ReserveSlots - used
}

// limits are what rule R6 allows now.
func (d *decider) limits(p pool.Pool, r *recovery.Recovery, s recovery.Settings) pool.Limits {
	l := pool.Limits{After: s.After, MaxGroups: s.MaxGroups, FreeSlots: d.freeSlots(s), Barred: map[string]string{}}
	var refused []recovery.Refusal
	if r != nil {
		refused, l.Core = r.Refused, r.Kind == recovery.Scale
	}
	for _, f := range refused {
		if f.Group != "" {
			l.Except = append(l.Except, f.Group)
		}
	}
	origin := d.s.Group(p.Origin)
	if origin == nil {
		return l
	}
	own := recovery.ShapeOf(origin.Group)
	var offered []recovery.Shape
	for i, rung := range s.Fallback {
		step := pool.Rung{After: s.On(i + 1).After, Max: rung.Max}
		for _, shape := range rung.Shapes(own) {
			o := pool.Offer{Shape: shape.String(), What: fmt.Sprintf("%s, rung %d", shape, i+1)}
			if shape == own {
				step.Origin, o.What = true, "the same configuration"
			}
			if slices.Contains(offered, shape) {
				o.Refuse = "an earlier rung has it"
			} else if err := recovery.Fits(origin.Group, shape); err != nil {
				o.Refuse = err.Error()
			}
			if slices.ContainsFunc(refused, func(f recovery.Refusal) bool {
				return f.Group == "" && (f.Shape == shape || f.Shape == recovery.Shape{})
			}) {
				o.Refuse = "EMR refused it for this launch"
			}
			offered = append(offered, shape)
			step.Offers = append(step.Offers, o)
		}
		l.Rungs = append(l.Rungs, step)
	}
	for _, m := range p.Members {
		if shape, ok := d.shapeOf(m.Group); ok {
			offered = append(offered, shape)
		}
	}
	for _, shape := range offered {
		if why := d.barred(p, shape); why != "" {
			l.Barred[shape.String()] = why
		}
	}
	return l
}

// barred says why a launch of a shape would fail as a banned member did, while that ban lasts (rules R6, R8).
func (d *decider) barred(p pool.Pool, shape recovery.Shape) string {
	for _, m := range p.Members {
		stuck, ok := d.shapeOf(m.Group)
		if !ok || !m.Banned(d.env.Now) {
			continue
		}
		cause := recovery.Cause(m.Ban.Cause)
		why := cause.Bars(stuck, shape)
		if why == "" && m.Ban.Suspended && p.Suspended >= 2 {
			why = cause.BarsAgain(stuck, shape)
		}
		if why != "" {
			return fmt.Sprintf("%s, as %s showed at %s", why, m.Group, stamp(m.Ban.From))
		}
	}
	return ""
}

// stopped is the pool as it would be with a group stopped and banned for a cause.
func (d *decider) stopped(p *pool.Pool, g *Group, kind recovery.Kind, why recovery.Why) pool.Pool {
	imagined := p.Clone()
	imagined.Member(g.ID).Ban = &pool.Ban{From: d.env.Now, Until: d.env.Now.Add(d.env.Settings.Ban), Cause: string(why.Cause), Suspended: kind == recovery.Suspended}
	if kind == recovery.Suspended {
		imagined.Suspended++
	}
	return imagined
}

// covered says whether nothing would be left to place if a group were stopped at what runs: the others are asked for all that is wanted,
// as after a return to the origin that gets stuck.
func (d *decider) covered(p *pool.Pool, g *Group) bool {
	return p.Wanted <= p.Requested(d.s.View())-p.Member(g.ID).Believed(g.Requested)+g.Running
}

// noRung says why no rung is worth trying for what a stuck group misses (R6). Then it is not stopped: EMR goes on trying, and the pool
// rests. A resize that EMR gave up is not tried by anybody, so after a rest its group is stopped and placed all the same.
func (d *decider) noRung(r *recovery.Recovery, p *pool.Pool) string {
	g := d.s.Group(r.Group)
	if g == nil || p.Member(r.Group) == nil || !r.Kind.Counts() || r.Step != recovery.StepConfirm || r.Kind == recovery.Suspended && p.Probed || d.covered(p, g) {
		return ""
	}
	why := g.cause()
	shape := recovery.ShapeOf(g.Group)
	switch {
	case why.Cause == recovery.Addresses:
		return "the subnet of the cluster has no free addresses, for whatever group"
	case why.Cause.Bars(shape, shape) == "":
		return ""
	}
	candidates, rejected := d.places(d.stopped(p, g, r.Kind, why), nil, r.Settings)
	if len(candidates) > 0 {
		return ""
	}
	rejected = slices.DeleteFunc(rejected, func(r pool.Rejection) bool { return r.Group == g.ID })
	return fmt.Sprintf("no rung helps against its cause, %s: %s", why.Cause, rejections(rejected))
}

// untried says whether there is a place for what a group misses that has not got stuck in this chain (R8).
func (d *decider) untried(p *pool.Pool, g *Group, kind recovery.Kind) bool {
	imagined := d.stopped(p, g, kind, g.cause())
	imagined.Try(*imagined.Member(g.ID))
	candidates, _ := d.places(imagined, nil, d.env.Settings)
	return slices.ContainsFunc(candidates, func(c pool.Candidate) bool { return !c.Tried })
}

func rejections(list []pool.Rejection) string {
	parts := make([]string, 0, len(list))
	for _, r := range list {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, "; ")
}
