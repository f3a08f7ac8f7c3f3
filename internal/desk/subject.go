package desk

import (
	"slices"

	"emrguard/internal/guard"
	"emrguard/internal/view"
)

// Subject is what an order to a group or a pool is about, as it is now.
type Subject struct {
	Target string             // by name
	Pool   view.PoolStatus    // of the group
	Groups []view.GroupStatus // its members: the origin, then the fallbacks by age
	Bounds guard.Bounds       // how many instances an order may let it want
	More   string             // why an order for more would be refused now, whatever the number; empty: it would not, or none is allowed
	Fewer  string             // the same for fewer
}

// Subject finds what an order is about; nil for one to a cluster or a scope, and for a group that is in no pool. Whether scaling is possible is asked of the guard, as Preview does.
func (d Desk) Subject(w view.World, to Target, order guard.Order) *Subject {
	only := w.Only(view.Found{Scope: to.Scope, Cluster: to.Cluster})
	if order.Group == "" || len(only.Scopes) != 1 || len(only.Scopes[0].Clusters) != 1 {
		return nil
	}
	s := only.Scopes[0]
	c := s.Clusters[0]
	p := c.PoolOf(order.Group)
	if p == nil {
		return nil
	}
	out := Subject{Target: titleOf(c, order.Group)}
	for _, row := range only.Pools().Pools {
		if row.Pool == string(p.Origin) {
			out.Pool = row
		}
	}
	out.Groups = slices.DeleteFunc(only.Groups().Groups, func(g view.GroupStatus) bool { return g.Pool != string(p.Origin) })
	slices.SortStableFunc(out.Groups, func(a, b view.GroupStatus) int {
		return slices.Index(out.Pool.Members, a.Group) - slices.Index(out.Pool.Members, b.Group)
	})
	env := d.env(w, s, c)
	out.Bounds, _ = guard.ByHand(c.State, env, p.Origin)
	if order.Kind == guard.OrderScale {
		refused := func(n int) string {
			if n < out.Bounds.Least || n > out.Bounds.Most {
				return ""
			}
			probe := guard.Order{Kind: guard.OrderScale, Group: order.Group, To: n, Force: order.Force, Author: order.Author}
			if reply := replyOf(s, c, env, guard.Decide(c.State, env, guard.Input{Order: &probe})); reply.Refused {
				return c.Labelled(reply.Text)
			}
			return ""
		}
		out.More, out.Fewer = refused(p.Wanted+1), refused(p.Wanted-1)
	}
	return &out
}
