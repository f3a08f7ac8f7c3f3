package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"emrguard/internal/config"
	"emrguard/internal/importer"
)

// maxImport bounds the bytes of a file to import.
const maxImport = 8 << 20

func newImportPoliciesCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import-policies FILE",
		Short: "Turn the scaling policies of Spot Elastigroup for EMR into a rule",
		Long: `Import-policies reads mrScaler objects as the REST API of Spot Elastigroup for EMR has them and prints them as rules of emrguard's
configuration. It takes capacities, policies up and down, scheduled tasks, termination policies, the group to make and the instance types
to fall back to. FILE is one object, a request ({"mrScaler": …}), an answer ({"response": {"items": […]}}) or a list; - reads standard input.

The rules go to standard output, what was left out or changed to standard error, each part with its place in the file and the reason. What is
printed is valid: a part that emrguard cannot take whole is left out, never guessed. Nothing is sent anywhere and nothing is changed.

The exit code is 2 if the file holds no mrScaler, and 4 if nothing of it could be taken.`,
		Example: `  curl -s -H "Authorization: Bearer $TOKEN" "https://api.spotinst.io/aws/emr/mrScaler/simrs-1234?accountId=act-1" > scaler.json
  emrguard import-policies scaler.json > rules.yaml
  emrguard import-policies --mode enforce - < scaler.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want one file, or - for standard input")
			}
			return nil
		},
	}
	mode := cmd.Flags().String("mode", string(config.Observe), "`mode` of the rules: observe or enforce")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{string(config.Observe), string(config.Enforce)}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *mode != string(config.Observe) && *mode != string(config.Enforce) {
			return usageError("--mode %q is neither observe nor enforce", *mode)
		}
		data, err := readImport(d, args[0])
		if err != nil {
			return err
		}
		result, err := importer.Convert(data, config.Mode(*mode))
		for _, n := range result.Notes {
			fmt.Fprintln(d.Stderr, printable(n.String()))
		}
		switch {
		case errors.Is(err, importer.ErrNothing):
			return findingsError("%s: %w", args[0], err)
		case err != nil:
			return usageError("%s: %w", args[0], err)
		}
		if _, err := io.WriteString(d.Stdout, result.Text()); err != nil {
			return err
		}
		fmt.Fprintln(d.Stderr, result.Summary())
		return nil
	}
	return cmd
}

// readImport reads a file, or standard input for "-".
func readImport(d *Deps, path string) ([]byte, error) {
	in := d.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usageError("%w", err)
		}
		defer f.Close() //nolint:errcheck // only read
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxImport {
		return nil, usageError("%s is larger than %d bytes", path, maxImport)
	}
	return data, nil
}
