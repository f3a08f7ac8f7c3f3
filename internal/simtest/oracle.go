package simtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// Violation is a property that did not hold.
type Violation struct {
	Property string    `json:"property"`
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
}

// oracle watches a world and checks the properties that hold at every moment. It keeps books of its own, one for each cluster: of the calls
// that are sent, of the answers that were given and of what was written down.
type oracle struct {
	w          *World
	clusters   map[emr.ClusterID]*watched
	series     map[string]map[time.Time]float64   // data points that were given, by the metric's key
	newer      map[string]map[time.Time]int       // how many periods after it were given with each at least
	put        map[string]map[time.Time][]float64 // data points that were published, by the cluster and the metric's name, and the beginning of their five minutes
	violations []Violation
	saving     store.Key    // of the document that is saved next
	state      *guard.State // and what is in it

	time     time.Time            // of what happens now
	sending  *sentCall            // the change that is being sent
	requests map[string]*sentCall // by the request's id
	effects  map[int]*sentCall    // by the entry of the change log
	paused   bool                 // the whole scope
	pausedAt time.Time            // and since when
	spent    map[emr.Op]*spending
	tenure   tenure
	first    map[string]time.Time // calls of processes
	agreed   map[string]bool      // processes whose clock was right once when they sent a call
	orders   int                  // that were carried out or refused on clusters
}

// Watch makes the world check its properties on every cluster from now on; Violations lists what did not hold.
func (w *World) Watch() {
	w.oracle = &oracle{w: w, clusters: map[emr.ClusterID]*watched{}, series: map[string]map[time.Time]float64{}, newer: map[string]map[time.Time]int{}, put: map[string]map[time.Time][]float64{}, time: w.Now(),
		requests: map[string]*sentCall{}, effects: map[int]*sentCall{},
		spent: map[emr.Op]*spending{}, first: map[string]time.Time{}, agreed: map[string]bool{}}
	w.Sim.Observe(witness{w.oracle})
}

// Violations are the properties that did not hold since Watch.
func (w *World) Violations() []Violation {
	if w.oracle == nil {
		return nil
	}
	return w.oracle.violations
}

func (o *oracle) violate(property, format string, args ...any) {
	o.violations = append(o.violations, Violation{property, o.time, fmt.Sprintf(format, args...)})
}

// watched are the books of one cluster.
type watched struct {
	o     *oracle
	id    emr.ClusterID
	name  string
	state *guard.State // the guard's document, as saved last; shared with the guard and never changed; nil: none was saved
	last  guard.State  // the document whose records were looked at last

	groups    map[emr.GroupID]*groupBook // the truth
	fresh     map[emr.GroupID]bool       // groups that somebody else makes
	wants     wants
	conduct   conduct
	adds      []*sentCall         // of new groups
	making    *sentCall           // of a new group that is not there yet
	twin      map[string]*twinned // by recovery
	suspended suspension
	calls     map[string]store.Record // what was written of a change before it was sent, by its id
	sentIDs   map[string]bool
	onTheWay  []*sentCall // changes that are not answered

	page      []emr.Group // of a list that has more pages
	pages     time.Time   // when its first one was sent
	seen      map[emr.GroupID][]seenRead
	given     []reading                 // usable answers to ListInstanceGroups of this step, that no saved decision has used yet
	shown     map[emr.GroupID]emr.Group // by the last read that a decision was made on
	changes   map[emr.GroupID]int       // of what is short there, so much at least is a change that is unfinished
	began     time.Time                 // of that read
	readEnded time.Time                 // when its last page was answered
	reads     []time.Time               // beginnings of those reads
	resize    hindered

	wrote     time.Time // when our last change was sent, or was over: its answer was written down, or that none will come
	heard     []answer  // to DescribeCluster and GetManagedScalingPolicy, that no saved decision has used yet
	described time.Time // when the last DescribeCluster began whose answer a saved decision used
	cl        emr.Cluster
	asked     time.Time // when the last GetManagedScalingPolicy began whose answer a saved decision used
	managed   bool
	managedAt time.Time // when that was answered

	settings     []configured // what was configured, the oldest first
	begun        map[string]bool
	ops          map[string]*operation
	ended        map[string]time.Time // by configured pool: when its last operation was over
	moving       map[string]bool      // no read since then showed that what it changed is done
	done         map[tick]int         // how often the time of a schedule was carried out
	when         map[tick]time.Time   // and when
	rescheduled  time.Time            // when a schedule changed the cluster last
	made         map[string]*made     // by configured pool
	emptyRefused map[string]bool      // the names of groups for configured pools that EMR refused to make empty
	ending       time.Time            // when TerminateJobFlows was answered
	notice       time.Time            // of the last termination.notice that stands
	noticed      *scaling.Termination // what was configured then
	resumed      time.Time            // of the last scaling.resumed
	opened       map[string]time.Time // recoveries
	firsts       map[string]bool      // pending calls that are the first of their recovery
	others       map[string]time.Time // when groups of another store were read first
	adopted      map[string]bool      // whose groups somebody took over
}

