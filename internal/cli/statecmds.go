package cli

import "github.com/spf13/cobra"

// stateCmds are the commands that show and change what the store holds, whether or not a daemon runs, and the demo, which is
// made of them.
func stateCmds(d *Deps) []*cobra.Command {
	return []*cobra.Command{
		newDemoCmd(d),
		newStatusCmd(d), newPoolsCmd(d), newGroupsCmd(d), newRecoveriesCmd(d), newBansCmd(d), newHistoryCmd(d), newExplainCmd(d), newReportCmd(d), newCostsCmd(d), newPricesCmd(d), newPoliciesCmd(d),
		newNotifyCmd(d),
		newBanCmd(d), newUnbanCmd(d), newPauseCmd(d), newResumeCmd(d), newScaleCmd(d), newReturnCmd(d), newAdoptCmd(d),
	}
}
