package simtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// scalingOracle watches scaling: whether an operation may begin, by how much, on which data points and how often, and when a cluster may end.
// It goes by the calls that are sent, the answers that were given and what was written down, and reckons anew what follows from them.
type scalingOracle struct {
	o       *oracle
	cluster emr.ClusterID
	doc     guard.State // as saved last

	given     []completion              // answers to ListInstanceGroups that no saved decision has used yet
	shown     map[emr.GroupID]emr.Group // by the last usable read
	changes   map[emr.GroupID]int       // of what is short there, so much at least is a change that is unfinished
	began     time.Time                 // of that read
	reads     []time.Time               // beginnings of the usable reads
	resize    hindered
	wrote     time.Time // when our last change was sent, or its answer came
	described time.Time // when the last DescribeCluster began that was answered
	cl        emr.Cluster
	asked     time.Time // when the last GetManagedScalingPolicy began that was answered
	managed   bool

	series map[string]map[time.Time]float64 // data points that were given, by the metric's key
	put    map[string]map[time.Time]float64 // data points that were published, by the metric's name and the beginning of their five minutes

	settings []configured // what was configured, the oldest first
	begun    map[string]bool
	ops      map[string]*operation
	ended    map[string]time.Time // by configured pool: when its last operation was over
	moving   map[string]bool      // no read since then showed that what it changed is done
	done     map[tick]int         // how often the time of a schedule was carried out
	when     map[tick]time.Time   // and when
	made     map[string]*made     // by configured pool
	ending   time.Time            // when TerminateJobFlows was answered
	notice   time.Time            // of the last termination.notice that stands
	noticed  *scaling.Termination // what was configured then
	resumed  time.Time            // of the last scaling.resumed
	opened   map[string]time.Time // recoveries
	firsts   map[string]bool      // pending calls that are the first of their recovery
}

// hindered is when the last read began that showed a resize which suspends scaling, and which.
type hindered struct {
	at  time.Time
	why string
}

// configured is what holds from a time on.
type configured struct {
	from    time.Time
	mode    guard.Mode
	scaling *scaling.Settings
	wrapped bool
}

// operation is one scaling operation.
type operation struct {
	pool   string // the configured one; empty: none
	origin emr.GroupID
	tick   tick // of a schedule
	first  bool // a call was written down
}

// tick is one time of a schedule.
type tick struct {
	pool, schedule string
	due            int64 // Unix
}

// made is what was sent to make a group for a configured pool.
type made struct {
	at      time.Time
	unknown bool
	group   emr.GroupID
}

// WatchScaling makes the world check scaling on its one cluster from now on, beside what Watch checks.
func (w *World) WatchScaling(cluster string) {
	w.oracle.scaling = &scalingOracle{o: w.oracle, cluster: emr.ClusterID(cluster), shown: map[emr.GroupID]emr.Group{}, changes: map[emr.GroupID]int{},
		series: map[string]map[time.Time]float64{}, put: map[string]map[time.Time]float64{}, begun: map[string]bool{}, ops: map[string]*operation{},
		ended: map[string]time.Time{}, moving: map[string]bool{}, done: map[tick]int{}, when: map[tick]time.Time{}, made: map[string]*made{}, opened: map[string]time.Time{}, firsts: map[string]bool{}}
	w.oracle.scaling.reconfigured()
}

// reconfigured notes what the world's processes follow from now on.
func (x *scalingOracle) reconfigured() {
	w := x.o.w
	x.settings = append(x.settings, configured{w.Now(), w.o.Mode, w.o.Scaling, w.o.Wrapped})
	clear(x.made)
}

func (x *scalingOracle) now() time.Time { return x.o.w.Now() }

func (x *scalingOracle) conf() *scaling.Settings {
	if x.o.w.o.Scaling == nil {
		return &scaling.Settings{}
	}
	return x.o.w.o.Scaling
}

func (x *scalingOracle) violate(property, format string, args ...any) {
	x.o.violate(property, format, args...)
}

