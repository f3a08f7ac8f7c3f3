package emrsim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// refusal is why EC2 did not give an instance: its error code, or notTold for a request that simply gets nothing.
//
// What EMR's ListInstanceGroups shows of it nobody outside AWS knows (see Unknowns.HideReasons). The simulator takes the texts that
// AWS documents for the events of the same failure ("EMR Instance Group Resize": EMR Management Guide,
// emr-manage-cloudwatch-events) for the message of the group's state change reason. There is none for a Spot price; its text has the
// wording of the cluster error INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY, and its use for a group is the simulator's own. The texts of
// instances are EC2's own of RunInstances; that EMR hands them on is assumed, too.
type refusal string

// EC2's answers, by its error codes (EC2 API reference, errors-overview).
const (
	granted        refusal = ""
	notTold        refusal = "none"
	lacksCapacity  refusal = "InsufficientInstanceCapacity"
	lacksVCPUs     refusal = "VcpuLimitExceeded"
	lacksSpotVCPUs refusal = "MaxSpotInstanceCountExceeded"
	lacksAddresses refusal = "InsufficientFreeAddressesInSubnet"
	lacksPrice     refusal = "SpotMaxPriceTooLow"
)

const (
	moreInformation = "For more information, see Error codes for the Amazon EC2 API."
	messageTime     = "2006-01-02 15:04 MST" // as EMR's events write it
)

// obtain takes one instance from EC2 for the group, or says why there is none: first the subnet's addresses, then the account's vCPUs, then the
// Spot price, then the capacity of its part of the pool.
func (g *group) obtain() refusal {
	r := g.c.r
	switch {
	case g.stuck:
		return notTold
	case !r.subnet(g.c.subnet).has(1):
		return lacksAddresses
	case !r.quota(g.market).has(g.machine.vcpus):
		if g.market == marketSpot {
			return lacksSpotVCPUs
		}
		return lacksVCPUs
	case g.market == marketSpot && g.most < r.prices[g.poolName()]:
		return lacksPrice
	case !g.pool().part(g.turn).has(1):
		return lacksCapacity
	}
	r.subnet(g.c.subnet).used++
	r.quota(g.market).used += g.machine.vcpus
	g.pool().part(g.turn).used++
	return granted
}

// giveBack returns an instance to EC2, which was taken from a part of the pool.
func (g *group) giveBack(turn int) {
	r := g.c.r
	r.subnet(g.c.subnet).used--
	r.quota(g.market).used -= g.machine.vcpus
	g.pool().part(turn).used--
}

// ceiling is the most that a bid lets pay for an instance hour, in dollars: without one the On-Demand price (API model).
func ceiling(bid string, m machine) float64 {
	if bid == "" {
		return m.price
	}
	most, _ := strconv.ParseFloat(bid, 64) // checked before
	return most
}

// attempt is how the last attempt at EC2 ended, with everything that its texts are made of.
type attempt struct {
	why                refusal // granted: it brought everything
	began              time.Time
	running, requested int
	limit              int     // of vCPUs
	price              float64 // Spot's
}

// refused books an attempt at EC2 that did not bring everything, or granted for one that did.
func (g *group) refused(why refusal) {
	now := attempt{why: why}
	if why != granted {
		now = attempt{why, g.began, g.running, g.requested, g.c.r.quota(g.market).capacity, g.c.r.prices[g.poolName()]}
	}
	g.tellTrouble(why)
	if now != g.last { // the same again and again has the same texts
		g.last, g.resizeReason, g.instanceReason = now, g.resizeText(why), g.instanceText(why)
	}
}

// cause is what the group's state change reason says while it is at work on its count.
func (g *group) cause() string {
	switch {
	case g.sim().opt.Unknowns.HideReasons:
		return ""
	case g.resizeReason != "":
		return g.resizeReason
	case len(g.failed) > 0:
		return g.bootstrapText()
	}
	return ""
}

