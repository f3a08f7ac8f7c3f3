package view

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/store"
)

// shaped is a record of a group's counts with what its instances are.
func shaped(kind, pool, group, instanceType string, market emr.Market, at time.Time, requested, running int) store.Record {
	data, err := json.Marshal(map[string]any{"type": instanceType, "market": market, "requested": requested, "running": running, "delta": ledger.Delta{}})
	if err != nil {
		panic(err)
	}
	return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Kind: kind, Group: group, Pool: pool, At: at, Data: data}
}

func TestCosts(t *testing.T) {
	prices := func(_, instanceType string) (Price, bool) {
		p, ok := map[string]Price{"m5.xlarge": {OnDemand: 0.2, Spot: 0.05, EMR: 0.05}, "r5.xlarge": {OnDemand: 0.3, EMR: 0.06}}[instanceType]
		return p, ok
	}
	l := NewLevels()
	for _, r := range []store.Record{
		shaped("group.seen", "ig-1", "ig-1", "m5.xlarge", emr.Spot, ago(10*time.Hour), 6, 6),    // 10 h of 6 on Spot
		shaped("group.read", "ig-1", "ig-1", "", "", ago(4*time.Hour), 9, 6),                    // 3 missing for an hour
		shaped("group.read", "ig-1", "ig-1", "", "", ago(3*time.Hour), 6, 6),                    // stopped
		shaped("group.made", "ig-1", "ig-2", "m5.xlarge", emr.OnDemand, ago(3*time.Hour), 3, 0), // 3 missing for half an hour
		shaped("group.read", "ig-1", "ig-2", "", "", ago(150*time.Minute), 3, 3),                // 3 recovered for 2.5 h
		shaped("group.seen", "ig-3", "ig-3", "r5.xlarge", emr.Spot, ago(2*time.Hour), 2, 2),     // no Spot price
		shaped("group.seen", "ig-4", "ig-4", "c9.nosuch", emr.OnDemand, ago(time.Hour), 1, 1),   // no price at all
		{Key: store.Key{Scope: "prod", Cluster: "j-2"}, Kind: "group.seen", Group: "ig-9", Pool: "ig-9", At: ago(time.Hour), Data: json.RawMessage(`{"role":"MASTER","type":"m5.xlarge","market":"ON_DEMAND","requested":2,"running":1}`)},
	} {
		l.Add(r)
	}
	c := l.Costs(World{Now: noon}, ago(24*time.Hour), noon, everything, prices, "USD")
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("running", c.Total.Running, 60+7.5+4+1+1)
	near("missing", c.Total.Missing, 3+1.5)
	near("recovered", c.Total.Recovered, 7.5)
	near("potential", c.Total.Potential, 60*0.25+7.5*0.25+0.25)
	near("actual", c.Total.Actual, 60*0.1+7.5*0.25+0.25)
	near("saved", c.Total.Saved, 60*0.15)
	near("percent", c.Total.Percent, 52.6)
	near("unpriced", c.Total.Unpriced, 5)
	if got := c.Total.Without(); got != "without 5.0 of 73.5 h" {
		t.Errorf("the sum is %q", got)
	}
	if got := fmt.Sprint(c.Unpriced); got != "[{prod c9.nosuch ON_DEMAND 1} {prod r5.xlarge SPOT 4}]" {
		t.Errorf("unpriced: %s", got)
	}
	if got := fmt.Sprint(c.Fallbacks); got != "[{0 On-Demand m5.xlarge ON_DEMAND 7.5 1 1.875}]" {
		t.Errorf("fallbacks: %s", got)
	}
	var potential, actual, hours float64
	for _, p := range c.Priced {
		near("the potential of "+p.InstanceType, p.Potential, p.Hours*(p.OnDemand+p.EMR))
		near("the actual of "+p.InstanceType, p.Actual, p.Hours*(p.Price+p.EMR))
		potential, actual, hours = potential+p.Potential, actual+p.Actual, hours+p.Hours
	}
	near("the priced types' potential", potential, c.Total.Potential)
	near("the priced types' actual", actual, c.Total.Actual)
	near("the priced types' hours", hours, c.Total.Running-c.Total.Unpriced)
	if got := fmt.Sprint(c.Priced); got != "[{prod m5.xlarge ON_DEMAND 8.5 0.2 0.2 0.05 2.125 2.125} {prod m5.xlarge SPOT 60 0.2 0.05 0.05 15 6}]" {
		t.Errorf("priced: %s", got)
	}
	if got, want := strings.Join(c.How[3:], "\n"), `Potential, 17.12 USD: the 68.5 of 73.5 hours that have a price, at the On-Demand price and EMR's.
Actual, 8.12 USD: the same hours at the price of their market and EMR's. Spot is what the price file says, not what AWS billed; volumes, traffic, reserved capacity and savings plans are not in it.
Saved, 9.00 USD (52.6 %): potential less actual, and in percent of the potential.`; got != want {
		t.Errorf("computed:\n%s\nwant\n%s", got, want)
	}
	if len(c.Clusters) != 2 || c.Clusters[0].Cluster != "j-1" {
		t.Errorf("clusters: %+v", c.Clusters)
	}
	sum := CostFigures{}
	for _, row := range c.Clusters {
		sum.add(row.Figures)
	}
	near("the clusters together", sum.done().Saved, c.Total.Saved)

	first, second := l.Costs(World{Now: noon}, ago(24*time.Hour), ago(3*time.Hour), everything, prices, "USD"), l.Costs(World{Now: noon}, ago(3*time.Hour), noon, everything, prices, "USD")
	near("running of two periods", first.Total.Running+second.Total.Running, c.Total.Running)
	near("missing of two periods", first.Total.Missing+second.Total.Missing, c.Total.Missing)

	bare := l.Costs(World{Now: noon}, ago(24*time.Hour), noon, everything, nil, "")
	if bare.Total.Running != c.Total.Running || bare.Total.Potential != 0 || bare.Total.Without() != "" || len(bare.Unpriced) > 0 || !strings.Contains(strings.Join(bare.How, " "), "price file") {
		t.Errorf("without prices: %+v", bare)
	}
}

func TestCostsKnowThePresent(t *testing.T) {
	w := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: stuckCluster(t)}}}})
	c := NewLevels().Costs(w, ago(time.Hour), noon, everything, nil, "")
	// Without records all groups are as they are: master 1, task 6, the fallback 1 of 3.
	if c.Total.Running != 8 || c.Total.Missing != 2 || c.Total.Recovered != 1 || fmt.Sprint(c.Fallbacks) != "[{2 same configuration m5.xlarge ON_DEMAND 1 1 0}]" {
		t.Errorf("%+v", c)
	}
	fresh := cluster("j-1", "new", []guard.Group{group("ig-1", "task", emr.Task, 6, 6)})
	fresh.Groups[0].Seen = ago(30 * time.Minute)
	c = NewLevels().Costs(New(noon, []Scope{{Name: "prod", Clusters: []Cluster{{State: fresh}}}}), ago(time.Hour), noon, everything, nil, "")
	if c.Total.Running != 3 {
		t.Errorf("a group that was first seen half an hour ago ran %v", c.Total.Running)
	}
}
