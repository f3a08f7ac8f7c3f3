package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/phrase"
)

// The bounds of the questions.
const (
	pricesFor    = 5 * time.Minute // all together
	maxSpotDays  = 90              // EC2 keeps Spot prices for so long
	maxSpotPages = 1000
)

func newPricesCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prices",
		Short: "Write a price file from AWS's price list",
		Long: `Prices asks AWS's price list for the On-Demand and the EMR price of each instance type that the clusters in the store have, and prints a price file for
"emrguard costs" (docs/costs.md). Spot prices are the means of EC2's Spot price history, of the last seven days unless --spot-days says otherwise; without the permission for that
the file has none, and says so.

It needs pricing:GetProducts and, for Spot, ec2:DescribeSpotPriceHistory, which emrguard run does not: give them to whoever runs this command. "emrguard iam-policy --prices"
prints both, "emrguard check --prices" tries them.`,
		Example: "  emrguard prices -c emrguard.yaml > prices.yaml\n  emrguard prices --type m5.xlarge --type r5.2xlarge",
		Args:    noArgs,
	}
	r := addReaderFlags(cmd, d)
	more := cmd.Flags().StringSlice("type", nil, "this instance `type`, too; may be repeated")
	days := cmd.Flags().Int("spot-days", 7, "`days` of Spot prices to take the mean of, up to 90; 0: no Spot prices")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *days < 0 || *days > maxSpotDays {
			return usageError("--spot-days %d is not from 0 to %d, which is how far back EC2 tells Spot prices", *days, maxSpotDays)
		}
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
		return writePrices(ctx, d, cfg, types, *days)
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

// priceFile collects what is written.
type priceFile struct {
	now      time.Time
	days     int // of Spot prices; 0: none
	regions  map[string]map[string]typePrice
	unlisted map[string]bool // "type in region"
	denied   map[string]bool // regions whose Spot prices are refused
}

// typePrice is what is known of an instance type in a region.
type typePrice struct {
	awsapi.Price
	spot spotMean // of no zones: none is known
}

// writePrices asks for the prices and prints the file.
func writePrices(ctx context.Context, d *Deps, cfg *config.Config, types map[string][]string, days int) error {
	f := priceFile{now: d.now(), days: days, regions: map[string]map[string]typePrice{}, unlisted: map[string]bool{}, denied: map[string]bool{}}
	for _, s := range cfg.Scopes {
		list := slices.Compact(slices.Sorted(slices.Values(types[s.Name])))
		if len(list) == 0 {
			continue
		}
		client, err := awsapi.New(ctx, app.ScopeOptions(s, d.Version))
		if err != nil {
			return fmt.Errorf("scope %s: %w", s.Name, err)
		}
		if err := f.ask(ctx, client, list); err != nil {
			return fmt.Errorf("scope %s: %w", s.Name, err)
		}
	}
	text, found := f.text()
	if found == 0 {
		return usageError("no prices: the clusters in the store have no instance types that are listed; name some with --type")
	}
	_, err := fmt.Fprint(d.Stdout, text)
	return err
}

// ask gets what is not known yet of the types in the client's region.
func (f *priceFile) ask(ctx context.Context, client *awsapi.Client, types []string) error {
	region := client.Region()
	if f.regions[region] == nil {
		f.regions[region] = map[string]typePrice{}
	}
	var found []string
	for _, t := range types {
		if _, known := f.regions[region][t]; known {
			continue
		}
		price, err := client.Price(ctx, t)
		if err != nil {
			step := unanswered(err)
			if step == "" {
				step = "this needs " + config.PriceListAction + ", see emrguard iam-policy --prices"
			}
			return fmt.Errorf("the price of %s: %w; %s", t, err, step)
		}
		if price.OnDemand == 0 {
			f.unlisted[t+" in "+region] = true
			continue
		}
		f.regions[region][t] = typePrice{Price: price}
		found = append(found, t)
	}
	if len(found) == 0 || f.days == 0 {
		return nil
	}
	means, err := askSpot(ctx, client, found, f.now.AddDate(0, 0, -f.days), f.now)
	if refused, ok := errors.AsType[*emr.Error](err); ok && refused.Class == emr.Denied {
		f.denied[region] = true
		return nil
	} else if err != nil {
		return fmt.Errorf("the Spot prices of %s: %w; --spot-days 0 leaves them out", region, err)
	}
	for _, t := range found {
		price := f.regions[region][t]
		price.spot = means[t]
		f.regions[region][t] = price
	}
	return nil
}

