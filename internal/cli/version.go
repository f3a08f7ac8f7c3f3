package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// versionPage is the answer of `emrguard version --output json`.
type versionPage struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersionCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  emrguard version\n  emrguard version --output json",
		Args:    noArgs,
	}
	out := addOutputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		page := versionPage{Version: d.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		fmt.Fprintf(d.Stdout, "emrguard %s (%s, %s/%s)\n", page.Version, page.Go, page.OS, page.Arch)
		return nil
	}
	return cmd
}
