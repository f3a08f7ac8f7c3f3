package usefulness

import (
	"slices"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/simtest"
)

// week is how long a run lasts, and monday when it begins.
const week = 7 * 24 * time.Hour

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// world is what all ways of a comparison have in common.
type world struct {
	cfg    *config.Config
	seed   uint64 // of the jobs and the metrics' delays
	length time.Duration
	spells []spell
}

// newWorld is a week of a seed, with its weather.
func newWorld(seed uint64) world {
	cfg := fleetConfig()
	return world{cfg: cfg, seed: seed, length: week, spells: weather(cfg, seed, temperate(), monday)}
}

// calm is the same week without anything happening to EC2's capacity.
func (x world) calm() world {
	x.spells = nil
	return x
}

func (x world) end() time.Time { return monday.Add(x.length) }

// run plays one way.
func (x world) run(how way) *result {
	o := simtest.Options{Sim: emrsim.Options{Seed: x.seed, Start: monday, Timing: steady()}}
	var w *simtest.World
	docs := newWatched(func() time.Time { return w.Now() })
	if how.style == emrguard {
		o.Store, o.Policy = docs, policy{simtest.Rules(x.cfg), how.change}
	}
	w = simtest.New(o)
	ids := x.place(w, how.style == nobody)
	for _, h := range happenings(x.cfg, x.spells) {
		w.Sim.Plan(h.at, simtest.Region, "weather", h.action)
	}
	r := &result{way: how, from: monday, to: x.end(), calls: map[emr.Op]int{}}
	switch how.style {
	case nobody:
		w.Run(x.length)
		r.sample(w, ids, nil)
	case eager, patient:
		a := newAutoscaler(w, x.cfg, ids, how.style == patient)
		for at := monday.Add(time.Minute); at.Before(x.end()); at = at.Add(every) {
			w.Run(at.Sub(w.Now()))
			a.run()
		}
		w.Run(x.end().Sub(w.Now()))
		r.sample(w, ids, nil)
		r.scripted(a)
	case emrguard:
		w.Start()
		w.Run(x.length)
		r.sample(w, ids, docs)
		r.guarded(w, ids, docs)
	}
	r.measure(w, ids)
	return r
}

// place puts the fleet into a world and lets its jobs arrive. It returns the clusters' ids.
func (x world) place(w *simtest.World, full bool) []string {
	for _, kind := range fleetKinds(x.cfg) {
		for _, market := range markets {
			w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: emrsim.Pool{Zone: zone, Type: kind, Market: market}, Parts: slices.Repeat([]int{emrsim.Unlimited}, parts)})
		}
	}
	var ids []string
	for _, c := range fleet() {
		conf := c.pool(x.cfg)
		count := conf.Min
		if full {
			count = conf.Max
		}
		id := w.Cluster(c.name, simtest.Group{Name: "core", Role: emr.Core, Type: coreKind, Count: c.core},
			simtest.Group{Name: taskGroup, Role: emr.Task, Type: c.kind, Market: emr.Spot, Count: count})
		if err := w.Sim.SetLoad(simtest.Region, id, c.load); err != nil {
			panic(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// steady is how long things take: always the same, so that no way has better luck than another. A launch takes five minutes and a half, which
// fits the 2 to 11 minutes that are seen for a new task group; a node is decommissioned in ten.
func steady() emrsim.Timing {
	s, m := time.Second, time.Minute
	return emrsim.Timing{
		React: emrsim.Fixed(5 * s), Fulfil: emrsim.Fixed(15 * s), Retry: emrsim.Fixed(m), Provision: emrsim.Fixed(2 * m), Bootstrap: emrsim.Fixed(3 * m),
		Decommission: emrsim.Fixed(10 * m), Reconfigure: emrsim.Fixed(2 * m), Terminate: emrsim.Fixed(3 * m), Step: emrsim.Fixed(5 * m),
	}
}
