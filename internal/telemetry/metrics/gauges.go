package metrics

import (
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
)

// gaugeOf is a gauge that is read off a scope's snapshot.
type gaugeOf struct {
	metric
	value func(s engine.ScopeSnapshot) float64
}

func byScope(name, help string, value func(s engine.ScopeSnapshot) float64) gaugeOf {
	return gaugeOf{metric{name, gauge, []string{"scope"}, help}, value}
}

func count(n func(s engine.ScopeSnapshot) int) func(engine.ScopeSnapshot) float64 {
	return func(s engine.ScopeSnapshot) float64 { return float64(n(s)) }
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

const leaseHeld = "lease_held"

const tokens = "api_tokens"

// gauges are the gauges of a scope. The one named tokens has a value for each operation.
var gauges = []gaugeOf{
	byScope(leaseHeld, "1 while this process owns the scope, 0 while it waits", func(s engine.ScopeSnapshot) float64 { return truth(s.Held) }),
	byScope("scope_listed", "1 once the scope's clusters were listed since the lease was taken", func(s engine.ScopeSnapshot) float64 { return truth(s.Listed) }),
	byScope("scope_paused", "1 while the whole scope is paused by hand", func(s engine.ScopeSnapshot) float64 { return truth(s.Paused) }),
	byScope("scope_unread", "1 while EMR does not answer, for five minutes at least, so that nothing is decided; from the record scope.unread to scope.read", func(s engine.ScopeSnapshot) float64 { return truth(s.Unread) }),
	byScope("events_unread", "1 while the scope's queue of EMR's events cannot be read, so that changes are seen later; from the record events.unread to events.read", func(s engine.ScopeSnapshot) float64 { return truth(s.Deaf) }),
	byScope("clusters_watched", "clusters that are watched", count(func(s engine.ScopeSnapshot) int { return s.Clusters })),
	byScope("clusters_broken", "clusters that are left alone because their stored state cannot be read", count(func(s engine.ScopeSnapshot) int { return s.Broken })),
	byScope("clusters_withheld", "clusters that are only observed because somebody else is in charge of them", count(func(s engine.ScopeSnapshot) int { return s.Withheld })),
	byScope("clusters_suspended", "clusters on which no scaling operation runs because of a resize or a recovery", count(func(s engine.ScopeSnapshot) int { return s.Suspended })),
	byScope("clusters_unusable", "clusters whose last reads cannot be decided on", count(func(s engine.ScopeSnapshot) int { return s.Unusable })),
	byScope("clusters_blind", "clusters of whose metrics some or all could not be read last, so that their policies are not judged", count(func(s engine.ScopeSnapshot) int { return s.Blind })),
	byScope("clusters_noticed", "clusters that are about to be terminated because nothing needs them", count(func(s engine.ScopeSnapshot) int { return s.Noticed })),
	byScope("schedules_deferred", "schedules that are due and wait", count(func(s engine.ScopeSnapshot) int { return s.Deferred })),
	byScope("recoveries_open", "recoveries and scaling operations that are open", count(func(s engine.ScopeSnapshot) int { return s.Recoveries })),
	byScope("shortfall_instances", "instances requested and not running, in all groups but MASTER", count(func(s engine.ScopeSnapshot) int { return s.Shortfall })),
	byScope("members_banned", "groups that take no launches because of a ban", count(func(s engine.ScopeSnapshot) int { return s.Banned })),
	byScope("pools_resting", "pools that take no launches because recoveries kept failing", count(func(s engine.ScopeSnapshot) int { return s.Resting })),
	byScope("pools_blocked", "pools with missing instances that no group can take", count(func(s engine.ScopeSnapshot) int { return s.Blocked })),
	byScope("pools_contested", "pools with a banned group that somebody else keeps growing", count(func(s engine.ScopeSnapshot) int { return s.Contested })),
	byScope("api_calls_in_flight", "calls of the EMR and CloudWatch APIs that have not been answered", count(func(s engine.ScopeSnapshot) int { return s.InFlight })),
	byScope("clock_skew_seconds", "by how much AWS's time is ahead of the local one; 0 while they agree to a minute. No recovery starts otherwise", func(s engine.ScopeSnapshot) float64 { return s.Skew.Seconds() }),
	byScope("sweep_oldest_read_seconds", "age of the oldest last read of a cluster, on the guard's clock", func(s engine.ScopeSnapshot) float64 { return s.OldestRead.Seconds() }),
	byScope("sweep_late_clusters", "clusters whose last read is older than half of their recovery.after", count(func(s engine.ScopeSnapshot) int { return s.Late })),
	{metric: metric{tokens, gauge, []string{"scope", "op"}, "API tokens that may be taken now, by operation"}},
}

// state is the collector of the gauges. It shows the last snapshot it was given.
type state struct {
	last  atomic.Pointer[engine.Snapshot]
	descs map[string]*prometheus.Desc
}

// newState registers the gauges.
func newState(r prometheus.Registerer) *state {
	s := &state{descs: map[string]*prometheus.Desc{}}
	for _, g := range gauges {
		s.descs[g.name] = prometheus.NewDesc(namespace+g.name, g.help, g.labels, nil)
	}
	r.MustRegister(s)
	return s
}

// Describe implements prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range gauges {
		ch <- s.descs[g.name]
	}
}

// Collect implements prometheus.Collector.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	last := s.last.Load()
	if last == nil {
		return
	}
	for _, sc := range last.Scopes {
		for _, g := range gauges {
			desc := s.descs[g.name]
			switch {
			case !sc.Held && g.name != leaseHeld:
			case g.name == tokens:
				for _, op := range emr.Ops {
					ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, sc.Tokens[op], sc.Name, string(op))
				}
			default:
				ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, g.value(sc), sc.Name)
			}
		}
	}
}

// set shows another snapshot from now on.
func (s *state) set(snap engine.Snapshot) {
	snap.Scopes = slices.Clone(snap.Scopes)
	s.last.Store(&snap)
}
