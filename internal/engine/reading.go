package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
)

// reading is a read under way, page by page. It counts as one read that began with its first page.
type reading struct {
	op        emr.Op
	group     emr.GroupID
	class     budget.Class
	began     time.Time
	groups    []emr.Group
	instances []emr.Instance
	pages     []uint64 // ids of its calls so far
}

func (c *cluster) reading(op emr.Op, group emr.GroupID) *reading {
	for _, r := range c.readings {
		if r.op == op && r.group == group {
			return r
		}
	}
	return nil
}

// clockSet moves the beginning of a read under way with the clock that dated it.
func (r *reading) clockSet(by time.Duration) {
	if !r.began.IsZero() {
		r.began = r.began.Add(by)
	}
}

// completeRead takes one page, asks for the next or decides on the whole.
func (c *cluster) completeRead(ctx context.Context, now Now, f flight, done Completion) {
	r := f.read
	began := c.s.now(done.Began)
	if r.began.IsZero() {
		r.began = began
	}
	r.pages = append(r.pages, done.ID)
	c.s.e.causes = nil // the pages stand for it
	res := done.Result
	if res.Err != nil {
		c.finish(r)
		c.readFailed(ctx, now, r, *res.Err)
		return
	}
	c.refused = slices.DeleteFunc(c.refused, func(f refusal) bool { return f.op == r.op && f.group == r.group })
	r.groups = append(r.groups, res.Groups...)
	r.instances = append(r.instances, res.Instances...)
	if res.Marker != "" {
		next := f.call
		next.Marker = res.Marker
		// Due before every read that has not begun: a read is as old as its first page, so one that waits between its pages for others' may never be fresh.
		c.s.queue.Set(budget.Want{Key: fmt.Sprintf("%s %s %s page", c.id, r.op, r.group), Call: next, Class: r.class})
		return
	}
	c.finish(r)
	c.decide(ctx, now, input(r, res, c.s.now(done.Ended)), nil)
}

// refusal keeps a read that failed from being tried again at once.
type refusal struct {
	op    emr.Op
	group emr.GroupID
	until time.Time
}

// readFailed books a read that failed. What passes by itself is tried again soon, anything else with the next routine look.
func (c *cluster) readFailed(ctx context.Context, now Now, r *reading, err emr.Error) {
	at, eff := c.s.now(now), c.effective()
	wait := max(eff.Settings.Pace/10, time.Second)
	if !passing(err) {
		wait = c.s.Sweep
		c.s.e.fault(c.s, string(c.id), fmt.Errorf("%s: %w", r.op, &err))
	}
	c.refused = slices.DeleteFunc(c.refused, func(f refusal) bool { return f.op == r.op && f.group == r.group })
	c.refused = append(c.refused, refusal{r.op, r.group, at.Add(wait)})
	c.decide(ctx, now, guard.Input{Failed: &guard.Failed{Op: r.op, Group: r.group, Began: r.began, Err: err}}, nil)
}

// passing says whether the failure of a read passes by itself.
func passing(err emr.Error) bool {
	return err.Class == emr.Throttled || err.Class == emr.NotSent || err.Class == emr.Unavailable
}

// notBefore is the earliest time at which a read may be tried.
func (c *cluster) notBefore(n guard.Need) time.Time {
	var t time.Time
	for _, f := range c.refused {
		if f.op == n.Op && f.group == n.Group && f.until.After(t) {
			t = f.until
		}
	}
	return t
}

func input(r *reading, res emr.Result, ended time.Time) guard.Input {
	switch r.op {
	case emr.ListInstanceGroups:
		return guard.Input{Read: &guard.Read{Began: r.began, Ended: ended, Groups: r.groups}}
	case emr.ListInstances:
		return guard.Input{Instances: &guard.Instances{Group: r.group, Began: r.began, Instances: r.instances}}
	case emr.GetManagedScalingPolicy:
		return guard.Input{Managed: &guard.Managed{Began: r.began, Attached: res.ManagedScaling}}
	}
	if res.Cluster == nil {
		return guard.Input{}
	}
	return guard.Input{Described: &guard.Described{Began: r.began, Cluster: *res.Cluster}}
}

// finish ends a read.
func (c *cluster) finish(r *reading) {
	c.rests(r)
	c.readings = slices.DeleteFunc(c.readings, func(o *reading) bool { return o == r })
}