// reading is one complete ListInstanceGroups.
type reading struct {
	at     time.Time // when it was answered
	began  time.Time
	groups []emr.Group
}

// answer is what a process was told, and when.
type answer struct {
	at time.Time
	completion
}

// seenRead is what one usable read showed of a group.
type seenRead struct {
	at      time.Time
	running int
}

// configured is what holds from a time on.
type configured struct {
	from time.Time
	engine.Effective
}

// of returns the books of a cluster.
func (o *oracle) of(id emr.ClusterID) *watched { return o.sight(id, "") }

// sight returns the books of a cluster, and makes them at its first sight, when the simulator tells of its groups.
func (o *oracle) sight(id emr.ClusterID, name string) *watched {
	x := o.clusters[id]
	if x == nil {
		x = &watched{o: o, id: id, name: name, groups: map[emr.GroupID]*groupBook{}, fresh: map[emr.GroupID]bool{}, wants: wants{}, conduct: newConduct(), twin: map[string]*twinned{}, calls: map[string]store.Record{}, sentIDs: map[string]bool{},
			seen: map[emr.GroupID][]seenRead{}, shown: map[emr.GroupID]emr.Group{}, changes: map[emr.GroupID]int{}, begun: map[string]bool{},
			ops: map[string]*operation{}, ended: map[string]time.Time{}, moving: map[string]bool{}, done: map[tick]int{}, when: map[tick]time.Time{}, made: map[string]*made{}, emptyRefused: map[string]bool{},
			opened: map[string]time.Time{}, firsts: map[string]bool{}, others: map[string]time.Time{}, adopted: map[string]bool{}}
		o.clusters[id] = x
		x.reconfigured()
	}
	return x
}

// each lists the books in the order of the clusters' ids.
func (o *oracle) each() []*watched {
	return slices.SortedFunc(maps.Values(o.clusters), func(a, b *watched) int { return cmp.Compare(a.id, b.id) })
}

// reconfigured notes what the world's processes follow from now on.
func (o *oracle) reconfigured() {
	o.time = o.w.Now()
	for _, x := range o.each() {
		x.reconfigured()
	}
}

func (x *watched) reconfigured() {
	rule := x.rule()
	x.settings = append(x.settings, configured{x.now(), rule})
	for origin, p := range x.wants { //archtest:sorted each pool by itself
		p.limited(x.sum(origin, ""), rule.Settings.Max)
		if rule.Settings.OutsideGrowth == recovery.Add {
			p.adds()
		}
	}
	clear(x.made)
}

// rule is what is configured for the cluster now.
func (x *watched) rule() engine.Effective {
	return x.o.w.rule(emr.ClusterSummary{ID: x.id, Name: x.name})
}

// conf is how the cluster is scaled now.
func (x *watched) conf() *scaling.Settings {
	if s := x.rule().Scaling; s != nil {
		return s
	}
	return &scaling.Settings{}
}

func (x *watched) now() time.Time { return x.o.time }

func (x *watched) violate(property, format string, args ...any) {
	x.o.violate(property, string(x.id)+": "+format, args...)
}

// doc is the guard's document as saved last; empty when none was.
func (x *watched) doc() *guard.State {
	if x.state == nil {
		return &guard.State{}
	}
	return x.state
}

// answered notes what a process is told.
func (o *oracle) answered(c completion) {
	o.time = o.w.Now()
	switch c.call.Op {
	case emr.ListClusters, emr.ReceiveMessage, emr.DeleteMessageBatch:
	case emr.GetMetricData:
		if c.done.Result.Err == nil {
			o.metrics(c)
		}
	default:
		o.of(c.call.Cluster).answered(c)
	}
}

