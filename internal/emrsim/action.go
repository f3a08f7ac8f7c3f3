package emrsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// Do is what an outside actor does, or what happens to a cluster.
type Do string

// What can be done. Each says which members of Action it reads beside Cluster.
const (
	DoResize      Do = "resize"             // Group, To: a person sets the requested count; through the API, but without a token
	DoTerminate   Do = "terminate"          // a person ends the cluster, protected or not
	DoAddGroup    Do = "add-group"          // Like, Name, To: a person adds a task group with the configuration of the group Like
	DoInterrupt   Do = "interrupt"          // Group, Count: EC2 takes running instances back, the oldest first
	DoCapacity    Do = "capacity"           // Pool, Parts, Reclaim: EC2 has so much from now on; needs no Cluster
	DoQuota       Do = "quota"              // Market, Limit: so many vCPUs the account may have in the region and market; needs no Cluster
	DoAddresses   Do = "addresses"          // Limit: so many addresses the Cluster's subnet has for instances
	DoPrice       Do = "price"              // Pool, Price: the Spot price; running instances that bid less are taken back; needs no Cluster
	DoStick       Do = "stick"              // Group: its requests get nothing from EC2, whatever the pool holds
	DoUnstick     Do = "unstick"            // Group: the end of that
	DoDeafen      Do = "deafen"             // Group: EMR shows new requested counts and acts on them no more
	DoUndeafen    Do = "undeafen"           // Group: the end of that; the last count is acted on
	DoLinger      Do = "linger"             // Group: it reads RESIZING although nothing is missing, until EMR acts on its next count
	DoSuspend     Do = "suspend"            // Group: EMR gives the running resize up
	DoBootstrap   Do = "bootstrap-failures" // Group (empty: all, new ones too), Rate: so many of the instances fail their bootstrap actions from now on
	DoBadConfig   Do = "bad-configuration"  // Group: the next reconfiguration fails and is reverted
	DoReconfigure Do = "reconfigure"        // Group: a person changes its configuration, which EMR applies in batches once no resize runs
	DoProtect     Do = "protect"            // a person switches termination protection on
	DoUnprotect   Do = "unprotect"          // and off
	DoMessage     Do = "message"            // Value: somebody else puts this text into the queue of events; needs no Cluster
	DoSubmit      Do = "submit"             // Name, Work, Width, Count: so many jobs more
	DoSurge       Do = "surge"              // Rate: the cluster's streams bring so many times as many jobs from now on; 1 ends it
	DoMute        Do = "mute"               // the cluster's metrics are not reported any more
	DoUnmute      Do = "unmute"             // the end of that
	DoLag         Do = "lag"                // Time: the cluster's metrics come so much later from now on; 0 ends it
	DoManaged     Do = "managed-scaling"    // Count, To: a person attaches a managed scaling policy with minimum Count and maximum To; To 0 removes it
	DoTag         Do = "tag"                // Name, Value: a person tags the cluster; an empty Value removes the tag
	DoStep        Do = "step"               // Name: a person adds a step
	DoSpare       Do = "spare"              // from now on no Spot node's life ends by itself (Timing.SpotLife); needs no Cluster
	DoFault       Do = "fault"              // Fault: a fault comes into force; needs no Cluster
	DoClearFaults Do = "clear-faults"       // every fault is removed; needs no Cluster
)

// Dos lists everything that can be done.
var Dos = []Do{DoResize, DoTerminate, DoAddGroup, DoInterrupt, DoCapacity, DoQuota, DoAddresses, DoPrice, DoStick, DoUnstick, DoDeafen, DoUndeafen, DoLinger, DoSuspend, DoBootstrap,
	DoBadConfig, DoReconfigure, DoProtect, DoUnprotect, DoMessage, DoSubmit, DoSurge, DoMute, DoUnmute, DoLag, DoManaged, DoTag, DoStep, DoSpare, DoFault, DoClearFaults}

