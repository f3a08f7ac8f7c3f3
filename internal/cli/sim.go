package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/emrsim/wire"
)

// simFlags are the flags of `emrguard sim`.
type simFlags struct {
	scenario, listen, start string
	speed                   float64
	instant, events, list   bool
	seed                    uint64
}

func newSimCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Serve a simulated Amazon EMR, for emrguard, the AWS CLI, SDKs and other tools",
		Long: `Sim serves a simulated Amazon EMR over HTTP until it is stopped, and CloudWatch with the metrics of its clusters. A scenario says which
clusters there are, what work they have, how much capacity EC2 has, and what happens; --list shows those that come with the program.
Under /_sim/ the simulator tells the truth about its world and takes faults while it runs.

Any region and any access key will do; signatures are not checked. Everybody who reaches the listener can do everything.`,
		Example: `  emrguard sim                                    the demo's world on 127.0.0.1:4566
  emrguard sim --scenario drought --speed 600     ten minutes a second
  emrguard sim --scenario ./mine.yaml --seed 7
  emrguard sim --list`,
		Args: noArgs,
	}
	var f simFlags
	flags := cmd.Flags()
	flags.StringVar(&f.scenario, "scenario", "demo", "`name` of a scenario that comes with the program, or a YAML file")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:4566", "`address` to listen on; port 0 takes a free one")
	flags.Float64Var(&f.speed, "speed", 1, "run the clock `N` times faster than real time")
	flags.StringVar(&f.start, "start", "", "simulated `time` to begin at, RFC 3339 (default the scenario's, else now)")
	flags.BoolVar(&f.instant, "instant", false, "what has capacity is there at once")
	flags.BoolVar(&f.events, "events", false, "send EMR's events to the SQS queue emr-events")
	flags.Uint64Var(&f.seed, "seed", 0, "`number` that everything random follows from (default the scenario's)")
	flags.BoolVar(&f.list, "list", false, "list the scenarios that come with the program")
	_ = cmd.RegisterFlagCompletionFunc("scenario", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return scenario.Names(), cobra.ShellCompDirectiveDefault
	})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.list {
			return listScenarios(d)
		}
		sc, err := f.world(cmd)
		if err != nil {
			return err
		}
		return serveSim(cmd.Context(), d, f, sc)
	}
	return cmd
}

// listScenarios writes the scenarios that come with the program.
func listScenarios(d *Deps) error {
	var rows [][]string
	for _, name := range scenario.Names() {
		sc, err := scenario.Load(name)
		if err != nil {
			return err
		}
		length := "no end"
		if sc.Duration > 0 {
			length = sc.Duration.String()
		}
		rows = append(rows, []string{name, length, sc.About})
	}
	return writeTable(d.Stdout, []string{"SCENARIO", "LENGTH", "ABOUT"}, rows)
}

// world reads the scenario and puts the flags into it.
func (f *simFlags) world(cmd *cobra.Command) (*scenario.Scenario, error) {
	sc, err := loadScenario(f.scenario)
	if err != nil {
		return nil, err
	}
	start, err := parseStart(f.start)
	if err != nil {
		return nil, err
	}
	switch {
	case !start.IsZero():
		sc.Start = start
	case sc.Start.IsZero():
		sc.Start = time.Now().UTC().Truncate(time.Second)
	}
	if cmd.Flags().Changed("seed") {
		sc.Seed = f.seed
	}
	sc.Instant = sc.Instant || f.instant
	sc.EventsQueue.On = sc.EventsQueue.On || f.events
	return sc, nil
}

// loadScenario takes a name that comes with the program, or a file.
func loadScenario(name string) (*scenario.Scenario, error) {
	if slices.Contains(scenario.Names(), name) {
		return scenario.Load(name)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError("--scenario %s: no such file, and the scenarios that come with the program are %s", name, strings.Join(scenario.Names(), ", "))
	}
	if err != nil {
		return nil, usageError("--scenario: %w", err)
	}
	sc, err := scenario.Parse(name, data)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return sc, nil
}

// serveSim serves the world until ctx ends.
func serveSim(ctx context.Context, d *Deps, f simFlags, sc *scenario.Scenario) error {
	sim, err := sc.Build()
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen", f.listen, err)
	}
	clock, err := wire.NewClock(sim.Now(), f.speed)
	if err != nil {
		return errors.Join(usageError("--speed: %w", err), ln.Close())
	}
	region := sc.Region
	if region == "" {
		region = "us-east-1"
	}
	fmt.Fprint(d.Stdout, simGreeting(f, sc, ln.Addr(), region))
	if sc.EventsQueue.On {
		fmt.Fprintf(d.Stdout, "EMR's events are in the queue %s, which a scope takes as its events_queue.\n", sim.QueueURL("http://"+ln.Addr().String()))
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		fmt.Fprintln(d.Stderr, "warning: the simulator asks nobody for a password, and others can reach this address")
	}
	return wire.New(sim, wire.Options{Clock: clock, DefaultRegion: region}).Serve(ctx, ln)
}

// simGreeting says where the simulator is and what to try. AWS CLIs before 2.13 and 1.29 do not read AWS_ENDPOINT_URL and would ask AWS
// itself, so each command names the endpoint.
func simGreeting(f simFlags, sc *scenario.Scenario, addr net.Addr, region string) string {
	url := "http://" + addr.String()
	cluster := "j-…"
	if i := slices.IndexFunc(sc.Clusters, func(c scenario.Cluster) bool { return c.ID != "" }); i >= 0 {
		cluster = sc.Clusters[i].ID
	}
	lines := []string{
		fmt.Sprintf("Simulated EMR: %s", sc.About),
		fmt.Sprintf("Serving %s, %g times as fast as real time, from %s.", url, f.speed, sc.Start.UTC().Format(time.RFC3339)),
		"",
		"Try, in another terminal:",
		"  export AWS_REGION=" + region + " AWS_DEFAULT_REGION=" + region + " AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any",
		"  aws --endpoint-url " + url + " emr list-clusters --active",
		"  aws --endpoint-url " + url + " emr describe-cluster --cluster-id " + cluster,
		"  curl -s " + url + "/_sim/truth",
		"",
		"Guard it with a sim.yaml of three lines:",
		"  store: sqlite:sim.db",
		"  scopes: [{name: sim, region: " + region + ", endpoint: \"" + url + "\"}]",
		"  clusters: [{match: {}, mode: enforce}]",
		"and",
		fmt.Sprintf("  emrguard run -c sim.yaml --speed %g", f.speed),
		"",
	}
	return strings.Join(lines, "\n")
}
