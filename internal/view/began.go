package view

import (
	"encoding/json"

	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Began is what the record of a recovery's begin says of its group.
type Began struct {
	Kind               recovery.Kind
	Requested, Running int // of the group at that moment
}

// BeganOf reads a record of kind recovery.open. Ok is false where it does not have the counts of its group; the kind is told if it has one.
func BeganOf(r store.Record) (b Began, ok bool) {
	var data struct {
		Kind   recovery.Kind `json:"kind"`
		Inputs struct {
			Members []struct {
				Group     string `json:"group"`
				Requested int    `json:"requested"`
				Running   int    `json:"running"`
			} `json:"members"`
		} `json:"inputs"`
	}
	if json.Unmarshal(r.Data, &data) != nil {
		return Began{}, false
	}
	b.Kind = data.Kind
	for _, m := range data.Inputs.Members {
		if m.Group == r.Group {
			b.Requested, b.Running, ok = m.Requested, m.Running, true
		}
	}
	return b, ok
}
