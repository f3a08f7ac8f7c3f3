package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

const (
	priceFile  = "currency: USD\nregions: {us-east-1: {m5.xlarge: {on_demand: 0.2, spot: 0.05, emr: 0.05}, r5.xlarge: {on_demand: 0.3, emr: 0.06}}}\n"
	pricedRule = "listen: none\nprices: PRICES\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: enforce}]\n"
)

// costsOfADay is a lab with a day on which a group of Spot ran 10 instances, missed 5 for an hour, and a fallback took over; another had no Spot price.
func costsOfADay(t *testing.T) *lab {
	t.Helper()
	prices := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(prices, []byte(priceFile), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, strings.Replace(pricedRule, "PRICES", prices, 1)))
	record := func(id, kind, pool, group, data string, before time.Duration) store.Record {
		return store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: id, At: time.Now().Add(-before), Kind: kind, Pool: pool, Group: group, Data: []byte(data)}
	}
	lease, err := l.store.Acquire(t.Context(), "prod", "guard", "", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.store.Save(t.Context(), store.Save{Lease: lease, Records: []store.Record{
		record("1", "group.seen", "ig-1", "ig-1", `{"type":"m5.xlarge","market":"SPOT","requested":10,"running":10}`, 20*time.Hour),
		record("2", "group.seen", "ig-3", "ig-3", `{"type":"r5.xlarge","market":"SPOT","requested":2,"running":2}`, 10*time.Hour),
		record("3", "group.read", "ig-1", "ig-1", `{"requested":15,"running":10,"delta":{"requested_by":5}}`, 10*time.Hour),
		record("4", "group.read", "ig-1", "ig-1", `{"requested":10,"running":10,"delta":{"requested_by":-5}}`, 9*time.Hour),
		record("5", "group.ours", "ig-1", "ig-2", `{"type":"m5.xlarge","market":"ON_DEMAND","requested":5,"running":5}`, 8*time.Hour),
	}}); err != nil {
		t.Fatal(err)
	}
	return l
}

// The page says what was saved, of which hours, and how each figure came about, up to the price of an hour.
func TestTheCostsPageSaysHowItsFiguresComeAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := costsOfADay(t)
		body := l.page("/costs?days=1").Body.String()
		for _, want := range []string{
			`<div class="big"><span>60.00</span><small>potential, USD, without 20.0 of 260.0 h</small></div>`,
			`<div class="big"><span>30.00</span><small>actual, USD, without 20.0 of 260.0 h</small></div>`,
			`<div class="big"><span>30.00</span><small>saved, 50 %, without 20.0 of 260.0 h</small></div>`,
			`<span>260.0</span><small>instance-hours run</small>`, `<div class="big short"><span>5.0</span><small>missing</small></div>`, `<span>40.0</span><small>recovered</small>`,
			"<li>Potential, 60.00 USD: the 240.0 of 260.0 hours that have a price, at the On-Demand price and EMR&#39;s.</li>",
			"<li>Actual, 30.00 USD: the same hours at the price of their market and EMR&#39;s. Spot is what the price file says, not what AWS billed;",
			"<li>Saved, 30.00 USD (50.0 %): potential less actual, and in percent of the potential.</li>",
			`<td data-head="FALLBACKS ON RUNG">On-Demand</td><td data-head="TYPE">m5.xlarge</td><td data-head="MARKET">ON_DEMAND</td><td data-head="HOURS">40.0</td>`,
			`<td data-head="PRICED">m5.xlarge</td><td data-head="SCOPE">prod</td><td data-head="MARKET">SPOT</td><td data-head="HOURS">200.0</td><td data-head="ON-DEMAND / H">0.2</td><td data-head="MARKET / H">0.05</td><td data-head="EMR / H">0.05</td><td data-head="POTENTIAL">50.00</td><td data-head="ACTUAL">20.00</td>`,
			`<td data-head="WITHOUT A PRICE">r5.xlarge</td><td data-head="SCOPE">prod</td><td data-head="MARKET">SPOT</td><td data-head="HOURS">20.0</td>`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in\n%s", want, body)
			}
		}
		page := ask[view.Costs](l, "GET", "/api/v1/costs?from="+time.Now().UTC().Add(-24*time.Hour).Format(time.RFC3339), "")
		if page.Total.Saved != 30 || page.Total.Unpriced != 20 || len(page.Priced) != 2 {
			t.Errorf("the API has %+v", page)
		}
	})
}

// Where every hour has a price, nothing is said of those without one.
func TestTheCostsPageHasNoRestWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := costsOfADay(t)
		l.server.o.Desk().Config.Prices = ""
		if body := l.page("/costs?days=1").Body.String(); strings.Contains(body, "without ") || strings.Contains(body, "potential, ") || strings.Contains(body, "POTENTIAL") || !strings.Contains(body, `<th scope="col">RECOVERED H</th></tr>`) || !strings.Contains(body, "Amounts need a price file: give prices in the configuration.") {
			t.Errorf("without a price file:\n%s", body)
		}
	})
}
