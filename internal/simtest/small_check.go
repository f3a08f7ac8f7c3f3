package simtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/pool"
	"emrguard/internal/store"
)

// effect checks what a change by the guard just did: the pool is never asked for more than anybody wanted, unless somebody else raised it.
func (s *small) effect() {
	for n, c := range s.w.Sim.Changes(Region, s.seen) {
		if c.Who != "api" || c.Cluster != s.cluster {
			continue
		}
		sum, running := 0, 0
		for _, g := range s.pool(s.truth(), "task") {
			sum += g.Requested
			running += g.Running
		}
		twin := c.Op == string(emr.AddInstanceGroups) && s.i.addsLate() // is released at once (rule R7)
		keeps := c.To <= c.Running                                      // what arrived after the stop runs already, and is asked for until the fallback gives as much back (rule R5)
		if c.To > c.From && sum > 9 && !s.raised() && !twin && !keeps {
			s.violate("twice", "%s asks for %d in all, nobody wanted more than 9", c.Op, sum)
		}
		if c.To < c.From {
			s.cuts = append(s.cuts, cut{s.seen + n, running - max(0, c.Running-c.To)})
		}
	}
	s.seen = len(s.w.Sim.Changes(Region, 0))
}

// raised says whether somebody else raised the stuck group after the first time.
func (s *small) raised() bool {
	return s.changed != nil && (s.i.Change.Do == "9" || s.i.Change.Do == "12")
}

// check looks at the end of the world.
func (s *small) check() {
	state, _ := s.w.state(emr.ClusterID(s.cluster))
	if s.changed != nil && s.i.Change.Do == "end" {
		if state.Ended.IsZero() || len(state.Recoveries) > 0 || state.Pending != nil || state.Suspended != nil {
			s.violate("end", "the cluster ended, and something of it is open: %+v", state)
		}
		return
	}
	if state.Withheld == "" { // else what is asked for too much stays so: somebody else is in charge (rule R12)
		s.w.Quiet("etl")
	}
	truth := s.truth()
	sum, running := 0, 0
	for _, g := range s.pool(truth, "task") {
		sum += g.Requested
		running += min(g.Running, g.Requested)
	}
	if want := s.wanted(); !slices.Contains(want, sum) && state.Withheld == "" {
		s.violate("wanted", "%d are asked for, %v wanted", sum, want)
	}
	if running < sum {
		s.violate("capacity", "%d of %d run", running, sum)
	}
	for name, want := range map[string]int{"core": s.want("core", 2, 3), "another": s.want("group", 0, 2)} { //archtest:sorted each is checked by itself
		asked := 0
		for _, g := range s.pool(truth, name) {
			asked += g.Requested
		}
		if asked != want {
			s.violate("others", "%d are asked for of %s, not %d", asked, name, want)
		}
	}
	s.launches()
	s.ended(sum)
	for _, p := range state.Pools {
		for _, m := range p.Members {
			if m.Banned(s.w.Now()) {
				s.violate("ban", "%s is banned until %s", m.Group, m.Ban.Until.Format(time.TimeOnly))
			}
		}
	}
}

// want is the later figure if this change took place.
func (s *small) want(do string, before, after int) int {
	if s.changed != nil && s.i.Change.Do == do {
		return after
	}
	return before
}

// launches checks that no recovery made two groups with instances, and that none began too early.
func (s *small) launches() {
	filled, names := map[string]int{}, map[string]string{}
	for _, g := range s.truth().Groups {
		names[g.ID] = g.Name
	}
	for _, c := range s.w.Sim.Changes(Region, 0) {
		if c.Who != "api" || c.Op != string(emr.AddInstanceGroups) || c.To == 0 {
			continue
		}
		_, token, _ := emr.ParseGroupName(names[c.Group])
		if filled[token.Recovery]++; filled[token.Recovery] > 1 {
			s.violate("twin", "recovery %s made %d groups with instances", token.Recovery, filled[token.Recovery])
		}
		if age := c.At.Sub(s.began); age < smallAfter-smallSweep/2 {
			s.violate("early", "%s was made %s after somebody asked for it", c.Group, age)
		}
	}
}

// ended checks that no change by the guard ended a running node that was wanted: a release of what came back twice may, and that of a twin, which
// is given up at once (rule R7), what did not run yet.
func (s *small) ended(wanted int) {
	for n, c := range s.w.Sim.Changes(Region, 0) {
		if c.Who != "api" || c.Ended == 0 {
			continue
		}
		if c.Running <= c.To && s.twin(c.Group) {
			continue
		}
		left := slices.IndexFunc(s.cuts, func(x cut) bool { return x.entry == n })
		if left < 0 || s.cuts[left].left < wanted {
			s.violate("ended", "%s %s from %d to %d ended %d running nodes", c.Op, c.Group, c.From, c.To, c.Ended)
		}
	}
}

