package guard

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// failer is what a model reports to: *testing.T or *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// model is a very small EMR with one guard on it: groups with counts, one answer on its way. Every decision of it is checked.
type model struct {
	t         failer
	now       time.Time
	env       Env
	state     State
	last      Decision
	groups    []*truth
	cluster   emr.Cluster
	managed   bool
	made      int
	pending   *Call // sent, and not answered
	added     emr.GroupID
	reads     []modelRead // usable ones, the newest last
	log       []string
	records   []Record
	past      [][]emr.Group // what reads could show, the newest last
	order     uint64        // of the groups in the next read
	calls     []Call
	calm      bool // only some decisions are repeated to see that they are pure
	decisions int
	unowned   map[emr.GroupID]time.Time // stuck groups that nobody cares for, since when
	fates     map[string]string         // of new groups, by type and market: they get nothing, and this is what EMR says
	series    map[string][]emr.Point    // what CloudWatch has, by metric name
	asked     int                       // series asked of it
	poisoned  string                    // name of a metric that it cannot read, for poison
	poison    *emr.Error
}

// fate is what becomes of a new group.
func (m *model) fate(c emr.GroupConfig) (why string, stuck bool) {
	why, stuck = m.fates[c.InstanceType+" "+string(c.Market)]
	return why, stuck
}

// truth is one group as it really is.
type truth struct {
	emr.Group
	starting []time.Time // creation of instances that have an EC2 id and do not run yet
	gaveUp   bool        // shows SUSPENDED
	stuck    bool        // gets nothing
	why      string      // what EMR says of it, if anything
}

type modelRead struct {
	began  time.Time
	groups map[emr.GroupID]emr.Group
}

