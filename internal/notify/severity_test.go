package notify

import (
	"os"
	"regexp"
	"testing"
)

// TestSeveritiesAgree: what a notification and an alert rule both tell is as severe in both.
func TestSeveritiesAgree(t *testing.T) {
	rules, err := os.ReadFile("../../deploy/prometheus/emrguard.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for alert, name := range map[string]string{
		"RecoveryReported": "recovery.reported", "PoolBlocked": "pool.blocked", "PoolContested": "pool.contested", "PoolResting": "pool.rest", "ReadsUnusable": "read.unusable",
		"MetricsBlind": "metrics.unread", "ClockSkewed": "clock.skew", "ScopePaused": "order.pause",
		"ScopeUnread": "scope.unread", "EventsUnread": "events.unread", "CallsDenied": "scope.denied", "ClusterBroken": "scope.broken", "SweepLate": "sweep.late",
	} {
		found := regexp.MustCompile(`(?s)alert: Emrguard` + alert + `\n.*?severity: (\w+)`).FindSubmatch(rules)
		if found == nil {
			t.Errorf("there is no alert %s", alert)
		} else if k := byName[name]; string(found[1]) != string(k.severity) {
			t.Errorf("alert %s is %s, notification %s is %s", alert, found[1], name, k.severity)
		}
	}
}