// Action is one thing that happens beside the API. Clusters and groups are named by id or by name, groups also by role.
type Action struct {
	Do      Do      `json:"do"`
	Cluster string  `json:"cluster,omitempty"`
	Group   string  `json:"group,omitempty"`
	To      int     `json:"to,omitempty"`
	Count   int     `json:"count,omitempty"`
	Like    string  `json:"like,omitempty"`
	Name    string  `json:"name,omitempty"`
	Value   string  `json:"value,omitempty"`
	Pool    Pool    `json:"pool,omitzero"`
	Parts   []int   `json:"parts,omitempty"`   // capacity of each part of the pool, Unlimited or from 0; a number of parts once set stays
	Reclaim bool    `json:"reclaim,omitempty"` // what is used beyond the new capacity is taken back from running Spot instances
	Market  string  `json:"market,omitempty"`  // ON_DEMAND or SPOT
	Limit   *int    `json:"limit,omitempty"`   // from 0, or Unlimited
	Price   float64 `json:"price,omitempty"`   // dollars an hour; 0: no instance is too cheap
	Rate    float64 `json:"rate,omitempty"`    // a share, 0..1; of DoSurge a factor, 0..100
	Work    Span    `json:"work,omitempty"`    // container time of a job
	Width   int     `json:"width,omitempty"`   // containers that a job can use at once
	Time    Span    `json:"time,omitempty"`
	Fault   string  `json:"fault,omitempty"` // as ParseFault reads it
}

// Act does something now in a region, on behalf of who, whom the change log names. An impossible action changes nothing.
func (s *Sim) Act(region, who string, a Action) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.act(region, who, a)
	s.drain(s.now)
	return err
}

// Plan queues an action for a time; one in the past happens at once. What is impossible then is an entry "failed: …" of the change
// log, because people make mistakes too.
func (s *Sim) Plan(at time.Time, region, who string, a Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at(at, func() { s.actOrLog(region, who, a) })
	s.drain(s.now)
}

func (s *Sim) actOrLog(region, who string, a Action) {
	if err := s.act(region, who, a); err != nil {
		c := &request{s: s, r: s.region(region), op: string(a.Do), who: who}
		c.log(c.r.find(a.Cluster), nil, 0, "failed: "+err.Error())
	}
}

func (s *Sim) act(region, who string, a Action) error {
	c := &request{s: s, r: s.region(region), op: string(a.Do), who: who}
	switch a.Do {
	case DoCapacity:
		return c.setCapacity(a)
	case DoQuota, DoAddresses:
		return c.setLimit(a)
	case DoPrice:
		return c.setPrice(a)
	case DoSpare:
		s.spared = true
		c.log(nil, nil, 0, "")
		return nil
	case DoMessage:
		b := &c.r.bus
		b.box.put(s.now, uuid(s.opt.Seed+b.box.next(), "message", c.r.name), a.Value)
		c.log(nil, nil, 0, a.Value)
		return nil
	case DoFault:
		f, err := ParseFault(a.Fault)
		if err != nil {
			return fmt.Errorf("fault %q: %w", a.Fault, err)
		}
		s.addFault(f)
		c.log(nil, nil, 0, a.Fault)
		return nil
	case DoClearFaults:
		s.faults.list = nil
		c.log(nil, nil, 0, "")
		return nil
	}
	x := c.r.find(a.Cluster)
	if x == nil {
		return fmt.Errorf("region %s has no cluster %q", c.r.name, a.Cluster)
	}
	if handled, err := c.actOnCluster(x, a); handled {
		return err
	}
	g := x.findGroup(a.Group)
	if g == nil {
		return fmt.Errorf("cluster %s has no group %q", x.name, a.Group)
	}
	if g.over() {
		return fmt.Errorf("group %s of cluster %s is %s", g.name, x.name, g.state)
	}
	return c.actOnGroup(x, g, a)
}

