package cli

import (
	"context"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newPoolsCmd(d *Deps) *cobra.Command {
	return showCmd(d, &cobra.Command{
		Use:     "pools",
		Short:   "Show every pool: a group and the fallbacks made for it",
		Long:    "pools shows each logical capacity: what is wanted in all, what of it runs, and which groups hold it. CHAIN counts recoveries in a row without a completed resize.",
		Example: "  emrguard pools -c emrguard.yaml\n  emrguard pools --output json",
	}, view.Pools{}, func(_ context.Context, o *opened, r *reader, asJSON bool) error {
		page := o.world.Pools()
		if asJSON {
			return writeJSON(d.Stdout, page)
		}
		return r.table(page.Table(), "No pools are known yet.")
	})
}
