package emrsim

import (
	"cmp"
	"slices"
	"strings"
)

// The prices beside On-Demand's list prices (family.price). Where nobody set a Spot price (DoPrice) it is assumed at 35 % of the
// On-Demand price, within the 50 to 90 % off that EC2's Spot pages speak of; EMR's own fee is about a quarter of the On-Demand price for
// every type of the table (EMR pricing page, us-east-1) and is taken at that. Volumes, addresses and traffic cost nothing here.
const (
	spotShare = 0.35
	emrShare  = 0.25
)

// usage is what a group used and cost.
type usage struct {
	paid    tally   // instances that EC2 has given, from their start to their end
	running tally   // RUNNING ones
	spent   float64 // dollars, for the first so much of paid
	settled int64   // paid's area that is in spent
}

// pays books an instance that EC2 gave, or took or got back.
func (g *group) pays(d int) {
	g.usage.paid.set(g.sim().now, g.usage.paid.count+d)
}

// hourly is what an instance of the group costs an hour, in dollars, EMR's fee included.
func (g *group) hourly() float64 {
	price := g.machine.price
	if g.market == marketSpot {
		price = spotPrice(g.poolName(), g.c.r.prices[g.poolName()])
	}
	return price + emrShare*g.machine.price
}

// settleCost books what the group cost until now; it is called before the price changes.
func (g *group) settleCost() { g.usage.spent, g.usage.settled = g.cost() }

// cost is what the group cost until now, and the area it is for.
func (g *group) cost() (dollars float64, area int64) {
	t := g.usage.paid
	t.set(g.sim().now, 0)
	return g.usage.spent + float64(t.area-g.usage.settled)/3_600_000*g.hourly(), t.area
}

// Usage is what a cluster used of one market and instance type, its primary included.
type Usage struct {
	Market  string  `json:"market"`
	Type    string  `json:"type"`
	Paid    float64 `json:"paid_minutes"`    // instance-minutes from EC2's answer to the instance's end
	Running float64 `json:"running_minutes"` // instance-minutes in RUNNING
	Dollars float64 `json:"dollars"`         // at the simulator's prices
}

// usage sums the groups up, by market and type.
func (c *cluster) usage() []Usage {
	now := c.sim().now
	out := []Usage{}
	for _, g := range c.parts() {
		i := slices.IndexFunc(out, func(u Usage) bool { return u.Market == g.market && u.Type == g.itype })
		if i < 0 {
			i = len(out)
			out = append(out, Usage{Market: g.market, Type: g.itype})
		}
		dollars, _ := g.cost()
		out[i].Paid += g.usage.paid.minutes(now)
		out[i].Running += g.usage.running.minutes(now)
		out[i].Dollars += dollars
	}
	slices.SortFunc(out, func(a, b Usage) int {
		return cmp.Or(strings.Compare(a.Market, b.Market), strings.Compare(a.Type, b.Type))
	})
	return out
}
