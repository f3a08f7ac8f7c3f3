package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"emrguard/internal/config"
)

// TestCheckPrices: a price file that cannot be used is one finding for each of its problems; one that lacks types of the fleet names them.
func TestCheckPrices(t *testing.T) {
	s := &scene{dir: t.TempDir()}
	s.begin(t, "")
	defer s.store.Close()
	s.w.Start()
	s.w.Run(3 * time.Minute)
	for _, c := range []struct {
		name, file string
		want       []string // beginnings of the findings, of which each holds one
	}{
		{"two mistakes", "regions: {us-east-1: {m5.xlarge: {on_demand: 0}, r5.xlarge: {on_demand: 1, spot: 2}}}\n", []string{"problem m5.xlarge: on_demand", "problem r5.xlarge: spot is above"}},
		{"another type", "regions: {us-east-1: {x9.nosuch: {on_demand: 1}}}\n", []string{"ok 1 instance type in 1 region", "warning (us-east-1)"}},
		{"another region", "regions: {eu-west-1: {m5.xlarge: {on_demand: 1}}}\n", []string{"ok 1 instance type in 1 region", "warning m5.xlarge (us-east-1)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			got := checkPrices(t.Context(), s.deps(&out), s.price(t, c.file))
			if len(got) != len(c.want) {
				t.Fatalf("%+v, want %q", got, c.want)
			}
			for i, f := range got {
				status, text, _ := strings.Cut(c.want[i], " ")
				if f.Status != status || f.Check != "prices" || !strings.Contains(f.Text, text) || strings.Contains(f.Text, "\n") {
					t.Errorf("%+v, want %q", f, c.want[i])
				}
			}
		})
	}
}

// TestDemoPrices: the demo's price file can be used, and says that it is an example.
func TestDemoPrices(t *testing.T) {
	prices, err := config.ParsePrices("prices.yaml", demoPrices("eu-west-1"))
	if err != nil || !strings.Contains(prices.Note, "example") {
		t.Fatalf("%+v, %v", prices, err)
	}
	for _, instanceType := range []string{"r5.2xlarge", "m5.xlarge"} {
		if p, ok := prices.Of("eu-west-1", instanceType); !ok || p.Spot == 0 {
			t.Errorf("%s: %+v", instanceType, p)
		}
	}
}
