package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/desk"
	"emrguard/internal/view"
)

// reportFlags say of which period a report, or costs, are.
type reportFlags struct{ since, until string }

func newReportCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Sum up what happened in a period, or what would have",
		Long: `report adds up the history of a period: what got stuck and how that ended, how long scaling was suspended, what was scaled and by whom, which
schedules were late, and what a person should look at. Where emrguard only observes, and with --dry-run, it says what would have been done.
It begins with three sentences.

A time is a time of day (14:05), a date, both (2026-01-05T14:05:00Z), or an age (12h, 7d). Events count where they happened, and lengths of
time are cut at the ends of the period, so the reports of the days of a week add up to that of the week.

` + jsonHelp(view.Report{}),
		Example: `  emrguard report                                  # the last seven days
  emrguard report --since 18:00 --until 08:00      # since yesterday evening
  emrguard report --since 2026-01-05 --until 2026-01-12 --cluster etl
  emrguard report --since 30d --output json`,
		Args: noArgs,
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	r.addClusterFlag(cmd)
	f := addPeriodFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.close() //nolint:errcheck // only read
		page, err := f.report(cmd.Context(), r, o)
		if err != nil {
			return err
		}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		return writeReport(d, page)
	}
	return cmd
}

// addPeriodFlags gives a command --since and --until; without them the period is the last seven days.
func addPeriodFlags(cmd *cobra.Command) *reportFlags {
	var f reportFlags
	cmd.Flags().StringVar(&f.since, "since", "7d", "the `time` at which the period begins")
	cmd.Flags().StringVar(&f.until, "until", "", "the `time` at which it ends (default now)")
	return &f
}

// period reads the flags. A time of day that is yet to come is yesterday's.
func (f *reportFlags) period(now time.Time) (from, to time.Time, err error) {
	if from, err = parseTime("since", f.since, now); err != nil {
		return from, to, err
	}
	if to, err = parseTime("until", f.until, now); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = now
	}
	if _, ofDay := desk.TimeOfDay(f.until); ofDay && to.After(now) {
		to = to.Add(-24 * time.Hour)
	}
	if _, ofDay := desk.TimeOfDay(f.since); ofDay && !from.Before(to) {
		from = from.Add(-24 * time.Hour)
	}
	switch {
	case from.After(now):
		err = usageError("--since %s: the period begins in the future", f.since)
	case !from.Before(to):
		err = usageError("--since %s --until %s: the period ends before it begins", f.since, f.until)
	}
	return from, to, err
}

// report adds the history up.
func (f *reportFlags) report(ctx context.Context, r *reader, o *opened) (view.Report, error) {
	found, err := r.onlyOrEnded(ctx, o)
	if err != nil {
		return view.Report{}, err
	}
	from, to, err := f.period(o.world.Now)
	if err != nil {
		return view.Report{}, err
	}
	began, shown := time.Now(), time.Now()
	return o.Report(ctx, o.world, found, from, to, func(read int, at time.Time) {
		if time.Since(shown) > time.Second {
			shown = time.Now()
			fmt.Fprintf(r.d.Stderr, "%s: %d records read, up to %s\n", time.Since(began).Round(time.Second), read, at.UTC().Format("2006-01-02 15:04"))
		}
	})
}

// writeReport tells the report to a person.
func writeReport(d *Deps, page view.Report) error {
	fmt.Fprintln(d.Stdout, page.Headline())
	for _, s := range page.Summary {
		fmt.Fprintln(d.Stdout, printable(s))
	}
	for _, n := range page.Notes {
		fmt.Fprintln(d.Stdout, "Note: "+printable(n)+".")
	}
	for _, t := range page.Tables() {
		fmt.Fprintln(d.Stdout)
		if err := t.Write(d.Stdout); err != nil {
			return err
		}
	}
	return nil
}
