package cli

import (
	"maps"
	"slices"
	"time"

	"emrguard/internal/awsapi"
)

// spotMean is what an instance type cost as Spot over a time, in US dollars an hour: in each zone the mean of its prices, each weighted by how long it
// held, and over the zones the plain mean, since nobody knows in which of them a cluster will be.
type spotMean struct {
	mean            float64
	lowest, highest float64 // of the zones
	zones           int
}

// spotMeans takes the mean of prices from one time to another, by instance type. A price holds until the next one of its type and zone; of the last
// one before the time only what reaches into it counts.
func spotMeans(list []awsapi.SpotPrice, from, to time.Time) map[string]spotMean {
	type market struct{ instanceType, zone string }
	markets := map[market][]awsapi.SpotPrice{}
	for _, p := range list {
		m := market{p.Type, p.Zone}
		markets[m] = append(markets[m], p)
	}
	order := slices.SortedFunc(maps.Keys(markets), func(a, b market) int {
		return slices.Compare([]string{a.instanceType, a.zone}, []string{b.instanceType, b.zone})
	})
	out := map[string]spotMean{}
	for _, m := range order {
		prices := markets[m]
		slices.SortFunc(prices, func(a, b awsapi.SpotPrice) int { return a.At.Compare(b.At) })
		var held, sum float64 // seconds, and dollars times seconds
		for i, p := range prices {
			end := to
			if i+1 < len(prices) {
				end = prices[i+1].At
			}
			if seconds := end.Sub(later(p.At, from)).Seconds(); seconds > 0 {
				held, sum = held+seconds, sum+seconds*p.Price
			}
		}
		if held == 0 {
			continue
		}
		zone, all := sum/held, out[m.instanceType]
		if all.zones == 0 {
			all.lowest, all.highest = zone, zone
		}
		all.mean = (all.mean*float64(all.zones) + zone) / float64(all.zones+1)
		all.zones++
		all.lowest, all.highest = min(all.lowest, zone), max(all.highest, zone)
		out[m.instanceType] = all
	}
	return out
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