// askSpot reads the Spot prices of types in a time, page by page, and takes their means.
func askSpot(ctx context.Context, client *awsapi.Client, types []string, from, to time.Time) (map[string]spotMean, error) {
	var all []awsapi.SpotPrice
	token := ""
	for range maxSpotPages {
		page, next, err := client.SpotPrices(ctx, types, from, to, token)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" {
			return spotMeans(all, from, to), nil
		}
		token = next
	}
	return nil, fmt.Errorf("there are more than %d pages of them; ask for fewer days", maxSpotPages)
}

// text is the file, and how many types it has prices of.
func (f *priceFile) text() (text string, found int) {
	var b strings.Builder
	fmt.Fprintf(&b, "# From AWS's price list, %s: EC2 On-Demand for Linux, and EMR.\n", f.now.Format(time.DateOnly))
	if f.days > 0 && len(f.denied) < len(f.regions) {
		fmt.Fprintf(&b, "# spot: from EC2's Spot price history (Linux/UNIX) of %s until then: in each zone of the region the mean, each price weighted by how long it held;\n", phrase.Count(f.days, "day"))
		b.WriteString("# over the zones the plain mean, with the cheapest and the dearest beside it. A group with a BidPrice pays the Spot price, too: the bid is a limit.\n")
	} else {
		b.WriteString("# Add spot: what you pay for Spot.\n")
	}
	for _, region := range slices.Sorted(maps.Keys(f.denied)) {
		fmt.Fprintf(&b, "# No Spot prices of %s: AWS refuses %s. Add spot yourself, or see emrguard iam-policy --prices\n", region, config.SpotPriceAction)
	}
	for _, t := range slices.Sorted(maps.Keys(f.unlisted)) {
		fmt.Fprintf(&b, "# Not in the list: %s\n", t)
	}
	b.WriteString("currency: USD\nregions:\n")
	for _, region := range slices.Sorted(maps.Keys(f.regions)) {
		if len(f.regions[region]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", region)
		for _, t := range slices.Sorted(maps.Keys(f.regions[region])) {
			b.WriteString(f.line(region, t))
			found++
		}
	}
	return b.String(), found
}

// line is the line of one type.
func (f *priceFile) line(region, instanceType string) string {
	p := f.regions[region][instanceType]
	line, note := fmt.Sprintf("    %s: {on_demand: %s", instanceType, number(p.OnDemand)), ""
	switch {
	case f.days == 0 || f.denied[region]:
	case p.spot.zones == 0:
		note = " # no Spot price in these days"
	case rounded(p.spot.mean) > p.OnDemand: // a file with such a price is refused as a mistake
		note = fmt.Sprintf(" # Spot was dearer than On-Demand, %s in the mean, and is left out", number(rounded(p.spot.mean)))
	default:
		line += ", spot: " + number(rounded(p.spot.mean))
		if note = " # spot: 1 zone"; p.spot.zones > 1 {
			note = fmt.Sprintf(" # spot: %d zones, %s to %s", p.spot.zones, number(rounded(p.spot.lowest)), number(rounded(p.spot.highest)))
		}
	}
	if p.EMR > 0 {
		line += ", emr: " + number(p.EMR)
	}
	return line + "}" + note + "\n"
}

// rounded is a price to a hundredth of a cent.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// number is a price as YAML has it.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
