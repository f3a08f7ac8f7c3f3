package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// Next is one thing that follows by itself if nothing changes.
type Next struct {
	At   time.Time `json:"at,omitzero" doc:"when, at the earliest; absent: as soon as the reads allow it"`
	Text string    `json:"text" doc:"what follows"`
	Stop string    `json:"stop,omitempty" doc:"the command that prevents it"`
	Pool string    `json:"pool,omitempty" doc:"id of the pool it is about; absent: the whole cluster"`

	lapse bool // a ban ends: nothing is done then, so timelines show its bar alone
}

// Of says whether it is about a pool, or about the cluster as a whole.
func (n Next) Of(id string) bool { return n.Pool == "" || n.Pool == id }

// Line is a Next in one line.
func (n Next) Line(now time.Time) string {
	if n.At.IsZero() {
		return n.Text
	}
	return Until(n.At, now) + ": " + n.Text
}

// Ahead is what follows by itself on a cluster, the earliest first. Who asks at night has to know what emrguard is going to do, and how to prevent it.
func (w World) Ahead(s Scope, c Cluster) []Next {
	out := []Next{}
	held := ""
	switch {
	case c.Paused != nil:
		held = "emrguard changes nothing here until `emrguard resume " + string(c.Cluster.ID) + "`: " + Waiting(c)
	case s.Paused != nil:
		held = "emrguard changes nothing in scope " + s.Name + " until `emrguard resume --all --scope " + s.Name + "`: " + Waiting(c)
	case c.Withheld != "":
		held = "emrguard only observes this cluster: " + c.Withheld
	case c.Mode == "observe":
		held = "emrguard only observes this cluster; what it would do is in the history"
	case c.Mode == "off":
		held = "emrguard leaves this cluster alone"
	}
	if held != "" {
		return append(out, Next{Text: held})
	}
	stop := "emrguard pause " + string(c.Cluster.ID)
	for _, r := range c.Recoveries {
		out = append(out, Next{At: c.nextStep(r), Text: c.following(r), Stop: stop, Pool: string(r.Pool)})
	}
	for _, g := range c.Groups {
		if n, ok := w.deadline(c, g); ok {
			n.Stop, n.Pool = stop, string(c.PoolOf(g.ID).Origin)
			out = append(out, n)
		}
	}
	for _, p := range c.Pools {
		name := cmp.Or(p.Name, string(p.Origin))
		_, missing := c.running(p)
		switch {
		case p.Rest != nil && w.Now.Before(p.Rest.Until):
			out = append(out, Next{At: p.Rest.Until, Text: fmt.Sprintf("the rest of pool %s ends, and what it misses (%d) is asked for again", name, missing), Stop: stop, Pool: string(p.Origin)})
		case p.Blocked != nil:
			out = append(out, Next{At: p.Blocked.Retry, Text: fmt.Sprintf("places for what pool %s misses (%d) are looked for again", name, missing), Stop: stop, Pool: string(p.Origin)})
		}
	}
	for _, p := range c.Pools {
		for _, m := range p.Members {
			if m.Banned(w.Now) {
				out = append(out, Next{At: m.Ban.Until, Text: c.lapse(p, m), Pool: string(p.Origin), lapse: true})
			}
		}
	}
	if n := c.notice(); n != nil {
		out = append(out, Next{At: n.Until, Text: "the cluster is terminated, if policy " + n.Policy + " still holds", Stop: n.Stop})
	}
	for _, of := range c.Scaling {
		if d := of.Deferred; d != nil {
			out = append(out, Next{Text: fmt.Sprintf("schedule %s of pool %s, due since %s, is carried out once nothing holds scaling any more", d.Schedule, of.Name, Clock(d.Due, w.Now)), Stop: stop, Pool: string(of.Origin)})
		}
	}
	if c.Suspended != nil {
		out = append(out, Next{Text: "scaling goes on once nothing resizes and no recovery is open"})
	}
	slices.SortStableFunc(out, func(a, b Next) int {
		switch { // what has a time first
		case a.At.IsZero() == b.At.IsZero():
			return a.At.Compare(b.At)
		case a.At.IsZero():
			return 1
		}
		return -1
	})
	return out
}

