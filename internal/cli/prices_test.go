package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"emrguard/internal/config"
)

func TestPricesWritesAPriceFile(t *testing.T) {
	denied := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	if p, ok := prices.Of("us-east-1", "m5.xlarge"); !ok || p != (config.Price{OnDemand: 0.192, EMR: 0.048}) {
		t.Errorf("%+v %v", p, ok)
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
