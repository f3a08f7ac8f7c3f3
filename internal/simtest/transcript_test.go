package simtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// TestTranscripts plays testdata/rNN_*.txt: sessions in virtual time that read like the rules they are named after. Run with
// -rewrite to take the present behaviour, and review the difference.
//
// Commands:
//
//	world [seed=N] [sweep=5m] [mode=observe] [dry-run] [surplus=…] [lag=2m] [page=N] [loss-resizes] [hidden] [hide-reasons] [refuse-empty] [store=ID] [set=key:value …]
//	cluster NAME       lines "NAME ROLE COUNT [MARKET] [TYPE] [BID]": a cluster that has been running for a while; 2 core nodes if no line says
//	fleet-cluster NAME a cluster that is made of instance fleets
//	start [ahead=2m] | crash | stop    ahead: with a local clock that is that much fast
//	act do=resize group=task to=9 …    something happens beside emrguard
//	fault              a line of the simulator's fault language
//	kill where=after-call what=Add   the process is killed at the first such boundary from now on
//	skew 2m            the local clock is that much fast from now on
//	reload mode=observe set=…   the configuration changes
//	ladder             so do the rungs, one a line: "same max=2", "types=m5a.xlarge,r5.xlarge market=SPOT bid=0.25 after=10m"
//	order ban group=… for=1h …         a change by hand; prints the answer
//	run 40m [all]      time passes; prints what was recorded (all: reads too) and the changes that were sent
//	groups             requested and running, as they really are
//	pools              what the guard's document says
//	rule               pools, termination and wrap of a rule of the configuration, in YAML
//	metric NAME 5 none 0   data points of a metric in the namespace Jobs, for each five minutes from the present ones on
//	scaled             what the guard's document says of the configured pools
//	explain            the asks of the last scaling decision: which was followed, and why not the others
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &player{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return p.do(t, d) })
	})
}

// player plays one transcript.
type player struct {
	w       *World
	s       store.Store
	cluster string
	seen    int
	sent    int
	orders  int
	alias   map[string]string
}

func (p *player) do(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "world":
		return p.world(t, d)
	case "cluster":
		return p.place(t, d)
	case "fleet-cluster":
		p.cluster = d.CmdArgs[0].Key
		p.fleets(t)
		return ""
	case "start":
		proc := p.w.Start()
		for _, a := range d.CmdArgs {
			proc.Ahead = span(t, a.Vals[0])
		}
		return ""
	case "kill":
		where, what := d.CmdArgs[0].Vals[0], d.CmdArgs[1].Vals[0]
		p.w.Kill = func(at Boundary) bool { return string(at.Where) == where && strings.HasPrefix(at.What, what) }
		return ""
	case "skew":
		for _, proc := range p.w.procs {
			proc.Ahead = span(t, d.CmdArgs[0].Key)
		}
		return ""
	case "crash":
		p.w.Crash()
		return ""
	case "stop":
		if err := p.w.Stop(); err != nil {
			return err.Error()
		}
		return ""
	case "act":
		return p.act(t, d)
	case "fault":
		f, err := emrsim.ParseFault(strings.TrimSpace(d.Input))
		if err != nil {
			return err.Error()
		}
		p.w.Sim.AddFault(f)
		return ""
	case "order":
		return p.order(t, d)
	case "ladder":
		settings := p.w.o.Settings
		settings.Fallback = ladder(t, d.Input)
		check(t, settings.Validate())
		p.w.SetSettings(p.w.o.Mode, settings)
		return ""
	case "reload":
		settings := p.w.o.Settings
		mode := p.settings(t, d, &settings)
		p.w.SetSettings(mode, settings)
		return ""
	case "run":
		return p.run(t, d)
	case "groups":
		return p.groups()
	case "pools":
		return p.pools(t)
	case "rule":
		return p.rule(t, d)
	case "metric":
		return p.metric(t, d)
	case "scaled":
		return p.scaled(t)
	case "explain":
		return p.explain(t)
	}
	t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
	return ""
}

