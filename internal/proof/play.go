package proof

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"emrguard/internal/simtest"
	"emrguard/internal/store"
)

// Result is what came of one run.
type Result struct {
	Seed       uint64              `json:"seed"`
	Violations []simtest.Violation `json:"violations"`
	Virtual    time.Duration       `json:"virtual_ns"` // time that passed in the world
	Records    map[string]int      `json:"records"`    // by kind
	Clusters   int                 `json:"clusters"`
	Commands   int                 `json:"commands"` // that were played
}

// Recoveries is how many recoveries were opened.
func (r Result) Recoveries() int { return r.Records["recovery.open"] }

// Player says how scripts are played.
type Player struct {
	Store      func(id string) (store.Store, error) // nil: in memory
	Transcript io.Writer                            // the script and what each command led to; nil: nothing is written, which is faster
	PlayOn     bool                                 // past a violation, to the end
}

// ErrPanic is what a run ended with when something in it panicked.
var ErrPanic = errors.New("panic")

// Play plays a script up to the first violation, or to its end with PlayOn. An error is a mistake of the script, or ErrPanic.
func (p Player) Play(script []simtest.Command) (res Result, err error) {
	pl := &simtest.Player{Silent: p.Transcript == nil, OpenStore: p.Store}
	res.Violations = []simtest.Violation{}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, r, debug.Stack())
		}
		if pl.World != nil {
			res.Violations = append(res.Violations, pl.World.Violations()...)
			res.Virtual, res.Records, res.Clusters = pl.World.Passed(), pl.Kinds, len(pl.World.Sim.Clusters(simtest.Region))
		}
	}()
	for i, c := range script {
		text, err := pl.Do(c)
		if err != nil {
			return res, fmt.Errorf("command %d: %w", i+1, err)
		}
		res.Commands++
		if p.Transcript != nil {
			if _, err := io.WriteString(p.Transcript, block(c, text)); err != nil {
				return res, err
			}
		}
		if len(pl.World.Violations()) > 0 && !p.PlayOn {
			return res, nil
		}
	}
	return res, nil
}

// block is a command and its result as a transcript has them.
func block(c simtest.Command, result string) string {
	return c.String() + "----\n" + strings.ReplaceAll(result, "\n\n", "\n") + "\n"
}
