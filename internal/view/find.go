package view

import (
	"errors"
	"fmt"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// Found is one thing that a reference names.
type Found struct {
	Scope   string
	Cluster emr.ClusterID
	Group   emr.GroupID // empty for a cluster
	Name    string      // for people: cluster, or cluster/group; of a recovery scope/cluster/recovery, which is all there is
	Wanted  int         // of a pool: instances wanted in all
}

// String is the thing with its ids, as an error lists it.
func (f Found) String() string {
	if f.Scope == "" {
		return f.Name
	}
	if f.Group == "" {
		return fmt.Sprintf("%s (%s in scope %s)", f.Name, f.Cluster, f.Scope)
	}
	return fmt.Sprintf("%s (%s on %s in scope %s)", f.Name, f.Group, f.Cluster, f.Scope)
}

// UnknownError says that a reference names nothing.
type UnknownError struct {
	What string // scope, cluster, pool, group, recovery or, of any of them or a record, thing
	Ref  string
}

// Error implements error.
func (e *UnknownError) Error() string {
	switch e.What {
	case "scope":
		return fmt.Sprintf("no scope %q in the store; `emrguard status` names the scopes", e.Ref)
	case "cluster":
		return fmt.Sprintf("no cluster %q in the store; `emrguard status` lists the clusters, and one that ended is found by its id", e.Ref)
	case "pool":
		return fmt.Sprintf("no pool %q in the store; `emrguard pools` lists the pools", e.Ref)
	case "recovery":
		return fmt.Sprintf("no recovery %q in the store; `emrguard recoveries --all` lists the recoveries", e.Ref)
	case "thing":
		return fmt.Sprintf("nothing is called %q: no record, recovery, cluster, pool or group; `emrguard status` and `emrguard history` list what there is", e.Ref)
	}
	return fmt.Sprintf("no group %q in the store; `emrguard groups` lists the groups", e.Ref)
}

// UnboundError says that a configured pool has no group on its cluster.
type UnboundError struct {
	Pool string // cluster/pool
	Why  string
}

// Error implements error.
func (e *UnboundError) Error() string { return fmt.Sprintf("pool %s: %s", e.Pool, e.Why) }

// AmbiguousError says that a reference names several things.
type AmbiguousError struct {
	What, Ref string
	Matches   []Found
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	list := make([]string, 0, len(e.Matches))
	for _, m := range e.Matches {
		list = append(list, "  "+m.String())
	}
	if e.What == "recovery" {
		return fmt.Sprintf("%d clusters have a recovery %q; name one:\n%s", len(e.Matches), e.Ref, strings.Join(list[:min(len(list), listed)], "\n"))
	}
	how := "by its id, or as CLUSTER/GROUP"
	switch e.What {
	case "cluster":
		how = "by its id"
	case "pool":
		how = "by its id, as CLUSTER/POOL, or with --cluster"
	}
	return fmt.Sprintf("%q names %d %ss; name one %s:\n%s", e.Ref, len(e.Matches), e.What, how, strings.Join(list, "\n"))
}

// listed is how many recoveries of one id an error lists.
const listed = 20

// AmbiguousRecovery says which recoveries an id names, by the records of their beginnings.
func AmbiguousRecovery(id string, begun []store.Record) error {
	out := &AmbiguousError{What: "recovery", Ref: id}
	for _, r := range begun {
		out.Matches = append(out.Matches, Found{Name: store.RecoveryKey{Key: r.Key, Recovery: id}.String()})
	}
	return out
}

// FindCluster finds a cluster by its id or by its name, if only one is called so.
func (w World) FindCluster(ref string) (Found, error) {
	var ids, names []Found
	w.clusters(func(s Scope, c Cluster) {
		f := Found{Scope: s.Name, Cluster: c.Cluster.ID, Name: c.name()}
		switch ref {
		case string(c.Cluster.ID):
			ids = append(ids, f)
		case c.Cluster.Name:
			names = append(names, f)
		}
	})
	return one("cluster", ref, ids, names)
}

// FindGroup finds a group by its id, by its name, or as CLUSTER/GROUP with names or ids of both.
func (w World) FindGroup(ref string) (Found, error) {
	return w.findGroup("group", ref, func(Cluster, emr.GroupID) bool { return true })
}

// FindPool finds a pool by its origin's id or name, by the name of the configured pool that it is, or as CLUSTER/POOL. A fallback group
// names no pool. A configured pool that its cluster has no group for is an UnboundError.
func (w World) FindPool(ref string) (Found, error) {
	found, err := w.findGroup("pool", ref, func(c Cluster, id emr.GroupID) bool { return c.Pool(id) != nil })
	if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
		w.clusters(func(s Scope, c Cluster) {
			for _, of := range c.Scaling {
				if c.Pool(of.Origin) == nil && (ref == of.Name || within(ref, c, of.Name)) {
					err = &UnboundError{Pool: c.name() + "/" + of.Name, Why: w.waits(s, c, of)}
				}
			}
		})
	}
	return found, err
}

func (w World) findGroup(what, ref string, fits func(Cluster, emr.GroupID) bool) (Found, error) {
	var ids, names []Found
	w.clusters(func(s Scope, c Cluster) {
		for _, g := range c.Groups {
			if !fits(c, g.ID) {
				continue
			}
			label := c.label(g.ID)
			f := Found{Scope: s.Name, Cluster: c.Cluster.ID, Group: g.ID, Name: c.name() + "/" + label}
			if p := c.Pool(g.ID); p != nil {
				f.Wanted = p.Wanted
			}
			switch {
			case ref == string(g.ID):
				ids = append(ids, f)
			case ref == g.Name, ref == label, ref == c.configured(g.ID):
				names = append(names, f)
			case within(ref, c, string(g.ID)), within(ref, c, g.Name), within(ref, c, label), within(ref, c, c.configured(g.ID)):
				names = append(names, f)
			}
		}
	})
	return one(what, ref, ids, names)
}

// configured is the name of the configured pool that a group is the origin of, or "".
func (c Cluster) configured(id emr.GroupID) string {
	for _, s := range c.Scaling {
		if s.Origin == id {
			return s.Name
		}
	}
	return ""
}

// within says whether ref is CLUSTER/group for this cluster. Names may hold slashes.
func within(ref string, c Cluster, group string) bool {
	rest, ok := strings.CutSuffix(ref, "/"+group)
	return group != "" && ok && rest != "" && (rest == c.Cluster.Name || rest == string(c.Cluster.ID))
}

// one decides on what was found; an id goes before a name.
func one(what, ref string, ids, names []Found) (Found, error) {
	found := ids
	if len(found) == 0 && ref != "" { // what has no name is not called ""
		found = names
	}
	switch len(found) {
	case 0:
		return Found{}, &UnknownError{What: what, Ref: ref}
	case 1:
		return found[0], nil
	}
	return Found{}, &AmbiguousError{What: what, Ref: ref, Matches: found}
}
