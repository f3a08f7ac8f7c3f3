package view

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Chain is what is around a recovery: the record that closed the one before it and the record that opened the one after it, as far as there are such.
type Chain struct{ Former, Later *store.Record }

// SinceOf is since when instances of the stuck group were missing, and short since when its pool was short over all attempts, by a record that opened or closed a
// recovery. They are zero where it does not say so.
func SinceOf(r store.Record) (since, short time.Time) {
	var data struct {
		Since time.Time `json:"since"`
		Short time.Time `json:"short_since"`
	}
	if json.Unmarshal(r.Data, &data) != nil { // damaged
		return time.Time{}, time.Time{}
	}
	return data.Since, earlier(data.Short, data.Since)
}

// OfRepair says whether the record that opened or closed a recovery is of one that is about missing instances, or became so: what a return or a scaling
// operation launched got stuck.
func OfRepair(r store.Record) bool {
	return r.Kind == "recovery."+string(recovery.Chained) || RecoveryStatus{Kind: string(recordOf(r).data.Kind)}.repairs()
}

// GoesOn says whether the recovery that one record opened goes on with what was missing when another was closed: that one did not bring what is wanted, and the
// pool has been short since before its end.
func GoesOn(closed, opened store.Record) bool {
	outcome := recovery.Outcome(strings.TrimPrefix(closed.Kind, "recovery."))
	if !slices.Contains([]recovery.Outcome{recovery.Chained, recovery.Rested, recovery.NoPlace}, outcome) {
		return false
	}
	_, short := SinceOf(opened)
	return closed.At.Equal(opened.At) || !short.IsZero() && !short.After(closed.At)
}