// Waiting says what stays as it is on clusters while emrguard changes nothing there.
func Waiting(clusters ...Cluster) string {
	open, missing := 0, 0
	for _, c := range clusters {
		open += len(c.Recoveries)
		for _, p := range c.Pools {
			_, n := c.running(p)
			missing += n
		}
	}
	switch {
	case open > 0 && missing > 0:
		return hold(open) + ", " + stay(missing)
	case open > 0:
		return hold(open)
	case missing > 0:
		return stay(missing)
	}
	return "nothing is missing there now"
}

func hold(open int) string {
	if open == 1 {
		return "1 open recovery waits where it is"
	}
	return fmt.Sprintf("%d open recoveries wait where they are", open)
}

func stay(missing int) string {
	if missing == 1 {
		return "1 instance stays missing"
	}
	return phrase.Count(missing, "instance") + " stay missing"
}

// lapse says what the end of a ban means.
func (c Cluster) lapse(p pool.Pool, m pool.Member) string {
	text := fmt.Sprintf("the ban of %s ends: launches may go there again", c.label(m.Group))
	switch {
	case m.Group != p.Origin || p.Elsewhere(c.View()) == 0:
	case c.Settings.Return == recovery.Auto && p.Role == emr.Task:
		text += fmt.Sprintf(", and what was placed elsewhere (%d) returns to it", p.Elsewhere(c.View()))
	default:
		text += fmt.Sprintf("; what was placed elsewhere (%d) stays there until `emrguard return %s`", p.Elsewhere(c.View()), p.Origin)
	}
	return text
}

// nextStep is when the step of a recovery ends at the latest, as far as that is known.
func (c Cluster) nextStep(r recovery.Recovery) time.Time {
	switch {
	case r.Step == recovery.StepSettle:
		return cmp.Or(r.NextTry, r.SettleBy)
	case r.Step == recovery.StepWatch && !r.Placement.At.IsZero():
		rung := 0 // of the group that took the launch, which may have an after of its own
		if p := c.PoolOf(r.Placement.Group); p != nil {
			rung = p.Member(r.Placement.Group).Rung
		}
		return r.Placement.At.Add(r.Settings.On(rung).After)
	}
	return time.Time{}
}

// following says what an open recovery does next.
func (c Cluster) following(r recovery.Recovery) string {
	name := c.label(r.Group)
	if r.Hold != "" {
		return fmt.Sprintf("recovery %s of %s goes on (%s) once it may; it waits: %s", r.ID, name, r.Step, r.Hold)
	}
	switch r.Step {
	case recovery.StepConfirm:
		return "once a new read confirms it, " + changing(r, name)
	case recovery.StepStop:
		return fmt.Sprintf("the resize of %s is stopped at what runs", name)
	case recovery.StepSettle:
		return fmt.Sprintf("the stop of %s has to show by then; it is repeated if it does not", name)
	case recovery.StepPlace:
		return fmt.Sprintf("what %s misses is launched on another group of its pool", name)
	case recovery.StepRelease:
		return fmt.Sprintf("what is no longer wanted of %s is released", name)
	case recovery.StepWatch:
		text, chain := c.label(r.Placement.Group)+" still misses instances", 0
		if p := c.Pool(r.Pool); p != nil {
			chain = p.Chain
		}
		return "if " + text + ", " + repair(r.Settings, chain)
	}
	return fmt.Sprintf("recovery %s of %s: %s", r.ID, name, r.Step)
}

// changing says what the first change of a recovery is.
func changing(r recovery.Recovery, name string) string {
	switch r.Kind {
	case recovery.Scale:
		if r.Delta < 0 {
			return fmt.Sprintf("%s %s released from the pool of %s", phrase.Count(-r.Delta, "instance"), phrase.Are(-r.Delta), name)
		}
		return fmt.Sprintf("%s %s launched for the pool of %s", phrase.Count(r.Delta, "instance"), phrase.Are(r.Delta), name)
	case recovery.Return:
		return fmt.Sprintf("%s is asked again for what was placed elsewhere", name)
	case recovery.Surplus:
		return fmt.Sprintf("what the pool of %s has too many is released", name)
	case recovery.Retry:
		return fmt.Sprintf("what %s misses is launched", name)
	case recovery.Overrun:
		return fmt.Sprintf("%s is asked for what runs, and what is not wanted is released again", name)
	case recovery.Shrink:
		return fmt.Sprintf("the shrink of %s, which does not move, is given up", name)
	}
	return fmt.Sprintf("the resize of %s is stopped at what runs", name)
}

