package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
)

// slots is the number of task groups a cluster can have (EMR quotas: 48 task instance groups a cluster).
const slots = 48

// warner collects what is legal but unwise.
type warner struct {
	cfg      *Config
	problems []Problem
}

func (w *warner) warn(path, format string, args ...any) {
	at := place(w.cfg.pos, path)
	w.problems = append(w.problems, Problem{Line: at.line, Column: at.column, Path: path, Text: fmt.Sprintf(format, args...)})
}

func (w *warner) given(path string) bool {
	_, ok := w.cfg.pos[path]
	return ok
}

// warnings checks a valid configuration for what its author probably did not mean.
func warnings(cfg *Config) []Problem {
	w := &warner{cfg: cfg}
	w.listener()
	if len(cfg.Clusters) == 0 {
		w.warn("clusters", "no rule is given, so every cluster is left alone")
	}
	for i, s := range cfg.Scopes {
		w.scope(fmt.Sprintf("scopes[%d]", i), s)
	}
	for i := range cfg.Clusters {
		w.rule(fmt.Sprintf("clusters[%d]", i), &cfg.Clusters[i])
		for j := range i {
			if covers(cfg.Clusters[j].Match, cfg.Clusters[i].Match) {
				w.warn(fmt.Sprintf("clusters[%d]", i), "never used: clusters[%d] in line %d comes first and matches every cluster that this rule does",
					j, place(cfg.pos, fmt.Sprintf("clusters[%d]", j)).line)
				break
			}
		}
	}
	return inFileOrder(w.problems)
}

func (w *warner) scope(path string, s Scope) {
	if u, err := url.Parse(s.Endpoint); err == nil && u.Scheme == "http" && !s.LoopbackEndpoint() {
		w.warn(path+".endpoint", "plain http to another machine: everybody on the way can read and change the answers; use https")
	}
	if s.APIShare > 0.8 {
		w.warn(path+".api_share", "%v leaves little of the account's EMR API rate for everybody else, Airflow and the console included", s.APIShare)
	}
	shortest, at := time.Duration(0), -1
	for i, r := range w.cfg.Clusters {
		if r.Mode != Off && r.In(s.Name) && (at < 0 || r.Recovery.After < shortest) {
			shortest, at = r.Recovery.After, i
		}
	}
	if at >= 0 && s.Sweep > shortest/2 {
		w.warn(path+".sweep", "%s is more than half of clusters[%d].recovery.after (%s), so a stuck resize may be seen late", phrase.Duration(s.Sweep), at, phrase.Duration(shortest))
	}
}

