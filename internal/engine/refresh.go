package engine

import (
	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// Refresh asks for a read of every cluster that was not read since this engine has it, instead of waiting until its routine look
// is due: a single pass looks at each cluster, however lately another one did. It may be called after every step.
func (e *Engine) Refresh(now Now) {
	for _, s := range e.scopes {
		if !s.held {
			continue
		}
		for _, c := range s.clusters { //archtest:sorted the queue has an order of its own
			if !c.unread() || c.state.Described.IsZero() || c.reading(emr.ListInstanceGroups, "") != nil {
				continue
			}
			w := c.want(guard.Need{Op: emr.ListInstanceGroups, Due: s.now(now), Class: guard.ClassSweep})
			if old, ok := s.queue.Get(w.Key); !ok || w.Due.Before(old.Due) {
				s.queue.Set(w)
			}
		}
	}
}
