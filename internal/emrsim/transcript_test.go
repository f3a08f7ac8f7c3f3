package emrsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/emrsim/shapes"
)

// TestTranscripts plays the sessions under testdata: what is done, and what a client and the truth show of it.
//
//	new [surplus=…] [loss-resizes] [lag=…] [rebind] [hide-reasons] [slow]   a world with one ready cluster "etl": core 2, task (Spot) count=
//	act do=… [group= to= count= rate= name= like= parts= market= limit= price= work= width= time=]   somebody beside the API
//	modify group= count=                                     ModifyInstanceGroups
//	add name= count=                                         AddInstanceGroups of a group like task
//	wait 10m                                                 every change of a read on the way is printed
//	load [scheduler=… task=… container=… hdfs=…]             a load of the jobs, streams and bursts below, one a line
//	jobs | yarn                                              the jobs as they went | every fifth minute of the cluster
//	metrics [from= to= period= stat= unit=]                  GetMetricData of the metrics below, one a line, at times since the start
//	groups | reasons | instances group= | log                          ListInstanceGroups | with its texts | ListInstances by state | the change log
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		p := &player{t: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			p.t = t
			return p.play(d)
		})
	})
}

type player struct {
	*world
	t *testing.T
}

func (p *player) play(d *datadriven.TestData) string {
	arg := func(key string) string {
		for _, a := range d.CmdArgs {
			if a.Key == key && len(a.Vals) > 0 {
				return strings.Join(a.Vals, ",")
			}
		}
		return ""
	}
	number := func(key string) int {
		n, err := strconv.Atoi(arg(key))
		if err != nil && arg(key) != "" {
			d.Fatalf(p.t, "%s=%s: %v", key, arg(key), err)
		}
		return n
	}
	switch d.Cmd {
	case "new":
		p.world = newWorld(p.t, p.options(d), spot("task", number("count")))
		return p.shown()
	case "act":
		return p.action(d, arg, number)
	case "modify":
		if err := p.modify(arg("group"), number("count")); err != nil {
			return err.Error()
		}
		return p.shown()
	case "add":
		out, err := p.Do(east, "AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &p.id, InstanceGroups: []shapes.InstanceGroupConfig{spot(arg("name"), number("count"))}})
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d group added", len(out.(*shapes.AddInstanceGroupsOutput).InstanceGroupIds))
	case "wait":
		w, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			d.Fatalf(p.t, "%v", err)
		}
		return p.watch(w)
	case "groups":
		return p.shown()
	case "reasons":
		return p.reasons()
	case "instances":
		return p.instances(arg("group"))
	case "log":
		return p.log()
	case "load":
		return p.setLoad(d)
	case "jobs":
		return p.jobs()
	case "yarn":
		return p.yarn()
	case "metrics":
		return p.metrics(d, arg)
	}
	d.Fatalf(p.t, "unknown command %s", d.Cmd)
	return ""
}

func (p *player) options(d *datadriven.TestData) Options {
	o := Options{Seed: 1, Unthrottled: true}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "surplus":
			o.Unknowns.Surplus = Surplus(a.Vals[0])
		case "hide-reasons":
			o.Unknowns.HideReasons = true
		case "loss-resizes":
			o.Unknowns.LossResizes = true
		case "lag":
			o.Unknowns.ReadLag = Fixed(time.Minute)
		case "rebind":
			o.Unknowns.Rebind = true
		case "slow":
			o.Timing = slow()
		}
	}
	return o
}

func (p *player) action(d *datadriven.TestData, arg func(string) string, number func(string) int) string {
	a := Action{Do: Do(arg("do")), Cluster: p.id, Group: arg("group"), To: number("to"), Count: number("count"), Name: arg("name"),
		Like: arg("like"), Pool: spotPool, Market: arg("market"), Fault: strings.TrimSpace(d.Input)}
	if r := arg("rate"); r != "" {
		a.Rate, _ = strconv.ParseFloat(r, 64)
	}
	if l := arg("limit"); l != "" {
		a.Limit = ptr(number("limit"))
	}
	if price := arg("price"); price != "" {
		a.Price, _ = strconv.ParseFloat(price, 64)
	}
	a.Work, a.Width, a.Time = span(p.t, arg("work")), number("width"), span(p.t, arg("time"))
	for n := range strings.SplitSeq(arg("parts"), ",") {
		if x, err := strconv.Atoi(n); err == nil {
			a.Parts = append(a.Parts, x)
		}
	}
	if err := p.Act(east, "somebody", a); err != nil {
		return "failed: " + err.Error()
	}
	return p.shown()
}

