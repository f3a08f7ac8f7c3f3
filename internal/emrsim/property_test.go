package emrsim

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emrsim/shapes"
)

// drawOptions draws every unknown and a pace of the world.
func drawOptions(t *rapid.T) Options {
	return Options{
		Seed: rapid.Uint64().Draw(t, "seed"), Unthrottled: true, Instant: rapid.IntRange(0, 9).Draw(t, "instant") == 0,
		Metrics: MetricTiming{LateRate: 0.1, Late: Dist{0, 10 * time.Minute, time.Hour}, GapRate: 0.05, Gap: Dist{0, 10 * time.Minute, time.Hour}},
		Timing: Timing{SpotLife: rapid.SampledFrom([]Dist{{}, {5 * time.Minute, 30 * time.Minute, 3 * time.Hour}}).Draw(t, "life"),
			SuspendAfter: rapid.IntRange(1, 4).Draw(t, "suspend")},
		Unknowns: Unknowns{
			Surplus: rapid.SampledFrom(Surpluses).Draw(t, "surplus"), LossResizes: rapid.Bool().Draw(t, "loss"),
			HideReasons: rapid.Bool().Draw(t, "hide"),
			ReadLag:     rapid.SampledFrom([]Dist{{}, {0, time.Second, 5 * time.Minute}}).Draw(t, "lag"),
			Unfulfilled: rapid.SampledFrom(UnfulfilledKinds).Draw(t, "unfulfilled"), Rebind: rapid.Bool().Draw(t, "rebind"),
		},
	}
}

// move is one thing that is done to a world of two clusters.
type move struct {
	action *Action
	modify *[2]int // cluster, count
	add    *[2]int
	wait   time.Duration
}

func drawMove(t *rapid.T) move {
	cluster := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "cluster")
	group := rapid.SampledFrom([]string{"task", "core", "more"}).Draw(t, "group")
	n := rapid.IntRange(0, 12).Draw(t, "n")
	switch rapid.IntRange(0, 13).Draw(t, "move") {
	case 0, 1:
		return move{action: &Action{Do: DoResize, Cluster: cluster, Group: group, To: n}}
	case 2:
		return move{action: &Action{Do: DoInterrupt, Cluster: cluster, Group: group, Count: n}}
	case 3:
		return move{action: &Action{Do: DoCapacity, Pool: spotPool, Parts: []int{n, 2 * n}, Reclaim: n%2 == 0}}
	case 4:
		return move{action: &Action{Do: DoBootstrap, Cluster: cluster, Rate: float64(n%4) / 3}}
	case 5:
		return move{action: &Action{Do: rapid.SampledFrom([]Do{DoStick, DoUnstick, DoSuspend, DoStep, DoBadConfig}).Draw(t, "do"), Cluster: cluster, Group: group, Name: "x"}}
	case 6:
		return move{add: &[2]int{n % 2, n}}
	case 7, 8:
		return move{modify: &[2]int{n % 2, n}}
	case 12:
		return move{action: &Action{Do: DoPrice, Pool: spotPool, Price: float64(n) / 20}}
	case 13:
		return move{action: &Action{Do: rapid.SampledFrom([]Do{DoQuota, DoAddresses}).Draw(t, "limit"), Cluster: cluster,
			Market: rapid.SampledFrom([]string{marketSpot, marketOnDemand}).Draw(t, "market"), Limit: ptr(8*n - 1)}}
	case 9:
		if n == 12 {
			return move{action: &Action{Do: DoTerminate, Cluster: cluster}}
		}
	}
	return move{wait: time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "wait"))}
}

// twoClusters is the world before the moves.
func twoClusters(t interface{ Fatal(...any) }, o Options) (*Sim, []string) {
	s := New(o)
	if err := s.Act(east, "test", Action{Do: DoCapacity, Pool: spotPool, Parts: []int{8, 30}}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i, name := range []string{"a", "b"} {
		id, err := s.Place(east, flow(name, spot("task", 4), spot("more", 1)), Placed{Ready: i == 0})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return s, ids
}

func (m move) apply(s *Sim, ids []string) {
	switch {
	case m.action != nil:
		_ = s.Act(east, "test", *m.action) // impossible ones are a part of it
	case m.modify != nil:
		for _, c := range s.Snapshot(east).Clusters {
			if c.ID == ids[m.modify[0]] {
				_, _ = s.Do(east, "ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &c.ID, InstanceGroups: []shapes.InstanceGroupModifyConfig{
					{InstanceGroupId: &c.Groups[2].ID, InstanceCount: &m.modify[1]}}})
			}
		}
	case m.add != nil:
		_, _ = s.Do(east, "AddInstanceGroups", &shapes.AddInstanceGroupsInput{JobFlowId: &ids[m.add[0]], InstanceGroups: []shapes.InstanceGroupConfig{spot("added", m.add[1])}})
	default:
		s.AdvanceTo(s.Now().Add(m.wait))
	}
}