func (x *watched) answered(c completion) {
	res := c.done.Result
	if c.call.Op.Writes() {
		x.told(c)
		if c.call.Op == emr.TerminateJobFlows && res.Err == nil {
			x.ending = x.now()
		}
		if c.call.Op == emr.AddInstanceGroups && c.call.Config != nil {
			x.makeAnswered(*c.call.Config, res)
		}
	}
	if res.Err != nil {
		return
	}
	switch c.call.Op {
	case emr.ListInstanceGroups:
		x.listed(c)
	case emr.ListInstances:
		x.conduct.list(res.Instances)
	case emr.DescribeCluster, emr.GetManagedScalingPolicy:
		x.heard = slices.DeleteFunc(x.heard, func(a answer) bool { return a.at.Before(x.now()) }) // their decisions were never saved
		x.heard = append(x.heard, answer{x.now(), c})
	}
}

// hear notes what the saved decision was told of the cluster and of who is in charge, if the document says that it was told anything: several answers may
// come at one moment, each with a decision of its own. An answer that comes after a process forgot the question, since a save failed or it lost the scope,
// tells nobody anything.
func (x *watched) hear(before *guard.State) {
	described, asked := !x.state.Described.Equal(before.Described), !x.state.ManagedAt.Equal(before.ManagedAt)
	x.heard = slices.DeleteFunc(x.heard, func(a answer) bool {
		res := a.done.Result
		switch {
		case a.at.Before(x.now()): // its decision was never saved
			return true
		case a.call.Op == emr.GetManagedScalingPolicy && asked:
			x.asked, x.managed, x.managedAt = a.sent, res.ManagedScaling, a.at
			return true
		case a.call.Op == emr.DescribeCluster && described && res.Cluster != nil && res.Cluster.ID == x.id:
			x.described, x.cl = a.sent, *res.Cluster
			return true
		}
		return false
	})
}

// listed puts the pages of a list together and notes a usable one: what is still on its way nobody knows.
func (x *watched) listed(c completion) {
	if c.call.Marker == "" {
		x.page, x.pages = nil, c.sent
	}
	x.page = append(x.page, c.done.Result.Groups...)
	if c.done.Result.Marker != "" {
		return
	}
	r := reading{x.now(), x.pages, make([]emr.Group, 0, len(x.page))}
	for _, g := range x.page { // a page may come twice
		if !slices.ContainsFunc(r.groups, func(o emr.Group) bool { return o.ID == g.ID && reflect.DeepEqual(o, g) }) {
			r.groups = append(r.groups, g)
		}
	}
	x.page = nil
	if !x.usable(r.groups) {
		return
	}
	for _, g := range r.groups {
		old := slices.IndexFunc(x.seen[g.ID], func(s seenRead) bool { return r.at.Sub(s.at) <= 10*time.Minute })
		if old < 0 {
			old = len(x.seen[g.ID])
		}
		x.seen[g.ID] = append(x.seen[g.ID][old:], seenRead{r.began, g.Running})
	}
	x.given = slices.DeleteFunc(x.given, func(o reading) bool { return o.at.Before(r.at) }) // their decisions were never saved
	x.given = append(x.given, r)
}

// usable says whether anything may be decided on a list: it has a MASTER, every group that was seen before, and none twice with different values (R11).
// A group that was listed only when the decision could not be saved was not seen: nobody knows of it.
func (x *watched) usable(groups []emr.Group) bool {
	for n, g := range groups {
		if slices.ContainsFunc(groups[:n], func(o emr.Group) bool { return o.ID == g.ID }) {
			return false
		}
	}
	for id := range x.shown {
		if !slices.ContainsFunc(groups, func(g emr.Group) bool { return g.ID == id }) {
			return false
		}
	}
	return slices.ContainsFunc(groups, func(g emr.Group) bool { return g.Role == emr.Master })
}

// saved notes what was written down in one transaction.
func (o *oracle) saved(s store.Save) {
	o.time = o.w.Now()
	for _, d := range s.Docs {
		if strings.HasPrefix(d.Key.Cluster, "j-") {
			o.of(emr.ClusterID(d.Key.Cluster)).saved(d, s.Records)
			continue
		}
		var scope struct{ Paused *guard.Pause }
		if err := d.Body.Decode(&scope); err != nil {
			panic(err)
		}
		if scope.Paused != nil && !o.paused {
			o.pausedAt = o.time
		}
		o.paused = scope.Paused != nil
	}
}

