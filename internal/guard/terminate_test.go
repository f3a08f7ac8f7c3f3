package guard

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// quiet is a statement that holds for two periods without any of the metric.
func quiet(metric string, period time.Duration) []scaling.Condition {
	return []scaling.Condition{{Namespace: emr.MetricsNamespace, Metric: metric, Statistic: emr.Sum, Operator: scaling.LTE, Threshold: 0, Period: period, Evaluations: 2}}
}

// until lets time pass until something is so, at most for a while.
func (m *model) until(so func() bool, limit time.Duration) {
	m.t.Helper()
	for end := m.now.Add(limit); !so(); m.pass(20 * time.Second) {
		if !m.now.Before(end) {
			m.fail("not so within %s", limit)
		}
	}
}

func (m *model) noticed() bool {
	return m.state.Terminating != nil && m.state.Terminating.Notice != nil
}

// TestTerminationNeedsAJudgementAfterTheGraceTime: that another policy was judged after it says nothing of the one that gave the notice.
func TestTerminationNeedsAJudgementAfterTheGraceTime(t *testing.T) {
	m := scaledModel(t, scaling.Settings{Termination: &scaling.Termination{Mode: scaling.TerminationEnforce, Grace: 12 * time.Minute, Policies: []scaling.TerminationPolicy{
		{Name: "idle", Statements: quiet("Apps", 5*time.Minute)}, {Name: "dead", Statements: quiet("Nodes", time.Minute)}}}})
	start := m.now
	m.pointsFrom("Apps", 0, start.Add(-time.Hour), time.Hour+10*time.Minute)
	m.pointsFrom("Apps", 2, start.Add(14*time.Minute), 5*time.Hour) // the period of 12:15, which is judged at 12:21
	for at := start.Truncate(time.Minute); at.Before(start.Add(5 * time.Hour)); at = at.Add(time.Minute) {
		m.series["Nodes"] = append(m.series["Nodes"], emr.Point{At: at, Value: 3})
	}
	m.until(m.noticed, time.Hour) // 12:06, and the grace time ends at 12:18
	m.pass(2 * time.Hour)
	if len(m.calls) > 0 || m.count("termination.withdrawn") != 1 {
		m.fail("calls %v", m.calls)
	}
}

// TestTerminationAfterAPauseWithoutMetrics: what held before a pause is not taken for granted after it.
func TestTerminationAfterAPauseWithoutMetrics(t *testing.T) {
	m := scaledModel(t, idle(scaling.TerminationEnforce))
	m.points("AppsRunning", 0, 30*time.Hour)
	m.points("AppsPending", 0, 30*time.Hour)
	m.until(m.noticed, time.Hour)
	m.state.Paused = &Pause{Since: m.now, Author: "ann"}
	m.until(func() bool { return !m.state.Terminating.Notice.Due.IsZero() }, time.Hour)
	m.now = m.now.Add(6 * time.Hour)
	m.decide(Input{Failed: &Failed{Op: emr.GetMetricData, Began: m.now, Err: emr.Error{Class: emr.Denied}}})
	m.state.Paused = nil
	m.decide(Input{})
	began := m.now
	m.now = m.now.Add(time.Second)
	m.decide(Input{Described: &Described{Began: began, Cluster: m.cluster}})
	if len(m.calls) > 0 {
		m.fail("calls %v", m.calls)
	}
	m.pass(10 * time.Minute) // CloudWatch can be read again
	if len(m.calls) != 1 || m.state.Ended.IsZero() {
		m.fail("not terminated although the policy holds again")
	}
}

// TestTerminationEndsByOneStatement: one that does not hold is enough, while CloudWatch cannot be read for the other. One that holds says nothing then.
func TestTerminationEndsByOneStatement(t *testing.T) {
	for _, class := range []emr.Class{emr.Denied, emr.Unavailable, emr.Throttled} {
		m := scaledModel(t, idle(scaling.TerminationEnforce))
		m.points("AppsRunning", 0, 3*time.Hour)
		m.points("AppsPending", 0, 3*time.Hour)
		m.until(m.noticed, time.Hour)
		m.poisoned, m.poison = "AppsPending", &emr.Error{Class: class}
		m.pass(30 * time.Minute)
		if !m.noticed() || len(m.calls) > 0 {
			m.fail("%s: notice %v, calls %v", class, m.state.Terminating.Notice, m.calls)
		}
		m.pointsFrom("AppsRunning", 1, m.now, time.Hour)
		m.until(func() bool { return m.count("termination.withdrawn") == 1 }, 12*time.Minute)
		m.poison = nil
		m.pass(30 * time.Minute)
		if m.noticed() || len(m.calls) > 0 {
			m.fail("%s: notice %v, calls %v", class, m.state.Terminating.Notice, m.calls)
		}
	}
}

func TestR11_AClockThatIsNotTrustedGivesNoNotice(t *testing.T) {
	m := scaledModel(t, idle(scaling.TerminationEnforce))
	m.points("AppsRunning", 0, 3*time.Hour)
	m.points("AppsPending", 0, 3*time.Hour)
	m.env.Trusted = false
	asked := m.asked
	m.pass(time.Hour)
	if m.noticed() || m.asked > asked+2 {
		m.fail("notice %v, %d series read", m.state.Terminating.Notice, m.asked-asked)
	}
	m.env.Trusted = true
	m.until(m.noticed, 10*time.Minute)
}
