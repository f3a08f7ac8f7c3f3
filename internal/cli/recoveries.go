package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

func newRecoveriesCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "recoveries",
		Short:   "Show the repairs that are open, or all of them",
		Long:    "recoveries shows the open recoveries and at which step each is; with --all the closed ones, too.\n\n" + jsonHelp(view.Recoveries{}),
		Example: "  emrguard recoveries -c emrguard.yaml\n  emrguard recoveries --all --limit 20 --output json",
		Args:    noArgs,
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	r.addClusterFlag(cmd)
	all := cmd.Flags().Bool("all", false, "closed ones, too")
	limit := cmd.Flags().Int("limit", store.Page, "at most so many closed ones, the last")
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
		var closed []store.Record
		if *all {
			if closed, err = o.Store.History(cmd.Context(), store.Query{Scope: r.scope, Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: *limit}); err != nil && !errors.Is(err, store.ErrCorrupt) {
				return err
			}
		}
		page := o.world.Recoveries(closed)
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		empty := "No recovery is open; --all shows the closed ones."
		if *all {
			empty = "There was no recovery yet."
		}
		return r.table(page.Table(), empty)
	}
	return cmd
}
