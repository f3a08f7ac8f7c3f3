package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

// carryOut takes a scope's lease if it is free, lets the engine answer the orders in the inbox, and gives the lease up. Nothing
// is sent to AWS: a change that falls due in this moment is booked as not sent, and the next owner decides on it again. If
// somebody else was faster, nothing happens: that one answers. The lease and its generation keep the two apart. The error is what
// went wrong with the scope or the target; the order may have been answered all the same.
func carryOut(ctx context.Context, s store.Store, cfg *config.Config, to desk.Target, now time.Time) error {
	e := engine.New(engine.Options{
		Store: s, Policy: app.Policy(cfg), Owner: "order-" + rand.Text(), Note: fmt.Sprintf("an order by hand, pid %d", os.Getpid()),
		Scopes: []engine.Scope{{Name: to.Scope, Share: 1e-9, Sweep: config.DefaultSweep}},
	})
	at := engine.Now{Wall: now}
	out := e.Step(ctx, at, nil)
	faults := out.Faults
	for {
		done := notSent(out.Calls, at)
		if len(done) == 0 {
			break
		}
		out = e.Step(ctx, at, done)
		faults = append(faults, out.Faults...)
	}
	var errs []error
	for _, f := range faults {
		if f.Cluster == "" || f.Cluster == string(to.Cluster) {
			errs = append(errs, f.Err)
		}
	}
	return errors.Join(errors.Join(errs...), e.Close(ctx))
}

// notSent are the answers to changes that this process does not make. Each takes the token of its operation, of which there is
// one, so the engine asks for no change twice.
func notSent(calls []engine.Call, at engine.Now) []engine.Completion {
	var done []engine.Completion
	for _, c := range calls {
		if c.Call.Op.Writes() {
			done = append(done, engine.Completion{ID: c.ID, Began: at, Ended: at,
				Result: emr.Result{Err: &emr.Error{Class: emr.NotSent, Message: "an order by hand sends no calls"}}})
		}
	}
	return done
}
