package cli

import (
	"context"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newGroupsCmd(d *Deps) *cobra.Command {
	return showCmd(d, &cobra.Command{
		Use:     "groups",
		Short:   "Show every instance group as last read",
		Long:    "groups shows each instance group as last read, since when instances are missing and why. A fallback is called after its origin: NAME+RECOVERY.",
		Example: "  emrguard groups -c emrguard.yaml\n  emrguard groups --output json",
	}, view.Groups{}, func(_ context.Context, o *opened, r *reader, asJSON bool) error {
		page := o.world.Groups()
		if asJSON {
			return writeJSON(d.Stdout, page)
		}
		return r.table(page.Table(), "No groups are known yet.")
	})
}
