package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// Price is what an instance costs in an hour; a part that is not known is 0.
type Price struct{ OnDemand, Spot, EMR float64 }

// Prices says what an instance type costs in a scope.
type Prices func(scope, instanceType string) (Price, bool)

// Costs is what `emrguard costs` shows: what ran, what was missing, what fallbacks ran in its place, and what that cost.
type Costs struct {
	Now       time.Time      `json:"now" doc:"the present time"`
	From      time.Time      `json:"from" doc:"the period's begin"`
	To        time.Time      `json:"to" doc:"its end"`
	Currency  string         `json:"currency,omitempty" doc:"of the prices; absent without a price file"`
	Note      string         `json:"note,omitempty" doc:"what the price file says of its prices"`
	Total     CostFigures    `json:"total" doc:"all clusters"`
	Clusters  []ClusterCosts `json:"clusters" doc:"those that ran something, the most missing first"`
	Fallbacks []FallbackUse  `json:"fallbacks" doc:"what ran on groups that emrguard made for pools, by rung, instance type and market"`
	Priced    []Priced       `json:"priced" doc:"the hours that have a price, by instance type and market: the amounts are their sums"`
	Unpriced  []Unpriced     `json:"unpriced" doc:"instance types of which some hours have no price; their hours are in no amount"`
	How       []string       `json:"how" doc:"how each figure is computed"`

	Unwatched []Unwatched `json:"unwatched" doc:"when nobody watched a scope, since no emrguard ran for it or it could not read EMR: counts go on there as they were read last"`
}

// CostFigures are hours and amounts.
type CostFigures struct {
	Running   float64 `json:"running_hours" doc:"instance-hours that ran, MASTER included"`
	Missing   float64 `json:"missing_hours" doc:"instance-hours that were asked for and did not run"`
	Recovered float64 `json:"recovered_hours" doc:"instance-hours that ran on groups that emrguard made for a pool"`
	Unpriced  float64 `json:"unpriced_hours" doc:"of the hours that ran, those without a price; they are in no amount. 0 without a price file"`
	Potential float64 `json:"potential" doc:"what the priced hours would cost On-Demand"`
	Actual    float64 `json:"actual" doc:"what they cost in their market"`
	Saved     float64 `json:"saved" doc:"the difference"`
	Percent   float64 `json:"saved_percent" doc:"of the potential"`
}

// ClusterCosts is one cluster.
type ClusterCosts struct {
	Scope       string      `json:"scope" doc:"name of the scope"`
	Cluster     string      `json:"cluster" doc:"id of the cluster"`
	ClusterName string      `json:"cluster_name,omitempty" doc:"its name, if it is still known"`
	Figures     CostFigures `json:"figures" like:"total" doc:"its part"`
}

// FallbackUse is what ran on one rung, of one type and market.
type FallbackUse struct {
	Rung   int     `json:"rung" doc:"rung of the ladder, from 1; 0: no longer known"`
	What   string  `json:"what,omitempty" doc:"what its groups are beside those they stand in for: same configuration, other types, On-Demand, Spot, or two of them; absent: no longer known"`
	Type   string  `json:"instance_type" doc:"EC2 instance type; empty: no longer known"`
	Market string  `json:"market" doc:"ON_DEMAND or SPOT; empty: no longer known"`
	Hours  float64 `json:"hours" doc:"instance-hours"`
	Groups int     `json:"groups" doc:"groups"`
	Actual float64 `json:"actual" doc:"what the priced ones cost"`
}

// Priced is what ran of one instance type in one market, and what that cost.
type Priced struct {
	Scope        string  `json:"scope" doc:"name of the scope"`
	InstanceType string  `json:"instance_type" doc:"EC2 instance type"`
	Market       string  `json:"market" doc:"ON_DEMAND or SPOT"`
	Hours        float64 `json:"hours" doc:"instance-hours"`
	OnDemand     float64 `json:"on_demand_price" doc:"On-Demand, of an hour"`
	Price        float64 `json:"market_price" doc:"in its market, of an hour"`
	EMR          float64 `json:"emr_price" doc:"EMR's, of an hour; it comes on top of either"`
	Potential    float64 `json:"potential" doc:"hours by the On-Demand price and EMR's"`
	Actual       float64 `json:"actual" doc:"hours by the market's price and EMR's"`
}

