package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Severity says how much a person has to care.
type Severity string

// The severities.
const (
	Info     Severity = "info"     // good to know
	Warning  Severity = "warning"  // emrguard is at work, or would be
	Critical Severity = "critical" // a person has to look
)

// Severities are all of them, the least first.
var Severities = []Severity{Info, Warning, Critical}

// rank orders the severities; -1 is none.
func (s Severity) rank() int { return slices.Index(Severities, s) }

// The topics that events are grouped by.
const (
	topicRecovery    = "recovery"
	topicOutside     = "outside"
	topicTermination = "termination"
	topicScaling     = "scaling"
	topicReading     = "reading"
	topicOrders      = "orders"
)

// kind is what notifications know of one kind of record. Undo is the command that takes it back, holds it or, where there is no way back,
// tells more; {scope}, {cluster}, {group}, {pool}, {recovery} and {id} stand for the record's. A record that lacks one of them has no command.
type kind struct {
	name     string
	topic    string
	severity Severity
	what     string // in a few words, as a sentence without its end
	undo     string
	undoing  string // what the command does
}

const (
	pauses   = "holds every change on the cluster before its next call; emrguard resume ends that"
	explains = "tells the whole story"
	troubled = "shows what is wrong with the scope until it is over"
	unbans   = "lets the group take launches again"
)

