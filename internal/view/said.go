package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// What a record says to somebody who knows EMR and not emrguard. The page, `emrguard explain`, `emrguard history` and the demo tell the same.

// record is what a sentence is made of besides the reason of the record.
type record struct {
	store.Record
	data struct {
		Kind      recovery.Kind   `json:"kind"`
		Delta     ledger.Delta    `json:"delta"`
		State     emr.GroupState  `json:"state"`
		Requested int             `json:"requested"`
		Running   int             `json:"running"`
		Wanted    int             `json:"wanted"`
		Until     time.Time       `json:"until"`
		Sent      time.Time       `json:"sent"`
		Call      json.RawMessage `json:"call"` // of a call the call, of an answer its id
		Error     *emr.Error      `json:"error"`
		Added     emr.GroupID     `json:"added"`
		Cause     recovery.Why    `json:"cause"`
		From      recovery.Step   `json:"from"`
		To        recovery.Step   `json:"to"`
		Change    pool.Change     `json:"change"`
	}
	call emr.Call
	read bool // the data could be read
}

func recordOf(r store.Record) record {
	out := record{Record: r}
	out.read = len(r.Data) > 0 && json.Unmarshal(r.Data, &out.data) == nil
	if raw := out.data.Call; len(raw) > 0 && raw[0] == '{' {
		out.read = json.Unmarshal(raw, &out.call) == nil && out.read
	}
	return out
}

// Said is what a record says: a sentence that begins with what happened, in the words of EMR and of AWS. Ids of groups are ids in it. A record whose data cannot
// be read, or whose kind needs no other words, says its reason.
func Said(r store.Record) string { return recordOf(r).said() }

// Bookkeeping says whether a record is no turn of a story: what only shows that something went as it should, such as the answer to a call, or a step
// that leads to a change which has a record of its own.
func Bookkeeping(r store.Record) bool { return recordOf(r).bookkeeping() }

func (r record) said() string {
	class, _, _ := strings.Cut(r.Kind, ".")
	switch {
	case r.Kind == "recovery.open":
		return opened(r.data.Kind) + ": " + r.Reason
	case r.Kind == "recovery.step":
		return r.stepped()
	case r.Kind == "recovery.cause" && r.read:
		return "EMR says why: " + r.data.Cause.String()
	case slices.Contains(Outcomes(), r.Kind):
		return r.ended()
	case r.Kind == "ban.set" && !r.data.Until.IsZero():
		return "banned until " + Clock(r.data.Until, r.At) + " UTC: no launches go there"
	case r.Kind == "ban.lifted":
		return "the ban is lifted: " + r.Reason
	case r.Kind == "order.ban":
		return "banned by hand: " + r.Reason
	case r.Kind == "scaling.suspended":
		return "scaling suspended: " + r.Reason
	case r.Kind == "scaling.resumed":
		return "scaling resumed: " + r.Reason
	case r.Kind == "would.recover":
		return "stuck: " + r.Reason
	case r.Kind == "pool.blocked":
		return "nobody takes what is missing: " + r.Reason
	case r.Kind == "pool.rest":
		return "the pool " + r.Reason
	case r.Kind == "pool.outside_grow" && r.read:
		return r.grown()
	case r.Kind == "group.read" && r.data.Delta != (ledger.Delta{}):
		return r.counted()
	case r.Kind == "group.seen" && r.data.Running < r.data.Requested:
		return fmt.Sprintf("%s, %d of %d run, when it was seen first: the others were asked for before that", r.data.State, r.data.Running, r.data.Requested)
	case r.Kind == "group.dated" && strings.HasSuffix(r.Reason, " ("+string(ledger.ByInstance)+")"):
		return "EMR's dates of its instances: " + strings.TrimSuffix(r.Reason, " ("+string(ledger.ByInstance)+")")
	case r.Kind == "group.made" && r.answered():
		return "EMR made the group" + strings.TrimPrefix(r.Reason, "made")
	case r.Kind == "group.ours" && r.read:
		return fmt.Sprintf("the new group is in EMR's list: %d of %d run", r.data.Running, r.data.Requested)
	case class == "call" && r.read:
		return r.called()
	case class == "answer" && r.read:
		return r.answer()
	}
	return r.Reason
}

