package simtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Violation is a property that did not hold.
type Violation struct {
	Property string
	At       time.Time
	Text     string
}

// seenRead is what one ListInstanceGroups showed of a group.
type seenRead struct {
	at      time.Time
	running int
}

// oracle watches the calls of a world and checks the properties that hold at every moment.
type oracle struct {
	w          *World
	reads      map[emr.GroupID][]seenRead
	most       int // groups that one read showed
	violations []Violation
	scaling    *scalingOracle // nil: scaling is not watched
}

// Watch makes the world check its properties from now on; Violations lists what did not hold.
func (w *World) Watch() { w.oracle = &oracle{w: w, reads: map[emr.GroupID][]seenRead{}} }

// Violations are the properties that did not hold since Watch.
func (w *World) Violations() []Violation {
	if w.oracle == nil {
		return nil
	}
	return w.oracle.violations
}

func (o *oracle) violate(property, format string, args ...any) {
	o.violations = append(o.violations, Violation{property, o.w.Now(), fmt.Sprintf(format, args...)})
}

// read notes what an answer showed once it arrives: what is still on its way nobody knows. One that shows fewer groups than were seen
// before is unusable (R11): nothing is decided on it.
func (o *oracle) read(sent time.Time, groups []emr.Group) {
	if len(groups) < o.most {
		return
	}
	o.most = len(groups)
	now := o.w.Now()
	for _, g := range groups {
		old := slices.IndexFunc(o.reads[g.ID], func(r seenRead) bool { return now.Sub(r.at) <= 10*time.Minute })
		if old < 0 {
			old = len(o.reads[g.ID])
		}
		o.reads[g.ID] = append(o.reads[g.ID][old:], seenRead{sent, g.Running})
	}
}

// answered notes what a process is told.
func (o *oracle) answered(c completion) {
	if len(c.done.Result.Groups) > 0 {
		o.read(c.sent, c.done.Result.Groups)
	}
	if o.scaling != nil {
		o.scaling.answered(c)
	}
}

// saved notes what a process wrote down.
func (o *oracle) saved(s store.Save) {
	if o.scaling != nil {
		o.scaling.saved(s)
	}
}

// reconfigured notes that the processes follow another configuration from now on.
func (o *oracle) reconfigured() {
	if o.scaling != nil {
		o.scaling.reconfigured()
	}
}

// state is the guard's document of a cluster, as saved.
func (w *World) state(cluster emr.ClusterID) (guard.State, bool) {
	doc, err := w.o.Store.Load(context.Background(), store.Key{Scope: ScopeName, Cluster: string(cluster)})
	if err != nil {
		return guard.State{}, false
	}
	var s guard.State
	if err := json.Unmarshal(doc.Body, &s); err != nil {
		panic(err)
	}
	return s, true
}

// change checks a change that is about to be sent: it must be in the document, and keep to the properties.
func (o *oracle) change(c emr.Call) {
	s, ok := o.w.state(c.Cluster)
	if ok && !s.Ended.IsZero() {
		return // it ended between the decision and now; EMR refuses
	}
	if !ok || s.Pending == nil || s.Pending.Call.String() != c.String() {
		o.violate("journal", "%s is sent and not written down", c)
		return
	}
	if o.scaling != nil {
		o.scaling.sent(c, s)
	}
	if s.Pending.Purpose == guard.ForMake || s.Pending.Purpose == guard.ForTerminate {
		return // for no pool that is there yet
	}
	p := s.Pool(s.Pending.Pool)
	now, pending := o.w.Now(), s.Pending
	if p == nil {
		o.violate("journal", "%s is for no pool", c)
		return
	}
	if g := s.Group(c.Group); g != nil && g.Role == emr.Master {
		o.violate("R6", "%s touches the MASTER", c)
	}
	switch pending.Purpose {
	case guard.ForLaunch, guard.ForAdd:
		// A return by hand launches on the origin first and releases the fallbacks once that runs.
		r := s.Recovery(pending.Recovery)
		if sum := p.Requested(s.View()) + added(pending); sum > p.Wanted && (r == nil || r.Kind != recovery.Return) {
			o.violate("I2", "%s asks for %d in all, the pool wants %d", c, sum, p.Wanted)
		}
		if m := p.Member(c.Group); m != nil && m.Banned(now) {
			o.violate("I3", "%s launches on a banned member", c)
		}
		if r != nil {
			o.rungMax(s, p, r.Settings.Fallback, c)
		}
	case guard.ForStop, guard.ForKeep:
		highest, pace := 0, 2*o.w.rule(s.Cluster.ClusterSummary).Settings.Pace
		if r := s.Recovery(pending.Recovery); r != nil {
			pace = 2 * r.Settings.Pace
		}
		for _, r := range o.reads[c.Group] {
			if now.Sub(r.at) <= pace {
				highest = max(highest, r.running)
			}
		}
		if c.Count < highest {
			o.violate("I6", "%s asks for less than the %d that ran within the last two paces", c, highest)
		}
	}
}