// answered notes what a process is told.
func (x *scalingOracle) answered(c completion) {
	res := c.done.Result
	if c.call.Op.Writes() {
		x.wrote = x.now()
		if c.call.Op == emr.TerminateJobFlows && res.Err == nil {
			x.ending = x.now()
		}
		if c.call.Op == emr.AddInstanceGroups && c.call.Config != nil {
			x.makeAnswered(c.call.Config.Name, res)
		}
	}
	if res.Err != nil {
		return
	}
	switch c.call.Op {
	case emr.ListInstanceGroups:
		x.given = append(x.given, c)
	case emr.DescribeCluster:
		if res.Cluster != nil && res.Cluster.ID == x.cluster {
			x.described, x.cl = c.sent, *res.Cluster
		}
	case emr.GetManagedScalingPolicy:
		x.asked, x.managed = c.sent, res.ManagedScaling
	case emr.GetMetricData:
		x.metrics(c)
	}
}

// metrics notes the data points of an answer, and compares those that were published here with what was published.
func (x *scalingOracle) metrics(c completion) {
	for _, s := range c.done.Result.Series {
		i := slices.IndexFunc(c.call.Metrics.Queries, func(q emr.MetricQuery) bool { return q.ID == s.ID })
		if i < 0 || s.Err != nil {
			continue
		}
		m := c.call.Metrics.Queries[i].Metric
		if x.series[m.Key()] == nil {
			x.series[m.Key()] = map[time.Time]float64{}
		}
		for _, p := range s.Points {
			if !m.Begin(p.At).Equal(p.At) {
				x.violate("data points", "%s: the point of %s does not begin where a period does", m, p.At)
			}
			x.series[m.Key()][p.At.UTC()] = p.Value
			if m.Namespace != "Jobs" {
				continue
			}
			if !x.published(m, p) {
				x.violate("data points", "%s: nobody published what the point of %s says: %g", m, p.At.Format(time.TimeOnly), p.Value)
			}
		}
	}
}

// published says whether a point can come of what was published.
func (x *scalingOracle) published(m emr.Metric, p emr.Point) bool {
	low, high, n := 0.0, 0.0, 0
	for at, v := range x.put[m.Name] {
		if at.Before(p.At) || !at.Before(p.At.Add(m.Period)) {
			continue
		}
		if n++; n == 1 {
			low, high = v, v
		}
		low, high = min(low, v), max(high, v)
	}
	return n > 0 && p.Value >= low-1e-9 && p.Value <= high+1e-9
}

// saved notes a document and its records.
func (x *scalingOracle) saved(s store.Save) {
	for _, d := range s.Docs {
		if d.Key.Cluster != string(x.cluster) {
			continue
		}
		before := x.doc
		var doc guard.State
		if err := json.Unmarshal(d.Body, &doc); err != nil {
			panic(err)
		}
		x.doc = doc
		x.take(before)
		x.booked(before)
		for _, r := range s.Records {
			x.record(r)
		}
	}
}

// take uses the reads that the saved decision was made on.
func (x *scalingOracle) take(before guard.State) {
	if !x.doc.Read.After(before.Read) {
		return // what was given was unusable, or its decision was never saved
	}
	for _, c := range x.given {
		if groups := c.done.Result.Groups; c.sent.After(x.began) && x.usable(groups) {
			x.read(c.sent, groups)
		}
	}
	x.given = nil
}

func (x *scalingOracle) usable(groups []emr.Group) bool {
	for id := range x.shown {
		if !slices.ContainsFunc(groups, func(g emr.Group) bool { return g.ID == id }) {
			return false
		}
	}
	return slices.ContainsFunc(groups, func(g emr.Group) bool { return g.Role == emr.Master })
}

// read reckons how much of what is short is a change that is unfinished: rises of the requested count, less what it fell and what arrived.
func (x *scalingOracle) read(began time.Time, groups []emr.Group) {
	x.began = began
	x.reads = append(x.reads, began)
	for _, g := range groups {
		old, known := x.shown[g.ID]
		change := x.changes[g.ID]
		if known {
			change += g.Requested - old.Requested
			change -= max(0, g.Running-old.Running)
		}
		x.changes[g.ID] = min(max(0, change), max(0, g.Requested-g.Running))
		x.shown[g.ID] = g
	}
	why := x.resizing()
	if why != "" {
		x.resize = hindered{began, why}
	}
	for name := range x.moving { // a resize does not eat the cooldown up
		if why == "" {
			delete(x.moving, name)
		} else if began.After(x.ended[name]) {
			x.ended[name] = began
		}
	}
}

