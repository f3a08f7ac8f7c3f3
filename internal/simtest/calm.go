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

// settle lets time pass until every actor has ended and every cluster is as it is wanted, looked at each ten minutes, and at most so long; then what is left is a
// violation.
// Of the hours after that every time of a schedule has to be carried out.
func (p *Player) settle(a *args) (string, error) {
	w := p.World
	limit, err := a.duration()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if w.oracle != nil {
		looks := looks{well: map[string]time.Time{}, rows: map[string]int{}}
		for until := w.Now().Add(limit); !looks.look(w) || w.Now().Before(p.acting); {
			if !w.Now().Before(until) {
				w.oracle.violations = append(w.oracle.violations, looks.left()...)
				break
			}
			p.pass(lookEvery, &b)
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

// lookEvery is the time between two looks at a calm world.
const lookEvery = 10 * time.Minute

// looks is what the looks at a calm world found. Policies and schedules go on in it, so a fleet may never be as it is wanted everywhere at the same
// time: it is enough that each cluster was within half a day. One whose schedules ask for something else more often than EMR resizes a group, for
// example for 13 each 7 minutes and for 8 each 20, is never: there nothing may last, but for a shrink that EMR does not carry out, which is given up after
// shrink_after (R3).
type looks struct {
	well  map[string]time.Time // when clusters were as they are wanted
	found []finding            // by the last look
	rows  map[string]int       // how many looks in a row found it, by text
}

// finding is what is not as it is wanted.
type finding struct {
	Violation
	well bool // the cluster was as it is wanted within half a day
	busy bool // schedules changed it within the last hour, or before a shrink that may last
}

// look looks at every cluster, and says whether all are as they are wanted.
func (l *looks) look(w *World) bool {
	rows := map[string]int{}
	l.found = nil
	for _, c := range w.Sim.Clusters(Region) {
		before := len(w.oracle.violations)
		w.Quiet(c.ID)
		w.withheld(c.ID)
		found := w.oracle.violations[before:]
		if len(found) == 0 {
			l.well[c.ID] = w.Now()
		}
		for _, v := range found {
			rows[v.Text] = l.rows[v.Text] + 1
			x := w.oracle.of(emr.ClusterID(c.ID))
			busy := w.Now().Sub(x.rescheduled) < time.Hour+x.rule().Settings.ShrinkAfter
			l.found = append(l.found, finding{v, w.Now().Sub(l.well[c.ID]) < 12*time.Hour, busy})
		}
		w.oracle.violations = w.oracle.violations[:before]
	}
	l.rows = rows
	return len(l.found) == 0
}

// left lists what has no end.
func (l *looks) left() []Violation {
	var out []Violation
	for _, f := range l.found {
		if !f.well && (!f.busy || l.rows[f.Text] > int(scheduleBound/lookEvery)) {
			out = append(out, f.Violation)
		}
	}
	return out
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
