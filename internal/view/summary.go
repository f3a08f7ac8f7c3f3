package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
)

// summary tells a recovery in a few sentences: what was stuck and since when, what emrguard did, how it ended or what comes next and how to stop that, and for
// how long instances were missing.
func (w World) summary(r RecoveryStatus) []string {
	out := []string{r.beginning(w.Now), r.doing(w.Now)}
	if r.Cause != "" {
		out = append(out, fmt.Sprintf("EMR names %s as the cause.", causes[recovery.Cause(r.Cause)]))
	}
	if r.Open {
		out = append(out, w.going(r)...)
	} else {
		out = append(out, r.ending(w.Now))
	}
	if w.leftWaiting(r) {
		out = append(out, w.following(r)...)
	} else if text := w.madeUp(r); text != "" {
		out = append(out, text)
	}
	if cost := r.cost(w.Now); cost != "" {
		out = append(out, cost)
	}
	return out
}

// Course is what emrguard did, and of a closed recovery how many ran before and how it ended.
func (r RecoveryStatus) Course(now time.Time) string {
	if r.Open {
		return r.Sentence(now)
	}
	text := r.doing(now) + " " + r.ending(now)
	if r.repairs() {
		text = fmt.Sprintf("%d of %d ran. ", r.Ran, r.Asked) + text
	}
	return text
}

// ending is when and how a closed recovery ended.
func (r RecoveryStatus) ending(now time.Time) string {
	return fmt.Sprintf("At %s UTC %s.", Clock(r.Closed, now), strings.TrimSuffix(r.ended, "."))
}

// causes are EMR's causes for a sentence.
var causes = map[recovery.Cause]string{
	recovery.Capacity: "a lack of EC2 capacity", recovery.Quota: "a quota of the account", recovery.Addresses: "a subnet without free addresses",
	recovery.Bootstrap: "failing bootstrap actions", recovery.Price: "a bid below the Spot price",
}

// beginning is what was the matter, and since when.
func (r RecoveryStatus) beginning(now time.Time) string {
	name := cmp.Or(r.GroupLabel, r.Group)
	text := r.began(name)
	if r.Kind == string(recovery.Stuck) {
		text = fmt.Sprintf("%s was stuck: %d of %d ran", name, r.Ran, r.Asked)
	}
	if !r.Opened.IsZero() {
		text = "At " + Clock(r.Opened, now) + " UTC " + text
	}
	if r.repairs() && !r.Since.IsZero() && r.Opened.Sub(r.Since) >= time.Minute {
		text += fmt.Sprintf(", missing since %s (%s)", Clock(r.Since, now), Span(r.Opened.Sub(r.Since)))
	}
	if r.Number > 1 {
		text += fmt.Sprintf("; number %d in a row without a completed resize", r.Number)
	}
	return text + "."
}

// doing is what emrguard changed.
func (r RecoveryStatus) doing(now time.Time) string {
	var did []string
	add := func(format string, args ...any) { did = append(did, fmt.Sprintf(format, args...)) }
	if !r.Stopped.IsZero() {
		add("stopped it at %d at %s", r.StopCount, Clock(r.Stopped, now))
	} else if r.StopCount > 0 { // of a record that does not say when
		add("stopped it at %d", r.StopCount)
	}
	if !r.BannedUntil.IsZero() {
		text := fmt.Sprintf("banned it until %s", Clock(r.BannedUntil, now))
		switch {
		case r.ban != "":
			text += " (" + r.ban + ")"
		case r.BannedUntil.After(now):
			text += " (in " + Span(r.BannedUntil.Sub(now)) + ")"
		}
		did = append(did, text)
	}
	if r.Placed > 0 {
		text := fmt.Sprintf("asked EMR for %d", r.Placed)
		if on := cmp.Or(r.PlacedOnLabel, r.PlacedOn); on != "" {
			text += " in " + on
		}
		did = append(did, text)
	}
	switch n := len(did); {
	case n == 0 && r.Open:
		return "emrguard has changed nothing yet."
	case n == 0:
		return "emrguard changed nothing."
	case n == 1:
		return "emrguard " + did[0] + "."
	default:
		return "emrguard " + strings.Join(did[:n-1], ", ") + " and " + did[n-1] + "."
	}
}