// resizing says which group's resize suspends scaling by the last read: not one of a pool that rests, is blocked or is left alone, nor one that
// was reported as beyond repair.
func (x *scalingOracle) resizing() string {
	for _, id := range x.ids() {
		g := x.shown[id]
		p, known := x.doc.PoolOf(id), x.doc.Group(id)
		if p == nil || known == nil || g.State.Ended() || p.Rest != nil || known.Reported == g.State && known.Reported != "" || x.pointless(id, p) {
			continue
		}
		switch {
		case g.State == emr.GroupResizing:
			return fmt.Sprintf("%s is RESIZING, %d of %d run", id, g.Running, g.Requested)
		case x.changes[id] > 0 && p.Blocked == nil:
			return fmt.Sprintf("%s was asked for %d more, %d of %d run", id, x.changes[id], g.Running, g.Requested)
		}
	}
	return ""
}

// pointless says whether nobody repairs a group any more, or not for an hour: what suspends scaling has an end.
func (x *scalingOracle) pointless(id emr.GroupID, p *pool.Pool) bool {
	if x.o.w.o.Wrapped && p.Role == emr.Core {
		return true
	}
	for _, r := range x.doc.Recoveries {
		if r.Group == id && x.now().Sub(r.Opened) >= 60*r.Settings.Pace {
			return true
		}
	}
	return false
}

