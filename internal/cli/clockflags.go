package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/config"
)

// clockFlags are the values of --speed and --start.
type clockFlags struct {
	cmd   *cobra.Command
	d     *Deps
	speed float64
	start string
}

// addClockFlags gives a command --speed and --start, for a simulator.
func addClockFlags(cmd *cobra.Command, d *Deps) *clockFlags {
	c := &clockFlags{cmd: cmd, d: d}
	cmd.Flags().Float64Var(&c.speed, "speed", 1, "follow a simulator whose clock runs `N` times faster; every endpoint must be on this machine")
	cmd.Flags().StringVar(&c.start, "start", "", "simulated `time` to begin at, RFC 3339 (default the simulator's own)")
	return c
}

// clock is the guard's clock: real unless one of the flags was given.
func (c *clockFlags) clock(ctx context.Context, cfg *config.Config) (*app.Clock, error) {
	if !c.cmd.Flags().Changed("speed") && c.start == "" {
		return app.RealClock(), nil
	}
	if c.speed < 1 || c.speed > app.MaxSpeed {
		return nil, usageError("--speed %g is not between 1 and %d", c.speed, app.MaxSpeed)
	}
	start, err := parseStart(c.start)
	if err != nil {
		return nil, err
	}
	clock, err := app.SimulatorClock(ctx, cfg, start, c.speed, c.d.Version)
	if err != nil {
		return nil, usageError("--speed: %w", err)
	}
	return clock, nil
}

// parseStart reads --start; empty is the zero time.
func parseStart(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usageError("--start %q is no time like 2026-01-05T08:00:00Z", text)
	}
	return t, nil
}
