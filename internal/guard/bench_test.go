package guard

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

// quietCluster is a cluster of five healthy groups after its first reads.
func quietCluster(b *testing.B) *model {
	m := newModel(b, recovery.Defaults())
	m.group("ig-X", "more", emr.Task, 8)
	m.group("ig-Y", "most", emr.Task, 8)
	m.pass(2 * time.Minute)
	m.env.Now = m.now
	return m
}

// busyCluster is a cluster of 48 task groups with a recovery that waits for its stop to show.
func busyCluster(b *testing.B) *model {
	m := newModel(b, recovery.Defaults())
	for i := range 47 {
		m.group(emr.GroupID(fmt.Sprintf("ig-T%02d", i)), fmt.Sprintf("task %d", i), emr.Task, 5)
	}
	m.pass(2 * time.Minute)
	m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
	for range 200 {
		m.approach()
	}
	if m.pending == nil {
		m.fail("nothing was stopped")
	}
	m.pending.Call.Count = 9 // EMR ignores the stop
	m.answer(nil, true)
	m.env.Now = m.now
	return m
}

func benchDecide(b *testing.B, m *model) {
	b.Helper()
	groups := m.shown()
	b.ReportAllocs()
	for b.Loop() {
		m.env.Now = m.env.Now.Add(time.Second)
		Decide(m.state, m.env, Input{Read: &Read{Began: m.env.Now, Ended: m.env.Now, Groups: groups}})
	}
}

// BenchmarkDecideQuiet is one read of a healthy cluster of 5 groups; BenchmarkDecideBusy one of 50 groups with an open recovery.
func BenchmarkDecideQuiet(b *testing.B) { benchDecide(b, quietCluster(b)) }

func BenchmarkDecideBusy(b *testing.B) { benchDecide(b, busyCluster(b)) }

// BenchmarkSaveBusy is what writing a busy cluster's document down costs beside the decision.
func BenchmarkSaveBusy(b *testing.B) {
	m := busyCluster(b)
	b.ReportAllocs()
	for b.Loop() {
		body, err := json.Marshal(m.state)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(body)))
	}
}