// TestTheWorldIsConsistent checks after every event what must always hold.
func TestTheWorldIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ids := twoClusters(t, drawOptions(t))
		before := s.Snapshot(east)
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			m := drawMove(t)
			until := s.Now().Add(m.wait)
			for m.wait > 0 { // one event at a time
				next, ok := s.NextEvent()
				if !ok || next.After(until) {
					break
				}
				s.AdvanceTo(next)
				after := s.Snapshot(east)
				consistent(t, s, before, after, false)
				before = after
			}
			m.apply(s, ids)
			if m.wait > 0 {
				s.AdvanceTo(until)
			}
			after := s.Snapshot(east)
			consistent(t, s, before, after, true)
			before = after
		}
	})
}

// consistent compares two looks; called says whether somebody acted in between.
func consistent(t *rapid.T, s *Sim, before, after Truth, called bool) {
	used := map[Pool]int{}
	vcpus, addresses := map[string]int{}, 0
	for i, c := range after.Clusters {
		workers := 0
		for j, g := range c.Groups {
			states := map[string]int{}
			leaving := 0
			for _, n := range g.Instances {
				states[n.State]++
				if n.EC2 != "" {
					used[Pool{c.Zone, g.Type, g.Market}]++
					m, _ := machineOf(g.Type)
					vcpus[g.Market] += m.vcpus
					addresses++
				} else if n.State != stateAwaiting {
					t.Fatalf("%s is %s without an EC2 id", n.ID, n.State)
				}
				if n.Leaving {
					leaving++
				}
			}
			if g.Role != roleMaster {
				workers += g.Running
			}
			where := fmt.Sprintf("%s/%s %s %d/%d", c.Name, g.Name, g.State, g.Running, g.Requested)
			switch {
			case g.Running != states[stateRunning] || g.Awaiting != states[stateAwaiting] || g.Leaving != leaving ||
				g.Starting != states[stateProvisioning]+states[stateBootstrapping]:
				t.Fatalf("%s: counts differ from instances %v", where, states)
			case g.State == stateSuspended && (g.Starting+g.Awaiting+g.Leaving > 0):
				t.Fatalf("%s: instances move", where)
			case g.State == stateRunning && g.Leaving > 0:
				t.Fatalf("%s: instances leave", where)
			case g.State == stateTerminated && len(g.Instances) > 0:
				t.Fatalf("%s: instances are left", where)
			case j >= len(before.Clusters[i].Groups):
				continue
			}
			old := before.Clusters[i].Groups[j]
			ends := c.State == stateTerminated || c.State == stateTerminatedErrors
			if !called && g.Requested != old.Requested && !ends {
				t.Fatalf("%s: nobody changed the count from %d", where, old.Requested)
			}
			if g.MissingMinutes < old.MissingMinutes {
				t.Fatalf("%s: missing minutes fall", where)
			}
		}
		if workers != c.Workers {
			t.Fatalf("%s: %d workers, counted %d", c.Name, c.Workers, workers)
		}
		if i < len(before.Clusters) && len(c.Groups) < len(before.Clusters[i].Groups) {
			t.Fatalf("%s: a group is gone", c.Name)
		}
	}
	for _, p := range after.Pools {
		sum := 0
		for _, x := range p.Parts {
			sum += x.Used
		}
		if sum != used[p.Pool] {
			t.Fatalf("pool %s: %d used, %d instances", p.Pool, sum, used[p.Pool])
		}
	}
	for _, l := range after.Limits {
		if l.Kind == string(DoQuota) && l.Used != vcpus[l.Name] || l.Kind == string(DoAddresses) && l.Used != addresses {
			t.Fatalf("%s %s: %d used, %v vCPUs and %d addresses", l.Kind, l.Name, l.Used, vcpus, addresses)
		}
	}
	if next, ok := s.NextEvent(); ok && !next.After(s.Now()) {
		t.Fatalf("an event that is due: %s", next)
	}
}

