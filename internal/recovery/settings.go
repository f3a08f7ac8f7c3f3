package recovery

import (
	"errors"
	"fmt"
	"time"
)

// Growth says what a rise of a member's requested count by an outsider means (rule R10).
type Growth string

// The meanings of outside growth.
const (
	// Repeat: the outsider states the number it wants on that member; what emrguard moved elsewhere counts towards it.
	Repeat Growth = "repeat"
	// Add: the outsider reads the present number and adds to it; every rise is new capacity. Needs Max.
	Add Growth = "add"
)

// ReturnMode says how what was placed on fallbacks comes back to the origin (rule R9).
type ReturnMode string

// The ways to return.
const (
	ByHand ReturnMode = "by_hand" // `emrguard return`
	Auto   ReturnMode = "auto"    // by itself, once the origin's ban has lapsed; TASK only
)

// Settings are the figures of the recovery rules for one cluster. The yaml names are those of the configuration's
// recovery section; docs/recovery.md says where each is used.
type Settings struct {
	After         time.Duration `yaml:"after" json:"after"`                               // age of the oldest missing instance at which a group is stuck; 1m to 24h
	Ban           time.Duration `yaml:"ban" json:"ban"`                                   // how long a stopped member takes no launches; 1m to 168h
	Pace          time.Duration `yaml:"pace" json:"pace"`                                 // time between two looks at the same thing; 1s to 10m
	Settle        time.Duration `yaml:"settle" json:"settle"`                             // how long a stop may take to show; 1 pace to 1h
	StartingGrace time.Duration `yaml:"starting_grace" json:"starting_grace"`             // instances that are starting and that EC2 granted less than this ago count as arriving; 0 to 2h
	ProgressGrace time.Duration `yaml:"progress_grace" json:"progress_grace"`             // not stuck while an instance arrived more recently than this; 0 turns it off
	AfterCapacity time.Duration `yaml:"after_capacity_error" json:"after_capacity_error"` // a shorter After once EMR reported insufficient capacity for this resize; 1m to less than After, or 0 to turn it off
	ShrinkAfter   time.Duration `yaml:"shrink_after" json:"shrink_after"`                 // age at which a shrink that does not move is given up; 1m to 24h
	Chain         int           `yaml:"chain" json:"chain"`                               // recoveries in a row without a completed resize before the pool rests; 1 to 20
	RestMax       time.Duration `yaml:"rest_max" json:"rest_max"`                         // longest rest; at least Ban
	MaxGroups     int           `yaml:"max_groups" json:"max_groups"`                     // fallback groups a pool may have; 0 to 47
	ReserveSlots  int           `yaml:"reserve_slots" json:"reserve_slots"`               // of the cluster's 48 task groups, those emrguard leaves free; 0 to 48
	EnforceBans   bool          `yaml:"enforce_bans" json:"enforce_bans"`                 // stop outside growth of a banned member
	OutsideGrowth Growth        `yaml:"outside_growth" json:"outside_growth"`
	Max           int           `yaml:"max" json:"max,omitempty"`       // largest wanted count of a pool; 0: none. Needed by outside_growth: add
	Return        ReturnMode    `yaml:"return" json:"return,omitempty"` // empty, as in older documents: by hand
	Fallback      []Rung        `yaml:"fallback" json:"fallback"`       // the rungs of the ladder, in their order; at least one
}

// Defaults returns the settings a configuration starts from.
func Defaults() Settings {
	return Settings{
		After: 30 * time.Minute, Ban: 2 * time.Hour, Pace: time.Minute, Settle: 5 * time.Minute, StartingGrace: 20 * time.Minute,
		ShrinkAfter: 90 * time.Minute, Chain: 3, RestMax: 8 * time.Hour, MaxGroups: 4, ReserveSlots: 8, EnforceBans: true,
		OutsideGrowth: Repeat, Return: ByHand, Fallback: []Rung{{Same: true}},
	}
}

// Validate returns every problem, each beginning with the yaml name of its field.
func (s Settings) Validate() error {
	var errs []error
	span := func(name string, v, low, high time.Duration) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s: %s is outside %s to %s", name, v, low, high))
		}
	}
	count := func(name string, v, low, high int) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s: %d is outside %d to %d", name, v, low, high))
		}
	}
	span("after", s.After, time.Minute, 24*time.Hour)
	span("ban", s.Ban, time.Minute, 168*time.Hour)
	span("pace", s.Pace, time.Second, 10*time.Minute)
	span("settle", s.Settle, max(s.Pace, 0), time.Hour)
	span("starting_grace", s.StartingGrace, 0, 2*time.Hour)
	span("progress_grace", s.ProgressGrace, 0, 24*time.Hour)
	if s.AfterCapacity != 0 {
		span("after_capacity_error", s.AfterCapacity, time.Minute, 24*time.Hour)
		if s.AfterCapacity >= s.After {
			errs = append(errs, fmt.Errorf("after_capacity_error: %s is no shorter than after, %s; 0s turns it off", s.AfterCapacity, s.After))
		}
	}
	span("shrink_after", s.ShrinkAfter, time.Minute, 24*time.Hour)
	count("chain", s.Chain, 1, 20)
	span("rest_max", s.RestMax, max(s.Ban, 0), 30*24*time.Hour)
	count("max_groups", s.MaxGroups, 0, 47)
	count("reserve_slots", s.ReserveSlots, 0, 48)
	count("max", s.Max, 0, 2000)
	switch s.OutsideGrowth {
	case Repeat:
	case Add:
		if s.Max == 0 {
			errs = append(errs, errors.New(`outside_growth: "add" needs max, so that a controller that adds without end is bounded`))
		}
	default:
		errs = append(errs, fmt.Errorf(`outside_growth: %q is neither "repeat" nor "add"`, s.OutsideGrowth))
	}
	switch s.Return {
	case "", ByHand, Auto:
	default:
		errs = append(errs, fmt.Errorf(`return: %q is neither "by_hand" nor "auto"`, s.Return))
	}
	errs = append(errs, validateLadder(s.Fallback)...)
	return errors.Join(errs...)
}
