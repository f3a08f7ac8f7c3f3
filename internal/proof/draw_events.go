package proof

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// befall lets one thing happen.
func (d *drawer) befall() {
	c := one(d, d.clusters...)
	if c.ended {
		d.lifecycle(c)
		return
	}
	switch d.IntN(24) {
	case 0, 1, 2, 3, 4, 5:
		d.outsider(c)
	case 6, 7, 8:
		d.capacity(c)
	case 9, 10:
		d.trouble(c)
	case 11, 12:
		d.byHand(c)
	case 13:
		d.limit(c)
	case 14:
		if d.chance(2) {
			d.configure()
		} else {
			d.others(c)
		}
	case 15:
		d.metrics(c)
	case 16:
		d.jobs(c)
	case 17:
		d.actor(c)
	case 18, 19:
		if d.o.Faults == Many || d.chance(3) {
			d.process()
		}
	case 20:
		if d.o.Faults != None {
			d.storm()
		}
	case 21:
		if d.o.Faults == Many || d.o.Faults == Few && d.chance(3) {
			d.badStore()
		}
	case 22:
		d.lifecycle(c)
	default:
		d.resizeAgain(c)
	}
}

// some is a group of the cluster, mostly a TASK group.
func (d *drawer) some(c *cluster) group {
	if d.chance(12) {
		return c.groups[0]
	}
	return c.groups[1+d.IntN(min(4, len(c.groups)-1))]
}

// member is the name of a group or of one of the fallbacks that may have been made for it.
func (d *drawer) member(g group) string {
	if d.chance(4) {
		return fmt.Sprintf("%s+%d", g.name, 1+d.IntN(3))
	}
	return g.name
}

// outsider lets a person change a count or EC2 take nodes back.
func (d *drawer) outsider(c *cluster) {
	g := d.some(c)
	switch d.IntN(9) {
	case 8:
		d.addf("act do=add-group cluster=%s like=%s name=%s to=%d", c.name, g.name, one(d, "added", "task-b", "emrguard-own"), d.IntN(4))
	case 0, 1, 2, 3:
		c.want[g.name] = min(120, c.want[g.name]+1+d.IntN(5))
		d.addf("act do=resize cluster=%s group=%s to=%d", c.name, g.name, c.want[g.name])
	case 4:
		c.want[g.name] = max(d.IntN(8), map[string]int{"CORE": 1}[g.role])
		d.addf("act do=resize cluster=%s group=%s to=%d", c.name, g.name, c.want[g.name])
	case 5:
		d.addf("act do=resize cluster=%s group=%s to=%d", c.name, d.member(g), 1+d.IntN(9))
	default:
		d.addf("act do=interrupt cluster=%s group=%s count=%d", c.name, d.member(g), 1+d.IntN(1+g.count/2))
	}
}

// resizeAgain repeats the number somebody asked for last, as schedulers do.
func (d *drawer) resizeAgain(c *cluster) {
	g := d.some(c)
	d.addf("act do=resize cluster=%s group=%s to=%d", c.name, g.name, c.want[g.name])
}

// capacity lets EC2 run dry in a pool, or have enough again.
func (d *drawer) capacity(c *cluster) {
	g := d.some(c)
	pool := "us-east-1a/" + g.kind + "/" + g.market
	switch d.IntN(5) {
	case 0, 1:
		d.addf("act do=capacity pool=%s parts=%d", pool, d.IntN(6*len(d.clusters)+6))
	case 2, 3:
		d.addf("act do=capacity pool=%s parts=%d", pool, 400*len(d.clusters))
	case 4:
		reclaim := ""
		if g.market == "SPOT" {
			reclaim = " reclaim"
		}
		d.addf("act do=capacity pool=us-east-1a/%s/%s parts=%d%s", one(d, "r5.xlarge", "c5.xlarge", g.kind), g.market, one(d, 0, 2, 40), reclaim)
	}
}

// trouble lets something be wrong with a group.
func (d *drawer) trouble(c *cluster) {
	g := d.some(c)
	switch name := d.member(g); d.IntN(10) {
	case 0, 1, 2:
		d.addf("act do=stick cluster=%s group=%s", c.name, name)
	case 3:
		d.addf("act do=unstick cluster=%s group=%s", c.name, name)
	case 4:
		d.addf("act do=deafen cluster=%s group=%s", c.name, name)
		d.pass(d.upTo(90 * time.Minute))
		d.addf("act do=undeafen cluster=%s group=%s", c.name, name)
	case 5:
		d.addf("act do=bootstrap-failures cluster=%s group=%s rate=%g", c.name, name, one(d, 1, 0.5, 0, 0))
	case 6:
		d.addf("act do=linger cluster=%s group=%s", c.name, name)
	case 7:
		d.addf("act do=suspend cluster=%s group=%s", c.name, name)
	case 8, 9:
		if d.chance(3) {
			d.addf("act do=bad-configuration cluster=%s group=%s", c.name, name)
		}
		d.addf("act do=reconfigure cluster=%s group=%s", c.name, name)
	}
}

