package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/suggest"
	"emrguard/internal/view"
)

// Filter restricts history. Empty fields do not.
type Filter struct {
	Scope    string
	Cluster  string // id or name
	Group    string // id, name, or CLUSTER/GROUP
	Pool     string // id, name, or CLUSTER/POOL
	Recovery string // id, of which several clusters may have one, or scope/cluster/id
	Kinds    []string
	Text     string // in the reason, the kind, the author, or a name or id, upper and lower case being the same
	From, To time.Time
	Before   int64 // only what was written before this record's number, for paging; 0: all
	Limit    int   // 1 to store.MaxPage
}

// FilterError is what is wrong with one field of a Filter.
type FilterError struct {
	Field string // scope, cluster, group, pool, recovery, kind or from
	Err   error
}

// Error implements error.
func (e *FilterError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *FilterError) Unwrap() error { return e.Err }

// wrongIn is a RequestError of a field.
func wrongIn(field string, err error) error { return &RequestError{&FilterError{field, err}} }

// Query turns names into ids; the text is not in it. What has ended is named by its id, of which there must be a record. Names, scopes, recoveries and kinds that
// there are not, and a period that ends before it begins, are a RequestError, which joins them where they are several; each is a FilterError.
func (d Desk) Query(ctx context.Context, w view.World, f Filter) (store.Query, error) {
	q := store.Query{Scope: f.Scope, Kinds: f.Kinds, From: f.From, To: f.To, Before: f.Before, Limit: f.Limit}
	if f.Limit < 1 || f.Limit > store.MaxPage {
		return q, mistake("a limit of %d records is outside 1 to %d", f.Limit, store.MaxPage)
	}
	var wrong []error
	if err := InOrder(f.From, f.To); err != nil {
		wrong = append(wrong, wrongIn("from", err))
	}
	if f.Cluster != "" {
		found, err := d.found(ctx, f.Scope, "cluster", f.Cluster, w.FindCluster, store.Query{Cluster: f.Cluster})
		if wrong, err = mistakes(wrong, err); err != nil {
			return q, err
		}
		q.Cluster = cmp.Or(string(found.Cluster), f.Cluster)
		if found.Cluster != "" {
			w = w.Only(found)
		}
	}
	for _, ref := range []struct {
		field, text string
		find        func(string) (view.Found, error)
		id          *string
		past        store.Query
	}{
		{"group", f.Group, w.FindGroup, &q.Group, store.Query{Group: f.Group}},
		{"pool", f.Pool, w.FindPool, &q.Pool, store.Query{Pool: f.Pool}},
	} {
		if ref.text == "" {
			continue
		}
		found, err := d.found(ctx, f.Scope, ref.field, ref.text, ref.find, ref.past)
		if wrong, err = mistakes(wrong, err); err != nil {
			return q, err
		}
		*ref.id = cmp.Or(string(found.Group), ref.text)
	}
	if err := ofRecovery(&q, f.Recovery); err != nil {
		wrong = append(wrong, err)
		f.Recovery = ""
	}
	more, err := d.unknown(ctx, w, f, q)
	if wrong = append(wrong, more...); err != nil || len(wrong) == 0 {
		return q, err
	}
	if len(wrong) == 1 {
		return q, wrong[0]
	}
	return q, &RequestError{errors.Join(wrong...)}
}

// ofRecovery restricts a query to a recovery. Its name as scope/cluster/id must not be at odds with what the query names already.
func ofRecovery(q *store.Query, ref string) error {
	key, whole := store.ParseRecoveryKey(ref)
	if !whole {
		q.Recovery = ref
		return nil
	}
	if q.Scope != "" && q.Scope != key.Scope || q.Cluster != "" && q.Cluster != key.Cluster {
		return wrongIn("recovery", fmt.Errorf("recovery %q is not of the scope or cluster that is asked for, too; leave one of them away", ref))
	}
	q.Scope, q.Cluster, q.Recovery = key.Scope, key.Cluster, key.Recovery
	return nil
}

// mistakes puts a RequestError with those before it; any other error it gives back.
func mistakes(wrong []error, err error) ([]error, error) {
	if mistake := (*RequestError)(nil); errors.As(err, &mistake) {
		return append(wrong, err), nil
	}
	return wrong, err
}

// found finds what a field of a filter names. The zero Found is something that has ended, of which there is a record.
func (d Desk) found(ctx context.Context, scope, field, ref string, find func(string) (view.Found, error), past store.Query) (view.Found, error) {
	found, err := find(ref)
	if err == nil {
		return found, nil
	}
	if unknown := (*view.UnknownError)(nil); errors.As(err, &unknown) {
		past.Scope = scope
		known, failed := d.recorded(ctx, past)
		if failed != nil || known {
			return view.Found{}, failed
		}
	}
	return found, wrongIn(field, err)
}