// twin says whether a recovery made another group before this one.
func (s *small) twin(group string) bool {
	names, made := map[string]string{}, map[string]bool{}
	for _, g := range s.truth().Groups {
		names[g.ID] = g.Name
	}
	for _, c := range s.w.Sim.Changes(Region, 0) {
		if c.Op != string(emr.AddInstanceGroups) {
			continue
		}
		_, token, ours := emr.ParseGroupName(names[c.Group])
		if c.Group == group {
			return ours && made[token.Recovery]
		}
		made[token.Recovery] = true
	}
	return false
}

// wanted is what the pool may be asked for at the end, by rule R10. A person's change that the guard could not have seen before it changed
// the same group itself is lost.
func (s *small) wanted() []int {
	if s.changed == nil {
		return []int{9}
	}
	x := s.changed
	switch s.i.Change.Do {
	case "12":
		out := []int{12}
		if s.blind(1) || s.overwritten() {
			out = append(out, 9)
		}
		if s.fault.Effect == emrsim.Stale { // the 9 from before this change, read after our stop showed, looks like somebody's rise, and the stop in the next read like a fall
			for _, r := range s.history("pool.outside_fall") {
				var data struct{ Change pool.Change }
				if err := json.Unmarshal(r.Data, &data); err != nil {
					panic(err)
				}
				out = append(out, 12-data.Change.Taken)
			}
		}
		return out
	case "6", "3":
		to, _ := strconv.Atoi(s.i.Change.Do)
		fall := x.task - to
		if fall <= 0 {
			return []int{9}
		}
		out := []int{9 - fall}
		if s.blind(2) {
			out = append(out, 9)
		}
		for _, r := range s.history("recovery.overtaken") { // then what is asked for at that moment is wanted
			out = append(out, s.asked(r.At)...)
		}
		for _, c := range s.w.Calls { // more came to run meanwhile, and the shrink was given up (rule R3)
			if c.Call.Op == emr.ModifyInstanceGroups && string(c.Call.Group) == x.group && c.At.After(x.at) && c.Call.Count > to {
				out = append(out, 9-fall+c.Call.Count-to)
			}
		}
		return out
	}
	return []int{9}
}

// blind says whether the guard decided on a stop of the group before it had read it so often after the outside change: then it takes what it
// reads for its own, or has undone the change without knowing.
func (s *small) blind(reads int) bool {
	stops := slices.DeleteFunc(s.history("call.stop", "call.keep"), func(r store.Record) bool { return r.Group != s.changed.group })
	return slices.ContainsFunc(stops, func(r store.Record) bool {
		seen, nth := 0, 0
		for _, call := range s.w.Calls[s.sent:] {
			if call.Call.Op != emr.ListInstanceGroups {
				continue
			}
			shows := call.At
			if nth++; s.fault.Effect == emrsim.Stale && s.fault.First == nth {
				shows = shows.Add(-s.fault.Time)
			}
			if call.Err == nil && shows.After(s.changed.at) && call.At.Before(r.At) {
				seen++
			}
		}
		return r.At.After(s.changed.at) && seen < reads || !r.At.After(s.changed.at) && s.changed.task == 9
	})
}

// overwritten says whether a launch on the group that was written down at the moment of the outside change took its place: no read can have shown it.
func (s *small) overwritten() bool {
	return slices.ContainsFunc(s.w.Sim.Changes(Region, 0), func(c emrsim.Change) bool {
		return c.Who == "api" && c.Group == s.changed.group && c.At.Equal(s.changed.at) && c.From == 12 && c.To > s.changed.task
	})
}

// history lists what was written down of these kinds.
func (s *small) history(kinds ...string) []store.Record {
	out, err := s.w.o.Store.History(context.Background(), store.Query{Scope: ScopeName, Cluster: s.cluster, Kinds: kinds, Oldest: true, Limit: 1000})
	if err != nil {
		panic(err)
	}
	return out
}

// asked is what the pool was asked for at a time: in truth, and as the guard believes, to whom a stop that it wrote down counts as sent.
func (s *small) asked(at time.Time) []int {
	truth, believed, changes := 6, 6, s.w.Sim.Changes(Region, 0)
	stops := s.history("call.stop", "call.keep")
	for _, g := range s.pool(s.truth(), "task") {
		sum, last := 0, time.Time{}
		for _, c := range changes {
			if c.Group == g.ID && !c.At.After(at) {
				sum, last = sum+c.To-c.From, c.At
			}
		}
		truth += sum
		for _, r := range stops {
			if r.Group == g.ID && !r.At.Before(last) && !r.At.After(at) {
				var data struct{ Call emr.Call }
				if err := json.Unmarshal(r.Data, &data); err != nil {
					panic(err)
				}
				sum = data.Call.Count
				if g.Name == "task" {
					sum -= 6
				}
			}
		}
		believed += sum
	}
	return []int{truth, believed}
}

func (s *small) violate(property, format string, args ...any) {
	s.violations = append(s.violations, Violation{Property: property, At: s.w.Now(), Text: fmt.Sprintf(format, args...)})
}
