package simtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// Player plays scripts: sessions in virtual time that read like the rules they show. Its commands:
//
//	world [seed=N] [sweep=5m] [mode=observe] [dry-run] [surplus=…] [lag=2m] [page=N] [loss-resizes] [hidden] [undated] [hide-reasons] [refuse-empty] [rebind]
//	      [spot-life=30m..4h..20h] [decommission=…] [late-metrics=6m] [events] [event-delay=1s..5s..1m] [event-loss=0.1] [event-dup=0.1] [store=ID] [set=(key:value,…)]
//	cluster NAME       lines "NAME ROLE COUNT [MARKET] [TYPE] [BID]": a cluster that has been running for a while; 2 core nodes if no line says
//	fleet-cluster NAME a cluster that is made of instance fleets
//	start [ahead=2m]   a guard process starts, ahead: with a local clock that is that much fast
//	crash | stop       every process dies, or ends in order; process=N: only the N-th that was started
//	sleep | wake process=N   its machine stands still, and goes on
//	act do=resize group=task to=9 [cluster=NAME] …    something happens beside emrguard
//	actor kind=terraform every=20m counts=(task:6) …  a controller that is not emrguard, from now on
//	load [scheduler=fair] [hdfs=100]  the work that arrives on the cluster, lines "stream rate=10 work=10m..1h..8h width=1..10" (jobs an hour) and
//	                   "burst jobs=5 at=30m every=4h over=20m work=… width=…"
//	fault              lines of the simulator's fault language
//	store-fault        lines of ParseStoreFault
//	kill where=after-call what=Add   the process is killed at the first such boundary from now on
//	kill after=N restart=30s         at the N-th boundary from now on, and another starts that much later
//	skew 2m            the local clock is that much fast from now on; process=N: of one process
//	reload mode=observe set=…   the configuration changes
//	ladder             so do the rungs, one a line: "same max=2", "types=m5a.xlarge,r5.xlarge market=SPOT bid=0.25 after=10m"
//	rule               so do pools, termination and wrap of a rule of the configuration, in YAML
//	config             the rules of a configuration, in YAML: takes the place of everything that world, reload, ladder and rule say
//	order ban group=… for=1h …         a change by hand; prints the answer. later: does not wait for it
//	metric NAME 5 none 0   data points of a metric in the namespace Jobs, for each five minutes from the present ones on
//	run 40m [all]      time passes; prints what was recorded (all: reads too) and the changes that were sent
//	groups             requested and running, as they really are
//	pools              what the guard's document says
//	scaled             what the guard's document says of the configured pools
//	explain            the asks of the last scaling decision: which was followed, and why not the others
//	watch              the oracle watches from now on
//	calm               everything that disturbs ends: faults, droughts, limits, sleep, skew, pauses, tags; an actor ends by its for=
//	settle 12h         time passes until every actor has ended, nothing is open and all is as it is wanted, at most that long
//	check              what the oracle found
type Player struct {
	// OpenStore makes the store of a world; nil: one in memory.
	OpenStore func(id string) (store.Store, error)
	// Silent players print nothing of run, and forget what was recorded and sent.
	Silent bool
	// Kinds counts the records so far, by kind.
	Kinds map[string]int

	World   *World
	store   store.Store
	cluster string   // the last that was placed
	placed  []string // names
	seen    int
	sent    int
	orders  int
	alias   map[string]string
	restart []time.Time // when processes start again
	later   time.Duration
	acting  time.Time // until when actors with an end act
}

// Do plays one command and returns what it led to, for people: lines, or nothing. An error says that the script cannot be played.
func (p *Player) Do(c Command) (string, error) {
	play := p.command(c.Name)
	if play == nil {
		return "", fmt.Errorf("no command %q", c.Name)
	}
	if p.World == nil && c.Name != "world" {
		return "", fmt.Errorf("%s: there is no world yet", c.Name)
	}
	a := &args{c: c}
	text, err := play(a)
	if err == nil {
		err = a.unknown() // words that were not read yet are known when it failed
	} else {
		err = errors.Join(append(a.errs, err)...)
	}
	if err != nil {
		line, _, _ := strings.Cut(c.String(), "\n")
		return "", fmt.Errorf("%s: %w", line, err)
	}
	return text, nil
}

