package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/phrase"
)

// mostNamed is how many instance types a finding names.
const mostNamed = 10

// checkPrices reads the price file, if there is one, and looks whether it has the instance types of the fleet that the store knows.
func checkPrices(ctx context.Context, d *Deps, cfg *config.Config) []finding {
	prices, err := cfg.ReadPrices()
	if e := (*config.Error)(nil); errors.As(err, &e) {
		return fileFindings("prices", e)
	}
	switch {
	case err != nil:
		return []finding{problem("prices", err.Error())}
	case prices == nil:
		return nil
	}
	types := 0
	for _, region := range prices.Regions {
		types += len(region)
	}
	list := []finding{fine("prices", phrase.Count(types, "instance type")+" in "+phrase.Count(len(prices.Regions), "region"))}
	lacking := lackingPrices(ctx, d, cfg, prices)
	if len(lacking) == 0 {
		return list
	}
	named := strings.Join(lacking[:min(mostNamed, len(lacking))], ", ")
	if more := len(lacking) - mostNamed; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return append(list, finding{Status: statusWarning, Check: "prices", Text: "instance types of the fleet without a price: " + named + "; their hours are in no amount"})
}

// lackingPrices are the instance types that clusters have and the price file has not, with their regions, in order. Without a store that can be
// read, none is known; the check of the store says so.
func lackingPrices(ctx context.Context, d *Deps, cfg *config.Config, prices *config.Prices) []string {
	s, err := app.OpenStore(ctx, cfg, true)
	if err != nil {
		return nil
	}
	defer s.Close() //nolint:errcheck // only read
	w, err := d.desk(cfg, s).World(ctx, "")
	if err != nil {
		return nil
	}
	lacking := map[string]bool{}
	for _, scope := range w.Scopes {
		region := cfg.Region(scope.Name)
		for _, c := range scope.Clusters {
			for _, g := range c.Groups {
				if _, ok := prices.Of(region, g.InstanceType); !ok && g.InstanceType != "" && region != "" {
					lacking[g.InstanceType+" ("+region+")"] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(lacking))
}