func (x *scalingOracle) ids() []emr.GroupID {
	var out []emr.GroupID
	for id := range x.shown {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// booked compares two documents in a row: bounds, the first calls of operations, and what became of configured pools.
func (x *scalingOracle) booked(before guard.State) {
	for name := range x.ended {
		if x.doc.Scaled(name) == nil {
			delete(x.ended, name)
			delete(x.moving, name) // it is configured no more, and forgotten
		}
	}
	for _, s := range x.doc.Scaling {
		if s.Bounds.Min > s.Bounds.Max {
			x.violate("bounds", "pool %s has bounds %d to %d", s.Name, s.Bounds.Min, s.Bounds.Max)
		}
		if old := before.Scaled(s.Name); old != nil && old.Bounds != s.Bounds && (old.Config == s.Config || s.Bounds != s.Config) && !x.sets(&s, old.Bounds) && (old.Config == s.Config || !x.sets(&s, s.Config)) {
			x.violate("bounds", "pool %s goes from %v to %v by %q, which sets others", s.Name, old.Bounds, s.Bounds, s.BoundsBy)
		}
		if p := x.conf().Pool(s.Name); p != nil && (s.Config != scaling.Bounds{Min: p.Min, Max: p.Max}) {
			x.violate("bounds", "pool %s follows bounds %v of a configuration that has %d to %d", s.Name, s.Config, p.Min, p.Max)
		}
	}
	for _, r := range x.doc.Recoveries {
		if _, ok := x.opened[r.ID]; !ok {
			x.opened[r.ID] = x.now()
		}
	}
	if p := x.doc.Pending; p != nil && (before.Pending == nil || before.Pending.ID != p.ID) && p.Recovery != "" && !x.begun[p.Recovery] {
		x.begun[p.Recovery], x.firsts[p.ID] = true, true
		if op := x.ops[p.Recovery]; op != nil && op.tick.schedule != "" && !op.first {
			x.carried(op.tick)
		}
		if op := x.ops[p.Recovery]; op != nil {
			op.first = true
		}
	}
}

// sets says whether the schedule or policy that is said to have set a pool's bounds sets these.
func (x *scalingOracle) sets(s *guard.Scaled, old scaling.Bounds) bool {
	p := x.conf().Pool(s.Name)
	if p == nil {
		return false
	}
	kind, name, _ := strings.Cut(s.BoundsBy, " ")
	var low, high *int
	switch kind {
	case "schedule":
		i := slices.IndexFunc(p.Schedules, func(c scaling.Schedule) bool { return c.Name == name })
		if i < 0 {
			return false
		}
		low, high = p.Schedules[i].Min, p.Schedules[i].Max
	case "policy":
		pol := p.Policy(name)
		if pol == nil || pol.Action.Type != scaling.UpdateCapacity {
			return false
		}
		low, high = pol.Action.Min, pol.Action.Max
	}
	want := old
	if low != nil {
		want.Min = *low
	}
	if high != nil {
		want.Max = *high
	}
	if want.Min > want.Max && high == nil {
		want.Max = want.Min
	} else if want.Min > want.Max {
		want.Min = want.Max
	}
	return s.Bounds == want
}

// carried books that the time of a schedule was carried out.
func (x *scalingOracle) carried(t tick) {
	if x.done[t]++; x.done[t] > 1 {
		x.violate("schedule", "schedule %s of pool %s, due %s, is carried out a second time; the first was at %s", t.schedule, t.pool, clock(t.due), x.when[t].Format(time.TimeOnly))
	}
	x.when[t] = x.now()
}

func clock(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateTime) }

// record reads what was written down of scaling.
func (x *scalingOracle) record(r store.Record) {
	switch r.Kind {
	case "scaling.decided":
		x.decided(r)
	case "scaling.resumed":
		x.resumed = x.now()
		if why := x.resizing(); why != "" && x.doc.Ended.IsZero() {
			x.violate("I4", "scaling is resumed while %s", why)
		}
	case "order.scale":
		if s := x.scaledOf(emr.GroupID(r.Pool)); s != nil && s.Last != nil {
			x.ops[s.Last.Recovery] = &operation{pool: s.Name, origin: emr.GroupID(r.Pool)}
		}
	case "termination.notice":
		x.notice, x.noticed = x.now(), x.conf().Termination
	case "termination.withdrawn", "termination.held":
		x.notice = time.Time{}
	default:
		if op := x.ops[r.Recovery]; op != nil && strings.HasPrefix(r.Kind, "recovery.") && x.doc.Recovery(r.Recovery) == nil {
			x.over(r.Recovery, op)
		}
	}
}

func (x *scalingOracle) over(id string, op *operation) {
	delete(x.ops, id)
	if op.pool != "" {
		x.ended[op.pool], x.moving[op.pool] = x.now(), true
	}
}

func (x *scalingOracle) scaledOf(origin emr.GroupID) *guard.Scaled {
	for i := range x.doc.Scaling {
		if x.doc.Scaling[i].Origin == origin {
			return &x.doc.Scaling[i]
		}
	}
	return nil
}

// decided checks one decision of emrguard's own.
func (x *scalingOracle) decided(r store.Record) {
	var data struct {
		Ask    scaling.Ask `json:"ask"`
		Wanted int         `json:"wanted"`
		Due    time.Time   `json:"due"`
	}
	if err := json.Unmarshal(r.Data, &data); err != nil {
		panic(err)
	}
	s := x.scaledOf(emr.GroupID(r.Pool))
	if s == nil {
		x.violate("scaling", "%s is decided for no configured pool: %s", r.ID, r.Reason)
		return
	}
	conf := x.conf().Pool(s.Name)
	if conf == nil || x.o.w.o.Mode != guard.Enforce || x.o.w.o.DryRun || x.managed {
		x.violate("R13", "%s is decided where nothing may be changed, or for a pool that is not configured", r.Reason)
		return
	}
	ask := data.Ask
	low, high := s.Bounds.Min, s.Bounds.Max
	if most := x.conf().MaxInstances; most > 0 && ask.Target >= data.Wanted && ask.Target < low {
		low = ask.Target // what the cluster may have beside the others
	}
	if ask.Target < low || ask.Target > high {
		x.violate("bounds", "pool %s is to want %d, its bounds are %d to %d (%s)", s.Name, ask.Target, s.Bounds.Min, s.Bounds.Max, r.Reason)
	}
	kind, name, _ := strings.Cut(ask.By, " ")
	switch kind {
	case "schedule":
		x.scheduled(r, s, conf, name, data.Due)
	case "policy":
		x.judged(r, s, conf, name, ask, data.Wanted)
	default:
		if data.Wanted >= s.Bounds.Min && data.Wanted <= s.Bounds.Max {
			x.violate("bounds", "pool %s wants %d, which is within %d to %d: %s", s.Name, data.Wanted, s.Bounds.Min, s.Bounds.Max, r.Reason)
		}
	}
	if r.Recovery == "" {
		return
	}
	op := &operation{pool: s.Name, origin: s.Origin}
	if kind == "schedule" {
		op.tick = tick{s.Name, name, data.Due.Unix()}
	}
	if x.doc.Recovery(r.Recovery) == nil {
		x.ended[s.Name] = x.now() // decided and over at once
		return
	}
	x.ops[r.Recovery] = op
}

// scheduled checks the decision of a schedule.
func (x *scalingOracle) scheduled(r store.Record, s *guard.Scaled, conf *scaling.Pool, name string, due time.Time) {
	i := slices.IndexFunc(conf.Schedules, func(c scaling.Schedule) bool { return c.Name == name })
	switch {
	case i < 0 || conf.Schedules[i].Off:
		x.violate("schedule", "%s: pool %s has no such schedule", r.Reason, s.Name)
	case !conf.Schedules[i].Next(due.Add(-time.Second)).Equal(due):
		x.violate("schedule", "%s: schedule %s is not due at %s", r.Reason, conf.Schedules[i].Cron, due)
	case due.After(x.now().Add(time.Second)):
		x.violate("schedule", "%s: it is due at %s only", r.Reason, due)
	}
	if r.Recovery == "" {
		x.carried(tick{s.Name, name, due.Unix()})
	}
}

// judged checks the decision of a metric policy: its cooldown, and the data points it was made on.
func (x *scalingOracle) judged(r store.Record, s *guard.Scaled, conf *scaling.Pool, name string, ask scaling.Ask, wanted int) {
	pol := conf.Policy(name)
	if pol == nil || len(ask.Evidence) != 1 {
		x.violate("policies", "%s: there is no such policy, or no evidence", r.Reason)
		return
	}
	up := slices.ContainsFunc(conf.ScaleUp, func(o scaling.Policy) bool { return o.Name == name })
	if up && ask.Target < wanted || !up && ask.Target > wanted {
		x.violate("policies", "%s: it goes the wrong way from %d", r.Reason, wanted)
	}
	wait := conf.Cooldown.Down
	if up {
		wait = conf.Cooldown.Up
	}
	if pol.Cooldown != nil {
		wait = *pol.Cooldown
	}
	if end, ok := x.ended[s.Name]; ok && x.now().Before(end.Add(wait)) {
		x.violate("cooldown", "%s: the last operation of pool %s was over at %s, and %s waits %s", r.Reason, s.Name, end.Format(time.TimeOnly), name, wait)
	}
	for id, op := range x.ops {
		if op.pool == s.Name && id != r.Recovery {
			x.violate("cooldown", "%s: operation %s of pool %s is under way", r.Reason, id, s.Name)
		}
	}
	points := ask.Evidence[0].Points
	if len(points) == 0 && pol.Missing != scaling.Breaching {
		x.violate("data points", "%s: it was made on none", r.Reason)
		return
	}
	key := pol.Series().Of(x.cluster).Key()
	for _, p := range points {
		if v, ok := x.series[key][p.At.UTC()]; !ok || v != p.Value {
			x.violate("data points", "%s: CloudWatch gave no %g for %s", r.Reason, p.Value, p.At.Format(time.TimeOnly))
		}
		if !holds(pol.Condition, p.Value) {
			x.violate("data points", "%s: %g does not hold", r.Reason, p.Value)
		}
	}
	x.recent(r, pol, points, ask.Evidence[0].Newest)
}

// recent checks that the periods of a decision are as many as the policy looks at, in a row, not too old, and from after the last resize.
func (x *scalingOracle) recent(r store.Record, pol *scaling.Policy, points []emr.Point, newest time.Time) {
	oldest := newest.Add(-time.Duration(pol.Evaluations-1) * pol.Period)
	if pol.Missing != scaling.Breaching && (len(points) != pol.Evaluations || !points[0].At.Equal(oldest) || !points[len(points)-1].At.Equal(newest)) {
		x.violate("data points", "%s: %d periods in a row are needed up to %s", r.Reason, pol.Evaluations, newest.Format(time.TimeOnly))
	}
	if age := x.now().Sub(newest); age > (scaling.Late+2)*pol.Period+2*time.Minute {
		x.violate("data points", "%s: the newest is %s old", r.Reason, age)
	}
	if oldest.Before(x.resumed.Truncate(time.Second)) {
		x.violate("I4", "%s: the data point of %s begins before the suspension ended, at %s", r.Reason, oldest.Format(time.TimeOnly), x.resumed.Format(time.TimeOnly))
	}
	if oldest.Before(x.resize.at) {
		x.violate("I4", "%s: the data point of %s begins before the read of %s, by which %s", r.Reason, oldest.Format(time.TimeOnly), x.resize.at.Format(time.TimeOnly), x.resize.why)
	}
}

func holds(c scaling.Condition, v float64) bool {
	switch c.Operator {
	case scaling.GT:
		return v > c.Threshold
	case scaling.GTE:
		return v >= c.Threshold
	case scaling.LT:
		return v < c.Threshold
	}
	return v <= c.Threshold
}

// sent checks a change that is about to be sent.
func (x *scalingOracle) sent(c emr.Call, s guard.State) {
	pending := s.Pending
	defer func() { x.wrote = x.now() }()
	r := s.Recovery(pending.Recovery)
	x.allowed(c, pending, r)
	switch pending.Purpose {
	case guard.ForMake:
		x.makes(c)
		return
	case guard.ForTerminate:
		x.terminates()
		return
	}
	if r == nil || r.Kind != recovery.Scale && r.Kind != recovery.Return {
		return
	}
	if x.firsts[pending.ID] && !r.Force {
		x.gate(c, r)
	}
	p := s.Pool(pending.Pool)
	if p == nil || r.Kind != recovery.Scale {
		return
	}
	asked := p.Requested(s.View()) + added(pending)
	switch most := x.conf().MaxInstances; {
	case pending.Purpose == guard.ForRelease && asked < p.Wanted:
		x.violate("bounds", "%s leaves %d, the pool wants %d", c, asked, p.Wanted)
	case pending.Purpose == guard.ForLaunch || pending.Purpose == guard.ForAdd:
		all := asked
		for _, id := range x.ids() {
			if p.Member(id) == nil {
				all += x.shown[id].Requested
			}
		}
		if decided := x.opened[r.ID]; most > 0 && all > most && r.Delta > 0 && !x.settings[len(x.settings)-1].from.After(decided) {
			x.violate("bounds", "%s makes it %d instances in all, of %d", c, all, most)
		}
	}
}

// allowed checks that a change may be sent at all.
func (x *scalingOracle) allowed(c emr.Call, pending *guard.Call, r *recovery.Recovery) {
	decided := pending.At
	if r != nil {
		decided = r.Opened
	}
	at := x.settings[0]
	for _, s := range x.settings {
		if !s.from.After(decided.Add(time.Second)) {
			at = s
		}
	}
	last := x.settings[len(x.settings)-1]
	switch {
	case x.described.Before(x.ending):
		x.violate("termination", "%s although TerminateJobFlows was answered at %s, and nobody has looked since", c, x.ending.Format(time.TimeOnly))
	case x.o.w.o.DryRun:
		x.violate("R13", "%s in a dry run", c)
	case at.mode != guard.Enforce && last.mode != guard.Enforce:
		x.violate("R13", "%s in mode %s", c, last.mode)
	case x.managed && x.asked.Before(x.now().Add(-time.Second)) && x.began.After(x.asked):
		x.violate("R12", "%s although managed scaling is attached since %s", c, x.asked.Format(time.TimeOnly))
	case at.wrapped && last.wrapped && x.shown[c.Group].Role == emr.Core:
		x.violate("R12", "%s on the CORE group of a wrapped cluster", c)
	}
}

// gate checks what comes before the first call of an operation that is not forced (I4).
func (x *scalingOracle) gate(c emr.Call, r *recovery.Recovery) {
	pace, now := r.Settings.Pace, x.now()
	switch {
	case x.began.Before(x.wrote):
		x.violate("I4", "%s: the last read began at %s, before our last change, at %s", c, x.began.Format(time.TimeOnly), x.wrote.Format(time.TimeOnly))
	case now.Sub(x.began) > pace/2+time.Second:
		x.violate("I4", "%s: the last read is %s old", c, now.Sub(x.began))
	case now.Sub(x.described) > 5*pace+time.Second || now.Sub(x.asked) > 5*pace+time.Second:
		x.violate("R4", "%s: the cluster was described at %s, and managed scaling asked for at %s", c, x.described.Format(time.TimeOnly), x.asked.Format(time.TimeOnly))
	case !x.cl.State.Modifiable():
		x.violate("R4", "%s: the cluster is %s", c, x.cl.State)
	}
	if why := x.resizing(); why != "" {
		x.violate("I4", "%s begins while %s", c, why)
	}
	for _, o := range x.doc.Recoveries {
		if o.ID != r.ID && o.Step.Acting() && now.Sub(o.Opened) < 60*pace && x.begun[o.ID] {
			x.violate("I4", "%s begins while recovery %s (%s) is at %s", c, o.ID, o.Kind, o.Step)
		}
	}
}

// makes checks a call that makes the group of a configured pool.
func (x *scalingOracle) makes(c emr.Call) {
	name, token, ok := emr.ParseGroupName(c.Config.Name)
	conf := x.conf().Pool(name)
	if !ok || token.Origin != "configured" || conf == nil || conf.Group == nil {
		x.violate("made group", "%s is for no configured pool", c)
		return
	}
	if n := c.Config.Count; n > 1 || n > 0 && !x.o.w.o.Sim.Unknowns.RefuseEmptyAdd {
		x.violate("made group", "%s is not made empty", c)
	}
	now := x.now()
	for _, id := range x.ids() {
		g := x.shown[id]
		group, t, ours := emr.ParseGroupName(g.Name)
		patterns := len(conf.Groups) > 0 && slices.ContainsFunc(conf.Groups, func(p string) bool { return emr.Like(p, g.Name) })
		if ours && t.Origin == "configured" && group == name || g.Role == emr.Task && patterns && !g.State.Ended() {
			x.violate("made group", "%s although %s %q is there", c, id, g.Name)
		}
	}
	if now.Sub(x.began) > x.o.w.o.Settings.Pace/2+time.Second || x.began.Before(x.wrote) {
		x.violate("made group", "%s: the last read is %s old", c, now.Sub(x.began))
	}
	if m := x.made[name]; m != nil {
		i := slices.IndexFunc(x.reads, func(at time.Time) bool { return at.After(m.at) })
		switch {
		case m.group != "":
			x.violate("made group", "%s although EMR made %s at %s", c, m.group, m.at.Format(time.TimeOnly))
		case m.unknown && (i < 0 || x.reads[len(x.reads)-1].Sub(x.reads[i]) < x.o.w.o.Settings.Pace):
			x.violate("made group", "%s: the answer of %s is missing, and not two reads a pace apart came since", c, m.at.Format(time.TimeOnly))
		}
	}
	x.made[name] = &made{at: now, unknown: true}
}

func (x *scalingOracle) makeAnswered(group string, res emr.Result) {
	name, _, _ := emr.ParseGroupName(group)
	m := x.made[name]
	switch {
	case m == nil:
	case res.Err != nil:
		m.unknown = res.Err.OutcomeUnknown()
	default:
		m.group = res.Added
	}
}

// terminates checks the end of a cluster: a policy holds by data points from after the grace time, and held when the notice was given.
func (x *scalingOracle) terminates() {
	now, t := x.now(), x.conf().Termination
	switch {
	case t == nil || t.Mode != scaling.TerminationEnforce:
		x.violate("termination", "the cluster is terminated, and the configuration does not say so")
		return
	case x.notice.IsZero() || now.Before(x.notice.Add(x.noticed.Grace)):
		x.violate("termination", "the cluster is terminated before its grace time is over; the notice was given at %s", x.notice.Format(time.TimeOnly))
	case x.described.Before(x.notice.Add(x.noticed.Grace)) || x.cl.State != emr.ClusterWaiting || x.cl.Protected:
		x.violate("termination", "the cluster is terminated; described at %s, it was %s, protected: %t", x.described.Format(time.TimeOnly), x.cl.State, x.cl.Protected)
	}
	if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return x.held(&p, now) }) {
		x.violate("termination", "the cluster is terminated, and no policy holds by what CloudWatch gave")
	}
	if x.noticed != t {
		return // a reload changed the policies in the grace time
	}
	if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return x.held(&p, x.notice) }) {
		x.violate("termination", "the cluster is terminated, and no policy held at the notice, at %s, by what CloudWatch gave", x.notice.Format(time.TimeOnly))
	}
	for at := x.notice.Truncate(5 * time.Minute); at.Before(now); at = at.Add(5 * time.Minute) {
		if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return !x.contradicted(&p, at) }) {
			x.violate("termination", "the cluster is terminated, and no policy held at %s, in the grace time", at.Format(time.TimeOnly))
			return
		}
	}
}

