package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"emrguard/internal/view"
)

// completeNames lets the shell complete a command's one argument, CLUSTER, GROUP or POOL as its usage calls it, with the names in the store. Without a store there are none.
func (r *reader) completeNames(cmd *cobra.Command) {
	what := strings.Fields(cmd.Use)[1]
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		o, err := r.open(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // a shell has no place for it; the command tells
		}
		defer o.close() //nolint:errcheck // only read
		names := slices.DeleteFunc(namesOf(o.world, what), func(n string) bool { return !strings.HasPrefix(n, begun) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// namesOf are the names of all clusters, or CLUSTER/NAME of all groups or pools, in order and each once.
func namesOf(w view.World, what string) []string {
	var names []string
	for _, s := range w.Scopes {
		for _, c := range s.Clusters {
			switch what {
			case "CLUSTER":
				names = append(names, c.Cluster.Name)
			case "GROUP":
				for _, g := range c.Groups {
					names = append(names, c.Cluster.Name+"/"+g.Name)
				}
			case "POOL":
				for _, p := range c.Pools {
					names = append(names, c.Cluster.Name+"/"+p.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
