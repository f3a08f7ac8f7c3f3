package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Report adds up the history of from <= t < to, of the cluster that found names, of one scope, or with the zero Found of all. Progress is told,
// in between, how many records were read and when the last of them was; it may be nil. It costs a read of the whole period and of the week before
// it, a page at a time.
func (d Desk) Report(ctx context.Context, w view.World, found view.Found, from, to time.Time, progress func(read int, at time.Time)) (view.Report, error) {
	which := store.Query{Scope: found.Scope, Cluster: string(found.Cluster)}
	tally := view.NewTally(from, to, w.Now, w)
	read := 0
	var notes []string
	for _, q := range tally.Queries(which) {
		damage, err := d.Stream(ctx, q, func(rec store.Record) error {
			tally.Add(rec)
			if read++; read%streamPage == 0 && progress != nil {
				progress(read, rec.At)
			}
			return nil
		})
		if err != nil {
			return view.Report{}, err
		}
		if damage != nil {
			notes = append(notes, "records that cannot be read are left out: "+damage.Error())
		}
	}
	names, err := d.Names(ctx, tally.Unnamed(w))
	if err != nil {
		return view.Report{}, err
	}
	page := tally.Report(w, names)
	first, err := d.Store.History(ctx, store.Query{Scope: which.Scope, Cluster: which.Cluster, Oldest: true, Limit: 1})
	switch {
	case err != nil && !errors.Is(err, store.ErrCorrupt):
		return view.Report{}, err
	case len(first) == 0:
		notes = append(notes, "the history is empty")
	case first[0].At.After(from):
		notes = append(notes, fmt.Sprintf("the history begins at %s UTC: nothing is known of the time before", first[0].At.UTC().Format("2006-01-02 15:04")))
	}
	page.Notes = append(page.Notes, notes...)
	return page, nil
}