// resizeText is EMR's text for a group whose instances EC2 refuses.
func (g *group) resizeText(why refusal) string {
	c, account := g.c, g.sim().opt.Account
	switch why {
	case lacksCapacity:
		market := "On Demand"
		if g.market == marketSpot {
			market = "Spot"
		}
		return fmt.Sprintf("We are not able to complete the resize operation that started at %s for Instance Group %s in EMR cluster %s (%s) as Amazon EC2 "+
			"has insufficient %s capacity for Instance type [%s] in Availability Zone [%s]. So far, the instance group has a running instance count of %d and "+
			"requested instance count was %d. Check here documentation for more information on how to respond to this event.",
			g.began.UTC().Format(messageTime), g.id, c.id, c.name, market, g.itype, c.zone, g.running, g.requested)
	case lacksVCPUs:
		return fmt.Sprintf("The resize of instance group %s in the Amazon EMR cluster %s is delayed because you've reached the limit on the number of vCPUs "+
			"(virtual processing units) assigned to the running instances in your account (%s). %s", g.id, c.name, account, moreInformation)
	case lacksSpotVCPUs:
		return fmt.Sprintf("The provision of instance group %s in the Amazon EMR cluster %s (%s) is delayed because you've reached the limit on the number of "+
			"Spot Instances that you can launch in your account (%s). %s", g.id, c.id, c.name, account, moreInformation)
	case lacksAddresses:
		return fmt.Sprintf("We can't complete the resize operation for instance group %s in Amazon EMR cluster %s (%s) because the specified subnet [%s] doesn't "+
			"contain enough free private IP addresses to fulfill your request. Use the DescribeSubnets operation to view how many IP addresses are available "+
			"(unused) in your subnet. For information on how to respond to this event, see Error codes for the Amazon EC2 API.", g.id, c.id, c.name, c.subnet)
	case lacksPrice:
		return fmt.Sprintf("Amazon EMR can't fulfill your Spot Instance request for instance group %s because instances aren't available at or below your "+
			"maximum Spot price.", g.id)
	}
	return ""
}

// instanceText is EC2's error code and text for an instance it refuses.
func (g *group) instanceText(why refusal) string {
	if g.sim().opt.Unknowns.HideReasons {
		return ""
	}
	var text string
	switch why {
	case lacksCapacity:
		text = fmt.Sprintf("We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). Our system will be working on "+
			"provisioning additional capacity.", g.itype, g.c.zone)
	case lacksVCPUs:
		text = fmt.Sprintf("You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance "+
			"type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.", g.c.r.quota(g.market).capacity)
	case lacksSpotVCPUs:
		text = "Max spot instance count exceeded"
	case lacksAddresses:
		text = fmt.Sprintf("There are not enough free addresses in subnet '%s' to satisfy the requested number of instances.", g.c.subnet)
	case lacksPrice:
		text = fmt.Sprintf("Your Spot request price of %g is lower than the minimum required Spot request fulfillment price of %g.",
			g.most, g.c.r.prices[g.poolName()])
	default:
		return ""
	}
	return string(why) + ": " + text
}

// quota is the account's vCPUs of a market in the region; unlimited at its first use.
func (r *region) quota(market string) *part { return limitOf(r.quotas, market) }

// subnet is a subnet's addresses for instances; unlimited at its first use.
func (r *region) subnet(id string) *part { return limitOf(r.subnets, id) }

func limitOf(limits map[string]*part, name string) *part {
	if x := limits[name]; x != nil {
		return x
	}
	x := &part{capacity: Unlimited}
	limits[name] = x
	return x
}

// setLimit changes a quota or a subnet's addresses. What is in use stays.
func (c *request) setLimit(a Action) error {
	if a.Limit == nil || *a.Limit < Unlimited {
		return fmt.Errorf("%s needs a limit: a number from 0, or %d for none", a.Do, Unlimited)
	}
	if a.Do == DoQuota {
		if a.Market != marketOnDemand && a.Market != marketSpot {
			return fmt.Errorf("market %q of a quota is neither ON_DEMAND nor SPOT", a.Market)
		}
		c.r.quota(a.Market).capacity = *a.Limit
		c.log(nil, nil, 0, fmt.Sprintf("%s %d vCPUs", a.Market, *a.Limit))
		return nil
	}
	x := c.r.find(a.Cluster)
	if x == nil {
		return fmt.Errorf("region %s has no cluster %q", c.r.name, a.Cluster)
	}
	c.r.subnet(x.subnet).capacity = *a.Limit
	c.log(x, nil, 0, fmt.Sprintf("%s %d addresses", x.subnet, *a.Limit))
	return nil
}

// setPrice changes the Spot price of a pool. Instances of groups that bid less are taken back.
func (c *request) setPrice(a Action) error {
	if a.Pool.Market != marketSpot || !(a.Price >= 0) {
		return fmt.Errorf("price %g of %s: want a pool of the market SPOT and dollars an hour from 0", a.Price, a.Pool)
	}
	for _, x := range c.r.order {
		for _, g := range x.parts() {
			if g.poolName() == a.Pool {
				g.settleCost()
			}
		}
	}
	c.r.pool(a.Pool) // known from now on
	c.r.prices[a.Pool] = a.Price
	c.r.priceChanges[a.Pool] = append(c.r.priceChanges[a.Pool], spotChange{c.s.now, spotPrice(a.Pool, a.Price)})
	c.log(nil, nil, 0, fmt.Sprintf("%s $%g", a.Pool, a.Price))
	for _, x := range c.r.order {
		for _, g := range x.parts() {
			if g.poolName() == a.Pool && g.most < a.Price {
				for _, n := range slices.Clone(g.nodes) {
					g.interrupt(n)
				}
			}
		}
	}
	return nil
}