// held says whether every statement of a policy held by data points no older than they may be.
func (x *scalingOracle) held(p *scaling.TerminationPolicy, at time.Time) bool {
	for _, c := range p.Statements {
		points, ok := x.series[c.Series().Of(x.cluster).Key()], false
		newest := c.Series().Begin(at)
		for range scaling.Late + 4 {
			newest = newest.Add(-c.Period)
			n := 0
			for i := range c.Evaluations {
				if v, given := points[newest.Add(-time.Duration(i)*c.Period)]; given && holds(c, v) {
					n++
				}
			}
			ok = ok || n == c.Evaluations
		}
		if !ok {
			return false
		}
	}
	return true
}

// contradicted says whether a data point of the period before says that a statement does not hold.
func (x *scalingOracle) contradicted(p *scaling.TerminationPolicy, at time.Time) bool {
	return slices.ContainsFunc(p.Statements, func(c scaling.Condition) bool {
		v, given := x.series[c.Series().Of(x.cluster).Key()][c.Series().Begin(at).Add(-c.Period)]
		return given && !holds(c, v)
	})
}

// twins checks that no configured pool has instances in two groups that were made for it.
func (x *scalingOracle) twins() {
	if x.o.w.o.Sim.Unknowns.RefuseEmptyAdd {
		return // those groups are made with an instance
	}
	filled := map[string]string{}
	for _, g := range x.o.w.Truth(string(x.cluster)).Groups {
		name, token, ok := emr.ParseGroupName(g.Name)
		if !ok || token.Origin != "configured" || g.Requested == 0 {
			continue
		}
		if other := filled[name]; other != "" {
			x.violate("made group", "pool %s has instances in %s and in %s", name, other, g.ID)
		}
		filled[name] = g.ID
	}
}