// shown is what ListInstanceGroups shows of all but the primary.
func (p *player) shown() string {
	var b strings.Builder
	for _, g := range p.list()[1:] {
		fmt.Fprintf(&b, "%s %s %d/%d", *g.Name, *g.Status.State, *g.RunningInstanceCount, *g.RequestedInstanceCount)
		if r := g.Status.StateChangeReason; r.Code != nil {
			text, _, _ := strings.Cut(*r.Message, " (including")
			fmt.Fprintf(&b, " %s: %s", *r.Code, text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// madeUp are the ids of a world, which say nothing to a reader.
var madeUp = regexp.MustCompile(`\b(ig-|j-|i-|subnet-)[0-9A-Za-z]+`)

// reasons are the texts that ListInstanceGroups shows beside the states, and those of the instances that wait.
func (p *player) reasons() string {
	var b strings.Builder
	for _, g := range p.list()[1:] {
		fmt.Fprintf(&b, "%s %s %q\n", *g.Name, *g.Status.State, *g.Status.StateChangeReason.Message)
		for line := range strings.Lines(p.instances(*g.Name)) {
			if strings.Contains(line, stateAwaiting) {
				b.WriteString("  " + strings.TrimSpace(line) + "\n")
			}
		}
	}
	return madeUp.ReplaceAllString(b.String(), "${1}X")
}

// watch prints every group whenever something that a client sees changed.
func (p *player) watch(d time.Duration) string {
	var b strings.Builder
	before, until := p.shown(), p.Now().Add(d)
	look := func() {
		now := p.shown()
		for i, line := range strings.Split(now, "\n") {
			if old := strings.Split(before, "\n"); line != "" && (i >= len(old) || old[i] != line) {
				fmt.Fprintf(&b, "%8s %s\n", p.Now().Sub(p.opt.Start).Truncate(time.Second), line)
			}
		}
		before = now
	}
	for {
		next, ok := p.NextEvent()
		if !ok || next.After(until) {
			break
		}
		p.AdvanceTo(next)
		look()
	}
	p.AdvanceTo(until)
	look()
	if b.Len() == 0 {
		return "nothing changed"
	}
	return b.String()
}

// instances counts a group's instances by state, and shows why ended ones did.
func (p *player) instances(name string) string {
	in := &shapes.ListInstancesInput{ClusterId: &p.id, InstanceGroupId: ptr(p.truth(name).ID)}
	var lines []string
	count := map[string]int{}
	for _, n := range p.must("ListInstances", in).(*shapes.ListInstancesOutput).Instances {
		line := *n.Status.State
		if *n.Status.StateChangeReason.Message != "" {
			line += ": " + *n.Status.StateChangeReason.Message
		}
		if count[line]++; count[line] == 1 {
			lines = append(lines, line)
		}
	}
	for i, l := range lines {
		lines[i] = fmt.Sprintf("%d %s", count[l], l)
	}
	return strings.Join(lines, "\n")
}

func (p *player) log() string {
	var b strings.Builder
	for _, c := range p.Snapshot(east).Changes {
		raw, err := json.Marshal(struct {
			Who, Op                            string
			From, To, Running, Starting, Ended int
			Note                               string `json:",omitempty"`
		}{c.Who, c.Op, c.From, c.To, c.Running, c.Starting, c.Ended, c.Note})
		if err != nil {
			p.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%8s %s\n", c.At.Sub(p.opt.Start).Truncate(time.Second), raw)
	}
	return b.String()
}
