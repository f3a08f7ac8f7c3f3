package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newPoliciesCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policies [CLUSTER]",
		Short: "Show every metric policy, schedule and termination policy, and how it stands",
		Long: `policies shows the configured pools with the bounds in force and what set them; each metric policy with its condition, how it was judged last
and on which data points, when it is judged next and how long it cools down; each schedule with the time it is due next, and why one that
was due waits; and each termination policy. Conditions are those of the configuration file, everything else is what the guard has stored.

` + jsonHelp(view.Policies{}),
		Example: "  emrguard policies -c emrguard.yaml\n  emrguard policies etl\n  emrguard policies etl --output json",
		Args:    cobra.MaximumNArgs(1),
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	r.addClusterFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			if r.which != "" && r.which != args[0] {
				return usageError("policies takes one cluster, not %s and %s", args[0], r.which)
			}
			r.which = args[0]
		}
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		if err := r.only(o); err != nil {
			return errors.Join(err, o.close())
		}
		if err := o.close(); err != nil {
			return err
		}
		page := o.world.Policies()
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		return writeTables(d, page.Tables(), "No cluster that is watched has pools or termination policies in "+r.cfg.Path()+".")
	}
	return cmd
}

// writeTables writes tables with an empty line between them, or a sentence when there are none.
func writeTables(d *Deps, tables []view.Table, empty string) error {
	if len(tables) == 0 {
		_, err := fmt.Fprintln(d.Stdout, empty)
		return err
	}
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(d.Stdout)
		}
		if err := t.Write(d.Stdout); err != nil {
			return err
		}
	}
	return nil
}
