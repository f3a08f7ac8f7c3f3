package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// Run runs one command line, without the program's name, until it ends or ctx does, and returns the exit code. Errors go to Stderr.
func Run(ctx context.Context, d *Deps, args []string) int {
	root := newRootCmd(d) //nolint:contextcheck // the commands are only made here; cobra gives each its context
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintf(d.Stderr, "emrguard: %v\n", err)
	}
	return exitCode(err)
}

// newRootCmd returns the whole tree of commands.
func newRootCmd(d *Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "emrguard",
		Short: "Repairs Amazon EMR instance groups that are stuck in a resize",
		Long: `emrguard watches Amazon EMR clusters and repairs instance groups that are stuck in a resize: it stops the resize, bans the
group for a while and lets another group take the missing instances. It scales clusters by metrics and schedules, never while one of
their groups resizes, and terminates idle ones where it is told to.

` + exitCodes,
		Example: `  emrguard demo                     watch it work, without an AWS account
  emrguard check -c emrguard.yaml   is everything in place?
  emrguard run -c emrguard.yaml     guard`,
		SilenceUsage:  true,
		SilenceErrors: true,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(d.Stdin)
	root.SetOut(d.Stdout)
	root.SetErr(d.Stderr)
	root.AddCommand(
		newRunCmd(d), newOnceCmd(d), newCheckCmd(d), newIAMPolicyCmd(d), newWrapCmd(d), newImportPoliciesCmd(d), newSimCmd(d),
		newHealthCmd(d), newVersionCmd(d),
	)
	root.AddCommand(stateCmds(d)...)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w; see %s --help", err, cmd.CommandPath())
	})
	markUsageErrors(root)
	return root
}

// markUsageErrors gives every error that arises before a command's own work the exit code of wrong arguments, and every command
// without a RunE that has subcommands an error for an unknown one.
func markUsageErrors(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		markUsageErrors(c)
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError("%w; see %s --help", err, cmd.CommandPath())
			}
			return nil
		}
	}
	if cmd.HasSubCommands() && cmd.RunE == nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			text := fmt.Sprintf("there is no command %q", args[0])
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				text += fmt.Sprintf("; did you mean %q?", like[0])
			}
			return usageError("%s; see %s --help", text, cmd.CommandPath())
		}
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

// noArgs is the Args of a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, but got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