func newModel(t failer, s recovery.Settings) *model {
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	m := &model{t: t, now: start, unowned: map[emr.GroupID]time.Time{}, cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-TEST", Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups}}
	m.env = Env{Store: "storeaaa", Mode: Enforce, Why: "rule 1", Settings: s, Sweep: 5 * time.Minute, Trusted: true, Generation: 1, StopReady: true, Modify: true, Add: true, Terminate: true}
	m.group("ig-M", "master", emr.Master, 1)
	m.group("ig-C", "core", emr.Core, 2)
	m.group("ig-A", "task", emr.Task, 6)
	m.state = New("prod", m.cluster.ClusterSummary)
	m.note()
	m.decide(Input{})
	return m
}

func (m *model) group(id emr.GroupID, name string, role emr.Role, n int) *truth {
	g := &truth{Group: emr.Group{ID: id, Name: name, Role: role, Market: emr.Spot, InstanceType: "m5.xlarge", Requested: n, Running: n, State: emr.GroupRunning, Created: m.now}}
	m.groups = append(m.groups, g)
	return g
}

func (m *model) of(id emr.GroupID) *truth {
	for _, g := range m.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// shown is what a read shows now.
func (m *model) shown() []emr.Group {
	out := make([]emr.Group, 0, len(m.groups))
	for _, g := range m.groups {
		c := g.Group
		c.State = emr.GroupRunning
		switch {
		case c.Running == c.Requested:
		case g.gaveUp && c.Running < c.Requested:
			c.State, c.ReasonText = emr.GroupSuspended, g.why
		default:
			c.State, c.ReasonText = emr.GroupResizing, g.why
		}
		out = append(out, c)
	}
	return out
}

// note keeps what later reads may still show.
func (m *model) note() {
	m.past = append(m.past, m.shown())
	if len(m.past) > 4 {
		m.past = m.past[1:]
	}
}

// decide lets the guard take one input, and checks what holds for every decision.
func (m *model) decide(in Input) Decision {
	m.t.Helper()
	m.env.Now = m.now
	before := marshal(m.t, m.state)
	d := Decide(m.state, m.env, in)
	m.decisions++
	if m.calm && m.decisions%64 != 0 {
		m.take(d)
		return d
	}
	if after := marshal(m.t, m.state); after != before {
		m.fail("Decide changed the state it was given:\n%s\n%s", before, after)
	}
	if again := Decide(m.state, m.env, in); text(again) != text(d) {
		m.fail("the same inputs lead to another decision:\n%s\n%s", text(d), text(again))
	}
	var stored State
	if err := json.Unmarshal([]byte(before), &stored); err != nil {
		m.fail("%v", err)
	}
	for i := range stored.Groups { // these are read again rather than stored
		stored.Groups[i].Instances, stored.Groups[i].InstancesBegan = m.state.Groups[i].Instances, m.state.Groups[i].InstancesBegan
	}
	if reread := Decide(stored, m.env, in); text(reread) != text(d) {
		m.fail("a state that was stored and read decides otherwise:\n%s\n%s", text(d), text(reread))
	}
	if err := d.State.Validate(); err != nil {
		m.fail("the state is not fit to be stored: %v", err)
	}
	m.take(d)
	return d
}

// take holds a decision against the properties and carries it out.
func (m *model) take(d Decision) {
	m.t.Helper()
	m.check(d)
	m.state, m.last = d.State, d
	m.records = append(m.records, d.Records...)
	for _, r := range d.Records {
		m.log = append(m.log, fmt.Sprintf("%s %s %s: %s", m.now.Format(time.TimeOnly), r.Kind, r.Group, r.Reason))
	}
	if d.Call != nil {
		m.send(*d.Call)
	}
}

// check holds a decision against the properties.
func (m *model) check(d Decision) {
	m.t.Helper()
	for _, p := range d.State.Pools {
		for _, member := range p.Members {
			if member.Moved < 0 || len(member.Expected) == 0 {
				m.fail("member %+v", member)
			}
		}
	}
	for _, r := range d.Records {
		if r.Reason == "" || r.ID == "" || r.At.IsZero() {
			m.fail("I8: a record without reason, id or time: %+v", r)
		}
	}
	c := d.Call
	if c == nil {
		return
	}
	if m.pending != nil {
		m.fail("%s is sent while a change is on its way", c.Call)
	}
	if d.State.Pending == nil || d.State.Pending.ID != c.ID {
		m.fail("%s is not written down", c.Call)
	}
	if !slices.ContainsFunc(d.Records, func(r Record) bool { return r.ID == c.ID && r.Reason != "" }) {
		m.fail("I8: nothing in the history explains %s", c.Call)
	}
	if m.env.DryRun || d.State.Withheld != "" && len(m.state.Recoveries) == 0 || d.State.Paused != nil {
		m.fail("R13: %s is sent although nothing may be changed", c.Call)
	}
	m.checkScaling(d)
	p, r := d.State.Pool(c.Pool), d.State.Recovery(c.Recovery)
	if c.Call.Group == "ig-M" {
		m.fail("MASTER is touched")
	}
	switch c.Purpose {
	case ForStop, ForKeep:
		if high := m.highest(c.Call.Group, 2*m.env.Settings.Pace); c.Call.Count < high {
			m.fail("I6: %s stops at %d, %d ran in the last two paces", c.Call.Group, c.Call.Count, high)
		}
		if top := m.highest(c.Call.Group, 2*m.env.Settings.Pace) + len(m.of(c.Call.Group).starting); c.Call.Count > top && c.Call.Count > m.reads[len(m.reads)-1].groups[c.Call.Group].Requested && p.Member(c.Call.Group).Banned(m.now) {
			m.fail("I3: %s of a banned member at %d, highest running and starting %d", c.Purpose, c.Call.Count, top)
		}
	case ForLaunch, ForAdd:
		asked := p.Requested(d.State.View())
		if c.Purpose == ForAdd {
			asked += c.Call.Config.Count
		}
		if asked > p.Wanted && r.Kind != recovery.Return {
			m.fail("I2: %s asks for %d, %d are wanted", c.Call, asked, p.Wanted)
		}
		if member := p.Member(c.Call.Group); c.Purpose == ForLaunch && member.Banned(m.now) {
			m.fail("I3: %s launches on a banned member", c.Call)
		}
		if p.Rest != nil {
			m.fail("R8: %s while the pool rests", c.Call)
		}
		m.rungMax(d.State, p, r, c)
	case ForRelease:
		if member := p.Member(c.Call.Group); c.Call.Count >= member.Expected[0] && len(member.Expected) == 2 {
			m.fail("%s releases nothing: %v", c.Call, member.Expected)
		}
	}
	if newest := m.reads[len(m.reads)-1]; c.Purpose != ForTerminate && m.now.Sub(newest.began) > m.env.Settings.Pace/2 {
		m.fail("I4: %s follows a read of %s ago", c.Call, m.now.Sub(newest.began))
	}
}

// rungMax: a launch does not take the members of a rung over their max, by the ladder of its recovery (R6).
func (m *model) rungMax(s State, p *pool.Pool, r *recovery.Recovery, c *Call) {
	m.t.Helper()
	origin := recovery.ShapeOf(m.of(p.Origin).Group)
	rungOf := func(id emr.GroupID) int {
		if id == p.Origin || m.of(id) == nil {
			return 0
		}
		return recovery.RungOf(r.Settings.Fallback, origin, recovery.ShapeOf(m.of(id).Group))
	}
	rung, asked := rungOf(c.Call.Group), 0
	if g := c.Call.Config; g != nil {
		rung, asked = recovery.RungOf(r.Settings.Fallback, origin, recovery.Shape{Type: g.InstanceType, Market: g.Market, Bid: g.BidPrice}), g.Count
	}
	if rung < 1 || rung > len(r.Settings.Fallback) || r.Settings.Fallback[rung-1].Max == 0 {
		return
	}
	for _, o := range p.Members {
		if seen, ok := s.View()(o.Group); ok && rungOf(o.Group) == rung {
			asked += seen.Requested
		}
	}
	if most := r.Settings.Fallback[rung-1].Max; asked > most {
		m.fail("R6: %s takes rung %d to %d, its max is %d", c.Call, rung, asked, most)
	}
}

// highest is the highest running count of a group in usable reads of the last while.
func (m *model) highest(id emr.GroupID, while time.Duration) int {
	high := 0
	for i, r := range m.reads {
		until := r.began
		if i == len(m.reads)-1 {
			until = m.now
		}
		if !until.Before(m.now.Add(-while)) {
			high = max(high, r.groups[id].Running)
		}
	}
	return high
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	tail := m.log[max(0, len(m.log)-45):]
	m.t.Fatalf("%s "+format+"\n%s\ntruth %v", append(append([]any{m.now.Format(time.TimeOnly)}, args...), strings.Join(tail, "\n"), m.shown())...)
}

// text is a decision for comparison.
func text(d Decision) string {
	b, err := json.Marshal(d)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func marshal(t failer, s State) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(b)
}

// send lets a call take effect later, by answer.
func (m *model) send(c Call) {
	m.pending = &c
	m.calls = append(m.calls, c)
	m.log = append(m.log, fmt.Sprintf("%s -> %s (%s)", m.now.Format(time.TimeOnly), c.Call, c.Reason))
}

// effect carries the pending call out.
func (m *model) effect() {
	c := m.pending.Call
	if c.Op == emr.TerminateJobFlows {
		m.cluster.State = emr.ClusterTerminating
		return
	}
	if c.Op == emr.AddInstanceGroups {
		m.made++
		m.added = emr.GroupID(fmt.Sprintf("ig-N%02d", m.made))
		g := m.group(m.added, c.Config.Name, emr.Task, c.Config.Count)
		g.Running, g.InstanceType, g.Market, g.BidPrice = 0, c.Config.InstanceType, c.Config.Market, c.Config.BidPrice
		g.why, g.stuck = m.fate(*c.Config)
	} else {
		m.of(c.Group).Requested = c.Count
		m.of(c.Group).gaveUp = false
	}
	m.note()
}

// answer brings the answer to the pending call: with err, after it took effect or not.
func (m *model) answer(err *emr.Error, effective bool) {
	m.t.Helper()
	if m.pending == nil {
		return
	}
	m.added = ""
	if effective {
		m.effect()
	}
	a := Answer{ID: m.pending.ID, Err: err}
	if err == nil {
		a.Added = m.added
	}
	m.pending = nil
	m.decide(Input{Answer: &a})
}

// read lets the guard see groups; those of a usable read are kept for the checks.
func (m *model) read(groups []emr.Group) {
	m.t.Helper()
	groups = slices.Clone(groups)
	m.order++
	rand.New(rand.NewPCG(m.order, 1)).Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	in := Read{Began: m.now, Ended: m.now, Groups: groups}
	m.keep(groups)
	d := m.decide(Input{Read: &in})
	if d.State.Unusable != nil {
		return
	}
	m.stuckIsOwned(d)
}

// keep remembers a read before the decision on it, if the guard will use it.
func (m *model) keep(groups []emr.Group) {
	probe := &decider{s: m.state, env: m.env}
	if probe.unusable(Read{Groups: groups}) != "" || m.now.Before(m.state.Read) {
		return
	}
	r := modelRead{began: m.now, groups: map[emr.GroupID]emr.Group{}}
	for _, g := range groups {
		r.groups[g.ID] = g
	}
	m.reads = append(m.reads, r)
}

// stuckIsOwned is I1: what is stuck belongs to an open recovery, or to a pool for which nothing can be done now.
func (m *model) stuckIsOwned(d Decision) {
	m.t.Helper()
	s := d.State
	if !m.env.Trusted || !s.Ended.IsZero() {
		return
	}
	for _, g := range s.Groups {
		p := s.PoolOf(g.ID)
		own := m.env.Settings
		if p != nil {
			own = own.On(p.Member(g.ID).Rung)
		}
		v := recovery.Judge(g.Group, g.Ledger, own, s.Read)
		if !v.Stuck || p == nil || p.Rest != nil || p.Blocked != nil || s.Paused != nil || s.Withheld != "" || v.Kind == recovery.Idle || m.env.Wrapped && g.Role == emr.Core {
			delete(m.unowned, g.ID)
			continue
		}
		if slices.ContainsFunc(p.Members, func(o pool.Member) bool { return o.Fall != nil }) {
			delete(m.unowned, g.ID)
			continue // the next read decides
		}
		if !slices.ContainsFunc(s.Recoveries, func(r recovery.Recovery) bool { return r.Pool == p.Origin }) {
			first, seen := m.unowned[g.ID]
			if !seen {
				m.unowned[g.ID] = m.now
			}
			if seen && m.now.Sub(first) > 5*time.Minute { // the delay that a budget may cause
				m.fail("I1: %s is stuck since %s and nobody cares: %s", g.ID, first.Format(time.TimeOnly), v.Reason)
			}
			continue
		}
		delete(m.unowned, g.ID)
	}
}

// serve lets what the guard needs happen, as far as it is due.
func (m *model) serve() {
	m.t.Helper()
	for range 12 {
		served := false
		for _, n := range m.last.Needs {
			if n.Due.After(m.now) {
				continue
			}
			served = true
			switch n.Op {
			case emr.ListInstanceGroups:
				m.read(m.shown())
			case emr.ListInstances:
				m.decide(Input{Instances: &Instances{Group: n.Group, Began: m.now, Instances: m.instances(n.Group)}})
			case emr.DescribeCluster:
				m.decide(Input{Described: &Described{Began: m.now, Cluster: m.cluster}})
			case emr.GetManagedScalingPolicy:
				m.decide(Input{Managed: &Managed{Began: m.now, Attached: m.managed}})
			}
			break
		}
		if need := m.last.Metrics; !served && need != nil && !need.Due.After(m.now) {
			m.measure(*need)
			served = true
		}
		if m.pending != nil {
			m.answer(nil, true)
			served = true
		}
		if !served {
			return
		}
	}
}

// measure lets the guard have the points it asks for.
func (m *model) measure(need MetricNeed) {
	m.t.Helper()
	in := Metrics{Began: m.now, From: need.From, To: need.To}
	for _, metric := range need.Metrics {
		var points []emr.Point
		for _, p := range m.series[metric.Name] {
			if !p.At.Before(need.From) && p.At.Before(need.To) && !p.At.Add(metric.Period).After(m.now) {
				points = append(points, p)
			}
		}
		s := MetricSeries{Metric: metric, Points: points}
		if m.poison != nil && metric.Name == m.poisoned {
			s = MetricSeries{Metric: metric, Err: m.poison}
		}
		in.Series = append(in.Series, s)
		m.asked++
	}
	m.decide(Input{Metrics: &in})
}

func (m *model) instances(id emr.GroupID) []emr.Instance {
	g := m.of(id)
	out := make([]emr.Instance, 0, g.Running+len(g.starting))
	for i := range g.Running {
		out = append(out, emr.Instance{ID: emr.InstanceID(fmt.Sprintf("ci-%d", i)), EC2: "i-1", Group: id, State: emr.InstanceRunning, Created: g.Created, Ready: g.Created})
	}
	for _, at := range g.starting {
		out = append(out, emr.Instance{ID: emr.InstanceID(fmt.Sprintf("ci-s%d", at.Unix())), EC2: "i-2", Group: id, State: emr.InstanceProvisioning, Created: at})
	}
	return out
}

// pass lets d pass: instances come and go, and the guard gets what it needs, in steps of 20 seconds.
func (m *model) pass(d time.Duration) {
	m.t.Helper()
	step := 20 * time.Second
	if m.calm {
		step = time.Minute
	}
	for until := m.now.Add(d); m.now.Before(until); {
		m.now = m.now.Add(step)
		for _, g := range m.groups {
			g.live(m.now)
		}
		m.note()
		if w := m.last.Wake; !w.IsZero() && !w.After(m.now) {
			m.decide(Input{})
		}
		m.serve()
	}
}

// live lets a group's instances come and go for a while.
func (g *truth) live(now time.Time) {
	if g.Running > g.Requested && len(g.starting) == 0 {
		g.Running--
	}
	for len(g.starting) > 0 && now.Sub(g.starting[0]) >= 2*time.Minute {
		g.starting = g.starting[1:]
		g.Running++
	}
	if !g.stuck && !g.gaveUp && g.Running+len(g.starting) < g.Requested {
		g.starting = append(g.starting, now)
	}
}

// quiet checks what holds once faults and outsiders have stopped for long enough.
func (m *model) quiet() {
	m.t.Helper()
	if len(m.state.Recoveries) > 0 || m.state.Pending != nil {
		m.fail("liveness: %+v is open", m.state.Recoveries)
	}
	if m.state.Suspended != nil {
		m.fail("liveness: still suspended: %v", m.state.Suspended.Reasons)
	}
	for _, p := range m.state.Pools {
		if asked := p.Requested(m.state.View()); asked != p.Wanted && p.Rest == nil && p.Blocked == nil {
			m.fail("I2: pool %s asks for %d and wants %d", p.Origin, asked, p.Wanted)
		}
		for _, member := range p.Members {
			if member.Ban != nil && member.Ban.Until.Before(m.now) && member.Banned(m.now) {
				m.fail("liveness: a ban outlives its end")
			}
		}
	}
}
