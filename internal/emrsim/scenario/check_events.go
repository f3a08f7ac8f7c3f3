package scenario

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emrsim"
)

// target finds the cluster a reference means; what was wrong is reported.
func (c *checker) target(path, region, ref string) *Cluster {
	if ref == "" {
		c.at(path, "a cluster must be named")
		return nil
	}
	region = cmp.Or(region, c.s.Region, defaultRegion)
	for _, x := range c.refs[ref] {
		if cmp.Or(x.Region, c.s.Region, defaultRegion) == region {
			return x
		}
	}
	var known []string
	for _, x := range c.s.Clusters {
		known = append(known, x.Name)
	}
	c.at(path, "there is no cluster %q in region %s%s", ref, region, closest(ref, known))
	return nil
}

// group checks that a cluster has a group of that name or role, now or by an event that adds it.
func (c *checker) group(path string, x *Cluster, ref string) {
	if x == nil {
		return
	}
	if ref == "" {
		c.at(path, "a group must be named")
		return
	}
	var known []string
	for _, g := range x.Groups {
		known = append(known, g.named(), g.Role)
	}
	for _, e := range c.s.Events {
		if e.Do == string(emrsim.DoAddGroup) {
			known = append(known, e.Name)
		}
	}
	if !slices.Contains(known, ref) && !strings.HasPrefix(ref, "ig-") {
		c.at(path, "cluster %s has no group %q%s", x.Name, ref, closest(ref, known))
	}
}

func (c *checker) actor(a *Actor, path string) {
	if a.Kind == "" {
		c.at(join(path, "kind"), "an actor needs a kind: %s", strings.Join(words(emrsim.ActorKinds), ", "))
	}
	c.oneOf(join(path, "kind"), a.Kind, words(emrsim.ActorKinds))
	if a.Every < time.Second {
		c.at(join(path, "every"), "every %s: want a second at least", a.Every)
	}
	if a.Until > 0 && a.Until <= a.From {
		c.at(join(path, "until"), "until %s is not after from %s", a.Until, a.From)
	}
	x := c.target(join(path, "cluster"), a.Region, a.Cluster)
	if a.Kind == string(emrsim.Terraform) {
		c.only(path, "kind: terraform", "counts", "group", "add", "min", "max")
		for ref, n := range a.Counts {
			c.group(join(path, "counts."+ref), x, ref)
			c.between(join(path, "counts."+ref), n, 0, maxCount)
		}
		return
	}
	c.only(path, "kind: "+a.Kind, "group", "counts")
	c.group(join(path, "group"), x, a.Group)
	c.between(join(path, "min"), a.Min, 0, maxCount)
	c.between(join(path, "max"), a.Max, 0, maxCount)
	if a.Add == 0 || a.Add < -maxCount || a.Add > maxCount {
		c.at(join(path, "add"), "an %s needs add: by how many instances it changes its group each time", a.Kind)
	}
}

// only wants one key and refuses others.
func (c *checker) only(path, of, want string, refused ...string) {
	if !c.given(join(path, want)) {
		c.at(join(path, want), "%s needs %s", of, want)
	}
	for _, key := range refused {
		if c.given(join(path, key)) {
			c.at(join(path, key), "%s takes no %s", of, key)
		}
	}
}

// takes lists which keys each event takes beside at, do, who and region; those with a ! must be there.
var takes = map[emrsim.Do][]string{
	emrsim.DoResize:      {"cluster", "group!", "to!"},
	emrsim.DoTerminate:   {"cluster!"},
	emrsim.DoAddGroup:    {"cluster!", "like!", "name!", "to!"},
	emrsim.DoInterrupt:   {"cluster", "group!", "count!"},
	emrsim.DoCapacity:    {"pool!", "parts!", "reclaim"},
	emrsim.DoQuota:       {"market!", "limit!"},
	emrsim.DoAddresses:   {"cluster!", "limit!"},
	emrsim.DoPrice:       {"pool!", "price!"},
	emrsim.DoStick:       {"cluster", "group!"},
	emrsim.DoUnstick:     {"cluster", "group!"},
	emrsim.DoDeafen:      {"cluster", "group!"},
	emrsim.DoUndeafen:    {"cluster", "group!"},
	emrsim.DoLinger:      {"cluster", "group!"},
	emrsim.DoSuspend:     {"cluster", "group!"},
	emrsim.DoBootstrap:   {"cluster", "group", "rate!"},
	emrsim.DoBadConfig:   {"cluster", "group!"},
	emrsim.DoReconfigure: {"cluster", "group!"},
	emrsim.DoProtect:     {"cluster!"},
	emrsim.DoUnprotect:   {"cluster!"},
	emrsim.DoMessage:     {"value!"},
	emrsim.DoSubmit:      {"cluster!", "name", "work!", "width!", "count"},
	emrsim.DoSurge:       {"cluster!", "rate!"},
	emrsim.DoMute:        {"cluster!"},
	emrsim.DoUnmute:      {"cluster!"},
	emrsim.DoLag:         {"cluster!", "time!"},
	emrsim.DoManaged:     {"cluster!", "count", "to!"},
	emrsim.DoTag:         {"cluster!", "name!", "value"},
	emrsim.DoStep:        {"cluster!", "name!"},
	emrsim.DoFault:       {"fault!"},
	emrsim.DoClearFaults: {},
	emrsim.DoSpare:       {},
}

