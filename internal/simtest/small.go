package simtest

import (
	"errors"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// The figures of the small world: every step of a recovery, with short spans, so that hundreds of them can be played in a second.
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

// small is one small world while it is played.
type small struct {
	w          *World
	i          Interleaving
	began      time.Time // when somebody asked for 9
	sent       int       // calls until then
	fault      emrsim.Fault
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
		var err error
		if s.fault, err = emrsim.ParseFault(i.Fault); err != nil {
			panic(err)
		}
		w.Sim.AddFault(s.fault)
	}
	s.began, s.sent = w.Now(), len(w.Calls)
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
	if s.raised() && i.addsLate() { // what the twin has may be wanted by then, and stay
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
