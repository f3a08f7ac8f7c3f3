package view

import (
	"cmp"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// stretches are the kinds of records at which something begins or ends.
var stretches = func() map[string]func(t *Tally, c *tallied, r store.Record, data told) {
	kinds := map[string]func(t *Tally, c *tallied, r store.Record, data told){
		"scaling.suspended": func(t *Tally, c *tallied, r store.Record, _ told) { t.begin(c, suspended, "", r.At, 1) },
		"scaling.resumed":   func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, suspended, "", r.At, true) },
		"metrics.unread":    func(t *Tally, c *tallied, r store.Record, _ told) { t.begin(c, blind, "", r.At, 1) },
		"metrics.read":      func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, blind, "", r.At, true) },
		"read.unusable":     func(t *Tally, c *tallied, r store.Record, _ told) { t.begin(c, unusable, "", r.At, 1) },
		"read.usable":       func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, unusable, "", r.At, true) },
		"pool.blocked":      func(t *Tally, c *tallied, r store.Record, _ told) { t.begin(c, blocked, r.Pool, r.At, 1) },
		"order.unban":       func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, blocked, r.Pool, r.At, false) },
		"pool.unblocked":    func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, blocked, r.Pool, r.At, true) },
		"pool.rest": func(t *Tally, c *tallied, r store.Record, _ told) {
			t.end(c, blocked, r.Pool, r.At, false)
			t.begin(c, resting, r.Pool, r.At, 1)
		},
		"pool.rested": func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, resting, r.Pool, r.At, true) },
		"pool.whole":  func(t *Tally, c *tallied, r store.Record, _ told) { t.end(c, resting, r.Pool, r.At, true) },
		"recovery.open": func(_ *Tally, c *tallied, r store.Record, _ told) {
			if began, ok := returnBegins(r); ok {
				c.ask(r.Group).begins(began)
			}
		},
		"group.seen": (*Tally).counts,
		"group.made": (*Tally).counts,
		"group.ours": (*Tally).counts,
		"group.read": (*Tally).counts,
		"cluster.ended": func(t *Tally, c *tallied, r store.Record, _ told) {
			for _, s := range c.inOrder() {
				t.end(c, s.what, s.of, r.At, false)
			}
		},
	}
	for _, k := range Outcomes() {
		kinds[k] = (*Tally).closes
	}
	return kinds
}()

// closes notes the end of a recovery: a launch that completed ends a rest and a block.
func (t *Tally) closes(c *tallied, r store.Record, data told) {
	c.ask(r.Group).ends(r.Kind)
	if r.Kind == "recovery."+string(recovery.Completed) && data.Placed > 0 && data.Kind != string(recovery.Scale) {
		t.end(c, blocked, r.Pool, r.At, false)
		t.end(c, resting, r.Pool, r.At, false)
	}
}

// counts notes what a group lacks from now on.
func (t *Tally) counts(c *tallied, r store.Record, data told) {
	if r.Pool != "" { // of MASTER and of groups of another emrguard nothing is said
		now := c.ask(r.Group).once(counts{data.Requested, data.Running})
		t.begin(c, missing, r.Group, r.At, max(0, now.requested-now.running))
	}
}

// each counts every record of a kind.
func each(count func(f *Figures) *int) func(c *tallied, r store.Record, data told) {
	return func(c *tallied, _ store.Record, _ told) { *count(&c.Figures)++ }
}

