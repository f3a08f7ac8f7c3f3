package emrsim

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// ec2Operations are the operations of EC2: its Spot prices.
func ec2Operations() []operation {
	return ofService(EC2, []operation{readOp("DescribeSpotPriceHistory", (*request).describeSpotPriceHistory)})
}

// The limits of DescribeSpotPriceHistory (EC2 API reference).
const (
	maxPrices  = 1000                // on a page, also where none is asked for
	pricesKept = 90 * 24 * time.Hour // prices are shown for so long
)

// linuxProduct is the one product description that there are prices for.
const linuxProduct = "Linux/UNIX"

// spotChange is a Spot price from a time on.
type spotChange struct {
	at    time.Time
	price float64 // dollars an hour
}

// pricedPools are the pools of a region that have a Spot price, in order: each type in the zones a, b and c, and the pools that were named.
func (r *region) pricedPools() []Pool {
	var out []Pool
	for _, f := range families {
		for _, s := range sizes {
			for _, zone := range []string{"a", "b", "c"} {
				out = append(out, Pool{r.name + zone, f.name + "." + s.name, marketSpot})
			}
		}
	}
	for p := range r.pools {
		if _, known := machineOf(p.Type); known && p.Market == marketSpot {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, comparePools)
	return slices.Compact(out)
}

// spotPrice is what an hour in a pool costs now where somebody set it so; 0 stands for the assumed price.
func spotPrice(p Pool, set float64) float64 {
	m, _ := machineOf(p.Type)
	return cmp.Or(set, spotShare*m.price)
}

// priceHistory is the price of a pool from the simulator's start on, and each change after.
func (r *region) priceHistory(p Pool) []spotChange {
	return append([]spotChange{{r.s.opt.Start, spotPrice(p, 0)}}, r.priceChanges[p]...)
}

// describeSpotPriceHistory lists the changes of prices in a time and, for each type and zone, the last one before it, newest first (EC2 API
// reference, DescribeSpotPriceHistory).
func (c *request) describeSpotPriceHistory(in *shapes.DescribeSpotPriceHistoryInput) (*shapes.DescribeSpotPriceHistoryOutput, *APIError) {
	size := maxPrices
	switch {
	case value(in.DryRun):
		return nil, &APIError{Status: 412, Type: "DryRunOperation", Message: "Request would have succeeded, but DryRun flag is set."}
	case len(in.Filters) > 0:
		return nil, &APIError{Status: 400, Type: "InvalidParameterValue", Message: "Filter " + notSimulated}
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > maxPrices):
		return nil, &APIError{Status: 400, Type: "InvalidParameterValue", Message: fmt.Sprintf("Value ( %d ) for parameter maxResults is invalid. Expecting a value from 1 to %d.", *in.MaxResults, maxPrices)}
	case in.MaxResults != nil:
		size = *in.MaxResults
	}
	from, to := c.now().Add(-pricesKept), c.now()
	if in.StartTime != nil && in.StartTime.After(from) {
		from = in.StartTime.Time
	}
	if in.EndTime != nil && in.EndTime.Before(to) {
		to = in.EndTime.Time
	}
	start := 0
	if token := value(in.NextToken); token != "" {
		var err *APIError
		if start, to, err = readPriceToken(in, token); err != nil {
			return nil, err
		}
	}
	list := c.r.spotPrices(in, from, to)
	list = list[min(start, len(list)):]
	out := &shapes.DescribeSpotPriceHistoryOutput{SpotPriceHistory: []shapes.SpotPrice{}, NextToken: ptr("")}
	if len(list) > size {
		list, out.NextToken = list[:size], ptr(priceToken(in, to, start+size))
	}
	out.SpotPriceHistory = append(out.SpotPriceHistory, list...)
	return out, nil
}

// spotPrices are what is asked for of a time, newest first.
func (r *region) spotPrices(in *shapes.DescribeSpotPriceHistoryInput, from, to time.Time) []shapes.SpotPrice {
	if len(in.ProductDescriptions) > 0 && !slices.Contains(in.ProductDescriptions, linuxProduct) {
		return nil
	}
	var list []shapes.SpotPrice
	for _, p := range r.pricedPools() {
		if len(in.InstanceTypes) > 0 && !slices.Contains(in.InstanceTypes, p.Type) || in.AvailabilityZone != nil && *in.AvailabilityZone != p.Zone {
			continue
		}
		history := r.priceHistory(p)
		for i, h := range history {
			if h.at.After(to) || i+1 < len(history) && !history[i+1].at.After(from) {
				continue // not yet, or another one held before the time began
			}
			list = append(list, shapes.SpotPrice{
				InstanceType: ptr(p.Type), ProductDescription: ptr(linuxProduct), SpotPrice: ptr(strconv.FormatFloat(h.price, 'f', 6, 64)),
				Timestamp: &shapes.Time{Time: h.at}, AvailabilityZone: ptr(p.Zone),
			})
		}
	}
	slices.SortStableFunc(list, func(a, b shapes.SpotPrice) int { return b.Timestamp.Compare(a.Timestamp.Time) })
	return list
}

// priceToken and readPriceToken write and read NextToken. It fits the request it was given for alone, and keeps the time at which that ended: a
// price that changes between two pages moves nothing.
func priceToken(in *shapes.DescribeSpotPriceHistoryInput, to time.Time, start int) string {
	return fmt.Sprintf("%x.%d.%d", priceRequest(in), to.UnixMilli(), start)
}

func readPriceToken(in *shapes.DescribeSpotPriceHistoryInput, token string) (start int, to time.Time, invalid *APIError) {
	words := strings.Split(token, ".")
	if len(words) == 3 && words[0] == strconv.FormatUint(priceRequest(in), 16) {
		ms, err := strconv.ParseInt(words[1], 10, 64)
		n, err2 := strconv.Atoi(words[2])
		if err == nil && err2 == nil && n > 0 {
			return n, time.UnixMilli(ms).UTC(), nil
		}
	}
	return 0, time.Time{}, &APIError{Status: 400, Type: "InvalidNextToken", Message: "The specified NextToken is not valid."}
}

// priceRequest tells requests apart, their pages aside.
func priceRequest(in *shapes.DescribeSpotPriceHistoryInput) uint64 {
	h := fnv.New64a()
	millis := func(t *shapes.Time) int64 {
		if t == nil {
			return -1
		}
		return t.UnixMilli()
	}
	_, _ = fmt.Fprintf(h, "%d %d %q %q %q", millis(in.StartTime), millis(in.EndTime), in.InstanceTypes, in.ProductDescriptions, value(in.AvailabilityZone))
	return h.Sum64()
}
