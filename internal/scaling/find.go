package scaling

import "time"

// Directed is a policy of a pool and whether it adds instances or takes them.
type Directed struct {
	*Policy
	Up bool
}

// Policies lists the pool's policies in the order of the configuration, those of scale_up first.
func (p *Pool) Policies() []Directed {
	out := make([]Directed, 0, len(p.ScaleUp)+len(p.ScaleDown))
	for i := range p.ScaleUp {
		out = append(out, Directed{&p.ScaleUp[i], true})
	}
	for i := range p.ScaleDown {
		out = append(out, Directed{&p.ScaleDown[i], false})
	}
	return out
}

// Policy returns the pool's policy of a name, or nil.
func (p *Pool) Policy(name string) *Policy {
	for _, list := range [][]Policy{p.ScaleUp, p.ScaleDown} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// Bounds are the configured ones, in force until a schedule or policy sets others.
func (p *Pool) Bounds() Bounds { return Bounds{p.Min, p.Max} }

// Pool returns the pool of a name, or nil.
func (s *Settings) Pool(name string) *Pool {
	for i := range s.Pools {
		if s.Pools[i].Name == name {
			return &s.Pools[i]
		}
	}
	return nil
}

// Policy returns the termination policy of a name, or nil.
func (t *Termination) Policy(name string) *TerminationPolicy {
	for i := range t.Policies {
		if t.Policies[i].Name == name {
			return &t.Policies[i]
		}
	}
	return nil
}

// Spec is what the schedule's times come from: the same text means the same times.
func (s *Schedule) Spec() string { return s.times.String() }

// Next is the first moment after the given one at which the schedule is due, in UTC, whether it is off or not. The settings must be compiled.
func (s *Schedule) Next(after time.Time) time.Time { return s.times.Next(after) }

// Last is the newest moment in (after, now] at which the schedule was due, in UTC, and whether there was one. The settings must be compiled.
func (s *Schedule) Last(after, now time.Time) (time.Time, bool) { return s.times.Last(after, now) }
