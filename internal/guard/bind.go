package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/scaling"
)

// scaledOf returns what is remembered of a configured pool. Bounds that a schedule or policy set end when the configuration's change.
func (d *decider) scaledOf(conf *scaling.Pool) *Scaled {
	bounds := conf.Bounds()
	s := d.s.Scaled(conf.Name)
	if s == nil {
		d.s.Scaling = append(d.s.Scaling, Scaled{Name: conf.Name, Bounds: bounds, Config: bounds})
		return &d.s.Scaling[len(d.s.Scaling)-1]
	}
	if s.Config != bounds {
		s.Bounds, s.Config, s.BoundsBy = bounds, bounds, ""
		d.record("scaling.bounds", Record{Pool: s.Origin, Reason: fmt.Sprintf("pool %s: %d to %d by the configuration, which changed", s.Name, bounds.Min, bounds.Max)})
	}
	return s
}

// bind finds the pool that a configured one stands for: the one it stood for, while that may still be it, else the oldest group of the role.
func (d *decider) bind(conf *scaling.Pool, s *Scaled) *pool.Pool {
	if g := d.s.Group(s.Origin); g != nil && d.s.Pool(s.Origin) != nil && d.claims(conf, g.Group) {
		return d.s.Pool(s.Origin)
	}
	var best *Group
	for i := range d.s.Groups {
		g := &d.s.Groups[i]
		taken := slices.ContainsFunc(d.s.Scaling, func(o Scaled) bool { return o.Name != s.Name && o.Origin == g.ID })
		if taken || d.s.Pool(g.ID) == nil || g.State.Ended() || !d.claims(conf, g.Group) {
			continue
		}
		if best == nil || cmp.Or(g.Created.Compare(best.Created), strings.Compare(string(g.ID), string(best.ID))) < 0 {
			best = g
		}
	}
	if best == nil {
		s.Origin = ""
		return nil
	}
	if s.Last != nil && cmp.Or(s.Last.Origin, s.Origin) != best.ID {
		s.Last = nil // an operation of another pool; if it is open it ends by itself, and no cooldown of this one runs from it
	}
	s.Origin, s.Making, s.Told = best.ID, nil, ""
	d.record("scaling.bound", Record{Group: best.ID, Pool: best.ID, Reason: fmt.Sprintf("the configured pool %s is group %q, at least %d and at most %d instances", s.Name, groupName(best.Group), s.Bounds.Min, s.Bounds.Max)})
	return d.s.Pool(best.ID)
}

// claims says whether a group may be the origin of a configured pool.
func (d *decider) claims(conf *scaling.Pool, g emr.Group) bool {
	if g.Role != conf.Role || d.env.Wrapped && g.Role == emr.Core {
		return false
	}
	if d.madeFor(conf, g) {
		return true
	}
	name := groupName(g)
	if len(conf.Groups) > 0 {
		return like(conf.Groups, name)
	}
	for i := range d.env.Scaling.Pools {
		if other := &d.env.Scaling.Pools[i]; other.Name != conf.Name && other.Role == conf.Role && (like(other.Groups, name) || d.madeFor(other, g)) {
			return false
		}
	}
	return true
}

func like(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return emr.Like(pattern, name) })
}

// groupName is the name people gave a group: of one that emrguard made for a configured pool, the pool's.
func groupName(g emr.Group) string {
	if name, token, ok := emr.ParseGroupName(g.Name); ok && token.Origin == configured {
		return name
	}
	return g.Name
}
