package usefulness

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/recovery"
)

// way is one way to run the fleet.
type way struct {
	name  string
	style scaler
	// change is what the way makes of the configuration's recovery settings; of emrguard only.
	change func(s *recovery.Settings)
}

// scaler is who scales the clusters.
type scaler int

// The scalers.
const (
	nobody   scaler = iota // the task groups stay at their max
	eager                  // a script that changes groups whatever they are doing
	patient                // a script that does nothing on a cluster while one of its groups is not complete
	emrguard               // the real engine, guard and store
)

// The ways that the page compares.
var (
	fixedSize   = way{name: "fixed size", style: nobody}
	eagerScript = way{name: "script that never waits", style: eager}
	script      = way{name: "no emrguard: script that waits", style: patient}
	scalingOnly = way{name: "emrguard, scaling without recovery", style: emrguard, change: func(s *recovery.Settings) { s.After = 24 * time.Hour }}
	withSame    = way{name: "emrguard, recovery with `same`", style: emrguard, change: func(s *recovery.Settings) { s.Fallback = []recovery.Rung{{Same: true}} }}
	withRungs   = way{name: "emrguard, recovery with rungs", style: emrguard, change: func(*recovery.Settings) {}}
	sooner      = way{name: "the same, with `after: 15m`", style: emrguard, change: func(s *recovery.Settings) { s.After = 15 * time.Minute }}
	returning   = way{name: "the same, with `return: auto`", style: emrguard, change: func(s *recovery.Settings) { s.Return = recovery.Auto }}

	theFourWays  = []way{script, scalingOnly, withSame, withRungs}
	allTheWays   = slices.Concat([]way{fixedSize, eagerScript}, theFourWays, []way{sooner, returning})
	frames       = 2 // ways before the four
	onACalmWeek  = []way{eagerScript, script, withRungs}
	referenceWay = way{name: "reference", style: nobody}
)

// policy gives the engine the fleet's configuration as a way has it.
type policy struct {
	engine.Policy // of the configuration
	change        func(s *recovery.Settings)
}

// For implements engine.Policy.
func (p policy) For(scope string, c emr.Cluster) engine.Effective {
	e := p.Policy.For(scope, c)
	p.change(&e.Settings)
	return e
}
