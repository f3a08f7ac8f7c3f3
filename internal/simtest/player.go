package simtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/engine"
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
//	calm               everything that disturbs ends: faults, droughts, limits, sleep, skew, actors that were told so
//	settle 12h         time passes until nothing is open and all is as it is wanted, at most that long
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
	if err = errors.Join(err, a.unknown()); err != nil {
		return "", fmt.Errorf("%s: %w", strings.TrimSpace(c.String()), err)
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

// Rules is what the engine follows of a configuration.
func Rules(cfg *config.Config) engine.Policy { return rules{cfg} }

type rules struct{ cfg *config.Config }

// Candidate implements engine.Policy.
func (r rules) Candidate(scope string, c emr.ClusterSummary) bool { return r.cfg.Candidate(scope, c) }

// For implements engine.Policy.
func (r rules) For(scope string, c emr.Cluster) engine.Effective {
	e := r.cfg.For(scope, c)
	return engine.Effective{Mode: guard.Mode(e.Mode), Settings: e.Settings, Scaling: e.Scaling, Wrapped: e.Wrapped, Why: e.Why}
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
		p.World.o.Store = p.store
		return "", nil
	}
	p.World, p.placed, p.seen, p.sent, p.alias, p.restart = New(o), nil, 0, 0, map[string]string{}, nil
	return "", nil
}

// settings reads mode=… and set=(key:value,…).
func (p *Player) settings(a *args, s *recovery.Settings, mode *guard.Mode) error {
	*mode = guard.Mode(a.text("mode", string(guard.Enforce)))
	for _, kv := range a.list("set") {
		k, v, _ := strings.Cut(kv, ":")
		if err := setting(s, k, v); err != nil {
			return err
		}
	}
	return s.Validate()
}

func setting(s *recovery.Settings, k, v string) (err error) {
	spans := map[string]*time.Duration{"after": &s.After, "ban": &s.Ban, "pace": &s.Pace, "settle": &s.Settle, "progress_grace": &s.ProgressGrace, "shrink_after": &s.ShrinkAfter,
		"starting_grace": &s.StartingGrace, "rest_max": &s.RestMax, "after_capacity_error": &s.AfterCapacity}
	counts := map[string]*int{"chain": &s.Chain, "max_groups": &s.MaxGroups, "reserve_slots": &s.ReserveSlots, "max": &s.Max}
	switch {
	case spans[k] != nil:
		*spans[k], err = time.ParseDuration(v)
	case counts[k] != nil:
		*counts[k], err = strconv.Atoi(v)
	case k == "enforce_bans":
		s.EnforceBans, err = strconv.ParseBool(v)
	case k == "outside_growth":
		s.OutsideGrowth = recovery.Growth(v)
	case k == "return":
		s.Return = recovery.ReturnMode(v)
	default:
		return fmt.Errorf("no setting %q", k)
	}
	return err
}

func (p *Player) place(a *args) (string, error) {
	var groups []Group
	core := false
	for line := range strings.Lines(a.c.Input) {
		f := append(strings.Fields(line), "", "", "")
		if len(f) < 6 {
			return "", fmt.Errorf("%q: want NAME ROLE COUNT", line)
		}
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return "", err
		}
		core = core || f[1] == string(emr.Core)
		groups = append(groups, Group{Name: f[0], Role: emr.Role(f[1]), Count: n, Market: emr.Market(f[3]), Type: f[4], Bid: f[5]})
	}
	if !core {
		groups = append([]Group{{Name: "core", Role: emr.Core, Count: 2}}, groups...)
	}
	p.cluster = a.word()
	p.placed = append(p.placed, p.cluster)
	p.World.Cluster(p.cluster, groups...)
	return "", nil
}

// fleets places a cluster with a MASTER and a CORE fleet.
func (p *Player) fleets(a *args) (string, error) {
	p.cluster = a.word()
	p.placed = append(p.placed, p.cluster)
	in := &shapes.RunJobFlowInput{Name: &p.cluster, ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true)}}
	for _, role := range []emr.Role{emr.Master, emr.Core} {
		in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, shapes.InstanceFleetConfig{
			InstanceFleetType: ptr(string(role)), TargetOnDemandCapacity: ptr(1),
			InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: ptr("m5.xlarge")}}})
	}
	_, err := p.World.Sim.Place(Region, in, emrsim.Placed{Ready: true, Who: "test"})
	return "", err
}

// process is the one that process=N names; without the argument the last that runs. Nil: it does not run.
func (p *Player) process(a *args) *Process {
	n := a.number("process", 0)
	for i := len(p.World.procs) - 1; i >= 0; i-- {
		if q := p.World.procs[i]; n == 0 || q.name == fmt.Sprintf("process-%d", n) {
			return q
		}
	}
	return nil
}

func (p *Player) start(a *args) (string, error) {
	p.World.Start().Ahead = a.span("ahead", 0)
	return "", nil
}

func (p *Player) crash(a *args) (string, error) {
	if !a.has("process") {
		p.World.Crash()
	} else if q := p.process(a); q != nil {
		q.Crash()
	}
	return "", nil
}