// Unpriced is an instance type without a price.
type Unpriced struct {
	Scope        string  `json:"scope" doc:"name of the scope"`
	InstanceType string  `json:"instance_type" doc:"EC2 instance type; empty: no longer known"`
	Market       string  `json:"market" doc:"ON_DEMAND or SPOT"`
	Hours        float64 `json:"hours" doc:"instance-hours"`
}

// use is what one group ran and missed, in instance-hours.
type use struct {
	key              groupKey
	pool             string
	shape            shape
	rung             int
	what             string // of a fallback: what it is beside the origin
	running, missing float64
}

func (u use) fallback() bool { return u.pool != "" && u.pool != u.key.group }

// Costs adds up the groups of the clusters that which wants from <= t < to. Prices may be nil.
func (l *Levels) Costs(w World, from, to time.Time, which func(store.Key) bool, prices Prices, currency string) Costs {
	out := Costs{Now: w.Now, From: from, To: to, Currency: currency, Clusters: []ClusterCosts{}, Fallbacks: []FallbackUse{}, Unpriced: []Unpriced{}, Priced: []Priced{}, Unwatched: l.unwatched(w, from, to, which)}
	clusters := map[store.Key]*CostFigures{}
	fallbacks := map[[4]string]*FallbackUse{}
	pricedUses := map[[3]string]*Priced{}
	unpriced := map[[3]string]*Unpriced{}
	for _, u := range l.uses(w, from, to, which) {
		sum := clusters[u.key.Key]
		if sum == nil {
			sum = &CostFigures{}
			clusters[u.key.Key] = sum
		}
		hour, priced := u.hour(prices)
		potential, actual := u.running*(hour.onDemand+hour.emr), u.running*(hour.market+hour.emr)
		sum.Running += u.running
		sum.Missing += u.missing
		sum.Potential += potential
		sum.Actual += actual
		if u.fallback() {
			sum.Recovered += u.running
			key := [4]string{strconv.Itoa(u.rung), u.what, u.shape.instanceType, string(u.shape.market)}
			if fallbacks[key] == nil {
				fallbacks[key] = &FallbackUse{Rung: u.rung, What: u.what, Type: u.shape.instanceType, Market: string(u.shape.market)}
			}
			f := fallbacks[key]
			f.Hours, f.Groups, f.Actual = f.Hours+u.running, f.Groups+1, f.Actual+actual
		}
		key := [3]string{u.key.Scope, u.shape.instanceType, string(u.shape.market)}
		if priced && u.running > 0 {
			if pricedUses[key] == nil {
				pricedUses[key] = &Priced{Scope: key[0], InstanceType: key[1], Market: key[2], OnDemand: hour.onDemand, Price: hour.market, EMR: hour.emr}
			}
			p := pricedUses[key]
			p.Hours, p.Potential, p.Actual = p.Hours+u.running, p.Potential+potential, p.Actual+actual
		}
		if !priced && u.running > 0 && currency != "" {
			if unpriced[key] == nil {
				unpriced[key] = &Unpriced{Scope: key[0], InstanceType: key[1], Market: key[2]}
			}
			unpriced[key].Hours += u.running
			sum.Unpriced += u.running
		}
	}
	for key, sum := range clusters {
		row := ClusterCosts{Scope: key.Scope, Cluster: key.Cluster, Figures: sum.done()}
		if c := w.cluster(key.Scope, key.Cluster); c != nil {
			row.ClusterName = c.Cluster.Name
		}
		out.Clusters = append(out.Clusters, row)
	}
	slices.SortFunc(out.Clusters, func(a, b ClusterCosts) int {
		return cmp.Or(cmp.Compare(b.Figures.Missing, a.Figures.Missing), cmp.Compare(a.ClusterName, b.ClusterName), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Cluster, b.Cluster))
	})
	for _, row := range out.Clusters { // in order, so that the sums of floats are the same each time
		out.Total.add(row.Figures)
	}
	out.Total = out.Total.done()
	out.How = howCosts(out.Total, currency)
	for _, p := range pricedUses {
		out.Priced = append(out.Priced, *p)
	}
	slices.SortFunc(out.Priced, func(a, b Priced) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.InstanceType, b.InstanceType), cmp.Compare(a.Market, b.Market))
	})
	for _, f := range fallbacks {
		out.Fallbacks = append(out.Fallbacks, *f)
	}
	slices.SortFunc(out.Fallbacks, func(a, b FallbackUse) int {
		return cmp.Or(cmp.Compare(a.Rung, b.Rung), cmp.Compare(a.What, b.What), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Market, b.Market))
	})
	for _, u := range unpriced {
		out.Unpriced = append(out.Unpriced, *u)
	}
	slices.SortFunc(out.Unpriced, func(a, b Unpriced) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.InstanceType, b.InstanceType), cmp.Compare(a.Market, b.Market))
	})
	return out
}

