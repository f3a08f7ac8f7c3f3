package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"emrguard/internal/desk"
	"emrguard/internal/guard"
	"emrguard/internal/view"
)

func newBanCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ban GROUP --for DURATION",
		Short:   "Keep launches away from a group for a while",
		Long:    "ban lets a group take no launches until the time is over. What runs there stays, and it may still be released.",
		Example: "  emrguard ban etl/task --for 1h --reason 'capacity in use1-az2 is gone'\n  emrguard ban ig-2ABCDEFGH3IJK --for 30m",
		Args:    cobra.ExactArgs(1),
	}
	o := addOrderFlags(cmd, d)
	length := cmd.Flags().Duration("for", 0, "how long, 1m to 720h")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *length == 0 {
			return usageError("a ban needs --for, for example --for 2h")
		}
		found, err := o.onGroup(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return o.send(cmd.Context(), at(found), guard.Order{Kind: guard.OrderBan, Group: found.Group, For: guard.Length(*length)})
	}
	return cmd
}

func newUnbanCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unban GROUP",
		Short:   "Let a banned group take launches again",
		Long:    "unban lifts a ban, whoever set it.",
		Example: "  emrguard unban etl/task",
		Args:    cobra.ExactArgs(1),
	}
	o := addOrderFlags(cmd, d)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := o.onGroup(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return o.send(cmd.Context(), at(found), guard.Order{Kind: guard.OrderUnban, Group: found.Group})
	}
	return cmd
}

func newPauseCmd(d *Deps) *cobra.Command {
	return pauseCmd(d, &cobra.Command{
		Use:   "pause CLUSTER | --all",
		Short: "Change nothing on a cluster, or on all",
		Long: `pause holds every recovery of a cluster before its next call. Watching goes on: status shows what is missing since when. With --all
the whole scope is held, clusters to come included; it has a switch of its own, so resume --all ends it.`,
		Example: "  emrguard pause etl --reason 'migration until noon'\n  emrguard pause --all --scope prod",
	}, guard.OrderPause)
}

func newResumeCmd(d *Deps) *cobra.Command {
	return pauseCmd(d, &cobra.Command{
		Use:     "resume CLUSTER | --all",
		Short:   "End a pause",
		Long:    "resume ends the pause of a cluster, or with --all that of the whole scope. Each pause has to be ended by itself.",
		Example: "  emrguard resume etl\n  emrguard resume --all",
	}, guard.OrderResume)
}

// pauseCmd completes a command that takes a cluster or --all.
func pauseCmd(d *Deps, cmd *cobra.Command, kind guard.OrderKind) *cobra.Command {
	cmd.Args = cobra.MaximumNArgs(1)
	o := addOrderFlags(cmd, d)
	all := cmd.Flags().Bool("all", false, "every cluster of the scope, or of all scopes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *all == (len(args) == 1) {
			return usageError("%s needs either a cluster or --all", kind)
		}
		if !*all {
			found, err := o.onCluster(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return o.send(cmd.Context(), at(found), guard.Order{Kind: kind})
		}
		opened, err := o.open(cmd.Context())
		if err != nil {
			return err
		}
		if err := opened.close(); err != nil {
			return err
		}
		var errs []error
		for _, s := range opened.world.Scopes {
			errs = append(errs, o.send(cmd.Context(), desk.Target{Scope: s.Name}, guard.Order{Kind: kind}))
		}
		return errors.Join(errs...)
	}
	return cmd
}

func newScaleCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scale POOL --to N | --by N",
		Short: "Set how many instances a pool wants",
		Long: `scale sets what a pool wants in all, or with --by changes what it wants at this moment. More is launched on the best member, less is
released, the last fallback first. While scaling is suspended on the cluster it is refused with the reason, unless --force is given.

POOL is the id or the name of the pool's own group, or CLUSTER/POOL.`,
		Example: `  emrguard scale etl/task --to 12 --reason 'end of quarter'
  emrguard scale task --cluster etl --by +3
  emrguard scale ig-2ABCDEFGH3IJK --by -2
  emrguard scale etl/task --to 3 --force`,
		Args: cobra.ExactArgs(1),
	}
	o := addOrderFlags(cmd, d)
	o.addClusterFlag(cmd)
	to := cmd.Flags().Int("to", 0, "instances wanted, 0 to 2000")
	by := cmd.Flags().Int("by", 0, "so many `instances` more than the pool wants now, or fewer")
	force := cmd.Flags().Bool("force", false, "in spite of a suspension")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		relative := cmd.Flags().Changed("by")
		switch {
		case relative == cmd.Flags().Changed("to"):
			return usageError("scale needs either --to, for example --to 12, or --by, for example --by +3")
		case relative && *by == 0:
			return usageError("--by 0 changes nothing; give a number of instances more or fewer, for example --by -2")
		}
		found, err := o.onPool(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if relative {
			if *to = found.Wanted + *by; *to < 0 {
				return usageError("pool %s wants %d: --by %d leaves less than none", found.Name, found.Wanted, *by)
			}
		}
		return o.send(cmd.Context(), at(found), guard.Order{Kind: guard.OrderScale, Group: found.Group, To: *to, Force: *force})
	}
	return cmd
}

func newReturnCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "return POOL",
		Short: "Ask a pool's own group again for what was placed elsewhere",
		Long: `return asks the origin of a pool for the instances that were placed on fallbacks; once they run, as many are released there. It is how
a core group gets back what it misses.`,
		Example: "  emrguard return etl/core",
		Args:    cobra.ExactArgs(1),
	}
	o := addOrderFlags(cmd, d)
	o.addClusterFlag(cmd)
	force := cmd.Flags().Bool("force", false, "in spite of a suspension")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := o.onPool(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return o.send(cmd.Context(), at(found), guard.Order{Kind: guard.OrderReturn, Group: found.Group, Force: *force})
	}
	return cmd
}

func newAdoptCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt CLUSTER",
		Short: "Take over groups that another store's emrguard made",
		Long: `adopt makes the groups that carry the token of another emrguard store members of their pools. Before that the cluster is only
observed. Make sure that the other emrguard does not run any more.`,
		Example: "  emrguard adopt etl",
		Args:    cobra.ExactArgs(1),
	}
	o := addOrderFlags(cmd, d)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := o.onCluster(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return o.send(cmd.Context(), at(found), guard.Order{Kind: guard.OrderAdopt})
	}
	return cmd
}

// at is the target of an order on what was found.
func at(f view.Found) desk.Target { return desk.Target{Scope: f.Scope, Cluster: f.Cluster} }
