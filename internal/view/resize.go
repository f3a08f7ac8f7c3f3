package view

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// The words for how a shortfall, or any unfinished capacity change, stands. They are among the Conditions, too.
const (
	Stuck    = "stuck"    // past its time, or a repair is open, or the pool takes no launches: somebody should know
	Missing  = "missing"  // instances are missing, and nothing resizes
	Resizing = "resizing" // a capacity change is under way and within its time, as it is in health
)

// resize is how the capacity changes of a group or a pool stand. The zero resize has none under way.
type resize struct {
	stuck, under bool
	until        time.Time // of those under way the first time at which one counts as stuck; zero: nobody can say
}

// and is how two of them stand together.
func (r resize) and(o resize) resize {
	r.stuck, r.under, r.until = r.stuck || o.stuck, r.under || o.under, earlier(r.until, o.until)
	return r
}

// word is the word for it, and until when it holds; both are empty when nothing is short and nothing resizes.
func (r resize) word(missing int) (string, time.Time) {
	switch {
	case r.stuck:
		return Stuck, time.Time{}
	case r.under:
		return Resizing, r.until
	case missing > 0:
		return Missing, time.Time{}
	}
	return "", time.Time{}
}

// resizeOf judges a group as the guard does (rules R1 and R3), by the present time.
func (w World) resizeOf(c Cluster, g guard.Group) resize {
	if g.State == emr.GroupReconfiguring { // its clock stands still
		return resize{under: g.Ledger.HasChange()}
	}
	v := recovery.Judge(g.Group, g.Ledger, c.SettingsOf(g.ID, c.Settings), w.Now)
	under := g.State == emr.GroupResizing
	switch shrink, _ := g.Ledger.Shrink(); v.Kind {
	case recovery.Stuck:
		under = under || g.Ledger.HasChange() // else nothing but losses, which nobody asked EMR to resize for
	case recovery.Shrink:
		under = under || shrink.Cause == ledger.Change
	case recovery.Idle:
		if g.Reported == g.State { // it was told that nobody can do more about it
			return resize{}
		}
	case recovery.Suspended:
		return resize{stuck: v.Stuck}
	default:
		return resize{}
	}
	switch {
	case c.Settings.After == 0: // no configuration says how long it may take
		return resize{under: under}
	case v.Stuck:
		return resize{stuck: true}
	case under:
		return resize{under: true, until: v.Due}
	}
	return resize{}
}

// resizeIn is how the capacity changes of a pool stand.
func (w World) resizeIn(c Cluster, p pool.Pool) resize {
	var r resize
	held := c.Paused != nil || w.scope(c.Scope).Paused != nil
	for _, m := range p.Members {
		if g := c.Group(m.Group); g != nil {
			r = r.and(w.resizeOf(c, *g))
		}
	}
	for _, o := range c.Recoveries {
		if o.Pool == p.Origin {
			r.stuck = r.stuck || repairs(o.Kind)
			r.under = r.under || (o.Kind == recovery.Scale || o.Kind == recovery.Return) && o.Hold == "" && !held // EMR is asked next
		}
	}
	r.stuck = r.stuck || p.Rest != nil || p.Blocked != nil
	if short, _ := c.missingSince(p); !short.IsZero() && c.Settings.After > 0 && w.Now.Sub(short) >= c.Settings.After {
		r.stuck = true
	}
	return r
}

// repairs says whether a recovery of this kind repairs a resize that got stuck.
func repairs(k recovery.Kind) bool {
	return slices.Contains([]recovery.Kind{recovery.Stuck, recovery.Suspended, recovery.Idle, recovery.Shrink}, k)
}

// worst is the worst of the words for how changes stand; empty when nothing is missing.
func worst(missing int, words ...string) string {
	for _, word := range []string{Stuck, Missing, Resizing} {
		if missing > 0 && slices.Contains(words, word) {
			return word
		}
	}
	return ""
}

// stands begins the sentence on what is missing: whether that is stuck, or a resize within its time and until when.
func (c ClusterStatus) stands(now time.Time) string {
	switch {
	case c.Stuck:
		return "stuck: "
	case !slices.Contains(c.Conditions, Resizing):
		return ""
	case c.ResizeUntil.IsZero():
		return "resizing: "
	}
	return "resizing until " + Until(c.ResizeUntil, now) + ": "
}
