package cli

import (
	"github.com/spf13/cobra"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

func newExplainCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Tell the whole story of a decision, recovery, group, pool or cluster",
		Long: `explain tells one thing in order: what was seen, what was decided and why, what it was made on, and what came of it. ID is that of a
record of the history, a recovery, a group, a pool or a cluster; groups, pools and clusters may be named, too.

` + jsonHelp(view.Explanation{}),
		Example: `  emrguard explain etl/task
  emrguard explain rt8xk2a-1f
  emrguard explain 2ETL000000002-14 --output json`,
		Args: cobra.ExactArgs(1),
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.close() //nolint:errcheck // only read
		e, err := o.Explain(cmd.Context(), o.world, r.scope, args[0], desk.Part{Limit: store.MaxPage})
		if err != nil {
			return err
		}
		if out.JSON() {
			return writeJSON(d.Stdout, e)
		}
		return e.Write(d.Stdout)
	}
	return cmd
}
