package guard

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// A release that is open already waits, too, while one read alone shows what makes it: the rise is on the origin, and running nodes of the fallback would end for it.
func TestR10_AReleaseWaitsForTheSecondReadOfARise(t *testing.T) {
	for name, risen := range map[string]bool{"one read shows a rise": true, "no rise": false} {
		m := newModel(t, recovery.Defaults())
		m.group("ig-B", "emrguard/1 task "+m.env.Store+".j-TEST.ig-A.r9-1", emr.Task, 3)
		m.pass(time.Minute)
		p := m.state.Pool("ig-A")
		if p.Member("ig-B") == nil {
			t.Fatalf("%+v", p)
		}
		p.Wanted = p.Requested(m.state.View()) - 3
		m.state.Recoveries = append(m.state.Recoveries, recovery.Recovery{ID: "r9-2", Pool: "ig-A", Group: "ig-B", Kind: recovery.Surplus, Step: recovery.StepConfirm,
			Opened: m.now, Since: m.now, From: m.now, Settings: m.env.Settings})
		if risen {
			p.Members[0].Rise = &pool.Rise{From: p.Members[0].Last() - 3, To: p.Members[0].Last(), At: m.now.Add(time.Hour)} // so that no read of this test is the second
		}
		m.pass(5 * time.Minute)
		if released := m.of("ig-B").Requested < 3; released == risen {
			t.Errorf("%s: the fallback is asked for %d", name, m.of("ig-B").Requested)
		}
	}
}
