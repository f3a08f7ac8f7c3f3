package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Limits every adapter enforces with a clear error before writing.
const (
	MaxBody   = 4 << 20 // bytes of a document
	MaxRecord = 1 << 20 // bytes of a record's data or of an order's body
	MaxPage   = 10000   // records one History call returns
	Page      = 100     // records it returns when the query sets no limit
)

// Validate checks a save against the limits and the port's contract.
func (s Save) Validate() error {
	var errs []error
	for _, d := range s.Docs {
		if d.Scope == "" || d.Cluster == "" {
			errs = append(errs, fmt.Errorf("document %q has no scope or no cluster", d.Key))
		}
		if len(d.Body.text) > MaxBody {
			errs = append(errs, fmt.Errorf("document %s has %d bytes, more than %d", d.Key, len(d.Body.text), MaxBody))
		}
		if !d.Body.valid() {
			errs = append(errs, fmt.Errorf("document %s is not JSON", d.Key))
		}
		if d.Version < 0 {
			errs = append(errs, fmt.Errorf("document %s has the version %d", d.Key, d.Version))
		}
		if !storable(d.Saved) {
			errs = append(errs, fmt.Errorf("document %s was saved in the year %d", d.Key, d.Saved.Year()))
		}
		if d.Scope != s.Lease.Scope {
			errs = append(errs, fmt.Errorf("document %s is outside the lease's scope %q", d.Key, s.Lease.Scope))
		}
	}
	for _, r := range s.Records {
		if r.ID == "" || r.Kind == "" {
			errs = append(errs, fmt.Errorf("record of %s has no id or no kind", r.Key))
		}
		if !storable(r.At) {
			errs = append(errs, fmt.Errorf("record %s is of the year %d", r.ID, r.At.Year()))
		}
		if len(r.Data) > MaxRecord {
			errs = append(errs, fmt.Errorf("record %s has %d bytes of data, more than %d", r.ID, len(r.Data), MaxRecord))
		}
		if len(r.Data) > 0 && !json.Valid(r.Data) {
			errs = append(errs, fmt.Errorf("record %s: data is not JSON", r.ID))
		}
	}
	for _, a := range s.Orders {
		if !storable(a.At) {
			errs = append(errs, fmt.Errorf("answer to order %q is of the year %d", a.ID, a.At.Year()))
		}
	}
	return errors.Join(errs...)
}

// Validate checks an order against the limits and the port's contract.
func (o Order) Validate() error {
	var errs []error
	if o.ID == "" || o.Scope == "" {
		errs = append(errs, fmt.Errorf("order %q to scope %q has no id or no scope", o.ID, o.Scope))
	}
	if !storable(o.At) {
		errs = append(errs, fmt.Errorf("order %s is of the year %d", o.ID, o.At.Year()))
	}
	if len(o.Body) > MaxRecord {
		errs = append(errs, fmt.Errorf("order %s has %d bytes, more than %d", o.ID, len(o.Body), MaxRecord))
	}
	if !json.Valid(o.Body) {
		errs = append(errs, fmt.Errorf("order %s is not JSON", o.ID))
	}
	return errors.Join(errs...)
}

// Normal returns the query with its default limit filled in, or an error for one that no store answers.
func (q Query) Normal() (Query, error) {
	if q.Limit == 0 {
		q.Limit = Page
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return q, fmt.Errorf("history limit %d is outside 1 to %d", q.Limit, MaxPage)
	}
	if slices.Contains(q.Kinds, "") {
		return q, errors.New("history query has an empty kind; leave kinds out to get all of them")
	}
	return q, nil
}

// storable says whether t survives a round trip through microseconds and through JSON.
func storable(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1 && y <= 9999
}
