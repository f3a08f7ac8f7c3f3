package simtest

import (
	"slices"
	"time"

	"emrguard/internal/emr"
)

// made is what was sent to make a group for a configured pool.
type made struct {
	at      time.Time
	count   int
	unknown bool
	group   emr.GroupID
}

// makes checks a call that makes the group of a configured pool.
//
// made group: it is made empty, so that a twin costs a slot and no instance (R2); with one instance where EMR takes no empty group. Whether it was that
// for which EMR refused one nobody can tell: so any refusal of the request with none allows the same request with one from then on. That is not
// repeated while the one before it may still land.
func (x *watched) makes(c emr.Call) {
	name, token, ok := emr.ParseGroupName(c.Config.Name)
	conf := x.conf().Pool(name)
	if !ok || token.Origin != "configured" || conf == nil || conf.Group == nil {
		x.violate("made group", "%s is for no configured pool", c)
		return
	}
	if n := c.Config.Count; n > 1 || n > 0 && !x.emptyRefused[c.Config.Name] {
		x.violate("made group", "%s is not made empty", c)
	}
	now := x.now()
	for _, id := range x.ids() {
		g := x.shown[id]
		group, t, ours := emr.ParseGroupName(g.Name)
		patterns := len(conf.Groups) > 0 && slices.ContainsFunc(conf.Groups, func(p string) bool { return emr.Like(p, g.Name) })
		if ours && t.Origin == "configured" && group == name || g.Role == emr.Task && patterns && !g.State.Ended() {
			x.violate("made group", "%s although %s %q is there", c, id, g.Name)
		}
	}
	if x.stale(now, x.rule().Settings.Pace) || x.began.Before(x.wrote) {
		x.violate("made group", "%s: the last read is %s old", c, now.Sub(x.began))
	}
	if m := x.made[name]; m != nil {
		i := slices.IndexFunc(x.reads, func(at time.Time) bool { return at.After(m.at) })
		switch {
		case m.group != "":
			x.violate("made group", "%s although EMR made %s at %s", c, m.group, m.at.Format(time.TimeOnly))
		case m.unknown && (i < 0 || x.reads[len(x.reads)-1].Sub(x.reads[i]) < x.rule().Settings.Pace):
			x.violate("made group", "%s: the answer of %s is missing, and not two reads a pace apart came since", c, m.at.Format(time.TimeOnly))
		case m.unknown && m.count > 0 && now.Before(m.at.Add(foreignWait)):
			x.violate("made group", "%s: the call of %s, whose answer is missing, may still make one with instances", c, m.at.Format(time.TimeOnly))
		}
	}
	x.made[name] = &made{at: now, count: c.Config.Count, unknown: true}
}

func (x *watched) makeAnswered(config emr.GroupConfig, res emr.Result) {
	if config.Count == 0 && res.Err != nil && res.Err.Class == emr.Invalid {
		x.emptyRefused[config.Name] = true
	}
	name, _, _ := emr.ParseGroupName(config.Name)
	m := x.made[name]
	switch {
	case m == nil:
	case res.Err != nil:
		m.unknown = res.Err.OutcomeUnknown()
	default:
		m.group = res.Added
	}
}

// madeTwins checks that no configured pool has instances in two groups that were made for it. What the second group of one call was made with is given
// back (R7). But it is a member of the pool like any other: what it is asked for later, where EMR refuses a launch on the first one for instance, it keeps.
func (x *watched) madeTwins() {
	filled := map[string]string{}
	for _, g := range x.o.w.Truth(string(x.id)).Groups {
		name, token, ok := emr.ParseGroupName(g.Name)
		if !ok || token.Origin != "configured" || g.Requested == 0 {
			continue
		}
		if b := x.groups[emr.GroupID(g.ID)]; b != nil && b.origin != emr.GroupID(g.ID) && !b.asMade {
			continue
		}
		if other := filled[name]; other != "" {
			x.violate("made group", "pool %s has instances in %s and in %s", name, other, g.ID)
		}
		filled[name] = g.ID
	}
}