// kinds are the kinds of records that are notified. All others are in the history alone. docs/notification-kinds.md is made from this.
var kinds = []kind{
	{"recovery.open", topicRecovery, Warning, "a recovery of a stuck group began", "emrguard pause {cluster}", pauses},
	{"recovery.completed", topicRecovery, Info, "a recovery is complete", "emrguard return {pool}", "asks the stuck group itself again for what was placed elsewhere"},
	{"recovery.cleared", topicRecovery, Info, "a recovery ended: nothing was left to repair", "", ""},
	{"recovery.chained", topicRecovery, Warning, "the replacement got stuck, too; another recovery follows", "emrguard pause {cluster}", pauses},
	{"recovery.rested", topicRecovery, Info, "a recovery ended because its pool rests", "", ""},
	{"recovery.blocked", topicRecovery, Info, "a recovery ended because there is no place to launch", "", ""},
	{"recovery.overtaken", topicRecovery, Info, "a recovery ended because somebody else changed the pool", "", ""},
	{"recovery.cluster_end", topicRecovery, Info, "a recovery ended with its cluster", "", ""},
	{"recovery.withheld", topicRecovery, Warning, "a recovery ended because emrguard may not change the cluster", "emrguard explain {scope}/{cluster}/{recovery}", explains},
	{"recovery.reported", topicRecovery, Critical, "emrguard could not repair a group and gave up on it", "emrguard explain {scope}/{cluster}/{recovery}", explains},
	{"recovery.cause", topicRecovery, Info, "EMR said why a group is stuck", "", ""},
	{"pool.rest", topicRecovery, Critical, "a pool takes no launches for a while, because its recoveries keep failing", "emrguard pause {cluster}", "keeps emrguard from trying again when the rest ends"},
	{"pool.rested", topicRecovery, Info, "a pool's rest is over", "emrguard pause {cluster}", pauses},
	{"pool.whole", topicRecovery, Info, "a resting pool is whole again", "", ""},
	{"pool.blocked", topicRecovery, Critical, "a pool misses instances and there is no place to launch them", "emrguard explain {pool}", "tells which places were passed over, and why; emrguard unban makes a banned group one again"},
	{"pool.unblocked", topicRecovery, Info, "a blocked pool goes on", "", ""},
	{"pool.return_failed", topicRecovery, Warning, "the instances that were asked back did not come", "emrguard explain {pool}", explains},
	{"pool.overrun", topicRecovery, Warning, "more instances run than are asked for", "emrguard explain {pool}", explains},
	{"ban.set", topicRecovery, Info, "a group was banned", "emrguard unban {group}", unbans},
	{"ban.lifted", topicRecovery, Info, "a ban was lifted", "", ""},
	{"ban.over", topicRecovery, Warning, "a ban is over, and instances stay on fallbacks until somebody returns them", "emrguard return {pool}", "asks the group again for what runs on fallbacks, and releases as many there once they run"},
	{"would.recover", topicRecovery, Warning, "a group is stuck; emrguard would recover it", "", ""},

	{"pool.contested", topicOutside, Critical, "somebody keeps launching on a banned group, and emrguard keeps stopping it", "emrguard unban {group}", "lets the launches through; emrguard pause stops all changes on the cluster instead"},
	{"pool.outside_ban", topicOutside, Warning, "somebody launched on a banned group", "emrguard unban {group}", unbans},
	{"pool.outside_grow", topicOutside, Info, "somebody else asked for more instances", "", ""},
	{"pool.outside_fall", topicOutside, Info, "somebody else asked for fewer instances", "", ""},
	{"pool.rebuilt", topicOutside, Warning, "a pool was rebuilt from the names of its groups", "emrguard explain {pool}", explains},
	{"group.foreign", topicOutside, Warning, "another emrguard made groups on the cluster, so it is observed only", "emrguard adopt {cluster}", "takes those groups over; make sure that the other emrguard does not run"},
	{"group.twin", topicOutside, Warning, "one launch made two groups", "emrguard explain {group}", explains},
	{"cluster.withheld", topicOutside, Warning, "emrguard may not change the cluster", "", ""},

	{"termination.notice", topicTermination, Warning, "a cluster is going to be terminated", "emrguard pause {cluster}", "keeps it from being terminated; emrguard resume ends that"},
	{"termination.held", topicTermination, Warning, "a cluster should be terminated and is not", "emrguard explain {cluster}", explains},
	{"termination.withdrawn", topicTermination, Info, "a cluster is not going to be terminated any more", "", ""},
	{"call.terminate", topicTermination, Warning, "emrguard terminates a cluster; there is no way back", "emrguard explain {id}", explains},
	{"cluster.ended", topicTermination, Info, "a cluster ended", "", ""},
	{"would.terminate", topicTermination, Warning, "emrguard would terminate a cluster", "", ""},

	{"scaling.decided", topicScaling, Info, "a pool was scaled", "emrguard pause {cluster}", pauses},
	{"scaling.suspended", topicScaling, Info, "scaling is suspended on a cluster", "", ""},
	{"scaling.resumed", topicScaling, Info, "scaling resumed on a cluster", "", ""},
	{"scaling.dropped", topicScaling, Warning, "a deferred schedule was dropped", "emrguard explain {id}", explains},
	{"scaling.unmade", topicScaling, Warning, "the group of a configured pool could not be made", "emrguard explain {cluster}", explains},
	{"would.scale", topicScaling, Info, "emrguard would scale a pool", "", ""},
	{"would.make", topicScaling, Info, "emrguard would make a group", "", ""},

	{"read.unusable", topicReading, Warning, "a cluster cannot be read, so nothing is decided there", "emrguard explain {cluster}", explains},
	{"read.usable", topicReading, Info, "a cluster can be read again", "", ""},
	{"metrics.unread", topicReading, Warning, "CloudWatch cannot be read, so policies are not judged", "emrguard explain {cluster}", explains},
	{"metrics.read", topicReading, Info, "CloudWatch can be read again", "", ""},
	{"clock.skew", topicReading, Critical, "the clock differs from AWS's, so no recovery begins", "emrguard status", troubled},
	{"clock.agrees", topicReading, Warning, "the clock agrees with AWS's again", "", ""},
	{"clock.follows", topicReading, Info, "the clock was moved to AWS's, as after a machine's sleep", "", ""},
	{"scope.denied", topicReading, Critical, "AWS refuses reads for want of permission, so clusters are not guarded", "emrguard status", troubled},
	{"scope.allowed", topicReading, Warning, "AWS refuses no reads any more", "", ""},
	{"scope.unread", topicReading, Critical, "EMR cannot be read, so no cluster is guarded", "emrguard status", troubled},
	{"scope.read", topicReading, Warning, "EMR can be read again", "", ""},
	{"scope.watched", topicReading, Warning, "emrguard watches a scope again, after a time in which none did", "", ""},
	{"scope.broken", topicReading, Critical, "clusters are not guarded, since what is stored of them is broken", "emrguard status", troubled},
	{"scope.whole", topicReading, Warning, "no cluster is left alone any more", "", ""},
	{"events.unread", topicReading, Warning, "the queue of events cannot be read, so changes are seen later", "emrguard status", troubled},
	{"events.read", topicReading, Warning, "the queue of events can be read again", "", ""},
	{"sweep.late", topicReading, Warning, "clusters are read too seldom to be sure of a timely recovery", "emrguard status", troubled},
	{"sweep.timely", topicReading, Warning, "clusters are read in time again", "", ""},
	{"clock.back", topicReading, Warning, "the clock was set back", "", ""},
	{"api.throttled", topicReading, Info, "AWS refused calls for their rate", "", ""},

	{"order.ban", topicOrders, Info, "a group was banned by hand", "emrguard unban {group}", unbans},
	{"order.unban", topicOrders, Info, "a ban was lifted by hand", "emrguard ban {group} --for {left}", "bans the group again, for what was left of its ban"},
	{"order.pause", topicOrders, Warning, "emrguard was paused by hand", "emrguard resume {cluster}", "lets emrguard act again"},
	{"order.resume", topicOrders, Info, "a pause was ended by hand", "emrguard pause {cluster}", "holds every change again"},
	{"order.scale", topicOrders, Info, "a pool was scaled by hand", "emrguard scale {pool} --to {was}", "scales it back to the number it had, once this is done"},
	{"order.return", topicOrders, Info, "a pool's own group was asked again by hand", "emrguard pause {cluster}", pauses},
	{"order.adopt", topicOrders, Info, "groups of another emrguard were taken over by hand", "", ""},
	{"order.refused", topicOrders, Info, "an order was refused", "", ""},
}

