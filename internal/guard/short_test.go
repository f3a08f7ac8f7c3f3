package guard

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// TestR8_AShortfallIsOneAcrossAttempts: each launch on another group has a clock of its own; since when the pool is short does not begin anew with it, nor with a rest,
// and is over once what is wanted runs.
func TestR8_AShortfallIsOneAcrossAttempts(t *testing.T) {
	m := ladderModel(t, same, recovery.Rung{Market: emr.OnDemand})
	m.fates = map[string]string{"m5.xlarge SPOT": "", "m5.xlarge ON_DEMAND": ""}
	m.pass(10 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Short != (pool.Short{}) {
		t.Fatalf("%+v of a pool that is whole", p.Short)
	}
	m.ask("ig-A", 9, noCapacity)
	asked := m.now
	for range 3 {
		m.pass(40 * time.Minute)
		if p := m.state.Pool("ig-A"); p.Short.Since.Sub(asked).Abs() > 5*time.Minute || !p.Short.Whole.Before(p.Short.Since) {
			t.Fatalf("short %+v, asked %s, chain %d, rest %+v", p.Short, asked, p.Chain, p.Rest)
		}
	}
	if p := m.state.Pool("ig-A"); p.Chain < 2 || !m.last.State.Group(p.Members[1].Group).Ledger.Last.Began.After(asked) {
		t.Errorf("this was one attempt: %+v", p)
	}
	for _, g := range m.groups {
		g.stuck, g.gaveUp = false, false
	}
	m.fates = nil
	m.pass(6 * time.Hour)
	if p := m.state.Pool("ig-A"); p.Short != (pool.Short{}) {
		t.Errorf("%+v, and %d of %d run", p.Short, p.Running(m.state.View()), p.Wanted)
	}
}