// TestTheSameSeedAndCallsGiveTheSameWorld runs moves twice, the second time while others read.
func TestTheSameSeedAndCallsGiveTheSameWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		load := drawLoad(t)
		moves := rapid.SliceOfN(rapid.Custom(drawMove), 1, 25).Draw(t, "moves")
		run := func(readers int) string {
			s, ids := twoClusters(t, o)
			if err := s.SetLoad(east, ids[0], load); err != nil {
				t.Fatal(err)
			}
			metrics := &shapes.GetMetricDataInput{StartTime: shapes.At(s.opt.Start), EndTime: shapes.At(s.opt.Start.Add(48 * time.Hour)),
				MetricDataQueries: []shapes.MetricDataQuery{query("a", ofCluster("ContainerPending", ids[0]), "Sum", time.Hour)}}
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for range readers {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							_, _ = s.Do(east, "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &ids[0]})
							_, _ = s.Do(east, "ListInstances", &shapes.ListInstancesInput{ClusterId: &ids[1]})
							_, _ = s.Do(east, "DescribeCluster", &shapes.DescribeClusterInput{ClusterId: &ids[1]})
							_, _ = s.Do(east, "GetMetricData", metrics)
							_, _ = s.Do(east, "ListMetrics", &shapes.ListMetricsInput{})
							_, _ = s.NextEvent()
							_ = s.Snapshot(east)
							_ = s.Jobs(east, ids[0])
						}
					}
				})
			}
			for _, m := range moves {
				m.apply(s, ids)
			}
			close(stop)
			wg.Wait()
			seen, apiErr := s.Do(east, "GetMetricData", metrics)
			b, err := json.Marshal([]any{s.Snapshot(east), s.Jobs(east, ids[0]), seen})
			if err != nil || apiErr != nil {
				t.Fatal(err, apiErr)
			}
			return string(b)
		}
		if a, b := run(0), run(2); a != b {
			t.Fatalf("two runs differ:\n%s\n%s", a, b)
		}
	})
}

// TestHowTimeIsCutDoesNotMatter advances in one jump, in pieces and event by event.
func TestHowTimeIsCutDoesNotMatter(t *testing.T) {
	run := func(advance func(s *Sim, to time.Time)) string {
		s, ids := twoClusters(t, Options{Seed: 9, Unthrottled: true, Timing: Timing{SpotLife: Dist{time.Minute, time.Hour, 4 * time.Hour}}})
		for i := range 20 {
			move{modify: &[2]int{i % 2, i % 7}}.apply(s, ids)
			advance(s, s.Now().Add(11*time.Minute))
		}
		b, err := json.Marshal(s.Snapshot(east))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := run(func(s *Sim, to time.Time) { s.AdvanceTo(to) })
	if got := run(func(s *Sim, to time.Time) {
		for s.Now().Before(to) {
			s.AdvanceTo(s.Now().Add(time.Second))
		}
	}); got != want {
		t.Error("second by second differs")
	}
	if got := run(func(s *Sim, to time.Time) {
		for next, ok := s.NextEvent(); ok && !next.After(to); next, ok = s.NextEvent() {
			s.AdvanceTo(next)
		}
		s.AdvanceTo(to)
		s.AdvanceTo(to.Add(-time.Hour)) // never back
	}); got != want {
		t.Error("event by event differs")
	}
}

func TestDistributionsStayInTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfNDistinct(rapid.Int64Range(0, int64(24*time.Hour)), 3, 3, rapid.ID[int64]).Draw(t, "v")
		lo, hi := min(v[0], v[1], v[2]), max(v[0], v[1], v[2])
		d := Dist{time.Duration(lo), time.Duration(v[0] + v[1] + v[2] - lo - hi), time.Duration(hi)}
		rng := stream(rapid.Uint64().Draw(t, "seed"))
		for range 20 {
			if x := d.draw(rng); x < d.Min.Truncate(time.Millisecond) || x > d.Max {
				t.Fatalf("%s gave %s", d, x)
			}
		}
		if back, err := ParseDist(d.String()); err != nil || back != d {
			t.Fatalf("%s reads as %s: %v", d, back, err)
		}
	})
}
