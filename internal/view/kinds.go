package view

import (
	"slices"
	"strings"

	"emrguard/internal/guard"
)

// Kinds are the kinds of records there are, in order.
func Kinds() []string {
	kinds := []string{
		"api.throttled", "ban.lifted", "ban.over", "ban.set", "clock.agrees", "clock.back", "clock.follows", "clock.skew", "cluster.back", "cluster.ended", "cluster.event", "cluster.state", "cluster.withheld",
		"event.dropped", "events.read", "events.unread", "group.dated", "group.event", "group.foreign", "group.made", "group.ours", "group.read", "group.seen", "group.settled", "group.trouble", "group.twin", "order.refused",
		"pool.blocked", "pool.contested", "pool.kept", "pool.late_call", "pool.outside_ban", "pool.outside_fall", "pool.outside_grow", "pool.outside_undone", "pool.overrun", "pool.rebuilt", "pool.rest", "pool.rested", "pool.unblocked", "pool.return_failed",
		"pool.wanted", "pool.whole", "read.unusable", "read.usable", "recovery.cause", "recovery.open", "recovery.step", "scaling.bound", "scaling.bounds",
		"scaling.decided", "scaling.deferred", "scaling.dropped", "scaling.resumed", "scaling.superseded", "scope.allowed", "scope.broken", "scope.denied", "scope.read", "scope.unread", "scope.unwatched", "scope.watched", "scope.whole", "sweep.late", "sweep.timely", "scaling.suspended", "scaling.unmade",
		"metrics.read", "metrics.unread", "termination.held", "termination.notice", "termination.withdrawn", "would.make", "would.scale", "would.terminate",
		"would.recover",
	}
	kinds = append(kinds, Outcomes()...)
	for _, p := range []guard.Purpose{guard.ForStop, guard.ForKeep, guard.ForLaunch, guard.ForAdd, guard.ForRelease, guard.ForMake, guard.ForTerminate} {
		kinds = append(kinds, "call."+string(p), "answer."+string(p))
	}
	for _, k := range OrderKinds() {
		kinds = append(kinds, "order."+string(k))
	}
	slices.Sort(kinds)
	return kinds
}

// KindGroups are the beginnings that kinds have in common, such as "call.", in order: each stands for all kinds that begin with it.
func KindGroups() []string {
	var groups []string
	for _, k := range Kinds() {
		group, _, _ := strings.Cut(k, ".")
		groups = append(groups, group+".")
	}
	return slices.Compact(groups)
}

// OrderKinds are the orders there are.
func OrderKinds() []guard.OrderKind {
	return []guard.OrderKind{guard.OrderBan, guard.OrderUnban, guard.OrderPause, guard.OrderResume, guard.OrderScale, guard.OrderReturn, guard.OrderAdopt}
}
