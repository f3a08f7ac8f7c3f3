package simtest

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/guard"
)

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
	_, err := p.World.place(p.cluster, groups)
	return "", err
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

func (p *Player) fault(a *args) (string, error) {
	for line := range strings.Lines(a.c.Input) {
		f, err := ParseFault(strings.TrimSpace(line))
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

// order submits a change by hand and, unless it is to be looked at later, prints the answer.
func (p *Player) order(a *args) (string, error) {
	c, err := p.truth(a)
	if err != nil {
		return "", err
	}
	o := guard.Order{Kind: guard.OrderKind(a.word()), Author: "ann", Group: emr.GroupID(p.real(c.Name, a.text("group", ""))), For: guard.Length(a.span("for", 0)), To: a.number("to", 0),
		Force: a.flag("force"), Reason: a.text("reason", "")}
	cluster := c.ID
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
	c, err := p.truth(a)
	if err != nil {
		return "", err
	}
	cluster := c.ID
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
	// Also where the answer is an error: the points may have been taken.
	if o := p.World.oracle; o != nil {
		for _, d := range in.MetricData {
			o.publish(emr.ClusterID(cluster), name, d.Timestamp.Time, *d.Value)
		}
	}
	if _, err := p.World.Sim.Do(Region, "PutMetricData", in); err != nil {
		return err.Error() + "\n", nil
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
		p.acting = later(p.acting, x.Until)
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