func (p *player) world(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	o := Options{Settings: recovery.Defaults(), Mode: guard.Enforce}
	o.Sim.Seed = 1
	id := "storeaaa"
	for _, a := range d.CmdArgs {
		v := strings.Join(a.Vals, ",")
		switch a.Key {
		case "seed":
			n, err := strconv.ParseUint(v, 10, 64)
			check(t, err)
			o.Sim.Seed = n
		case "sweep":
			o.Sweep = span(t, v)
		case "dry-run":
			o.DryRun = true
		case "surplus":
			o.Sim.Unknowns.Surplus = emrsim.Surplus(v)
		case "lag":
			lag, err := emrsim.ParseDist(v)
			check(t, err)
			o.Sim.Unknowns.ReadLag = lag
		case "page":
			n, err := strconv.Atoi(v)
			check(t, err)
			o.Sim.GroupPage = n
		case "loss-resizes":
			o.Sim.Unknowns.LossResizes = true
		case "hidden":
			o.Sim.Unknowns.Unfulfilled = emrsim.UnfulfilledHidden
		case "hide-reasons":
			o.Sim.Unknowns.HideReasons = true
		case "refuse-empty":
			o.Sim.Unknowns.RefuseEmptyAdd = true
		case "store":
			id = v
		case "mode", "set":
		default:
			t.Fatalf("%s: world knows no %q", d.Pos, a.Key)
		}
	}
	o.Mode = p.settings(t, d, &o.Settings)
	old := p.w
	p.s = memory.New(id)
	o.Store = p.s
	if old != nil && d.HasArg("store") { // the store was lost; the world goes on
		old.o.Store = p.s
		return ""
	}
	p.w, p.seen, p.sent, p.alias = New(o), 0, 0, map[string]string{}
	return ""
}

// settings reads mode=… and set=(key:value, …) into s.
func (p *player) settings(t *testing.T, d *datadriven.TestData, s *recovery.Settings) guard.Mode {
	t.Helper()
	mode := guard.Enforce
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "mode":
			mode = guard.Mode(a.Vals[0])
		case "set":
			for _, kv := range a.Vals {
				k, v, _ := strings.Cut(kv, ":")
				setting(t, s, k, v)
			}
		}
	}
	check(t, s.Validate())
	return mode
}

func setting(t *testing.T, s *recovery.Settings, k, v string) {
	t.Helper()
	number := func() int { n, err := strconv.Atoi(v); check(t, err); return n }
	switch k {
	case "after":
		s.After = span(t, v)
	case "ban":
		s.Ban = span(t, v)
	case "settle":
		s.Settle = span(t, v)
	case "progress_grace":
		s.ProgressGrace = span(t, v)
	case "shrink_after":
		s.ShrinkAfter = span(t, v)
	case "starting_grace":
		s.StartingGrace = span(t, v)
	case "rest_max":
		s.RestMax = span(t, v)
	case "chain":
		s.Chain = number()
	case "max_groups":
		s.MaxGroups = number()
	case "reserve_slots":
		s.ReserveSlots = number()
	case "max":
		s.Max = number()
	case "enforce_bans":
		s.EnforceBans = v == "true"
	case "outside_growth":
		s.OutsideGrowth = recovery.Growth(v)
	case "return":
		s.Return = recovery.ReturnMode(v)
	default:
		t.Fatalf("no setting %q", k)
	}
}

func (p *player) place(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var groups []Group
	for line := range strings.Lines(d.Input) {
		f := strings.Fields(line)
		n, err := strconv.Atoi(f[2])
		check(t, err)
		g := Group{Name: f[0], Role: emr.Role(f[1]), Count: n}
		if len(f) > 3 {
			g.Market = emr.Market(f[3])
		}
		if len(f) > 4 {
			g.Type = f[4]
		}
		if len(f) > 5 {
			g.Bid = f[5]
		}
		groups = append(groups, g)
	}
	if !slices.ContainsFunc(groups, func(g Group) bool { return g.Role == emr.Core }) {
		groups = append([]Group{{Name: "core", Role: emr.Core, Count: 2}}, groups...)
	}
	p.cluster = d.CmdArgs[0].Key
	p.w.Cluster(p.cluster, groups...)
	return ""
}

// fleets places a cluster with a MASTER and a CORE fleet.
func (p *player) fleets(t *testing.T) {
	t.Helper()
	in := &shapes.RunJobFlowInput{Name: &p.cluster, ReleaseLabel: ptr("emr-7.1.0"), Instances: &shapes.JobFlowInstancesConfig{KeepJobFlowAliveWhenNoSteps: ptr(true)}}
	for _, role := range []emr.Role{emr.Master, emr.Core} {
		in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, shapes.InstanceFleetConfig{
			InstanceFleetType: ptr(string(role)), TargetOnDemandCapacity: ptr(1),
			InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: ptr("m5.xlarge")}}})
	}
	_, err := p.w.Sim.Place(Region, in, emrsim.Placed{Ready: true, Who: "test"})
	check(t, err)
}

