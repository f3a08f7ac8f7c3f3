package emrsim

import (
	"cmp"
	"fmt"
	"strings"
)

// Pool names one capacity pool of EC2: instances of one type in one zone and market.
type Pool struct {
	Zone   string `json:"zone"`
	Type   string `json:"type"`
	Market string `json:"market"` // ON_DEMAND or SPOT
}

// String is the form that ParsePool reads: zone/type/market.
func (p Pool) String() string { return p.Zone + "/" + p.Type + "/" + p.Market }

// MarshalText implements encoding.TextMarshaler.
func (p Pool) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParsePool.
func (p *Pool) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePool(string(b))
	return err
}

// ParsePool reads zone/type/market, for example "us-east-1a/m5.xlarge/SPOT".
func ParsePool(text string) (Pool, error) {
	f := strings.Split(text, "/")
	if len(f) != 3 || f[0] == "" || f[1] == "" {
		return Pool{}, fmt.Errorf("pool %q is not zone/type/market, for example us-east-1a/m5.xlarge/SPOT", text)
	}
	if f[2] != marketOnDemand && f[2] != marketSpot {
		return Pool{}, fmt.Errorf("market %q of pool %q is neither ON_DEMAND nor SPOT", f[2], text)
	}
	return Pool{f[0], f[1], f[2]}, nil
}

func comparePools(a, b Pool) int {
	return cmp.Or(strings.Compare(a.Zone, b.Zone), strings.Compare(a.Type, b.Type), strings.Compare(a.Market, b.Market))
}

// Unlimited is the capacity of a pool that never runs dry, as every pool is until somebody sets its capacity.
const Unlimited = -1

// pool is the capacity of EC2 behind a Pool, in one or more parts.
//
// EC2 does not tell why one request finds capacity and another, for the same thing, does not: racks, subnets' free addresses,
// quota in flight, a request that hangs. A fallback group of the same configuration helps only if the cause is tied to the stuck
// request. The parts stand for that: a group's request is bound to one part, the groups of a cluster in turn, and gets nothing
// from another however much is free there.
type pool struct {
	parts []part
}

// part is so much of something, of which some is used. It also stands for a quota of vCPUs and for the addresses of a subnet.
type part struct {
	capacity int // Unlimited or how much there is in all
	used     int
}

// pool returns the capacity behind p; unlimited at its first use.
func (r *region) pool(p Pool) *pool {
	if x := r.pools[p]; x != nil {
		return x
	}
	x := &pool{parts: []part{{capacity: Unlimited}}}
	r.pools[p] = x
	return x
}

// part maps a group's turn to one of the parts.
func (p *pool) part(turn int) *part { return &p.parts[turn%len(p.parts)] }

// has says whether n more are there to be had.
func (x *part) has(n int) bool { return x.capacity == Unlimited || x.used+n <= x.capacity }

// used is the number of instances taken from all parts.
func (p *pool) used() int {
	n := 0
	for _, x := range p.parts {
		n += x.used
	}
	return n
}