func (p *Player) stop(*args) (string, error) { return "", p.World.Stop() }

func (p *Player) sleep(a *args) (string, error) {
	if q := p.process(a); q != nil && !q.asleep {
		q.Sleep()
	}
	return "", nil
}

func (p *Player) wake(a *args) (string, error) {
	if q := p.process(a); q != nil && q.asleep {
		q.Wake()
	}
	return "", nil
}

func (p *Player) skew(a *args) (string, error) {
	d, err := time.ParseDuration(a.word())
	if err != nil {
		return "", err
	}
	one := a.has("process")
	q := p.process(a)
	for _, proc := range p.World.procs {
		if !one || proc == q {
			proc.Ahead = d
		}
	}
	return "", nil
}

func (p *Player) kill(a *args) (string, error) {
	if n := a.number("after", 0); n > 0 {
		p.later = a.span("restart", 30*time.Second)
		p.World.KillAfter(n)
		return "", nil
	}
	p.later = 0
	where, what := a.text("where", ""), a.text("what", "")
	p.World.Kill = func(at Boundary) bool { return string(at.Where) == where && strings.HasPrefix(at.What, what) }
	return "", nil
}

func (p *Player) fault(a *args) (string, error) {
	for line := range strings.Lines(a.c.Input) {
		f, err := emrsim.ParseFault(strings.TrimSpace(line))
		if err != nil {
			return "", err
		}
		p.World.Sim.AddFault(f)
	}
	return "", nil
}

func (p *Player) storeFault(a *args) (string, error) {
	for line := range strings.Lines(a.c.Input) {
		f, err := ParseStoreFault(line)
		if err != nil {
			return "", err
		}
		p.World.AddStoreFault(f)
	}
	return "", nil
}

func (p *Player) reload(a *args) (string, error) {
	settings, mode := p.World.o.Settings, guard.Enforce
	if err := p.settings(a, &settings, &mode); err != nil {
		return "", err
	}
	p.World.SetSettings(mode, settings)
	return "", nil
}

func (p *Player) ladder(a *args) (string, error) {
	settings := p.World.o.Settings
	var err error
	if settings.Fallback, err = ladder(a.c.Input); err != nil {
		return "", err
	}
	if err := settings.Validate(); err != nil {
		return "", err
	}
	p.World.SetSettings(p.World.o.Mode, settings)
	return "", nil
}