func (p *player) act(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	a := emrsim.Action{Cluster: p.cluster}
	for _, arg := range d.CmdArgs {
		v := strings.Join(arg.Vals, ",")
		number := func() int { n, err := strconv.Atoi(v); check(t, err); return n }
		switch arg.Key {
		case "do":
			a.Do = emrsim.Do(v)
		case "cluster":
			a.Cluster = v
		case "group":
			a.Group = p.real(v)
		case "to":
			a.To = number()
		case "count":
			a.Count = number()
		case "rate":
			f, err := strconv.ParseFloat(v, 64)
			check(t, err)
			a.Rate = f
		case "name":
			a.Name = v
		case "value":
			a.Value = v
		case "like":
			a.Like = v
		case "pool":
			pool, err := emrsim.ParsePool(v)
			check(t, err)
			a.Pool = pool
		case "parts":
			for _, s := range arg.Vals {
				n, err := strconv.Atoi(s)
				check(t, err)
				a.Parts = append(a.Parts, n)
			}
		case "market":
			a.Market = v
		case "limit":
			n := number()
			a.Limit = &n
		case "price":
			f, err := strconv.ParseFloat(v, 64)
			check(t, err)
			a.Price = f
		default:
			t.Fatalf("%s: act knows no %q", d.Pos, arg.Key)
		}
	}
	if err := p.w.Sim.Act(Region, "somebody", a); err != nil {
		return "error: " + p.named(err.Error()) + "\n"
	}
	return ""
}

func (p *player) order(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	o := guard.Order{Kind: guard.OrderKind(d.CmdArgs[0].Key), Author: "ann"}
	cluster := p.w.Truth(p.cluster).ID
	for _, a := range d.CmdArgs[1:] {
		v := strings.Join(a.Vals, ",")
		switch a.Key {
		case "group":
			o.Group = emr.GroupID(p.real(v))
		case "for":
			o.For = span(t, v)
		case "to":
			n, err := strconv.Atoi(v)
			check(t, err)
			o.To = n
		case "force":
			o.Force = true
		case "reason":
			o.Reason = v
		case "all":
			cluster = ""
		}
	}
	body, err := json.Marshal(o)
	check(t, err)
	p.orders++
	id := fmt.Sprintf("order-%d", p.orders)
	check(t, p.s.Submit(t.Context(), store.Order{ID: id, Scope: ScopeName, Cluster: cluster, At: p.w.Now(), Author: o.Author, Body: body}))
	p.w.Run(3 * time.Second)
	answer, err := p.s.Answered(t.Context(), id)
	if err != nil {
		return err.Error() + "\n"
	}
	word := "done"
	if answer.Refused {
		word = "refused"
	}
	return word + ": " + p.named(answer.Text) + "\n"
}

func (p *player) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var b strings.Builder
	for until := p.w.Now().Add(span(t, d.CmdArgs[0].Key)); p.w.Run(until.Sub(p.w.Now())); {
		p.w.Kill = nil
		fmt.Fprintf(&b, "%s killed\n", p.w.Now().UTC().Format(time.TimeOnly))
	}
	for _, r := range p.w.Records[p.seen:] {
		if r.Kind == "group.read" && !d.HasArg("all") || strings.HasPrefix(r.Kind, "answer.") && !d.HasArg("all") && !strings.Contains(r.Reason, "did not") && !strings.Contains(r.Reason, "nobody") {
			continue
		}
		fmt.Fprintf(&b, "%s %-19s %s%s\n", r.At.UTC().Format(time.TimeOnly), r.Kind, p.prefix(r.Group), p.named(r.Reason))
	}
	p.seen = len(p.w.Records)
	for _, c := range p.w.Calls[p.sent:] {
		if c.Call.Op.Writes() {
			fmt.Fprintf(&b, "%s -> %s", c.At.UTC().Format(time.TimeOnly), p.named(c.Call.String()))
			if c.Err != nil {
				fmt.Fprintf(&b, " = %s", p.named(c.Err.Error()))
			}
			b.WriteByte('\n')
		}
	}
	p.sent = len(p.w.Calls)
	for _, f := range p.w.Faults {
		fmt.Fprintf(&b, "fault: %s %v\n", p.named(f.Cluster), p.named(f.Err.Error()))
	}
	p.w.Faults = nil
	return b.String()
}