func (x *watched) saved(d store.Document, records []store.Record) {
	if x.o.saving != d.Key {
		panic("nobody was told what is saved of " + d.Key.String())
	}
	before := x.doc()
	x.state = x.o.state
	// An answer that comes after a process forgot the call, since a save failed or it lost the scope, tells nobody anything.
	if next := x.state.Pending; before.Pending != nil && (next == nil || next.ID != before.Pending.ID) {
		x.wrote = x.now()
	}
	x.hear(before)
	reads := x.take()
	own := records[:0:0]
	for _, r := range records {
		if r.Key == d.Key {
			own = append(own, r)
		}
	}
	x.recorded(own)
	for _, r := range reads {
		x.decided(r)
	}
}

// recorded takes the records of a saved decision.
func (x *watched) recorded(own []store.Record) {
	if len(own) == 0 && len(x.last.Scaling) == 0 && len(x.conf().Pools) == 0 {
		return // there is nothing to book
	}
	x.booked(&x.last)
	x.lives(&x.last)
	x.last = *x.doc()
	for _, r := range own {
		x.record(r)
		x.named(r)
		x.rebuilds(r)
		x.wants.record(x, r)
		x.suspended.record(r, x.now())
		switch {
		case strings.HasPrefix(r.Kind, "call."):
			x.calls[r.ID] = r
			x.meant(r)
		case byHand(r):
			x.bannedByHand(r)
			x.ordered(r)
		case r.Kind == "ban.set":
			x.banSet(r)
		case r.Kind == "ban.over":
			x.banOver(r)
		case r.Kind == "group.settled" && x.groups[emr.GroupID(r.Group)] != nil:
			x.settled(emr.GroupID(r.Group))
		}
	}
}

// take returns the reads that the saved decision was made on, and shows them to the books that records are checked with.
func (x *watched) take() []reading {
	var out []reading
	for _, r := range x.given {
		if r.at.Equal(x.now()) && r.began.After(x.began) {
			x.conduct.read(r, x.shown)
			x.read(r)
			x.wants.read(x, r)
			for _, g := range r.groups {
				if b := x.groups[g.ID]; b != nil {
					x.nameable(b, g, r.began)
				}
			}
			out = append(out, r)
		}
	}
	x.given = nil
	return out
}

// decided checks what has to hold after a decision on a read was saved, with its records.
func (x *watched) decided(r reading) {
	x.unnamed()
	x.suspends()
	x.twins(r)
	x.suspendedFor(r)
	x.bansTold(r)
	for _, g := range r.groups {
		if b := x.groups[g.ID]; b != nil {
			x.overdue(b, g, r.began)
		}
	}
	for _, id := range x.groupIDs() {
		if p := x.wants[id]; p != nil {
			x.wants.quiet(x, id, p, r)
		}
	}
}

// notSaved forgets the reads whose decisions could not be written down: nobody knows any more what they showed.
func (o *oracle) notSaved(s store.Save) {
	for _, d := range s.Docs {
		if strings.HasPrefix(d.Key.Cluster, "j-") {
			o.of(emr.ClusterID(d.Key.Cluster)).forget()
		}
	}
}

// died forgets the answers of which a process died before it had written down what it made of them.
func (o *oracle) died() {
	for _, x := range o.each() {
		x.forget()
		x.heard = nil
	}
}

// forget drops the reads that no saved decision has used.
func (x *watched) forget() {
	for _, r := range x.given {
		for id, reads := range x.seen { //archtest:sorted each group by itself
			x.seen[id] = slices.DeleteFunc(reads, func(s seenRead) bool { return s.at.Equal(r.began) })
		}
	}
	x.given = nil
}

// state is the guard's document of a cluster, as saved; false without one.
func (w *World) state(cluster emr.ClusterID) (guard.State, bool) {
	doc, err := w.o.Store.Load(context.Background(), store.Key{Scope: ScopeName, Cluster: string(cluster)})
	if err != nil {
		return guard.State{}, false
	}
	var s guard.State
	if err := doc.Body.Decode(&s); err != nil {
		panic(err)
	}
	return s, true
}