func (c *request) actOnCluster(x *cluster, a Action) (bool, error) {
	switch a.Do {
	case DoTerminate:
		c.log(x, nil, 0, "")
		x.terminate("USER_REQUEST", "Terminated by user request", stateTerminated)
	case DoAddGroup:
		return true, c.addLike(x, a)
	case DoManaged:
		x.managedScaling = nil
		if a.To > 0 {
			x.managedScaling = &shapes.ManagedScalingPolicy{ComputeLimits: &shapes.ComputeLimits{
				UnitType: ptr("Instances"), MinimumCapacityUnits: ptr(a.Count), MaximumCapacityUnits: ptr(a.To)}}
		}
		c.log(x, nil, 0, "")
	case DoTag:
		x.setTag(a.Name, a.Value)
		c.log(x, nil, 0, a.Name+"="+a.Value)
	case DoProtect, DoUnprotect:
		x.protected = a.Do == DoProtect
		c.log(x, nil, 0, "")
	case DoStep:
		if !x.modifiable() {
			return true, fmt.Errorf("cluster %s is %s", x.name, x.state)
		}
		c.log(x, nil, 0, a.Name)
		x.addStep(shapes.StepConfig{Name: ptr(a.Name), HadoopJarStep: &shapes.HadoopJarStepConfig{Jar: ptr("command-runner.jar")}}, "")
	case DoSubmit, DoSurge, DoMute, DoUnmute, DoLag:
		return true, c.actOnLoad(x, a)
	case DoBootstrap:
		if a.Group != "" {
			return false, nil
		}
		x.bootFailures = a.Rate
		for _, g := range x.parts() {
			g.bootstrapFailures = a.Rate
		}
		c.log(x, nil, 0, fmt.Sprintf("rate %g", a.Rate))
	default:
		return false, nil
	}
	return true, nil
}

func (c *request) actOnGroup(x *cluster, g *group, a Action) error {
	note := ""
	switch a.Do {
	case DoResize:
		return c.actorResize(g, a.To)
	case DoInterrupt:
		c.log(x, g, g.requested, fmt.Sprintf("%d instances", a.Count))
		g.interruptOldest(a.Count)
		return nil
	case DoStick, DoUnstick:
		g.stuck = a.Do == DoStick
	case DoDeafen:
		g.deaf = true
	case DoUndeafen:
		g.deaf = false
		g.actSoon()
	case DoLinger:
		g.lingering = true
		g.changed()
	case DoSuspend:
		g.suspend("INSTANCE_FAILURE", "The resize could not complete.")
		g.changed()
	case DoBootstrap:
		g.bootstrapFailures, note = a.Rate, fmt.Sprintf("rate %g", a.Rate)
	case DoBadConfig:
		g.badConfigs = true
	case DoReconfigure:
		g.reconfigure([]shapes.Configuration{{Classification: ptr("yarn-site"), Properties: map[string]string{"changed": strconv.FormatInt(g.version+1, 10)}}}, true)
		g.mark()
	default:
		return fmt.Errorf("nothing is known that is called %q", a.Do)
	}
	c.log(x, g, g.requested, note)
	return nil
}

// actOnLoad is what happens to a cluster's work and metrics.
func (c *request) actOnLoad(x *cluster, a Action) error {
	y, note := &x.yarn, ""
	switch a.Do {
	case DoSubmit:
		job := Load{Jobs: []Job{{Name: a.Name, Work: time.Duration(a.Work), Width: a.Width}}}
		if bad := job.Check(); len(bad) > 0 {
			return fmt.Errorf("a job: %s", strings.TrimPrefix(bad[0].String(), "jobs[0]."))
		}
		if a.Count < 1 || a.Count > maxBurstJobs {
			return fmt.Errorf("%d jobs: want between 1 and %d", a.Count, maxBurstJobs)
		}
		for range a.Count {
			y.submit(a.Name, time.Duration(a.Work), a.Width)
		}
		note = fmt.Sprintf("%d jobs", a.Count)
	case DoSurge:
		if !(a.Rate >= 0 && a.Rate <= MaxSurge) {
			return fmt.Errorf("a surge of %g: want a factor between 0 and %d", a.Rate, MaxSurge)
		}
		y.setSurge(a.Rate)
		note = fmt.Sprintf("%g times", a.Rate)
	case DoMute, DoUnmute:
		y.muted = a.Do == DoMute
		y.update()
	case DoLag:
		if a.Time < 0 || time.Duration(a.Time) > MaxLag {
			return fmt.Errorf("a lag of %s: want between 0s and %s", time.Duration(a.Time), MaxLag)
		}
		y.lag, note = time.Duration(a.Time), time.Duration(a.Time).String()
		y.changed()
	}
	c.log(x, nil, 0, note)
	return nil
}

