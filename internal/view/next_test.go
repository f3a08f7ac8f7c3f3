package view

import (
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

func TestWaiting(t *testing.T) {
	stuck, whole := Cluster{State: stuckCluster(t)}, Cluster{State: cluster("j-1", "web", nil)}
	for want, clusters := range map[string][]Cluster{
		"nothing is missing there now":                                    {whole},
		"1 open recovery waits where it is, 2 instances stay missing":     {whole, stuck},
		"2 open recoveries wait where they are, 4 instances stay missing": {stuck, stuck},
	} {
		if got := Waiting(clusters...); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAhead(t *testing.T) {
	// short is a cluster whose task group misses 3 since 11:50.
	short := func(change func(*Cluster)) Cluster {
		c := Cluster{Rule: Rule{Mode: "enforce", Settings: recovery.Defaults()}, State: cluster("j-1", "etl", []guard.Group{
			group("ig-1", "core", emr.Core, 2, 2),
			group("ig-2", "task", emr.Task, 9, 6, ledger.Entry{Since: ago(10 * time.Minute), Count: 3, Cause: ledger.Change, By: ledger.ByRead}),
		}, pool.Pool{Origin: "ig-1", Name: "core", Role: emr.Core, Wanted: 2, Members: []pool.Member{member("ig-1", 2)}},
			pool.Pool{Origin: "ig-2", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{member("ig-2", 9)}})}
		if change != nil {
			change(&c)
		}
		return c
	}
	rec := func(step recovery.Step, change func(*recovery.Recovery)) func(*Cluster) {
		return func(c *Cluster) {
			r := recovery.Recovery{ID: "r1-7", Pool: "ig-2", Group: "ig-2", Kind: recovery.Stuck, Step: step, Settings: recovery.Defaults()}
			if change != nil {
				change(&r)
			}
			c.Recoveries = []recovery.Recovery{r}
		}
	}
	stuck := "12:20 (in 20m): if task still misses instances (3 now), its resize is stopped at what runs, it is banned for 2h, and what is missing is launched on another group of the same configuration"
	for _, c := range []struct {
		name    string
		scope   Scope
		cluster Cluster
		want    []string
	}{
		{"the deadline", Scope{Name: "prod"}, short(nil), []string{stuck}},
		{"nothing is missing", Scope{Name: "prod"}, short(func(c *Cluster) { c.Groups = c.Groups[:1] }), nil},
		{"a grace for what arrives", Scope{Name: "prod"}, short(func(c *Cluster) { c.Settings.ProgressGrace = 10 * time.Minute }),
			[]string{"12:20 (in 20m): if task still misses instances (3 now), or 10m after the last arrival, its resize is stopped at what runs, it is banned for 2h, and what is missing is launched on another group of the same configuration"}},
		{"paused", Scope{Name: "prod"}, short(func(c *Cluster) { c.Paused = &guard.Pause{Author: "ann"} }), []string{"emrguard changes nothing here until `emrguard resume j-1`: 3 instances stay missing"}},
		{"the scope is paused", Scope{Name: "prod", Paused: &guard.Pause{Author: "ann"}}, short(nil), []string{"emrguard changes nothing in scope prod until `emrguard resume --all --scope prod`: 3 instances stay missing"}},
		{"observed", Scope{Name: "prod"}, short(func(c *Cluster) { c.Mode = "observe" }), []string{"emrguard only observes this cluster; what it would do is in the history"}},
		{"withheld", Scope{Name: "prod"}, short(func(c *Cluster) { c.Withheld = "EMR managed scaling is in charge" }), []string{"emrguard only observes this cluster: EMR managed scaling is in charge"}},
		{"off", Scope{Name: "prod"}, short(func(c *Cluster) { c.Mode = "off" }), []string{"emrguard leaves this cluster alone"}},
		{"confirm", Scope{Name: "prod"}, short(rec(recovery.StepConfirm, nil)), []string{"once a new read confirms it, the resize of task is stopped at what runs"}},
		{"a return", Scope{Name: "prod"}, short(rec(recovery.StepConfirm, func(r *recovery.Recovery) { r.Kind = recovery.Return })), []string{"once a new read confirms it, task is asked again for what was placed elsewhere"}},
		{"a launch by hand", Scope{Name: "prod"}, short(rec(recovery.StepConfirm, func(r *recovery.Recovery) { r.Kind, r.Delta = recovery.Scale, 3 })), []string{"once a new read confirms it, 3 instances are launched for the pool of task"}},
		{"a release by hand", Scope{Name: "prod"}, short(rec(recovery.StepConfirm, func(r *recovery.Recovery) { r.Kind, r.Delta = recovery.Scale, -3 })), []string{"once a new read confirms it, 3 instances are released from the pool of task"}},
		{"a launch of one", Scope{Name: "prod"}, short(rec(recovery.StepConfirm, func(r *recovery.Recovery) { r.Kind, r.Delta = recovery.Scale, 1 })), []string{"once a new read confirms it, 1 instance is launched for the pool of task"}},
		{"held", Scope{Name: "prod"}, short(rec(recovery.StepPlace, func(r *recovery.Recovery) { r.Hold = "no token" })), []string{"recovery r1-7 of task goes on (place) once it may; it waits: no token"}},
		{"settle", Scope{Name: "prod"}, short(rec(recovery.StepSettle, func(r *recovery.Recovery) { r.SettleBy = noon.Add(4 * time.Minute) })),
			[]string{"12:04 (in 4m): the stop of task has to show by then; it is repeated if it does not"}},
		{"place", Scope{Name: "prod"}, short(rec(recovery.StepPlace, nil)), []string{"what task misses is launched on another group of its pool"}},
		{"watch, and what nobody deals with", Scope{Name: "prod"}, short(func(c *Cluster) {
			rec(recovery.StepWatch, func(r *recovery.Recovery) {
				r.Group, r.Placement = "ig-1", recovery.Placement{Group: "ig-1", At: ago(5 * time.Minute)}
			})(c)
		}), []string{stuck, "12:25 (in 25m): if core still misses instances, its resize is stopped at what runs, it is banned for 2h, and what is missing is launched on another group of the same configuration"}},
		{"a rung with an after of its own", Scope{Name: "prod"}, short(func(c *Cluster) {
			rec(recovery.StepWatch, func(r *recovery.Recovery) {
				r.Placement = recovery.Placement{Group: "ig-1", At: ago(5 * time.Minute)}
				r.Settings.Fallback = []recovery.Rung{{Types: []string{"m5a.xlarge"}, After: 15 * time.Minute}}
			})(c)
			c.Pools[0].Members[0].Rung = 1
		}), []string{"12:10 (in 10m): if core still misses instances, its resize is stopped at what runs, it is banned for 2h, and what is missing is launched on another group: of type m5a.xlarge (stuck after 15m)"}},
		{"the end of a chain", Scope{Name: "prod"}, short(func(c *Cluster) { c.Pools[1].Chain = 3 }),
			[]string{"12:20 (in 20m): if task still misses instances (3 now), its pool rests for 2h or longer, as 3 recoveries in a row completed nothing; a rung that was not tried yet is tried before that"}},
		{"rest", Scope{Name: "prod"}, short(func(c *Cluster) { c.Pools[1].Rest = &pool.Rest{Until: noon.Add(time.Hour)} }),
			[]string{"13:00 (in 1h): the rest of pool task ends, and what it misses (3) is asked for again"}},
		{"blocked", Scope{Name: "prod"}, short(func(c *Cluster) { c.Pools[1].Blocked = &pool.Blocked{Retry: noon.Add(time.Hour)} }),
			[]string{"13:00 (in 1h): places for what pool task misses (3) are looked for again"}},
		{"a ban by hand", Scope{Name: "prod"}, short(func(c *Cluster) {
			c.Groups = c.Groups[:1]
			c.Pools[1].Members[0].Ban = &pool.Ban{From: noon, Until: noon.Add(time.Hour), Author: "ann"}
		}), []string{"13:00 (in 1h): the ban of task ends: launches may go there again"}},
		{"a ban with instances elsewhere", Scope{Name: "prod"}, short(func(c *Cluster) {
			c.Groups = append(c.Groups[:1:1], group("ig-9", "task+r1-7", emr.Task, 3, 3))
			c.Pools[1].Members = append(c.Pools[1].Members, member("ig-9", 3))
			c.Pools[1].Members[0].Ban, c.Pools[1].Members[0].Moved = &pool.Ban{From: noon, Until: noon.Add(time.Hour)}, 3
		}), []string{"13:00 (in 1h): the ban of task ends: launches may go there again; what was placed elsewhere (3) stays there until `emrguard return ig-2`"}},
		{"a ban before a return by itself", Scope{Name: "prod"}, short(func(c *Cluster) {
			c.Groups, c.Settings.Return = append(c.Groups[:1:1], group("ig-9", "task+r1-7", emr.Task, 3, 3)), recovery.Auto
			c.Pools[1].Members = append(c.Pools[1].Members, member("ig-9", 3))
			c.Pools[1].Members[0].Ban, c.Pools[1].Members[0].Moved = &pool.Ban{From: noon, Until: noon.Add(time.Hour)}, 3
		}), []string{"13:00 (in 1h): the ban of task ends: launches may go there again, and what was placed elsewhere (3) returns to it"}},
		{"a wrapped core group", Scope{Name: "prod"}, short(func(c *Cluster) {
			c.Wrapped = true
			c.Groups = []guard.Group{group("ig-1", "core", emr.Core, 4, 2, ledger.Entry{Since: ago(10 * time.Minute), Count: 2, Cause: ledger.Change})}
		}), []string{"core misses 2 since 11:50; the cluster is wrapped, so nobody stops its resize"}},
		{"suspended comes last", Scope{Name: "prod"}, short(func(c *Cluster) { c.Suspended = &guard.Suspension{Since: ago(time.Minute)} }),
			[]string{stuck, "scaling goes on once nothing resizes and no recovery is open"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, n := range (World{Now: noon}).Ahead(c.scope, c.cluster) {
				got = append(got, n.Line(noon))
				if strings.Contains(n.Text, "stopped") && n.Stop != "emrguard pause j-1" {
					t.Errorf("%q is prevented by %q", n.Text, n.Stop)
				}
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

// A ladder is told in words, not as it stands in the configuration.
func TestALadderInWords(t *testing.T) {
	for want, ladder := range map[string][]recovery.Rung{
		"another group of the same configuration":                                       {{Same: true}},
		"another group: of the same configuration (at most 1 instance), then On-Demand": {{Same: true, Max: 1}, {Market: emr.OnDemand}},
		"another group: of the same configuration, then of type m5a.xlarge or m5d.xlarge, Spot, for $0.10 at most (at most 5 instances, stuck after 1h05m)": {
			{Same: true}, {Types: []string{"m5a.xlarge", "m5d.xlarge"}, Market: emr.Spot, BidPrice: "0.10", Max: 5, After: 65 * time.Minute}},
	} {
		s := recovery.Defaults()
		s.Fallback = ladder
		if got, want := repair(s, 0), "its resize is stopped at what runs, it is banned for 2h, and what is missing is launched on "+want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
