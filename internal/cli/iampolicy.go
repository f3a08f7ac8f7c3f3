package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"emrguard/internal/config"
)

// policyPage is one entry of the answer of `emrguard iam-policy --output json`.
type policyPage struct {
	Principal string        `json:"principal"` // a role's ARN; empty: the credentials emrguard runs with
	Policy    config.Policy `json:"policy"`
}

func newIAMPolicyCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iam-policy",
		Short: "Print the least-privilege IAM policies for a configuration",
		Long: `Iam-policy prints what each principal needs for this configuration, and no more: the credentials emrguard runs with, and every role
it assumes. Each policy is a document as IAM takes it. Where there are several, a line on standard error names the principal of each;
--role prints one alone. --prices adds what "emrguard prices" asks, which the daemon does not: leave it out of the daemon's own role where somebody else
runs that command.`,
		Example: `  emrguard iam-policy -c emrguard.yaml
  emrguard iam-policy -c emrguard.yaml --role arn:aws:iam::111122223333:role/emrguard > policy.json`,
		Args: noArgs,
	}
	file, out := addConfigFlag(cmd, d), addOutputFlag(cmd)
	prices := cmd.Flags().Bool("prices", false, "with what emrguard prices asks: the price list and the Spot prices")
	role := cmd.Flags().String("role", "", "only the policy of this role `ARN`")
	cmd.RunE = func(*cobra.Command, []string) error {
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		var list []config.PolicyFor
		var known []string
		for _, p := range cfg.IAMPolicies(extras(*prices)...) {
			if p.Principal != "" {
				known = append(known, p.Principal)
			}
			if *role == "" || p.Principal == *role {
				list = append(list, p)
			}
		}
		if len(list) == 0 && *role != "" {
			return usageError("--role %s: no scope of %s assumes it; there are %s", *role, cfg.Name(), strings.Join(known, ", "))
		}
		return writePolicies(d, out, list)
	}
	return cmd
}

// extras are what the policies allow beside the guard.
func extras(prices bool) []config.Extra {
	if prices {
		return []config.Extra{config.ForPrices}
	}
	return nil
}

func writePolicies(d *Deps, out *output, list []config.PolicyFor) error {
	if out.JSON() {
		pages := []policyPage{}
		for _, p := range list {
			pages = append(pages, policyPage(p))
		}
		return writeJSON(d.Stdout, pages)
	}
	for _, p := range list {
		if len(list) > 1 {
			who := "the credentials emrguard runs with"
			if p.Principal != "" {
				who = p.Principal
			}
			fmt.Fprintf(d.Stderr, "# %s\n", who)
		}
		fmt.Fprint(d.Stdout, p.Policy.JSON())
	}
	return nil
}
