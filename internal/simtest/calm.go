package simtest

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
)

// calm ends everything that disturbs: faults, droughts, limits, processes that sleep or have a wrong clock, pauses. One process runs afterwards.
func (p *Player) calm(*args) (string, error) {
	w := p.World
	w.Kill, p.restart = nil, nil
	w.ClearStoreFaults()
	w.Act(emrsim.Action{Do: emrsim.DoClearFaults})
	w.Act(emrsim.Action{Do: emrsim.DoSpare})
	snapshot := w.Sim.Snapshot(Region)
	for _, pool := range snapshot.Pools {
		w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: pool.Pool, Parts: slices.Repeat([]int{emrsim.Unlimited}, len(pool.Parts))})
		if pool.Pool.Market == string(emr.Spot) {
			w.Act(emrsim.Action{Do: emrsim.DoPrice, Pool: pool.Pool})
		}
	}
	for _, market := range []emr.Market{emr.Spot, emr.OnDemand} {
		w.Act(emrsim.Action{Do: emrsim.DoQuota, Market: string(market), Limit: ptr(emrsim.Unlimited)})
	}
	for _, c := range snapshot.Clusters {
		p.calmCluster(c)
	}
	for _, q := range w.procs {
		if q.asleep {
			q.Wake()
		}
		q.Ahead = 0
		q.next = q.now()
	}
	if !w.Running() {
		w.Start()
	}
	return "", nil
}

// calmCluster ends what disturbs one cluster. What cannot be done to one that has ended is left.
func (p *Player) calmCluster(c emrsim.ClusterTruth) {
	act := func(a emrsim.Action) {
		a.Cluster = c.ID
		_ = p.World.Sim.Act(Region, "somebody", a)
	}
	for _, g := range c.Groups {
		act(emrsim.Action{Do: emrsim.DoUnstick, Group: g.ID})
		act(emrsim.Action{Do: emrsim.DoUndeafen, Group: g.ID})
	}
	act(emrsim.Action{Do: emrsim.DoBootstrap})
	act(emrsim.Action{Do: emrsim.DoAddresses, Limit: ptr(emrsim.Unlimited)})
	act(emrsim.Action{Do: emrsim.DoManaged})
	act(emrsim.Action{Do: emrsim.DoTag, Name: "emrguard"})
	act(emrsim.Action{Do: emrsim.DoUnmute})
	act(emrsim.Action{Do: emrsim.DoLag})
	p.resumeIfPaused(c.ID)
}

// resumeIfPaused ends a pause by hand. The order is refused while the cluster is left alone, and the pause stands.
func (p *Player) resumeIfPaused(cluster string) {
	if state, ok := p.World.state(emr.ClusterID(cluster)); ok && state.Ended.IsZero() && state.Paused != nil {
		_, _ = p.order(&args{c: Command{Name: "order", Args: []Arg{{Key: string(guard.OrderResume)}, {Key: "cluster", Vals: []string{cluster}}, {Key: "later"}}}})
	}
}

// settle lets time pass until every cluster is as it is wanted, looked at each ten minutes, and at most so long; then what is left is a violation.
// Of the hours after that every time of a schedule has to be carried out.
func (p *Player) settle(a *args) (string, error) {
	w := p.World
	limit, err := a.duration()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if w.oracle != nil {
		for until := w.Now().Add(limit); ; {
			before := len(w.oracle.violations)
			for _, c := range w.Sim.Clusters(Region) {
				w.Quiet(c.ID)
			}
			w.withheld()
			if len(w.oracle.violations) == before || !w.Now().Before(until) {
				break
			}
			w.oracle.violations = w.oracle.violations[:before]
			p.pass(10*time.Minute, &b)
			for _, c := range w.Sim.Clusters(Region) {
				p.resumeIfPaused(c.ID) // one that was left alone when the calm began refused that
			}
		}
		since := w.Now()
		p.pass(scheduleBound+2*time.Hour, &b)
		w.schedulesMet(since)
	}
	p.tell(&b, false)
	return b.String(), nil
}

// check tells what the oracle found.
func (p *Player) check(*args) (string, error) {
	var b strings.Builder
	for _, v := range p.World.Violations() {
		b.WriteString(v.At.UTC().Format("2006-01-02 15:04:05 ") + v.Property + ": " + p.named(v.Text) + "\n")
	}
	if b.Len() == 0 {
		return "every property holds\n", nil
	}
	return b.String(), nil
}
