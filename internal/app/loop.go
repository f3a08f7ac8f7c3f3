package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"emrguard/internal/engine"
)

// The times of the loop, all real.
const (
	drainFor      = 3 * time.Second        // a shutdown waits so long for the answers of changes under way
	closeFor      = time.Second            // and so long for the leases to be given up
	workersFor    = 500 * time.Millisecond // and so long for the workers of calls that were cut off
	snapshotEvery = time.Second
	shortestWait  = time.Millisecond // between two steps that no answer asked for
	drainRounds   = 8                // steps of a shutdown; each can lead to a change that is then not sent
)

// loop is one run of an App's engine. It belongs to one goroutine. The contexts of its methods end with the loop, not with the
// shutdown's begin, which is stop.
type loop struct {
	*App
	stop    <-chan struct{}
	writes  map[uint64]bool // changes under way
	snapped time.Time
	last    engine.Snapshot
}

// Run steps the engine until ctx ends, then shuts down within five seconds: nothing more is sent, changes under way have a few
// seconds to be answered, and the leases are given up. It returns nil after that, and an error if the loop broke down. An App
// runs once.
func (a *App) Run(ctx context.Context) error {
	return a.drive(ctx, false, func(calls context.Context, l *loop) error {
		l.run(calls, func() bool { return false })
		return nil
	})
}

// drive runs body, one pass or a daemon, with everything a loop needs around it, and ends it properly: ctx begins the shutdown, body's context
// ends it.
func (a *App) drive(ctx context.Context, pass bool, body func(context.Context, *loop) error) (err error) {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainFor+closeFor/2, cancel) }) // a step may hang in the store
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			// The leases lapse by themselves: what the engine holds cannot be trusted any more.
			err = fmt.Errorf("the run loop broke down: %v\n%s", p, debug.Stack())
			a.watch.Failed(err)
		}
		cancel()
		a.awaitWorkers()
	}()
	a.send.workers.Go(func() { a.prune(calls) })
	notified := a.notifying(ctx, pass)
	defer notified()
	l := &loop{App: a, stop: ctx.Done(), writes: map[uint64]bool{}}
	err = body(calls, l)
	l.drain(calls)
	return errors.Join(err, l.release(calls))
}

// release gives the leases up.
func (l *loop) release(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, closeFor)
	defer done()
	if err := l.engine.Close(ctx); err != nil {
		return fmt.Errorf("give up the leases: %w", err)
	}
	return nil
}

// awaitWorkers waits a moment for the workers whose calls were cut off.
func (a *App) awaitWorkers() {
	gone := make(chan struct{})
	go func() {
		a.send.workers.Wait()
		close(gone)
	}()
	timer := time.NewTimer(workersFor)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
	}
}

// stopping says whether the shutdown has begun.
func (l *loop) stopping() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// run steps until the shutdown begins or finished says so after a step.
func (l *loop) run(ctx context.Context, finished func() bool) {
	var done []engine.Completion
	for !l.stopping() {
		if l.takeConfig(ctx) {
			done = nil // the answers of an engine that is gone
		}
		out := l.step(ctx, done)
		if finished() {
			l.answer(ctx, l.holdBack(out))
			return
		}
		for _, c := range out.Calls {
			if c.Call.Op.Writes() {
				l.writes[c.ID] = true
			}
			l.send.send(ctx, c)
		}
		done = l.wait(out.Next)
		if l.stopping() && len(done) > 0 {
			l.answer(ctx, done)
		}
	}
}

// step makes one step and tells the observer.
func (l *loop) step(ctx context.Context, done []engine.Completion) engine.Out {
	for _, d := range done {
		delete(l.writes, d.ID)
	}
	start := time.Now()
	now := l.clock.Now()
	out := l.engine.Step(ctx, now, done)
	end := time.Now()
	l.o.Trace.Stepped(out, start, end)
	l.watch.Stepped(out, end.Sub(start))
	if start.Sub(l.snapped) >= snapshotEvery {
		l.snapped = start
		l.snapshot(now)
	}
	return out
}

// snapshot counts what the engine holds and shows it to the observer.
func (l *loop) snapshot(now engine.Now) {
	l.last = l.engine.Snapshot(now)
	l.watch.Snapshot(l.last)
}

// wait sleeps until the next step is due and returns the answers that came in.
func (l *loop) wait(next engine.Now) []engine.Completion {
	timer := time.NewTimer(max(l.clock.Until(next.Mono), shortestWait))
	defer timer.Stop()
	select {
	case <-l.stop:
		return nil
	case <-timer.C:
		return nil
	case <-l.poke:
		return nil
	case c := <-l.send.done:
		return l.send.collect(c)
	}
}

// drain waits for the answers of changes under way and has each saved.
func (l *loop) drain(ctx context.Context) {
	timer := time.NewTimer(drainFor)
	defer timer.Stop()
	for len(l.writes) > 0 {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case c := <-l.send.done:
			l.answer(ctx, l.send.collect(c))
		}
	}
}

// answer saves the answers of changes while the loop ends. What the engine would like to change next is answered as not sent, so
// that nobody has to find out later whether it was. Answers of reads are left: nothing is to be decided on them now.
func (l *loop) answer(ctx context.Context, done []engine.Completion) {
	for range drainRounds {
		var changes []engine.Completion
		for _, d := range done {
			if l.writes[d.ID] {
				changes = append(changes, d)
			}
		}
		if len(changes) == 0 {
			return
		}
		done = l.holdBack(l.step(ctx, changes))
	}
}

// holdBack answers the changes of a step as not sent.
func (l *loop) holdBack(out engine.Out) []engine.Completion {
	var done []engine.Completion
	for _, c := range out.Calls {
		if c.Call.Op.Writes() {
			l.writes[c.ID] = true
			done = append(done, notSent(c.ID, l.clock.Now(), "emrguard is shutting down"))
		}
	}
	return done
}
