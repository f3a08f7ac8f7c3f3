package app

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
)

// Observer is told what an App does, for logs, metrics and health. Called comes from several goroutines at once; the others come
// from the run loop, which waits for them: they must be quick.
type Observer interface {
	// Stepped follows each step of the engine; took is real time.
	Stepped(out engine.Out, took time.Duration)
	// Snapshot follows some of the steps, at least one in five seconds of real time.
	Snapshot(s engine.Snapshot)
	// Called follows each call that was sent, or held back (class emr.NotSent); took is real time, class empty after a success.
	Called(scope string, op emr.Op, class emr.Class, took time.Duration)
	// Pruned follows each deletion of old history.
	Pruned(rows int, err error)
	// Failed says that the loop ended for good, other than by a shutdown.
	Failed(err error)
}

// Tracer is told what answer became of each call and which decisions rest on it, for traces. Nobody may be kept waiting by it.
type Tracer interface {
	// Answered follows each call, sent or held back, before the engine takes its answer. It comes from several goroutines at once. The
	// times are real.
	Answered(c engine.Call, r emr.Result, began, ended time.Time)
	// Stepped follows each step of the engine, before its calls are sent. It comes from the run loop.
	Stepped(out engine.Out, began, ended time.Time)
}

// untraced is the Tracer of an App that was given none.
type untraced struct{}

func (untraced) Answered(engine.Call, emr.Result, time.Time, time.Time) {}
func (untraced) Stepped(engine.Out, time.Time, time.Time)               {}

// silent is the Observer of an App that was given none.
type silent struct{}

func (silent) Stepped(engine.Out, time.Duration)               {}
func (silent) Snapshot(engine.Snapshot)                        {}
func (silent) Called(string, emr.Op, emr.Class, time.Duration) {}
func (silent) Pruned(int, error)                               {}
func (silent) Failed(error)                                    {}