// limit lets the account, the subnet or the price become a reason why launches fail, or none again.
func (d *drawer) limit(c *cluster) {
	switch d.IntN(3) {
	case 0:
		d.addf("act do=quota market=%s limit=%d", one(d, "SPOT", "ON_DEMAND"), one(d, -1, -1, 16*len(d.clusters), 40*len(d.clusters), 80*len(d.clusters)))
	case 1:
		d.addf("act do=addresses cluster=%s limit=%d", c.name, one(d, -1, -1, 8, 12, 20))
	case 2:
		d.addf("act do=price pool=us-east-1a/m5.xlarge/SPOT price=%g", one(d, 0, 0, 0.15, 2))
	}
}

// byHand is an order of an operator, sensible or not.
func (d *drawer) byHand(c *cluster) {
	name := d.member(d.some(c))
	force := one(d, "", " force")
	words := force + one(d, "", " reason=maintenance")
	switch d.IntN(9) {
	case 0, 1:
		d.addf("order scale cluster=%s group=%s to=%d%s later", c.name, name, one(d, d.IntN(12), d.IntN(12), 60, 5000), words)
	case 2:
		d.addf("order return cluster=%s group=%s%s later", c.name, name, words)
	case 3:
		d.addf("order ban cluster=%s group=%s for=%dm%s later", c.name, name, d.IntN(120), words)
	case 4:
		d.addf("order unban cluster=%s group=%s%s later", c.name, name, words)
	case 5:
		if d.chance(3) { // the whole scope
			d.addf("order pause cluster=%s all later", c.name)
			d.pass(d.upTo(20 * time.Minute))
			d.addf("order resume cluster=%s all later", c.name)
			return
		}
		d.addf("order pause cluster=%s later", c.name)
	case 6:
		d.addf("order %s cluster=%s later", one(d, "ban", "nonsense", "return"), c.name)
	default:
		d.addf("order resume cluster=%s later", c.name)
	}
}

// others is what people do to a cluster that emrguard has to respect (R12).
func (d *drawer) others(c *cluster) {
	switch d.IntN(6) {
	case 4:
		d.addf("act do=%s cluster=%s", one(d, "protect", "protect", "unprotect"), c.name)
	case 5:
		d.addf("act do=message value=%s", one(d, "hello", `{"version":"0"}`, `{}`))
	case 0:
		d.addf("act do=managed-scaling cluster=%s count=1 to=%d", c.name, one(d, 0, 20))
	case 1, 2:
		value := one(d, "", "", "", "observe", "off", "enforce")
		d.addf("act do=tag cluster=%s name=emrguard value=%s", c.name, value)
	case 3:
		d.addf("act do=step cluster=%s name=report", c.name)
	}
}

// metrics lets metrics be late or missing, or publishes some.
func (d *drawer) metrics(c *cluster) {
	switch d.IntN(6) {
	case 0:
		d.addf("act do=mute cluster=%s", c.name)
	case 1:
		d.addf("act do=unmute cluster=%s", c.name)
	case 2:
		d.addf("act do=lag cluster=%s time=%s", c.name, one(d, "0s", "0s", "4m", "20m"))
	default:
		words, v := []string{"metric Backlog cluster=" + c.name}, d.IntN(30)
		for range 4 + d.IntN(30) {
			v = max(0, min(60, v+d.IntN(13)-6))
			words = append(words, one(d, strconv.Itoa(v), strconv.Itoa(v), strconv.Itoa(v), "none"))
		}
		d.add(strings.Join(words, " "), "")
	}
}

// jobs brings more work, or less.
func (d *drawer) jobs(c *cluster) {
	if d.chance(2) {
		d.addf("act do=surge cluster=%s rate=%d", c.name, one(d, 0, 1, 5))
	} else {
		d.addf("act do=submit cluster=%s name=adhoc count=%d work=%dh width=8", c.name, 1+d.IntN(6), 1+d.IntN(10))
	}
}

// actor lets a controller that is not emrguard follow a cluster for some hours.
func (d *drawer) actor(c *cluster) {
	if d.actors > 3+2*len(d.clusters) {
		return
	}
	d.actors++
	g := d.some(c)
	for_, every := d.upTo(8*time.Hour), one(d, 5*time.Minute, 10*time.Minute, 20*time.Minute, time.Hour)
	switch d.IntN(3) {
	case 0:
		d.addf("actor kind=terraform cluster=%s every=%s for=%s counts=(%s:%d,%s:%d)", c.name, every, for_, g.name, c.want[g.name], c.groups[1].name, c.want[c.groups[1].name])
	case 1:
		d.addf("actor kind=autoscaler cluster=%s group=%s every=%s for=%s add=%d max=%d", c.name, g.name, every, for_, 1+d.IntN(2), c.want[g.name]+d.IntN(6))
	case 2:
		d.addf("actor kind=custom-policy cluster=%s group=%s every=%s for=%s add=%d min=1 max=%d", c.name, g.name, every, for_, one(d, 1, 2, -1), c.want[g.name]+d.IntN(6))
	}
}

// lifecycle ends a cluster, or lets another one start.
func (d *drawer) lifecycle(c *cluster) {
	if len(d.clusters) < d.most && d.chance(2) {
		d.cluster()
		return
	}
	if d.chance(4) && len(d.clusters) > 1 && !c.ended {
		d.addf("act do=terminate cluster=%s", c.name)
		c.ended = true
	}
}
