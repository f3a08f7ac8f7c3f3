package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
)

// suspend finds out whether scaling operations are suspended on the cluster, and why (rule R2).
func (d *decider) suspend() {
	reasons := d.suspensions("")
	if len(reasons) == 0 {
		d.operationsDone()
	}
	was := d.s.Suspended
	switch {
	case len(reasons) == 0 && was != nil:
		d.s.Suspended, d.s.Resumed = nil, d.env.Now
		why := "no group is resizing any more"
		if !d.s.Ended.IsZero() {
			why = "the cluster ended"
		} else if slices.ContainsFunc(d.s.Groups, func(g Group) bool { return g.State == emr.GroupResizing }) {
			why = "what is still resizing no longer suspends scaling"
		}
		d.record("scaling.resumed", Record{Reason: fmt.Sprintf("%s; scaling was suspended for %s", why, phrase.Duration(d.env.Now.Sub(was.Since).Round(time.Second)))})
	case len(reasons) > 0 && was == nil:
		d.s.Suspended = &Suspension{Since: d.env.Now, Reasons: reasons}
		d.record("scaling.suspended", Record{Reason: reasons[0], Data: map[string]any{"reasons": reasons}})
	case len(reasons) > 0:
		d.s.Suspended = &Suspension{Since: was.Since, Reasons: reasons}
	}
}

// suspensions lists what suspends scaling on the cluster, one recovery left out.
func (d *decider) suspensions(but string) []string {
	if !d.s.Ended.IsZero() {
		return nil
	}
	var reasons []string
	for i := range d.s.Groups {
		if why := d.groupSuspends(&d.s.Groups[i]); why != "" {
			reasons = append(reasons, why)
		}
	}
	for i := range d.s.Recoveries {
		r := &d.s.Recoveries[i]
		if r.ID == but || d.gaveUp(r) {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("recovery %s of %s is at %s", r.ID, r.Group, r.Step))
	}
	return reasons
}

// gaveUp says whether a recovery that EMR ignores has stopped suspending: 60 paces after its stop (R5).
func (d *decider) gaveUp(r *recovery.Recovery) bool {
	if r.Step == recovery.StepConfirm && strings.HasPrefix(r.Hold, recovery.Unanswered) {
		return true
	}
	at := givesUpAt(r)
	return !at.IsZero() && !d.env.Now.Before(at)
}

// givesUpAt is when a recovery that goes on as it does now stops suspending; zero while it has sent nothing.
func givesUpAt(r *recovery.Recovery) time.Time {
	switch {
	case !r.Unstoppable.IsZero():
		return r.Stopped.Add(60 * r.Settings.Pace)
	case r.Step != recovery.StepConfirm: // EMR loses its releases or launches, again and again
		return r.Opened.Add(r.Settings.LongestAfter() + 60*r.Settings.Pace)
	}
	return time.Time{}
}

func (d *decider) groupSuspends(g *Group) string {
	p := d.s.PoolOf(g.ID)
	if p == nil || g.State.Ended() || p.Rest != nil || g.Reported == g.State && g.Reported != "" {
		return ""
	}
	for i := range d.s.Recoveries {
		if r := &d.s.Recoveries[i]; r.Group == g.ID && d.gaveUp(r) {
			return ""
		}
	}
	if d.aloneIn(p) && d.outlived(g) {
		return "" // nobody repairs it here, and what suspends scaling has an end
	}
	switch {
	case g.State == emr.GroupResizing:
		return fmt.Sprintf("%s is RESIZING, %d of %d run", g.ID, g.Running, g.Requested)
	case g.Ledger.HasChange() && !g.State.Suspended():
		return fmt.Sprintf("a capacity change of %s is unfinished, %d of %d run", g.ID, g.Running, g.Requested)
	case g.Ledger.HasChange() && p.Blocked == nil:
		return fmt.Sprintf("%s is %s, %d of %d run", g.ID, g.State, g.Running, g.Requested)
	}
	if shrink, ok := g.Ledger.Shrink(); ok && shrink.Cause == "change" {
		return fmt.Sprintf("%s is shrinking, %d of %d run", g.ID, g.Running, g.Requested)
	}
	return ""
}

// outlived says whether what is stuck on a group lasts for longer than a repair may suspend scaling.
func (d *decider) outlived(g *Group) bool {
	at := d.outlivesAt(g)
	return !at.IsZero() && !d.env.Now.Before(at)
}

// outlivesAt is when that will be so; zero while nothing is stuck.
func (d *decider) outlivesAt(g *Group) time.Time {
	longest := d.env.Settings.After + 60*d.env.Settings.Pace
	if oldest, short := g.Ledger.Oldest(); short {
		return oldest.Since.Add(longest)
	}
	if v := recovery.Judge(g.Group, g.Ledger, d.env.Settings, d.s.Read); v.Stuck {
		return v.Since.Add(longest)
	}
	return time.Time{}
}

// wakeToResume asks for a decision at the moments at which something stops suspending by its age alone.
func (d *decider) wakeToResume() {
	for i := range d.s.Recoveries {
		d.wakeAt(givesUpAt(&d.s.Recoveries[i]))
	}
	for i := range d.s.Groups {
		g := &d.s.Groups[i]
		if p := d.s.PoolOf(g.ID); p != nil && d.aloneIn(p) {
			d.wakeAt(d.outlivesAt(g))
		}
	}
}
