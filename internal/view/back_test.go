package view

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// TestTheEndOfABanIsTold: who is to ask the origin again is told when that may be done, and only then.
func TestTheEndOfABanIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*pool.Pool, *Cluster)
		want   string
	}{
		"the ban is over": {func(*pool.Pool, *Cluster) {}, "pool task (ig-21): the ban is over since 11:32 (28m), and 3 are still placed on fallbacks: `emrguard return ig-21` asks the origin for them"},
		"banned":          {func(p *pool.Pool, _ *Cluster) { p.Members[0].Ban.Until = noon.Add(time.Minute) }, "task banned until 12:01 (in 1m) by emrguard"},
		"nothing moved":   {func(p *pool.Pool, _ *Cluster) { p.Members[0].Moved = 0 }, "healthy"},
		"never banned":    {func(p *pool.Pool, _ *Cluster) { p.Members[0].Ban = nil }, "healthy"},
		"by itself":       {func(_ *pool.Pool, c *Cluster) { c.Settings.Return = recovery.Auto }, "healthy"},
		"core is told so": {func(p *pool.Pool, _ *Cluster) { p.Role = emr.Core }, "core short by 3: `emrguard return` asks the core group again"},
		"a return goes on": {func(_ *pool.Pool, c *Cluster) {
			c.Recoveries = []recovery.Recovery{{ID: "r1-9", Pool: "ig-21", Group: "ig-21", Kind: recovery.Return, Step: recovery.StepWatch}}
		}, ""},
	} {
		p := pool.Pool{Origin: "ig-21", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{
			{Group: "ig-21", Expected: []int{6}, Moved: 3, Ban: &pool.Ban{From: ago(148 * time.Minute), Until: ago(28 * time.Minute)}}, member("ig-22", 3)}}
		of := Cluster{}
		c.change(&p, &of)
		recoveries := of.Recoveries
		of.State = cluster("j-2", "etl", []guard.Group{group("ig-21", "task", emr.Task, 6, 6), group("ig-22", "task2", emr.Task, 3, 3)}, p)
		of.Recoveries = recoveries
		status := New(noon, []Scope{{Name: "prod", Clusters: []Cluster{of}}}).Status().Scopes[0].Clusters[0]
		notes := status.Notes(noon)
		if c.want != "" && notes[0] != c.want || c.want == "" && len(status.Pools) > 0 {
			t.Errorf("%s: %q, want %q", name, notes, c.want)
		}
	}
}