// rungMax checks that a launch does not take the members of a rung over their max, by the ladder of its recovery (R6).
func (o *oracle) rungMax(s guard.State, p *pool.Pool, ladder []recovery.Rung, c emr.Call) {
	origin := recovery.ShapeOf(s.Group(p.Origin).Group)
	rungOf := func(id emr.GroupID) int {
		if g := s.Group(id); g != nil && id != p.Origin {
			return recovery.RungOf(ladder, origin, recovery.ShapeOf(g.Group))
		}
		return 0
	}
	rung, asked := rungOf(c.Group), 0
	if c.Config != nil {
		rung, asked = recovery.RungOf(ladder, origin, recovery.Shape{Type: c.Config.InstanceType, Market: c.Config.Market, Bid: c.Config.BidPrice}), c.Config.Count
	}
	if rung < 1 || rung > len(ladder) || ladder[rung-1].Max == 0 {
		return
	}
	for _, m := range p.Members {
		if seen, ok := s.View()(m.Group); ok && rungOf(m.Group) == rung {
			asked += seen.Requested
		}
	}
	if asked > ladder[rung-1].Max {
		o.violate("R6", "%s takes rung %d to %d, its max is %d", c, rung, asked, ladder[rung-1].Max)
	}
}

// added is what an AddInstanceGroups asks for: a launch on a member is in the member's expected count already.
func added(c *guard.Call) int {
	if c.Purpose == guard.ForAdd {
		return c.Call.Config.Count
	}
	return 0
}

// twins checks that no recovery has instances in two new groups (I5). While a twin is being released that may be so for a while,
// so it is asked when the world is quiet.
func (o *oracle) twins(cluster string) {
	filled := map[string]string{}
	s, _ := o.w.state(emr.ClusterID(o.w.Truth(cluster).ID))
	for _, g := range o.w.Truth(cluster).Groups {
		_, token, ok := emr.ParseGroupName(g.Name)
		if !ok || g.Requested == 0 || token.Origin == "configured" { // see scalingOracle.twins
			continue
		}
		if known := s.Group(emr.GroupID(g.ID)); known != nil && known.Called.By != "" && known.Called.By != token.Recovery {
			continue // a later recovery launched on it
		}
		key := token.Store + "." + token.Recovery
		if other := filled[key]; other != "" {
			o.violate("I5", "recovery %s has instances in %s and in %s", token.Recovery, other, g.ID)
		}
		filled[key] = g.ID
	}
}

// Quiet checks what must hold once nothing disturbs the world any more and everything has capacity: what is wanted is asked for
// and runs, nothing is open, suspended or resting.
func (w *World) Quiet(cluster string) {
	o := w.oracle
	truth := w.Truth(cluster)
	s, ok := w.state(emr.ClusterID(truth.ID))
	if !ok {
		o.violate("liveness", "there is no state of %s", cluster)
		return
	}
	o.twins(cluster)
	if s.Withheld != "" {
		return
	}
	asked := map[emr.GroupID]int{}
	for _, g := range truth.Groups {
		asked[emr.GroupID(g.ID)] = g.Requested
		if g.Running < g.Requested { // more may run: EMR may keep what arrives long after a stop
			o.violate("liveness", "%s: %d of %d run", g.ID, g.Running, g.Requested)
		}
	}
	for _, p := range s.Pools {
		sum := 0
		for _, m := range p.Members {
			sum += asked[m.Group]
		}
		if sum != p.Wanted && p.Blocked == nil {
			o.violate("I2", "pool %s wants %d and %d are asked for", p.Origin, p.Wanted, sum)
		}
		if p.Rest != nil {
			o.violate("liveness", "pool %s rests until %s: %s", p.Origin, p.Rest.Until.Format(time.TimeOnly), p.Rest.Reason)
		}
	}
	if s.Suspended != nil {
		o.violate("liveness", "scaling is suspended: %s", strings.Join(s.Suspended.Reasons, "; "))
	}
	for _, r := range s.Recoveries {
		o.violate("liveness", "recovery %s of %s (%s) is open at %s: %s", r.ID, r.Group, r.Kind, r.Step, r.Hold)
	}
	if s.Pending != nil {
		o.violate("liveness", "%s is pending", s.Pending.Call)
	}
}
