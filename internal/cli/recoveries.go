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
	all := cmd.Flags().Bool("all", false, "closed ones, too")
	limit := cmd.Flags().Int("limit", store.Page, "at most so many closed ones, the last")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.store.Close() //nolint:errcheck // only read
		var closed []store.Record
		if *all {
			if closed, err = o.store.History(cmd.Context(), r.query(store.Query{Kinds: view.Outcomes(), Limit: *limit})); err != nil && !errors.Is(err, store.ErrCorrupt) {
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
