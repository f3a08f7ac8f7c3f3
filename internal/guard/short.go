package guard

import "emrguard/internal/pool"

// short books since when each pool has been short without interruption (R8). Before is the state that the decision began with.
func (d *decider) short(before State) {
	for i := range d.s.Pools {
		p := &d.s.Pools[i]
		if p.Running(d.s.View()) >= p.Wanted {
			p.Short = pool.Short{}
			continue
		}
		if p.Short == (pool.Short{}) {
			p.Short.Since = d.env.Now
			if was := before.Pool(p.Origin); was != nil && was.Running(before.View()) >= was.Wanted {
				p.Short.Whole = before.Read
			}
		}
		for _, m := range p.Members {
			if g := d.s.Group(m.Group); g != nil {
				if oldest, ok := g.Ledger.Oldest(); ok {
					p.Short = p.Short.Dated(oldest.Since)
				}
			}
		}
	}
}