// command is what a command's name stands for; nil: nothing.
func (p *Player) command(name string) func(*args) (string, error) {
	return map[string]func(*args) (string, error){
		"world": p.world, "cluster": p.place, "fleet-cluster": p.fleets, "start": p.start, "crash": p.crash, "stop": p.stop,
		"sleep": p.sleep, "wake": p.wake, "act": p.act, "actor": p.actor, "load": p.load, "fault": p.fault,
		"store-fault": p.storeFault, "kill": p.kill, "skew": p.skew, "reload": p.reload, "ladder": p.ladder, "rule": p.rule,
		"config": p.config, "order": p.order, "metric": p.metric, "run": p.run, "groups": p.groups, "pools": p.pools,
		"scaled": p.scaled, "explain": p.explain, "watch": p.watch, "calm": p.calm, "settle": p.settle, "check": p.check,
	}[name]
}

// world makes the world. With store=ID and a world that is there, only the store is lost; the world goes on.
func (p *Player) world(a *args) (string, error) {
	o := Options{Settings: recovery.Defaults(), Mode: guard.Enforce}
	u := &o.Sim.Unknowns
	o.Sim.Seed = uint64(a.number("seed", 1))
	o.Sweep = a.span("sweep", 0)
	o.DryRun = a.flag("dry-run")
	o.Events = a.flag("events")
	o.Sim.Events = emrsim.EventTiming{Delay: a.dist("event-delay"), LossRate: a.fraction("event-loss"), DupRate: a.fraction("event-dup")}
	u.Surplus = emrsim.Surplus(a.text("surplus", ""))
	u.ReadLag = a.dist("lag")
	u.LossResizes, u.HideReasons = a.flag("loss-resizes"), a.flag("hide-reasons")
	u.RefuseEmptyAdd, u.Rebind = a.flag("refuse-empty"), a.flag("rebind")
	if a.flag("hidden") {
		u.Unfulfilled = emrsim.UnfulfilledHidden
	}
	if a.flag("undated") {
		u.Unfulfilled = emrsim.UnfulfilledUndated
	}
	o.Sim.GroupPage = a.number("page", 0)
	o.Sim.Timing.SpotLife = a.dist("spot-life")
	o.Sim.Timing.Decommission = a.dist("decommission")
	if late := a.dist("late-metrics"); !late.Zero() {
		o.Sim.Metrics = emrsim.MetricTiming{LateRate: 0.1, Late: late, GapRate: 0.02, Gap: late}
	}
	if err := p.settings(a, &o.Settings, &o.Mode); err != nil {
		return "", err
	}
	id, lost := a.text("store", "storeaaa"), a.has("store") && p.World != nil
	var err error
	if p.OpenStore == nil {
		p.store = memory.New(id)
	} else if p.store, err = p.OpenStore(id); err != nil {
		return "", err
	}
	o.Store = p.store
	if lost {
		p.World.lose(p.store)
		return "", nil
	}
	p.World, p.placed, p.seen, p.sent, p.alias, p.restart, p.acting = New(o), nil, 0, 0, map[string]string{}, nil, time.Time{}
	return "", nil
}

// truth is the cluster that a command is about, as it really is: that of cluster=NAME, or the one placed last.
func (p *Player) truth(a *args) (emrsim.ClusterTruth, error) {
	name := a.text("cluster", p.cluster)
	c, ok := p.World.find(name)
	switch {
	case ok:
		return c, nil
	case name == "":
		return c, errors.New("there is no cluster yet")
	}
	return c, fmt.Errorf("there is no cluster %q", name)
}

func (p *Player) watch(*args) (string, error) {
	p.World.Watch()
	return "", nil
}