func (w *warner) rule(path string, r *ClusterRule) {
	if r.Mode == Off {
		for _, key := range []string{"wrap", "recovery", "max_instances", "pools", "termination"} {
			if w.given(path + "." + key) {
				w.warn(path+"."+key, "has no effect: mode is off")
			}
		}
		return
	}
	w.scaling(path, r)
	s, path := r.Recovery, path+".recovery"
	if s.Settle >= s.After {
		w.warn(path+".settle", "%s is not shorter than after (%s): waiting for a stop takes as long as the resize itself may", phrase.Duration(s.Settle), phrase.Duration(s.After))
	}
	if s.Pace > s.After/5 {
		w.warn(path+".pace", "%s is more than a fifth of after (%s): the rules get too few looks at a resize", phrase.Duration(s.Pace), phrase.Duration(s.After))
	}
	if s.StartingGrace > s.After {
		w.warn(path+".starting_grace", "%s is longer than after (%s): instances that hang while starting are still counted as arriving", phrase.Duration(s.StartingGrace), phrase.Duration(s.After))
	}
	if s.ProgressGrace >= s.After {
		w.warn(path+".progress_grace", "%s is not shorter than after (%s): a group that gets one instance in that time is never stuck", phrase.Duration(s.ProgressGrace), phrase.Duration(s.After))
	}
	if s.Ban < s.After {
		w.warn(path+".ban", "%s is shorter than after (%s): the ban lapses before its replacement can be judged", phrase.Duration(s.Ban), phrase.Duration(s.After))
	}
	offers := 0
	for i, rung := range s.Fallback {
		offers += max(1, len(rung.Types))
		at := fmt.Sprintf("%s.fallback[%d]", path, i)
		if rung.After > 0 && s.Pace > rung.After/5 {
			w.warn(at+".after", "%s is less than five paces (%s): the rules get too few looks at a resize", phrase.Duration(rung.After), phrase.Duration(5*s.Pace))
		}
		if s.Ban < rung.After {
			w.warn(at+".after", "%s is longer than ban (%s): the ban lapses before its replacement can be judged", phrase.Duration(rung.After), phrase.Duration(s.Ban))
		}
	}
	if s.MaxGroups > 0 && offers > s.MaxGroups {
		w.warn(path+".fallback", "the ladder has %d kinds of groups and max_groups allows %d groups: the last ones may never be tried", offers, s.MaxGroups)
	}
	if s.RestMax < 2*s.Ban {
		w.warn(path+".rest_max", "%s is less than twice ban (%s): a pool that keeps failing is retried at the same short interval", phrase.Duration(s.RestMax), phrase.Duration(s.Ban))
	}
	if 15*s.Pace >= s.ShrinkAfter {
		w.warn(path+".shrink_after", "%s is not longer than 15 paces (%s), which a shrink has to be without progress anyway", phrase.Duration(s.ShrinkAfter), phrase.Duration(15*s.Pace))
	}
	if s.ShrinkAfter < time.Hour {
		w.warn(path+".shrink_after", "%s is shorter than the hour that EMR gives a graceful shrink by default", phrase.Duration(s.ShrinkAfter))
	}
	if s.MaxGroups == 0 {
		w.warn(path+".max_groups", "0: no group is ever made, so a group that is stuck stays short until its ban lapses")
	}
	if s.MaxGroups > 0 && s.ReserveSlots >= slots {
		w.warn(path+".reserve_slots", "%d keeps all of the cluster's %d task groups free, so no group is ever made", s.ReserveSlots, slots)
	} else if s.MaxGroups+s.ReserveSlots > slots {
		w.warn(path+".max_groups", "%d and reserve_slots %d are more than the %d task groups a cluster can have; reserve_slots wins", s.MaxGroups, s.ReserveSlots, slots)
	}
}

// covers says whether a matches every cluster that b matches, as far as the patterns show.
func covers(a, b Match) bool {
	within := func(few, all int) bool { return all == 0 || few > 0 }
	if !within(len(b.Scopes), len(a.Scopes)) || !within(len(b.IDs), len(a.IDs)) || !within(len(b.Names), len(a.Names)) && !slices.Contains(a.Names, "*") {
		return false
	}
	if len(a.Scopes) > 0 && slices.ContainsFunc(b.Scopes, func(s string) bool { return !slices.Contains(a.Scopes, s) }) {
		return false
	}
	for _, id := range b.IDs {
		if len(a.IDs) > 0 && !slices.Contains(a.IDs, id) {
			return false
		}
	}
	for _, name := range b.Names {
		if len(a.Names) > 0 && !slices.ContainsFunc(a.Names, func(p string) bool { return patternCovers(p, name) }) {
			return false
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(a.Tags)) {
		if value, ok := b.Tags[tag]; !ok || value != a.Tags[tag] {
			return false
		}
	}
	return true
}

// patternCovers says whether pattern p surely matches every name that pattern q does: they are equal, or q is a plain
// name, or p is a plain prefix with * at its end and q begins with that prefix.
func patternCovers(p, q string) bool {
	if p == q {
		return true
	}
	if !strings.ContainsAny(q, `*?\`) {
		return emr.Like(p, q)
	}
	prefix, star := strings.CutSuffix(p, "*")
	return star && !strings.ContainsAny(prefix, `*?\`) && strings.HasPrefix(q, prefix)
}
