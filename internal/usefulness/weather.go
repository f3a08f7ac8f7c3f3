package usefulness

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

// zone is where the whole fleet lives, as a cluster's zone is chosen once.
const zone = "us-east-1a"

// parts is in how many parts a pool of EC2's capacity answers: a group's requests are bound to one of them (package emrsim), so that a
// new group of the same configuration may find what another waits for.
const parts = 3

// markets are EC2's, as pools name them.
var markets = []string{string(emr.Spot), string(emr.OnDemand)}

// spell is one thing that happens to EC2's capacity.
type spell struct {
	kind     spellKind
	from, to time.Time
	pool     emrsim.Pool // of the kinds request, typeDry, onDemand and reclaim
	part     int         // of request
	cluster  string      // of hung
	left     int         // of reclaim: instances of each part that are not taken back
}

// spellKind is a kind of spell, by what helps against it.
type spellKind int

// The kinds.
const (
	hung     spellKind = iota // any new group helps
	request                   // a new group of the same configuration helps
	typeDry                   // another type helps
	spotDry                   // On-Demand helps
	onDemand                  // Spot or another type helps
	reclaim                   // another type helps, for what was taken
)

var spellKinds = []spellKind{hung, request, typeDry, spotDry, onDemand, reclaim}

// says is what happens, in words.
func (k spellKind) says() string {
	switch k {
	case hung:
		return "a task group's request hangs: it gets nothing, whatever EC2 has"
	case request:
		return "a third of a Spot pool is dry: requests that are bound to it get nothing, others do"
	case typeDry:
		return "the Spot pool of a type is dry"
	case spotDry:
		return "all Spot pools of the zone are dry"
	case onDemand:
		return "the On-Demand pool of a type is dry"
	default:
		return "EC2 takes the Spot instances of a type back, but for a few, and has none for a while"
	}
}

// climate is how many spells of each kind the week has, and how long they last.
type climate struct {
	spells map[spellKind]int
	lasts  map[spellKind]emrsim.Dist
}

// temperate is the climate of the benchmark's week. Nobody outside AWS knows such figures; these are made up.
func temperate() climate {
	h, m := time.Hour, time.Minute
	return climate{
		spells: map[spellKind]int{hung: 10, request: 30, typeDry: 24, spotDry: 3, onDemand: 6, reclaim: 30},
		lasts: map[spellKind]emrsim.Dist{
			hung:     {Min: 30 * m, Mode: 2 * h, Max: 12 * h},
			request:  {Min: 20 * m, Mode: 1 * h, Max: 8 * h},
			typeDry:  {Min: 10 * m, Mode: 45 * m, Max: 6 * h},
			spotDry:  {Min: 20 * m, Mode: 1 * h, Max: 3 * h},
			onDemand: {Min: 30 * m, Mode: 2 * h, Max: 6 * h},
			reclaim:  {Min: 10 * m, Mode: 20 * m, Max: 1 * h},
		},
	}
}

