package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
)

// Advance decides the next act of a recovery in the steps confirm, settle, place and release. It returns the recovery with
// what it has to remember; sending calls and placing is the guard's work. The steps stop and watch have nothing to decide here.
func Advance(r Recovery, v View, l ledger.Ledger) (Recovery, Act) {
	act := Act{Kind: Wait}
	began := r.Step
	switch r.Step {
	case StepConfirm:
		r, act = confirm(r, v, l)
	case StepSettle:
		r, act = settle(r, v)
	case StepPlace, StepRelease:
		r, act = place(r, v)
	}
	if began != StepConfirm && act.changes() {
		// Somebody else may have taken charge since the first change (R12).
		switch {
		case v.Managed:
			return r, Act{Kind: Close, Outcome: Withheld, Reason: "EMR managed scaling is in charge of this cluster"}
		case v.OptOut != "":
			return r, Act{Kind: Close, Outcome: Withheld, Reason: v.OptOut}
		case !r.Untouched():
		case len(r.unread(v, time.Time{})) > 0: // what was confirmed is too old by now
			return r, Act{Kind: Wait, Needs: r.unread(v, time.Time{}), Reason: readingAgain}
		case !v.Cluster.Modifiable():
			return r.hold(v.Now, unmodifiable(v))
		}
	}
	if act.Kind == Stop || act.Kind == Keep {
		// A read may show fewer than run. What ran in the last two paces counts as running, whichever way led here (R4).
		act.Count = max(act.Count, highest(l, v.Granted, r.Settings, v.Now))
	}
	return r, act
}

// confirm reads everything again before the first write (R1, R4).
func confirm(r Recovery, v View, l ledger.Ledger) (Recovery, Act) {
	if !v.Trusted {
		return r.hold(v.Now, "the clock does not agree with AWS's")
	}
	if needs := r.unread(v, r.From); len(needs) > 0 {
		if v.Now.Sub(r.Opened) >= longestHold*r.Settings.Pace && !strings.HasPrefix(r.Hold, Unanswered) {
			r.Hold = fmt.Sprintf("%s %s", Unanswered, needs[0].Op)
		}
		return r, Act{Kind: Wait, Needs: needs, Reason: readingAgain}
	}
	// The counts come last, so that a slow ListInstances does not leave them stale.
	if need, stale := freshRead(v, r.From, r.Settings.Pace); stale {
		return r, Act{Kind: Wait, Needs: []Need{need}, Reason: "reading the counts again"}
	}
	switch {
	case v.Cluster.Ended():
		return r, Act{Kind: Close, Outcome: ClusterEnd, Reason: "the cluster is " + string(v.Cluster)}
	case !v.Cluster.Modifiable():
		return r.hold(v.Now, unmodifiable(v))
	case v.Managed:
		return r, Act{Kind: Close, Outcome: Withheld, Reason: "EMR managed scaling is in charge of this cluster"}
	case v.OptOut != "":
		return r, Act{Kind: Close, Outcome: Withheld, Reason: v.OptOut}
	case !v.Known:
		return r.hold(v.Now, "the group is not in the last read")
	}
	if !r.Kind.Stops() {
		return confirmed(r, v)
	}
	return confirmStop(r, v, l)
}

// unread lists the reads that the first change waits for, beside that of the counts: those that have not begun at from or later. A pause, a
// missing token or reads that fail may hold a recovery for long: what was read before then is read again.
func (r Recovery) unread(v View, from time.Time) []Need {
	recent := v.Now.Add(-recentPaces * r.Settings.Pace)
	var needs []Need
	ask := func(op emr.Op, began time.Time) {
		switch {
		case began.Before(from):
			needs = append(needs, Need{op, from})
		case began.Before(recent):
			needs = append(needs, Need{op, v.Now})
		}
	}
	ask(emr.DescribeCluster, v.DescribedAt)
	ask(emr.GetManagedScalingPolicy, v.ManagedAt)
	if r.needsInstances() {
		ask(emr.ListInstances, v.InstancesBegan)
	}
	return needs
}

const readingAgain = "reading again before the first change"

func unmodifiable(v View) string {
	return "the cluster is " + string(v.Cluster) + "; groups can be changed in RUNNING and WAITING only"
}

// Untouched says whether the recovery has sent no change yet.
func (r Recovery) Untouched() bool {
	return r.Sent.IsZero() && r.Placed == 0 && r.Placement.At.IsZero()
}

