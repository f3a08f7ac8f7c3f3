package scaling

import (
	"time"

	"emrguard/internal/emr"
)

// The defaults are what the configuration's reader starts each section from, so that a zero that is given is not an absent key.

// DefaultPool is what an entry of pools starts from.
func DefaultPool() Pool { return Pool{Cooldown: Cooldown{Up: 5 * time.Minute, Down: 10 * time.Minute}} }

// DefaultGroup is what a pool's group starts from.
func DefaultGroup() Group { return Group{Market: emr.OnDemand} }

// DefaultCondition is what a comparison starts from: EMR's own metrics, which come every five minutes.
func DefaultCondition() Condition {
	return Condition{Namespace: emr.MetricsNamespace, Statistic: emr.Average, Period: 5 * time.Minute, Evaluations: 1}
}

// DefaultPolicy is what an entry of scale_up or scale_down starts from.
func DefaultPolicy() Policy { return Policy{Condition: DefaultCondition(), Missing: Ignore} }

// DefaultSchedule is what an entry of schedules starts from.
func DefaultSchedule() Schedule { return Schedule{Zone: "UTC"} }

// DefaultTermination is what termination starts from: it records what it would do.
func DefaultTermination() Termination {
	return Termination{Mode: TerminationObserve, Grace: 10 * time.Minute}
}
