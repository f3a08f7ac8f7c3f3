package config

import (
	"fmt"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// scaling checks what a rule says of scaling against the rest of the rule.
func (v *validator) scaling(path string, r *ClusterRule) {
	v.settings(path, r.Scaling.Compile())
	if at := path + ".max_instances"; v.given(at) && r.Scaling.MaxInstances == 0 {
		v.problem(at, "0 would launch nothing; remove the key to have no such limit")
	}
	for i, p := range r.Scaling.Pools {
		at := fmt.Sprintf("%s.pools[%d]", path, i)
		if r.Wrap && p.Role == emr.Core {
			v.problem(at+".role", "CORE is not managed in a wrapped cluster; use TASK, or remove wrap")
		}
		if most := r.Recovery.Max; most > 0 && p.Max > most {
			v.problem(at+".max", "%d is more than recovery.max (%d), which no pool of these clusters may exceed", p.Max, most)
		}
		for j, pattern := range p.Groups {
			if text := badPattern(pattern); text != "" {
				v.problem(fmt.Sprintf("%s.groups[%d]", at, j), "%s", text)
			}
		}
		for j := range i {
			if pattern, ok := sameGroup(r.Scaling.Pools[j], p); ok {
				v.sameGroup(at, fmt.Sprintf("%s.pools[%d]", path, j), r.Scaling.Pools[j].Name, p, pattern)
				break
			}
		}
	}
}

// sameGroup says whether two pools of a rule claim the same group on some cluster, as far as their patterns show, and by which of b's.
func sameGroup(a, b scaling.Pool) (pattern int, ok bool) {
	switch {
	case a.Role != b.Role:
		return 0, false
	case a.Role == emr.Core: // a cluster has one
		return -1, true
	case len(a.Groups) == 0 || len(b.Groups) == 0:
		return -1, len(a.Groups) == 0 && len(b.Groups) == 0
	}
	for i, p := range b.Groups {
		for _, q := range a.Groups {
			if patternCovers(q, p) || patternCovers(p, q) {
				return i, true
			}
		}
	}
	return 0, false
}

func (v *validator) sameGroup(at, other, name string, p scaling.Pool, pattern int) {
	line := place(v.w.pos, other).line
	switch {
	case p.Role == emr.Core:
		v.problem(at+".role", "a cluster has one CORE group, and pool %q in line %d has it", name, line)
	case pattern < 0:
		v.problem(at, "pool %q in line %d is the oldest %s group, too; say with groups which group is whose", name, line, p.Role)
	default:
		v.problem(fmt.Sprintf("%s.groups[%d]", at, pattern), "%q and the groups of pool %q in line %d match the same group; a group belongs to one pool", p.Groups[pattern], name, line)
	}
}