// unknown are RequestErrors of a scope and a recovery without a record, and of kinds that are none.
func (d Desk) unknown(ctx context.Context, w view.World, f Filter, q store.Query) (wrong []error, err error) {
	if f.Scope != "" && !slices.ContainsFunc(w.Scopes, func(s view.Scope) bool { return s.Name == f.Scope }) {
		if known, err := d.recorded(ctx, store.Query{Scope: f.Scope}); err != nil {
			return nil, err
		} else if !known {
			wrong = append(wrong, wrongIn("scope", &view.UnknownError{What: "scope", Ref: f.Scope}))
			f.Scope = "" // what else is named may be there
		}
	}
	if f.Recovery != "" {
		if known, err := d.recorded(ctx, store.Query{Scope: q.Scope, Cluster: q.Cluster, Recovery: q.Recovery}); err != nil {
			return nil, err
		} else if !known {
			wrong = append(wrong, wrongIn("recovery", &view.UnknownError{What: "recovery", Ref: f.Recovery}))
		}
	}
	kinds, strange := view.Kinds(), []string{}
	for _, k := range f.Kinds {
		if slices.ContainsFunc(kinds, func(known string) bool { return known == k || strings.HasSuffix(k, ".") && strings.HasPrefix(known, k) }) {
			continue
		}
		if known, err := d.recorded(ctx, store.Query{Scope: f.Scope, Kinds: []string{k}}); err != nil { // of an older emrguard
			return nil, err
		} else if !known {
			strange = append(strange, k)
		}
	}
	if len(strange) > 0 {
		wrong = append(wrong, wrongIn("kind", noKinds(strange, kinds)))
	}
	return wrong, nil
}

// noKinds is the error of kinds that there are not. It says what was likely meant, and that one may be the beginning of many; all kinds only where
// nothing is like one of them.
func noKinds(strange, kinds []string) error {
	beginnings := view.KindGroups()
	var told []string
	all := ""
	for _, k := range strange {
		text := fmt.Sprintf("no kind %q", k)
		like := kinds
		if _, end, _ := strings.Cut(k, "."); end == "" {
			like = slices.Concat(beginnings, kinds)
		}
		if meant := suggest.Nearest(k, like); meant != "" {
			text += fmt.Sprintf(" (did you mean %q?)", meant)
		} else {
			all = "; there are " + strings.Join(kinds, ", ")
		}
		told = append(told, text)
	}
	return fmt.Errorf("%s; one that ends with a full stop stands for all that begin with it: %s%s", strings.Join(told, ", "), strings.Join(beginnings, ", "), all)
}

// recorded says whether a record matches.
func (d Desk) recorded(ctx context.Context, q store.Query) (bool, error) {
	q.Limit = 1
	records, err := d.Store.History(ctx, q)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return false, err
	}
	return len(records) > 0 || err != nil, nil
}

// Latest returns the newest records of a query, oldest first. Unreadable ones are left out.
func (d Desk) Latest(ctx context.Context, q store.Query) ([]store.Record, error) {
	records, err := d.History(ctx, q)
	slices.Reverse(records)
	return records, err
}

// History returns the newest records of a query, the newest first. Unreadable ones are left out.
func (d Desk) History(ctx context.Context, q store.Query) ([]store.Record, error) {
	records, err := d.Store.History(ctx, q)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, err
	}
	return records, nil
}

// searchMost bounds how many records a search for a text reads at once.
const searchMost = 20_000

// Page returns the newest records that match, the newest first, and what to give as Before for the records before them, 0 at the beginning of the
// history. A search for a text reads 20,000 records at most, and may return fewer than the limit, or none, with more before them.
// What Query refuses is a RequestError.
func (d Desk) Page(ctx context.Context, w view.World, f Filter) (events []view.Event, older int64, err error) {
	q, err := d.Query(ctx, w, f)
	if err != nil {
		return nil, 0, err
	}
	if f.Text == "" {
		records, err := d.History(ctx, q)
		if len(records) == q.Limit {
			older = records[len(records)-1].Seq
		}
		return w.Events(records), older, err
	}
	events = []view.Event{}
	for read := 0; read < searchMost; {
		q.Limit = streamPage
		records, err := d.Store.History(ctx, q)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return nil, 0, err
		}
		for _, e := range w.Events(records) {
			q.Before = e.Seq
			if e.Says(f.Text) {
				events = append(events, e)
			}
			if len(events) == f.Limit {
				return events, q.Before, nil
			}
		}
		if len(records) == 0 || err == nil && len(records) < q.Limit {
			return events, 0, nil
		}
		read += len(records)
	}
	return events, q.Before, nil
}

// streamPage is how many records a stream holds at a time. Their data may be large.
const streamPage = 2000

// Stream gives every record that matches to f, oldest first, one page at a time, however long the history is. Records that cannot be
// read are left out, and damage is the first of them. Limit, Oldest and After of the query are its own. An error of f ends it.
func (d Desk) Stream(ctx context.Context, q store.Query, f func(store.Record) error) (damage, err error) {
	q.Oldest, q.Limit, q.After = true, streamPage, 0
	for {
		records, err := d.Store.History(ctx, q)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return damage, err
		}
		if damage == nil {
			damage = err
		}
		for _, r := range records {
			if err := f(r); err != nil {
				return damage, err
			}
			q.After = r.Seq
		}
		if len(records) == 0 || err == nil && len(records) < q.Limit {
			return damage, nil
		}
	}
}

// Names are the names of clusters that have ended, as far as their documents are kept and can be read.
func (d Desk) Names(ctx context.Context, keys []store.Key) (map[store.Key]string, error) {
	names := map[store.Key]string{}
	for _, key := range keys {
		doc, err := d.Store.Load(ctx, key)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c, err := view.NewCluster(doc, nil); err == nil {
			names[key] = c.Cluster.Name
		}
	}
	return names, nil
}