func (f *CostFigures) add(o CostFigures) {
	f.Running += o.Running
	f.Missing += o.Missing
	f.Recovered += o.Recovered
	f.Unpriced += o.Unpriced
	f.Potential += o.Potential
	f.Actual += o.Actual
}

// done completes what follows from the other figures.
func (f CostFigures) done() CostFigures {
	f.Saved = f.Potential - f.Actual
	if f.Potential > 0 {
		f.Percent = math.Round(1000*f.Saved/f.Potential) / 10
	}
	return f
}

// hour is what an hour of an instance costs: On-Demand or in its market, and EMR's part of either.
type hour struct{ onDemand, market, emr float64 }

// hour is what an hour of a group's instances costs; not priced: nothing is known of it.
func (u use) hour(prices Prices) (h hour, priced bool) {
	if prices == nil {
		return hour{}, false
	}
	p, ok := prices(u.key.Scope, u.shape.instanceType)
	h = hour{p.OnDemand, p.OnDemand, p.EMR}
	if u.shape.market == emr.Spot {
		h.market = p.Spot
	}
	if !ok || h.market == 0 || h.onDemand == 0 {
		return hour{}, false
	}
	return h, true
}

// howCosts says how the figures come about.
func howCosts(total CostFigures, currency string) []string {
	how := []string{
		"Hours: each count of a group as emrguard read it, from that read to the next that showed another. What began and ended between two reads is not in them, and where nobody watched, counts go on as they were read last.",
		"Missing: what a group was asked for less what ran in it, MASTER groups left out.",
		"Recovered: what ran in groups that emrguard made for a pool. Without them it would have been missing, or another would have had to launch it.",
	}
	if currency == "" {
		return append(how, "Amounts need a price file: give prices in the configuration.")
	}
	return append(how,
		fmt.Sprintf("Potential, %.2f %s: the %.1f of %.1f hours that have a price, at the On-Demand price and EMR's.", total.Potential, currency, total.Running-total.Unpriced, total.Running),
		fmt.Sprintf("Actual, %.2f %s: the same hours at the price of their market and EMR's. Spot is what the price file says, not what AWS billed; volumes, traffic, reserved capacity and savings plans are not in it.", total.Actual, currency),
		fmt.Sprintf("Saved, %.2f %s (%.1f %%): potential less actual, and in percent of the potential.", total.Saved, currency, total.Percent))
}

// uses are the groups with what they ran, in order.
func (l *Levels) uses(w World, from, to time.Time, which func(store.Key) bool) []use {
	var out []use
	seen := map[groupKey]bool{}
	for _, key := range l.order {
		if g := l.groups[key]; which(key.Key) {
			u := use{key: key, pool: g.pool, shape: g.shape}
			u.running, u.missing = g.hours(from, to)
			out, seen[key] = append(out, u), true
		}
	}
	w.clusters(func(s Scope, c Cluster) {
		key := store.Key{Scope: s.Name, Cluster: string(c.Cluster.ID)}
		if !which(key) {
			return
		}
		for i := range c.Groups {
			g := &c.Groups[i]
			gk := groupKey{key, string(g.ID)}
			at := slices.IndexFunc(out, func(u use) bool { return u.key == gk })
			if !seen[gk] {
				u := use{key: gk}
				u.running, u.missing = c.level(*g, from).hours(from, to)
				out, at = append(out, u), len(out)
			}
			out[at].shape = shape{g.InstanceType, g.Market}
			if p := c.PoolOf(g.ID); p != nil {
				out[at].pool, out[at].rung = string(p.Origin), p.Member(g.ID).Rung
			}
		}
	})
	for i := range out {
		if u := &out[i]; u.fallback() {
			origin := groupKey{u.key.Key, u.pool}
			if at := slices.IndexFunc(out, func(o use) bool { return o.key == origin }); at >= 0 {
				u.what = u.shape.beside(out[at].shape)
			}
		}
	}
	return out
}

// beside says what a fallback is beside its origin, empty if one of them is not known.
func (s shape) beside(origin shape) string {
	if s.instanceType == "" || origin.instanceType == "" {
		return ""
	}
	var parts []string
	if s.instanceType != origin.instanceType {
		parts = append(parts, "other types")
	}
	if spot := s.market == emr.Spot; spot != (origin.market == emr.Spot) {
		parts = append(parts, map[bool]string{true: "Spot", false: "On-Demand"}[spot])
	}
	return cmp.Or(strings.Join(parts, ", "), "same configuration")
}

