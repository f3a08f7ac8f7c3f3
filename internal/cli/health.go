package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/config"
)

// healthTimeout bounds the question, in real time.
const healthTimeout = 5 * time.Second

func newHealthCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the daemon on this machine whether it is well",
		Long: `Health asks the configuration's listener for /healthz, which fails when the loop stands still, or when for five minutes no scope could be
guarded because the store fails, and with --ready for /readyz, which fails until every scope is owned and its clusters were listed. Another
process that holds the scopes makes only /readyz fail. It is for container engines, which ask by a command, and needs no token.

The exit code is 0 if all is well, and 1 with the reason if not or if nobody answers within five seconds.`,
		Example: `  emrguard health -c emrguard.yaml
  emrguard health -c emrguard.yaml --ready`,
		Args: noArgs,
	}
	file := addConfigFlag(cmd, d)
	ready := cmd.Flags().Bool("ready", false, "ask whether it does its work already, rather than whether it lives")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		if !cfg.Listens() {
			return usageError("%s: listen is none, so nobody can be asked; give it an address", cfg.Name())
		}
		path := "/healthz"
		if *ready {
			path = "/readyz"
		}
		return askHealth(cmd.Context(), d, healthURL(cfg, path))
	}
	return cmd
}

// healthURL is where the daemon of a configuration answers on this machine.
func healthURL(cfg *config.Config, path string) string {
	host, port, _ := net.SplitHostPort(cfg.Listen) // the configuration is valid
	switch ip, err := netip.ParseAddr(host); {
	case host == "":
		host = "localhost"
	case err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: path}
	if cert, _ := cfg.Certificate(); cert != "" {
		u.Scheme = "https"
	}
	return u.String()
}

// askHealth returns nil if the daemon at the address says that it is well.
func askHealth(ctx context.Context, d *Deps, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,                                  // one question
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a certificate does not name 127.0.0.1; nothing secret is sent
	}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("nobody answers: %w; does emrguard run here, with this configuration?", err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", address, res.Status, strings.TrimSpace(string(body)))
	}
	_, err = d.Stdout.Write(body)
	return err
}
