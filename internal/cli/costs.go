package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newCostsCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "costs",
		Short: "Show what ran, what was missing, what fallbacks ran in its place, and what that cost",
		Long: `costs adds up the instance-hours of a period: what ran, what was asked for and missing, and what ran on the groups that emrguard made in its place. With a
price file (prices in the configuration, docs/costs.md) it says what the hours would have cost On-Demand, what they cost, and what was saved.
It ends with how each figure is computed.

A time is a time of day (14:05), a date, both (2026-01-05T14:05:00Z), or an age (12h, 7d).

` + jsonHelp(view.Costs{}),
		Example: "  emrguard costs                                   # the last seven days\n  emrguard costs --since 2026-01-01 --until 2026-02-01 --output json\n  emrguard costs --cluster etl --since 30d",
		Args:    noArgs,
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	r.addClusterFlag(cmd)
	f := addPeriodFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.close() //nolint:errcheck // only read
		found, err := r.onlyOrEnded(cmd.Context(), o)
		if err != nil {
			return err
		}
		from, to, err := f.period(o.world.Now)
		if err != nil {
			return err
		}
		page, err := o.Costs(cmd.Context(), o.world, found, from, to)
		if err != nil {
			return err
		}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		fmt.Fprintln(d.Stdout, page.Headline())
		if page.Note != "" {
			fmt.Fprintln(d.Stdout, "Of the prices: "+page.Note)
		}
		if without := page.Total.Without(); without != "" {
			fmt.Fprintf(d.Stdout, "The amounts are %s.\n", without)
		}
		fmt.Fprintln(d.Stdout)
		if err := writeTables(d, page.Tables(), "Nothing ran."); err != nil {
			return err
		}
		fmt.Fprintln(d.Stdout)
		for _, h := range page.How {
			fmt.Fprintln(d.Stdout, h)
		}
		return nil
	}
	return cmd
}