// byName finds a kind.
var byName = func() map[string]kind {
	m := map[string]kind{}
	for _, k := range kinds {
		m[k.name] = k
	}
	return m
}()

// Kinds are the kinds of records that are notified.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// knownKind says whether a kind, or the beginning of some, is notified.
func knownKind(text string) bool {
	return slices.ContainsFunc(kinds, func(k kind) bool { return matchesKind([]string{text}, k.name) })
}

// matchesKind says whether one of the patterns is the kind, or ends in a dot and begins it.
func matchesKind(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return p == name || strings.HasSuffix(p, ".") && strings.HasPrefix(name, p) })
}

// detail is the part of a record's data that decides how a recovery is told.
type detail struct {
	Kind   recovery.Kind `json:"kind"`
	Placed int           `json:"placed"`

	Elsewhere *int                `json:"elsewhere"` // of the end of a ban: instances on fallbacks; nil: damaged
	Return    recovery.ReturnMode `json:"return"`    // and how they return
}

// repairs are the kinds of recoveries that begin because something is wrong. The others are operations: asked for by hand, by a policy, or
// owed to a pool.
var repairs = []recovery.Kind{recovery.Stuck, recovery.Suspended, recovery.Idle, recovery.Shrink, recovery.Overrun}

// classify says what a record stands for, or false if it is not notified. A recovery.open of a mere operation is of severity info, and so is the end of a ban
// after which nobody has to do anything; a recovery that placed nothing elsewhere has nothing to be asked back.
func classify(r store.Record) (kind, bool) {
	k, ok := byName[r.Kind]
	if !ok {
		return k, false
	}
	var d detail
	if (strings.HasPrefix(r.Kind, "recovery.") || r.Kind == "ban.over") && json.Unmarshal(r.Data, &d) != nil {
		return k, true // told as if it were the worse case
	}
	switch {
	case r.Kind == "recovery.open" && d.Kind == recovery.Enforce: // pool.outside_ban tells it
		k.severity, k.what = Info, "what somebody launched on a banned group is being stopped"
	case r.Kind == "recovery.open" && !slices.Contains(repairs, d.Kind) && d.Kind != "":
		k.severity, k.what = Info, fmt.Sprintf("an operation (%s) began", d.Kind)
	case r.Kind == "recovery.completed" && d.Placed == 0:
		k.undo, k.undoing = "", ""
	case r.Kind == "ban.over" && d.Elsewhere != nil && (*d.Elsewhere == 0 || d.Return == recovery.Auto):
		k.severity, k.what, k.undo, k.undoing = Info, "a ban is over", "", ""
	}
	if r.Kind == "pool.rest" && strings.Contains(r.Reason, ": EMR refused ") {
		k.what = "AWS refuses what a recovery needs, so its pool takes no launches for a while; emrguard check names a permission that is missing"
	}
	return k, true
}

// before is the part of an order's data that its way back needs.
type before struct {
	Was    *int `json:"was"`
	Lifted *struct {
		Until time.Time `json:"until"`
	} `json:"lifted"`
}

// was is the number of instances that the pool wanted before the order, empty if that is not known.
func (b before) was() string {
	if b.Was == nil {
		return ""
	}
	return strconv.Itoa(*b.Was)
}

// left is what was left of the ban that the order lifted, in minutes, empty if that is not known.
func (b before) left(at time.Time) string {
	if b.Lifted == nil {
		return ""
	}
	return fmt.Sprintf("%dm", max(1, int(b.Lifted.Until.Sub(at).Round(time.Minute)/time.Minute)))
}

// command is the kind's command for a record, empty if there is none, or if the record does not say what the command needs.
func (k kind) command(r store.Record) string {
	if k.undo == "" {
		return ""
	}
	var b before
	if strings.HasPrefix(r.Kind, "order.") && len(r.Data) > 0 && json.Unmarshal(r.Data, &b) != nil {
		b = before{}
	}
	text := k.undo
	for _, p := range []struct{ word, value string }{
		{"{scope}", r.Scope}, {"{cluster}", r.Cluster}, {"{group}", r.Group}, {"{pool}", r.Pool}, {"{recovery}", r.Recovery}, {"{id}", r.ID},
		{"{was}", b.was()}, {"{left}", b.left(r.At)},
	} {
		if !strings.Contains(text, p.word) {
			continue
		}
		if p.value == "" && p.word == "{cluster}" && strings.HasPrefix(r.Kind, "order.") {
			p.value = "--all" // an order to the whole scope
		}
		if p.value == "" {
			return ""
		}
		text = strings.ReplaceAll(text, p.word, p.value)
	}
	if strings.Contains(k.undo, "{scope}") {
		return text
	}
	return text + " --scope " + r.Scope
}
