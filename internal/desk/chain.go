package desk

import (
	"context"
	"slices"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// chainLook is how many recoveries of a pool are looked through for the one before or after another: scaling and returns of the same pool lie between.
const chainLook = 10

// chain finds the recoveries of the same pool before and after one that repair the same shortage: where a replacement got stuck too, or a pool rested or was
// blocked, the next one goes on with what is missing. Closed is the record that closed the recovery, if one did.
func (d Desk) chain(ctx context.Context, key store.RecoveryKey, closed []store.Record) (view.Chain, error) {
	opening := key.Query()
	opening.Kinds, opening.Limit = []string{"recovery.open"}, 1
	opened, err := d.History(ctx, opening)
	if err != nil || len(opened) == 0 || opened[0].Pool == "" {
		return view.Chain{}, err
	}
	of := store.Query{Scope: opened[0].Scope, Cluster: opened[0].Cluster, Pool: opened[0].Pool, Limit: chainLook}
	var out view.Chain
	before := of
	before.Kinds, before.Before = view.Outcomes(), opened[0].Seq
	ended, err := d.History(ctx, before)
	if err != nil {
		return out, err
	}
	if i := slices.IndexFunc(ended, view.OfRepair); i >= 0 && view.GoesOn(ended[i], opened[0]) {
		out.Former = &ended[i]
	}
	if len(closed) == 0 {
		return out, nil
	}
	after := of
	after.Kinds, after.After, after.Oldest = []string{"recovery.open"}, closed[0].Seq, true
	begun, err := d.History(ctx, after)
	if err != nil {
		return out, err
	}
	slices.SortFunc(begun, func(a, b store.Record) int { return int(a.Seq - b.Seq) })
	if i := slices.IndexFunc(begun, view.OfRepair); i >= 0 && view.GoesOn(closed[0], begun[i]) {
		out.Later = &begun[i]
	}
	return out, nil
}
