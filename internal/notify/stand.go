package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// stand adds to the events of a message how things stand as it is made: what has been done by now, how many run, and what follows. An event that nobody has to
// care for is told without. A cluster that cannot be read is told as its records told it; the error is the store's.
func stand(ctx context.Context, s store.Store, events []Event) error {
	worlds := map[store.Key]view.World{}
	for i := range events {
		e := &events[i]
		if e.Severity == Info {
			continue
		}
		key := store.Key{Scope: e.Scope, Cluster: e.Cluster}
		w, known := worlds[key]
		if !known {
			var err error
			if w, err = world(ctx, s, key); err != nil {
				return err
			}
			worlds[key] = w
		}
		e.stand(w)
	}
	return nil
}

// then is what emrguard does next by itself, by the kind of the event, where the state of a cluster does not tell it.
var then = map[string]string{
	"recovery.withheld":  "nothing on this cluster until it is allowed to again; it goes on being read",
	"recovery.reported":  "nothing more about this group; a person has to look",
	"pool.return_failed": "the fallbacks keep what runs; the next return is tried at the time that is named",
	"pool.overrun":       "nothing: who lowered the count is left to say what ends",
	"ban.over":           "nothing: what runs on fallbacks stays there",
	"read.unusable":      "it is read again and again, and the end of it is told",
	"metrics.unread":     "it is asked again, and the end of it is told",
	"clock.skew":         "clusters go on being read, and recoveries begin again with the first answer that agrees",
	"scope.denied":       "each read is tried again, and the end of it is told",
	"scope.unread":       "each read is tried again, and the end of it is told",
	"scope.broken":       "nothing on those clusters until emrguard is started again",
	"events.unread":      "clusters are seen by reading alone, at worst a sweep later, and the end of it is told",
	"sweep.late":         "clusters go on being read, later than they should be, and the end of it is told",
}

// stand fills in Done, Stand and Next from the world of the event's cluster.
func (e *Event) stand(w view.World) {
	e.Done, e.Stand, e.Next = "", "", ""
	for _, s := range w.Scopes {
		for i := range s.Clusters {
			c := &s.Clusters[i]
			e.causeOf(c)
			if p := c.Pool(emr.GroupID(e.Pool)); p != nil {
				e.Stand = fmt.Sprintf("%d of %d run in the pool", p.Running(c.View()), p.Wanted)
				if m := p.Member(emr.GroupID(e.Group)); m != nil && m.Banned(w.Now) && byName[e.Kind].topic == topicOutside {
					e.Next = "what others launch there is stopped again, and what that adds is placed on another group, until the ban ends at " + clock(m.Ban.Until, w.Now)
				}
			}
			if text := next(w, s, *c, e.Pool); text != "" && e.Next == "" {
				e.Next = text
			}
		}
	}
	for _, r := range w.Recoveries(nil).Recoveries {
		if r.Recovery == e.Recovery {
			e.Done = done(r, w.Now)
		}
	}
	e.Done, e.Next = clip(e.Done, maxDone), clip(cmp.Or(e.Next, then[e.Kind]), maxNext)
}

// causeOf adds to the begin of a recovery why EMR gives no instances, if it is known by now. It is often told in another record of the same minute, which is not
// told by itself then.
func (e *Event) causeOf(c *view.Cluster) {
	if e.Kind != "recovery.open" {
		return
	}
	if open := c.Recovery(e.Recovery); open != nil {
		e.Cause = clip(open.Why.String(), maxCause)
	}
}

// done is what an open recovery has changed so far, or what it waits for; empty if there is neither.
func done(r view.RecoveryStatus, now time.Time) string {
	var parts []string
	if !r.Stopped.IsZero() {
		parts = append(parts, fmt.Sprintf("stopped at %d of %d at %s", r.StopCount, r.Asked, clock(r.Stopped, now)))
	}
	if !r.BannedUntil.IsZero() {
		parts = append(parts, "banned until "+clock(r.BannedUntil, now))
	}
	if r.Placed > 0 {
		parts = append(parts, strings.TrimSuffix(fmt.Sprintf("%d launched on %s", r.Placed, cmp.Or(r.PlacedOnLabel, r.PlacedOn)), " on "))
	}
	if r.Hold != "" {
		parts = append(parts, "waits: "+r.Hold)
	}
	return strings.Join(parts, ", ")
}

// next is what follows by itself for a pool of a cluster, or for the cluster without one, the earliest two; empty if nothing does. The end of a ban changes
// nothing.
func next(w view.World, s view.Scope, c view.Cluster, pool string) string {
	held := c.Paused != nil || c.Withheld != ""
	var parts []string
	for _, n := range w.Ahead(s, c) {
		if n.Stop == "" && !held || pool != "" && !n.Of(pool) || len(parts) == 2 {
			continue
		}
		text := n.Text
		if !n.At.IsZero() {
			text = clock(n.At, w.Now) + ": " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// clock is a time as messages tell it, which are read later and elsewhere: with its date where that is not plain from now.
func clock(t, now time.Time) string {
	if t.Sub(now).Abs() > 12*time.Hour {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format("15:04 UTC")
}

// nth is what the begin of a repair says beyond that it began: that the group is a replacement, and how many there were before.
func nth(group, pool string, number, most int) string {
	text := "a recovery of a stuck group began"
	if group != pool {
		text = "the replacement got stuck, too; another recovery began"
	}
	if number > 1 && most > 0 {
		text += fmt.Sprintf(", number %d of %d in a row before the pool rests", number, most)
	}
	return text
}

// folded says whether a sink is told an event with the begin of a recovery, so that it has no place of its own: EMR's cause is in that message, or in what tells the
// recovery's end, and a replacement that got stuck has a recovery of its own.
func (s *Settings) folded(e *Event, sink string) bool {
	if e.Kind != "recovery.cause" && e.Kind != "recovery.chained" {
		return false
	}
	begin := *e
	begin.Kind, begin.Severity = "recovery.open", byName["recovery.open"].severity
	return slices.Contains(s.to(&begin), sink)
}

// chain is the part of the data of a recovery's begin that says where in a chain it is.
type chain struct {
	Number   int               `json:"number"`
	Settings recovery.Settings `json:"settings"`
}
