package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim"
)

// checker looks for what the shape of a file can't tell: impossible values and names that mean nothing.
type checker struct {
	*decoder
	s     *Scenario
	parts map[string]int // number of parts by region and pool
	refs  map[string][]*Cluster
}

// at reports a problem of the value at a path, or of the nearest thing around it that the file has.
// A value that could not even be read has been reported.
func (c *checker) at(path, format string, args ...any) {
	if slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Path == path }) {
		return
	}
	for p := path; ; {
		if n := c.places[p]; n != nil {
			c.report(n, path, format, args...)
			return
		}
		i := strings.LastIndexAny(p, ".[")
		if i < 0 {
			c.report(nil, path, format, args...)
			return
		}
		p = p[:i]
	}
}

// given says whether the file has a value at a path.
func (c *checker) given(path string) bool { return c.places[path] != nil }

func (c *checker) oneOf(path, got string, want []string) {
	if got != "" && !slices.Contains(want, got) {
		c.at(path, "%q is none of %s%s", got, strings.Join(want, ", "), closest(got, want))
	}
}

func closest(word string, known []string) string {
	if s := suggest(word, known); strings.Contains(s, "did you mean") {
		return s
	}
	return ""
}

func (c *checker) between(path string, n, low, high int) {
	if n < low || n > high {
		c.at(path, "%d is not between %d and %d", n, low, high)
	}
}

// A group may have 2,000 instances by default (AWS General Reference, "EMR endpoints and quotas").
const maxCount = 2000