// going is where an open recovery stands, what comes next of itself, and how to stop that.
func (w World) going(r RecoveryStatus) []string {
	stands := "Now: " + r.Stage()
	if r.Hold != "" {
		stands += "; it waits: " + r.Hold
	}
	return append([]string{stands + "."}, w.following(r)...)
}

// following is what comes next on the pool of a recovery, and how to stop that.
func (w World) following(r RecoveryStatus) []string {
	c := w.cluster(r.Scope, r.Cluster)
	if c == nil {
		return nil
	}
	for _, n := range w.Ahead(w.scope(r.Scope), *c) {
		if !n.Of(r.Pool) || n.lapse {
			continue
		}
		out := []string{"Next: " + n.Line(w.Now) + "."}
		if n.Stop != "" {
			out = append(out, "To stop emrguard: `"+n.Stop+"`.")
		}
		return out
	}
	return nil
}

// leftWaiting says whether the pool rests or is blocked since a recovery ended.
func (w World) leftWaiting(r RecoveryStatus) bool {
	c := w.cluster(r.Scope, r.Cluster)
	if c == nil {
		return false
	}
	p := c.Pool(emr.GroupID(r.Pool))
	return p != nil && (p.Rest != nil && p.Rest.From.Equal(r.Closed) || p.Blocked != nil && p.Blocked.Since.Equal(r.Closed))
}

// madeUp says that what a recovery left missing runs by now; empty if it left nothing, or if something is missing still.
func (w World) madeUp(r RecoveryStatus) string {
	if o := recovery.Outcome(r.Outcome); o != recovery.Rested && o != recovery.NoPlace {
		return ""
	}
	c := w.cluster(r.Scope, r.Cluster)
	if c == nil {
		return ""
	}
	p := c.Pool(emr.GroupID(r.Pool))
	if p == nil || p.Rest != nil || p.Blocked != nil {
		return ""
	}
	if _, missing := c.running(*p); missing > 0 {
		return ""
	}
	return "By now all that the pool wants runs."
}

// cost is how long instances were missing; empty for what repairs nothing.
func (r RecoveryStatus) cost(now time.Time) string {
	since := earlier(r.ShortSince, r.Since)
	if !r.repairs() || since.IsZero() {
		return ""
	}
	attempts := ""
	if r.Since.Sub(since) >= time.Minute {
		attempts = ", over all attempts"
	}
	switch {
	case r.Open && r.Missing == 0:
		return ""
	case r.Open:
		return fmt.Sprintf("%s missing since %s%s.", phrase.Count(r.Missing, "instance")+" "+phrase.Are(r.Missing), Since(since, now), attempts)
	case r.Missing == 0:
		return fmt.Sprintf("Instances were missing for %s, from %s to %s%s.", Span(r.Closed.Sub(since)), Clock(since, now), Clock(r.Closed, now), attempts)
	}
	return fmt.Sprintf("Instances had been missing for %s when it ended, since %s%s; %d still %s missing then.", Span(r.Closed.Sub(since)), Clock(since, now), attempts, r.Missing, phrase.Was(r.Missing))
}

// repairs says whether the recovery is about missing instances.
func (r RecoveryStatus) repairs() bool {
	switch recovery.Kind(r.Kind) {
	case recovery.Stuck, recovery.Suspended, recovery.Retry, recovery.Enforce:
		return true
	case recovery.Idle, recovery.Shrink, recovery.Overrun, recovery.Surplus, recovery.Return, recovery.Scale:
	}
	return false
}