func (r record) bookkeeping() bool {
	class, _, _ := strings.Cut(r.Kind, ".")
	switch {
	case class == "answer":
		return r.data.Error == nil
	case r.Kind == "recovery.step":
		return r.moved()
	case r.Kind == "group.read":
		return r.data.Delta != (ledger.Delta{}) && r.quiet() && !r.data.State.Suspended()
	case r.Kind == "group.made":
		return r.answered()
	}
	return r.Kind == "group.ours" || r.Kind == "group.settled"
}

// opened is what the recoveries of a kind begin with.
func opened(kind recovery.Kind) string {
	switch kind {
	case recovery.Stuck:
		return "stuck"
	case recovery.Suspended:
		return "given up by EMR"
	case recovery.Idle:
		return "stuck in RESIZING with nothing missing"
	case recovery.Shrink:
		return "a shrink is stuck"
	case recovery.Overrun:
		return "more run than are asked for"
	case recovery.Enforce:
		return "raised while banned"
	case recovery.Retry:
		return "tried again"
	case recovery.Surplus:
		return "more than wanted"
	case recovery.Return:
		return "return"
	case recovery.Scale:
		return "scaling"
	}
	return "a recovery begins"
}

// ended is how a recovery ended.
func (r record) ended() string {
	outcome := recovery.Outcome(strings.TrimPrefix(r.Kind, "recovery."))
	switch {
	case outcome == recovery.Completed && strings.HasPrefix(r.Reason, "released: "):
		return r.Reason // which says it
	case outcome == recovery.Completed && r.data.Kind == recovery.Return:
		return "returned: " + r.Reason
	case outcome == recovery.Chained && r.data.Kind == recovery.Return:
		return "the return failed: " + r.Reason
	case outcome == recovery.Chained:
		return "chained: " + r.Reason + "; the next recovery goes on with what is missing"
	case outcome == recovery.Cleared:
		return "ended: " + r.Reason
	case outcome == recovery.Overtaken:
		return "ended by what somebody else did: " + r.Reason
	case outcome == recovery.ClusterEnd:
		return "ended with the cluster: " + r.Reason
	case outcome == recovery.Withheld:
		return "ended without more changes: " + r.Reason
	case outcome == recovery.Reported:
		return "given up, a person has to look: " + r.Reason
	}
	return string(outcome) + ": " + r.Reason // completed, rested, blocked
}

// moved says whether the record is of a recovery that went from one step to the next, and of nothing else.
func (r record) moved() bool {
	return r.data.To != "" && r.data.From != r.data.To && !strings.HasPrefix(r.Reason, "waiting: ")
}

// stepped is what became of a step.
func (r record) stepped() string {
	if why, waits := strings.CutPrefix(r.Reason, "waiting: "); waits {
		why, next, more := strings.Cut(why, "; next: ")
		if _, reason, says := strings.Cut(next, ", "); says {
			next = reason
		}
		if more {
			return "waits: " + why + "; after that: " + next
		}
		return "waits: " + why
	}
	switch {
	case !r.moved():
		return r.Reason
	case r.data.From == recovery.StepSettle:
		return "EMR shows the stop: no more are asked for than run"
	case r.data.From == recovery.StepConfirm:
		return "read again, and it still holds"
	}
	return r.Reason
}

// quiet says whether a read of a group showed no other counts than before.
func (r record) quiet() bool {
	d := r.data.Delta
	return d.Asked == 0 && d.Arrived == 0 && d.Withdrawn == 0 && d.Lost == 0 && d.RequestedBy == 0 && d.RunningBy == 0
}