// kindsTold are the kinds of records that a report adds up, those at which something begins or ends among them.
var kindsTold = func() map[string]func(c *tallied, r store.Record, data told) {
	kinds := map[string]func(c *tallied, r store.Record, data told){
		"scaling.suspended": each(func(f *Figures) *int { return &f.Suspensions }),
		"scaling.unmade":    each(func(f *Figures) *int { return &f.Unmade }),
		"scaling.deferred": func(c *tallied, _ store.Record, data told) {
			if data.Ask != nil {
				c.NotFollowed++
			} else {
				c.Schedules.Waited++
			}
		},
		"scaling.superseded": each(func(f *Figures) *int { return &f.Schedules.Superseded }),
		"scaling.dropped":    each(func(f *Figures) *int { return &f.Schedules.Dropped }),
		"scaling.decided":    (*tallied).scaled,

		"would.recover": (*tallied).wouldRecover,
		"would.scale":   (*tallied).wouldScale,
		"would.make":    each(func(f *Figures) *int { return &f.WouldMake }),

		"would.terminate":       each(func(f *Figures) *int { return &f.Terminations.Would }),
		"termination.notice":    each(func(f *Figures) *int { return &f.Terminations.Notices }),
		"termination.withdrawn": each(func(f *Figures) *int { return &f.Terminations.Withdrawn }),
		"termination.held":      each(func(f *Figures) *int { return &f.Terminations.Held }),

		"ban.set":        each(func(f *Figures) *int { return &f.Bans }),
		"ban.lifted":     each(func(f *Figures) *int { return &f.BansLifted }),
		"pool.rest":      each(func(f *Figures) *int { return &f.Rests }),
		"pool.blocked":   each(func(f *Figures) *int { return &f.Blocks }),
		"pool.contested": each(func(f *Figures) *int { return &f.Contested }),

		"pool.return_failed": each(func(f *Figures) *int { return &f.ReturnsFailed }),

		"metrics.unread": each(func(f *Figures) *int { return &f.Unread }),
		"read.unusable":  each(func(f *Figures) *int { return &f.Unusable }),
		"api.throttled":  each(func(f *Figures) *int { return &f.Throttled }),
		"clock.back":     each(func(f *Figures) *int { return &f.ClockDisagreed }),
		"clock.follows":  each(func(f *Figures) *int { return &f.ClockDisagreed }),
		"clock.skew":     each(func(f *Figures) *int { return &f.ClockDisagreed }),
		"cluster.ended":  each(func(f *Figures) *int { return &f.Ended }),
		"order.refused":  each(func(f *Figures) *int { return &f.Refused }),
		"recovery.open":  (*tallied).opened,

		"answer." + string(guard.ForMake):      answered(func(f *Figures) *int { return &f.Made }),
		"answer." + string(guard.ForTerminate): answered(func(f *Figures) *int { return &f.Terminations.Done }),
	}
	for _, k := range OrderKinds() {
		kinds["order."+string(k)] = each(func(f *Figures) *int { return &f.Orders })
	}
	kinds["order."+string(guard.OrderBan)] = func(c *tallied, _ store.Record, _ told) { c.Orders, c.BansByHand = c.Orders+1, c.BansByHand+1 }
	kinds["order."+string(guard.OrderUnban)] = func(c *tallied, _ store.Record, _ told) { c.Orders, c.BansLifted = c.Orders+1, c.BansLifted+1 }
	for _, k := range Outcomes() {
		kinds[k] = (*tallied).closed
	}
	for k := range stretches {
		if kinds[k] == nil {
			kinds[k] = func(*tallied, store.Record, told) {}
		}
	}
	return kinds
}()

// answered counts the answers that are no error.
func answered(count func(f *Figures) *int) func(c *tallied, r store.Record, data told) {
	return func(c *tallied, _ store.Record, data told) {
		if !data.failed() {
			*count(&c.Figures)++
		}
	}
}

// unknown stands for the kind of a recovery whose record is damaged.
const unknown = "unknown"

func (c *tallied) opened(r store.Record, data told) {
	c.recovery(cmp.Or(data.Kind, unknown)).Opened++
	if data.Kind != string(recovery.Scale) || r.Author == "" { // a policy's was counted with its decision
		return
	}
	s := c.scaling(r.Author)
	switch by := data.Inputs.Wanted - data.Inputs.Requested; {
	case by > 0:
		s.Up, s.UpInstances = s.Up+1, s.UpInstances+by
	case by < 0:
		s.Down, s.DownInstances = s.Down+1, s.DownInstances-by
	default:
		s.Same++
	}
}

func (c *tallied) closed(r store.Record, data told) {
	row := c.recovery(cmp.Or(data.Kind, unknown))
	*row.outcome(recovery.Outcome(r.Kind[len("recovery."):]))++
	row.Placed += data.Placed
	if row.repairs() && data.Cause.Cause != recovery.Unknown {
		c.cause(data.Cause.Cause).Count++
	}
	if k := recovery.Kind(data.Kind); k != recovery.Scale && k != recovery.Return {
		c.Placed += data.Placed
	}
}

func (c *tallied) wouldRecover(_ store.Record, data told) {
	c.recovery(cmp.Or(data.Kind, unknown)).Would++
	if data.Cause.Cause != recovery.Unknown {
		c.cause(data.Cause.Cause).Would++
	}
	if recovery.Kind(data.Kind).Bans() {
		c.WouldPlace += max(0, data.Requested-data.StopCount)
	}
}

// late is from when on a schedule counts as late.
const late = 2 * time.Minute

func (c *tallied) scaled(r store.Record, data told) {
	if data.Ask == nil {
		return
	}
	s := c.scaling(data.Ask.By)
	switch by := data.Ask.Target - data.Wanted; {
	case by > 0:
		s.Up, s.UpInstances = s.Up+1, s.UpInstances+by
	case by < 0:
		s.Down, s.DownInstances = s.Down+1, s.DownInstances-by
	default:
		s.Same++
	}
	if data.Due.IsZero() {
		return
	}
	c.Schedules.Applied++
	if behind := r.At.Sub(data.Due); behind > late {
		c.Schedules.Late++
		c.Schedules.LateFor += behind.Seconds()
		c.Schedules.Latest = max(c.Schedules.Latest, behind.Seconds())
	}
}

func (c *tallied) wouldScale(_ store.Record, data told) {
	if data.Ask == nil {
		return
	}
	by := data.Ask.Target - data.Wanted
	if by == 0 { // a schedule that changes no more than bounds
		return
	}
	s := c.scaling(data.Ask.By)
	if by > 0 {
		s.WouldUp, s.WouldUpInstances = s.WouldUp+1, s.WouldUpInstances+by
	} else {
		s.WouldDown, s.WouldDownInstances = s.WouldDown+1, s.WouldDownInstances-by
	}
}
