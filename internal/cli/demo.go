package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/emrsim/scenario"
)

// demoSpeed lets the shipped story of some 80 simulated minutes take half a minute.
const demoSpeed = 150

// demoOptions are the flags of the demo.
type demoOptions struct {
	scenario string
	speed    float64
	seed     uint64
	reseed   bool
	keep     bool
	plain    bool
	listen   string // of the dashboard
}

func newDemoCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch emrguard repair stuck clusters of a simulated EMR",
		Long: `demo runs a simulated EMR and the guard in this process, with time sped up, and tells what happens in simulated time. The guard talks
to the simulator over HTTP through the real AWS SDK; no AWS account is needed and nothing leaves this machine.

It ends by itself with a summary that compares the same story without a guard, and leaves no files. With --keep-running simulator and
guard stay up, and commands to try are printed.

The words of the lines: outside (what people and EC2 do), seen, decided, called, done.`,
		Example: "  emrguard demo\n  emrguard demo --keep-running --speed 60\n  emrguard demo --scenario drought --seed 4",
		Args:    noArgs,
	}
	var o demoOptions
	flags := cmd.Flags()
	flags.StringVar(&o.scenario, "scenario", "demo", "the story: a shipped scenario or a `file`")
	flags.Float64Var(&o.speed, "speed", demoSpeed, "how many times faster than real time it runs")
	flags.Uint64Var(&o.seed, "seed", 0, "of everything random (default the scenario's)")
	flags.BoolVar(&o.keep, "keep-running", false, "leave simulator and guard up at the end, until Ctrl-C")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` of the dashboard; port 0 is any free one, none is no dashboard")
	flags.BoolVar(&o.plain, "no-color", false, "no colours, which only a terminal gets; NO_COLOR works too")
	_ = cmd.RegisterFlagCompletionFunc("scenario", cobra.FixedCompletions(scenario.Names(), cobra.ShellCompDirectiveDefault))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.reseed = flags.Changed("seed")
		// A reader that went away, as in emrguard demo | head, is an error of a write and not the end of the process, so that the
		// demo's files go away, too.
		gone := make(chan os.Signal, 1)
		signal.Notify(gone, syscall.SIGPIPE)
		defer signal.Stop(gone)
		err := runDemo(cmd.Context(), d, o)
		if errors.Is(err, syscall.EPIPE) {
			return nil
		}
		return err
	}
	return cmd
}

// runDemo tells the whole story: start, timeline, summary, end.
func runDemo(ctx context.Context, d *Deps, o demoOptions) (err error) {
	restore := withoutAWS()
	defer restore()
	w, err := newDemoWorld(ctx, d, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	t := newTimeline(d, o, w)
	fmt.Fprintf(d.Stdout, "%s\nTime runs %g times faster; the times are simulated. \"outside\" is what people and EC2 do; \"seen\", \"decided\", \"called\" and \"done\" are emrguard's.\n", w.about(), o.speed)
	if w.page != "" {
		fmt.Fprintf(d.Stdout, "The dashboard is at %s\n", w.page)
	}
	fmt.Fprintln(d.Stdout)
	if err := t.tell(ctx, w); err != nil {
		return err
	}
	if ctx.Err() != nil {
		fmt.Fprintln(d.Stdout, "\nInterrupted.")
		return nil
	}
	with := w.sim.Snapshot(w.region)
	without, err := w.withoutGuard(with.Now)
	if err != nil {
		return err
	}
	if err := summarize(ctx, d.Stdout, w, with, without); err != nil {
		return err
	}
	if !o.keep {
		return nil
	}
	return stay(ctx, d, t, w)
}

// stay leaves everything up and shows what to try, until ctx ends. AWS CLIs before 2.13 and 1.29 do not read AWS_ENDPOINT_URL and
// would ask AWS, so each command names it. AWS CLIs of version 1 read the region from AWS_DEFAULT_REGION only.
func stay(ctx context.Context, d *Deps, t *timeline, w *demoWorld) error {
	cluster, group, repaired := w.examples()
	dashboard := ""
	if w.page != "" {
		dashboard = "\nThe dashboard is at " + w.page + "; orders may be given there, too.\n"
	}
	fmt.Fprintf(d.Stdout, `
Simulator and guard go on, %g times faster than real time, until Ctrl-C. In another terminal:

  export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  aws --endpoint-url $AWS_ENDPOINT_URL emr list-clusters --active
  aws --endpoint-url $AWS_ENDPOINT_URL emr describe-cluster --cluster-id %s
  aws --endpoint-url $AWS_ENDPOINT_URL emr modify-instance-groups --cluster-id %s --instance-groups InstanceGroupId=%s,InstanceCount=12
  aws --endpoint-url $AWS_ENDPOINT_URL emr list-instances --cluster-id %s --instance-group-id %s

  %s status -c %s
  %s explain -c %s %s
%s
`, w.clock.Speed(), w.endpoint, w.region, w.region, cluster, cluster, group, cluster, group, d.command(), w.config, d.command(), w.config, repaired, dashboard)
	t.calm = true
	err := t.follow(ctx, w, func() bool { return false })
	fmt.Fprintln(d.Stdout, "\nStopped.")
	return err
}

// tomorrow is nine o'clock of the day after now. The demo's time is ahead of the wall clock, as that of every guard that runs
// faster: the commands tell by it whose time a store is in.
func tomorrow(now time.Time) time.Time {
	return now.UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
}

// withoutAWS takes everything that configures AWS clients out of this process's environment and gives them dummy credentials:
// with a profile that assumes a role or signs on, even a client of a simulator would ask AWS. It returns the way back.
func withoutAWS() (restore func()) {
	const prefix = "AWS_"
	old := map[string]string{}
	unset := func() {
		for _, e := range os.Environ() {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, prefix) {
				old[name] = value
				_ = os.Unsetenv(name) // fails for impossible names only
			}
		}
	}
	set := func(vars map[string]string) {
		for name, value := range vars {
			_ = os.Setenv(name, value) // likewise
		}
	}
	unset()
	before := maps.Clone(old)
	set(map[string]string{"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull})
	return func() {
		unset()
		set(before)
	}
}