// hours are the instance-hours that a group ran and missed; MASTER misses none.
func (g *level) hours(from, to time.Time) (running, missing float64) {
	now, since := g.first, from
	take := func(until time.Time) {
		if h := until.Sub(since).Hours(); h > 0 {
			running += float64(now.running) * h
			if !g.apart {
				missing += float64(max(0, now.requested-now.running)) * h
			}
			since = until
		}
	}
	for _, c := range g.changes {
		if c.at.After(to) {
			break
		}
		take(c.at)
		now = c.counts
	}
	take(to)
	return running, missing
}

// Tables are the costs for people: the sum and its clusters, the fallbacks, and what has no price. Those without rows are left out.
func (c Costs) Tables() []Table {
	hours := func(h float64) string { return fmt.Sprintf("%.1f", h) }
	money := func(x float64) string {
		if c.Currency == "" {
			return ""
		}
		return fmt.Sprintf("%.2f", x)
	}
	all := Table{Head: []string{"CLUSTER", "RUNNING H", "MISSING H", "RECOVERED H", "POTENTIAL", "ACTUAL", "SAVED", "SAVED %"}}
	row := func(name string, f CostFigures) {
		percent := ""
		if c.Currency != "" && f.Potential > 0 {
			percent = fmt.Sprintf("%.1f", f.Percent)
		}
		all.Add(name, hours(f.Running), hours(f.Missing), hours(f.Recovered), money(f.Potential), money(f.Actual), money(f.Saved), percent)
	}
	for _, r := range c.Clusters {
		row(orID(r.ClusterName, r.Cluster), r.Figures)
	}
	if len(c.Clusters) > 0 {
		row("together", c.Total)
	}
	fall := Table{Head: []string{"FALLBACKS ON RUNG", "TYPE", "MARKET", "HOURS", "GROUPS", "ACTUAL"}}
	for _, f := range c.Fallbacks {
		fall.Add(f.rung(), cmp.Or(f.Type, "not known"), cmp.Or(f.Market, "not known"), hours(f.Hours), strconv.Itoa(f.Groups), money(f.Actual))
	}
	priced := Table{Head: []string{"PRICED", "SCOPE", "MARKET", "HOURS", "ON-DEMAND / H", "MARKET / H", "EMR / H", "POTENTIAL", "ACTUAL"}}
	each := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	for _, p := range c.Priced {
		priced.Add(p.InstanceType, p.Scope, p.Market, hours(p.Hours), each(p.OnDemand), each(p.Price), each(p.EMR), money(p.Potential), money(p.Actual))
	}
	without := Table{Head: []string{"WITHOUT A PRICE", "SCOPE", "MARKET", "HOURS"}}
	for _, u := range c.Unpriced {
		without.Add(cmp.Or(u.InstanceType, "not known"), u.Scope, u.Market, hours(u.Hours))
	}
	if c.Currency == "" { // nothing is known of amounts
		all, fall = all.first(4), fall.first(5)
	}
	return slices.DeleteFunc([]Table{all, fall, priced, without}, func(t Table) bool { return len(t.Rows) == 0 })
}

// rung is the rung for people: its number, and what it is.
func (f FallbackUse) rung() string {
	switch {
	case f.Rung == 0:
		return cmp.Or(f.What, "not known")
	case f.What == "":
		return strconv.Itoa(f.Rung)
	}
	return fmt.Sprintf("%d: %s", f.Rung, f.What)
}

// Without says which part of the hours is in no amount, empty if every hour is.
func (f CostFigures) Without() string {
	if f.Unpriced == 0 {
		return ""
	}
	return fmt.Sprintf("without %.1f of %.1f h", f.Unpriced, f.Running)
}

// Headline says of which period the costs are, and how much of it nobody watched.
func (c Costs) Headline() string {
	text := fmt.Sprintf("%s to %s UTC (%s)", c.From.UTC().Format("2006-01-02 15:04"), c.To.UTC().Format("2006-01-02 15:04"), Span(c.To.Sub(c.From)))
	if c.Currency != "" {
		text += ", in " + c.Currency
	}
	if not := unwatched(c.Unwatched); not != "" {
		text += "; not watched: " + not
	}
	return text
}
