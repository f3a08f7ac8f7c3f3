package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// followEvery is how often `history --follow` looks for new records.
const followEvery = time.Second

// historyFlags restrict what history shows.
type historyFlags struct {
	cluster, group, pool, recovery, since, until string
	kinds                                        []string
	limit                                        int
	follow                                       bool
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
	flags.StringVar(&f.recovery, "recovery", "", "only the recovery with this `id`")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only this `kind`, or all that begin with it if it ends with a full stop; may be repeated")
	flags.StringVar(&f.since, "since", "", "not before this `time`")
	flags.StringVar(&f.until, "until", "", "before this `time`")
	flags.IntVar(&f.limit, "limit", store.Page, fmt.Sprintf("at most so many, the last; up to %d", store.MaxPage))
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with new records until stopped")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		defer o.store.Close() //nolint:errcheck // only read
		q, err := f.query(cmd.Context(), r, o)
		if err != nil {
			return err
		}
		if f.follow {
			return followHistory(cmd.Context(), r, o, q, out.JSON())
		}
		records, err := latest(cmd.Context(), o.store, q)
		if err != nil {
			return err
		}
		page := view.History{Now: o.world.Now, Records: o.world.Events(records)}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		return r.table(page.Table(), "No records match.")
	}
	return cmd
}

// query turns the flags into a query. References to what has ended are taken as ids, of which there must be a record.
func (f *historyFlags) query(ctx context.Context, r *reader, o *opened) (store.Query, error) {
	w := o.world
	q := r.query(store.Query{Recovery: f.recovery, Kinds: f.kinds, Limit: f.limit})
	if f.limit < 1 || f.limit > store.MaxPage {
		return q, usageError("--limit %d is outside 1 to %d", f.limit, store.MaxPage)
	}
	if f.cluster != "" {
		found, err := r.found(ctx, o, f.cluster, w.FindCluster, store.Query{Cluster: f.cluster})
		if err != nil {
			return q, err
		}
		q.Cluster = cmp.Or(string(found.Cluster), f.cluster)
		if found.Cluster != "" {
			w = w.Only(found)
		}
	}
	for _, ref := range []struct {
		text string
		find func(string) (view.Found, error)
		id   *string
		past store.Query
	}{
		{f.group, w.FindGroup, &q.Group, store.Query{Group: f.group}},
		{f.pool, w.FindPool, &q.Pool, store.Query{Pool: f.pool}},
	} {
		if ref.text == "" {
			continue
		}
		found, err := r.found(ctx, o, ref.text, ref.find, ref.past)
		if err != nil {
			return q, err
		}
		*ref.id = cmp.Or(string(found.Group), ref.text)
	}
	if err := f.known(ctx, r, o); err != nil {
		return q, err
	}
	var err error
	if q.From, err = parseTime("since", f.since, w.Now); err != nil {
		return q, err
	}
	q.To, err = parseTime("until", f.until, w.Now)
	return q, err
}

// found finds what a reference names. The zero Found is something that has ended, of which there is a record.
func (r *reader) found(ctx context.Context, o *opened, ref string, find func(string) (view.Found, error), past store.Query) (view.Found, error) {
	found, err := find(ref)
	if err == nil {
		return found, nil
	}
	if unknown := (*view.UnknownError)(nil); errors.As(err, &unknown) {
		known, failed := r.recorded(ctx, o, past)
		if failed != nil || known {
			return view.Found{}, failed
		}
	}
	return found, usageError("%w", err)
}

// known says no to a recovery without a record and to a kind that is none.
func (f *historyFlags) known(ctx context.Context, r *reader, o *opened) error {
	if f.recovery != "" {
		if known, err := r.recorded(ctx, o, store.Query{Recovery: f.recovery}); err != nil {
			return err
		} else if !known {
			return usageError("no recovery %q in the store; `emrguard recoveries --all` lists the recoveries", f.recovery)
		}
	}
	kinds := view.Kinds()
	for _, k := range f.kinds {
		if slices.ContainsFunc(kinds, func(known string) bool { return known == k || strings.HasSuffix(k, ".") && strings.HasPrefix(known, k) }) {
			continue
		}
		if known, err := r.recorded(ctx, o, store.Query{Kinds: []string{k}}); err != nil { // of an older emrguard
			return err
		} else if !known {
			return usageError("no kind %q; there are %s", k, strings.Join(kinds, ", "))
		}
	}
	return nil
}

// recorded says whether a record matches.
func (r *reader) recorded(ctx context.Context, o *opened, q store.Query) (bool, error) {
	q.Limit = 1
	records, err := o.store.History(ctx, r.query(q))
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return false, err
	}
	return len(records) > 0 || err != nil, nil
}

// latest returns the newest records of a query, oldest first. Unreadable ones are left out.
func latest(ctx context.Context, s store.Store, q store.Query) ([]store.Record, error) {
	records, err := s.History(ctx, q)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, err
	}
	slices.Reverse(records)
	return records, nil
}

// followHistory writes the last records and then new ones as they come, until ctx ends.
func followHistory(ctx context.Context, r *reader, o *opened, q store.Query, asJSON bool) error {
	records, err := latest(ctx, o.store, q)
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
			if asJSON {
				err = enc.Encode(e)
			} else {
				_, err = fmt.Fprintln(r.d.Stdout, e.Line())
			}
			if err != nil {
				return err
			}
			q.After = e.Seq
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		records, err = o.store.History(ctx, q)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
	}
}