// confirmed opens the way for kinds without a stop.
func confirmed(r Recovery, v View) (Recovery, Act) {
	if why := r.suspended(v); why != "" {
		if r.Kind == Return && r.Author == "" {
			return r, Act{Kind: Close, Outcome: Cleared, Reason: why + "; it is tried again afterwards"}
		}
		return r.hold(v.Now, why)
	}
	r.Hold = ""
	if r.Kind == Surplus || r.Kind == Scale && v.Missing < 0 {
		r.Step = StepRelease
	} else {
		r.Step = StepPlace
	}
	return place(r, v)
}

// confirmStop decides whether the group is still stuck and at which count to stop it (R4).
func confirmStop(r Recovery, v View, l ledger.Ledger) (Recovery, Act) {
	g := v.Group
	count := g.Running
	if r.Kind != Enforce {
		s := r.Settings.On(r.Rung)
		if v.Refused {
			s = s.Refused()
		}
		verdict := Judge(g, l, s, v.Now)
		switch {
		case !verdict.Stuck && verdict.Kind == "":
			return r, Act{Kind: Close, Outcome: Completed, Reason: fmt.Sprintf("the resize completed meanwhile: %d of %d run", g.Running, g.Requested)}
		case !verdict.Stuck:
			return r, Act{Kind: Close, Outcome: Cleared, Reason: "not stuck after all: " + verdict.Reason}
		case verdict.Kind != r.Kind:
			r.Kind, r.Reason = verdict.Kind, verdict.Reason
			if r.needsInstances() && v.InstancesBegan.Before(r.From) {
				return r, Act{Kind: Wait, Needs: []Need{{emr.ListInstances, r.From}}, Reason: verdict.Reason}
			}
		}
	}
	if r.needsInstances() {
		var held string
		count, r.Starting, held = StopCount(g, l, v.Granted, r.Settings, v.Now)
		listed := v.Granted.Ran(v.Now.Add(-2 * r.Settings.Pace))
		waited := v.Now.Sub(r.Opened) >= max(r.Settings.StartingGrace, longestHold*r.Settings.Pace)
		if held != "" && v.Now.Sub(r.Opened) < longestHold*r.Settings.Pace {
			return r.hold(v.Now, held)
		}
		if count >= g.Requested && r.Kind != Enforce && waited {
			// Instances start and go again and again: they are not about to arrive. Those that do all the same are kept (R5).
			count, r.Starting = count-r.Starting, 0
		}
		switch {
		case count < g.Requested:
		case r.Kind == Enforce:
			return r, Act{Kind: Close, Outcome: Cleared, Reason: fmt.Sprintf("nothing to stop: %d run or are starting, %d are asked for", count, g.Requested)}
		case listed >= g.Requested:
			why := fmt.Sprintf("EMR lists %d running instances and counts %d of %d", listed, g.Running, g.Requested)
			if waited { // nobody knows which is true: what is asked for stays asked for
				return r, Act{Kind: Rest, Reason: why}
			}
			return r.hold(v.Now, why)
		default:
			return r.hold(v.Now, fmt.Sprintf("%s about to arrive; %d of %d run", phrase.Count(r.Starting, "instance"), g.Running, g.Requested))
		}
	}
	if r.Kind.Counts() {
		if r.Why = CauseOf(g, v.Instances); r.Why.Cause == Unknown {
			r.Why = v.Told
		}
		if v.NoRung != "" {
			return r, Act{Kind: Rest, Reason: v.NoRung}
		}
	}
	if v.InFlight {
		return r, Act{Kind: Wait, Reason: "another change on this cluster is under way"}
	}
	if !v.StopReady {
		return r, Act{Kind: Wait, Reason: "the API budget has no token for the stop now and the launch after it"}
	}
	r.Hold = ""
	return r, Act{Kind: Stop, Count: count, Reason: r.stopReason(count)}
}

func (r Recovery) stopReason(count int) string {
	switch {
	case r.Kind == Idle:
		return fmt.Sprintf("set the count it has, %d, to end a RESIZING with nothing missing", count)
	case r.Kind == Shrink:
		return fmt.Sprintf("set the count to the %d that still run", count)
	case r.Kind == Overrun:
		return fmt.Sprintf("set the count to the %d that run", count)
	case r.Starting > 0:
		return fmt.Sprintf("stop at %d: %d run and %d are starting", count, count-r.Starting, r.Starting)
	}
	return fmt.Sprintf("stop at the %d that run", count)
}