// ladder reads rungs, one a line.
func ladder(text string) ([]recovery.Rung, error) {
	var out []recovery.Rung
	for line := range strings.Lines(text) {
		c, err := ParseCommand("rung " + line)
		if err != nil {
			return nil, err
		}
		a := &args{c: c}
		r := recovery.Rung{Same: a.flag("same"), Market: emr.Market(a.text("market", "")), BidPrice: a.text("bid", ""), After: a.span("after", 0), Max: a.number("max", 0)}
		if types := a.text("types", ""); types != "" {
			r.Types = strings.Split(types, ",")
		}
		if err := a.unknown(); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// rule takes pools, termination and wrap of a rule, as a configuration file has them, for the world's clusters.
func (p *Player) rule(a *args) (string, error) {
	cfg, err := parseRules("- match: {}\n  mode: enforce\n" + indented(a.c.Input))
	if err != nil {
		return err.Error() + "\n", nil //nolint:nilerr // what a configuration must not say is a result like others
	}
	p.World.SetScaling(&cfg.Clusters[0].Scaling, cfg.Clusters[0].Wrap)
	return "", nil
}

// config takes the rules of a configuration.
func (p *Player) config(a *args) (string, error) {
	cfg, err := parseRules(a.c.Input)
	if err != nil {
		return "", err
	}
	p.World.SetPolicy(Rules(cfg))
	return "", nil
}

// parseRules reads the entries of clusters in a configuration.
func parseRules(text string) (*config.Config, error) {
	return config.Parse("rule", []byte("scopes: [{name: sim, region: us-east-1}]\nclusters:\n"+indented(text)+"\n"))
}

// indented puts two blanks before every line.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// order submits a change by hand and, unless it is to be looked at later, prints the answer.
func (p *Player) order(a *args) (string, error) {
	in := a.text("cluster", p.cluster)
	o := guard.Order{Kind: guard.OrderKind(a.word()), Author: "ann", Group: emr.GroupID(p.real(in, a.text("group", ""))), For: a.span("for", 0), To: a.number("to", 0),
		Force: a.flag("force"), Reason: a.text("reason", "")}
	cluster := p.World.Truth(in).ID
	if a.flag("all") {
		cluster = ""
	}
	p.orders++
	id := fmt.Sprintf("order-%d", p.orders)
	if err := p.World.submit(id, o, cluster); err != nil {
		return "", err
	}
	if a.flag("later") {
		return "", nil
	}
	p.World.Run(3 * time.Second)
	answer, err := p.store.Answered(context.Background(), id)
	if err != nil {
		return err.Error() + "\n", nil //nolint:nilerr // an order that nobody answers is a result like others
	}
	word := "done"
	if answer.Refused {
		word = "refused"
	}
	return word + ": " + p.named(answer.Text) + "\n", nil
}

// metric publishes data points of a metric in the namespace Jobs, one for each five minutes from now on.
func (p *Player) metric(a *args) (string, error) {
	at := p.World.Now().Truncate(5 * time.Minute)
	cluster := p.World.Truth(a.text("cluster", p.cluster)).ID
	name, in := a.word(), &shapes.PutMetricDataInput{Namespace: ptr("Jobs")}
	for {
		word := a.word()
		if word == "" {
			break
		}
		if word != "none" {
			v, err := strconv.ParseFloat(word, 64)
			if err != nil {
				return "", err
			}
			in.MetricData = append(in.MetricData, shapes.MetricDatum{MetricName: &name, Value: &v, Timestamp: &shapes.Time{Time: at},
				Dimensions: []shapes.Dimension{{Name: ptr(emr.JobFlowID), Value: &cluster}}})
		}
		at = at.Add(5 * time.Minute)
	}
	if _, err := p.World.Sim.Do(Region, "PutMetricData", in); err != nil {
		return err.Error() + "\n", nil
	}
	if o := p.World.oracle; o != nil {
		for _, d := range in.MetricData {
			o.publish(emr.ClusterID(cluster), name, d.Timestamp.Time, *d.Value)
		}
	}
	return "", nil
}

// load lets work arrive on a cluster.
func (p *Player) load(a *args) (string, error) {
	l := emrsim.Load{Scheduler: emrsim.Scheduler(a.text("scheduler", "")), HDFS: a.number("hdfs", 0)}
	for line := range strings.Lines(a.c.Input) {
		c, err := ParseCommand(line)
		if err != nil {
			return "", err
		}
		x := &args{c: c}
		work := x.dist("work")
		width := parsed(x, "width", emrsim.Between{}, func(s string) (v emrsim.Between, err error) { return v, v.UnmarshalText([]byte(s)) })
		switch c.Name {
		case "stream":
			l.Streams = append(l.Streams, emrsim.JobStream{Name: x.text("name", c.Name), Rate: x.fraction("rate"), Weekend: x.fraction("weekend"), Work: work, Width: width})
		case "burst":
			l.Bursts = append(l.Bursts, emrsim.JobBurst{Name: x.text("name", c.Name), At: x.span("at", 0), Every: x.span("every", 0), Jobs: x.number("jobs", 0), Over: x.span("over", 0), Work: work, Width: width})
		default:
			return "", fmt.Errorf("work comes in streams and bursts, not as %q", c.Name)
		}
		if err := x.unknown(); err != nil {
			return "", err
		}
	}
	return "", p.World.Sim.SetLoad(Region, a.text("cluster", p.cluster), l)
}

// actor lets a controller that is not emrguard begin.
func (p *Player) actor(a *args) (string, error) {
	x := emrsim.Actor{Kind: emrsim.ActorKind(a.text("kind", "")), Cluster: a.text("cluster", p.cluster), Group: a.text("group", ""), Every: a.span("every", 0),
		Add: a.number("add", 0), Min: a.number("min", 0), Max: a.number("max", 0)}
	x.Name = cmp.Or(a.text("name", ""), string(x.Kind))
	if d := a.span("for", 0); d > 0 {
		x.Until = p.World.Now().Add(d)
	}
	for _, kv := range a.list("counts") {
		k, v, _ := strings.Cut(kv, ":")
		n, err := strconv.Atoi(v)
		if err != nil {
			return "", err
		}
		if x.Counts == nil {
			x.Counts = map[string]int{}
		}
		x.Counts[k] = n
	}
	return "", p.World.Sim.Follow(Region, x)
}

func (p *Player) act(a *args) (string, error) {
	x := emrsim.Action{Do: emrsim.Do(a.text("do", "")), Cluster: a.text("cluster", p.cluster), Group: a.text("group", ""), To: a.number("to", 0), Count: a.number("count", 0),
		Rate: a.fraction("rate"), Name: a.text("name", ""), Value: a.text("value", ""), Like: a.text("like", ""), Market: a.text("market", ""), Price: a.fraction("price"),
		Work: emrsim.Span(a.span("work", 0)), Width: a.number("width", 0), Time: emrsim.Span(a.span("time", 0)), Reclaim: a.flag("reclaim")}
	if strings.Contains(x.Group, "+") {
		x.Group = p.real(x.Cluster, x.Group)
	}
	if a.has("pool") {
		pool, err := emrsim.ParsePool(a.text("pool", ""))
		if err != nil {
			return "", err
		}
		x.Pool = pool
	}
	for _, s := range a.list("parts") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return "", err
		}
		x.Parts = append(x.Parts, n)
	}
	if a.has("limit") {
		x.Limit = ptr(a.number("limit", 0))
	}
	if err := p.World.Sim.Act(Region, "somebody", x); err != nil {
		return "error: " + p.named(err.Error()) + "\n", nil
	}
	return "", nil
}

func (p *Player) watch(*args) (string, error) {
	p.World.Watch()
	return "", nil
}
