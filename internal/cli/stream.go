package cli

import (
	"context"
	"errors"

	"emrguard/internal/store"
)

// streamPage is how many records a stream holds at a time. Their data may be large.
const streamPage = 2000

// stream gives every record that matches to f, oldest first, one page at a time, however long the history is. Records that cannot be
// read are left out, and damage is the first of them. Limit, Oldest and After of the query are its own.
func stream(ctx context.Context, s store.Store, q store.Query, f func(store.Record)) (damage, err error) {
	q.Oldest, q.Limit, q.After = true, streamPage, 0
	for {
		records, err := s.History(ctx, q)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return damage, err
		}
		if damage == nil {
			damage = err
		}
		for _, r := range records {
			f(r)
			q.After = r.Seq
		}
		if len(records) == 0 || err == nil && len(records) < q.Limit {
			return damage, nil
		}
	}
}
