package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/engine"
	"emrguard/internal/phrase"
	"emrguard/internal/telemetry"
	"emrguard/internal/telemetry/traces"
)

// oncePage is the answer of `emrguard once --output json`.
type oncePage struct {
	Finished bool           `json:"finished"`
	Changes  int            `json:"changes"` // calls that change a cluster and were handed out
	Records  map[string]int `json:"records"` // history rows written, by kind
	Scopes   []onceScope    `json:"scopes"`
	Problems []string       `json:"problems"`
	Took     string         `json:"took"` // real time
}

type onceScope struct {
	Scope      string `json:"scope"`
	Clusters   int    `json:"clusters"`
	Broken     int    `json:"broken"`
	Withheld   int    `json:"withheld"`
	Suspended  int    `json:"suspended"`
	Shortfall  int    `json:"shortfall"` // instances
	Recoveries int    `json:"recoveries"`
	Banned     int    `json:"banned"`
	Resting    int    `json:"resting"`
	Blocked    int    `json:"blocked"`
}

// onceFlush is how long the end of a pass waits for the collector of traces: there is no later batch.
const onceFlush = 5 * time.Second

func newOnceCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "once",
		Short: "Look at every cluster once, do what is due, and exit",
		Long: `Once is one pass of the daemon, for cron on one host: it lists the clusters, reads each, does what is due and exits. A recovery takes
several steps, minutes apart, so run it every minute. A pass in which metric policies are due takes five seconds more. What a pass finds suspended stays so until the next one, even if it is over
before. It needs the lease of every scope: beside a running daemon it says so and
exits with code 1. Traces go out as with emrguard run; the end of the pass waits up to five seconds until the collector has them.`,
		Example: `  emrguard once -c emrguard.yaml
  * * * * *  emrguard once -c /etc/emrguard.yaml --timeout 50s     in a crontab`,
		Args: noArgs,
	}
	file, clock, out := addConfigFlag(cmd, d), addClockFlags(cmd, d), addOutputFlag(cmd)
	dryRun := cmd.Flags().Bool("dry-run", false, "decide, record and show what would be done, and change no cluster")
	timeout := cmd.Flags().Duration("timeout", 5*time.Minute, "longest `time` of the pass")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *timeout <= 0 {
			return usageError("--timeout %s is not above 0", *timeout)
		}
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		c, err := clock.clock(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		var level slog.LevelVar
		log := logTo(d, cfg.Log, &level)
		began := time.Now()
		options := app.Options{
			Config: cfg, Clock: c, DryRun: *dryRun, Version: d.Version, LeaseTerm: d.LeaseTerm, Watch: telemetry.NewObserver(log, nil, telemetry.NewHealth(began)),
			Sinks: app.Sinks(d.Env, d.Version), Notified: telemetry.NewNotifications(log, nil),
		}
		if export := traces.Start(cmd.Context(), traces.Options{Env: d.Env, Version: d.Version, Log: log, Flush: onceFlush}); export != nil {
			options.Trace = export
			defer export.Close(cmd.Context()) // a pass is over before a batch of spans is due
		}
		guard, err := app.New(cmd.Context(), options)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), *timeout)
		defer cancel()
		sum, err := guard.Pass(ctx, onceProgress(d, began))
		err = errors.Join(err, guard.Close())
		if errors.Is(err, app.ErrHeld) {
			return err
		}
		return errors.Join(err, writeOnce(d, out, pageOfPass(sum, time.Since(began))))
	}
	return cmd
}

// onceProgress writes a line a second once a pass takes longer than that.
func onceProgress(d *Deps, began time.Time) func(engine.Snapshot) {
	return func(s engine.Snapshot) {
		took := time.Since(began)
		if took < time.Second {
			return
		}
		clusters, calls := 0, 0
		for _, sc := range s.Scopes {
			clusters += sc.Clusters
			calls += sc.InFlight
		}
		fmt.Fprintf(d.Stderr, "%s: %s found, %s under way\n", took.Round(time.Second), phrase.Count(clusters, "cluster"), phrase.Count(calls, "call"))
	}
}

func pageOfPass(sum app.Summary, took time.Duration) oncePage {
	page := oncePage{Finished: sum.Finished, Changes: sum.Changes, Records: sum.Records, Scopes: []onceScope{}, Problems: []string{}, Took: took.Round(time.Millisecond).String()}
	for _, s := range sum.Scopes {
		page.Scopes = append(page.Scopes, onceScope{
			Scope: s.Name, Clusters: s.Clusters, Broken: s.Broken, Withheld: s.Withheld, Suspended: s.Suspended, Shortfall: s.Shortfall,
			Recoveries: s.Recoveries, Banned: s.Banned, Resting: s.Resting, Blocked: s.Blocked,
		})
	}
	for _, f := range sum.Faults {
		page.Problems = append(page.Problems, f.Err.Error())
	}
	return page
}

func writeOnce(d *Deps, out *output, page oncePage) error {
	if out.JSON() {
		return writeJSON(d.Stdout, page)
	}
	var rows [][]string
	for _, s := range page.Scopes {
		row := []string{s.Scope}
		for _, n := range []int{s.Clusters, s.Shortfall, s.Suspended, s.Recoveries, s.Banned, s.Resting, s.Blocked, s.Withheld, s.Broken} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	header := []string{"SCOPE", "CLUSTERS", "SHORT", "SUSPENDED", "RECOVERIES", "BANNED", "RESTING", "BLOCKED", "WITHHELD", "BROKEN"}
	if err := writeTable(d.Stdout, header, rows); err != nil {
		return err
	}
	fmt.Fprintf(d.Stdout, "\n%s handed out, in %s\n", phrase.Count(page.Changes, "change"), page.Took)
	for _, kind := range slices.Sorted(maps.Keys(page.Records)) {
		fmt.Fprintf(d.Stdout, "  %4d %s\n", page.Records[kind], kind)
	}
	for _, p := range page.Problems {
		fmt.Fprintf(d.Stdout, "problem: %s\n", printable(p))
	}
	return nil
}