// maxPrice is the highest Spot price of an event, in dollars an hour: far over every type's On-Demand price.
const maxPrice = 1000

var eventKeys = []string{"cluster", "group", "to", "count", "like", "name", "value", "rate", "fault", "pool", "parts", "reclaim", "market", "limit", "price", "work", "width", "time"}

func (c *checker) event(e *Event, path string, ops []string) {
	if e.Do == "" {
		c.at(join(path, "do"), "an event needs do: %s", strings.Join(words(emrsim.Dos), ", "))
		return
	}
	keys, ok := takes[emrsim.Do(e.Do)]
	if !ok {
		c.oneOf(join(path, "do"), e.Do, words(emrsim.Dos))
		return
	}
	for _, key := range eventKeys {
		switch given := c.given(join(path, key)); {
		case given && !slices.Contains(keys, key) && !slices.Contains(keys, key+"!"):
			c.at(join(path, key), "%s takes no %s", e.Do, key)
		case !given && slices.Contains(keys, key+"!"):
			c.at(join(path, key), "%s needs %s", e.Do, key)
		}
	}
	c.eventValues(e, path)
	if slices.Contains(keys, "cluster") || slices.Contains(keys, "cluster!") {
		c.eventTarget(e, path)
	}
	if c.given(join(path, "fault")) {
		c.fault(join(path, "fault"), e.Fault, ops)
	}
	if e.Do == string(emrsim.DoPrice) {
		c.zoneOf(join(path, "pool"), e.Region, e.Pool)
		if e.Pool.Market == "ON_DEMAND" {
			c.at(join(path, "pool"), "a price needs a pool of the market SPOT")
		}
	}
	if e.Do == string(emrsim.DoCapacity) && len(e.Parts) > 0 {
		c.samePool(path, e.Region, e.Pool, len(e.Parts))
		c.zoneOf(join(path, "pool"), e.Region, e.Pool)
		c.reclaim(path, e.Pool, e.Reclaim)
	}
}

func (c *checker) eventValues(e *Event, path string) {
	if e.To != nil {
		c.between(join(path, "to"), *e.To, 0, maxCount)
	}
	if e.Count != nil {
		c.between(join(path, "count"), *e.Count, 1, maxCount)
	}
	most := 1.0
	if e.Do == string(emrsim.DoSurge) {
		most = emrsim.MaxSurge
	}
	if e.Rate != nil && !(*e.Rate >= 0 && *e.Rate <= most) {
		c.at(join(path, "rate"), "%g is not between 0 and %g", *e.Rate, most)
	}
	if c.given(join(path, "work")) || c.given(join(path, "width")) {
		job := Work{Jobs: []Job{{Work: e.Work, Width: deref(e.Width)}}}
		for _, p := range job.problems() {
			c.at(join(path, strings.TrimPrefix(p.Path, "jobs[0].")), "%s", p.Message)
		}
	}
	if e.Time > emrsim.MaxLag {
		c.at(join(path, "time"), "%s is over %s", e.Time, emrsim.MaxLag)
	}
	c.oneOf(join(path, "market"), e.Market, []string{"ON_DEMAND", "SPOT"})
	if e.Price != nil && !(*e.Price >= 0 && *e.Price <= maxPrice) {
		c.at(join(path, "price"), "%g is not between 0 and %d dollars an hour", *e.Price, maxPrice)
	}
	if c.given(join(path, "parts")) && len(e.Parts) == 0 {
		c.at(join(path, "parts"), "a pool has a part at least")
	}
}

func (c *checker) eventTarget(e *Event, path string) {
	name, group := e.names()
	at := join(path, "cluster")
	if e.Cluster == "" && e.Group != "" {
		at = join(path, "group")
	}
	x := c.target(at, e.Region, name)
	if group != "" {
		c.group(join(path, "group"), x, group)
	}
	if e.Like != "" {
		c.group(join(path, "like"), x, e.Like)
	}
}

// names splits "cluster/group" when the cluster has no member of its own.
func (e *Event) names() (cluster, group string) {
	if e.Cluster != "" {
		return e.Cluster, e.Group
	}
	cluster, group, _ = strings.Cut(e.Group, "/")
	return cluster, group
}