func (p *player) prefix(group string) string {
	if group == "" {
		return ""
	}
	return p.named(group) + ": "
}

func (p *player) groups() string {
	var b strings.Builder
	c := p.w.Truth(p.cluster)
	for _, g := range c.Groups {
		if g.Role == string(emr.Master) {
			continue
		}
		fmt.Fprintf(&b, "%-8s %d of %d run, %s", p.named(g.ID), g.Running, g.Requested, g.State)
		if k := g.Kills; k.Resize+k.Surplus+k.Request > 0 {
			fmt.Fprintf(&b, ", ended by resizes %d, as surplus %d", k.Resize+k.Request, k.Surplus)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (p *player) pools(t *testing.T) string {
	t.Helper()
	doc, err := p.s.Load(t.Context(), store.Key{Scope: ScopeName, Cluster: p.w.Truth(p.cluster).ID})
	check(t, err)
	var s guard.State
	check(t, json.Unmarshal(doc.Body, &s))
	var b strings.Builder
	if s.Suspended != nil {
		fmt.Fprintf(&b, "suspended: %s\n", p.named(strings.Join(s.Suspended.Reasons, "; ")))
	}
	if s.Withheld != "" {
		fmt.Fprintf(&b, "withheld: %s\n", p.named(s.Withheld))
	}
	for _, pl := range s.Pools {
		fmt.Fprintf(&b, "%s wants %d, chain %d", p.named(string(pl.Origin)), pl.Wanted, pl.Chain)
		if pl.Rest != nil {
			fmt.Fprintf(&b, ", rests until %s", pl.Rest.Until.Format(time.TimeOnly))
		}
		if pl.Blocked != nil {
			fmt.Fprintf(&b, ", blocked until %s", pl.Blocked.Retry.Format(time.TimeOnly))
		}
		if pl.Returns != nil {
			fmt.Fprintf(&b, ", %d returns failed, no other before %s", pl.Returns.Failed, pl.Returns.Until.Format(time.TimeOnly))
		}
		b.WriteByte('\n')
		for _, m := range pl.Members {
			fmt.Fprintf(&b, "  %-8s expected %v, moved %d", p.named(string(m.Group)), m.Expected, m.Moved)
			if m.Rung > 1 {
				fmt.Fprintf(&b, ", rung %d: %s", m.Rung, m.Shape)
			}
			if m.Banned(p.w.Now()) {
				fmt.Fprintf(&b, ", banned until %s", m.Ban.Until.Format(time.TimeOnly))
			}
			b.WriteByte('\n')
		}
	}
	for _, r := range s.Recoveries {
		fmt.Fprintf(&b, "recovery of %s (%s) at %s %s\n", p.named(string(r.Group)), r.Kind, r.Step, p.named(r.Hold))
	}
	return b.String()
}

var (
	fallbackName = regexp.MustCompile(`"emrguard/1 ([^"]*?) [^ "]+"`)
	recoveryID   = regexp.MustCompile(`\br[a-z0-9]{6,}-[a-z0-9]+\b`)
)

// named puts names in the place of ids: an origin is called by its name, its fallbacks name+1, name+2 in the order of their making.
func (p *player) named(text string) string {
	c := p.w.Truth(p.cluster)
	made := map[string]int{}
	for _, g := range c.Groups {
		name := g.Name
		if origin, _, ok := emr.ParseGroupName(g.Name); ok {
			made[origin]++
			name = fmt.Sprintf("%s+%d", origin, made[origin])
		}
		p.alias[g.ID] = name
	}
	text = fallbackName.ReplaceAllString(text, `"emrguard/1 $1 …"`)
	ids := make([]string, 0, len(p.alias))
	for id := range p.alias {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		text = strings.ReplaceAll(text, id, p.alias[id])
	}
	text = recoveryID.ReplaceAllString(text, "r…")
	return strings.ReplaceAll(text, c.ID, c.Name)
}

// real is the id behind a name of named.
func (p *player) real(name string) string {
	p.named("")
	for id, alias := range p.alias {
		if alias == name {
			return id
		}
	}
	return name
}

func span(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	check(t, err)
	return d
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
