package emrsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
)

// region is one region of the account: its own clusters, capacity and API rates.
type region struct {
	s            *Sim
	name         string
	clusters     map[string]*cluster
	order        []*cluster // oldest first
	pools        map[Pool]*pool
	quotas       map[string]*part // vCPUs by market
	subnets      map[string]*part // addresses by subnet
	custom       map[string]*customMetric
	prices       map[Pool]float64      // Spot prices that somebody set, in dollars an hour
	priceChanges map[Pool][]spotChange // each price that was set, oldest first
	buckets      map[string]*bucket
	ids          *rand.Rand // of clusters
	read         *rand.Rand // draws of reads of groups, which must not change the world
	listed       *rand.Rand // and of instances
	calls        struct{ reads, writes uint64 }
	changes      []Change
	admin        adminState
	bus          bus
}

// defaultRegion is where a call without a region goes.
const defaultRegion = "us-east-1"

// region returns the named region, made at its first use.
func (s *Sim) region(name string) *region {
	name = cmp.Or(name, defaultRegion)
	if r := s.regions[name]; r != nil {
		return r
	}
	r := &region{
		s: s, name: name, clusters: map[string]*cluster{}, pools: map[Pool]*pool{}, quotas: map[string]*part{}, subnets: map[string]*part{}, custom: map[string]*customMetric{},
		prices: map[Pool]float64{}, priceChanges: map[Pool][]spotChange{}, buckets: map[string]*bucket{},
		ids: stream(s.opt.Seed, "ids", name), read: stream(s.opt.Seed, "reads", name), listed: stream(s.opt.Seed, "lists", name),
		bus: bus{rng: stream(s.opt.Seed, "events", name)},
	}
	s.regions[name] = r
	s.names = append(s.names, name)
	return r
}

// requestID makes the id of the next call. Reads and writes count apart, so that reads do not change the ids of writes.
func (r *region) requestID(write bool) string {
	kind, n := "r", &r.calls.reads
	if write {
		kind, n = "w", &r.calls.writes
	}
	*n++
	rng := stream(r.s.opt.Seed+*n, "request", r.name, kind)
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

// find returns a region's cluster as region.find does, or nil where nothing has been in the region.
func (s *Sim) find(region, ref string) *cluster {
	if r := s.regions[region]; r != nil {
		return r.find(ref)
	}
	return nil
}

// find returns a cluster by id or, when no id fits, the oldest living one of that name, or the newest dead one.
func (r *region) find(ref string) *cluster {
	if c := r.clusters[ref]; c != nil {
		return c
	}
	var dead *cluster
	for _, c := range r.order {
		if c.name != ref {
			continue
		}
		if c.live() {
			return c
		}
		dead = c
	}
	return dead
}

// arn returns a cluster's ARN.
func (r *region) arn(cluster string) string {
	return fmt.Sprintf("arn:%s:elasticmapreduce:%s:%s:cluster/%s", partition(r.name), r.name, r.s.opt.Account, cluster)
}

// partition is the AWS partition of a region.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
