package simtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// Interleaving is one way in which the repair of one group can be disturbed: by at most one crash, one fault and one outside change,
// each at a place of its own. The empty coordinates are the undisturbed repair.
type Interleaving struct {
	Story  string // a name of Stories
	Crash  Crash
	Fault  string // a line of emrsim.ParseFault, whose calls are counted from the moment at which somebody asks for 9; empty: none
	Change Change
}

// Crash kills the process at a boundary, counted from 1 since somebody asked for 9; 0: nowhere.
type Crash struct {
	At       int
	Takeover bool // by a process that waits for the lease since the beginning; else the guard is started again 20 s later
}

// Change is what somebody or something else does at a moment: before a save or after a call, counted from 1 since somebody asked for 9;
// 0: never. At the other boundaries the world is as at the moment before: neither a save nor the decision to call touches it.
type Change struct {
	Do string // a name of Changes
	At int
}

// String is the interleaving as ParseInterleaving reads it: "story=stuck,crash=17+takeover,change=12@5,fault=AddInstanceGroups call=1 lose-answer".
func (i Interleaving) String() string {
	parts := []string{"story=" + i.Story}
	if i.Crash.At > 0 {
		crash := "crash=" + strconv.Itoa(i.Crash.At)
		if i.Crash.Takeover {
			crash += "+takeover"
		}
		parts = append(parts, crash)
	}
	if i.Change.At > 0 {
		parts = append(parts, fmt.Sprintf("change=%s@%d", i.Change.Do, i.Change.At))
	}
	if i.Fault != "" {
		parts = append(parts, "fault="+i.Fault)
	}
	return strings.Join(parts, ",")
}

// ParseInterleaving reads what String writes, in any order. The story may be left out: stuck.
func ParseInterleaving(text string) (Interleaving, error) {
	i := Interleaving{Story: stories[0].name}
	for part := range strings.SplitSeq(text, ",") {
		key, val, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch key {
		case "story":
			i.Story = val
		case "crash":
			at, how, takeover := strings.Cut(val, "+")
			i.Crash.Takeover = takeover
			if i.Crash.At, err = strconv.Atoi(at); takeover && how != "takeover" {
				err = fmt.Errorf("%q is not takeover", how)
			}
		case "change":
			do, at, _ := strings.Cut(val, "@")
			if !slices.Contains(Changes(), do) {
				return i, fmt.Errorf("change %q is none of %s", do, strings.Join(Changes(), ", "))
			}
			i.Change.Do = do
			i.Change.At, err = strconv.Atoi(at)
		case "fault":
			i.Fault = strings.Trim(val, `"`)
			_, err = emrsim.ParseFault(i.Fault)
		default:
			return i, fmt.Errorf("%q is none of story=, crash=, change=, fault=", part)
		}
		if err != nil {
			return i, fmt.Errorf("%s: %w", part, err)
		}
	}
	if storyOf(i.Story) == nil {
		return i, fmt.Errorf("story %q is none of %s", i.Story, strings.Join(Stories(), ", "))
	}
	return i, nil
}

// Disturbances is how many of the three coordinates an interleaving has.
func (i Interleaving) Disturbances() int {
	n := 0
	for _, set := range []bool{i.Crash.At > 0, i.Fault != "", i.Change.At > 0} {
		if set {
			n++
		}
	}
	return n
}

// The figures of the small world: every step of a recovery, with short spans, so that thousands of them can be played in a second.
const (
	smallAfter = 5 * time.Minute
	smallBan   = 10 * time.Minute
	smallSweep = 2 * time.Minute
	smallQuiet = 2*time.Minute + 20*time.Second // runs undisturbed before somebody asks for 9
	smallPlay  = 20 * time.Minute               // from then until everything that disturbs ends
	smallCalm  = 2 * time.Hour                  // until which the repair has to end then: two rests, the stop of a probe and its launch
	smallStill = 5 * time.Minute                // for which nothing may be changed afterwards
)

// smallPool is the EC2 capacity of the small world's task groups. Each group of a cluster asks the next of its parts.
var smallPool = emrsim.Pool{Zone: "us-east-1a", Type: "m5.xlarge", Market: string(emr.Spot)}