// settle waits until the stop shows (R5).
func settle(r Recovery, v View) (Recovery, Act) {
	if need, stale := freshRead(v, r.Sent, 0); stale || !v.Known {
		need.From = later(need.From, r.Sent.Add(r.Settings.Pace/3))
		return r, Act{Kind: Wait, Needs: []Need{need}, Wake: r.SettleBy, Reason: "waiting for the stop to show"}
	}
	g, again := v.Group, Need{emr.ListInstanceGroups, v.ReadBegan.Add(r.Settings.Pace)}
	if g.Requested != r.Count {
		r.Unshown, r.Shown = true, time.Time{}
		return unsettled(r, v, again)
	}
	if r.Shown.IsZero() {
		r.Shown = v.ReadBegan
	}
	second := r.Shown.Add(r.Settings.Pace)
	certain := !r.Unshown && !r.Unsure || !v.ReadBegan.Before(second)
	if v.Doubtful {
		certain, second = false, later(second, v.ReadBegan.Add(r.Settings.Pace))
	}
	if certain {
		r.Unstoppable, r.Tries, r.Resent = time.Time{}, 0, 0
	}
	if g.Running > g.Requested && r.Kind != Shrink {
		if v.InFlight {
			return r, Act{Kind: Wait, Reason: "another change on this cluster is under way"}
		}
		if fresh, stale := freshRead(v, r.Sent, r.Settings.Pace); stale {
			return r, Act{Kind: Wait, Needs: []Need{fresh}, Reason: "reading the counts before what arrived is kept"}
		}
		return r, Act{Kind: Keep, Count: g.Running, Reason: fmt.Sprintf("%d arrived after the stop and run: keep them", g.Running-g.Requested)}
	}
	if !certain {
		return r, Act{Kind: Wait, Needs: []Need{{emr.ListInstanceGroups, second}}, Reason: "the stop shows, or what was asked for before the rise; a second read a pace later decides"}
	}
	switch r.Kind {
	case Idle:
		if g.State == emr.GroupResizing && v.Now.Before(r.SettleBy) {
			return r, Act{Kind: Wait, Needs: []Need{again}, Wake: r.SettleBy, Reason: "still RESIZING"}
		}
		if g.State == emr.GroupResizing {
			return r, Act{Kind: Close, Outcome: Reported, Reason: fmt.Sprintf("EMR still says RESIZING with %d of %d running; it no longer suspends scaling", g.Running, g.Requested)}
		}
		return r, Act{Kind: Close, Outcome: Completed, Reason: "the group is " + string(g.State)}
	case Shrink:
		return r, Act{Kind: Close, Outcome: Completed, Reason: fmt.Sprintf("the shrink was given up: %d stay", g.Requested)}
	case Overrun:
		return r, Act{Kind: Close, Outcome: Completed, Reason: fmt.Sprintf("the %d that run are asked for", g.Requested)}
	}
	if g.Running < g.Requested {
		return settleStarting(r, v, again)
	}
	return r.placing(v)
}

// settleStarting is the case of a stop count that counted on instances which were starting.
func settleStarting(r Recovery, v View, again Need) (Recovery, Act) {
	g := v.Group
	if v.InstancesBegan.Before(r.Sent) {
		if !v.Now.Before(r.SettleBy) {
			return r.placing(v) // the list cannot be had; what arrives later is kept
		}
		return r, Act{Kind: Wait, Needs: []Need{{emr.ListInstances, r.Sent}}, Wake: r.SettleBy, Reason: "looking for the instances that were starting"}
	}
	starting, listed := 0, 0
	for _, i := range v.Instances {
		switch {
		case i.Group != g.ID:
		case i.Starting():
			starting++
		case i.State == emr.InstanceRunning:
			listed++
		}
	}
	running := max(g.Running, listed) // the counts may be older than the list
	switch {
	case running+starting >= g.Requested:
		return r.placing(v)
	case v.Now.Before(r.SettleBy):
		need := Need{emr.ListInstances, v.InstancesBegan.Add(r.Settings.Pace)}
		return r, Act{Kind: Wait, Needs: []Need{again, need}, Wake: r.SettleBy, Reason: "instances that were starting are gone"}
	case r.Lowered:
		return r.placing(v)
	case v.InFlight:
		return r, Act{Kind: Wait, Reason: "another change on this cluster is under way"}
	}
	if need, stale := freshRead(v, r.Sent, r.Settings.Pace); stale {
		return r, Act{Kind: Wait, Needs: []Need{need}, Reason: "reading the counts before the stop is lowered"}
	}
	r.Lowered = true
	return r, Act{Kind: Stop, Count: running + starting, Reason: fmt.Sprintf("of the instances that were starting some are gone: stop at %d", running+starting)}
}

