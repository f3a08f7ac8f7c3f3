package awsapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"emrguard/internal/emr"
)

// product is an entry of the price list as AWS writes it.
func product(unit, usd string) string {
	return fmt.Sprintf(`{"product":{"productFamily":"Compute Instance","attributes":{"instanceType":"m5.xlarge"},"sku":"A"},"serviceCode":"AmazonEC2",
		"terms":{"OnDemand":{"A.JRTCKXETXF":{"priceDimensions":{"A.JRTCKXETXF.6YS6EN2CT7":{"unit":%q,"pricePerUnit":{"USD":%q}}},"effectiveDate":"2026-01-01T00:00:00Z"}}}}`, unit, usd)
}

func TestPrice(t *testing.T) {
	lists := map[string][]string{}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Amz-Target") != "AWSPriceListService.GetProducts" {
			t.Errorf("%v, target %s", err, r.Header.Get("X-Amz-Target"))
		}
		var in struct {
			ServiceCode string
			Filters     []struct{ Field, Value, Type string }
		}
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		asked = append(asked, fmt.Sprint(in))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if in.ServiceCode == "" || lists[in.ServiceCode] == nil {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"not authorized to perform: pricing:GetProducts"}`)
			return
		}
		out, err := json.Marshal(map[string]any{"FormatVersion": "aws_v1", "PriceList": lists[in.ServiceCode]})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(out)
	}))
	defer server.Close()
	c, err := New(t.Context(), Options{Region: "eu-west-1", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	lists["AmazonEC2"], lists["ElasticMapReduce"] = []string{product("Hrs", "0.2140000000"), product("Hrs", "0.0000000000")}, []string{product("Hourly", "0.0480000000")}
	if p, err := c.Price(t.Context(), "m5.xlarge"); err != nil || p != (Price{0.214, 0.048}) {
		t.Errorf("%+v %v", p, err)
	}
	if len(asked) != 2 || !strings.Contains(asked[0], "regionCode eu-west-1 TERM_MATCH") || !strings.Contains(asked[1], "softwareType EMR") {
		t.Errorf("asked %q", asked)
	}
	if a, err := c.ProbePriceList(t.Context()); a != Allowed || err != nil {
		t.Errorf("%s %v", a, err)
	}
	lists["AmazonEC2"], lists["ElasticMapReduce"] = []string{}, []string{product("Quantity", "12.0")}
	if p, err := c.Price(t.Context(), "m5.nosuch"); err != nil || p != (Price{}) {
		t.Errorf("of a type that is not sold: %+v %v", p, err)
	}
	lists["AmazonEC2"] = []string{product("Hrs", "cheap")}
	if _, err := c.Price(t.Context(), "m5.xlarge"); err == nil || !strings.Contains(err.Error(), "cheap") {
		t.Errorf("of a damaged list: %v", err)
	}
	delete(lists, "AmazonEC2")
	if _, err := c.Price(t.Context(), "m5.xlarge"); err == nil || err.(*emr.Error).Class != emr.Denied { //nolint:errorlint,forcetypeassert // the type is the contract
		t.Errorf("without permission: %v", err)
	}
	if a, err := c.ProbePriceList(t.Context()); a != Refused || err == nil {
		t.Errorf("without permission: %s %v", a, err)
	}
	if pricingRegion("cn-north-1") != "cn-northwest-1" || pricingRegion("ap-south-1") != "us-east-1" {
		t.Error("the price list is asked for in the wrong region")
	}
}
