package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// followEvery is how often `history --follow` looks for new records.
const followEvery = time.Second

// historyFlags restrict what history shows.
type historyFlags struct {
	cluster, group, pool, recovery, text, since, until string
	kinds                                              []string
	limit                                              int
	follow                                             bool
}

func newHistoryCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show what was seen, decided and done, and why",
		Long: `history shows the last records, oldest first: observations, decisions, calls, their answers, and orders by hand. With --follow it
goes on with new ones until it is stopped; then --output json writes one record a line. "emrguard explain ID" tells one in full.

A time is a time of day (14:05), a date, both (2026-01-05T14:05:00Z), or an age (2h).

` + jsonHelp(view.History{}),
		Example: `  emrguard history --cluster etl --since 2h
  emrguard history --recovery rt8xk2a-1f
  emrguard history --search capacity --since 7d
  emrguard history --kind call. --kind answer. --limit 1000 --output json
  emrguard history --follow`,
		Args: noArgs,
	}
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	var f historyFlags
	flags := cmd.Flags()
	flags.StringVar(&f.cluster, "cluster", "", "only this `cluster`: id or name")
	flags.StringVar(&f.group, "group", "", "only this `group`: id, name, or CLUSTER/GROUP")
	flags.StringVar(&f.pool, "pool", "", "only this `pool`: id, name, or CLUSTER/POOL")
	flags.StringVar(&f.recovery, "recovery", "", "only the recovery with this `id`, or SCOPE/CLUSTER/id where several clusters have it")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only this `kind`, or all that begin with it if it ends with a full stop; may be repeated")
	flags.StringVar(&f.text, "search", "", "only records with this `text` in their reason, kind, author, or a name or id, upper and lower case being the same; the last 20,000 records are searched")
	flags.StringVar(&f.since, "since", "", "not before this `time`")
	flags.StringVar(&f.until, "until", "", "before this `time`")
	flags.IntVar(&f.limit, "limit", store.Page, fmt.Sprintf("at most so many, the last; up to %d", store.MaxPage))
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with new records until stopped")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.close() //nolint:errcheck // only read
		filter, err := f.filter(r.scope, o.world.Now)
		if err != nil {
			return err
		}
		if f.follow {
			return followHistory(cmd.Context(), r, o, filter, out.JSON())
		}
		events, older, err := o.Page(cmd.Context(), o.world, filter)
		if err != nil {
			return err
		}
		slices.Reverse(events)
		page := view.History{Now: o.world.Now, Records: events, Older: older}
		if older > 0 && len(events) < f.limit {
			fmt.Fprintln(d.Stderr, "emrguard: the search has not reached the beginning of the history; --until searches before a time")
		}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		return r.table(page.Table(), "No records match.")
	}
	return cmd
}

// filter turns the flags into a filter.
func (f *historyFlags) filter(scope string, now time.Time) (desk.Filter, error) {
	out := desk.Filter{Scope: scope, Cluster: f.cluster, Group: f.group, Pool: f.pool, Recovery: f.recovery, Kinds: f.kinds, Text: f.text, Limit: f.limit}
	if f.limit < 1 || f.limit > store.MaxPage {
		return out, usageError("--limit %d is outside 1 to %d", f.limit, store.MaxPage)
	}
	var err error
	if out.From, err = parseTime("since", f.since, now); err != nil {
		return out, err
	}
	out.To, err = parseTime("until", f.until, now)
	return out, err
}

// followHistory writes the last records and then new ones as they come, until ctx ends.
func followHistory(ctx context.Context, r *reader, o *opened, f desk.Filter, asJSON bool) error {
	q, err := o.Query(ctx, o.world, f)
	if err != nil {
		return err
	}
	records, err := o.Latest(ctx, q)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(r.d.Stdout)
	enc.SetEscapeHTML(false)
	q.Oldest, q.Limit = true, store.MaxPage
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		for _, e := range o.world.Events(records) {
			q.After = e.Seq
			if f.Text != "" && !e.Says(f.Text) {
				continue
			}
			if asJSON {
				err = enc.Encode(e)
			} else {
				_, err = fmt.Fprintln(r.d.Stdout, e.Line())
			}
			if err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		records, err = o.Store.History(ctx, q)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
	}
}