var (
	regionForm  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	zoneForm    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d[a-z]$`)
	typeForm    = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)
	idForm      = regexp.MustCompile(`^j-[0-9A-Z]{1,30}$`)
	subnetForm  = regexp.MustCompile(`^subnet-[0-9a-z]{1,32}$`)
	accountForm = regexp.MustCompile(`^\d{12}$`)
)

func (c *checker) form(path, got string, form *regexp.Regexp, example string) {
	if got != "" && !form.MatchString(got) {
		c.at(path, "%q is not of the form %s", got, example)
	}
}

func (c *checker) scenario() {
	s := c.s
	c.form("region", s.Region, regionForm, "us-east-1")
	c.form("account", s.Account, accountForm, "111122223333")
	if c.given("group_page") {
		c.between("group_page", s.GroupPage, 1, 1000)
	}
	if c.given("timing.suspend_after") {
		c.between("timing.suspend_after", s.Timing.SuspendAfter, 1, 1000)
	}
	for path, d := range map[string]emrsim.Dist{"react": s.Timing.React, "fulfil": s.Timing.Fulfil, "retry": s.Timing.Retry,
		"provision": s.Timing.Provision, "bootstrap": s.Timing.Bootstrap, "decommission": s.Timing.Decommission,
		"reconfigure": s.Timing.Reconfigure, "terminate": s.Timing.Terminate, "step": s.Timing.Step} {
		if c.given("timing."+path) && d.Zero() {
			c.at("timing."+path, "0s would stand for the default; give 1ms, or instant: true")
		}
	}
	c.share("metrics.late_rate", s.Metrics.LateRate, "metrics.late", s.Metrics.Late)
	c.share("metrics.gap_rate", s.Metrics.GapRate, "metrics.gap", s.Metrics.Gap)
	for name, rate := range map[string]float64{"loss_rate": s.EventsQueue.LossRate, "dup_rate": s.EventsQueue.DupRate} {
		if !(rate >= 0 && rate <= 1) {
			c.at("events_queue."+name, "%v is not between 0 and 1", rate)
		}
	}
	c.oneOf("unknowns.surplus", s.Unknowns.Surplus, words(emrsim.Surpluses))
	c.oneOf("unknowns.unfulfilled", s.Unknowns.Unfulfilled, words(emrsim.UnfulfilledKinds))
	if s.Unknowns.ReadLag.Max > 30*time.Minute {
		c.at("unknowns.read_lag", "the past is known for 30m only")
	}
	c.clusters()
	for i := range s.Capacity {
		c.capacity(&s.Capacity[i], fmt.Sprintf("capacity[%d]", i))
	}
	ops := append(emrsim.New(emrsim.Options{}).Operations(), "*")
	for i, line := range s.Faults {
		c.fault(fmt.Sprintf("faults[%d]", i), line, ops)
	}
	for i := range s.Actors {
		c.actor(&s.Actors[i], fmt.Sprintf("actors[%d]", i))
	}
	for i := range s.Events {
		c.event(&s.Events[i], fmt.Sprintf("events[%d]", i), ops)
	}
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

func (c *checker) clusters() {
	ids := map[string]bool{}
	for i := range c.s.Clusters {
		x := &c.s.Clusters[i]
		path := fmt.Sprintf("clusters[%d]", i)
		if x.Name == "" {
			c.at(join(path, "name"), "a cluster needs a name")
		}
		c.form(join(path, "id"), x.ID, idForm, "j-1ABCDEF2GHIJK")
		if x.ID != "" && ids[x.ID] {
			c.at(join(path, "id"), "%s is the id of another cluster", x.ID)
		}
		ids[x.ID] = true
		region := cmp.Or(x.Region, c.s.Region, defaultRegion)
		c.form(join(path, "region"), x.Region, regionForm, "us-east-1")
		c.form(join(path, "zone"), x.Zone, zoneForm, "us-east-1a")
		if zoneForm.MatchString(x.Zone) && !strings.HasPrefix(x.Zone, region) {
			c.at(join(path, "zone"), "zone %s is not in region %s", x.Zone, region)
		}
		c.form(join(path, "subnet"), x.Subnet, subnetForm, "subnet-0123456789abcdef0")
		if m := x.ManagedScaling; m != nil && (m.Min < 1 || m.Max < m.Min) {
			c.at(join(path, "managed_scaling"), "min %d and max %d: want 1 <= min <= max", m.Min, m.Max)
		}
		switch {
		case len(x.Groups) > 0 && len(x.Fleets) > 0:
			c.at(path, "a cluster is made of groups or of fleets, not of both")
		case len(x.Groups) == 0 && len(x.Fleets) == 0:
			c.at(path, "a cluster needs groups or fleets")
		}
		c.groups(x, path)
		c.fleets(x, path)
		c.load(x.Load, join(path, "load"))
		c.refs[x.Name] = append(c.refs[x.Name], x)
		if x.ID != "" {
			c.refs[x.ID] = append(c.refs[x.ID], x)
		}
	}
}

var roleNames = []string{"MASTER", "CORE", "TASK"}

// member checks what groups and fleets have in common.
func (c *checker) member(what, path, role, instanceType string) {
	if role == "" {
		c.at(join(path, "role"), "a %s needs a role: MASTER, CORE or TASK", what)
	}
	c.oneOf(join(path, "role"), role, roleNames)
	if c.form(join(path, "type"), instanceType, typeForm, "m5.xlarge"); instanceType != "" && !emrsim.SupportsType(instanceType) {
		c.at(join(path, "type"), "instance type %q is not supported; aws emr list-supported-instance-types tells which are", instanceType)
	}
}

func (c *checker) groups(x *Cluster, path string) {
	roles := map[string]int{}
	for i := range x.Groups {
		g := &x.Groups[i]
		p := fmt.Sprintf("%s.groups[%d]", path, i)
		roles[g.Role]++
		c.member("group", p, g.Role, g.Type)
		c.oneOf(join(p, "market"), g.Market, []string{"ON_DEMAND", "SPOT"})
		low := 1
		if g.Role == "TASK" {
			low = 0
		}
		c.between(join(p, "count"), g.Count, low, maxCount)
		if g.Bid != "" {
			if f, err := strconv.ParseFloat(g.Bid, 64); err != nil || !(f > 0) {
				c.at(join(p, "bid"), "%q is not a price in USD such as 0.25", g.Bid)
			}
			if g.Market != "SPOT" {
				c.at(join(p, "bid"), "a bid needs market SPOT")
			}
		}
		for j := range g.Volumes {
			c.volume(&g.Volumes[j], fmt.Sprintf("%s.ebs[%d]", p, j))
		}
		for j, conf := range g.Configurations {
			if conf.Classification == "" {
				c.at(fmt.Sprintf("%s.configurations[%d]", p, j), "a configuration needs a classification")
			}
		}
	}
	if len(x.Groups) == 0 {
		return
	}
	switch {
	case roles["MASTER"] != 1:
		c.at(join(path, "groups"), "a cluster has one MASTER group, not %d", roles["MASTER"])
	case roles["CORE"] > 1:
		c.at(join(path, "groups"), "a cluster has at most one CORE group, not %d", roles["CORE"])
	case roles["TASK"] > 0 && roles["CORE"] == 0:
		c.at(join(path, "groups"), "TASK groups need a CORE group")
	case roles["TASK"] > 48:
		c.at(join(path, "groups"), "a cluster has at most 48 TASK groups, not %d", roles["TASK"])
	}
}

func (c *checker) volume(v *Volume, path string) {
	c.oneOf(join(path, "type"), v.Type, []string{"gp3", "gp2", "io1", "st1", "sc1", "standard"})
	c.between(join(path, "size"), v.Size, 1, 65536)
	if c.given(join(path, "count")) {
		c.between(join(path, "count"), v.Count, 1, 24)
	}
	if v.Throughput != 0 {
		c.between(join(path, "throughput"), v.Throughput, 125, 1000)
		if v.Type != "" && v.Type != "gp3" {
			c.at(join(path, "throughput"), "throughput goes only with gp3")
		}
	}
	if v.Iops < 0 {
		c.at(join(path, "iops"), "%d is below 0", v.Iops)
	}
}

func (c *checker) fleets(x *Cluster, path string) {
	roles := map[string]int{}
	for i := range x.Fleets {
		f := &x.Fleets[i]
		p := fmt.Sprintf("%s.fleets[%d]", path, i)
		roles[f.Role]++
		c.member("fleet", p, f.Role, f.Type)
		c.between(join(p, "on_demand"), f.OnDemand, 0, maxCount)
		c.between(join(p, "spot"), f.Spot, 0, maxCount)
		c.between(join(p, "weight"), f.Weight, 0, 999)
		if f.OnDemand+f.Spot == 0 && f.Role != "TASK" {
			c.at(p, "a fleet needs a capacity: on_demand or spot")
		}
		if roles[f.Role] == 2 {
			c.at(join(p, "role"), "a cluster has one fleet of each role")
		}
	}
	if len(x.Fleets) > 0 && roles["MASTER"] == 0 {
		c.at(join(path, "fleets"), "a cluster needs a MASTER fleet")
	}
}

func (c *checker) fault(path, line string, ops []string) {
	f, err := emrsim.ParseFault(line)
	if e := (*emrsim.LineError)(nil); errors.As(err, &e) {
		n := *c.places[path]
		if n.Style == 0 { // a plain scalar: the column inside it is known
			n.Column += e.Column - 1
		}
		c.report(&n, path, "%s", e.Message)
		return
	}
	if !slices.Contains(ops, f.Op) {
		c.at(path, "there is no operation %s%s", f.Op, closest(f.Op, ops))
	}
}
