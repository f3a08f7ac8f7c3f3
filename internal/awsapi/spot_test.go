package awsapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

var spotPool = emrsim.Pool{Zone: "us-east-1b", Type: "m5.xlarge", Market: "SPOT"}

// Every page of the prices of some types, and no more, comes from the simulator, with the one that held when the time began.
func TestSpotPrices(t *testing.T) {
	w := newWorld(t, emrsim.Options{})
	begin := w.sim.Now()
	for i := range 700 {
		if err := w.sim.Act("us-east-1", "test", emrsim.Action{Do: emrsim.DoPrice, Pool: spotPool, Price: float64(i+1) / 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.clock.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		w.sim.AdvanceTo(w.clock.Now())
	}
	var all []SpotPrice
	token, pages := "", 0
	for more := true; more; more = token != "" {
		var page []SpotPrice
		var err error
		if page, token, err = w.client.SpotPrices(t.Context(), []string{"m5.xlarge", "r5.xlarge", "m5.nosuch"}, begin.Add(-time.Hour), w.sim.Now(), token); err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		pages++
	}
	if len(all) != 706 || pages != 1 {
		t.Fatalf("%d prices on %d pages", len(all), pages)
	}
	if !slices.Contains(all, SpotPrice{"m5.xlarge", "us-east-1a", begin, 0.0672}) || !slices.Contains(all, SpotPrice{"m5.xlarge", "us-east-1b", begin.Add(2 * time.Minute), 0.003}) {
		t.Errorf("%v", all[:5])
	}
	later := begin.Add(699*time.Minute + time.Second)
	page, _, err := w.client.SpotPrices(t.Context(), []string{"m5.xlarge"}, later, w.sim.Now(), "")
	if err != nil || len(page) != 3 || !slices.Contains(page, SpotPrice{"m5.xlarge", "us-east-1b", begin.Add(699 * time.Minute), 0.7}) {
		t.Errorf("%v %v", page, err)
	}
	if a, failed := w.client.ProbeSpotPrices(t.Context()); a != Allowed || failed != nil {
		t.Errorf("%s %v", a, failed)
	}
	f, err := emrsim.ParseFault("DescribeSpotPriceHistory error=AccessDeniedException")
	if err != nil {
		t.Fatal(err)
	}
	w.sim.AddFault(f)
	_, _, err = w.client.SpotPrices(t.Context(), []string{"m5.xlarge"}, begin, later, "")
	if failed, ok := errors.AsType[*emr.Error](err); !ok || failed.Class != emr.Denied || failed.Code != "UnauthorizedOperation" {
		t.Errorf("%v", err)
	}
	if a, failed := w.client.ProbeSpotPrices(t.Context()); a != Refused || failed == nil {
		t.Errorf("%s %v", a, failed)
	}
}

// What is no answer of EC2's is an error of its class, with no credential in its text, and nothing is asked twice.
func TestSpotPricesThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		class  emr.Class
		text   string
	}{
		"no page":     {http.StatusBadGateway, "<html>no gateway</html>", emr.Unavailable, "502"},
		"too many":    {http.StatusServiceUnavailable, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, emr.Throttled, "(request r-1)"},
		"unsigned":    {http.StatusUnauthorized, `<Response><Errors><Error><Code>AuthFailure</Code><Message>Credential=AKIDEXAMPLE/1</Message></Error></Errors></Response>`, emr.Denied, "[hidden]"},
		"not XML":     {http.StatusOK, `{"spot": 1}`, emr.Unavailable, "EOF"},
		"no price":    {http.StatusOK, `<R><spotPriceHistorySet><item><instanceType>a</instanceType><spotPrice>cheap</spotPrice><timestamp>2026-01-01T00:00:00.000Z</timestamp></item></spotPriceHistorySet></R>`, emr.Unavailable, "cheap"},
		"below zero":  {http.StatusOK, `<R><spotPriceHistorySet><item><spotPrice>NaN</spotPrice><timestamp>2026-01-01T00:00:00.000Z</timestamp></item></spotPriceHistorySet></R>`, emr.Unavailable, "NaN"},
		"before time": {http.StatusOK, `<R><spotPriceHistorySet><item><spotPrice>1</spotPrice></item></spotPriceHistorySet></R>`, emr.Unavailable, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, reply(c.status, c.body))
			_, _, err := client(t, s.URL).SpotPrices(t.Context(), []string{"a"}, time.Unix(0, 0), time.Unix(1, 0), "next")
			failed, ok := errors.AsType[*emr.Error](err)
			if !ok || failed.Class != c.class || !strings.Contains(failed.Message, c.text) || len(s.seen()) != 1 {
				t.Errorf("%v, want %s with %q; %d requests", err, c.class, c.text, len(s.seen()))
			}
			r := s.seen()[0]
			for _, part := range []string{"Action=DescribeSpotPriceHistory", "InstanceType.1=a", "NextToken=next", "ProductDescription.1=Linux%2FUNIX", "StartTime=1970-01-01T00%3A00%3A00Z"} {
				if !strings.Contains(r.body, part) {
					t.Errorf("no %s in %s", part, r.body)
				}
			}
			if auth := r.header.Get("Authorization"); !strings.Contains(auth, "/us-east-1/ec2/aws4_request") {
				t.Errorf("signed %s", auth)
			}
		})
	}
}

// EC2 is where the environment says, or under AWS's own name of it in each partition.
func TestEC2sEndpoint(t *testing.T) {
	isolate(t)
	for region, want := range map[string]string{
		"eu-west-1": "https://ec2.eu-west-1.amazonaws.com", "cn-north-1": "https://ec2.cn-north-1.amazonaws.com.cn", "us-gov-west-1": "https://ec2.us-gov-west-1.amazonaws.com",
	} {
		if c, err := New(t.Context(), Options{Region: region}); err != nil || c.ec2.endpoint != want {
			t.Errorf("%s: %q %v", region, c.ec2.endpoint, err)
		}
	}
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	if c, err := New(t.Context(), Options{Region: "us-east-1"}); err != nil || c.ec2.endpoint != "https://ec2-fips.us-east-1.amazonaws.com" {
		t.Errorf("%q %v", c.ec2.endpoint, err)
	}
	t.Setenv("AWS_ENDPOINT_URL_EC2", "https://ec2.example.com")
	if c, err := New(t.Context(), Options{Region: "us-east-1"}); err != nil || c.ec2.endpoint != "https://ec2.example.com" {
		t.Errorf("%q %v", c.ec2.endpoint, err)
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	if c, err := New(t.Context(), Options{Region: "us-east-1"}); err != nil || c.ec2.endpoint != "https://ec2-fips.us-east-1.amazonaws.com" {
		t.Errorf("%q %v", c.ec2.endpoint, err)
	}
}
