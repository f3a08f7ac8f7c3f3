package app

import (
	"context"
	"time"
)

// How old history goes: hourly, in small transactions, so that no decision waits long for the store. All times are real.
const (
	pruneEvery = time.Hour
	pruneFirst = time.Minute // after the start
	pruneBatch = 500         // rows of one transaction
	prunePause = 50 * time.Millisecond
)

// prune deletes history older than history.keep until ctx ends.
func (a *App) prune(ctx context.Context) {
	for wait := pruneFirst; pause(ctx, wait); wait = pruneEvery {
		rows, err := a.pruneOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		a.watch.Pruned(rows, err)
	}
}

// pruneOnce deletes what is old by now and says how many rows went.
func (a *App) pruneOnce(ctx context.Context) (int, error) {
	before := a.clock.Now().Wall.Add(-a.Config().History.Keep)
	total := 0
	for {
		rows, err := a.store.Prune(ctx, before, pruneBatch)
		total += rows
		if err != nil || rows < pruneBatch || !pause(ctx, prunePause) {
			return total, err
		}
	}
}

// pause waits for d and says whether ctx still stands.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
