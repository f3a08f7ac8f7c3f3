// Package desk is where people and programs meet the store: it reads the present state of the fleet, tells stories from the history, and
// hands orders to whoever owns a scope.
//
// The commands and the page work through it, so that they show and do the same. It decides nothing: what an order leads to is the guard's to
// say. A Desk is safe for concurrent use.
package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Desk reads one store under one configuration, and takes orders for it.
type Desk struct {
	Store  store.Store
	Config *config.Config
	// Now is the time of the guard that acts on the store: ages are told and orders dated by it.
	Now func(ctx context.Context) time.Time
	// Term is the real time after which the lease of a guard that died is over.
	Term time.Duration
	// DryRun says that this guard changes no cluster, so that it refuses what a preview would else foretell.
	DryRun bool
}

// RequestError is an error of whoever asked: a name that names nothing, or several things. Its text says what there is instead.
type RequestError struct{ Err error }

// Error implements error.
func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *RequestError) Unwrap() error { return e.Err }

// SetupError is an error of what emrguard was given to work with, such as a price file: whoever asked cannot help it, whoever runs emrguard can. Its
// text names the file and what is wrong with it.
type SetupError struct{ Err error }

// Error implements error.
func (e *SetupError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *SetupError) Unwrap() error { return e.Err }

func mistake(format string, args ...any) error { return &RequestError{fmt.Errorf(format, args...)} }

// World reads the present state of one scope, or of all if scope is empty: those of the configuration and those that the store knows besides. It
// costs one read of every document that has not ended. A scope that there is not is a RequestError; what cannot be read is told in the world itself.
func (d Desk) World(ctx context.Context, scope string) (view.World, error) {
	names, err := d.Store.Scopes(ctx)
	if err != nil {
		return view.World{}, err
	}
	names = slices.DeleteFunc(names, store.Reserved)
	for _, c := range d.Config.Scopes {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	if scope != "" {
		if !slices.Contains(names, scope) {
			return view.World{}, mistake("no scope %q; there are %s", scope, strings.Join(names, ", "))
		}
		names = []string{scope}
	}
	leases, err := d.Store.Leases(ctx)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return view.World{}, err
	}
	var scopes []view.Scope
	for _, name := range names {
		docs, err := d.Store.LoadScope(ctx, name)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return view.World{}, err
		}
		var lease store.Lease
		if i := slices.IndexFunc(leases, func(l store.Lease) bool { return l.Scope == name }); i >= 0 {
			lease = leases[i]
		}
		s := view.NewScope(name, docs, lease, d.rules)
		if err != nil {
			s.Problems = append(s.Problems, err.Error())
		}
		scopes = append(scopes, s)
	}
	w := view.New(d.Now(ctx), scopes)
	w.Term = d.Term
	return w, nil
}

// rules says what the configuration holds for a cluster.
func (d Desk) rules(scope string, c emr.Cluster) view.Rule {
	e := d.Config.For(scope, c)
	return view.Rule{Mode: string(e.Mode), Why: e.Why, How: e.Scaling, Settings: e.Settings, Wrapped: e.Wrapped}
}

// Cluster finds a cluster of the world, or one that has ended, of which there is a record; that one by its id alone. Anything else is a RequestError.
func (d Desk) Cluster(ctx context.Context, w view.World, scope, ref string) (view.Found, error) {
	found, err := w.FindCluster(ref)
	if err == nil {
		return found, nil
	}
	if unknown := (*view.UnknownError)(nil); errors.As(err, &unknown) {
		records, failed := d.Store.History(ctx, store.Query{Scope: scope, Cluster: ref, Limit: 1})
		if failed != nil && !errors.Is(failed, store.ErrCorrupt) {
			return view.Found{}, failed
		}
		if len(records) > 0 {
			return view.Found{Scope: records[0].Scope, Cluster: emr.ClusterID(ref)}, nil
		}
	}
	return view.Found{}, &RequestError{err}
}
