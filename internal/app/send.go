package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
)

// callTimeout bounds one call in real time, whatever the clock's speed: what is on the other end answers in real time.
const callTimeout = 30 * time.Second

// callsAtOnce is how many calls of one scope are under way at once. The API budget alone allows bursts of some dozens.
const callsAtOnce = 32

// Caller sends calls to one scope. It makes one attempt and honours its context. It is called from several goroutines at once.
type Caller interface {
	Do(ctx context.Context, call emr.Call) emr.Result
}

// Dial makes the Caller of a scope. It sends nothing yet.
type Dial func(ctx context.Context, scope config.Scope) (Caller, error)

// sender hands calls to workers and collects what became of them. All but its workers belong to the run loop.
type sender struct {
	clock   *Clock
	callers map[string]Caller
	slots   map[string]chan struct{} // by scope
	watch   Observer
	trace   Tracer
	round   int // counts engines: each numbers its calls from 1
	done    chan answered
	workers sync.WaitGroup
}

// answered is a completion of the engine of a round.
type answered struct {
	round int
	done  engine.Completion
}

func newSender(clock *Clock, callers map[string]Caller, watch Observer, trace Tracer) *sender {
	s := &sender{clock: clock, watch: watch, trace: trace, done: make(chan answered)}
	s.use(callers)
	return s
}

// use begins a round: another engine, other callers. Answers of the rounds before are dropped.
func (s *sender) use(callers map[string]Caller) {
	s.round++
	s.callers, s.slots = callers, map[string]chan struct{}{}
	for name := range callers {
		s.slots[name] = make(chan struct{}, callsAtOnce)
	}
}

// send starts a worker for a call. Its completion comes out of done, unless ctx ends first.
func (s *sender) send(ctx context.Context, c engine.Call) {
	caller, slots, round := s.callers[c.Scope], s.slots[c.Scope], s.round
	s.workers.Go(func() {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		done := s.attempt(ctx, caller, c)
		<-slots
		select {
		case s.done <- answered{round, done}:
		case <-ctx.Done():
		}
	})
}

// collect returns an answer and all others that wait already, without those of rounds before.
func (s *sender) collect(first answered) []engine.Completion {
	var done []engine.Completion
	for a := first; ; {
		if a.round == s.round {
			done = append(done, a.done)
		}
		select {
		case a = <-s.done:
		default:
			return done
		}
	}
}

// attempt sends a call unless its time is over: then somebody else may own the scope.
func (s *sender) attempt(ctx context.Context, caller Caller, c engine.Call) (done engine.Completion) {
	start := time.Now()
	defer func() { s.trace.Answered(c, done.Result, start, time.Now()) }()
	done = engine.Completion{ID: c.ID, Began: s.clock.Now()}
	if done.Began.Mono >= c.SendBy || !done.Began.Wall.Before(c.WallBy) {
		s.watch.Called(c.Scope, c.Call.Op, emr.NotSent, 0)
		return notSent(c.ID, done.Began, "the lease of the scope may have lapsed before the call could leave")
	}
	defer func() {
		if p := recover(); p != nil {
			done.Result = emr.Result{Err: &emr.Error{Class: emr.Unavailable, Message: fmt.Sprintf("the client broke down: %v", p)}}
		}
		done.Ended = s.clock.Now()
		var class emr.Class
		if err := done.Result.Err; err != nil {
			class = err.Class
		}
		s.watch.Called(c.Scope, c.Call.Op, class, time.Since(start))
	}()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done.Result = caller.Do(ctx, c.Call)
	return done
}

// notSent is the completion of a call that stayed here.
func notSent(id uint64, now engine.Now, why string) engine.Completion {
	return engine.Completion{ID: id, Began: now, Ended: now, Result: emr.Result{Err: &emr.Error{Class: emr.NotSent, Message: why}}}
}
