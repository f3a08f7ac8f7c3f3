package guard

import (
	"cmp"

	"emrguard/internal/emr"
)

// mostByHand is how many instances an order may let a pool want at most, whatever the rules allow.
const mostByHand = 2000

// Bounds are how few and how many instances an order by hand may let a pool want.
type Bounds struct {
	Least, Most     int
	LeastBy, MostBy string // what says so; empty: a count has to end somewhere
}

// ByHand returns the bounds of a pool as they are now, by what an order to scale is held against: the role, recovery.max, the bounds of the configured pool, and
// what max_instances leaves it. It is false if the cluster has no such pool. They are no promise: other things may stand in an order's way.
func ByHand(s State, env Env, origin emr.GroupID) (Bounds, bool) {
	d := decider{s: s, env: env} // which reads alone
	p := d.s.Pool(origin)
	if p == nil {
		return Bounds{}, false
	}
	b := Bounds{Most: mostByHand}
	least := func(n int, by string) {
		if n > b.Least {
			b.Least, b.LeastBy = n, by
		}
	}
	most := func(n int, by string) {
		if n < b.Most {
			b.Most, b.MostBy = n, by
		}
	}
	if p.Role == emr.Core {
		least(1, "EMR's rule for CORE groups")
	}
	if n := env.Settings.Max; n > 0 {
		most(n, "the configuration: recovery.max")
	}
	for i := range s.Scaling {
		if of := &s.Scaling[i]; of.Origin == p.Origin {
			by := cmp.Or(of.BoundsBy, "the configuration")
			least(of.Bounds.Min, by)
			most(of.Bounds.Max, by)
		}
	}
	if _, left := d.mostOf(p); left < b.Most {
		most(max(left, p.Wanted), "max_instances of the cluster") // what it wants already it may keep, and go down from
	}
	return b, true
}
