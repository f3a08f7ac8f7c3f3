package scenario

import (
	"cmp"
	"strings"
	"time"

	"emrguard/internal/emrsim"
)

// maxRefills bounds the events that one refill makes.
const maxRefills = 10_000

func (c *checker) capacity(x *Capacity, path string) {
	if x.Pool == (emrsim.Pool{}) && !c.given(join(path, "pool")) {
		c.at(path, "a capacity needs a pool: zone/type/market")
	}
	if (x.Capacity != nil) == (len(x.Parts) > 0) {
		c.at(path, "give either capacity or parts")
	}
	c.samePool(path, x.Region, x.Pool, max(1, len(x.Parts)))
	c.zoneOf(join(path, "pool"), x.Region, x.Pool)
	c.reclaim(path, x.Pool, x.Reclaim)
	r := x.Refill
	if r == nil {
		return
	}
	p := join(path, "refill")
	switch {
	case r.Every < time.Second:
		c.at(join(p, "every"), "%s is under a second", r.Every)
	case r.Add < 1:
		c.at(join(p, "add"), "%d is below 1", r.Add)
	case r.UpTo < 1 || r.UpTo > 1_000_000:
		c.at(join(p, "up_to"), "%d is not between 1 and 1000000", r.UpTo)
	case r.UpTo/r.Add > maxRefills:
		c.at(p, "more than %d steps of %d up to %d", maxRefills, r.Add, r.UpTo)
	}
}

// samePool checks that a pool has the same number of parts everywhere.
func (c *checker) samePool(path, region string, pool emrsim.Pool, parts int) {
	key := cmp.Or(region, c.s.Region, defaultRegion) + " " + pool.String()
	if have, ok := c.parts[key]; ok && have != parts {
		c.at(path, "pool %s has %d parts elsewhere, not %d", pool, have, parts)
		return
	}
	c.parts[key] = parts
}

func (c *checker) zoneOf(path, region string, pool emrsim.Pool) {
	region = cmp.Or(region, c.s.Region, defaultRegion)
	if pool.Zone != "" && !strings.HasPrefix(pool.Zone, region) {
		c.at(path, "zone %s is not in region %s", pool.Zone, region)
	}
}

func (c *checker) reclaim(path string, pool emrsim.Pool, reclaim bool) {
	if reclaim && pool.Market == "ON_DEMAND" {
		c.at(join(path, "reclaim"), "EC2 takes back only SPOT instances")
	}
}
