package wire_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// The AWS CLI reads the Spot prices page by page, by time, type, zone and product.
func TestSpotPricesThroughTheAWSCLI(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 3}, wire.Options{})
	begin := s.sim.Now()
	pool := emrsim.Pool{Zone: cliRegion + "b", Type: "m5.xlarge", Market: "SPOT"}
	for _, price := range []float64{0.09, 0.11, 0.08, 0.1} {
		s.pass(t, time.Hour)
		s.sim.AdvanceTo(s.clock.Now())
		if err := s.sim.Act(cliRegion, "test", emrsim.Action{Do: emrsim.DoPrice, Pool: pool, Price: price}); err != nil {
			t.Fatal(err)
		}
	}
	type prices struct {
		SpotPriceHistory []struct {
			AvailabilityZone, InstanceType, ProductDescription, SpotPrice string
			Timestamp                                                     time.Time
		}
	}
	for _, cli := range findCLIs(t, s.url) {
		ask := func(args ...string) (p prices) {
			t.Helper()
			args = append([]string{"describe-spot-price-history", "--instance-types", "m5.xlarge"}, args...)
			stdout, stderr, err := cli.call(t, "ec2", args...)
			decodeCLI(t, &p, append([]string{"ec2"}, args...), stdout, stderr, err)
			return p
		}
		all := ask("--page-size", "2").SpotPriceHistory // the CLI follows NextToken
		if len(all) != 7 || all[0].SpotPrice != "0.100000" || all[0].AvailabilityZone != pool.Zone || !all[0].Timestamp.Equal(begin.Add(4*time.Hour)) || all[0].ProductDescription != "Linux/UNIX" {
			t.Errorf("%+v", all)
		}
		if last := all[len(all)-1]; last.SpotPrice != "0.067200" || !last.Timestamp.Equal(begin) {
			t.Errorf("the first price is %+v", last)
		}
		from, to := begin.Add(150*time.Minute).Format(time.RFC3339), begin.Add(200*time.Minute).Format(time.RFC3339)
		some := ask("--availability-zone", pool.Zone, "--start-time", from, "--end-time", to, "--product-descriptions", "Linux/UNIX").SpotPriceHistory
		if len(some) != 2 || some[0].SpotPrice != "0.080000" || some[1].SpotPrice != "0.110000" {
			t.Errorf("in a time: %+v", some)
		}
		if none := ask("--product-descriptions", "Windows").SpotPriceHistory; len(none) != 0 {
			t.Errorf("of another product: %+v", none)
		}
		if _, stderr, err := cli.call(t, "ec2", "describe-spot-price-history", "--dry-run"); err == nil || !strings.Contains(stderr, "DryRunOperation") {
			t.Errorf("dry run: %v %s", err, stderr)
		}
		s.fault(t, "DescribeSpotPriceHistory call=1 throttle")
		if _, stderr, err := cli.call(t, "ec2", "describe-spot-price-history"); err == nil || !strings.Contains(stderr, "RequestLimitExceeded") {
			t.Errorf("throttled: %v %s", err, stderr)
		}
		if _, stderr, err := cli.call(t, "ec2", "describe-instances"); err == nil || !strings.Contains(stderr, "InvalidAction") || !strings.Contains(stderr, "DescribeSpotPriceHistory") {
			t.Errorf("what is not simulated: %v %s", err, stderr)
		}
		if _, stderr, err := cli.call(t, "ec2", "describe-spot-price-history", "--filters", "Name=x,Values=y"); err == nil || !strings.Contains(stderr, "not simulated") {
			t.Errorf("filters: %v %s", err, stderr)
		}
	}
}

// A page's token is for its request alone, and shows the prices as they were at the first page.
func TestSpotPricePagesHoldStill(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 3}, wire.Options{})
	ask := func(form string) (reply, string) {
		return s.post(t, "", "Action=DescribeSpotPriceHistory&Version=2016-11-15&"+form, func(r *http.Request) {
			r.Header.Del("X-Amz-Target")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", strings.Replace(signed(region), "elasticmapreduce", "ec2", 1))
		})
	}
	s.pass(t, time.Hour)
	_, first := ask("InstanceType.1=m5.xlarge&MaxResults=2")
	_, token, _ := strings.Cut(first, "<nextToken>")
	token, _, _ = strings.Cut(token, "</nextToken>")
	s.pass(t, time.Hour)
	s.sim.AdvanceTo(s.clock.Now())
	if err := s.sim.Act(region, "test", emrsim.Action{Do: emrsim.DoPrice, Pool: emrsim.Pool{Zone: region + "a", Type: "m5.xlarge", Market: "SPOT"}, Price: 1}); err != nil {
		t.Fatal(err)
	}
	r, second := ask("InstanceType.1=m5.xlarge&MaxResults=2&NextToken=" + token)
	if !strings.Contains(second, region+"c") || strings.Count(second, "<item>") != 1 || !strings.Contains(second, "<nextToken></nextToken>") {
		t.Errorf("%+v %s", r, second)
	}
	for _, form := range []string{"InstanceType.1=r5.xlarge&NextToken=" + token, "NextToken=1.2.3", "MaxResults=0", "MaxResults=many"} {
		if _, text := ask(form); !strings.Contains(text, "<Errors><Error><Code>") {
			t.Errorf("%s: %s", form, text)
		}
	}
}