// changed says whether a requested count that is not the stop's is somebody else's: one from before the stop is that of an old read, or EMR ignores the call.
func (r Recovery) changed(requested int) bool { return r.Before > 0 && requested != r.Before }

// unsettled is the case of a requested count that is not the stop's: the read may be old, or EMR ignores the call (R5).
func unsettled(r Recovery, v View, again Need) (Recovery, Act) {
	if v.Now.Before(r.SettleBy) {
		return r, Act{Kind: Wait, Needs: []Need{again}, Wake: r.SettleBy, Reason: fmt.Sprintf("the read still shows %d requested", v.Group.Requested)}
	}
	changed := r.changed(v.Group.Requested)
	switch {
	case changed && (r.Kind == Idle || r.Kind == Shrink || r.Kind == Overrun): // none of them bans: what somebody else asks for stands
		return r, Act{Kind: Close, Outcome: Completed, Reason: fmt.Sprintf("somebody else asked for %d: a resize of its own", v.Group.Requested)}
	case r.Kind == Shrink && v.Group.Running < r.Count:
		return r, Act{Kind: Close, Outcome: Cleared, Reason: fmt.Sprintf("the shrink moves again: %d still run", v.Group.Running)}
	}
	if (r.Unsure || changed) && r.Resent < maxResent && !v.InFlight {
		if fresh, stale := freshRead(v, r.SettleBy, r.Settings.Pace); stale { // a pause may have held it for long
			return r, Act{Kind: Wait, Needs: []Need{fresh}, Reason: "reading the counts before the stop is sent again"}
		}
		r.Resent++
		if changed {
			return r, Act{Kind: Stop, Count: max(r.Count, v.Group.Running), Reason: fmt.Sprintf("somebody else asked for %d after the stop: stop it again", v.Group.Requested)}
		}
		return r, Act{Kind: Stop, Count: max(r.Count, v.Group.Running), Reason: "the answer to the stop is missing and the read does not show it: send it again"}
	}
	if r.Unstoppable.IsZero() {
		r.Unstoppable, r.NextTry = v.Now, v.Now.Add(5*r.Settings.Pace)
	}
	need := Need{emr.ListInstanceGroups, later(v.ReadBegan.Add(r.Settings.Pace), r.NextTry)}
	if v.Now.Before(r.NextTry) || v.InFlight {
		return r, Act{Kind: Wait, Needs: []Need{need}, Wake: r.NextTry, Reason: fmt.Sprintf(
			"unstoppable: EMR still shows %d requested, %s after the stop at %d", v.Group.Requested, phrase.Duration(v.Now.Sub(r.Stopped).Round(time.Second)), r.Count)}
	}
	if fresh, stale := freshRead(v, r.NextTry, r.Settings.Pace); stale {
		return r, Act{Kind: Wait, Needs: []Need{fresh}, Reason: "reading the counts before the stop is repeated"}
	}
	r.Tries++
	r.NextTry = v.Now.Add(RetryAfter(r.Tries, r.Settings.Pace))
	return r, Act{Kind: Stop, Count: max(r.Count, v.Group.Running), Reason: fmt.Sprintf("repeat the stop, %d. time", r.Tries)}
}

// Unanswered begins the hold of a recovery whose reads before the first change get no answer.
const Unanswered = "EMR does not answer"

// recentPaces is how old, in paces, the reads before the first change may be at most: a ListInstances of many pages takes some.
const recentPaces = 5

// longestHold is how long, in paces, a recovery waits for a running count to settle or for starting instances to arrive; what
// suspends scaling has an end.
const longestHold = 60

// maxResent is how often a stop without an answer is sent again after settle before the resize counts as unstoppable (R5): what
// suspends scaling has an end.
const maxResent = 3

// suspended says why a change asked for by hand waits (R2): scaling became suspended between the order and its first call.
func (r Recovery) suspended(v View) string {
	if r.Kind != Scale && r.Kind != Return || r.Force || v.Suspension == "" {
		return ""
	}
	return "scaling is suspended: " + v.Suspension
}

// RetryAfter is how long after the n-th repeated stop the next one follows: 10, 20, then every 30 paces (R5).
func RetryAfter(n int, pace time.Duration) time.Duration {
	switch n {
	case 1:
		return 10 * pace
	case 2:
		return 20 * pace
	}
	return 30 * pace
}

