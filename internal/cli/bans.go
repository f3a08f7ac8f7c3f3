package cli

import (
	"context"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newBansCmd(d *Deps) *cobra.Command {
	return showCmd(d, &cobra.Command{
		Use:     "bans",
		Short:   "Show the groups that take no launches",
		Long:    "bans shows each group that takes no launches, until when and why. `emrguard unban` lifts a ban.",
		Example: "  emrguard bans -c emrguard.yaml\n  emrguard bans --output json",
	}, view.Bans{}, func(_ context.Context, o *opened, r *reader, asJSON bool) error {
		page := o.world.Bans()
		if asJSON {
			return writeJSON(d.Stdout, page)
		}
		return r.table(page.Table(), "No group is banned.")
	})
}
