package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/engine"
	"emrguard/internal/phrase"
)

// Summary is what one Pass did.
type Summary struct {
	Scopes   []engine.ScopeSnapshot // at its end, by name
	Records  map[string]int         // history rows written, by kind
	Changes  int                    // calls that change a cluster and were sent
	Faults   []engine.Fault         // each distinct one once
	Finished bool                   // every cluster was read and nothing was due at the end
}

// ErrHeld says that another process owns a scope.
var ErrHeld = errors.New("another emrguard is at work")

// Pass lists the clusters, reads each once, does what is due and returns: one pass instead of a daemon. Progress, if not nil, is
// called about once a second of real time. ctx bounds it; if it ends first, the error says what was missing. ErrHeld: another
// process holds the lease of a scope, and nothing was done.
func (a *App) Pass(ctx context.Context, progress func(engine.Snapshot)) (Summary, error) {
	began := time.Now() // as ctx's own limit does, so that a pass that runs out of time says the whole of it
	sum := Summary{Records: map[string]int{}}
	watch := &passWatch{Observer: a.watch, sum: &sum, progress: progress}
	a.watch, a.send.watch = watch, watch
	err := a.drive(ctx, true, func(calls context.Context, l *loop) error {
		var held error
		l.run(calls, func() bool {
			if missing := a.notOwned(); len(missing) > 0 {
				// A lease that this process could not even ask for is a fault, and tried again.
				if held = a.heldBy(calls, missing); held != nil {
					return true
				}
				return false
			}
			now := a.clock.Now()
			a.engine.Refresh(now)
			sum.Finished = a.engine.Idle(now)
			return sum.Finished
		})
		l.snapshot(a.clock.Now())
		sum.Scopes = l.last.Scopes
		switch {
		case held != nil:
			return held
		case !sum.Finished:
			return a.unfinished(sum, time.Since(began))
		}
		return nil
	})
	return sum, err
}

// notOwned lists the scopes whose lease is not held.
func (a *App) notOwned() []string {
	owned := a.engine.Owned()
	var missing []string
	for _, s := range a.Config().Scopes {
		if !slices.Contains(owned, s.Name) {
			missing = append(missing, s.Name)
		}
	}
	return missing
}

// heldBy says who holds the leases of scopes, or nil if nobody does.
func (a *App) heldBy(ctx context.Context, scopes []string) error {
	leases, err := a.store.Leases(ctx)
	if err != nil {
		return nil //nolint:nilerr // the engine's own attempt at the lease reports the store's trouble
	}
	now := a.clock.Now().Wall
	var lines []string
	for _, l := range leases {
		if slices.Contains(scopes, l.Scope) && l.Held(now) {
			lines = append(lines, fmt.Sprintf("scope %s is held by %s until %s", l.Scope, l.Note, l.Expires.UTC().Format(time.RFC3339)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s; stop it, or let it do the work", ErrHeld, strings.Join(lines, "; "))
}

// unfinished says what a pass that ran out of time was waiting for.
func (a *App) unfinished(sum Summary, took time.Duration) error {
	var waits []string
	for _, s := range sum.Scopes {
		switch {
		case !s.Held:
			waits = append(waits, fmt.Sprintf("the lease of scope %s was not taken", s.Name))
		case !s.Listed:
			waits = append(waits, fmt.Sprintf("the clusters of scope %s were not listed", s.Name))
		default:
			waits = append(waits, fmt.Sprintf("scope %s: %s, %s under way", s.Name, phrase.Count(s.Clusters, "cluster"), phrase.Count(s.InFlight, "call")))
		}
	}
	text := "the pass did not finish within " + took.Round(time.Millisecond).String() + ": " + strings.Join(waits, "; ")
	if n := len(sum.Faults); n > 0 {
		text += "; last problem: " + sum.Faults[n-1].Err.Error()
	}
	return errors.New(text)
}

// passWatch counts for a Summary what it passes on.
type passWatch struct {
	Observer
	sum      *Summary
	progress func(engine.Snapshot)
}

// Stepped implements Observer.
func (w *passWatch) Stepped(out engine.Out, took time.Duration) {
	for _, r := range out.Records {
		w.sum.Records[r.Kind]++
	}
	for _, c := range out.Calls {
		if c.Call.Op.Writes() {
			w.sum.Changes++
		}
	}
	for _, f := range out.Faults {
		same := func(o engine.Fault) bool {
			return o.Scope == f.Scope && o.Cluster == f.Cluster && o.Err.Error() == f.Err.Error()
		}
		if !slices.ContainsFunc(w.sum.Faults, same) {
			w.sum.Faults = append(w.sum.Faults, f)
		}
	}
	w.Observer.Stepped(out, took)
}

// Snapshot implements Observer.
func (w *passWatch) Snapshot(s engine.Snapshot) {
	if w.progress != nil {
		w.progress(s)
	}
	w.Observer.Snapshot(s)
}