// weather draws the spells of the week from a seed: when, for how long and whom each strikes.
func weather(cfg *config.Config, seed uint64, cl climate, from time.Time) []spell {
	kinds, clusters := fleetKinds(cfg), fleet()
	var out []spell
	for _, kind := range spellKinds {
		rng := stream(seed, "weather", kind.says())
		for range cl.spells[kind] {
			s := spell{kind: kind, from: from.Add(hour(rng)), part: rng.IntN(parts), left: rng.IntN(3)}
			s.to = s.from.Add(draw(cl.lasts[kind], rng))
			s.pool = emrsim.Pool{Zone: zone, Type: kinds[rng.IntN(len(kinds))], Market: string(emr.Spot)}
			cluster := clusters[rng.IntN(len(clusters))].name
			switch kind {
			case hung:
				s.pool, s.cluster = emrsim.Pool{}, cluster
			case spotDry:
				s.pool = emrsim.Pool{}
			case onDemand:
				s.pool.Market = string(emr.OnDemand)
			case request, typeDry, reclaim:
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b spell) int { return a.from.Compare(b.from) })
	return out
}

// stream is a random stream of its own for each name.
func stream(seed uint64, name ...string) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q", name)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// hour is a moment of the week, to the second.
func hour(rng *rand.Rand) time.Duration {
	at := 6 * time.Hour
	if span := 14 * time.Hour; rng.Float64() < 0.75 {
		at += time.Duration(rng.Float64() * float64(span))
	} else {
		at += span + time.Duration(rng.Float64()*float64(24*time.Hour-span))
	}
	day := time.Duration(rng.IntN(7)) * 24 * time.Hour
	return (day + at%(24*time.Hour)).Truncate(time.Second)
}

// draw takes a duration of a triangular distribution, to the second.
func draw(d emrsim.Dist, rng *rand.Rand) time.Duration {
	width, left, u := float64(d.Max-d.Min), float64(d.Mode-d.Min), rng.Float64()
	x := width - math.Sqrt((1-u)*width*(width-left))
	if u*width < left {
		x = math.Sqrt(u * width * left)
	}
	return (d.Min + time.Duration(x)).Truncate(time.Second)
}

// happening is an action at a time.
type happening struct {
	at     time.Time
	action emrsim.Action
}

// happenings are the actions that make the weather, in their order. Where spells overlap the driest holds.
func happenings(cfg *config.Config, spells []spell) []happening {
	var out []happening
	for _, kind := range fleetKinds(cfg) {
		for _, market := range markets {
			out = append(out, capacities(emrsim.Pool{Zone: zone, Type: kind, Market: market}, spells)...)
		}
	}
	for _, c := range fleet() {
		was := false
		for _, at := range turns(spells, func(s spell) bool { return s.cluster == c.name }) {
			is := slices.ContainsFunc(spells, func(s spell) bool { return s.cluster == c.name && s.holds(at) })
			do := emrsim.DoStick
			if !is {
				do = emrsim.DoUnstick
			}
			if is != was {
				out = append(out, happening{at, emrsim.Action{Do: do, Cluster: c.name, Group: taskGroup}})
			}
			was = is
		}
	}
	slices.SortStableFunc(out, func(a, b happening) int { return a.at.Compare(b.at) })
	return out
}

// holds says whether a spell is on at a time.
func (s spell) holds(at time.Time) bool { return !at.Before(s.from) && at.Before(s.to) }

// strikes says whether a spell is about a pool.
func (s spell) strikes(p emrsim.Pool) bool {
	return s.kind == spotDry && p.Market == string(emr.Spot) || s.pool == p
}

// turns are the moments at which one of the spells begins or ends, each once.
func turns(spells []spell, which func(spell) bool) []time.Time {
	var out []time.Time
	for _, s := range spells {
		if which(s) {
			out = append(out, s.from, s.to)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// capacities are the changes of one pool's capacity.
func capacities(p emrsim.Pool, spells []spell) []happening {
	var out []happening
	mine := func(s spell) bool { return s.strikes(p) }
	for _, at := range turns(spells, mine) {
		now := slices.Repeat([]int{emrsim.Unlimited}, parts)
		for _, s := range spells {
			if !mine(s) || !s.holds(at) {
				continue
			}
			left := 0
			if s.kind == reclaim {
				left = s.left
			}
			if s.kind == reclaim && s.from.Equal(at) {
				take := emrsim.Action{Do: emrsim.DoCapacity, Pool: p, Parts: slices.Repeat([]int{left}, parts), Reclaim: true}
				out = append(out, happening{at, take})
			}
			for part := range now {
				if (s.kind != request || part == s.part) && (now[part] == emrsim.Unlimited || left < now[part]) {
					now[part] = left
				}
			}
		}
		out = append(out, happening{at, emrsim.Action{Do: emrsim.DoCapacity, Pool: p, Parts: now}})
	}
	return out
}
