package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParsePrices(t *testing.T) {
	good, err := ParsePrices("prices.yaml", []byte("currency: EUR\nregions:\n  us-east-1:\n    m5.xlarge: {on_demand: 0.192, spot: 0.07, emr: 0.048}\n    r5.xlarge: {on_demand: 0.252}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := good.Of("us-east-1", "m5.xlarge"); !ok || p != (Price{0.192, 0.07, 0.048}) || good.Currency != "EUR" {
		t.Errorf("%+v %v", p, ok)
	}
	if _, ok := good.Of("eu-west-1", "m5.xlarge"); ok {
		t.Error("a price of another region is taken")
	}
	if _, ok := (*Prices)(nil).Of("us-east-1", "m5.xlarge"); ok {
		t.Error("no file has a price")
	}
	for text, problem := range map[string]string{
		"": "empty", "regions: {}": "no prices are given", "currency: dollars\nregions: {us-east-1: {m5.xlarge: {on_demand: 1}}}": "three letters", "regions: {mars: {m5.xlarge: {on_demand: 1}}}": "does not look like an AWS region",
		"regions: {us-east-1: {m5.xlarge: {spot: 1}}}": "on_demand", "regions: {us-east-1: {m5.xlarge: {on_demand: -1}}}": "above 0", "regions: {us-east-1: {m5.xlarge: {on_demand: 1, emr: -1}}}": "below 0",
		"regions: {us-east-1: {m5.xlarge: {on_demand: 1, spot: 2}}}": "spot is above", "regions: {us-east-1: {m5.xlarge: {on_demand: 1, price: 2}}}": "unknown key", "regions: {us-east-1: {m5.xlarge: cheap}}": "prices.yaml:1",
	} {
		if _, err := ParsePrices("prices.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v, want %q", text, err, problem)
		}
	}
	if _, err := ParsePrices("prices.yaml", []byte("regions: {mars: {a: {on_demand: 0}}, us-east-1: {b: {on_demand: 1, spot: 3}}}")); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestReadPrices(t *testing.T) {
	dir := t.TempDir()
	cfg, err := Parse(filepath.Join(dir, "emrguard.yaml"), []byte(small+"prices: prices.yaml\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.ReadPrices(); err == nil || !strings.Contains(err.Error(), "prices.yaml") {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "prices.yaml"), []byte("regions: {us-east-1: {m5.xlarge: {on_demand: 1}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := cfg.ReadPrices(); err != nil || p.Currency != "USD" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err := mustParse(t, small).ReadPrices(); p != nil || err != nil {
		t.Errorf("without a file: %+v %v", p, err)
	}
}
