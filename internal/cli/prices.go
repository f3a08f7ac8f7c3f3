package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/awsapi"
	"emrguard/internal/config"
)

// pricesFor is how long the price list may take to answer for all types together.
const pricesFor = 5 * time.Minute

func newPricesCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prices",
		Short: "Write a price file from AWS's price list",
		Long: `Prices asks AWS's price list for the On-Demand and the EMR price of each instance type that the clusters in the store have, and prints a price file for
"emrguard costs" (docs/costs.md). Spot prices are not in the list: add what you pay as spot.

It needs pricing:GetProducts, which emrguard run does not: give it to whoever runs this command.`,
		Example: "  emrguard prices -c emrguard.yaml > prices.yaml\n  emrguard prices --type m5.xlarge --type r5.2xlarge",
		Args:    noArgs,
	}
	r := addReaderFlags(cmd, d)
	more := cmd.Flags().StringSlice("type", nil, "this instance `type`, too; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := r.cfg.Load()
		if err != nil {
			return err
		}
		types, err := r.typesInUse(cmd.Context(), cfg, *more)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), pricesFor)
		defer cancel()
		return writePrices(ctx, d, cfg, types)
	}
	return cmd
}

// typesInUse are the instance types by scope: those of the groups in the store, and more in every scope.
func (r *reader) typesInUse(ctx context.Context, cfg *config.Config, more []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, s := range cfg.Scopes {
		if r.scope == "" || r.scope == s.Name {
			out[s.Name] = slices.Clone(more)
		}
	}
	if len(out) == 0 {
		return nil, usageError("no scope %q in %s", r.scope, cfg.Name())
	}
	s, err := app.OpenStore(ctx, cfg, true)
	if err != nil {
		if len(more) > 0 {
			return out, nil // what is asked for by name needs no store
		}
		return nil, err
	}
	w, err := r.d.desk(cfg, s).World(ctx, r.scope)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	for _, g := range w.Groups().Groups {
		if types, ok := out[g.Scope]; ok && g.InstanceType != "" {
			out[g.Scope] = append(types, g.InstanceType)
		}
	}
	return out, nil
}

// writePrices asks for the prices and prints the file.
func writePrices(ctx context.Context, d *Deps, cfg *config.Config, types map[string][]string) error {
	regions := map[string]map[string]awsapi.Price{}
	unlisted := map[string]bool{}
	for _, s := range cfg.Scopes {
		list := slices.Compact(slices.Sorted(slices.Values(types[s.Name])))
		if len(list) == 0 {
			continue
		}
		client, err := awsapi.New(ctx, app.ScopeOptions(s, d.Version))
		if err != nil {
			return fmt.Errorf("scope %s: %w", s.Name, err)
		}
		if regions[client.Region()] == nil {
			regions[client.Region()] = map[string]awsapi.Price{}
		}
		for _, t := range list {
			if _, known := regions[client.Region()][t]; known {
				continue
			}
			price, err := client.Price(ctx, t)
			if err != nil {
				return fmt.Errorf("scope %s: the price of %s: %w; this needs pricing:GetProducts", s.Name, t, err)
			}
			if price.OnDemand == 0 {
				unlisted[t+" in "+client.Region()] = true
				continue
			}
			regions[client.Region()][t] = price
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# From AWS's price list, %s: EC2 On-Demand for Linux, and EMR. Add spot: what you pay for Spot.\n", d.now().Format("2006-01-02"))
	for _, t := range slices.Sorted(maps.Keys(unlisted)) {
		fmt.Fprintf(&b, "# Not in the list: %s\n", t)
	}
	b.WriteString("currency: USD\nregions:\n")
	found := 0
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		if len(regions[region]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", region)
		for _, t := range slices.Sorted(maps.Keys(regions[region])) {
			p := regions[region][t]
			fmt.Fprintf(&b, "    %s: {on_demand: %s", t, number(p.OnDemand))
			if p.EMR > 0 {
				fmt.Fprintf(&b, ", emr: %s", number(p.EMR))
			}
			b.WriteString("}\n")
			found++
		}
	}
	if found == 0 {
		return usageError("no prices: the clusters in the store have no instance types that are listed; name some with --type")
	}
	_, err := fmt.Fprint(d.Stdout, b.String())
	return err
}

// number is a price as YAML has it.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