// place asks for a fresh read and then for the placement (R6).
func place(r Recovery, v View) (Recovery, Act) {
	if r.Placement.Unknown {
		return adopting(r, v)
	}
	if need, stale := freshRead(v, later(r.From, v.LastWrite), r.Settings.Pace); stale {
		return r, Act{Kind: Wait, Needs: []Need{need}, Reason: "reading the counts before the launch"}
	}
	if v.InFlight {
		return r, Act{Kind: Wait, Reason: "another change on this cluster is under way"}
	}
	if why := r.suspended(v); why != "" && r.Sent.IsZero() && r.Placed == 0 {
		return r.hold(v.Now, why)
	}
	if r.Step == StepRelease {
		return r, Act{Kind: Release, Count: -v.Missing}
	}
	return r, Act{Kind: Place, Count: v.Missing}
}

// adopting waits for the group of an AddInstanceGroups whose answer is missing (R7). The guard adopts the group when a read
// shows the token; here only the repeat is decided: after two usable reads a pace apart without it.
func adopting(r Recovery, v View) (Recovery, Act) {
	p := &r.Placement
	earliest := p.At
	waits := p.Foreign || p.Denied
	if waits {
		earliest = later(p.At, p.Lost).Add(ForeignAdd)
	}
	read := later(earliest, v.LastWrite)
	if v.ReadBegan.Before(read) || !v.ReadBegan.After(p.At) {
		look := later(read, p.At.Add(r.Settings.Pace/3))
		if waits { // it may show long before it may be repeated
			look = later(p.At.Add(r.Settings.Pace/3), v.ReadBegan.Add(r.Settings.Pace))
		}
		return r, Act{Kind: Wait, Needs: []Need{{emr.ListInstanceGroups, look}}, Reason: "looking for the group whose answer is missing"}
	}
	if p.Absent.IsZero() {
		p.Absent = v.ReadBegan
	}
	if second := p.Absent.Add(r.Settings.Pace); v.ReadBegan.Before(second) {
		return r, Act{Kind: Wait, Needs: []Need{{emr.ListInstanceGroups, second}}, Reason: "the new group is not there; a second read a pace later decides"}
	}
	if need, stale := freshRead(v, p.Absent, r.Settings.Pace); stale {
		return r, Act{Kind: Wait, Needs: []Need{need}, Reason: "looking once more before the call is repeated"}
	}
	if v.InFlight {
		return r, Act{Kind: Wait, Reason: "another change on this cluster is under way"}
	}
	return r, Act{Kind: Place, Count: v.Missing, Reason: "two reads a pace apart do not show the group: the call is repeated with 0 instances"}
}

// LandsWithin is how long after a call was given up it may still take effect: AWS refuses requests whose signature is older than five minutes
// (AWS General Reference, Signature Version 4).
const LandsWithin = 5 * time.Minute

// ForeignAdd is how long after a change of owner the AddInstanceGroups of the owner before is not repeated: it sends nothing after
// the change, so the call cannot land later.
const ForeignAdd = LandsWithin

// placing moves on to the placement, at once if the read allows.
func (r Recovery) placing(v View) (Recovery, Act) {
	r.Step, r.From, r.Hold = StepPlace, r.Sent, ""
	return place(r, v)
}

// hold keeps a recovery in confirm and looks again a pace later.
func (r Recovery) hold(now time.Time, why string) (Recovery, Act) {
	r.Hold = why
	r.From = now.Add(r.Settings.Pace)
	needs := []Need{{emr.ListInstanceGroups, r.From}}
	return r, Act{Kind: Wait, Needs: needs, Wake: r.From, Reason: why}
}

// needsInstances says whether the stop count depends on instances that are starting.
func (r Recovery) needsInstances() bool {
	return slices.Contains([]Kind{Stuck, Suspended, Enforce}, r.Kind)
}

// freshRead says which read is needed when the last one began before from, or is not Fresh by pace (0: any age).
func freshRead(v View, from time.Time, pace time.Duration) (Need, bool) {
	if v.ReadBegan.Before(from) || v.ReadBegan.IsZero() {
		return Need{emr.ListInstanceGroups, from}, true
	}
	if pace > 0 && !Fresh(v.ReadBegan, v.ReadEnded, v.Now, pace) {
		return Need{emr.ListInstanceGroups, v.Now}, true
	}
	return Need{}, false
}

// Fresh says whether a read of the groups is young enough for a change at now (R4): it began at most half a pace ago. Where it takes longer than
// that to read all pages no read would ever be, so one that ended at most a tenth of a pace ago will do, if it began no more than two paces ago.
func Fresh(began, ended, now time.Time, pace time.Duration) bool {
	age := now.Sub(began)
	return age <= pace/2 || age <= 2*pace && now.Sub(ended) <= pace/10
}