// The bounds of DoSurge and DoLag.
const (
	MaxSurge = 100
	MaxLag   = 24 * time.Hour
)

// actorResize is a ModifyInstanceGroups by somebody else: with the same rules, and it changes the demand.
func (c *request) actorResize(g *group, to int) error {
	x := g.c
	if err := c.modifyInstanceGroups(&shapes.ModifyInstanceGroupsInput{
		ClusterId: &x.id, InstanceGroups: []shapes.InstanceGroupModifyConfig{{InstanceGroupId: &g.id, InstanceCount: &to}},
	}); err != nil {
		return err
	}
	g.want(to)
	g.mark()
	return nil
}

// addLike adds a task group with another group's configuration.
func (c *request) addLike(x *cluster, a Action) error {
	like := x.findGroup(a.Like)
	if like == nil {
		return fmt.Errorf("cluster %s has no group %q", x.name, a.Like)
	}
	in := shapes.InstanceGroupConfig{Name: &a.Name, InstanceRole: ptr(roleTask), InstanceType: &like.itype, InstanceCount: &a.To, Market: &like.market}
	if like.bid != "" {
		in.BidPrice = &like.bid
	}
	out, err := c.addInstanceGroups(&shapes.AddInstanceGroupsInput{JobFlowId: &x.id, InstanceGroups: []shapes.InstanceGroupConfig{in}})
	if err != nil {
		return err
	}
	g := x.group(out.InstanceGroupIds[0])
	g.want(a.To)
	g.mark()
	return nil
}

func (c *cluster) setTag(key, val string) {
	tags := make([]shapes.Tag, 0, len(c.tags)+1) // answers share the old ones
	for _, t := range c.tags {
		if value(t.Key) != key {
			tags = append(tags, t)
		}
	}
	if val != "" {
		tags = append(tags, shapes.Tag{Key: &key, Value: &val})
	}
	c.tags = tags
}

// interruptOldest takes up to n running instances back.
func (g *group) interruptOldest(n int) {
	var taken []*node
	for _, x := range g.nodes {
		if x.state == stateRunning && len(taken) < n {
			taken = append(taken, x)
		}
	}
	for _, x := range taken {
		g.interrupt(x)
	}
}

// setCapacity changes what EC2 has in a pool.
func (c *request) setCapacity(a Action) error {
	if len(a.Parts) == 0 {
		return fmt.Errorf("capacity of %s is not given", a.Pool)
	}
	p := c.r.pool(a.Pool)
	if len(p.parts) != len(a.Parts) && p.used() > 0 {
		return fmt.Errorf("pool %s is in use with %d parts; %d are given", a.Pool, len(p.parts), len(a.Parts))
	}
	for len(p.parts) < len(a.Parts) {
		p.parts = append(p.parts, part{})
	}
	p.parts = p.parts[:len(a.Parts)]
	for i, n := range a.Parts {
		if n < Unlimited {
			return fmt.Errorf("capacity %d of %s is below 0", n, a.Pool)
		}
		p.parts[i].capacity = n
	}
	c.log(nil, nil, 0, fmt.Sprintf("%s %v", a.Pool, a.Parts))
	if a.Reclaim && a.Pool.Market == marketSpot {
		c.reclaim(a.Pool, p)
	}
	return nil
}

// reclaim takes back what a pool holds beyond its capacity, cluster by cluster, the oldest first.
func (c *request) reclaim(name Pool, p *pool) {
	for _, x := range c.r.order {
		for _, g := range x.parts() {
			if g.poolName() != name {
				continue
			}
			part := p.part(g.turn)
			for part.capacity != Unlimited && part.used > part.capacity && g.running > 0 {
				g.interruptOldest(1)
			}
		}
	}
}