// late checks that every time of a schedule from after a moment was carried out, or a later one of its pool, within a while.
func (x *scalingOracle) late(since time.Time, bound time.Duration) {
	for i := range x.conf().Pools {
		p := &x.conf().Pools[i]
		if s := x.doc.Scaled(p.Name); s == nil || x.doc.Pool(s.Origin) == nil {
			continue
		}
		for j := range p.Schedules {
			sched := &p.Schedules[j]
			for due := sched.Next(since); !sched.Off && due.Before(x.now().Add(-bound)); due = sched.Next(due) {
				if !x.met(p.Name, due, bound) {
					x.violate("schedule", "schedule %s of pool %s, due %s, was not carried out within %s", sched.Name, p.Name, clock(due.Unix()), bound)
					return
				}
			}
		}
	}
}

func (x *scalingOracle) met(name string, due time.Time, bound time.Duration) bool {
	for t, at := range x.when {
		if t.pool == name && t.due >= due.Unix() && !at.After(due.Add(bound)) {
			return true
		}
	}
	return false
}

// calm lists what does not hold although nothing disturbs the cluster: the pools want something outside their bounds, or an operation is open.
func (x *scalingOracle) calm() []string {
	var out []string
	for i := range x.doc.Scaling {
		s := &x.doc.Scaling[i]
		p := x.doc.Pool(s.Origin)
		if p == nil {
			continue
		}
		if p.Wanted > s.Bounds.Max || p.Wanted < s.Bounds.Min && x.conf().MaxInstances == 0 {
			out = append(out, fmt.Sprintf("pool %s wants %d, its bounds are %d to %d", s.Name, p.Wanted, s.Bounds.Min, s.Bounds.Max))
		}
		if s.Deferred != nil {
			out = append(out, fmt.Sprintf("pool %s: schedule %s of %s waits: %s", s.Name, s.Deferred.Schedule, s.Deferred.Due.Format(time.TimeOnly), cmp.Or(s.Deferred.Reason, "it was not tried")))
		}
	}
	return out
}