// story is one way in which 6 of 9 come to be all that run.
type story struct {
	name  string
	parts []int          // of smallPool: the first is the stuck group's, the others are those of the groups made for it; none: everything is there
	begin func(s *small) // beside that; nil: nothing
	lasts time.Duration  // until the undisturbed repair has nothing more to do before its ban lapses; the boundaries until then are those that are played
}

// stories are the small worlds. In all of them EC2 has everything again at the end.
var stories = []story{
	{"stuck", nil, func(s *small) { s.act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"}) }, 8 * time.Minute},
	{"late", []int{6, emrsim.Unlimited}, func(s *small) { // two of the three arrive around the deadline, the last one never
		for n, at := range []time.Duration{3*time.Minute + 40*time.Second, 4*time.Minute + 20*time.Second} {
			s.w.Sim.Plan(s.w.Now().Add(at), Region, "EC2", emrsim.Action{Do: emrsim.DoCapacity, Pool: smallPool, Parts: []int{7 + n, emrsim.Unlimited}})
		}
	}, 9 * time.Minute},
	{"chain", []int{6, 0, emrsim.Unlimited}, nil, 14 * time.Minute}, // the first fallback gets stuck, too
	{"drought", []int{6}, nil, 18 * time.Minute},                    // nobody gets anything: the pool rests
}

// Stories lists the names of the small worlds.
func Stories() []string {
	out := make([]string, 0, len(stories))
	for _, s := range stories {
		out = append(out, s.name)
	}
	return out
}

func storyOf(name string) *story {
	for i := range stories {
		if stories[i].name == name {
			return &stories[i]
		}
	}
	return nil
}

// change is one thing that somebody or something else does.
type change struct {
	name string
	do   func(s *small)
}

// changes are the outside changes. Numbers are counts that a person sets the stuck group to.
var changes = []change{
	{"9", func(s *small) { s.resize("task", 9) }},
	{"12", func(s *small) { s.resize("task", 12) }},
	{"6", func(s *small) { s.resize("task", 6) }},
	{"3", func(s *small) { s.resize("task", 3) }},
	{"core", func(s *small) { s.resize("core", 3) }},
	{"loss", func(s *small) { s.act(emrsim.Action{Do: emrsim.DoInterrupt, Cluster: "etl", Group: "task", Count: 2}) }},
	{"capacity", (*small).abundance},
	{"group", func(s *small) {
		s.act(emrsim.Action{Do: emrsim.DoAddGroup, Cluster: "etl", Like: "task", Name: "another", To: 2})
	}},
	{"end", func(s *small) { s.act(emrsim.Action{Do: emrsim.DoTerminate, Cluster: "etl"}) }},
	{"pause", func(s *small) { s.order(guard.OrderPause) }},
	{"unban", func(s *small) { s.order(guard.OrderUnban) }},
	{"managed", func(s *small) { s.act(emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 1, To: 20}) }},
}

// Changes lists the names of the outside changes.
func Changes() []string {
	out := make([]string, 0, len(changes))
	for _, c := range changes {
		out = append(out, c.name)
	}
	return out
}

// readEffects and writeEffects are the effects of a fault that can make a difference to the guard's reads and to its changes. What befalls a
// read after it took effect befalls it as well before.
var (
	readEffects  = []string{"throttle", "error=InternalFailure", "refuse", "hang", "delay=20s", "empty"}
	writeEffects = []string{"throttle", "error=InternalFailure", "error-after=InternalFailure", "refuse", "lose-answer", "hang", "late=2m", "delay=20s", "empty"}
	effectsOf    = map[emr.Op][]string{
		emr.ListInstanceGroups:      append(slices.Clone(readEffects), "stale=2m", "low=2", "resizing", "lose-groups=1"),
		emr.ListInstances:           readEffects,
		emr.DescribeCluster:         readEffects,
		emr.GetManagedScalingPolicy: readEffects,
		emr.ModifyInstanceGroups:    append(slices.Clone(writeEffects), "ignore"),
		emr.AddInstanceGroups:       writeEffects,
	}
)

// Space is everything that can be combined for one story.
type Space struct {
	Story      string
	Boundaries int      // of the undisturbed repair
	Moments    int      // those among them at which a change can make a difference of its own
	Calls      int      // beside those that list clusters
	Faults     []string // each effect that fits, on each call
}

// NewSpace plays a story undisturbed and notes where it can be disturbed.
func NewSpace(name string) Space {
	space := Space{Story: name}
	s := newSmall(Interleaving{Story: name})
	sent := len(s.w.Calls)
	s.w.Kill = func(b Boundary) bool {
		space.Boundaries++
		if moment(b) {
			space.Moments++
		}
		return false
	}
	s.w.Run(storyOf(name).lasts)
	seen := map[emr.Op]int{}
	for _, c := range s.w.Calls[sent:] {
		op := c.Call.Op
		if len(effectsOf[op]) == 0 {
			continue
		}
		space.Calls++
		seen[op]++
		for _, effect := range effectsOf[op] {
			space.Faults = append(space.Faults, fmt.Sprintf("%s call=%d %s", op, seen[op], effect))
		}
	}
	return space
}

// Size is how many interleavings have this many disturbances, 0 to 3.
func (s Space) Size(disturbances int) int {
	a, b, c := 2*s.Boundaries, len(s.Faults), len(changes)*s.Moments
	return []int{1, a + b + c, a*b + a*c + b*c, a * b * c}[disturbances]
}

// All yields every interleaving with this many disturbances, 0 to 3, always in the same order.
func (s Space) All(disturbances int) iter.Seq[Interleaving] {
	return func(yield func(Interleaving) bool) {
		crashes := []Crash{{}}
		for at := range s.Boundaries {
			crashes = append(crashes, Crash{at + 1, false}, Crash{at + 1, true})
		}
		faults := append([]string{""}, s.Faults...)
		outside := []Change{{}}
		for at := range s.Moments {
			for _, c := range changes {
				outside = append(outside, Change{c.name, at + 1})
			}
		}
		for _, crash := range crashes {
			for _, fault := range faults {
				for _, change := range outside {
					if i := (Interleaving{s.Story, crash, fault, change}); i.Disturbances() == disturbances && !yield(i) {
						return
					}
				}
			}
		}
	}
}

// moment says whether a change at a boundary is not the same as one at the boundary before.
func moment(b Boundary) bool { return b.Where == BeforeSave || b.Where == AfterCall }

// small is one small world while it is played.
type small struct {
	w          *World
	i          Interleaving
	began      time.Time // when somebody asked for 9
	boundaries int
	moments    int
	crashed    bool
	cluster    string
	changed    *outside
	seen       int // entries of the simulator's log of changes that were checked
	cuts       []cut
	violations []Violation
}

// outside is the truth at the moment of the outside change.
type outside struct {
	at    time.Time
	group string
	task  int // requested of the stuck group before
}

// cut is a change by the guard to less than before, as it was when it took effect.
type cut struct {
	entry int // of the simulator's log of changes
	left  int // running instances of the pool, without those that are given up
}

// newSmall begins a story: the guard runs, the group has 6 of 6, and somebody asks for 9.
func newSmall(i Interleaving) *small {
	fixed := func(d time.Duration) emrsim.Dist { return emrsim.Dist{Min: d, Mode: d, Max: d} }
	settings := recovery.Defaults()
	settings.After, settings.Ban, settings.RestMax, settings.Settle, settings.Chain = smallAfter, smallBan, 2*smallBan, 3*time.Minute, 2
	settings.ShrinkAfter = 15 * time.Minute
	w := New(Options{Store: memory.New("storeaaa"), Settings: settings, Sweep: smallSweep, Sim: emrsim.Options{Seed: 1, Timing: emrsim.Timing{
		React: fixed(3 * time.Second), Fulfil: fixed(5 * time.Second), Retry: fixed(30 * time.Second), Provision: fixed(20 * time.Second),
		Bootstrap: fixed(25 * time.Second), Decommission: fixed(time.Minute), Terminate: fixed(time.Minute)}}})
	s := &small{w: w, i: i}
	if parts := storyOf(i.Story).parts; len(parts) > 0 {
		s.capacity(parts...)
	}
	s.cluster = w.Cluster("etl", Group{Name: "core", Role: emr.Core, Count: 2}, Group{Name: "task", Role: emr.Task, Market: emr.Spot, Count: 6})
	w.Watch()
	w.Start()
	w.Run(time.Second)
	if i.Crash.Takeover {
		w.Start()
	}
	w.Run(smallQuiet)
	if i.Fault != "" {
		f, err := emrsim.ParseFault(i.Fault)
		if err != nil {
			panic(err)
		}
		w.Sim.AddFault(f)
	}
	s.began = w.Now()
	if begin := storyOf(i.Story).begin; begin != nil {
		begin(s)
	}
	s.resize("task", 9)
	s.seen = len(w.Sim.Changes(Region, 0))
	return s
}

// Outcome is what became of an interleaving.
type Outcome struct {
	World      *World
	Reached    bool // every disturbance took place; else it is the same as an interleaving without it
	Violations []Violation
}

// Play plays the interleaving and checks the properties: those of the world's oracle, and what the truth says at the end.
func (i Interleaving) Play() Outcome {
	s := newSmall(i)
	s.w.Kill = s.boundary
	until := s.began.Add(smallPlay)
	for s.w.Now().Before(until) {
		if s.w.Run(until.Sub(s.w.Now())) && !i.Crash.Takeover {
			s.w.Run(20 * time.Second)
			s.w.Start()
		}
	}
	reached := (i.Crash.At == 0 || s.crashed) && (i.Change.At == 0 || s.changed != nil)
	for _, f := range s.w.Sim.Faults() {
		reached = reached && f.Hits > 0
	}
	s.calm()
	s.check()
	violations := slices.Concat(s.w.Violations(), s.violations)
	if s.raised() && strings.Contains(i.Fault, " late=") { // what a late twin has may be wanted by then, and stay
		violations = slices.DeleteFunc(violations, func(v Violation) bool { return v.Property == "I5" })
	}
	return Outcome{World: s.w, Reached: reached, Violations: violations}
}

// boundary is asked at each boundary: the change happens, then the process dies.
func (s *small) boundary(b Boundary) bool {
	s.boundaries++
	if b.Where == AfterCall {
		s.effect()
	}
	if moment(b) {
		s.moments++
		if s.moments == s.i.Change.At {
			s.change()
		}
	}
	if s.boundaries != s.i.Crash.At {
		return false
	}
	s.crashed = true
	return true
}

// change lets the outside change happen.
func (s *small) change() {
	s.changed = &outside{at: s.w.Now()}
	for _, g := range s.truth().Groups {
		if g.Name == "task" {
			s.changed.group, s.changed.task = g.ID, g.Requested
		}
	}
	for _, c := range changes {
		if c.name == s.i.Change.Do {
			c.do(s)
		}
	}
}

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
		late := c.Op == string(emr.AddInstanceGroups) && strings.Contains(s.i.Fault, " late=") // a twin, which is released at once (rule R7)
		keeps := c.To <= c.Running                                                             // what arrived after the stop runs already, and is asked for until the fallback gives as much back (rule R5)
		if c.To > c.From && sum > 9 && !s.raised() && !late && !keeps {
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

// calm ends what disturbs and gives the guard time to finish, as long as it needs it; then the world is still for a while.
func (s *small) calm() {
	s.w.Kill = func(b Boundary) bool {
		if b.Where == AfterCall {
			s.effect()
		}
		return false
	}
	s.act(emrsim.Action{Do: emrsim.DoClearFaults})
	s.abundance()
	if s.i.Change.Do == "pause" {
		s.order(guard.OrderResume)
	}
	end := s.w.Now().Add(smallCalm)
	s.w.Run(2 * time.Minute)
	for !s.done() && s.w.Now().Before(end) {
		s.w.Run(5 * time.Minute)
	}
	before := len(s.w.Calls)
	s.w.Run(smallStill)
	for _, c := range s.w.Calls[before:] {
		if c.Call.Op.Writes() {
			s.violate("still", "%s is sent although there is nothing to do", c.Call)
		}
	}
}

// done says whether the guard has nothing under way.
func (s *small) done() bool {
	state, ok := s.w.state(emr.ClusterID(s.cluster))
	if !ok {
		return false
	}
	if !state.Ended.IsZero() {
		return true
	}
	for _, p := range state.Pools {
		if p.Rest != nil || slices.ContainsFunc(p.Members, func(m pool.Member) bool { return m.Banned(s.w.Now()) }) {
			return false
		}
	}
	surplus := slices.ContainsFunc(s.truth().Groups, func(g emrsim.GroupTruth) bool { return g.Running != g.Requested }) // is given up in its time (rule R3)
	return len(state.Recoveries) == 0 && state.Pending == nil && state.Suspended == nil && (!surplus || state.Withheld != "")
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

// ended checks that no change by the guard ended a running node that was wanted: a release of what came back twice may.
func (s *small) ended(wanted int) {
	for n, c := range s.w.Sim.Changes(Region, 0) {
		if c.Who != "api" || c.Ended == 0 {
			continue
		}
		left := slices.IndexFunc(s.cuts, func(x cut) bool { return x.entry == n })
		if left < 0 || s.cuts[left].left < wanted {
			s.violate("ended", "%s %s from %d to %d ended %d running nodes", c.Op, c.Group, c.From, c.To, c.Ended)
		}
	}
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
		if s.blind(1) {
			return []int{9, 12}
		}
		return []int{12}
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
		seen := 0
		for _, call := range s.w.Calls {
			if call.Call.Op == emr.ListInstanceGroups && call.Err == nil && call.At.After(s.changed.at) && call.At.Before(r.At) {
				seen++
			}
		}
		return r.At.After(s.changed.at) && seen < reads || !r.At.After(s.changed.at) && s.changed.task == 9
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

// truth is the cluster as it really is.
func (s *small) truth() *emrsim.ClusterTruth {
	t := s.w.Truth(s.cluster)
	return &t
}

// pool lists a group and those that were made for it.
func (s *small) pool(t *emrsim.ClusterTruth, origin string) []emrsim.GroupTruth {
	var id string
	for _, g := range t.Groups {
		if g.Name == origin {
			id = g.ID
		}
	}
	return slices.DeleteFunc(slices.Clone(t.Groups), func(g emrsim.GroupTruth) bool {
		_, token, made := emr.ParseGroupName(g.Name)
		return g.ID != id && (!made || string(token.Origin) != id)
	})
}

// act lets something happen. On a cluster that has ended nothing can.
func (s *small) act(a emrsim.Action) { _ = s.w.Sim.Act(Region, "somebody", a) }

func (s *small) resize(group string, to int) {
	s.act(emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: group, To: to})
}

func (s *small) capacity(parts ...int) {
	s.act(emrsim.Action{Do: emrsim.DoCapacity, Pool: smallPool, Parts: parts})
}

// abundance ends every shortage.
func (s *small) abundance() {
	s.act(emrsim.Action{Do: emrsim.DoUnstick, Cluster: "etl", Group: "task"})
	for _, p := range s.w.Sim.Snapshot(Region).Pools {
		if p.Pool == smallPool {
			s.capacity(slices.Repeat([]int{emrsim.Unlimited}, len(p.Parts))...)
		}
	}
}

// order is given by an operator, for the cluster or its stuck group.
func (s *small) order(kind guard.OrderKind) {
	o := guard.Order{Kind: kind, Author: "an operator"}
	if kind == guard.OrderUnban {
		for _, g := range s.truth().Groups {
			if g.Name == "task" {
				o.Group = emr.GroupID(g.ID)
			}
		}
	}
	if err := s.w.submit("by-hand-"+string(kind), o, s.cluster); err != nil && !errors.Is(err, store.ErrExists) {
		panic(err)
	}
}