// deadline says when a group with missing instances counts as stuck, if nobody deals with it yet.
func (w World) deadline(c Cluster, g guard.Group) (Next, bool) {
	p := c.PoolOf(g.ID)
	oldest, missing := g.Ledger.Oldest()
	if p == nil || !missing || c.Settings.After == 0 || w.dealtWith(c, *p, g.ID) {
		return Next{}, false
	}
	name := c.label(g.ID)
	if c.Wrapped && p.Role == emr.Core {
		return Next{Text: fmt.Sprintf("%s misses %d since %s; the cluster is wrapped, so nobody stops its resize", name, g.Missing(), Clock(oldest.Since, w.Now))}, true
	}
	at := oldest.Since.Add(c.Settings.On(p.Member(g.ID).Rung).After)
	unless := ""
	if d := c.Settings.ProgressGrace; d > 0 {
		unless = fmt.Sprintf(", or %s after the last arrival", Span(d))
	}
	return Next{At: at, Text: fmt.Sprintf("if %s still misses instances (%d now)%s, %s", name, g.Missing(), unless, repair(c.Settings, p.Chain))}, true
}

// repair says what emrguard does with a group that is stuck, after so many recoveries of its pool in a row that completed nothing (R4 to R8).
func repair(s recovery.Settings, chain int) string {
	if chain >= s.Chain {
		return fmt.Sprintf("its pool rests for %s or longer, as %s in a row completed nothing; a rung that was not tried yet is tried before that", Span(s.Ban), phrase.Count(chain, "recovery"))
	}
	where := "another group of the same configuration"
	if len(s.Fallback) != 1 || s.Fallback[0].String() != "same" {
		var rungs []string
		for _, r := range s.Fallback {
			rungs = append(rungs, rung(r))
		}
		where = "another group: " + strings.Join(rungs, ", then ")
	}
	return fmt.Sprintf("its resize is stopped at what runs, it is banned for %s, and what is missing is launched on %s", Span(s.Ban), where)
}

// rung says in words what the groups of a rung are.
func rung(r recovery.Rung) string {
	var parts, limits []string
	if len(r.Types) > 0 {
		parts = append(parts, "of type "+strings.Join(r.Types, " or "))
	}
	switch r.Market {
	case emr.Spot:
		parts = append(parts, "Spot")
	case emr.OnDemand:
		parts = append(parts, "On-Demand")
	}
	if r.BidPrice != "" {
		parts = append(parts, "for $"+r.BidPrice+" at most")
	}
	if r.Max > 0 {
		limits = append(limits, "at most "+phrase.Count(r.Max, "instance"))
	}
	if r.After > 0 {
		limits = append(limits, "stuck after "+Span(r.After))
	}
	text := cmp.Or(strings.Join(parts, ", "), "of the same configuration")
	if len(limits) > 0 {
		text += " (" + strings.Join(limits, ", ") + ")"
	}
	return text
}

// dealtWith says whether a recovery, a rest or a block already says what follows for a group.
func (w World) dealtWith(c Cluster, p pool.Pool, id emr.GroupID) bool {
	if p.Rest != nil && w.Now.Before(p.Rest.Until) || p.Blocked != nil {
		return true
	}
	return slices.ContainsFunc(c.Recoveries, func(r recovery.Recovery) bool { return r.Group == id || r.Placement.Group == id })
}

// conditions are the words for what is the matter with a cluster.
func (c ClusterStatus) conditions() []string {
	out := []string{}
	add := func(word string, holds bool) {
		if holds && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	for _, p := range c.Pools {
		add("blocked", p.Blocked != nil)
	}
	add(Stuck, c.Stuck)
	for _, p := range c.Pools {
		add("contested", p.Contested)
	}
	add("unusable", c.Unusable != nil)
	add("terminating", c.Notice != nil)
	add(Missing, slices.Contains(c.shortfall, Missing))
	for _, r := range c.Recoveries {
		add("recovering", r.Kind != string(recovery.Scale))
	}
	for _, p := range c.Pools {
		add("resting", p.Rest != nil)
	}
	add(Resizing, slices.Contains(c.shortfall, Resizing))
	add("suspended", c.Suspended != nil)
	add("paused", c.Paused != nil)
	add("banned", len(c.bans) > 0)
	add("observed", c.Withheld != "" || c.Mode == "observe")
	return out
}

// Conditions are all words that a cluster's conditions may have, the most urgent first.
func Conditions() []string {
	return strings.Fields("blocked stuck contested unusable terminating missing recovering resting resizing suspended paused banned observed")
}
