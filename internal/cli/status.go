package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

func newStatusCmd(d *Deps) *cobra.Command {
	return showCmd(d, &cobra.Command{
		Use:     "status",
		Short:   "Show every cluster: what is missing, what is suspended, what is being repaired",
		Long:    "status shows every cluster that has not ended: what runs of what is wanted, what is missing since when, whether that is a resize within its time and until when, or stuck, and what emrguard does about it.",
		Example: "  emrguard status -c emrguard.yaml\n  emrguard status --scope prod --output json",
	}, view.Status{}, func(_ context.Context, o *opened, r *reader, asJSON bool) error {
		status := o.world.Status()
		if asJSON {
			return writeJSON(d.Stdout, status)
		}
		for i, s := range status.Scopes {
			if i > 0 {
				fmt.Fprintln(d.Stdout)
			}
			fmt.Fprintln(d.Stdout, s.Headline(status.Now))
			for _, t := range s.Troubles {
				fmt.Fprintln(d.Stdout, "trouble "+printable(t.Sentence(status.Now)))
			}
			for _, p := range s.Problems {
				fmt.Fprintln(d.Stdout, "unreadable: "+p)
			}
			if err := r.table(s.Table(status.Now), "No clusters are watched yet."); err != nil {
				return err
			}
		}
		return nil
	})
}