// counted is what a read of a group showed that was not so before.
func (r record) counted() string {
	d, counts := r.data.Delta, fmt.Sprintf("%d of %d run", r.data.Running, r.data.Requested)
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{d.Asked, "more asked for"}, {d.Arrived, "arrived"}, {d.Withdrawn, "no longer asked for"}, {d.Lost, "lost"}, {-d.RunningBy - d.Lost, "ended"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if d.From != "" && d.From != d.To {
		parts = append(parts, fmt.Sprintf("%s after %s", d.To, d.From))
	}
	if len(parts) == 0 {
		return counts + ", " + string(r.data.State)
	}
	return strings.Join(parts, ", ") + ": " + counts
}

// grown is a rise that somebody else asked for.
func (r record) grown() string {
	c := r.data.Change
	text := fmt.Sprintf("somebody else than emrguard asked for %d instead of %d: the pool wants %d now", c.To, c.From, r.data.Wanted)
	if c.Back > 0 {
		text += fmt.Sprintf("; %d of them came back from where emrguard had placed them", c.Back)
	}
	return text
}

// called is a change that EMR was asked for.
func (r record) called() string {
	why := r.Reason
	_, cause, _ := strings.Cut(why, ": ")
	switch r.Kind {
	case "call.stop":
		return r.stopped()
	case "call.keep":
		return fmt.Sprintf("asked EMR for %d: %s", r.call.Count, why)
	case "call.launch":
		if n, ok := number(why, "launch "); ok {
			return because(fmt.Sprintf("asked EMR for %d more in %s, %d in all", n, r.Group, r.call.Count), cause)
		}
	case "call.release":
		if n, ok := number(why, "release "); ok {
			return because(fmt.Sprintf("gave %d of %s back to EMR, %d stay asked for", n, r.Group, r.call.Count), cause)
		}
	case "call.add":
		if c := r.call.Config; c != nil {
			return r.added(*c)
		}
	}
	return why
}

// stopped is a resize that was stopped at a count.
func (r record) stopped() string {
	stop := fmt.Sprintf("stop at %d: ", r.call.Count)
	switch {
	case strings.HasPrefix(r.Reason, "set "): // nothing was to be stopped
		return fmt.Sprintf("asked EMR for %d: %s", r.call.Count, r.Reason)
	case r.call.Count == 0 && r.Reason == "stop at the 0 that run":
		return "stopped at 0: none run"
	case r.Reason == fmt.Sprintf("stop at the %d that run", r.call.Count):
		return fmt.Sprintf("stopped at %d: that many run", r.call.Count)
	}
	return because(fmt.Sprintf("stopped at %d", r.call.Count), strings.TrimPrefix(r.Reason+": ", stop))
}

// because is a sentence with its reason, if it has one.
func because(text, why string) string {
	return strings.TrimSuffix(text+": "+strings.TrimSuffix(why, ": "), ": ")
}

// added is a new group that EMR was asked for.
func (r record) added(c emr.GroupConfig) string {
	name := Label(c.Name, "")
	if c.Count == 0 {
		return "asked EMR again for " + name + ", empty this time: " + r.Reason
	}
	market := "On-Demand"
	if c.Market == emr.Spot {
		market = "Spot"
	}
	text := fmt.Sprintf("asked EMR for %d %s %s in %s", c.Count, c.InstanceType, market, name)
	if _, as, ok := strings.Cut(r.Reason, " in "); ok {
		text += ", " + strings.Replace(as, fmt.Sprintf(" of %s %s", c.InstanceType, market), "", 1)
	}
	return text
}

// answer is what EMR made of a call.
func (r record) answer() string {
	switch err := r.data.Error; {
	case err == nil && r.data.Added != "":
		return "EMR accepted it and made " + string(r.data.Added)
	case err == nil:
		return "EMR accepted it"
	case err.OutcomeUnknown():
		return "no answer from EMR, so nobody knows whether it did so: " + err.Error()
	case err.Class == emr.NotSent:
		return "not sent, nothing was changed: " + err.Error()
	default:
		return "refused by EMR, nothing was changed: " + err.Error()
	}
}

// answered says whether the record of a new group follows from the answer to the call for it, as it should.
func (r record) answered() bool { return strings.HasPrefix(r.Reason, "made: ") }

// number reads the number after a prefix.
func number(text, prefix string) (n int, ok bool) {
	rest, found := strings.CutPrefix(text, prefix)
	digits := rest[:len(rest)-len(strings.TrimLeftFunc(rest, unicode.IsDigit))]
	n, err := strconv.Atoi(digits)
	return n, found && err == nil
}
