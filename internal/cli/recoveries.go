package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"emrguard/internal/emr"
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
		defer o.store.Close() //nolint:errcheck // only read
		found, err := r.only(o)
		if err != nil {
			if found, err = r.ended(cmd.Context(), o, err); err != nil {
				return err
			}
		}
		var closed []store.Record
		if *all {
			if closed, err = o.store.History(cmd.Context(), r.query(store.Query{Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: *limit})); err != nil && !errors.Is(err, store.ErrCorrupt) {
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

// ended finds a cluster of the history alone, by its id; the world holds nothing of it. Without one the error stands.
func (r *reader) ended(ctx context.Context, o *opened, unknown error) (view.Found, error) {
	if e := (*view.UnknownError)(nil); !errors.As(unknown, &e) {
		return view.Found{}, unknown
	}
	records, err := o.store.History(ctx, r.query(store.Query{Cluster: r.which, Limit: 1}))
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return view.Found{}, err
	}
	if len(records) == 0 {
		return view.Found{}, unknown
	}
	found := view.Found{Scope: records[0].Scope, Cluster: emr.ClusterID(r.which)}
	o.world = o.world.Only(found)
	return found, nil
}
