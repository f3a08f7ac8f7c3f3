package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

func TestPricesWritesAPriceFile(t *testing.T) {
	denied, spotDenied := false, false
	ec2 := wire.New(emrsim.New(emrsim.Options{}), wire.Options{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "/ec2/") {
			if spotDenied {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>`)
				return
			}
			ec2.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		price := `"{\"terms\":{\"OnDemand\":{\"a\":{\"priceDimensions\":{\"b\":{\"unit\":\"Hrs\",\"pricePerUnit\":{\"USD\":\"%s\"}}}}}}}"`
		switch text := string(body); {
		case denied:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"no"}`)
		case strings.Contains(text, "m9.nosuch"):
			_, _ = io.WriteString(w, `{"PriceList":[]}`)
		case strings.Contains(text, "ElasticMapReduce"):
			fmt.Fprintf(w, `{"PriceList":[`+price+`]}`, "0.0480000000")
		default:
			fmt.Fprintf(w, `{"PriceList":[`+price+`]}`, "0.1920000000")
		}
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, path, fmt.Sprintf("store: sqlite:guard.db\nscopes: [{name: sim, region: us-east-1, endpoint: %q}]\nclusters: [{match: {}, mode: observe}]\n", server.URL))
	got := runCLI(t, nil, "prices", "-c", path, "--type", "m5.xlarge", "--type", "m9.nosuch")
	prices, err := config.ParsePrices("prices.yaml", []byte(got.out))
	if err != nil || got.code != exitOK || !strings.Contains(got.out, "# Not in the list: m9.nosuch in us-east-1") {
		t.Fatalf("code %d, %v:\n%s%s", got.code, err, got.out, got.errOut)
	}
	if p, ok := prices.Of("us-east-1", "m5.xlarge"); !ok || p != (config.Price{OnDemand: 0.192, Spot: 0.0672, EMR: 0.048}) || !strings.Contains(got.out, "} # spot: 3 zones, 0.0672 to 0.0672\n") ||
		!strings.Contains(got.out, "of 7 days until then") || !strings.Contains(got.out, "the bid is a limit") {
		t.Errorf("%+v %v\n%s", p, ok, got.out)
	}
	for _, without := range []struct {
		days, text string
		denied     bool
	}{{"7", "AWS refuses ec2:DescribeSpotPriceHistory", true}, {"0", "Add spot: what you pay", false}} {
		spotDenied = without.denied
		got := runCLI(t, nil, "prices", "-c", path, "--type", "m5.xlarge", "--spot-days", without.days)
		prices, err := config.ParsePrices("prices.yaml", []byte(got.out))
		if p, ok := prices.Of("us-east-1", "m5.xlarge"); err != nil || !ok || p.Spot != 0 || !strings.Contains(got.out, without.text) {
			t.Errorf("%+v: %v\n%s%s", without, err, got.out, got.errOut)
		}
	}
	spotDenied = false
	if got := runCLI(t, nil, "prices", "-c", path, "--type", "m5.xlarge", "--spot-days", "91"); got.code != exitUsage || !strings.Contains(got.errOut, "from 0 to 90") {
		t.Errorf("code %d:\n%s%s", got.code, got.out, got.errOut)
	}
	if got := runCLI(t, nil, "prices", "-c", path, "--type", "m9.nosuch"); got.code != exitUsage || got.out != "" || !strings.Contains(got.errOut, "name some with --type") {
		t.Errorf("code %d:\n%s%s", got.code, got.out, got.errOut)
	}
	if got := runCLI(t, nil, "prices", "-c", path, "--type", "m5.xlarge", "--scope", "nosuch"); got.code != exitUsage {
		t.Errorf("code %d:\n%s%s", got.code, got.out, got.errOut)
	}
	denied = true
	if got := runCLI(t, nil, "prices", "-c", path, "--type", "m5.xlarge"); got.code != exitFailure || !strings.Contains(got.errOut, "pricing:GetProducts") {
		t.Errorf("code %d:\n%s%s", got.code, got.out, got.errOut)
	}
}

// Each price counts for as long as it held within the time, each zone once.
func TestSpotMeans(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.Add(10 * time.Hour)
	at := func(zone string, hours int, price float64) awsapi.SpotPrice {
		return awsapi.SpotPrice{Type: "a", Zone: zone, At: from.Add(time.Duration(hours) * time.Hour), Price: price}
	}
	for name, c := range map[string]struct {
		list []awsapi.SpotPrice
		want spotMean
	}{
		"none":                         {nil, spotMean{}},
		"held before":                  {[]awsapi.SpotPrice{at("x", -100, 0.5)}, spotMean{0.5, 0.5, 0.5, 1}},
		"by time, in any order":        {[]awsapi.SpotPrice{at("x", 5, 1), at("x", -2, 0.5)}, spotMean{0.75, 0.75, 0.75, 1}},
		"a spike":                      {[]awsapi.SpotPrice{at("x", 1, 11), at("x", 0, 1), at("x", 2, 1)}, spotMean{2, 2, 2, 1}},
		"zones weigh the same":         {[]awsapi.SpotPrice{at("x", 0, 1), at("y", -1, 2), at("y", 5, 4), at("z", 9, 5)}, spotMean{3, 1, 5, 3}},
		"first known within the time":  {[]awsapi.SpotPrice{at("x", 8, 7)}, spotMean{7, 7, 7, 1}},
		"a change when the time ended": {[]awsapi.SpotPrice{at("x", 10, 7)}, spotMean{}},
		"one page's end given twice":   {[]awsapi.SpotPrice{at("x", 0, 1), at("x", 5, 3), at("x", 5, 3)}, spotMean{2, 2, 2, 1}},
	} {
		if got := spotMeans(c.list, from, to)["a"]; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A Spot price above On-Demand, or none, is told and not written: such a file would be refused.
func TestAPriceFileIsValidWhateverSpotCosts(t *testing.T) {
	f := priceFile{now: time.Unix(0, 0), days: 7, regions: map[string]map[string]typePrice{"us-east-1": {
		"dear": {awsapi.Price{OnDemand: 0.1}, spotMean{0.2, 0.2, 0.2, 1}}, "none": {awsapi.Price{OnDemand: 0.1}, spotMean{}}, "one": {awsapi.Price{OnDemand: 0.1, EMR: 0.02}, spotMean{0.05, 0.05, 0.05, 1}},
	}}}
	text, found := f.text()
	prices, err := config.ParsePrices("prices.yaml", []byte(text))
	if err != nil || found != 3 {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, want := range map[string]config.Price{"dear": {OnDemand: 0.1}, "none": {OnDemand: 0.1}, "one": {OnDemand: 0.1, Spot: 0.05, EMR: 0.02}} {
		if p, ok := prices.Of("us-east-1", name); !ok || p != want {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if !strings.Contains(text, "dearer than On-Demand, 0.2 in the mean") || !strings.Contains(text, "no Spot price in these days") {
		t.Error(text)
	}
}
